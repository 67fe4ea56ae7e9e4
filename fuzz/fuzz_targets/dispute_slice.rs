//! Any ranges of a file, and an honest slice of them damaged anyhow: what opens is what the file has there.
//!
//! The input: how many ranges, how long the file is, each range's start and end, then what is done to the slice.
//!
//! Run: `cargo +nightly fuzz run dispute_slice -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use core::ops::Range;

use dispute::{Part, Slice};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&[count, low, high], rest)) = input.split_first_chunk() else { return };
    // Up to 16 KiB: seventeen chunks, the last one not whole.
    let length = usize::from(u16::from_le_bytes([low, high]) >> 2);
    let file: Vec<u8> = (0..length).map(|at| (at / 7) as u8 ^ at as u8).collect();
    let (numbers, damage) = rest.split_at(rest.len().min(4 * usize::from(count % 5)));
    let numbers = numbers.as_chunks().0.iter().map(|pair| u64::from(u16::from_le_bytes(*pair)));
    let numbers: Vec<u64> = numbers.collect();
    let ranges: Vec<Range<u64>> =
        numbers.as_chunks().0.iter().map(|[from, to]| *from..*to).collect();
    let part = Part::of(&file);
    let Some(mut slice) = Slice::of(&file, &ranges) else {
        assert_eq!(part.open(&ranges, &Slice { chunks: file, beside: Vec::new() }), None);
        return;
    };
    let honest = slice.clone();
    damage.as_chunks().0.iter().for_each(|step| change(&mut slice, *step));
    match part.open(&ranges, &slice) {
        None => assert_ne!(slice, honest, "an honest slice is refused"),
        Some(pieces) => {
            assert_eq!(slice, honest, "two slices of one part");
            let bytes = |range: &Range<u64>| &file[range.start as usize..range.end as usize];
            assert!(pieces.iter().zip(&ranges).all(|(piece, range)| piece == bytes(range)));
            assert_eq!(pieces.len(), ranges.len());
        }
    }
});

/// One change: a byte, a hash, or how many there are.
fn change(slice: &mut Slice, [kind, low, high, with]: [u8; 4]) {
    let at = usize::from(u16::from_le_bytes([low, high]));
    match kind % 6 {
        0 if !slice.chunks.is_empty() => {
            let at = at % slice.chunks.len();
            slice.chunks[at] ^= with;
        }
        1 if !slice.beside.is_empty() => {
            let count = slice.beside.len();
            slice.beside[at % count][usize::from(with % 32)] ^= with;
        }
        2 => slice.chunks.truncate(at),
        3 => slice.chunks.extend(core::iter::repeat_n(with, at % 2_048)),
        4 => slice.beside.truncate(at),
        5 => slice.beside.push([with; 32]),
        _ => {}
    }
}
