//! What every dialect shares: an [`Ask`] goes in, [`Event`]s come out, or a [`Refusal`].
//!
//! A dialect is one file: it reads its JSON into an [`Ask`] and writes events as its own chunks. Never knows a dialect.

mod ask;
mod embedding;
mod event;
mod members;
mod options;
mod probity;
mod refusal;
mod speech;

pub(crate) use ask::{Ask, Asked, Format, Made, Names, Tools};
pub(crate) use embedding::{EmbeddingAsk, INPUTS_MAX, Input};
pub(crate) use event::{
    Answer, Cut, End, Ended, EndedAt, Event, Finish, Part, Sealed, Started, Whole,
};
pub(crate) use members::{Bad, Members, at, items, text, value};
pub(crate) use options::{cache_scope, labels, settings};
pub(crate) use probity::{probity_end, probity_part, probity_start};
pub(crate) use refusal::Refusal;
pub(crate) use speech::{Said, Speech};
