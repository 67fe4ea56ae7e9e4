//! Operands at the bounds that the kernels' widths are proven for, in rows of the greatest length: what a sum one bit
//! too narrow would not hold. Every set against the reference.

use canon::quant::INPUTS_MAX;
use canon::reference::{self, AttentionShape, HeadRow, Sums};
use canon::{
    AttentionScratch, AttentionTask, BLOCK, Finish, Format, GROUP, InputKind, InputRow, Kernels,
    KvPage, LIMIT, NormOp, PAGE, PackedMatrix, Slab, TileQueue,
};

use crate::cases::{halves, sets};

/// Quants at their extremes: both ends of a byte, and of its nibbles.
const FILLS: [u8; 6] = [0x00, 0x7f, 0x80, 0x81, 0xff, 0xf0];
/// Rows of a group: the first half with positive numbers, the other with negative ones.
const POSITIVE: usize = GROUP / 2;

/// A span of greatest scales and minima (about 511, 16,383 or 32,767 in some unit, as far as the format has such
/// numbers), all of whose quants are `fill`, or 127 of its sign where entries are floats.
fn span(format: Format, fill: u8, negative: bool) -> Vec<u8> {
    let sign = u16::from((fill & 0x80 != 0) != negative) << 15;
    let mut bytes = vec![fill; format.span_bytes()];
    // Where the sub-scales are, and a byte that makes them greatest in magnitude.
    let (sub_scales, greatest, numbers) = match format {
        Format::F32 | Format::F32LessOne => {
            return (u32::from(sign) << 16 | 0x3f7d_fe04).to_le_bytes().repeat(BLOCK);
        }
        Format::Bf16 | Format::Bf16LessOne => return (sign | 0x3f7d).to_le_bytes().repeat(BLOCK),
        Format::F16 | Format::F16LessOne => return (sign | 0x3fef).to_le_bytes().repeat(BLOCK),
        Format::Q8_0 | Format::Q5_0 | Format::Iq4Nl => (0..0, 0, vec![0x27ff]),
        Format::Q5_1 => (0..0, 0, vec![0x27ff, 0x23ff]),
        Format::Q4_0 => (0..0, 0, vec![0x0ffc]),
        Format::Q4_1 => (0..0, 0, vec![0x0ffc, 0x23ff]),
        // 63 * 1,038 and 63 * 1,040; a sub-minimum is taken away.
        Format::Q4K => (4..16, 0xff, vec![4 << 10 | 14, 0x8000 | 9 << 10 | 16]),
        Format::Q5K => (4..16, 0xff, vec![4 << 10 | 16, 0x8000 | 3 << 10 | 16]),
        // 15 * 1,090 and 15 * 1,092.
        Format::Q2K => (0..16, 0xff, vec![4 << 10 | 66, 0x8000 | 9 << 10 | 68]),
        // -32 * 2,044, -128 * 2,047, -32 * 2,047.
        Format::Q3K => (96..108, 0, vec![0x13fc]),
        Format::Q6K => (192..208, 0x80, vec![0x13ff]),
        Format::Iq4Xs => (2..8, 0, vec![0x13ff]),
    };
    bytes[sub_scales].fill(greatest);
    for (at, number) in halves(format).iter().zip(numbers) {
        let number: u16 = number ^ u16::from(negative) << 15;
        bytes[*at..at + 2].copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

#[test]
fn the_spans_have_the_greatest_scales() {
    for format in Format::ALL.into_iter().filter(|format| format.number_bytes().is_none()) {
        let bytes = span(format, 0, false);
        let blocks = format.blocks(&bytes, format.unit(&bytes).unwrap()).unwrap();
        let scale = blocks[0].scales[1].unsigned_abs();
        let min = blocks[0].mins[1].unsigned_abs();
        assert!(
            (510..=511).contains(&scale) || (32_752..=32_767).contains(&scale),
            "{format:?} {scale}"
        );
        assert!(min == 0 || (16_376..=16_383).contains(&min), "{format:?} {min}");
    }
}

/// One block's sum of products and the exponent of a row that is `value` throughout.
fn of_block(block: &canon::quant::Block, value: i32, kind: InputKind) -> (i64, i32) {
    let row = [value; BLOCK];
    match kind {
        InputKind::A8 => {
            let x = reference::quantise_a8(&row, 14);
            (reference::partial_a8(&[*block], &x.scales, &x.quants), x.exponent)
        }
        InputKind::A16 => {
            let x = reference::quantise_a16(&row, 14);
            (reference::partial_a16(&[*block], &x.values), x.exponent)
        }
    }
}

/// A matrix whose groups are the fills, in rows of the greatest length.
fn extreme_matrix(format: Format) -> PackedMatrix {
    let spans = INPUTS_MAX / format.span();
    let row = |fill, lane| span(format, fill, lane >= POSITIVE).repeat(spans);
    let bytes: Vec<u8> =
        FILLS.iter().flat_map(|fill| (0..GROUP).flat_map(move |lane| row(*fill, lane))).collect();
    PackedMatrix::pack(format, FILLS.len() * GROUP, INPUTS_MAX, &bytes, &mut Slab::default())
        .unwrap()
}

fn check_group(sets: &[Kernels], matrix: &PackedMatrix, format: Format, group: usize) {
    // The greatest inputs of each kind: 63 * 127 * 4, 32,639, and 127 * 256 - 128 whose low plane is -128.
    for (kind, value) in
        [(InputKind::A8, 32_004), (InputKind::A16, 32_639), (InputKind::A16, 32_384)]
            .into_iter()
            .flat_map(|(kind, value)| [(kind, value), (kind, -value)])
    {
        let sums = [0, POSITIVE].map(|lane| {
            let bytes = span(format, FILLS[group], lane > 0);
            let unit = format.unit(&bytes).unwrap();
            assert_eq!(unit, matrix.unit(group * GROUP + lane));
            let blocks = format.blocks(&bytes, unit).unwrap();
            let sums: Vec<_> = blocks.iter().map(|block| of_block(block, value, kind)).collect();
            let sum: i64 = sums.iter().map(|(sum, _)| sum).sum();
            (sum * (INPUTS_MAX / format.span()) as i64, unit, sums[0].1)
        });
        // As many bits of the sum as an output has, so that one lost bit shows.
        let bits = 64 - sums[0].0.unsigned_abs().leading_zeros() as i32;
        let frac = (30 - bits - sums[0].1 - sums[0].2).clamp(0, 24) as u8;
        let want = sums.map(|(sum, unit, exponent)| {
            reference::finish_row(sum, unit, exponent, frac, None).ok()
        });
        let mut row = InputRow::new(INPUTS_MAX);
        for kernels in sets {
            kernels.quantise(&vec![value; INPUTS_MAX], 14, kind, &mut row);
            for columns in [1, 5] {
                let mut out = vec![7; GROUP * columns];
                let mut overflow = vec![false; columns];
                let queue = TileQueue::new(out.chunks_exact_mut(GROUP), GROUP, GROUP);
                let mut tile = queue.claim().unwrap();
                let (x, finish) = (vec![&row; columns], Finish { frac, bias: None });
                kernels.matmul(matrix, group..group + 1, &x, finish, &mut tile, &mut overflow);
                let name = format!(
                    "{} {format:?} {:02x} {kind:?} {value}, {columns} columns",
                    kernels.set().name(),
                    FILLS[group]
                );
                assert!(overflow.iter().all(|o| *o == want.contains(&None)), "{name}");
                for (at, got) in out.iter().enumerate() {
                    let want = want[usize::from(at % GROUP >= POSITIVE)];
                    assert_eq!(*got, want.unwrap_or(0), "{name}, row {}", at % GROUP);
                }
            }
        }
    }
}

#[test]
fn greatest_matmuls_equal_reference() {
    let sets = sets();
    for format in Format::ALL {
        let matrix = extreme_matrix(format);
        (0..FILLS.len()).for_each(|group| check_group(&sets, &matrix, format, group));
    }
}

/// Flat attention to every position there can be, and to values as great as they get.
#[test]
fn attention_to_every_position_equals_reference() {
    let (width, end) = (32, 1 << 16);
    for value in [(127 * 255) << 3, -(127 * 255) << 3] {
        let flat = reference::head_row(&vec![0; width]);
        let great = reference::head_row(&vec![value; width]);
        let mut page = KvPage::new(width);
        (0..PAGE).for_each(|p| page.put(p, &flat, &great));
        let shape = AttentionShape {
            head_width: width,
            query_frac: 12,
            key_frac: 12,
            value_frac: 12,
            frac: 12,
            scale: 0x4147,
            scale_exponent: -16,
            cap: None,
        };
        let peak = reference::peak(None, &[0], core::slice::from_ref(&great)).unwrap();
        let mut sums = Sums { probability: 0, value: vec![0; width] };
        (0..end)
            .for_each(|_| reference::sums(&mut sums, peak, &[0], core::slice::from_ref(&great)));
        let want = sums
            .value
            .iter()
            .map(|v| reference::finish_value(&shape, peak, sums.probability, *v).unwrap());
        let want: Vec<i32> = want.collect();
        for kernels in sets() {
            let queries = vec![flat.clone(); 5];
            let task = AttentionTask {
                shape: &shape,
                queries: &queries,
                pages: &vec![&page; end / PAGE],
                positions: 0..end,
            };
            let mut out = vec![1; width * queries.len()];
            let overflow = kernels.attention(&task, &mut AttentionScratch::default(), &mut out);
            assert!(!overflow && out == want.repeat(queries.len()), "{}", kernels.set().name());
        }
    }
}

/// Scores as great as the widest heads make them, in both directions.
#[test]
fn greatest_scores_equal_reference() {
    let width = 1024;
    let head = |sign: i32| HeadRow {
        quants: vec![if sign < 0 { -127 } else { 127 }; width],
        mantissa: 255,
        shift: 0,
    };
    // No shift, so that a score is just below the limit; a right shift; a left one, where it faults.
    for (rows, scale_exponent) in [(130, -17), (130, -24), (3, -16)] {
        let row = |p: i32| (head(p % 3 - 1), head(p % 2 - 1));
        let rows: Vec<_> = (0..rows).map(row).collect();
        let shape = AttentionShape {
            head_width: width,
            query_frac: 12,
            key_frac: 12,
            value_frac: 12,
            frac: 12,
            scale: 0x7fff,
            scale_exponent,
            cap: None,
        };
        let task = crate::kernels::Attend {
            shape,
            queries: vec![head(1), head(-1), head(1)],
            positions: 0..rows.len(),
            rows,
        };
        sets().iter().for_each(|kernels| task.check(kernels));
    }
}

#[test]
fn longest_norms_equal_reference() {
    let most = i32::try_from(LIMIT).unwrap() - 1;
    for (value, gain, eps) in
        [(most, (1 << 24) - 1, 1), (-most, 1 - (1 << 24), u64::MAX), (1, 1, 1), (0, 1, u64::MAX)]
    {
        let (row, gain) = (vec![value; INPUTS_MAX], vec![gain; INPUTS_MAX]);
        let want = reference::norm(&row, eps, &gain, -24, 16);
        for kernels in sets() {
            let mut out = vec![7; INPUTS_MAX];
            let op = NormOp { eps, gain: &gain, gain_unit: -24, frac: 16 };
            let overflow = kernels.norm(&row, op, &mut out);
            assert_eq!(overflow, want.is_err(), "{}", kernels.set().name());
            assert!(
                want.as_ref().is_err() || want.as_ref() == Ok(&out),
                "{}",
                kernels.set().name()
            );
        }
    }
}

/// A row that is handed over breaks no bound: what is not a row of the text is refused.
#[cfg(panic = "unwind")]
#[test]
fn rows_outside_the_bounds_are_refused() {
    let refused = |set: fn(&mut InputRow)| {
        let mut row = InputRow::new(BLOCK);
        std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| set(&mut row))).is_err()
    };
    assert!(!refused(|row| row.set_a8(0, &[63], &[-127; BLOCK])));
    assert!(refused(|row| row.set_a8(0, &[64], &[0; BLOCK])));
    assert!(refused(|row| row.set_a8(0, &[0], &[0; BLOCK])));
    assert!(refused(|row| row.set_a8(0, &[1], &[-128; BLOCK])));
    assert!(!refused(|row| row.set_a16(0, &[-32_639; BLOCK])));
    assert!(refused(|row| row.set_a16(0, &[32_640; BLOCK])));
    assert!(refused(|row| row.set_a16(0, &[-32_640; BLOCK])));
    assert!(refused(|row| row.set_a16(0, &[i16::MIN; BLOCK])));
}
