//! Trains first-spike networks 4-H-3 on Yin-Yang and prints one line of JSON per network and seed.
//!
//! Without `--delays` it measures the two networks of the yardstick, 4-30-3 with synaptic delays and 4-120-3 without,
//! on points that it draws itself; gradients are compared with central differences first. With `--data FOLDER` it
//! trains on the published arrays and reports the validation split (with `--test true` also the test split).
//! All options are in `options.rs`.

mod check;
mod options;
mod points;
mod random;

use std::error::Error;
use std::time::Instant;

use options::Options;
use points::Points;
use random::Random;
use tarry_gradient::loss::Loss;
use tarry_gradient::training::{Recipe, Samples, Training};
use tarry_gradient::{Delays, Layer, Neuron};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Seconds; nothing depends on it.
const TAU_SYN: f64 = 1e-3;
const CLASSES: usize = 3;

fn main() -> Outcome<()> {
    let options = Options::parse(std::env::args().skip(1))?;
    if !options.delays.is_empty() {
        return (0..options.seeds).try_for_each(|seed| run(&options, options.first_seed + seed));
    }
    let synaptic = Options { delays: "synaptic".into(), hidden: 30, ..options.clone() };
    let none = Options { delays: "none".into(), hidden: 120, mean: [0.5; 2], weight_rate: 0.02, ..options };
    run(&synaptic, synaptic.first_seed)?;
    run(&none, none.first_seed)
}

struct Splits {
    train: Points,
    validation: Points,
    test: Option<Points>,
}

impl Splits {
    fn new(options: &Options, random: &mut Random) -> Outcome<Self> {
        let Some(folder) = &options.data else {
            return Ok(Self {
                train: Points::draw(5000, random),
                validation: Points::draw(2000, random),
                test: None,
            });
        };
        Ok(Self {
            train: Points::read(folder, "train")?,
            validation: Points::read(folder, "validation")?,
            test: options.test.then(|| Points::read(folder, "test")).transpose()?,
        })
    }
}

/// Trains one network and prints what came of it.
fn run(options: &Options, seed: u64) -> Outcome<()> {
    let random = &mut Random::new(seed);
    let splits = Splits::new(options, random)?;
    let layers = initial_layers(options, random)?;
    let worst = check::worst_gradient_error(&layers, &splits.train, random)?;
    let mut training = Training::new(layers, options.range * TAU_SYN, options.threads)?;
    let mut average = Average::default();
    let mut seconds = Vec::new();
    for epoch in 0..options.epochs {
        let began = Instant::now();
        train_epoch(&mut training, &splits.train, options, epoch, random)?;
        seconds.push(began.elapsed().as_secs_f64());
        if (epoch + 1) as f64 > options.epochs as f64 * (1.0 - options.average) {
            average.add(&training);
        }
    }
    if options.average > 0.0 {
        training = Training::new(average.layers(&training)?, options.range * TAU_SYN, options.threads)?;
    }
    seconds.sort_by(f64::total_cmp);
    let mut accuracy = |points: &Points| -> Outcome<f64> {
        let samples = samples(&training, points, 0.0, &mut Random::new(0))?;
        Ok(training.accuracy(&samples))
    };
    let train = accuracy(&splits.train)?;
    let validation = accuracy(&splits.validation)?;
    let test = splits.test.as_ref().map(&mut accuracy).transpose()?;
    let largest = training.layers().flat_map(Layer::weights).fold(0.0, |a: f64, w| a.max(w.abs()));
    print!("{{\"program\": \"train_yin_yang\", \"network\": \"4-{}-{CLASSES}\", ", options.hidden);
    print!("\"delays\": \"{}\", \"tau_mem_over_tau_syn\": \"{}\", ", options.delays, options.ratio);
    print!("\"seed\": {seed}, \"epochs\": {}, \"batch\": {}, ", options.epochs, options.batch);
    let count = splits.train.labels.len() as f64;
    let rate = |place: usize| count / seconds.get(place).copied().unwrap_or(f64::NAN);
    print!("\"samples_per_second\": {:.4e}, ", rate(seconds.len() / 2));
    print!("\"samples_per_second_in_fastest_epoch\": {:.4e}, ", rate(0));
    print!("\"worst_gradient_error\": {worst:.2e}, ");
    print!("\"largest_weight\": {largest:.2}, \"train_accuracy\": {train:.4}, ");
    print!("\"validation_accuracy\": {validation:.4}");
    if let Some(test) = test {
        print!(", \"test_accuracy\": {test:.4}");
    }
    println!("}}");
    Ok(())
}

