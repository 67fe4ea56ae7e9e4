//! The state's tree: one root a set, whatever way it came there; proofs that show it, and nothing else.

use chain::state::{Changes, End, Entry, Place, Proof, ProofError, State};
use commit::{Digest, Domain, Network};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::generator::NETWORK;

type Set = BTreeMap<Vec<u8>, Vec<u8>>;

fn changes(of: impl IntoIterator<Item = (Vec<u8>, Option<Vec<u8>>)>) -> Changes {
    let change = |(key, value): (Vec<u8>, Option<Vec<u8>>)| {
        let place = Place::of(NETWORK, &key);
        let entry = value.map(|value| Arc::new(Entry { key: key.into(), value: value.into() }));
        (place, entry)
    };
    of.into_iter().map(change).collect()
}

fn state(set: &Set) -> State {
    let all = set.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
    State::empty(NETWORK).updated(&changes(all))
}

/// The root by its definition.
fn root(entries: &[(Digest, Vec<u8>)], depth: usize) -> Digest {
    let hash = |name, parts: &[&[u8]]| Domain::hash(name, NETWORK, parts);
    match entries {
        [] => [0; 32],
        [(place, value)] => {
            let value = hash(Domain::new("probity state value v1"), &[value]);
            hash(Domain::new("probity state leaf v1"), &[place, &value])
        }
        more => {
            let right = |place: &Digest| place[depth / 8] >> (7 - depth % 8) & 1 == 1;
            let (ones, zeros): (Vec<_>, Vec<_>) =
                more.iter().cloned().partition(|(place, _)| right(place));
            let (left, right) = (root(&zeros, depth + 1), root(&ones, depth + 1));
            hash(Domain::new("probity state node v1"), &[&left, &right])
        }
    }
}

fn root_of(set: &Set) -> Digest {
    let entry = |(key, value): (&Vec<u8>, &Vec<u8>)| (Place::of(NETWORK, key).0, value.clone());
    root(&set.iter().map(entry).collect::<Vec<_>>(), 0)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..3)
}

proptest! {
    #[test]
    fn the_root_is_a_function_of_the_set(
        steps in prop::collection::vec(
            prop::collection::btree_map(bytes(), prop::option::of(bytes()), 0..20), 0..6,
        )
    ) {
        let (mut set, mut state) = (Set::new(), State::empty(NETWORK));
        for step in steps {
            for (key, value) in step.clone() {
                match value {
                    Some(value) => set.insert(key, value),
                    None => set.remove(&key),
                };
            }
            let before = (state.clone(), state.root());
            state = state.updated(&changes(step));
            let again = before.0.updated(&state.since(&before.0));
            prop_assert_eq!(again.root(), state.root(), "the changes between make the one of the other");
            let back = state.updated(&before.0.since(&state));
            prop_assert_eq!(back.root(), before.1, "and the other of the one");
            let same = state.since(&state.clone());
            prop_assert!(same.is_empty());
            prop_assert_eq!(state.root(), root_of(&set));
            prop_assert_eq!(before.0.root(), before.1, "another state is left as it was");
            let entries: Set = state
                .entries()
                .map(|entry| (entry.key.to_vec(), entry.value.to_vec()))
                .collect();
            prop_assert_eq!(&entries, &set);
        }
    }

    #[test]
    fn a_proof_shows_what_stands_there_and_nothing_else(
        set in prop::collection::btree_map(bytes(), bytes(), 0..40),
        key in bytes(),
        other in bytes(),
    ) {
        let state = state(&set);
        let proof = Proof::decode(&state.prove(&state.place(&key)).encode()).unwrap();
        let value = set.get(&key).map(Vec::as_slice);
        let check = |value| proof.check(NETWORK, &state.root(), &key, value);
        prop_assert_eq!(check(value), Ok(()));
        if value != Some(&other) {
            prop_assert!(check(Some(&other)).is_err());
        }
        if value.is_some() {
            prop_assert_eq!(check(None), Err(ProofError::Kind("there")));
        }
    }

    #[test]
    fn no_changed_proof_holds(
        set in prop::collection::btree_map(bytes(), bytes(), 1..40),
        key in bytes(),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let state = state(&set);
        let mut bytes = state.prove(&state.place(&key)).encode();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let value = set.get(&key).map(Vec::as_slice);
        if let Ok(proof) = Proof::decode(&bytes) {
            prop_assert!(proof.check(NETWORK, &state.root(), &key, value).is_err());
        }
    }
}

/// Places that share many bits come from a collision, or from whoever builds states by hand.
#[test]
fn places_may_share_all_but_the_last_bit() {
    let place = |last: u8| Place([[0xa5; 31].as_slice(), &[last]].concat().try_into().unwrap());
    let entry = |value: u8| Some(Arc::new(Entry { key: [value].into(), value: [value].into() }));
    let both = Changes::from([(place(0), entry(1)), (place(1), entry(2))]);
    let state = State::empty(NETWORK).updated(&both);
    let set = [(place(0).0, vec![1]), (place(1).0, vec![2])];
    assert_eq!(state.root(), root(&set, 0));
    assert_eq!(state.prove(&place(0)).siblings.len(), 256);
    let one = state.updated(&Changes::from([(place(0), None)]));
    assert_eq!(one.root(), root(&set[1..], 0), "what is left moves up to the root");
}

#[test]
fn an_entry_beside_the_way_says_nothing_about_another_key() {
    let set = Set::from([(vec![1], vec![9])]);
    let state = state(&set);
    let mut proof = state.prove(&state.place(&[2]));
    let End::Other { place, value } = proof.end else { panic!("a single entry") };
    assert_eq!(proof.check(NETWORK, &state.root(), &[2], None), Ok(()));
    assert_eq!(proof.check(NETWORK, &state.root(), &[1], None), Err(ProofError::Other));
    proof.end = End::Other { place: Place([place.0[0] ^ 0x80; 32]), value };
    proof.siblings.push([3; 32]);
    let shared = proof.check(NETWORK, &state.root(), &[2], None);
    assert!(matches!(shared, Err(ProofError::Other | ProofError::Root)));
}

#[test]
fn another_network_has_another_root() {
    let entry = Some(Arc::new(Entry { key: [1].into(), value: [2].into() }));
    let root = |network: Network| {
        let place = Place::of(network, &[1]);
        State::empty(network).updated(&Changes::from([(place, entry.clone())])).root()
    };
    assert_ne!(root(NETWORK), root(Network::OFFLINE));
    assert_eq!(State::empty(NETWORK).root(), [0; 32]);
}
