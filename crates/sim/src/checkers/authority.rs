//! What is somebody's changes only where that somebody signed a transaction of the block, but where the text says that
//! time or anybody may: money leaves an account by its own signature, a node, a name, a label and a package change by
//! their owners', a log is anchored by its key, a channel is made by its payer's; seats change with epochs, parameters and the treasury by
//! votes.
//!
//! Would catch: a kind that does not look whose something is, one that takes from another account than its payer's, a key
//! that is bound twice or moves, a record that goes away though something still needs it.

use chain::records::{
    Account, Anchor, BoundKey, Channel, Held, LabelSlot, NameRecord, NameSlot, Node, NodeSlot,
    Package, Plant, PlantSlot, Purse,
};
use chain::state::State;
use chain::{KindNumber, Time};
use receipt::PublicKey;
use std::collections::BTreeSet;

use super::changes::{Change, kept};
use super::{Seen, Step, holds};
use crate::scene::{clock, record};

/// Whose transactions the block has, and what may be looked up.
struct Block<'a> {
    signers: BTreeSet<PublicKey>,
    before: &'a State,
    now: Time,
    new_epoch: bool,
    /// Whether a proposal is enacted.
    enacts: bool,
    /// Whether a transaction of the block pays audits out of the treasury.
    audits: bool,
}

/// The kind that enacts proposals.
const ENACT: KindNumber = KindNumber(83);
/// Kinds that pay who draws audits, and auditors.
const AUDITS: [KindNumber; 2] = [KindNumber(31), KindNumber(35)];

pub(crate) fn check(step: &Step<'_>, changes: &[Change]) -> Seen {
    let (was, is) = clock(step.before).zip(clock(step.after)).ok_or("a state has no clock")?;
    let signers = step.block.transactions.iter().map(|transaction| transaction.payer).collect();
    let new_epoch = is.epoch != was.epoch;
    let any = |kinds: &[KindNumber]| {
        step.block.transactions.iter().any(|transaction| kinds.contains(&transaction.kind))
    };
    let (enacts, audits) = (any(&[ENACT]), any(&AUDITS));
    let block = Block { signers, before: step.before, now: is.time, new_epoch, enacts, audits };
    changes.iter().try_for_each(|Change { was, is }| block.look(was.as_ref(), is.as_ref()))
}

