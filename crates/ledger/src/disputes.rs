//! Disputes as transactions find them: the referee's model and state, what is at stake, what a node loses.
//!
//! Never decides a dispute: the referee of crate `dispute` does. A move's bytes are the mover's, the state's hash the
//! ledger's.

use chain::records::{
    BoundKey, Case, Course, Dispute, DisputeSlot, KeyRole, KeySlot, Node, NodeId, Outcome,
    PackageSlot, ProgramSlot, Slot, Stage, dispute_state_hash,
};
use chain::{Amount, Time};
use commit::{Digest, Network, Reader, WireError, Writer};
use dispute::{Model, Party, Verdict};
use program::Checked;
use receipt::PublicKey;

use crate::context::Context;
use crate::models::referee_model;
use crate::nodes::slash;
use crate::parameters::Parameter;
use crate::stop::{Fault, Rejection, Stop};
use crate::view::View;

/// Work of a referee that reads a program, before its ops.
const READ_WORK: u64 = 200;
/// Ops that are checked in a unit of work.
const OPS_OF_WORK: u64 = 4;
/// A share is counted in millionths.
const MILLION: u128 = 1_000_000;
/// How often at most what is held of a silent node doubles.
const DOUBLINGS_MAX: u16 = 8;
/// How often at most a bond doubles.
const BOND_DOUBLINGS_MAX: u64 = 32;
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
        if package.program != self.program {
            return Err(Rejection::DisputeNames.into());
        }
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
        match found == node {
            true => Ok(Self { slot, node, challenger, opened, case: *case }),
            false => Err(Rejection::DisputeNames.into()),
        }
    }

    /// Whether this is the model that it is about.
    ///
    /// # Errors
    /// [`Rejection::DisputeNames`].
    pub(crate) fn check_model(&self, named: &NamedModel) -> Result<(), Stop> {
        match (self.case.package, self.case.program) == (named.package, named.program) {
            true => Ok(()),
            false => Err(Rejection::DisputeNames.into()),
        }
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

/// Whether a key is, or was, this node's operator key: then the node answers for what it signed.
///
/// # Errors
/// [`Rejection::NotSigner`].
pub(crate) fn check_signer(view: &View, key: PublicKey, node: NodeId) -> Result<(), Stop> {
    match view.get(&KeySlot(key))? {
        Some(BoundKey { node: found, role: KeyRole::Operator, .. }) if found == node => Ok(()),
        Some(_) | None => Err(Rejection::NotSigner.into()),
    }
}

/// What of a node is not yet owed to other disputes, as far as one takes.
fn can_owe(context: &Context, node: &Node) -> Result<Amount, Stop> {
    let mut all = node.stake;
    for part in &node.unbonding {
        all = all.plus(part.amount).ok_or(Fault::Money("a node"))?;
    }
    let free = all.minus(node.owed).unwrap_or_default();
    Ok(free.at_most(Amount(context.parameters.get(Parameter::Slash))))
}

/// Answers for one more dispute, or a receipt that is asked for. Gives what is owed for it, and the bond that it takes:
/// beyond the usual count twice that of the one before, so that nobody can fill a node's list to keep others out.
pub(crate) fn owe(context: &Context, node: &mut Node) -> Result<(Amount, Amount), Stop> {
    let usual = context.parameters.get_u64(Parameter::DisputesMax);
    let open = node.disputes.checked_add(1).ok_or(Rejection::DisputesFull)?;
    let beyond = u64::from(open).saturating_sub(usual);
    if beyond > BOND_DOUBLINGS_MAX {
        return Err(Rejection::DisputesFull.into());
    }
    let bond = Amount(context.parameters.get(Parameter::Bond)).times(1 << beyond);
    let owed = can_owe(context, node)?;
    node.owed = node.owed.plus(owed).ok_or(Fault::Money("what is owed"))?;
    node.disputes = open;
    Ok((owed, bond.ok_or(Fault::Money("a bond"))?))
}

/// Owes so much no more.
pub(crate) fn release(node: &mut Node, owed: &mut Amount) -> Result<(), Stop> {
    node.owed = node.owed.minus(*owed).ok_or(Fault::Money("what is owed"))?;
    *owed = Amount::ZERO;
    Ok(())
}

/// Answers for one less.
pub(crate) fn close(node: &mut Node, owed: &mut Amount) -> Result<(), Stop> {
    node.disputes = node.disputes.saturating_sub(1);
    release(node, owed)
}

/// Out of work for a while.
pub(crate) fn jail(context: &Context, node: &mut Node) {
    let end = context.clock.time.after(context.parameters.get_u64(Parameter::JailMs));
    node.jailed_until = node.jailed_until.max(end);
}

/// Counts a silence, and takes what is held for it: the more often lately, the more.
pub(crate) fn silence(context: &Context, view: &mut View, node: &mut Node) -> Result<Amount, Stop> {
    let (now, silences) = (context.clock.time, &mut node.silences);
    let window = context.parameters.get_u64(Parameter::SilenceWindowMs);
    if silences.count == 0 || now > silences.first.after(window) {
        *silences = chain::records::Silences { count: 0, first: now };
    }
    let doubled = 1_u128 << silences.count.min(DOUBLINGS_MAX);
    silences.count = silences.count.saturating_add(1);
    let amount = Amount(context.parameters.get(Parameter::Slash)).times(doubled);
    jail(context, node);
    slash(view, node, amount.ok_or(Fault::Money("what is held"))?)
}

/// A refuted node's money: the challenger's share of it goes back to whoever calls, the rest ends.
pub(crate) fn share(context: &Context, view: &mut View, taken: Amount) -> Result<Amount, Stop> {
    let share = taken.times(context.parameters.get(Parameter::ChallengerShare));
    let share = Amount(share.ok_or(Fault::Money("a share"))?.0 / MILLION);
    view.burn(taken.minus(share).ok_or(Fault::Money("a share"))?)?;
    Ok(share)
}
