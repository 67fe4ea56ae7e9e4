//! One value, one string of bytes: round trips, frozen digests, and refusal of everything else.

use package::{Defaults, Manifest, Quality, TokenBytes, Tokenizer};

use crate::random::{self, Random};

/// What is read from bytes: how to make some, and what they are written as when read.
struct Decoder {
    name: &'static str,
    make: fn(&mut Random) -> Vec<u8>,
    again: fn(&[u8]) -> Result<Vec<u8>, String>,
}

fn said(error: impl core::fmt::Display) -> String {
    error.to_string()
}

const DECODERS: [Decoder; 6] = [
    Decoder {
        name: "Manifest",
        make: |random| {
            let value = random::manifest(random);
            assert_eq!(Manifest::decode(&value.encode()).as_ref(), Ok(&value));
            value.encode()
        },
        again: |bytes| Manifest::decode(bytes).map(|value| value.encode()).map_err(said),
    },
    Decoder {
        name: "Tokenizer",
        make: |random| {
            let value = random::tokenizer(random);
            assert_eq!(Tokenizer::decode(&value.encode().unwrap()).as_ref(), Ok(&value));
            value.encode().unwrap()
        },
        again: |bytes| Tokenizer::decode(bytes).map(|value| value.encode().unwrap()).map_err(said),
    },
    Decoder {
        name: "Tokenizer, SentencePiece",
        make: |random| {
            let value = random::sentence_piece(random);
            assert_eq!(Tokenizer::decode(&value.encode().unwrap()).as_ref(), Ok(&value));
            value.encode().unwrap()
        },
        again: |bytes| Tokenizer::decode(bytes).map(|value| value.encode().unwrap()).map_err(said),
    },
    Decoder {
        name: "TokenBytes",
        make: |random| {
            let value = random::token_bytes(random);
            assert_eq!(TokenBytes::decode(&value.encode()).as_ref(), Ok(&value));
            value.encode()
        },
        again: |bytes| TokenBytes::decode(bytes).map(|value| value.encode()).map_err(said),
    },
    Decoder {
        name: "Defaults",
        make: |random| {
            let value = random::defaults(random);
            assert_eq!(Defaults::decode(&value.encode()).as_ref(), Ok(&value));
            value.encode()
        },
        again: |bytes| Defaults::decode(bytes).map(|value| value.encode()).map_err(said),
    },
    Decoder {
        name: "Quality",
        make: |random| {
            let value = random::quality(random);
            assert_eq!(Quality::decode(&value.encode().unwrap()).as_ref(), Ok(&value));
            value.encode().unwrap()
        },
        again: |bytes| Quality::decode(bytes).map(|value| value.encode().unwrap()).map_err(said),
    },
];

/// Whoever changes one of these changes bytes that people keep. Making the values asserts the round trip.
#[test]
fn digests_are_those_written_down() {
    let text = include_str!("digests.txt");
    let (head, frozen): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('#'));
    assert!(!head.is_empty(), "the file says what it is");
    let found: Vec<String> = DECODERS.iter().map(digest).collect();
    assert_eq!(found, frozen, "the file should end in\n{}\n", found.join("\n"));
}

/// Of 1,000 encodings, each with its length before it.
fn digest(decoder: &Decoder) -> String {
    let mut hasher = blake3::Hasher::new();
    for seed in 0..1000 {
        let bytes = (decoder.make)(&mut Random(seed));
        hasher.update(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
        hasher.update(&bytes);
    }
    format!("{} {}", hasher.finalize(), decoder.name)
}

#[test]
fn a_changed_byte_is_refused_or_is_another_value() {
    for decoder in &DECODERS {
        for seed in 0..10 {
            let bytes = (decoder.make)(&mut Random(seed));
            for at in 0..bytes.len() {
                for change in [1, 2, 0x80, 0xff] {
                    let mut changed = bytes.clone();
                    changed[at] ^= change;
                    if let Ok(again) = (decoder.again)(&changed) {
                        assert_eq!(again, changed, "{} {seed} {at}: a second form", decoder.name);
                    }
                }
            }
        }
    }
}

#[test]
fn what_ends_early_or_goes_on_is_refused() {
    for decoder in &DECODERS {
        for seed in 0..10 {
            let mut bytes = (decoder.make)(&mut Random(seed));
            for length in 0..bytes.len() {
                let read = (decoder.again)(&bytes[..length]);
                assert!(read.is_err(), "{} {seed}: {length} bytes", decoder.name);
            }
            bytes.push(0);
            assert!((decoder.again)(&bytes).unwrap_err().contains("follow"), "{}", decoder.name);
        }
    }
}

#[test]
fn random_bytes_never_panic() {
    let mut random = Random(9);
    for decoder in &DECODERS {
        let start = (decoder.make)(&mut random);
        for _ in 0..2_000 {
            let keep = usize::try_from(random.below(u64::try_from(start.len()).unwrap())).unwrap();
            let mut bytes = start[..keep].to_vec();
            bytes.extend((0..random.below(60)).map(|_| random.next().to_le_bytes()[0]));
            if let Ok(again) = (decoder.again)(&bytes) {
                assert_eq!(again, bytes, "{}", decoder.name);
            }
        }
    }
}
