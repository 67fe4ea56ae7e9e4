//! One value, one string of bytes: round trips, frozen digests, and refusal of everything else.

use commit::WireError;
use dispute::{Filing, Move};

use crate::random::{self, Random};
use crate::states;

/// What is read from bytes: how to make some, and what they are written as when read.
struct Decoder {
    name: &'static str,
    make: fn(&mut Random) -> Vec<u8>,
    again: fn(&[u8]) -> Result<Vec<u8>, WireError>,
}

macro_rules! decoder {
    ($type:ident, $make:path) => {
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

const DECODERS: [Decoder; 3] = [
    decoder!(Filing, random::filing),
    decoder!(Move, random::a_move),
    Decoder {
        name: "State",
        make: |random| {
            let bytes = states::state(random);
            assert_eq!(states::again(&bytes).as_ref(), Ok(&bytes), "encoding undoes decoding");
            bytes
        },
        again: states::again,
    },
];

/// Whoever changes one of these changes bytes that people send. Making the values asserts the round trip.
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
    (0..200).map(move |seed| make(&mut Random(seed))).filter(move |b| b.len() < longest)
}

#[test]
fn a_changed_byte_is_refused_or_is_another_value() {
    for decoder in &DECODERS {
        let (mut refused, mut read) = (0, 0);
        for mut bytes in samples(decoder, 3000).take(30) {
            for at in 0..bytes.len() {
                let was = bytes[at];
                for change in [1, 2, 4, 0x40, 0x80, 0xff] {
                    bytes[at] = was ^ change;
                    let counter =
                        if is_canonical(decoder, &bytes) { &mut read } else { &mut refused };
                    *counter += 1;
                }
                bytes[at] = was;
            }
        }
        assert!(refused > 500 && read > 1000, "{}: {refused} {read}", decoder.name);
    }
}

#[test]
fn what_ends_early_or_goes_on_is_refused() {
    for decoder in &DECODERS {
        for bytes in samples(decoder, 3000).take(30) {
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

#[test]
fn no_other_version_is_read() {
    for decoder in &DECODERS {
        let mut bytes = (decoder.make)(&mut Random(3));
        for version in [0_u16, 2, 256, u16::MAX] {
            bytes[..2].copy_from_slice(&version.to_le_bytes());
            let found = (decoder.again)(&bytes);
            let wanted = matches!(found, Err(WireError::Version { found, .. }) if found == version);
            assert!(wanted, "{}: {found:?}", decoder.name);
        }
    }
}
