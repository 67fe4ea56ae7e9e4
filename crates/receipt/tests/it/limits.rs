//! Every limit of `spec/receipt.md` section 11, met and then exceeded by one; and that a limit is held before anything
//! is allocated.

use commit::WireError;
use receipt::limits;

use crate::pieces::{
    Pieces, choice, job_leaf, le32, list8, list32, opening, output, partial, receipt, signed_head,
    string,
};

fn u32_of(value: usize) -> u32 {
    u32::try_from(value).unwrap()
}

/// Read with so many, refused with one more, by the limit of that number.
fn at_most(max: usize, with: impl Fn(usize) -> Pieces) {
    assert_eq!(with(max).decode(), Ok(()), "{max}");
    let error = with(max + 1).decode().unwrap_err();
    let WireError::Limit { found, max: said, .. } = error else { panic!("{max}: {error:?}") };
    assert_eq!((found, said), (max + 1, max));
}

#[test]
fn the_numbers_are_those_of_the_text() {
    let text = include_str!("../../../../spec/receipt.md");
    for row in [
        "| bytes of a receipt | 4,096 | choices of a job; in a receipt | 128; 16 |",
        "| bytes of a receipt file | 16 MiB | segments of a choice | 16 |",
        "| prompt tokens, output tokens of a choice | 2^16 | biases | 1,024 |",
        "| bytes of the messages | 4 MiB | stop tokens; stop strings, bytes of one | 256; 16, 1,024 |",
        "| named auditors | 16 |",
        "| hashes of a path in a token vector | 16 | bytes of a leaf of a job shown alone | 17,449 |",
        "| tokens of a head's chunk | 16 | tokens after a cancellation | 16 |",
        "| leaves of a log | 2^53 - 1 | hashes of an inclusion proof | 53 |",
        "| bytes of a note; of a challenge's checkpoint | 2^17; 4,096 | signatures of a note | 64 |",
        "As a file of its own an envelope has at most 16 KiB.",
    ] {
        assert!(text.contains(row), "{row}");
    }
    use limits as l;
    assert_eq!((receipt::log::LOG_LEAVES_MAX, receipt::log::LOG_PATH_MAX), ((1 << 53) - 1, 53));
    let note = (receipt::note::NOTE_BYTES_MAX, receipt::note::NOTE_SIGNATURES_MAX);
    assert_eq!((note, receipt::ENVELOPE_BYTES_MAX), ((1 << 17, 64), 16 << 10));
    assert_eq!((l::RECEIPT_BYTES_MAX, l::FILE_BYTES_MAX), (4096, 16 << 20));
    assert_eq!((l::CHOICES_MAX, l::RECEIPT_CHOICES_MAX, l::SEGMENTS_MAX), (128, 16, 16));
    assert_eq!((l::TOKENS_MAX, l::BIASES_MAX, l::MESSAGES_BYTES_MAX), (1 << 16, 1024, 4 << 20));
    assert_eq!(
        (l::STOP_TOKENS_MAX, l::STOP_STRINGS_MAX, l::STOP_STRING_BYTES_MAX),
        (256, 16, 1024)
    );
    assert_eq!((l::AUDITORS_MAX, l::PATH_MAX, l::JOB_LEAF_BYTES_MAX), (16, 16, 17_449));
    assert_eq!((l::CHUNK_TOKENS_MAX, l::CHUNK_MS_MAX, l::AFTER_CANCEL_MAX), (16, 250, 16));
}

#[test]
fn of_jobs() {
    let ascending = |count: usize| list32((0..u32_of(count)).map(le32));
    at_most(1 << 16, |n| opening().with("prompt", ascending(n)));
    at_most(1 << 16, |n| opening().with("tokens max", le32(u32_of(n))));
    at_most(128, |n| opening().with("choices", le32(u32_of(n))));
    at_most(256, |n| opening().with("stop tokens", ascending(n)));
    at_most(16, |n| opening().with("stop strings", list8(vec![string(b"a"); n])));
    at_most(1024, |n| opening().with("stop strings", list8([string(&vec![b'a'; n])])));
    let bias = |token: u32| [le32(token), le32(1)].concat();
    at_most(1024, |n| opening().with("biases", list32((0..u32_of(n)).map(bias))));
    let key = |first: usize| [vec![u8::try_from(first).unwrap()], vec![0; 31]].concat();
    let named = opening().with("consent", vec![1]);
    at_most(16, |n| named.with("auditors", list8((0..n).map(key))));
    let shown = |n: usize| [vec![1], le32(u32_of(n)), vec![b' '; n]].concat();
    at_most(4 << 20, |n| opening().with("rendering", shown(n)));
}

