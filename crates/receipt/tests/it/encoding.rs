//! One value, one string of bytes: round trips, frozen digests, and refusal of everything else.

use commit::WireError;
use receipt::log::LogLeaf;
use receipt::{
    Equivocation, JobLeaf, MissingAnswer, MissingChallenge, Opening, PartialOpening, Receipt,
    SignedHead,
};
use sha2::{Digest as _, Sha256};

use crate::generator::{self, Random};
use crate::sealed::sealed;

/// What is read from bytes: how to make some, and what they are written as when read.
struct Decoder {
    name: &'static str,
    make: fn(&mut Random) -> Vec<u8>,
    again: fn(&[u8]) -> Result<Vec<u8>, WireError>,
}

macro_rules! decoder {
    ($type:ident, $make:expr) => {
        Decoder {
            name: stringify!($type),
            make: |random| {
                let value: $type = $make(random);
                let bytes = value.encode();
                assert_eq!($type::decode(&bytes), Ok(value), "decoding undoes encoding");
                bytes
            },
            again: |bytes| $type::decode(bytes).map(|value| value.encode()),
        }
    };
}

const DECODERS: [Decoder; 8] = [
    decoder!(Equivocation, |random: &mut Random| generator::equivocation(random).1),
    decoder!(JobLeaf, generator::job_leaf),
    decoder!(LogLeaf, generator::log_leaf),
    decoder!(MissingAnswer, generator::missing_answer),
    decoder!(Opening, generator::opening),
    decoder!(PartialOpening, generator::partial),
    decoder!(Receipt, generator::receipt),
    decoder!(SignedHead, generator::signed_head),
];

/// Every byte of one is signed or part of a signature: `missing.rs` changes each.
fn challenge(random: &mut Random) -> Vec<u8> {
    let case = sealed(random.next());
    let made = MissingChallenge::new(&case.envelope(), case.checkpoint(), case.network).unwrap();
    let bytes = made.encode();
    assert_eq!(MissingChallenge::decode(&bytes, case.network), Ok(made));
    bytes
}

/// Whoever changes one of these changes bytes that people keep. Making the values asserts the round trip.
#[test]
fn digests_are_those_written_down() {
    let text = include_str!("digests.txt");
    let (head, frozen): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('#'));
    assert!(!head.is_empty(), "the file says what it is");
    let mut found: Vec<String> =
        DECODERS.iter().map(|decoder| digest(decoder.name, decoder.make)).collect();
    found.push(digest("MissingChallenge", challenge));
    assert_eq!(found, frozen, "the file should end in\n{}\n", found.join("\n"));
}

/// Of 1,000 encodings, each with its length before it.
fn digest(name: &str, make: fn(&mut Random) -> Vec<u8>) -> String {
    let mut hasher = Sha256::new();
    for seed in 0..1000 {
        let bytes = make(&mut Random::new(seed));
        hasher.update(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        hasher.update(&bytes);
    }
    let hex: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex} {name}")
}

fn is_canonical(decoder: &Decoder, bytes: &[u8]) -> bool {
    match (decoder.again)(bytes) {
        Ok(again) => {
            assert_eq!(again, bytes, "{}: two encodings of one value", decoder.name);
            true
        }
        Err(error) => {
            assert!(error.to_string().len() < 200, "{}: a message is short", decoder.name);
            false
        }
    }
}

/// Few of many bytes: a mutation of a long one costs its length.
fn samples(decoder: &Decoder, longest: usize) -> impl Iterator<Item = Vec<u8>> {
    let make = decoder.make;
    (0..40).map(move |seed| make(&mut Random::new(seed))).filter(move |b| b.len() < longest)
}

#[test]
fn every_mutation_of_a_byte_is_canonical_or_refused() {
    for decoder in &DECODERS {
        let (mut refused, mut read) = (0, 0);
        for mut bytes in samples(decoder, 900).take(6) {
            for at in 0..bytes.len() {
                let was = bytes[at];
                for change in 1..=255 {
                    bytes[at] = was ^ change;
                    let counter =
                        if is_canonical(decoder, &bytes) { &mut read } else { &mut refused };
                    *counter += 1;
                }
                bytes[at] = was;
            }
        }
        // Any 96 bytes are a leaf of the log.
        let refuses =
            refused > 1000 || decoder.name == "LogLeaf" || decoder.name == "MissingAnswer";
        assert!(refuses && read > 1000, "{}: {refused} {read}", decoder.name);
    }
}

#[test]
fn truncated_and_trailing_bytes_are_refused() {
    for decoder in &DECODERS {
        for bytes in samples(decoder, 5000).take(12) {
            for length in 0..bytes.len() {
                let shorter = (decoder.again)(&bytes[..length]);
                assert!(shorter.is_err(), "{}: {length} bytes", decoder.name);
            }
            for more in 0..=255 {
                let longer = [&bytes[..], &[more]].concat();
                assert!((decoder.again)(&longer).is_err(), "{}: one more", decoder.name);
            }
        }
    }
}

/// Several bytes changed, moved, doubled or cut out at once.
#[test]
fn no_other_bytes_decode() {
    for decoder in &DECODERS {
        for seed in 0..4000 {
            let random = &mut Random::new(1 << 32 | seed);
            let mut bytes = (decoder.make)(&mut Random::new(seed % 60));
            for _ in 0..1 + random.below(4) {
                let end = u32::try_from(bytes.len()).unwrap();
                let (from, to) = (random.below(end) as usize, random.below(end) as usize);
                let length = (random.below(9) as usize).min(bytes.len() - from);
                let piece = bytes[from..from + length].to_vec();
                match random.below(4) {
                    0 => bytes[from] = random.next().to_le_bytes()[0],
                    1 => drop(bytes.splice(to..to, piece)),
                    2 => drop(bytes.drain(from..from + length)),
                    _ => {
                        let room = length.min(bytes.len() - to);
                        bytes[to..to + room].copy_from_slice(&piece[..room]);
                    }
                }
                if bytes.is_empty() {
                    break;
                }
            }
            is_canonical(decoder, &bytes);
        }
    }
}

#[test]
fn no_other_version_is_read() {
    for decoder in DECODERS.iter().filter(|decoder| decoder.name != "LogLeaf") {
        // A signed head begins with its worker's key.
        let at = if decoder.name == "SignedHead" { 32 } else { 0 };
        let mut bytes = (decoder.make)(&mut Random::new(3));
        for version in [0_u16, 2, 256, u16::MAX] {
            bytes[at..at + 2].copy_from_slice(&version.to_le_bytes());
            let found = (decoder.again)(&bytes);
            let wanted = matches!(found, Err(WireError::Version { found, .. }) if found == version);
            assert!(wanted, "{}: {found:?}", decoder.name);
        }
    }
}
