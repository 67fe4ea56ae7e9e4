//! Why a request is not answered: what it is, what it is about, and the way out. Each dialect has its own words around it.
//!
//! Never holds a prompt, a key or a path of this machine.

use core::fmt::Display;

use commit::{Digest, hex};
use thiserror::Error;

use super::event::Cut;

/// Most characters of a name that somebody sent in a line of the log.
const LOGGED_CHARS_MAX: usize = 64;

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// What was sent can't be honoured.
    #[error("{what}")]
    Request {
        /// The option, where one is at fault.
        param: Option<String>,
        what: String,
    },
    /// It needs more of the context than there is.
    #[error("{what}")]
    Context { param: String, what: String },
    /// A model that is not served here.
    #[error("the model {0:?} is not served here: GET /v1/models lists those that are")]
    Model(String),
    /// A thing that is not here, or not this caller's.
    #[error("{0}")]
    NotFound(&'static str),
    /// No key, or none that is known.
    #[error("{0}")]
    Key(&'static str),
    /// A key that may not do this.
    #[error("this API key may not use {0:?}")]
    Scope(&'static str),
    /// More than there is room for now.
    #[error("{what}; try again in {retry_after_s} s")]
    Busy { what: String, retry_after_s: u64 },
    /// Not now, and not because of the request.
    #[error("{0}")]
    Unavailable(String),
    /// A body beyond the limit.
    #[error("the body has more than {0} bytes")]
    Large(usize),
    /// Our fault.
    #[error("{0}")]
    Fault(String),
    /// What another server answered can't be passed on: it was refuted, or can't be checked.
    #[error("{0}")]
    Unverified(String),
    /// Another server refuses it.
    #[error("{what}")]
    Upstream { status: u16, what: String },
    /// It did not come to its end. What came of it has its receipt, found by the job's commitment.
    #[error("the answer was cut off: {}; the receipt of what came is {}", cut.why(), hex(job))]
    CutOff { cut: Cut, job: Digest },
}

impl Refusal {
    /// What was sent can't be honoured.
    pub(crate) fn request(param: Option<&str>, what: impl Display) -> Self {
        Self::Request { param: param.map(str::to_owned), what: what.to_string() }
    }

    /// Nothing more comes of an answer, and nobody said why.
    pub(crate) fn unended() -> Self {
        Self::Fault("the answer ended without an end".into())
    }

    /// For whoever runs the server: of what was sent, the names of options and models alone.
    pub(crate) fn logged(&self) -> String {
        let named = |name: &str| name.chars().take(LOGGED_CHARS_MAX).collect::<String>();
        match self {
            Self::Request { param: Some(param), .. } => format!("refused: {}", named(param)),
            Self::Request { param: None, .. } => "refused: the request".into(),
            Self::Context { param, .. } => format!("beyond the context: {}", named(param)),
            Self::Model(name) => format!("no such model: {}", named(name)),
            Self::Upstream { status, .. } => format!("the upstream said {status}"),
            Self::NotFound(_)
            | Self::Key(_)
            | Self::Scope(_)
            | Self::Busy { .. }
            | Self::Unavailable(_)
            | Self::Large(_)
            | Self::Fault(_)
            | Self::Unverified(_)
            | Self::CutOff { .. } => self.to_string(),
        }
    }

    /// The HTTP status.
    pub(crate) const fn status(&self) -> u16 {
        match self {
            Self::Request { .. } | Self::Context { .. } => 400,
            Self::Key(_) => 401,
            Self::Scope(_) => 403,
            Self::Model(_) | Self::NotFound(_) => 404,
            Self::Large(_) => 413,
            Self::Busy { .. } => 429,
            Self::CutOff { cut: Cut::Cancelled | Cut::NotTaken, .. } => 503,
            Self::Fault(_)
            | Self::CutOff { cut: Cut::Fault | Cut::Grammar | Cut::Unfinished, .. } => 500,
            Self::Unverified(_) => 502,
            Self::Upstream { status, .. } => *status,
            Self::Unavailable(_) => 503,
        }
    }

    /// The option that is at fault.
    pub(crate) fn param(&self) -> Option<&str> {
        match self {
            Self::Request { param, .. } => param.as_deref(),
            Self::Context { param, .. } => Some(param),
            Self::Model(_) => Some("model"),
            Self::NotFound(_)
            | Self::Key(_)
            | Self::Scope(_)
            | Self::Busy { .. }
            | Self::Unavailable(_)
            | Self::Large(_)
            | Self::Fault(_)
            | Self::Unverified(_)
            | Self::Upstream { .. }
            | Self::CutOff { .. } => None,
        }
    }

    /// When to try again.
    pub(crate) const fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Busy { retry_after_s, .. } => Some(*retry_after_s),
            Self::Unavailable(_) | Self::CutOff { cut: Cut::Cancelled | Cut::NotTaken, .. } => {
                Some(1)
            }
            Self::Request { .. }
            | Self::Context { .. }
            | Self::Model(_)
            | Self::NotFound(_)
            | Self::Key(_)
            | Self::Scope(_)
            | Self::Large(_)
            | Self::Fault(_)
            | Self::Unverified(_)
            | Self::Upstream { .. }
            | Self::CutOff { cut: Cut::Fault | Cut::Grammar | Cut::Unfinished, .. } => None,
        }
    }
}
