//! Tests of the engine: whatever the batch, chunk, threads or kernels, the same bits as the plain
//! interpreter.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test says which kernels it was handed")]

mod equality;
mod faults;
mod least_fault;
mod reuse;
