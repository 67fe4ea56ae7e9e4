//! Tests of generation on tiny models.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cheats;
mod desk;
mod embeddings;
mod ends;
mod experts;
mod fairness;
mod fixture;
mod following;
mod golden;
mod golden_architectures;
mod golden_receipts;
mod grammars;
mod invariance;
mod packages;
mod pieces;
mod refusals;
mod rendering;
mod replay;
mod schedule;
mod traces;
