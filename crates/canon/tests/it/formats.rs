//! Every format against a plain reading of it: entry by entry, as exact fractions of 2^-24.
//!
//! Written from the formats' descriptions and apart from `canon::quant`: sub-scales and quants are taken from the
//! bytes by the entry's number alone.

use canon::{Format, PackedMatrix, Slab};

use crate::cases::{Seed, halves};

const TABLE: [i64; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// The f16 there in units of 2^-24.
fn number(span: &[u8], at: usize) -> i64 {
    let bits = i64::from(u16::from_le_bytes([span[at], span[at + 1]]));
    let (exponent, fraction) = (bits >> 10 & 31, bits & 1023);
    let magnitude = if exponent == 0 { fraction } else { (1024 + fraction) << (exponent - 1) };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

fn bits(byte: u8, shift: usize, width: usize) -> i64 {
    i64::from(byte) >> shift & ((1 << width) - 1)
}

/// The scale, the minimum (both in units of 2^-24) and the quant of entry i of a span.
fn entry(format: Format, span: &[u8], i: usize) -> (i64, i64, i64) {
    let low = |from: usize| bits(span[from + i % 16], i % 32 / 16 * 4, 4);
    let bit = |from: usize| bits(span[from + i / 8], i % 8, 1);
    let pair = |from: usize| bits(span[from + i / 128 * 32 + i % 32], i % 128 / 32 * 2, 2);
    let of_64 = |from: usize| bits(span[from + i / 64 * 32 + i % 32], i % 64 / 32 * 4, 4);
    match format {
        Format::Q8_0 => (number(span, 0), 0, i64::from(span[2 + i].cast_signed())),
        Format::Q4_0 => (number(span, 0), 0, low(2) - 8),
        Format::Q4_1 => (number(span, 0), number(span, 2), low(4)),
        Format::Q5_0 => (number(span, 0), 0, low(6) + 16 * bit(2) - 16),
        Format::Q5_1 => (number(span, 0), number(span, 2), low(8) + 16 * bit(4)),
        Format::Iq4Nl => (number(span, 0), 0, TABLE[low(2) as usize]),
        Format::Iq4Xs => {
            let b = i / 32;
            let high = i64::from(u16::from_le_bytes([span[2], span[3]])) >> (2 * b) & 3;
            let scale = bits(span[4 + b / 2], b % 2 * 4, 4) + 16 * high - 32;
            (number(span, 0) * scale, 0, TABLE[low(8 + 16 * b) as usize])
        }
        Format::Q2K => {
            let both = span[i / 16];
            let scale = number(span, 80) * bits(both, 0, 4);
            (scale, -number(span, 82) * bits(both, 4, 4), pair(16))
        }
        Format::Q3K => {
            let g = i / 16;
            let high = bits(span[104 + g % 4], g / 4 * 2, 2);
            let scale = bits(span[96 + g % 8], g / 8 * 4, 4) + 16 * high - 32;
            (number(span, 108) * scale, 0, pair(32) + 4 * bits(span[i % 32], i / 32, 1) - 4)
        }
        Format::Q4K | Format::Q5K => {
            let (b, at) = (i / 32, 4);
            let (scale, min) = if b < 4 {
                (bits(span[at + b], 0, 6), bits(span[at + 4 + b], 0, 6))
            } else {
                let low = span[at + 4 + b];
                let scale = bits(low, 0, 4) + 16 * bits(span[at + b - 4], 6, 2);
                (scale, bits(low, 4, 4) + 16 * bits(span[at + b], 6, 2))
            };
            let quant = if format == Format::Q4K {
                of_64(16)
            } else {
                of_64(48) + 16 * bits(span[16 + i % 32], b, 1)
            };
            (number(span, 0) * scale, -number(span, 2) * min, quant)
        }
        Format::Q6K => {
            let nibble = bits(span[i / 128 * 64 + i % 64], i % 128 / 64 * 4, 4);
            let scale = i64::from(span[192 + i / 16].cast_signed());
            (number(span, 208) * scale, 0, nibble + 16 * pair(128) - 32)
        }
        Format::F32 | Format::F16 | Format::Bf16 => unreachable!("no quants"),
        Format::F32LessOne | Format::F16LessOne | Format::Bf16LessOne => {
            unreachable!("no quants")
        }
    }
}

/// Scales and minima differ from the file's by half a unit at most, and the quants not at all.
#[test]
fn every_format_of_quants_is_near_its_file() {
    let mut seed = Seed(21);
    for format in Format::ALL.into_iter().filter(|format| format.number_bytes().is_none()) {
        for _ in 0..60 {
            let spans = 1 + seed.below(3) as usize;
            let row = seed.weights(format, 1, spans * format.span());
            let unit = format.unit(&row).unwrap();
            let blocks = format.blocks(&row, unit).unwrap();
            assert_eq!(blocks.len() * 32, spans * format.span());
            let one = 1_i64 << (unit + 24);
            for (s, span) in row.chunks(format.span_bytes()).enumerate() {
                for i in 0..format.span() {
                    let (scale, min, quant) = entry(format, span, i);
                    let block = &blocks[(s * format.span() + i) / 32];
                    let half = i % 32 / 16;
                    assert_eq!(i64::from(block.quants[i % 32]), quant, "{format:?} {i}");
                    for (ours, exact) in [(block.scales[half], scale), (block.mins[half], min)] {
                        let off = (i64::from(ours) * one - exact).abs();
                        assert!(2 * off <= one, "{format:?} {i}: {ours} * {one}, not {exact}");
                    }
                }
            }
        }
    }
}

/// Bytes of no meaning are read or refused.
#[test]
fn random_bytes_never_panic() {
    let mut seed = Seed(22);
    let (mut read, mut refused) = (0, 0);
    for format in Format::ALL {
        for _ in 0..400 {
            let length = format.span_bytes() + seed.below(3) as usize / 2;
            let mut row: Vec<u8> = (0..length).map(|_| seed.below(256) as u8).collect();
            for at in halves(format) {
                if seed.below(4) == 0 {
                    row[*at..at + 2].copy_from_slice(&[0xff, 0x7f]);
                }
            }
            let unit = format.unit(&row);
            let other = seed.below(300) as i32 - 150;
            let blocks = format.blocks(&row, other);
            let packed = PackedMatrix::pack(format, 1, format.span(), &row, &mut Slab::default());
            assert_eq!(packed.is_ok(), unit.is_ok(), "{format:?}");
            if unit.is_ok() || blocks.is_ok() { read += 1 } else { refused += 1 }
        }
    }
    assert!(read > 1_000 && refused > 300, "{read} read, {refused} refused");
}
