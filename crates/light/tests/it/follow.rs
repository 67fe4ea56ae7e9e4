//! A network followed from its genesis, and everything that leads elsewhere.

use chain::records::{NodeId, ParameterValues, Seat, Seats};
use chain::{
    Amount, Certificate, CertificateError, Epoch, Genesis, Header, Height, NetworkKind, Stamp,
    Time, View, vote,
};
use light::{AHEAD_MS_MAX, Freshness, Known, Link, LinkError};
use receipt::{PublicKey, SecretKey};

use crate::signer::Signer;

const BEGAN: u64 = 1_700_000_000_000;

fn keys(first: u8) -> Vec<SecretKey> {
    (first..first + 4).map(|seed| SecretKey::from_seed([seed; 32])).collect()
}

fn seats(keys: &[SecretKey]) -> Seats {
    Seats(keys.iter().map(|key| Seat { node: NodeId([3; 32]), key: key.public() }).collect())
}

pub(crate) fn genesis(kind: NetworkKind) -> Genesis {
    Genesis {
        kind,
        stamp: Stamp(BEGAN),
        parameters: ParameterValues::default(),
        seats: seats(&keys(1)),
        accounts: Vec::new(),
        treasury: Amount::ZERO,
        nodes: Vec::new(),
    }
}

/// A link that these keys certify, after which those have the seats.
fn link(known: &Known, height: u64, by: &[SecretKey], next: Option<&[SecretKey]>) -> Link {
    let network = known.network();
    let header = Header {
        protocol: 1,
        height: Height(height),
        parent: [1; 32],
        stamp: Stamp(BEGAN + height * 1_000),
        time: Time(height * 1_000),
        epoch: Epoch(1),
        proposer: PublicKey::NONE,
        beacon: [2; 32],
        transactions: 0,
        transactions_root: [0; 32],
        state_root: [9; 32],
        seats: seats(next.unwrap_or(by)).digest(network),
    };
    let hash = header.hash(network);
    let votes = by.iter().take(3).map(|key| vote(network, key, View(2), &hash));
    let certificate = Certificate::Quorum { view: View(2), signatures: (0..).zip(votes).collect() };
    Link { header, certificate, seats: next.map(|keys| seats(keys).into()) }
}

#[test]
fn seats_pass_on_and_what_lies_between_is_skipped() {
    let mut known = Known::of(&genesis(NetworkKind::Simulation));
    assert_eq!(known.state_root(), None);
    known.follow(&link(&known, 50, &keys(1), Some(&keys(20)))).unwrap();
    let old = link(&known, 90, &keys(1), None);
    assert!(matches!(known.follow(&old), Err(LinkError::Certificate(_))), "their time is over");
    known.follow(&link(&known, 90, &keys(20), None)).unwrap();
    known.follow(&link(&known, 1_000_000, &keys(20), Some(&keys(40)))).unwrap();
    known.follow(&link(&known, 1_000_001, &keys(40), None)).unwrap();
    assert_eq!(known.state_root(), Some([9; 32]));
}

#[test]
fn what_leads_elsewhere_changes_nothing() {
    let mut known = Known::of(&genesis(NetworkKind::Simulation));
    known.follow(&link(&known, 50, &keys(1), None)).unwrap();
    let before = known.clone();
    let mut refused = |link: &Link| {
        let why = known.follow(link).unwrap_err();
        assert_eq!(known, before);
        why
    };
    let at = |height| link(&before, height, &keys(1), None);
    assert_eq!(refused(&at(50)), LinkError::Height { found: 50, known: 50 });
    let given = Link { seats: Some(seats(&keys(1)).into()), ..at(51) };
    assert_eq!(refused(&given), LinkError::SameSeats);
    let hidden = Link { seats: None, ..link(&before, 51, &keys(1), Some(&keys(20))) };
    assert_eq!(refused(&hidden), LinkError::Seats);
    let others = Link {
        seats: Some(seats(&keys(30)).into()),
        ..link(&before, 51, &keys(1), Some(&keys(20)))
    };
    assert_eq!(refused(&others), LinkError::Seats);
    let mut changed = at(51);
    changed.header.state_root = [8; 32];
    assert_eq!(refused(&changed), LinkError::Certificate(CertificateError::Signature(0)));
}

#[test]
fn another_genesis_knows_none_of_it() {
    let known = Known::of(&genesis(NetworkKind::Simulation));
    let link = link(&known, 1, &keys(1), None);
    let mut genesis = genesis(NetworkKind::Simulation);
    genesis.stamp = Stamp(BEGAN + 1);
    let mut other = Known::of(&genesis);
    assert!(matches!(other.follow(&link), Err(LinkError::Certificate(_))));
}

#[test]
fn a_stamp_is_held_against_the_time() {
    let mut known = Known::of(&genesis(NetworkKind::Simulation));
    known.follow(&link(&known, 100, &keys(1), None)).unwrap();
    let stamp = BEGAN + 100_000;
    let fresh = |now| known.freshness(Stamp(now), 500);
    assert_eq!(fresh(stamp - AHEAD_MS_MAX - 1), Freshness::Ahead);
    assert_eq!(fresh(stamp - AHEAD_MS_MAX), Freshness::Fresh);
    assert_eq!(fresh(stamp + 500), Freshness::Fresh);
    assert_eq!(fresh(stamp + 501), Freshness::Old);
    let alone = Known::of(&genesis(NetworkKind::Main(Signer::new(1).key())));
    assert_eq!(alone.freshness(Stamp(BEGAN + 500), 500), Freshness::Fresh);
    assert_eq!(alone.freshness(Stamp(BEGAN + 501), 500), Freshness::Old);
    assert_eq!((alone.start(), alone.kept()), ((Height(0), Stamp(BEGAN)), None));
}

#[test]
fn a_link_has_one_string_of_bytes() {
    let known = Known::of(&genesis(NetworkKind::Simulation));
    for next in [None, Some(keys(20))] {
        let link = link(&known, 7, &keys(1), next.as_deref());
        let bytes = link.encode();
        assert_eq!(Link::decode(&bytes), Ok(link));
        assert!((0..bytes.len()).all(|cut| Link::decode(&bytes[..cut]).is_err()));
        assert!(Link::decode(&[&bytes[..], &[0]].concat()).is_err());
    }
}
