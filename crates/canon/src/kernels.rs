//! The table of kernels: chosen once, passed down, falling back to portable.
//!
//! Every function computes exactly the integers of `spec/arithmetic.md`; which set is used can
//! never change a bit. The table itself is the proof that its instructions exist on this machine:
//! one for an instruction set can only be got from [`Kernels::of`], which asks the processor.

use core::ops::Range;

use crate::inputs::{InputKind, InputRow};
use crate::kv::{KvPage, PAGE};
use crate::packed::{PackedMatrix, Width};
use crate::portable;
use crate::reference::{AttentionShape, HeadRow, Over, query_scale};
use crate::sample::{NothingAllowed, SampleScratch, Sampling};
use crate::tile::Tile;

/// A set of kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KernelSet {
    /// Plain Rust over the packed layout; runs everywhere.
    Portable,
    /// x86-64 with AVX2.
    Avx2,
    /// x86-64 with AVX2 and VNNI on 256 bits, in its VEX or EVEX form.
    AvxVnni,
    /// x86-64 with AVX-512 (F, BW, DQ, VL, VNNI).
    Avx512,
    /// AArch64 with the dot-product extension.
    Neon,
    /// WebAssembly with SIMD128.
    WasmSimd,
}

impl KernelSet {
    /// All sets, fastest last within an architecture.
    pub const ALL: [Self; 6] =
        [Self::Portable, Self::Avx2, Self::AvxVnni, Self::Avx512, Self::Neon, Self::WasmSimd];

    /// The name used on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::AvxVnni => "avx-vnni",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
            Self::WasmSimd => "wasm-simd",
        }
    }

    /// The set of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.name() == name)
    }

    /// Whether this machine can run it.
    #[must_use]
    pub fn available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => crate::x86::has_avx2(),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => crate::x86::has_avx_vnni(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => crate::x86::has_avx512(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::AvxVnni | Self::Avx512 => false,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => crate::aarch64::has_neon(),
            #[cfg(not(target_arch = "aarch64"))]
            Self::Neon => false,
            Self::WasmSimd => cfg!(all(target_arch = "wasm32", target_feature = "simd128")),
        }
    }

    /// The fastest set this machine can run.
    #[must_use]
    pub fn best() -> Self {
        Self::ALL.into_iter().rev().find(|set| set.available()).unwrap_or(Self::Portable)
    }
}

/// What becomes of a finished sum.
#[derive(Clone, Copy)]
pub struct Finish<'a> {
    /// Fractional bits of the output row.
    pub frac: u8,
    /// Added after rounding; padded to whole groups is not needed.
    pub bias: Option<&'a [i32]>,
}

/// Attributes of a norm.
#[derive(Clone, Copy)]
pub struct NormOp<'a> {
    /// The program's integer epsilon.
    pub eps: u64,
    /// Gain entries.
    pub gain: &'a [i32],
    /// The gain's unit exponent.
    pub gain_unit: i32,
    /// Fractional bits of the output row.
    pub frac: u8,
}

/// Fractional bits of a gate's rows.
#[derive(Clone, Copy, Debug)]
pub struct GateOp {
    /// Of the gate, 2..=12.
    pub gate_frac: u8,
    /// Of the other factor.
    pub up_frac: u8,
    /// Of the output.
    pub frac: u8,
}

/// One KV head's part of attention for one query position.
pub struct AttentionTask<'a> {
    /// The op's attributes.
    pub shape: &'a AttentionShape,
    /// The query heads that share this KV head.
    pub queries: &'a [HeadRow],
    /// The KV head's pages.
    pub pages: &'a [&'a KvPage],
    /// Positions to attend to.
    pub positions: Range<usize>,
}

/// Most positions of a sequence: the byte-plane sums of section 4.6 fit an i32 up to here.
pub const CONTEXT_MAX: usize = 1 << 16;

/// Room for attention's intermediate rows, kept between calls.
#[derive(Default)]
pub struct AttentionScratch {
    pub(crate) scores: Vec<i32>,
    pub(crate) sums: Vec<i32>,
    /// Address of the first page of the call before: the next one may find the same pages in the
    /// caches. Only compared.
    #[cfg(target_arch = "x86_64")]
    pub(crate) last_page: usize,
}

