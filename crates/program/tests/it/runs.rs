//! `spec/vectors/program_run.json` and `program_tiles.json`, and those of ops that joined: whole answers, which an oracle gave that shares no code with
//! this crate: tokens, logits, faults, the root over all boundaries; and what tiles make.

use canon::sample::{Micro, Parameters, Settings, seed};
use commit::{Blind, Digest, Edge, Network, Salts};
use program::record::Record;
use program::reference::{Cell, Weights};
use program::tile::{Choice, leaves};
use program::tiny::Shape;
use program::trace::{Committer, LeafAt, LeafKind, TraceNodes, boundary_hash};
use program::{Checked, Op, OpIndex, Place, Type};
use serde_json::Value as Json;
use std::collections::BTreeMap;

use crate::byte_vectors::bytes;

fn digest(hex: &Json) -> Digest {
    bytes(hex).try_into().unwrap()
}

fn list(json: &Json) -> &[Json] {
    json.as_array().unwrap()
}

fn number<T: TryFrom<i64, Error: std::fmt::Debug>>(json: &Json) -> T {
    json.as_i64().unwrap().try_into().unwrap()
}

fn numbers(json: &Json) -> Vec<u32> {
    list(json).iter().map(number).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of weight rows (`spec/vectors/README.md`).
fn weights(spec: &Json) -> Vec<u8> {
    let mut state: u64 = spec["seed"].as_str().unwrap().parse().unwrap();
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    // Floats of a block, words of quants, bits of a float's mantissa, bytes of a float.
    let (floats, words, bits, size) = match spec["format"].as_str().unwrap() {
        "Q8_0" => (1, 4, 10, 2),
        "Q4_0" => (1, 2, 10, 2),
        "Q4_1" => (2, 2, 10, 2),
        "F16" => (32, 0, 10, 2),
        "F32" => (32, 0, 23, 4),
        other => panic!("no format {other}"),
    };
    let (least, most): (u64, u64) = (number(&spec["exp_lo"]), number(&spec["exp_hi"]));
    let mut out = Vec::new();
    for _ in 0..number(&spec["blocks"]) {
        for _ in 0..floats {
            let z = next();
            let exponent = least + (z >> 40) % (most - least + 1);
            let float = (z % (1 << bits)) | (exponent << bits) | ((z >> 63) << (8 * size - 1));
            out.extend(&float.to_le_bytes()[..size]);
        }
        (0..words).for_each(|_| out.extend(next().to_le_bytes()));
    }
    for patch in spec.get("patch").map_or(&[][..], |patch| list(patch)) {
        let (at, piece): (usize, _) = (number(&patch[0]), bytes(&patch[1]));
        out[at..at + piece.len()].copy_from_slice(&piece);
    }
    out
}

fn parameters(json: &Json) -> Parameters {
    let mut settings = Settings::default();
    for (name, value) in json.as_object().unwrap() {
        let micro = |value: &Json| Micro::new(value.as_i64().unwrap());
        match name.as_str() {
            "temperature" => settings.temperature = micro(value),
            "top_k" => settings.top_k = number(value),
            "top_p" => settings.top_p = micro(value),
            "min_p" => settings.min_p = micro(value),
            "repetition" => settings.repetition = micro(value),
            "presence" => settings.presence = micro(value),
            "frequency" => settings.frequency = micro(value),
            "bias" => {
                settings.bias =
                    list(value).iter().map(|bias| (number(&bias[0]), micro(&bias[1]))).collect();
            }
            other => panic!("no parameter {other}"),
        }
    }
    Parameters::new(settings).unwrap()
}

/// The program that the case writes out, by the shapes of `byte_vectors`.
fn program(inputs: &Json, wanted: &Json) -> Checked {
    let vocabulary = number(&inputs["program"]["vocabulary"]);
    let shaped = |name| Shape { vocabulary, ..crate::byte_vectors::shape(name) };
    let names = ["plain", "every op", "Q4_0, tied", "F16", "F32", "scales in F32"];
    let names = names.iter().chain(&crate::byte_vectors::JOINED);
    let mut all = names.map(|name| Checked::new(shaped(name).program()).unwrap());
    let found = all.find(|checked| checked.digest().to_string() == *wanted);
    found.expect("a program of byte_vectors, but for its vocabulary")
}

fn committer(inputs: &Json) -> Committer {
    let (network, blind) = (digest(&inputs["network"]), digest(&inputs["blind"]));
    Committer(Salts { network: Network(network), blind: Blind(blind) })
}

/// The root of the log after the record's last position.
fn log_root(
    record: &Record<'_>,
    checked: &Checked,
    committer: &Committer,
    positions: u32,
) -> Digest {
    let nodes = TraceNodes(committer.0.network);
    let (mut log, mut trees) = (Edge::default(), BTreeMap::<OpIndex, Vec<Edge>>::new());
    for position in 0..positions {
        let mut first = 0;
        for (place, group, _) in checked.program().layers() {
            if place == Place::Epilogue {
                break;
            }
            let (mut kv, ops) = ([0; 32], u32::try_from(group.template.ops.len()).unwrap());
            for op in (first..first + ops).map(OpIndex) {
                let Some(Cell::Kv(rows)) = record.cell(position, op) else { continue };
                let heads = trees.entry(op).or_insert_with(|| vec![Edge::default(); rows.len()]);
                for ((head, row), tree) in (0..).zip(rows.iter()).zip(heads.iter_mut()) {
                    tree.push(&nodes, committer.kv_leaf(position, op, head, row));
                }
                kv = committer.kv_root(heads).unwrap();
            }
            let output = OpIndex(first + u32::from(group.template.output.0) - 1);
            let residual = record.cell(position, output).unwrap();
            let residual = committer.value_root(position, output, residual).unwrap();
            log.push(&nodes, boundary_hash(committer.0.network, &residual, &kv));
            first += ops;
        }
    }
    log.root(&nodes).unwrap()
}

/// The row that tokens are drawn from.
fn logits(record: &Record<'_>, checked: &Checked, position: u32) -> String {
    let sites: Vec<_> = checked.sites().collect();
    let last = sites.iter().rfind(|site| matches!(site.output(), Type::Logits(_))).unwrap();
    let Some(Cell::Logits(row)) = record.cell(position, last.index) else { panic!("no logits") };
    let bytes: Vec<u8> = row.iter().flat_map(|logit| logit.to_le_bytes()).collect();
    blake3::hash(&bytes).to_string()
}

fn check(inputs: &Json, expected: &Json) {
    let checked = program(inputs, &expected["digest"]);
    assert!(checked.sites().any(|site| matches!(site.op, Op::Sample(_))));
    let file: Vec<u8> = list(&inputs["file"]).iter().flat_map(weights).collect();
    assert_eq!(blake3::hash(&file).to_string(), expected["file_blake3"]);
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let (prompt, parameters) = (numbers(&inputs["prompt"]), parameters(&inputs["parameters"]));
    let (nonce, model) = (digest(&inputs["nonce"]), digest(&inputs["model"]));
    let seed = seed(&nonce, &model, 50, &prompt, &parameters).unwrap();
    assert_eq!(hex(&seed), expected["seed"]);
    let count = u32::try_from(prompt.len()).unwrap();
    if let Some(position) = expected.get("position") {
        let record = Record::until(&weights, &prompt, count, &mut |_, _, made| made).unwrap();
        let fault = record.fault().unwrap();
        assert_eq!((fault.position, fault.op.0), (number(position), number(&expected["op"])));
        return;
    }
    let committer = committer(inputs);
    let output = numbers(&expected["output"]);
    for at in 0..output.len() {
        let tokens = [&prompt[..], &output[..at]].concat();
        let positions = u32::try_from(tokens.len()).unwrap();
        let choice = number(&inputs["choice"]);
        let choice = Choice { parameters: parameters.clone(), seed, choice, prompt: count };
        let record = Record::of(&weights, &tokens, count).unwrap().with_choice(choice);
        assert_eq!(logits(&record, &checked, positions - 1), expected["logits_blake3_i32_le"][at]);
        assert_eq!(record.drawn(&committer), Some(output[at]), "token {at}");
        if at + 1 == output.len() {
            let root = log_root(&record, &checked, &committer, positions);
            assert_eq!(hex(&root), expected["log_root"]);
        }
    }
}

#[allow(clippy::print_stdout, reason = "says which case failed")]
fn each(file: &str, least: usize, check: fn(&Json, &Json)) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors");
    let text = std::fs::read_to_string(format!("{folder}/{file}.json")).unwrap();
    let vectors: Json = serde_json::from_str(&text).unwrap();
    let cases = list(&vectors["cases"]);
    assert!(cases.len() >= least);
    for case in cases {
        println!("{file}: {}", case["name"]);
        check(&case["inputs"], &case["expected"]);
    }
}

