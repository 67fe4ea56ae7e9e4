//! The ledger's bytes, from outside.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod blocks;
mod encoding;
mod generator;
mod group_vectors;
mod groups;
mod signer;
mod state;
mod vectors;
