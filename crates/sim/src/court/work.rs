//! What a worker does: it answers, logs, anchors, settles, and stands up for its answers. A cheat does some of it
//! otherwise.
//!
//! Never takes money for what it has not done: vouchers are of finished jobs.

use chain::Voucher;
use chain::records::{
    BallotSlot, ChannelSlot, Decision, Held, NodeSlot, SettlementSlot, Stage as Course,
};
use ledger::tx::{Action, Vote};
use receipt::PublicKey;
use std::collections::BTreeMap;

use super::auditing::answer;
use super::cases::Tale;
use super::custom::LASTING;
use super::forms;
use super::hall::{Ask, PRICE, PartyId, Promise};
use super::parts::show_parts;
use super::stage::{Player, Stage};
use super::trial::Trial;

/// An honest worker.
pub(crate) struct Worker;

impl Player for Worker {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |_| Tale::True);
        log(stage);
        anchor(stage);
        settle(stage);
        defend(stage, |_| Tale::True);
        appeal(stage, |_| true);
        show(stage);
        answer(stage, true);
        vote(stage);
    }
}

/// What follows the answers of one who stands by its lies to the end: logged, paid, defended and shown as if they were
/// true.
pub(crate) fn lie_on(stage: &mut Stage<'_, '_>) {
    log(stage);
    anchor(stage);
    settle(stage);
    defend(stage, |_| Tale::False);
    show(stage);
    answer(stage, true);
}

/// Answers whoever asked, but who has not paid for what it got; says how the n-th answer is to be.
pub(crate) fn serve(stage: &mut Stage<'_, '_>, mut tale: impl FnMut(usize) -> Tale) {
    let me = stage.me;
    let mut nth = stage.hall.answers.iter().filter(|answer| answer.worker == me).count();
    serve_each(stage, |_| {
        nth += 1;
        tale(nth - 1)
    });
}

/// The same; says how what is asked is to be answered.
pub(crate) fn serve_each(stage: &mut Stage<'_, '_>, mut tale: impl FnMut(&Ask) -> Tale) {
    let me = stage.me;
    let (mine, others): (Vec<Ask>, Vec<Ask>) =
        stage.hall.asks.drain(..).partition(|ask| ask.worker == me);
    stage.hall.asks = others;
    for ask in mine {
        if owes(stage, ask.client) {
            continue;
        }
        let (epoch, tale) = (stage.epoch().0, tale(&ask));
        stage.hall.answer(&ask, tale, epoch);
    }
}

/// Whether a client has not paid for something it got: not enough, not for long enough, or more than it locked.
fn owes(stage: &Stage<'_, '_>, client: PartyId) -> bool {
    let mut answers = stage.hall.answers.iter();
    answers.any(|answer| {
        let mine = (answer.worker, answer.client) == (stage.me, client);
        let deposit = stage.hall.channel(client, stage.me);
        let deposit = deposit.map_or(0, |at| stage.hall.channels[at].deposit);
        let paid = answer.paid.is_some_and(|promise| {
            let cumulative = promise.voucher.cumulative.0;
            let worth = cumulative - promise.from >= PRICE && cumulative <= deposit;
            worth && promise.voucher.expiry == LASTING
        });
        mine && !paid
    })
}

/// Enters in its log what was paid, and what must be there soon.
pub(crate) fn log(stage: &mut Stage<'_, '_>) {
    for at in 0..stage.hall.answers.len() {
        if is_loggable(stage, at) {
            stage.hall.enter(at);
        }
    }
}

/// Whether an answer of its own belongs into its log, and is not there.
pub(crate) fn is_loggable(stage: &Stage<'_, '_>, at: usize) -> bool {
    let answer = &stage.hall.answers[at];
    let due = answer.receipt.anchor_by <= stage.clock.epoch.0 + 1;
    let mine = answer.worker == stage.me && answer.leaf.is_none() && !answer.kept_out;
    mine && (answer.paid.is_some() || due)
}

/// Anchors the logs of its keys, where they grew.
pub(crate) fn anchor(stage: &mut Stage<'_, '_>) {
    for key in stage.party().keys {
        let Some(log) = stage.party().log(key.public) else { continue };
        let before = stage.anchored(key.public);
        let (size, done) =
            before.map_or((0, false), |before| (before.size, before.epoch == stage.epoch()));
        if !done && log.size() > size {
            let action = forms::anchor(log, size);
            stage.wish(key, action);
        }
    }
}

/// Has the last of its keys sign for its node, and signs with that since the ledger knows it.
pub(crate) fn change_key(stage: &mut Stage<'_, '_>) {
    let (me, party) = (stage.me, stage.party());
    let (Some(node), keys, owner) = (party.node(), party.keys, party.owner()) else { return };
    let (before, last) = (party.operator(), keys.len() - 1);
    let known = stage.scene.record(&NodeSlot(node)).map(|node| node.operator);
    if known == Some(keys[last].public) {
        stage.hall.parties[me.0].signs = last;
    } else if known == Some(before.public) {
        let changed = forms::operator_key(stage.hall.network, node, [before, &keys[last]]);
        stage.wish(owner, Some(changed));
    }
}

