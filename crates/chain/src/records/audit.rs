//! An audit: a unit of settled money that was drawn, what was shown for it, and what everybody says of the answer.
//!
//! Never holds what a party found before it revealed it: a word is a commitment first. Never removed in the epoch in which
//! it was drawn, so an index is drawn once. Money of an audit is what is held of a silent node's stake, and the bond of
//! who asked for an opening.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::PublicKey;

use super::{ChannelId, DisputeSlot, NodeId, Record, SettlementSlot, Slot, Tag, read_bool};
use crate::domains::{AUDIT_COMMITMENT, AUDITOR, DRAW, FINDING};
use crate::values::{Amount, Epoch, Time};

/// Auditors of an audit.
pub const AUDITORS_DRAWN_MAX: usize = 8;

/// Which audit: what was settled in which epoch, and which of the draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditSlot {
    /// In which epoch was settled.
    pub epoch: Epoch,
    /// Which draw.
    pub index: u32,
}

/// An audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Whose answer is audited.
    pub node: NodeId,
    /// The channel that paid it.
    pub channel: ChannelId,
    /// The unit of the channel's money that was drawn.
    pub unit: Amount,
    /// When it was drawn.
    pub drawn: Time,
    /// What is awaited.
    pub stage: AuditStage,
    /// Until when.
    pub deadline: Time,
    /// What the node loses with this, as it was when it began.
    pub cost: Amount,
    /// What was taken of it for silence.
    pub held: Amount,
    /// What was shown; nothing yet: zeros.
    pub shown: Shown,
    /// Who asked for an opening; nobody: zeros.
    pub asker: PublicKey,
    /// What it put in.
    pub bond: Amount,
    /// What the node says.
    pub word: Word,
    /// Whether somebody's alarm was about a plant of the node's.
    pub planted: bool,
    /// The auditors, as they were drawn.
    pub auditors: Vec<Auditor>,
}

/// What an audit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditStage {
    /// The answer that was paid.
    Show,
    /// The auditors' commitments.
    Commit,
    /// Everybody's findings.
    Reveal,
    /// The opening that an auditor asked for.
    Opening,
    /// What the node let pass; it may still bring it.
    Silent(Awaited),
    /// Nothing: nobody audits the answer.
    Over,
}

/// What a silent node was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The answer.
    Show,
    /// Its finding.
    Reveal,
    /// The opening.
    Opening,
}

/// The answer that a drawn unit paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The key that signed its receipt.
    pub worker: PublicKey,
    /// The job.
    pub job: Digest,
    /// The receipt's id.
    pub receipt: Digest,
    /// Tokens of prompt and output.
    pub tokens: u32,
}

/// What somebody says of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Word {
    /// Nothing.
    #[default]
    None,
    /// That it has found something.
    Committed(Digest),
    /// That this is the finding, as an answer of true steps gives it.
    Root(Digest),
    /// That a step is false, by the dispute that it opens about it.
    Alarm(DisputeSlot),
}

/// One of those that compute an answer again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auditor {
    /// Which node.
    pub node: NodeId,
    /// What it says.
    pub word: Word,
    /// Whether it is done with.
    pub closed: bool,
}

impl AuditSlot {
    /// Which unit of what was settled is drawn, as 256 bits, the lowest byte first.
    #[must_use]
    pub fn number(self, network: Network, beacon: &Digest) -> Digest {
        let Self { epoch, index } = self;
        DRAW.hash(network, &[beacon, &epoch.0.to_le_bytes(), &index.to_le_bytes()])
    }

    /// To which auditor a try falls, in the same way.
    #[must_use]
    pub fn auditor(self, network: Network, beacon: &Digest, tried: u32) -> Digest {
        let (epoch, index) = (self.epoch.0.to_le_bytes(), self.index.to_le_bytes());
        AUDITOR.hash(network, &[beacon, &epoch, &index, &tried.to_le_bytes()])
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { epoch: Epoch(input.u64("an epoch")?), index: input.u32("a draw's index")? })
    }

    /// Writes it.
    pub fn write(self, out: &mut Writer) {
        out.u64(self.epoch.0);
        out.u32(self.index);
    }
}

/// What is committed to a finding: only who has the salt can reveal it, and only for its own node.
#[must_use]
pub fn audit_commitment(network: Network, finding: &Digest, node: NodeId, salt: &Digest) -> Digest {
    AUDIT_COMMITMENT.hash(network, &[finding, &node.0, salt])
}

/// The finding of an answer: of the roots of its choices' logs, in order.
#[must_use]
pub fn audit_finding(network: Network, roots: &[Digest]) -> Digest {
    let roots: Vec<&[u8]> = roots.iter().map(|root| &root[..]).collect();
    FINDING.hash(network, &roots)
}

