//! Cheating does not pay: when all windows have passed no cheat has more than it would have by being honest.
//!
//! An honest one in its place would have been paid for all that it sold, less the audits' share, and would have paid for
//! all that it got; what it put down would be its own again. A cheat is given besides the work that a lie saves which was
//! found, at most the answer's price, and the fees of what the honest do too. Would catch: a bond that comes back too often, a reward
//! that is worth a lie, pay for what was refuted.

use chain::KindNumber;
use chain::records::{AccountSlot, Course, Held, Settlement, SettlementSlot, Word};
use ledger::Parameter;
use ledger::tx::Action;
use std::collections::BTreeMap;

use super::super::{Seen, holds};
use super::slashed::against;
use super::wealth::{all_of, case};
use super::{Hearing, Parties};
use crate::cheat_names;
use crate::court::{Hall, PRICE, Standing};
use crate::report::{ANSWERS, Cheated, OTHER_BYTES, PAYING_BYTES, Report};
use crate::scene::Scene;

/// A share is counted in millionths.
const MILLION: u128 = 1_000_000;
/// The work that a lie saves, as `docs/economics.md` has it.
const SAVED: u128 = PRICE * 6 / 10;
/// Kinds that the honest send too: channels, settlements, anchors.
const DUTY: std::ops::RangeInclusive<u16> = 20..=25;
/// Those, and what is held and released.
const PAYING: std::ops::RangeInclusive<u16> = 20..=27;

/// What everybody began with, and paid in fees for what everybody does.
#[derive(Debug, Default)]
pub(super) struct Books {
    begun: Vec<i128>,
    duty: BTreeMap<usize, u128>,
    /// What they got by right besides: halves of bonds of who accused them in vain, audits' fees, pay that was void.
    vindicated: BTreeMap<usize, u128>,
    paying_bytes: u64,
    disputing_bytes: u64,
}

impl Books {
    pub(super) fn new(scene: &Scene<'_>, hall: &Hall) -> Self {
        let parties = 0..hall.parties.len();
        Self { begun: parties.map(|at| worth(scene, hall, at)).collect(), ..Self::default() }
    }

    pub(super) fn check(&mut self, hearing: &Hearing<'_>) -> Seen {
        self.vindicate(hearing);
        self.fees(hearing);
        self.refunds(hearing);
        for made in &hearing.block.transactions {
            let mut parties = hearing.hall.parties.iter();
            let payer = |key: &crate::keys::Key| key.public == made.payer;
            let Some(at) = parties.position(|party| party.keys.iter().any(payer)) else { continue };
            let bytes = made.encode().len();
            self.count(made.kind, u64::try_from(bytes).unwrap_or(u64::MAX));
            if DUTY.contains(&made.kind.0)
                && let Ok(action) = Action::decode(made.kind, &made.body)
            {
                let bytes = u128::try_from(bytes).unwrap_or(u128::MAX);
                let fee = bytes * hearing.amount(Parameter::FeeByte)
                    + u128::from(action.work()) * hearing.amount(Parameter::FeeWork);
                *self.duty.entry(at).or_default() += fee;
            }
        }
        Ok(())
    }

    /// Whoever is accused in vain gets half of the bond: that is no gain of a cheat's, but where a friend put it up.
    fn vindicate(&mut self, hearing: &Hearing<'_>) {
        let shown = hearing.shown().map(|asked| (asked.node, asked.challenger, asked.bond.usual));
        let lost = hearing.before.iter().filter_map(|held| {
            let Held::Dispute(slot, dispute) = held else { return None };
            let now = hearing.after.record(slot)?.course;
            let for_it = matches!(now, Course::Ended(_)) && !against(&now);
            let bond = case(held).filter(|_| for_it)?.1.bond.usual;
            Some((dispute.node, dispute.challenger, bond))
        });
        for (node, challenger, bond) in shown.chain(lost) {
            let mut parties = hearing.hall.parties.iter();
            let Some(at) = parties.position(|party| party.nodes.contains(&node)) else { continue };
            let keys = hearing.hall.parties[at].keys;
            if keys.iter().all(|key| key.public != challenger) {
                *self.vindicated.entry(at).or_default() += bond.0 / 2;
            }
        }
    }

