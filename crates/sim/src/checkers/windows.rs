//! Nothing of anybody's happens before its time or after it: votes, proposals, names, labels, channels, settlements,
//! plants, cases and what is asked for. And what is decided stays so.
//!
//! Would catch: a window that nobody looks at, a vote that counts when it is over, pay that goes before it can be doubted,
//! a move that is made too late, a word that has expired.

use chain::records::{
    Asked, Channel, Clock, Course, Decision, Dispute, DisputeSlot, EpochStartSlot, Held, KeyRole,
    KeySlot, LabelSlot, NameRecord, NameSlot, Node, NodeId, NodeSlot, Outcome, PackageSlot,
    ParametersSlot, Plant, PlantSlot, Proposal, ProposalId, Settlement, SettlementSlot, Stage,
    Unbonding, dispute_state_hash,
};
use chain::{Epoch, Time, Transaction};
use dispute::Move;
use ledger::tx::Action;
use ledger::{Parameter, Parameters};
use receipt::PublicKey;

use super::changes::{Change, kept};
use super::{Seen, Step, hearings, holds};
use crate::scene::{clock, record};

/// What may be looked up.
struct Block<'a> {
    step: &'a Step<'a>,
    actions: Vec<(PublicKey, Action)>,
    now: Clock,
    parameters: Parameters,
}

/// The node that may be jailed by it.
fn jails(action: &Action) -> Option<NodeId> {
    if let Action::DisputeLate(late) = action {
        return Some(late.node);
    }
    if let Action::DisputeEnd(end) = action {
        return Some(end.node);
    }
    if let Action::Equivocation(shown) = action {
        return Some(shown.node);
    }
    if let Action::DoubleReceipt(shown) = action {
        return Some(shown.node);
    }
    if let Action::DoubleLeaf(shown) = action {
        return Some(shown.node);
    }
    if let Action::MissingLate(late) = action {
        return Some(late.node);
    }
    if let Action::PartLate(late) = action {
        return Some(late.node);
    }
    if let Action::AuditLate(late) = action {
        return Some(late.node);
    }
    None
}

pub(crate) fn check(step: &Step<'_>, changes: &[Change]) -> Seen {
    let values = record(step.before, &ParametersSlot).unwrap_or_default();
    let parameters = Parameters::of(&values).ok_or("the parameters are outside their bounds")?;
    let now = clock(step.after).ok_or("a state has no clock")?;
    let made = step.block.transactions.iter();
    let read = |made: &Transaction| Some((made.payer, Action::decode(made.kind, &made.body).ok()?));
    let actions = made.filter_map(read).collect();
    let block = Block { step, actions, now, parameters };
    block.words()?;
    let actions: Vec<_> = block.actions.iter().map(|(_, action)| action).collect();
    hearings::check(step, &block.now, (&actions, changes))?;
    changes.iter().try_for_each(|Change { was, is }| block.look(was.as_ref(), is.as_ref()))
}

