//! Brings one file of known size into a [`Partial`]: resumes, retries, verifies.
//!
//! Promises: never writes more than the pinned size; never accepts a range that does not start
//! where we stopped; waits only through the caller's sleep function, a bounded number of times; an
//! unreachable host fails at once when nothing has arrived yet, so that the next source is tried
//! quickly; never continues bytes of an earlier run where no hash is promised. When it returns an error the partial is either kept (worth resuming) or empty (wrong).

use std::fs::File;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use ureq::http::StatusCode;
use url::Url;

use crate::digest::{CHUNK_BYTES, GitBlob, Mismatch, Pins};
use crate::disk::failed;
use crate::error::{Failure, SourceError};
use crate::http::{Answer, Ask, Credential, Http, header, redact, status_error};
use crate::partial::Partial;
use crate::progress::{Progress, Sink};

/// Most tries in a row that bring nothing new.
const MAX_FRUITLESS_TRIES: u32 = 5;
/// Most tries altogether: a source that drops us every few bytes is given up.
const MAX_TRIES: u32 = 200;
/// The first wait; it doubles up to [`MAX_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(500);
const MAX_WAIT: Duration = Duration::from_secs(8);
/// Nothing would show that two halves are of different files.
const NO_HASH: &str = "there is no hash to check kept bytes by";
/// The longest `Retry-After` we sit through.
const MAX_RETRY_AFTER_S: u64 = 60;

/// What is fetched, and how.
pub(crate) struct Fetch<'a> {
    pub(crate) http: &'a Http,
    pub(crate) sleep: fn(Duration),
    pub(crate) source: &'a str,
    pub(crate) url: &'a Url,
    pub(crate) credential: Option<&'a Credential>,
    pub(crate) pins: Pins,
    /// What git calls the bytes, where nobody promises a SHA-256.
    pub(crate) git_blob: Option<GitBlob>,
}

/// How one try ended, when not well.
enum Stop {
    /// Ask again, after this long if the server said so.
    Again(SourceError, Option<Duration>),
    /// Ask again; what came was too little to count as progress.
    Slow(SourceError),
    /// No use asking again.
    Never(Failure),
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Never(error.into())
    }
}

