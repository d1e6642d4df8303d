//! One tick of a clocked population: reads and clears what is due, applies the rule, says who spikes.

use super::delta::{self, Own};
use super::rules::State;
use crate::program::{Kind, Population, Projection, Readout};
use core::ops::Range;

/// Neurons whose input is summed at once; a word of spikes.
pub(crate) const LANES: usize = 64;

/// A population in one tick, and the memory that its update touches.
pub struct Update<'a> {
    pub(crate) population: &'a mut Population,
    /// The projections into it.
    pub(crate) projections: &'a [Projection],
    pub(crate) parameters: &'a [[u8; 4]],
    pub(crate) narrow: &'a mut [i16],
    pub(crate) wide: &'a mut [i32],
    /// Its states alone, one plane after the other.
    pub(crate) states: &'a mut [i32],
    /// Its read-outs alone.
    pub(crate) readouts: &'a mut [i64],
    /// One bit per neuron that spikes; zero before.
    pub(crate) fired: &'a mut [u64],
    pub(crate) tick: u64,
}

/// Updates the population. Whether it has to be updated again, come what may, goes to [`Population::is_active`].
#[inline(always)]
pub fn update(task: &mut Update) {
    let clocked = task.population.clocked;
    let is_plain = clocked.kind == Kind::Delta && clocked.is_bounded && clocked.planes() == 1;
    // One loop for all where code is dear.
    let may_be_direct = is_plain && clocked.per_neuron == 0 && !cfg!(target_pointer_width = "32");
    match if may_be_direct { sole_row(task) } else { Row::Many } {
        Row::Many => each_block(task, is_plain),
        Row::Narrow(place) => {
            let sums = task.narrow.get_mut(place).unwrap_or_default();
            delta::update(task.states, sums, task.fired, &clocked, &clocked.shared);
        }
        Row::Wide(place) => {
            let sums = task.wide.get_mut(place).unwrap_or_default();
            delta::update(task.states, sums, task.fired, &clocked, &clocked.shared);
        }
    }
    // While something is on its way, there will be an update anyway.
    task.population.is_active = !clocked.is_unbiased
        || task.projections.iter().any(|projection| projection.is_pending(task.tick + 1))
        || task.states.iter().any(|&state| state != 0);
    if task.population.readout.kind != Readout::None {
        read_out(task);
    }
}

/// Where all that a population takes in lies, if that is one row of sums.
enum Row {
    Narrow(Range<usize>),
    Wide(Range<usize>),
    /// In several rows, in none, or in one that has to be shifted.
    Many,
}

#[inline(always)]
fn sole_row(task: &Update) -> Row {
    let mut pending = task.projections.iter().filter(|projection| projection.is_pending(task.tick));
    let (Some(projection), None) = (pending.next(), pending.next()) else { return Row::Many };
    if projection.exponent != 0 || projection.has_spilled(task.tick) {
        return Row::Many;
    }
    let first = (projection.first_sum + projection.row_of(task.tick)) as usize;
    let place = first..first + task.population.size as usize;
    if projection.is_narrow() { Row::Narrow(place) } else { Row::Wide(place) }
}

/// Any neurons, whatever they take in.
#[inline(always)]
fn each_block(task: &mut Update, is_plain: bool) {
    let clocked = task.population.clocked;
    let size = task.population.size as usize;
    for at in (0..size).step_by(LANES) {
        let len = LANES.min(size - at);
        let mut input = [0; LANES];
        for projection in task.projections {
            if projection.is_pending(task.tick) {
                gather(&mut input, projection, task.narrow, task.wide, at, len, task.tick);
            }
        }
        let is_shared = clocked.per_neuron == 0;
        // Where a program lies about the bound of its sums, states wrap in vectors and are cut one by one.
        if !is_plain || (!is_shared && cfg!(target_pointer_width = "32")) {
            each_neuron(task, &input, at, len);
            continue;
        }
        let states = task.states.get_mut(at..at + len).unwrap_or_default();
        let fired = task.fired.get_mut(at / LANES..).unwrap_or_default();
        let input = input.get_mut(..len).unwrap_or_default();
        if is_shared {
            delta::update(states, input, fired, &clocked, &clocked.shared);
        } else {
            delta::update(states, input, fired, &clocked, &Own::of(&clocked, task.parameters, size, at));
        }
    }
}

/// Adds what a projection brings to neurons `at..at + len` in this tick, and clears it.
#[inline(always)]
fn gather(
    input: &mut [i32; LANES],
    projection: &Projection,
    narrow: &mut [i16],
    wide: &mut [i32],
    at: usize,
    len: usize,
    tick: u64,
) {
    let row = projection.row_of(tick) as usize + at;
    let exponent = projection.exponent;
    let place = |first: u32| first as usize + row..first as usize + row + len;
    let wide = if projection.is_narrow() {
        let narrow = narrow.get_mut(place(projection.first_sum)).unwrap_or_default();
        if !projection.has_spilled(tick) {
            take(input, narrow, exponent);
            return;
        }
        // What spilled and what did not are one sum, before it is shifted.
        let wide = wide.get_mut(place(projection.first_wide)).unwrap_or_default();
        for (wide, narrow) in wide.iter_mut().zip(narrow) {
            *wide = wide.wrapping_add(core::mem::take(narrow).into());
        }
        wide
    } else {
        wide.get_mut(place(projection.first_sum)).unwrap_or_default()
    };
    take(input, wide, exponent);
}

