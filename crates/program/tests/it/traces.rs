//! Commitments against `spec/vectors/trace_*.json`, which an oracle made that shares no code with this crate.

use canon::reference::{A8Row, A16Row, HeadRow};
use commit::{Blind, Digest, Edge, Network, Salts, path, root_of};
use program::OpIndex;
use program::reference::Cell;
use program::tile::KvRow;
use program::trace::{
    Committer, LeafAt, LeafKind, TraceNodes, boundary_hash, cell_leaves, leaf_hash,
};
use serde_json::Value as Json;

/// Calls `check` with the inputs and the expected outputs of each case of a file.
#[allow(clippy::print_stdout, reason = "says which case failed")]
fn each(file: &str, check: fn(&Json, &Json)) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors");
    let text = std::fs::read_to_string(format!("{folder}/{file}.json")).unwrap();
    let vectors: Json = serde_json::from_str(&text).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        println!("{file}: {}", case["name"]);
        check(&case["inputs"], &case["expected"]);
    }
}

fn bytes(hex: &Json) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn digest(hex: &Json) -> Digest {
    bytes(hex).try_into().unwrap()
}

fn digests(list: &Json) -> Vec<Digest> {
    list.as_array().unwrap().iter().map(digest).collect()
}

fn u32_of(number: &Json) -> u32 {
    number.as_u64().unwrap().try_into().unwrap()
}

fn length(number: &Json) -> usize {
    number.as_u64().unwrap().try_into().unwrap()
}

/// The list that a generator makes (`spec/vectors/README.md`): these files have uniform ones alone.
fn integers<T: TryFrom<i64, Error: std::fmt::Debug>>(generator: &Json) -> Vec<T> {
    assert_eq!(generator["gen"], "uniform");
    let mut state: u64 = generator["seed"].as_str().unwrap().parse().unwrap();
    let (lo, hi) = (generator["lo"].as_i64().unwrap(), generator["hi"].as_i64().unwrap());
    let next = |_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let offset = (z ^ (z >> 31)) % u64::try_from(hi - lo + 1).unwrap();
        T::try_from(lo + i64::try_from(offset).unwrap()).unwrap()
    };
    (0..length(&generator["count"])).map(next).collect()
}

fn network(inputs: &Json) -> Network {
    Network(digest(&inputs["network"]))
}

fn committer(inputs: &Json) -> Committer {
    Committer(Salts { network: network(inputs), blind: Blind(digest(&inputs["blind"])) })
}

#[test]
fn salts_and_leaves() {
    each("trace_leaf", |inputs, expected| {
        let kind = match inputs["kind"].as_str().unwrap() {
            "value" => LeafKind::Value,
            "kv row" => LeafKind::KvRow,
            "tile" => LeafKind::Tile,
            other => panic!("no kind {other}"),
        };
        let [position, op, index] = ["position", "op", "index"].map(|name| u32_of(&inputs[name]));
        let salt = committer(inputs).salt(LeafAt { kind, position, op: OpIndex(op), index });
        assert_eq!(salt, digest(&expected["salt"]));
        let leaf = leaf_hash(network(inputs), &salt, &bytes(&inputs["bytes"]));
        assert_eq!(leaf, digest(&expected["leaf"]));
    });
}

#[test]
fn value_roots() {
    each("trace_value", |inputs, expected| {
        let entries = &inputs["entries"];
        let exponent = || i32::try_from(inputs["exponent"].as_i64().unwrap()).unwrap();
        let cell = match inputs["type"].as_str().unwrap() {
            "fixed" => Cell::Fixed(integers(entries)),
            "logits" => Cell::Logits(integers(entries)),
            "A8" => Cell::A8(A8Row {
                exponent: exponent(),
                scales: integers(&inputs["scales"]),
                quants: integers(entries),
            }),
            "A16" => Cell::A16(A16Row { exponent: exponent(), values: integers(entries) }),
            other => panic!("no type {other}"),
        };
        let committer = committer(inputs);
        let (position, op) = (u32_of(&inputs["position"]), OpIndex(u32_of(&inputs["op"])));
        let leaves = cell_leaves(&cell).unwrap();
        let hash = |(index, data)| {
            committer.leaf(LeafAt { kind: LeafKind::Value, position, op, index }, data)
        };
        let hashes: Vec<Digest> = (0..).zip(&leaves).map(hash).collect();
        assert_eq!(hashes, digests(&expected["leaves"]));
        let root = committer.value_root(position, op, &cell);
        assert_eq!(root, Some(digest(&expected["root"])));
    });
}

