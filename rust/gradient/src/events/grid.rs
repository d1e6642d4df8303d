//! Time in bins: where arrivals fall, without putting them in order.
//!
//! An arrival at t + d falls into bin b(t) + b(d), or the one after if the remainders carry. Responses obey addition
//! theorems, P(a + b) = P(a) P(b), S alike and K(a + b) = P(a) K(b) + K(a) S(b), so what an arrival means at the start of
//! its bin is a few products of what belongs to the spike and what belongs to the delay: no exponential per arrival, for
//! any ratio of the time constants, and nothing overflows, however long the recording.

use crate::events::layer::Layer;
use crate::events::membrane::{Decay, Membrane};
use crate::events::spikes::Spikes;

/// A remainder within a bin, and the responses so long *before* an arrival.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offset {
    pub rest: f64,
    pub membrane: f64,
    pub synapse: f64,
    pub response: f64,
    /// Whole bins, times two.
    pub rows: u32,
}

/// Bins of one width for a batch, and the delays in them, laid out as they are in the layer.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub width: f64,
    pub decay: Decay,
    /// Largest response within a bin.
    pub highest: f64,
    pub delays: Vec<Offset>,
    /// Bins that the longest delay spans.
    reach: usize,
}

/// Arrivals per neuron and bin, about.
const FILL: f64 = 6.0;
/// Fewer spikes per sample are sorted faster.
const FEW: usize = 48;
/// Bins are at most this part of the shortest time constant wide.
const COARSEST: f64 = 0.25;
/// More bins than this per spike cost more than sorting.
const SPARSE: usize = 8;
/// No rows beyond this number, whatever the span.
const MOST_ROWS: f64 = 1e8;

impl Grid {
    /// None where bins do not pay, or do not apply (delta synapses).
    pub(crate) fn new(layer: &Layer, inputs: &Spikes) -> Option<Self> {
        let membrane = &layer.membrane;
        if membrane.is_delta() || inputs.times.len() < FEW * inputs.batch() {
            return None;
        }
        let span: f64 = (0..inputs.batch())
            .map(|sample| inputs.sample(sample).0)
            .map(|times| times.last().zip(times.first()).map_or(0.0, |(last, first)| last - first))
            .sum();
        let width =
            (FILL * span / inputs.times.len() as f64).min(COARSEST / membrane.rate.max(membrane.leak));
        let values = layer.feed.delay_values();
        let longest = values.iter().copied().fold(0.0, f64::max);
        let rows = 2.0 * (span + longest) / width;
        if width <= 0.0 || !rows.is_finite() || rows > MOST_ROWS {
            return None;
        }
        let delays: Vec<_> = values.iter().map(|&delay| offset(membrane, width, delay)).collect();
        let reach = (longest / width) as usize + 3;
        Some(Self {
            width,
            decay: membrane.decay(width),
            highest: membrane.highest_within(width),
            delays,
            reach,
        })
    }

    /// Bins of a sample whose spikes span so many seconds; none where there are too many.
    fn bins(&self, span: f64, spikes: usize) -> Option<usize> {
        let bins = (span / self.width) as usize + 1 + self.reach;
        (spikes >= FEW && bins <= SPARSE * (spikes + 128)).then_some(bins)
    }

    /// Where the delay of a synapse stands in `delays`.
    #[inline]
    pub(crate) fn delay(&self, layer: &Layer, post: usize, pre: usize) -> &Offset {
        &self.delays[layer.feed.place(post, pre).unwrap_or(0)]
    }
}

fn offset(membrane: &Membrane, width: f64, time: f64) -> Offset {
    let bin = (time / width).floor();
    let rest = (time - bin * width).clamp(0.0, width * (1.0 - f64::EPSILON));
    let Decay { membrane, synapse, response } = membrane.decay(-rest);
    Offset { rest, membrane, synapse, response, rows: 2 * bin as u32 }
}

/// The spikes of a sample, channel by channel; kept from sample to sample.
#[derive(Debug, Default)]
pub(crate) struct Dealt {
    pub origin: f64,
    pub bins: usize,
    /// Where the spikes of each channel start, and the end.
    pub starts: Vec<u32>,
    pub spikes: Vec<Offset>,
    /// Times and places in the sample.
    pub times: Vec<f64>,
    pub places: Vec<u32>,
    pub channels: Vec<u32>,
}

impl Dealt {
    /// Another sample; false where bins do not pay.
    pub(crate) fn deal(&mut self, grid: &Grid, membrane: &Membrane, inputs: &Spikes, sample: usize) -> bool {
        let (times, channels) = inputs.sample(sample);
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return false };
        let Some(bins) = grid.bins(last - first, times.len()) else { return false };
        (self.origin, self.bins) = (first, bins);
        self.starts.clear();
        self.starts.resize(inputs.size + 1, 0);
        for &channel in channels {
            self.starts[channel as usize + 1] += 1;
        }
        for channel in 0..inputs.size {
            self.starts[channel + 1] += self.starts[channel];
        }
        let empty = Offset { rest: 0.0, membrane: 1.0, synapse: 1.0, response: 0.0, rows: 0 };
        self.spikes.clear();
        self.spikes.resize(times.len(), empty);
        self.times.clear();
        self.times.resize(times.len(), 0.0);
        self.places.clear();
        self.places.resize(times.len(), 0);
        self.channels.clear();
        self.channels.resize(times.len(), 0);
        for (place, (&time, &channel)) in (0..).zip(times.iter().zip(channels)) {
            let k = self.starts[channel as usize] as usize;
            self.starts[channel as usize] += 1;
            self.spikes[k] = offset(membrane, grid.width, time - first);
            self.times[k] = time;
            self.places[k] = place;
            self.channels[k] = channel as u32;
        }
        self.starts.rotate_right(1);
        self.starts[0] = 0;
        true
    }

    pub(crate) fn start(&self, grid: &Grid, bin: usize) -> f64 {
        self.origin + bin as f64 * grid.width
    }
}
