//! A worker that lies, and an auditor of a friend's that says what the worker tells it.
//!
//! It wants audits to find nothing. The other auditor, and whoever asked, find it all the same.

use crate::court::auditing::{commit, enrol, reveal, told};
use crate::court::work::{lie_on, serve};
use crate::court::{Player, Stage, Tale};
use crate::random::Random;

struct ColludingPair;

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(ColludingPair)
}

impl Player for ColludingPair {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |nth| if nth % 2 == 0 { Tale::False } else { Tale::True });
        lie_on(stage);
        let (Some(node), keys) = (stage.party().nodes.last().copied(), stage.party().keys) else {
            return;
        };
        let friend = keys.last().expect("it has a friend");
        enrol(stage, node, friend);
        commit(stage, node, friend, told);
        reveal(stage, node, friend, told);
    }
}
