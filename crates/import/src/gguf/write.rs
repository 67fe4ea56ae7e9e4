//! Writes GGUF files, for tests and tools; models are imported from upstream files, never from these.
//!
//! It never checks what it is told: tests need wrong files too. With sensible input the result parses.

use super::kind::TensorType;
use super::value::ValueType;
use super::{ALIGNMENT_KEY, DEFAULT_ALIGNMENT, MAGIC};
use crate::dyadic::{F32Bits, F64Bits};

/// A metadata value to be written.
#[derive(Clone, Debug)]
pub enum WriteValue {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    F32(F32Bits),
    Bool(bool),
    String(String),
    Array(ValueType, Vec<WriteValue>),
    U64(u64),
    I64(i64),
    F64(F64Bits),
}

/// A file in the making.
#[derive(Clone, Debug)]
pub struct GgufWriter {
    version: u32,
    alignment: u64,
    metadata: Vec<(String, WriteValue)>,
    tensors: Vec<Tensor>,
}

#[derive(Clone, Debug)]
struct Tensor {
    name: String,
    sizes: Vec<u64>,
    type_id: u32,
    data: Vec<u8>,
    offset: Option<u64>,
}

impl Default for GgufWriter {
    fn default() -> Self {
        Self { version: 3, alignment: DEFAULT_ALIGNMENT, metadata: Vec::new(), tensors: Vec::new() }
    }
}

impl GgufWriter {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// Aligns the tensors, and states it.
    #[must_use]
    pub fn alignment(mut self, alignment: u32) -> Self {
        self.alignment = alignment.into();
        self.metadata(ALIGNMENT_KEY, alignment)
    }

    #[must_use]
    pub fn metadata(mut self, key: &str, value: impl Into<WriteValue>) -> Self {
        self.metadata.push((key.to_owned(), value.into()));
        self
    }

    /// As if a key had never been written.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.metadata.retain(|(found, _)| found != key);
        self
    }

    /// As if a tensor had never been written.
    #[must_use]
    pub fn without_tensor(mut self, name: &str) -> Self {
        self.tensors.retain(|tensor| tensor.name != name);
        self
    }

    /// A tensor, its fastest-varying dimension first, placed after the ones before it.
    #[must_use]
    pub fn tensor(self, name: &str, sizes: &[u64], kind: TensorType, data: Vec<u8>) -> Self {
        self.raw_tensor(name, sizes, kind.id(), data, None)
    }

    /// A tensor with any type number, and an offset that may lie.
    #[must_use]
    pub fn raw_tensor(
        mut self,
        name: &str,
        sizes: &[u64],
        type_id: u32,
        data: Vec<u8>,
        offset: Option<u64>,
    ) -> Self {
        let (name, sizes) = (name.to_owned(), sizes.to_vec());
        self.tensors.push(Tensor { name, sizes, type_id, data, offset });
        self
    }

    /// The file's bytes.
    pub fn finish(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        put_u32(&mut out, self.version);
        put_length(&mut out, self.tensors.len());
        put_length(&mut out, self.metadata.len());
        for (key, value) in &self.metadata {
            put_string(&mut out, key);
            put_u32(&mut out, value.value_type().id());
            value.put(&mut out);
        }
        let mut next = 0;
        for tensor in &self.tensors {
            put_string(&mut out, &tensor.name);
            put_u32(&mut out, u32::try_from(tensor.sizes.len()).expect("a few dimensions"));
            tensor.sizes.iter().for_each(|size| put_u64(&mut out, *size));
            put_u32(&mut out, tensor.type_id);
            put_u64(&mut out, tensor.offset.unwrap_or(next));
            next = (next + tensor.data.len() as u64).next_multiple_of(self.alignment);
        }
        for tensor in &self.tensors {
            self.pad(&mut out);
            out.extend_from_slice(&tensor.data);
        }
        out
    }

    fn pad(&self, out: &mut Vec<u8>) {
        let alignment = usize::try_from(self.alignment).expect("it was a u32");
        out.resize(out.len().next_multiple_of(alignment), 0);
    }
}

impl WriteValue {
    pub fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Array(ValueType::String, texts.into_iter().map(Self::from).collect())
    }

    pub fn i32s(numbers: impl IntoIterator<Item = i32>) -> Self {
        Self::Array(ValueType::I32, numbers.into_iter().map(Self::I32).collect())
    }

    pub fn f32s(numbers: impl IntoIterator<Item = F32Bits>) -> Self {
        Self::Array(ValueType::F32, numbers.into_iter().map(Self::F32).collect())
    }

    fn value_type(&self) -> ValueType {
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
            Self::Array(..) => ValueType::Array,
            Self::U64(_) => ValueType::U64,
            Self::I64(_) => ValueType::I64,
            Self::F64(_) => ValueType::F64,
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::U8(value) => out.push(*value),
            Self::I8(value) => out.push(value.cast_unsigned()),
            Self::U16(value) => out.extend_from_slice(&value.to_le_bytes()),
            Self::I16(value) => out.extend_from_slice(&value.to_le_bytes()),
            Self::U32(value) => put_u32(out, *value),
            Self::I32(value) => put_u32(out, value.cast_unsigned()),
            Self::F32(bits) => put_u32(out, bits.0),
            Self::Bool(value) => out.push(u8::from(*value)),
            Self::String(text) => put_string(out, text),
            Self::Array(element, values) => {
                put_u32(out, element.id());
                put_length(out, values.len());
                values.iter().for_each(|value| value.put(out));
            }
            Self::U64(value) => put_u64(out, *value),
            Self::I64(value) => put_u64(out, value.cast_unsigned()),
            Self::F64(bits) => put_u64(out, bits.0),
        }
    }
}

impl From<u32> for WriteValue {
    fn from(value: u32) -> Self {
        Self::U32(value)
    }
}

impl From<bool> for WriteValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<F32Bits> for WriteValue {
    fn from(bits: F32Bits) -> Self {
        Self::F32(bits)
    }
}

impl From<&str> for WriteValue {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    put_u64(out, length as u64);
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    put_length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}