impl Block<'_> {
    fn number(&self, parameter: Parameter) -> u64 {
        self.parameters.get_u64(parameter)
    }

    /// Whether the block has a transaction of one of these kinds.
    fn has(&self, kinds: &[u16]) -> bool {
        self.actions.iter().any(|(_, action)| kinds.contains(&action.kind().0))
    }

    /// What transactions bring has not expired, and what they are about is not too old.
    fn words(&self) -> Seen {
        // As long as the epoch said when it began. What has not begun is asked for already.
        let lasts = |epoch: u64| match record(self.step.after, &EpochStartSlot(Epoch(epoch))) {
            Some(start) => self.now.epoch <= start.judged,
            None => self.now.epoch.0 < epoch,
        };
        for (_, action) in &self.actions {
            let in_time = if let Action::Settle(settle) = action {
                self.now.time < settle.voucher.expiry && settle.epoch == self.now.epoch
            } else if let Action::DisputeOpen(opened) = action {
                opened.epoch <= self.now.epoch && (opened.alarm.is_some() || lasts(opened.epoch.0))
            } else if let Action::Equivocation(shown) = action {
                lasts(shown.epoch.0) && self.is_dated(shown.terms.beacon_height(), shown.epoch)
            } else if let Action::MissingOpen(asked) = action {
                let by = asked.receipt.anchor_by;
                by != 0 && by < self.now.epoch.0 && lasts(by)
            } else if let Action::PartOpen(asked) = action {
                asked.receipt.anchor_by != 0 && lasts(asked.receipt.anchor_by)
            } else if let Action::Withdraw(leaves) = action {
                self.leaves(leaves.node)
            } else {
                true
            };
            holds(in_time, || format!("kind {} comes out of its time", action.kind().0))?;
        }
        Ok(())
    }

    /// Whether something of a node's stake may leave: what was dated while it was there is not judged any more.
    fn leaves(&self, node: NodeId) -> bool {
        let takes = self.number(Parameter::UnbondMs);
        let due = |part: &Unbonding| {
            let over = part.made.after(takes).max(part.least) <= self.now.time;
            over && self.now.epoch.0 > part.judged.0.saturating_add(2)
        };
        let node = record(self.step.before, &NodeSlot(node));
        node.is_some_and(|node| node.unbonding.iter().any(due))
    }

    /// Whether a height that a job names lies in an epoch.
    fn is_dated(&self, height: Option<u64>, epoch: Epoch) -> bool {
        let starts = |epoch: Epoch| {
            record(self.step.after, &EpochStartSlot(epoch)).map(|start| start.height.0)
        };
        let Some(height) = height.filter(|height| *height > 0) else { return false };
        let end = starts(epoch.next()).unwrap_or(self.now.height.0);
        starts(epoch).is_some_and(|start| start <= height && height < end)
    }

    fn look(&self, was: Option<&Held>, is: Option<&Held>) -> Seen {
        if let (Some(Held::Proposal(slot, was)), Some(Held::Proposal(_, is))) = (was, is) {
            self.enacted(slot.0, was, is)?;
            return self.proposal(was, is);
        }
        if let Some(Held::Anchor(slot, _)) = is {
            return self.anchored(slot.0);
        }
        if let (Some(Held::Name(_, was)), Some(Held::Name(_, is))) = (was, is) {
            return self.name(was, is);
        }
        if let Some(Held::Label(slot, _)) = was.or(is) {
            return self.label(slot, was.is_some());
        }
        if let (Some(Held::Channel(_, was)), Some(Held::Channel(_, is))) = (was, is) {
            return self.channel(was, is);
        }
        if let (Some(Held::Settlement(slot, settlement)), None) = (was, is) {
            return self.collected(slot, settlement);
        }
        if let Some(Held::Plant(slot, plant)) = was.or(is) {
            return self.plant((*slot, plant), was.is_some(), is.is_some());
        }
        if let (Some(Held::Dispute(slot, was)), Some(Held::Dispute(_, is))) = (was, is) {
            return self.dispute(*slot, was, is);
        }
        if let Some(Held::Missing(_, missing)) = was {
            return self.asked(&missing.asked, kept!(is, Missing).map(|missing| &missing.asked));
        }
        if let Some(Held::Withheld(_, part)) = was {
            return self.asked(&part.asked, kept!(is, Withheld).map(|part| &part.asked));
        }
        if let (None, Some(Held::Hold(slot, _))) = (was, is) {
            return self.held(slot.dispute);
        }
        if let (Some(Held::Rules(was)), Some(Held::Rules(is))) = (was, is) {
            let on = was.version <= is.version && was.next <= is.next;
            return holds(on, || format!("rules go from {was:?} to {is:?}"));
        }
        Ok(())
    }

    fn proposal(&self, was: &Proposal, is: &Proposal) -> Seen {
        let what = || format!("at {}: {was:?} becomes {is:?}", self.now.time.0);
        let now = self.now.time;
        let votes = (was.yes, was.no) == (is.yes, is.no) || now < was.ends;
        let decided = was.decision == is.decision
            || match is.decision {
                Decision::Open => false,
                Decision::Enacted => was.opens <= now && now < was.lapses,
                Decision::Refused => was.ends <= now,
                Decision::Lapsed => was.lapses <= now,
                Decision::Cancelled => now < was.ends || self.has(&[83]),
            };
        let said =
            Proposal { yes: is.yes, no: is.no, decision: is.decision, bond: is.bond, ..*was };
        holds(votes && decided && said == *is && was.decision == Decision::Open, what)
    }

    /// What is done is what was voted on.
    fn enacted(&self, id: ProposalId, was: &Proposal, is: &Proposal) -> Seen {
        if was.decision == is.decision {
            return Ok(());
        }
        let mut other = self.actions.iter().filter(|(_, action)| {
            let Action::Enact(enact) = action else { return false };
            enact.proposal == id && (enact.content, enact.proposer) != (was.content, was.proposer)
        });
        holds(other.next().is_none(), || format!("{was:?} is enacted as something else"))
    }

    /// A log is that of a node's operator, or of one that was until lately.
    fn anchored(&self, key: PublicKey) -> Seen {
        let late = self.number(Parameter::AnchorLateMs);
        let may = [self.step.before, self.step.after].iter().any(|state| {
            record(state, &KeySlot(key)).is_some_and(|bound| {
                let speaks = bound.until == Time(0) || self.now.time < bound.until.after(late);
                bound.role == KeyRole::Operator && speaks
            })
        });
        holds(may, || format!("{key} anchors a log and is no node's"))
    }

    fn name(&self, was: &NameRecord, is: &NameRecord) -> Seen {
        let now = self.now.time;
        let what = || format!("at {}: {was:?} becomes {is:?}", now.0);
        let most = self.number(Parameter::NameAheadMs);
        let most = most.max(self.number(Parameter::NameMs));
        holds(is.until <= was.until || is.until <= now.after(most), what)?;
        // Who renews it in the same block has it again.
        let lapsed = was.until <= now && is.until == was.until;
        holds(was.owner == is.owner || !lapsed, what)?;
        // Nobody's labels become another's but by a transfer.
        let given = was.is_reserved() || is.is_reserved();
        holds(!given || was == is || was.tenure < is.tenure, what)
    }

    fn label(&self, slot: &LabelSlot, was: bool) -> Seen {
        let what = || format!("label {} of {} is set", slot.label.text(), slot.name.text());
        holds(!was || !slot.label.is_version(), what)?;
        let states = [self.step.before, self.step.after];
        let names = states.map(|state| record(state, &NameSlot(slot.name)));
        let paid = |name: &NameRecord| name.tenure == slot.tenure && self.now.time < name.until;
        // A vote may have given the name away behind it.
        holds(names.iter().flatten().any(paid) || self.has(&[83]), what)?;
        let Some(label) = record(self.step.after, slot) else { return Err(what()) };
        let package = PackageSlot { model: label.model, publisher: label.publisher };
        let package = record(self.step.before, &package);
        holds(package.is_none_or(|package| package.withdrawn.is_none()), what)
    }

    fn channel(&self, was: &Channel, is: &Channel) -> Seen {
        let Some(before) = was.closing else { return Ok(()) };
        let most = before.due.max(self.now.time);
        let closes = is.closing.is_some_and(|closing| closing.due <= most);
        holds(closes, || format!("a channel that closes on {before:?} becomes {is:?}"))
    }

    fn collected(&self, slot: &SettlementSlot, settlement: &Settlement) -> Seen {
        let what = || format!("in {:?}: {settlement:?} of {slot:?} is collected", self.now.epoch);
        let last = slot.epoch.0.saturating_add(self.number(Parameter::CollectEpochs));
        holds(last < self.now.epoch.0, what)?;
        // A hold is let go of by a release, an audit by its end.
        holds(settlement.held == 0 || self.has(&[27, 32, 35, 36]), what)?;
        let nodes = [self.step.before, self.step.after];
        let [was, is] = nodes.map(|state| record(state, &NodeSlot(settlement.node)));
        // A case that ends lets go of it, too.
        let short = |node: &Node| node.money().is_none_or(|has| has < node.owed.cases);
        let accused = [&was, &is].iter().all(|node| node.as_ref().is_some_and(short));
        holds(!accused || self.has(&[53, 62, 63, 65, 66]), what)?;
        holds(was.is_none_or(|node| node.jailed_until <= self.now.time), what)?;
        holds(!self.is_jailed_first(*slot, settlement.node), what)
    }

    /// Whether all in this block that may have jailed a node comes before its settlement is collected.
    fn is_jailed_first(&self, slot: SettlementSlot, node: NodeId) -> bool {
        let jailed = record(self.step.after, &NodeSlot(node));
        let mut actions = self.actions.iter().map(|(_, action)| action);
        let collects = |action: &Action| {
            let Action::Collect(paid) = action else { return false };
            (SettlementSlot { epoch: paid.epoch, channel: paid.channel }) == slot
        };
        let jails = |action: &Action| jails(action) == Some(node);
        let mut before = actions.by_ref().take_while(|action| !collects(action));
        let first = before.any(jails);
        before.for_each(drop);
        let jailed = jailed.is_some_and(|node| node.jailed_until > self.now.time);
        jailed && first && !actions.any(jails)
    }

    fn plant(&self, (slot, plant): (PlantSlot, &Plant), was: bool, is: bool) -> Seen {
        let what = || format!("in epoch {} {slot:?} is put or goes", self.now.epoch.0);
        if !was {
            // Who enacts another bound in this very block may do so before or after it.
            let few = self.most_plants().is_none_or(|most| u64::from(slot.index) < most);
            return holds(slot.epoch == self.now.epoch && few, what);
        }
        let last = slot.epoch.0.saturating_add(plant.epochs);
        holds(is || last < self.now.epoch.0, what)?;
        // Only who put it may open it, and only what is opened goes so soon.
        let twice = last.saturating_add(plant.epochs);
        let mut made = self.step.block.transactions.iter();
        let its_own = made.any(|transaction| transaction.payer == slot.planter);
        holds(is || its_own || twice < self.now.epoch.0, what)
    }

    /// How many plants a key may have in an epoch; nothing where that is changed.
    fn most_plants(&self) -> Option<u64> {
        (!self.has(&[83])).then(|| self.number(Parameter::PlantsEpoch))
    }

    /// A case: nobody is silent before the deadline, nobody moves after it, and whoever moves goes on from where it stood.
    fn dispute(&self, slot: DisputeSlot, was: &Dispute, is: &Dispute) -> Seen {
        let what = || format!("at {}: {was:?} becomes {is:?}", self.now.time.0);
        let Course::Open(case) = &was.course else {
            // What was planted and is not shown so again is refuted; nothing else changes any more.
            let planted = was.course == Course::Ended(Outcome::Planted);
            let refuted = is.course == Course::Ended(Outcome::ClaimantRefuted);
            return holds(was.course == is.course || planted && refuted, what);
        };
        let late = self.now.time > case.deadline;
        let silent = match &is.course {
            Course::Open(now) => now.stage == Stage::Silent && case.stage != Stage::Silent,
            Course::Ended(outcome) => {
                *outcome == Outcome::ClaimantSilent && case.stage == Stage::Silent
            }
        };
        holds(late || !silent, what)?;
        let mut moves = self.actions.iter().filter_map(|action| {
            let (payer, Action::DisputeMove(made)) = action else { return None };
            (made.dispute == slot).then_some((payer, made))
        });
        let Some((payer, first)) = moves.next() else { return Ok(()) };
        let state = dispute_state_hash(self.step.after.network(), &first.state);
        let keys = record(self.step.before, &NodeSlot(was.node));
        let own = keys.is_some_and(|node| [node.owner, node.operator].contains(payer));
        let turn = match case.stage {
            Stage::Claimant => own || matches!(first.made, Move::Children(_)),
            Stage::Challenger => *payer == was.challenger,
            // Somebody takes it up in this block.
            Stage::Silent => return Ok(()),
            Stage::Decided(_) => false,
        };
        holds(turn && !late && state == case.state, || {
            format!("a move is made of another state, or late, or by another: {}", what())
        })
    }

    fn asked(&self, was: &Asked, is: Option<&Asked>) -> Seen {
        let late = self.now.time > was.deadline;
        let what = || format!("at {}: {was:?} becomes {is:?}", self.now.time.0);
        match is {
            Some(is) => holds(late || is.silent == was.silent, what),
            None => holds(!late || self.has(&[63, 66]), what),
        }
    }

    /// Nothing is held for a case that ended for the node.
    fn held(&self, slot: DisputeSlot) -> Seen {
        let course = record(self.step.before, &slot).map(|dispute| dispute.course);
        let over = matches!(
            course,
            Some(Course::Ended(Outcome::ChallengerRefuted | Outcome::ChallengerSilent))
        );
        holds(!over, || "pay is held for a case that ended for the node".to_owned())
    }
}
