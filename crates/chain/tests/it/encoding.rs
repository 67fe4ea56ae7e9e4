//! One value, one string of bytes: round trips, and refusal of everything else.

use chain::records::{
    Account, Anchor, Audit, Auditors, Ballot, BoundKey, Candidates, Channel, Clock, Dispute,
    EpochBook, EpochStart, Group, Hold, LabelRecord, Missing, NameRecord, Node, Package, Panel,
    ParameterValues, Plant, ProgramBytes, Proposal, Purse, Record, Rules, Seats, Settlement,
    Stakes, Withheld,
};
use chain::state::Proof;
use chain::{Block, Certificate, Genesis, Header, Transaction, Voucher};
use commit::WireError;
use std::fmt::Debug;

use crate::generator::{self, NETWORK, Random};

type Again = fn(&[u8]) -> Result<Vec<u8>, WireError>;

/// What is read from bytes: how to make some, and what they are written as when read.
struct Decoder {
    name: &'static str,
    make: fn(&mut Random) -> Vec<u8>,
    again: Again,
}

fn undone<T: PartialEq + Debug>(
    value: &T,
    bytes: Vec<u8>,
    decoded: Result<T, WireError>,
) -> Vec<u8> {
    assert_eq!(decoded.as_ref(), Ok(value), "decoding undoes encoding");
    bytes
}

macro_rules! decoder {
    ($type:ident, $make:path) => {
        Decoder {
            name: stringify!($type),
            make: |random| {
                let value: $type = $make(random);
                let bytes = value.encode();
                let decoded = $type::decode(&bytes);
                undone(&value, bytes, decoded)
            },
            again: |bytes| $type::decode(bytes).map(|value| value.encode()),
        }
    };
}

const DECODERS: &[Decoder] = &[
    decoder!(Ballot, generator::ballot),
    decoder!(Rules, generator::rules),
    decoder!(Account, generator::account),
    decoder!(Anchor, generator::anchor),
    decoder!(Audit, generator::audit),
    decoder!(Auditors, generator::auditors),
    decoder!(Panel, generator::panel),
    decoder!(BoundKey, generator::bound_key),
    decoder!(Candidates, generator::candidates),
    decoder!(Certificate, generator::certificate),
    decoder!(Channel, generator::channel),
    decoder!(Clock, generator::clock),
    decoder!(EpochBook, generator::epoch_book),
    decoder!(EpochStart, generator::epoch_start),
    decoder!(Dispute, generator::dispute),
    decoder!(Genesis, generator::genesis),
    decoder!(Group, generator::group),
    decoder!(Header, generator::header),
    decoder!(Hold, generator::hold),
    decoder!(Missing, generator::missing),
    decoder!(Node, generator::node),
    decoder!(LabelRecord, generator::label),
    decoder!(NameRecord, generator::name),
    decoder!(Package, generator::package),
    decoder!(ParameterValues, generator::parameters),
    decoder!(Plant, generator::plant),
    decoder!(ProgramBytes, generator::program),
    decoder!(Proof, generator::proof),
    decoder!(Proposal, generator::proposal),
    decoder!(Purse, generator::purse),
    decoder!(Seats, generator::seats),
    decoder!(Stakes, generator::stakes),
    decoder!(Settlement, generator::settlement),
    decoder!(Transaction, generator::transaction),
    decoder!(Voucher, generator::voucher),
    decoder!(Withheld, generator::withheld),
    Decoder {
        name: "Block",
        make: |random| {
            let value = generator::block(random);
            let bytes = value.encode();
            let decoded = Block::decode(NETWORK, &bytes);
            undone(&value, bytes, decoded)
        },
        again: |bytes| Block::decode(NETWORK, bytes).map(|block| block.encode()),
    },
];

#[test]
fn every_value_has_one_string_of_bytes() {
    for decoder in DECODERS {
        for seed in 0..200 {
            let bytes = (decoder.make)(&mut Random(seed));
            for cut in 0..bytes.len().min(400) {
                assert!((decoder.again)(&bytes[..cut]).is_err(), "{} cut at {cut}", decoder.name);
            }
            let longer = [&bytes[..], &[0]].concat();
            assert!((decoder.again)(&longer).is_err(), "{} with a byte behind", decoder.name);
        }
    }
}

#[test]
fn other_bytes_are_refused_or_are_another_value() {
    for decoder in DECODERS {
        for seed in 0..50 {
            let mut random = Random(seed);
            let bytes = (decoder.make)(&mut random);
            for _ in 0..100 {
                let mut changed = bytes.clone();
                let at = usize::try_from(random.below(changed.len() as u64)).unwrap();
                changed[at] ^= 1 << random.below(8);
                if let Ok(again) = (decoder.again)(&changed) {
                    assert_eq!(again, changed, "{}: a second spelling", decoder.name);
                }
            }
        }
    }
}

/// Of a draft: what a release has read is read by later ones, and until then a change of bytes is seen.
const DIGESTS: &str = include_str!("../../../../spec/vectors/ledger_encodings_draft.txt");

#[test]
fn the_bytes_of_an_example_are_what_they_were() {
    let digest = |decoder: &Decoder| {
        let examples = (0..8).flat_map(|seed| (decoder.make)(&mut Random(seed)));
        let hash = blake3::hash(&examples.collect::<Vec<u8>>());
        format!("{}  {}", hash.to_hex(), decoder.name)
    };
    let mut found: Vec<String> = DECODERS.iter().map(digest).collect();
    found.sort_by_key(|line| line.split_once("  ").map(|(_, name)| name.to_owned()));
    let committed: Vec<&str> = DIGESTS.lines().filter(|line| !line.starts_with('#')).collect();
    let new: Vec<&String> =
        found.iter().filter(|line| !committed.contains(&line.as_str())).collect();
    assert!(
        new.is_empty() && committed.len() == found.len(),
        "bytes (or what the generator makes) changed; if that was meant, put into spec/vectors/ledger_encodings_draft.txt: {new:#?}"
    );
}
