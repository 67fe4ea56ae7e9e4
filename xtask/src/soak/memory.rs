//! How much memory a server held over its undisturbed time.
//!
//! The first fifth is for warming up: weights, caches, the buffers of as many answers as run at once. Memory after
//! that may not rise above what it was by then by more than a small share. Never touches the server.

use std::time::Duration;

use crate::served::resident_bytes;

/// Most that memory may rise after the first fifth, in percent.
const RISE_PERCENT_MAX: u64 = 10;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The most in the first fifth, and in the last.
    early: u64,
    late: u64,
    now: u64,
}

impl Memory {
    /// Looks at the process now.
    pub(super) fn note(&mut self, process: u32, elapsed: Duration, whole: Duration) {
        // One that has just ended has none.
        if let Ok(bytes) = resident_bytes(process) {
            self.take(bytes, elapsed, whole);
        }
    }

    fn take(&mut self, bytes: u64, elapsed: Duration, whole: Duration) {
        self.now = bytes;
        if elapsed * 5 < whole {
            self.early = self.early.max(bytes);
        } else if elapsed * 5 > whole * 4 {
            self.late = self.late.max(bytes);
        }
    }

    pub(super) fn line(&self) -> String {
        let [early, late, now] = [self.early, self.late, self.now].map(|bytes| bytes >> 20);
        format!(
            "memory {early} MiB at most in the first fifth, {late} in the last, {now} at its end"
        )
    }

    pub(super) fn finding(&self) -> Option<String> {
        let rose = self.late * 100 > self.early * (100 + RISE_PERCENT_MAX);
        rose.then(|| format!("memory rose: {}", self.line()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_after_warming_up_is_found() {
        let whole = Duration::from_secs(100);
        let seen = |late: u64| {
            let mut memory = Memory::default();
            for (second, bytes) in [(1, 500), (19, 1000), (50, 1500), (95, late)] {
                memory.take(bytes, Duration::from_secs(second), whole);
            }
            memory.finding().is_some()
        };
        assert_eq!([seen(1000), seen(1100), seen(1101)], [false, false, true]);
    }
}
