//! The phases of a pass: work that all rows finish before the next phase begins.
//!
//! Within a phase, whichever thread is free claims the next piece. Pieces are disjoint and exact, so
//! who did what never shows. Never decides what to run: the plan says it.

pub(crate) mod append;
pub(crate) mod attention;
pub(crate) mod matmul;
pub(crate) mod rows;

use std::sync::{Mutex, PoisonError};

use canon::{Kernels, Team};

use crate::plan::Plan;
use crate::weights::Weights;

/// What every phase works with.
pub(crate) struct Means<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) weights: &'a Weights,
    pub(crate) kernels: &'a Kernels,
    pub(crate) team: &'a mut Team,
}

/// An iterator whose items threads claim one by one.
struct Claims<I>(Mutex<I>);

impl<I: Iterator> Claims<I> {
    fn new(items: I) -> Self {
        Self(Mutex::new(items))
    }

    fn claim(&self) -> Option<I::Item> {
        // A thread that panicked while claiming has claimed nothing; the panic is reported anyway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}
