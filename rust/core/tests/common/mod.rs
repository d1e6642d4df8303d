//! What the tests share: memory as vectors, golden files, a small generator of random numbers.
#![allow(dead_code, unreachable_pub, reason = "every test uses its part")]

pub mod fuzz;
pub mod sections;

use tarry_core::{Arenas, Memory, Plan, Program, Spike, each_arena};

macro_rules! declare {
    ($($(#[$doc:meta])* $name:ident: $element:ty,)*) => {
        /// The arenas as vectors.
        #[derive(Clone, Debug)]
        pub struct Vectors {
            $($name: Vec<$element>,)*
        }

        impl Vectors {
            pub fn new(plan: &Plan, outputs: usize) -> Self {
                let plan = Plan { outputs: plan.outputs.max(outputs), ..*plan };
                Self { $($name: vec![Default::default(); plan.$name],)* }
            }
        }

        impl Arenas for Vectors {
            fn memory(&mut self) -> Memory<'_> {
                Memory { $($name: &mut self.$name,)* }
            }
        }
    };
}

each_arena!(declare);

/// One recording of a golden case.
pub struct Recording {
    pub until: u64,
    pub inputs: Vec<Spike>,
    pub outputs: Vec<Spike>,
    pub digest: u64,
}

/// A program and what it must do; `tests/golden/README.md` is the format.
pub struct Golden {
    pub program: Program<Vec<u8>>,
    pub recordings: Vec<Recording>,
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken.to_vec()
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes(4).try_into().unwrap())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes(8).try_into().unwrap())
    }

    fn spikes(&mut self) -> Vec<Spike> {
        (0..self.u32()).map(|_| Spike { tick: self.u64(), channel: self.u32() }).collect()
    }
}

/// The generated networks: the committed ones, or all of them in the file that the environment names.
pub fn networks() -> Vec<Golden> {
    let committed = |_| golden("networks.bin").into_iter().chain(golden("clocked.bin")).collect();
    std::env::var("TARRY_NETWORKS").map_or_else(committed, |path| read(&path))
}

/// All cases of a committed golden file. Crates at any depth of the repository share this.
pub fn golden(file: &str) -> Vec<Golden> {
    let folders = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut paths = folders.map(|folder| folder.join("tests/golden").join(file));
    let path = paths.find(|path| path.exists()).unwrap_or_else(|| panic!("no golden file {file}"));
    read(&path.to_string_lossy())
}

fn read(path: &str) -> Vec<Golden> {
    let data = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut reader = Reader(&data);
    let mut cases = Vec::new();
    while !reader.0.is_empty() {
        let length = reader.u32() as usize;
        let program = Program::parse(reader.bytes(length)).unwrap();
        let recordings = (0..reader.u32())
            .map(|_| Recording {
                until: reader.u64(),
                inputs: reader.spikes(),
                outputs: reader.spikes(),
                digest: reader.u64(),
            })
            .collect();
        cases.push(Golden { program, recordings });
    }
    cases
}

/// Ticks and channels apart, as `push` takes them.
pub fn columns(spikes: &[Spike]) -> (Vec<u64>, Vec<u32>) {
    spikes.iter().map(|spike| (spike.tick, spike.channel)).unzip()
}

/// A generator of its own for every number.
pub fn numbered(number: u64) -> Random {
    let mut random = Random(number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    random.bits();
    random
}

/// A linear congruential generator: the same numbers everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound.max(1)
    }
}
