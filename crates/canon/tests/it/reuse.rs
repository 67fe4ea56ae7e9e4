//! Buffers that are used again, as an engine uses them: rows that held longer rows of the other kind, scratch of other
//! heads, pages whose other slots hold something, tiles done in any order. Every set against the reference.

use canon::reference::{self, AttentionShape, HeadRow};
use canon::{
    AttentionScratch, AttentionTask, BLOCK, Finish, GROUP, GateOp, InputKind, InputRow, Kernels,
    KvPage, NormOp, Overflow, PAGE, PackedMatrix, Slab, TileQueue,
};

use crate::cases::{Seed, sets};
use crate::kernels::{Attend, expected_matmul};

/// The tiles of a matmul, in an order that the seed says.
fn matmul_in_tiles(
    kernels: &Kernels,
    order: &mut Seed,
    weights: &PackedMatrix,
    inputs: &[&InputRow],
    finish: Finish<'_>,
    overflow: &mut [bool],
) -> Vec<i32> {
    let mut out = vec![7; weights.rows() * inputs.len()];
    let rows = out.chunks_exact_mut(weights.rows());
    let queue = TileQueue::new(rows, weights.rows(), GROUP * (1 + order.below(4) as usize));
    let mut tiles: Vec<_> = core::iter::from_fn(|| queue.claim()).collect();
    while !tiles.is_empty() {
        let mut tile = tiles.swap_remove(order.below(tiles.len() as u64) as usize);
        let groups = tile.columns().start / GROUP..tile.columns().end.div_ceil(GROUP);
        kernels.matmul(weights, groups, inputs, finish, &mut tile, overflow);
    }
    drop(tiles);
    out
}

#[test]
fn matmul_with_used_rows_equals_reference() {
    const LONGEST: usize = 128 * BLOCK;
    let sets = sets();
    let mut seed = Seed(11);
    let mut rows: Vec<InputRow> = (0..12).map(|_| InputRow::new(LONGEST)).collect();
    for _ in 0..400 {
        let format = seed.format();
        let most = if seed.below(6) == 0 { LONGEST / BLOCK } else { 12 };
        let inputs =
            (BLOCK * (1 + seed.below(most as u64) as usize)).next_multiple_of(format.span());
        let (outputs, columns) = (1 + seed.below(50) as usize, 1 + seed.below(12) as usize);
        let bytes = seed.weights(format, outputs, inputs);
        let packed =
            PackedMatrix::pack(format, outputs, inputs, &bytes, &mut Slab::default()).unwrap();
        let kind = if seed.below(2) == 0 { InputKind::A8 } else { InputKind::A16 };
        let fixed: Vec<_> = (0..columns).map(|_| seed.row(inputs)).collect();
        let bias = seed.row(outputs);
        let bias = (seed.below(2) == 0).then_some(bias.as_slice());
        let frac = seed.below(25) as u8;
        let want: Vec<_> = fixed
            .iter()
            .map(|row| expected_matmul(format, inputs, &bytes, row, kind, bias, frac))
            .collect();
        for kernels in &sets {
            let name = format!(
                "{} {format:?} {kind:?} {outputs} x {inputs} x {columns}",
                kernels.set().name()
            );
            rows.iter_mut().zip(&fixed).for_each(|(x, row)| kernels.quantise(row, 14, kind, x));
            let x: Vec<&InputRow> = rows[..columns].iter().collect();
            let mut overflow = vec![false; columns];
            let finish = Finish { frac, bias };
            let out = matmul_in_tiles(kernels, &mut seed, &packed, &x, finish, &mut overflow);
            for ((got, want), overflow) in out.chunks_exact(outputs).zip(&want).zip(overflow) {
                assert_eq!(overflow, want.contains(&None), "{name}");
                assert!(
                    got.iter().zip(want).all(|(got, want)| *got == want.unwrap_or(0)),
                    "{name}"
                );
            }
        }
    }
}

/// A task of any shape, over rows of any size.
fn any_attention(seed: &mut Seed) -> Attend {
    let most = if seed.below(6) == 0 { 32 } else { 6 };
    let width = BLOCK * (1 + seed.below(most) as usize);
    let end = 1 + seed.below(300) as usize;
    let start = if seed.below(2) == 0 { 0 } else { seed.below(end as u64) as usize };
    let spread = 1 + seed.below(30);
    let mut head = || {
        let (mut row, shift) = (seed.row(width), seed.below(spread));
        row.iter_mut().for_each(|entry| *entry >>= shift);
        reference::head_row(&row)
    };
    let rows = (0..end).map(|_| (head(), head())).collect();
    let queries: Vec<HeadRow> = (0..5).map(|_| head()).collect();
    let queries = queries[..1 + seed.below(5) as usize].to_vec();
    let mut frac = || seed.below(25) as u8;
    let shape = AttentionShape {
        head_width: width,
        query_frac: frac(),
        key_frac: frac(),
        value_frac: frac(),
        frac: frac(),
        scale: (1 << 14) + seed.below(1 << 14) as u16,
        scale_exponent: -40 + seed.below(50) as i32,
        cap: (seed.below(3) == 0).then(|| 1 + seed.below(1 << 24) as u32),
    };
    Attend { shape, queries, rows, positions: start..end }
}

