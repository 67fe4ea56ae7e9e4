//! Many streams at once, and what they say together.

use std::time::{Duration, Instant};

use super::client::{Asked, Streamed, complete};
use crate::Outcome;

/// Stack of a thread that reads a stream.
const STACK_BYTES: usize = 256 << 10;

/// What many streams gave.
pub(super) struct Load {
    pub(super) streams: Vec<Streamed>,
    /// From the first request to the last byte.
    pub(super) all: Duration,
}

impl Load {
    /// Tokens of all streams in a second.
    pub(super) fn per_second(&self) -> f64 {
        self.drawn() as f64 / self.all.as_secs_f64()
    }

    /// Tokens of all streams.
    pub(super) fn drawn(&self) -> u64 {
        self.streams.iter().map(|stream| stream.drawn).sum()
    }

    /// The gaps of all streams, in ascending order.
    pub(super) fn gaps(&self) -> Vec<Duration> {
        let mut gaps: Vec<Duration> = self.streams.iter().flat_map(Streamed::gaps).collect();
        gaps.sort_unstable();
        gaps
    }

    /// Times to the first token, in ascending order.
    pub(super) fn firsts(&self) -> Vec<Duration> {
        let mut firsts: Vec<Duration> = self.streams.iter().filter_map(Streamed::first).collect();
        firsts.sort_unstable();
        firsts
    }

    /// How many were answered with a status.
    pub(super) fn with(&self, status: u16) -> usize {
        self.streams.iter().filter(|stream| stream.status == status).count()
    }
}

/// Asks for all of them at once.
pub(super) fn together(address: &str, asked: &[Asked<'_>]) -> Outcome<Load> {
    let begun = Instant::now();
    let streams: Outcome<Vec<Streamed>> = std::thread::scope(|scope| {
        let start = |asked| {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            let read = thread.spawn_scoped(scope, move || complete(address, asked));
            read.map_err(|error| error.to_string())
        };
        let threads: Vec<_> = asked.iter().map(start).collect();
        let join = |thread: Outcome<std::thread::ScopedJoinHandle<'_, Outcome<Streamed>>>| {
            thread?.join().map_err(|_| "a reader panicked".to_owned())?
        };
        threads.into_iter().map(join).collect()
    });
    Ok(Load { streams: streams?, all: begun.elapsed() })
}

/// The entry below which this share of an ascending list lies.
pub(super) fn at(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get(last.min(sorted.len() * percent / 100)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_entries() {
        let sorted: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(at(&sorted, 50), Some(Duration::from_millis(51)));
        assert_eq!(at(&sorted, 99), Some(Duration::from_millis(100)));
        assert_eq!(at(&sorted[..1], 99), Some(Duration::from_millis(1)));
        assert_eq!(at(&[], 50), None);
    }
}
