//! Writes the first corpus of every target, a few small files each: real shapes, so that a fuzzer starts behind the
//! first checks. See `fuzz/README.md`.

use import::dyadic::{F32Bits, F64Bits};
use import::gguf::TensorType;
use import::gguf::tiny::{Family, TinyModel};
use import::gguf::tiny_pieces::{LEAST_PIECES, PieceFamily, with_pieces};
use import::gguf::value::ValueType;
use import::gguf::write::{GgufWriter, WriteValue};
use import::huggingface::tiny::folder;
use import::huggingface::{CONFIG, INDEX, ONLY_FILE, TOKENIZER};
use package::{About, Defaults, File, Part, PartKind, Quality, Shards, Tokenizer, TokenizerKind};
use program::Checked;
use program::tiny::Shape;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

mod files;
mod packages;
mod receipts;

/// Model references, then pages of an index; the first byte says which.
const PAGES: [&str; 6] = [
    "\0smollm2:135m-q8_0",
    "\0hf:owner/name/file.gguf@main",
    "\0https://models.example/file.gguf",
    "\u{1}{\"files\":[{\"filename\":\"x-1.whl\",\"url\":\"x-1.whl\",\"hashes\":{\"sha256\":\"00\"},\"size\":9}]}",
    "\u{2}<a href=\"../x-1.whl#sha256=00\">x-1.whl</a>",
    "\u{2}<!DOCTYPE html><base href=\"https://files.example/\"><a href=a.whl data-yanked>a.whl</a>",
];

/// Grammars; the first byte says the kind.
const GRAMMARS: [&str; 4] = [
    "\u{1}{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"required\":[\"a\"]}\0{\"a",
    "\u{2}start: \"a\" b+ | C\nb: /[0-9]{2}/\nC: %json {\"type\":\"integer\",\"multipleOf\":5}\n\0a12",
    "\u{3}(a|b)*c{2,5}[^x]\0abcc",
    "\u{0}\0<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>",
];

/// Templates, a NUL, and a user's message.
const TEMPLATES: [&str; 4] = [
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\0hello",
    "{{ bos_token }}{% if add_generation_prompt %}{{ messages[0]['content'] | trim }}{% endif %}\0<|im_end|>",
    "{%- macro say(x) -%}{{ x | upper }}{%- endmacro -%}{{ say(messages[-1].content) }}\0</s>",
    "{% for m in messages[::-1] if m.role == 'user' %}{{ loop.index }}{{ m | tojson }}{% endfor %}\0a",
];

/// A merge rule, or tokens, a NUL, and a text.
const TEXTS: [&str; 6] = [
    "\u{2581}h\u{1}e\u{1}he\u{1}\u{2581}\u{1}\u{2581}he\u{1}l\u{1}ll\u{1}hell\u{1}  \0he  hello\u{2581}<0x41>",
    "\u{2581}a\u{1}aa\u{1}aaa\u{1}é日\0aaaaaaa é日\u{1f600}",
    "h e\0he said: hello",
    "\0  two  spaces\n\n",
    "Ġ t\0 to the end User:",
    "! !\0é\u{1f600}!! 123",
];

/// Messages of a job.
const MESSAGES: [&str; 5] = [
    r#"{"text":"hello"}"#,
    r#"{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"a":1}]}]}"#,
    r#"{"messages":[{"role":"tool","content":"x","tool_call_id":"1","name":"n"}],"tools":[{"b":[1,2.5]}]}"#,
    r#"{"messages":[],"variables":{"strftime_now":"2026-11-20T22:04:05","add_generation_prompt":false,"x":"\u0041"}}"#,
    r#"{"text":"a","text":"b"}"#,
];

/// A file of an index of sizes, ranges, and changes: `dispute_slice` says what they mean.
const SLICES: [&[u8]; 4] = [
    &[1, 0, 32, 0, 0, 1, 0],
    &[2, 255, 255, 255, 3, 1, 4, 0, 32, 1, 32],
    &[1, 0, 160, 0, 4, 0, 8, 0, 1, 0, 9, 1, 0, 0, 1],
    &[3, 4, 64, 0, 0, 1, 16, 5, 0, 6, 0, 0, 4, 0, 12, 3, 1, 0, 7, 5, 0, 0, 1],
];

