//! The report: a verdict, the evidence behind it, what is missing, and what nothing of it establishes.
//!
//! Never a verdict without its lines.

use commit::{Digest, Network};
use receipt::{
    AuditConsent, Choice, Messages, NonceChooser, Opening, PublicKey, Receipt, Stop, WorkKind,
};
use thiserror::Error;

use crate::evidence::{Evidence, Kind, Outcome, Unchecked};
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
    /// The model, in whose place another was given.
    #[error("replay needs the model {}, and the one given is {}", Hex(*.id), Hex(*.found))]
    AnotherModel {
        /// Its id.
        id: Digest,
        /// The id of the one given.
        found: Digest,
    },
    /// That what a network says is so now.
    #[error("what is required to be so now is not established: {}", texts(.0))]
    Now(Vec<NotEstablished>),
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
    /// Unless the key was asked for.
    Signer,
    /// Where nothing of the file counts.
    TimeUnknown,
    /// Without an anchor.
    Time,
    /// Where an anchor is promised: nobody looked for it.
    TimeUntilAnchored,
    /// Where an anchor was found: what came before it.
    TimeBeforeAnchor,
    /// Where an anchor was found: a quorum's word.
    Seats,
    /// Where an anchor was found under a header that is old, or ahead of the time.
    Still,
    /// Where the network was followed from something that is older than former seats are trusted for.
    History,
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
    /// Of a vector, never.
    Meaning,
    /// Of a vector, without replay.
    Vector,
    /// A vector is replayed, never disputed.
    VectorByReplayOnly,
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
    let replayed = replayed(opened.as_ref(), replay, required, receipt);
    let line = |kind, looked_at| Evidence::new(kind, looked_at, required, Some(receipt));
    let signature = line(Kind::Signature, Ok(true));
    let signature = match &opened {
        Some(Err(Refutation::Opening { .. })) => signature.of_others(),
        Some(Err(_) | Ok(())) | None => signature,
    };
    let evidence = vec![signature, line(Kind::Replay, replayed.clone())];
    let verdict = match refuted {
        Some(refutation) => Verdict::Refuted(refutation),
        None => match &replayed {
            Err(Unchecked::Missing(missing)) if required.contains(&Kind::Replay) => {
                Verdict::CannotJudge(missing.clone())
            }
            Err(_) | Ok(_) => Verdict::Verified,
        },
    };
    Report {
        verdict,
        evidence,
        not_established: not_established(receipt, opening, replay, replayed == Ok(true)),
        auditable: receipt.consent != AuditConsent::Own.number(),
    }
}

/// Whether a replay found the answer as it is said to be; why not where there was none.
fn replayed(
    opened: Option<&Result<(), Refutation>>,
    replay: &Replay,
    required: &[Kind],
    receipt: &Receipt,
) -> Result<bool, Unchecked> {
    let asked = required.contains(&Kind::Replay);
    match (opened, replay) {
        (Some(Err(_)), _) => Err(Unchecked::Opening),
        (_, Replay::Differs(_)) => Ok(false),
        (Some(Ok(())), Replay::Same) => Ok(true),
        (Some(Ok(())), Replay::Impossible(missing)) => Err(Unchecked::Missing(missing.clone())),
        (_, Replay::NotTried | Replay::Impossible(_) | Replay::Same) if !asked => {
            Err(Unchecked::NotAsked)
        }
        (Some(Ok(())), Replay::NotTried) => {
            Err(Unchecked::Missing(Missing::Model { id: receipt.model }))
        }
        (None, Replay::NotTried | Replay::Impossible(_) | Replay::Same) => {
            Err(Unchecked::Missing(Missing::Opening))
        }
    }
}

impl Report {
    /// Holds the key that signed against one that was asked for: another one's receipt is refuted.
    #[must_use]
    pub fn signed_by(mut self, receipt: &Receipt, wanted: PublicKey) -> Self {
        let found = receipt.worker;
        if found == wanted {
            self.not_established.retain(|what| *what != NotEstablished::Signer);
            return self;
        }
        self.verdict = Verdict::Refuted(Refutation::Signer { wanted, found });
        let of_key = |line: Evidence| match line.kind {
            Kind::Signature => line.of_another_key(),
            Kind::Replay => line,
        };
        self.evidence = self.evidence.into_iter().map(of_key).collect();
        self
    }

    /// With an anchor that was found in a network, under a header that is of about now, or is not, and followed from what is
    /// of late enough, or is not.
    #[must_use]
    pub fn anchored(mut self, fresh: bool, lately_begun: bool) -> Self {
        use NotEstablished as Not;
        let time = |what: &Not| matches!(what, Not::Time | Not::TimeUntilAnchored);
        self.not_established.retain(|what| !time(what));
        self.not_established.extend([Not::TimeBeforeAnchor, Not::Seats]);
        if !fresh {
            self.not_established.push(Not::Still);
        }
        if !lately_begun {
            self.not_established.push(Not::History);
        }
        self
    }

    /// Requires what a network says to be so now: what else holds is not enough then.
    #[must_use]
    pub fn now_required(mut self) -> Self {
        let open = self.not_now();
        if self.verdict == Verdict::Verified && !open.is_empty() {
            self.verdict = Verdict::CannotJudge(Missing::Now(open));
        }
        self
    }

    /// What is not established of a network's present: nothing where it is so now, or no network was followed.
    #[must_use]
    pub fn not_now(&self) -> Vec<NotEstablished> {
        let of_now = [NotEstablished::Still, NotEstablished::History];
        of_now.into_iter().filter(|line| self.not_established.contains(line)).collect()
    }