#[inline(always)]
fn take<A: Copy + Default + Into<i32>>(input: &mut [i32; LANES], sums: &mut [A], exponent: i8) {
    if exponent == 0
        && let Some(sums) = sums.first_chunk_mut::<LANES>()
    {
        for (input, sum) in input.iter_mut().zip(sums) {
            *input = input.wrapping_add((*sum).into());
            *sum = A::default();
        }
        return;
    }
    for (input, sum) in input.iter_mut().zip(sums) {
        let sum: i32 = core::mem::take(sum).into();
        let shifted = if exponent < 0 {
            sum >> exponent.unsigned_abs().min(31)
        } else {
            sum.wrapping_shl(exponent.unsigned_abs().into())
        };
        *input = input.wrapping_add(shifted);
    }
}

/// Neuron by neuron, with everything that a rule can have.
#[inline(always)]
fn each_neuron(task: &mut Update, input: &[i32; LANES], at: usize, len: usize) {
    let clocked = task.population.clocked;
    let size = task.population.size as usize;
    let has_current = clocked.kind != Kind::Delta;
    let adaptation = size * (1 + usize::from(has_current));
    let wait = adaptation + size * usize::from(clocked.adapts);
    let mut saturations = 0;
    let mut mask = 0;
    for (lane, &input) in input.iter().enumerate().take(len) {
        let neuron = at + lane;
        let p = if clocked.per_neuron == 0 {
            clocked.shared
        } else {
            clocked.parameters(task.parameters, size, neuron)
        };
        let states = &mut *task.states;
        let word = |present: bool, place: usize| {
            if present { states.get(place).copied().unwrap_or_default() } else { 0 }
        };
        let mut state = State {
            membrane: word(true, neuron),
            current: word(has_current, size + neuron),
            adaptation: word(clocked.adapts, adaptation + neuron),
            wait: word(clocked.refractory > 0, wait + neuron),
        };
        let fires = clocked.step(&p, &mut state, input.into(), &mut saturations);
        let mut store = |present: bool, place: usize, value: i32| {
            if present && let Some(slot) = states.get_mut(place) {
                *slot = value;
            }
        };
        store(true, neuron, state.membrane);
        store(has_current, size + neuron, state.current);
        store(clocked.adapts, adaptation + neuron, state.adaptation);
        store(clocked.refractory > 0, wait + neuron, state.wait);
        mask |= u64::from(fires) << lane;
    }
    task.population.saturations += saturations;
    if let Some(word) = task.fired.get_mut(at / LANES) {
        *word = mask;
    }
}

/// Takes the membranes after this tick into the read-outs.
#[inline(always)]
fn read_out(task: &mut Update) {
    let readout = &mut task.population.readout;
    let gain = readout.gain_at(task.tick);
    for (value, &state) in task.readouts.iter_mut().zip(task.states.iter()) {
        let state = i64::from(state);
        *value = match readout.kind {
            Readout::Max => state.max(*value),
            Readout::Sum => value.wrapping_add(state),
            Readout::Weighted => value.wrapping_add(gain.wrapping_mul(state) >> 30),
            Readout::None | Readout::Last => state,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Accumulator;

    /// Sums are shifted once, wherever their parts lie.
    #[test]
    fn guarded_sums_are_whole_before_they_are_shifted() {
        let projection = |spilled| Projection {
            accumulator: Accumulator::Guarded,
            block_shift: 1,
            stride_shift: 2,
            exponent: -3,
            spilled,
            ..Projection::default()
        };
        // Tick 5 has the second row of four sums.
        let narrow_before = [1, 1, 1, 1, 7, -1, 9, 0];
        let wide_before = [2, 2, 2, 2, 16_391, -16_391, 0, 0];
        for (spilled, expected) in [(Some(5), [2_049, -2_049, 1, 0]), (Some(4), [0, -1, 1, 0])] {
            let (mut narrow, mut wide, mut input) = (narrow_before, wide_before, [0; LANES]);
            gather(&mut input, &projection(spilled), &mut narrow, &mut wide, 0, 4, 5);
            assert_eq!(input.first_chunk(), Some(&expected));
            assert!(input.iter().skip(4).all(|&sum| sum == 0));
            let left = if spilled == Some(5) { [0; 4] } else { [16_391, -16_391, 0, 0] };
            assert_eq!((narrow, wide.last_chunk()), ([1, 1, 1, 1, 0, 0, 0, 0], Some(&left)));
        }
    }

    /// Every read-out of a membrane over three ticks, the gain of a weighted one halving.
    #[test]
    fn readouts_follow_the_membrane() {
        let expected = [
            (Readout::Max, [i64::MIN >> 32, -7], [9, -7]),
            (Readout::Sum, [0, 0], [9 - 4 + 3, -7 - 8 - 9]),
            (Readout::Last, [0, 0], [3, -9]),
            // 9 - 4/2 + 3/4 and -7 - 8/2 - 9/4, each part rounded down.
            (Readout::Weighted, [0, 0], [9 - 2, -7 - 4 - 3]),
        ];
        for (kind, mut readouts, after) in expected {
            let mut population = Population { size: 2, ..Population::default() };
            population.readout = crate::clock::readout::Reading::new(kind, 1 << 29, 0);
            readouts[1] = readouts[0];
            for (tick, mut states) in (0..).zip([[9, -7], [-4, -8], [3, -9]]) {
                read_out(&mut Update {
                    population: &mut population,
                    projections: &[],
                    parameters: &[],
                    narrow: &mut [],
                    wide: &mut [],
                    states: &mut states,
                    readouts: &mut readouts,
                    fired: &mut [],
                    tick,
                });
            }
            assert_eq!(readouts, after, "{kind:?}");
        }
    }
}