impl Audit {
    /// What the node answers with for this.
    #[must_use]
    pub fn owed(&self) -> Amount {
        self.cost.minus(self.held).unwrap_or_default()
    }

    /// The settlement that the unit lies in.
    #[must_use]
    pub fn settlement(&self, slot: AuditSlot) -> SettlementSlot {
        SettlementSlot { epoch: slot.epoch, channel: self.channel }
    }

    /// What a node says of the answer, as the audit's own or as an auditor's.
    pub fn word_of(&mut self, node: NodeId) -> Option<&mut Word> {
        if node == self.node {
            return Some(&mut self.word);
        }
        let mut auditors = self.auditors.iter_mut();
        auditors.find(|auditor| auditor.node == node).map(|auditor| &mut auditor.word)
    }
}

impl Slot for AuditSlot {
    type Record = Audit;

    fn key(&self) -> Vec<u8> {
        Tag::Audit.key(&[&self.epoch.0.to_le_bytes(), &self.index.to_le_bytes()])
    }
}

impl AuditStage {
    fn number(self) -> u8 {
        match self {
            Self::Show => 1,
            Self::Commit => 2,
            Self::Reveal => 3,
            Self::Opening => 4,
            Self::Silent(Awaited::Show) => 5,
            Self::Silent(Awaited::Reveal) => 6,
            Self::Silent(Awaited::Opening) => 7,
            Self::Over => 8,
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "where an audit is";
        match input.u8(what)? {
            1 => Ok(Self::Show),
            2 => Ok(Self::Commit),
            3 => Ok(Self::Reveal),
            4 => Ok(Self::Opening),
            5 => Ok(Self::Silent(Awaited::Show)),
            6 => Ok(Self::Silent(Awaited::Reveal)),
            7 => Ok(Self::Silent(Awaited::Opening)),
            8 => Ok(Self::Over),
            found => Err(WireError::Unknown { what, found: found.into() }),
        }
    }
}

impl Word {
    fn write(self, out: &mut Writer) {
        let (number, hash) = match self {
            Self::None => (0, [0; 32]),
            Self::Committed(hash) => (1, hash),
            Self::Root(hash) => (2, hash),
            Self::Alarm(DisputeSlot(hash)) => (3, hash),
        };
        out.u8(number);
        out.bytes(&hash);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "what is said in an audit";
        let (number, hash) = (input.u8(what)?, input.array(what)?);
        match number {
            0 if hash == [0; 32] => Ok(Self::None),
            0 => Err(WireError::Value { what, reason: "nothing has no hash" }),
            1 => Ok(Self::Committed(hash)),
            2 => Ok(Self::Root(hash)),
            3 => Ok(Self::Alarm(DisputeSlot(hash))),
            found => Err(WireError::Unknown { what, found: found.into() }),
        }
    }
}

impl Shown {
    /// Nothing yet.
    pub const NONE: Self =
        Self { worker: PublicKey::NONE, job: [0; 32], receipt: [0; 32], tokens: 0 };

    fn write(&self, out: &mut Writer) {
        for hash in [&self.worker.0, &self.job, &self.receipt] {
            out.bytes(hash);
        }
        out.u32(self.tokens);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            worker: PublicKey(input.array("a worker's key")?),
            job: input.array("a job")?,
            receipt: input.array("a receipt's id")?,
            tokens: input.u32("tokens of an answer")?,
        })
    }
}

impl Auditor {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        self.word.write(out);
        out.u8(self.closed.into());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            node: NodeId::read(input)?,
            word: Word::read(input)?,
            closed: read_bool(input, "whether an auditor is done with")?,
        })
    }
}

impl Record for Audit {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.bytes(&self.channel.0);
        self.unit.write(out);
        out.u64(self.drawn.0);
        out.u8(self.stage.number());
        out.u64(self.deadline.0);
        self.cost.write(out);
        self.held.write(out);
        self.shown.write(out);
        out.bytes(&self.asker.0);
        self.bond.write(out);
        self.word.write(out);
        out.u8(self.planted.into());
        out.length_u8(self.auditors.len());
        self.auditors.iter().for_each(|auditor| auditor.write(out));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            node: NodeId::read(input)?,
            channel: ChannelId::read(input)?,
            unit: Amount::read(input, "a drawn unit")?,
            drawn: Time(input.u64("when an audit was drawn")?),
            stage: AuditStage::read(input)?,
            deadline: Time(input.u64("a deadline")?),
            cost: Amount::read(input, "what a case costs")?,
            held: Amount::read(input, "what is held")?,
            shown: Shown::read(input)?,
            asker: PublicKey(input.array("who asked for an opening")?),
            bond: Amount::read(input, "a bond")?,
            word: Word::read(input)?,
            planted: read_bool(input, "whether an alarm was about a plant")?,
            auditors: input.list_u8("auditors of an audit", AUDITORS_DRAWN_MAX, Auditor::read)?,
        })
    }
}
