//! Disputes as transactions find them: the referee's model and state.
//!
//! Never decides a dispute: the referee of crate `dispute` does. A move's bytes are the mover's, the state's hash the
//! ledger's. What a node answers with is in [`crate::liability`].

use chain::records::{
    Bond, BoundKey, Case, Course, Dispute, DisputeSlot, KeyRole, KeySlot, Matter, NodeId, Outcome,
    PackageSlot, ProgramSlot, Promised, Slot, Stage, dispute_state_hash,
};
use chain::{Amount, Time};
use commit::{Digest, Network, Reader, WireError, Writer};
use dispute::{Claim, Filing, FilingError, Model, Party, Verdict};
use program::Checked;
use receipt::{PublicKey, Signature};

use crate::models::referee_model;
use crate::receipts;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// Work of a referee that reads a program, before its ops.
const READ_WORK: u64 = 200;
/// Ops that are checked in a unit of work.
const OPS_OF_WORK: u64 = 4;
/// A referee that reads no clock: the ledger counts deadlines itself.
pub(crate) const NO_TIME: u64 = 0;

/// A model as a body names it: the record says the same, or the transaction is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedModel {
    /// Its package.
    pub package: PackageSlot,
    /// The hash of its program.
    pub program: Digest,
    /// Ops of the program over all layers, at most: what reading it costs.
    pub ops: u16,
}

impl NamedModel {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.bytes(&self.package.model);
        out.bytes(&self.package.publisher.0);
        out.bytes(&self.program);
        out.u16(self.ops);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let model = input.array("a model id")?;
        let publisher = PublicKey(input.array("a publisher's key")?);
        let package = PackageSlot { model, publisher };
        Ok(Self {
            package,
            program: input.array("a program's hash")?,
            ops: input.u16("ops of a program")?,
        })
    }

    pub(crate) fn touches(&self) -> [Vec<u8>; 2] {
        [self.package.key(), ProgramSlot(self.program).key()]
    }

    /// Units of work to read it.
    pub(crate) fn work(&self) -> u64 {
        READ_WORK + u64::from(self.ops) / OPS_OF_WORK
    }

    /// A case about a step of this model, as it begins: under which claim, and whose word it is; where the referee is;
    /// the bond, what it costs the node, and what the challenger is promised; until when a move is awaited, and whether a
    /// reward is paid.
    pub(crate) fn case(
        &self,
        (claim, matter): (DisputeSlot, Matter),
        (stage, state): (Stage, Digest),
        (bond, cost, promised): (Bond, Amount, Promised),
        (deadline, rewarded): (Time, bool),
    ) -> Case {
        Case {
            stage,
            deadline,
            claim: claim.0,
            package: self.package,
            program: self.program,
            matter,
            begun: false,
            bond,
            cost,
            promised,
            held: Amount::ZERO,
            appellant: PublicKey::NONE,
            appeal_bond: Amount::ZERO,
            rewarded,
            state,
        }
    }

    /// Gives it to a referee.
    ///
    /// # Errors
    /// [`Rejection::PackageAbsent`], [`Rejection::DisputeNames`], or those of the referee.
    pub(crate) fn judge<T>(
        &self,
        view: &View,
        run: impl FnOnce(&Model<'_>) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let package = view.get(&self.package)?.ok_or(Rejection::PackageAbsent)?;
        require(package.program == self.program, Rejection::DisputeNames)?;
        let program = view.get(&ProgramSlot(self.program))?;
        let program = program.ok_or(Fault::Lacking("a package's program"))?;
        // It was checked when it was published: nothing but its length can be against it.
        let checked = Checked::decode_within(&program.0, usize::from(self.ops))
            .map_err(|_| Rejection::DisputeNames)?;
        let model = referee_model(&checked, self.package.model, &package);
        run(&model.ok_or(Fault::Lacking("a package's parts"))?)
    }
}

/// A dispute that goes on, taken apart.
pub(crate) struct Open {
    pub(crate) slot: DisputeSlot,
    pub(crate) node: NodeId,
    pub(crate) challenger: PublicKey,
    pub(crate) opened: Time,
    pub(crate) case: Case,
}

