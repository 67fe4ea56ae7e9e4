//! Which programs mean something: shapes, types, bindings, limits and cost.
//!
//! Never repairs: a program is accepted as it is or refused, and the refusal names the op and the reason. A
//! [`Checked`] program is the only thing the rest of this crate and the engine work with, so they need no second look.

use crate::cost::{Cost, CostError};
use crate::limits;
use crate::ops::Op;
use crate::site::{Place, Scope};
use crate::structure::{Group, Layer, Program, Tensor, TensorId, Value};
use crate::types::{Role, Type};
use thiserror::Error;

/// The version of `spec/arithmetic.md` this crate knows.
pub const ARITHMETIC_VERSION: u16 = 1;

/// A program whose every shape, type and limit holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    program: Program,
    /// Types of the values of prologue, groups and epilogue, in this order.
    types: Vec<Vec<Type>>,
    roles: Vec<Role>,
    cost: Cost,
}

/// Why a program is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckError {
    #[error("arithmetic version {found} is unknown here; a newer release may run this program")]
    Arithmetic { found: u16 },
    #[error("the program has {found} {what}; it must be {min}..={max}")]
    Limit { what: &'static str, found: u64, min: u64, max: u64 },
    #[error("tensor {tensor} ({name:?}): {reason}")]
    Tensor { tensor: usize, name: String, reason: &'static str },
    #[error("{place}: op {op} ({name}): {reason}")]
    Op { place: Place, op: usize, name: &'static str, reason: Reason },
    #[error("{place}: {reason}")]
    Place { place: Place, reason: Reason },
    #[error("rope table {table}: {reason}")]
    RopeTable { table: usize, reason: &'static str },
    #[error(transparent)]
    Cost(#[from] CostError),
}

/// What is wrong with an op or a template.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Reason {
    #[error("it reads value {found}, which is not made before it")]
    Later { found: u16 },
    #[error("value {value} is {found}; {wanted} is needed")]
    Type { value: u16, found: Type, wanted: &'static str },
    #[error("{what} is {found}; {wanted} is needed")]
    Number { what: &'static str, found: u64, wanted: &'static str },
    #[error("{what} is {found}, but {other} is {wanted}")]
    Mismatch { what: &'static str, found: u64, other: &'static str, wanted: u64 },
    #[error("it belongs in {wanted}")]
    Elsewhere { wanted: &'static str },
    #[error("{what} {slot} is not bound")]
    Unbound { what: &'static str, slot: u16 },
    #[error("{what} {index} is not in the program's table")]
    NoSuch { what: &'static str, index: u32 },
    #[error("tensor {tensor} is read in two roles")]
    TwoRoles { tensor: u32 },
    #[error("{what} {index} is never used")]
    Unused { what: &'static str, index: usize },
    #[error("its layers bind different numbers of slots")]
    Ragged,
    #[error("its layers do not give every value the same type")]
    Varies,
    #[error("it hands on {found}; {wanted} is needed")]
    Output { found: String, wanted: &'static str },
    #[error("it has more than one {what}")]
    Second { what: &'static str },
}

impl Checked {
    /// Checks a program.
    ///
    /// # Errors
    /// [`CheckError`] names the first thing found wrong.
    pub fn new(program: Program) -> Result<Self, CheckError> {
        check_limits(&program)?;
        for (index, tensor) in program.tensors.iter().enumerate() {
            check_tensor(index, tensor)?;
        }
        check_rope_tables(&program)?;
        let types = check_groups(&program)?;
        let roles = check_use(&program)?;
        let mut checked = Self { program, types, roles, cost: Cost::default() };
        checked.cost = Cost::of(&checked)?;
        let encoded = checked.encode().len();
        limit("encoded bytes", encoded, 1, limits::ENCODED_BYTES_MAX)?;
        Ok(checked)
    }

    /// The program itself.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// What a position costs at most.
    #[must_use]
    pub fn cost(&self) -> &Cost {
        &self.cost
    }

    /// The types of a place's values, in order.
    #[must_use]
    pub fn types(&self, place: Place) -> &[Type] {
        let index = match place {
            Place::Prologue => 0,
            Place::Layer { group, .. } => 1 + group,
            Place::Epilogue => self.types.len() - 1,
        };
        &self.types[index]
    }

    /// The role of every tensor of the table.
    #[must_use]
    pub fn role(&self, tensor: TensorId) -> Role {
        self.roles[tensor.index()]
    }

    /// The residual row, as every layer takes it and hands it on.
    #[must_use]
    pub fn residual(&self) -> Type {
        self.types(Place::Epilogue)[0]
    }
}

fn limit(what: &'static str, found: usize, min: usize, max: usize) -> Result<(), CheckError> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    let wide = |x: usize| u64::try_from(x).unwrap_or(u64::MAX);
    Err(CheckError::Limit { what, found: wide(found), min: wide(min), max: wide(max) })
}

fn check_limits(program: &Program) -> Result<(), CheckError> {
    if program.arithmetic_version != ARITHMETIC_VERSION {
        return Err(CheckError::Arithmetic { found: program.arithmetic_version });
    }
    let index = crate::structure::index;
    limit("positions", index(program.context_max), 1, index(limits::CONTEXT_MAX))?;
    limit("token ids", index(program.vocabulary), 1, index(limits::VOCABULARY_MAX))?;
    limit("tensors", program.tensors.len(), 1, limits::TENSORS_MAX)?;
    limit("rope tables", program.rope_tables.len(), 0, limits::ROPE_TABLES_MAX)?;
    limit("groups", program.groups.len(), 1, limits::GROUPS_MAX)?;
    limit("prologue layers", program.prologue.layers.len(), 1, 1)?;
    limit("epilogue layers", program.epilogue.layers.len(), 1, 1)?;
    for group in &program.groups {
        limit("layers of a group", group.layers.len(), 1, limits::LAYERS_MAX)?;
    }
    let layers = program.groups.iter().map(|group| group.layers.len()).sum();
    limit("layers in all groups", layers, 1, limits::LAYERS_MAX)?;
    let ends = [&program.prologue, &program.epilogue];
    for group in ends.into_iter().chain(&program.groups) {
        limit("ops of a template", group.template.ops.len(), 1, limits::OPS_MAX)?;
        for layer in &group.layers {
            limit("tensor slots", layer.tensors.len(), 0, limits::TENSOR_SLOTS_MAX)?;
            limit("attribute slots", layer.attributes.len(), 0, limits::ATTRIBUTE_SLOTS_MAX)?;
        }
    }
    Ok(())
}

fn check_tensor(index: usize, tensor: &Tensor) -> Result<(), CheckError> {
    let refuse =
        |reason| Err(CheckError::Tensor { tensor: index, name: tensor.name.clone(), reason });
    if tensor.name.is_empty() || tensor.name.len() > limits::NAME_BYTES_MAX {
        return refuse("its name must have 1 to 128 bytes");
    }
    if !tensor.name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refuse("its name must be printable ASCII without spaces");
    }
    if !(1..=limits::VOCABULARY_MAX).contains(&tensor.rows) {
        return refuse("it must have 1 to 2^20 rows");
    }
    if !(1..=limits::WIDTH_MAX).contains(&tensor.columns) {
        return refuse("it must have 1 to 2^17 columns");
    }
    let (span, columns) = (tensor.format.span(), crate::structure::index(tensor.columns));
    if tensor.format.number_bytes().is_none() && !columns.is_multiple_of(span) {
        return refuse(match span {
            canon::BLOCK => "its format needs a multiple of 32 columns",
            _ => "its format needs a multiple of 256 columns",
        });
    }
    if tensor.location.file >= limits::FILES_MAX {
        return refuse("its file index must be below 4096");
    }
    match tensor.location.offset.checked_add(tensor.bytes()) {
        Some(end) if end <= limits::FILE_BYTES_MAX => Ok(()),
        Some(_) | None => refuse("its bytes end beyond 2^40"),
    }
}

fn check_rope_tables(program: &Program) -> Result<(), CheckError> {
    for (table, pairs) in program.rope_tables.iter().enumerate() {
        let most = crate::structure::index(limits::HEAD_WIDTH_MAX) / 2;
        if pairs.is_empty() || pairs.len() > most {
            let reason = "it must have 1 to 128 pairs";
            return Err(CheckError::RopeTable { table, reason });
        }
    }
    Ok(())
}

/// Types of every group's values; residual rows agree from group to group.
fn check_groups(program: &Program) -> Result<Vec<Vec<Type>>, CheckError> {
    let mut all = vec![check_group(program, Place::Prologue, &program.prologue, Type::Token)?];
    let handed_on = |types: &[Type], group: &Group| types[group.template.output.index()];
    let residual = handed_on(&all[0], &program.prologue);
    if !matches!(residual, Type::Fixed(_)) {
        return Err(output(Place::Prologue, residual, "a fixed row"));
    }
    for (index, group) in program.groups.iter().enumerate() {
        let place = Place::Layer { group: index, layer: 0 };
        let types = check_group(program, place, group, residual)?;
        if handed_on(&types, group) != residual {
            return Err(output(place, handed_on(&types, group), "the type of its input"));
        }
        all.push(types);
    }
    let types = check_group(program, Place::Epilogue, &program.epilogue, residual)?;
    let last = handed_on(&types, &program.epilogue);
    if last != Type::Token {
        return Err(output(Place::Epilogue, last, "a token"));
    }
    all.push(types);
    Ok(all)
}

fn output(place: Place, found: Type, wanted: &'static str) -> CheckError {
    CheckError::Place { place, reason: Reason::Output { found: found.to_string(), wanted } }
}

/// The types of a template's values, which every layer must agree on.
fn check_group(
    program: &Program,
    place: Place,
    group: &Group,
    input: Type,
) -> Result<Vec<Type>, CheckError> {
    check_values(place, group)?;
    let first = infer(program, place, group, &group.layers[0], input)?;
    for (index, layer) in group.layers.iter().enumerate().skip(1) {
        let place = place.with_layer(index);
        if layer.tensors.len() != group.layers[0].tensors.len()
            || layer.attributes.len() != group.layers[0].attributes.len()
        {
            return Err(CheckError::Place { place, reason: Reason::Ragged });
        }
        if infer(program, place, group, layer, input)? != first {
            return Err(CheckError::Place { place, reason: Reason::Varies });
        }
    }
    Ok(first)
}

fn infer(
    program: &Program,
    place: Place,
    group: &Group,
    layer: &Layer,
    input: Type,
) -> Result<Vec<Type>, CheckError> {
    let mut types = vec![input];
    for (index, op) in group.template.ops.iter().enumerate() {
        let scope = Scope { program, place, types: &types, layer };
        let made = op.shape(&scope).map_err(|reason| CheckError::Op {
            place,
            op: index,
            name: op.name(),
            reason,
        })?;
        types.push(made);
    }
    Ok(types)
}

/// Single assignment, nothing unused, at most one KV append.
fn check_values(place: Place, group: &Group) -> Result<(), CheckError> {
    let ops = &group.template.ops;
    let layer = &group.layers[0];
    let mut values = vec![false; ops.len() + 1];
    let mut tensors = vec![false; layer.tensors.len()];
    let mut attributes = vec![false; layer.attributes.len()];
    for (index, op) in ops.iter().enumerate() {
        for value in op.inputs() {
            if value.index() > index {
                let reason = Reason::Later { found: value.0 };
                return Err(CheckError::Op { place, op: index, name: op.name(), reason });
            }
            values[value.index()] = true;
        }
        // A slot that is not bound is refused where the op's shape is made.
        for (slot, _) in op.tensors() {
            if let Some(used) = tensors.get_mut(usize::from(slot.0)) {
                *used = true;
            }
        }
        for slot in op.attributes() {
            if let Some(used) = attributes.get_mut(usize::from(slot.0)) {
                *used = true;
            }
        }
    }
    let Value(found) = group.template.output;
    match values.get_mut(usize::from(found)) {
        Some(used) if found > 0 => *used = true,
        Some(_) | None => {
            let reason = Reason::Later { found };
            return Err(CheckError::Place { place, reason });
        }
    }
    for (what, used) in
        [("value", values), ("tensor slot", tensors), ("attribute slot", attributes)]
    {
        if let Some(index) = used.iter().position(|used| !used) {
            return Err(CheckError::Place { place, reason: Reason::Unused { what, index } });
        }
    }
    if ops.iter().filter(|op| matches!(op, Op::KvAppend(_))).count() > 1 {
        return Err(CheckError::Place { place, reason: Reason::Second { what: "kv_append" } });
    }
    Ok(())
}

/// Every tensor and rope table is used, every tensor in one role.
fn check_use(program: &Program) -> Result<Vec<Role>, CheckError> {
    let mut roles: Vec<Option<Role>> = vec![None; program.tensors.len()];
    let mut tables = vec![false; program.rope_tables.len()];
    for (place, group, layer) in program.layers() {
        for op in &group.template.ops {
            for (slot, role) in op.tensors() {
                let TensorId(tensor) = layer.tensors[usize::from(slot.0)];
                let known = &mut roles[TensorId(tensor).index()];
                if known.is_some_and(|known| known != role) {
                    return Err(CheckError::Place { place, reason: Reason::TwoRoles { tensor } });
                }
                *known = Some(role);
            }
            if let Op::Rope(rope) = op {
                let table = layer.attributes[usize::from(rope.table.0)];
                tables[crate::structure::index(table)] = true;
            }
        }
    }
    if let Some(table) = tables.iter().position(|used| !used) {
        return Err(CheckError::RopeTable { table, reason: "it is never used" });
    }
    let used: Option<Vec<Role>> = roles.iter().copied().collect();
    used.ok_or_else(|| {
        let tensor = roles.iter().position(Option::is_none).unwrap_or_default();
        let name = program.tensors[tensor].name.clone();
        CheckError::Tensor { tensor, name, reason: "it is never used" }
    })
}
