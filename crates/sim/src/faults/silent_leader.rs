//! A leader that proposes nothing.
//!
//! What holds: its views are nullified, the next leader goes on. Never kept from voting.

use super::Stage;
use crate::validator::Action;

pub(super) fn act(stage: &mut Stage<'_>, actions: Vec<Action>) -> Vec<Action> {
    stage.proposals(actions, |_, _| Vec::new())
}
