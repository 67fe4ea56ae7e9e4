//! One check per kernel, handed every set this machine can run.

use canon::reference::{self, AttentionShape, HeadRow, Layout, Over};
use canon::{
    AttentionScratch, AttentionTask, BLOCK, Finish, Format, GROUP, GateOp, InputKind, InputRow,
    Kernels, KvPage, NormOp, PAGE, PackedMatrix, Slab, TileQueue,
};

use crate::cases::{Seed, sets};

fn each_set(check: impl Fn(&Kernels)) {
    sets().iter().for_each(check);
}

pub(crate) fn expected_matmul(
    format: Format,
    inputs: usize,
    bytes: &[u8],
    row: &[i32],
    kind: InputKind,
    bias: Option<&[i32]>,
    frac: u8,
) -> Vec<Option<i32>> {
    let row_bytes = format.row_bytes(inputs);
    let sum_of = |weights: &[canon::quant::Block]| match kind {
        InputKind::A8 => {
            let x = reference::quantise_a8(row, 14);
            (reference::partial_a8(weights, &x.scales, &x.quants), x.exponent)
        }
        InputKind::A16 => {
            let x = reference::quantise_a16(row, 14);
            (reference::partial_a16(weights, &x.values), x.exponent)
        }
    };
    bytes
        .chunks_exact(row_bytes)
        .enumerate()
        .map(|(j, bytes)| {
            let unit = format.unit(bytes).unwrap();
            let blocks = format.blocks(bytes, unit).unwrap();
            let (sum, exponent) = sum_of(&blocks);
            reference::finish_row(sum, unit, exponent, frac, bias.map(|b| b[j])).ok()
        })
        .collect()
}

fn check_matmul(kernels: &Kernels, seed: &mut Seed, format: Format, shape: (usize, usize, usize)) {
    let (rows, inputs, columns) = shape;
    let bytes = seed.weights(format, rows, inputs);
    let packed = PackedMatrix::pack(format, rows, inputs, &bytes, &mut Slab::default()).unwrap();
    let mut copy =
        PackedMatrix::from_header(format, rows, inputs, &packed.header(), &mut Slab::default())
            .unwrap();
    for (to, from) in copy.body_mut().into_iter().zip(packed.body()) {
        to.copy_from_slice(from);
    }
    let packed = copy;
    check_blocks(&packed, format, &bytes);
    for kind in [InputKind::A8, InputKind::A16] {
        let fixed: Vec<Vec<i32>> = (0..columns).map(|_| seed.row(inputs)).collect();
        let bias: Vec<i32> = (0..rows).map(|_| seed.signed(20)).collect();
        let bias = (seed.below(2) == 0).then_some(bias.as_slice());
        let frac = seed.below(17) as u8;
        let mut x: Vec<InputRow> = (0..columns).map(|_| InputRow::new(inputs)).collect();
        for (x, row) in x.iter_mut().zip(&fixed) {
            kernels.quantise(row, 14, kind, x);
        }
        let mut out = vec![7; rows * columns];
        let mut overflow = vec![false; columns];
        let queue = TileQueue::new(out.chunks_exact_mut(rows), rows, rows);
        let mut tile = queue.claim().unwrap();
        let x: Vec<&InputRow> = x.iter().collect();
        let groups = 0..rows.div_ceil(GROUP);
        kernels.matmul(&packed, groups, &x, Finish { frac, bias }, &mut tile, &mut overflow);
        for (c, row) in fixed.iter().enumerate() {
            let want = expected_matmul(format, inputs, &bytes, row, kind, bias, frac);
            let got = &out[c * rows..][..rows];
            let name = format!("{format:?} {kind:?} {shape:?} column {c}");
            assert_eq!(overflow[c], want.contains(&None), "{name}");
            for (j, (got, want)) in got.iter().zip(want).enumerate() {
                assert_eq!(*got, want.unwrap_or(0), "{name} row {j}");
            }
        }
    }
}

