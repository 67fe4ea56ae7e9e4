//! `spec/vectors/ledger_blocks.json`, and those of proposals, of disputes, of what is missing, of answers and of audits,
//! which an oracle made that shares no code with this crate: byte for byte.
//!
//! A file nobody checks fails `every_file_is_checked`.

use chain::records::{GroupSlot, Slot};
use chain::state::State;
use chain::{Block, Genesis, Header, Stamp, Transaction};
use commit::Digest;
use ledger::{Opening, apply, apply_with, begin, propose, supply};
use receipt::PublicKey;
use serde_json::Value as Json;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors");

/// Bytes, states and groups are checked by `crates/chain/tests/it/`.
const FILES: [&str; 9] = [
    "ledger_answers",
    "ledger_audits",
    "ledger_blocks",
    "ledger_bytes",
    "ledger_disputes",
    "ledger_groups",
    "ledger_missing",
    "ledger_proposals",
    "ledger_state",
];

#[test]
fn every_file_is_checked() {
    let mut found: Vec<String> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .filter(|name| name.starts_with("ledger_"))
        .collect();
    found.sort();
    assert_eq!(found, FILES);
}

#[test]
fn ledger_blocks() {
    each("ledger_blocks");
}

#[test]
fn ledger_proposals() {
    each("ledger_proposals");
}

#[test]
fn ledger_disputes() {
    each("ledger_disputes");
}

#[test]
fn ledger_missing() {
    each("ledger_missing");
}

#[test]
fn ledger_answers() {
    each("ledger_answers");
}

#[test]
fn ledger_audits() {
    each("ledger_audits");
}

#[allow(clippy::print_stdout, reason = "says which case failed")]
fn each(file: &str) {
    let text = std::fs::read_to_string(format!("{FOLDER}/{file}.json")).unwrap();
    let vectors: Json = serde_json::from_str(&text).unwrap();
    assert_eq!((&vectors["spec"], &vectors["op"]), (&"ledger".into(), &file.into()));
    let cases = vectors["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        println!("{file}: {}", case["name"]);
        check(&case["inputs"], case);
    }
}

fn hex(bytes: &[u8]) -> Json {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

fn bytes(json: &Json) -> Vec<u8> {
    let hex = json.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn digest(json: &Json) -> Digest {
    bytes(json).try_into().unwrap()
}

fn list(json: &Json) -> &[Json] {
    json.as_array().unwrap()
}

/// Where a network is, and what was left out of the block that brought it there, with the numbers of the rejections.
struct Step {
    state: State,
    header: Header,
    left_out: Json,
}

fn check(inputs: &Json, case: &Json) {
    let begun = Genesis::decode(&bytes(&inputs["genesis"])).ok();
    let Some((state, header)) = begun.as_ref().and_then(|genesis| begin(genesis).ok()) else {
        assert!(case.get("refused").is_some());
        return;
    };
    let mut steps = vec![Step { state, header, left_out: Json::Null }];
    for block in list(&inputs["blocks"]) {
        let before = &steps[steps.len() - 1];
        steps.push(next(before, block));
    }
    let Some(block) = inputs.get("block") else {
        compare(&steps, &case["expected"]);
        return;
    };
    let last = &steps[steps.len() - 1];
    let follows = Block::decode(last.state.network(), &bytes(block))
        .is_ok_and(|block| apply(&last.state, &last.header, block).is_ok());
    assert_eq!(follows, case.get("refused").is_none());
}

/// A block of what is taken of its transactions, made and judged.
fn next(before: &Step, block: &Json) -> Step {
    let network = before.state.network();
    let read = |one: &Json| {
        Transaction::decode(&bytes(one)).unwrap().authenticate(network).expect("it is signed")
    };
    let transactions: Vec<_> = list(&block["transactions"]).iter().map(read).collect();
    let stamp = Stamp(block["stamp"].as_str().unwrap().parse().unwrap());
    let opening = Opening { stamp, beacon: digest(&block["beacon"]) };
    let proposer = PublicKey(digest(&block["proposer"]));
    let made = propose(&before.state, &before.header, proposer, &opening, &transactions).unwrap();
    let left_out = made.left_out.iter().map(|(at, why)| Json::from(vec![*at, why.number().into()]));
    let left_out = left_out.collect();
    let header = made.block.header;
    let bytes = made.block.encode();
    let judged = Block::decode(network, &bytes).unwrap();
    let state = match before.state.entry(&before.state.place(&GroupSlot.key())) {
        None => apply(&before.state, &before.header, judged).unwrap(),
        Some(_) => apply_with(&before.state, &before.header, opening.beacon, judged).unwrap(),
    };
    assert_eq!(state.root(), made.state.root());
    Step { state, header, left_out }
}

fn compare(steps: &[Step], expected: &Json) {
    let (first, rest) = steps.split_first().unwrap();
    assert_eq!(hex(&first.state.network().0), expected["network"]);
    assert_eq!(hex(&first.header.encode()), expected["block_0"]);
    let blocks = list(&expected["blocks"]);
    assert_eq!(rest.len(), blocks.len());
    for (step, block) in rest.iter().zip(blocks) {
        assert_eq!(step.left_out, block["left_out"], "height {}", step.header.height.0);
        // A header is of all those before it: those of empty blocks are not said.
        if !block["header"].is_null() {
            let header = Header::decode(&bytes(&block["header"])).unwrap();
            assert_eq!(step.header, header, "height {}", header.height.0);
        }
        let counted = supply(&step.state).unwrap();
        assert_eq!(counted.there, counted.booked);
    }
}
