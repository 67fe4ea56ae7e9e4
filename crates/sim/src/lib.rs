//! The network's simulator: it tries to break the ledger's rules, from a seed.
//!
//! Two kinds of seeds. A **ledger seed** ([`ledger_seed`]) makes a stream of transactions of every kind, valid ones and
//! spoilt ones, and blocks of them, and lets several who judge judge them; one in 16 has a **court** ([`ledger_seed::court`]),
//! in which workers, clients, auditors and cheats have real answers of a tiny model to pay for and to dispute. A **network
//! seed** ([`network_seed`]) lets
//! validators order blocks over links that lose and delay, while machines crash and some cheat. Checkers look on from
//! outside. All that is
//! random comes from the seed, so that a seed gives the same run on every machine: inside a run there is no clock, no
//! thread and no order of a hash map. Seeds run side by side ([`campaign`]). Never part of the product: no crate but
//! `xtask` depends on it. Failure: what a checker sees is a [`Finding`] with its seed; a panic is one too.

mod aside;
mod broken;
pub mod campaign;
pub mod canary;
mod cheats;
pub mod checkers;
mod court;
mod faults;
mod genesis;
mod keys;
pub mod ledger_seed;
mod network;
pub mod network_seed;
#[cfg(feature = "canary")]
pub mod omitted;
mod random;
pub mod recording;
pub mod report;
mod scene;
mod subject;
mod tiny;
pub mod traffic;
mod validator;

pub use court::PRICE;
pub use keys::{ACTORS, Key, VALIDATORS, actor, key_of, validator};
pub use random::Random;
pub use report::{Finding, Report, World};
pub use scene::Scene;

/// Names of all faults and cheats of networks.
pub fn fault_names() -> impl Iterator<Item = &'static str> {
    faults::FAULTS.iter().map(|fault| fault.name)
}

/// Names of all cheats of courts.
pub fn cheat_names() -> impl Iterator<Item = &'static str> {
    cheats::CHEATS.iter().map(|cheat| cheat.name)
}

/// Whether this is the name of who cheats, and not of who is played beside them: honest, robbed or away.
#[must_use]
pub fn is_of_cheats(name: &str) -> bool {
    let mut all = cheats::CHEATS.iter();
    all.any(|cheat| cheat.name == name && cheat.standing == court::Standing::Cheat)
}
