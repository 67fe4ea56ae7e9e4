//! One thread that owns every loaded model and computes all answers, a pass at a time.
//!
//! It never waits for a reader: an answer's pieces go into a queue of its own with a limit, and one whose queue is full
//! is cancelled. It never reads a file: models are made ready by threads of their own, which call a function that the
//! program's edge gave. `state` decides and is sync; `actor` is the loop around it. What the thread does, and in which
//! order, can't change a bit of an answer.

mod actor;
mod description;
mod known;
mod message;
mod pace;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use actor::{Compute, Running, start};
pub use description::Description;
pub use message::{DescribeModel, LoadModel, Loaded, ModelEntry};
pub(crate) use message::{Figures, Happening, ModelFigures, Served};
