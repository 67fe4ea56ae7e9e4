//! Times sampling with every kernel set this machine can run, on one thread.
//!
//! `cargo run --release -p canon --example sample_bench [set]`. Each figure is the lower quartile of
//! many laps, in microseconds, over rows of logits of about a bell curve with a few that stand out
//! (`peaked`) or none (`flat`: every logit has weight). Prints integers only.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use canon::sample::{History, Parameter, Parameters, SampleScratch, Sampling, Settings};
use canon::{KernelSet, Kernels};

/// How long one figure is measured.
const BUDGET: Duration = Duration::from_millis(150);
/// Fractional bits of the logits.
const FRAC: u8 = 14;

struct Seed(u64);

impl Seed {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between -16 and 16 natural units, mostly within 5.
    fn bell(&mut self) -> i32 {
        (0..4).map(|_| (self.next() >> 47) as i32 - (1 << 16)).sum()
    }

    fn logits(&mut self, count: usize, peaked: bool) -> Vec<i32> {
        let mut row: Vec<i32> = (0..count).map(|_| self.bell()).collect();
        for i in 0..if peaked { 40 } else { 0 } {
            let at = self.next() as usize % count;
            row[at] = (24 << FRAC) - i * (1 << (FRAC - 2));
        }
        row
    }
}

fn typical(mut call: impl FnMut()) -> u128 {
    let start = Instant::now();
    let mut laps = Vec::new();
    while laps.len() < 20 || start.elapsed() < BUDGET {
        let lap = Instant::now();
        call();
        laps.push(lap.elapsed().as_nanos());
    }
    laps.sort_unstable();
    laps[laps.len() / 4] / 1000
}

/// Name, texts of parameters, and whether half of the ids are masked.
type Case = (&'static str, &'static [(Parameter, &'static str)], bool);

const CASES: &[Case] = &[
    ("greedy", &[(Parameter::Temperature, "0")], false),
    ("temperature 0.8", &[(Parameter::Temperature, "0.8")], false),
    ("min-p 0.05", &[(Parameter::MinP, "0.05")], false),
    ("top-k 40", &[(Parameter::TopK, "40")], false),
    ("top-k 5000", &[(Parameter::TopK, "5000")], false),
    ("top-p 0.95", &[(Parameter::TopP, "0.95")], false),
    ("top-p 0.99999", &[(Parameter::TopP, "0.99999")], false),
    ("top-k 40, top-p 0.95", &[(Parameter::TopK, "40"), (Parameter::TopP, "0.95")], false),
    ("penalties", &[(Parameter::Repetition, "1.1"), (Parameter::Frequency, "0.2")], false),
    ("mask", &[], true),
];

fn main() {
    let wanted = std::env::args().nth(1);
    let mut seed = Seed(1);
    let mut history = History::new();
    (0..2000).for_each(|_| history.output((seed.next() % 40_000) as u32));
    for count in [49_152, 152_064] {
        for peaked in [true, false] {
            let logits = seed.logits(count, peaked);
            for set in KernelSet::ALL {
                let Some(kernels) = Kernels::of(set) else { continue };
                if wanted.as_ref().is_some_and(|wanted| wanted != set.name()) {
                    continue;
                }
                let shape = if peaked { "peaked" } else { "flat" };
                println!("{} of {count} logits, {shape}", set.name());
                for case in CASES {
                    one(kernels, &logits, &history, case, &mut seed);
                }
            }
        }
    }
}

fn one(kernels: Kernels, logits: &[i32], history: &History, case: &Case, seed: &mut Seed) {
    let (name, texts, masked) = case;
    let mut settings = Settings::default();
    texts.iter().for_each(|(name, text)| settings.set(*name, text).unwrap());
    let parameters = Parameters::new(settings).unwrap();
    let mask: Vec<u64> = logits.chunks(64).map(|_| seed.next()).collect();
    let mask = masked.then_some(mask.as_slice());
    let mut scratch = SampleScratch::default();
    let took = typical(|| {
        let noise = seed.next();
        let task = Sampling::new(logits, FRAC, &parameters, history, mask, noise).unwrap();
        black_box(kernels.sample(&task, &mut scratch)).unwrap();
    });
    println!("    {name:24} {took:>6} us");
}
