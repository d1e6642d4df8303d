//! Derivatives with respect to what feeds a layer, bin by bin: the adjoint of [`crate::events::sweep`].
//!
//! lambda and mu at the start of a bin give them anywhere in it, by the addition theorems of [`crate::events::grid`], so an
//! arrival takes a look into a table and a few products.

use crate::events::adjoint::SynapseSums;
use crate::events::grid::{Dealt, Grid};
use crate::events::layer::Layer;
use crate::events::pieces::{Piece, Pieces, find};

/// lambda and mu at the start of a bin. NaN where the bin holds an end of a piece: arrivals there are looked up.
#[derive(Clone, Copy, Debug)]
struct Row {
    of_potential: f64,
    of_current: f64,
}

const AFTER: Row = Row { of_potential: 0.0, of_current: 0.0 };
const MIXED: Row = Row { of_potential: f64::NAN, of_current: f64::NAN };

/// Two rows per bin, for remainders that do not carry and those that do.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    /// dL/dt of the spikes, channel by channel.
    of_spikes: Vec<f64>,
}

impl Table {
    /// Adds to `sums`; dL/dt of the input spikes go to `of_inputs`, if there is one.
    pub(crate) fn run(
        &mut self,
        layer: &Layer,
        grid: &Grid,
        dealt: &Dealt,
        pieces: &[Pieces],
        sums: &mut SynapseSums,
        of_inputs: Option<&mut [f64]>,
    ) {
        self.of_spikes.clear();
        self.of_spikes.resize(dealt.times.len(), 0.0);
        for (neuron, pieces) in pieces.iter().enumerate() {
            if pieces.is_empty() {
                continue;
            }
            self.fill(layer, grid, dealt, pieces);
            if of_inputs.is_some() {
                self.gather::<true>(layer, grid, dealt, neuron, pieces, sums);
            } else {
                self.gather::<false>(layer, grid, dealt, neuron, pieces, sums);
            }
        }
        if let Some(of_inputs) = of_inputs {
            for (&place, &value) in dealt.places.iter().zip(&self.of_spikes) {
                of_inputs[place as usize] = value;
            }
        }
    }

    /// The table of one neuron, from the last bin to the first.
    fn fill(&mut self, layer: &Layer, grid: &Grid, dealt: &Dealt, pieces: &Pieces) {
        self.rows.clear();
        self.rows.resize(2 * dealt.bins, AFTER);
        let mut pieces = pieces.iter().peekable();
        // The bin after this one; for the last bin, as if nothing came after it, what a late spike wants.
        let last_end = dealt.start(grid, dealt.bins);
        let mut current: Option<&Piece> = None;
        while let Some(piece) = pieces.next_if(|piece| piece.end > last_end) {
            current = Some(piece);
        }
        let mut following = current.map_or(AFTER, |piece| {
            let (of_potential, of_current) = piece.before(&layer.membrane, piece.end - last_end);
            Row { of_potential, of_current }
        });
        let back = |row: Row| Row {
            of_potential: grid.decay.membrane * row.of_potential,
            of_current: grid.decay.response * row.of_potential + grid.decay.synapse * row.of_current,
        };
        for bin in (0..dealt.bins).rev() {
            let start = dealt.start(grid, bin);
            let mut mixed = false;
            while let Some(piece) = pieces.next_if(|piece| piece.end >= start) {
                mixed = true;
                current = Some(piece);
            }
            let at_start = if mixed {
                current.map_or(AFTER, |piece| {
                    let (of_potential, of_current) = piece.before(&layer.membrane, piece.end - start);
                    Row { of_potential, of_current }
                })
            } else {
                back(following)
            };
            let row = if mixed { MIXED } else { at_start };
            self.rows[2 * bin] = row;
            if bin > 0 {
                self.rows[2 * bin - 1] = back(row);
            }
            following = at_start;
        }
    }

    fn gather<const TIMES: bool>(
        &mut self,
        layer: &Layer,
        grid: &Grid,
        dealt: &Dealt,
        neuron: usize,
        pieces: &Pieces,
        sums: &mut SynapseSums,
    ) {
        let membrane = &layer.membrane;
        for channel in 0..layer.feed.pre {
            let (start, end) = (dealt.starts[channel] as usize, dealt.starts[channel + 1] as usize);
            if start == end {
                continue;
            }
            let delay = grid.delay(layer, neuron, channel);
            let weight = layer.feed.weight(neuron, channel);
            let carry = grid.width - delay.rest;
            let per_time = weight * membrane.rate;
            let from_potential = per_time * (delay.response - delay.membrane);
            let from_current = per_time * delay.synapse;
            let (mut potentials, mut currents, mut of_weight, mut of_time) = (0.0, 0.0, 0.0, 0.0);
            for (k, spike) in (start..end).zip(&dealt.spikes[start..end]) {
                let row = self.rows[(spike.rows + delay.rows + u32::from(spike.rest >= carry)) as usize];
                let potential = row.of_potential * spike.membrane;
                let current = row.of_potential * spike.response + row.of_current * spike.synapse;
                if potential.is_nan() {
                    let arrival = dealt.times[k] + layer.feed.delay(neuron, channel);
                    if let Some(piece) = find(pieces, arrival, false) {
                        let influence = piece.influence::<false>(membrane, arrival, weight);
                        of_weight += influence.weight;
                        of_time += influence.time;
                        if TIMES {
                            self.of_spikes[k] += influence.time;
                        }
                    }
                    continue;
                }
                potentials += potential;
                currents += current;
                if TIMES {
                    self.of_spikes[k] += from_potential * potential + from_current * current;
                }
            }
            sums.weights[neuron * layer.feed.pre + channel] +=
                of_weight + delay.response * potentials + delay.synapse * currents;
            if let Some(place) = layer.feed.place(neuron, channel) {
                sums.delays[place] += of_time + from_potential * potentials + from_current * currents;
            }
        }
    }
}