/// The outputs of every op's tiles that are no leaves of its value, at the last position.
fn check_tiles(inputs: &Json, expected: &Json) {
    let checked = program(inputs, &expected["digest"]);
    let file: Vec<u8> = list(&inputs["file"]).iter().flat_map(weights).collect();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let (prompt, parameters) = (numbers(&inputs["prompt"]), parameters(&inputs["parameters"]));
    let count = u32::try_from(prompt.len()).unwrap();
    let output = numbers(&expected["output"]);
    let tokens = [&prompt[..], &output[..output.len() - 1]].concat();
    let (seed, choice) = (digest(&expected["seed"]), number(&inputs["choice"]));
    let choice = Choice { parameters, seed, choice, prompt: count };
    let record = Record::of(&weights, &tokens, count).unwrap().with_choice(choice);
    let committer = committer(inputs);
    assert_eq!(record.drawn(&committer), output.last().copied());
    let position = u32::try_from(tokens.len()).unwrap() - 1;
    let mut early = list(&expected["early"]).iter();
    for site in checked.sites() {
        let outputs = record.tiles(&site, record.at(position), &committer).unwrap();
        let leaves = usize::try_from(leaves(site.output())).unwrap();
        let made: Vec<_> = outputs.values().take(outputs.len() - leaves).collect();
        if made.is_empty() {
            continue;
        }
        let wanted = early.next().unwrap();
        assert_eq!(
            (&wanted["number"], &wanted["op"]),
            (&site.index.0.into(), &site.op.name().into())
        );
        assert_eq!(wanted["tiles"], made.len(), "{wanted}");
        let (mut bytes, mut tree) = (Vec::new(), Edge::default());
        for (index, data) in (0..).zip(made) {
            data.write(&mut bytes);
            let at = LeafAt { kind: LeafKind::Tile, position, op: site.index, index };
            tree.push(&TraceNodes(committer.0.network), committer.leaf(at, data));
        }
        assert_eq!(blake3::hash(&bytes).to_string(), wanted["blake3"], "{wanted}");
        let root = tree.root(&TraceNodes(committer.0.network)).unwrap();
        assert_eq!(hex(&root), wanted["root"], "{wanted}");
    }
    assert!(early.next().is_none());
}