impl Block<'_> {
    fn look(&self, was: Option<&Held>, is: Option<&Held>) -> Seen {
        if let Some(Held::Account(slot, _)) = was.or(is) {
            let account = |held: Option<&Account>| held.copied().unwrap_or_default();
            let (was, is) = (kept!(was, Account), kept!(is, Account));
            return self.account(slot.0, account(was), account(is));
        }
        if let Some(Held::Node(slot, _)) = was.or(is) {
            return self.node(slot, kept!(was, Node), kept!(is, Node));
        }
        if let Some(Held::Key(slot, _)) = was.or(is) {
            return key_stays(slot.0, kept!(was, Key), kept!(is, Key));
        }
        if let Some(Held::Plant(slot, _)) = was.or(is) {
            return self.plant(slot, kept!(was, Plant), kept!(is, Plant));
        }
        if let Some(Held::Package(slot, _)) = was.or(is) {
            return self.package(slot.publisher, kept!(was, Package), kept!(is, Package));
        }
        if let Some(Held::Name(slot, _)) = was.or(is) {
            return self.name(slot, kept!(was, Name), kept!(is, Name));
        }
        if let Some(Held::Label(slot, _)) = was.or(is) {
            return self.label(slot);
        }
        if let Some(Held::Channel(..)) = was.or(is) {
            return self.channel(kept!(was, Channel), kept!(is, Channel));
        }
        if let Some(Held::Anchor(slot, _)) = was.or(is) {
            return self.anchor(slot.0, kept!(was, Anchor), kept!(is, Anchor));
        }
        if let (Some(Held::Purse(was)), Some(Held::Purse(is))) = (was, is) {
            return self.purse(was, is);
        }
        let seats = matches!(was.or(is), Some(Held::Seats(_)));
        holds(!seats || self.new_epoch, || "seats change within an epoch".to_owned())?;
        let parameters = matches!(was.or(is), Some(Held::Parameters(_)));
        holds(!parameters || self.enacts, || "parameters change by nobody's vote".to_owned())?;
        let program = matches!(was, Some(Held::Program(..)));
        holds(!program, || "a program changes or goes away".to_owned())
    }

    fn signed(&self, key: PublicKey, what: impl FnOnce() -> String) -> Seen {
        let signed = self.signers.contains(&key);
        holds(signed, || format!("{} though {key} signed nothing", what()))
    }

    fn account(&self, key: PublicKey, was: Account, is: Account) -> Seen {
        let less = is.balance < was.balance || is.made != was.made;
        if !less {
            return Ok(());
        }
        self.signed(key, || format!("an account goes from {} to {}", was.balance.0, is.balance.0))
    }

    fn node(&self, slot: &NodeSlot, was: Option<&Node>, is: Option<&Node>) -> Seen {
        let Some(is) = is else { return Err("a node goes away".into()) };
        let name = || format!("node {} changes", commit::hex(&slot.0.0));
        let Some(was) = was else { return self.signed(is.owner, name) };
        let (mut old, mut new) = (was.clone(), is.clone());
        holds(old.owner == new.owner && old.created == new.created, name)?;
        for node in [&mut old, &mut new] {
            node.stake = chain::Amount::ZERO;
            node.unbonding.clear();
            (node.owed, node.debt) = (chain::records::Owed::default(), chain::Amount::ZERO);
            node.disputes = 0;
            (node.jailed_until, node.silences) = (Time(0), chain::records::Silences::default());
        }
        if old == new { Ok(()) } else { self.signed(is.owner, name) }
    }

    /// Its planter's alone to put and to open; whoever meets it speaks for a node, and whoever burns it says nothing of what it hid.
    fn plant(&self, slot: &PlantSlot, was: Option<&Plant>, is: Option<&Plant>) -> Seen {
        let what = || format!("plant {slot:?} goes from {was:?} to {is:?}");
        match (was, is) {
            (Some(was), Some(is)) => {
                let met = was.commitment == is.commitment && is.bond <= was.bond && is.met;
                holds(met && !was.met, what)
            }
            (Some(_), None) => Ok(()),
            (None, _) => self.signed(slot.planter, what),
        }
    }

    fn package(&self, publisher: PublicKey, was: Option<&Package>, is: Option<&Package>) -> Seen {
        let Some(is) = is else { return Err("a package goes away".into()) };
        let Some(was) = was else { return Ok(()) };
        let same = Package { withdrawn: is.withdrawn, ..was.clone() } == *is;
        holds(same && was.withdrawn.is_none(), || "a package changes".to_owned())?;
        self.signed(publisher, || "a package is withdrawn".to_owned())
    }

    fn name(&self, slot: &NameSlot, was: Option<&NameRecord>, is: Option<&NameRecord>) -> Seen {
        let Some(is) = is else { return Err("a name goes away".into()) };
        // What a vote gives away and reserves.
        if self.enacts {
            return Ok(());
        }
        let reserved = was.is_some_and(NameRecord::is_reserved) || is.is_reserved();
        let name = || format!("name {} is or was reserved, and nothing is enacted", slot.0.text());
        holds(!reserved || was == Some(is), name)?;
        let Some(was) = was else { return Ok(()) };
        if was.owner == is.owner || was.until <= self.now {
            return Ok(());
        }
        self.signed(was.owner, || format!("name {} goes to another", slot.0.text()))
    }

    fn label(&self, slot: &LabelSlot) -> Seen {
        let name = record(self.before, &NameSlot(slot.name));
        let what = || format!("label {} changes", slot.label.text());
        match name {
            Some(name) if name.until > self.now && !self.enacts => self.signed(name.owner, what),
            // The name was claimed in this block, too, or a vote gave it away.
            Some(_) | None => Ok(()),
        }
    }

    fn channel(&self, was: Option<&Channel>, is: Option<&Channel>) -> Seen {
        match (was, is) {
            (None, Some(is)) => self.signed(is.payer, || "a channel is opened".to_owned()),
            (Some(was), Some(is)) => {
                let same = (was.payer, was.node, was.deposit, was.opened)
                    == (is.payer, is.node, is.deposit, is.opened);
                let grows = is.settled >= was.settled && is.settled <= is.deposit;
                holds(same && grows, || format!("a channel changes from {was:?} to {is:?}"))?;
                let owner = record(self.before, &NodeSlot(was.node)).map(|node| node.owner);
                let sides = [Some(was.payer), owner];
                let own = sides.iter().flatten().any(|side| self.signers.contains(side));
                holds(own || was.closing == is.closing, || "a stranger closes a channel".to_owned())
            }
            (Some(was), None) => {
                // The node's owner may end the wait in this very block.
                let owner = record(self.before, &NodeSlot(was.node)).map(|node| node.owner);
                let waived = owner.is_some_and(|owner| self.signers.contains(&owner));
                let due = was.closing.is_none_or(|closing| closing.due <= self.now);
                holds(due || waived, || format!("a channel ends too early: {was:?}"))
            }
            (None, None) => Ok(()),
        }
    }

    fn anchor(&self, key: PublicKey, was: Option<&Anchor>, is: Option<&Anchor>) -> Seen {
        let Some(is) = is else { return Err("an anchor goes away".into()) };
        let grows = was.is_none_or(|was| was.size <= is.size && was.epoch < is.epoch);
        holds(grows, || format!("an anchor goes from {was:?} to {is:?}"))?;
        self.signed(key, || "a log is anchored".to_owned())
    }

    fn purse(&self, was: &Purse, is: &Purse) -> Seen {
        let issued = is.issued == was.issued || (self.new_epoch && is.issued > was.issued);
        holds(issued, || "money is issued within an epoch".to_owned())?;
        let spent = is.treasury < was.treasury;
        let pays = self.enacts || self.audits;
        holds(!spent || pays, || "the treasury is spent by nobody's vote".to_owned())?;
        holds(is.burnt >= was.burnt, || "burnt money comes back".to_owned())
    }
}

/// A key is bound once, for ever.
fn key_stays(key: PublicKey, was: Option<&BoundKey>, is: Option<&BoundKey>) -> Seen {
    let Some(is) = is else { return Err(format!("key {key} is bound no more")) };
    let Some(was) = was else { return Ok(()) };
    let same = BoundKey { until: is.until, ..*was } == *is && was.until == Time(0);
    holds(same, || format!("key {key} goes from {was:?} to {is:?}"))
}
