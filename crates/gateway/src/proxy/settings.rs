//! What a proxy is told when it starts, and every limit it sets to the server behind it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use llm::{Model, Runner};
use receipt::PublicKey;

use super::upstream::UpstreamUrl;
use crate::log::Log;
use crate::settings::Limits;

/// What has to hold before anything is emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// The worker's signature over it.
    Signature,
    /// That, and the model's own draw of every token.
    Replay,
}

impl Requirement {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Replay => "replay",
        }
    }
}

/// A model that may be asked: what the upstream calls it, and what it is.
pub struct ProxiedModel {
    /// The name in requests, here and there.
    pub name: String,
    /// Its tokenizer, template and program.
    pub model: Arc<Model>,
    /// Its id: an answer of another model is refused.
    pub id: [u8; 32],
    /// Its engine; needed where replay is required.
    pub runner: Option<Runner>,
}

/// What a proxy is told.
pub struct ProxySettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The server behind it.
    pub upstream: UpstreamUrl,
    /// Sent to the upstream in place of the caller's key.
    pub upstream_key: Option<String>,
    /// A PEM file of authorities trusted beside the system's.
    pub upstream_ca: Option<PathBuf>,
    /// What has to hold.
    pub requirement: Requirement,
    /// What may be asked.
    pub models: Vec<ProxiedModel>,
    /// Keys of which one must have signed; none: the first that does is kept to.
    pub workers: Vec<PublicKey>,
    /// Where evidence of failures is kept, and the key that was trusted first.
    pub folder: PathBuf,
    /// Where receipts of answers that hold are kept; `None`: nowhere.
    pub receipts: Option<PathBuf>,
    /// What callers may take.
    pub limits: Limits,
    /// What the upstream may take.
    pub upstream_limits: ProxyLimits,
    /// How long answers may go on once the proxy is asked to stop.
    pub drain: Duration,
    /// Takes a line for each answer.
    pub log: Log,
    /// Whether no line is told of answers that hold.
    pub quiet: bool,
}

/// What the upstream may take, and who reads what comes of it.
#[derive(Clone, Copy, Debug)]
pub struct ProxyLimits {
    /// To be reached.
    pub connect_time: Duration,
    /// To begin its answer, it may have to load a model, and others may wait before; and from anything it says in an
    /// answer to the next, comments aside.
    pub head_time: Duration,
    /// The longest silence in a stream, comments included.
    pub silence: Duration,
    /// A whole answer.
    pub answer_time: Duration,
    /// The caller, to take the next part of it.
    pub reader_time: Duration,
    /// Bytes of its headers.
    pub header_bytes_max: usize,
    /// Bytes of one event.
    pub event_bytes_max: usize,
    /// Bytes of a stream beside those that its tokens may take.
    pub stream_bytes_max: usize,
    /// Bytes that each token asked for adds to them.
    pub token_bytes_max: usize,
}

impl Default for ProxyLimits {
    fn default() -> Self {
        Self {
            connect_time: Duration::from_secs(10),
            head_time: Duration::from_mins(5),
            silence: Duration::from_mins(1),
            answer_time: Duration::from_hours(1),
            reader_time: Duration::from_secs(30),
            header_bytes_max: 32 << 10,
            event_bytes_max: 256 << 10,
            stream_bytes_max: 1 << 20,
            token_bytes_max: 4 << 10,
        }
    }
}

impl ProxySettings {
    /// Of this upstream and these models, with the defaults for all else.
    #[must_use]
    pub fn new(
        listen: SocketAddr,
        upstream: UpstreamUrl,
        requirement: Requirement,
        models: Vec<ProxiedModel>,
        folder: PathBuf,
    ) -> Self {
        Self {
            listen,
            upstream,
            upstream_key: None,
            upstream_ca: None,
            requirement,
            models,
            workers: Vec::new(),
            folder,
            receipts: None,
            limits: Limits { answers_max: ANSWERS_MAX, ..Limits::default() },
            upstream_limits: ProxyLimits::default(),
            drain: Duration::from_secs(30),
            log: Log::none(),
            quiet: false,
        }
    }
}

/// Answers at once: a proxy is for a few programs of one machine.
const ANSWERS_MAX: usize = 64;
