//! Tests of the engine: whatever the batch, chunk, threads or kernels, the same bits as the plain
//! interpreter.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod equality;
mod faults;
mod reuse;
