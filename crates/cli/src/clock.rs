//! Measured time and memory, for people. Nothing here reaches an answer; no float leaves this file
//! but as a [`Figure`], which can only be shown.
#![allow(clippy::float_arithmetic, reason = "seconds are shown to people, never computed with")]

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

/// A measured number.
#[derive(Clone, Copy, Serialize)]
#[serde(transparent)]
pub(crate) struct Figure(f64);

/// Wall and processor time since it was started.
pub(crate) struct Stopwatch {
    wall: Instant,
    processor: Duration,
}

/// What a stopwatch read.
#[derive(Clone, Copy, Default)]
pub(crate) struct Elapsed {
    pub(crate) wall: Duration,
    /// Of all threads of this process.
    pub(crate) processor: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), processor: processor_time() }
    }

    pub(crate) fn read(&self) -> Elapsed {
        let processor = processor_time().saturating_sub(self.processor);
        Elapsed { wall: self.wall.elapsed(), processor }
    }
}

impl Figure {
    pub(crate) fn seconds(time: Duration) -> Self {
        Self(time.as_secs_f64())
    }

    /// To the microsecond.
    pub(crate) fn milliseconds(time: Duration) -> Self {
        Self((time.as_secs_f64() * 1e6).round() / 1e3)
    }

    /// To the hundredth of a second.
    pub(crate) fn rough_seconds(time: Duration) -> Self {
        Self((time.as_secs_f64() * 1e2).round() / 1e2)
    }

    /// How many times as long one took as the other, to the hundredth; 0 where no time was measured.
    pub(crate) fn ratio(one: Duration, other: Duration) -> Self {
        let ratio = if other.is_zero() { 0.0 } else { one.as_secs_f64() / other.as_secs_f64() };
        Self((ratio * 1e2).round() / 1e2)
    }

    /// 0 where no time was measured.
    pub(crate) fn per_second(count: usize, time: Duration) -> Self {
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let rate = if time.is_zero() { 0.0 } else { count / time.as_secs_f64() };
        Self((rate * 1e3).round() / 1e3)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(unix)]
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The most memory this process has held, in bytes; `None` where the system does not tell.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
