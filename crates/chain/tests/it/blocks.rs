//! Transactions, blocks and certificates: what is signed holds, what is altered does not.

use chain::records::{NodeId, Seat, Seats};
use chain::{
    Amount, BODY_BYTES_MAX, Block, Certificate, CertificateError, KindNumber, Transaction, View,
    vote,
};
use commit::{Network, WireError};
use receipt::{PublicKey, SecretKey, Signature};

use crate::generator::{self, NETWORK, Random};

#[test]
fn a_signature_holds_for_these_bytes_in_this_network() {
    let made = generator::transaction(&mut Random(1));
    assert!(made.clone().authenticate(NETWORK).is_some());
    assert!(made.clone().authenticate(Network::OFFLINE).is_none());
    let bytes = made.encode();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let holds =
            Transaction::decode(&changed).ok().and_then(|other| other.authenticate(NETWORK));
        assert!(holds.is_none(), "byte {at}");
    }
}

#[test]
fn an_id_is_of_what_was_signed_and_a_leaf_of_all_bytes() {
    let made = generator::transaction(&mut Random(2));
    let other = Transaction { signature: Signature([1; 64]), ..made.clone() };
    assert_eq!(made.id(NETWORK), other.id(NETWORK));
    assert_ne!(made.leaf(NETWORK), other.leaf(NETWORK));
}

#[test]
fn bodies_have_a_limit() {
    let key = generator::key(&mut Random(3));
    let sized = |bytes| {
        Transaction::sign(NETWORK, &key, (KindNumber(1), 0, Amount(0)), vec![0; bytes]).encode()
    };
    assert!(Transaction::decode(&sized(BODY_BYTES_MAX)).is_ok());
    let refused = Transaction::decode(&sized(BODY_BYTES_MAX + 1));
    assert!(matches!(refused, Err(WireError::Limit { .. })), "{refused:?}");
}

#[test]
fn a_block_has_the_transactions_of_its_header() {
    let block = generator::block(&mut Random(12));
    assert!(block.transactions.len() > 1);
    let mut swapped = block.clone();
    swapped.transactions.swap(0, 1);
    assert!(Block::decode(NETWORK, &swapped.encode()).is_err());
    let mut fewer = block;
    fewer.transactions.pop();
    assert!(Block::decode(NETWORK, &fewer.encode()).is_err());
}

fn council(count: u8) -> (Vec<SecretKey>, Seats) {
    let keys: Vec<SecretKey> = (1..=count).map(|n| SecretKey::from_seed([n; 32])).collect();
    let seats = keys.iter().map(|key| Seat { node: NodeId([0; 32]), key: key.public() }).collect();
    (keys, Seats(seats))
}

const VIEW: View = View(3);

fn quorum(signatures: Vec<(u16, Signature)>) -> Certificate {
    Certificate::Quorum { view: VIEW, signatures }
}

#[test]
fn words_of_two_views_are_no_quorum() {
    let (keys, seats) = council(4);
    let header = [5; 32];
    let of = |at: u16, view| (at, vote(NETWORK, &keys[usize::from(at)], view, &header));
    let mixed = quorum(vec![of(0, VIEW), of(1, VIEW), of(2, View(4))]);
    assert_eq!(mixed.check(NETWORK, &seats, &header), Err(CertificateError::Signature(2)));
    let signatures = vec![of(0, View(4)), of(1, View(4)), of(2, View(4))];
    let other = Certificate::Quorum { view: View(4), signatures: signatures.clone() };
    assert_eq!(other.check(NETWORK, &seats, &header), Ok(()));
    assert_eq!(
        quorum(signatures).check(NETWORK, &seats, &header),
        Err(CertificateError::Signature(0))
    );
}

#[test]
fn more_than_two_thirds_certify() {
    for count in 1..=12 {
        let (keys, seats) = council(count);
        let header = [5; 32];
        let signed = |signers: usize| {
            let votes = keys.iter().take(signers).map(|key| vote(NETWORK, key, VIEW, &header));
            quorum((0..).zip(votes).collect())
        };
        let quorum = seats.quorum();
        assert!(quorum * 3 > usize::from(count) * 2 && (quorum - 1) * 3 <= usize::from(count) * 2);
        assert_eq!(signed(quorum).check(NETWORK, &seats, &header), Ok(()));
        let few = signed(quorum - 1).check(NETWORK, &seats, &header);
        assert!(matches!(few, Err(CertificateError::Quorum { .. })), "{few:?}");
        assert!(signed(quorum).check(NETWORK, &seats, &[6; 32]).is_err());
        assert!(signed(quorum).check(Network::OFFLINE, &seats, &header).is_err());
    }
}

#[test]
fn a_seat_signs_once_and_for_itself() {
    let (keys, seats) = council(4);
    let header = [5; 32];
    let of = |at: u16, key: &SecretKey| (at, vote(NETWORK, key, VIEW, &header));
    let twice = quorum(vec![of(0, &keys[0]), of(0, &keys[0]), of(1, &keys[1])]);
    let refused = Certificate::decode(&twice.encode());
    assert!(matches!(refused, Err(WireError::Order { .. })), "{refused:?}");
    assert_eq!(twice.check(NETWORK, &seats, &header), Err(CertificateError::Order));
    let others = quorum(vec![of(0, &keys[0]), of(1, &keys[1]), of(2, &keys[3])]);
    assert_eq!(others.check(NETWORK, &seats, &header), Err(CertificateError::Signature(2)));
    let nobody = quorum(vec![of(0, &keys[0]), of(1, &keys[1]), of(9, &keys[2])]);
    assert_eq!(nobody.check(NETWORK, &seats, &header), Err(CertificateError::Seat(9)));
}

#[test]
fn nobody_certifies_without_seats() {
    let none = quorum(Vec::new());
    let refused = none.check(NETWORK, &Seats::default(), &[5; 32]);
    assert!(matches!(refused, Err(CertificateError::Quorum { .. })), "{refused:?}");
    assert_ne!(PublicKey::NONE, SecretKey::from_seed([1; 32]).public());
}
