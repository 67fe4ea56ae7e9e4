//! One program, one string of bytes: round trips, frozen digests, and refusal of everything else.

use canon::Format;
use canon::reference::Layout;
use commit::WireError;
use program::encoding::DecodeError;
use program::tiny::Shape;
use program::types::InputKind;
use program::{Checked, limits};
use proptest::prelude::*;

fn tiny() -> Checked {
    Checked::new(Shape::default().program()).unwrap()
}

#[test]
fn decoding_undoes_encoding() {
    for (name, shape) in Shape::variants() {
        let checked = Checked::new(shape.program()).unwrap();
        let decoded = Checked::decode(&checked.encode());
        assert_eq!(decoded.as_ref(), Ok(&checked), "{name}");
        assert_eq!(decoded.unwrap().digest(), checked.digest(), "{name}");
    }
}

/// Whoever changes one of these changes the id of every model: that takes a new format version.
#[test]
fn a_program_of_too_many_ops_is_not_looked_at() {
    let checked = tiny();
    let (bytes, ops) = (checked.encode(), checked.sites().count());
    assert_eq!(Checked::decode_within(&bytes, ops), Ok(checked));
    let (what, found, max) = ("ops of all layers", ops, ops - 1);
    let beyond = DecodeError::Wire(WireError::Limit { what, found, max });
    assert_eq!(Checked::decode_within(&bytes, max), Err(beyond.clone()));
    let mut unknown = bytes;
    unknown[6] = 0xff;
    assert_eq!(Checked::decode_within(&unknown, max), Err(beyond), "before anything is checked");
}

#[test]
fn digests_are_frozen() {
    let frozen = include_str!("digests.txt");
    let mut found = String::new();
    for (name, shape) in Shape::variants() {
        let checked = Checked::new(shape.program()).unwrap();
        found.push_str(&format!("{} {name}\n", checked.digest()));
    }
    assert_eq!(found, frozen);
}

/// What varies of a program, from a seed: sizes, formats, layouts, and every op that may be left out.
fn seeded(seed: u64) -> Shape {
    let mut state = seed;
    let mut below = |end: u64| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % end).unwrap()
    };
    let pick = |index: u32, formats: &[Format]| formats[usize::try_from(index).unwrap()];
    let quantised = [Format::Q8_0, Format::Q4_0, Format::Q4_1, Format::F16, Format::F32];
    let (head_width, kv_heads) = (32 * (1 + below(8)), 1 + below(4));
    Shape {
        width: 32 * (1 + below(256)),
        hidden: 32 * (1 + below(512)),
        layers: 1 + below(5),
        heads: kv_heads * (1 + below(8)),
        kv_heads,
        head_width,
        vocabulary: 1 + below(1 << 20),
        context_max: 1 + below(1 << 16),
        format: pick(below(5), &quantised),
        vector_format: pick(below(2), &quantised[3..]),
        inputs: if below(2) == 0 { InputKind::A8 } else { InputKind::A16 },
        layout: if below(2) == 0 { Layout::Interleaved } else { Layout::Half },
        rotary: 2 * (1 + below(u64::from(head_width / 2))),
        bias: below(2) == 0,
        tied: below(2) == 0,
        window: below(2) * below(1 << 16),
        head_norm: below(2) == 0,
        hadamard: below(2) == 0,
        soft_cap: below(2) == 0,
        ..Shape::default()
    }
}

/// The same with every op and format that joined after the freeze: scales, gelu, caps of scores, experts.
fn seeded_joined(seed: u64) -> Shape {
    // Another stream than the sizes' own.
    let mut state = seed ^ 0x6a6f_696e_6564;
    let mut below = |end: u64| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        u32::try_from((state >> 33) % end).unwrap()
    };
    let joined: Vec<Format> = Format::ALL.into_iter().filter(|f| f.number() > 5).collect();
    let format = joined[usize::try_from(below(10)).unwrap()];
    let plain = seeded(seed);
    // Columns of super-blocks; and rows of all experts within the limit.
    let columns = u32::try_from(format.span()).unwrap();
    let up = |size: u32, most: u32| size.min(most).next_multiple_of(columns);
    let head_width = if columns == 256 { 256 } else { plain.head_width };
    let experts = below(2) * (2 + below(255));
    let most = (1 << 20) / experts.max(64) / 256 * 256;
    Shape {
        format,
        vector_format: [Format::F16, Format::F32, Format::Bf16][usize::try_from(below(3)).unwrap()],
        width: up(plain.width, most),
        hidden: up(plain.hidden, most),
        head_width,
        scale: below(2) == 0,
        gelu: below(2) == 0,
        attention_cap: below(2) == 0,
        experts,
        over_all: below(2) == 0,
        ..plain
    }
}

