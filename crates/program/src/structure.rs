//! The data a program is made of. Nothing here is checked: see [`crate::Checked`].
//!
//! Prologue, layer templates and epilogue have one form, a [`Group`]: a template and the layers it is repeated for,
//! each binding the template's tensor and attribute slots. Prologue and epilogue are groups of one layer.

use crate::ops::Op;
use canon::Format;

/// A model's computation: tables, prologue, groups of layers, epilogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Version of `spec/arithmetic.md` that gives the ops their meaning.
    pub arithmetic_version: u16,
    /// The most positions of a sequence.
    pub context_max: u32,
    /// Token ids are below this.
    pub vocabulary: u32,
    /// Where each tensor lies in the upstream files.
    pub tensors: Vec<Tensor>,
    /// Rotation frequencies as 64-bit fractions of a turn per position, one number per pair.
    pub rope_tables: Vec<Vec<u64>>,
    /// From the token to the first residual row: exactly one layer.
    pub prologue: Group,
    /// The layers, in order.
    pub groups: Vec<Group>,
    /// From the last residual row to the next token: exactly one layer.
    pub epilogue: Group,
}

/// A tensor of the upstream files: `rows` rows of `columns` entries; a vector has one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// The upstream name: printable ASCII without spaces, for people only.
    pub name: String,
    /// How its bytes are read.
    pub format: Format,
    /// Outputs of a matmul.
    pub rows: u32,
    /// Inputs of a matmul.
    pub columns: u32,
    /// Where its bytes begin.
    pub location: Location,
}

impl Tensor {
    /// Bytes of one row in the file. Vectors of floats need not be whole blocks.
    #[must_use]
    pub fn row_bytes(&self) -> u64 {
        entries_bytes(self.format, self.columns)
    }

    /// Bytes of the whole tensor in the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.row_bytes() * u64::from(self.rows)
    }
}

/// Bytes of `entries` consecutive entries, whole blocks or super-blocks where the format has such.
pub(crate) fn entries_bytes(format: Format, entries: u32) -> u64 {
    let bytes = |count: usize| u64::try_from(count).expect("a span has few bytes");
    match format.number_bytes() {
        Some(size) => u64::from(entries) * bytes(size),
        None => u64::from(entries) / bytes(format.span()) * bytes(format.span_bytes()),
    }
}

/// A place in the package's upstream files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Index in the manifest's list of files.
    pub file: u16,
    /// First byte.
    pub offset: u64,
}

/// A template and the layers it is repeated for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The ops of every layer.
    pub template: Template,
    /// What differs from layer to layer.
    pub layers: Vec<Layer>,
}

/// Ops in single assignment: op `i` defines `Value(i + 1)`; `Value(0)` is the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// In order of execution.
    pub ops: Vec<Op>,
    /// What the template hands on.
    pub output: Value,
}

/// What a layer binds to its template's slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// By [`TensorSlot`].
    pub tensors: Vec<TensorId>,
    /// By [`AttributeSlot`].
    pub attributes: Vec<u32>,
}

/// A value of a template: 0 is its input, `i + 1` is made by op `i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub u16);

/// A tensor that each layer binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TensorSlot(pub u16);

/// An integer that each layer binds: an attention window or the index of a rope table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeSlot(pub u16);

/// An index in the table of tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TensorId(pub u32);

impl TensorId {
    /// As an index of a table.
    #[must_use]
    pub fn index(self) -> usize {
        index(self.0)
    }
}

impl Value {
    /// As an index of a table of values.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A 32-bit count as an index: every supported machine has at least 32-bit addresses.
pub(crate) fn index(count: u32) -> usize {
    usize::try_from(count).expect("usize has at least 32 bits")
}

/// A length that a named limit keeps below 2^32.
pub(crate) fn count(length: usize) -> u32 {
    u32::try_from(length).expect("a named limit keeps this length below 2^32")
}
