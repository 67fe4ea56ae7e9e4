//! The report: a verdict, the evidence behind it, what is missing, and what nothing of it establishes.
//!
//! Never a verdict without its lines.

use commit::{Digest, Network};
use receipt::{AuditConsent, Choice, Messages, NonceChooser, Opening, PublicKey, Receipt, Stop};
use thiserror::Error;

use crate::evidence::{Evidence, Kind, Outcome};
use crate::opened::opened;
use crate::refutation::{Hex, Refutation};

/// What came of replaying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Nobody tried.
    NotTried,
    /// It can't be done here.
    Impossible(Missing),
    /// Every position, and every ending.
    Same,
    /// Something is wrong.
    Differs(Refutation),
}

/// What stands in the way of a judgement.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Missing {
    /// The opening.
    #[error("replay needs the opening, which shows what was asked and what came")]
    Opening,
    /// The model.
    #[error("replay needs the model {}", Hex(*.id))]
    Model {
        /// Its id.
        id: Digest,
    },
    /// What this release can't replay.
    #[error("{0}")]
    Unsupported(String),
}

/// What no evidence at hand establishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEstablished {
    /// Never.
    Truth,
    /// Never: a nonce can be tried again.
    OnlySample,
    /// Never.
    Privacy,
    /// Never.
    Asker,
    /// Without an anchor.
    Time,
    /// Where an anchor is promised: nobody looked for it.
    TimeUntilAnchored,
    /// Where somebody but the client is said to have made the nonce.
    Nonce,
    /// Where nobody re-rendered.
    PromptOfMessages,
    /// Where they were re-rendered: a template need not read all of them.
    UnreadMembers,
    /// Where there are no messages.
    NoMessages,
    /// Where it claims nothing about its end.
    WhyUnfinished,
    /// Where a cancellation is not known to be somebody else's than the worker's.
    WhoCancelled,
    /// Without replay.
    Tokens,
    /// A grammar is replayed, never disputed.
    GrammarByReplayOnly,
}

/// What is to be made of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All required evidence holds.
    Verified,
    /// It is wrong.
    Refuted(Refutation),
    /// Nobody can tell with what is at hand.
    CannotJudge(Missing),
}

/// All there is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What to make of it.
    pub verdict: Verdict,
    /// Line by line.
    pub evidence: Vec<Evidence>,
    /// What is not established.
    pub not_established: Vec<NotEstablished>,
    /// Whether auditors may open it.
    pub auditable: bool,
}

/// Judges a receipt whose envelope was opened, so that its signatures hold.
#[must_use]
pub fn examine(
    receipt: &Receipt,
    opening: Option<&Opening>,
    network: Network,
    required: &[Kind],
    replay: &Replay,
) -> Report {
    let opened = opening.map(|opening| opened(receipt, opening, network));
    let refuted = match (&opened, replay) {
        (Some(Err(refutation)), _) | (_, Replay::Differs(refutation)) => Some(refutation.clone()),
        (Some(Ok(())) | None, Replay::NotTried | Replay::Impossible(_) | Replay::Same) => None,
    };
    let replayed = match (&opened, replay) {
        (Some(Err(_)), _) | (_, Replay::Differs(_)) => Outcome::Fails,
        (Some(Ok(())), Replay::Same) => Outcome::Holds,
        (Some(Ok(())) | None, Replay::NotTried | Replay::Impossible(_) | Replay::Same) => {
            Outcome::NotChecked
        }
    };
    let line = |kind, outcome| Evidence::new(kind, outcome, required, Some(receipt));
    let evidence = vec![line(Kind::Signature, Outcome::Holds), line(Kind::Replay, replayed)];
    let verdict = match refuted {
        Some(refutation) => Verdict::Refuted(refutation),
        None if required.contains(&Kind::Replay) && replayed != Outcome::Holds => {
            Verdict::CannotJudge(match (opening, replay) {
                (None, _) => Missing::Opening,
                (Some(_), Replay::Impossible(missing)) => missing.clone(),
                (Some(_), Replay::NotTried | Replay::Same | Replay::Differs(_)) => {
                    Missing::Model { id: receipt.model }
                }
            })
        }
        None => Verdict::Verified,
    };
    Report {
        verdict,
        evidence,
        not_established: not_established(receipt, opening, replay, replayed),
        auditable: receipt.consent != AuditConsent::Own.number(),
    }
}

