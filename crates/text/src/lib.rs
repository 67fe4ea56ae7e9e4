//! Text to tokens and tokens to text: tokenizer, chat template, detokenising, stop rules.
//!
//! Everything here is a pure function of plain data. The crate NEVER does I/O, reads a clock or
//! the environment, spawns threads or awaits, and never depends on another crate of this project.
//! A worker's duty is tokens to tokens, so nothing here changes an answer; it decides which tokens
//! a request *is*, and `verify` re-derives that from the request's opening.
//!
//! Invariants:
//! - The vocabulary, the template and the conversation are all hostile input. None of them can
//!   panic this crate; each fault is a typed error that names the thing and the way out.
//! - Text that came from a user never becomes a control token (`tokenizer`, `template`).
//! - The same input gives the same tokens and text everywhere; nothing depends on time or order.

mod byte_level;
mod detokenizer;
pub mod grammar;
mod literals;
mod pre_tokenizer;
mod sentencepiece;
mod stop_strings;
mod stop_tokens;
pub mod template;
mod token_bytes;
mod tokenizer;
pub mod tool_calls;
mod vocabulary;

pub use detokenizer::{Detokenizer, UnknownToken, Utf8Stream};
pub use pre_tokenizer::{PreTokenizer, supported_pre_tokenizers};
pub use stop_strings::{
    MAX_STOP_STRING_BYTES, MAX_STOP_STRINGS, StopStringError, StopStrings, Stopped,
};
pub use stop_tokens::StopTokens;
pub use template::{ChatTemplate, Conversation, Message, Rendered, Role, TemplateError};
pub use token_bytes::{TokenBytes, TokenPiece};
pub use tokenizer::{EncodeError, MAX_TEXT_BYTES, Segment, Specials, Tokenizer};
pub use vocabulary::{
    MAX_MERGES, MAX_TOKEN_BYTES, MAX_VOCABULARY, ModelKind, Pieces, TokenType, Vocabulary,
    VocabularyError,
};
