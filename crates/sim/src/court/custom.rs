//! What a client does: it asks, pays, checks every answer, and accuses whoever told it something false.
//!
//! Never takes an answer's word: it runs the model itself.

use chain::Time;
use chain::records::{
    ChannelId, ChannelSlot, ClaimedStep, DisputeSlot, Held, HoldSlot, SettlementSlot,
    Stage as Course, Vouching,
};
use commit::Blind;

use super::auditing::alarm;
use super::cases::{CASES, Tale};
use super::compare::compare;
use super::forms;
use super::hall::{Answer, Ask, PRICE, PartyId, Paying};
use super::parts::ask_part;
use super::stage::{Player, Progress, Stage};
use super::trial::Trial;
use crate::keys::Key;

/// What a channel is opened with, in prices of an answer.
const DEPOSIT: u128 = 8;
/// Until which block anybody asks for anything.
pub(crate) const ASKING_BLOCKS: u64 = 14;
/// Until which block only those ask who look at what they get.
const TRUSTING_BLOCKS: u64 = 4;
/// Until when vouchers hold.
pub(crate) const LASTING: Time = Time(u64::MAX);

/// An honest client.
pub(crate) struct Client {
    /// Of whom it wants how many answers.
    pub(crate) wants: Vec<(PartyId, u64)>,
    /// Whether it runs the model itself; else it trusts in audits.
    pub(crate) looks: bool,
}

impl Player for Client {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        // Who trusts asks when others have looked.
        let asks = self.looks || stage.clock.height.0 > TRUSTING_BLOCKS;
        for (worker, left) in &mut self.wants {
            if asks {
                ask(stage, *worker, left);
            }
            leave(stage, *worker, *left);
        }
        pay(stage, |_| (PRICE, LASTING));
        compare(stage);
        if self.looks {
            check(stage);
            prosecute(stage, |_| Some(Tale::True));
            hold(stage);
        }
    }
}

/// The channel to a worker: opened, where there is none yet.
pub(crate) fn channel(stage: &mut Stage<'_, '_>, worker: PartyId) -> Option<usize> {
    let me = stage.me;
    if let Some(at) = stage.hall.channel(me, worker) {
        return Some(at);
    }
    let node = stage.hall.party(worker).node()?;
    let key = stage.party().owner();
    let network = stage.hall.network;
    let made = stage.scene.account(key.public).made;
    let ids = (0..made).map(|number| (number, ChannelId::of(network, key.public, number)));
    let mine =
        ids.filter_map(|(number, id)| Some((number, id, stage.scene.record(&ChannelSlot(id))?)));
    let found = mine.into_iter().find(|(_, _, record)| record.node == node);
    match found {
        Some((number, id, record)) => {
            let (deposit, promised) = (record.deposit.0, 0);
            let paying = Paying { client: me, worker, id, number, deposit, promised };
            stage.hall.channels.push(paying);
        }
        None if stage.clock.height.0 < ASKING_BLOCKS => {
            stage.wish(key, Some(forms::channel_open(node, DEPOSIT * PRICE)));
        }
        None => {}
    }
    None
}

/// Asks for an answer, one after the other.
pub(crate) fn ask(stage: &mut Stage<'_, '_>, worker: PartyId, left: &mut u64) {
    if *left == 0 || stage.clock.height.0 >= ASKING_BLOCKS {
        *left = 0;
        return;
    }
    let me = stage.me;
    if channel(stage, worker).is_none() {
        return;
    }
    let waits = stage.hall.asks.iter().any(|ask| (ask.client, ask.worker) == (me, worker));
    if !waits {
        let case = stage.random.index(CASES);
        let date = (stage.clock.height.0, stage.epoch());
        let blind = Blind(stage.random.bytes());
        stage.hall.asks.push(Ask { client: me, worker, case, date, blind });
        *left -= 1;
    }
}

