//! Weights as kernels read them, and the per-row bounds proven while packing.
//!
//! Sixteen rows stand side by side, so that a vector lane is an output. A *pair* is two blocks of
//! 32 inputs. Row counts are padded to 16 and block counts to 2 with zeros.
//!
//! Layout of a pair of one group (`PAIR_*` bytes, whole cache lines):
//! - eight bits: block 0, then block 1, each 8 steps x 16 rows x 4 inputs of `quant ^ 0x80`; then
//!   16 x i16 scales of block 0, then of block 1.
//! - four bits: block 0, then block 1, each 4 double steps x 16 rows x 4 bytes, where byte i of
//!   double step s has input 4s+i in its low and input 16+4s+i in its high nibble; then for each row
//!   the i16 scales of block 0 and block 1 side by side.
//! - where the halves of a block have scales of their own, the quants are the same, and the scales are,
//!   of block 0, then of block 1, for each row the i16 scales of both halves side by side.
//! - six bits, always with two scales a block: block 0, then block 1, each its scales as above, then both
//!   halves, each 3 lines of 16 rows x 4 bytes, where byte i of line j has `quant + 32` of input 4j+i in
//!   its low six bits, and in its upper two the bits from 2j on of that of input 12+i. A stream whose
//!   lines are wanted in their order is read fastest.
//!
//! The packed form is local cache: it is never hashed into anything that leaves the machine.

use crate::lines::Lines;
use crate::quant::{BLOCK, Block, Format, HALF, INPUTS_MAX, Refused};
use crate::reference::{QUANT_MAX, ROW_SCALE_MAX};
use crate::slab::Slab;

/// Rows that stand side by side.
pub const GROUP: usize = 16;
/// Bytes of a pair of a group of 8-bit weights.
pub(crate) const PAIR_EIGHT: usize = 2 * (GROUP * BLOCK) + 2 * (GROUP * 2);
/// Bytes of a pair of a group of 4-bit weights.
pub(crate) const PAIR_FOUR: usize = 2 * (GROUP * BLOCK / 2) + 2 * (GROUP * 2);
/// Where the scales of a pair of 8-bit weights start.
pub(crate) const SCALES_EIGHT: usize = 2 * (GROUP * BLOCK);
/// Where the scales of a pair of 4-bit weights start.
pub(crate) const SCALES_FOUR: usize = 2 * (GROUP * BLOCK / 2);
/// Bytes of the scales of one block of a group whose halves have scales of their own.
pub(crate) const SCALES_HALVES: usize = GROUP * 4;
/// Bytes of the quants of one half of a block of a group of 6-bit weights.
pub(crate) const HALF_SIX: usize = GROUP * HALF * 3 / 4;
/// Bytes of one block of a group of 6-bit weights: its scales, then both halves.
pub(crate) const BLOCK_SIX: usize = SCALES_HALVES + 2 * HALF_SIX;
/// Bytes of a pair of a group of 6-bit weights.
pub(crate) const PAIR_SIX: usize = 2 * BLOCK_SIX;
/// Bytes of a pair of a group of 4-bit weights whose halves have scales of their own.
pub(crate) const PAIR_FOUR_HALVES: usize = SCALES_FOUR + 2 * SCALES_HALVES;
/// Most rows of a matrix.
const ROWS_MAX: usize = 1 << 24;
/// Longest chunk of pairs between two widenings of a 4-bit kernel.
const CHUNK_MAX: u32 = 64;

/// How the weights of a packed matrix are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// int8 quants.
    Eight,
    /// As `Eight`, with a minimum per block.
    EightWithMin,
    /// Six bits that stand for themselves minus 32, with a scale for each half of a block.
    SixHalves,
    /// Nibbles that stand for themselves minus 8.
    Four,
    /// As `Four`, with a minimum per block.
    FourWithMin,
    /// As `Four`, with a scale for each half of a block.
    FourHalves,
    /// As `FourHalves`, with a minimum for each half of a block.
    FourHalvesWithMin,
}

impl Width {
    fn of(format: Format) -> Self {
        match format {
            Format::F32 | Format::F16 | Format::Bf16 | Format::Q8_0 => Self::Eight,
            Format::F32LessOne | Format::F16LessOne | Format::Bf16LessOne => Self::Eight,
            Format::Q5_0 | Format::Iq4Nl | Format::Iq4Xs => Self::Eight,
            Format::Q5_1 | Format::Q5K => Self::EightWithMin,
            Format::Q6K => Self::SixHalves,
            Format::Q4_0 => Self::Four,
            Format::Q4_1 | Format::Q4K => Self::FourWithMin,
            Format::Q3K => Self::FourHalves,
            Format::Q2K => Self::FourHalvesWithMin,
        }
    }

