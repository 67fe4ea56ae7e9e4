//! What a value of a program is: a token, a fixed row, a matmul input, key and value rows, logits, or a routing.

use crate::structure::index;
use core::fmt;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// One token id.
    Token,
    /// A row of fixed-point integers.
    Fixed(Fixed),
    /// A row as a matmul takes it.
    Quantised { width: u32, kind: InputKind },
    /// The key and value rows of all positions up to this one.
    Kv(KvRows),
    /// One fixed-point integer per token id.
    Logits(Fixed),
    /// The experts that a row goes to, and their weights.
    Routing(Routing),
}

/// Some of the experts, each with a weight: entries of a fixed row, first the ids, then the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routing {
    /// How many are chosen.
    pub slots: u32,
    /// Of how many.
    pub experts: u32,
}

impl Routing {
    /// Ids and weights together.
    #[must_use]
    pub fn entries(&self) -> u32 {
        2 * self.slots
    }
}

/// A row of integers v that stand for v * 2^-frac.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// Entries.
    pub width: u32,
    /// Fractional bits.
    pub frac: u8,
}

/// The two forms of a matmul's input (`spec/arithmetic.md` section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// int8 in blocks of 32 with integer block scales.
    A8,
    /// 16-bit integers with one scale per row.
    A16,
}

impl InputKind {
    /// Both, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::A8, Self::A16];

    /// The number in encodings; never reused.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::A8 => 1,
            Self::A16 => 2,
        }
    }
}

/// The rows that attention reads: int8 with one scale per (head, position).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvRows {
    /// KV heads.
    pub heads: u32,
    /// Entries of a head.
    pub head_width: u32,
    /// Fractional bits of the key row before it became int8.
    pub key_frac: u8,
    /// Fractional bits of the value row before it became int8.
    pub value_frac: u8,
}

impl KvRows {
    /// Bytes of one head's row in traces: key and value quants, each with mantissa and shift.
    #[must_use]
    pub fn row_bytes(&self) -> usize {
        2 * (index(self.head_width) + 2)
    }
}

/// What a tensor is to the op that reads it. A tensor has one role in a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Rows of weights, each with its power-of-two unit.
    Matrix,
    /// A norm's gain, with one unit.
    Gain,
    /// Added to a matmul's output; it has no unit of its own.
    Bias,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => f.write_str("token"),
            Self::Fixed(row) => write!(f, "fixed[{}].{}", row.width, row.frac),
            Self::Quantised { width, kind } => write!(f, "{kind}[{width}]"),
            Self::Kv(kv) => {
                write!(f, "kv[{} x {}].{}/{}", kv.heads, kv.head_width, kv.key_frac, kv.value_frac)
            }
            Self::Logits(row) => write!(f, "logits[{}].{}", row.width, row.frac),
            Self::Routing(routing) => {
                write!(f, "routing[{} of {}]", routing.slots, routing.experts)
            }
        }
    }
}

impl fmt::Display for InputKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A8 => "A8",
            Self::A16 => "A16",
        })
    }
}
