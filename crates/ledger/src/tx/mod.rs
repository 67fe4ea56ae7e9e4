//! What a transaction can ask: one file a kind, one line here and in `touched` in each function.
//!
//! Never reads more of the state than [`Action::touches`] names. A body's bytes have one form.

mod anchor;
mod appeal;
mod audit_ask;
mod audit_close;
mod audit_commit;
mod audit_late;
mod audit_opening;
mod audit_reveal;
mod audit_show;
mod cancel;
mod channel_close;
mod channel_end;
mod channel_open;
mod collect;
mod dispute_end;
mod dispute_late;
mod dispute_move;
mod dispute_open;
mod double_leaf;
mod double_receipt;
mod draw;
mod enact;
mod enrol;
mod equivocation;
mod group_next;
mod hold;
mod label;
mod missing_answer;
mod missing_late;
mod missing_open;
mod name_claim;
mod name_transfer;
mod node_create;
mod node_key;
mod node_retire;
mod node_set;
mod package;
mod package_withdraw;
mod part_answer;
mod part_late;
mod part_open;
mod plant;
mod plant_end;
mod plant_meet;
mod program;
mod propose;
mod release;
mod settle;
mod stake;
mod stand;
mod touched;
mod transfer;
mod unstake;
mod vote;
mod vouch_dispute;
mod withdraw;

pub use crate::listing::Wish;
pub use crate::whole::JobShown;
pub use anchor::{ANCHOR_PROOF_MAX, AnchorLog};
pub use appeal::Appeal;
pub use audit_ask::{ASKED_TOKENS_MAX, AuditAsk};
pub use audit_close::AuditClose;
pub use audit_commit::AuditCommit;
pub use audit_late::AuditLate;
pub use audit_opening::AuditOpening;
pub use audit_reveal::{AuditReveal, Found};
pub use audit_show::AuditShow;
pub use cancel::Cancel;
pub use channel_close::ChannelClose;
pub use channel_end::ChannelEnd;
pub use channel_open::ChannelOpen;
pub use collect::Collect;
pub use dispute_end::DisputeEnd;
pub use dispute_late::DisputeLate;
pub use dispute_move::DisputeMove;
pub use dispute_open::{Alarm, DisputeOpen};
pub use double_leaf::DoubleLeaf;
pub use double_receipt::DoubleReceipt;
pub use draw::DrawAudit;
pub use enact::Enact;
pub use enrol::Enrol;
pub use equivocation::ShowEquivocation;
pub use group_next::GroupNext;
pub use hold::{DisputedStep, HoldPay};
pub use label::SetLabel;
pub use missing_answer::AnswerMissing;
pub use missing_late::MissingLate;
pub use missing_open::MissingOpen;
pub use name_claim::NameClaim;
pub use name_transfer::NameTransfer;
pub use node_create::NodeCreate;
pub use node_key::NodeKey;
pub use node_retire::NodeRetire;
pub use node_set::NodeSet;
pub use package::{MANIFEST_BYTES_MAX, PublishPackage};
pub use package_withdraw::PackageWithdraw;
pub use part_answer::AnswerPart;
pub use part_late::PartLate;
pub use part_open::PartOpen;
pub use plant::PutPlant;
pub use plant_end::PlantEnd;
pub use plant_meet::MeetPlant;
pub use program::{PROGRAM_OPS_MAX, PublishProgram};
pub use propose::Propose;
pub use release::ReleasePay;
pub use settle::Settle;
pub use stake::Stake;
pub use stand::Stand;
pub use transfer::Transfer;
pub use unstake::Unstake;
pub use vote::Vote;
pub use vouch_dispute::VouchDispute;
pub use withdraw::Withdraw;

use chain::KindNumber;
use commit::{Reader, WireError, Writer};

use crate::context::{Author, Context};
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Work of checking a signature. A transaction has its own; what a body brings is in its kind's work.
const SIGNATURE_WORK: u64 = 60;
/// Work of reading and writing a list of as many nodes as may be listed: some twelve transfers.
const LIST_WORK: u64 = 20;