    /// The number in a cache's header.
    fn number(self) -> usize {
        match self {
            Self::Eight => 1,
            Self::Four => 2,
            Self::FourWithMin => 3,
            Self::EightWithMin => 4,
            Self::FourHalves => 6,
            Self::FourHalvesWithMin => 7,
            // 5 was that of six bits in bytes.
            Self::SixHalves => 8,
        }
    }

    /// Bits of a weight.
    const fn bits(self) -> usize {
        match self {
            Self::Eight | Self::EightWithMin => 8,
            Self::SixHalves => 6,
            Self::Four | Self::FourWithMin | Self::FourHalves | Self::FourHalvesWithMin => 4,
        }
    }

    /// Whether weights are bytes.
    #[must_use]
    pub const fn is_eight(self) -> bool {
        self.bits() == 8
    }

    /// Whether the halves of a block have scales, and minima where there are any, of their own.
    #[must_use]
    pub const fn has_halves(self) -> bool {
        match self {
            Self::SixHalves | Self::FourHalves | Self::FourHalvesWithMin => true,
            Self::Eight | Self::EightWithMin | Self::Four | Self::FourWithMin => false,
        }
    }

    /// Whether there are minima.
    #[must_use]
    pub const fn has_minima(self) -> bool {
        match self {
            Self::EightWithMin | Self::FourWithMin | Self::FourHalvesWithMin => true,
            Self::Eight | Self::SixHalves | Self::Four | Self::FourHalves => false,
        }
    }

    /// Bytes of a pair of a group.
    pub(crate) const fn pair_bytes(self) -> usize {
        match self {
            Self::Eight | Self::EightWithMin => PAIR_EIGHT,
            Self::SixHalves => PAIR_SIX,
            Self::Four | Self::FourWithMin => PAIR_FOUR,
            Self::FourHalves | Self::FourHalvesWithMin => PAIR_FOUR_HALVES,
        }
    }

    /// Where in a pair the quants of a block are.
    const fn quants_at(self, block: usize) -> usize {
        match self.bits() {
            6 => block * BLOCK_SIX + SCALES_HALVES,
            bits => block * (GROUP * BLOCK * bits / 8),
        }
    }

    /// Where in a pair the scale of a block's half is.
    pub(crate) const fn scale_at(self, block: usize, half: usize, lane: usize) -> usize {
        let scales = if self.is_eight() { SCALES_EIGHT } else { SCALES_FOUR };
        if self.bits() == 6 {
            block * BLOCK_SIX + (lane * 2 + half) * 2
        } else if self.has_halves() {
            scales + block * SCALES_HALVES + (lane * 2 + half) * 2
        } else if self.is_eight() {
            scales + (block * GROUP + lane) * 2
        } else {
            scales + (lane * 2 + block) * 2
        }
    }

    /// Minima of a pair of a group.
    pub(crate) const fn minima_of_pair(self) -> usize {
        match (self.has_minima(), self.has_halves()) {
            (false, _) => 0,
            (true, false) => 2 * GROUP,
            (true, true) => 4 * GROUP,
        }
    }

    /// Where among the minima of a pair that of a block's half is.
    pub(crate) const fn minimum_at(self, block: usize, half: usize, lane: usize) -> usize {
        if self.has_halves() { (block * GROUP + lane) * 2 + half } else { lane * 2 + block }
    }
}

/// What is added to a quant of a format to make it a nibble that stands for itself minus 8, or for itself
/// where the minimum takes the 8 back.
fn nibble_offset(format: Format) -> i8 {
    match format {
        Format::Q4_0 | Format::Q3K | Format::Q2K => 8,
        Format::Q4_1 | Format::Q4K => 0,
        Format::F32 | Format::F16 | Format::Bf16 | Format::Q8_0 | Format::Q5_0 => 0,
        Format::F32LessOne | Format::F16LessOne | Format::Bf16LessOne => 0,
        Format::Q5_1 | Format::Q5K | Format::Q6K | Format::Iq4Nl | Format::Iq4Xs => 0,
    }
}

/// A weight matrix ready for the kernels.
pub struct PackedMatrix {
    width: Width,
    rows: usize,
    inputs: usize,
    units: Vec<i32>,
    /// Per group: pairs whose 4-bit products are proven to fit an i32 sum.
    chunks: Vec<u32>,
    quants: Lines,
    /// Per group and pair, `GROUP` times the minima of both blocks (i16), of nibbles that count from 0
    /// the centred ones, `min + 8 * scale`; where halves have their own, per block `GROUP` times both.
    minima: Lines,
}

