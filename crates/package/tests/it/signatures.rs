//! A publisher's signature: of this model id, by this key, on this network.

use commit::Network;
use package::{ModelId, SignatureError, sign, signed, signer};
use receipt::{Envelope, SecretKey, Signature};

use crate::fixture::pieces;

#[test]
fn a_signature_names_its_key_and_no_other_model() {
    let key = SecretKey::from_seed([5; 32]);
    let model = pieces().package().unwrap().id();
    let envelope = sign(model, &key, Network::OFFLINE);
    assert_eq!(signer(&envelope, model, Network::OFFLINE), Ok(key.public()));
    let read = Envelope::from_json(envelope.to_json().as_bytes()).unwrap();
    assert_eq!(signer(&read, model, Network::OFFLINE), Ok(key.public()));
    let other = ModelId([1; 32]);
    let error = SignatureError::OfAnother { signed: model, model: other };
    assert_eq!(signer(&envelope, other, Network::OFFLINE), Err(error));
    let elsewhere = signer(&envelope, model, Network([1; 32]));
    assert!(matches!(elsewhere, Err(SignatureError::Refused(_))));
}

/// Who has key and signature needs no envelope.
#[test]
fn a_signature_says_alone_what_its_envelope_says() {
    let key = SecretKey::from_seed([5; 32]);
    let (model, network) = (ModelId([7; 32]), Network([1; 32]));
    let signature = sign(model, &key, network).signature();
    assert!(signed(model, key.public(), &signature, network));
    assert!(!signed(ModelId([8; 32]), key.public(), &signature, network));
    assert!(!signed(model, SecretKey::from_seed([6; 32]).public(), &signature, network));
    assert!(!signed(model, key.public(), &signature, Network::OFFLINE));
    assert!(!signed(model, key.public(), &Signature::NONE, network));
}

#[test]
fn a_changed_signature_is_refused() {
    let model = ModelId([7; 32]);
    let text = sign(model, &SecretKey::from_seed([6; 32]), Network::OFFLINE).to_json();
    for (at, letter) in text.char_indices().filter(|(_, letter)| letter.is_ascii_alphanumeric()) {
        let mut changed = text.clone();
        changed.replace_range(at..=at, if letter == 'A' { "B" } else { "A" });
        let read = Envelope::from_json(changed.as_bytes());
        let held = read.is_ok_and(|read| signer(&read, model, Network::OFFLINE).is_ok());
        assert!(!held, "{at}: {changed}");
    }
}