/// The row at the prompt's last position and its vector, or the fault before it; what is made of it is checked in
/// `receipt`.
fn check_embedding(inputs: &Json, expected: &Json) {
    let checked = program(inputs, &expected["digest"]);
    let file: Vec<u8> = list(&inputs["file"]).iter().flat_map(weights).collect();
    assert_eq!(blake3::hash(&file).to_string(), expected["file_blake3"]);
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let (prompt, last_row) = (numbers(&inputs["prompt"]), checked.last_row().op);
    let count = u32::try_from(prompt.len()).unwrap();
    // A fault behind the row does not stand.
    let record = Record::until(&weights, &prompt, count, &mut |_, _, made| made).unwrap();
    let fault = record.fault().filter(|fault| fault.position + 1 < count || fault.op <= last_row);
    if let Some(position) = expected.get("position") {
        let fault = fault.unwrap();
        assert_eq!((fault.position, fault.op.0), (number(position), number(&expected["op"])));
        return;
    }
    assert_eq!(fault, None);
    let Some(Cell::Fixed(row)) = record.cell(count - 1, last_row) else { panic!("no row") };
    let bytes: Vec<u8> = row.iter().flat_map(|entry| entry.to_le_bytes()).collect();
    assert_eq!(blake3::hash(&bytes).to_string(), expected["row_blake3_i32_le"]);
    let dimensions: usize = number(&inputs["dimensions"]);
    let vector = canon::reference::unit_vector(&row[..dimensions]);
    assert!(
        vector.iter().eq(list(&expected["vector"])
            .iter()
            .map(number::<i32>)
            .collect::<Vec<_>>()
            .iter())
    );
}

#[test]
fn embeddings_are_those_of_the_oracle() {
    each("receipt_embedding_run", 10, check_embedding);
}

#[test]
fn whole_answers_are_those_of_the_oracle() {
    each("program_run", 9, check);
    each("program_joined_run", 7, check);
}

#[test]
fn tiles_are_those_of_the_oracle() {
    each("program_tiles", 5, check_tiles);
    each("program_joined_tiles", 6, check_tiles);
}
