//! Walks a matmul in tiles: blocks of columns outside, then groups of rows, then chunks of pairs.
//!
//! A block's inputs stay in the second-level cache, and a chunk of a few groups' weights in the
//! first while every column of the block passes; the 64-bit sums wait on the stack meanwhile. Weights that
//! a scheme does not multiply as they lie are unpacked once for all these columns. Sums are exact, so no
//! order changes a bit.
//! Never allocates, and reads weights and inputs only within their slices.

use core::arch::x86_64::{__m512i, _MM_HINT_ET0, _MM_HINT_T1, _mm_prefetch, _mm512_setzero_si512};
use core::mem::MaybeUninit;
use core::ops::Range;

use super::finish::{Rare, Target, finish_group, slowly};
use crate::inputs::InputRow;
use crate::kernels::Finish;
use crate::packed::{GROUP, PackedMatrix, SCALES_EIGHT, SCALES_HALVES};
use crate::tile::Tile;

/// Columns whose sums wait on the stack.
const COLUMN_BLOCK: usize = 128;
/// Most groups of a tile.
const GROUPS_MAX: usize = 4;

/// Sixteen 64-bit sums of one group and column: the even lanes, then the odd ones.
pub(super) type Sums = [__m512i; 2];

/// The sums of a tile, which wait there between two chunks.
pub(super) type Waiting<'a, const G: usize, const C: usize> = [&'a mut [MaybeUninit<Sums>; C]; G];

/// Most pairs of a chunk that is unpacked.
pub(super) const UNPACKED_MAX: usize = 12;

/// A pair of 6-bit weights as bytes that count from 32: quants as those of 8-bit weights, then of block 0
/// and of block 1 for each row the scales of both halves side by side.
pub(super) type Unpacked = [__m512i; (SCALES_EIGHT + 2 * SCALES_HALVES) / 64];

/// Where the weights of a tile are.
pub(super) struct Place<'a, const G: usize> {
    pub(super) weights: &'a PackedMatrix,
    /// The first of `G` groups.
    pub(super) group: usize,
    pub(super) pairs: Range<usize>,
    /// Of each group the first of these pairs, unpacked where the scheme asks for it.
    pub(super) quants: [*const u8; G],
}

/// One way to multiply packed weights with inputs.
pub(super) trait Scheme {
    /// Groups of a tile where there are several columns.
    const GROUPS: usize;
    /// Groups of a tile where there is one column.
    const GROUPS_ALONE: usize = GROUPS_MAX;
    /// Columns of a tile.
    const COLUMNS: usize;
    /// Pairs of a chunk: `GROUPS` groups of them fit the first-level cache.
    const CHUNK: usize;
    /// What makes of a pair of the matrix one that tiles read, where they don't read it as it lies.
    ///
    /// # Safety
    /// Of the function: the machine has the features, and there is such a pair.
    const UNPACK: Option<unsafe fn(*const u8, &mut MaybeUninit<Unpacked>)> = None;

    /// Adds the products of some pairs of `G` groups with `C` columns to the sums, or, where the
    /// pairs are a row's first, puts them there.
    ///
    /// # Safety
    /// The machine has the features; the groups, pairs and inputs exist; the sums are initialised
    /// where the pairs are not a row's first.
    unsafe fn tile<const G: usize, const C: usize>(
        place: &Place<'_, G>,
        inputs: &[&InputRow; C],
        waiting: Waiting<'_, G, C>,
    );
}

/// The waiting sums of a tile, zero where the tile has a row's first pairs.
///
/// # Safety
/// They are initialised where the pairs are not the first.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn started<const G: usize, const C: usize>(
    mut waiting: Waiting<'_, G, C>,
    first: bool,
) -> [&mut [Sums; C]; G] {
    if first {
        for sums in &mut waiting {
            for c in 0..C {
                sums[c].write([_mm512_setzero_si512(); 2]);
            }
        }
    }
    // SAFETY: initialised just now or, as the caller says, before.
    waiting.map(|sums| unsafe { &mut *core::ptr::from_mut(sums).cast::<[Sums; C]>() })
}

/// What one call works on.
struct Job<'a, 'b> {
    weights: &'a PackedMatrix,
    first: usize,
    inputs: &'a [&'a InputRow],
    finish: Finish<'a>,
    out: &'a mut Tile<'b>,
    overflow: &'a mut [bool],
    sums: [[MaybeUninit<Sums>; COLUMN_BLOCK]; GROUPS_MAX],
    unpacked: [[MaybeUninit<Unpacked>; UNPACKED_MAX]; GROUPS_MAX],
}

