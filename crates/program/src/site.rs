//! Where an op stands: in its template (a [`Scope`], while types are being inferred) and in the whole unrolled program
//! (a [`Site`], once the program is checked).
//!
//! Never changes anything. Methods of a scope refuse with a [`Reason`]; those of a site can't fail, for its program is
//! checked.

use crate::check::{Checked, Reason};
use crate::limits;
use crate::ops::Op;
use crate::structure::{
    AttributeSlot, Group, Layer, Program, Tensor, TensorId, TensorSlot, Value, count, index,
};
use crate::tile::Operand;
use crate::types::{Fixed, InputKind, KvRows, Routing, Type};
use core::fmt;

/// One of the blocks a program is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// From the token to the first residual row.
    Prologue,
    /// A layer of a group, both counted from 0.
    Layer { group: usize, layer: usize },
    /// From the last residual row to the next token.
    Epilogue,
}

impl Place {
    pub(crate) fn with_layer(self, layer: usize) -> Self {
        match self {
            Self::Layer { group, .. } => Self::Layer { group, layer },
            Self::Prologue | Self::Epilogue => self,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prologue => f.write_str("prologue"),
            Self::Layer { group, layer } => write!(f, "group {group} layer {layer}"),
            Self::Epilogue => f.write_str("epilogue"),
        }
    }
}

impl Program {
    /// Prologue, every layer of every group, epilogue: in order of execution.
    pub fn layers(&self) -> impl Iterator<Item = (Place, &Group, &Layer)> {
        let layers = self.groups.iter().enumerate().flat_map(|(g, group)| {
            let layers = group.layers.iter().enumerate();
            layers.map(move |(l, layer)| (Place::Layer { group: g, layer: l }, group, layer))
        });
        let prologue = self.prologue.layers.iter().take(1);
        let epilogue = self.epilogue.layers.iter().take(1);
        let prologue = prologue.map(|layer| (Place::Prologue, &self.prologue, layer));
        let epilogue = epilogue.map(|layer| (Place::Epilogue, &self.epilogue, layer));
        prologue.chain(layers).chain(epilogue)
    }
}

/// An op's number in the unrolled program: prologue, every layer in order, epilogue. Faults are named by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpIndex(pub u32);

/// What an op sees while its type is inferred: the values made before it and its layer's bindings.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub(crate) program: &'a Program,
    pub(crate) place: Place,
    pub(crate) types: &'a [Type],
    pub(crate) layer: &'a Layer,
}

impl<'a> Scope<'a> {
    fn value(&self, value: Value, wanted: &'static str) -> Result<Type, Reason> {
        let found = self.types.get(value.index()).ok_or(Reason::Later { found: value.0 })?;
        let fits = match found {
            Type::Token => wanted == "a token",
            Type::Fixed(_) => wanted == "a fixed row",
            Type::Quantised { .. } => wanted == "a quantised row",
            Type::Kv(_) => wanted == "the key and value rows",
            Type::Logits(_) => wanted == "a row of logits",
            Type::Routing(_) => wanted == "a routing",
        };
        if fits { Ok(*found) } else { Err(Reason::Type { value: value.0, found: *found, wanted }) }
    }

    pub(crate) fn token(&self, value: Value) -> Result<(), Reason> {
        self.value(value, "a token").map(|_| ())
    }

    pub(crate) fn fixed(&self, value: Value) -> Result<Fixed, Reason> {
        match self.value(value, "a fixed row")? {
            Type::Fixed(row) => Ok(row),
            Type::Token
            | Type::Quantised { .. }
            | Type::Kv(_)
            | Type::Logits(_)
            | Type::Routing(_) => {
                unreachable!("`value` gives the wanted type")
            }
        }
    }

    pub(crate) fn logits(&self, value: Value) -> Result<Fixed, Reason> {
        match self.value(value, "a row of logits")? {
            Type::Logits(row) => Ok(row),
            Type::Token
            | Type::Quantised { .. }
            | Type::Kv(_)
            | Type::Fixed(_)
            | Type::Routing(_) => {
                unreachable!("`value` gives the wanted type")
            }
        }
    }

    /// The entries of a fixed row or of logits, for an op that keeps the type.
    pub(crate) fn entries(&self, value: Value) -> Result<Fixed, Reason> {
        let found = *self.types.get(value.index()).ok_or(Reason::Later { found: value.0 })?;
        match found {
            Type::Fixed(row) | Type::Logits(row) => Ok(row),
            Type::Token | Type::Quantised { .. } | Type::Kv(_) | Type::Routing(_) => {
                let wanted = "a fixed row or a row of logits";
                Err(Reason::Type { value: value.0, found, wanted })
            }
        }
    }

