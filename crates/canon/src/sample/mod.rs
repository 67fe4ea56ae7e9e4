//! Sampling: from one row of logits and a job's parameters to one token (`spec/sampling.md`).
//!
//! Integers only, and no step depends on the order in which ids are visited. The plain reading of
//! the text is [`crate::reference::sample`]; the fast one is [`crate::Kernels::sample`], which
//! allocates nothing once its scratch has grown to the vocabulary.
//!
//! What is wrong is refused while a [`Parameters`] or a [`Sampling`] is made, each error naming the
//! thing and the way out; a sampling that exists has one specified outcome: a token, or the fault
//! [`NothingAllowed`]. This module never draws noise from the machine: see [`noise`].

mod decimal;
mod fast;
mod history;
mod noise;
mod parameters;
mod select;
mod weigh;

pub use decimal::{DecimalError, Micro};
pub(crate) use fast::sample as fast;
pub use history::History;
pub use noise::{SeedRefused, noise, seed};
pub use parameters::{
    BIAS_ENTRIES_MAX, Parameter, ParameterError, Parameters, Settings, VOCABULARY_MAX,
};
pub(crate) use parameters::{MICRO, exceeds};

use crate::kernels::CONTEXT_MAX;

/// The version of `spec/sampling.md` that is implemented here.
pub const SAMPLING_VERSION: u16 = 1;
/// Most fractional bits of a row of logits.
const FRAC_MAX: u8 = 24;

/// Why a sampling can't be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SampleRefused {
    /// No logits, or more than a vocabulary may have.
    #[error("{0} logits: a vocabulary has 1 to {VOCABULARY_MAX} tokens")]
    Vocabulary(usize),
    /// More fractional bits than a fixed row may have.
    #[error("logits with {0} fractional bits: a fixed row has at most {FRAC_MAX}")]
    Frac(u8),
    /// A biased token that the model does not have.
    #[error("bias of token {0}, which the model does not have: leave it out")]
    BiasToken(u32),
    /// A token of the prompt or the output that the model does not have.
    #[error("token {0} in the prompt or output, which the model does not have")]
    HistoryToken(u32),
    /// More positions than a context may have.
    #[error("{0} tokens of prompt and output: a context has at most {CONTEXT_MAX}")]
    HistoryLength(usize),
    /// An allowed token that the model does not have.
    #[error("the mask allows token {0}, which the model does not have: clear its bit")]
    MaskToken(usize),
}

/// The specified fault of this op: the mask leaves no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mask allows no token")]
pub struct NothingAllowed;

/// Everything one choice of a token depends on, checked.
#[derive(Clone, Copy)]
pub struct Sampling<'a> {
    pub(crate) logits: &'a [i32],
    pub(crate) frac: u8,
    pub(crate) settings: &'a Settings,
    pub(crate) history: &'a History,
    pub(crate) mask: Option<&'a [u64]>,
    pub(crate) noise: u64,
}

impl<'a> Sampling<'a> {
    /// A choice among the ids of `logits`, a fixed row with `frac` fractional bits: each is below
    /// [`crate::LIMIT`] in magnitude, which the op that made the row has proven.
    ///
    /// Bit i of `mask` (bit `i % 64` of word `i / 64`) allows id i; ids beyond its words are not
    /// allowed, and no mask allows all. The noise is not used at temperature 0.
    ///
    /// # Errors
    /// [`SampleRefused`] where something is of another vocabulary or out of range.
    pub fn new(
        logits: &'a [i32],
        frac: u8,
        parameters: &'a Parameters,
        history: &'a History,
        mask: Option<&'a [u64]>,
        noise: u64,
    ) -> Result<Self, SampleRefused> {
        let vocabulary = logits.len();
        if vocabulary == 0 || vocabulary > VOCABULARY_MAX as usize {
            return Err(SampleRefused::Vocabulary(vocabulary));
        }
        if frac > FRAC_MAX {
            return Err(SampleRefused::Frac(frac));
        }
        if let Some(token) = parameters.greatest_bias().filter(|t| exceeds(*t, vocabulary)) {
            return Err(SampleRefused::BiasToken(token));
        }
        if let Some(token) = history.greatest().filter(|t| exceeds(*t, vocabulary)) {
            return Err(SampleRefused::HistoryToken(token));
        }
        if history.positions() > CONTEXT_MAX {
            return Err(SampleRefused::HistoryLength(history.positions()));
        }
        if let Some(token) = mask.and_then(greatest_allowed).filter(|t| *t >= vocabulary) {
            return Err(SampleRefused::MaskToken(token));
        }
        Ok(Self { logits, frac, settings: parameters.settings(), history, mask, noise })
    }
}

fn greatest_allowed(mask: &[u64]) -> Option<usize> {
    let word = mask.iter().rposition(|word| *word != 0)?;
    Some(word * 64 + mask[word].ilog2() as usize)
}

/// Room for a sampling's intermediate rows, kept between calls.
#[derive(Default)]
pub struct SampleScratch {
    adjusted: Vec<i32>,
    maxima: Vec<i32>,
    ranked: Vec<i32>,
    candidates: select::Candidates,
}
