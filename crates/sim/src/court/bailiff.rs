//! What anybody may do, done by somebody: deadlines are noticed, what is decided is ended, what is due is paid.
//!
//! Never hurries, and now and then asks for what is not due.

use chain::records::{Course, Held, Hold, HoldSlot, NodeSlot, Stage as At};
use ledger::Parameter;

use super::auditing::{draw, see_to};
use super::forms;
use super::parts;
use super::stage::{Player, Progress, Stage};

/// Who sees to it.
pub(crate) struct Bailiff;

/// Once in so many times it asks for what may not be due.
const SLOPPY: u64 = 24;
/// Once in so many times it does not look.
const SLOW: u64 = 3;

impl Player for Bailiff {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        if stage.random.once_in(SLOW) {
            return;
        }
        trials(stage);
        missing(stage);
        parts::late(stage, SLOPPY);
        held(stage);
        channels(stage);
        see_to(stage, SLOPPY);
        draw(stage);
    }
}

fn trials(stage: &mut Stage<'_, '_>) {
    let key = stage.hall.bailiff;
    for at in 0..stage.hall.trials.len() {
        let trial = &stage.hall.trials[at];
        let Progress::Open(case) = stage.progress(trial) else { continue };
        let sloppy = stage.random.once_in(SLOPPY);
        let late = stage.is_past(case.deadline);
        let ends = forms::dispute_end(stage.hall, trial, case.appellant);
        let lapses = Some(forms::dispute_late(trial));
        match case.stage {
            At::Decided(_) => stage.wish(key, ends),
            At::Silent if late || sloppy => stage.wish(key, ends),
            At::Claimant | At::Challenger if late => stage.wish(key, lapses),
            At::Claimant | At::Challenger if sloppy => {
                let early = if stage.random.once_in(2) { ends } else { lapses };
                stage.wish(key, early);
            }
            At::Silent | At::Claimant | At::Challenger => {}
        }
    }
}

fn missing(stage: &mut Stage<'_, '_>) {
    let key = stage.hall.bailiff;
    for (slot, missing) in stage.missing() {
        if stage.is_past(missing.asked.deadline) || stage.random.once_in(SLOPPY) {
            let late = forms::missing_late(slot, missing.asked.node, missing.asked.challenger);
            stage.wish(key, Some(late));
        }
    }
}

/// Releases what ended disputes hold, and collects what is due.
fn held(stage: &mut Stage<'_, '_>) {
    let key = stage.hall.bailiff;
    let wait = u64::try_from(stage.scene.parameter(Parameter::CollectEpochs)).unwrap_or(u64::MAX);
    let mut wanted = Vec::new();
    for held in &stage.scene.held {
        let sloppy = stage.random.once_in(SLOPPY);
        if let Held::Hold(slot, hold) = held {
            wanted.extend((is_over(stage, slot) || sloppy).then(|| releasing(*slot, hold)));
        } else if let Held::Settlement(slot, settlement) = held {
            let ours = stage.hall.of_node(settlement.node);
            let Some(owner) = ours.map(|party| party.owner().public) else { continue };
            let node = stage.scene.record(&NodeSlot(settlement.node));
            let jailed = node.is_some_and(|node| node.jailed_until > stage.clock.time);
            let due = stage.epoch().0 > slot.epoch.0.saturating_add(wait);
            if due && settlement.held == 0 && !jailed || sloppy {
                wanted.push(forms::collect(*slot, settlement.node, owner));
            }
        }
    }
    for action in wanted {
        stage.wish(key, Some(action));
    }
}

fn is_over(stage: &Stage<'_, '_>, slot: &HoldSlot) -> bool {
    let dispute = stage.scene.record(&slot.dispute);
    dispute.is_some_and(|dispute| matches!(dispute.course, Course::Ended(_)))
}

fn releasing(slot: HoldSlot, hold: &Hold) -> ledger::tx::Action {
    forms::release(slot, hold.payer)
}

/// Ends channels that may end.
fn channels(stage: &mut Stage<'_, '_>) {
    let key = stage.hall.bailiff;
    let mut wanted = Vec::new();
    for held in &stage.scene.held {
        if let Held::Channel(slot, channel) = held
            && let Some(closing) = channel.closing
            && closing.due <= stage.clock.time
            && closing.epoch <= stage.epoch()
        {
            wanted.push(forms::channel_end(slot.0, channel.payer));
        }
    }
    for action in wanted {
        stage.wish(key, Some(action));
    }
}
