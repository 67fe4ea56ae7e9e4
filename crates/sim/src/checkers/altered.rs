//! A block that was altered in anything may not follow, by whatever is said of it.
//!
//! Would catch: a field of a header that nobody compares, a block that holds what is rejected or unsigned, a proposer
//! without a seat, a stamp that stands still.

use chain::{Block, Stamp, transactions_root};
use receipt::{PublicKey, Signature};

use super::{Refused, Seen, Step, holds};
use crate::random::Random;

/// What alters a block; it says whether there was something to alter.
type Alteration = (&'static str, fn(&mut Block, &Step<'_>, &mut Random) -> bool);

/// Altered blocks of each block.
const TRIES: usize = 2;

const ALTERATIONS: &[Alteration] = &[
    ("rules", |block, _, random| {
        block.header.protocol ^= 1 << random.below(16);
        true
    }),
    ("height", |block, _, random| {
        block.header.height.0 ^= 1 << random.below(64);
        true
    }),
    ("parent", |block, _, random| flip(&mut block.header.parent, random)),
    ("stamp", |block, _, random| {
        block.header.stamp.0 ^= 1 << random.below(64);
        true
    }),
    ("stamp stands still", |block, step, _| {
        block.header.stamp = Stamp(step.parent.stamp.0);
        true
    }),
    ("time", |block, _, random| {
        block.header.time.0 ^= 1 << random.below(64);
        true
    }),
    ("epoch", |block, _, random| {
        block.header.epoch.0 ^= 1 << random.below(64);
        true
    }),
    ("proposer", |block, _, random| {
        block.header.proposer = PublicKey(random.bytes());
        true
    }),
    ("beacon", |block, _, random| flip(&mut block.header.beacon, random)),
    ("count of transactions", |block, _, random| {
        block.header.transactions ^= 1 << random.below(32);
        true
    }),
    ("root of transactions", |block, _, random| flip(&mut block.header.transactions_root, random)),
    ("state root", |block, _, random| flip(&mut block.header.state_root, random)),
    ("seats", |block, _, random| flip(&mut block.header.seats, random)),
    ("a transaction less", |block, step, random| {
        let full = !block.transactions.is_empty();
        if full {
            block.transactions.remove(random.index(block.transactions.len()));
            booked(block, step);
        }
        full
    }),
    ("a transaction twice", |block, step, random| {
        let full = !block.transactions.is_empty();
        if full {
            block.transactions.push(random.pick(&block.transactions).clone());
            booked(block, step);
        }
        full
    }),
    ("a rejected transaction", |block, step, random| {
        let Some((at, _)) = random.choose(step.left_out) else { return false };
        block.transactions.push(step.authentic[*at].get().clone());
        booked(block, step);
        true
    }),
    ("an unsigned transaction", |block, step, _| {
        let unsigned = step.offers.iter().find(|(offer, _)| !offer.signed);
        let Some((offer, _)) = unsigned else { return false };
        block.transactions.insert(0, offer.transaction.clone());
        booked(block, step);
        true
    }),
    ("a signature less", |block, step, random| {
        let full = !block.transactions.is_empty();
        if full {
            let at = random.index(block.transactions.len());
            block.transactions[at].signature = Signature::NONE;
            booked(block, step);
        }
        full
    }),
];

pub(crate) fn check(step: &Step<'_>, random: &mut Random, refused: &mut Refused) -> Seen {
    for _ in 0..TRIES {
        let (name, alter) = random.pick(ALTERATIONS);
        let mut block = step.block.clone();
        if !alter(&mut block, step, random) {
            continue;
        }
        let judged = step.subject.apply(step.before, step.parent, block);
        holds(judged.is_err(), || format!("a block follows that was altered: {name}"))?;
        *refused.entry(name).or_default() += 1;
    }
    Ok(())
}

fn flip(digest: &mut [u8; 32], random: &mut Random) -> bool {
    digest[random.index(32)] ^= 1 << random.below(8);
    true
}

/// The header commits to the transactions that are there now, so that nothing but them is wrong.
fn booked(block: &mut Block, step: &Step<'_>) {
    block.header.transactions = u32::try_from(block.transactions.len()).unwrap_or(u32::MAX);
    block.header.transactions_root = transactions_root(step.after.network(), &block.transactions);
}