/// Pays for what it got: how much, and until when the voucher holds.
pub(crate) fn pay(stage: &mut Stage<'_, '_>, how: impl Fn(usize) -> (u128, Time)) {
    let me = stage.me;
    for at in 0..stage.hall.answers.len() {
        let answer = &stage.hall.answers[at];
        if answer.client == me && answer.paid.is_none() {
            let (more, expiry) = how(at);
            if more > 0 {
                stage.hall.promise(at, more, expiry);
            }
        }
    }
}

/// Accuses an answer, under a key of its own. What a stranger signed nobody can be accused of.
pub(crate) fn accuse(stage: &mut Stage<'_, '_>, answer: usize, by: &'static Key) {
    let made = (answer, &stage.hall.answers[answer]);
    let Some(node) = stage.hall.party(made.1.worker).node() else { return };
    if !made.1.is_its_own() {
        return;
    }
    let trial = Trial::of(stage.hall.network, made, node, (stage.me, by));
    bring(stage, trial);
}

/// Accuses an auditor of an answer, who said that it is true.
pub(crate) fn accuse_auditor(
    stage: &mut Stage<'_, '_>,
    answer: usize,
    vouching: Vouching,
    by: &'static Key,
) {
    let network = stage.hall.network;
    let auditor = stage.hall.parties.iter().position(|party| party.nodes.contains(&vouching.node));
    let Some(auditor) = auditor.map(PartyId) else { return };
    let made = (answer, &stage.hall.answers[answer]);
    let trial = Trial::of(network, made, vouching.node, (stage.me, by));
    bring(stage, trial.vouched(network, auditor, vouching));
}

fn bring(stage: &mut Stage<'_, '_>, trial: Trial) {
    let known = stage.hall.trials.iter().any(|other| other.slot == trial.slot);
    if !known {
        stage.hall.trials.push(trial);
    }
}

/// Looks at all that it got.
pub(crate) fn check(stage: &mut Stage<'_, '_>) {
    let (me, key) = (stage.me, stage.party().owner());
    for at in 0..stage.hall.answers.len() {
        if stage.hall.answers[at].client != me {
            continue;
        }
        let own = |trial: &Trial| trial.answer == at && trial.accuser == me;
        let known = stage.hall.trials.iter().any(own);
        if !stage.hall.answers[at].is_true() && !known {
            accuse(stage, at, key);
        }
        check_twin(stage, at);
        check_log(stage, at);
        // Whoever gives it no files gives them to nobody.
        let worker = stage.hall.answers[at].worker;
        if stage.hall.party(worker).hides {
            ask_part(stage, at, 0);
        }
    }
}

/// Shows two tokens for one place.
fn check_twin(stage: &mut Stage<'_, '_>, at: usize) {
    let answer = &stage.hall.answers[at];
    let slot = contradiction_slot(stage.hall.network, answer, TWO_TOKENS);
    if answer.twin.is_none() || stage.scene.record(&slot).is_some() {
        return;
    }
    let (key, shown) = (stage.party().owner(), forms::equivocation(stage.hall, answer));
    stage.wish(key, shown);
}

/// Two tokens for one place, two receipts of one job, two leaves for the same money.
pub(crate) const TWO_TOKENS: u8 = 3;
pub(crate) const TWO_RECEIPTS: u8 = 4;
pub(crate) const TWO_LEAVES: u8 = 5;

/// Under which it stands that a worker contradicted itself about an answer, by what was shown.
pub(crate) fn contradiction_slot(
    network: commit::Network,
    answer: &Answer,
    kind: u8,
) -> DisputeSlot {
    let (worker, job) = (answer.receipt.worker, answer.receipt.job);
    ClaimedStep { worker, job, choice: 0, position: 0, kind, what: 0 }.slot(network)
}

/// Asks for a receipt that was due in its worker's log and is not there.
fn check_log(stage: &mut Stage<'_, '_>, at: usize) {
    let answer = &stage.hall.answers[at];
    let due = stage.epoch().0 > answer.receipt.anchor_by;
    let size = stage.size(answer.receipt.worker);
    let there = answer.leaf.is_some_and(|(_, index)| index < size);
    let key = stage.party().owner();
    let slot = forms::missing_slot(stage.hall, answer);
    let asked = stage.hall.asked.contains(&slot);
    if due && !there && answer.paid.is_some() && !asked {
        match stage.scene.record(&slot).is_some() {
            true => stage.hall.asked.push(slot),
            false => {
                let action = forms::missing_open(stage.hall, answer);
                stage.wish(key, action);
            }
        }
    }
}

