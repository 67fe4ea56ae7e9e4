//! `spec/vectors/ledger_groups.json`: keys, hashes, signatures and certificates of groups, made by an oracle that has a curve of
//! its own, by the library that orders blocks, and by nobody.

use bls12_381::hash_to_curve::{ExpandMsgXmd, HashToCurve};
use bls12_381::{G1Affine, G1Projective, Scalar};
use chain::records::Group;
use chain::{Certificate, CertificateError, Certifiers, GroupKey, GroupSignature};
use serde_json::Value as Json;
use sha2::Sha256;

use crate::signer::Signer;
use crate::vectors::{bytes, digest, each, hex, network, number};

const MESSAGES: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";

#[test]
fn ledger_groups() {
    each("ledger_groups", |inputs, case| {
        let given = |name| inputs.get(name).is_some();
        match () {
            () if given("secret") => made(inputs, &case["expected"]),
            () if given("certificate") => certified(inputs, &case["expected"]),
            () if given("message") => signed(inputs, &case["expected"]),
            () if given("key") => assert_eq!(key(inputs).is_one(), case.get("refused").is_none()),
            () => signature(inputs, case.get("refused").is_none()),
        }
    });
}

fn key(inputs: &Json) -> GroupKey {
    GroupKey(bytes(&inputs["key"]).try_into().unwrap())
}

fn word(json: &Json) -> GroupSignature {
    GroupSignature(bytes(json).try_into().unwrap())
}

/// All that a secret makes for a header.
fn made(inputs: &Json, expected: &Json) {
    let digits = inputs["secret"].as_str().unwrap().bytes().map(|byte| u64::from(byte - b'0'));
    let secret =
        digits.fold(Scalar::zero(), |sum, digit| sum * Scalar::from(10) + Scalar::from(digit));
    let (signer, network, header) = (Signer(secret), network(inputs), digest(&inputs["header"]));
    let numbers = ["epoch", "view", "parent"].map(|part| number(&inputs[part]));
    let certificate = signer.certify_in(numbers, network, &header);
    let Certificate::Group(word) = &certificate else { unreachable!() };
    let message = word.message(network, &header);
    let hash = <G1Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve;
    let hashed = G1Affine::from(hash([&message], MESSAGES)).to_compressed();
    let proof = signer.possession(network);
    let parts: [(&str, &[u8]); 6] = [
        ("key", &signer.key().0),
        ("message", &message),
        ("hash", &hashed),
        ("signature", &word.signature.0),
        ("certificate", &certificate.encode()),
        ("proof", &proof.0),
    ];
    for (name, part) in parts {
        assert_eq!(hex(part), expected[name], "{name}");
    }
    let group = Certifiers::Group(Group::first(signer.key()));
    assert_eq!(group.check(network, &certificate, &header), Ok(()));
    assert!(signer.key().possessed(network, &proof));
}

fn certified(inputs: &Json, expected: &Json) {
    let group = Certifiers::Group(Group::first(key(inputs)));
    let certificate = Certificate::decode(&bytes(&inputs["certificate"])).unwrap();
    let found = group.check(network(inputs), &certificate, &digest(&inputs["header"]));
    let wanted = if expected["holds"] == true { Ok(()) } else { Err(CertificateError::Group) };
    assert_eq!(found, wanted);
}

/// Under the tag of messages; that another one does not hold is shown for a proof in its network.
fn signed(inputs: &Json, expected: &Json) {
    let (key, message) = (key(inputs), bytes(&inputs["message"]));
    let holds = key.signed(&message, &word(&inputs["signature"]));
    match inputs["tag"].as_str().unwrap() {
        "message" => assert_eq!(Json::from(holds), expected["holds"]),
        other => assert_eq!((other, &expected["holds"]), ("proof", &Json::from(false))),
    }
}

/// Signatures of nothing by signer 5, or by who has minus its secret: none other are points here.
fn signature(inputs: &Json, one: bool) {
    let key = Signer::new(5).key();
    let mut minus = key;
    minus.0[0] ^= 0x20;
    let signature = word(&inputs["signature"]);
    assert_eq!([key, minus].iter().any(|key| key.signed(b"", &signature)), one);
}
