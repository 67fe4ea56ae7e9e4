//! What a node signed, or anchored, twice, and differently: the evidence is whole, and nobody need be asked.
//!
//! Never looks at the evidence: each kind of transaction does. Here is who answers for it, until when, and what it costs.

use chain::records::{
    BoundKey, ClaimedStep, Course, Dispute, DisputeSlot, KeySlot, Matter, Node, NodeId, NodeSlot,
    Outcome, Slot, StakesSlot,
};
use chain::{Amount, Epoch};
use commit::{Digest, Network};
use receipt::{JobLeaf, PublicKey};

use crate::accounts::add;
use crate::context::{Author, Context};
use crate::dates;
use crate::disputes::check_signer;
use crate::liability::{costs, is_rewarded, jail, lose, promised, share};
use crate::nodes::find;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matters {
    /// Two tokens for one place of a choice.
    Tokens,
    /// Two receipts of a job.
    Receipts,
    /// Two leaves for the same money.
    Leaves,
}

/// A node that contradicts itself about a job.
#[derive(Debug)]
pub(crate) struct Contradiction<'a> {
    /// Whose.
    pub(crate) node: NodeId,
    /// Which of its keys signed the first of the two.
    pub(crate) worker: PublicKey,
    /// Which signed the other one: the same, or another key that the node has or had.
    pub(crate) other: PublicKey,
    /// About which job.
    pub(crate) job: Digest,
    /// Which of its choices; 0 where it is about all of them.
    pub(crate) choice: u32,
    /// What.
    pub(crate) matter: Matters,
    /// Leaf 0 of the job, with its date.
    pub(crate) terms: &'a JobLeaf,
    /// In which epoch the job is dated.
    pub(crate) epoch: Epoch,
}

impl Contradiction<'_> {
    /// The keys that may be read or written for it.
    pub(crate) fn touches(&self, network: Network) -> Vec<Vec<u8>> {
        let mut keys = vec![
            NodeSlot(self.node).key(),
            StakesSlot.key(),
            KeySlot(self.worker).key(),
            KeySlot(self.other).key(),
            self.slot(network).key(),
        ];
        keys.extend(dates::touches(self.epoch));
        keys
    }

    /// The node and both keys, where they answer for it still and have not yet.
    ///
    /// # Errors
    /// [`Rejection::NoNode`], [`Rejection::NotSigner`], [`Rejection::NoDate`], [`Rejection::KeyEnded`],
    /// [`Rejection::DisputeThere`].
    pub(crate) fn find(
        &self,
        context: &Context,
        view: &View,
    ) -> Result<(Node, [BoundKey; 2]), Stop> {
        let node = find(view, self.node)?;
        let one = check_signer(view, self.worker, self.node)?;
        let keys = [one, check_signer(view, self.other, self.node)?];
        require(self.terms.is_of(context.network, &self.job), Rejection::NoDate)?;
        let start = dates::check(context, view, self.terms, self.epoch)?;
        keys.iter().try_for_each(|key| dates::check_key(key, start.time))?;
        let there = view.get(&self.slot(context.network))?;
        require(there.is_none(), Rejection::DisputeThere)?;
        Ok((node, keys))
    }

    /// The node loses a case; who shows it has a share, where the keys speak for the node and it is not jailed already.
    pub(crate) fn lost(
        &self,
        context: &Context,
        author: &Author,
        (mut node, keys): (Node, [BoundKey; 2]),
        view: &mut View,
    ) -> Result<(), Stop> {
        let rewarded = keys.iter().all(|key| is_rewarded(context, &node, key));
        let cost = costs(context, Matter::Claim);
        let taken = lose(view, &mut node, (cost, Amount::ZERO))?;
        jail(context, &mut node);
        view.put(&NodeSlot(self.node), &node)?;
        match rewarded {
            true => {
                let reward = share(view, &promised(context)?, taken)?;
                add(view, author.payer, reward)?;
            }
            false => view.burn(taken)?,
        }
        let (challenger, opened) = (author.payer, context.clock.time);
        let course = Course::Ended(Outcome::ClaimantRefuted);
        let dispute = Dispute { node: self.node, challenger, opened, course };
        view.put(&self.slot(context.network), &dispute)
    }

    /// Of the key's answer to a choice of a job, or to the job: it pays once, however much of it differs.
    fn slot(&self, network: Network) -> DisputeSlot {
        let (worker, job, choice, kind) = (self.worker, self.job, self.choice, self.matter.kind());
        ClaimedStep { worker, job, choice, position: 0, kind, what: 0 }.slot(network)
    }
}

impl Matters {
    /// The number that stands in the record's id where a step has its kind.
    const fn kind(self) -> u8 {
        match self {
            Self::Tokens => 3,
            Self::Receipts => 4,
            Self::Leaves => 5,
        }
    }
}