fn check_blocks(packed: &PackedMatrix, format: Format, bytes: &[u8]) {
    for (row, bytes) in bytes.chunks_exact(format.row_bytes(packed.inputs())).enumerate() {
        let unit = format.unit(bytes).unwrap();
        assert_eq!(packed.unit(row), unit);
        for (b, want) in format.blocks(bytes, unit).unwrap().iter().enumerate() {
            let got = packed.block(row, b);
            assert!((0..BLOCK).all(|k| got.entry(k) == want.entry(k)), "{format:?} {row} {b}");
        }
    }
}

#[test]
fn matmul_equals_reference() {
    each_set(|kernels| {
        let mut seed = Seed(1);
        for format in Format::ALL {
            for shape in [
                (1, 32, 1),
                (15, 64, 2),
                (16, 96, 3),
                (17, 32, 4),
                (33, 160, 5),
                (64, 576, 7),
                (80, 1536, 9),
                (48, 64, 33),
                (33, 1120, 70),
                (130, 224, 13),
                (40, 96, 70),
                (33, 864, 131),
                (20, 1760, 2),
                (16, 4224, 2),
                (17, 1056, 3),
                (35, 1024, 5),
            ] {
                let (rows, inputs, columns): (usize, usize, usize) = shape;
                let shape = (rows, inputs.next_multiple_of(format.span()), columns);
                check_matmul(kernels, &mut seed, format, shape);
            }
        }
    });
}

/// The greatest minima against the greatest inputs, for as many columns as any tile has: the case
/// that a 32-bit sum of one set did not hold.
#[test]
fn greatest_minima_equal_reference() {
    let (rows, inputs) = (16, 4096);
    let block = [&[0xfc, 0x5f][..], &[0xff, 0x73], &[0xff; 16]].concat();
    let bytes = block.repeat(rows * inputs / BLOCK);
    let packed =
        PackedMatrix::pack(Format::Q4_1, rows, inputs, &bytes, &mut Slab::default()).unwrap();
    let row = vec![32_639; inputs];
    for kind in [InputKind::A8, InputKind::A16] {
        let want = expected_matmul(Format::Q4_1, inputs, &bytes, &row, kind, None, 0);
        each_set(|kernels| {
            for columns in 1..=9 {
                let mut x: Vec<InputRow> = (0..columns).map(|_| InputRow::new(inputs)).collect();
                x.iter_mut().for_each(|x| kernels.quantise(&row, 14, kind, x));
                let x: Vec<&InputRow> = x.iter().collect();
                let mut out = vec![0; rows * columns];
                let queue = TileQueue::new(out.chunks_exact_mut(rows), rows, rows);
                let mut tile = queue.claim().unwrap();
                let (finish, mut overflow) = (Finish { frac: 0, bias: None }, vec![false; columns]);
                kernels.matmul(&packed, 0..1, &x, finish, &mut tile, &mut overflow);
                for (at, got) in out.iter().enumerate() {
                    assert_eq!(Some(*got), want[at % rows], "{kind:?}, {columns} columns");
                }
            }
        });
    }
}

#[test]
fn matmul_of_many_small_shapes_equals_reference() {
    each_set(|kernels| {
        let mut seed = Seed(2);
        for _ in 0..120 {
            let format = seed.format();
            let rows = 1 + seed.below(70) as usize;
            let inputs = format.span() * (1 + seed.below(9) as usize);
            let columns = 1 + seed.below(10) as usize;
            check_matmul(kernels, &mut seed, format, (rows, inputs, columns));
        }
    });
}

#[test]
fn rows_equal_reference() {
    each_set(|kernels| {
        let mut seed = Seed(3);
        for length in [1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 576, 1000, 1536] {
            for _ in 0..40 {
                check_norm(kernels, &mut seed, length);
                check_gate(kernels, &mut seed, length);
                check_add(kernels, &mut seed, length);
                check_head(kernels, &mut seed, length);
                check_soft_cap(kernels, &mut seed, length);
                check_scale(kernels, &mut seed, length);
            }
        }
    });
}

