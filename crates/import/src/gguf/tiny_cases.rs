//! The tiny models that stand for every architecture, and the tokens they are asked about.
//!
//! Tests pin what becomes of them, and `cargo xtask architectures` compares them with Hugging Face transformers: one
//! list, so that no architecture is forgotten in either. A case never changes; another variant is another case.

use super::kind::TensorType;
use super::tiny::{Family, Random, TinyModel};
use super::write::{GgufWriter, WriteValue};
use crate::dyadic::F32Bits;

/// A tiny model with a name.
#[derive(Clone, Debug)]
pub struct Case {
    /// The architecture, and what is special.
    pub name: &'static str,
    /// The file in the making.
    pub file: GgufWriter,
}

/// More than a page of keys and values, and more than the tiny models' windows.
const TOKENS: usize = 96;

const F32_4: F32Bits = F32Bits(0x4080_0000);

/// What Llama 3.1 divides the frequencies of 16 pairs by, where the base is 100,000, the factor 8, the low and the high
/// factor 1 and 4, and the old context 64 positions.
const LLAMA_3_FACTORS: [u32; 16] = [
    0x3f80_0000,
    0x3f80_0000,
    0x3fed_fcda,
    0x40b5_662b,
    0x4100_0000,
    0x4100_0000,
    0x4100_0000,
    0x4100_0000,
    0x4100_0000,
    0x4100_0000,
    0x4100_0000,
    0x4100_0000,
    0x4100_0000,
    0x4100_0000,
    0x4100_0000,
    0x4100_0000,
];

/// Every case, in an order that only grows.
pub fn cases() -> Vec<Case> {
    let plain = |name, family| Case { name, file: TinyModel::of(family, 31).writer() };
    let llama = || TinyModel::of(Family::Llama, 32).writer();
    vec![
        plain("llama", Family::Llama),
        Case { name: "llama-3.1", file: factors(llama(), "rope_freqs.weight", &LLAMA_3_FACTORS) },
        Case { name: "llama-linear", file: linear(llama(), "llama") },
        Case {
            name: "llama-window",
            file: TinyModel { window: 24, ..TinyModel::of(Family::Llama, 33) }.writer(),
        },
        plain("qwen2", Family::Qwen2),
    ]
}

/// What every case is asked about.
pub fn tokens() -> Vec<u32> {
    let mut random = Random(5);
    let vocabulary = u64::from(TinyModel::new(0).vocabulary);
    let token = |_| u32::try_from(random.below(vocabulary)).expect("below a u32");
    (0..TOKENS).map(token).collect()
}

fn factors(file: GgufWriter, name: &str, bits: &[u32]) -> GgufWriter {
    let data = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    file.tensor(name, &[bits.len() as u64], TensorType::F32, data)
}

fn linear(file: GgufWriter, family: &str) -> GgufWriter {
    let file = file.metadata(&format!("{family}.rope.scaling.type"), WriteValue::from("linear"));
    file.metadata(&format!("{family}.rope.scaling.factor"), F32_4)
}
