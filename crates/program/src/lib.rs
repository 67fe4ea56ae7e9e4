//! A model's computation as data (`spec/program.md`).
//!
//! A [`Program`] is a prologue, groups of (layer template, per-layer tensors and attributes), and an epilogue, made of
//! a closed set of canonical ops. [`Checked`] is a program whose every shape, type and limit holds; everything else
//! here (encoding, digest, cost, listing, tiles, the plain interpreter) takes one of those.
//!
//! This crate never knows an architecture, reads no file, clock or environment, starts no thread, and uses no
//! floating point. A program speaks of one sequence: batches appear neither here nor in any trace or digest.
//!
//! Invariants: `decode(encode(p)) == p`, and no other bytes decode; numbers of ops are never reused; the tiles of an
//! op put together equal the op, bit for bit. Failure: typed errors that name the op and the reason; bytes from
//! strangers never cause a panic or an allocation beyond a small multiple of their length.

pub mod answer_log;
pub mod check;
pub mod cost;
pub mod display;
pub mod encoding;
mod last_row;
pub mod limits;
pub mod ops;
pub mod record;
pub mod reference;
pub mod site;
pub mod size;
pub mod structure;
pub mod tile;
pub mod tiny;
pub mod trace;
pub mod types;

pub use check::{CheckError, Checked};
pub use encoding::DecodeError;
pub use last_row::LastRow;
pub use ops::Op;
pub use site::{OpIndex, Place, Site};
pub use structure::{
    AttributeSlot, Group, Layer, Location, Program, Template, Tensor, TensorId, TensorSlot, Value,
};
pub use types::{Fixed, InputKind, KvRows, Role, Type};
