//! The challenge of a receipt missing from its log, and its answer.

use commit::Network;
use receipt::log::{Log, LogLeaf};
use receipt::note::Checkpoint;
use receipt::{Malformed, MissingAnswer, MissingChallenge, Refusal, Refuted};

use crate::sealed::{Sealed, sealed};

fn answer(case: &Sealed) -> MissingAnswer {
    let leaf = LogLeaf::offline(case.receipt.id(case.network));
    MissingAnswer { leaf, index: 2, proof: case.log().inclusion(2, 5).unwrap() }
}

#[test]
fn a_challenge_is_answered_by_the_place() {
    for seed in 0..12 {
        let case = sealed(seed);
        let challenge =
            MissingChallenge::new(&case.envelope(), case.checkpoint(), case.network).unwrap();
        let bytes = challenge.encode();
        assert_eq!(MissingChallenge::decode(&bytes, case.network), Ok(challenge.clone()));
        let good = answer(&case);
        assert_eq!(MissingAnswer::decode(&good.encode()), Ok(good.clone()));
        assert!(challenge.is_answered_by(&good));

        assert!(!challenge.is_answered_by(&MissingAnswer { index: 1, ..good.clone() }));
        let proof = case.log().inclusion(1, 5).unwrap();
        let other = MissingAnswer { leaf: LogLeaf::offline([2; 32]), index: 1, proof };
        assert!(!challenge.is_answered_by(&other), "a true place of another receipt");
        let paid = MissingAnswer { leaf: LogLeaf { to: 1, ..good.leaf }, ..good };
        assert!(!challenge.is_answered_by(&paid));
    }
}

#[test]
fn a_paid_leaf_answers_on_a_network_and_not_offline() {
    for seed in 0..12 {
        let case = sealed(seed);
        let id = case.receipt.id(case.network);
        let leaf = LogLeaf { channel: [8; 32], from: 5, to: 9, receipt: id };
        let mut log = Log::default();
        log.append(&leaf);
        let checkpoint = Checkpoint::sign(1, &log.root(), &case.secret);
        let challenge = MissingChallenge::new(&case.envelope(), checkpoint, case.network).unwrap();
        let answered = challenge.is_answered_by(&MissingAnswer { leaf, index: 0, proof: vec![] });
        assert_eq!(answered, case.network != Network::OFFLINE);
    }
}

#[test]
fn a_challenge_is_the_workers_own_words() {
    let (case, other) = (sealed(1), sealed(2));
    let key = case.secret.public();
    let foreign = MissingChallenge::new(&case.envelope(), other.checkpoint(), case.network);
    assert_eq!(foreign, Err(Refuted::Origin { key }.into()));

    let challenge =
        MissingChallenge::new(&case.envelope(), case.checkpoint(), case.network).unwrap();
    let bytes = challenge.encode();
    for at in 0..bytes.len() {
        for change in [1, 0x80] {
            let mut wrong = bytes.clone();
            wrong[at] ^= change;
            assert!(MissingChallenge::decode(&wrong, case.network).is_err(), "byte {at}");
        }
        assert!(MissingChallenge::decode(&bytes[..at], case.network).is_err(), "cut at {at}");
    }
    let mut wrong = bytes.clone();
    let signature = 4 + case.receipt.encode().len();
    wrong[signature] ^= 1;
    let refused = MissingChallenge::decode(&wrong, case.network);
    assert_eq!(refused, Err(Refuted::Signature { key }.into()));
    let refused = MissingChallenge::decode(&bytes, Network([77; 32]));
    assert_eq!(refused, Err(Refuted::Signature { key }.into()));
    let refused = MissingChallenge::decode(&[bytes, vec![0]].concat(), case.network);
    assert!(matches!(
        refused,
        Err(Refusal::Malformed(Malformed::Bytes { what: "the challenge", .. }))
    ));
}

#[test]
fn a_challenge_carries_no_strangers_signature() {
    let case = sealed(3);
    let note = case.checkpoint().note().encode();
    let cosigned = format!("{note}\u{2014} witness.example/w AAAAAAA=\n");
    let checkpoint = Checkpoint::parse(&cosigned, &case.secret.public()).unwrap();
    let challenge = MissingChallenge::new(&case.envelope(), checkpoint, case.network).unwrap();
    assert_eq!(challenge.checkpoint(), &case.checkpoint());

    let bytes = challenge.encode();
    let length = u16::try_from(note.len()).unwrap().to_le_bytes();
    let longer = u16::try_from(cosigned.len()).unwrap().to_le_bytes();
    let head = &bytes[..bytes.len() - note.len() - 2];
    assert_eq!([head, &length, note.as_bytes()].concat(), bytes);
    let refused =
        MissingChallenge::decode(&[head, &longer, cosigned.as_bytes()].concat(), case.network);
    assert_eq!(refused, Err(Malformed::Cosigned { found: 2 }.into()));
}

#[test]
fn an_answer_has_one_form() {
    let case = sealed(4);
    let bytes = answer(&case).encode();
    for at in 0..bytes.len() {
        assert!(MissingAnswer::decode(&bytes[..at]).is_err(), "cut at {at}");
    }
    assert!(MissingAnswer::decode(&[bytes.clone(), vec![0]].concat()).is_err());
    let mut endless = bytes[..2 + 96 + 8].to_vec();
    endless.push(54);
    endless.resize(endless.len() + 54 * 32, 0);
    assert!(MissingAnswer::decode(&endless).is_err());
}
