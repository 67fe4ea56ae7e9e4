//! The tests of `light`, one binary.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod agreed;
mod bundle;
mod follow;
mod golden;
mod groups;
mod network_case;
#[path = "../../../chain/tests/it/signer.rs"]
mod signer;
mod starts;
mod streams;
mod words;
