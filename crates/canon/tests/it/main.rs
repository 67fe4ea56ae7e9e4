//! Tests of the arithmetic: every kernel set against the plain reference, bit for bit.

mod cases;
mod kernels;
