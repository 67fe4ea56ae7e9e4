//! The closed set of canonical ops. An op is one file here and one line in each table below; the compiler names the
//! rest.
//!
//! Each op says what it reads, what it makes (`shape`), what it costs, its tiles with their operands and evaluation,
//! its bytes and its line in a listing; `run` is the whole op by `canon::reference`, the oracle of engines. Numbers are
//! never reused. Ops never know which architecture they serve.

mod add;
mod attention;
mod capped_attention;
mod embed;
mod expert_matmul;
mod gelu_gate;
mod hadamard;
mod kv_append;
mod logits;
mod matmul;
mod norm;
mod quantise;
mod rope;
mod route;
mod sample;
mod sample_grid;
mod sample_tiles;
mod scale;
mod silu_gate;
mod soft_cap;
mod weigh;

pub use add::Add;
pub use attention::Attention;
pub use capped_attention::CappedAttention;
pub use embed::Embed;
pub use expert_matmul::ExpertMatmul;
pub use gelu_gate::GeluGate;
pub use hadamard::Hadamard;
pub use kv_append::KvAppend;
pub use logits::Logits;
pub use matmul::Matmul;
pub use norm::Norm;
pub use quantise::Quantise;
pub use rope::Rope;
pub use route::Route;
pub use sample::Sample;
pub use scale::Scale;
pub use silu_gate::SiluGate;
pub use soft_cap::SoftCap;
pub use weigh::Weigh;

use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{Scope, Site};
use crate::structure::{AttributeSlot, TensorSlot, Value};
use crate::tile::{At, Data, EvalError, Inputs, Operand, Stage, Tile};
use crate::types::{Role, Type};
use canon::Overflow;
use commit::{Reader, WireError, Writer};

pub(crate) use sample_grid::output_bytes as sample_output_bytes;
pub use sample_grid::read_output as sample_output;

/// Declares the enum, its numbers and names, and the one match every method goes through.
macro_rules! ops {
    ($($number:literal $name:literal $op:ident,)*) => {
        /// An op of a template.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Op {
            $(#[doc = $name] $op($op),)*
        }

        impl Op {
            /// The number in encodings; never reused.
            #[must_use]
            pub const fn number(&self) -> u16 {
                match self { $(Self::$op(_) => $number,)* }
            }

            /// The name in listings and errors.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$op(_) => $name,)* }
            }
        }

        /// Reads the fields of the op of a number; `None` where the number is unknown.
        pub(crate) fn read(number: u16, input: &mut Reader<'_>) -> Result<Option<Op>, WireError> {
            match number {
                $($number => $op::read(input).map(|op| Some(Op::$op(op))),)*
                _ => Ok(None),
            }
        }

        /// One expression for whichever op it is.
        macro_rules! each {
            ($self:expr, $the:ident => $made:expr) => {
                match $self { $(Op::$op($the) => $made,)* }
            };
        }
    };
}

ops! {
    1 "embed" Embed,
    2 "norm" Norm,
    3 "quantise" Quantise,
    4 "matmul" Matmul,
    5 "rope" Rope,
    6 "kv_append" KvAppend,
    7 "attention" Attention,
    8 "silu_gate" SiluGate,
    9 "add" Add,
    10 "logits" Logits,
    11 "sample" Sample,
    12 "hadamard" Hadamard,
    13 "soft_cap" SoftCap,
    14 "gelu_gate" GeluGate,
    15 "scale" Scale,
    16 "capped_attention" CappedAttention,
    17 "route" Route,
    18 "expert_matmul" ExpertMatmul,
    19 "weigh" Weigh,
}

/// Writes an op's number and fields.
pub(crate) fn write(op: &Op, out: &mut Writer) {
    out.u16(op.number());
    each!(op, op => op.write(out));
}

impl Op {
    /// The values it reads.
    #[must_use]
    pub fn inputs(&self) -> Vec<Value> {
        each!(self, op => op.inputs())
    }

    /// The tensors it reads, and as what.
    #[must_use]
    pub fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        each!(self, op => op.tensors())
    }

    /// The per-layer integers it reads.
    #[must_use]
    pub fn attributes(&self) -> Vec<AttributeSlot> {
        each!(self, op => op.attributes())
    }

    /// The type of what it makes, or why it can't stand here.
    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        each!(self, op => op.shape(scope))
    }

    /// What it costs at a position.
    pub(crate) fn cost(&self, site: &Site<'_>) -> OpCost {
        each!(self, op => op.cost(site))
    }

    /// Its numbers, for a listing.
    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        each!(self, op => op.describe(site))
    }

    pub(crate) fn stages(&self, site: &Site<'_>, at: At) -> Vec<Stage> {
        each!(self, op => op.stages(site, at))
    }

    pub(crate) fn operands(&self, site: &Site<'_>, at: At, tile: Tile) -> Vec<Operand> {
        each!(self, op => op.operands(site, at, tile))
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        at: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        each!(self, op => op.eval(site, at, tile, data))
    }

    /// The whole op at one position, by `canon::reference`.
    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        each!(self, op => op.run(site, step))
    }
}