/// Rows `groups` of a matrix times each input row, into the tile's columns; marks the input rows
/// whose outputs overflow. The tile's columns are the rows of exactly these groups.
pub(crate) type Matmul =
    fn(&PackedMatrix, Range<usize>, &[&InputRow], Finish<'_>, &mut Tile<'_>, &mut [bool]);

/// The functions of one set.
#[derive(Clone, Copy)]
pub struct Kernels {
    pub(crate) set: KernelSet,
    pub(crate) matmul_a8_eight: Matmul,
    pub(crate) matmul_a8_four: Matmul,
    pub(crate) matmul_a8_six_halves: Matmul,
    pub(crate) matmul_a8_four_halves: Matmul,
    pub(crate) matmul_a16: Matmul,
    pub(crate) quantise: fn(&[i32], u8, InputKind, &mut InputRow),
    pub(crate) norm: fn(&[i32], NormOp<'_>, &mut [i32]) -> bool,
    pub(crate) silu_gate: fn(&[i32], &[i32], GateOp, &mut [i32]) -> bool,
    pub(crate) gelu_gate: fn(&[i32], &[i32], GateOp, &mut [i32]) -> bool,
    pub(crate) rotate: fn(&mut [i32], &[i32], &[i32], crate::reference::Layout) -> bool,
    pub(crate) hadamard: fn(&mut [i32], usize) -> bool,
    pub(crate) head_row: fn(&[i32], &mut HeadRow),
    pub(crate) add: fn(&mut [i32], &[i32]) -> bool,
    pub(crate) soft_cap: fn(&mut [i32], u32),
    pub(crate) scale: fn(&mut [i32], u16, i32) -> bool,
    pub(crate) route: fn(&[i32], u8, Over, &mut [i32]),
    pub(crate) weigh: fn(&mut [i32], i32),
    pub(crate) sample: fn(&Sampling<'_>, &mut SampleScratch) -> Result<u32, NothingAllowed>,
    /// For every task.
    pub(crate) any_attention: fn(&AttentionTask<'_>, &mut AttentionScratch, &mut [i32]) -> bool,
    /// Only for tasks without a cap, whose scores all need a right shift (or none).
    pub(crate) attention: fn(&AttentionTask<'_>, &mut AttentionScratch, &mut [i32]) -> bool,
}

impl Kernels {
    /// The table of a set, where this machine can run it.
    #[must_use]
    pub fn of(set: KernelSet) -> Option<Self> {
        if !set.available() {
            return None;
        }
        match set {
            KernelSet::Portable => Some(portable::KERNELS),
            #[cfg(target_arch = "x86_64")]
            KernelSet::Avx2 => Some(crate::x86::AVX2),
            #[cfg(target_arch = "x86_64")]
            KernelSet::AvxVnni => Some(crate::x86::AVX_VNNI),
            #[cfg(target_arch = "x86_64")]
            KernelSet::Avx512 => Some(crate::x86::AVX512),
            #[cfg(not(target_arch = "x86_64"))]
            KernelSet::Avx2 | KernelSet::AvxVnni | KernelSet::Avx512 => None,
            #[cfg(target_arch = "aarch64")]
            KernelSet::Neon => Some(crate::aarch64::NEON),
            #[cfg(not(target_arch = "aarch64"))]
            KernelSet::Neon => None,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            KernelSet::WasmSimd => Some(crate::wasm::WASM_SIMD),
            #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
            KernelSet::WasmSimd => None,
        }
    }

    /// The portable table.
    #[must_use]
    pub fn portable() -> Self {
        portable::KERNELS
    }

    /// Which set this is.
    #[must_use]
    pub fn set(&self) -> KernelSet {
        self.set
    }

    /// Multiplies the rows of `groups` with every input row; `overflow[i]` is set where an output
    /// of input row i left the limit (the entry is 0 then).
    ///
    /// # Panics
    /// Where shapes disagree: the tile's columns are not the rows of these groups, or an input row
    /// has another length or kind.
    pub fn matmul(
        &self,
        weights: &PackedMatrix,
        groups: Range<usize>,
        inputs: &[&InputRow],
        finish: Finish<'_>,
        out: &mut Tile<'_>,
        overflow: &mut [bool],
    ) {
        let Some(first) = inputs.first() else { return };
        let kind = first.kind;
        let rows = groups.start * crate::packed::GROUP
            ..weights.rows().min(groups.end * crate::packed::GROUP);
        assert!(groups.end <= weights.groups(), "groups outside the matrix");
        assert!(out.columns().len() == rows.len(), "the tile's columns are not these rows");
        assert!(out.rows() == inputs.len() && overflow.len() == inputs.len(), "row counts differ");
        assert!(
            inputs.iter().all(|row| row.kind == kind && row.inputs == weights.inputs()),
            "input rows of another shape"
        );
        assert!(
            finish.bias.is_none_or(|bias| bias.len() == weights.rows()),
            "bias of another size"
        );
        let function = match (kind, weights.width()) {
            (InputKind::A8, Width::Eight | Width::EightWithMin) => self.matmul_a8_eight,
            (InputKind::A8, Width::Four | Width::FourWithMin) => self.matmul_a8_four,
            (InputKind::A8, Width::SixHalves) => self.matmul_a8_six_halves,
            (InputKind::A8, Width::FourHalves | Width::FourHalvesWithMin) => {
                self.matmul_a8_four_halves
            }
            // Rare enough to have no kernel of its own.
            (InputKind::A16, width) if width.has_halves() => portable::matmul::matmul,
            (InputKind::A16, _) => self.matmul_a16,
        };
        function(weights, groups, inputs, finish, out, overflow);
    }

    /// Quantises a fixed row into matmul inputs.
    ///
    /// # Panics
    /// Where `out` has no room for the row.
    pub fn quantise(&self, row: &[i32], frac: u8, kind: InputKind, out: &mut InputRow) {
        (self.quantise)(row, frac, kind, out);
    }

    /// Normalises a row; true where an entry overflowed (it is 0 then).
    ///
    /// # Panics
    /// Where the lengths differ.
    pub fn norm(&self, row: &[i32], op: NormOp<'_>, out: &mut [i32]) -> bool {
        assert!(row.len() == op.gain.len() && row.len() == out.len(), "lengths differ");
        (self.norm)(row, op, out)
    }

    /// `silu(gate) * up`; true where an entry overflowed (it is 0 then).
    ///
    /// # Panics
    /// Where the lengths differ.
    pub fn silu_gate(&self, gate: &[i32], up: &[i32], op: GateOp, out: &mut [i32]) -> bool {
        assert!(gate.len() == up.len() && gate.len() == out.len(), "lengths differ");
        (self.silu_gate)(gate, up, op, out)
    }

    /// `gelu(gate) * up`; true where an entry overflowed (it is 0 then).
    ///
    /// # Panics
    /// Where the lengths differ.
    pub fn gelu_gate(&self, gate: &[i32], up: &[i32], op: GateOp, out: &mut [i32]) -> bool {
        assert!(gate.len() == up.len() && gate.len() == out.len(), "lengths differ");
        (self.gelu_gate)(gate, up, op, out)
    }

    /// Rotates a head in place by sines and cosines of 30 fractional bits, one per pair.
    ///
    /// # Panics
    /// Where the head is shorter than its pairs.
    pub fn rotate(
        &self,
        head: &mut [i32],
        sin: &[i32],
        cos: &[i32],
        layout: crate::reference::Layout,
    ) -> bool {
        assert!(sin.len() == cos.len() && head.len() >= 2 * sin.len(), "lengths differ");
        (self.rotate)(head, sin, cos, layout)
    }

    /// Hadamard transform of each block of `width` entries, a power of two, in place; true where an
    /// entry overflowed (it is 0 then).
    ///
    /// # Panics
    /// Where the width is no power of two from 2 to 1024, or the row is not whole blocks.
    pub fn hadamard(&self, row: &mut [i32], width: usize) -> bool {
        let sane = width.is_power_of_two() && (2..=1024).contains(&width);
        assert!(sane && row.len().is_multiple_of(width), "no whole blocks");
        (self.hadamard)(row, width)
    }

    /// Quantises a head's row to int8.
    pub fn head_row(&self, row: &[i32], out: &mut HeadRow) {
        (self.head_row)(row, out);
    }

    /// Adds `other` to `row`; true where an entry overflowed (it is 0 then).
    ///
    /// # Panics
    /// Where the lengths differ.
    pub fn add(&self, row: &mut [i32], other: &[i32]) -> bool {
        assert!(row.len() == other.len(), "lengths differ");
        (self.add)(row, other)
    }

    /// Caps each entry softly at `cap` units of the row; no entry can overflow.
    ///
    /// # Panics
    /// Where the cap is outside 1..2^30.
    pub fn soft_cap(&self, row: &mut [i32], cap: u32) {
        assert!((1..1 << 30).contains(&cap), "no cap of a fixed row");
        (self.soft_cap)(row, cap);
    }

    /// Scales each entry by `mantissa * 2^exponent`; true where one overflowed (it is 0 then).
    ///
    /// # Panics
    /// Where the mantissa is outside 2^14..2^15.
    pub fn scale(&self, row: &mut [i32], mantissa: u16, exponent: i32) -> bool {
        assert!((1 << 14..1 << 15).contains(&mantissa), "no mantissa of a scale");
        (self.scale)(row, mantissa, exponent)
    }

    /// Chooses experts: `out` holds the ids of as many as half its length, then their weights.
    ///
    /// # Panics
    /// Where there are no slots, or more than entries.
    pub fn route(&self, row: &[i32], frac: u8, over: Over, out: &mut [i32]) {
        let slots = out.len() / 2;
        assert!(out.len() == 2 * slots && (1..=row.len()).contains(&slots), "no such slots");
        (self.route)(row, frac, over, out);
    }

    /// Weighs each entry by a weight of a routing; no entry can overflow.
    ///
    /// # Panics
    /// Where the weight is outside 0..=2^16.
    pub fn weigh(&self, row: &mut [i32], weight: i32) {
        assert!((0..=1 << 16).contains(&weight), "no weight of a routing");
        (self.weigh)(row, weight);
    }

    /// Chooses a token.
    ///
    /// # Errors
    /// [`NothingAllowed`] is this op's fault.
    pub fn sample(
        &self,
        task: &Sampling<'_>,
        scratch: &mut SampleScratch,
    ) -> Result<u32, NothingAllowed> {
        (self.sample)(task, scratch)
    }

    /// Attention of some query heads over one KV head; `out` holds their outputs one after the
    /// other. True where a score or an output overflowed.
    ///
    /// # Panics
    /// Where the shapes disagree or there is no position.
    pub fn attention(
        &self,
        task: &AttentionTask<'_>,
        scratch: &mut AttentionScratch,
        out: &mut [i32],
    ) -> bool {
        let width = task.shape.head_width;
        assert!(!task.positions.is_empty(), "attention needs a position");
        assert!(task.positions.end <= CONTEXT_MAX, "more positions than the sums can hold");
        assert!(out.len() == width * task.queries.len(), "output of another size");
        assert!(task.positions.end <= task.pages.len() * PAGE, "positions outside the pages");
        assert!(task.pages.iter().all(|page| page.head_width() == width), "pages of another width");
        assert!(
            task.queries.iter().all(|query| query.quants.len() == width),
            "queries of another width"
        );
        assert!(task.shape.cap.is_none_or(|cap| (1..1 << 30).contains(&cap)), "no cap of a score");
        // Scores that need a left shift are rare, and caps too: the other sets do without them.
        let least = |query: &HeadRow| query_scale(task.shape, query).shift;
        let least = task.queries.iter().map(least).min().unwrap_or(0);
        let pages = &task.pages[task.positions.start / PAGE..task.positions.end.div_ceil(PAGE)];
        let most = pages.iter().map(|page| i32::from(page.key_shift_max())).max().unwrap_or(0);
        if least < most || task.shape.cap.is_some() {
            return (self.any_attention)(task, scratch, out);
        }
        (self.attention)(task, scratch, out)
    }
}
