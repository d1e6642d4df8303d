//! Whole recordings: one, a stream that goes on, many at once.

use super::{Engine, OUTPUTS};
use crate::error::Error;
use firmware_sim::{Dispatched, HostMemory};
use std::sync::Arc;
use tarry_core::{Counts, Kind, NEVER, Processor, Program, Reset, Spike, TICK_LIMIT};

/// Ticks after its last input in which a network whose neurons fire again must be decided or quiet.
const PATIENCE: u64 = 1 << 20;

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

/// First spikes: a sample in, the ticks of its outputs out, -1 where there is none.
///
/// The run ends once `wanted` outputs have spiked, or the network is quiet.
pub(crate) fn first_spikes(
    engine: &mut Engine,
    sample: &[i64],
    first: &mut [i64],
    wanted: usize,
) -> Result<(), Error> {
    let mut spikes: Vec<(u64, u32)> = sample
        .iter()
        .zip(0..)
        .filter_map(|(&tick, channel)| u64::try_from(tick).ok().map(|tick| (tick, channel)))
        .collect();
    spikes.sort_unstable();
    let (ticks, channels): (Vec<u64>, Vec<u32>) = spikes.into_iter().unzip();
    engine.reset();
    let until = ticks.last().map_or(0, |&last| last.saturating_add(1));
    let mut found = keep_first(feed(engine, &ticks, &channels, until)?.into_iter(), first);
    let end = if fires_once(engine) { TICK_LIMIT } else { until.saturating_add(PATIENCE) };
    while found < wanted && engine.next_deadline() != NEVER {
        if engine.now() >= end {
            return Err(Error::Argument(format!(
                "the network is neither decided nor quiet {PATIENCE} ticks after its last input; use run(..., until)"
            )));
        }
        engine.run_until_outputs(end, 1);
        found += keep_first(drain(engine), first);
    }
    Ok(())
}

/// Notes the first spike of every output; returns how many are new.
fn keep_first(spikes: impl Iterator<Item = Spike>, first: &mut [i64]) -> usize {
    let mut found = 0;
    for spike in spikes {
        let first = &mut first[spike.channel as usize];
        if *first < 0 {
            *first = spike.tick as i64;
            found += 1;
        }
    }
    found
}

/// Whether every neuron fires at most once, so that the network must become quiet.
fn fires_once(engine: &mut Engine) -> bool {
    engine.populations().iter().all(|p| p.kind == Kind::Input || p.reset() == Reset::Once)
}
