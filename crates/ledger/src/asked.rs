//! Something that a node is asked to show: how that begins, and how it ends, whatever it is.
//!
//! Never judges what is shown: the kinds of transactions do. What it costs is as of every case ([`crate::liability`]).

use chain::Amount;
use chain::records::{AccountSlot, Asked, Matter, Node, NodeId, NodeSlot, Slot, StakesSlot};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::accounts::{add, subtract};
use crate::context::{Author, Context};
use crate::liability::{
    answer, close, forfeit, give_back, owe, owe_less, promised, silence, silent_for_good,
};
use crate::nodes::find;
use crate::parameters::Parameter;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// Who is asked by whom, as a body repeats what the records say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedOf {
    /// Who answers for it.
    pub node: NodeId,
    /// The node's owner.
    pub owner: PublicKey,
    /// Who asks.
    pub challenger: PublicKey,
}

impl AskedOf {
    pub(crate) fn write(&self, out: &mut Writer) {
        for hash in [&self.node.0, &self.owner.0, &self.challenger.0] {
            out.bytes(hash);
        }
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            node: NodeId::read(input)?,
            owner: PublicKey(input.array("a node's owner")?),
            challenger: PublicKey(input.array("a challenger")?),
        })
    }

    pub(crate) fn touches(&self) -> Vec<Vec<u8>> {
        vec![
            NodeSlot(self.node).key(),
            StakesSlot.key(),
            AccountSlot(self.owner).key(),
            AccountSlot(self.challenger).key(),
        ]
    }

    /// Whether the records say so, and an answer may still come. Gives the node.
    ///
    /// # Errors
    /// [`Rejection::DisputeNames`], [`Rejection::MoveLate`].
    pub(crate) fn check(
        &self,
        context: &Context,
        view: &View,
        asked: &Asked,
    ) -> Result<Node, Stop> {
        // A node that is not there is another than the record's, which is.
        require(self.node == asked.node, Rejection::DisputeNames)?;
        let node = find(view, self.node)?;
        let named = (self.owner, self.challenger);
        require(named == (node.owner, asked.challenger), Rejection::DisputeNames)?;
        require(context.clock.time <= asked.deadline, Rejection::MoveLate)?;
        Ok(node)
    }

    /// It was shown, by this author. Whoever calls removes the record.
    pub(crate) fn shown(
        &self,
        (context, author): (&Context, &Author),
        view: &mut View,
        mut node: Node,
        asked: Asked,
    ) -> Result<(), Stop> {
        close(&mut node, Matter::Claim, asked.owed())?;
        answer(context, author, &mut node);
        if asked.silent {
            // The challenger had to wait: it has its usual bond. Who was away loses as much.
            give_back(view, &mut node, asked.held, asked.bond.usual)?;
            view.burn(asked.bond.beyond)?;
            add(view, self.challenger, asked.bond.usual)?;
        } else {
            forfeit(view, self.owner, asked.bond)?;
        }
        view.put(&NodeSlot(self.node), &node)
    }
}

/// Asks a node: it answers with its stake, the payer puts a bond in. Whoever calls puts the record.
///
/// # Errors
/// [`Rejection::DisputesFull`], [`Rejection::Balance`].
pub(crate) fn ask(
    context: &Context,
    author: &Author,
    view: &mut View,
    (id, mut node): (NodeId, Node),
) -> Result<Asked, Stop> {
    let (cost, bond) = owe(context, &mut node, Matter::Claim)?;
    let silence_fee = promised(context)?.silence_fee;
    let put_in = bond.all().ok_or(Fault::Money("a bond"))?;
    subtract(view, author.payer, put_in, Rejection::Balance)?;
    view.put(&NodeSlot(id), &node)?;
    let opened = context.clock.time;
    Ok(Asked {
        node: id,
        challenger: author.payer,
        opened,
        deadline: opened.after(context.parameters.get_u64(Parameter::MoveMs)),
        bond,
        cost,
        silence_fee,
        silent: false,
        held: Amount::ZERO,
    })
}

/// Nobody showed it in time. At first what silence costs is held, and what is asked goes on so; then it has ended, and
/// there is none.
///
/// # Errors
/// [`Rejection::DisputeNames`], [`Rejection::NotLate`], [`Rejection::NoNode`].
pub(crate) fn late(
    context: &Context,
    view: &mut View,
    mut asked: Asked,
    (id, challenger): (NodeId, PublicKey),
) -> Result<Option<Asked>, Stop> {
    require((id, challenger) == (asked.node, asked.challenger), Rejection::DisputeNames)?;
    let now = context.clock.time;
    require(now > asked.deadline, Rejection::NotLate)?;
    let mut node = find(view, id)?;
    let left = if asked.silent {
        close(&mut node, Matter::Claim, asked.owed())?;
        let lost = (asked.cost, asked.held);
        let accuser = (challenger, asked.bond, asked.silence_fee);
        silent_for_good(view, &mut node, accuser, lost)?;
        None
    } else {
        asked.held = silence(context, view, &mut node, (asked.opened, asked.cost))?;
        owe_less(&mut node.owed.cases, asked.held.at_most(asked.cost))?;
        asked.silent = true;
        asked.deadline = now.after(context.parameters.get_u64(Parameter::AppealMs));
        Some(asked)
    };
    view.put(&NodeSlot(id), &node)?;
    Ok(left)
}
