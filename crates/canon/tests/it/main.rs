//! Tests of the arithmetic: every kernel set against the plain reference, bit for bit.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bounds;
mod cases;
mod formats;
mod kernels;
mod reuse;
mod sampling;
mod vectors;
