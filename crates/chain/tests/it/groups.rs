//! Certificates of a group: what its key signed holds, and nothing else does.

use bls12_381::{G1Affine, G2Affine};
use chain::records::{Group, NodeId, Seat, Seats};
use chain::{
    Certificate, CertificateError, Certifiers, Genesis, GroupKey, GroupSignature, GroupWord,
    Height, NetworkKind,
};
use commit::Network;
use receipt::SecretKey;

use crate::generator::{self, NETWORK, Random};
use crate::signer::Signer;

const HEADER: [u8; 32] = [8; 32];

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
}

/// Written by the library that orders blocks, of a proposal of epoch 7, view 300, parent's view 299 and 32 bytes 8 under the
/// name `probity certificate v2 test_FINALIZE` (decision 0027); that what it signed holds is in the vectors.
const MESSAGE: &str = "2470726f6269747920636572746966696361746520763220746573745f46494e414c495a4507ac02ab020808080808080808080808080808080808080808080808080808080808080808";

/// All but the name, which has the network's id here, is as the library wrote it.
#[test]
fn a_message_is_as_the_library_writes_it() {
    let message: [u8; MESSAGE.len() / 2] = bytes(MESSAGE);
    let signature = GroupSignature([0; 48]);
    let word = |epoch, view, parent| GroupWord { epoch, view, parent, signature };
    let of = |word: GroupWord| word.message(Network([3; 32]), &HEADER);
    let name = [b"\x16probity certificate v2", &[3; 32][..], b"_FINALIZE"].concat();
    assert_eq!(of(word(7, 300, 299)), [&[64], &name[..], &message[37..]].concat());
    let edges = [&[64], &name[..], &[0, 0x7f, 0x80, 1], &HEADER].concat();
    assert_eq!(of(word(0, 127, 128)), edges);
    let greatest = [&[0xff; 9][..], &[1]].concat();
    let most = [&[64], &name[..], &greatest, &greatest, &greatest, &HEADER].concat();
    assert_eq!(of(word(u64::MAX, u64::MAX, u64::MAX)), most);
}

#[test]
fn a_group_certifies_a_header_in_one_network() {
    let signer = Signer::new(5);
    let group = Certifiers::Group(Group { from: Height(9), ..Group::first(signer.key()) });
    let made = signer.certify(NETWORK, &HEADER);
    assert_eq!(group.check(NETWORK, &made, &HEADER), Ok(()));
    let refused = Err(CertificateError::Group);
    assert_eq!(group.check(NETWORK, &made, &[9; 32]), refused);
    assert_eq!(group.check(Network::OFFLINE, &made, &HEADER), refused);
    let another = Certifiers::Group(Group::first(Signer::new(6).key()));
    assert_eq!(another.check(NETWORK, &made, &HEADER), refused);
    let bytes = made.encode();
    assert_eq!(bytes.len(), 75);
    for at in 3..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1;
        let other = Certificate::decode(&other).unwrap();
        assert_eq!(group.check(NETWORK, &other, &HEADER), refused, "byte {at}");
    }
}

#[test]
fn each_network_takes_one_kind() {
    let (signer, seat) = (Signer::new(5), SecretKey::from_seed([1; 32]));
    let seats = Seats(vec![Seat { node: NodeId([0; 32]), key: seat.public() }]);
    let view = chain::View(1);
    let signatures = vec![(0, chain::vote(NETWORK, &seat, view, &HEADER))];
    let listed = Certificate::Quorum { view, signatures };
    let signed = signer.certify(NETWORK, &HEADER);
    let (seats, group) = (Certifiers::from(seats), Certifiers::from(Group::first(signer.key())));
    assert_eq!(seats.check(NETWORK, &listed, &HEADER), Ok(()));
    assert_eq!(group.check(NETWORK, &signed, &HEADER), Ok(()));
    assert_eq!(seats.check(NETWORK, &signed, &HEADER), Err(CertificateError::Kind));
    assert_eq!(group.check(NETWORK, &listed, &HEADER), Err(CertificateError::Kind));
    for (kind, wanted) in [
        (NetworkKind::Simulation, None),
        (NetworkKind::Test(signer.key()), Some(Group::first(signer.key()))),
        (NetworkKind::Main(signer.key()), Some(Group::first(signer.key()))),
    ] {
        let genesis = Genesis { kind, ..generator::genesis(&mut Random(3)) };
        let of_seats = Certifiers::Seats(genesis.seats.clone());
        assert_eq!(genesis.certifiers(), wanted.map_or(of_seats, Certifiers::Group));
    }
}

/// Points at infinity, off the curve, and outside the subgroup are nobody's.
#[test]
fn bytes_that_are_no_point_are_no_key() {
    let signer = Signer::new(5);
    let Certificate::Group(word) = signer.certify(NETWORK, &HEADER) else { unreachable!() };
    let message = word.message(NETWORK, &HEADER);
    let identities = (G2Affine::identity().to_compressed(), G1Affine::identity().to_compressed());
    assert!(!GroupKey(identities.0).is_one());
    assert!(!GroupKey(identities.0).signed(&message, &GroupSignature(identities.1)));
    assert!(!GroupKey::NONE.is_one());
    assert!(!signer.key().signed(&message, &GroupSignature(identities.1)));
    let mut plain = signer.key();
    plain.0[0] &= 0x7f;
    assert!(!plain.is_one(), "it says that it is not compressed");
    let at = |x: u8| {
        let mut bytes = [0; 48];
        (bytes[0], bytes[47]) = (0x80, x);
        bytes
    };
    let outside =
        |bytes: &[u8; 48]| bool::from(G1Affine::from_compressed_unchecked(bytes).is_some());
    let outside = (1..=255).map(at).find(outside).unwrap();
    assert!(bool::from(G1Affine::from_compressed(&outside).is_none()), "not of the subgroup");
    assert!(!signer.key().signed(&message, &GroupSignature(outside)));
    let wide = |x: u8| {
        let mut bytes = [0; 96];
        (bytes[0], bytes[95]) = (0x80, x);
        bytes
    };
    let outside =
        |bytes: &[u8; 96]| bool::from(G2Affine::from_compressed_unchecked(bytes).is_some());
    assert!(!GroupKey((1..=255).map(wide).find(outside).unwrap()).is_one());
}

#[test]
fn a_key_signs_that_somebody_has_it() {
    let (one, other) = (Signer::new(5), Signer::new(6));
    let proof = one.possession(NETWORK);
    assert!(one.key().possessed(NETWORK, &proof));
    assert!(!one.key().possessed(Network::OFFLINE, &proof));
    assert!(!one.key().possessed(NETWORK, &other.possession(NETWORK)));
    assert!(!one.key().signed(&one.key().possession(NETWORK), &proof), "another tag");
    let name = [b"\x14probity group key v1", &NETWORK.0[..], &one.key().0].concat();
    assert_eq!(one.key().possession(NETWORK), [&[53], &name[..]].concat());
}
