//! The tests of `receipt`, one binary.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks the cases it is about")]

mod bundle;
mod commitments;
mod encoding;
mod envelope;
mod file;
mod frozen;
mod generator;
mod in_toto;
mod limits;
mod log;
mod missing;
mod note;
mod pieces;
mod refusals;
mod sealed;
mod signatures;
mod streams;
mod vectors;
mod view;
