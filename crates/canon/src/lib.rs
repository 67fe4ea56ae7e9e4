//! Canonical arithmetic of `spec/arithmetic.md`: number formats, the plain reference of every op,
//! and exact kernels for several instruction sets.
//!
//! `reference` is the specification in code: loops over integers, used by the referee. `portable`
//! and the instruction-set files compute the same integers faster. Equal means bit-equal.
//!
//! This crate never uses floating point, reads no file, clock or environment, starts no thread, and
//! allocates nothing inside a kernel. It is the only crate with `unsafe` code.

pub mod dyadic;
pub mod fixed;
pub mod functions;
pub mod quant;
pub mod reference;

pub use fixed::{LIMIT, Overflow};
pub use quant::{BLOCK, Format, Refused};
