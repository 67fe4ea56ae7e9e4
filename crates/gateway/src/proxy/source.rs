//! The upstream's stream: events in their order, each wait and size within its limit.
//!
//! Never judges an event. Keeps what said something, up to a limit, for evidence.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use axum::http::header::CONTENT_TYPE;
use commit::{Blind, Digest};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::checking::{Checking, Expected};
use super::failure::Failure;
use super::pins::Pins;
use super::settings::ProxyLimits;
use super::sse::Events;
use super::upstream::Frames;
use super::wire::{self, Said};

/// Most bytes of events that are kept of one answer.
const KEPT_BYTES_MAX: usize = 8 << 20;

/// Events that said something, as they came.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) events: Vec<String>,
    bytes: usize,
    /// Whether more came than are kept.
    pub(super) truncated: bool,
}

impl Kept {
    fn push(&mut self, event: String) {
        let bytes = self.bytes + event.len() + size_of::<String>();
        self.truncated |= bytes > KEPT_BYTES_MAX;
        if !self.truncated {
            self.bytes = bytes;
            self.events.push(event);
        }
    }
}

/// The upstream's events, within the limits.
pub(super) struct Source {
    /// Whether it says that it is one.
    is_stream: bool,
    frames: Frames,
    events: Events,
    ready: VecDeque<String>,
    /// What came, for evidence.
    pub(super) kept: Kept,
    pub(super) silence: Duration,
    /// The longest time in which nothing is said that counts, whatever else comes.
    progress: Duration,
    /// When something came.
    heard: Instant,
    /// When something was said that counts.
    said: Instant,
    pub(super) deadline: Instant,
    /// What it says it answers, once it did.
    pub(super) job: Digest,
    pub(super) blind: Blind,
}

impl Source {
    pub(super) fn new(response: Response<Body>, limits: &ProxyLimits, expected: &Expected) -> Self {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let fields = expected.job.fields();
        let tokens = u64::from(fields.stop.tokens_max) * u64::from(fields.choices);
        let tokens = usize::try_from(tokens).unwrap_or(usize::MAX);
        let bytes = tokens.saturating_mul(limits.token_bytes_max);
        let bytes = bytes.saturating_add(limits.stream_bytes_max);
        let now = Instant::now();
        Self {
            is_stream: kind.is_some_and(|kind| kind.starts_with("text/event-stream")),
            frames: response.into_body().into_data_stream(),
            events: Events::new(limits.event_bytes_max, bytes),
            ready: VecDeque::new(),
            kept: Kept::default(),
            silence: limits.silence,
            progress: limits.head_time,
            heard: now,
            said: now,
            deadline: now + limits.answer_time,
            job: [0; 32],
            blind: Blind([0; 32]),
        }
    }

    /// The next event that says something.
    pub(super) async fn next(&mut self) -> Result<Said, Failure> {
        loop {
            while let Some(event) = self.ready.pop_front() {
                let said = wire::read(&event);
                if said == Ok(Said::Nothing) {
                    continue;
                }
                self.kept.push(event);
                self.said = Instant::now();
                return said.map_err(Failure::Malformed);
            }
            let until = (self.heard + self.silence).min(self.said + self.progress);
            let until = until.min(self.deadline);
            let frame = timeout_at(until, self.frames.next()).await;
            let frame = frame.map_err(|_| Failure::Limit("it takes too long".into()))?;
            let frame = frame.ok_or_else(|| Failure::Cut("the connection was closed".into()))?;
            let frame = frame.map_err(|error| Failure::Cut(error.to_string()))?;
            self.heard = Instant::now();
            self.ready.extend(self.events.push(&frame)?);
        }
    }

    /// The first event, which says what is answered.
    pub(super) async fn begin(
        &mut self,
        expected: &Expected,
        pins: &Pins,
    ) -> Result<Checking, Failure> {
        if !self.is_stream {
            return Err(Failure::NotBegun);
        }
        match self.next().await? {
            Said::Begun(begun) => {
                (self.job, self.blind) = (begun.job, begun.blind);
                pins.check(begun.worker)?;
                Checking::new(expected, begun)
            }
            Said::Failed(what) => Err(Failure::Said(what)),
            Said::Part { .. } | Said::End { .. } | Said::Done | Said::Nothing => {
                Err(Failure::NotBegun)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_an_answer_has_its_limit() {
        let mut kept = Kept::default();
        for _ in 0..KEPT_BYTES_MAX {
            kept.push(String::new());
        }
        assert!(kept.truncated);
        assert_eq!(kept.events.len(), KEPT_BYTES_MAX / size_of::<String>());
        kept.push("a".repeat(KEPT_BYTES_MAX + 1));
        assert_eq!(kept.events.len(), KEPT_BYTES_MAX / size_of::<String>());
    }
}