fn not_established(
    receipt: &Receipt,
    opening: Option<&Opening>,
    replay: &Replay,
    replayed: Outcome,
) -> Vec<NotEstablished> {
    use NotEstablished as Not;
    let time = if receipt.anchor_by == 0 { Not::Time } else { Not::TimeUntilAnchored };
    let mut list = vec![Not::Truth, Not::OnlySample, Not::Asker, Not::Privacy, time];
    let terms = opening.map(|opening| &opening.job.fields().terms);
    if terms.is_some_and(|terms| terms.nonce_by == NonceChooser::Gateway || terms.beacon_height > 0)
    {
        list.push(Not::Nonce);
    }
    // Where it found something else, it was re-derived.
    if replayed != Outcome::Holds && !matches!(replay, Replay::Differs(_)) {
        list.push(Not::Tokens);
    }
    match opening.map(|opening| opening.job.fields().rendered.messages()) {
        Some(Some(Messages::Shown(_))) if replayed == Outcome::Holds => {
            list.push(Not::UnreadMembers);
        }
        Some(Some(Messages::Shown(_) | Messages::Hidden(_))) | None => {
            list.push(Not::PromptOfMessages);
        }
        Some(None) => list.push(Not::NoMessages),
    }
    if receipt.choices.iter().any(|choice| choice.stop == Stop::Unfinished) {
        list.push(Not::WhyUnfinished);
    }
    let cancelled = |choice: &Choice| matches!(choice.stop, Stop::Cancelled { .. });
    let by_another = terms.is_some_and(|terms| {
        terms.requester != receipt.worker && terms.requester != PublicKey::NONE
    });
    if receipt.choices.iter().any(cancelled) && !by_another {
        list.push(Not::WhoCancelled);
    }
    let grammar =
        opening.is_some_and(|opening| opening.job.fields().parameters.settings().grammar.is_some());
    if grammar {
        list.push(Not::GrammarByReplayOnly);
    }
    list
}

impl NotEstablished {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Truth => "truth",
            Self::OnlySample => "only_sample",
            Self::Privacy => "privacy",
            Self::Asker => "asker",
            Self::Time | Self::TimeUntilAnchored => "time",
            Self::Nonce => "nonce",
            Self::PromptOfMessages => "prompt_of_messages",
            Self::UnreadMembers => "unread_members",
            Self::NoMessages => "no_messages",
            Self::WhyUnfinished => "why_unfinished",
            Self::WhoCancelled => "who_cancelled",
            Self::Tokens => "tokens",
            Self::GrammarByReplayOnly => "grammar_by_replay_only",
        }
    }

    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Truth => "that the answer is true: a model can be wrong, exactly",
            Self::OnlySample => {
                "that this was the first or only sample drawn: whoever chose the nonce could try several"
            }
            Self::Privacy => "that nobody else read prompt or answer",
            Self::Asker => "who typed the prompt",
            Self::Time => "when it was made: the receipt is not anchored",
            Self::TimeUntilAnchored => {
                "when it was made: its worker promised to anchor it by the epoch it names, and nobody looked for that here"
            }
            Self::Nonce => {
                "where the nonce is from: nobody checked here the gateway or the beacon that it is said to be from"
            }
            Self::PromptOfMessages => "that the prompt is what somebody's messages render to",
            Self::UnreadMembers => {
                "that the prompt says all that is in the messages: members which the model's template does not read are bound, and had no effect"
            }
            Self::NoMessages => "what messages the prompt stands for: the job names tokens only",
            Self::WhyUnfinished => "why the answer ends where it does, or how it would go on",
            Self::WhoCancelled => {
                "that anybody but the worker cancelled it: whose key may cancel is not shown, or it is the worker's own"
            }
            Self::Tokens => "that the model gives these tokens: nobody re-derived them here",
            Self::GrammarByReplayOnly => {
                "that a dispute could settle it: grammars are checked by replay only"
            }
        }
    }
}

impl Verdict {
    /// The exit status of a program that asked.
    #[must_use]
    pub const fn exit(&self) -> u8 {
        match self {
            Self::Verified => 0,
            Self::Refuted(_) => 1,
            Self::CannotJudge(_) => 2,
        }
    }
}
