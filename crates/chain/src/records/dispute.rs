//! A dispute: who accuses which node, how far it has come, and the money it holds.
//!
//! Never holds the referee's state, only its hash: every move brings it. Never removed: what is left of it after its end says how it ended, so the same is not opened twice. Money of a dispute is
//! its bonds and what is held of a silent node's stake.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::PublicKey;

use super::{AuditSlot, Bond, NodeId, PackageSlot, Record, Slot, Tag, read_bool, read_share};
use crate::domains::{DISPUTE, DISPUTE_STATE, VOUCHING, VOUCHING_DISPUTE};
use crate::values::{Amount, Time};

/// Which dispute, or which claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DisputeSlot(pub Digest);

/// What was said and can be false: once refuted it is not refuted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedStep {
    /// The key that signed it.
    pub worker: PublicKey,
    /// The job.
    pub job: Digest,
    /// Which of its choices.
    pub choice: u32,
    /// The token's place in the output, or the position of the fault; of two tokens 0.
    pub position: u32,
    /// 1 token, 2 fault, 3 two tokens.
    pub kind: u8,
    /// The token or the op; of two tokens 0.
    pub what: u32,
}

/// How a dispute came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The claim is false: a proof.
    ClaimantRefuted,
    /// The challenge is false.
    ChallengerRefuted,
    /// The node was silent. That proves nothing.
    ClaimantSilent,
    /// The challenger was silent. That proves nothing.
    ChallengerSilent,
    /// The claim is false, and the node had said beforehand that it would be.
    Planted,
}

/// Where a dispute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The node's move is awaited.
    Claimant,
    /// The challenger's is.
    Challenger,
    /// The node was silent; somebody may take up its case until the deadline.
    Silent,
    /// It is decided, and nothing was paid yet.
    Decided(Outcome),
}

/// A dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Who is accused.
    pub node: NodeId,
    /// Who accuses.
    pub challenger: PublicKey,
    /// Since when.
    pub opened: Time,
    /// How it stands.
    pub course: Course,
}

/// Whether a dispute goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// It does.
    Open(Box<Case>),
    /// Everything was paid.
    Ended(Outcome),
}

/// Whose word a dispute is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    /// The worker's: it claims the step.
    Claim,
    /// An auditor's: it found nothing false in the answer that has the step.
    Vouching,
    /// The worker's, by an auditor that was drawn and revealed that it is false. No node's list of disputes has it.
    Alarm,
}

/// What an auditor said of an answer, in which audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vouching {
    /// The audit.
    pub audit: AuditSlot,
    /// The auditor.
    pub node: NodeId,
}

/// What who accuses may get beside its bond, as it was when it accused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promised {
    /// Of what a refuted node loses: millionths, 1,000,000 at most.
    pub share: u32,
    /// Of what a node loses that stays silent.
    pub silence_fee: Amount,
    /// Of the bond of a plant that is met.
    pub plant_pay: Amount,
}

/// An open dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Where it is.
    pub stage: Stage,
    /// The last moment of what is awaited.
    pub deadline: Time,
    /// The claim's slot.
    pub claim: Digest,
    /// The model's package.
    pub package: PackageSlot,
    /// The hash of its program.
    pub program: Digest,
    /// Whose word is disputed.
    pub matter: Matter,
    /// Whether a move was made.
    pub begun: bool,
    /// What the challenger put in.
    pub bond: Bond,
    /// What the node loses with this, as it was when it began.
    pub cost: Amount,
    /// What the challenger was promised.
    pub promised: Promised,
    /// What was taken of it for silence.
    pub held: Amount,
    /// Who took up a silent node's case; zeros: nobody.
    pub appellant: PublicKey,
    /// What it put in.
    pub appeal_bond: Amount,
    /// Whether the challenger has a share of what is taken if it is right.
    pub rewarded: bool,
    /// The hash of the referee's state: whoever moves brings the bytes.
    pub state: Digest,
}

impl ClaimedStep {
    /// The slot of the claim itself, in which stands that it was refuted.
    #[must_use]
    pub fn slot(&self, network: Network) -> DisputeSlot {
        self.disputed_by(network, PublicKey::NONE)
    }

    /// The slot of a dispute about it.
    #[must_use]
    pub fn disputed_by(&self, network: Network, challenger: PublicKey) -> DisputeSlot {
        let pieces: [&[u8]; 7] = [
            &self.worker.0,
            &self.job,
            &self.choice.to_le_bytes(),
            &self.position.to_le_bytes(),
            &[self.kind],
            &self.what.to_le_bytes(),
            &challenger.0,
        ];
        DisputeSlot(DISPUTE.hash(network, &pieces))
    }
}

impl Vouching {
    /// The slot of the whole word, in which stands that it was refuted: whatever step it was.
    #[must_use]
    pub fn slot(&self, network: Network) -> DisputeSlot {
        let Self { audit, node } = self;
        let (epoch, index) = (audit.epoch.0.to_le_bytes(), audit.index.to_le_bytes());
        DisputeSlot(VOUCHING.hash(network, &[&epoch, &index, &node.0]))
    }