    /// With the word of whoever knows the template that it reads every member of the messages.
    #[must_use]
    pub fn all_read(mut self) -> Self {
        self.not_established.retain(|what| *what != NotEstablished::UnreadMembers);
        self
    }

    /// Whether a kind of evidence holds.
    #[must_use]
    pub fn holds(&self, kind: Kind) -> bool {
        self.evidence.iter().any(|line| line.kind == kind && line.outcome == Outcome::Holds)
    }
}

fn texts(open: &[NotEstablished]) -> String {
    open.iter().map(|line| line.text()).collect::<Vec<_>>().join("; nor ")
}

fn not_established(
    receipt: &Receipt,
    opening: Option<&Opening>,
    replay: &Replay,
    replayed: bool,
) -> Vec<NotEstablished> {
    use NotEstablished as Not;
    let time = if receipt.anchor_by == 0 { Not::Time } else { Not::TimeUntilAnchored };
    // Nothing of a vector is drawn.
    let (mut list, drawn, underived) = match receipt.kind {
        WorkKind::Generate => (vec![Not::Truth, Not::OnlySample], true, Not::Tokens),
        WorkKind::Embed => (vec![Not::Meaning, Not::VectorByReplayOnly], false, Not::Vector),
    };
    list.extend([Not::Asker, Not::Privacy, Not::Signer, time]);
    let terms = opening.map(|opening| &opening.job.fields().terms);
    if drawn
        && terms
            .is_some_and(|terms| terms.nonce_by == NonceChooser::Gateway || terms.beacon_height > 0)
    {
        list.push(Not::Nonce);
    }
    // Where a pass found something else, it was re-derived.
    let rederived = match replay {
        Replay::Differs(refutation) => refutation.is_of_a_pass(),
        Replay::NotTried | Replay::Impossible(_) | Replay::Same => replayed,
    };
    if !rederived {
        list.push(underived);
    }
    match opening.map(|opening| opening.job.fields().rendered.messages()) {
        Some(Some(Messages::Shown(_))) if replayed => {
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
            Self::Signer => "signer",
            Self::TimeUnknown | Self::Time | Self::TimeUntilAnchored | Self::TimeBeforeAnchor => {
                "time"
            }
            Self::Seats => "seats",
            Self::Still => "still",
            Self::History => "history",
            Self::Nonce => "nonce",
            Self::PromptOfMessages => "prompt_of_messages",
            Self::UnreadMembers => "unread_members",
            Self::NoMessages => "no_messages",
            Self::WhyUnfinished => "why_unfinished",
            Self::WhoCancelled => "who_cancelled",
            Self::Tokens => "tokens",
            Self::GrammarByReplayOnly => "grammar_by_replay_only",
            Self::Meaning => "meaning",
            Self::Vector => "vector",
            Self::VectorByReplayOnly => "vector_by_replay_only",
        }
    }

    /// What is never established of a file of which nothing counts.
    pub(crate) const ALL_OF_IT: [Self; 8] = [
        Self::Truth,
        Self::OnlySample,
        Self::Asker,
        Self::Privacy,
        Self::Signer,
        Self::TimeUnknown,
        Self::Tokens,
        Self::PromptOfMessages,
    ];

    /// In a few words, to stand in a list.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Truth => "that the answer is true",
            Self::OnlySample => "that it was the only one drawn",
            Self::Privacy => "that nobody else read it",
            Self::Asker => "who asked",
            Self::Signer => "whose key that is",
            Self::TimeUnknown | Self::Time => "when",
            Self::TimeUntilAnchored => "when (its promised anchor was not looked for)",
            Self::TimeBeforeAnchor => "when before its anchor",
            Self::Seats => "that the network's quorum kept to its rules",
            Self::Still => "that it is so still",
            Self::History => "that this is the network's own history (the start is too old)",
            Self::Nonce => "where the nonce is from",
            Self::PromptOfMessages => "that the prompt is what the messages render to",
            Self::UnreadMembers => "that the prompt says all that is in the messages",
            Self::NoMessages => "what messages the prompt stands for",
            Self::WhyUnfinished => "why the answer ends where it does",
            Self::WhoCancelled => "who cancelled it",
            Self::Tokens => "that the model gives these tokens",
            Self::GrammarByReplayOnly => "that a dispute could settle the grammar",
            Self::Meaning => "that the vector is good for anything",
            Self::Vector => "that the model gives this vector",
            Self::VectorByReplayOnly => "that a dispute could settle it",
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
            Self::Signer => "whose key it is that signed",
            Self::TimeUnknown => "when it was made",
            Self::Time => "when it was made: the receipt is not anchored",
            Self::TimeUntilAnchored => {
                "when it was made: its worker promised to anchor it by the epoch it names, and nobody looked for that here"
            }
            Self::TimeBeforeAnchor => "when it was made: its anchor shows that it was before",
            Self::Seats => {
                "that those who had the network's seats kept to its rules: a quorum of them could have certified something else, too"
            }
            Self::Still => {
                "that the network says so still: the header's stamp is too far from now, and keys that are out of use may be in anybody's hands; ask for a newer bundle"
            }
            Self::History => {
                "that this is the network's own history: what it was followed from is older than former seats are trusted for (or ahead of now), and whoever has the keys of former seats can write another history from there, with any stamps; bring a later start"
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
            Self::Meaning => {
                "that the vector is good for comparing texts: a model that was not trained for it gives one, too"
            }
            Self::Vector => "that the model gives this vector: nobody re-derived it here",
            Self::VectorByReplayOnly => {
                "that a dispute could settle it: vectors are checked by replay only"
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