    pub(crate) fn quantised(&self, value: Value) -> Result<(u32, InputKind), Reason> {
        match self.value(value, "a quantised row")? {
            Type::Quantised { width, kind } => Ok((width, kind)),
            Type::Token | Type::Fixed(_) | Type::Kv(_) | Type::Logits(_) | Type::Routing(_) => {
                unreachable!("`value` gives the wanted type")
            }
        }
    }

    pub(crate) fn kv(&self, value: Value) -> Result<KvRows, Reason> {
        match self.value(value, "the key and value rows")? {
            Type::Kv(rows) => Ok(rows),
            Type::Token
            | Type::Fixed(_)
            | Type::Quantised { .. }
            | Type::Logits(_)
            | Type::Routing(_) => {
                unreachable!("`value` gives the wanted type")
            }
        }
    }

    /// A routing and the experts' slot of it.
    pub(crate) fn routed(&self, value: Value, slot: u8) -> Result<Routing, Reason> {
        match self.value(value, "a routing")? {
            Type::Routing(routing) if u32::from(slot) < routing.slots => Ok(routing),
            Type::Routing(_) => {
                let (what, wanted) = ("the slot", "one of the routing");
                Err(Reason::Number { what, found: u64::from(slot), wanted })
            }
            Type::Token
            | Type::Fixed(_)
            | Type::Quantised { .. }
            | Type::Kv(_)
            | Type::Logits(_) => {
                unreachable!("`value` gives the wanted type")
            }
        }
    }

    pub(crate) fn tensor_id(&self, slot: TensorSlot) -> Result<TensorId, Reason> {
        let unbound = Reason::Unbound { what: "tensor slot", slot: slot.0 };
        self.layer.tensors.get(usize::from(slot.0)).copied().ok_or(unbound)
    }

    fn tensor(&self, slot: TensorSlot) -> Result<&'a Tensor, Reason> {
        let id = self.tensor_id(slot)?;
        let missing = Reason::NoSuch { what: "tensor", index: id.0 };
        self.program.tensors.get(id.index()).ok_or(missing)
    }

    /// A matrix of rows of `columns` weights.
    pub(crate) fn matrix(&self, slot: TensorSlot, columns: u32) -> Result<&'a Tensor, Reason> {
        let tensor = self.tensor(slot)?;
        same("the weight's columns", tensor.columns, "the input's width", columns)?;
        blocks("the weight's columns", tensor.columns)?;
        not_of_gains(tensor, "the weight's format")?;
        Ok(tensor)
    }

    /// The table of the embedding: one row per token id.
    pub(crate) fn table(&self, slot: TensorSlot) -> Result<&'a Tensor, Reason> {
        let tensor = self.tensor(slot)?;
        blocks("the table's columns", tensor.columns)?;
        same("the table's rows", tensor.rows, "the vocabulary", self.program.vocabulary)?;
        not_of_gains(tensor, "the table's format")?;
        Ok(tensor)
    }

    /// What a norm multiplies by, of `width` entries.
    pub(crate) fn gain(&self, slot: TensorSlot, width: u32) -> Result<&'a Tensor, Reason> {
        self.vector(slot, width)
    }

    /// What is added to a product of `width` entries.
    pub(crate) fn bias(&self, slot: TensorSlot, width: u32) -> Result<&'a Tensor, Reason> {
        let tensor = self.vector(slot, width)?;
        not_of_gains(tensor, "the bias's format")?;
        Ok(tensor)
    }

    fn vector(&self, slot: TensorSlot, width: u32) -> Result<&'a Tensor, Reason> {
        let tensor = self.tensor(slot)?;
        same("the vector's rows", tensor.rows, "the rows of a vector", 1)?;
        same("the vector's length", tensor.columns, "the width", width)?;
        if tensor.format.number_bytes().is_some() {
            return Ok(tensor);
        }
        let found = u64::from(tensor.format.number());
        Err(Reason::Number { what: "the vector's format", found, wanted: "F32, F16 or BF16" })
    }

    pub(crate) fn attribute(&self, slot: AttributeSlot) -> Result<u32, Reason> {
        let unbound = Reason::Unbound { what: "attribute slot", slot: slot.0 };
        self.layer.attributes.get(usize::from(slot.0)).copied().ok_or(unbound)
    }

    pub(crate) fn rope_table(&self, slot: AttributeSlot) -> Result<&'a [u64], Reason> {
        let table = self.attribute(slot)?;
        let missing = Reason::NoSuch { what: "rope table", index: table };
        self.program.rope_tables.get(index(table)).map(Vec::as_slice).ok_or(missing)
    }
}

