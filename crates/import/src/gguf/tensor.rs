//! Tensor entries: shapes, and where the bytes lie.
//!
//! It never reads a tensor's data. Invariant: the byte range of a [`TensorInfo`] is inside the file, starts aligned,
//! has exactly the size its type and shape ask for, and overlaps no other tensor's.

use super::cursor::Cursor;
use super::error::{GgufError, Place};
use super::kind::{FORMATS, TensorType};
use canon::Format;
use std::fmt;

/// The longest name of a tensor (the format's own limit).
pub const MAX_TENSOR_NAME_BYTES: u64 = 64;
/// The most dimensions of a tensor (the format's own limit).
pub const MAX_DIMENSIONS: u32 = 4;
/// Sizes stay below this, so that sums of a few of them can't overflow.
const MAX_TENSOR_BYTES: u64 = 1 << 62;

/// A tensor's sizes, the fastest-varying first (a row's length), at most four.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    sizes: [u64; MAX_DIMENSIONS as usize],
    count: u8,
}

impl Shape {
    pub fn sizes(&self) -> &[u64] {
        &self.sizes[..usize::from(self.count)]
    }

    /// How many numbers one row has.
    pub fn row(&self) -> u64 {
        self.sizes[0]
    }

    /// How many rows there are, over all the other dimensions.
    pub fn rows(&self) -> u64 {
        self.sizes()[1..].iter().product()
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.sizes(), out)
    }
}

/// A tensor: its name, type and shape, and its bytes' place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorInfo<'a> {
    name: &'a str,
    kind: TensorType,
    shape: Shape,
    offset: u64,
    bytes: u64,
}

impl<'a> TensorInfo<'a> {
    pub fn name(&self) -> &'a str {
        self.name
    }

    pub fn kind(&self) -> TensorType {
        self.kind
    }

    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Where its bytes start, from the start of the file.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Fails unless the type is one of these.
    pub fn require_type(&self, supported: &[TensorType]) -> Result<(), GgufError> {
        if supported.contains(&self.kind) {
            return Ok(());
        }
        let names: Vec<_> = supported.iter().map(|kind| kind.name()).collect();
        Err(GgufError::UnsupportedType {
            place: self.place().to_string(),
            found: self.kind,
            supported: names.join(", "),
        })
    }

    /// How its numbers are read; fails where they can't be computed with.
    pub fn format(&self) -> Result<Format, GgufError> {
        self.require_type(&FORMATS.map(|(kind, _)| kind))?;
        let found = FORMATS.iter().find(|(kind, _)| *kind == self.kind);
        Ok(found.expect("the type was just required to be one of these").1)
    }

    /// Reads an entry; its offset counts from the data section until [`lay_out`] moves it.
    pub(super) fn read(cursor: &mut Cursor<'a>, index: u64) -> Result<Self, GgufError> {
        let name = cursor.name(MAX_TENSOR_NAME_BYTES, Place::TensorName(index))?;
        let place = Place::Tensor(name);
        let shape = read_shape(cursor, place)?;
        let found = cursor.u32(place)?;
        let kind = TensorType::from_id(found).ok_or_else(|| GgufError::TensorTypeId {
            place: place.to_string(),
            found,
            note: TensorType::unknown_note(found),
        })?;
        let offset = cursor.u64(place)?;
        let bytes = byte_size(kind, shape, place)?;
        Ok(Self { name, kind, shape, offset, bytes })
    }

    fn place(&self) -> Place<'a> {
        Place::Tensor(self.name)
    }

    fn end(&self) -> u64 {
        self.offset + self.bytes
    }
}

/// Turns the offsets into places in the file, and checks them.
pub(super) fn lay_out(
    tensors: &mut [TensorInfo<'_>],
    data_start: u64,
    alignment: u64,
    file_length: u64,
) -> Result<(), GgufError> {
    for tensor in tensors.iter_mut() {
        let place = tensor.place();
        if !tensor.offset.is_multiple_of(alignment) {
            let (place, offset) = (place.to_string(), tensor.offset);
            return Err(GgufError::Misaligned { place, offset, alignment });
        }
        let start = tensor.offset.saturating_add(data_start);
        let end = start.saturating_add(tensor.bytes);
        if end > file_length {
            return Err(GgufError::OutsideFile {
                place: place.to_string(),
                start,
                end,
                file_length,
            });
        }
        tensor.offset = start;
    }
    let mut by_offset: Vec<&TensorInfo<'_>> = tensors.iter().collect();
    by_offset.sort_unstable_by_key(|tensor| tensor.offset);
    match by_offset.windows(2).find(|pair| pair[0].end() > pair[1].offset) {
        None => Ok(()),
        Some(pair) => Err(GgufError::Overlap {
            place: pair[0].place().to_string(),
            other: pair[1].place().to_string(),
        }),
    }
}

fn read_shape(cursor: &mut Cursor<'_>, place: Place<'_>) -> Result<Shape, GgufError> {
    let found = cursor.u32(place)?;
    let count =
        u8::try_from(found).ok().filter(|count| (1..=MAX_DIMENSIONS).contains(&u32::from(*count)));
    let Some(count) = count else {
        let place = place.to_string();
        return Err(GgufError::Dimensions { place, found, limit: MAX_DIMENSIONS });
    };
    let mut shape = Shape { sizes: [1; MAX_DIMENSIONS as usize], count };
    for (index, size) in (0u32..).zip(&mut shape.sizes[..usize::from(count)]) {
        *size = cursor.u64(place)?;
        if *size == 0 {
            return Err(GgufError::ZeroDimension { place: place.to_string(), index });
        }
    }
    Ok(shape)
}

fn byte_size(kind: TensorType, shape: Shape, place: Place<'_>) -> Result<u64, GgufError> {
    let block = kind.block_numbers();
    if !shape.row().is_multiple_of(block) {
        let place = place.to_string();
        return Err(GgufError::PartialBlock { place, found: shape.row(), kind, block });
    }
    let numbers = shape.sizes().iter().try_fold(1u64, |product, size| product.checked_mul(*size));
    numbers
        .and_then(|numbers| (numbers / block).checked_mul(kind.block_bytes()))
        .filter(|bytes| *bytes <= MAX_TENSOR_BYTES)
        .ok_or_else(|| GgufError::TooLarge { place: place.to_string() })
}
