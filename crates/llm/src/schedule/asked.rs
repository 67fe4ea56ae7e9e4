//! What is asked of a scheduler, and what it says of it.

use std::sync::Arc;

use receipt::Job;
use thiserror::Error;

use crate::generation::{Piece, Stop, Usage};
use crate::job::RequestError;

/// On whose behalf is asked: fairness, and what is remembered of prompts, are per tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(pub [u8; 32]);

/// Who may be answered sooner because this was asked before: the time that an answer takes shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheScope {
    /// The same tenant, nobody else.
    #[default]
    Tenant,
    /// Everybody who says so too.
    Public,
}

/// A job to do.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The job; each of its choices is an answer.
    pub job: Arc<Job>,
    /// For whom.
    pub tenant: Tenant,
    /// With whom its keys and values are shared.
    pub cache: CacheScope,
    /// Whether each piece carries the logits that its token was drawn from.
    pub want_logits: bool,
    /// How many of the likeliest tokens each piece tells, beside how likely its own was; `None`: nothing of the kind.
    pub logprobs: Option<u8>,
}

/// Names what was asked, in the order of asking; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(super) u64);

/// What a step gave one answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Whose.
    pub ticket: Ticket,
    /// Which of the job's choices.
    pub choice: u32,
    /// A token, text, logits; an answer's last piece has a stop.
    pub piece: Piece,
    /// Set with the last piece.
    pub ended: Option<Ended>,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub stop: Stop,
    /// What it took. Positions that were there already are counted for each choice alone: all but the first to begin
    /// find most of the prompt there.
    pub usage: Usage,
}

/// Why a job is not taken.
#[derive(Debug, Error)]
pub enum Refused {
    /// Too many answers wait.
    #[error("{queued} answers wait already, of {queued_max} that may: ask again later")]
    QueueFull {
        /// How many wait.
        queued: usize,
        /// How many may.
        queued_max: usize,
    },
    /// The prompts that wait are too long together.
    #[error("prompts of {tokens} tokens wait already, of {tokens_max} that may: ask again later")]
    QueueLong {
        /// Tokens of those that wait.
        tokens: usize,
        /// How many there may be.
        tokens_max: usize,
    },
    /// Too many of one tenant's answers wait.
    #[error("{queued} answers of this key wait already, of {queued_max} that may: ask again later")]
    TenantQueueFull {
        /// How many wait.
        queued: usize,
        /// How many may.
        queued_max: usize,
    },
    /// The model can't be asked this.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// One answer's keys and values would be more than there is memory for.
    #[error(
        "an answer this long takes {bytes} bytes of keys and values, of {bytes_max} there may be: \
         ask for fewer tokens"
    )]
    TooLarge {
        /// Bytes of the longest it may become.
        bytes: usize,
        /// Bytes there may be.
        bytes_max: usize,
    },
}

/// What goes on now, and what did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Answers that wait: not begun, or set aside.
    pub queued: usize,
    /// Tokens of the prompts that wait to begin.
    pub queued_tokens: usize,
    /// Answers that each pass feeds.
    pub running: usize,
    /// Rows of the last pass.
    pub rows: usize,
    /// Answers that were about to draw before it: one row of it was each one's.
    pub drawing: usize,
    /// Bytes of keys and values held, each once, whoever shares them.
    pub kv_bytes: usize,
    /// Bytes of memory kept for the next keys and values.
    pub spare_bytes: usize,
    /// Of those held, what the cache of prefixes holds.
    pub cached_bytes: usize,
    /// Tokens of prompts that were there already when an answer began.
    pub cache_hit_tokens: u64,
    /// Tokens of prompts that were not.
    pub cache_miss_tokens: u64,
    /// How often an answer was set aside for another's sake.
    pub preemptions: u64,
    /// How often the keys and values of an answer that goes on were dropped.
    pub dropped: u64,
    /// Passes so far.
    pub passes: u64,
}
