//! A network that groups certify, followed from group to group.

use chain::records::{Group, NextGroup};
use chain::{
    Certificate, CertificateError, Epoch, Header, Height, NetworkKind, Stamp, Time, View, vote,
};
use light::{Known, Link, LinkError, Start, StartError};
use receipt::{PublicKey, SecretKey};

use crate::follow::genesis;
use crate::signer::Signer;

fn kind() -> NetworkKind {
    NetworkKind::Test(Signer::new(1).key())
}

fn first() -> Group {
    Group::first(Signer::new(1).key())
}

/// The group of this name, since a height.
fn later(name: u64, from: u64) -> Group {
    Group { from: Height(from), ..Group::first(Signer::new(name).key()) }
}

/// A link that the group of this name certifies, whose header names that group.
fn link(known: &Known, height: u64, by: u64, (named, shown): (Group, bool)) -> Link {
    let network = known.network();
    let header = Header {
        protocol: 1,
        height: Height(height),
        parent: [1; 32],
        stamp: Stamp(1_700_000_000_000 + height),
        time: Time(height),
        epoch: Epoch(1),
        proposer: PublicKey::NONE,
        beacon: [2; 32],
        transactions: 0,
        transactions_root: [0; 32],
        state_root: [9; 32],
        seats: named.digest(network),
    };
    let certificate = Signer::new(by).certify(network, &header.hash(network));
    Link { header, certificate, seats: shown.then(|| named.into()) }
}

#[test]
fn the_old_group_certifies_the_new_one() {
    let mut known = Known::of(&genesis(kind()));
    known.follow(&link(&known, 5, 1, (first(), false))).unwrap();
    let next = NextGroup { key: Signer::new(2).key(), at: Height(50) };
    let announced = Group { next: Some(next), ..first() };
    known.follow(&link(&known, 20, 1, (announced, true))).unwrap();
    known.follow(&link(&known, 21, 1, (announced, false))).unwrap();
    let by_itself = link(&known, 50, 2, (later(2, 50), true));
    let refused = Err(LinkError::Certificate(CertificateError::Group));
    assert_eq!(known.clone().follow(&by_itself), refused);
    known.follow(&link(&known, 50, 1, (later(2, 50), true))).unwrap();
    let by_the_old = link(&known, 51, 1, (later(2, 50), false));
    assert_eq!(known.clone().follow(&by_the_old), refused);
    known.follow(&link(&known, 51, 2, (later(2, 50), false))).unwrap();
    assert_eq!(known.header().unwrap().height, Height(51));
}

/// Nobody has to be told that a next key was announced: the block that it becomes the key with is the old key's.
#[test]
fn a_change_is_one_link() {
    let mut known = Known::of(&genesis(kind()));
    known.follow(&link(&known, 50, 1, (later(2, 50), true))).unwrap();
    known.follow(&link(&known, 90, 2, (later(3, 90), true))).unwrap();
    known.follow(&link(&known, 95, 3, (later(3, 90), false))).unwrap();
}

#[test]
fn what_leads_to_another_group_is_refused() {
    let mut known = Known::of(&genesis(kind()));
    let before = known.clone();
    let mut refused = |link: &Link| {
        let why = known.follow(link).unwrap_err();
        assert_eq!(known, before);
        why
    };
    assert_eq!(refused(&link(&before, 5, 1, (first(), true))), LinkError::SameSeats);
    assert_eq!(refused(&link(&before, 5, 1, (later(2, 5), false))), LinkError::Seats);
    let others =
        Link { seats: Some(later(3, 5).into()), ..link(&before, 5, 1, (later(2, 5), true)) };
    assert_eq!(refused(&others), LinkError::Seats);
    let seats = genesis(kind()).seats;
    let of_seats = Link { seats: Some(seats.into()), ..link(&before, 5, 1, (later(2, 5), true)) };
    assert_eq!(refused(&of_seats), LinkError::Seats);
    assert_eq!(
        refused(&link(&before, 5, 2, (first(), false))),
        LinkError::Certificate(CertificateError::Group)
    );
    let another = Known::of(&genesis(NetworkKind::Main(Signer::new(1).key())));
    assert_eq!(
        refused(&link(&another, 5, 1, (first(), false))),
        LinkError::Certificate(CertificateError::Group)
    );
}

#[test]
fn each_network_takes_certificates_of_one_kind() {
    let simulation = Known::of(&genesis(NetworkKind::Simulation));
    let of_group = link(&simulation, 1, 1, (first(), false));
    assert_eq!(simulation.clone().follow(&of_group), Err(LinkError::Kind));
    for kind in [kind(), NetworkKind::Main(Signer::new(1).key())] {
        let mut known = Known::of(&genesis(kind));
        let mut of_seats = link(&known, 1, 1, (first(), false));
        let hash = of_seats.header.hash(known.network());
        let sign = |seed| vote(known.network(), &SecretKey::from_seed([seed; 32]), View(2), &hash);
        let signatures = (0..).zip((1..5).map(sign)).collect();
        of_seats.certificate = Certificate::Quorum { view: View(2), signatures };
        assert_eq!(known.follow(&of_seats), Err(LinkError::Kind));
    }
}

#[test]
fn links_and_starts_have_one_string_of_bytes() {
    let mut known = Known::of(&genesis(kind()));
    for (named, shown) in [(first(), false), (later(2, 7), true)] {
        let link = link(&known, 7, 1, (named, shown));
        let bytes = link.encode();
        assert_eq!(Link::decode(&bytes), Ok(link));
        assert!((0..bytes.len()).all(|cut| Link::decode(&bytes[..cut]).is_err()));
        assert!(Link::decode(&[&bytes[..], &[0]].concat()).is_err());
    }
    known.follow(&link(&known, 7, 1, (later(2, 7), true))).unwrap();
    let start = known.kept().unwrap();
    let bytes = start.encode();
    assert!(bytes.starts_with(b"probity start v2"));
    assert_eq!(Start::decode(&bytes).as_ref(), Ok(&start));
    assert!((0..bytes.len()).all(|cut| Start::decode(&bytes[..cut]).is_err()));
    assert!(Start::decode(&[&bytes[..], &[0]].concat()).is_err());
    let mut since = Known::since(&genesis(kind()), &start).unwrap();
    since.follow(&link(&known, 9, 2, (later(2, 7), false))).unwrap();
    let others = Start::new(known.network(), *start.header(), first());
    assert_eq!(others, Err(StartError::Seats));
}

#[test]
fn a_start_is_of_the_kind_that_the_network_takes() {
    let (of_group, of_seats) = (genesis(kind()), genesis(NetworkKind::Simulation));
    for genesis in [&of_group, &of_seats] {
        let known = Known::of(genesis);
        let header = link(&known, 7, 1, (first(), false)).header;
        let of_group = Start::new(known.network(), header, first()).unwrap();
        let seats = genesis.seats.clone();
        let header = Header { seats: seats.digest(known.network()), ..header };
        let of_seats = Start::new(known.network(), header, seats).unwrap();
        let (right, wrong) = match genesis.kind {
            NetworkKind::Simulation => (of_seats, of_group),
            NetworkKind::Test(_) | NetworkKind::Main(_) => (of_group, of_seats),
        };
        assert_eq!(right.is_of(genesis), Ok(()));
        assert_eq!(wrong.is_of(genesis), Err(StartError::Kind));
    }
}