fn main() -> std::io::Result<()> {
    let encoded =
        |shape: Shape| Checked::new(shape.program()).expect("tiny programs are sound").encode();
    // Formats, and the ops that joined after the freeze.
    let joined = ["scale", "gelu", "attention cap", "less one", "experts", "experts over all"];
    let chosen = |(at, (name, _)): &(usize, (&str, Shape))| *at < 6 || joined.contains(name);
    let programs = Shape::variants().into_iter().enumerate().filter(chosen);
    let programs = programs.map(|(_, (_, shape))| encoded(shape));
    let text = |list: &'static [&str]| list.iter().map(|text| text.as_bytes().to_vec());
    let slices = SLICES.map(<[u8]>::to_vec);
    ledger()?;
    write("dispute_filing", filings()?)?;
    write("dispute_message", moves().chain(vectors("dispute_move", "expected", &[], |_| true)?))?;
    write("dispute_slice", slices)?;
    write("dispute_state", states())?;
    write("folder", folders())?;
    write("gguf", models().into_iter().chain([values(), tensors()]))?;
    write("light_file", receipts::light())?;
    write("light_network", networks()?)?;
    write("llm_messages", text(&MESSAGES))?;
    write("llm_publication", models())?;
    write("package_manifest", packages())?;
    write("package_parts", parts())?;
    write("program", programs)?;
    receipts()?;
    write("receipt_file", receipts::all())?;
    write("store_files", files::all())?;
    write("store_index", text(&PAGES))?;
    write("text_grammar", text(&GRAMMARS))?;
    write("text_template", text(&TEMPLATES))?;
    write("text_tokenizer", text(&TEXTS))
}

/// Of networks that seats and a group certify: starts, links, and bundles; the first byte says which.
fn networks() -> std::io::Result<Vec<Vec<u8>>> {
    let of_seats = ["genesis.bin", "network_bundle.json", "network_reports.json"];
    let of_group = ["group_genesis.bin", "group_bundle.json", "group_reports.json"];
    Ok([network(0, of_seats)?, network(3, of_group)?].concat())
}

fn network(first: u8, names: [&str; 3]) -> std::io::Result<Vec<Vec<u8>>> {
    let [genesis, bundle, reports] = names.map(testdata);
    let (genesis, bundle) = (genesis?, String::from_utf8(bundle?).map_err(std::io::Error::other)?);
    let network = chain::Genesis::decode(&genesis).map_err(std::io::Error::other)?.network();
    let reports: Value = serde_json::from_slice(&reports?)?;
    let mut made = Vec::new();
    for case in reports["cases"].as_array().into_iter().flatten() {
        let part = |at: usize| case["replace"][at].as_str().unwrap_or_default();
        let text = bundle.replacen(part(0), part(1), 1);
        if let Ok(bundle) = receipt::NetworkBundle::parse(text.as_bytes(), network) {
            made.push(linked(first + 1, &bundle.place().links)?);
        }
        made.push([&[first + 2], text.as_bytes()].concat());
        let start = case["next"].as_str().map(|start| [&[first], &*unhex(start)].concat());
        made.extend(start);
    }
    made.sort();
    made.dedup();
    Ok(made)
}

/// Links with a length u16 before each.
fn linked(first: u8, links: &[Vec<u8>]) -> std::io::Result<Vec<u8>> {
    let mut made = vec![first];
    for link in links {
        let length = u16::try_from(link.len()).map_err(std::io::Error::other)?;
        made.extend([&length.to_le_bytes()[..], link].concat());
    }
    Ok(made)
}

fn testdata(name: &str) -> std::io::Result<Vec<u8>> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings/testdata").join(name))
}

