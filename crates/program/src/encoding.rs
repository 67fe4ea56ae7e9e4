//! The canonical bytes of a program (`spec/program.md` section 3): little endian, length-prefixed, one form only.
//!
//! Never allocates for a count before it checked the count against its limit and against the bytes that are left.
//! Only a [`Checked`] program is encoded, so that no length can exceed its field. Failure: [`DecodeError`], which says
//! what was read and where.

use crate::check::{CheckError, Checked};
use crate::limits;
use crate::ops::{self, Op};
use crate::structure::{
    AttributeSlot, Group, Layer, Location, Program, Template, Tensor, TensorId, TensorSlot, Value,
    count,
};
use canon::Format;
use thiserror::Error;

/// The first bytes of every encoded program.
pub const MAGIC: [u8; 4] = *b"PRBP";
/// The version of this encoding.
pub const FORMAT_VERSION: u16 = 1;

/// Why bytes are not a program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    #[error("the program ends inside {what} at byte {at}")]
    Truncated { what: &'static str, at: usize },
    #[error("the bytes do not begin with \"PRBP\": this is no program")]
    Magic,
    #[error("{what} {found} is unknown here; a newer release may read this program")]
    Version { what: &'static str, found: u16 },
    #[error("op number {number} at byte {at} is unknown; a newer release may run this program")]
    UnknownOp { number: u16, at: usize },
    #[error("{what} has no meaning for the number {found}")]
    UnknownNumber { what: &'static str, found: u8 },
    #[error("{found} is beyond the limit of {max} {what}")]
    Limit { what: &'static str, found: usize, max: usize },
    #[error("the name at byte {at} is not printable ASCII without spaces")]
    Name { at: usize },
    #[error("{bytes} bytes follow the end of the program")]
    Trailing { bytes: usize },
    #[error(transparent)]
    Check(#[from] CheckError),
}

impl Checked {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer { bytes: MAGIC.to_vec() };
        out.u16(FORMAT_VERSION);
        let program = self.program();
        out.u16(program.arithmetic_version);
        out.u32(program.context_max);
        out.u32(program.vocabulary);
        out.length(program.tensors.len());
        program.tensors.iter().for_each(|tensor| write_tensor(&mut out, tensor));
        out.length(program.rope_tables.len());
        for table in &program.rope_tables {
            out.length(table.len());
            table.iter().for_each(|frequency| out.u64(*frequency));
        }
        write_group(&mut out, &program.prologue);
        out.length(program.groups.len());
        program.groups.iter().for_each(|group| write_group(&mut out, group));
        write_group(&mut out, &program.epilogue);
        out.bytes
    }

    /// BLAKE3 of the canonical bytes.
    #[must_use]
    pub fn digest(&self) -> blake3::Hash {
        blake3::hash(&self.encode())
    }

    /// Reads and checks canonical bytes.
    ///
    /// # Errors
    /// [`DecodeError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let program = decode(bytes)?;
        Ok(Self::new(program)?)
    }
}

/// Reads a program without checking what it says.
fn decode(bytes: &[u8]) -> Result<Program, DecodeError> {
    if bytes.len() > limits::ENCODED_BYTES_MAX {
        let max = limits::ENCODED_BYTES_MAX;
        return Err(DecodeError::Limit { what: "bytes", found: bytes.len(), max });
    }
    let mut input = Reader { bytes, at: 0 };
    if input.take("the magic", 4).ok() != Some(&MAGIC[..]) {
        return Err(DecodeError::Magic);
    }
    let version = input.u16("the format version")?;
    if version != FORMAT_VERSION {
        return Err(DecodeError::Version { what: "program format version", found: version });
    }
    let program = Program {
        arithmetic_version: input.u16("the arithmetic version")?,
        context_max: input.u32("the greatest context")?,
        vocabulary: input.u32("the vocabulary")?,
        tensors: input.list("tensors", limits::TENSORS_MAX, 21, read_tensor)?,
        rope_tables: input.list("rope tables", limits::ROPE_TABLES_MAX, 4, |input| {
            let pairs = crate::structure::index(limits::HEAD_WIDTH_MAX) / 2;
            input.list("rope pairs", pairs, 8, |input| input.u64("a frequency"))
        })?,
        prologue: read_group(&mut input)?,
        groups: input.list("groups", limits::GROUPS_MAX, 14, read_group)?,
        epilogue: read_group(&mut input)?,
    };
    match bytes.len() - input.at {
        0 => Ok(program),
        bytes => Err(DecodeError::Trailing { bytes }),
    }
}

fn write_tensor(out: &mut Writer, tensor: &Tensor) {
    let length = u8::try_from(tensor.name.len()).expect("a checked name has at most 128 bytes");
    out.u8(length);
    out.bytes.extend_from_slice(tensor.name.as_bytes());
    out.u8(tensor.format.number());
    out.u32(tensor.rows);
    out.u32(tensor.columns);
    out.u16(tensor.location.file);
    out.u64(tensor.location.offset);
}

fn read_tensor(input: &mut Reader<'_>) -> Result<Tensor, DecodeError> {
    let length = usize::from(input.u8("a name's length")?);
    if length > limits::NAME_BYTES_MAX {
        let max = limits::NAME_BYTES_MAX;
        return Err(DecodeError::Limit { what: "bytes of a tensor's name", found: length, max });
    }
    let at = input.at;
    let name = input.take("a tensor's name", length)?;
    if !name.iter().all(u8::is_ascii_graphic) {
        return Err(DecodeError::Name { at });
    }
    let name = name.iter().map(|byte| char::from(*byte)).collect();
    let number = input.u8("a tensor's format")?;
    let format = Format::from_number(number)
        .ok_or(DecodeError::UnknownNumber { what: "a tensor's format", found: number })?;
    Ok(Tensor {
        name,
        format,
        rows: input.u32("a tensor's rows")?,
        columns: input.u32("a tensor's columns")?,
        location: Location {
            file: input.u16("a tensor's file")?,
            offset: input.u64("a tensor's offset")?,
        },
    })
}

fn write_group(out: &mut Writer, group: &Group) {
    out.length(group.template.ops.len());
    group.template.ops.iter().for_each(|op| ops::write(op, out));
    out.value(group.template.output);
    let first = &group.layers[0];
    out.u16(u16::try_from(first.tensors.len()).expect("a checked layer has few tensors"));
    out.u16(u16::try_from(first.attributes.len()).expect("a checked layer has few attributes"));
    out.length(group.layers.len());
    for layer in &group.layers {
        layer.tensors.iter().for_each(|tensor| out.u32(tensor.0));
        layer.attributes.iter().for_each(|attribute| out.u32(*attribute));
    }
}

fn read_group(input: &mut Reader<'_>) -> Result<Group, DecodeError> {
    let ops = input.list("ops of a template", limits::OPS_MAX, 4, read_op)?;
    let output = input.value()?;
    let tensors = usize::from(input.u16("the tensor slots")?);
    let attributes = usize::from(input.u16("the attribute slots")?);
    for (what, found, max) in [
        ("tensor slots", tensors, limits::TENSOR_SLOTS_MAX),
        ("attribute slots", attributes, limits::ATTRIBUTE_SLOTS_MAX),
    ] {
        if found > max {
            return Err(DecodeError::Limit { what, found, max });
        }
    }
    let layer_bytes = 4 * (tensors + attributes);
    let layers = input.list("layers", limits::LAYERS_MAX, layer_bytes, |input| {
        let mut layer = Layer {
            tensors: Vec::with_capacity(tensors),
            attributes: Vec::with_capacity(attributes),
        };
        for _ in 0..tensors {
            layer.tensors.push(TensorId(input.u32("a layer's tensor")?));
        }
        for _ in 0..attributes {
            layer.attributes.push(input.u32("a layer's attribute")?);
        }
        Ok(layer)
    })?;
    Ok(Group { template: Template { ops, output }, layers })
}

fn read_op(input: &mut Reader<'_>) -> Result<Op, DecodeError> {
    let at = input.at;
    let number = input.u16("an op's number")?;
    ops::read(number, input)?.ok_or(DecodeError::UnknownOp { number, at })
}

/// Bytes being written.
#[derive(Debug)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn i32(&mut self, value: i32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn value(&mut self, value: Value) {
        self.u16(value.0);
    }

    pub(crate) fn tensor(&mut self, slot: TensorSlot) {
        self.u16(slot.0);
    }

    pub(crate) fn attribute(&mut self, slot: AttributeSlot) {
        self.u16(slot.0);
    }

    fn length(&mut self, length: usize) {
        self.u32(count(length));
    }
}

