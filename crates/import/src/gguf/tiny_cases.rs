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

const F32_TENTH: F32Bits = F32Bits(0x3dcc_cccd);
const F32_1: F32Bits = F32Bits(0x3f80_0000);
const F32_4: F32Bits = F32Bits(0x4080_0000);
const F32_8: F32Bits = F32Bits(0x4100_0000);
/// `sqrt(1 + ln(2) / ln(128))`: of a context of 256 positions that were 128.
const F32_LONGROPE: F32Bits = F32Bits(0x3f88_d677);

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

const SHORT_FACTORS: [u32; 16] = [
    0x3f80_0000,
    0x3f86_6666,
    0x3f8c_cccd,
    0x3f93_3333,
    0x3f99_999a,
    0x3fa0_0000,
    0x3fa6_6666,
    0x3fac_cccd,
    0x3fb3_3333,
    0x3fb9_999a,
    0x3fc0_0000,
    0x3fc6_6666,
    0x3fcc_cccd,
    0x3fd3_3333,
    0x3fd9_999a,
    0x3fe0_0000,
];

const LONG_FACTORS: [u32; 16] = [
    0x3f80_0000,
    0x3fc0_0000,
    0x4000_0000,
    0x4020_0000,
    0x4040_0000,
    0x4060_0000,
    0x4080_0000,
    0x4090_0000,
    0x40a0_0000,
    0x40b0_0000,
    0x40c0_0000,
    0x40d0_0000,
    0x40e0_0000,
    0x40f0_0000,
    0x4100_0000,
    0x4108_0000,
];

/// Every case, in an order that only grows. Rows of mixtures of experts that lie near a step go to another expert by any
/// rounding, and say nothing of the architecture: their seeds are some with few such rows.
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
        Case { name: "qwen2-yarn", file: yarn(Family::Qwen2) },
        plain("qwen3", Family::Qwen3),
        plain("phi3", Family::Phi3),
        Case { name: "phi3-longrope", file: longrope() },
        Case { name: "mistral3", file: mistral3() },
        plain("gemma2", Family::Gemma2),
        plain("gemma3", Family::Gemma3),
        Case {
            name: "gemma3-linear",
            file: linear(TinyModel::of(Family::Gemma3, 34).writer(), "gemma3"),
        },
        Case { name: "qwen3moe", file: TinyModel::of(Family::Qwen3Moe, 61).writer() },
        Case { name: "qwen3moe-all", file: over_all() },
        Case { name: "mixtral", file: mixtral(45).writer() },
        Case { name: "mixtral-q4_k", file: mixtral_q4_k().writer() },
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

/// Weights that are shares of the sum over all experts.
fn over_all() -> GgufWriter {
    let file = TinyModel { experts_used: 2, ..TinyModel::of(Family::Qwen3Moe, 50) }.writer();
    file.metadata("qwen3moe.expert_weights_norm", false)
}

/// Mixtral.
fn mixtral(seed: u64) -> TinyModel {
    TinyModel { experts: 4, experts_used: 2, ..TinyModel::of(Family::Llama, seed) }
}

/// The same in rows of whole super-blocks.
fn mixtral_q4_k() -> TinyModel {
    let (width, matrices) = (256, TensorType::Q4K);
    TinyModel { width, heads: 4, kv_heads: 2, feed_forward: width, matrices, ..mixtral(51) }
}

/// Betas that leave some pairs alone, divide some, and have some between.
fn yarn(family: Family) -> GgufWriter {
    let key = |name: &str| format!("{}.rope.scaling.{name}", family.name());
    let file = TinyModel::of(family, 35).writer();
    let file = file.metadata(&key("type"), WriteValue::from("yarn"));
    let file = file.metadata(&key("factor"), F32_4);
    let file = file.metadata(&key("original_context_length"), 128);
    file.metadata(&key("yarn_beta_fast"), F32_8).metadata(&key("yarn_beta_slow"), F32_1)
}

fn mistral3() -> GgufWriter {
    let file = yarn(Family::Mistral3).metadata("mistral3.attention.temperature_scale", F32_TENTH);
    file.metadata("mistral3.rope.scaling.yarn_log_multiplier", F32_1)
}

fn longrope() -> GgufWriter {
    let whole = TinyModel { rotary: None, window: 0, ..TinyModel::of(Family::Phi3, 36) };
    let file = whole.writer().metadata("phi3.rope.scaling.original_context_length", 128);
    let file = file.metadata("phi3.rope.scaling.attn_factor", F32_LONGROPE);
    // 1, 1.05, 1.1 and so on; 1, 1.5, 2 and so on.
    let file = factors(file, "rope_factors_short.weight", &SHORT_FACTORS);
    factors(file, "rope_factors_long.weight", &LONG_FACTORS)
}

fn linear(file: GgufWriter, family: &str) -> GgufWriter {
    let file = file.metadata(&format!("{family}.rope.scaling.type"), WriteValue::from("linear"));
    file.metadata(&format!("{family}.rope.scaling.factor"), F32_4)
}
