//! Cheats of a court: one file each, one line in [`CHEATS`]. Each does what the rules let anybody do, and nothing else.
//!
//! A cheat has its own keys and its friends', and signs with no others. Each says in its doc what it wants, and what it
//! comes to instead. Never looked at by a checker: those go by the ledger and by what a player was cast as.

mod bond_filler;
mod bulk_liar;
mod colluding_pair;
mod copycat;
mod diluter;
mod double_payer;
mod equivocator;
mod false_answerer;
mod false_planter;
mod griefing_challenger;
mod key_thief;
mod late_voucher;
mod launderer;
mod lazy_auditor;
mod log_omitter;
mod mislabeller;
mod outage;
mod part_withholder;
mod planter;
mod robbed;
mod second_receipt;
mod segment_launderer;
mod serial_accuser;
mod silent_liar;
mod twice_paid;
mod two_keys;
mod voucher_cheat;
mod whale_voter;
mod withholder;

use ledger::Parameter;

use crate::court::{Player, Standing};
use crate::random::Random;

/// What a cheat is to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A worker whom clients ask.
    Worker,
    /// One who computes answers of others again.
    Auditor,
    /// One who pays, or accuses.
    Client,
    /// One who has stake and votes.
    Owner,
}

/// One of them.
pub(crate) struct Cheat {
    /// Its name.
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) standing: Standing,
    /// Nodes it has.
    pub(crate) nodes: usize,
    /// Keys of friends.
    pub(crate) friends: usize,
    /// Answers that it may get for nothing, of each worker: work that is not paid yet is bounded, not nothing.
    pub(crate) unpaid: u128,
    /// Money that is no gain of its: what the rules give whoever does what it does.
    pub(crate) loot: u128,
    /// What each of its nodes has at stake.
    pub(crate) stake: u128,
    /// Values of the network that it plays in.
    pub(crate) sets: &'static [(Parameter, u64)],
    /// Who has to play, too, so that there is something to do.
    pub(crate) needs: Option<&'static str>,
    /// Makes a player.
    pub(crate) cast: fn(&mut Random) -> Box<dyn Player>,
}

/// What refutation costs, where nothing else is said.
const SLASH: u128 = 60_000_000;
/// What a node has at stake, where nothing else is said.
pub(crate) const STAKE: u128 = 10 * SLASH;
/// Of what a thief's node loses, its share.
const SHARE: u128 = SLASH / 4;
/// What refutation costs where somebody lies in bulk, so that a few answers are many.
const SMALL_SLASH: u64 = 3_000_000;
/// Who lies in whatever it says.
pub(crate) const BULK_LIAR: &str = "bulk liar";

/// Where draws are to find something, units are as small as answers.
const DRAWN: &[(Parameter, u64)] = &[(Parameter::AuditUnit, 1_000_000)];

/// A worker that cheats.
const WORKER: Cheat = Cheat {
    name: "",
    role: Role::Worker,
    standing: Standing::Cheat,
    nodes: 1,
    friends: 0,
    unpaid: 0,
    loot: 0,
    stake: STAKE,
    sets: &[],
    needs: None,
    cast: |_| Box::new(crate::court::Worker),
};
/// A client that cheats.
const CLIENT: Cheat = Cheat { role: Role::Client, nodes: 0, ..WORKER };

/// An auditor that cheats.
const AUDITOR: Cheat = Cheat { role: Role::Auditor, ..WORKER };

/// Every one.
pub(crate) const CHEATS: &[Cheat] = &[
    Cheat { name: "false answerer", cast: false_answerer::cast, ..WORKER },
    Cheat { name: "silent liar", cast: silent_liar::cast, ..WORKER },
    Cheat { name: "equivocator", cast: equivocator::cast, ..WORKER },
    Cheat { name: "log omitter", cast: log_omitter::cast, ..WORKER },
    Cheat { name: "silent honest node", standing: Standing::Offline, cast: outage::cast, ..WORKER },
    Cheat { name: "launderer", friends: 1, stake: SLASH, cast: launderer::cast, ..WORKER },
    Cheat { name: "bond filler", friends: 40, cast: bond_filler::cast, ..WORKER },
    Cheat { name: "twice paid", cast: twice_paid::cast, ..WORKER },
    Cheat { name: "griefing challenger", cast: griefing_challenger::cast, ..CLIENT },
    Cheat { name: "voucher cheat", unpaid: 1, cast: voucher_cheat::cast, ..CLIENT },
    Cheat { name: "double payer", unpaid: 1, cast: double_payer::cast, ..CLIENT },
    Cheat { name: "withholder", cast: withholder::cast, ..WORKER },
    Cheat { name: "diluter", cast: diluter::cast, ..WORKER },
    Cheat { name: "false planter", cast: false_planter::cast, ..WORKER },
    Cheat { name: "colluding pair", nodes: 2, friends: 1, cast: colluding_pair::cast, ..WORKER },
    Cheat {
        name: "lazy auditor",
        needs: Some("false answerer"),
        cast: lazy_auditor::cast,
        ..AUDITOR
    },
    Cheat { name: "copycat", cast: copycat::cast, ..AUDITOR },
    Cheat { name: "fault claimer", cast: false_answerer::cast_with_fault, ..WORKER },
    Cheat { name: "part withholder", cast: part_withholder::cast, ..WORKER },
    Cheat {
        name: "honest planter",
        standing: Standing::Honest,
        friends: 1,
        needs: Some("lazy auditor"),
        cast: planter::cast,
        ..WORKER
    },
    Cheat {
        name: "serial accuser",
        needs: Some("silent honest node"),
        cast: serial_accuser::cast,
        ..CLIENT
    },
    Cheat {
        name: BULK_LIAR,
        stake: SMALL_SLASH as u128,
        // Alarms come before pay, and lies cost more than they save, as with the defaults.
        sets: &[
            (Parameter::Slash, SMALL_SLASH),
            (Parameter::CollectEpochs, 12),
            (Parameter::AuditUnit, 1_000_000),
        ],
        cast: bulk_liar::cast,
        ..WORKER
    },
    Cheat {
        name: robbed::NAME,
        role: Role::Owner,
        standing: Standing::Robbed,
        friends: 1,
        stake: STAKE / 2,
        cast: robbed::cast,
        ..WORKER
    },
    Cheat {
        name: "key thief",
        loot: SHARE,
        // A jail that outlasts the court, and a key that soon speaks no more.
        sets: &[(Parameter::JailMs, 100_000_000), (Parameter::AnchorLateMs, 150_000)],
        needs: Some(robbed::NAME),
        cast: key_thief::cast,
        ..CLIENT
    },
    Cheat { name: "second receipt", sets: DRAWN, cast: second_receipt::cast, ..WORKER },
    Cheat {
        name: "segment launderer",
        friends: 1,
        sets: DRAWN,
        cast: segment_launderer::cast,
        ..WORKER
    },
    Cheat { name: "late voucher", sets: DRAWN, cast: late_voucher::cast, ..WORKER },
    Cheat { name: "two keys", friends: 1, sets: DRAWN, cast: two_keys::cast, ..WORKER },
    Cheat {
        name: "two logs",
        friends: 1,
        sets: DRAWN,
        cast: late_voucher::cast_with_two_logs,
        ..WORKER
    },
    Cheat { name: "mislabeller", sets: DRAWN, cast: mislabeller::cast, ..WORKER },
    Cheat {
        name: "whale voter",
        role: Role::Owner,
        nodes: 2,
        stake: STAKE / 2,
        cast: whale_voter::cast,
        ..WORKER
    },
];
