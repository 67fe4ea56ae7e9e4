//! What every dialect shares: an [`Ask`] goes in, [`Event`]s come out, or a [`Refusal`].
//!
//! A dialect is one file: it reads its JSON into an [`Ask`] and writes events as its own chunks. Never knows a dialect.

mod ask;
mod event;
mod logprob;
mod members;
mod refusal;

pub(crate) use ask::{Ask, Asked, Format, Made, Tools, parameter};
pub(crate) use event::{Answer, End, Ended, Event, Finish, Part, Sealed, Started, Whole};
pub(crate) use logprob::{Likely, TokenLogprob, logprob};
pub(crate) use members::{Bad, Members, at, items, text, value};
pub(crate) use refusal::Refusal;
