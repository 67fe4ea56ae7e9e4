//! The upstream's stream: events in their order, each wait and size within its limit.
//!
//! Never judges an event. Keeps the data of each, for evidence.

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

/// The upstream's events, within the limits.
pub(super) struct Source {
    /// Whether it says that it is one.
    is_stream: bool,
    frames: Frames,
    events: Events,
    ready: VecDeque<String>,
    /// What came, for evidence.
    pub(super) kept: Vec<String>,
    pub(super) silence: Duration,
    deadline: Instant,
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
        Self {
            is_stream: kind.is_some_and(|kind| kind.starts_with("text/event-stream")),
            frames: response.into_body().into_data_stream(),
            events: Events::new(limits.event_bytes_max, bytes),
            ready: VecDeque::new(),
            kept: Vec::new(),
            silence: limits.silence,
            deadline: Instant::now() + limits.answer_time,
            job: [0; 32],
            blind: Blind([0; 32]),
        }
    }

    /// The next event that says something.
    pub(super) async fn next(&mut self) -> Result<Said, Failure> {
        loop {
            while let Some(event) = self.ready.pop_front() {
                let said = wire::read(&event);
                self.kept.push(event);
                let said = said.map_err(Failure::Malformed)?;
                if said != Said::Nothing {
                    return Ok(said);
                }
            }
            let until = self.deadline.min(Instant::now() + self.silence);
            let frame = timeout_at(until, self.frames.next()).await;
            let frame = frame.map_err(|_| Failure::Limit("it takes too long".into()))?;
            let frame = frame.ok_or_else(|| Failure::Cut("the connection was closed".into()))?;
            let frame = frame.map_err(|error| Failure::Cut(error.to_string()))?;
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
