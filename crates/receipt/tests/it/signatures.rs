//! Signatures: RFC 8032's are made, ZIP 215's rule checks them, and nothing is signed by no key or one of small order.

use commit::Network;
use receipt::{PublicKey, SecretKey, Signature, Stop};

use crate::generator::Random;

const NETWORK: Network = Network([1; 32]);

#[test]
fn a_signature_is_of_its_key_and_message_alone() {
    for seed in 0..20 {
        let random = &mut Random::new(seed);
        let (secret, message) = (random.secret(), random.bytes::<40>());
        let (public, signature) = (secret.public(), secret.sign(&message));
        assert_eq!(secret.sign(&message), signature, "made without randomness");
        assert!(public.signed(&message, &signature));
        assert!(!public.signed(&message[1..], &signature));
        assert!(!random.secret().public().signed(&message, &signature));
        for bit in 0..512 {
            let mut other = signature;
            other.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!public.signed(&message, &other), "bit {bit}");
        }
        assert_eq!(SecretKey::from_seed(secret.seed()).public(), public);
        assert!(!format!("{secret:?}").contains(&PublicKey(secret.seed()).hex()));
    }
}

#[test]
fn names_of_keys_have_one_spelling() {
    let key = Random::new(1).secret().public();
    let name = key.hex();
    assert_eq!(PublicKey::from_hex(&name), Some(key));
    let wrong =
        [name.to_uppercase(), name[1..].to_owned(), format!("{name}0"), format!(" {}", &name[1..])];
    for wrong in wrong.into_iter().chain([String::new(), "é".repeat(32), "0x".repeat(32)]) {
        assert_eq!(PublicKey::from_hex(&wrong), None, "{wrong}");
    }
}

/// Zeros are the bytes of a point of order 4, under which ZIP 215 would let anybody sign.
#[test]
fn no_key_has_signed_nothing() {
    let mut identity = [0; 64];
    identity[0] = 1;
    for signature in [Signature::NONE, Signature(identity)] {
        for number in 0..64_u8 {
            assert!(!PublicKey::NONE.signed(&[number], &signature));
        }
    }
    let stop = Stop::Cancelled { count: 0, signature: Signature(identity) };
    assert!(!stop.is_signed(&PublicKey::NONE, NETWORK, &[5; 32], 0), "nobody can cancel");
}

/// ZIP 215 would let anybody sign under a key of small order, so it is no key, however it is spelled. The vectors have
/// every pair of such a key and such a nonce's point under one message; here, what somebody would forge with them.
#[test]
fn keys_of_small_order_have_signed_nothing() {
    let edge = |first, between, last| {
        let mut key = [between; 32];
        (key[0], key[31]) = (first, last);
        PublicKey(key)
    };
    let of_order_eight = [
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ];
    let unsigned =
        [(0, 0, 0), (1, 0, 0), (0xec, 0xff, 0x7f), (0xed, 0xff, 0x7f), (0xee, 0xff, 0x7f)]
            .map(|(first, between, last)| edge(first, between, last))
            .into_iter()
            .chain(of_order_eight.map(|name| PublicKey::from_hex(name).unwrap()));
    let mut identity = [0; 64];
    identity[0] = 1;
    let signature = Signature(identity);
    let stop = Stop::Cancelled { count: 0, signature };
    for key in unsigned {
        for sign in [0, 0x80] {
            let mut key = key;
            key.0[31] |= sign;
            // One job in eight at least would be cancelled by anybody.
            for job in 0..64 {
                assert!(!stop.is_signed(&key, NETWORK, &[job; 32], 0), "{key}");
                assert!(!key.signed(&[job], &signature), "{key}");
            }
        }
    }
}

#[test]
fn a_cancellation_is_of_its_requester_job_choice_and_count() {
    let secret = SecretKey::from_seed([3; 32]);
    let (job, other) = ([5; 32], [6; 32]);
    let stop = Stop::cancelled(&secret, NETWORK, &job, 2, 7);
    let Stop::Cancelled { count: 7, signature } = stop else { panic!("{stop:?}") };
    let key = secret.public();
    assert!(stop.is_signed(&key, NETWORK, &job, 2));
    assert!(!stop.is_signed(&key, Network::OFFLINE, &job, 2));
    assert!(!stop.is_signed(&key, NETWORK, &other, 2));
    assert!(!stop.is_signed(&key, NETWORK, &job, 3));
    assert!(!stop.is_signed(&SecretKey::from_seed([4; 32]).public(), NETWORK, &job, 2));
    assert!(!Stop::Cancelled { count: 8, signature }.is_signed(&key, NETWORK, &job, 2));
    for reason in [Stop::Token, Stop::Length, Stop::Unfinished, Stop::String { index: 0 }] {
        assert!(reason.is_signed(&PublicKey::NONE, NETWORK, &job, 2), "needs no signature");
    }
}
