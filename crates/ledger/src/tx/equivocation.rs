//! Kind 60, equivocation: a node signed two tokens for one place. The evidence is whole: nobody need be asked.

use chain::records::{
    ClaimedStep, Course, Dispute, DisputeSlot, KeySlot, Matter, NodeId, NodeSlot, Outcome, Slot,
    StakesSlot,
};
use chain::{Amount, Epoch};
use commit::{Network, Reader, WireError, Writer};
use receipt::{Equivocation, JobLeaf};

use crate::accounts::add;
use crate::context::{Author, Context};
use crate::dates::{self, read_leaf, write_leaf};
use crate::disputes::check_signer;
use crate::liability::{costs, is_rewarded, jail, lose, share};
use crate::nodes::find;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Bytes of evidence: two heads, two tokens with sixteen hashes each.
const EVIDENCE_BYTES_MAX: usize = 1 << 12;
/// Work of four signatures and roots.
pub(super) const WORK: u64 = 300;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowEquivocation {
    /// Whose.
    pub node: NodeId,
    /// In which epoch the job is dated.
    pub epoch: Epoch,
    /// Leaf 0 of the job, with its date.
    pub terms: JobLeaf,
    /// The two tokens.
    pub evidence: Equivocation,
}

impl ShowEquivocation {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.u64(self.epoch.0);
        write_leaf(&self.terms, out);
        let evidence = self.evidence.encode();
        out.length_u16(evidence.len());
        out.bytes(&evidence);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let node = NodeId::read(input)?;
        let epoch = Epoch(input.u64("the epoch of a date")?);
        let terms = read_leaf(input)?;
        let evidence = input.bytes_u16("bytes of evidence", EVIDENCE_BYTES_MAX)?;
        Ok(Self { node, epoch, terms, evidence: Equivocation::decode(evidence)? })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        let mut keys = vec![
            NodeSlot(self.node).key(),
            StakesSlot.key(),
            KeySlot(self.evidence.one.0.worker).key(),
            self.slot(author.network).key(),
        ];
        keys.extend(dates::touches(self.epoch));
        keys
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let mut node = find(view, self.node)?;
        let head = &self.evidence.one.0;
        let key = check_signer(view, head.worker, self.node)?;
        require(self.terms.is_of(context.network, &head.head.job), Rejection::NoDate)?;
        dates::check_key(&key, &dates::check(context, view, &self.terms, self.epoch)?)?;
        let slot = self.slot(context.network);
        require(view.get(&slot)?.is_none(), Rejection::DisputeThere)?;
        require(self.evidence.holds(context.network), Rejection::NoEquivocation)?;
        let rewarded = is_rewarded(context, &node, &key);
        let cost = costs(context, Matter::Claim);
        let taken = lose(view, &mut node, (cost, Amount::ZERO))?;
        jail(context, &mut node);
        view.put(&NodeSlot(self.node), &node)?;
        match rewarded {
            true => {
                let reward = share(context, view, taken)?;
                add(view, author.payer, reward)?;
            }
            false => view.burn(taken)?,
        }
        let (challenger, opened) = (author.payer, context.clock.time);
        let course = Course::Ended(Outcome::ClaimantRefuted);
        view.put(&slot, &Dispute { node: self.node, challenger, opened, course })
    }

    /// Of the key's answer to a choice of a job: it pays once, however many places differ.
    fn slot(&self, network: Network) -> DisputeSlot {
        let head = &self.evidence.one.0;
        let (worker, job, choice) = (head.worker, head.head.job, head.head.choice);
        ClaimedStep { worker, job, choice, position: 0, kind: 3, what: 0 }.slot(network)
    }
}
