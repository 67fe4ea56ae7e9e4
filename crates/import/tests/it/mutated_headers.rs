//! Damaged metadata that is still a GGUF header: it reaches the importer, and what the importer makes of it is a
//! program that a check accepts or refuses by a typed error; never a panic.
//!
//! `PROBITY_MUTATIONS` asks for more files than the fast share that always runs.

use std::collections::BTreeMap;

use import::gguf::tiny::{Family, Random, TinyModel};
use import::gguf::tiny_cases;
use import::gguf::{Gguf, TensorType};
use program::Checked;

use crate::architectures::import;

/// Files of a plain test run.
const FILES: u64 = 10_000;
/// The metadata before the vocabulary ends about here.
const BYTES: u64 = 900;
/// Sizes at which something begins or ends.
const EDGES: [u64; 14] =
    [0, 1, 2, 3, 31, 33, 64, 256, 1024, 0x7f, 0xffff, 1 << 17, u32::MAX as u64, u64::MAX];

fn seeds() -> Vec<Vec<u8>> {
    let of = |family, matrices, tied| {
        let small = TinyModel { layers: 1, width: 32, heads: 1, kv_heads: 1, ..TinyModel::new(9) };
        TinyModel { family, matrices, tied, feed_forward: 32, ..small }.write()
    };
    let mut seeds =
        vec![of(Family::Llama, TensorType::Q4_1, true), of(Family::Qwen2, TensorType::Q4_0, false)];
    seeds.extend(tiny_cases::cases().into_iter().map(|case| case.file.finish()));
    seeds
}

fn below(random: &mut Random, bound: usize) -> usize {
    usize::try_from(random.below(u64::try_from(bound).unwrap())).unwrap()
}

fn damage(bytes: &mut [u8], random: &mut Random) {
    // Past magic, version and counts.
    let first = 24 + usize::try_from(random.below(BYTES)).unwrap();
    for _ in 0..=random.below(2) {
        let at = (first + below(random, 40)).min(bytes.len() - 9);
        match random.below(3) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => {
                let edge = EDGES[below(random, EDGES.len())].to_le_bytes();
                let width = [1, 4][below(random, 2)];
                bytes[at..at + width].copy_from_slice(&edge[..width]);
            }
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
}

/// What became of a file, in a word.
fn outcome(bytes: &[u8]) -> String {
    if Gguf::parse(bytes, u64::try_from(bytes.len()).unwrap()).is_err() {
        return "no header".to_owned();
    }
    let first_word = |text: String| text.split([' ', '(', '{']).next().unwrap().to_owned();
    match import(bytes) {
        Err(error) => first_word(format!("{error:?}")),
        Ok(program) => match Checked::new(program) {
            Ok(_) => "runs".to_owned(),
            Err(error) => first_word(format!("{error:?}")),
        },
    }
}

#[test]
fn damaged_metadata_reaches_the_importer() {
    let files = std::env::var("PROBITY_MUTATIONS").map_or(FILES, |files| files.parse().unwrap());
    let seeds = seeds();
    let mut outcomes = BTreeMap::<String, u64>::new();
    for number in 0..files {
        let mut random = Random(number);
        let mut bytes = seeds[below(&mut random, seeds.len())].clone();
        damage(&mut bytes, &mut random);
        *outcomes.entry(outcome(&bytes)).or_default() += 1;
    }
    // The damage must reach deep, or the test shows nothing.
    for least in ["Architecture", "Gguf", "Rope", "Shape", "Unsupported", "no header", "runs"] {
        assert!(outcomes.contains_key(least), "no {least} in {outcomes:?}");
    }
}
