//! Kind 35, audit_close: everything is said, and one node after the other gets what its word is worth.
//!
//! Never judges an alarm: the dispute that it is about does.

use chain::records::{
    AccountSlot, Audit, AuditSlot, AuditTerms, AuditorsSlot, ChannelId, ClaimedStep, Course,
    Dispute, DisputeSlot, NodeId, NodeSlot, Outcome, SettlementSlot, Slot, StakesSlot, Word,
};
use commit::{Network, Reader, WireError, Writer};
use receipt::PublicKey;

use crate::accounts::add;
use crate::audits::{
    check_after, enrolled, find, is_decided, is_vouching_over, let_go, owe_no_more, put_enrolled,
    touches,
};
use crate::context::{Author, Context};
use crate::liability::fine;
use crate::nodes;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// What is asked, by anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditClose {
    /// Which audit.
    pub audit: AuditSlot,
    /// Whose part in it: an auditor, or the node whose answer it is.
    pub node: NodeId,
    /// The node's owner.
    pub owner: PublicKey,
    /// The audit's channel.
    pub channel: ChannelId,
    /// What an alarm is about, and by whose key.
    pub alarm: Option<(ClaimedStep, PublicKey)>,
}

/// How the dispute about an alarm stands.
enum Alarm {
    True,
    Planted,
    False,
    Open,
    Absent,
}

