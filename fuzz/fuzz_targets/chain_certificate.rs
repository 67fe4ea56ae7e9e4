//! Any bytes as a certificate: decoded to what encodes to just these bytes, or refused; nothing that was not signed
//! certifies.
//!
//! The first byte says how many seats there are, and how many of them signed; so many votes come before the bytes' own. A
//! group's word holds for the header that its group certified exactly where it is the group's own, whose signature has one
//! form, and no seats take it.
//!
//! Run: `cargo +nightly fuzz run chain_certificate -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use std::sync::LazyLock;

use chain::records::{NodeId, Seat, Seats};
use chain::{Certificate, CertificateError, Certifiers, Genesis, View, vote};
use commit::{Digest, Network};
use libfuzzer_sys::fuzz_target;
use light::Link;
use receipt::{NetworkBundle, SecretKey, Signature};

const NETWORK: Network = Network([7; 32]);
const HEADER: [u8; 32] = [8; 32];
const VIEW: View = View(2);
const GENESIS: &[u8] = include_bytes!("../../bindings/testdata/group_genesis.bin");
const BUNDLE: &[u8] = include_bytes!("../../bindings/testdata/group_bundle.json");

/// A header's hash, the group that certified it, and its word.
static CERTIFIED: LazyLock<(Network, Digest, Certifiers, Certificate)> = LazyLock::new(|| {
    let genesis = Genesis::decode(GENESIS).expect("the case's genesis");
    let network = genesis.network();
    let bundle = NetworkBundle::parse(BUNDLE, network).expect("the case's bundle");
    let link = Link::decode(&bundle.place().links[0]).expect("the case's link");
    (network, link.header.hash(network), genesis.certifiers(), link.certificate)
});

/// Everybody who may have a seat, and what each signs.
static VOTES: LazyLock<Vec<(Seat, Signature)>> = LazyLock::new(|| {
    let seat = |name| {
        let key = SecretKey::from_seed([name; 32]);
        (Seat { node: NodeId([name; 32]), key: key.public() }, vote(NETWORK, &key, VIEW, &HEADER))
    };
    (1..=7).map(seat).collect()
});

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    let (count, signed) = (usize::from(choice % 8), usize::from(choice / 8 % 8));
    let seats = Seats(VOTES.iter().take(count).map(|(seat, _)| *seat).collect());
    match Certificate::decode(bytes) {
        Ok(certificate) => {
            assert_eq!(certificate.encode(), bytes, "two encodings of one certificate");
            let (view, votes) = match &certificate {
                Certificate::Quorum { view, signatures } => (view, signatures),
                Certificate::Group(_) => {
                    let (network, header, group, own) = &*CERTIFIED;
                    let held = group.check(*network, &certificate, header).is_ok();
                    assert_eq!(held, certificate == *own, "the group's own word");
                    let taken = certificate.check(NETWORK, &seats, &HEADER);
                    assert_eq!(taken, Err(CertificateError::Kind), "of no seats");
                    return;
                }
            };
            let true_ones = votes.iter().filter(|(at, signature)| {
                VOTES
                    .get(usize::from(*at))
                    .is_some_and(|(_, own)| *view == VIEW && own == signature)
            });
            let few = true_ones.count() < seats.quorum();
            let held = certificate.check(NETWORK, &seats, &HEADER).is_ok();
            assert!(!held || !few, "certified by too few");
            let mut all: Vec<(u16, Signature)> =
                (0..).zip(VOTES.iter().take(signed).map(|(_, vote)| *vote)).collect();
            all.extend(votes.iter().filter(|(at, _)| usize::from(*at) >= signed).copied());
            let certificate = Certificate::Quorum { view: VIEW, signatures: all };
            assert_eq!(Certificate::decode(&certificate.encode()).as_ref(), Ok(&certificate));
            let _ = certificate.check(NETWORK, &seats, &HEADER);
        }
        Err(error) => assert!(error.to_string().len() < 200, "a message is short"),
    }
});
