//! Whoever is refuted pays, in the block that says so; and every lie that an honest client found is refuted, or passed
//! over in silence to the end, within the windows that moves have.
//!
//! Would catch: stake that is out of reach when its lie is refuted, a case that never ends, a claim that is closed and
//! was not paid for.

use chain::Time;
use chain::records::{Course, Held, NodeId, Outcome};
use ledger::Parameter;
use std::collections::{BTreeMap, BTreeSet};

use super::super::{Seen, holds};
use super::slashed::against;
use super::wealth::{Wealth, case};
use super::{Hearing, Parties};
use crate::court::{
    Hall, Standing, TWO_LEAVES, TWO_RECEIPTS, TWO_TOKENS, Trial, contradiction_slot,
};
use crate::scene::Scene;

/// More windows than a dispute has moves.
const WINDOWS: u64 = 40;

/// Who lost a bond.
#[derive(Debug, Default)]
pub(super) struct Docket {
    lost_bonds: Parties,
}

impl Docket {
    pub(super) fn check(&mut self, hearing: &Hearing<'_>) -> Seen {
        self.bonds(hearing);
        for (node, wanted) in refuted(hearing) {
            let fell = hearing.had.fell(node, hearing.has);
            let had = hearing.had.means(node);
            holds(fell >= wanted, || format!("who is refuted had {had:?} and loses {fell}"))?;
            let end = hearing.now.after(window(hearing, Parameter::JailMs));
            let jailed = hearing.after.held.iter().any(|held| {
                matches!(held, Held::Node(slot, node_is) if slot.0 == node && node_is.jailed_until >= end)
            });
            holds(jailed, || "who is refuted is not jailed".to_owned())?;
        }
        in_time(hearing)
    }

    /// Challengers whose cases ended for the node.
    fn bonds(&mut self, hearing: &Hearing<'_>) {
        let shown = hearing.shown().map(|asked| asked.challenger);
        let mut losers: BTreeSet<_> = shown.collect();
        for held in &hearing.after.held {
            if let Held::Dispute(_, dispute) = held
                && matches!(dispute.course, Course::Ended(_))
                && !against(&dispute.course)
            {
                losers.insert(dispute.challenger);
            }
        }
        for (at, party) in hearing.hall.parties.iter().enumerate() {
            if party.keys.iter().any(|key| losers.contains(&key.public)) {
                self.lost_bonds.insert(at);
            }
        }
    }

    /// Players who lost stake or a bond.
    pub(super) fn parties(&self, hall: &Hall, begun: &Wealth, ended: &Wealth) -> Parties {
        let mut all = self.lost_bonds.clone();
        for (at, party) in hall.parties.iter().enumerate() {
            if party.nodes.iter().any(|node| ended.all(*node) < begun.all(*node)) {
                all.insert(at);
            }
        }
        all
    }

    /// No lie that an honest client accused of is left.
    pub(super) fn end(&self, scene: &Scene<'_>, hall: &Hall) -> Seen {
        for trial in &hall.trials {
            let answer = &hall.answers[trial.answer];
            let honest = hall.party(trial.accuser).standing == Standing::Honest;
            // An auditor's word can be doubted for a time only.
            let came = trial.vouching.is_none() || scene.record(&trial.slot).is_some();
            let found = honest && came && !answer.is_true();
            let refuted = scene.record(&trial.claim).is_some();
            let course = scene.record(&trial.slot).map(|dispute| dispute.course);
            // What was planted is no lie, and nobody else's is planted.
            let planted = course == Some(Course::Ended(Outcome::Planted))
                && hall.party(trial.accused).standing == Standing::Honest;
            let ended = planted || course.is_some_and(|course| against(&course));
            holds(!found || refuted || ended, || {
                let name = hall.party(trial.accused).name;
                format!("a lie of a {name} was found and is not refuted")
            })?;
        }
        Ok(())
    }
}

/// What claims cost that are refuted, and contradictions that are shown, since the block before, by node: only those for which nothing was held.
fn refuted(hearing: &Hearing<'_>) -> BTreeMap<NodeId, u128> {
    let mut all = BTreeMap::new();
    let costs = |trial: &Trial| match trial.vouching {
        Some(_) => hearing.amount(Parameter::LazySlash),
        None => hearing.amount(Parameter::Slash),
    };
    let trials = hearing.hall.trials.iter();
    let mut claims: BTreeMap<_, _> = trials.map(|trial| (trial.claim, costs(trial))).collect();
    let slash = hearing.amount(Parameter::Slash);
    for answer in &hearing.hall.answers {
        let slot = |kind| contradiction_slot(hearing.hall.network, answer, kind);
        claims.extend([TWO_TOKENS, TWO_RECEIPTS, TWO_LEAVES].map(|kind| (slot(kind), slash)));
    }
    for held in &hearing.after.held {
        let Held::Dispute(slot, dispute) = held else { continue };
        let new =
            !hearing.before.iter().any(|old| matches!(old, Held::Dispute(of, _) if of == slot));
        let Some(costs) = claims.get(slot) else { continue };
        let unheld = held_before(hearing, slot.0) == 0;
        if new && unheld && dispute.course == Course::Ended(Outcome::ClaimantRefuted) {
            *all.entry(dispute.node).or_default() += costs;
        }
    }
    all
}

/// What was held in cases about a claim.
fn held_before(hearing: &Hearing<'_>, claim: commit::Digest) -> u128 {
    let cases = hearing.before.iter().filter_map(case);
    cases.filter(|(_, case)| case.claim == claim).map(|(_, case)| case.held.0).sum()
}

pub(super) fn window(hearing: &Hearing<'_>, parameter: Parameter) -> u64 {
    u64::try_from(hearing.amount(parameter)).unwrap_or(u64::MAX)
}

/// How long a case may take.
pub(super) fn case_ends(hearing: &Hearing<'_>) -> u64 {
    let one =
        window(hearing, Parameter::MoveMs).saturating_add(window(hearing, Parameter::TimeStepMs));
    one.saturating_mul(WINDOWS).saturating_add(window(hearing, Parameter::AppealMs))
}

/// No case is open for longer than its moves may take.
fn in_time(hearing: &Hearing<'_>) -> Seen {
    let all = case_ends(hearing);
    for held in &hearing.after.held {
        if let Held::Dispute(_, dispute) = held
            && case(held).is_some()
        {
            let Time(last) = dispute.opened.after(all);
            holds(hearing.now.0 <= last, || "a case does not end".to_owned())?;
        }
    }
    Ok(())
}
