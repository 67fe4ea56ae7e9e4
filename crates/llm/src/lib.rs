//! Generation of text, and its replay, as synchronous state machines: tokens in, tokens and text out.
//!
//! A [`Model`] is a package or a GGUF file made ready: program, tokenizer, chat template; a
//! [`Publication`] makes the package of such a file. A [`Generation`] is one answer in the making; a
//! [`Runner`] advances any number of them by one pass of the engine. An answer is a function of its request alone: neither the others in the pass, nor the chunks its
//! prompt is fed in, nor when it is advanced can change it. So a [`Replay`] of what somebody says came of
//! a job finds the same, or the first thing that differs; the same [`Request`] and the same rule of
//! stopping stand under both. A [`Prompt`] is what a job's messages render to.
//!
//! Never reads a file, clock or environment, never waits, and draws no randomness: a request brings
//! its seed. Failure: a typed error for requests that make no sense; [`Stop::Fault`] where the
//! arithmetic ends an answer.

mod draws;
mod embedding;
mod ending;
mod generation;
mod job;
mod likely;
mod model;
mod package_vocabulary;
pub mod publish;
mod question;
mod reading;
mod rendering;
mod replay;
mod runner;
pub mod schedule;
pub mod strict_json;
mod taken;
mod trace;
mod unread;

pub use embedding::{EmbeddingQuestion, dimensions_max};
pub use generation::{Generation, Piece, Stop, Usage};
pub use job::{Request, RequestError};
pub use likely::{Likely, TokenLogprob};
pub use model::{Model, ModelError, SEQUENCE_BYTES_MAX};
pub use package_vocabulary::vocabulary_of_header;
pub use publish::Publication;
pub use question::{Question, nonce_of};
pub use reading::{Misread, Reading};
pub use rendering::{Prompt, RenderingError, render};
pub use replay::{Claim, Replay};
pub use runner::Runner;
pub use unread::{UNREAD_TRIES_MAX, unread};
