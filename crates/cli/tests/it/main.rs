//! Tests of the binary as a person would call it: real processes, a folder of their own, no network
//! but a server of their own on this machine.
#![allow(clippy::unwrap_used)]

mod answers;
#[cfg(target_os = "linux")]
mod conversation;
mod folders;
mod ids;
mod models;
mod networks;
mod packages;
mod receipts;
mod refusals;
mod serving;
mod starts;
#[cfg(target_os = "linux")]
mod streams;
mod verify;
mod world;