impl PackedMatrix {
    /// Packs `rows` rows of `inputs` weights from a file's bytes, in memory of the slab.
    ///
    /// # Errors
    /// [`Refused`] where the weights break a rule of `spec/arithmetic.md` section 2.
    pub fn pack(
        format: Format,
        rows: usize,
        inputs: usize,
        bytes: &[u8],
        slab: &mut Slab,
    ) -> Result<Self, Refused> {
        let sane = inputs > 0 && inputs.is_multiple_of(format.span()) && inputs <= INPUTS_MAX;
        let row_bytes = format.row_bytes(inputs);
        if !sane || rows == 0 || rows > ROWS_MAX || bytes.len() != rows * row_bytes {
            return Err(Refused::Length);
        }
        let mut packed = Self::empty(format, rows, inputs, slab);
        let mut bounds = vec![0_u64; packed.pairs()];
        for group in 0..packed.groups() {
            bounds.fill(0);
            for lane in 0..GROUP.min(rows - group * GROUP) {
                let row = group * GROUP + lane;
                let row_bytes = &bytes[row * row_bytes..][..row_bytes];
                packed.pack_row(format, row, row_bytes, &mut bounds)?;
            }
            packed.chunks[group] = longest_chunk(&bounds);
        }
        Ok(packed)
    }

    fn empty(format: Format, rows: usize, inputs: usize, slab: &mut Slab) -> Self {
        let width = Width::of(format);
        let groups = rows.div_ceil(GROUP);
        let pairs = (inputs / BLOCK).div_ceil(2);
        let mut packed = Self {
            width,
            rows,
            inputs,
            units: vec![0; groups * GROUP],
            chunks: vec![CHUNK_MAX; groups],
            quants: slab.zeroed(groups * pairs * width.pair_bytes()),
            minima: slab.zeroed(groups * pairs * width.minima_of_pair() * 2),
        };
        packed.fill_with_zero_weights();
        packed
    }

    /// Padding must stand for zero: an 8-bit zero is stored as 0x80. Fewer bits have their scale of 0.
    fn fill_with_zero_weights(&mut self) {
        if self.width.is_eight() {
            for pair in self.quants.bytes_mut().chunks_exact_mut(self.width.pair_bytes()) {
                pair[..SCALES_EIGHT].fill(0x80);
            }
        }
    }

    fn pack_row(
        &mut self,
        format: Format,
        row: usize,
        bytes: &[u8],
        bounds: &mut [u64],
    ) -> Result<(), Refused> {
        let unit = format.unit(bytes)?;
        self.units[row] = unit;
        let (group, lane) = (row / GROUP, row % GROUP);
        let mut row_bounds = vec![0_u64; bounds.len()];
        for (b, block) in format.blocks(bytes, unit)?.iter().enumerate() {
            let at = group * self.pairs() + b / 2;
            self.put_scales(format, at, b % 2, lane, block);
            match self.width.bits() {
                8 => self.put_eight(at, b % 2, lane, block),
                6 => self.put_six(at, b % 2, lane, block),
                _ => row_bounds[b / 2] += self.put_four(format, at, b % 2, lane, block),
            }
        }
        for (bound, row_bound) in bounds.iter_mut().zip(row_bounds) {
            *bound = (*bound).max(row_bound);
        }
        Ok(())
    }

    fn pair_mut(&mut self, at: usize) -> &mut [u8] {
        let bytes = self.pair_bytes();
        &mut self.quants.bytes_mut()[at * bytes..][..bytes]
    }

    /// The scales of block `b` of the pair, and its minima.
    fn put_scales(&mut self, format: Format, at: usize, b: usize, lane: usize, block: &Block) {
        let width = self.width;
        for half in 0..2 {
            let scale = width.scale_at(b, half, lane);
            let bytes = (block.scales[half] as i16).to_ne_bytes();
            self.pair_mut(at)[scale..scale + 2].copy_from_slice(&bytes);
            if width.has_minima() {
                let counted = if width.is_eight() { 0 } else { 8 - nibble_offset(format) };
                let minimum = block.mins[half] + i32::from(counted) * block.scales[half];
                let place = at * width.minima_of_pair() + width.minimum_at(b, half, lane);
                self.minima.words_mut()[place] = minimum as i16;
            }
        }
    }

