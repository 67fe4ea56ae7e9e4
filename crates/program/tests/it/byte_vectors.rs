//! `spec/vectors/program_bytes.json` and `program_joined_bytes.json`, which an oracle made that shares no code with this crate: byte for byte.

use canon::Format;
use canon::reference::Layout;
use program::Checked;
use program::encoding::DecodeError;
use program::tiny::Shape;
use program::types::InputKind;
use serde_json::Value as Json;

/// The small program of a case, as the oracle describes it.
pub(crate) fn shape(name: &str) -> Shape {
    let plain = Shape { layers: 1, ..Shape::default() };
    match name {
        "plain" => plain,
        "Q4_0, tied" => Shape { format: Format::Q4_0, tied: true, ..plain },
        "F16" => Shape { format: Format::F16, ..plain },
        "F32" => Shape { format: Format::F32, ..plain },
        "every op" => Shape {
            format: Format::Q4_1,
            vector_format: Format::F16,
            inputs: InputKind::A16,
            layout: Layout::Half,
            bias: true,
            head_norm: true,
            hadamard: true,
            soft_cap: true,
            window: 5,
            layers: 2,
            ..plain
        },
        "scales" => Shape { format: Format::Q4_0, scale: true, ..plain },
        "gelu" => Shape { format: Format::F16, gelu: true, layers: 2, ..plain },
        "capped attention" => Shape {
            format: Format::Q4_1,
            attention_cap: true,
            layout: Layout::Half,
            hadamard: true,
            window: 5,
            layers: 2,
            ..plain
        },
        "joined" => Shape {
            scale: true,
            gelu: true,
            attention_cap: true,
            soft_cap: true,
            head_norm: true,
            tied: true,
            layers: 2,
            window: 5,
            ..plain
        },
        "experts" => Shape { experts: 4, layers: 2, ..plain },
        "experts over all" => Shape {
            format: Format::Q4_0,
            inputs: InputKind::A16,
            experts: 3,
            over_all: true,
            ..plain
        },
        "scales in F32" => Shape { format: Format::F32, scale: true, ..plain },
        other => panic!("no program {other}"),
    }
}

pub(crate) fn bytes(hex: &Json) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn cases(file: &str) -> Vec<Json> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors");
    let text = std::fs::read_to_string(format!("{folder}/{file}.json")).unwrap();
    let vectors: Json = serde_json::from_str(&text).unwrap();
    vectors["cases"].as_array().unwrap().clone()
}

/// The programs of the oracle that joined after the freeze.
pub(crate) const JOINED: [&str; 6] =
    ["scales", "gelu", "capped attention", "joined", "experts", "experts over all"];

fn have_the_bytes_of_the_oracle(file: &str) -> usize {
    let mut made = 0;
    for case in cases(file).iter().filter(|case| case.get("expected").is_some()) {
        let name = case["name"].as_str().unwrap();
        let wanted = bytes(&case["expected"]["bytes"]);
        let checked = Checked::new(shape(name).program()).unwrap();
        assert_eq!(checked.encode(), wanted, "{name}");
        assert_eq!(checked.digest().to_string(), case["expected"]["digest"], "{name}");
        assert_eq!(Checked::decode(&wanted), Ok(checked), "{name}");
        made += 1;
    }
    made
}

#[test]
fn programs_have_the_bytes_of_the_oracle() {
    assert_eq!(have_the_bytes_of_the_oracle("program_bytes"), 5);
    assert_eq!(have_the_bytes_of_the_oracle("program_joined_bytes"), JOINED.len());
}

#[test]
fn other_bytes_are_refused() {
    let mut refused = 0;
    let joined = cases("program_joined_bytes");
    for case in
        cases("program_bytes").iter().chain(&joined).filter(|case| case.get("refused").is_some())
    {
        let found: Result<Checked, DecodeError> = Checked::decode(&bytes(&case["inputs"]["bytes"]));
        assert!(found.is_err(), "{}", case["name"]);
        refused += 1;
    }
    assert!(refused > 40, "{refused}");
}
