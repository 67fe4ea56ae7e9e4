//! Writes the first corpus of every target, a few small files each: real shapes, so that a fuzzer starts behind the
//! first checks. See `fuzz/README.md`.

use import::dyadic::{F32Bits, F64Bits};
use import::gguf::TensorType;
use import::gguf::tiny::{Family, TinyModel};
use import::gguf::value::ValueType;
use import::gguf::write::{GgufWriter, WriteValue};
use program::Checked;
use program::tiny::Shape;
use std::path::Path;

/// Model references, then pages of an index; the first byte says which.
const PAGES: [&str; 6] = [
    "\0smollm2:135m-q8_0",
    "\0hf:owner/name/file.gguf@main",
    "\0https://models.example/file.gguf",
    "\u{1}{\"files\":[{\"filename\":\"x-1.whl\",\"url\":\"x-1.whl\",\"hashes\":{\"sha256\":\"00\"},\"size\":9}]}",
    "\u{2}<a href=\"../x-1.whl#sha256=00\">x-1.whl</a>",
    "\u{2}<!DOCTYPE html><base href=\"https://files.example/\"><a href=a.whl data-yanked>a.whl</a>",
];

/// Templates, a NUL, and a user's message.
const TEMPLATES: [&str; 4] = [
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\0hello",
    "{{ bos_token }}{% if add_generation_prompt %}{{ messages[0]['content'] | trim }}{% endif %}\0<|im_end|>",
    "{%- macro say(x) -%}{{ x | upper }}{%- endmacro -%}{{ say(messages[-1].content) }}\0</s>",
    "{% for m in messages[::-1] if m.role == 'user' %}{{ loop.index }}{{ m | tojson }}{% endfor %}\0a",
];

/// A merge rule, a NUL, and a text.
const TEXTS: [&str; 4] = [
    "h e\0he said: hello",
    "\0  two  spaces\n\n",
    "Ġ t\0 to the end User:",
    "! !\0é\u{1f600}!! 123",
];

fn main() -> std::io::Result<()> {
    let encoded =
        |shape: Shape| Checked::new(shape.program()).expect("tiny programs are sound").encode();
    let programs = Shape::variants().into_iter().take(6).map(|(_, shape)| encoded(shape));
    let text = |list: &'static [&str]| list.iter().map(|text| text.as_bytes().to_vec());
    write("gguf", models().into_iter().chain([values(), tensors()]))?;
    write("program", programs)?;
    write("store_index", text(&PAGES))?;
    write("text_template", text(&TEMPLATES))?;
    write("text_tokenizer", text(&TEXTS))
}

fn write(target: &str, seeds: impl IntoIterator<Item = Vec<u8>>) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    for (index, bytes) in seeds.into_iter().enumerate() {
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
