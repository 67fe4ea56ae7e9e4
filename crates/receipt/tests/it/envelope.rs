//! Envelopes: DSSE as its own vectors have it, and every way to be refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use commit::{Network, WireError};
use receipt::domains::{PACKAGE, RECEIPT};
use receipt::{
    Envelope, Malformed, PayloadKind, PublicKey, Receipt, Refusal, Refuted, SecretKey, Signature,
    Stop, pae,
};

use crate::sealed::{Sealed, sealed};

const RECEIPT_TYPE: &str = "application/vnd.probity.receipt.v1";

/// An envelope written by hand.
struct Written {
    payload_type: String,
    payload: Vec<u8>,
    keyid: String,
    sig: Vec<u8>,
}

impl Written {
    /// Signed as it should be, whatever the payload is.
    fn signed(secret: &SecretKey, payload: Vec<u8>) -> Self {
        let sig = secret.sign(&pae(RECEIPT_TYPE, &payload)).0.to_vec();
        let (payload_type, keyid) = (RECEIPT_TYPE.to_owned(), secret.public().hex());
        Self { payload_type, payload, keyid, sig }
    }

    fn of(sealed: &Sealed, receipt: &Receipt) -> Self {
        let payload = [RECEIPT.prefix(sealed.network), receipt.encode()].concat();
        Self::signed(&sealed.secret, payload)
    }

    fn json(&self) -> String {
        let (payload, sig) = (STANDARD.encode(&self.payload), STANDARD.encode(&self.sig));
        let (kind, keyid) = (&self.payload_type, &self.keyid);
        format!(
            r#"{{"payloadType":"{kind}","payload":"{payload}","signatures":[{{"keyid":"{keyid}","sig":"{sig}"}}]}}"#
        )
    }

    fn read(&self) -> Result<Envelope, Malformed> {
        Envelope::from_json(self.json().as_bytes())
    }

    fn open(&self, network: Network) -> Result<Receipt, Refusal> {
        self.read()?.open(network)
    }
}

#[test]
fn the_encoding_before_signing_is_that_of_dsse() {
    let hello = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
    assert_eq!(pae("http://example.com/HelloWorld", b"hello world"), hello);
    // Lengths are of bytes, and an empty payload leaves its space.
    assert_eq!(pae("ex\u{e4}", b""), "DSSEv1 4 ex\u{e4} 0 ".as_bytes());
}

#[test]
fn a_signature_of_another_implementation_of_dsse_holds() {
    // `single-signature` of the vectors of secure-systems-lab/dsse.
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let payload = STANDARD.decode("eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ==");
    let signature = STANDARD.decode(
        "2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA==",
    );
    let signature = Signature(signature.unwrap().try_into().unwrap());
    let key = PublicKey::from_hex(public).unwrap();
    let message = pae("application/vnd.in-toto+json", &payload.unwrap());
    assert!(key.signed(&message, &signature));
    assert!(!key.signed(&message[..message.len() - 1], &signature));
}

#[test]
fn what_is_sealed_opens_and_is_read_back() {
    for seed in 0..24 {
        let case = sealed(seed);
        let envelope = case.envelope();
        assert_eq!(envelope.open(case.network).as_ref(), Ok(&case.receipt), "seed {seed}");
        assert_eq!(Envelope::from_json(envelope.to_json().as_bytes()), Ok(envelope.clone()));
        assert_eq!(Written::of(&case, &case.receipt).read(), Ok(envelope));
    }
}

#[test]
fn a_worker_seals_only_what_a_reader_takes() {
    let case = sealed(1);
    let other = SecretKey::from_seed([9; 32]);
    let (keyid, worker) = (other.public(), case.receipt.worker);
    let refused = Envelope::seal(&case.receipt, &other, case.network);
    assert_eq!(refused, Err(Refuted::Signer { keyid, worker }.into()));
    let mut receipt = case.receipt.clone();
    receipt.usage.output += 1;
    let refused = Envelope::seal(&receipt, &case.secret, case.network);
    assert!(matches!(refused, Err(Refusal::Malformed(Malformed::Bytes { .. }))), "{refused:?}");
}

