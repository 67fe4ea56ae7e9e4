//! All the money there is, counted from outside.
//!
//! Never used by the rules: tests, the simulator and whoever doubts them use it.

use chain::Amount;
use chain::records::{Course, Dispute, Held};
use chain::state::State;

use crate::stop::Fault;

/// What accounts and the network have together, and what should be there: all that was issued, less all that was burnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supply {
    /// Counted.
    pub there: Amount,
    /// By the books.
    pub booked: Amount,
}

/// Counts every record of a state.
///
/// # Errors
/// [`Fault`] where an entry is no record, or an amount leaves its bounds.
pub fn supply(state: &State) -> Result<Supply, Fault> {
    let (mut there, mut booked) = (Amount::ZERO, None);
    for entry in state.entries() {
        let money = match Held::decode(&entry.key, &entry.value)? {
            Held::Clock(_)
            | Held::Parameters(_)
            | Held::Seats(_)
            | Held::Key(..)
            | Held::Candidates(_)
            | Held::Stakes(_)
            | Held::Package(..)
            | Held::Program(..)
            | Held::Name(..)
            | Held::Label(..)
            | Held::EpochBook(..)
            | Held::Anchor(..)
            | Held::Ballot(..)
            | Held::Auditors(_)
            | Held::Panel(_)
            | Held::Hold(..)
            | Held::EpochStart(..)
            | Held::Rules(_)
            | Held::Group(_) => Amount::ZERO,
            Held::Proposal(_, proposal) => proposal.bond,
            Held::Plant(_, plant) => plant.bond,
            Held::Withheld(_, withheld) => {
                withheld.asked.money().ok_or(Fault::Money("what is withheld"))?
            }
            Held::Channel(_, channel) => channel.left(),
            Held::Settlement(_, settlement) => settlement.left(),
            Held::Purse(purse) => {
                booked = purse.issued.minus(purse.burnt);
                purse.fees.plus(purse.treasury).ok_or(Fault::Money("the purse"))?
            }
            Held::Account(_, account) => account.balance,
            Held::Node(_, node) => node.money().ok_or(Fault::Money("a node"))?,
            Held::Dispute(_, dispute) => of_dispute(&dispute)?,
            Held::Audit(_, audit) => audit.bond.plus(audit.held).ok_or(Fault::Money("an audit"))?,
            Held::Missing(_, missing) => {
                missing.asked.money().ok_or(Fault::Money("what is missing"))?
            }
        };
        there = there.plus(money).ok_or(Fault::Money("the supply"))?;
    }
    Ok(Supply { there, booked: booked.ok_or(Fault::Lacking("its purse"))? })
}

fn of_dispute(dispute: &Dispute) -> Result<Amount, Fault> {
    let Course::Open(case) = &dispute.course else { return Ok(Amount::ZERO) };
    let bonds = case.bond.all().and_then(|bond| bond.plus(case.appeal_bond));
    bonds.and_then(|bonds| bonds.plus(case.held)).ok_or(Fault::Money("a dispute"))
}
