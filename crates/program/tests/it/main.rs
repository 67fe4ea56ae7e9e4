//! The tests of `program`, one binary.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks the cases it is about")]

mod byte_vectors;
mod encoding;
mod faults;
mod grids;
mod records;
mod refusals;
mod refused_vectors;
mod runs;
mod sample;
mod sizes;
mod spec_tables;
mod tiles;
mod traces;