fn check_norm(kernels: &Kernels, seed: &mut Seed, length: usize) {
    let row = seed.row(length);
    let gain: Vec<i32> = (0..length).map(|_| seed.signed(24)).collect();
    let (eps, frac) = (1 + seed.below(1 << 30), seed.below(20) as u8);
    let gain_unit = -24 + seed.signed(3);
    let mut out = vec![0; length];
    let overflow = kernels.norm(&row, NormOp { eps, gain: &gain, gain_unit, frac }, &mut out);
    match reference::norm(&row, eps, &gain, gain_unit, frac) {
        Ok(want) => assert!(!overflow && out == want, "norm of {length}"),
        Err(_) => assert!(overflow),
    }
}

fn check_gate(kernels: &Kernels, seed: &mut Seed, length: usize) {
    let (gate, up) = (seed.row(length), seed.row(length));
    // Often those of a model, whose outputs fit; else any.
    let (up_frac, frac) = match seed.below(2) {
        0 => (12, seed.below(15) as u8),
        _ => (seed.below(25) as u8, seed.below(25) as u8),
    };
    let op = GateOp { gate_frac: 2 + seed.below(11) as u8, up_frac, frac };
    let mut out = vec![0; length];
    let overflow = kernels.silu_gate(&gate, &up, op, &mut out);
    let one =
        |(g, u): (&i32, &i32)| reference::silu_gate(*g, *u, op.gate_frac, op.up_frac, op.frac);
    equal_or_overflow(gate.iter().zip(&up).map(one), &out, overflow);
    let overflow = kernels.gelu_gate(&gate, &up, op, &mut out);
    let one =
        |(g, u): (&i32, &i32)| reference::gelu_gate(*g, *u, op.gate_frac, op.up_frac, op.frac);
    equal_or_overflow(gate.iter().zip(&up).map(one), &out, overflow);
}

/// Entry by entry what the reference wants, 0 where it overflows.
#[track_caller]
fn equal_or_overflow(
    want: impl Iterator<Item = Result<i32, canon::Overflow>>,
    out: &[i32],
    overflow: bool,
) {
    let want: Vec<_> = want.collect();
    assert_eq!(overflow, want.iter().any(Result::is_err));
    let want: Vec<i32> = want.into_iter().map(|entry| entry.unwrap_or(0)).collect();
    assert_eq!(out, want, "{} entries", out.len());
}

fn check_add(kernels: &Kernels, seed: &mut Seed, length: usize) {
    let (mut row, other) = (seed.row(length), seed.row(length));
    let want: Vec<_> = row.iter().zip(&other).map(|(a, b)| reference::add(*a, *b)).collect();
    let overflow = kernels.add(&mut row, &other);
    assert_eq!(overflow, want.iter().any(Result::is_err));
    assert!(row.iter().zip(want).all(|(got, want)| *got == want.unwrap_or(0)));
}

fn check_head(kernels: &Kernels, seed: &mut Seed, length: usize) {
    let row = seed.row(length);
    let mut out = HeadRow { quants: Vec::new(), mantissa: 0, shift: 0 };
    kernels.head_row(&row, &mut out);
    assert_eq!(out, reference::head_row(&row), "head row of {length}");
}

fn check_soft_cap(kernels: &Kernels, seed: &mut Seed, length: usize) {
    let bits = 1 + seed.below(30) as u32;
    let (mut row, cap) = (seed.row(length), seed.signed(bits).unsigned_abs().max(1));
    let want: Vec<i32> = row.iter().map(|x| reference::soft_cap(*x, cap)).collect();
    kernels.soft_cap(&mut row, cap);
    assert_eq!(row, want, "soft cap of {length} at {cap}");
}

