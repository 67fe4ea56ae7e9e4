//! The simulator itself: it is quiet where the rules are sound, loud where one is broken, and says the same twice.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod canaries;
mod courts;
mod features;
mod ledger_seeds;
mod network_seeds;
mod recording;