/// Goes on with what it accused of: opens it, and names what its tale says; none: it sleeps.
pub(crate) fn prosecute(stage: &mut Stage<'_, '_>, tale: impl Fn(&Trial) -> Option<Tale>) {
    let me = stage.me;
    for at in 0..stage.hall.trials.len() {
        let trial = &stage.hall.trials[at];
        if trial.accuser != me {
            continue;
        }
        let alarm = alarm(stage, trial.slot);
        let (by, opens) = (trial.by, forms::dispute_open(stage.hall, trial, alarm));
        match stage.progress(trial) {
            Progress::Unknown => stage.wish(by, Some(opens)),
            Progress::Open(case) if case.stage == Course::Challenger => {
                let made =
                    tale(trial).and_then(|tale| forms::dispute_move(stage.hall, trial, tale));
                stage.wish(by, made);
            }
            Progress::Open(_) | Progress::Ended | Progress::Closed => {}
        }
    }
}

/// Holds what was paid for an answer that it accused.
pub(crate) fn hold(stage: &mut Stage<'_, '_>) {
    let (me, key) = (stage.me, stage.party().owner());
    let mut wanted = Vec::new();
    let own = |trial: &&Trial| trial.accuser == me && trial.vouching.is_none();
    for trial in stage.hall.trials.iter().filter(own) {
        let holds = match stage.progress(trial) {
            Progress::Open(_) | Progress::Ended => true,
            Progress::Unknown | Progress::Closed => false,
        };
        wanted.extend(holds.then(|| holding(stage, trial)).flatten());
    }
    for action in wanted {
        stage.wish(key, Some(action));
    }
}

/// What holds a trial's pay, where it is settled and neither held nor void.
fn holding(stage: &Stage<'_, '_>, trial: &Trial) -> Option<ledger::tx::Action> {
    let answer = &stage.hall.answers[trial.answer];
    let (leaf, index) = answer.leaf?;
    let size = stage.size(answer.receipt.worker);
    let paying = &stage.hall.channels[stage.hall.channel(answer.client, answer.worker)?];
    let mut settled = stage.scene.held.iter().filter_map(|held| {
        if let Held::Settlement(slot, settlement) = held { Some((*slot, settlement)) } else { None }
    });
    let covers = |(slot, settlement): &(SettlementSlot, &chain::records::Settlement)| {
        let (from, to) = (settlement.span.from.0, settlement.span.to.0);
        slot.channel == paying.id && from < leaf.to && leaf.from < to
    };
    let (slot, settlement) = settled.find(covers)?;
    let hold = HoldSlot { dispute: trial.slot, settlement: slot };
    let void =
        settlement.voided.iter().any(|span| span.from.0 <= leaf.from && leaf.to <= span.to.0);
    let free = stage.scene.record(&hold).is_none() && index < size && !void;
    free.then(|| forms::hold(stage.hall, trial, paying, (slot.epoch, size))).flatten()
}

/// Closes a channel that is not needed any more.
pub(crate) fn leave(stage: &mut Stage<'_, '_>, worker: PartyId, left: u64) {
    let Some(at) = stage.hall.channel(stage.me, worker) else { return };
    let paying = &stage.hall.channels[at];
    let Some(record) = stage.scene.record(&ChannelSlot(paying.id)) else { return };
    let waits = stage.hall.answers.iter().any(|answer| {
        (answer.client, answer.worker) == (stage.me, worker) && answer.paid.is_none()
    });
    let over = stage.clock.height.0 > ASKING_BLOCKS + 4;
    if left == 0 && over && !waits && record.closing.is_none() {
        let (key, close) = (stage.party().owner(), forms::channel_close(paying.id, record.node));
        stage.wish(key, Some(close));
    }
}
