//! The server: its addresses, what is done around every request, how it starts and stops.
//!
//! Never knows what a request asks: a dialect does.

mod around;
mod descriptors;
mod operations;
mod receipts;
mod routes;
mod server;
mod signals;

pub(crate) use around::JOB_DIGITS;
pub use server::{Server, ServerError};