/// Fails for a format that gains alone may have.
fn not_of_gains(tensor: &Tensor, what: &'static str) -> Result<(), Reason> {
    if !tensor.format.gains_only() {
        return Ok(());
    }
    let found = u64::from(tensor.format.number());
    Err(Reason::Number { what, found, wanted: "one that not only gains have" })
}

/// Refuses two numbers that should be the same.
pub(crate) fn same(
    what: &'static str,
    found: u32,
    other: &'static str,
    wanted: u32,
) -> Result<(), Reason> {
    if found == wanted {
        return Ok(());
    }
    Err(Reason::Mismatch { what, found: u64::from(found), other, wanted: u64::from(wanted) })
}

/// Refuses a width that is not whole blocks of 32.
pub(crate) fn blocks(what: &'static str, found: u32) -> Result<(), Reason> {
    let wanted = "a multiple of 32 up to 2^17";
    if found == 0 || !found.is_multiple_of(32) || found > limits::WIDTH_MAX {
        return Err(Reason::Number { what, found: u64::from(found), wanted });
    }
    Ok(())
}

/// How many heads of `head_width` a row has.
pub(crate) fn heads(row: Fixed, head_width: u32) -> Result<u32, Reason> {
    let found = u64::from(head_width);
    if head_width == 0 || head_width > limits::HEAD_WIDTH_MAX || !head_width.is_multiple_of(32) {
        let wanted = "a multiple of 32 up to 256";
        return Err(Reason::Number { what: "the head width", found, wanted });
    }
    let heads = row.width / head_width;
    if heads * head_width != row.width || !(1..=limits::HEADS_MAX).contains(&heads) {
        let (what, wanted) = ("the row's width", "1 to 1024 whole heads");
        return Err(Reason::Number { what, found: u64::from(row.width), wanted });
    }
    Ok(heads)
}

/// Refuses what caps nothing, or more than a fixed row holds.
pub(crate) fn cap(found: u32) -> Result<(), Reason> {
    if !(1..=limits::CAP_MAX).contains(&found) {
        let (what, wanted) = ("the cap", "1..2^30");
        return Err(Reason::Number { what, found: u64::from(found), wanted });
    }
    Ok(())
}

/// The width of a gate and the row it gates.
pub(crate) fn gate(gate: Fixed, up: Fixed) -> Result<u32, Reason> {
    same("the gate's width", gate.width, "the other row's", up.width)?;
    if !(2..=12).contains(&gate.frac) {
        let (what, wanted) = ("the gate's number of fractional bits", "2..=12");
        return Err(Reason::Number { what, found: u64::from(gate.frac), wanted });
    }
    Ok(gate.width)
}

/// Refuses what is no constant to multiply by.
pub(crate) fn scale(mantissa: u16, exponent: i32) -> Result<(), Reason> {
    if !(1 << 14..1 << 15).contains(&mantissa) {
        let (what, wanted) = ("the scale's mantissa", "2^14..2^15");
        return Err(Reason::Number { what, found: u64::from(mantissa), wanted });
    }
    if !(-limits::SCALE_EXPONENT_MAX..=limits::SCALE_EXPONENT_MAX).contains(&exponent) {
        let found = u64::from(exponent.unsigned_abs());
        let (what, wanted) = ("the magnitude of the scale's exponent", "at most 256");
        return Err(Reason::Number { what, found, wanted });
    }
    Ok(())
}

/// Refuses more fractional bits than a fixed row has.
pub(crate) fn frac(found: u8) -> Result<u8, Reason> {
    if found <= limits::FRAC_MAX {
        return Ok(found);
    }
    let found = u64::from(found);
    Err(Reason::Number { what: "the number of fractional bits", found, wanted: "0..=24" })
}

/// An op of the unrolled, checked program.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The program.
    pub checked: &'a Checked,
    /// Its number in the unrolled program.
    pub index: OpIndex,
    /// The block it stands in.
    pub place: Place,
    /// Its number in the template.
    pub op_number: usize,
    /// The op.
    pub op: &'a Op,
    /// Number of the first op of its block.
    block_start: u32,
    layer: &'a Layer,
}

/// Where the operand of an op comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The committed token at this position.
    Token,
    /// The output of an op at this position. `boundary`: it is the block's input, committed at the layer's boundary.
    Op { op: OpIndex, boundary: bool },
}