    fn put_eight(&mut self, at: usize, b: usize, lane: usize, block: &Block) {
        let quants = &mut self.pair_mut(at)[b * GROUP * BLOCK..][..GROUP * BLOCK];
        for (k, quant) in block.quants.iter().enumerate() {
            quants[(k / 4 * GROUP + lane) * 4 + k % 4] = quant.cast_unsigned() ^ 0x80;
        }
    }

    fn put_six(&mut self, at: usize, b: usize, lane: usize, block: &Block) {
        let start = self.width.quants_at(b);
        let quants = &mut self.pair_mut(at)[start..][..2 * HALF_SIX];
        let halves = quants.chunks_exact_mut(HALF_SIX).zip(block.quants.chunks_exact(HALF));
        for (bytes, quants) in halves {
            for i in 0..4 {
                let four = core::array::from_fn(|step| (quants[4 * step + i] + 32).cast_unsigned());
                for (line, byte) in three_of(four).into_iter().enumerate() {
                    bytes[(line * GROUP + lane) * 4 + i] = byte;
                }
            }
        }
    }

    /// Returns what the products of this block with any inputs can't exceed.
    fn put_four(&mut self, format: Format, at: usize, b: usize, lane: usize, block: &Block) -> u64 {
        let offset = nibble_offset(format);
        let nibble = |k: usize| (block.quants[k] + offset).cast_unsigned();
        let quants = &mut self.pair_mut(at)[b * GROUP * BLOCK / 2..][..GROUP * BLOCK / 2];
        for k in 0..HALF {
            let byte = nibble(k) | nibble(HALF + k) << 4;
            quants[(k / 4 * GROUP + lane) * 4 + k % 4] = byte;
        }
        let most = u64::from(ROW_SCALE_MAX) * u64::from(QUANT_MAX);
        let of_half = |half: usize| {
            let centred =
                (half * HALF..(half + 1) * HALF).map(|k| u64::from(nibble(k).abs_diff(8)));
            u64::from(block.scales[half].unsigned_abs()) * most * centred.sum::<u64>()
        };
        of_half(0) + of_half(1)
    }

    /// How the weights are stored.
    #[must_use]
    pub fn width(&self) -> Width {
        self.width
    }