/// A body, by its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Kind 1.
    Transfer(Transfer),
    /// Kind 2.
    NodeCreate(NodeCreate),
    /// Kind 3.
    NodeSet(NodeSet),
    /// Kind 4.
    NodeKey(NodeKey),
    /// Kind 5.
    NodeRetire(NodeRetire),
    /// Kind 6.
    Stake(Stake),
    /// Kind 7.
    Unstake(Unstake),
    /// Kind 8.
    Withdraw(Withdraw),
    /// Kind 9.
    Stand(Stand),
    /// Kind 10.
    Program(PublishProgram),
    /// Kind 11.
    Package(Box<PublishPackage>),
    /// Kind 12.
    PackageWithdraw(PackageWithdraw),
    /// Kind 13.
    NameClaim(NameClaim),
    /// Kind 14.
    NameTransfer(NameTransfer),
    /// Kind 15.
    Label(SetLabel),
    /// Kind 20.
    ChannelOpen(ChannelOpen),
    /// Kind 21.
    Settle(Settle),
    /// Kind 22.
    ChannelClose(ChannelClose),
    /// Kind 23.
    ChannelEnd(ChannelEnd),
    /// Kind 24.
    Anchor(AnchorLog),
    /// Kind 25.
    Collect(Collect),
    /// Kind 26.
    Hold(Box<HoldPay>),
    /// Kind 27.
    Release(ReleasePay),
    /// Kind 30.
    Enrol(Enrol),
    /// Kind 31.
    Draw(DrawAudit),
    /// Kind 32.
    AuditShow(Box<AuditShow>),
    /// Kind 33.
    AuditCommit(AuditCommit),
    /// Kind 34.
    AuditReveal(AuditReveal),
    /// Kind 35.
    AuditClose(Box<AuditClose>),
    /// Kind 36.
    AuditLate(Box<AuditLate>),
    /// Kind 37.
    VouchDispute(Box<VouchDispute>),
    /// Kind 38.
    AuditAsk(AuditAsk),
    /// Kind 39.
    AuditOpening(Box<AuditOpening>),
    /// Kind 40.
    DoubleReceipt(Box<DoubleReceipt>),
    /// Kind 41.
    DoubleLeaf(Box<DoubleLeaf>),
    /// Kind 42.
    GroupNext(Box<GroupNext>),
    /// Kind 50.
    DisputeOpen(Box<DisputeOpen>),
    /// Kind 51.
    DisputeMove(Box<DisputeMove>),
    /// Kind 52.
    DisputeLate(DisputeLate),
    /// Kind 53.
    DisputeEnd(Box<DisputeEnd>),
    /// Kind 54.
    Appeal(Appeal),
    /// Kind 60.
    Equivocation(Box<ShowEquivocation>),
    /// Kind 61.
    MissingOpen(Box<MissingOpen>),
    /// Kind 62.
    MissingAnswer(Box<AnswerMissing>),
    /// Kind 63.
    MissingLate(MissingLate),
    /// Kind 64.
    PartOpen(Box<PartOpen>),
    /// Kind 65.
    PartAnswer(Box<AnswerPart>),
    /// Kind 66.
    PartLate(PartLate),
    /// Kind 70.
    Plant(PutPlant),
    /// Kind 71.
    PlantMeet(Box<MeetPlant>),
    /// Kind 72.
    PlantEnd(PlantEnd),
    /// Kind 80.
    Propose(Propose),
    /// Kind 81.
    Vote(Vote),
    /// Kind 82.
    Cancel(Cancel),
    /// Kind 83.
    Enact(Enact),
}

