//! `spec/vectors/dispute_*.json`, which an oracle made that shares no code with this crate: byte for byte.
//!
//! A file nobody checks fails `every_file_is_checked`.

use commit::{Blind, Digest, Network};
use dispute::{Boundary, Claimed, Filing, FilingError, Leaf, Leaves, Model, Move, Opened};
use dispute::{Dispute, FaultKind, Part, Parts, Party, Slice, Supplied, Verdict};
use program::Checked;
use program::tiny::Shape;
use receipt::JobLeaf;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors");

/// Calls `check` with the inputs of each case and the whole case.
#[allow(clippy::print_stdout, reason = "says which case failed")]
fn each(file: &str, check: fn(&Json, &Json)) {
    let text = std::fs::read_to_string(format!("{FOLDER}/{file}.json")).unwrap();
    let vectors: Json = serde_json::from_str(&text).unwrap();
    assert_eq!((&vectors["spec"], &vectors["op"]), (&"dispute".into(), &file.into()));
    let cases = vectors["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        println!("{file}: {}", case["name"]);
        check(&case["inputs"], case);
    }
}

macro_rules! vectors {
    ($($file:ident: $check:path,)*) => {
        /// The files checked here.
        const FILES: &[&str] = &[$(stringify!($file)),*];

        $(#[test]
        fn $file() {
            each(stringify!($file), $check);
        })*
    };
}

vectors! {
    dispute_filing: filing,
    dispute_move: a_move,
    dispute_operands: operands,
    dispute_slice: slice,
}

#[test]
fn every_file_is_checked() {
    let mut found: Vec<String> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .filter(|name| name.starts_with("dispute_"))
        .collect();
    found.sort();
    assert_eq!(found, FILES);
}

