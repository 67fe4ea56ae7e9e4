//! Slices of a file against its BLAKE3 hash, at every edge of its chunks.

use dispute::{Part, Slice};

fn bytes(length: usize) -> Vec<u8> {
    (0..251_u8).cycle().step_by(7).take(length).collect()
}

/// Lengths at chunk edges, of trees of every shape up to nine chunks.
fn lengths() -> impl Iterator<Item = usize> {
    let edges = (1..=9).flat_map(|chunks| [chunks * 1024 - 1, chunks * 1024, chunks * 1024 + 1]);
    edges.chain([1, 2, 31_337, 65 * 1024 + 5])
}

#[test]
fn slices_lead_to_the_hash() {
    for length in lengths() {
        let file = bytes(length);
        let part = Part::of(&file);
        assert_eq!(part.hash, *blake3::hash(&file).as_bytes());
        let end = u64::try_from(length).unwrap();
        for start in (0..length).step_by(997).chain([length - 1]) {
            let start = u64::try_from(start).unwrap();
            let ranges = [start..(start + 40).min(end), start / 2..start / 2 + 1, end - 1..end];
            let slice = Slice::of(&file, &ranges).unwrap();
            let pieces = part.open(&ranges, &slice).unwrap();
            for (piece, range) in pieces.iter().zip(&ranges) {
                let range =
                    usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
                assert_eq!(piece, &file[range]);
            }
        }
        let whole = 0..end;
        let slice = Slice::of(&file, core::slice::from_ref(&whole)).unwrap();
        assert!(slice.beside.is_empty());
        assert_eq!(part.open(core::slice::from_ref(&whole), &slice), Some(vec![file]));
    }
}

#[test]
fn false_slices_are_refused() {
    for length in lengths() {
        let file = bytes(length);
        let part = Part::of(&file);
        let end = u64::try_from(length).unwrap();
        let ranges = [end / 3..end / 3 + 1, end - 1..end];
        let slice = Slice::of(&file, &ranges).unwrap();
        let refused = |slice: &Slice| assert_eq!(part.open(&ranges, slice), None, "{length}");
        for at in [0, slice.chunks.len() / 2, slice.chunks.len() - 1] {
            let mut other = slice.clone();
            other.chunks[at] ^= 1;
            refused(&other);
        }
        for at in 0..slice.beside.len() {
            let mut other = slice.clone();
            other.beside[at][0] ^= 1;
            refused(&other);
        }
        let mut other = slice.clone();
        other.chunks.push(0);
        refused(&other);
        other = slice.clone();
        other.beside.push([0; 32]);
        refused(&other);
        other = slice.clone();
        other.chunks.pop();
        refused(&other);
        if end > 1 {
            // The same chunks under another length.
            assert_eq!(Part { bytes: end - 1, ..part }.open(&ranges, &slice), None);
        }
        for outside in [0..0, 0..end + 1, end..end + 1, u64::MAX - 1..u64::MAX] {
            let outside = core::slice::from_ref(&outside);
            assert_eq!(part.open(outside, &slice), None);
            assert_eq!(Slice::of(&file, outside), None);
        }
    }
}
