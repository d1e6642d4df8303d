//! The Yin-Yang task (Kriener, Göltz & Petrovici, arXiv 2102.08211) as spike times, drawn here or read from the
//! published arrays.

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::random::Random;

/// Spike times in units of `tau_syn`, \[sample\]\[4\], and classes 0 yang, 1 yin, 2 dot.
pub(crate) struct Points {
    pub(crate) times: Vec<f64>,
    pub(crate) labels: Vec<i64>,
}

impl Points {
    fn new() -> Self {
        Self { times: Vec::new(), labels: Vec::new() }
    }

    fn push(&mut self, features: [f64; 4], label: i64) {
        self.times.extend(features.map(|v| 0.15 + 1.85 * v));
        self.labels.push(label);
    }

    /// Points of a disc of radius 1/2 with two dots, the classes equally likely.
    pub(crate) fn draw(count: usize, random: &mut Random) -> Self {
        let mut points = Self::new();
        while points.labels.len() < count {
            let wanted = random.below(3) as i64;
            let (x, y) = loop {
                let (x, y) = (random.uniform(), random.uniform());
                if (x - 0.5).hypot(y - 0.5) <= 0.5 && class(x, y) == wanted {
                    break (x, y);
                }
            };
            points.push([x, y, 1.0 - x, 1.0 - y], wanted);
        }
        points
    }

    /// `train`, `validation` or `test` of the published arrays.
    pub(crate) fn read(folder: &Path, split: &str) -> Result<Self, Box<dyn Error>> {
        let samples = npy(&folder.join(format!("{split}_samples.npy")), "<f8")?;
        let labels = npy(&folder.join(format!("{split}_labels.npy")), "<i8")?;
        let mut points = Self::new();
        for (row, label) in samples.chunks_exact(4).zip(labels) {
            points.push(std::array::from_fn(|i| f64::from_le_bytes(row[i])), i64::from_le_bytes(label));
        }
        Ok(points)
    }
}

fn class(x: f64, y: f64) -> i64 {
    let (right, left) = ((x - 0.75).hypot(y - 0.5), (x - 0.25).hypot(y - 0.5));
    if right < 0.1 || left < 0.1 {
        return 2;
    }
    i64::from(right <= 0.1 || (left > 0.1 && left <= 0.25) || (y > 0.5 && right > 0.25))
}

/// The 8-byte elements of a C-ordered .npy file (format 1.0).
fn npy(path: &Path, dtype: &str) -> Result<Vec<[u8; 8]>, Box<dyn Error>> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let size = bytes.get(8..10).map(|size| usize::from(u16::from_le_bytes([size[0], size[1]])));
    let header = size.and_then(|size| bytes.get(10..10 + size)).unwrap_or_default();
    let header = String::from_utf8_lossy(header);
    if !bytes.starts_with(b"\x93NUMPY\x01")
        || !header.contains(dtype)
        || header.contains("'fortran_order': True")
    {
        return Err(format!("{} is not a C-ordered {dtype} array in .npy format 1.0", path.display()).into());
    }
    Ok(bytes[10 + header.len()..].as_chunks().0.to_vec())
}
