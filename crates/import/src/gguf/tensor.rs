//! Tensor entries: types, shapes, and where the bytes lie.
//!
//! It never reads a tensor's data. Invariant: the byte range of a [`TensorInfo`] is inside the file, starts aligned,
//! has exactly the size its type and shape ask for, and overlaps no other tensor's.

use super::cursor::Cursor;
use super::error::{GgufError, Place};
use std::fmt;

/// The longest name of a tensor (the format's own limit).
pub const MAX_TENSOR_NAME_BYTES: u64 = 64;
/// The most dimensions of a tensor (the format's own limit).
pub const MAX_DIMENSIONS: u32 = 4;
/// Sizes stay below this, so that sums of a few of them can't overflow.
const MAX_TENSOR_BYTES: u64 = 1 << 62;

macro_rules! tensor_types {
    ($($variant:ident = $id:literal, $name:literal, $block:literal, $bytes:literal;)*) => {
        /// A tensor's number format: every one that ggml still writes, supported here or not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TensorType { $($variant,)* }

        impl TensorType {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number that stands for it in a file.
            pub fn id(self) -> u32 {
                match self { $(Self::$variant => $id,)* }
            }

            /// The name users know it by.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How many numbers one block has.
            pub fn block_numbers(self) -> u64 {
                match self { $(Self::$variant => $block,)* }
            }

            /// How many bytes one block takes.
            pub fn block_bytes(self) -> u64 {
                match self { $(Self::$variant => $bytes,)* }
            }

            fn from_id(id: u32) -> Option<Self> {
                match id { $($id => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

tensor_types! {
    // variant = id, name, numbers per block, bytes per block
    F32 = 0, "F32", 1, 4;
    F16 = 1, "F16", 1, 2;
    Q4_0 = 2, "Q4_0", 32, 18;
    Q4_1 = 3, "Q4_1", 32, 20;
    Q5_0 = 6, "Q5_0", 32, 22;
    Q5_1 = 7, "Q5_1", 32, 24;
    Q8_0 = 8, "Q8_0", 32, 34;
    Q8_1 = 9, "Q8_1", 32, 36;
    Q2K = 10, "Q2_K", 256, 84;
    Q3K = 11, "Q3_K", 256, 110;
    Q4K = 12, "Q4_K", 256, 144;
    Q5K = 13, "Q5_K", 256, 176;
    Q6K = 14, "Q6_K", 256, 210;
    Q8K = 15, "Q8_K", 256, 292;
    Iq2Xxs = 16, "IQ2_XXS", 256, 66;
    Iq2Xs = 17, "IQ2_XS", 256, 74;
    Iq3Xxs = 18, "IQ3_XXS", 256, 98;
    Iq1S = 19, "IQ1_S", 256, 50;
    Iq4Nl = 20, "IQ4_NL", 32, 18;
    Iq3S = 21, "IQ3_S", 256, 110;
    Iq2S = 22, "IQ2_S", 256, 82;
    Iq4Xs = 23, "IQ4_XS", 256, 136;
    I8 = 24, "I8", 1, 1;
    I16 = 25, "I16", 1, 2;
    I32 = 26, "I32", 1, 4;
    I64 = 27, "I64", 1, 8;
    F64 = 28, "F64", 1, 8;
    Iq1M = 29, "IQ1_M", 256, 56;
    Bf16 = 30, "BF16", 1, 2;
    Tq1_0 = 34, "TQ1_0", 256, 54;
    Tq2_0 = 35, "TQ2_0", 256, 66;
    Mxfp4 = 39, "MXFP4", 32, 17;
    Nvfp4 = 40, "NVFP4", 64, 36;
}

impl fmt::Display for TensorType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

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

    /// Reads an entry; its offset counts from the data section until [`lay_out`] moves it.
    pub(super) fn read(cursor: &mut Cursor<'a>, index: u64) -> Result<Self, GgufError> {
        let name = cursor.name(MAX_TENSOR_NAME_BYTES, Place::TensorName(index))?;
        let place = Place::Tensor(name);
        let shape = read_shape(cursor, place)?;
        let found = cursor.u32(place)?;
        let kind = TensorType::from_id(found).ok_or_else(|| GgufError::TensorTypeId {
            place: place.to_string(),
            found,
            note: unknown_type_note(found),
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

fn unknown_type_note(id: u32) -> &'static str {
    match id {
        4 | 5 => " now (Q4_2 and Q4_3 were withdrawn)",
        31..=33 => " now (the repacked Q4_0 types were withdrawn; convert the file to Q4_0)",
        36..=38 => " now (the repacked IQ4_NL types were withdrawn; convert the file to IQ4_NL)",
        _ => "",
    }
}
