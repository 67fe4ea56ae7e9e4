//! What a program costs per position, known before it runs: a hostile publisher is normal.
//!
//! Never an estimate of time. Counts are upper bounds at the program's greatest context length.

use crate::check::Checked;
use crate::limits;
use crate::types::{InputKind, Type};
use thiserror::Error;

/// A program's cost at one position of the greatest context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Multiply-adds of matmuls and attention.
    pub multiply_adds: u64,
    /// Bytes of weights read from the upstream files.
    pub weight_bytes: u64,
    /// Bytes of key and value rows that every position adds.
    pub kv_bytes: u64,
    /// Bytes of the values of the largest block.
    pub workspace_bytes: u64,
}

/// What one op adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpCost {
    /// Multiply-adds at the greatest context.
    pub multiply_adds: u64,
    /// Bytes of weights read.
    pub weight_bytes: u64,
    /// Bytes of key and value rows added.
    pub kv_bytes: u64,
}

/// A program that asks for too much.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a position costs more than {max} {what}")]
pub struct CostError {
    what: &'static str,
    max: u64,
}

impl Cost {
    /// Adds up a checked program.
    pub(crate) fn of(checked: &Checked) -> Result<Self, CostError> {
        let mut cost = Self::default();
        let mut workspace = 0;
        for site in checked.sites() {
            let op = site.op.cost(&site);
            // Limits on layers, ops and widths keep every sum below 2^60.
            cost.multiply_adds += op.multiply_adds;
            cost.weight_bytes += op.weight_bytes;
            cost.kv_bytes += op.kv_bytes;
            workspace =
                if site.op_number == 0 { 0 } else { workspace } + value_bytes(site.output());
            cost.workspace_bytes = cost.workspace_bytes.max(workspace);
        }
        for (what, found, max) in [
            ("multiply-adds", cost.multiply_adds, limits::MULTIPLY_ADDS_MAX),
            ("weight bytes", cost.weight_bytes, limits::WEIGHT_BYTES_MAX),
            ("key and value bytes", cost.kv_bytes, limits::KV_BYTES_MAX),
            ("workspace bytes", cost.workspace_bytes, limits::WORKSPACE_BYTES_MAX),
        ] {
            if found > max {
                return Err(CostError { what, max });
            }
        }
        Ok(cost)
    }
}

/// Bytes of a value as the trace writes it.
fn value_bytes(kind: Type) -> u64 {
    match kind {
        Type::Token => 4,
        Type::Fixed(row) | Type::Logits(row) => 4 * u64::from(row.width),
        Type::Quantised { width, kind: InputKind::A8 } => 4 + u64::from(width) / 32 * 33,
        Type::Quantised { width, kind: InputKind::A16 } => 4 + 2 * u64::from(width),
        Type::Routing(routing) => 4 * u64::from(routing.entries()),
        Type::Kv(rows) => u64::from(rows.heads) * 2 * u64::from(rows.head_width + 2),
    }
}
