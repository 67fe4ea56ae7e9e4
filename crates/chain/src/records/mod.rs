//! What stands in the state: slots, each with a key and the record that may stand there (`spec/ledger.md` section 3).
//!
//! A [`Slot`] makes the key's bytes, its [`Record`] the value's. Never two kinds of record under one first byte of a
//! key. Failure: bytes that are no record are a [`WireError`]; in a validator's own state that is a fault.

mod account;
mod anchor;
mod asked;
mod audit;
mod audit_terms;
mod auditors;
mod ballot;
mod bond;
mod book;
mod candidates;
mod channel;
mod dispute;
mod epoch_start;
mod group;
mod hold;
mod key;
mod listed;
mod missing;
mod name;
mod node;
mod package;
mod parameters;
mod plant;
mod program;
mod proposal;
mod rules;
mod seats;
mod settlement;
mod stakes;
mod withheld;

pub use account::{Account, AccountSlot};
pub use anchor::{ANCHORS_EARLIER_MAX, Anchor, AnchorSlot};
pub use asked::Asked;
pub use audit::{
    AUDITORS_DRAWN_MAX, Audit, AuditSlot, AuditStage, Auditor, Awaited, Shown, Word,
    audit_commitment, audit_finding,
};
pub use audit_terms::AuditTerms;
pub use auditors::{AUDITORS_MAX, Auditors, AuditorsSlot, Panel, PanelSlot, Panelist};
pub use ballot::{Ballot, BallotSlot};
pub use bond::Bond;
pub use book::{Clock, ClockSlot, Purse, PurseSlot};
pub use candidates::{CANDIDATES_MAX, Candidates, CandidatesSlot};
pub use channel::{Channel, ChannelId, ChannelSlot, Closing};
pub use dispute::{
    Case, ClaimedStep, Course, Dispute, DisputeSlot, Matter, Outcome, Promised, Stage, Vouching,
    dispute_state_hash,
};
pub use epoch_start::{EpochStart, EpochStartSlot};
pub use group::{Group, GroupSlot, NextGroup};
pub use hold::{Hold, HoldSlot};
pub use key::{BoundKey, KeyRole, KeySlot};
pub use missing::{Missing, MissingSlot};
pub use name::{
    LABEL_BYTES_MAX, Label, LabelRecord, LabelSlot, NAME_BYTES_MAX, Name, NameRecord, NameSlot,
};
pub use node::{
    ADDRESS_BYTES_MAX, Address, Node, NodeId, NodeSlot, Owed, Roles, Silences, UNBONDING_MAX,
    Unbonding,
};
pub use package::{PACKAGE_FILES_MAX, Package, PackageSlot, Part};
pub use parameters::{PARAMETERS_MAX, ParameterNumber, ParameterValues, ParametersSlot};
pub use plant::{Plant, PlantSlot, Planted};
pub use program::{PROGRAM_BYTES_MAX, ProgramBytes, ProgramSlot};
pub use proposal::{Content, Decision, Proposal, ProposalId, ProposalSlot};
pub use rules::{Rules, RulesSlot};
pub use seats::{SEATS_MAX, Seat, Seats, SeatsSlot};
pub use settlement::{EpochBook, EpochBookSlot, SPANS_MAX, Settlement, SettlementSlot, Span};
pub use stakes::{Stakes, StakesSlot};
pub use withheld::{Withheld, WithheldSlot};

use commit::{Reader, WireError, Writer};

/// Parts that a share is counted in.
const MILLION: u32 = 1_000_000;
/// Bytes of the greatest record.
pub const RECORD_BYTES_MAX: usize = 1 << 18;

/// Something that stands in the state.
pub trait Record: Sized {
    /// Writes its canonical bytes.
    fn write(&self, out: &mut Writer);

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    fn read(input: &mut Reader<'_>) -> Result<Self, WireError>;

    /// The canonical bytes.
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.write(&mut out);
        out.finish()
    }

    /// Reads them to the end.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        let record = Self::read(&mut input)?;
        input.end("the record")?;
        Ok(record)
    }
}

/// Where one record may stand.
pub trait Slot {
    /// What may stand there.
    type Record: Record;

    /// The key's bytes.
    fn key(&self) -> Vec<u8>;
}

/// Kinds of records: the first byte of a key. A number is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    Clock = 1,
    Purse = 2,
    Parameters = 3,
    Seats = 4,
    Account = 5,
    Node = 6,
    Key = 7,
    Candidates = 8,
    Stakes = 9,
    Package = 10,
    Program = 11,
    Name = 12,
    Label = 13,
    Channel = 14,
    EpochBook = 15,
    Settlement = 16,
    Anchor = 17,
    Dispute = 18,
    Missing = 19,
    Hold = 20,
    EpochStart = 21,
    Auditors = 22,
    Audit = 23,
    Proposal = 24,
    Ballot = 25,
    Rules = 26,
    Panel = 27,
    Plant = 28,
    Withheld = 29,
    Group = 30,
}

impl Tag {
    /// A key of this kind.
    pub(crate) fn key(self, rest: &[&[u8]]) -> Vec<u8> {
        let mut key = vec![self as u8];
        rest.iter().for_each(|part| key.extend_from_slice(part));
        key
    }
}

