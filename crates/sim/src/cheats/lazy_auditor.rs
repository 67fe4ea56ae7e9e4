//! An auditor that computes nothing: it says what the worker tells it.
//!
//! It wants the fee without the work. It gets it where the worker was true; plants are there to find it out.

use crate::court::auditing::{commit, enrol, reveal, stand_by, told};
use crate::court::{Player, Stage};
use crate::random::Random;

struct LazyAuditor;

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(LazyAuditor)
}

impl Player for LazyAuditor {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let (Some(node), key) = (stage.party().node(), stage.party().owner()) else { return };
        enrol(stage, node, key);
        commit(stage, node, key, told);
        reveal(stage, node, key, told);
        stand_by(stage);
    }
}