impl AuditClose {
    pub(super) fn write(&self, out: &mut Writer) {
        self.audit.write(out);
        out.bytes(&self.node.0);
        out.bytes(&self.owner.0);
        out.bytes(&self.channel.0);
        let Some((step, challenger)) = &self.alarm else { return out.u8(0) };
        out.u8(1);
        out.bytes(&step.worker.0);
        out.bytes(&step.job);
        out.u32(step.choice);
        out.u32(step.position);
        out.u8(step.kind);
        out.u32(step.what);
        out.bytes(&challenger.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            audit: AuditSlot::read(input)?,
            node: NodeId::read(input)?,
            owner: PublicKey(input.array("a node's owner")?),
            channel: ChannelId::read(input)?,
            alarm: match input.u8("whether there is an alarm")? {
                0 => None,
                1 => Some(read_alarm(input)?),
                found => {
                    let what = "whether there is an alarm";
                    return Err(WireError::Unknown { what, found: found.into() });
                }
            },
        })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        let mut keys = vec![
            NodeSlot(self.node).key(),
            StakesSlot.key(),
            AuditorsSlot.key(),
            AccountSlot(self.owner).key(),
            self.settlement().key(),
        ];
        keys.extend(touches(self.audit));
        keys.extend(self.disputes(author.network).iter().flatten().map(Slot::key));
        keys
    }

    pub(super) fn execute(&self, context: &Context, view: &mut View) -> Result<(), Stop> {
        let (audit, terms) = find(context, view, self.audit)?;
        require(audit.channel == self.channel, Rejection::DisputeNames)?;
        check_after(context, self.audit)?;
        require(is_decided(context, &audit), Rejection::AuditOn)?;
        require(nodes::find(view, self.node)?.owner == self.owner, Rejection::OwnerOther)?;
        match self.node == audit.node {
            true => self.end(view, audit, &terms),
            false => self.close(context, view, (audit, &terms)),
        }
    }

    /// One auditor is done with.
    fn close(
        &self,
        context: &Context,
        view: &mut View,
        (mut audit, terms): (Audit, &AuditTerms),
    ) -> Result<(), Stop> {
        let others = audit.clone();
        let mut auditors = audit.auditors.iter_mut();
        let auditor = auditors.find(|auditor| auditor.node == self.node && !auditor.closed);
        let auditor = auditor.ok_or(Rejection::NotAwaited)?;
        require(
            self.alarm.is_some() == matches!(auditor.word, Word::Alarm(_)),
            Rejection::DisputeNames,
        )?;
        match auditor.word {
            Word::None | Word::Committed(_) => self.leave(view)?,
            Word::Root(_) => {
                require(is_vouching_over(context, &others, terms), Rejection::AuditOn)?;
                if self.agrees(&others, auditor.word) {
                    self.reward(view, terms)?;
                }
            }
            Word::Alarm(dispute) => {
                audit.planted |= self.judge(context, view, (&others, terms), dispute)?;
            }
        }
        auditor.closed = true;
        view.put(&self.audit, &audit)
    }

    /// Whether somebody else says the same; where the worker itself says nothing, whoever spoke is right.
    fn agrees(&self, audit: &Audit, word: Word) -> bool {
        if !matches!(audit.word, Word::Root(_)) {
            return true;
        }
        let others = audit.auditors.iter().filter(|other| other.node != self.node);
        others.map(|other| other.word).chain([audit.word]).any(|other| other == word)
    }

    /// Who was away is drawn no more until it says that it is back.
    fn leave(&self, view: &mut View) -> Result<(), Stop> {
        let mut auditors = enrolled(view)?;
        auditors.0.remove(&self.node);
        put_enrolled(view, &auditors)
    }

    fn reward(&self, view: &mut View, terms: &AuditTerms) -> Result<(), Stop> {
        let paid = view.spend_at_most(terms.audit_fee)?;
        add(view, self.owner, paid)
    }

    /// What an alarm is worth: the dispute says so. Gives whether it was about a plant.
    fn judge(
        &self,
        context: &Context,
        view: &mut View,
        (audit, terms): (&Audit, &AuditTerms),
        said: DisputeSlot,
    ) -> Result<bool, Stop> {
        let its_own = |(step, _): &(ClaimedStep, PublicKey)| {
            (step.worker, step.job) == (audit.shown.worker, audit.shown.job)
        };
        let slots =
            self.disputes(context.network).filter(|_| self.alarm.as_ref().is_some_and(its_own));
        let [claim, dispute] = slots.ok_or(Rejection::DisputeNames)?;
        require(dispute == said, Rejection::DisputeNames)?;
        let too_late = is_vouching_over(context, audit, terms);
        let planted = match (alarm(view, claim)?, alarm(view, dispute)?) {
            (Alarm::Planted, _) | (_, Alarm::Planted) => true,
            (Alarm::True, _) | (_, Alarm::True) => false,
            (_, Alarm::Absent) if too_late => return self.fined(view, terms).map(|()| false),
            (_, Alarm::False) => return self.fined(view, terms).map(|()| false),
            (_, Alarm::Open | Alarm::Absent) => return Err(Rejection::AuditOn.into()),
        };
        self.reward(view, terms).map(|()| planted)
    }

    /// A false alarm.
    fn fined(&self, view: &mut View, terms: &AuditTerms) -> Result<(), Stop> {
        let mut node = nodes::find(view, self.node)?;
        let taken = fine(view, &mut node, terms.false_alarm)?;
        view.burn(taken)?;
        view.put(&NodeSlot(self.node), &node)
    }

    /// The node whose answer it is: the audit goes. Who planted and was found out has kept auditors awake.
    fn end(&self, view: &mut View, audit: Audit, terms: &AuditTerms) -> Result<(), Stop> {
        require(self.alarm.is_none(), Rejection::DisputeNames)?;
        require(audit.auditors.iter().all(|auditor| auditor.closed), Rejection::AuditOn)?;
        let mut node = nodes::find(view, self.node)?;
        owe_no_more(&mut node, &audit)?;
        view.put(&NodeSlot(self.node), &node)?;
        if audit.planted {
            let paid = view.spend_at_most(terms.plant_reward)?;
            add(view, self.owner, paid)?;
        }
        let slot = self.settlement();
        let settlement = view.get(&slot)?;
        let mut settlement = settlement.ok_or(Fault::Lacking("a settlement that is held"))?;
        let_go(&mut settlement)?;
        view.put(&slot, &settlement)?;
        view.remove(&self.audit)
    }

    /// Where stands what came of an alarm: under the claim, and under the dispute about it.
    fn disputes(&self, network: Network) -> Option<[DisputeSlot; 2]> {
        let (step, challenger) = self.alarm.as_ref()?;
        Some([step.slot(network), step.disputed_by(network, *challenger)])
    }

    fn settlement(&self) -> SettlementSlot {
        SettlementSlot { epoch: self.audit.epoch, channel: self.channel }
    }
}

fn alarm(view: &View, slot: DisputeSlot) -> Result<Alarm, Stop> {
    Ok(match view.get(&slot)? {
        None => Alarm::Absent,
        Some(Dispute { course: Course::Open(_), .. }) => Alarm::Open,
        Some(Dispute { course: Course::Ended(outcome), .. }) => match outcome {
            Outcome::ClaimantRefuted | Outcome::ClaimantSilent => Alarm::True,
            Outcome::Planted => Alarm::Planted,
            Outcome::ChallengerRefuted | Outcome::ChallengerSilent => Alarm::False,
        },
    })
}

fn read_alarm(input: &mut Reader<'_>) -> Result<(ClaimedStep, PublicKey), WireError> {
    let step = ClaimedStep {
        worker: PublicKey(input.array("a worker's key")?),
        job: input.array("a job")?,
        choice: input.u32("a choice")?,
        position: input.u32("where a step is")?,
        kind: input.u8("what is claimed")?,
        what: input.u32("a token or an op")?,
    };
    Ok((step, PublicKey(input.array("a challenger")?)))
}
