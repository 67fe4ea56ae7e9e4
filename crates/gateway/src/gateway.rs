//! What every request shares: the models, the keys, the limits, the figures.
//!
//! Never computes and never writes: `compute` and `keeping` have their threads for that.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use axum::http::HeaderMap;
use receipt::SecretKey;
use tokio::sync::{Notify, Semaphore, watch};

use crate::compute::Compute;
use crate::core::Refusal;
use crate::http::{Bodies, Guard};
use crate::keeping::{Keeper, now_s};
use crate::keys::{Caller, Keys, Place};
use crate::log::Log;
use crate::metrics::Metrics;
use crate::settings::Limits;

/// Whoever asks, and a place for what comes of it.
pub(crate) struct Guest {
    pub(crate) caller: Caller,
    pub(crate) place: Place,
}

/// What every request shares.
pub(crate) struct Gateway {
    pub(crate) compute: Compute,
    pub(crate) keeper: Keeper,
    pub(crate) secret: SecretKey,
    /// Read anew when that is asked for.
    pub(crate) keys: RwLock<Arc<Keys>>,
    /// What is asked of requests where no key is.
    pub(crate) guard: Option<Guard>,
    pub(crate) limits: Limits,
    pub(crate) bodies: Bodies,
    pub(crate) turns: Turns,
    pub(crate) log: Log,
    /// Origins of pages that may ask.
    pub(crate) cors: Vec<String>,
    pub(crate) metrics: Metrics,
    /// When the server began.
    pub(crate) began: Instant,
    /// Whether it says that it will stop, and takes requests still.
    pub(crate) leaving: AtomicBool,
    pub(crate) draining: AtomicBool,
    /// Answers that are not at their end, receipts included.
    pub(crate) answers: Arc<AtomicUsize>,
    /// Told when one of them is.
    pub(crate) ended: Arc<Notify>,
    /// Whether what runs is given up: it ends where it stands, and no reader is waited for.
    pub(crate) given_up: watch::Sender<bool>,
    /// Room for numbers of vectors that are held.
    pub(crate) numbers: Arc<Semaphore>,
}

/// Turns of what takes its time on threads beside the one that computes.
pub(crate) struct Turns {
    /// To render a prompt.
    pub(crate) prompts: Arc<Semaphore>,
    /// To render one with a grammar beside it: that takes longer, and nobody else waits for it.
    pub(crate) grammars: Arc<Semaphore>,
}

impl Turns {
    /// Of each as many as half the machine: most of it is for answers.
    pub(crate) fn new() -> Self {
        let half =
            std::thread::available_parallelism().map_or(1, |threads| threads.get().div_ceil(2));
        let turns = || Arc::new(Semaphore::new(half));
        Self { prompts: turns(), grammars: turns() }
    }
}

impl Gateway {
    /// Who asks.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        self.keys().caller(headers, self.now_s())
    }

    /// The keys that count now.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Other keys count from now on: answers that run come to their ends.
    pub(crate) fn set_keys(&self, keys: Keys) {
        let keys = Arc::new(keys.after(&self.keys()));
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Lets somebody in, within the limits of all and of their key.
    pub(crate) fn admit(&self, caller: Caller) -> Result<Guest, Refusal> {
        if self.draining.load(Ordering::SeqCst) {
            return Err(Refusal::Unavailable("the server is stopping".into()));
        }
        self.keeper.check()?;
        let place = caller.admit(&self.answers, self.limits.answers_max, &self.ended)?;
        caller.pace(self.now_ms())?;
        Ok(Guest { caller, place })
    }

    /// Milliseconds since the server began.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Ends every answer where it stands; each gets its receipt, read or not.
    pub(crate) fn cancel_all(&self) {
        self.given_up.send_replace(true);
        self.compute.cancel_all();
    }

    /// Waits until no answer goes on.
    pub(crate) async fn all_ended(&self) {
        loop {
            let ended = self.ended.notified();
            if self.answers.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }

    /// The place of a model that is served under this name.
    pub(crate) fn model_index(&self, name: &str) -> Result<usize, Refusal> {
        let found = self.compute.names().iter().position(|known| known == name);
        found.ok_or_else(|| Refusal::Model(name.chars().take(256).collect()))
    }

    /// Seconds since 1970.
    pub(crate) fn now_s(&self) -> u64 {
        now_s()
    }
}
