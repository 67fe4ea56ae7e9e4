//! Metadata values, and accessors whose errors name the key.
//!
//! It never copies what it reads: strings and arrays borrow the given bytes. An array was walked once by the parser;
//! reading it walks the same bytes again, element by element.

use super::cursor::Cursor;
use super::error::{GgufError, Place, quoted};
use crate::dyadic::{Dyadic, F32Bits, F64Bits};
use std::fmt;
use std::ops::RangeInclusive;

/// How deep arrays of arrays may go; no known file has any.
pub const MAX_ARRAY_DEPTH: u32 = 4;

/// The type of a metadata value, numbered as in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    String,
    Array,
    U64,
    I64,
    F64,
}

/// A metadata value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    F32(F32Bits),
    Bool(bool),
    String(&'a str),
    Array(Array<'a>),
    U64(u64),
    I64(i64),
    F64(F64Bits),
}

/// An array, still as the file's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array<'a> {
    element: ValueType,
    length: u64,
    bytes: &'a [u8],
}

/// A metadata entry that is there, with the key its errors name.
#[derive(Clone, Copy, Debug)]
pub struct Field<'g, 'a> {
    key: &'a str,
    value: &'g Value<'a>,
}

impl<'a> Value<'a> {
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::U8(_) => ValueType::U8,
            Self::I8(_) => ValueType::I8,
            Self::U16(_) => ValueType::U16,
            Self::I16(_) => ValueType::I16,
            Self::U32(_) => ValueType::U32,
            Self::I32(_) => ValueType::I32,
            Self::F32(_) => ValueType::F32,
            Self::Bool(_) => ValueType::Bool,
            Self::String(_) => ValueType::String,
            Self::Array(_) => ValueType::Array,
            Self::U64(_) => ValueType::U64,
            Self::I64(_) => ValueType::I64,
            Self::F64(_) => ValueType::F64,
        }
    }

    /// The value, if it is of an integer type.
    pub fn integer(&self) -> Option<i128> {
        match *self {
            Self::U8(value) => Some(value.into()),
            Self::I8(value) => Some(value.into()),
            Self::U16(value) => Some(value.into()),
            Self::I16(value) => Some(value.into()),
            Self::U32(value) => Some(value.into()),
            Self::I32(value) => Some(value.into()),
            Self::U64(value) => Some(value.into()),
            Self::I64(value) => Some(value.into()),
            Self::F32(_) | Self::Bool(_) | Self::String(_) | Self::Array(_) | Self::F64(_) => None,
        }
    }

    fn as_str(&self) -> Option<&'a str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    fn as_f32(&self) -> Option<F32Bits> {
        if let Self::F32(bits) = self { Some(*bits) } else { None }
    }

    pub(super) fn read(cursor: &mut Cursor<'a>, place: Place<'_>) -> Result<Self, GgufError> {
        let kind = ValueType::read(cursor, place)?;
        Self::read_as(kind, cursor, 0, place)
    }

    fn read_as(
        kind: ValueType,
        cursor: &mut Cursor<'a>,
        depth: u32,
        place: Place<'_>,
    ) -> Result<Self, GgufError> {
        Ok(match kind {
            ValueType::U8 => Self::U8(cursor.u8(place)?),
            ValueType::I8 => Self::I8(cursor.u8(place)?.cast_signed()),
            ValueType::U16 => Self::U16(cursor.u16(place)?),
            ValueType::I16 => Self::I16(cursor.u16(place)?.cast_signed()),
            ValueType::U32 => Self::U32(cursor.u32(place)?),
            ValueType::I32 => Self::I32(cursor.u32(place)?.cast_signed()),
            ValueType::F32 => Self::F32(F32Bits(cursor.u32(place)?)),
            ValueType::Bool => Self::Bool(match cursor.u8(place)? {
                0 => false,
                1 => true,
                found => return Err(GgufError::Boolean { place: place.to_string(), found }),
            }),
            ValueType::String => Self::String(cursor.string(place)?),
            ValueType::Array => Self::Array(Array::read(cursor, depth, place)?),
            ValueType::U64 => Self::U64(cursor.u64(place)?),
            ValueType::I64 => Self::I64(cursor.u64(place)?.cast_signed()),
            ValueType::F64 => Self::F64(F64Bits(cursor.u64(place)?)),
        })
    }
}

