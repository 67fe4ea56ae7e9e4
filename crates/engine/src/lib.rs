//! Executes checked programs fast: plan, packed weights, a team of threads, KV pages, batches.
//!
//! A forward pass takes rows of any number of sequences and gives, for each row that asks, its
//! logits. The result of a row is a function of its sequence's tokens alone: no batch, chunk,
//! thread count, kernel set or cache state can change a bit.
//!
//! Never decides what to run, samples nothing, reads no file, clock or environment, and knows no
//! architecture. Failure: a typed error for weights or feeds that make no sense; the specified
//! outcome [`Fault`] where arithmetic leaves its limits.

mod feed;
mod forward;
mod phases;
mod plan;
mod pool;
mod row;
mod sequence;
mod weights;

pub use feed::{Feed, FeedError, Outcome, Wanted};
pub use forward::{Engine, ROWS_MAX};
pub use plan::PlanError;
pub use pool::Span;
pub use program::reference::{Boundary, Fault};
pub use sequence::Sequence;
pub use weights::{LAYOUT_VERSION, LoadError, RestoreError, Weights};
