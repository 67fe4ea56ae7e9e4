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
//!
//! The packed form is local cache: it is never hashed into anything that leaves the machine.

use crate::lines::Lines;
use crate::quant::{BLOCK, Block, Format, INPUTS_MAX, Refused};
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
/// Most rows of a matrix.
const ROWS_MAX: usize = 1 << 24;
/// Longest chunk of pairs between two widenings of a 4-bit kernel.
const CHUNK_MAX: u32 = 64;

/// How the weights of a packed matrix are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// int8 quants.
    Eight,
    /// Nibbles that stand for themselves minus 8.
    Four,
    /// As `Four`, with a minimum per block.
    FourWithMin,
}

impl Width {
    fn of(format: Format) -> Self {
        match format {
            Format::F32 | Format::F16 | Format::Q8_0 => Self::Eight,
            Format::Q4_0 => Self::Four,
            Format::Q4_1 => Self::FourWithMin,
        }
    }

    /// The number in a cache's header.
    fn number(self) -> usize {
        match self {
            Self::Eight => 1,
            Self::Four => 2,
            Self::FourWithMin => 3,
        }
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
    /// Per group and pair, `GROUP` times the centred minima of both blocks (i16): `min + 8 * scale`.
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
        let sane = inputs > 0 && inputs.is_multiple_of(BLOCK) && inputs <= INPUTS_MAX;
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
        let (pair_bytes, minima) = match width {
            Width::Eight => (PAIR_EIGHT, 0),
            Width::Four => (PAIR_FOUR, 0),
            Width::FourWithMin => (PAIR_FOUR, groups * pairs * GROUP * 4),
        };
        let mut packed = Self {
            width,
            rows,
            inputs,
            units: vec![0; groups * GROUP],
            chunks: vec![CHUNK_MAX; groups],
            quants: slab.zeroed(groups * pairs * pair_bytes),
            minima: slab.zeroed(minima),
        };
        packed.fill_with_zero_weights();
        packed
    }

    /// Padding must stand for zero: an 8-bit zero is stored as 0x80 (its scale is 0 anyway).
    fn fill_with_zero_weights(&mut self) {
        if self.width == Width::Eight {
            for pair in self.quants.bytes_mut().chunks_exact_mut(PAIR_EIGHT) {
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
        for (b, block) in bytes.chunks_exact(format.block_bytes()).enumerate() {
            let block = format.block(block, unit)?;
            let at = group * self.pairs() + b / 2;
            match self.width {
                Width::Eight => self.put_eight(at, b % 2, lane, &block),
                Width::Four | Width::FourWithMin => {
                    let centred = u64::from(self.put_four(format, at, b % 2, lane, &block));
                    let most = u64::from(ROW_SCALE_MAX) * u64::from(QUANT_MAX) * centred;
                    row_bounds[b / 2] += u64::from(block.scale.unsigned_abs()) * most;
                }
            }
        }
        for (bound, row_bound) in bounds.iter_mut().zip(row_bounds) {
            *bound = (*bound).max(row_bound);
        }
        Ok(())
    }

    fn put_eight(&mut self, at: usize, half: usize, lane: usize, block: &Block) {
        let pair = &mut self.quants.bytes_mut()[at * PAIR_EIGHT..][..PAIR_EIGHT];
        let quants = &mut pair[half * GROUP * BLOCK..][..GROUP * BLOCK];
        for (k, quant) in block.quants.iter().enumerate() {
            quants[(k / 4 * GROUP + lane) * 4 + k % 4] = quant.cast_unsigned() ^ 0x80;
        }
        let scale = SCALES_EIGHT + half * GROUP * 2 + lane * 2;
        pair[scale..scale + 2].copy_from_slice(&(block.scale as i16).to_ne_bytes());
    }

    /// Returns the sum of the magnitudes of the centred quants.
    fn put_four(
        &mut self,
        format: Format,
        at: usize,
        half: usize,
        lane: usize,
        block: &Block,
    ) -> u32 {
        let offset = if format == Format::Q4_0 { 8 } else { 0 };
        let nibble = |k: usize| (block.quants[k] + offset).cast_unsigned();
        let pair = &mut self.quants.bytes_mut()[at * PAIR_FOUR..][..PAIR_FOUR];
        let quants = &mut pair[half * GROUP * BLOCK / 2..][..GROUP * BLOCK / 2];
        for k in 0..BLOCK / 2 {
            let byte = nibble(k) | nibble(BLOCK / 2 + k) << 4;
            quants[(k / 4 * GROUP + lane) * 4 + k % 4] = byte;
        }
        let scale = SCALES_FOUR + lane * 4 + half * 2;
        pair[scale..scale + 2].copy_from_slice(&(block.scale as i16).to_ne_bytes());
        if self.width == Width::FourWithMin {
            let centred = (block.min + 8 * block.scale) as i16;
            self.minima.words_mut()[(at * GROUP + lane) * 2 + half] = centred;
        }
        (0..BLOCK).map(|k| u32::from(nibble(k).abs_diff(8))).sum()
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

    /// The centred minima of one group: per pair and row, both blocks.
    #[must_use]
    pub fn minima(&self, group: usize) -> &[i16] {
        let words = self.pairs() * GROUP * 2;
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
        let word = |at: usize| i32::from(i16::from_ne_bytes([pair[at], pair[at + 1]]));
        let place = |k: usize| (k / 4 * GROUP + lane) * 4 + k % 4;
        match self.width {
            Width::Eight => Block {
                scale: word(SCALES_EIGHT + (half * GROUP + lane) * 2),
                min: 0,
                quants: core::array::from_fn(|k| {
                    (pair[half * GROUP * BLOCK + place(k)] ^ 0x80).cast_signed()
                }),
            },
            Width::Four | Width::FourWithMin => {
                let quants = &pair[half * GROUP * BLOCK / 2..];
                let nibble = |k: usize| {
                    let byte = quants[place(k % (BLOCK / 2))];
                    (if k < BLOCK / 2 { byte & 15 } else { byte >> 4 }).cast_signed() - 8
                };
                let minimum = self.minima.words().get((self.at(group, b / 2) + lane) * 2 + half);
                Block {
                    scale: word(SCALES_FOUR + (lane * 2 + half) * 2),
                    min: minimum.map_or(0, |min| i32::from(*min)),
                    quants: core::array::from_fn(nibble),
                }
            }
        }
    }

    fn at(&self, group: usize, pair: usize) -> usize {
        (group * self.pairs() + pair) * GROUP
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
        let sane = inputs > 0 && inputs.is_multiple_of(BLOCK) && inputs <= INPUTS_MAX;
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
        match self.width {
            Width::Eight => PAIR_EIGHT,
            Width::Four | Width::FourWithMin => PAIR_FOUR,
        }
    }
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
