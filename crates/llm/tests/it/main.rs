//! Tests of generation on tiny models.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ends;
mod fairness;
mod fixture;
mod golden;
mod invariance;
mod refusals;
