//! The kinds of evidence: what each claims, and whom one has to trust for it.
//!
//! Never a scale: no kind contains another.

use core::fmt;
use core::str::FromStr;

use receipt::{Receipt, Stop, WorkKind};
use thiserror::Error;

use crate::report::Missing;

/// A kind of evidence that this release can check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The worker's signature.
    Signature,
    /// The answer re-derived.
    Replay,
}

/// What looking at evidence gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It was not looked at.
    NotChecked,
}

/// Where a replay took somebody's word for the end, or was told nothing of it.
const CLAIM_WITHOUT_END: &str = "every token and the usage are what this model gives for this job";

/// Of a vector.
const CLAIM_OF_A_VECTOR: &str =
    "every number of the vector and the usage are what this model gives for this prompt";
const SIGNED_VECTOR: &str =
    "the holder of the worker's key said so, about this job and this vector";

/// Where what is shown is not what was signed.
const CLAIM_OF_OTHERS: &str = "the holder of the worker's key signed a receipt, of another job or other tokens than are shown";
/// Where a key was asked for, and another one signed.
const CLAIM_OF_A_KEY: &str = "another key signed it than the one that was asked for";

/// Why evidence was not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unchecked {
    /// Nobody required it.
    #[error("it was not asked for")]
    NotAsked,
    /// Something is not at hand.
    #[error("{0}")]
    Missing(Missing),
    /// What is shown is not what was signed, or the two don't go together.
    #[error("what is shown is not what was signed, so there is nothing to replay")]
    Opening,
    /// Something else of the file is false, or can't be read.
    #[error("the file was not taken")]
    NotTaken,
}

/// A line of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Of what kind.
    pub kind: Kind,
    /// How it went.
    pub outcome: Outcome,
    /// Why it was not looked at, if it was not.
    pub unchecked: Option<Unchecked>,
    /// Whether it was asked for.
    pub required: bool,
    /// What it claims of this receipt.
    pub claim: &'static str,
}

impl Evidence {
    /// A line about a receipt; of none where it could not be taken.
    pub(crate) fn new(
        kind: Kind,
        looked_at: Result<bool, Unchecked>,
        required: &[Kind],
        of: Option<&Receipt>,
    ) -> Self {
        let (outcome, unchecked) = match looked_at {
            Ok(true) => (Outcome::Holds, None),
            Ok(false) => (Outcome::Fails, None),
            Err(why) => (Outcome::NotChecked, Some(why)),
        };
        let others_words = |choice: &receipt::Choice| match choice.stop {
            Stop::Cancelled { .. } | Stop::Unfinished => true,
            Stop::Token | Stop::String { .. } | Stop::Length | Stop::Fault { .. } => false,
        };
        let unclaimed = of.is_some_and(|receipt| receipt.choices.iter().any(others_words));
        let embeds = of.is_some_and(|receipt| receipt.kind == WorkKind::Embed);
        let claim = match kind {
            Kind::Replay if unclaimed => CLAIM_WITHOUT_END,
            Kind::Replay if embeds => CLAIM_OF_A_VECTOR,
            Kind::Signature if embeds => SIGNED_VECTOR,
            Kind::Signature | Kind::Replay => kind.claim(),
        };
        Self { kind, outcome, unchecked, required: required.contains(&kind), claim }
    }

    /// The signature of something else than is shown.
    pub(crate) fn of_others(self) -> Self {
        Self { claim: CLAIM_OF_OTHERS, ..self }
    }

    /// The signature of another key than was asked for.
    pub(crate) fn of_another_key(self) -> Self {
        Self { outcome: Outcome::Fails, unchecked: None, claim: CLAIM_OF_A_KEY, ..self }
    }

    /// Whom one trusts who takes this line as it is.
    #[must_use]
    pub const fn trusts(&self) -> &'static str {
        match (self.outcome, self.kind) {
            (Outcome::Holds, Kind::Signature) => "that key's holder, in everything",
            (Outcome::Holds, Kind::Replay) => "nobody: it was re-derived here",
            (Outcome::Fails, Kind::Signature | Kind::Replay) => "nobody: it was found here",
            (Outcome::NotChecked, Kind::Signature | Kind::Replay) => {
                "nobody, and establishes nothing"
            }
        }
    }
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::NotChecked => "not_checked",
        }
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Signature, Self::Replay];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Replay => "replay",
        }
    }

    /// What it claims where nothing is left out; what it claims of one receipt is [`Evidence::claim`].
    #[must_use]
    pub const fn claim(self) -> &'static str {
        match self {
            Self::Signature => {
                "the holder of the worker's key said so, about this job and these tokens"
            }
            Self::Replay => {
                "every token, the reason for the end and the usage are what this model gives for this job"
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("{text:?} is no kind of evidence that can be checked here: {known}")
        })
    }
}