fn hex(bytes: &[u8]) -> Json {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

fn list(json: &Json) -> &[Json] {
    json.as_array().unwrap()
}

fn number<T: TryFrom<i64, Error: std::fmt::Debug>>(json: &Json) -> T {
    json.as_i64().unwrap().try_into().unwrap()
}

/// Hexadecimal as it is, or one byte so many times.
fn bytes(json: &Json) -> Vec<u8> {
    if let Some(byte) = json.get("byte") {
        return bytes(byte).repeat(number(&json["count"]));
    }
    let hex = json.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Pieces, each so often.
fn repeated(json: &Json) -> Vec<u8> {
    let piece = |piece: &Json| bytes(&piece[0]).repeat(number(&piece[1]));
    list(json).iter().flat_map(piece).collect()
}

fn digest(json: &Json) -> Digest {
    bytes(json).try_into().unwrap()
}

fn digests(json: &Json) -> Vec<Digest> {
    match json.get("byte") {
        Some(byte) => vec![[bytes(byte)[0]; 32]; number(&json["count"])],
        None => list(json).iter().map(digest).collect(),
    }
}

fn leaf(json: &Json) -> Leaf {
    Leaf { salt: digest(&json["salt"]), bytes: bytes(&json["bytes"]) }
}

fn leaves(json: &Json) -> Leaves {
    let once: Vec<Leaf> = list(&json["leaves"]).iter().map(leaf).collect();
    let times = json.get("times").map_or(1, number);
    let leaves = (0..times).flat_map(|_: usize| once.clone()).collect();
    Leaves { leaves, beside: digests(&json["beside"]) }
}

fn option<T>(json: &Json, read: fn(&Json) -> T) -> Option<T> {
    (!json.is_null()).then(|| read(json))
}

fn boundary(json: &Json) -> Boundary {
    let (residual, kv) = (digest(&json["residual"]), digest(&json["kv"]));
    Boundary { residual, kv, path: digests(&json["path"]) }
}

fn operand(json: &Json) -> Supplied {
    match number(&json["number"]) {
        1_u8 => Supplied::Known,
        2 => Supplied::Tokens { prompt: leaves(&json["prompt"]), output: leaves(&json["output"]) },
        3 => Supplied::Slice(Slice {
            chunks: bytes(&json["chunks"]),
            beside: digests(&json["beside"]),
        }),
        4 => Supplied::Leaves {
            opened: leaves(&json["leaves"]),
            boundary: option(&json["boundary"], boundary),
        },
        5 => Supplied::Page { rows: leaves(&json["rows"]), path: digests(&json["path"]) },
        6 => Supplied::Edge {
            peaks: digests(&json["edge"]),
            path: digests(&json["path"]),
            boundary: option(&json["boundary"], boundary),
        },
        7 => Supplied::Biases(JobLeaf::decode(&bytes(&json["leaf"])).unwrap()),
        other => panic!("no operand {other}"),
    }
}

fn move_of(json: &Json) -> Move {
    match number(&json["number"]) {
        1_u8 => Move::Root(digest(&json["root"])),
        2 => Move::OwnRoot { entries: number(&json["entries"]), root: digest(&json["root"]) },
        3 => Move::Children(digests(&json["hashes"])),
        4 => Move::Name(number(&json["index"])),
        5 => {
            Move::Ops { roots: digests(&json["roots"]), token_salt: option(&json["salt"], digest) }
        }
        6 => Move::Parts(Parts {
            children: digests(&json["subtrees"]),
            leaves: digests(&json["leaves"]),
            fault: option(&json["tile"], number),
        }),
        7 => {
            let Leaf { salt, bytes } = leaf(&json["leaf"]);
            Move::Open(Opened { salt, bytes, edge: digests(&json["edge"]) })
        }
        8 => Move::Operands(list(&json["operands"]).iter().map(operand).collect()),
        9 => Move::Blind(Blind(digest(&json["blind"]))),
        other => panic!("no move {other}"),
    }
}

fn a_move(inputs: &Json, case: &Json) {
    let Some(pieces) = inputs.get("pieces") else {
        let (made, expected) = (move_of(&inputs["move"]), &case["expected"]);
        let found = made.encode();
        match expected.get("bytes") {
            Some(bytes) => assert_eq!(hex(&found), *bytes),
            None => {
                assert_eq!(Json::from(found.len()), expected["length"]);
                assert_eq!(hex(blake3::hash(&found).as_bytes()), expected["blake3"]);
            }
        }
        assert_eq!(Move::decode(&found), Ok(made));
        return;
    };
    let given = repeated(pieces);
    match Move::decode(&given) {
        Ok(read) => {
            assert!(case.get("refused").is_none());
            assert_eq!(read.encode(), given);
        }
        Err(_) => assert!(case.get("refused").is_some()),
    }
}

/// A list's bytes from a seed (`spec/vectors/README.md`, uniform).
fn file(json: &Json) -> Vec<u8> {
    let mut state: u64 = json["seed"].as_str().unwrap().parse().unwrap();
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    assert_eq!((&json["lo"], &json["hi"]), (&0.into(), &255.into()));
    (0..number(&json["count"])).map(|_: u64| u8::try_from(next() % 256).unwrap()).collect()
}

fn slice(inputs: &Json, case: &Json) {
    let file = file(&inputs["file"]);
    let part = Part::of(&file);
    let ranges: Vec<_> =
        list(&inputs["ranges"]).iter().map(|range| number(&range[0])..number(&range[1])).collect();
    let Some(slice) = Slice::of(&file, &ranges) else {
        assert!(case.get("refused").is_some());
        // Nor does any slice open it.
        assert_eq!(part.open(&ranges, &Slice { chunks: file, beside: Vec::new() }), None);
        return;
    };
    let expected = &case["expected"];
    assert_eq!(hex(&part.hash), expected["hash"]);
    assert_eq!(Json::from(slice.chunks.len()), expected["bytes"]);
    assert_eq!(hex(blake3::hash(&slice.chunks).as_bytes()), expected["blake3"]);
    assert_eq!(slice.beside.iter().map(|hash| hex(hash)).collect::<Json>(), expected["beside"]);
    let chunk = |chunk: &Json| {
        let start = number::<usize>(chunk) * 1024;
        file[start..file.len().min(start + 1024)].to_vec()
    };
    let chunks: Vec<u8> = list(&expected["chunks"]).iter().flat_map(chunk).collect();
    assert_eq!(slice.chunks, chunks);
    let bytes = |range: &core::ops::Range<u64>| {
        file[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec()
    };
    assert_eq!(part.open(&ranges, &slice), Some(ranges.iter().map(bytes).collect()));
}

fn filing(inputs: &Json, case: &Json) {
    let referee = &inputs["referee"];
    let shape = Shape { context_max: number(&referee["context"]), ..Shape::default() };
    let checked = Checked::new(shape.program()).unwrap();
    let epilogue = checked.sites().position(|site| site.place == program::Place::Epilogue).unwrap();
    assert_eq!(Json::from(checked.sites().count()), referee["ops"]);
    assert_eq!(Json::from(epilogue), referee["epilogue"]);
    assert_eq!((&1.into(), &1.into()), (&referee["arithmetic"], &referee["sampling"]));
    let files = vec![Part::of(&shape.weights())];
    let units = Part { hash: [0; 32], bytes: units_bytes(&checked) };
    let model = Model::new(&checked, digest(&referee["model"]), files, units).unwrap();
    let given = bytes(&inputs["bytes"]);
    let found = Filing::decode(&given).ok().map(|read| {
        assert_eq!(read.encode(), given);
        read.check(&model, Network(digest(&referee["network"])))
    });
    let Some(Ok(subject)) = found else {
        // A ledger decides at once about what the program has not, and takes no other filing that is refused.
        let no_such = matches!(found, Some(Err(FilingError::NoSuch { .. })));
        assert_eq!(no_such, case["refused"] == "NoSuch", "{case}");
        assert!(case.get("refused").is_some());
        return;
    };
    let expected = &case["expected"];
    assert_eq!(Json::from(subject.positions), expected["positions"]);
    match subject.claimed {
        Claimed::Token(token) => assert_eq!(Json::from(token), expected["token"]),
        Claimed::Fault(op) => assert_eq!(Json::from(op.0), expected["fault"]),
    }
}

/// The programs of `dispute_operands`, by their names.
static PROGRAMS: Mutex<BTreeMap<String, Arc<Checked>>> = Mutex::new(BTreeMap::new());

fn operands(inputs: &Json, case: &Json) {
    let name = inputs["program"].as_str().unwrap().to_owned();
    if let Some(program) = inputs.get("bytes") {
        let checked = Checked::decode(&bytes(program)).unwrap();
        assert_eq!(hex(checked.digest().as_bytes()), case["expected"]["digest"]);
        PROGRAMS.lock().unwrap().insert(name, Arc::new(checked));
        return;
    }
    let checked = PROGRAMS.lock().unwrap()[&name].clone();
    let part = |part: &Json| Part { hash: digest(&part[0]), bytes: number(&part[1]) };
    let files = list(&inputs["files"]).iter().map(part).collect();
    let model = digest(&inputs["model"]);
    let model = Model::new(&checked, model, files, part(&inputs["units"])).unwrap();
    let network = Network(digest(&inputs["network"]));
    let state = bytes(&inputs["state"]);
    let mut referee = Dispute::decode(&model, network, &state).unwrap();
    assert_eq!(referee.encode(), state);
    let made = Move::decode(&repeated(&inputs["move"])).unwrap();
    let taken = referee.take(Party::Challenger, &made, 0);
    assert_eq!(taken.is_err(), case.get("refused").is_some(), "{taken:?}");
    let (verdict, proved) = match referee.verdict() {
        None => return assert!(taken.is_err()),
        Some(Verdict::ChallengerRefuted) => ("challenger refuted", None),
        Some(Verdict::ClaimantRefuted(fault)) => ("claimant refuted", Some(fault.kind)),
        Some(Verdict::ClaimantTimedOut | Verdict::ChallengerTimedOut) => panic!("nobody was late"),
    };
    let proved = proved.map(|kind| match kind {
        FaultKind::Output => "other output",
        FaultKind::ConcealedFault => "concealed fault",
        FaultKind::FalseFault => "false fault",
        FaultKind::Unreadable => "unreadable",
        FaultKind::Salt => panic!("no blind was shown"),
    });
    let expected = &case["expected"];
    assert_eq!(
        (verdict.into(), proved.into()),
        (expected["verdict"].clone(), expected["proved"].clone())
    );
}

/// Two bytes per row of a matrix, and per gain.
pub(crate) fn units_bytes(checked: &Checked) -> u64 {
    use program::structure::TensorId;
    use program::types::Role;
    let tensors = checked.program().tensors.iter().zip(0..);
    let units = |(tensor, id): (&program::structure::Tensor, u32)| match checked.role(TensorId(id))
    {
        Role::Matrix => u64::from(tensor.rows),
        Role::Gain => 1,
        Role::Bias => 0,
    };
    2 * tensors.map(units).sum::<u64>()
}