impl Action {
    /// The number of its kind.
    #[must_use]
    pub fn kind(&self) -> KindNumber {
        KindNumber(match self {
            Self::Transfer(_) => 1,
            Self::NodeCreate(_) => 2,
            Self::NodeSet(_) => 3,
            Self::NodeKey(_) => 4,
            Self::NodeRetire(_) => 5,
            Self::Stake(_) => 6,
            Self::Unstake(_) => 7,
            Self::Withdraw(_) => 8,
            Self::Stand(_) => 9,
            Self::Program(_) => 10,
            Self::Package(_) => 11,
            Self::PackageWithdraw(_) => 12,
            Self::NameClaim(_) => 13,
            Self::NameTransfer(_) => 14,
            Self::Label(_) => 15,
            Self::ChannelOpen(_) => 20,
            Self::Settle(_) => 21,
            Self::ChannelClose(_) => 22,
            Self::ChannelEnd(_) => 23,
            Self::Anchor(_) => 24,
            Self::Collect(_) => 25,
            Self::Hold(_) => 26,
            Self::Release(_) => 27,
            Self::Enrol(_) => 30,
            Self::Draw(_) => 31,
            Self::AuditShow(_) => 32,
            Self::AuditCommit(_) => 33,
            Self::AuditReveal(_) => 34,
            Self::AuditClose(_) => 35,
            Self::AuditLate(_) => 36,
            Self::VouchDispute(_) => 37,
            Self::AuditAsk(_) => 38,
            Self::AuditOpening(_) => 39,
            Self::DoubleReceipt(_) => 40,
            Self::DoubleLeaf(_) => 41,
            Self::GroupNext(_) => 42,
            Self::DisputeOpen(_) => 50,
            Self::DisputeMove(_) => 51,
            Self::DisputeLate(_) => 52,
            Self::DisputeEnd(_) => 53,
            Self::Appeal(_) => 54,
            Self::Equivocation(_) => 60,
            Self::MissingOpen(_) => 61,
            Self::MissingAnswer(_) => 62,
            Self::MissingLate(_) => 63,
            Self::PartOpen(_) => 64,
            Self::PartAnswer(_) => 65,
            Self::PartLate(_) => 66,
            Self::Plant(_) => 70,
            Self::PlantMeet(_) => 71,
            Self::PlantEnd(_) => 72,
            Self::Propose(_) => 80,
            Self::Vote(_) => 81,
            Self::Cancel(_) => 82,
            Self::Enact(_) => 83,
        })
    }

