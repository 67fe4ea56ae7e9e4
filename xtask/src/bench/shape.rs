//! Model files of a real model's shape with weights by seed: they say nothing, and take as long as the real one's.
//!
//! For machines that have no such file. Made when missing, kept under `target/`, never published.

use std::path::Path;

use import::gguf::TensorType;
use import::gguf::tiny::TinyModel;

use crate::Outcome;

const SEED: u64 = 1;

/// A file of the shape of Llama 3.2 with a billion parameters, its matrices of one type; the embedding is 8 bits wide
/// whatever they are, as in SmolLM2's own file.
pub(super) fn one_billion(matrices: TensorType, made: &Path) -> Outcome<()> {
    let model = TinyModel {
        layers: 16,
        width: 2048,
        heads: 32,
        kv_heads: 8,
        feed_forward: 8192,
        context: 4096,
        vocabulary: 128_256,
        matrices,
        ..TinyModel::new(SEED)
    };
    std::fs::write(made, model.write()).map_err(|error| format!("{}: {error}", made.display()))
}
