//! Grammars: which tokens an answer may go on with (`spec/text.md` section 4).
//!
//! A [`Grammar`] is the definition that a job commits to: an engine's name and version, a kind, a text. A
//! [`GrammarTokens`] is a vocabulary made ready for them, once per model. A [`Constraint`] follows one answer token by
//! token, and says before each draw which tokens are allowed.
//!
//! The mask is a function of the definition, the vocabulary, the stop tokens and the tokens so far, and of nothing else:
//! no clock ends its computation, only counts, and where one does there is an error, never another mask. No token is ever
//! forced: each is drawn through the mask.
//!
//! Definitions are hostile. Their bytes, depth and names are limited before the engine sees them, its work by its own
//! counts. Failure: a [`GrammarError`], which says whether the definition is wrong or only not followed here.

mod constraint;
mod definition;
mod limits;
mod meeting;
mod strict;
mod tokens;

pub use constraint::Constraint;
pub(crate) use constraint::with_white_space;
pub use definition::{Grammar, GrammarError, GrammarKind, GrammarText};
pub use limits::{
    GRAMMAR_BYTES_MAX, GRAMMAR_DEPTH_MAX, GRAMMAR_MEETING_MAX, GRAMMAR_MULTIPLE_MAX,
    GRAMMAR_NAMES_MAX,
};
pub use strict::{StrictRefused, check_strict};
pub use tokens::GrammarTokens;