/// Folders of safetensors: configuration, tokenizer, index and weights, with the byte 255 between them.
fn folders() -> Vec<Vec<u8>> {
    let (matrices, embedding) = (TensorType::Bf16, TensorType::F16);
    let scaling = r#"{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":64}"#;
    let families = [
        (Family::Llama, ("rope_scaling", scaling)),
        (Family::Qwen2, ("rope_scaling", r#"{"type":"yarn","factor":4.0}"#)),
        (Family::Phi3, ("sliding_window", "24")),
        (Family::Gemma3, ("layer_types", "null")),
    ];
    let folder = |(family, member)| {
        let model = TinyModel { matrices, embedding, layers: 1, ..TinyModel::of(family, 3) };
        let files = folder(&model, &[member], 1);
        let find =
            |name: &str| files.iter().find(|(known, _)| known == name).map(|(_, bytes)| &**bytes);
        let names = [CONFIG, TOKENIZER, INDEX, ONLY_FILE];
        names.map(|name| find(name).unwrap_or_default()).join(&0xff)
    };
    families.into_iter().map(folder).collect()
}

/// The seeds of `dispute_message`.
const DISPUTES: [u64; 5] = [0, 3, 7, 16, 18];

/// The moves of disputes that go to a tile of every op of their last block.
fn moves() -> impl Iterator<Item = Vec<u8>> {
    let states = |seed| dispute::sides::states(seed).expect("an honest dispute");
    DISPUTES.into_iter().flat_map(states).map(|(_, bytes)| bytes)
}

/// The states before these moves, each with its move: `dispute_state` says in what form.
fn states() -> impl Iterator<Item = Vec<u8>> {
    let states = |(which, seed): (u8, u64)| {
        let states = dispute::sides::states(seed).expect("an honest dispute");
        states.into_iter().map(move |(dispute, made)| {
            let state = dispute.encode();
            let length = u16::try_from(state.len()).expect("a state is shorter than 2^16 bytes");
            [&[which], &length.to_le_bytes()[..], &state, &made].concat()
        })
    };
    (0..).zip(DISPUTES).flat_map(states)
}

/// Filings as they are, and openings that filings are made of; the first byte says which.
fn filings() -> std::io::Result<Vec<Vec<u8>>> {
    let opened = |inputs: &Value| inputs["format"] == "opening";
    let mut filings = vectors("dispute_filing", "inputs", &[0], |_| true)?;
    filings.extend(vectors("receipt_bytes", "inputs", &[1], opened)?);
    filings.push([&[1], &*receipts::opening().encode()].concat());
    Ok(filings)
}

/// The bytes that vectors hold, sound ones and refused ones, each for the target that reads its format.
fn receipts() -> std::io::Result<()> {
    let of = |format: &'static str, first: &[u8]| {
        vectors("receipt_bytes", "inputs", first, |inputs| inputs["format"] == format)
    };
    write("receipt_statement", of("receipt", &[])?)?;
    write("receipt_opening", of("opening", &[])?)?;
    let formats = ["signed head", "partial opening", "job leaf", "equivocation"];
    let mut proofs = files::log_proofs();
    for (at, format) in (0..).zip(formats) {
        proofs.extend(of(format, &[at])?);
    }
    write("receipt_proofs", proofs)
}

/// Formats of the ledger by their vectors; bodies by the transactions of its blocks.
fn ledger() -> std::io::Result<()> {
    let written = |member, format: &'static str, first: &[u8]| {
        vectors("ledger_bytes", member, first, move |inputs| inputs["format"] == format)
    };
    let both = |format, first: &[u8]| -> std::io::Result<Vec<Vec<u8>>> {
        Ok([written("expected", format, first)?, written("inputs", format, first)?].concat())
    };
    write("chain_transaction", both("transaction", &[])?)?;
    let blocks = [both("block", &[0])?, both("header", &[1])?, both("genesis", &[2])?];
    write("chain_block", blocks.into_iter().flatten().chain(both("block", &[3])?))?;
    write("chain_certificate", certificates()?)?;
    write("chain_proof", proofs()?)?;
    write("chain_records", records()?)?;
    write("ledger_body", bodies()?)
}

