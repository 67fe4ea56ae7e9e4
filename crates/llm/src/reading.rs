//! The tokens of one choice, read by whoever did not draw them: the text they spell, and whether they end as is said.
//!
//! The same rule as generation's and replay's. Never runs a model, so it never says that a token is the right one.
//! Failure: a [`Misread`] says what no answer to this job has.

use std::sync::Arc;

use receipt::{Job, Stop};
use thiserror::Error;
use verify::Ending;

use crate::ending::{Reason, Stopper};
use crate::job::{Request, RequestError};
use crate::model::Model;

/// One choice as its tokens come.
pub struct Reading {
    model: Arc<Model>,
    stopper: Stopper,
    ended: Option<Reason>,
    count: usize,
}

/// What no answer to the job has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Misread {
    /// A token that is none.
    #[error("the token {0} is not in the model's vocabulary")]
    Unknown(u32),
    /// More after its end.
    #[error("the answer goes on after its end at {0} tokens")]
    GoesOn(usize),
    /// Another end than its tokens have.
    #[error(
        "the answer is said to end with {claimed} after {tokens} tokens, and they do not end so"
    )]
    Ends {
        /// By its name.
        claimed: &'static str,
        /// How many there are.
        tokens: usize,
    },
}

impl Reading {
    /// Of no tokens yet.
    ///
    /// # Errors
    /// [`RequestError`] where the model can't be asked this.
    pub fn new(model: &Arc<Model>, job: &Job, choice: u32) -> Result<Self, RequestError> {
        let request = Request::of(job, choice);
        request.check(model)?;
        let stopper = request.stopper(model)?;
        let ended = stopper.before();
        Ok(Self { model: Arc::clone(model), stopper, ended, count: 0 })
    }

    /// Takes the next token: the text that is certain now.
    ///
    /// # Errors
    /// [`Misread`].
    pub fn take(&mut self, token: u32) -> Result<String, Misread> {
        if self.ended.is_some() {
            return Err(Misread::GoesOn(self.count));
        }
        let taken = self.stopper.take(self.model.tokenizer.token_bytes(), token);
        let (text, ended) = taken.map_err(|_| Misread::Unknown(token))?;
        self.count += 1;
        self.ended = ended;
        Ok(text)
    }

    /// Holds how it is said to end against its tokens: the text that was still held back.
    ///
    /// # Errors
    /// [`Misread`].
    pub fn end(&mut self, stop: &Stop) -> Result<String, Misread> {
        let holds = match (stop, self.ended) {
            // Others' words, or none, say why; a fault is for replay to judge.
            (Stop::Cancelled { .. } | Stop::Unfinished, _) | (Stop::Fault { .. }, None) => true,
            (_, Some(reason)) => Ending::from(reason).bears(stop),
            (Stop::Token | Stop::String { .. } | Stop::Length, None) => false,
        };
        let (claimed, tokens) = (stop.name(), self.count);
        if holds { Ok(self.stopper.flush()) } else { Err(Misread::Ends { claimed, tokens }) }
    }
}