impl Checked {
    /// Every op in order of execution.
    pub fn sites(&self) -> impl Iterator<Item = Site<'_>> {
        let mut next = 0;
        self.program().layers().flat_map(move |(place, group, layer)| {
            let block_start = next;
            next += count(group.template.ops.len());
            group.template.ops.iter().enumerate().map(move |(op_number, op)| Site {
                checked: self,
                index: OpIndex(block_start + count(op_number)),
                place,
                op_number,
                op,
                block_start,
                layer,
            })
        })
    }

    /// The op of a number.
    #[must_use]
    pub fn site(&self, index: OpIndex) -> Option<Site<'_>> {
        self.sites().find(|site| site.index == index)
    }
}

/// Why the methods of a site can't fail.
const CHECKED: &str = "the program is checked";

impl<'a> Site<'a> {
    pub(crate) fn scope(&self) -> Scope<'a> {
        Scope {
            program: self.checked.program(),
            place: self.place,
            types: self.checked.types(self.place),
            layer: self.layer,
        }
    }

    /// The type of what it makes.
    #[must_use]
    pub fn output(&self) -> Type {
        self.checked.types(self.place)[self.op_number + 1]
    }

    /// Where a value of its block comes from.
    #[must_use]
    pub fn source(&self, value: Value) -> Source {
        match (value.0, self.place) {
            (0, Place::Prologue) => Source::Token,
            (0, Place::Layer { .. } | Place::Epilogue) => {
                Source::Op { op: self.input_op(), boundary: true }
            }
            (made, _) => {
                let op = OpIndex(self.block_start + u32::from(made) - 1);
                Source::Op { op, boundary: false }
            }
        }
    }

    /// The op that made this block's input.
    fn input_op(&self) -> OpIndex {
        let program = self.checked.program();
        let before = match self.place {
            Place::Layer { group, layer } if layer > 0 => &program.groups[group],
            Place::Layer { group, .. } if group > 0 => &program.groups[group - 1],
            Place::Layer { .. } | Place::Prologue => &program.prologue,
            Place::Epilogue => program.groups.last().expect(CHECKED),
        };
        let ops = count(before.template.ops.len());
        OpIndex(self.block_start - ops + u32::from(before.template.output.0) - 1)
    }

    /// The fixed row of a value.
    #[must_use]
    pub fn fixed(&self, value: Value) -> Fixed {
        self.scope().fixed(value).expect(CHECKED)
    }

    /// The quantised row of a value.
    #[must_use]
    pub fn quantised(&self, value: Value) -> (u32, InputKind) {
        self.scope().quantised(value).expect(CHECKED)
    }

    /// The key and value rows of a value.
    #[must_use]
    pub fn kv(&self, value: Value) -> KvRows {
        self.scope().kv(value).expect(CHECKED)
    }

    /// The logits of a value.
    #[must_use]
    pub fn logits(&self, value: Value) -> Fixed {
        self.scope().logits(value).expect(CHECKED)
    }

    /// A routing that a checked op reads.
    #[must_use]
    pub fn routing(&self, value: Value) -> Routing {
        self.scope().routed(value, 0).expect("a checked op reads the type it wants")
    }

    /// A whole routing.
    pub(crate) fn routing_operand(&self, value: Value) -> Operand {
        let entries = 0..self.routing(value).entries();
        Operand::Entries { from: self.source(value), entries }
    }

    /// The entries of a value that is a fixed row or logits.
    #[must_use]
    pub fn entries(&self, value: Value) -> Fixed {
        self.scope().entries(value).expect(CHECKED)
    }

    /// The tensor bound to a slot.
    #[must_use]
    pub fn tensor(&self, slot: TensorSlot) -> (TensorId, &'a Tensor) {
        let id = self.scope().tensor_id(slot).expect(CHECKED);
        (id, &self.checked.program().tensors[id.index()])
    }

    /// The integer bound to a slot.
    #[must_use]
    pub fn attribute(&self, slot: AttributeSlot) -> u32 {
        self.scope().attribute(slot).expect(CHECKED)
    }

    /// The rope table bound to a slot.
    #[must_use]
    pub fn rope_table(&self, slot: AttributeSlot) -> &'a [u64] {
        self.scope().rope_table(slot).expect(CHECKED)
    }

    /// First position that a query at `position` reads through `window` (0: none).
    #[must_use]
    pub fn first_position(position: u32, window: u32) -> u32 {
        if window == 0 { 0 } else { position.saturating_add(1).saturating_sub(window) }
    }
}