/// The best promise of each channel of its own, of what stands in its anchored logs: whoever is drawn has to show
/// it there. Where the channel is being closed there is no time to wait.
pub(crate) fn promises(stage: &Stage<'_, '_>) -> Vec<Promise> {
    let mine = stage.hall.channels.iter().filter(|paying| paying.worker == stage.me);
    let logs = stage.party().logs.keys();
    let anchored: BTreeMap<_, _> = logs.map(|key| (*key, stage.size(*key))).collect();
    let best = mine.filter_map(|paying| {
        let record = stage.scene.record(&ChannelSlot(paying.id));
        let closing = record.is_some_and(|record| record.closing.is_some());
        let logged = stage.hall.answers.iter().filter(|answer| {
            let size = anchored.get(&answer.receipt.worker).copied().unwrap_or_default();
            let there = |(_, index)| index < size || closing;
            answer.kept_out || answer.leaf.is_some_and(there)
        });
        let paid = logged.filter_map(|answer| answer.paid);
        let here = paid.filter(|promise| {
            let Voucher { channel, cumulative, expiry, .. } = promise.voucher;
            // What is promised beyond the deposit, or not for long, is no promise.
            channel == paying.id && cumulative.0 <= paying.deposit && stage.clock.time < expiry
        });
        here.max_by_key(|promise| promise.voucher.cumulative)
    });
    best.collect()
}

/// Settles what it was promised.
pub(crate) fn settle(stage: &mut Stage<'_, '_>) {
    let Some(node) = stage.party().node() else { return };
    for promise in promises(stage) {
        let (channel, epoch) = (promise.voucher.channel, stage.epoch());
        let Some(record) = stage.scene.record(&ChannelSlot(channel)) else { continue };
        let worth = promise.voucher.cumulative > record.settled;
        let free = stage.scene.record(&SettlementSlot { epoch, channel }).is_none();
        if worth && free {
            let owner = stage.party().owner();
            stage.wish(owner, Some(forms::settle(node, epoch, &promise)));
        }
    }
}

/// Makes the moves that are its own, as its tale goes.
pub(crate) fn defend(stage: &mut Stage<'_, '_>, tale: impl Fn(&Trial) -> Tale) {
    defend_some(stage, |_| true, tale);
}

/// The same in some cases.
pub(crate) fn defend_some(
    stage: &mut Stage<'_, '_>,
    which: impl Fn(&Trial) -> bool,
    tale: impl Fn(&Trial) -> Tale,
) {
    let me = stage.me;
    for (at, case) in stage.open(|trial| trial.accused == me && which(trial)) {
        // Who comes too late tries all the same, now and then.
        let late = stage.is_past(case.deadline) && !stage.random.once_in(4);
        if case.stage == Course::Claimant && !late {
            let trial = &stage.hall.trials[at];
            let action = forms::dispute_move(stage.hall, trial, tale(trial));
            let owner = stage.hall.owner_of(trial.node).unwrap_or(stage.party().owner());
            stage.wish(owner, action);
        }
    }
}

/// Takes its cases up where it was silent.
pub(crate) fn appeal(stage: &mut Stage<'_, '_>, which: impl Fn(&Trial) -> bool) {
    let me = stage.me;
    let owner = stage.party().owner();
    for (at, case) in stage.open(|trial| trial.accused == me && which(trial)) {
        if case.stage == Course::Silent && !stage.is_past(case.deadline) {
            let action = forms::appeal(&stage.hall.trials[at]);
            stage.wish(owner, Some(action));
        }
    }
}

/// Shows the model's files where they are asked for, and receipts, where they are in its anchored logs.
pub(crate) fn show(stage: &mut Stage<'_, '_>) {
    show_parts(stage);
    let owner = stage.party().owner();
    for (slot, missing) in stage.missing() {
        let late = stage.is_past(missing.asked.deadline) && !stage.random.once_in(4);
        if stage.party().log(missing.worker).is_none() || late {
            continue;
        }
        let size = stage.size(missing.worker);
        let mut answers = stage.hall.answers.iter();
        let asked = answers.find(|answer| answer.id() == missing.receipt);
        let at = (slot, missing.asked.challenger);
        let shown = asked.and_then(|answer| forms::missing_answer(stage.hall, answer, at, size));
        stage.wish(owner, shown);
    }
}

/// Votes against whatever is proposed.
fn vote(stage: &mut Stage<'_, '_>) {
    let Some(node) = stage.party().node() else { return };
    let owner = stage.party().owner();
    let open = stage.scene.held.iter().filter_map(|held| {
        let Held::Proposal(slot, proposal) = held else { return None };
        let ballot = BallotSlot { proposal: slot.0, node };
        let free = stage.scene.record(&ballot).is_none() && stage.clock.time < proposal.ends;
        (free && proposal.decision == Decision::Open).then_some(slot.0)
    });
    for proposal in open.collect::<Vec<_>>() {
        stage.wish(owner, Some(Action::Vote(Vote { proposal, node, yes: false })));
    }
}

/// Nobody's key.
pub(crate) const NOBODY: PublicKey = PublicKey::NONE;
