//! The tests of `program`, one binary.

mod encoding;
mod refusals;
mod sizes;
mod tiles;
