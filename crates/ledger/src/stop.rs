//! Why a transaction is not taken: it is rejected, which is an outcome with a number, its block is full, or this validator
//! is broken.
//!
//! Never mixes them: a rejection changes nothing and anybody finds the same one; a [`Fault`] ends the instance.

use commit::WireError;
use thiserror::Error;

#[cfg(feature = "canary")]
use crate::canary::is_taken_out;

/// Why execution ended before its end.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Stop {
    /// The transaction can't be taken now.
    #[error("rejected: {0}")]
    Rejected(#[from] Rejection),
    /// The block has no room for its work; another block may have.
    #[error("the block has no room for so much work")]
    NoRoom,
    /// This validator can't go on.
    #[error("fault: {0}")]
    Fault(#[from] Fault),
}

/// What must not be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// What stands in the state is no record.
    #[error("the state holds bytes that are no record: {0}")]
    Record(#[from] WireError),
    /// A record that every state has is not there.
    #[error("the state lacks {0}")]
    Lacking(&'static str),
    /// A transaction used a key that it had not said it would.
    #[error("a transaction of kind {kind} used a key that it did not name")]
    Undeclared {
        /// Its kind.
        kind: u16,
    },
    /// More money than there is.
    #[error("{0} would leave the bounds of an amount")]
    Money(&'static str),
}

/// Holds a transaction to a rule: every rejection that is a plain condition's comes from here, so that a build that is
/// there to be caught can do without one (`canary.rs`).
///
/// # Errors
/// The rejection, where the rule does not hold.
pub(crate) fn require(holds: bool, rejection: Rejection) -> Result<(), Rejection> {
    match holds || is_taken_out(rejection) {
        true => Ok(()),
        false => Err(rejection),
    }
}

/// No rule is ever taken out.
#[cfg(not(feature = "canary"))]
const fn is_taken_out(_: Rejection) -> bool {
    false
}

macro_rules! rejections {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $text:literal;)+) => {
        /// Why a transaction can't be taken. A number is never used twice.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
        #[repr(u16)]
        pub enum Rejection {
            $($(#[doc = $doc])+ #[error($text)] $name = $number,)+
        }

        impl Rejection {
            /// Every one, by its number.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its number.
            #[must_use]
            pub const fn number(self) -> u16 {
                self as u16
            }
        }
    };
}

rejections! {
    /// No kind of transaction has this number.
    Kind = 1, "no kind of transaction has this number";
    /// The body is not one of its kind.
    Body = 2, "the body is not canonical bytes of its kind";
    /// The account has made more or fewer transactions.
    Number = 3, "the number is not the account's next one";
    /// The account has too little for the fee.
    FeeUnpaid = 4, "the account has too little left for the fee";
    /// It costs more than its payer allows.
    FeeAbove = 5, "it costs more than the greatest fee that was signed";
    /// An amount of nothing.
    NothingMoved = 6, "an amount must be above zero";
    /// To the one it comes from.
    ToItself = 7, "money can't be moved to where it comes from";
    /// Less than is asked for.
    Balance = 8, "the account has less than that";
    /// The payer's number can't grow.
    Exhausted = 9, "the account has made as many transactions as one may";
    /// A key that did not say that it is the node's.
    KeyUnsigned = 20, "the key did not sign that it is the node's";
    /// A key is bound once.
    KeyBound = 21, "the key is, or was, bound to a node";
    /// No node of this id.
    NoNode = 22, "there is no such node";
    /// Somebody else's node.
    NotOwner = 23, "only the node's owner may";
    /// A node that has ended.
    Retired = 24, "the node is retired";
    /// The node has another key now.
    KeyBefore = 25, "the node has another key there now";
    /// Less than is asked for.
    StakeLess = 26, "the node has less at stake than that";
    /// Open disputes may still take it.
    Owed = 27, "open disputes may still take that much of the stake";
    /// A node's list is full.
    UnbondingFull = 28, "the node has as many amounts unbonding as one may";
    /// Nothing can be withdrawn yet.
    NothingDue = 29, "nothing of the node's is due";
    /// It is out of work for a time.
    Jailed = 30, "the node is jailed";
    /// Nothing to vote for blocks with.
    NoValidatorKey = 31, "the node has no validator key";
    /// Not enough for a seat.
    StakeShort = 32, "the node has less at stake than a candidate needs";
    /// It stands.
    Standing = 33, "the node stands for seats already";
    /// It does not stand.
    NotStanding = 34, "the node does not stand for seats";
    /// No room.
    CandidatesFull = 35, "as many nodes stand as may, and the one that is named does not stand with less at stake";
    /// It was published before.
    ProgramThere = 50, "the program stands in the ledger already";
    /// Nothing could run it.
    ProgramForm = 51, "the bytes are no program, or one that nothing may run";
    /// The same was published by the same key before.
    PackageThere = 52, "this key has published the package already";
    /// Not the publisher's.
    PackageSignature = 53, "the publisher's key did not sign this model id";
    /// Its program was not published.
    ProgramAbsent = 54, "the package's program does not stand in the ledger";
    /// Not those of its program.
    PackageParts = 55, "the package's files or parts are not those that its program reads";
    /// Nobody published it, or somebody else.
    PackageAbsent = 56, "this key has published no such package";
    /// It shall be used no more.
    Withdrawn = 57, "the package was withdrawn";
    /// Of somebody else.
    NameTaken = 58, "the name is somebody else's";
    /// Far enough.
    NameAhead = 59, "the name would be paid for further ahead than it may be";
    /// Nobody ever claimed it.
    NameAbsent = 60, "nobody has claimed the name";
    /// Only the owner may.
    NameOwner = 61, "the name is not the payer's";
    /// It has to be renewed first.
    NameLapsed = 62, "the name is no longer paid for";
    /// It was claimed anew.
    NameTenure = 63, "the name is in another tenure than the one that was named";
    /// It names one model for ever.
    VersionSet = 64, "a label that begins with a digit is set once";
    /// Never opened, or ended.
    NoChannel = 80, "there is no such channel";
    /// Another node's.
    ChannelNode = 81, "the channel pays another node";
    /// Somebody else.
    NotNode = 82, "only the node's owner or operator may";
    /// Too early or too late.
    EpochOther = 83, "it is another epoch now";
    /// Not its payer's word.
    VoucherSignature = 84, "the channel's payer did not sign the voucher";
    /// Its time is over.
    VoucherExpired = 85, "the voucher has expired";
    /// An earlier one.
    VoucherOld = 86, "the voucher promises no more than was settled";
    /// More than there is.
    VoucherAbove = 87, "the voucher promises more than was locked";
    /// Once an epoch.
    SettledBefore = 88, "the channel was settled in this epoch already";
    /// Neither side.
    NotParty = 89, "only the channel's payer and the owner of its node may";
    /// It is on its way.
    Closing = 90, "the channel is closing already";
    /// The node may still settle.
    NotEnded = 91, "the channel may not end yet";
    /// Not whose channel it is.
    ChannelPayer = 92, "the channel is another payer's";
    /// No log that anybody answers for.
    NotOperator = 93, "the payer is no node's operator, nor was until lately";
    /// Once an epoch.
    AnchoredBefore = 94, "the log was anchored in this epoch already";
    /// A log only grows.
    LogOther = 95, "the log is not shown to have grown out of the one that was anchored";
    /// Never made, or collected.
    NoSettlement = 96, "there is no such settlement";
    /// Another node's.
    SettlementNode = 97, "the settlement is another node's";
    /// Not its owner.
    OwnerOther = 98, "the node has another owner";
    /// Its epoch may still be audited.
    CollectEarly = 99, "the settlement can't be collected yet";
    /// Somebody doubts it.
    SettlementHeld = 100, "the settlement is held while something is decided about it";
    /// Later.
    JailedUnpaid = 101, "a node is not paid while it is jailed";
    /// Nothing to be held for.
    EndedForNode = 102, "the dispute has ended for the node";
    /// The receipt was paid elsewhere, or not at all.
    SpanElsewhere = 103, "the leaf pays for nothing of the settlement";
    /// Nothing more to be held.
    SpanHeld = 104, "the dispute holds all of that already, or it is void";
    /// As many as are counted.
    HoldsFull = 105, "as many disputes hold the settlement as may";
    /// Nothing to be released.
    NoHold = 106, "the dispute holds nothing of the settlement";
    /// Nothing to be released yet.
    DisputeOn = 107, "the dispute has not ended";
    /// Its pay waits for them, too.
    CasesAbove = 108, "the node has less than open cases may still take";
    /// Nobody answers for that key, or another node.
    NotSigner = 110, "the key is not, and never was, an operator key of the node";
    /// The body names something else than the record.
    DisputeNames = 111, "the dispute is about something else than what is named";
    /// A node answers for so much at once.
    DisputesFull = 112, "the node has as many open disputes as one may";
    /// Nothing is disputed twice by one.
    DisputeThere = 113, "it is or was disputed by this key, or is refuted already";
    /// A filing that opens nothing.
    Filing = 114, "the filing shows no step that can be disputed";
    /// It was never opened, or has ended.
    NoDispute = 115, "there is no such open dispute";
    /// Not now, or not by this key.
    NotAsked = 116, "nobody's move is awaited, or somebody else's";
    /// Too late.
    MoveLate = 117, "the move's deadline has passed";
    /// Other bytes than those of the state.
    DisputeState = 118, "these are not the bytes of the referee's state";
    /// The referee says no.
    MoveRefused = 119, "the referee refuses the move";
    /// Too early.
    NotLate = 120, "the deadline has not passed";
    /// Nothing to be paid yet.
    NotDecided = 121, "the dispute is not decided";
    /// Nothing to be taken up.
    NotSilent = 122, "there is no silence that can be taken up now";
    /// Evidence of nothing.
    NoEquivocation = 123, "the evidence shows no two tokens for one place under one key";
    /// Not its worker's words.
    ReceiptUnsigned = 124, "the receipt is not signed by its worker, or a head in it is not";
    /// Nobody promised it, or not yet.
    NotDue = 125, "the receipt is not due in its worker's log, or not yet, or no more";
    /// Nothing is asked for twice by one.
    MissingThere = 126, "somebody asks for the receipt already";
    /// Nobody asked, or it was answered.
    NoMissing = 127, "nobody asks for such a receipt";
    /// Not shown.
    NotIncluded = 128, "the answer does not show the receipt in the log as it was anchored last";
    /// Nobody can tell when it was asked, or it was too long ago.
    NoDate = 129, "the job has no date in the epoch that is named, or is too old to be judged";
    /// Given up before.
    KeyEnded = 130, "the key was no longer the node's at that date";
    /// Of no file, or behind its end.
    NoChunk = 131, "the package's file has no such chunk";
    /// Nothing is asked for twice at once.
    PartThere = 132, "somebody asks for the chunk already";
    /// Nobody asked, or it was answered.
    NoPart = 133, "nobody asks for such a chunk";
    /// Not shown.
    ChunkOther = 134, "the slice does not show the chunk of the file";
    /// As many as may be.
    PlantThere = 135, "the key may have no such plant in this epoch, or has it already";
    /// Never committed to, or ended.
    NoPlant = 136, "there is no such plant";
    /// It hides something else.
    PlantOther = 137, "the plant is for another node, job, choice or position";
    /// Too early or too late.
    PlantTime = 138, "the plant is not old enough for that, or its time has passed";
    /// Not its business.
    NotAuditor = 140, "the node does not say that it audits";
    /// Not enough to be drawn.
    AuditorStake = 141, "the node has less at stake than an auditor needs";
    /// It is.
    Enrolled = 142, "the node is enrolled already";
    /// It is not.
    NotEnrolled = 143, "the node is not enrolled";
    /// No room.
    AuditorsFull = 144, "as many nodes are enrolled as may, and the one that is named is not enrolled with less at stake";
    /// The beacon says something else.
    NothingDrawn = 145, "the index draws nothing, or nothing of this settlement";
    /// Once.
    DrawnBefore = 146, "the index was drawn before";
    /// Never drawn, or over.
    NoAudit = 147, "there is no such audit";
    /// It could have been made for the draw.
    AnchoredLate = 148, "the leaf was not in a log that was anchored before the draw";
    /// Something else, or somebody else.
    NotAwaited = 149, "the audit does not wait for this, or not from this node";
    /// Another answer.
    ShownOther = 150, "what is shown is not what was drawn or asked for";
    /// Another finding.
    CommitmentOther = 151, "that is not what was committed to";
    /// Too early.
    AuditOn = 152, "the audit, or the dispute that its alarm is about, is not over";
    /// Less than was paid for, or somebody else's.
    AnswerPart = 153, "the answer is not whole, not its worker's alone, or did not end as its job says";
    /// Evidence of nothing.
    NoDouble = 154, "the two receipts are not two of one job, or the two leaves not two for the same money";
    /// No such auditor, or it said something else.
    NotVouched = 139, "the node did not find that audit's answer true, or is done with it";
    /// Somebody else's plant.
    NotPlanter = 156, "only who put a plant may open it";
    /// No such parameter, or not such a value.
    ParameterBounds = 160, "no parameter that a vote can set has this number, or the value is outside its bounds or does not go with the others";
    /// Rules never go back.
    RulesVersion = 161, "the rules' version is not above the one that holds and the one that is decided on";
    /// No proposal of this id.
    NoProposal = 162, "there is no such proposal";
    /// It was decided.
    ProposalEnded = 163, "the proposal is not open any more";
    /// The body names something else than the record.
    OtherProposal = 164, "the proposal is another one than is named";
    /// Too late.
    VoteOver = 165, "the vote has ended";
    /// Nothing to vote with.
    NoVoice = 166, "the node has nothing at stake to vote with";
    /// Somebody else's proposal.
    NotProposer = 167, "only who made a proposal may take it back";
    /// Too early.
    VoteOn = 168, "the vote has not ended";
    /// Too early, too.
    Timelock = 169, "the proposal may not be enacted yet";
    /// Less than is to be paid.
    TreasuryShort = 170, "the treasury has less than that";
    /// In a simulation.
    NoGroup = 172, "no group certifies this network's blocks";
    /// Too late, or nothing new.
    GroupHeight = 173, "the block from which the key is to be the group's is not ahead, or it is the group's key";
    /// Nobody's, as far as is shown.
    GroupKey = 174, "the key did not sign that somebody has it";
    /// Too few for a next key.
    NextQuorum = 175, "too few of the seats signed the group's next key";
    /// Of nobody, or of another record or key.
    NextSignature = 176, "a signature for the group's next key is not that of a seat";
    /// Only a vote gives it away.
    NameReserved = 177, "the name is reserved";
}