/// Exponents of a scale lie in plus or minus this.
const SCALE_EXPONENT_MAX: i32 = 256;

fn check_scale(kernels: &Kernels, seed: &mut Seed, length: usize) {
    let mut row = seed.row(length);
    let mantissa = (1 << 14) + seed.below(1 << 14) as u16;
    // Often one with which something is left and fits; else any that a program may have.
    let exponent = match seed.below(3) {
        0 => SCALE_EXPONENT_MAX - seed.below(2 * SCALE_EXPONENT_MAX as u64 + 1) as i32,
        _ => 4 - seed.below(50) as i32,
    };
    let want: Vec<_> = row.iter().map(|x| reference::scale(*x, mantissa, exponent)).collect();
    let overflow = kernels.scale(&mut row, mantissa, exponent);
    assert_eq!(overflow, want.iter().any(Result::is_err), "scale {mantissa} * 2^{exponent}");
    let want: Vec<i32> = want.into_iter().map(|y| y.unwrap_or(0)).collect();
    assert_eq!(row, want, "scale of {length} by {mantissa} * 2^{exponent}");
}

#[test]
fn experts_equal_reference() {
    each_set(|kernels| {
        let mut seed = Seed(7);
        for experts in [1, 2, 3, 8, 60, 64, 128, 256] {
            for _ in 0..40 {
                let (slots, frac) = (1 + seed.below(experts) as usize, seed.below(25) as u8);
                let bits = 1 + seed.below(30) as u32;
                // Few bits: many equal entries.
                let row: Vec<i32> = (0..experts).map(|_| seed.signed(bits)).collect();
                let over = if seed.below(2) == 0 { Over::Chosen } else { Over::All };
                let mut out = vec![-1; 2 * slots];
                kernels.route(&row, frac, over, &mut out);
                assert_eq!(out, reference::route(&row, frac, slots, over), "{slots} of {experts}");
                let weight = out[slots];
                let want: Vec<i32> = row.iter().map(|x| reference::weigh(*x, weight)).collect();
                let mut row = row;
                kernels.weigh(&mut row, weight);
                assert_eq!(row, want, "weighed by {weight}");
            }
        }
    });
}

#[test]
fn hadamard_equals_reference() {
    each_set(|kernels| {
        let mut seed = Seed(6);
        for width in HADAMARD_WIDTHS {
            for _ in 0..40 {
                check_hadamard(kernels, seed.row(3 * width), width);
            }
        }
    });
}

/// Every width there is.
const HADAMARD_WIDTHS: [usize; 10] = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

fn check_hadamard(kernels: &Kernels, mut row: Vec<i32>, width: usize) -> bool {
    let want: Vec<_> = row.chunks_exact(width).map(reference::hadamard).collect();
    let overflow = kernels.hadamard(&mut row, width);
    assert_eq!(overflow, want.iter().any(Result::is_err), "width {width}");
    for (got, want) in row.chunks_exact(width).zip(want) {
        assert!(want.is_err() || want.as_deref() == Ok(got), "width {width}");
    }
    overflow
}

/// Sums as great as they get, around the entry from which they leave 32 bits, and around the one from which an output
/// leaves the limit.
#[test]
fn hadamard_at_its_edges_equals_reference() {
    each_set(|kernels| {
        let mut seed = Seed(9);
        for width in HADAMARD_WIDTHS {
            let bits = width.trailing_zeros();
            let narrow = 1 << (31 - bits);
            // All of them added up, and shifted by half the bits.
            let fits = 1 << (30 - bits.div_ceil(2));
            let mut overflows = [0, 0];
            for great in [narrow - 1, narrow, narrow + 1, fits - 1, fits, fits + 1, (1 << 30) - 1] {
                let great = great.min((1 << 30) - 1);
                // The signs of a row of the matrix: one output has the sum of all magnitudes.
                let signs = seed.below(width as u64) as usize;
                let signed = |k: usize, negative: bool| {
                    if (signs & k).count_ones().is_multiple_of(2) != negative {
                        great
                    } else {
                        -great
                    }
                };
                for negative in [false, true] {
                    let mut row: Vec<i32> = (0..width).map(|k| signed(k, negative)).collect();
                    row.extend(seed.row(width));
                    row.extend((0..width).map(|k| signed(k, !negative)));
                    let overflow = check_hadamard(kernels, row[..width].to_vec(), width);
                    overflows[usize::from(overflow)] += 1;
                    check_hadamard(kernels, row, width);
                }
            }
            assert!(overflows.iter().all(|count| *count > 0), "width {width}: {overflows:?}");
        }
    });
}