impl Open {
    /// The dispute of a slot about a node.
    ///
    /// # Errors
    /// [`Rejection::NoDispute`], [`Rejection::DisputeNames`].
    pub(crate) fn find(view: &View, slot: DisputeSlot, node: NodeId) -> Result<Self, Stop> {
        let dispute = view.get(&slot)?.ok_or(Rejection::NoDispute)?;
        let Dispute { node: found, challenger, opened, course } = dispute;
        let Course::Open(case) = course else { return Err(Rejection::NoDispute.into()) };
        require(found == node, Rejection::DisputeNames)?;
        Ok(Self { slot, node, challenger, opened, case: *case })
    }

    /// Whether this is the model that it is about.
    ///
    /// # Errors
    /// [`Rejection::DisputeNames`].
    pub(crate) fn check_model(&self, named: &NamedModel) -> Result<(), Stop> {
        Ok(require(
            (self.case.package, self.case.program) == (named.package, named.program),
            Rejection::DisputeNames,
        )?)
    }

    /// Keeps it as it is now.
    pub(crate) fn put(self, view: &mut View) -> Result<(), Stop> {
        let course = Course::Open(Box::new(self.case));
        let Self { slot, node, challenger, opened, .. } = self;
        view.put(&slot, &Dispute { node, challenger, opened, course })
    }

    /// Ends it.
    pub(crate) fn end(&self, view: &mut View, outcome: Outcome) -> Result<(), Stop> {
        let Self { slot, node, challenger, opened, .. } = self;
        let (node, challenger, opened) = (*node, *challenger, *opened);
        let course = Course::Ended(outcome);
        view.put(slot, &Dispute { node, challenger, opened, course })
    }
}

/// What a dispute begins with, where the filing shows a step. What the program has not its worker can't have found: there
/// is nothing to execute, and no referee's state. Of a fault its receipt's envelope opens, where a signature is shown.
///
/// # Errors
/// [`Rejection::Filing`].
pub(crate) fn begun(
    (network, model): (Network, &Model<'_>),
    (filing, signature): (&Filing, Option<Signature>),
) -> Result<(Stage, Digest), Stop> {
    let first = match filing.check(model, network) {
        Ok(subject) => kept(network, &dispute::Dispute::open(model, subject, NO_TIME, NO_TIME)),
        Err(FilingError::NoSuch { .. }) => (Stage::Decided(Outcome::ClaimantRefuted), [0; 32]),
        Err(
            FilingError::Signature
            | FilingError::Leaf { .. }
            | FilingError::Bytes { .. }
            | FilingError::Other { .. }
            | FilingError::Unfit { .. },
        ) => return Err(Rejection::Filing.into()),
    };
    if let (Claim::Fault(receipt), Some(signature)) = (&filing.claim, signature) {
        receipts::check_signed(receipt, signature, network, Rejection::Filing)?;
    }
    Ok(first)
}

/// What a referee has come to: the stage, and the hash of its state.
pub(crate) fn kept(network: Network, referee: &dispute::Dispute<'_>) -> (Stage, Digest) {
    let stage = match (referee.verdict(), referee.turn()) {
        (Some(verdict), _) => Stage::Decided(outcome(verdict)),
        (None, Some(Party::Claimant)) => Stage::Claimant,
        (None, Some(Party::Challenger) | None) => Stage::Challenger,
    };
    (stage, dispute_state_hash(network, &referee.encode()))
}

fn outcome(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::ClaimantRefuted(_) => Outcome::ClaimantRefuted,
        Verdict::ChallengerRefuted => Outcome::ChallengerRefuted,
        Verdict::ClaimantTimedOut => Outcome::ClaimantSilent,
        Verdict::ChallengerTimedOut => Outcome::ChallengerSilent,
    }
}

/// A key that is, or was, this node's operator key: then the node answers for what it signed.
///
/// # Errors
/// [`Rejection::NotSigner`].
pub(crate) fn check_signer(view: &View, key: PublicKey, node: NodeId) -> Result<BoundKey, Stop> {
    let bound = view.get(&KeySlot(key))?.ok_or(Rejection::NotSigner)?;
    require(bound.role == KeyRole::Operator && bound.node == node, Rejection::NotSigner)?;
    Ok(bound)
}