/// Pages of a task's rows; slots outside its positions keep what was there.
fn used_pages(seed: &mut Seed, task: &Attend) -> Vec<KvPage> {
    let width = task.shape.head_width;
    let mut pages = vec![KvPage::new(width); task.rows.len().div_ceil(PAGE)];
    let stale = reference::head_row(&seed.row(width));
    for page in &mut pages {
        (0..PAGE).step_by(1 + seed.below(3) as usize).for_each(|p| page.put(p, &stale, &stale));
        // As a pool hands it out again: slots keep shifts that nothing tells of any more.
        page.clear();
    }
    for (p, (key, value)) in task.rows.iter().enumerate() {
        pages[p / PAGE].put(p % PAGE, key, value);
    }
    pages
}

#[test]
fn attention_with_used_scratch_equals_reference() {
    let sets = sets();
    let mut seed = Seed(12);
    let mut scratches: Vec<_> = sets.iter().map(|_| AttentionScratch::default()).collect();
    for _ in 0..400 {
        let task = any_attention(&mut seed);
        let pages = used_pages(&mut seed, &task);
        let pages: Vec<&KvPage> = pages.iter().collect();
        let width = task.shape.head_width;
        let want: Vec<_> = task.queries.iter().map(|query| task.expected(query)).collect();
        let faults = want.iter().any(|head| head.as_ref().is_none_or(|head| head.contains(&None)));
        for (kernels, scratch) in sets.iter().zip(&mut scratches) {
            let positions = task.positions.clone();
            let name = format!("{} width {width}, {positions:?}", kernels.set().name());
            let call = AttentionTask {
                shape: &task.shape,
                queries: &task.queries,
                pages: &pages,
                positions,
            };
            let mut out = vec![9; width * task.queries.len()];
            assert_eq!(kernels.attention(&call, scratch, &mut out), faults, "{name}");
            for (got, want) in out.chunks_exact(width).zip(&want) {
                let Some(want) = want else { continue };
                assert!(
                    got.iter().zip(want).all(|(got, want)| *got == want.unwrap_or(0)),
                    "{name}"
                );
            }
        }
    }
}

/// A gate of a set.
type Gate = fn(&Kernels, &[i32], &[i32], GateOp, &mut [i32]) -> bool;

/// Rows of any length and size, with every attribute anywhere in its range.
#[test]
fn rows_of_any_attributes_equal_reference() {
    let sets = sets();
    let mut seed = Seed(13);
    for _ in 0..4000 {
        let length = 1 + seed.below(200) as usize;
        let (row, other) = (seed.row(length), seed.row(length));
        let gain: Vec<i32> = other.iter().map(|v| v >> 6).collect();
        let eps = (seed.next() >> seed.below(64)).max(1);
        let (gain_unit, frac) = (-40 + seed.below(60) as i32, seed.below(25) as u8);
        let norm = NormOp { eps, gain: &gain, gain_unit, frac };
        let normed = reference::norm(&row, eps, &gain, gain_unit, frac);
        let up_frac = seed.below(25) as u8;
        let gate = GateOp { gate_frac: 2 + seed.below(11) as u8, up_frac, frac };
        let gated = |one: fn(i32, i32, u8, u8, u8) -> Result<i32, Overflow>| {
            let pairs = row.iter().zip(&other);
            pairs.map(|(g, u)| one(*g, *u, gate.gate_frac, up_frac, frac)).collect::<Vec<_>>()
        };
        let gates: [(Gate, _); 2] = [
            (Kernels::silu_gate, gated(reference::silu_gate)),
            (Kernels::gelu_gate, gated(reference::gelu_gate)),
        ];
        for kernels in &sets {
            let name = format!("{} of {length}", kernels.set().name());
            let mut out = vec![7; length];
            let overflow = kernels.norm(&row, norm, &mut out);
            match &normed {
                Ok(want) => assert!(!overflow && out == *want, "norm, {name}"),
                Err(_) => assert!(overflow, "norm, {name}"),
            }
            for (of_set, gated) in &gates {
                let overflow = of_set(kernels, &row, &other, gate, &mut out);
                assert_eq!(overflow, gated.iter().any(Result::is_err), "{gate:?}, {name}");
                let same = |(got, want): (&i32, &Result<i32, _>)| *got == want.unwrap_or(0);
                assert!(out.iter().zip(gated).all(same), "{gate:?}, {name}");
            }
        }
    }
}
