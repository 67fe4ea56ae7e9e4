//! Writes the first corpus of the `gguf` target: tiny whole models, and a file with every kind of value.

use import::dyadic::{F32Bits, F64Bits};
use import::gguf::TensorType;
use import::gguf::tiny::{Family, TinyModel};
use import::gguf::value::ValueType;
use import::gguf::write::{GgufWriter, WriteValue};
use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/gguf");
    std::fs::create_dir_all(&folder)?;
    for (index, bytes) in models().into_iter().chain([values(), tensors()]).enumerate() {
        std::fs::write(folder.join(format!("seed-{index}")), bytes)?;
    }
    Ok(())
}

fn models() -> Vec<Vec<u8>> {
    let kinds = [TensorType::Q4_0, TensorType::Q4_1, TensorType::F16];
    let model = |(seed, matrices): (u64, TensorType)| TinyModel {
        family: if seed == 0 { Family::Qwen2 } else { Family::Llama },
        matrices,
        layers: 1,
        width: 32,
        heads: 1,
        kv_heads: 1,
        feed_forward: 32,
        ..TinyModel::new(seed)
    };
    (0..).zip(kinds).map(|entry| model(entry).write()).collect()
}

/// Small files help a fuzzer most.
fn values() -> Vec<u8> {
    let list = WriteValue::Array(ValueType::U8, vec![WriteValue::U8(1); 5]);
    GgufWriter::new()
        .version(2)
        .metadata("general.alignment", 64u32)
        .metadata("a", WriteValue::I8(-1))
        .metadata("b", WriteValue::I16(-1))
        .metadata("c", WriteValue::U64(1))
        .metadata("d", F32Bits(0x3f80_0000))
        .metadata("e", WriteValue::F64(F64Bits(1)))
        .metadata("f", true)
        .metadata("g", WriteValue::Array(ValueType::Array, vec![list.clone(), list]))
        .metadata("tokenizer.ggml.model", "llama")
        .metadata("tokenizer.ggml.tokens", WriteValue::strings(["a", "b", "ab"]))
        .metadata("tokenizer.ggml.scores", WriteValue::f32s([F32Bits(0); 3]))
        .metadata("tokenizer.ggml.token_type", WriteValue::i32s([1, 2, 3]))
        .metadata("tokenizer.ggml.merges", WriteValue::strings(["a b"]))
        .metadata("tokenizer.ggml.eos_token_id", 2u32)
        .finish()
}

fn tensors() -> Vec<u8> {
    TensorType::ALL
        .iter()
        .fold(GgufWriter::new(), |writer, kind| {
            let data = (0..kind.block_bytes()).map(|_| 0).collect();
            writer.tensor(kind.name(), &[kind.block_numbers(), 1], *kind, data)
        })
        .finish()
}
