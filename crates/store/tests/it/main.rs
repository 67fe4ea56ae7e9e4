//! The store against a real local server, real files and real processes.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod folders;
mod house;
mod hub;
mod keys;
mod kill;
mod pages;
mod places;
mod receipts;
mod references;
mod server;
mod setting;
mod transfer;
mod wheels;
mod world;
