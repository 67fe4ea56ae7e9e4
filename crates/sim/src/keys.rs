//! The keys that everybody in a simulation signs with: the same ones in every seed.
//!
//! Never secret. They are made once a process, for making one takes longer than many a transaction.

use receipt::{PublicKey, SecretKey};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Who signs transactions.
pub const ACTORS: usize = 160;
/// Who orders blocks.
pub const VALIDATORS: usize = 32;
/// Who plays in a court: nobody else's traffic signs for them, or moves what is theirs.
pub(crate) const PLAYERS: usize = 256;

/// A key with its public half.
#[derive(Debug)]
pub struct Key {
    /// What signs.
    pub secret: SecretKey,
    /// What it is known by.
    pub public: PublicKey,
}

static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| (0..ACTORS + VALIDATORS).map(made).collect());

static PLAYING: LazyLock<Vec<Key>> =
    LazyLock::new(|| (0..PLAYERS).map(|at| made(ACTORS + VALIDATORS + at)).collect());

static PLACES: LazyLock<BTreeMap<PublicKey, usize>> =
    LazyLock::new(|| KEYS.iter().enumerate().map(|(at, key)| (key.public, at)).collect());

fn made(at: usize) -> Key {
    let mut seed = [0x51; 32];
    seed[..8].copy_from_slice(&at.to_le_bytes());
    let secret = SecretKey::from_seed(seed);
    let public = secret.public();
    Key { secret, public }
}

/// Somebody who signs transactions.
#[must_use]
pub fn actor(at: usize) -> &'static Key {
    &KEYS[at % ACTORS]
}

/// Somebody who orders blocks.
#[must_use]
pub fn validator(at: usize) -> &'static Key {
    &KEYS[ACTORS + at % VALIDATORS]
}

/// So many players' keys from a place on.
pub(crate) fn players(from: usize, count: usize) -> &'static [Key] {
    &PLAYING[from..from + count]
}

/// Whose public key it is, where it is one of ours; no player's.
#[must_use]
pub fn key_of(public: &PublicKey) -> Option<&'static Key> {
    PLACES.get(public).map(|at| &KEYS[*at])
}
