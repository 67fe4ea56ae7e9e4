//! What the computing thread is told, and what it says.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use llm::schedule::{Asked, Ended, Gauges, Refused};
use llm::{Model, Piece, Runner};
use text::grammar::Constraint;
use tokio::sync::{mpsc, oneshot, watch};

use super::description::Description;
use crate::core::Refusal;

/// A model made ready.
pub struct Loaded {
    /// Everything but its weights.
    pub model: Arc<Model>,
    /// Its engine.
    pub runner: Runner,
    /// The model id.
    pub id: [u8; 32],
}

/// Makes the model of this name ready; says in words why it can't.
pub type LoadModel = dyn Fn(&str) -> Result<Loaded, String> + Send + Sync;

/// What can be known of the model of this name before it is made ready; `None` where nothing can.
pub type DescribeModel = dyn Fn(&str) -> Option<Description> + Send + Sync;

/// A model that is served.
#[derive(Clone, Debug)]
pub struct ModelEntry {
    /// What requests call it.
    pub name: String,
    /// About as many bytes its weights take.
    pub bytes: u64,
}

/// A model that can be asked now.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) name: String,
    pub(crate) id: [u8; 32],
    pub(crate) model: Arc<Model>,
}

/// Names an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct AnswerId(pub(crate) u64);

/// What happens to an answer.
pub(crate) struct Happening {
    pub(crate) choice: u32,
    pub(crate) piece: Piece,
    pub(crate) ended: Option<Ended>,
}

/// A question for the thread.
pub(crate) struct Begin {
    /// The model's place in the list.
    pub(crate) model: usize,
    pub(crate) asked: Asked,
    /// What follows its grammar, made already.
    pub(crate) constraint: Option<Constraint>,
    pub(crate) events: mpsc::Sender<Happening>,
    /// Set before `events` is let go of because its reader is too slow.
    pub(crate) too_slow: Arc<AtomicBool>,
    /// Let go of once all of it is computed.
    pub(crate) computing: watch::Sender<()>,
    pub(crate) reply: oneshot::Sender<Result<AnswerId, Refusal>>,
}

/// What the thread is told.
pub(crate) enum Message {
    /// Make a model ready, and say so.
    Ready { model: usize, reply: oneshot::Sender<Result<Served, Refusal>> },
    /// Answer.
    Begin(Box<Begin>),
    /// Nobody wants the rest.
    Cancel(AnswerId),
    /// A model came, or can't.
    Loaded { model: usize, loaded: Result<Box<Loaded>, String> },
    /// How it goes.
    Figures(oneshot::Sender<Figures>),
    /// Cancel everything.
    CancelAll,
    /// End once nothing runs.
    Stop,
}

/// How it goes, by model.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) models: Vec<ModelFigures>,
    /// Answers cancelled because their reader was too slow.
    pub(crate) slow_readers: u64,
    /// Models put out for others.
    pub(crate) evictions: u64,
    pub(crate) loads: u64,
}

/// One model's.
#[derive(Clone, Debug)]
pub(crate) struct ModelFigures {
    pub(crate) name: String,
    pub(crate) loaded: bool,
    pub(crate) answers: usize,
    pub(crate) gauges: Gauges,
}

/// What a scheduler's refusal is to whoever asked.
pub(crate) fn refusal(refused: &Refused) -> Refusal {
    match refused {
        Refused::QueueFull { .. } | Refused::QueueLong { .. } | Refused::TenantQueueFull { .. } => {
            Refusal::Busy { what: refused.to_string(), retry_after_s: RETRY_AFTER_S }
        }
        Refused::Request(_) | Refused::TooLarge { .. } => Refusal::request(None, refused),
    }
}

/// When to try again where the queue is full.
const RETRY_AFTER_S: u64 = 2;