    /// Outputs.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Groups of 16 rows.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.units.len() / GROUP
    }

    /// Pairs of blocks in a row.
    #[must_use]
    pub fn pairs(&self) -> usize {
        (self.inputs / BLOCK).div_ceil(2)
    }

    /// The unit exponents of a group's rows.
    #[must_use]
    pub fn units(&self, group: usize) -> &[i32] {
        &self.units[group * GROUP..][..GROUP]
    }

    /// Pairs of this group whose 4-bit products are proven to fit one i32 sum.
    #[must_use]
    pub fn chunk(&self, group: usize) -> usize {
        self.chunks[group] as usize
    }

    /// The pairs of one group.
    #[must_use]
    pub fn group(&self, group: usize) -> &[u8] {
        let bytes = self.pairs() * self.pair_bytes();
        &self.quants.bytes()[group * bytes..][..bytes]
    }

    /// The minima of one group: per pair and row, both blocks, or per block and row, both halves.
    #[must_use]
    pub fn minima(&self, group: usize) -> &[i16] {
        let words = self.pairs() * self.width.minima_of_pair();
        &self.minima.words()[group * words..][..words]
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.quants.bytes().len() + self.minima.bytes().len() + self.units.len() * 4
    }

    /// The canonical integers of block b of a row, read back. Quants are centred: those of 4-bit
    /// formats count from 8, and the minimum is that of the centred quants.
    ///
    /// # Panics
    /// Where there is no such row or block.
    #[must_use]
    pub fn block(&self, row: usize, b: usize) -> Block {
        assert!(row < self.rows && b < self.inputs / BLOCK, "block outside the matrix");
        let (group, lane, half) = (row / GROUP, row % GROUP, b % 2);
        let pair = &self.group(group)[b / 2 * self.pair_bytes()..][..self.pair_bytes()];
        let quants = &pair[self.width.quants_at(half)..];
        let place = |k: usize| (k / 4 * GROUP + lane) * 4 + k % 4;
        let quant = |k: usize| match self.width.bits() {
            8 => (quants[place(k)] ^ 0x80).cast_signed(),
            6 => six_of(&quants[k / HALF * HALF_SIX..], lane, k % HALF).cast_signed() - 32,
            _ => (quants[place(k % HALF)] >> (k / HALF * 4) & 15).cast_signed() - 8,
        };
        let scale = |side: usize| {
            let at = self.width.scale_at(half, side, lane);
            i32::from(i16::from_ne_bytes([pair[at], pair[at + 1]]))
        };
        let minima = (group * self.pairs() + b / 2) * self.width.minima_of_pair();
        let min = |side: usize| {
            let at = minima + self.width.minimum_at(half, side, lane);
            if self.width.has_minima() { i32::from(self.minima.words()[at]) } else { 0 }
        };
        Block {
            scales: [scale(0), scale(1)],
            mins: [min(0), min(1)],
            quants: core::array::from_fn(quant),
        }
    }

    /// The unit exponent of a row.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn unit(&self, row: usize) -> i32 {
        self.units[row]
    }

    /// What a cache keeps beside [`Self::body`]: shape, units and proven bounds.
    #[must_use]
    pub fn header(&self) -> Vec<u8> {
        let mut header = Vec::new();
        for number in [self.width.number(), self.rows, self.inputs] {
            header.extend((number as u64).to_le_bytes());
        }
        self.units.iter().for_each(|unit| header.extend(unit.to_le_bytes()));
        self.chunks.iter().for_each(|chunk| header.extend(chunk.to_le_bytes()));
        header
    }

    /// The packed bytes, in this machine's byte order.
    #[must_use]
    pub fn body(&self) -> [&[u8]; 2] {
        [self.quants.bytes(), self.minima.bytes()]
    }

    /// A matrix of this shape from its header, its body still zero; `None` where the header is not
    /// one of such a matrix, before anything is allocated for it.
    ///
    /// The caller fills [`Self::body_mut`] with bytes it knows to be those of [`Self::body`].
    #[must_use]
    pub fn from_header(
        format: Format,
        rows: usize,
        inputs: usize,
        header: &[u8],
        slab: &mut Slab,
    ) -> Option<Self> {
        let (fixed, rest) = header.split_at_checked(24)?;
        let mut numbers = fixed
            .chunks_exact(8)
            .map(|n| n.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)));
        let mut next = || numbers.next().and_then(|number| usize::try_from(number).ok());
        let stated = (next()?, next()?, next()?);
        if stated != (Width::of(format).number(), rows, inputs) {
            return None;
        }
        let sane = inputs > 0 && inputs.is_multiple_of(format.span()) && inputs <= INPUTS_MAX;
        if !sane
            || rows == 0
            || rows > ROWS_MAX
            || rest.len() != rows.div_ceil(GROUP) * (GROUP + 1) * 4
        {
            return None;
        }
        let mut packed = Self::empty(format, rows, inputs, slab);
        let numbers = |bytes: &[u8]| -> Vec<i32> {
            bytes.chunks_exact(4).map(|n| i32::from_le_bytes([n[0], n[1], n[2], n[3]])).collect()
        };
        let (units, chunks) = rest.split_at(packed.units.len() * 4);
        packed.units = numbers(units);
        packed.chunks = numbers(chunks).into_iter().map(i32::cast_unsigned).collect();
        let units_fit = packed.units.iter().all(|unit| (-256..=256).contains(unit));
        let chunks_fit = packed.chunks.iter().all(|c| c.is_power_of_two() && *c <= CHUNK_MAX);
        (units_fit && chunks_fit).then_some(packed)
    }

    /// The bytes of [`Self::body`], to be filled.
    #[must_use]
    pub fn body_mut(&mut self) -> [&mut [u8]; 2] {
        [self.quants.bytes_mut(), self.minima.bytes_mut()]
    }

    fn pair_bytes(&self) -> usize {
        self.width.pair_bytes()
    }
}

/// Four weights of six bits in three bytes.
fn three_of(four: [u8; 4]) -> [u8; 3] {
    core::array::from_fn(|line| four[line] | (four[3] >> (2 * line) & 3) << 6)
}

/// Four weights of six bits out of three bytes.
#[inline(always)]
pub(crate) fn four_of(three: [u8; 3]) -> [u8; 4] {
    let [a, b, c] = three;
    [a & 63, b & 63, c & 63, a >> 6 | b >> 6 << 2 | c >> 6 << 4]
}

/// A row's weight k of a half of a block of 6-bit weights.
fn six_of(half: &[u8], lane: usize, k: usize) -> u8 {
    four_of([0, 1, 2].map(|line| half[(line * GROUP + lane) * 4 + k % 4]))[k / 4]
}

/// The longest power of two of pairs such that no aligned chunk can leave an i32.
fn longest_chunk(bounds: &[u64]) -> u32 {
    let fits = |length: u32| {
        bounds.chunks(length as usize).all(|chunk| chunk.iter().sum::<u64>() <= i32::MAX as u64)
    };
    let mut length = 1;
    while length < CHUNK_MAX && fits(2 * length) {
        length *= 2;
    }
    length
}
