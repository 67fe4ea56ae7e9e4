//! A correct node never loses stake, is never jailed, and no case ends against it.
//!
//! Would catch: a referee that finds against the truth, a deadline that passes while nobody could know, a slash for
//! somebody else's lie.

use chain::Time;
use chain::records::{Course, Held, Outcome};

use super::super::{Seen, holds};
use super::Hearing;
use crate::court::Standing;

pub(super) fn check(hearing: &Hearing<'_>) -> Seen {
    let honest = hearing.hall.parties.iter().filter(|party| party.standing == Standing::Honest);
    for node in honest.flat_map(|party| &party.nodes) {
        let (had, has) = (hearing.had.all(*node), hearing.has.all(*node));
        holds(has >= had, || format!("an honest node goes from {had} to {has}"))?;
        for held in &hearing.after.held {
            if let Held::Node(slot, record) = held
                && slot.0 == *node
            {
                let free = record.jailed_until == Time(0) && record.silences.count == 0;
                holds(free, || "an honest node is jailed".to_owned())?;
            } else if let Held::Dispute(_, dispute) = held
                && dispute.node == *node
            {
                let against = against(&dispute.course);
                holds(!against, || format!("an honest node loses its case: {:?}", dispute.course))?;
            }
        }
    }
    Ok(())
}

/// Whether a case ended against the node.
pub(super) fn against(course: &Course) -> bool {
    match course {
        Course::Ended(Outcome::ClaimantRefuted | Outcome::ClaimantSilent) => true,
        Course::Open(_)
        | Course::Ended(
            Outcome::ChallengerRefuted | Outcome::ChallengerSilent | Outcome::Planted,
        ) => false,
    }
}