#[test]
fn rope_equals_reference() {
    each_set(|kernels| {
        let mut seed = Seed(4);
        for pairs in [1, 4].into_iter().chain(7..=17).chain([32, 33, 64, 128]) {
            for layout in [Layout::Interleaved, Layout::Half] {
                for _ in 0..20 {
                    let mut head = seed.row(2 * pairs + 32);
                    let frequencies: Vec<u64> = (0..pairs).map(|_| seed.next()).collect();
                    let position = seed.below(1 << 16) as u32;
                    let (sin, cos): (Vec<i32>, Vec<i32>) = frequencies
                        .iter()
                        .map(|f| canon::functions::sin_cos(u64::from(position).wrapping_mul(*f)))
                        .unzip();
                    let mut want = head.clone();
                    let fault = reference::rope(&mut want, &frequencies, position, layout);
                    let overflow = kernels.rotate(&mut head, &sin, &cos, layout);
                    assert_eq!(overflow, fault.is_err());
                    assert!(overflow || head == want, "{layout:?} of {pairs} pairs");
                }
            }
        }
    });
}

pub(crate) struct Attend {
    pub(crate) shape: AttentionShape,
    pub(crate) queries: Vec<HeadRow>,
    pub(crate) rows: Vec<(HeadRow, HeadRow)>,
    pub(crate) positions: core::ops::Range<usize>,
}

impl Attend {
    fn new(
        seed: &mut Seed,
        width: usize,
        heads: usize,
        positions: core::ops::Range<usize>,
    ) -> Self {
        let head = |seed: &mut Seed, bits: u32| {
            let row: Vec<i32> = (0..width).map(|_| seed.signed(bits)).collect();
            reference::head_row(&row)
        };
        let bits = 12 + seed.below(7) as u32;
        let spread = seed.below(8) as u32;
        let rows = (0..positions.end)
            .map(|_| {
                let wide = bits + if spread == 0 { seed.below(6) as u32 } else { 0 };
                (head(seed, bits), head(seed, wide))
            })
            .collect();
        let shape = AttentionShape {
            head_width: width,
            query_frac: 16,
            key_frac: 16,
            value_frac: 16,
            frac: 12 + seed.below(6) as u8,
            scale: 0x5c55,
            scale_exponent: -17,
            cap: (seed.below(3) == 0).then(|| 1 + seed.signed(24).unsigned_abs()),
        };
        let queries = (0..heads).map(|_| head(seed, bits)).collect();
        Self { shape, queries, rows, positions }
    }

    pub(crate) fn expected(&self, query: &HeadRow) -> Option<Vec<Option<i32>>> {
        let scale = reference::query_scale(&self.shape, query);
        let rows = &self.rows[self.positions.clone()];
        let scores: Result<Vec<i32>, _> = rows
            .iter()
            .map(|(key, _)| reference::score(&self.shape, scale, &query.quants, key))
            .collect();
        let scores = scores.ok()?;
        let values: Vec<HeadRow> = rows.iter().map(|(_, value)| value.clone()).collect();
        let peak = reference::peak(None, &scores, &values)?;
        let zero = vec![0; self.shape.head_width];
        let mut sums = reference::Sums { probability: 0, value: zero };
        reference::sums(&mut sums, peak, &scores, &values);
        let finish =
            |v: &i64| reference::finish_value(&self.shape, peak, sums.probability, *v).ok();
        Some(sums.value.iter().map(finish).collect())
    }