/// Certificates of four seats, three of which signed, and of the group that `chain_certificate` has.
fn certificates() -> std::io::Result<Vec<Vec<u8>>> {
    let cases = cases("ledger_bytes")?;
    let given = cases.iter().filter_map(|case| case["inputs"]["certificate"].as_str());
    let listed = given.map(|hex| [vec![4 + 8 * 3], unhex(hex)].concat());
    let genesis = chain::Genesis::decode(&testdata("group_genesis.bin")?);
    let network = genesis.map_err(std::io::Error::other)?.network();
    let bundle = receipt::NetworkBundle::parse(&testdata("group_bundle.json")?, network);
    let links = bundle.map_err(std::io::Error::other)?.place().links.clone();
    let own = links.iter().filter_map(|link| light::Link::decode(link).ok());
    let own = own.map(|link| [&[0], &*link.certificate.encode()].concat());
    Ok(listed.chain(own).collect())
}

/// Proofs of the state that `chain_proof` has.
fn proofs() -> std::io::Result<Vec<Vec<u8>>> {
    let cases = cases("ledger_state")?;
    let given = cases.iter().filter_map(|case| case["inputs"]["proof"].as_str());
    let others = given.map(|hex| [vec![2, 4], unhex(hex)].concat());
    let network = commit::Network([7; 32]);
    let entry = |key: u8| {
        let entry = chain::state::Entry { key: [key].into(), value: [key].into() };
        (chain::state::Place::of(network, &[key]), Some(std::sync::Arc::new(entry)))
    };
    let changes = (0..=255).step_by(2).map(entry).collect();
    let state = chain::state::State::empty(network).updated(&changes);
    let own = |key: u8| {
        let claimed = if key.is_multiple_of(2) { key.wrapping_mul(2) } else { 1 };
        [vec![key, claimed], state.prove(&state.place(&[key])).encode()].concat()
    };
    Ok(others.chain((0..20).map(own)).collect())
}

/// Records behind their keys.
fn records() -> std::io::Result<Vec<Vec<u8>>> {
    let cases = cases("ledger_bytes")?;
    let entry = |case: &Value| {
        let (key, record) = (case["inputs"]["key"].as_str()?, case["inputs"]["bytes"].as_str()?);
        let key = unhex(key);
        Some([vec![u8::try_from(key.len()).ok()?], key, unhex(record)].concat())
    };
    Ok(cases.iter().filter_map(entry).collect())
}

/// Vectors of chains.
const CHAINS: [&str; 6] = [
    "ledger_blocks",
    "ledger_proposals",
    "ledger_disputes",
    "ledger_missing",
    "ledger_answers",
    "ledger_audits",
];
/// Bodies of one kind: the vectors have thousands.
const BODIES_MAX: usize = 24;

/// Of the transactions of all blocks, some of every kind that there is.
fn bodies() -> std::io::Result<Vec<Vec<u8>>> {
    let mut bodies: BTreeMap<u8, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for file in CHAINS {
        let cases = cases(file)?;
        let blocks = cases.iter().filter_map(|case| case["inputs"]["blocks"].as_array()).flatten();
        let all = blocks.filter_map(|block| block["transactions"].as_array()).flatten();
        for made in all.filter_map(Value::as_str) {
            let Ok(made) = chain::Transaction::decode(&unhex(made)) else { continue };
            let Ok(kind) = u8::try_from(made.kind.0) else { continue };
            let known = bodies.entry(kind).or_default();
            if known.len() < BODIES_MAX {
                known.insert([&[kind], &*made.body].concat());
            }
        }
    }
    let there_is = |kind: &u8| {
        let read = ledger::tx::Action::decode(chain::KindNumber((*kind).into()), &[]);
        !matches!(read, Err(ledger::Rejection::Kind))
    };
    let lacking: Vec<u8> =
        (0..=u8::MAX).filter(there_is).filter(|kind| !bodies.contains_key(kind)).collect();
    match lacking.is_empty() {
        true => Ok(bodies.into_values().flatten().collect()),
        false => Err(std::io::Error::other(format!("no body of the kinds {lacking:?}"))),
    }
}

