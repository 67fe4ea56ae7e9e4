//! State proofs of any key, there or not, hold against the header's root, for that record alone, and have one form.
//!
//! Would catch: a proof that does not lead to the root, one that shows what is not there, one that can't be read.

use chain::records::{AccountSlot, ClockSlot, PurseSlot, Slot};
use chain::state::Proof;
use receipt::PublicKey;

use super::{Seen, Step, holds};
use crate::keys::{ACTORS, actor};
use crate::random::Random;

/// Proofs a block.
const PROOFS: usize = 3;

pub(crate) fn check(step: &Step<'_>, random: &mut Random) -> Seen {
    for _ in 0..PROOFS {
        let key = match random.below(6) {
            0 => ClockSlot.key(),
            1 => PurseSlot.key(),
            2 => AccountSlot(PublicKey(random.bytes())).key(),
            _ => AccountSlot(actor(random.index(ACTORS)).public).key(),
        };
        one(step, random, &key)?;
    }
    Ok(())
}

fn one(step: &Step<'_>, random: &mut Random, key: &[u8]) -> Seen {
    let (state, root) = (step.after, step.block.header.state_root);
    let (network, place) = (state.network(), state.place(key));
    let proof = step.subject.prove(state, &place);
    let read = Proof::decode(&proof.encode());
    holds(read.as_ref() == Ok(&proof), || format!("a state proof is read as {read:?}"))?;
    let value = state.entry(&place).map(|entry| entry.value.to_vec());
    let shown = proof.check(network, &root, key, value.as_deref());
    shown.map_err(|error| format!("of key {}: {error}", commit::hex(key)))?;
    let mut other = value.clone().unwrap_or_default();
    random.spoil(&mut other);
    let other = (value.is_none() || random.once_in(2)).then_some(other);
    holds(other == value || proof.check(network, &root, key, other.as_deref()).is_err(), || {
        format!("a proof of key {} shows another record too", commit::hex(key))
    })
}