#[test]
fn a_payload_is_of_its_type_domain_and_network() {
    let case = sealed(2);
    let receipt = case.receipt.encode();
    let opened = |written: &Written| written.open(case.network);

    let mut written = Written::of(&case, &case.receipt);
    written.payload_type = "application/vnd.in-toto+json".to_owned();
    let wanted = "one that this release knows";
    assert_eq!(opened(&written), Err(Malformed::PayloadType { wanted }.into()));
    // Signed for one use, shown as another: the type is in what is signed.
    written.payload_type = PayloadKind::Package.payload_type().to_owned();
    let wanted = RECEIPT_TYPE;
    assert_eq!(opened(&written), Err(Malformed::PayloadType { wanted }.into()));
    let refused = written.read().unwrap().open_package(case.network);
    assert_eq!(refused, Err(Malformed::Domain.into()));

    let with = |prefix: Vec<u8>| Written::signed(&case.secret, [prefix, receipt.clone()].concat());
    assert_eq!(opened(&with(PACKAGE.prefix(case.network))), Err(Malformed::Domain.into()));
    assert_eq!(opened(&with(Vec::new())), Err(Malformed::Domain.into()));
    let (found, wanted) = (Network([7; 32]), case.network);
    let elsewhere = RECEIPT.prefix(found);
    assert_eq!(opened(&with(elsewhere)), Err(Malformed::Network { found, wanted }.into()));
    let short = RECEIPT.prefix(case.network)[..20].to_vec();
    let short_of = 20 - (RECEIPT.prefix(case.network).len() - 32);
    assert_eq!(
        Written::signed(&case.secret, short).open(case.network),
        Err(Malformed::Length { what: "the payload's network", found: short_of, wanted: 32 }.into())
    );
}

#[test]
fn a_payload_is_one_receipt_and_nothing_more() {
    let case = sealed(3);
    let mut written = Written::of(&case, &case.receipt);
    written.payload.push(0);
    let source = WireError::Trailing { what: "the receipt", bytes: 1 };
    let wanted = Malformed::Bytes { what: "the receipt", source };
    assert_eq!(written.open(case.network), Err(wanted.into()));
    written.payload.resize(10_000, 0);
    let refused = written.open(case.network);
    assert!(matches!(refused, Err(Refusal::Malformed(Malformed::Size { .. }))), "{refused:?}");
}

#[test]
fn every_signature_is_its_own() {
    let case = sealed(4);
    let good = Written::of(&case, &case.receipt);
    let key = case.secret.public();

    let mut written = Written::of(&case, &case.receipt);
    written.sig[5] ^= 1;
    assert_eq!(written.open(case.network), Err(Refuted::Signature { key }.into()));
    // Over the payload itself, without DSSE's frame.
    written.sig = case.secret.sign(&good.payload).0.to_vec();
    assert_eq!(written.open(case.network), Err(Refuted::Signature { key }.into()));

    // Another key signed, and says so: that receipt is not its.
    let other = SecretKey::from_seed([9; 32]);
    let written = Written::signed(&other, good.payload.clone());
    let keyid = other.public();
    assert_eq!(written.open(case.network), Err(Refuted::Signer { keyid, worker: key }.into()));

    // Each head in turn.
    for choice in 0..case.receipt.choices.len() {
        for segment in 0..case.receipt.choices[choice].segments.len() {
            let mut receipt = case.receipt.clone();
            let head = &mut receipt.choices[choice].segments[segment];
            head.signature.0[0] ^= 1;
            let (count, worker) = (head.head.count, head.worker);
            let choice = receipt.choices[choice].index;
            let refused = Written::of(&case, &receipt).open(case.network);
            assert_eq!(refused, Err(Refuted::Head { choice, count, worker }.into()));
        }
    }
    assert!(good.open(case.network).is_ok());
}