/// Bytes being read.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, what: &'static str, length: usize) -> Result<&'a [u8], DecodeError> {
        let rest = &self.bytes[self.at..];
        if rest.len() < length {
            return Err(DecodeError::Truncated { what, at: self.at });
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(what, N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        Ok(self.array::<1>(what)?[0])
    }

    pub(crate) fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    pub(crate) fn i32(&mut self, what: &'static str) -> Result<i32, DecodeError> {
        Ok(i32::from_le_bytes(self.array(what)?))
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    pub(crate) fn value(&mut self) -> Result<Value, DecodeError> {
        Ok(Value(self.u16("a value")?))
    }

    pub(crate) fn tensor(&mut self) -> Result<TensorSlot, DecodeError> {
        Ok(TensorSlot(self.u16("a tensor slot")?))
    }

    pub(crate) fn attribute(&mut self) -> Result<AttributeSlot, DecodeError> {
        Ok(AttributeSlot(self.u16("an attribute slot")?))
    }

    /// A count and that many items of at least `item_bytes` bytes each.
    fn list<T>(
        &mut self,
        what: &'static str,
        max: usize,
        item_bytes: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let found = usize::try_from(self.u32(what)?).unwrap_or(usize::MAX);
        if found > max {
            return Err(DecodeError::Limit { what, found, max });
        }
        if found * item_bytes > self.bytes.len() - self.at {
            return Err(DecodeError::Truncated { what, at: self.at });
        }
        let mut items = Vec::with_capacity(found);
        for _ in 0..found {
            items.push(item(self)?);
        }
        Ok(items)
    }
}