impl Fetch<'_> {
    /// Fills `partial` and verifies it.
    pub(crate) fn run(&self, partial: &mut Partial, sink: &mut Sink<'_>) -> Result<(), Failure> {
        if partial.size() > 0 && !self.hashed() {
            sink(Progress::Restarting { source: self.source, why: NO_HASH });
            partial.restart()?;
        }
        let resumed = partial.size() > 0;
        if resumed {
            let (source, at, total) = (self.source, partial.size(), self.pins.size);
            sink(Progress::Resuming { source, at, total });
        }
        match self.fill_and_check(partial, sink) {
            Err(Failure::Source(SourceError::WrongBytes(_))) if resumed => {
                // What an earlier process left may be damaged: the source gets one fair chance.
                let why = "the bytes kept from earlier were damaged";
                sink(Progress::Restarting { source: self.source, why });
                self.fill_and_check(partial, sink)
            }
            result => result,
        }
    }

    fn fill_and_check(&self, partial: &mut Partial, sink: &mut Sink<'_>) -> Result<(), Failure> {
        self.fill(partial, sink)?;
        let hashed = self.hashed();
        sink(Progress::Verifying { source: self.source, hashed });
        if let Err(mismatch) = self.pins.check(&partial.digests()) {
            partial.restart()?;
            return Err(SourceError::WrongBytes(mismatch).into());
        }
        if let Some(expected) = self.git_blob {
            let path = partial.path();
            let got = File::open(path)
                .and_then(|mut file| GitBlob::of(self.pins.size, &mut file))
                .map_err(|error| failed("read", path, error))?;
            if got != expected {
                partial.restart()?;
                return Err(SourceError::WrongBytes(Mismatch::GitBlob { expected, got }).into());
            }
        }
        Ok(())
    }

    fn fill(&self, partial: &mut Partial, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let mut fruitless = 0;
        let mut validator = None;
        for _ in 0..MAX_TRIES {
            if partial.size() == self.pins.size {
                return Ok(());
            }
            let before = partial.size();
            let (why, asked_wait, slow) = match self.one_try(partial, &mut validator, sink) {
                Ok(()) => continue,
                Err(Stop::Never(failure)) => return Err(failure),
                Err(Stop::Again(why, wait)) => (why, wait, false),
                Err(Stop::Slow(why)) => (why, None, true),
            };
            fruitless = if partial.size() > before && !slow { 0 } else { fruitless + 1 };
            let nothing_yet = partial.size() == 0;
            if fruitless >= MAX_FRUITLESS_TRIES || (nothing_yet && is_unreachable(&why)) {
                return Err(self.give_up(partial, why).into());
            }
            let after = asked_wait.unwrap_or_else(|| backoff(fruitless));
            sink(Progress::Retrying { source: self.source, why: &why, after });
            (self.sleep)(after);
        }
        let what = format!("the source broke off {MAX_TRIES} times");
        Err(SourceError::Interrupted { at: partial.size(), total: self.pins.size, what }.into())
    }

    /// Is there a hash to tell the right bytes by?
    fn hashed(&self) -> bool {
        self.pins.sha256.is_some() || self.pins.blake3.is_some() || self.git_blob.is_some()
    }

    fn give_up(&self, partial: &Partial, why: SourceError) -> SourceError {
        if partial.size() == 0 {
            return why;
        }
        let (at, total) = (partial.size(), self.pins.size);
        SourceError::Interrupted { at, total, what: why.to_string() }
    }

    fn one_try(
        &self,
        partial: &mut Partial,
        validator: &mut Option<String>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Stop> {
        if validator.is_none() && !self.hashed() {
            self.back_to_zero(partial, NO_HASH, sink)?;
        }
        let mut ask = Ask { credential: self.credential, ..Ask::get(self.url) };
        if partial.size() > 0 {
            ask.headers.push(("range", format!("bytes={}-", partial.size())));
            // Without a strong validator from this very run the final hash tells.
            ask.headers.extend(validator.clone().map(|tag| ("if-range", tag)));
        }
        let answer = match self.http.ask(&ask) {
            Err(Failure::Source(why)) if may_pass(&why) => return Err(Stop::Again(why, None)),
            other => other?,
        };
        let encoding = header(&answer.headers, "content-encoding").unwrap_or("identity");
        if answer.status.is_success() && !encoding.eq_ignore_ascii_case("identity") {
            let (address, encoding) = (redact(&answer.url), encoding.to_owned());
            return Err(SourceError::Encoded { address, encoding }.into());
        }
        self.position(partial, &answer, sink)?;
        *validator =
            header(&answer.headers, "etag").filter(|tag| tag.starts_with('"')).map(str::to_owned);
        self.receive(partial, answer, sink)
    }

    /// Makes the partial's end agree with where the body begins.
    fn position(
        &self,
        partial: &mut Partial,
        answer: &Answer,
        sink: &mut Sink<'_>,
    ) -> Result<(), Stop> {
        let size = self.pins.size;
        match answer.status {
            StatusCode::OK => {
                let told = header(&answer.headers, "content-length").and_then(|n| n.parse().ok());
                if let Some(got) = told.filter(|told| *told != size) {
                    return Err(self.wrong_size(partial, got));
                }
                self.back_to_zero(partial, "the source does not continue files", sink)
            }
            StatusCode::PARTIAL_CONTENT => {
                let range = header(&answer.headers, "content-range").and_then(content_range);
                match range {
                    Some((_, Some(got))) if got != size => Err(self.wrong_size(partial, got)),
                    Some((start, _)) if start == partial.size() => Ok(()),
                    Some(_) | None => {
                        self.back_to_zero(partial, "the source sent another range", sink)?;
                        let address = redact(&answer.url);
                        let what = "the range it sent is not the one asked for".to_owned();
                        Err(Stop::Again(SourceError::Protocol { address, what }, None))
                    }
                }
            }
            StatusCode::RANGE_NOT_SATISFIABLE if partial.size() > 0 => {
                self.back_to_zero(partial, "the source's file is shorter now", sink)?;
                let address = redact(&answer.url);
                let what = "it refused to continue".to_owned();
                Err(Stop::Again(SourceError::Protocol { address, what }, None))
            }
            _ => Err(later_or_never(status_error(answer, ""))),
        }
    }

    fn back_to_zero(
        &self,
        partial: &mut Partial,
        why: &str,
        sink: &mut Sink<'_>,
    ) -> Result<(), Stop> {
        if partial.size() > 0 {
            sink(Progress::Restarting { source: self.source, why });
            partial.restart()?;
        }
        Ok(())
    }

    fn wrong_size(&self, partial: &mut Partial, got: u64) -> Stop {
        let mismatch = Mismatch::Size { expected: self.pins.size, got };
        match partial.restart() {
            Ok(()) => SourceError::WrongBytes(mismatch).into(),
            Err(error) => error.into(),
        }
    }

    /// Copies the body, never beyond the pinned size, and never for long below the least rate.
    fn receive(
        &self,
        partial: &mut Partial,
        mut answer: Answer,
        sink: &mut Sink<'_>,
    ) -> Result<(), Stop> {
        let total = self.pins.size;
        let mut buffer = vec![0_u8; CHUNK_BYTES];
        let least = self.http.network().timeouts.least;
        let (mut since, mut from) = (Instant::now(), partial.size());
        while partial.size() < total {
            let room = usize::try_from(total - partial.size()).unwrap_or(usize::MAX);
            let room = room.min(buffer.len());
            match answer.body.read(&mut buffer[..room]) {
                Ok(0) => return Err(broke_off(&answer, "the body ended early".to_owned())),
                Ok(count) => partial.write(&buffer[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(broke_off(&answer, error.to_string())),
            }
            sink(Progress::Bytes { done: partial.size(), total });
            if partial.size() - from >= least.bytes {
                (since, from) = (Instant::now(), partial.size());
            } else if since.elapsed() >= least.every && partial.size() < total {
                let (got, every) = (partial.size() - from, least.every);
                let address = redact(&answer.url);
                let what = format!("only {got} bytes came in {every:?}");
                return Err(Stop::Slow(SourceError::Protocol { address, what }));
            }
        }
        Ok(())
    }
}

fn broke_off(answer: &Answer, what: String) -> Stop {
    Stop::Again(SourceError::Protocol { address: redact(&answer.url), what }, None)
}

/// Asks a small question up to [`MAX_FRUITLESS_TRIES`] times, as long as the answer may change.
pub(crate) fn patiently<T>(
    sleep: fn(Duration),
    source: &str,
    sink: &mut Sink<'_>,
    mut question: impl FnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    for fruitless in 1..MAX_FRUITLESS_TRIES {
        let why = match question() {
            Err(Failure::Source(why @ SourceError::Status { .. })) => why,
            other => return other,
        };
        let (why, wait) = match later_or_never(why) {
            Stop::Again(why, wait) => (why, wait),
            Stop::Slow(why) => (why, None),
            Stop::Never(failure) => return Err(failure),
        };
        let after = wait.unwrap_or_else(|| backoff(fruitless));
        sink(Progress::Retrying { source, why: &why, after });
        sleep(after);
    }
    question()
}

/// An unhappy status, sorted.
fn later_or_never(error: SourceError) -> Stop {
    let SourceError::Status { address, status, retry_after_s, .. } = &error else {
        return error.into();
    };
    if !matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504) {
        return error.into();
    }
    match *retry_after_s {
        Some(seconds) if seconds > MAX_RETRY_AFTER_S => {
            SourceError::Busy { address: address.clone(), seconds }.into()
        }
        wait => Stop::Again(error, wait.map(Duration::from_secs)),
    }
}

fn backoff(fruitless: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << fruitless.min(MAX_FRUITLESS_TRIES)).min(MAX_WAIT)
}

fn is_unreachable(why: &SourceError) -> bool {
    matches!(why, SourceError::Unreachable { .. })
}

/// Could the same question be answered a moment later?
fn may_pass(why: &SourceError) -> bool {
    matches!(why, SourceError::Unreachable { .. } | SourceError::Protocol { .. })
}

/// `bytes 10-99/100` gives (10, Some(100)).
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (span, total) = text.trim().strip_prefix("bytes")?.trim().split_once('/')?;
    let (start, _) = span.split_once('-')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    Some((start.trim().parse().ok()?, total))
}
