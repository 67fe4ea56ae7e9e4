//! A page of 64 keys and values of one (layer, KV head), as the attention kernels read it.
//!
//! Keys stand as 4 groups of 16 positions: per group, D/4 steps x 16 positions x 4 entries of
//! `quant ^ 0x80`. Values stand as 16 quads of 4 positions: per quad, D entries x 4 positions,
//! signed. So both products need no horizontal sum. Slots outside a query's range may hold anything
//! and are never read into a result.
//!
//! A page's content is a function of (layer, position, token prefix) only.

use crate::lines::Lines;
use crate::reference::HeadRow;

/// Positions of a page.
pub const PAGE: usize = 64;
/// Positions side by side in a key group.
pub(crate) const KEY_GROUP: usize = 16;
/// Positions side by side in a value quad.
pub(crate) const VALUE_QUAD: usize = 4;

/// One page.
#[derive(Clone)]
pub struct KvPage {
    head_width: usize,
    pub(crate) keys: Lines,
    pub(crate) values: Lines,
    pub(crate) key_mantissa: [u8; PAGE],
    pub(crate) key_shift: [u8; PAGE],
    pub(crate) value_mantissa: [u8; PAGE],
    pub(crate) value_shift: [u8; PAGE],
    key_shift_max: u8,
}

impl KvPage {
    /// An empty page.
    ///
    /// # Panics
    /// Where the head is not a multiple of 32 wide.
    #[must_use]
    pub fn new(head_width: usize) -> Self {
        assert!(head_width > 0 && head_width.is_multiple_of(32), "head width not a multiple of 32");
        let mut keys = Lines::zeroed(PAGE * head_width);
        keys.bytes_mut().fill(0x80);
        Self {
            head_width,
            keys,
            values: Lines::zeroed(PAGE * head_width),
            key_mantissa: [0; PAGE],
            key_shift: [0; PAGE],
            value_mantissa: [0; PAGE],
            value_shift: [0; PAGE],
            key_shift_max: 0,
        }
    }

    /// Entries of a head.
    #[must_use]
    pub fn head_width(&self) -> usize {
        self.head_width
    }

    /// Makes the page as good as a new one. What its slots hold is left: whoever reads a slot that is not written since makes
    /// nothing of it.
    pub fn clear(&mut self) {
        self.key_shift_max = 0;
    }

    /// Takes over all that another page holds.
    ///
    /// # Panics
    /// Where the other has another width.
    pub fn copy_from(&mut self, other: &Self) {
        let Self { head_width, keys, values, .. } = other;
        assert!(self.head_width == *head_width, "pages of two widths");
        self.keys.bytes_mut().copy_from_slice(keys.bytes());
        self.values.bytes_mut().copy_from_slice(values.bytes());
        self.key_mantissa = other.key_mantissa;
        self.key_shift = other.key_shift;
        self.value_mantissa = other.value_mantissa;
        self.value_shift = other.value_shift;
        self.key_shift_max = other.key_shift_max;
    }

    /// Writes the rows of one slot.
    ///
    /// # Panics
    /// Where the slot does not exist or a row has another width.
    pub fn put(&mut self, slot: usize, key: &HeadRow, value: &HeadRow) {
        let width = self.head_width;
        assert!(
            slot < PAGE && key.quants.len() == width && value.quants.len() == width,
            "bad slot"
        );
        let keys = &mut self.keys.bytes_mut()[slot / KEY_GROUP * KEY_GROUP * width..];
        for (i, quant) in key.quants.iter().enumerate() {
            keys[(i / 4 * KEY_GROUP + slot % KEY_GROUP) * 4 + i % 4] = quant.cast_unsigned() ^ 0x80;
        }
        let values = &mut self.values.signed_mut()[slot / VALUE_QUAD * VALUE_QUAD * width..];
        for (i, quant) in value.quants.iter().enumerate() {
            values[i * VALUE_QUAD + slot % VALUE_QUAD] = *quant;
        }
        self.key_mantissa[slot] = key.mantissa;
        self.key_shift[slot] = key.shift;
        self.value_mantissa[slot] = value.mantissa;
        self.value_shift[slot] = value.shift;
        self.key_shift_max = self.key_shift_max.max(key.shift);
    }

    /// At least the greatest key shift of the page.
    pub(crate) fn key_shift_max(&self) -> u8 {
        self.key_shift_max
    }

    /// Reads the rows of one slot back.
    ///
    /// # Panics
    /// Where the slot does not exist.
    #[must_use]
    pub fn get(&self, slot: usize) -> (HeadRow, HeadRow) {
        assert!(slot < PAGE, "bad slot");
        let width = self.head_width;
        let keys = &self.keys.bytes()[slot / KEY_GROUP * KEY_GROUP * width..];
        let values = &self.values.signed()[slot / VALUE_QUAD * VALUE_QUAD * width..];
        let key = |i: usize| {
            (keys[(i / 4 * KEY_GROUP + slot % KEY_GROUP) * 4 + i % 4] ^ 0x80).cast_signed()
        };
        let row = |quants, mantissa, shift| HeadRow { quants, mantissa, shift };
        (
            row((0..width).map(key).collect(), self.key_mantissa[slot], self.key_shift[slot]),
            row(
                (0..width).map(|i| values[i * VALUE_QUAD + slot % VALUE_QUAD]).collect(),
                self.value_mantissa[slot],
                self.value_shift[slot],
            ),
        )
    }

    /// Bytes held by a page of this width.
    #[must_use]
    pub const fn bytes(head_width: usize) -> usize {
        2 * PAGE * head_width + 4 * PAGE
    }
}