#[test]
fn nothing_signed_can_be_changed() {
    let case = sealed(5);
    let envelope = Written::of(&case, &case.receipt);
    let key = case.secret.public();
    let mut receipt = case.receipt.clone();
    receipt.choices[0].stop = Stop::Length;
    let payload = [RECEIPT.prefix(case.network), receipt.encode()].concat();
    let changed = Written { payload, ..envelope };
    assert_eq!(changed.open(case.network), Err(Refuted::Signature { key }.into()));
}

#[test]
fn an_envelope_has_one_spelling() {
    let case = sealed(6);
    let good = Written::of(&case, &case.receipt);
    let read = |json: &str| Envelope::from_json(json.as_bytes());

    let mut written = Written::of(&case, &case.receipt);
    written.keyid = written.keyid.to_uppercase();
    assert_eq!(written.read(), Err(Malformed::Keyid));
    written.keyid.clear();
    assert_eq!(written.read(), Err(Malformed::Keyid));
    let json = good.json();
    let without = json.replace(&format!(r#""keyid":"{}","#, good.keyid), "");
    assert_ne!(without, json);
    assert!(matches!(read(&without), Err(Malformed::Json { .. })));

    let mut written = Written::of(&case, &case.receipt);
    written.sig.pop();
    let (what, found, wanted) = ("the signature", 63, 64);
    assert_eq!(written.read(), Err(Malformed::Length { what, found, wanted }));

    let signature = &json[json.find('[').unwrap() + 1..json.find(']').unwrap()];
    let twice = json.replace(signature, &format!("{signature},{signature}"));
    assert_eq!(read(&twice), Err(Malformed::Signatures { found: 2 }));
    assert_eq!(read(&json.replace(signature, "")), Err(Malformed::Signatures { found: 0 }));

    let long = format!("{json}{}", " ".repeat(receipt::ENVELOPE_BYTES_MAX));
    assert!(matches!(read(&long), Err(Malformed::Size { .. })));
    assert!(read(&format!(" {json}\n")).is_ok());
}

#[test]
fn a_publisher_signs_a_model_id() {
    let secret = SecretKey::from_seed([3; 32]);
    let (model, network) = ([5; 32], Network::OFFLINE);
    let envelope = Envelope::seal_package(&model, &secret, network);
    assert_eq!(envelope.open_package(network), Ok(model));
    assert_eq!((envelope.signer(), envelope.kind()), (secret.public(), PayloadKind::Package));
    let read = Envelope::from_json(envelope.to_json().as_bytes());
    assert_eq!(read, Ok(envelope.clone()));
    let wanted = Network([1; 32]);
    let elsewhere = Malformed::Network { found: network, wanted };
    assert_eq!(envelope.open_package(wanted), Err(elsewhere.into()));
    let wanted = RECEIPT_TYPE;
    assert_eq!(envelope.open(network), Err(Malformed::PayloadType { wanted }.into()));

    // Any key may sign a package, so a keyid is wrong only by the signature.
    let key = SecretKey::from_seed([4; 32]).public();
    let renamed = envelope.to_json().replace(&secret.public().hex(), &key.hex());
    let renamed = Envelope::from_json(renamed.as_bytes()).unwrap();
    assert_eq!(renamed.open_package(network), Err(Refuted::Signature { key }.into()));

    let payload = [PACKAGE.prefix(network), vec![5; 31]].concat();
    let payload_type = PayloadKind::Package.payload_type();
    let sig = secret.sign(&pae(payload_type, &payload)).0.to_vec();
    let keyid = secret.public().hex();
    let short = Written { payload_type: payload_type.to_owned(), payload, keyid, sig };
    let refused = short.read().unwrap().open_package(network);
    let (what, found, wanted) = ("the model id", 31, 32);
    assert_eq!(refused, Err(Malformed::Length { what, found, wanted }.into()));
}