    /// The body's canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        match self {
            Self::Transfer(action) => action.write(&mut out),
            Self::NodeCreate(action) => action.write(&mut out),
            Self::NodeSet(action) => action.write(&mut out),
            Self::NodeKey(action) => action.write(&mut out),
            Self::NodeRetire(action) => action.write(&mut out),
            Self::Stake(action) => action.write(&mut out),
            Self::Unstake(action) => action.write(&mut out),
            Self::Withdraw(action) => action.write(&mut out),
            Self::Stand(action) => action.write(&mut out),
            Self::Program(action) => action.write(&mut out),
            Self::Package(action) => action.write(&mut out),
            Self::PackageWithdraw(action) => action.write(&mut out),
            Self::NameClaim(action) => action.write(&mut out),
            Self::NameTransfer(action) => action.write(&mut out),
            Self::Label(action) => action.write(&mut out),
            Self::ChannelOpen(action) => action.write(&mut out),
            Self::Settle(action) => action.write(&mut out),
            Self::ChannelClose(action) => action.write(&mut out),
            Self::ChannelEnd(action) => action.write(&mut out),
            Self::Anchor(action) => action.write(&mut out),
            Self::Collect(action) => action.write(&mut out),
            Self::Hold(action) => action.write(&mut out),
            Self::Release(action) => action.write(&mut out),
            Self::Enrol(action) => action.write(&mut out),
            Self::Draw(action) => action.write(&mut out),
            Self::AuditShow(action) => action.write(&mut out),
            Self::AuditCommit(action) => action.write(&mut out),
            Self::AuditReveal(action) => action.write(&mut out),
            Self::AuditClose(action) => action.write(&mut out),
            Self::AuditLate(action) => action.write(&mut out),
            Self::VouchDispute(action) => action.write(&mut out),
            Self::AuditAsk(action) => action.write(&mut out),
            Self::AuditOpening(action) => action.write(&mut out),
            Self::DoubleReceipt(action) => action.write(&mut out),
            Self::DoubleLeaf(action) => action.write(&mut out),
            Self::GroupNext(action) => action.write(&mut out),
            Self::DisputeOpen(action) => action.write(&mut out),
            Self::DisputeMove(action) => action.write(&mut out),
            Self::DisputeLate(action) => action.write(&mut out),
            Self::DisputeEnd(action) => action.write(&mut out),
            Self::Appeal(action) => action.write(&mut out),
            Self::Equivocation(action) => action.write(&mut out),
            Self::MissingOpen(action) => action.write(&mut out),
            Self::MissingAnswer(action) => action.write(&mut out),
            Self::MissingLate(action) => action.write(&mut out),
            Self::PartOpen(action) => action.write(&mut out),
            Self::PartAnswer(action) => action.write(&mut out),
            Self::PartLate(action) => action.write(&mut out),
            Self::Plant(action) => action.write(&mut out),
            Self::PlantMeet(action) => action.write(&mut out),
            Self::PlantEnd(action) => action.write(&mut out),
            Self::Propose(action) => action.write(&mut out),
            Self::Vote(action) => action.write(&mut out),
            Self::Cancel(action) => action.write(&mut out),
            Self::Enact(action) => action.write(&mut out),
        }
        out.finish()
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Rejection::Kind`] or [`Rejection::Body`].
    pub fn decode(kind: KindNumber, body: &[u8]) -> Result<Self, Rejection> {
        let mut input = Reader::new(body);
        let action = Self::read(kind, &mut input)?.map_err(|_| Rejection::Body)?;
        require(input.end("the body").is_ok(), Rejection::Body)?;
        Ok(action)
    }

    fn read(
        kind: KindNumber,
        input: &mut Reader<'_>,
    ) -> Result<Result<Self, WireError>, Rejection> {
        Ok(match kind.0 {
            1 => Transfer::read(input).map(Self::Transfer),
            2 => NodeCreate::read(input).map(Self::NodeCreate),
            3 => NodeSet::read(input).map(Self::NodeSet),
            4 => NodeKey::read(input).map(Self::NodeKey),
            5 => NodeRetire::read(input).map(Self::NodeRetire),
            6 => Stake::read(input).map(Self::Stake),
            7 => Unstake::read(input).map(Self::Unstake),
            8 => Withdraw::read(input).map(Self::Withdraw),
            9 => Stand::read(input).map(Self::Stand),
            10 => PublishProgram::read(input).map(Self::Program),
            11 => PublishPackage::read(input).map(|action| Self::Package(Box::new(action))),
            12 => PackageWithdraw::read(input).map(Self::PackageWithdraw),
            13 => NameClaim::read(input).map(Self::NameClaim),
            14 => NameTransfer::read(input).map(Self::NameTransfer),
            15 => SetLabel::read(input).map(Self::Label),
            20 => ChannelOpen::read(input).map(Self::ChannelOpen),
            21 => Settle::read(input).map(Self::Settle),
            22 => ChannelClose::read(input).map(Self::ChannelClose),
            23 => ChannelEnd::read(input).map(Self::ChannelEnd),
            24 => AnchorLog::read(input).map(Self::Anchor),
            25 => Collect::read(input).map(Self::Collect),
            26 => HoldPay::read(input).map(|action| Self::Hold(Box::new(action))),
            27 => ReleasePay::read(input).map(Self::Release),
            30 => Enrol::read(input).map(Self::Enrol),
            31 => DrawAudit::read(input).map(Self::Draw),
            32 => AuditShow::read(input).map(|action| Self::AuditShow(Box::new(action))),
            33 => AuditCommit::read(input).map(Self::AuditCommit),
            34 => AuditReveal::read(input).map(Self::AuditReveal),
            35 => AuditClose::read(input).map(|action| Self::AuditClose(Box::new(action))),
            36 => AuditLate::read(input).map(|action| Self::AuditLate(Box::new(action))),
            37 => VouchDispute::read(input).map(|read| Self::VouchDispute(Box::new(read))),
            38 => AuditAsk::read(input).map(Self::AuditAsk),
            39 => AuditOpening::read(input).map(|action| Self::AuditOpening(Box::new(action))),
            40 => DoubleReceipt::read(input).map(|shown| Self::DoubleReceipt(Box::new(shown))),
            41 => DoubleLeaf::read(input).map(|shown| Self::DoubleLeaf(Box::new(shown))),
            42 => GroupNext::read(input).map(|named| Self::GroupNext(Box::new(named))),
            50 => DisputeOpen::read(input).map(|action| Self::DisputeOpen(Box::new(action))),
            51 => DisputeMove::read(input).map(|action| Self::DisputeMove(Box::new(action))),
            52 => DisputeLate::read(input).map(Self::DisputeLate),
            53 => DisputeEnd::read(input).map(|action| Self::DisputeEnd(Box::new(action))),
            54 => Appeal::read(input).map(Self::Appeal),
            60 => ShowEquivocation::read(input).map(|shown| Self::Equivocation(Box::new(shown))),
            61 => MissingOpen::read(input).map(|asked| Self::MissingOpen(Box::new(asked))),
            62 => AnswerMissing::read(input).map(|shown| Self::MissingAnswer(Box::new(shown))),
            63 => MissingLate::read(input).map(Self::MissingLate),
            64 => PartOpen::read(input).map(|read| Self::PartOpen(Box::new(read))),
            65 => AnswerPart::read(input).map(|read| Self::PartAnswer(Box::new(read))),
            66 => PartLate::read(input).map(Self::PartLate),
            70 => PutPlant::read(input).map(Self::Plant),
            71 => MeetPlant::read(input).map(|read| Self::PlantMeet(Box::new(read))),
            72 => PlantEnd::read(input).map(Self::PlantEnd),
            80 => Propose::read(input).map(Self::Propose),
            81 => Vote::read(input).map(Self::Vote),
            82 => Cancel::read(input).map(Self::Cancel),
            83 => Enact::read(input).map(Self::Enact),
            _ => return Err(Rejection::Kind),
        })
    }

    /// Units of work that are paid for besides bytes: of the kind, and of the transaction's own signature.
    #[must_use]
    pub fn work(&self) -> u64 {
        SIGNATURE_WORK + self.own_work()
    }

    /// Units of work of the kind.
    fn own_work(&self) -> u64 {
        match self {
            Self::Transfer(_)
            | Self::NodeSet(_)
            | Self::NodeRetire(_)
            | Self::Stake(_)
            | Self::Unstake(_)
            | Self::Withdraw(_)
            | Self::PackageWithdraw(_)
            | Self::NameClaim(_)
            | Self::NameTransfer(_)
            | Self::Label(_)
            | Self::Vote(_)
            | Self::Cancel(_)
            | Self::Enact(_)
            | Self::ChannelOpen(_)
            | Self::ChannelClose(_)
            | Self::ChannelEnd(_)
            | Self::Collect(_)
            | Self::Release(_)
            | Self::AuditCommit(_)
            | Self::AuditClose(_)
            | Self::AuditLate(_)
            | Self::AuditAsk(_)
            | Self::DisputeLate(_)
            | Self::DisputeEnd(_)
            | Self::Appeal(_)
            | Self::MissingLate(_)
            | Self::PartLate(_)
            | Self::Plant(_)
            | Self::PlantEnd(_) => 1,
            Self::Stand(_) | Self::Enrol(_) => LIST_WORK,
            Self::NodeCreate(action) => action.work(),
            Self::NodeKey(action) => action.work(),
            Self::Program(action) => action.work(),
            Self::Package(action) => action.work(),
            Self::Settle(action) => action.work(),
            Self::Propose(action) => action.work(),
            Self::Anchor(action) => action.work(),
            Self::DisputeOpen(action) => action.work(),
            Self::DisputeMove(action) => action.work(),
            Self::VouchDispute(action) => action.work(),
            Self::Draw(_) => draw::WORK,
            Self::AuditShow(action) => action.work(),
            Self::AuditReveal(_) => audit_reveal::WORK,
            Self::AuditOpening(action) => action.work(),
            Self::DoubleReceipt(_) => double_receipt::WORK,
            Self::DoubleLeaf(_) => double_leaf::WORK,
            Self::GroupNext(action) => action.work(),
            Self::Equivocation(_) => equivocation::WORK,
            Self::MissingOpen(_) => missing_open::WORK,
            Self::Hold(_) => hold::WORK,
            Self::MissingAnswer(_) => missing_answer::WORK,
            Self::PartOpen(_) => part_open::WORK,
            Self::PartAnswer(_) => part_answer::WORK,
            Self::PlantMeet(_) => plant_meet::WORK,
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// [`Stop`]; what was put into the view is worth nothing then.
    pub fn execute(&self, context: &Context, author: &Author, view: &mut View) -> Result<(), Stop> {
        match self {
            Self::Transfer(action) => action.execute(author, view),
            Self::NodeCreate(action) => action.execute(context, author, view),
            Self::NodeSet(action) => action.execute(author, view),
            Self::NodeKey(action) => action.execute(context, author, view),
            Self::NodeRetire(action) => action.execute(author, view),
            Self::Stake(action) => action.execute(author, view),
            Self::Unstake(action) => action.execute(context, author, view),
            Self::Withdraw(action) => action.execute(context, author, view),
            Self::Stand(action) => action.execute(context, author, view),
            Self::Program(action) => action.execute(view),
            Self::Package(action) => action.execute(context, view),
            Self::PackageWithdraw(action) => action.execute(context, author, view),
            Self::NameClaim(action) => action.execute(context, author, view),
            Self::NameTransfer(action) => action.execute(context, author, view),
            Self::Label(action) => action.execute(context, author, view),
            Self::ChannelOpen(action) => action.execute(context, author, view),
            Self::Settle(action) => action.execute(context, author, view),
            Self::ChannelClose(action) => action.execute(context, author, view),
            Self::ChannelEnd(action) => action.execute(context, view),
            Self::Anchor(action) => action.execute(context, author, view),
            Self::Collect(action) => action.execute(context, view),
            Self::Hold(action) => action.execute(context, view),
            Self::Release(action) => action.execute(view),
            Self::Enrol(action) => action.execute(context, author, view),
            Self::Draw(action) => action.execute(context, author, view),
            Self::AuditShow(action) => action.execute(context, author, view),
            Self::AuditCommit(action) => action.execute(context, author, view),
            Self::AuditReveal(action) => action.execute(context, author, view),
            Self::AuditClose(action) => action.execute(context, view),
            Self::AuditLate(action) => action.execute(context, view),
            Self::VouchDispute(action) => action.execute(context, author, view),
            Self::AuditAsk(action) => action.execute(context, author, view),
            Self::AuditOpening(action) => action.execute(context, author, view),
            Self::DoubleReceipt(action) => action.execute(context, author, view),
            Self::DoubleLeaf(action) => action.execute(context, author, view),
            Self::GroupNext(action) => action.execute(context, view),
            Self::DisputeOpen(action) => action.execute(context, author, view),
            Self::DisputeMove(action) => action.execute(context, author, view),
            Self::DisputeLate(action) => action.execute(context, view),
            Self::DisputeEnd(action) => action.execute(context, view),
            Self::Appeal(action) => action.execute(context, author, view),
            Self::Equivocation(action) => action.execute(context, author, view),
            Self::MissingOpen(action) => action.execute(context, author, view),
            Self::MissingAnswer(action) => action.execute(context, author, view),
            Self::MissingLate(action) => action.execute(context, view),
            Self::PartOpen(action) => action.execute(context, author, view),
            Self::PartAnswer(action) => action.execute(context, author, view),
            Self::PartLate(action) => action.execute(context, view),
            Self::Plant(action) => action.execute(context, author, view),
            Self::PlantMeet(action) => action.execute(context, author, view),
            Self::PlantEnd(action) => action.execute(context, author, view),
            Self::Propose(action) => action.execute(context, author, view),
            Self::Vote(action) => action.execute(context, author, view),
            Self::Cancel(action) => action.execute(context, author, view),
            Self::Enact(action) => action.execute(context, view),
        }
    }
}
