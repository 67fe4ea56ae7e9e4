//! The folder of a tiny model, for tests and tools: what transformers would have saved of the model that a tiny GGUF has.
//!
//! Never says another number than the GGUF file: rows of Llama's queries and keys go back to halves, Gemma's gains lose the
//! one that converters add, and every other byte is the same.

use super::names::{FUSED, GEMMA, Names, PLAIN};
use super::{CONFIG, GENERATION_CONFIG, INDEX, ONLY_FILE, TOKENIZER, TOKENIZER_CONFIG};
use crate::gguf::tiny::{Family, TinyModel};
use crate::gguf::{Gguf, TensorInfo, TensorType, VocabularyData};

/// What a file is called, and its bytes.
pub type File = (String, Vec<u8>);

/// The files of a model with matrices of plain numbers, its weights in so many files; `members` are added to its
/// configuration, or replace what is there.
///
/// # Panics
/// Of a model whose matrices are quantised.
#[must_use]
pub fn folder(model: &TinyModel, members: &[(&str, &str)], weights: usize) -> Vec<File> {
    let bytes = model.write();
    let gguf = Gguf::parse(&bytes, bytes.len() as u64).expect("a tiny model is a GGUF file");
    let tensors = gguf.tensors().iter().map(|info| tensor(model, info, &bytes));
    let mut files = safetensors(&tensors.collect::<Vec<_>>(), weights);
    files.extend([
        (CONFIG.to_owned(), config(model, members).into_bytes()),
        (GENERATION_CONFIG.to_owned(), br#"{"eos_token_id": [2, 0]}"#.to_vec()),
    ]);
    files.extend(tokenizer_files(&gguf));
    files
}

/// The tokenizer of a tiny GGUF file, as the files that a folder has of it.
///
/// # Panics
/// Of a file without a vocabulary.
#[must_use]
pub fn tokenizer_files(gguf: &Gguf<'_>) -> [File; 2] {
    let vocabulary = gguf.vocabulary().expect("a tiny model has a vocabulary");
    [
        (TOKENIZER.to_owned(), tokenizer(&vocabulary).into_bytes()),
        (TOKENIZER_CONFIG.to_owned(), tokenizer_config(&vocabulary).into_bytes()),
    ]
}

/// A tensor as a safetensors file has it.
struct Tensor {
    name: String,
    dtype: &'static str,
    shape: Vec<u64>,
    data: Vec<u8>,
}

fn tensor(model: &TinyModel, info: &TensorInfo<'_>, file: &[u8]) -> Tensor {
    let index = |number: u64| usize::try_from(number).expect("the file is in memory");
    let mut data = file[index(info.offset())..][..index(info.bytes())].to_vec();
    let gain = info.name().ends_with("norm.weight");
    if gain && matches!(model.family, Family::Gemma2 | Family::Gemma3) {
        let less = data.chunks_exact(4).flat_map(|four| less_one(four).to_le_bytes());
        data = less.collect();
    }
    let permuted = ["attn_q.weight", "attn_k.weight"];
    let llama = matches!(model.family, Family::Llama | Family::Mistral3);
    if llama && permuted.iter().any(|end| info.name().ends_with(end)) {
        let rows = index(info.shape().rows());
        data = halved(&data, rows, index((model.width / model.heads).into()));
    }
    let dtypes = [(TensorType::F32, "F32"), (TensorType::F16, "F16"), (TensorType::Bf16, "BF16")];
    let dtype = dtypes.into_iter().find(|(kind, _)| *kind == info.kind());
    let (_, dtype) = dtype.expect("a safetensors file has plain numbers");
    let shape = info.shape().sizes().iter().rev().copied().collect();
    Tensor { name: renamed(model.family, info.name()), dtype, shape, data }
}

/// Rows of heads, whose pairs stand side by side, in halves.
fn halved(data: &[u8], rows: usize, head: usize) -> Vec<u8> {
    let row = data.len() / rows;
    let mut out = Vec::with_capacity(data.len());
    for index in 0..rows {
        let (start, at) = (index / head * head, index % head);
        let from = start + at % (head / 2) * 2 + at / (head / 2);
        out.extend_from_slice(&data[from * row..][..row]);
    }
    out
}

/// The bits of `g - 1`, for a binary32 g in 1/2 .. 2.
fn less_one(four: &[u8]) -> u32 {
    let bits = u32::from_le_bytes([four[0], four[1], four[2], four[3]]);
    let exponent = bits >> 23;
    assert!((126..128).contains(&exponent), "a tiny model's gains lie in 1/2..2");
    let units = (bits & 0x7f_ffff | 0x80_0000) << (exponent - 126);
    let (sign, magnitude) =
        if units < 1 << 24 { (1 << 31, (1 << 24) - units) } else { (0, units - (1 << 24)) };
    let Some(log2) = magnitude.checked_ilog2() else { return sign };
    sign | (log2 + 127 - 24) << 23 | (magnitude - (1 << log2)) << (23 - log2)
}

fn renamed(family: Family, name: &str) -> String {
    let names: Names = match family {
        Family::Gemma2 | Family::Gemma3 => GEMMA,
        Family::Phi3 => FUSED,
        // Of experts no name is known here: no folder of them is made.
        Family::Qwen3Moe => PLAIN,
        Family::Llama | Family::Qwen2 | Family::Qwen3 | Family::Mistral3 => PLAIN,
    };
    match name {
        "token_embd.weight" => return "model.embed_tokens.weight".to_owned(),
        "output_norm.weight" => return "model.norm.weight".to_owned(),
        "output.weight" => return "lm_head.weight".to_owned(),
        _ => {}
    }
    let (layer, part) = name["blk.".len()..].split_once('.').expect("a layer's tensor");
    let (part, kind) = part.rsplit_once('.').expect("a kind");
    let (_, part) = names.iter().find(|(known, _)| *known == part).expect("a known part");
    format!("model.layers.{layer}.{part}.{kind}")
}

/// The tensors in so many files, with an index where there are several.
fn safetensors(tensors: &[Tensor], weights: usize) -> Vec<File> {
    let name = |number: usize| match weights {
        1 => ONLY_FILE.to_owned(),
        _ => format!("model-{:05}-of-{weights:05}.safetensors", number + 1),
    };
    let (mut files, mut map) = (Vec::new(), Vec::new());
    for (number, part) in tensors.chunks(tensors.len().div_ceil(weights)).enumerate() {
        let (mut header, mut data) = (vec![r#""__metadata__":{"format":"pt"}"#.to_owned()], vec![]);
        for Tensor { name: tensor, dtype, shape, data: bytes } in part {
            let (begin, end) = (data.len(), data.len() + bytes.len());
            header.push(format!(
                r#""{tensor}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{begin},{end}]}}"#
            ));
            data.extend_from_slice(bytes);
            map.push(format!(r#""{tensor}":"{}""#, name(number)));
        }
        files.push((name(number), written(&format!("{{{}}}", header.join(",")), &data)));
    }
    if weights > 1 {
        let index = format!(r#"{{"metadata":{{}},"weight_map":{{{}}}}}"#, map.join(","));
        files.push((INDEX.to_owned(), index.into_bytes()));
    }
    files
}

/// The bytes of a safetensors file with this header.
#[must_use]
pub fn written(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

fn config(model: &TinyModel, members: &[(&str, &str)]) -> String {
    let (name, class) = match model.family {
        Family::Llama => ("llama", "Llama"),
        Family::Qwen2 => ("qwen2", "Qwen2"),
        Family::Qwen3 => ("qwen3", "Qwen3"),
        Family::Qwen3Moe => ("qwen3_moe", "Qwen3Moe"),
        Family::Phi3 => ("phi3", "Phi3"),
        Family::Gemma2 => ("gemma2", "Gemma2"),
        Family::Gemma3 => ("gemma3_text", "Gemma3"),
        Family::Mistral3 => ("mistral", "Mistral"),
    };
    let gemma = matches!(model.family, Family::Gemma2 | Family::Gemma3);
    let head = model.head_width.unwrap_or(model.width / model.heads);
    let mut all = vec![
        ("model_type", format!("{name:?}")),
        ("architectures", format!("[\"{class}ForCausalLM\"]")),
        ("hidden_size", model.width.to_string()),
        ("intermediate_size", model.feed_forward.to_string()),
        ("num_hidden_layers", model.layers.to_string()),
        ("num_attention_heads", model.heads.to_string()),
        ("num_key_value_heads", model.kv_heads.to_string()),
        ("head_dim", head.to_string()),
        ("max_position_embeddings", model.context.to_string()),
        ("vocab_size", model.vocabulary.to_string()),
        ("rms_norm_eps", "1e-05".to_owned()),
        ("rope_theta", "100000.0".to_owned()),
        ("tie_word_embeddings", model.tied.to_string()),
        ("bos_token_id", "1".to_owned()),
        ("eos_token_id", "2".to_owned()),
        ("torch_dtype", "\"float32\"".to_owned()),
    ];
    let window = if model.window > 0 { model.window.to_string() } else { "null".to_owned() };
    all.extend(match model.family {
        Family::Llama => vec![("hidden_act", "\"silu\"".to_owned())],
        Family::Qwen2 | Family::Qwen3 | Family::Qwen3Moe => {
            vec![("hidden_act", "\"silu\"".to_owned()), ("use_sliding_window", "false".to_owned())]
        }
        Family::Phi3 => {
            // Of a head of 32: three quarters.
            let part = if model.rotary.is_some() { "0.75" } else { "1.0" };
            vec![
                ("hidden_act", "\"silu\"".to_owned()),
                ("partial_rotary_factor", part.to_owned()),
                ("sliding_window", window),
            ]
        }
        Family::Mistral3 => {
            vec![("hidden_act", "\"silu\"".to_owned()), ("sliding_window", window)]
        }
        Family::Gemma2 | Family::Gemma3 => vec![
            ("hidden_activation", "\"gelu_pytorch_tanh\"".to_owned()),
            ("sliding_window", window),
            ("query_pre_attn_scalar", head.to_string()),
            ("final_logit_softcapping", "1.0".to_owned()),
        ],
    });
    if gemma {
        let cap = if model.family == Family::Gemma2 { "1.0" } else { "null" };
        all.push(("attn_logit_softcapping", cap.to_owned()));
    }
    all.retain(|(name, _)| members.iter().all(|(other, _)| other != name));
    all.extend(members.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let text: Vec<String> = all.iter().map(|(name, value)| format!("{name:?}: {value}")).collect();
    format!("{{{}}}", text.join(", "))
}

/// What of a vocabulary a `tokenizer.json` says.
fn tokenizer(data: &VocabularyData) -> String {
    let pairs: Vec<String> =
        data.tokens.iter().enumerate().map(|(id, text)| format!("{}:{id}", quoted(text))).collect();
    let merges: Vec<String> = data.merges.iter().map(|merge| quoted(merge)).collect();
    let added: Vec<String> = (0..3)
        .map(|id: usize| {
            let text = quoted(&data.tokens[id]);
            format!(r#"{{"id":{id},"content":{text},"special":true}}"#)
        })
        .collect();
    format!(
        r#"{{"version":"1.0","added_tokens":[{}],"normalizer":null,"pre_tokenizer":{{"type":"Sequence","pretokenizers":[{{"type":"Digits","individual_digits":true}},{{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}}]}},"post_processor":null,"decoder":{{"type":"ByteLevel"}},"model":{{"type":"BPE","dropout":null,"unk_token":null,"byte_fallback":false,"ignore_merges":false,"vocab":{{{}}},"merges":[{}]}}}}"#,
        added.join(","),
        pairs.join(","),
        merges.join(",")
    )
}

fn tokenizer_config(data: &VocabularyData) -> String {
    let template = data.chat_template.as_deref().map_or("null".to_owned(), quoted);
    format!(
        r#"{{"bos_token":"<|im_start|>","eos_token":"<|im_end|>","unk_token":"<|endoftext|>","pad_token":"<|im_end|>","chat_template":{template}}}"#
    )
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
