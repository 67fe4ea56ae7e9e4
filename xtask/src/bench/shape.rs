//! Model files of a real model's shape with weights by seed: they say nothing, and take as long as the real one's.
//!
//! For machines that have no such file. Made when missing, kept under `target/`, never published.

use std::path::Path;

use import::gguf::TensorType;
use import::gguf::tiny::TinyModel;

use super::peer::Format;
use crate::Outcome;

const SEED: u64 = 1;

/// A file of the shape of Llama 3.2 with a billion parameters; the embedding is 8 bits wide in every format, as in
/// SmolLM2's own file.
pub(super) fn one_billion(format: Format, made: &Path) -> Outcome<()> {
    let model = TinyModel {
        layers: 16,
        width: 2048,
        heads: 32,
        kv_heads: 8,
        feed_forward: 8192,
        context: 4096,
        vocabulary: 128_256,
        matrices: match format {
            Format::Q8_0 => TensorType::Q8_0,
            Format::Q4_1 => TensorType::Q4_1,
            Format::Q4_0 => TensorType::Q4_0,
        },
        ..TinyModel::new(SEED)
    };
    std::fs::write(made, model.write()).map_err(|error| format!("{}: {error}", made.display()))
}