    pub(crate) fn check(&self, kernels: &Kernels) {
        let width = self.shape.head_width;
        let mut pages = vec![KvPage::new(width); self.rows.len().div_ceil(PAGE)];
        for (p, (key, value)) in self.rows.iter().enumerate() {
            pages[p / PAGE].put(p % PAGE, key, value);
            assert_eq!(pages[p / PAGE].get(p % PAGE), (key.clone(), value.clone()));
        }
        let pages: Vec<&KvPage> = pages.iter().collect();
        let task = AttentionTask {
            shape: &self.shape,
            queries: &self.queries,
            pages: &pages,
            positions: self.positions.clone(),
        };
        let mut out = vec![0; width * self.queries.len()];
        let overflow = kernels.attention(&task, &mut AttentionScratch::default(), &mut out);
        let want: Vec<_> = self.queries.iter().map(|query| self.expected(query)).collect();
        let faults =
            |want: &Option<Vec<Option<i32>>>| want.as_ref().is_none_or(|w| w.contains(&None));
        assert_eq!(overflow, want.iter().any(faults));
        for (h, want) in want.into_iter().enumerate() {
            let Some(want) = want else { continue };
            for (got, want) in out[h * width..][..width].iter().zip(want) {
                assert_eq!(*got, want.unwrap_or(0), "head {h} of {:?}", self.positions);
            }
        }
    }
}

#[test]
fn attention_equals_reference() {
    each_set(|kernels| {
        let mut seed = Seed(5);
        for width in [32, 64, 96, 128] {
            for heads in [1, 2, 3, 4, 8] {
                for end in [1, 2, 15, 16, 17, 63, 64, 65, 130, 200] {
                    let start = if seed.below(2) == 0 { 0 } else { seed.below(end) as usize };
                    Attend::new(&mut seed, width, heads, start..end as usize).check(kernels);
                }
            }
        }
    });
}

/// Scores that need a left shift, beside some that need a right one: within the limit, and beyond it.
#[test]
fn attention_with_scores_shifted_left_equals_reference() {
    each_set(|kernels| {
        let mut seed = Seed(8);
        let (mut within, mut beyond) = (0, 0);
        for scale_exponent in -12..4 {
            for (heads, end) in [(1, 3), (3, 70), (4, 17), (5, 130)] {
                let mut task = Attend::new(&mut seed, 64, heads, 0..end);
                task.shape.scale_exponent = scale_exponent;
                task.shape.cap = None;
                let shift = |query: &HeadRow| reference::query_scale(&task.shape, query).shift;
                if task.queries.iter().any(|query| shift(query) < 0) {
                    let fits = task.queries.iter().all(|query| task.expected(query).is_some());
                    *if fits { &mut within } else { &mut beyond } += 1;
                }
                task.check(kernels);
            }
        }
        assert!(within >= 5 && beyond >= 5, "{within} within the limit, {beyond} beyond it");
    });
}

/// The greatest weighted sums: flat attention to values that are all alike and as great as they get.
#[test]
fn attention_to_long_contexts_equals_reference() {
    each_set(|kernels| {
        let mut seed = Seed(6);
        for (width, start, end) in [(32, 0, 1100), (64, 70, 1024), (288, 3, 150)] {
            for value in [127 * 255, -127 * 255] {
                let mut task = Attend::new(&mut seed, width, 3, start..end);
                let flat = reference::head_row(&vec![0; width]);
                let great = reference::head_row(&vec![value; width]);
                task.rows = vec![(flat, great); end];
                task.check(kernels);
            }
            Attend::new(&mut seed, width, 2, start..end).check(kernels);
        }
    });
}
