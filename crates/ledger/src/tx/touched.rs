//! Which of the state a body may read or write: one line a kind.
//!
//! Never looks at the state: a transaction that uses another key is a fault of the code.

use super::Action;
use crate::context::Author;

impl Action {
    /// The keys it may read or write, besides its payer's account.
    #[must_use]
    pub fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        match self {
            Self::Transfer(action) => action.touches(),
            Self::NodeCreate(action) => action.touches(author),
            Self::NodeSet(action) => action.touches(),
            Self::NodeKey(action) => action.touches(),
            Self::NodeRetire(action) => action.touches(),
            Self::Stake(action) => action.touches(),
            Self::Unstake(action) => action.touches(),
            Self::Withdraw(action) => action.touches(),
            Self::Stand(action) => action.touches(),
            Self::Program(action) => action.touches(),
            Self::Package(action) => action.touches(),
            Self::PackageWithdraw(action) => action.touches(author),
            Self::NameClaim(action) => action.touches(),
            Self::NameTransfer(action) => action.touches(),
            Self::Label(action) => action.touches(),
            Self::ChannelOpen(action) => action.touches(author),
            Self::Settle(action) => action.touches(),
            Self::ChannelClose(action) => action.touches(),
            Self::ChannelEnd(action) => action.touches(),
            Self::Anchor(action) => action.touches(author),
            Self::Collect(action) => action.touches(),
            Self::Hold(action) => action.touches(),
            Self::Release(action) => action.touches(),
            Self::Enrol(action) => action.touches(),
            Self::Draw(action) => action.touches(),
            Self::AuditShow(action) => action.touches(),
            Self::AuditCommit(action) => action.touches(),
            Self::AuditReveal(action) => action.touches(),
            Self::AuditClose(action) => action.touches(author),
            Self::AuditLate(action) => action.touches(),
            Self::VouchDispute(action) => action.touches(author),
            Self::AuditAsk(action) => action.touches(),
            Self::AuditOpening(action) => action.touches(),
            Self::DoubleReceipt(action) => action.touches(author),
            Self::DoubleLeaf(action) => action.touches(author),
            Self::GroupNext(action) => action.touches(),
            Self::DisputeOpen(action) => action.touches(author),
            Self::DisputeMove(action) => action.touches(),
            Self::DisputeLate(action) => action.touches(),
            Self::DisputeEnd(action) => action.touches(),
            Self::Appeal(action) => action.touches(),
            Self::Equivocation(action) => action.touches(author),
            Self::MissingOpen(action) => action.touches(author),
            Self::MissingAnswer(action) => action.touches(),
            Self::MissingLate(action) => action.touches(),
            Self::PartOpen(action) => action.touches(author),
            Self::PartAnswer(action) => action.touches(),
            Self::PartLate(action) => action.touches(),
            Self::Plant(action) => action.touches(author),
            Self::PlantMeet(action) => action.touches(),
            Self::PlantEnd(action) => action.touches(),
            Self::Propose(action) => action.touches(author),
            Self::Vote(action) => action.touches(),
            Self::Cancel(action) => action.touches(),
            Self::Enact(action) => action.touches(),
        }
    }
}