fn initial_layers(options: &Options, random: &mut Random) -> Outcome<Vec<Layer>> {
    let neuron = Neuron::new(options.ratio * TAU_SYN, TAU_SYN, 1.0)?;
    let mut layers = Vec::new();
    for (k, [pre, post]) in [[4, options.hidden], [options.hidden, CLASSES]].into_iter().enumerate() {
        let weights: Vec<f64> =
            (0..pre * post).map(|_| random.normal(options.mean[k], options.deviation[k])).collect();
        let count = match options.delays.as_str() {
            "none" => 0,
            "axonal" => pre,
            "dendritic" => post,
            "synaptic" => pre * post,
            other => {
                return Err(format!("delays are {other}; none, axonal, dendritic or synaptic").into());
            }
        };
        let delays: Vec<f64> =
            (0..count).map(|_| options.range * TAU_SYN / (1.0 + (-random.normal(0.0, 0.25)).exp())).collect();
        let delays = match options.delays.as_str() {
            "none" => Delays::None,
            "axonal" => Delays::Axonal(&delays),
            "dendritic" => Delays::Dendritic(&delays),
            _ => Delays::Synaptic(&delays),
        };
        layers.push(Layer::new(pre, post, neuron, &weights, delays)?);
    }
    Ok(layers)
}

/// Points as samples, with noise on their times.
fn samples(training: &Training, points: &Points, jitter: f64, random: &mut Random) -> Outcome<Samples> {
    let mut noisy = |t: &f64| TAU_SYN * if jitter > 0.0 { random.normal(*t, jitter).max(0.0) } else { *t };
    let times: Vec<f64> = points.times.iter().map(&mut noisy).collect();
    let first = training.layers().next().ok_or("no layers")?;
    Ok(Samples::new(first, &times, &points.labels)?)
}

fn train_epoch(
    training: &mut Training,
    points: &Points,
    options: &Options,
    epoch: usize,
    random: &mut Random,
) -> Outcome<()> {
    let samples = samples(training, points, options.jitter, random)?;
    let mut order: Vec<usize> = (0..samples.len()).collect();
    random.shuffle(&mut order);
    let steps = order.len().div_ceil(options.batch);
    for (step, batch) in order.chunks(options.batch).enumerate() {
        let progress = (epoch as f64 + step as f64 / steps as f64) / options.epochs as f64;
        let schedule = match options.schedule.as_str() {
            "cosine" => 0.5 + 0.5 * (std::f64::consts::PI * progress).cos(),
            "step" => 0.95f64.powi((epoch / 20) as i32),
            other => return Err(format!("schedule is {other}; cosine or step").into()),
        };
        let recipe = Recipe {
            loss: match options.loss.as_str() {
                "mse" => Loss::ShiftInvariantMse { margin: options.margin },
                "cross-entropy" => Loss::CrossEntropy { xi: options.margin, alpha: 0.005, beta: 1.0 },
                other => return Err(format!("loss is {other}; mse or cross-entropy").into()),
            },
            weight_rate: options.weight_rate * schedule,
            delay_rate: options.delay_rate * schedule,
            weight_decay: options.decay,
            slope_floor: options.floor,
            weight_limit: options.limit,
            allowed_silence: options.silence.to_vec(),
            push: options.push,
        };
        training.step(&samples, batch, &recipe)?;
    }
    Ok(())
}

/// Mean of the parameters over some epochs.
#[derive(Default)]
struct Average {
    count: f64,
    sums: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Average {
    fn add(&mut self, training: &Training) {
        self.count += 1.0;
        for (k, layer) in training.layers().enumerate() {
            let (weights, delays) = (layer.weights(), layer.delays());
            if self.sums.len() == k {
                self.sums.push((weights, delays));
                continue;
            }
            let (weight_sums, delay_sums) = &mut self.sums[k];
            weight_sums.iter_mut().zip(weights).for_each(|(sum, w)| *sum += w);
            delay_sums.iter_mut().zip(delays).for_each(|(sum, d)| *sum += d);
        }
    }

    fn layers(&self, training: &Training) -> Outcome<Vec<Layer>> {
        let mean = |sums: &[f64]| sums.iter().map(|sum| sum / self.count).collect::<Vec<f64>>();
        let pairs = training.layers().zip(&self.sums);
        pairs.map(|(layer, (weights, delays))| Ok(layer.with(&mean(weights), &mean(delays))?)).collect()
    }
}
