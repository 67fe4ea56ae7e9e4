//! The phases of a pass: work that all rows finish before the next phase begins.
//!
//! A phase is cut into pieces, and every piece has a thread that it would like best: the one that
//! worked on the same rows in the phase before and has their values in its caches. A thread that has
//! finished its own pieces takes what is left of the others'. Pieces are disjoint and exact, so who
//! did what never shows. Never decides what to run: the plan says it.

pub(crate) mod append;
pub(crate) mod attention;
pub(crate) mod experts;
pub(crate) mod matmul;
pub(crate) mod rows;

use std::sync::{LazyLock, Mutex, PoisonError};

use canon::{Kernels, Team};

use crate::plan::Plan;
use crate::weights::Weights;

/// Neighbouring rows that stay together, on one thread where all goes well.
pub(crate) const ROWS_TOGETHER: usize = 8;

/// What every phase works with.
pub(crate) struct Means<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) weights: &'a Weights,
    pub(crate) kernels: &'a Kernels,
    pub(crate) team: &'a mut Team,
}

/// The order in which a thread looks at so many pieces, which are dealt out to so many lanes: those
/// of its own lane, then the others', from behind.
fn in_order(thread: usize, lanes: usize, pieces: usize) -> impl Iterator<Item = usize> {
    let own = thread % lanes;
    let others = (1..lanes).map(move |lane| (own + lane) % lanes);
    let others = others.flat_map(move |lane| (lane..pieces).step_by(lanes).rev());
    (own..pieces).step_by(lanes).chain(others)
}

/// Makes what the first thread to ask would make, where there is less of it than threads: they would
/// all ask for the same at once, and wait for each other.
fn make_few<T, F: FnOnce() -> T>(pieces: &[LazyLock<T, F>], threads: usize) {
    if pieces.len() < threads {
        pieces.iter().for_each(|piece| {
            LazyLock::force(piece);
        });
    }
}

/// Pieces of work, each of which one thread takes.
struct Pieces<T> {
    pieces: Vec<Piece<T>>,
    lanes: usize,
}

/// On cache lines of its own, so that taking one does not slow those who take its neighbours.
#[repr(align(64))]
struct Piece<T>(Mutex<Option<T>>);

impl<T> Pieces<T> {
    fn new(pieces: impl Iterator<Item = T>, threads: usize) -> Self {
        let pieces = pieces.map(|piece| Piece(Mutex::new(Some(piece)))).collect();
        Self { pieces, lanes: threads }
    }

    /// What this thread takes, piece by piece.
    fn taken_by(&self, thread: usize) -> impl Iterator<Item = T> {
        in_order(thread, self.lanes, self.pieces.len()).filter_map(|at| {
            // Nobody panics while holding the lock.
            self.pieces[at].0.lock().unwrap_or_else(PoisonError::into_inner).take()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_looks_at_every_piece_once_its_own_first() {
        for (lanes, pieces) in [(1, 5), (2, 7), (3, 2), (4, 16), (5, 0)] {
            for thread in 0..2 * lanes {
                let order: Vec<usize> = in_order(thread, lanes, pieces).collect();
                let own = order.iter().take_while(|at| **at % lanes == thread % lanes).count();
                assert_eq!(own, (thread % lanes..pieces).step_by(lanes).count());
                let mut all = order;
                all.sort_unstable();
                assert!(all.into_iter().eq(0..pieces));
            }
        }
    }
}
