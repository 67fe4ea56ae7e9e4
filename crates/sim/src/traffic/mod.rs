//! Transactions by seed: a kind is one file here and one line in [`GENERATORS`]; how they are spoilt is in `spoilt`.
//!
//! A generator asks for something that might be taken or not, at and around the bounds of the rules; it never knows
//! which. Never makes what a scene can't explain: it sees the state and nothing else.

mod anchors;
mod audits;
mod channels;
mod equivocations;
mod governance;
mod names;
mod nodes;
mod packages;
mod parts;
mod plants;
mod spoilt;
mod stakes;
mod transfer;

pub use spoilt::{SPOILERS, Spoiler};

use chain::{Amount, Transaction};
use commit::Network;
use ledger::tx::Action;

use crate::keys::Key;
use crate::random::Random;
use crate::scene::Scene;

/// What somebody wants.
#[derive(Debug)]
pub struct Wish {
    /// Who signs and pays.
    pub payer: &'static Key,
    /// What is asked for.
    pub action: Action,
}

/// Makers of one kind, or of a few that belong together.
pub struct Generator {
    /// What they make.
    pub name: &'static str,
    /// How often, beside the others.
    pub weight: u64,
    /// Something of this kind; `None` where the scene has nothing for it.
    pub make: fn(&mut Random, &Scene<'_>) -> Option<Wish>,
}

/// Every kind.
pub const GENERATORS: &[Generator] = &[
    Generator { name: "transfer", weight: 10, make: transfer::make },
    Generator { name: "nodes", weight: 4, make: nodes::make },
    Generator { name: "stakes", weight: 4, make: stakes::make },
    Generator { name: "channels", weight: 8, make: channels::make },
    Generator { name: "anchors", weight: 2, make: anchors::make },
    Generator { name: "audits", weight: 4, make: audits::make },
    Generator { name: "equivocations", weight: 1, make: equivocations::make },
    Generator { name: "governance", weight: 4, make: governance::make },
    Generator { name: "packages", weight: 1, make: packages::make },
    Generator { name: "parts", weight: 2, make: parts::make },
    Generator { name: "plants", weight: 2, make: plants::make },
    Generator { name: "names", weight: 4, make: names::make },
];

/// More than anything costs.
const FEE_MAX: Amount = Amount(u128::MAX);
/// One transaction in so many is spoilt.
const SPOILT: u64 = 3;
/// Transactions that may come again.
const REMEMBERED: usize = 64;
/// How often a scene without what a generator needs is tried again.
const TRIES: usize = 16;

/// A transaction on its way to whoever proposes.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Itself.
    pub transaction: Transaction,
    /// Whether its payer signed these bytes for this network.
    pub signed: bool,
}

/// Everybody's wishes, one after the other.
pub struct Traffic {
    network: Network,
    generators: &'static [Generator],
    made: Vec<Transaction>,
}

/// Kinds that leave others' nodes and channels alone: where a court is what a seed is for.
const BESIDE: &[Generator] = &[
    Generator { name: "transfer", weight: 1, make: transfer::make },
    Generator { name: "names", weight: 1, make: names::make },
];

impl Traffic {
    /// Nobody has asked for anything yet.
    #[must_use]
    pub fn new(network: Network) -> Self {
        Self { network, generators: GENERATORS, made: Vec::new() }
    }

    /// The same beside a court.
    pub(crate) fn beside(network: Network) -> Self {
        Self { generators: BESIDE, ..Self::new(network) }
    }

    /// Transactions, some of them spoilt.
    pub fn offers(&mut self, random: &mut Random, scene: &mut Scene<'_>, count: u64) -> Vec<Offer> {
        (0..count).filter_map(|_| self.offer(random, scene)).collect()
    }

    fn offer(&mut self, random: &mut Random, scene: &mut Scene<'_>) -> Option<Offer> {
        let wish = wish(self.generators, random, scene)?;
        if random.once_in(SPOILT) {
            let (_, spoil) = random.pick(SPOILERS);
            return Some(spoil(self, random, scene, &wish));
        }
        let number = scene.number(wish.payer.public);
        scene.goes(wish.payer.public);
        let transaction = self.sign(&wish, number, FEE_MAX, wish.action.encode());
        Some(Offer { transaction, signed: true })
    }

    fn sign(&mut self, wish: &Wish, number: u64, fee_max: Amount, body: Vec<u8>) -> Transaction {
        let what = (wish.action.kind(), number, fee_max);
        let made = Transaction::sign(self.network, &wish.payer.secret, what, body);
        if self.made.len() == REMEMBERED {
            self.made.remove(0);
        }
        self.made.push(made.clone());
        made
    }
}

/// What somebody wants, of the kinds there are.
fn wish(generators: &'static [Generator], random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let all = generators.iter().map(|generator| generator.weight).sum();
    for _ in 0..TRIES {
        let mut at = random.below(all);
        let chosen = generators.iter().find(|generator| {
            let here = at < generator.weight;
            at = at.saturating_sub(generator.weight);
            here
        });
        if let Some(wish) = chosen.and_then(|generator| (generator.make)(random, scene)) {
            return Some(wish);
        }
    }
    None
}
