//! A set of small integers that is walked in order: which neurons have work in this tick.

/// A view of `words` as a set: one bit per member, and above them one bit per non-empty word.
#[derive(Debug, Default)]
pub struct Bitset<'m> {
    members: &'m mut [u64],
    occupied: &'m mut [u64],
}

impl<'m> Bitset<'m> {
    /// How many words a set over `0..limit` needs.
    #[must_use]
    pub const fn words(limit: usize) -> usize {
        let members = limit.div_ceil(64);
        members + members.div_ceil(64)
    }

    /// A view of the words that [`Bitset::words`] asked for; with fewer, members that do not fit are never in the set.
    #[must_use]
    pub fn new(words: &'m mut [u64], limit: usize) -> Self {
        let members = limit.div_ceil(64).min(words.len());
        let (members, occupied) = words.split_at_mut_checked(members).unwrap_or_default();
        Self { members, occupied }
    }

    /// Adds a member.
    #[inline]
    pub fn insert(&mut self, member: usize) {
        if let Some(word) = self.members.get_mut(member / 64) {
            *word |= 1 << (member % 64);
        }
        if let Some(word) = self.occupied.get_mut(member / 4096) {
            *word |= 1 << (member / 64 % 64);
        }
    }

    /// Removes all members and hands them out, smallest first.
    #[inline]
    pub fn drain(&mut self, mut hand_out: impl FnMut(usize)) {
        for (block, occupied) in self.occupied.iter_mut().enumerate() {
            for index in ones(core::mem::take(occupied)) {
                let index = 64 * block + index;
                let Some(word) = self.members.get_mut(index) else { return };
                for member in ones(core::mem::take(word)) {
                    hand_out(64 * index + member);
                }
            }
        }
    }
}

impl Bitset<'_> {
    /// Removes the members of a range and hands them out, smallest first.
    #[inline]
    pub fn drain_range(&mut self, range: core::ops::Range<usize>, mut hand_out: impl FnMut(usize)) {
        for index in range.start / 64..range.end.div_ceil(64) {
            let Some(word) = self.members.get_mut(index) else { return };
            let below = |limit: usize| match limit.saturating_sub(64 * index) {
                bits @ 0..64 => (1_u64 << bits) - 1,
                _ => u64::MAX,
            };
            let taken = *word & below(range.end) & !below(range.start);
            *word &= !taken;
            for member in ones(taken) {
                hand_out(64 * index + member);
            }
        }
    }
}

/// The positions of the ones of a word.
#[inline]
pub(crate) fn ones(mut word: u64) -> impl Iterator<Item = usize> + Clone {
    core::iter::from_fn(move || {
        let first = word.trailing_zeros() as usize;
        word &= word.wrapping_sub(1);
        (first < 64).then_some(first)
    })
}

#[cfg(test)]
mod tests {
    use super::Bitset;

    #[test]
    fn gives_members_back_in_order() {
        let mut words = [0; Bitset::words(10_000)];
        let mut set = Bitset::new(&mut words, 10_000);
        for member in [9_999, 3, 64, 4_096, 63, 3, 5_000] {
            set.insert(member);
        }
        let mut expected = [3, 63, 64, 4_096, 5_000, 9_999].into_iter();
        set.drain(|member| assert_eq!(Some(member), expected.next()));
        assert_eq!(expected.next(), None);
        assert!(words.iter().all(|&word| word == 0));
    }

    #[test]
    fn gives_a_range_and_keeps_the_rest() {
        let mut words = [0; Bitset::words(300)];
        let mut set = Bitset::new(&mut words, 300);
        for member in [0, 9, 63, 64, 127, 128, 200, 299] {
            set.insert(member);
        }
        let mut expected = [63, 64, 127].into_iter();
        set.drain_range(10..128, |member| assert_eq!(Some(member), expected.next()));
        let mut left = [0, 9, 128, 200, 299].into_iter();
        set.drain(|member| assert_eq!(Some(member), left.next()));
        assert_eq!((expected.next(), left.next()), (None, None));
    }
}