#[test]
fn of_outputs() {
    at_most(1 << 16, |n| opening().with("outputs", list8([output(0, u32_of(n))])));
    at_most(16, |n| opening().with("outputs", list8((0..u32_of(n)).map(|at| output(at, 0)))));
    at_most(1 << 16, |n| signed_head().with("count", le32(u32_of(n))));
    at_most(1 << 16, |n| partial().with("count", le32(u32_of(n))));
    at_most(16, |n| partial().with("path", list8(vec![vec![9; 32]; n])));
}

#[test]
fn of_shown_leaves() {
    let of = |n: usize| [le32(u32_of(n)), vec![3; n]].concat();
    at_most(17_449, |n| job_leaf().with("bytes", of(n)));
}

fn segments(count: usize) -> Vec<Pieces> {
    let one = |at: usize| {
        let worker = if (count - at) % 2 == 1 { 4 } else { 3 };
        signed_head()
            .with("worker", vec![worker; 32])
            .with("start", le32(if at == 0 { 0 } else { 3 }))
    };
    (0..count).map(one).collect()
}

#[test]
fn of_receipts() {
    let head = signed_head();
    let sixteen = |n: usize| {
        let of = |at: u32| choice(at, &[head.with("choice", le32(at))], &[1]);
        let choices = receipt().with("choices", list8((0..u32_of(n)).map(of)));
        choices.with("output", le32(3 * u32_of(n)))
    };
    at_most(16, sixteen);
    at_most(16, |n| receipt().with("choices", list8([choice(0, &segments(n), &[1])])));
    let error = receipt().with("prompt", le32((1 << 16) + 1)).decode().unwrap_err();
    assert!(matches!(error, WireError::Value { .. }));
    assert!(receipt().with("prompt", le32(1 << 16)).is_read());
    // No kind of evidence is defined yet.
    at_most(0, |n| receipt().with("evidence", list8(vec![vec![1, 0, 0]; n])));
}

/// 4,096 bytes, and the same with a reason that takes a byte more.
#[test]
fn of_a_receipts_bytes() {
    let cancelled = [vec![4], le32(3), vec![1; 64]].concat();
    let fault = [vec![6], le32(5), le32(9)].concat();
    let of = |n: usize| {
        let stop = |at: u32| match at {
            0..=2 => cancelled.clone(),
            3 => fault.clone(),
            4 if n > 4096 => vec![2, 0],
            _ => vec![1],
        };
        let both =
            |at: u32| segments(2).iter().map(|s| s.with("choice", le32(at))).collect::<Vec<_>>();
        let choices = (0..9).map(|at| choice(at, &both(at), &stop(at)));
        let made = receipt().with("choices", list8(choices)).with("output", le32(27));
        assert_eq!(made.bytes().len(), n);
        made
    };
    at_most(4096, of);
}

/// A count of 2^32 - 1 costs nothing but its refusal: the bytes end right behind it.
#[test]
fn counts_are_held_before_anything_is_allocated() {
    let most = le32(u32::MAX);
    for field in ["prompt", "biases", "stop tokens"] {
        let error = opening().with(field, most.clone()).decode().unwrap_err();
        assert!(matches!(error, WireError::Limit { .. }), "{field}: {error:?}");
    }
    // Within the limit, beyond the bytes.
    let error = opening().with("prompt", le32(1 << 16)).decode().unwrap_err();
    assert!(matches!(error, WireError::Truncated { .. }), "{error:?}");
}
