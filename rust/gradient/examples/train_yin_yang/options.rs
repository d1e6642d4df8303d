//! Command line: `--name value` pairs over defaults.

use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;

#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// none, axonal, dendritic or synaptic; empty for the networks of the yardstick.
    pub(crate) delays: String,
    pub(crate) hidden: usize,
    /// `tau_mem` / `tau_syn`: 1, 2 or inf.
    pub(crate) ratio: f64,
    pub(crate) epochs: usize,
    pub(crate) batch: usize,
    pub(crate) weight_rate: f64,
    pub(crate) delay_rate: f64,
    /// cosine (to zero) or step (x 0.95 every 20 epochs).
    pub(crate) schedule: String,
    /// mse or cross-entropy.
    pub(crate) loss: String,
    pub(crate) margin: f64,
    pub(crate) floor: f64,
    pub(crate) limit: f64,
    /// Longest delay in units of `tau_syn`.
    pub(crate) range: f64,
    /// Mean and deviation of the initial weights of both layers.
    pub(crate) mean: [f64; 2],
    pub(crate) deviation: [f64; 2],
    /// Allowed fraction of silent samples of a hidden neuron and of an output.
    pub(crate) silence: [f64; 2],
    pub(crate) push: f64,
    /// Deviation of noise on the input times during training, in units of `tau_syn`.
    pub(crate) jitter: f64,
    pub(crate) decay: f64,
    /// Fraction of the epochs, at the end, over which parameters are averaged.
    pub(crate) average: f64,
    pub(crate) seeds: u64,
    pub(crate) first_seed: u64,
    pub(crate) threads: usize,
    /// Folder with the published arrays; without it points are drawn.
    pub(crate) data: Option<PathBuf>,
    /// With data: also report the test split.
    pub(crate) test: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            delays: String::new(),
            hidden: 30,
            ratio: 2.0,
            epochs: 100,
            batch: 150,
            weight_rate: 0.01,
            delay_rate: 0.003,
            schedule: "step".into(),
            loss: "mse".into(),
            margin: 0.2,
            floor: 0.02,
            limit: f64::INFINITY,
            range: 1.0,
            mean: [1.0, 1.0],
            deviation: [1.0, 1.0],
            silence: [0.3, 0.0],
            push: 0.002,
            jitter: 0.0,
            decay: 0.0,
            average: 0.0,
            seeds: 1,
            first_seed: 1,
            threads: 1,
            data: None,
            test: false,
        }
    }
}

impl Options {
    /// Defaults changed by the arguments of the program.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut options = Self::default();
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            let parsed = options.set(name.trim_start_matches("--"), &value);
            parsed.map_err(|error| format!("{name} {value}: {error}"))?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Box<dyn Error>> {
        match name {
            "delays" => self.delays = value.into(),
            "hidden" => self.hidden = value.parse()?,
            "ratio" => self.ratio = value.parse()?,
            "epochs" => self.epochs = value.parse()?,
            "batch" => self.batch = value.parse()?,
            "weight-rate" => self.weight_rate = value.parse()?,
            "delay-rate" => self.delay_rate = value.parse()?,
            "schedule" => self.schedule = value.into(),
            "loss" => self.loss = value.into(),
            "margin" => self.margin = value.parse()?,
            "floor" => self.floor = value.parse()?,
            "limit" => self.limit = value.parse()?,
            "range" => self.range = value.parse()?,
            "mean" => self.mean = pair(value)?,
            "deviation" => self.deviation = pair(value)?,
            "silence" => self.silence = pair(value)?,
            "push" => self.push = value.parse()?,
            "jitter" => self.jitter = value.parse()?,
            "decay" => self.decay = value.parse()?,
            "average" => self.average = value.parse()?,
            "seeds" => self.seeds = value.parse()?,
            "first-seed" => self.first_seed = value.parse()?,
            "threads" => self.threads = value.parse()?,
            "data" => self.data = Some(value.into()),
            "test" => self.test = value.parse()?,
            _ => return Err("no such option".into()),
        }
        Ok(())
    }
}

/// `a` or `a,b`.
fn pair<T: FromStr + Copy>(value: &str) -> Result<[T; 2], T::Err> {
    let (first, second) = value.split_once(',').unwrap_or((value, value));
    Ok([first.parse()?, second.parse()?])
}
