//! Spikes of a feed-forward layer, bin by bin: arrivals are put in order only where a neuron may spike.

use crate::events::arrivals::{Arrival, Arrivals};
use crate::events::grid::{Dealt, Grid};
use crate::events::layer::Layer;
use crate::events::neuron::{Rule, State, Storm};
use crate::events::spikes::Emitted;

/// What arrives in a bin, as potential and current at its start; the sum of positive weights; the last spike that arrives
/// here, and through `next` those before it.
#[derive(Clone, Copy, Debug)]
struct Row {
    potential: f64,
    current: f64,
    upward: f64,
    last: u32,
}

const NONE: u32 = u32::MAX;
const EMPTY: Row = Row { potential: 0.0, current: 0.0, upward: 0.0, last: NONE };

/// Rows of one neuron: two per bin, for remainders that do not carry and those that do, which arrive one bin later.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    rows: Vec<Row>,
    next: Vec<u32>,
}

impl Rows {
    /// Adds the spikes of one neuron to `emitted`.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn run(
        &mut self,
        layer: &Layer,
        grid: &Grid,
        dealt: &Dealt,
        neuron: usize,
        rule: &Rule,
        arrivals: &mut Arrivals,
        emitted: &mut Vec<Emitted>,
    ) -> Result<(), Storm> {
        self.deposit(layer, grid, dealt, neuron);
        let mut state = State::REST;
        state.time = dealt.origin;
        let mut carried = EMPTY;
        for bin in 0..dealt.bins {
            let (start, end) = (dealt.start(grid, bin), dealt.start(grid, bin + 1));
            if start >= rule.until || state.release == f64::INFINITY {
                return Ok(());
            }
            let here = self.rows[2 * bin];
            // What is carried over from the bin before.
            let potential = grid.decay.membrane * carried.potential + grid.decay.response * carried.current;
            let current = grid.decay.synapse * carried.current;
            let bound = state.potential.max(0.0)
                + grid.highest * (state.current.max(0.0) + here.upward + carried.upward);
            if bound < rule.threshold && state.release <= start {
                let (v, i) =
                    (state.potential + here.potential + potential, state.current + here.current + current);
                state.potential = grid.decay.membrane * v + grid.decay.response * i;
                state.current = grid.decay.synapse * i;
                state.time = end;
            } else {
                let lists = [carried.last, here.last];
                self.in_order(layer, dealt, neuron, (start, end), lists, arrivals);
                state.advance(rule, neuron, arrivals, end, emitted)?;
                state.rest_until(rule, end, emitted);
            }
            carried = self.rows[2 * bin + 1];
        }
        arrivals.replace(std::iter::empty());
        state.advance(rule, neuron, arrivals, f64::INFINITY, emitted)?;
        Ok(())
    }

    fn deposit(&mut self, layer: &Layer, grid: &Grid, dealt: &Dealt, neuron: usize) {
        self.rows.clear();
        self.rows.resize(2 * dealt.bins, EMPTY);
        self.next.clear();
        self.next.resize(dealt.times.len(), NONE);
        for channel in 0..layer.feed.pre {
            let weight = layer.feed.weight(neuron, channel);
            if weight == 0.0 {
                continue;
            }
            let delay = grid.delay(layer, neuron, channel);
            let (start, end) = (dealt.starts[channel] as usize, dealt.starts[channel + 1] as usize);
            let (response, synapse) = (weight * delay.response, weight * delay.synapse);
            let (upward, carry) = (weight.max(0.0), grid.width - delay.rest);
            let spikes = dealt.spikes[start..end].iter().zip(&mut self.next[start..end]);
            for ((spike, next), k) in spikes.zip(start as u32..) {
                let row = (spike.rows + delay.rows + u32::from(spike.rest >= carry)) as usize;
                let row = &mut self.rows[row];
                row.potential += spike.membrane * response + spike.response * synapse;
                row.current += spike.synapse * synapse;
                row.upward += upward;
                *next = row.last;
                row.last = k;
            }
        }
    }

    /// The arrivals of a bin.
    #[allow(clippy::too_many_arguments)]
    fn in_order(
        &self,
        layer: &Layer,
        dealt: &Dealt,
        neuron: usize,
        (start, end): (f64, f64),
        lists: [u32; 2],
        arrivals: &mut Arrivals,
    ) {
        let last = end.next_down();
        let walk = |list: u32| {
            std::iter::successors((list != NONE).then_some(list), |&k| {
                Some(self.next[k as usize]).filter(|&k| k != NONE)
            })
        };
        arrivals.replace(lists.into_iter().flat_map(walk).map(|k| {
            let channel = dealt.channels[k as usize] as usize;
            let delay = layer.feed.delay(neuron, channel);
            // Rounding may have put it on the other side of the bin's edge.
            let time = (dealt.times[k as usize] + delay).clamp(start, last);
            Arrival { time, weight: layer.feed.weight(neuron, channel) }
        }));
    }
}
