//! Input spikes of many recordings, by tick.

/// All recordings; `spans[r * ticks + t]` is where the spikes of tick `t` begin.
pub(crate) struct Recordings {
    pub(crate) ticks: u64,
    spans: Vec<usize>,
    tick: Vec<u64>,
    channel: Vec<u32>,
}

impl Recordings {
    /// Little-endian words: recordings, ticks, first spike of each recording and the end, ticks, channels.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let words: Vec<u32> = bytes.as_chunks::<4>().0.iter().map(|&word| u32::from_le_bytes(word)).collect();
        let (count, ticks) = (words[0] as usize, u64::from(words[1]));
        let starts = &words[2..count + 3];
        let spikes = starts[count] as usize;
        let tick: Vec<u64> = words[count + 3..count + 3 + spikes].iter().map(|&tick| tick.into()).collect();
        let channel = words[count + 3 + spikes..].to_vec();
        let mut spans = Vec::new();
        for recording in starts.windows(2) {
            let own = &tick[recording[0] as usize..recording[1] as usize];
            let first = recording[0] as usize;
            spans.extend((0..ticks).map(|at| first + own.partition_point(|&tick| tick < at)));
        }
        spans.push(spikes);
        Self { ticks, spans, tick, channel }
    }

    pub(crate) fn count(&self) -> usize {
        self.spans.len() / self.ticks as usize
    }

    /// The spikes of one tick.
    pub(crate) fn at(&self, recording: usize, tick: u64) -> (&[u64], &[u32]) {
        let at = recording * self.ticks as usize + tick as usize;
        let span = self.spans[at]..self.spans[at + 1];
        (&self.tick[span.clone()], &self.channel[span])
    }
}
