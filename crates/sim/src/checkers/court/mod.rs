//! Those that look at a court: they know who was cast as what, and what came of it on the ledger.
//!
//! Never ask a player anything: what a cheat wanted is nothing to them.

mod ballots;
mod drawn;
mod offline;
mod paid;
mod profit;
mod punished;
mod slashed;
mod wealth;

use chain::records::{Asked, Held};
use chain::{Block, Time};
use ledger::{Parameter, Parameters};
use std::collections::BTreeSet;

use crate::court::Hall;
use crate::report::Report;
use crate::scene::{Scene, clock};

pub use self::drawn::ALARMS;
use self::wealth::{Wealth, asked};
use super::Seen;

/// Their names.
pub const NAMES: &[&str] =
    &["slashed", "offline", "punished", "drawn", "paid", "profit", "ballots"];

/// One block of a court.
struct Hearing<'a> {
    /// What stood on the ledger before it.
    before: &'a [Held],
    /// What stands there now.
    after: &'a Scene<'a>,
    block: &'a Block,
    /// The block's time.
    now: Time,
    /// Who plays.
    hall: &'a Hall,
    /// What nodes have, before and after.
    had: &'a Wealth,
    has: &'a Wealth,
    /// The values that held before it.
    parameters: &'a Parameters,
}

impl Hearing<'_> {
    /// The value that held before the block.
    fn amount(&self, parameter: Parameter) -> u128 {
        self.parameters.get(parameter)
    }

    /// What was asked for before the block, and was shown in it.
    fn shown(&self) -> impl Iterator<Item = &Asked> {
        let state = self.after.state;
        let before = self.before.iter().filter_map(asked);
        let gone = before.filter(|(key, _)| state.entry(&state.place(key)).is_none());
        gone.map(|(_, asked)| asked).filter(|asked| !asked.silent)
    }
}

/// What they remember of a court.
pub(crate) struct Gallery {
    before: Vec<Held>,
    had: Wealth,
    parameters: Parameters,
    begun: Wealth,
    offline: offline::Away,
    punished: punished::Docket,
    drawn: drawn::Draws,
    paid: paid::Paid,
    profit: profit::Books,
    ballots: ballots::Lost,
}

impl Gallery {
    /// Before the first block.
    pub(crate) fn new(scene: &Scene<'_>, hall: &Hall) -> Self {
        let had = Wealth::of(&scene.held);
        Self {
            before: scene.held.clone(),
            parameters: parameters(scene),
            offline: offline::Away::default(),
            punished: punished::Docket::default(),
            drawn: drawn::Draws::default(),
            paid: paid::Paid::default(),
            profit: profit::Books::new(scene, hall),
            ballots: ballots::Lost::default(),
            begun: had.clone(),
            had,
        }
    }

    /// What each of them sees in a block, by its name.
    pub(crate) fn look(
        &mut self,
        after: &Scene<'_>,
        block: &Block,
        hall: &Hall,
    ) -> Vec<(&'static str, String)> {
        let has = Wealth::of(&after.held);
        let hearing = Hearing {
            before: &self.before,
            after,
            block,
            now: clock(after.state).map(|clock| clock.time).unwrap_or_default(),
            hall,
            had: &self.had,
            has: &has,
            parameters: &self.parameters,
        };
        let seen: [Seen; NAMES.len()] = [
            slashed::check(&hearing),
            self.offline.check(&hearing),
            self.punished.check(&hearing),
            self.drawn.check(&hearing),
            self.paid.check(&hearing),
            self.profit.check(&hearing),
            self.ballots.check(&hearing),
        ];
        self.before.clone_from(&after.held);
        self.parameters = parameters(after);
        self.had = has;
        named(seen)
    }

    /// What they see when all windows have passed, and what goes into the report.
    pub(crate) fn end(
        &self,
        scene: &Scene<'_>,
        hall: &Hall,
        report: &mut Report,
    ) -> Vec<(&'static str, String)> {
        let punished = self.punished.parties(hall, &self.begun, &self.had);
        let seen = [
            Ok(()),
            self.offline.end(hall, &self.begun, &self.had),
            self.punished.end(scene, hall),
            self.drawn.end(report),
            Ok(()),
            self.profit.end(scene, hall, &punished, report),
            Ok(()),
        ];
        named(seen)
    }
}

fn named(seen: [Seen; NAMES.len()]) -> Vec<(&'static str, String)> {
    let named = NAMES.iter().zip(seen);
    named.filter_map(|(name, seen)| Some((*name, seen.err()?))).collect()
}

fn parameters(scene: &Scene<'_>) -> Parameters {
    let values = scene.record(&chain::records::ParametersSlot).unwrap_or_default();
    Parameters::of(&values).expect("the ledger's own values")
}

/// Places of players.
type Parties = BTreeSet<usize>;