impl<'a> Array<'a> {
    pub fn element(&self) -> ValueType {
        self.element
    }

    pub fn len(&self) -> u64 {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The elements, in order.
    pub fn values(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let (element, mut cursor) = (self.element, Cursor::again(self.bytes));
        (0..self.length).map(move |_| {
            // Depth 0 again: it was counted from the outermost array when the parser walked these bytes.
            Value::read_as(element, &mut cursor, 0, Place::Header("walked array"))
                .expect("the parser read these very bytes without an error")
        })
    }

    fn read(cursor: &mut Cursor<'a>, depth: u32, place: Place<'_>) -> Result<Self, GgufError> {
        if depth >= MAX_ARRAY_DEPTH {
            return Err(GgufError::TooDeep { place: place.to_string(), limit: MAX_ARRAY_DEPTH });
        }
        let element = ValueType::read(cursor, place)?;
        let length = cursor.u64(place)?;
        // An absurd count is refused before anything is walked: every element takes some bytes.
        let least = length.saturating_mul(element.least_bytes());
        let start = cursor.position();
        if least > cursor.left() {
            cursor.take(least, place)?;
        }
        match element {
            ValueType::Bool | ValueType::String | ValueType::Array => {
                for _ in 0..length {
                    Value::read_as(element, cursor, depth + 1, place)?;
                }
            }
            ValueType::U8
            | ValueType::I8
            | ValueType::U16
            | ValueType::I16
            | ValueType::U32
            | ValueType::I32
            | ValueType::F32
            | ValueType::U64
            | ValueType::I64
            | ValueType::F64 => {
                cursor.take(least, place)?;
            }
        }
        Ok(Self { element, length, bytes: cursor.since(start) })
    }
}

impl ValueType {
    const ALL: [Self; 13] = [
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::U32,
        Self::I32,
        Self::F32,
        Self::Bool,
        Self::String,
        Self::Array,
        Self::U64,
        Self::I64,
        Self::F64,
    ];

    /// The number that stands for it in a file.
    pub fn id(self) -> u32 {
        let index = Self::ALL.iter().position(|kind| *kind == self).expect("ALL lists every type");
        u32::try_from(index).expect("13 types")
    }

    fn read(cursor: &mut Cursor<'_>, place: Place<'_>) -> Result<Self, GgufError> {
        let found = cursor.u32(place)?;
        let known = usize::try_from(found).ok().and_then(|index| Self::ALL.get(index));
        known.copied().ok_or_else(|| GgufError::ValueType { place: place.to_string(), found })
    }

    /// The fewest bytes a value takes (the only size there is, but for strings and arrays).
    fn least_bytes(self) -> u64 {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 | Self::String => 8,
            Self::Array => 12,
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::F32 => "f32",
            Self::Bool => "bool",
            Self::String => "string",
            Self::Array => "array",
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::F64 => "f64",
        })
    }
}

impl<'g, 'a> Field<'g, 'a> {
    pub(super) fn new(key: &'a str, value: &'g Value<'a>) -> Self {
        Self { key, value }
    }

