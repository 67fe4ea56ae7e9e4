//! Tests of disputes: cheats, rounds, sizes, bytes, refusals.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod cheats;
mod encoding;
mod moves;
mod random;
mod rules;
mod shapes;
mod slices;
mod states;
mod steps;
mod vectors;