/// The kernel of a scheme.
pub(super) fn matmul<S: Scheme>(
    weights: &PackedMatrix,
    groups: Range<usize>,
    inputs: &[&InputRow],
    finish: Finish<'_>,
    out: &mut Tile<'_>,
    overflow: &mut [bool],
) {
    let sums = [[const { MaybeUninit::uninit() }; COLUMN_BLOCK]; GROUPS_MAX];
    let unpacked = [[const { MaybeUninit::uninit() }; UNPACKED_MAX]; GROUPS_MAX];
    let first = groups.start;
    let mut job = Job { weights, first, inputs, finish, out, overflow, sums, unpacked };
    // SAFETY: this table is only handed out on a machine with these features.
    unsafe { all::<S>(&mut job, groups) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn all<S: Scheme>(job: &mut Job<'_, '_>, groups: Range<usize>) {
    let step = if job.inputs.len() == 1 { S::GROUPS_ALONE } else { S::GROUPS };
    for start in (0..job.inputs.len()).step_by(COLUMN_BLOCK) {
        let columns = start..job.inputs.len().min(start + COLUMN_BLOCK);
        let mut group = groups.start;
        while group < groups.end {
            let count = step.min(groups.end - group);
            match count {
                4.. => some_groups::<S, 4>(job, group, columns.clone()),
                3 => some_groups::<S, 3>(job, group, columns.clone()),
                2 => some_groups::<S, 2>(job, group, columns.clone()),
                _ => some_groups::<S, 1>(job, group, columns.clone()),
            }
            group += count;
        }
    }
}

/// A block of columns of `G` groups.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn some_groups<S: Scheme, const G: usize>(
    job: &mut Job<'_, '_>,
    group: usize,
    columns: Range<usize>,
) {
    let (weights, finish) = (job.weights, job.finish);
    let mut targets = [Target::new(weights, group, finish); G];
    for g in 1..G {
        targets[g] = Target::new(weights, group + g, finish);
    }
    let all = weights.pairs();
    // The weights of a single tile are read once, so nothing has to stay in a cache.
    let whole = columns.len() <= S::COLUMNS && S::UNPACK.is_none();
    let chunks = if whole { 1 } else { all.div_ceil(S::CHUNK) };
    for chunk in 0..chunks {
        let pairs = all * chunk / chunks..all * (chunk + 1) / chunks;
        let last = chunk + 1 == chunks;
        let next = if last { 0..all / chunks } else { pairs.end..all * (chunk + 2) / chunks };
        let next_group = if last { group + G } else { group };
        let ahead: [&[u8]; G] =
            core::array::from_fn(|g| bytes_of(weights, next_group + g, next.clone()));
        let quants = core::array::from_fn(|g| quants_of::<S>(job, group + g, g, pairs.clone()));
        let place = Place { weights, group, pairs, quants };
        let part = Part { place, first: chunk == 0, last, ahead };
        some_columns::<S, G>(job, &part, &targets, columns.clone());
    }
}

/// The bytes of some pairs of a group; none where there is no such group.
fn bytes_of(weights: &PackedMatrix, group: usize, pairs: Range<usize>) -> &[u8] {
    if group >= weights.groups() {
        return &[];
    }
    let bytes = weights.group(group);
    let pair = bytes.len() / weights.pairs();
    &bytes[pair * pairs.start..pair * pairs.end]
}

/// Some pairs of a group as the scheme reads them, unpacked into the g-th place where it asks for it.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn quants_of<S: Scheme>(
    job: &mut Job<'_, '_>,
    group: usize,
    g: usize,
    pairs: Range<usize>,
) -> *const u8 {
    let bytes = bytes_of(job.weights, group, pairs.clone());
    let Some(unpack) = S::UNPACK else { return bytes.as_ptr() };
    let place = &mut job.unpacked[g];
    for (pair, into) in bytes.chunks_exact(bytes.len() / pairs.len()).zip(&mut *place) {
        // SAFETY: the features are this function's own, and this is a pair of the scheme's matrix.
        unsafe { unpack(pair.as_ptr(), into) }
    }
    place.as_ptr().cast()
}

/// A chunk of some groups.
struct Part<'a, const G: usize> {
    place: Place<'a, G>,
    first: bool,
    last: bool,
    /// The weights of the chunk that comes next.
    ahead: [&'a [u8]; G],
}

