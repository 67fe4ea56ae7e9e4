//! How a wish is spoilt on its way: each is something that somebody might send.
//!
//! Never says that it must be rejected: some that are spoilt stay good. Only whether the signature holds is known.

use chain::{Amount, KindNumber, Transaction};
use commit::Network;
use receipt::Signature;

use super::{FEE_MAX, GENERATORS, Offer, Traffic, Wish};
use crate::keys::{ACTORS, actor};
use crate::random::Random;
use crate::scene::Scene;

/// A way of spoiling.
pub type Spoiler = (&'static str, fn(&mut Traffic, &mut Random, &Scene<'_>, &Wish) -> Offer);

/// Every one.
pub const SPOILERS: &[Spoiler] = &[
    ("another number", another_number),
    ("little for the fee", little_for_the_fee),
    ("another body", another_body),
    ("another body", another_body),
    ("another kind", another_kind),
    ("once more", once_more),
    ("once more", once_more),
    ("for another network", for_another_network),
    ("signed by another", signed_by_another),
    ("a bit of the signature", a_bit_of_the_signature),
];

fn another_number(
    traffic: &mut Traffic,
    random: &mut Random,
    scene: &Scene<'_>,
    wish: &Wish,
) -> Offer {
    let next = scene.number(wish.payer.public);
    let number = match random.below(5) {
        0 => next.saturating_add(1),
        1 => next.saturating_sub(1),
        2 => u64::MAX,
        3 => 0,
        _ => random.next(),
    };
    signed(traffic.sign(wish, number, FEE_MAX, wish.action.encode()))
}

fn little_for_the_fee(
    traffic: &mut Traffic,
    random: &mut Random,
    scene: &Scene<'_>,
    wish: &Wish,
) -> Offer {
    let number = scene.number(wish.payer.public);
    let fee_max = Amount(random.long() >> 64);
    signed(traffic.sign(wish, number, fee_max, wish.action.encode()))
}

fn another_body(
    traffic: &mut Traffic,
    random: &mut Random,
    scene: &Scene<'_>,
    wish: &Wish,
) -> Offer {
    let number = scene.number(wish.payer.public);
    let mut body = wish.action.encode();
    random.spoil(&mut body);
    signed(traffic.sign(wish, number, FEE_MAX, body))
}

fn another_kind(
    traffic: &mut Traffic,
    random: &mut Random,
    scene: &Scene<'_>,
    wish: &Wish,
) -> Offer {
    let number = scene.number(wish.payer.public);
    let most = u64::try_from(GENERATORS.len()).expect("a short table");
    let kind = match random.below(3) {
        0 => random.below(2 * most + 1),
        1 => random.below(100),
        _ => random.below(1 << 16),
    };
    let kind = KindNumber(u16::try_from(kind).expect("below 2^16"));
    let what = (kind, number, FEE_MAX);
    let body = wish.action.encode();
    signed(Transaction::sign(traffic.network, &wish.payer.secret, what, body))
}

/// What was made before comes again, byte for byte.
fn once_more(traffic: &mut Traffic, random: &mut Random, scene: &Scene<'_>, wish: &Wish) -> Offer {
    match traffic.made.is_empty() {
        true => another_number(traffic, random, scene, wish),
        false => signed(random.pick(&traffic.made).clone()),
    }
}

fn for_another_network(
    _: &mut Traffic,
    random: &mut Random,
    scene: &Scene<'_>,
    wish: &Wish,
) -> Offer {
    let what = (wish.action.kind(), scene.number(wish.payer.public), FEE_MAX);
    let network = match random.once_in(2) {
        true => Network::OFFLINE,
        false => Network(random.bytes()),
    };
    unsigned(Transaction::sign(network, &wish.payer.secret, what, wish.action.encode()))
}

fn signed_by_another(
    traffic: &mut Traffic,
    random: &mut Random,
    scene: &Scene<'_>,
    wish: &Wish,
) -> Offer {
    let payer = wish.payer.public;
    let what = (wish.action.kind(), scene.number(wish.payer.public), FEE_MAX);
    let mut other = actor(random.index(ACTORS));
    if other.public == payer {
        other = actor(ACTORS - 1);
    }
    let made = Transaction::sign(traffic.network, &other.secret, what, wish.action.encode());
    Offer { transaction: Transaction { payer, ..made }, signed: other.public == payer }
}

fn a_bit_of_the_signature(
    traffic: &mut Traffic,
    random: &mut Random,
    scene: &Scene<'_>,
    wish: &Wish,
) -> Offer {
    let what = (wish.action.kind(), scene.number(wish.payer.public), FEE_MAX);
    let body = wish.action.encode();
    let mut made = Transaction::sign(traffic.network, &wish.payer.secret, what, body);
    let Signature(bytes) = &mut made.signature;
    bytes[random.index(64)] ^= 1 << random.below(8);
    unsigned(made)
}

fn signed(transaction: Transaction) -> Offer {
    Offer { transaction, signed: true }
}

fn unsigned(transaction: Transaction) -> Offer {
    Offer { transaction, signed: false }
}
