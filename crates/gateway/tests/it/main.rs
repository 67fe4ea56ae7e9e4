//! A server over loopback, on any free port, with a tiny seeded model.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod anthropic;
mod embeddings;
mod ends;
mod forms;
mod hostile;
mod openapi;
mod options;
mod page;
mod people;
mod proxy;
mod refusals;
mod responses;
mod rest;
mod world;