impl<const G: usize> Part<'_, G> {
    /// Fetches one tile's share of the next chunk, so many bytes, into the second-level cache. With
    /// the outputs fetched ahead too it saves 4 % of a whole prefill.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn fetch_ahead(&self, tile: usize, share: usize) {
        for bytes in self.ahead {
            let bytes = bytes.get(tile * share..).unwrap_or_default();
            for line in bytes.iter().take(share).step_by(64) {
                _mm_prefetch::<_MM_HINT_T1>(core::ptr::from_ref(line).cast());
            }
        }
    }
}

/// Some pairs of `G` groups against a block of columns.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn some_columns<S: Scheme, const G: usize>(
    job: &mut Job<'_, '_>,
    part: &Part<'_, G>,
    targets: &[Target<'_>; G],
    columns: Range<usize>,
) {
    let tiles = columns.len().div_ceil(S::COLUMNS);
    let ahead = part.ahead.iter().fold(0, |most, bytes| bytes.len().max(most));
    let share = ahead.div_ceil(tiles).next_multiple_of(64);
    let mut column = columns.start;
    while column < columns.end {
        if tiles > 1 {
            part.fetch_ahead((column - columns.start) / S::COLUMNS, share);
        }
        // The sums of a tile that is finished at once always wait in the same place.
        let place = if part.first && part.last { 0 } else { column - columns.start };
        let count = (columns.end - column).min(S::COLUMNS);
        match count {
            4 => one_tile::<S, G, 4>(job, part, targets, column, place),
            3 => one_tile::<S, G, 3>(job, part, targets, column, place),
            2 => one_tile::<S, G, 2>(job, part, targets, column, place),
            _ => one_tile::<S, G, 1>(job, part, targets, column, place),
        }
        column += count;
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn one_tile<S: Scheme, const G: usize, const C: usize>(
    job: &mut Job<'_, '_>,
    part: &Part<'_, G>,
    targets: &[Target<'_>; G],
    column: usize,
    place: usize,
) {
    if part.last && C > 1 {
        fetch_outputs::<G, C>(job, part.place.group, column);
    }
    let inputs = job.inputs[column..].first_chunk::<C>().expect("the caller counted the columns");
    let sums = job.sums.first_chunk_mut::<G>().expect("room for a tile's groups");
    let sums = sums
        .each_mut()
        .map(|row| row[place..].first_chunk_mut::<C>().expect("a block has room for its columns"));
    // SAFETY: the features are this function's own; groups and pairs are of this matrix, and
    // `Kernels::matmul` has compared the inputs' lengths with it. Chunks come in order, so the sums
    // were put there by the chunk before.
    unsafe { S::tile::<G, C>(&part.place, inputs, sums) }
    if part.last {
        finish_tile::<G, C>(job, part.place.group, targets, column, place);
    }
}

/// Fetches the lines that the tile will write: while it multiplies, they arrive.
#[inline]
#[target_feature(enable = "avx512f")]
fn fetch_outputs<const G: usize, const C: usize>(
    job: &mut Job<'_, '_>,
    group: usize,
    column: usize,
) {
    let start = (group - job.first) * GROUP;
    for c in 0..C {
        let out = &job.out.row_mut(column + c)[start..];
        for entry in out.iter().take(G * GROUP).step_by(GROUP) {
            _mm_prefetch::<_MM_HINT_ET0>(core::ptr::from_ref(entry).cast());
        }
    }
}

/// Writes the outputs of a tile whose sums are complete.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn finish_tile<const G: usize, const C: usize>(
    job: &mut Job<'_, '_>,
    group: usize,
    targets: &[Target<'_>; G],
    column: usize,
    place: usize,
) {
    let start = (group - job.first) * GROUP;
    let mut rare = Rare::none();
    for c in 0..C {
        let exponent = job.inputs[column + c].exponent;
        let out = &mut job.out.row_mut(column + c)[start..];
        for g in 0..G {
            // SAFETY: the scheme has put this tile's sums there.
            let sums = unsafe { job.sums[g][place + c].assume_init_ref() };
            finish_group(&targets[g], sums, exponent, &mut out[g * GROUP..], &mut rare);
        }
    }
    if !rare.any() {
        return;
    }
    for c in 0..C {
        let exponent = job.inputs[column + c].exponent;
        let out = &mut job.out.row_mut(column + c)[start..];
        for g in 0..G {
            // SAFETY: as above.
            let sums = unsafe { job.sums[g][place + c].assume_init_ref() };
            let over = slowly(&targets[g], sums, exponent, &mut out[g * GROUP..]);
            job.overflow[column + c] |= over;
        }
    }
}
