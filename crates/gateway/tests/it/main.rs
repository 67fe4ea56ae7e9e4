//! A server over loopback, on any free port, with a tiny seeded model.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the client comes before the tests that need all of it")]

mod answers;
mod world;
