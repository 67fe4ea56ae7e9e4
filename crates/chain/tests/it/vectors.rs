//! `spec/vectors/ledger_state.json` and `ledger_bytes.json`, which an oracle made that shares no code with this crate:
//! byte for byte. `ledger_blocks.json` is for crate `ledger`, whose test lists all files there are;
//! `ledger_groups.json` has a file of its own here.

use chain::records::{Address, Held, NodeId, ParameterNumber, ParameterValues, Roles, Seat, Seats};
use chain::state::{Changes, Entry, Place, Proof, State};
use chain::{
    Amount, Block, Certificate, Epoch, Genesis, GenesisNode, GroupKey, Header, Height, KindNumber,
    NetworkKind, Stamp, Time, Transaction, transactions_root,
};
use commit::{Digest, Network};
use receipt::{PublicKey, SecretKey};
use serde_json::Value as Json;
use std::sync::Arc;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors");

/// Calls `check` with the inputs of each case and the whole case.
#[allow(clippy::print_stdout, reason = "says which case failed")]
pub(crate) fn each(file: &str, check: fn(&Json, &Json)) {
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

#[test]
fn ledger_state() {
    each("ledger_state", |inputs, case| match inputs.get("proof") {
        Some(_) => proof(inputs, case),
        None => state(inputs, &case["expected"]),
    });
}

#[test]
fn ledger_bytes() {
    each("ledger_bytes", |inputs, case| {
        let made = &case["expected"];
        match (&inputs["format"], inputs.get("bytes").or(inputs.get("pieces"))) {
            (_, Some(_)) => read(inputs, case),
            (format, None) if format == "genesis" => genesis(inputs, made),
            (format, None) if format == "transaction" => transaction(inputs, made),
            (format, None) if format == "header" => header(inputs, made),
            (format, None) if format == "block" => block(inputs, made),
            (format, None) if format == "certificate" => certificate(inputs, case),
            (format, None) => panic!("no format {format}"),
        }
    });
}

pub(crate) fn hex(bytes: &[u8]) -> Json {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

pub(crate) fn bytes(json: &Json) -> Vec<u8> {
    let hex = json.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

pub(crate) fn digest(json: &Json) -> Digest {
    bytes(json).try_into().unwrap()
}

pub(crate) fn network(inputs: &Json) -> Network {
    Network(digest(&inputs["network"]))
}

fn list(json: &Json) -> &[Json] {
    json.as_array().unwrap()
}

/// An integer as itself or as a decimal string.
pub(crate) fn number<T: TryFrom<u128, Error: std::fmt::Debug>>(json: &Json) -> T {
    let found = match json.as_str() {
        Some(text) => text.parse().unwrap(),
        None => u128::from(json.as_u64().unwrap()),
    };
    found.try_into().unwrap()
}

fn state(inputs: &Json, expected: &Json) {
    let network = network(inputs);
    let written = list(&inputs["entries"]).iter().map(|entry| (bytes(&entry[0]), bytes(&entry[1])));
    let counted = (0..inputs.get("counted").map_or(0, number::<u32>)).map(u32::to_le_bytes);
    let counted = counted.map(|number| (number.to_vec(), number.to_vec()));
    let entries: Vec<(Vec<u8>, Vec<u8>)> = written.chain(counted).collect();
    let change = |(key, value): &(Vec<u8>, Vec<u8>)| {
        let entry = Entry { key: key.clone().into(), value: value.clone().into() };
        (Place::of(network, key), Some(Arc::new(entry)))
    };
    let state = State::empty(network).updated(&entries.iter().map(change).collect::<Changes>());
    assert_eq!(hex(&state.root()), expected["root"]);
    for (key, proof) in list(&inputs["of"]).iter().zip(list(&expected["proofs"])) {
        let key = bytes(key);
        let found = state.prove(&state.place(&key));
        assert_eq!(hex(&found.encode()), *proof);
        let record = entries.iter().find(|(known, _)| *known == key).map(|(_, value)| &**value);
        assert_eq!(found.check(network, &state.root(), &key, record), Ok(()));
    }
}

fn proof(inputs: &Json, case: &Json) {
    let record = (!inputs["record"].is_null()).then(|| bytes(&inputs["record"]));
    let given = bytes(&inputs["proof"]);
    let holds = Proof::decode(&given).is_ok_and(|proof| {
        assert_eq!(proof.encode(), given);
        let (root, key) = (digest(&inputs["root"]), bytes(&inputs["key"]));
        proof.check(network(inputs), &root, &key, record.as_deref()).is_ok()
    });
    assert_eq!(holds, case.get("refused").is_none());
}

fn genesis(inputs: &Json, expected: &Json) {
    let spec = &inputs["genesis"];
    let row = |row: &Json| (ParameterNumber(number(&row[0])), number(&row[1]));
    let seat = |row: &Json| Seat { node: NodeId(digest(&row[0])), key: PublicKey(digest(&row[1])) };
    let account = |row: &Json| (PublicKey(digest(&row[0])), Amount(number(&row[1])));
    let group = || GroupKey(bytes(&spec["group"]).try_into().unwrap());
    let made = Genesis {
        kind: match number(&spec["kind"]) {
            1 => NetworkKind::Simulation,
            2 => NetworkKind::Test(group()),
            3_u8 => NetworkKind::Main(group()),
            other => panic!("no kind {other}"),
        },
        stamp: Stamp(number(&spec["stamp"])),
        parameters: ParameterValues(list(&spec["parameters"]).iter().map(row).collect()),
        seats: Seats(list(&spec["seats"]).iter().map(seat).collect()),
        accounts: list(&spec["accounts"]).iter().map(account).collect(),
        treasury: Amount(number(&spec["treasury"])),
        nodes: list(&spec["nodes"]).iter().map(genesis_node).collect(),
    };
    assert_eq!(hex(&made.encode()), expected["bytes"]);
    assert_eq!(hex(&made.network().0), expected["network"]);
    assert_eq!(Genesis::decode(&made.encode()), Ok(made));
}

fn genesis_node(row: &Json) -> GenesisNode {
    let key = |at: &str| PublicKey(digest(&row[at]));
    GenesisNode {
        owner: key("owner"),
        operator: key("operator"),
        transport: key("transport"),
        validator: key("validator"),
        roles: Roles::of(number(&row["roles"])).unwrap(),
        address: Address::of(row["address"].as_str().unwrap()).unwrap(),
        stake: Amount(number(&row["stake"])),
    }
}

fn transaction(inputs: &Json, expected: &Json) {
    let (network, secret) = (network(inputs), SecretKey::from_seed(digest(&inputs["secret"])));
    let what = (
        KindNumber(number(&inputs["kind"])),
        number(&inputs["number"]),
        Amount(number(&inputs["fee_max"])),
    );
    let made = Transaction::sign(network, &secret, what, bytes(&inputs["body"]));
    assert_eq!(hex(&made.encode()), expected["bytes"]);
    assert_eq!(hex(&made.id(network)), expected["id"]);
    assert_eq!(hex(&made.leaf(network)), expected["leaf"]);
    assert_eq!(Transaction::decode(&made.encode()).as_ref(), Ok(&made));
    assert!(made.authenticate(network).is_some());
}

fn header_of(spec: &Json) -> Header {
    Header {
        protocol: number(&spec["rules"]),
        height: Height(number(&spec["height"])),
        parent: digest(&spec["parent"]),
        stamp: Stamp(number(&spec["stamp"])),
        time: Time(number(&spec["time"])),
        epoch: Epoch(number(&spec["epoch"])),
        proposer: PublicKey(digest(&spec["proposer"])),
        beacon: digest(&spec["beacon"]),
        transactions: number(&spec["transactions"]),
        transactions_root: digest(&spec["transactions_root"]),
        state_root: digest(&spec["state_root"]),
        seats: digest(&spec["seats"]),
    }
}

fn header(inputs: &Json, expected: &Json) {
    let made = header_of(&inputs["header"]);
    assert_eq!(hex(&made.encode()), expected["bytes"]);
    assert_eq!(hex(&made.hash(network(inputs))), expected["hash"]);
    assert_eq!(Header::decode(&made.encode()), Ok(made));
}

fn block(inputs: &Json, expected: &Json) {
    let network = network(inputs);
    let read = |one: &Json| Transaction::decode(&bytes(one)).unwrap();
    let transactions: Vec<Transaction> = list(&inputs["transactions"]).iter().map(read).collect();
    let root = transactions_root(network, &transactions);
    assert_eq!(hex(&root), expected["root"]);
    let header = Header {
        transactions: transactions.len().try_into().unwrap(),
        transactions_root: root,
        ..header_of(&inputs["header"])
    };
    let made = Block { header, transactions };
    assert_eq!(hex(&made.encode()), expected["bytes"]);
    assert_eq!(Block::decode(network, &made.encode()), Ok(made));
}

fn certificate(inputs: &Json, case: &Json) {
    let seat = |key: &Json| Seat { node: NodeId([0; 32]), key: PublicKey(digest(key)) };
    let seats = Seats(list(&inputs["seats"]).iter().map(seat).collect());
    let Ok(read) = Certificate::decode(&bytes(&inputs["certificate"])) else {
        assert!(case.get("refused").is_some());
        return;
    };
    let found = read.check(network(inputs), &seats, &digest(&inputs["header"]));
    assert_eq!(Json::from(found.is_ok()), case["expected"]["holds"]);
}

/// Bytes that are a value of a format and encode to themselves, or are refused.
fn read(inputs: &Json, case: &Json) {
    let given = match inputs.get("pieces") {
        Some(pieces) => {
            let piece = |piece: &Json| bytes(&piece[0]).repeat(number(&piece[1]));
            list(pieces).iter().flat_map(piece).collect()
        }
        None => bytes(&inputs["bytes"]),
    };
    let again = match inputs["format"].as_str().unwrap() {
        "genesis" => Genesis::decode(&given).map(|read| read.encode()),
        "transaction" => Transaction::decode(&given).map(|read| read.encode()),
        "header" => Header::decode(&given).map(|read| read.encode()),
        "block" => blocks_own(&given),
        "certificate" => Certificate::decode(&given).map(|read| read.encode()),
        "record" => Held::decode(&bytes(&inputs["key"]), &given).map(|_| given.clone()),
        other => panic!("no format {other}"),
    };
    match again {
        Ok(again) => {
            assert!(case.get("refused").is_none());
            assert_eq!(again, given);
        }
        Err(_) => assert!(case.get("refused").is_some()),
    }
}

/// A block in the network of the vectors.
fn blocks_own(given: &[u8]) -> Result<Vec<u8>, commit::WireError> {
    Block::decode(Network([7; 32]), given).map(|block| block.encode())
}
