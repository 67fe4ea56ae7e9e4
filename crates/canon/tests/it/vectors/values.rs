//! Reading vectors: numbers, generators, bytes (`spec/vectors/README.md`), and comparing outputs.

use std::path::PathBuf;

use serde_json::Value;

use crate::cases::Seed;

/// One case of a file.
pub(super) struct Case {
    pub(super) op: String,
    pub(super) name: String,
    pub(super) inputs: Value,
    expected: Option<Value>,
    pub(super) refused: Option<String>,
    fault: bool,
}

/// An output.
pub(super) enum Field {
    Number(i128),
    List(Vec<i128>),
    Rows(Vec<Vec<i128>>),
    Bytes(Vec<u8>),
}

/// What an implementation made of a case.
pub(super) enum Outcome {
    Gives(Vec<(&'static str, Field)>),
    Fault,
    Refused,
}

pub(super) fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors"))
}

pub(super) fn load(file: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join(file).with_extension("json")).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let op = value["op"].as_str().unwrap();
    let case = |case: &Value| Case {
        op: op.to_owned(),
        name: case["name"].as_str().unwrap().to_owned(),
        inputs: case["inputs"].clone(),
        expected: case.get("expected").cloned(),
        refused: case.get("refused").map(|reason| reason.as_str().unwrap().to_owned()),
        fault: case.get("fault").is_some(),
    };
    value["cases"].as_array().unwrap().iter().map(case).collect()
}

impl Case {
    /// Fails where the outcome is another one, or an output differs; a `complete` implementation
    /// must give every output of the oracle.
    pub(super) fn compare(&self, who: &str, outcome: &Outcome, complete: bool) {
        let name = format!("{who}: {}", self.name);
        match outcome {
            Outcome::Refused => assert!(self.refused.is_some(), "{name}: refused"),
            Outcome::Fault => assert!(self.fault, "{name}: a fault"),
            Outcome::Gives(fields) => {
                let reason = self.refused.as_deref().unwrap_or("as a fault");
                let expected = self.expected.as_ref();
                let Some(expected) = expected else { panic!("{name}: not refused {reason}") };
                let expected = expected.as_object().unwrap();
                for (key, field) in fields {
                    let found = expected.iter().find(|(k, _)| strip(k).0 == *key);
                    if let Some((k, value)) = found {
                        field.compare(&format!("{name}, {key}"), strip(k).1, value);
                    } else {
                        assert!(!complete || *key == "adjusted", "{name}: no {key}");
                    }
                }
                for key in expected.keys().filter(|_| complete) {
                    let given = fields.iter().any(|(k, _)| *k == strip(key).0);
                    assert!(given, "{name}: {key} is not given");
                }
            }
        }
    }

    pub(super) fn int(&self, key: &str) -> i128 {
        int(&self.inputs[key])
    }

    pub(super) fn small(&self, key: &str) -> i32 {
        i32::try_from(self.int(key)).unwrap()
    }

    pub(super) fn ints(&self, key: &str) -> Vec<i128> {
        ints(&self.inputs[key])
    }

    pub(super) fn row(&self, key: &str) -> Vec<i32> {
        narrow(self.ints(key))
    }

    pub(super) fn text(&self, key: &str) -> &str {
        self.inputs[key].as_str().unwrap()
    }

    pub(super) fn bytes(&self, key: &str) -> Vec<u8> {
        bytes(&self.inputs[key])
    }
}

/// The name of an output, and the bytes per value where the vector holds only a BLAKE3.
fn strip(key: &str) -> (&str, Option<usize>) {
    if key == "blake3_u16_le" {
        ("values", Some(2))
    } else {
        key.strip_suffix("_blake3_i32_le").map_or((key, None), |key| (key, Some(4)))
    }
}

impl Field {
    fn compare(&self, name: &str, width: Option<usize>, expected: &Value) {
        match self {
            Self::Number(number) => assert_eq!(*number, int(expected), "{name}"),
            Self::Bytes(bytes) => assert_eq!(*bytes, hex(expected.as_str().unwrap()), "{name}"),
            Self::Rows(rows) => {
                let wanted: Vec<_> = expected.as_array().unwrap().iter().map(ints).collect();
                assert_eq!(*rows, wanted, "{name}");
            }
            Self::List(list) => match width {
                None => assert_eq!(*list, ints(expected), "{name}"),
                Some(width) => {
                    let mut hasher = blake3::Hasher::new();
                    for entry in list {
                        hasher.update(&entry.to_le_bytes()[..width]);
                    }
                    let hash = hasher.finalize().to_hex();
                    assert_eq!(hash.as_str(), expected.as_str().unwrap(), "{name}");
                }
            },
        }
    }
}