fn cases(file: &str) -> std::io::Result<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../spec/vectors/{file}.json"));
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    Ok(vectors["cases"].as_array().cloned().unwrap_or_default())
}

fn unhex(hex: &str) -> Vec<u8> {
    let byte =
        |hex: &[u8]| std::str::from_utf8(hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
    hex.as_bytes().chunks_exact(2).filter_map(byte).collect()
}

/// The bytes in `member` of a file's cases, after these first ones, where the case's inputs are wanted.
fn vectors(
    file: &str,
    member: &str,
    first: &[u8],
    wanted: impl Fn(&Value) -> bool,
) -> std::io::Result<Vec<Vec<u8>>> {
    let cases = cases(file)?;
    let cases = cases.iter().filter(|case| wanted(&case["inputs"]));
    let hex = cases.filter_map(|case| case[member]["bytes"].as_str());
    Ok(hex.map(|hex| [first, &*unhex(hex)].concat()).collect())
}

/// Each part of a sound package, as it is; the first byte says which.
fn parts() -> Vec<Vec<u8>> {
    let package = packages::sound();
    let part = |(at, kind)| [&[at], &*package.parts()[&kind]].concat();
    (0..).zip(PartKind::ALL).map(part).collect()
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
    let pieces = (0..).zip(PieceFamily::ALL).map(|(seed, family)| {
        let model = TinyModel { vocabulary: LEAST_PIECES, ..model((seed, TensorType::Q4_0)) };
        with_pieces(&model, family).finish()
    });
    let experts = |family| {
        let dense = model((1, TensorType::Q8_0));
        TinyModel { family, experts: 3, experts_used: 2, ..dense }.write()
    };
    let experts = [Family::Llama, Family::Qwen3Moe].map(experts);
    (0..).zip(kinds).map(|entry| model(entry).write()).chain(pieces).chain(experts).collect()
}

/// The first byte says which part it is; 0 is a manifest.
fn packages() -> Vec<Vec<u8>> {
    let part = Part::of(b"part");
    let parts = PartKind::ALL.map(|_| part);
    let mut shards = Shards::new();
    shards.update(b"file");
    let file = File { name: "model.gguf".into(), hashes: shards.finish() };
    let about = About { name: "tiny".into(), licence: "MIT".into(), ..About::default() };
    let manifest = package::Manifest::new(about, parts, vec![file]).expect("it is sound");
    let token = |text: &str| package::Token { kind: package::TokenType::Normal, text: text.into() };
    let tokenizer = Tokenizer {
        kind: TokenizerKind::ByteLevel { pre_tokenizer: "smollm".into(), merges: vec![(0, 1)] },
        add_beginning: false,
        add_end: true,
        special: package::SpecialTokens { end: Some(1), ..Default::default() },
        stop_tokens: vec![1],
        tokens: vec![token("a"), token("b"), token("ab")],
    };
    let pieces = Tokenizer {
        kind: TokenizerKind::SentencePiece {
            add_space: true,
            ranks: vec![1, 0, 1],
            stripping_tokens: Vec::new(),
        },
        ..tokenizer.clone()
    };
    let bytes = [(false, &b"a"[..]), (true, b"</s>")];
    let table = package::TokenBytes::new(bytes).expect("it is short");
    let quality = Quality {
        kl_micro: 1,
        float_perplexity_milli: 12_000,
        perplexity_milli: 12_001,
        same_top_micro: 990_000,
        tokens: 4_096,
        text: [7; 32],
        text_name: "a text".into(),
    };
    let bodies = [
        manifest.encode(),
        tokenizer.encode().expect("it is sound"),
        table.encode(),
        Defaults::default().encode(),
        quality.encode().expect("it is sound"),
    ];
    let bodies = (0..).zip(bodies).chain([(1, pieces.encode().expect("it is sound"))]);
    bodies.map(|(kind, body)| [vec![kind], body].concat()).collect()
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
