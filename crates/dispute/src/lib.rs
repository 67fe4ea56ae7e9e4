//! The dispute about one step of an answer: narrowed to one tile, which the referee executes (`spec/dispute.md`).
//!
//! [`Dispute`] is the referee: moves in, a [`Verdict`] out. It has seen nothing but what is in the filing and the moves,
//! executes one tile by `canon::reference` (through [`program::Site::eval`]) and nothing else. The two sides are
//! [`sides::Side`]s; anything that can answer what is [`Asked`] may be one.
//!
//! Never reads a clock (the caller says what time it is), never runs a model, never sees text, never reaches `engine`.
//! Invariants: a refused move changes nothing; whoever speaks the truth and answers in time never loses; silence is a
//! timeout and never fraud. Failure: a [`Refusal`] that says why a move is none; bytes of strangers never cause a panic,
//! nor an allocation beyond a small multiple of their length.

pub mod block;
mod bytes;
mod descent;
mod filing;
mod game;
pub mod limits;
mod model;
mod moves;
mod operands;
mod reads;
mod refusal;
mod rounds;
pub mod sides;
mod sizes;
mod slice;
mod state;
mod state_bytes;
mod subject;
mod tree;
mod verdict;

pub use game::Dispute;
pub use model::{Model, ModelError};
pub use moves::{Boundary, Leaf, Leaves, Move, Opened, Parts, Supplied};
pub use refusal::Refusal;
pub use rounds::{Rounds, rounds};
pub use sizes::operands_bytes_max;
pub use slice::{Part, Slice};
pub use state::{Asked, Revealed, Tree};
pub use subject::{Claim, Claimed, Filing, FilingError, Subject, Vector};
pub use tree::{Subtree, descents};
pub use verdict::{Fault, FaultKind, Party, Verdict};