pub(super) fn list<T: Into<i128> + Copy>(entries: &[T]) -> Field {
    Field::List(entries.iter().map(|entry| (*entry).into()).collect())
}

pub(super) fn narrow<T: TryFrom<i128>>(entries: Vec<i128>) -> Vec<T> {
    let entry = |entry| T::try_from(entry).unwrap_or_else(|_| panic!("{entry} is too wide"));
    entries.into_iter().map(entry).collect()
}

pub(super) fn int(value: &Value) -> i128 {
    match value.as_str() {
        Some(text) => text.parse().unwrap(),
        None => value.as_i64().unwrap().into(),
    }
}

/// A list of integers: written out, as hex bytes, or made by a generator.
pub(super) fn ints(value: &Value) -> Vec<i128> {
    if let Some(list) = value.as_array() {
        list.iter().map(int).collect()
    } else if let Some(text) = value.as_str() {
        hex(text).iter().map(|byte| byte.cast_signed().into()).collect()
    } else {
        generate(value)
    }
}

fn generate(generator: &Value) -> Vec<i128> {
    let count = generator["count"].as_u64().unwrap();
    let kind = generator["gen"].as_str().unwrap();
    let mut seed = Seed(generator.get("seed").map_or(0, |seed| int(seed) as u64));
    let mut value = |_| match kind {
        "uniform" => {
            let (lo, hi) = (int(&generator["lo"]), int(&generator["hi"]));
            lo + i128::from(seed.next()) % (hi - lo + 1)
        }
        "bits" => {
            let z = seed.next();
            let bits = (z >> 58) % (generator["bits"].as_u64().unwrap() + 1);
            let magnitude = i128::from(z % (1 << bits));
            if (z >> 57) % 2 == 1 { -magnitude } else { magnitude }
        }
        "fill" => int(&generator["value"]),
        other => panic!("unknown generator {other}"),
    };
    let mut out: Vec<i128> = (0..count).map(&mut value).collect();
    for pair in generator.get("set").and_then(Value::as_array).into_iter().flatten() {
        out[int(&pair[0]) as usize] = int(&pair[1]);
    }
    out
}

pub(super) fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    let digits = text.as_bytes().chunks_exact(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Bytes as hex, or weight rows made by the generator of that name.
pub(super) fn bytes(value: &Value) -> Vec<u8> {
    let Value::Object(generator) = value else { return hex(value.as_str().unwrap()) };
    let (floats, size, words) = match generator["format"].as_str().unwrap() {
        "Q8_0" => (1, 2, 4),
        "Q4_0" => (1, 2, 2),
        "Q4_1" => (2, 2, 2),
        "F16" => (32, 2, 0),
        "F32" => (32, 4, 0),
        other => panic!("unknown format {other}"),
    };
    let mantissa = if size == 4 { 23 } else { 10 };
    let (lo, hi) = (int(&generator["exp_lo"]) as u64, int(&generator["exp_hi"]) as u64);
    let mut seed = Seed(int(&generator["seed"]) as u64);
    let mut out = Vec::new();
    for _ in 0..int(&generator["blocks"]) {
        for _ in 0..floats {
            let z = seed.next();
            let exponent = lo + (z >> 40) % (hi - lo + 1);
            let bits = z % (1 << mantissa) + (exponent << mantissa) + ((z >> 63) << (8 * size - 1));
            out.extend(&bits.to_le_bytes()[..size]);
        }
        (0..words).for_each(|_| out.extend(seed.next().to_le_bytes()));
    }
    for pair in generator.get("patch").and_then(Value::as_array).into_iter().flatten() {
        let patch = hex(pair[1].as_str().unwrap());
        out[int(&pair[0]) as usize..][..patch.len()].copy_from_slice(&patch);
    }
    out
}
