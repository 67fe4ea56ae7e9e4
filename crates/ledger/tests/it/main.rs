//! The ledger's rules, from outside.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod alarms;
mod anchors;
mod audit_silence;
mod audits;
mod blocks;
mod channels;
mod dates;
mod disputes;
mod doubles;
mod genesis;
mod groups;
mod holds;
mod liability;
mod missing;
mod names;
mod nodes;
mod packages;
mod parameters;
mod parts;
mod plants;
mod proposals;
mod rejections;
mod seats;
#[path = "../../../chain/tests/it/signer.rs"]
mod signer;
mod stakes;
mod terms;
mod transfer;
mod vectors;
mod vouchings;
mod whole;
mod world;