/// Of 1,000 encodings, each with its length before it.
fn digest_of(shape: fn(u64) -> Shape) -> String {
    let mut hasher = blake3::Hasher::new();
    for seed in 0..1000 {
        let checked = Checked::new(shape(seed).program());
        let checked = checked.unwrap_or_else(|error| panic!("{seed}: {error}"));
        let bytes = checked.encode();
        assert_eq!(Checked::decode(&bytes), Ok(checked), "{seed}");
        hasher.update(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
        hasher.update(&bytes);
    }
    format!("{}\n", hasher.finalize())
}

/// The first line of the files is for people.
#[test]
fn digests_of_seeded_programs_are_frozen() {
    let (_, frozen) = include_str!("seeded_digest.txt").split_once('\n').unwrap();
    assert_eq!(digest_of(seeded), frozen);
    let (_, joined) = include_str!("seeded_joined_digest.txt").split_once('\n').unwrap();
    assert_eq!(digest_of(seeded_joined), joined);
}

/// Each op that joined stands in many of those programs, and in many not.
#[test]
fn seeded_programs_have_every_op_that_joined() {
    let mut counts = std::collections::BTreeMap::new();
    for seed in 0..1000 {
        let program = seeded_joined(seed).program();
        let groups = [&program.prologue, &program.groups[0], &program.epilogue];
        let ops = groups.into_iter().flat_map(|group| &group.template.ops);
        let numbers: std::collections::BTreeSet<u16> = ops.map(|op| op.number()).collect();
        numbers.into_iter().for_each(|number| *counts.entry(number).or_insert(0) += 1);
    }
    for number in 14..=19 {
        let found = counts.get(&number).copied().unwrap_or(0);
        assert!((300..700).contains(&found), "op {number}: {found}");
    }
}

#[test]
fn the_first_bytes_are_the_versions() {
    let bytes = tiny().encode();
    assert_eq!(bytes[..8], *b"PRBP\x01\x00\x01\x00");
    let with = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        Checked::decode(&bytes)
    };
    assert_eq!(with(0, b'X'), Err(DecodeError::Magic));
    let version = WireError::Version { what: "program format", found: 2 };
    assert_eq!(with(4, 2), Err(version.into()));
    let error = with(6, 2).unwrap_err();
    assert_eq!(
        error.to_string(),
        "arithmetic version 2 is unknown here; a newer release may run this program"
    );
}

/// Every shorter string is refused, and every longer one.
#[test]
fn truncated_and_trailing_bytes_are_refused() {
    let bytes = tiny().encode();
    for length in 0..bytes.len() {
        assert!(Checked::decode(&bytes[..length]).is_err(), "{length} bytes");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(
        Checked::decode(&longer),
        Err(WireError::Trailing { what: "the program", bytes: 1 }.into())
    );
    let huge = vec![0; limits::ENCODED_BYTES_MAX + 1];
    let refused = Checked::decode(&huge);
    assert!(matches!(refused, Err(DecodeError::Wire(WireError::Limit { what: "bytes", .. }))));
}

#[test]
fn unknown_ops_are_refused() {
    let bytes = tiny().encode();
    // The prologue's only op is embed: number 1, value 0, slot 0, frac 16.
    let embed = [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 16];
    let at = bytes.windows(embed.len()).position(|window| window == embed).unwrap() + 4;
    for number in [0_u16, 999, u16::MAX] {
        let mut bytes = bytes.clone();
        bytes[at..at + 2].copy_from_slice(&number.to_le_bytes());
        assert_eq!(Checked::decode(&bytes), Err(DecodeError::UnknownOp { number, at }));
    }
}

/// A count beyond its limit, or beyond the bytes that are left, is refused before anything is allocated for it.
#[test]
fn counts_are_checked_first() {
    let bytes = tiny().encode();
    let tensors_at = 16;
    let with = |count: u32| {
        let mut bytes = bytes.clone();
        bytes[tensors_at..tensors_at + 4].copy_from_slice(&count.to_le_bytes());
        Checked::decode(&bytes)
    };
    let max = limits::TENSORS_MAX;
    let found = usize::try_from(u32::MAX).unwrap();
    assert_eq!(with(u32::MAX), Err(WireError::Limit { what: "tensors", found, max }.into()));
    let truncated = WireError::Truncated { what: "tensors", at: tensors_at + 4 };
    assert_eq!(with(u32::try_from(max).unwrap()), Err(truncated.into()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bytes that decode are the bytes their program encodes to, however they came about.
    #[test]
    fn no_other_bytes_decode(
        variant in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let shape = variant.get(&Shape::variants()).1.clone();
        let mut bytes = Checked::new(shape.program()).unwrap().encode();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(checked) = Checked::decode(&bytes) {
            prop_assert_eq!(checked.encode(), bytes);
        }
    }

    #[test]
    fn random_bytes_do_not_panic(tail in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [&b"PRBP\x01\x00\x01\x00"[..], &tail].concat();
        prop_assert!(Checked::decode(&bytes).is_err());
    }
}