    /// What becomes void goes back to its payer, less the audits' share: who paid for a lie is no cheat for that.
    fn refunds(&mut self, hearing: &Hearing<'_>) {
        let void = |settlement: &Settlement| -> u128 {
            settlement.voided.iter().map(|span| span.amount().0).sum()
        };
        for held in hearing.before {
            let Held::Settlement(slot, was) = held else { continue };
            let is = hearing.after.record(slot).unwrap_or_else(|| released(hearing, slot, was));
            let more = void(&is) - void(was);
            let mut channels = hearing.hall.channels.iter();
            if let Some(paying) = channels.find(|paying| paying.id == slot.channel) {
                *self.vindicated.entry(paying.client.0).or_default() += more;
            }
        }
    }

    /// An auditor that says what others say, or raises an alarm, is paid for it: an honest one in its place would be, too.
    fn fees(&mut self, hearing: &Hearing<'_>) {
        let fee = hearing.amount(Parameter::AuditFee);
        for held in hearing.before {
            let Held::Audit(slot, audit) = held else { continue };
            let now = hearing.after.record(slot);
            for auditor in audit.auditors.iter().filter(|auditor| !auditor.closed) {
                let still = now.as_ref().is_some_and(|now| {
                    now.auditors.iter().any(|one| one.node == auditor.node && !one.closed)
                });
                let mut parties = hearing.hall.parties.iter();
                let at = parties.position(|party| party.nodes.contains(&auditor.node));
                if let Some(at) = at.filter(|_| !still) {
                    *self.vindicated.entry(at).or_default() += match auditor.word {
                        Word::Root(_) | Word::Alarm(_) => fee,
                        Word::None | Word::Committed(_) => 0,
                    };
                }
            }
        }
    }

    fn count(&mut self, kind: KindNumber, bytes: u64) {
        match PAYING.contains(&kind.0) {
            true => self.paying_bytes += bytes,
            false => self.disputing_bytes += bytes,
        }
    }

    /// What came of everybody.
    pub(super) fn end(
        &self,
        scene: &Scene<'_>,
        hall: &Hall,
        punished: &Parties,
        report: &mut Report,
    ) -> Seen {
        let share = scene.parameter(Parameter::AuditShare);
        let workers = hall.parties.iter().filter(|party| party.serves).count();
        for (at, party) in hall.parties.iter().enumerate() {
            let sold = party.sold - party.sold * share / MILLION;
            let saved = match party.bulk {
                true => lies(hall, at) * SAVED,
                false => found_lies(hall, at) * PRICE,
            };
            let duty = self.duty.get(&at).copied().unwrap_or_default();
            let vindicated = self.vindicated.get(&at).copied().unwrap_or_default();
            let honest = self.begun[at] + signed(sold + vindicated) - signed(party.bought);
            let gain = worth(scene, hall, at) + signed(duty + saved) - honest;
            let punished = u64::from(punished.contains(&at));
            let unpaid = party.unpaid * PRICE * u128::try_from(workers).unwrap_or(u128::MAX);
            let bound = (party.standing != Standing::Honest).then(|| signed(unpaid + party.loot));
            if cheat_names().any(|name| name == party.name) {
                let came = Cheated { run: 1, punished, gain, best: gain, bound };
                report.cheats.insert(party.name, came);
            }
            holds(bound.is_none_or(|bound| gain <= bound), || {
                format!("a {} gains {gain}", party.name)
            })?;
        }
        let answers = u64::try_from(hall.answers.len()).unwrap_or(u64::MAX);
        report.count_more(ANSWERS, answers);
        report.count_more(PAYING_BYTES, self.paying_bytes);
        report.count_more(OTHER_BYTES, self.disputing_bytes);
        Ok(())
    }
}