    /// The slot of a dispute about one step of the answer.
    #[must_use]
    pub fn disputed_by(
        &self,
        network: Network,
        step: &ClaimedStep,
        challenger: PublicKey,
    ) -> DisputeSlot {
        let pieces: [&[u8]; 2] = [&self.slot(network).0, &step.disputed_by(network, challenger).0];
        DisputeSlot(VOUCHING_DISPUTE.hash(network, &pieces))
    }
}

impl Matter {
    fn number(self) -> u8 {
        match self {
            Self::Claim => 1,
            Self::Vouching => 2,
            Self::Alarm => 3,
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "whose word is disputed";
        match input.u8(what)? {
            1 => Ok(Self::Claim),
            2 => Ok(Self::Vouching),
            3 => Ok(Self::Alarm),
            found => Err(WireError::Unknown { what, found: found.into() }),
        }
    }
}

/// The hash of a referee's state.
#[must_use]
pub fn dispute_state_hash(network: Network, state: &[u8]) -> Digest {
    DISPUTE_STATE.hash(network, &[state])
}

impl DisputeSlot {
    /// Reads it.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array("a dispute's id").map(Self)
    }
}

impl Slot for DisputeSlot {
    type Record = Dispute;

    fn key(&self) -> Vec<u8> {
        Tag::Dispute.key(&[&self.0])
    }
}

impl Outcome {
    fn number(self) -> u8 {
        match self {
            Self::ClaimantRefuted => 1,
            Self::ChallengerRefuted => 2,
            Self::ClaimantSilent => 3,
            Self::ChallengerSilent => 4,
            Self::Planted => 5,
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "how a dispute came out";
        match input.u8(what)? {
            1 => Ok(Self::ClaimantRefuted),
            2 => Ok(Self::ChallengerRefuted),
            3 => Ok(Self::ClaimantSilent),
            4 => Ok(Self::ChallengerSilent),
            5 => Ok(Self::Planted),
            found => Err(WireError::Unknown { what, found: found.into() }),
        }
    }
}

impl Promised {
    fn write(&self, out: &mut Writer) {
        out.u32(self.share);
        self.silence_fee.write(out);
        self.plant_pay.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            share: read_share(input, "a challenger's share")?,
            silence_fee: Amount::read(input, "a fee for silence")?,
            plant_pay: Amount::read(input, "pay for a plant")?,
        })
    }
}

impl Record for Dispute {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.bytes(&self.challenger.0);
        out.u64(self.opened.0);
        match &self.course {
            Course::Open(case) => {
                let (stage, outcome) = match case.stage {
                    Stage::Claimant => (1, None),
                    Stage::Challenger => (2, None),
                    Stage::Silent => (3, None),
                    Stage::Decided(outcome) => (4, Some(outcome)),
                };
                out.u8(stage);
                outcome.iter().for_each(|outcome| out.u8(outcome.number()));
                case.write(out);
            }
            Course::Ended(outcome) => {
                out.u8(5);
                out.u8(outcome.number());
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let node = NodeId::read(input)?;
        let challenger = PublicKey(input.array("a challenger")?);
        let opened = Time(input.u64("when a dispute was opened")?);
        let open = |input: &mut Reader<'_>, stage| {
            Case::read(input, stage).map(|case| Course::Open(Box::new(case)))
        };
        let course = match input.u8("where a dispute is")? {
            1 => open(input, Stage::Claimant)?,
            2 => open(input, Stage::Challenger)?,
            3 => open(input, Stage::Silent)?,
            4 => {
                let outcome = Outcome::read(input)?;
                open(input, Stage::Decided(outcome))?
            }
            5 => Course::Ended(Outcome::read(input)?),
            found => {
                let what = "where a dispute is";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        };
        Ok(Self { node, challenger, opened, course })
    }
}

impl Case {
    /// What the node answers with for this.
    #[must_use]
    pub fn owed(&self) -> Amount {
        self.cost.minus(self.held).unwrap_or_default()
    }

    fn write(&self, out: &mut Writer) {
        out.u64(self.deadline.0);
        for hash in [&self.claim, &self.package.model, &self.package.publisher.0, &self.program] {
            out.bytes(hash);
        }
        out.u8(self.matter.number());
        out.u8(self.begun.into());
        self.bond.write(out);
        self.cost.write(out);
        self.promised.write(out);
        self.held.write(out);
        out.bytes(&self.appellant.0);
        self.appeal_bond.write(out);
        out.u8(self.rewarded.into());
        out.bytes(&self.state);
    }

    fn read(input: &mut Reader<'_>, stage: Stage) -> Result<Self, WireError> {
        let deadline = Time(input.u64("a deadline")?);
        let claim = input.array("a claim")?;
        Ok(Self {
            stage,
            deadline,
            claim,
            package: PackageSlot::read(input)?,
            program: input.array("a program's hash")?,
            matter: Matter::read(input)?,
            begun: read_bool(input, "whether a move was made")?,
            bond: Bond::read(input)?,
            cost: Amount::read(input, "what a case costs")?,
            promised: Promised::read(input)?,
            held: Amount::read(input, "what is held")?,
            appellant: PublicKey(input.array("an appellant")?),
            appeal_bond: Amount::read(input, "a bond")?,
            rewarded: read_bool(input, "whether a challenger is rewarded")?,
            state: input.array("the hash of a state")?,
        })
    }
}