    pub fn key(&self) -> &'a str {
        self.key
    }

    pub fn value(&self) -> &'g Value<'a> {
        self.value
    }

    /// An integer of any type in the range: writers differ in the width they choose.
    pub fn unsigned(&self, range: RangeInclusive<u64>) -> Result<u64, GgufError> {
        let found = self.value.integer().ok_or_else(|| self.wrong_type("an integer"))?;
        u64::try_from(found).ok().filter(|value| range.contains(value)).ok_or_else(|| {
            let (least, most) = (i128::from(*range.start()), i128::from(*range.end()));
            GgufError::OutOfRange { key: quoted(self.key), found, least, most }
        })
    }

    pub fn boolean(&self) -> Result<bool, GgufError> {
        if let Value::Bool(value) = self.value {
            Ok(*value)
        } else {
            Err(self.wrong_type("a bool"))
        }
    }

    /// A string of at most `limit` bytes.
    pub fn string(&self, limit: u64) -> Result<&'a str, GgufError> {
        let text = self.value.as_str().ok_or_else(|| self.wrong_type("a string"))?;
        let found = text.len() as u64;
        if found > limit {
            let place = Place::Value(self.key).to_string();
            return Err(GgufError::TooLong { place, found, limit });
        }
        Ok(text)
    }

    /// The bits of an f32.
    pub fn f32_bits(&self) -> Result<F32Bits, GgufError> {
        self.value.as_f32().ok_or_else(|| self.wrong_type("an f32"))
    }

    /// The exact number an f32 or f64 stands for.
    pub fn dyadic(&self) -> Result<Dyadic, GgufError> {
        let decoded = if let Value::F32(bits) = self.value {
            bits.decode()
        } else if let Value::F64(bits) = self.value {
            bits.decode()
        } else {
            return Err(self.wrong_type("an f32 or f64"));
        };
        decoded.map_err(|_| GgufError::NotFinite { key: quoted(self.key) })
    }

    /// An array of at most `limit` strings.
    pub fn strings(
        &self,
        limit: u64,
    ) -> Result<impl Iterator<Item = &'a str> + use<'a>, GgufError> {
        let array = self.array(ValueType::String, "an array of strings", limit)?;
        Ok(array.values().map(|value| value.as_str().expect("the element type was checked")))
    }

    /// An array of at most `limit` f32s.
    pub fn f32s(&self, limit: u64) -> Result<impl Iterator<Item = F32Bits> + use<'a>, GgufError> {
        let array = self.array(ValueType::F32, "an array of f32s", limit)?;
        Ok(array.values().map(|value| value.as_f32().expect("the element type was checked")))
    }

    /// An array of at most `limit` integers of any one type.
    pub fn integers(&self, limit: u64) -> Result<impl Iterator<Item = i128> + use<'a>, GgufError> {
        let expected = "an array of integers";
        let element = self.any_array(expected)?.element;
        if matches!(
            element,
            ValueType::F32
                | ValueType::F64
                | ValueType::Bool
                | ValueType::String
                | ValueType::Array
        ) {
            return Err(self.wrong_type(expected));
        }
        let array = self.array(element, expected, limit)?;
        Ok(array.values().map(|value| value.integer().expect("the element type was checked")))
    }

    /// How many elements an array has.
    pub fn array_length(&self) -> Result<u64, GgufError> {
        Ok(self.any_array("an array")?.len())
    }

    pub(super) fn entry_error(&self, index: usize, problem: &'static str) -> GgufError {
        GgufError::Entry { key: quoted(self.key), index: index as u64, problem }
    }

    fn any_array(&self, expected: &'static str) -> Result<&'g Array<'a>, GgufError> {
        if let Value::Array(array) = self.value {
            Ok(array)
        } else {
            Err(self.wrong_type(expected))
        }
    }

    fn array(
        &self,
        element: ValueType,
        expected: &'static str,
        limit: u64,
    ) -> Result<&'g Array<'a>, GgufError> {
        let array = self.any_array(expected)?;
        if array.element != element {
            return Err(self.wrong_type(expected));
        }
        if array.length > limit {
            let place = format!("the length of {}", Place::Value(self.key));
            return Err(GgufError::TooMany { place, found: array.length, limit });
        }
        Ok(array)
    }

    fn wrong_type(&self, expected: &'static str) -> GgufError {
        let found = if let Value::Array(array) = self.value {
            format!("an array of {}", array.element)
        } else {
            self.value.value_type().to_string()
        };
        GgufError::WrongType { key: quoted(self.key), found, expected }
    }
}
