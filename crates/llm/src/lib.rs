//! Generation of text as a synchronous state machine: tokens in, tokens and text out.
//!
//! A [`Model`] is a GGUF file made ready: program, tokenizer, chat template. A [`Generation`] is one
//! answer in the making; a [`Runner`] advances any number of them by one pass of the engine. An
//! answer is a function of its request alone: neither the others in the pass, nor the chunks its
//! prompt is fed in, nor when it is advanced can change it.
//!
//! Never reads a file, clock or environment, never waits, and draws no randomness: a request brings
//! its seed. Failure: a typed error for requests that make no sense; [`Stop::Fault`] where the
//! arithmetic ends an answer.

mod generation;
mod model;
mod runner;

pub use generation::{Generation, Piece, Request, RequestError, Stop, Usage};
pub use model::{Model, ModelError, SEQUENCE_BYTES_MAX};
pub use runner::Runner;
