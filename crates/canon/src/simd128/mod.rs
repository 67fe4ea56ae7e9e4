//! What kernels of 128-bit registers share: the walk around a matmul's inner products, and
//! attention around its two products.
//!
//! A register of 32-bit lanes is four rows: a *quarter* of a group. An instruction set gives the
//! products as a `Scheme` and a `Products`; everything here is plain Rust, compiled with the features
//! of the whole crate. Never allocates beyond a scratch's high-water mark, and never decides a value.

pub(crate) mod attention;
pub(crate) mod walk;
