//! What is asked of a model's files on the ledger, where somebody gives them to nobody.
//!
//! Never about another model than the court's own.

use chain::records::{Held, Withheld, WithheldSlot};

use super::forms;
use super::stage::Stage;

/// Chunks that are asked for, and by what they are.
pub(crate) fn withheld(stage: &Stage<'_, '_>) -> Vec<(WithheldSlot, Withheld)> {
    let held = stage.scene.held.iter().filter_map(|held| {
        if let Held::Withheld(slot, withheld) = held { Some((*slot, *withheld)) } else { None }
    });
    held.collect()
}

/// Asks who gave an answer for a chunk, once.
pub(crate) fn ask_part(stage: &mut Stage<'_, '_>, answer: usize, chunk: u64) {
    let slot = forms::part_slot(stage.hall, &stage.hall.answers[answer], chunk);
    if stage.hall.parts.contains(&slot) {
        return;
    }
    match stage.scene.record(&slot).is_some() {
        true => stage.hall.parts.push(slot),
        false => {
            let action = forms::part_open(stage.hall, &stage.hall.answers[answer], chunk);
            let key = stage.party().owner();
            stage.wish(key, action);
        }
    }
}

/// Shows chunks that its own nodes are asked for, but who hides them.
pub(crate) fn show_parts(stage: &mut Stage<'_, '_>) {
    if stage.party().hides {
        return;
    }
    let (owner, nodes) = (stage.party().owner(), stage.party().nodes.clone());
    for (slot, withheld) in withheld(stage) {
        let late = stage.is_past(withheld.asked.deadline) && !stage.random.once_in(4);
        if nodes.contains(&withheld.asked.node) && !late {
            let shown = forms::part_answer(owner.public, slot, &withheld);
            stage.wish(owner, shown);
        }
    }
}

/// Notices deadlines that have passed.
pub(super) fn late(stage: &mut Stage<'_, '_>, sloppy: u64) {
    let key = stage.hall.bailiff;
    for (slot, withheld) in withheld(stage) {
        if stage.is_past(withheld.asked.deadline) || stage.random.once_in(sloppy) {
            stage.wish(key, Some(forms::part_late(slot, &withheld)));
        }
    }
}
