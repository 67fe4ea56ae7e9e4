//! The tests of `package`, one binary.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks the cases it is about")]

mod encoding;
mod fixture;
mod folders;
mod limits;
mod manifests;
mod oms;
mod packages;
mod parts;
mod random;
mod signatures;
mod units;
mod vectors;
