//! Canonical arithmetic of `spec/arithmetic.md`: number formats, the plain reference of every op,
//! and exact kernels for several instruction sets.
//!
//! `reference` is the specification in code: loops over integers, used by the referee. `portable`
//! and the instruction-set files compute the same integers faster. Equal means bit-equal.
//!
//! This crate never uses floating point, reads no file, clock or environment, and allocates nothing
//! inside a kernel. It is the only crate with `unsafe` code; [`Team`] is here for that reason alone.

#[cfg(target_arch = "aarch64")]
mod aarch64;
pub mod dyadic;
pub mod fixed;
pub mod functions;
mod inputs;
mod kernels;
mod kv;
mod lines;
mod packed;
mod portable;
pub mod quant;
pub mod reference;
pub mod sample;
#[cfg(any(target_arch = "aarch64", all(target_arch = "wasm32", target_feature = "simd128")))]
mod simd128;
mod slab;
mod team;
mod tile;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use fixed::{LIMIT, Overflow};
pub use inputs::{InputKind, InputRow};
pub use kernels::{
    AttentionScratch, AttentionTask, CONTEXT_MAX, Finish, GateOp, KernelSet, Kernels, NormOp,
};
pub use kv::{KvPage, PAGE};
pub use packed::{GROUP, PackedMatrix, Width};
pub use quant::{BLOCK, Format, Refused};
pub use slab::Slab;
pub use team::{THREADS_MAX, Team};
pub use tile::{Tile, TileQueue};
