//! Who takes part in a dispute, and how it ends (`spec/dispute.md` section 3).
//!
//! Never decides: [`crate::Dispute`] does.

use program::OpIndex;

/// A side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Who claims the token or the fault: the worker.
    Claimant,
    /// Who says that it is false.
    Challenger,
}

/// How a dispute ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The claim is false: a proof.
    ClaimantRefuted(Fault),
    /// What the challenger called wrong is right: its challenge was false.
    ChallengerRefuted,
    /// The claimant was silent. That proves nothing.
    ClaimantTimedOut,
    /// The challenger was silent. That proves nothing.
    ChallengerTimedOut,
}

/// What was proved of a claimant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where in the sequence.
    pub position: u32,
    /// In which op.
    pub op: OpIndex,
    /// In which of its tiles.
    pub tile: u32,
    /// What.
    pub kind: FaultKind,
}

/// Kinds of falsehood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The tile makes something else.
    Output,
    /// The tile faults, and was said not to.
    ConcealedFault,
    /// The tile was said to fault, and does not.
    FalseFault,
    /// What the tile reads is nothing that a tile can read.
    Unreadable,
    /// The salt is not the one the job's blind makes.
    Salt,
}
