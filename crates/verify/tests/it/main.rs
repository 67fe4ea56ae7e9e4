//! The tests of `verify`, one binary.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod json;
mod opened;
mod report;
mod world;