#[test]
fn trees_and_paths() {
    each("trace_tree", |inputs, expected| {
        let (count, nodes) = (length(&inputs["count"]), TraceNodes(network(inputs)));
        let leaf = |i: usize| blake3::hash(&[i.try_into().unwrap()]).into();
        let leaves: Vec<Digest> = (0..count).map(leaf).collect();
        let root = digest(&expected["root"]);
        assert_eq!(Edge::over(&nodes, leaves.iter().copied()).root(&nodes), Some(root));
        for (at, want) in
            inputs["of"].as_array().unwrap().iter().zip(expected["paths"].as_array().unwrap())
        {
            let (at, want) = (length(at), digests(want));
            assert_eq!(path(&nodes, &leaves, at).unwrap(), want);
            let at_of = |length: usize| u64::try_from(length).unwrap();
            let found = root_of(&nodes, at_of(count), at_of(at), &leaves[at], &want);
            assert_eq!(found, Some(root));
        }
    });
}

/// The rows of a KV head, by position.
fn rows(columns: &Json, width: usize) -> Vec<KvRow> {
    let side = |name: &str| -> Vec<HeadRow> {
        let quants: Vec<i8> = integers(&columns[format!("{name}_quants")]);
        let mantissas: Vec<u8> = integers(&columns[format!("{name}_scales")]);
        let shifts: Vec<u8> = integers(&columns[format!("{name}_shifts")]);
        let row = |((quants, mantissa), shift): ((&[i8], u8), u8)| HeadRow {
            quants: quants.to_vec(),
            mantissa,
            shift,
        };
        quants.chunks_exact(width).zip(mantissas).zip(shifts).map(row).collect()
    };
    side("key").into_iter().zip(side("value")).map(|(key, value)| KvRow { key, value }).collect()
}

#[test]
fn kv_trees() {
    each("trace_kv", |inputs, expected| {
        let committer = committer(inputs);
        let (op, width) = (OpIndex(u32_of(&inputs["op"])), length(&inputs["width"]));
        let heads: Vec<Vec<KvRow>> =
            inputs["rows"].as_array().unwrap().iter().map(|head| rows(head, width)).collect();
        let mut edges = vec![Edge::default(); heads.len()];
        let mut checked = 0;
        for position in 0..u32_of(&inputs["positions"]) {
            for (head, (edge, rows)) in (0..).zip(edges.iter_mut().zip(&heads)) {
                let row = &rows[position as usize];
                edge.push(&committer, committer.kv_leaf(position, op, head, row));
            }
            let Some(want) = expected["at"].get(position.to_string()) else { continue };
            let roots: Vec<Digest> =
                edges.iter().map(|edge| edge.root(&committer).unwrap()).collect();
            assert_eq!(roots, digests(&want["roots"]), "position {position}");
            assert_eq!(committer.kv_root(&edges), Some(digest(&want["value_root"])));
            checked += 1;
        }
        assert_eq!(checked, inputs["at"].as_array().unwrap().len());
    });
}

#[test]
fn boundaries() {
    each("trace_boundary", |inputs, expected| {
        let kv = inputs.get("kv").map(digest).unwrap_or_default();
        let boundary = boundary_hash(network(inputs), &digest(&inputs["residual"]), &kv);
        assert_eq!(boundary, digest(&expected["boundary"]));
    });
}
