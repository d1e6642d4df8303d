//! Whole recordings: one, a stream that goes on, many at once.

use super::{Engine, OUTPUTS};
use crate::error::Error;
use firmware_sim::{Dispatched, HostMemory};
use std::sync::Arc;
use tarry_core::{Counts, Processor, Program, Spike, TICK_LIMIT};

/// A processor with memory of its own.
pub(crate) fn build(program: &Program<Arc<[u8]>>) -> Result<Engine, Error> {
    let memory = HostMemory::new(program.plan(), OUTPUTS);
    Ok(Processor::with_kernels(program.clone(), memory, Counts::default(), Dispatched)?)
}

/// The output spikes that wait.
pub(crate) fn drain(engine: &mut Engine) -> impl Iterator<Item = Spike> + '_ {
    std::iter::from_fn(move || engine.pop())
}

/// Takes spikes and does all ticks before `until`; returns the output spikes.
///
/// Spikes enter tick by tick, so that the history of an input is as full as it would be in real time, and no fuller.
pub(crate) fn feed(
    engine: &mut Engine,
    ticks: &[u64],
    channels: &[u32],
    until: u64,
) -> Result<Vec<Spike>, Error> {
    engine.check(ticks, channels)?;
    if let Some(late) = ticks.iter().position(|&tick| tick >= until) {
        let message = format!("spike {late} has tick {}; the run ends before tick {until}", ticks[late]);
        return Err(Error::Argument(message));
    }
    let mut outputs = Vec::new();
    let mut taken = 0;
    for group in ticks.chunk_by(|a, b| a == b) {
        advance(engine, group[0], &mut outputs);
        let next = taken + group.len();
        let fits = engine.push(group, &channels[taken..next])?;
        if fits < group.len() {
            return Err(Error::Argument(format!(
                "spike {} at tick {} does not fit: the history of its input is full; compile with larger capacities= or input_spikes=",
                taken + fits,
                group[0]
            )));
        }
        taken = next;
    }
    advance(engine, until, &mut outputs);
    Ok(outputs)
}

fn advance(engine: &mut Engine, until: u64, outputs: &mut Vec<Spike>) {
    let until = until.min(TICK_LIMIT);
    loop {
        let reached = engine.run_until(until);
        outputs.extend(drain(engine));
        if reached >= until {
            return;
        }
    }
}

/// First spikes of a network whose neurons fire once: a sample in, the ticks of its outputs out, -1 where there is none.
pub(crate) fn first_spikes(engine: &mut Engine, sample: &[i64], first: &mut [i64]) -> Result<(), Error> {
    let mut spikes: Vec<(u64, u32)> = sample
        .iter()
        .zip(0..)
        .filter_map(|(&tick, channel)| u64::try_from(tick).ok().map(|tick| (tick, channel)))
        .collect();
    spikes.sort_unstable();
    let (ticks, channels): (Vec<u64>, Vec<u32>) = spikes.into_iter().unzip();
    engine.reset();
    let taken = engine.push(&ticks, &channels)?;
    if taken < ticks.len() {
        return Err(Error::Argument(format!(
            "a sample has {} spikes and the history of its input took {taken}; compile with larger capacities= or input_spikes=",
            ticks.len()
        )));
    }
    let mut outputs = Vec::new();
    advance(engine, TICK_LIMIT, &mut outputs);
    for spike in outputs {
        first[spike.channel as usize] = spike.tick as i64;
    }
    Ok(())
}