/// A slot and what stands there, of whatever kind: what somebody sees who goes through a whole state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// The clock.
    Clock(Clock),
    /// The network's own money.
    Purse(Purse),
    /// The parameters.
    Parameters(ParameterValues),
    /// The seats.
    Seats(Seats),
    /// An account.
    Account(AccountSlot, Account),
    /// A node.
    Node(NodeSlot, Node),
    /// A node's key.
    Key(KeySlot, BoundKey),
    /// Who would have seats.
    Candidates(Candidates),
    /// All stakes together.
    Stakes(Stakes),
    /// A published model.
    Package(PackageSlot, Package),
    /// A program.
    Program(ProgramSlot, ProgramBytes),
    /// A name.
    Name(NameSlot, NameRecord),
    /// A label.
    Label(LabelSlot, LabelRecord),
    /// A channel.
    Channel(ChannelSlot, Channel),
    /// An epoch's book.
    EpochBook(EpochBookSlot, EpochBook),
    /// A settlement.
    Settlement(SettlementSlot, Settlement),
    /// A log's anchor.
    Anchor(AnchorSlot, Anchor),
    /// A dispute.
    Dispute(DisputeSlot, Dispute),
    /// A receipt that is asked for.
    Missing(MissingSlot, Missing),
    /// What a dispute holds of a settlement.
    Hold(HoldSlot, Hold),
    /// An epoch's start.
    EpochStart(EpochStartSlot, EpochStart),
    /// Who can be drawn as an auditor.
    Auditors(Auditors),
    /// An audit.
    Audit(AuditSlot, Audit),
    /// Among whom auditors are drawn in an epoch.
    Panel(Panel),
    /// A proposal.
    Proposal(ProposalSlot, Proposal),
    /// A vote.
    Ballot(BallotSlot, Ballot),
    /// The rules' version.
    Rules(Rules),
    /// A plant.
    Plant(PlantSlot, Plant),
    /// A chunk that is asked for.
    Withheld(WithheldSlot, Withheld),
    /// Whose one key certifies blocks.
    Group(Group),
}

impl Held {
    /// Reads an entry of a state.
    ///
    /// # Errors
    /// [`WireError`] for a key or a record that is none.
    pub fn decode(key: &[u8], value: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(key);
        let held = match input.u8("the kind of a record")? {
            1 => Self::Clock(Clock::decode(value)?),
            2 => Self::Purse(Purse::decode(value)?),
            3 => Self::Parameters(ParameterValues::decode(value)?),
            4 => Self::Seats(Seats::decode(value)?),
            5 => Self::Account(AccountSlot::read(&mut input)?, Account::decode(value)?),
            6 => Self::Node(NodeSlot::read(&mut input)?, Node::decode(value)?),
            7 => Self::Key(KeySlot::read(&mut input)?, BoundKey::decode(value)?),
            8 => Self::Candidates(Candidates::decode(value)?),
            9 => Self::Stakes(Stakes::decode(value)?),
            10 => Self::Package(PackageSlot::read(&mut input)?, Package::decode(value)?),
            11 => {
                let slot = ProgramSlot(input.array("a program's hash")?);
                Self::Program(slot, ProgramBytes::decode(value)?)
            }
            12 => Self::Name(NameSlot(Name::read(&mut input)?), NameRecord::decode(value)?),
            13 => Self::Label(LabelSlot::read(&mut input)?, LabelRecord::decode(value)?),
            14 => Self::Channel(ChannelSlot::read(&mut input)?, Channel::decode(value)?),
            15 => Self::EpochBook(EpochBookSlot::read(&mut input)?, EpochBook::decode(value)?),
            16 => Self::Settlement(SettlementSlot::read(&mut input)?, Settlement::decode(value)?),
            17 => Self::Anchor(AnchorSlot::read(&mut input)?, Anchor::decode(value)?),
            18 => Self::Dispute(DisputeSlot::read(&mut input)?, Dispute::decode(value)?),
            19 => Self::Missing(MissingSlot::read(&mut input)?, Missing::decode(value)?),
            20 => Self::Hold(HoldSlot::read(&mut input)?, Hold::decode(value)?),
            21 => Self::EpochStart(EpochStartSlot::read(&mut input)?, EpochStart::decode(value)?),
            22 => Self::Auditors(Auditors::decode(value)?),
            23 => Self::Audit(AuditSlot::read(&mut input)?, Audit::decode(value)?),
            24 => Self::Proposal(ProposalSlot::read(&mut input)?, Proposal::decode(value)?),
            25 => Self::Ballot(BallotSlot::read(&mut input)?, Ballot::decode(value)?),
            26 => Self::Rules(Rules::decode(value)?),
            27 => Self::Panel(Panel::decode(value)?),
            28 => Self::Plant(PlantSlot::read(&mut input)?, Plant::decode(value)?),
            29 => Self::Withheld(WithheldSlot::read(&mut input)?, Withheld::decode(value)?),
            30 => Self::Group(Group::decode(value)?),
            found => {
                let what = "the kind of a record";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        };
        input.end("the key")?;
        Ok(held)
    }
}

/// A byte that is 0 or 1.
/// Millionths of something.
fn read_share(input: &mut Reader<'_>, what: &'static str) -> Result<u32, WireError> {
    let share = input.u32(what)?;
    match share <= MILLION {
        true => Ok(share),
        false => Err(WireError::Value { what, reason: "it is more than all" }),
    }
}

fn read_bool(input: &mut Reader<'_>, what: &'static str) -> Result<bool, WireError> {
    match input.u8(what)? {
        0 => Ok(false),
        1 => Ok(true),
        found => Err(WireError::Unknown { what, found: found.into() }),
    }
}
