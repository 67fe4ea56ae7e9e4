//! Bytes of leaves and tiles' outputs as the data they are (`spec/program.md` section 6).
//!
//! Never guesses: the program says what is where. Bytes of another length or meaning are `None`.

use canon::reference::{HeadRow, NormScale, Peak, Sums};
use core::ops::Range;
use program::Op;
use program::tile::{CHUNK, Data, KvRow, chunk_of};
use program::types::{InputKind, KvRows, Type};

use crate::moves::Leaf;

/// Values of one width, one after the other.
fn numbers<T, const N: usize>(bytes: &[u8], read: fn([u8; N]) -> T) -> Option<Vec<T>> {
    let (values, rest) = bytes.as_chunks::<N>();
    rest.is_empty().then(|| values.iter().copied().map(read).collect())
}

/// A single value.
fn number<T, const N: usize>(bytes: &[u8], read: fn([u8; N]) -> T) -> Option<T> {
    bytes.try_into().ok().map(read)
}

/// Unit exponents.
pub(crate) fn units(bytes: &[u8]) -> Option<Data> {
    numbers(bytes, i16::from_le_bytes).map(Data::Units)
}

/// The first leaf of a quantised row.
pub(crate) fn exponent(leaves: &[Leaf]) -> Option<Data> {
    let [leaf] = leaves else { return None };
    number(&leaf.bytes, i32::from_le_bytes).map(Data::Exponent)
}

/// Some entries of a row, of the leaves that hold them; every leaf is read whole.
pub(crate) fn entries(kind: Type, entries: &Range<u32>, leaves: &[Leaf]) -> Option<Data> {
    let width = match kind {
        Type::Fixed(row) | Type::Logits(row) => row.width,
        Type::Routing(routing) => routing.entries(),
        Type::Quantised { width, .. } => width,
        Type::Token | Type::Kv(_) => return None,
    };
    let first = entries.start / CHUNK;
    let part = usize::try_from(entries.start - first * CHUNK).ok()?
        ..usize::try_from(entries.end - first * CHUNK).ok()?;
    let bytes: Option<Vec<&[u8]>> = (first..)
        .zip(leaves)
        .map(|(chunk, leaf)| {
            let whole = leaf.bytes.len() == bytes_of(kind, chunk_of(width, chunk).len());
            whole.then_some(&*leaf.bytes)
        })
        .collect();
    let bytes = bytes?.concat();
    match kind {
        Type::Fixed(_) | Type::Logits(_) | Type::Routing(_) => {
            let row = numbers(&bytes, i32::from_le_bytes)?;
            let small = row.iter().all(|entry| i64::from(entry.unsigned_abs()) < canon::LIMIT);
            Some(Data::Fixed(row.get(part).filter(|_| small)?.to_vec()))
        }
        Type::Quantised { kind: InputKind::A16, .. } => {
            Some(Data::A16(numbers(&bytes, i16::from_le_bytes)?.get(part)?.to_vec()))
        }
        Type::Quantised { kind: InputKind::A8, .. } => a8(&bytes, &part),
        Type::Token | Type::Kv(_) => None,
    }
}

/// Bytes of so many entries of a row.
fn bytes_of(kind: Type, entries: usize) -> usize {
    match kind {
        Type::Quantised { kind: InputKind::A8, .. } => entries / canon::BLOCK * (canon::BLOCK + 1),
        Type::Quantised { kind: InputKind::A16, .. } => 2 * entries,
        Type::Fixed(_) | Type::Logits(_) | Type::Routing(_) | Type::Token | Type::Kv(_) => {
            4 * entries
        }
    }
}

/// Whole blocks of an A8 row: a scale and 32 quants each.
fn a8(bytes: &[u8], part: &Range<usize>) -> Option<Data> {
    let (blocks, rest) = bytes.as_chunks::<{ canon::BLOCK + 1 }>();
    let blocks = blocks.get(part.start / canon::BLOCK..part.end.div_ceil(canon::BLOCK))?;
    let scales = blocks.iter().map(|block| block[0]).collect();
    let quants = blocks.iter().flat_map(|block| signed(&block[1..])).collect();
    rest.is_empty().then_some(Data::A8 { scales, quants })
}

fn signed(bytes: &[u8]) -> Vec<i8> {
    bytes.iter().map(|byte| i8::from_le_bytes([*byte])).collect()
}

/// Key and value rows.
pub(crate) fn page(kv: KvRows, leaves: &[Leaf]) -> Option<Data> {
    let width = usize::try_from(kv.head_width).ok()?;
    let half = |bytes: &[u8]| {
        let (quants, scale) = bytes.split_at_checked(width)?;
        let [mantissa, shift] = *scale else { return None };
        Some(HeadRow { quants: signed(quants), mantissa, shift })
    };
    let row = |leaf: &Leaf| {
        let (key, value) = leaf.bytes.split_at_checked(width + 2)?;
        Some(KvRow { key: half(key)?, value: half(value)? })
    };
    leaves.iter().map(row).collect::<Option<_>>().map(Data::Page)
}

/// Outputs of a stage's tiles.
pub(crate) fn outputs(op: &Op, stage: u8, leaves: &[Leaf]) -> Option<Data> {
    let data = |leaf: &Leaf| output(op, stage, &leaf.bytes);
    leaves.iter().map(data).collect::<Option<_>>().map(Data::Outputs)
}

/// What a tile that another one reads made.
fn output(op: &Op, stage: u8, bytes: &[u8]) -> Option<Data> {
    match (op, stage) {
        (Op::Norm(_), 0) => number(bytes, u128::from_le_bytes).map(Data::Squares),
        (Op::Norm(_), _) => {
            let (inverse, shift) = bytes.split_at_checked(8)?;
            let inverse = number(inverse, i64::from_le_bytes)?;
            let shift = number(shift, i32::from_le_bytes)?;
            Some(Data::Scale(NormScale { inverse, shift }))
        }
        (Op::Quantise(_), 0) => number(bytes, u32::from_le_bytes).map(Data::Greatest),
        (Op::Quantise(_), _) => number(bytes, i32::from_le_bytes).map(Data::Exponent),
        (Op::Matmul(_) | Op::Logits(_) | Op::ExpertMatmul(_), 0) => {
            numbers(bytes, i64::from_le_bytes).map(Data::Sums)
        }
        (Op::Matmul(_) | Op::Logits(_) | Op::ExpertMatmul(_), _) => {
            numbers(bytes, i32::from_le_bytes).map(Data::Fixed)
        }
        (Op::Attention(_) | Op::CappedAttention(_), 0) => {
            let (score, shift) = bytes.split_at_checked(4)?;
            let [shift] = *shift else { return None };
            Some(Data::Peak(Peak { score: number(score, i32::from_le_bytes)?, shift }))
        }
        (Op::Attention(_) | Op::CappedAttention(_), _) => {
            let (probability, value) = bytes.split_at_checked(8)?;
            let probability = number(probability, u64::from_le_bytes)?;
            let value = numbers(value, i64::from_le_bytes)?;
            Some(Data::Attended(Sums { probability, value }))
        }
        (Op::Sample(_), stage) => program::ops::sample_output(stage, bytes),
        (
            Op::Route(_)
            | Op::Weigh(_)
            | Op::Embed(_)
            | Op::Rope(_)
            | Op::KvAppend(_)
            | Op::SiluGate(_),
            _,
        )
        | (Op::GeluGate(_) | Op::Add(_) | Op::Hadamard(_) | Op::SoftCap(_) | Op::Scale(_), _) => {
            None
        }
    }
}