/// A settlement as it was before it was collected in this very block: what was held and released is void.
fn released(hearing: &Hearing<'_>, slot: &SettlementSlot, was: &Settlement) -> Settlement {
    let mut is = was.clone();
    for held in hearing.before {
        let Held::Hold(at, hold) = held else { continue };
        let ended = hearing.after.record(&at.dispute).map(|dispute| dispute.course);
        if at.settlement == *slot && ended.is_some_and(|course| against(&course)) {
            for span in &hold.spans {
                is.voided = is.span.joined(&is.voided, *span);
            }
        }
    }
    is
}

fn signed(amount: u128) -> i128 {
    i128::try_from(amount).unwrap_or(i128::MAX)
}

/// Lies that somebody found: what nobody looks at pays, and how much is looked at is for the economics to say.
fn found_lies(hall: &Hall, worker: usize) -> u128 {
    let found = |at: usize| hall.trials.iter().any(|trial| trial.answer == at);
    let answers = hall.answers.iter().enumerate();
    let lies =
        answers.filter(|(at, answer)| answer.worker.0 == worker && !answer.is_true() && found(*at));
    u128::try_from(lies.count()).unwrap_or(u128::MAX)
}

/// All lies of one who lies in whatever it says.
fn lies(hall: &Hall, worker: usize) -> u128 {
    let answers = hall.answers.iter();
    let lies = answers.filter(|answer| answer.worker.0 == worker && !answer.is_true());
    u128::try_from(lies.count()).unwrap_or(u128::MAX)
}

/// All that a player has, wherever it lies. What its nodes owe is no loss of its own, it throws them away; but what waits
/// for them pays that first, be it when a jail has ended that outlasts the court.
fn worth(scene: &Scene<'_>, hall: &Hall, at: usize) -> i128 {
    let party = &hall.parties[at];
    let own = |key| party.keys.iter().any(|own| own.public == key);
    let accounts = party.keys.iter();
    let accounts = accounts.filter_map(|key| scene.record(&AccountSlot(key.public)));
    let mut all: u128 = accounts.map(|account| account.balance.0).sum();
    let mut debts = BTreeMap::new();
    let mut waiting: BTreeMap<_, u128> = BTreeMap::new();
    for held in &scene.held {
        if let Held::Node(slot, node) = held
            && party.nodes.contains(&slot.0)
        {
            let leaving: u128 = node.unbonding.iter().map(|part| part.amount.0).sum();
            all += node.stake.0 + leaving;
            debts.insert(slot.0, node.debt.0);
        } else if let Held::Channel(_, channel) = held
            && own(channel.payer)
        {
            all += channel.left().0;
        } else if let Held::Settlement(_, settlement) = held
            && party.nodes.contains(&settlement.node)
        {
            *waiting.entry(settlement.node).or_default() += settlement.left().0;
        } else if let Held::Proposal(_, proposal) = held
            && own(proposal.proposer)
        {
            all += proposal.bond.0;
        } else if let Held::Audit(_, audit) = held
            && own(audit.asker)
        {
            all += audit.bond.0;
        } else if let Held::Plant(slot, plant) = held
            && own(slot.planter)
        {
            all += plant.bond.0;
        } else if let Held::Dispute(_, dispute) = held {
            let open = matches!(dispute.course, Course::Open(_)) && own(dispute.challenger);
            let case = case(held).filter(|_| open);
            all += case.map_or(0, |(_, case)| all_of(case.bond));
        }
    }
    let debt = |node| debts.get(node).copied().unwrap_or_default();
    let paid = waiting.iter().map(|(node, waits)| waits.saturating_sub(debt(node)));
    signed(all + paid.sum::<u128>())
}
