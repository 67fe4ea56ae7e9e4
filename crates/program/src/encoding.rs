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
};
use canon::Format;
use commit::{Reader, WireError, Writer};
use thiserror::Error;

/// The first bytes of every encoded program.
pub const MAGIC: [u8; 4] = *b"PRBP";
/// The version of this encoding.
pub const FORMAT_VERSION: u16 = 1;

/// Why bytes are not a program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    #[error("the bytes do not begin with \"PRBP\": this is no program")]
    Magic,
    #[error("op number {number} at byte {at} is unknown; a newer release may run this program")]
    UnknownOp { number: u16, at: usize },
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error(transparent)]
    Check(#[from] CheckError),
}

impl Checked {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.bytes(&MAGIC);
        out.u16(FORMAT_VERSION);
        let program = self.program();
        out.u16(program.arithmetic_version);
        out.u32(program.context_max);
        out.u32(program.vocabulary);
        out.length_u32(program.tensors.len());
        program.tensors.iter().for_each(|tensor| write_tensor(&mut out, tensor));
        out.length_u32(program.rope_tables.len());
        for table in &program.rope_tables {
            out.length_u32(table.len());
            table.iter().for_each(|frequency| out.u64(*frequency));
        }
        write_group(&mut out, &program.prologue);
        out.length_u32(program.groups.len());
        program.groups.iter().for_each(|group| write_group(&mut out, group));
        write_group(&mut out, &program.epilogue);
        out.finish()
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

    /// The same, of a program of few ops: what checking costs grows with those of all layers, and a few bytes can say
    /// a great many.
    ///
    /// # Errors
    /// [`DecodeError`] for any other bytes; nothing is checked of a program of more ops than `ops_max`.
    pub fn decode_within(bytes: &[u8], ops_max: usize) -> Result<Self, DecodeError> {
        let program = decode(bytes)?;
        let found = program.layers().map(|(_, group, _)| group.template.ops.len()).sum();
        if found > ops_max {
            return Err(WireError::Limit { what: "ops of all layers", found, max: ops_max }.into());
        }
        Ok(Self::new(program)?)
    }
}

/// Reads a program without checking what it says.
fn decode(bytes: &[u8]) -> Result<Program, DecodeError> {
    if bytes.len() > limits::ENCODED_BYTES_MAX {
        let max = limits::ENCODED_BYTES_MAX;
        return Err(WireError::Limit { what: "bytes", found: bytes.len(), max }.into());
    }
    let mut input = Reader::new(bytes);
    if input.take("the magic", 4).ok() != Some(&MAGIC[..]) {
        return Err(DecodeError::Magic);
    }
    input.version("program format", FORMAT_VERSION)?;
    let program = Program {
        arithmetic_version: input.u16("the arithmetic version")?,
        context_max: input.u32("the greatest context")?,
        vocabulary: input.u32("the vocabulary")?,
        tensors: list(&mut input, "tensors", limits::TENSORS_MAX, 21, read_tensor)?,
        rope_tables: list(&mut input, "rope tables", limits::ROPE_TABLES_MAX, 4, |input| {
            let pairs = crate::structure::index(limits::HEAD_WIDTH_MAX) / 2;
            list(input, "rope pairs", pairs, 8, |input| Ok(input.u64("a frequency")?))
        })?,
        prologue: read_group(&mut input)?,
        groups: list(&mut input, "groups", limits::GROUPS_MAX, 14, read_group)?,
        epilogue: read_group(&mut input)?,
    };
    input.end("the program")?;
    Ok(program)
}

fn write_tensor(out: &mut Writer, tensor: &Tensor) {
    out.length_u8(tensor.name.len());
    out.bytes(tensor.name.as_bytes());
    out.u8(tensor.format.number());
    out.u32(tensor.rows);
    out.u32(tensor.columns);
    out.u16(tensor.location.file);
    out.u64(tensor.location.offset);
}

fn read_tensor(input: &mut Reader<'_>) -> Result<Tensor, DecodeError> {
    let what = "bytes of a tensor's name";
    let name = input.bytes_u8(what, limits::NAME_BYTES_MAX)?;
    if !name.iter().all(u8::is_ascii_graphic) {
        let reason = "they are not printable ASCII without spaces";
        return Err(WireError::Value { what, reason }.into());
    }
    let name = name.iter().map(|byte| char::from(*byte)).collect();
    let what = "a tensor's format";
    let number = input.u8(what)?;
    let format =
        Format::from_number(number).ok_or(WireError::Unknown { what, found: number.into() })?;
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
    out.length_u32(group.template.ops.len());
    group.template.ops.iter().for_each(|op| ops::write(op, out));
    out.u16(group.template.output.0);
    let first = &group.layers[0];
    out.length_u16(first.tensors.len());
    out.length_u16(first.attributes.len());
    out.length_u32(group.layers.len());
    for layer in &group.layers {
        layer.tensors.iter().for_each(|tensor| out.u32(tensor.0));
        layer.attributes.iter().for_each(|attribute| out.u32(*attribute));
    }
}

fn read_group(input: &mut Reader<'_>) -> Result<Group, DecodeError> {
    let ops = list(input, "ops of a template", limits::OPS_MAX, 4, read_op)?;
    let output = Value::read(input)?;
    let tensors = usize::from(input.u16("the tensor slots")?);
    let attributes = usize::from(input.u16("the attribute slots")?);
    for (what, found, max) in [
        ("tensor slots", tensors, limits::TENSOR_SLOTS_MAX),
        ("attribute slots", attributes, limits::ATTRIBUTE_SLOTS_MAX),
    ] {
        if found > max {
            return Err(WireError::Limit { what, found, max }.into());
        }
    }
    let layer_bytes = 4 * (tensors + attributes);
    let layers = list(input, "layers", limits::LAYERS_MAX, layer_bytes, |input| {
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
    let at = input.at();
    let number = input.u16("an op's number")?;
    ops::read(number, input)?.ok_or(DecodeError::UnknownOp { number, at })
}

impl Value {
    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.u16("a value").map(Self)
    }
}

impl TensorSlot {
    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.u16("a tensor slot").map(Self)
    }
}

impl AttributeSlot {
    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.u16("an attribute slot").map(Self)
    }
}

/// A count and that many items of at least `item_bytes` bytes each.
fn list<T>(
    input: &mut Reader<'_>,
    what: &'static str,
    max: usize,
    item_bytes: usize,
    mut item: impl FnMut(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = input.count_u32(what, max, item_bytes)?;
    (0..count).map(|_| item(input)).collect()
}
