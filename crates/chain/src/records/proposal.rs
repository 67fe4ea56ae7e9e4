//! A proposal: what is to be done, until when it is voted on, and what came of it.
//!
//! Never removed, so anybody can be shown what was decided. Money of a proposal is its bond, while it is open.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::PublicKey;

use super::{Name, NextGroup, ParameterNumber, Record, Slot, Tag};
use crate::domains::PROPOSAL;
use crate::group_key::{GroupKey, GroupSignature};
use crate::values::{Amount, Height, Time};

/// Which proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProposalId(pub Digest);

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProposalSlot(pub ProposalId);

/// What is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A parameter gets another value.
    Parameter {
        /// Which.
        number: ParameterNumber,
        /// Its value then.
        value: u128,
    },
    /// The treasury pays.
    Spend {
        /// Whom.
        to: PublicKey,
        /// How much.
        amount: Amount,
    },
    /// Blocks follow other rules.
    Rules {
        /// Which.
        version: u16,
        /// From which block time on.
        at: Time,
    },
    /// Another proposal ends.
    Cancel {
        /// Which.
        proposal: ProposalId,
        /// Who proposed it.
        proposer: PublicKey,
    },
    /// The group gets another key.
    Group {
        /// Which, and from which block on.
        next: NextGroup,
        /// That somebody has it.
        proof: GroupSignature,
    },
    /// A name gets another owner, or is reserved.
    Name {
        /// Which.
        name: Name,
        /// Whose it is then; none: nobody's, and no claim makes it somebody's.
        owner: PublicKey,
    },
}

/// What came of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing yet.
    Open,
    /// It was done.
    Enacted,
    /// Too few were for it.
    Refused,
    /// It was taken back, or another proposal ended it.
    Cancelled,
    /// Nobody enacted it in time.
    Lapsed,
}

/// A proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Who made it.
    pub proposer: PublicKey,
    /// What it put down; nothing any more once it is not open.
    pub bond: Amount,
    /// What is to be done.
    pub content: Content,
    /// When the vote ends.
    pub ends: Time,
    /// From when on it may be enacted.
    pub opens: Time,
    /// From when on no more.
    pub lapses: Time,
    /// What all nodes had at stake when it was made.
    pub staked: Amount,
    /// Stake that is for it.
    pub yes: Amount,
    /// Stake that is against it.
    pub no: Amount,
    /// What came of it.
    pub decision: Decision,
}

impl ProposalId {
    /// The id of the proposal that this transaction makes.
    #[must_use]
    pub fn of(network: Network, proposer: PublicKey, number: u64) -> Self {
        Self(PROPOSAL.hash(network, &[&proposer.0, &number.to_le_bytes()]))
    }

    /// Reads an id.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array("a proposal's id").map(Self)
    }
}

impl Content {
    /// Writes it.
    pub fn write(&self, out: &mut Writer) {
        match self {
            Self::Parameter { number, value } => {
                out.u8(1);
                out.u16(number.0);
                out.u128(*value);
            }
            Self::Spend { to, amount } => {
                out.u8(2);
                out.bytes(&to.0);
                amount.write(out);
            }
            Self::Rules { version, at } => {
                out.u8(3);
                out.u16(*version);
                out.u64(at.0);
            }
            Self::Cancel { proposal, proposer } => {
                out.u8(4);
                out.bytes(&proposal.0);
                out.bytes(&proposer.0);
            }
            Self::Group { next, proof } => {
                out.u8(5);
                out.bytes(&next.key.0);
                out.bytes(&proof.0);
                out.u64(next.at.0);
            }
            Self::Name { name, owner } => {
                out.u8(6);
                name.write(out);
                out.bytes(&owner.0);
            }
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "what is proposed";
        Ok(match input.u8(what)? {
            1 => Self::Parameter {
                number: ParameterNumber(input.u16("a parameter")?),
                value: input.u128("its value")?,
            },
            2 => Self::Spend {
                to: PublicKey(input.array("whom the treasury pays")?),
                amount: Amount::read(input, "what the treasury pays")?,
            },
            3 => Self::Rules {
                version: input.u16("the rules' version")?,
                at: Time(input.u64("from when on rules hold")?),
            },
            4 => Self::Cancel {
                proposal: ProposalId::read(input)?,
                proposer: PublicKey(input.array("a proposer")?),
            },
            5 => {
                let key = GroupKey(input.array("a group's key")?);
                let proof = GroupSignature(input.array("a proof that somebody has it")?);
                let at = Height(input.u64("from which block on it is the group's")?);
                Self::Group { next: NextGroup { key, at }, proof }
            }
            6 => Self::Name {
                name: Name::read(input)?,
                owner: PublicKey(input.array("whose a name is to be")?),
            },
            found => return Err(WireError::Unknown { what, found: found.into() }),
        })
    }
}

impl Decision {
    fn number(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Enacted => 1,
            Self::Refused => 2,
            Self::Cancelled => 3,
            Self::Lapsed => 4,
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "what came of a proposal";
        match input.u8(what)? {
            0 => Ok(Self::Open),
            1 => Ok(Self::Enacted),
            2 => Ok(Self::Refused),
            3 => Ok(Self::Cancelled),
            4 => Ok(Self::Lapsed),
            found => Err(WireError::Unknown { what, found: found.into() }),
        }
    }
}

impl ProposalSlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        ProposalId::read(input).map(Self)
    }
}

impl Slot for ProposalSlot {
    type Record = Proposal;

    fn key(&self) -> Vec<u8> {
        Tag::Proposal.key(&[&self.0.0])
    }
}

impl Record for Proposal {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.proposer.0);
        self.bond.write(out);
        self.content.write(out);
        [self.ends, self.opens, self.lapses].into_iter().for_each(|time| out.u64(time.0));
        [self.staked, self.yes, self.no].into_iter().for_each(|amount| amount.write(out));
        out.u8(self.decision.number());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let proposal = Self {
            proposer: PublicKey(input.array("a proposer")?),
            bond: Amount::read(input, "a proposal's bond")?,
            content: Content::read(input)?,
            ends: Time(input.u64("the end of a vote")?),
            opens: Time(input.u64("from when on a proposal may be enacted")?),
            lapses: Time(input.u64("until when a proposal may be enacted")?),
            staked: Amount::read(input, "what was at stake")?,
            yes: Amount::read(input, "stake for a proposal")?,
            no: Amount::read(input, "stake against a proposal")?,
            decision: Decision::read(input)?,
        };
        if proposal.decision != Decision::Open && proposal.bond != Amount::ZERO {
            let reason = "it is not open and has a bond";
            return Err(WireError::Value { what: "a proposal", reason });
        }
        Ok(proposal)
    }
}
