//! Workers, and those between them and a reader, whose file is not what was signed, or not by whom it says.

use commit::Network;
use receipt::domains::RECEIPT;
use receipt::{
    Head, Malformed, Opening, PayloadKind, PublicKey, Receipt, ReceiptFile, Refusal, Refuted,
    SecretKey, Signature, SignedHead, pae,
};
use serde_json::{Value, json};

use super::words::is_honest;
use super::{Delivered, Wrong, asked, deliver, found, published};
use crate::desk::{NETWORK, receipt, work, worker};

const OTHER_NETWORK: Network = Network([9; 32]);

/// Somebody else, who signed nothing here.
fn another() -> SecretKey {
    SecretKey::from_seed([8; 32])
}

/// What an honest worker would sign and show, before anything was done to it.
fn honest() -> (Delivered, Receipt, Opening) {
    let delivered = is_honest();
    let (receipt, opening) = receipt(&delivered.asked, &work(&published(), &delivered.asked));
    (delivered, receipt, opening)
}

/// A file as it comes of any tool but ours: what it says is not looked at.
struct Forged<'a> {
    receipt: &'a Receipt,
    opening: &'a Opening,
    keyid: PublicKey,
    network: Network,
    /// None: a signature that a key of small order is said to have made of anything.
    by: Option<SecretKey>,
}

impl Forged<'_> {
    fn write(self) -> Vec<u8> {
        let payload = [RECEIPT.prefix(self.network), self.receipt.encode()].concat();
        let payload_type = PayloadKind::Receipt.payload_type();
        let signed = |secret: SecretKey| secret.sign(&pae(payload_type, &payload)).0;
        let sig = self.by.map_or(ANYBODYS_SIGNATURE, signed);
        let json = json!({
            "probity": "receipt file v1",
            "envelope": {
                "payloadType": payload_type,
                "payload": base64(&payload),
                "signatures": [{ "keyid": self.keyid.hex(), "sig": base64(&sig) }],
            },
            "opening": base64(&self.opening.encode()),
        });
        json.to_string().into_bytes()
    }
}

/// The neutral point and a zero: right for every message under a key of small order, by the bare equation.
const ANYBODYS_SIGNATURE: [u8; 64] = {
    let mut bytes = [0; 64];
    bytes[0] = 1;
    bytes
};

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let four = |three: &[u8]| {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | usize::from(*three.get(at).unwrap_or(&0)));
        let letter = |at: usize| char::from(LETTERS[bits >> (18 - 6 * at) & 63]);
        (0..4).map(|at| if at <= three.len() { letter(at) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(four).collect()
}

/// Delivers what was forged of an honest worker's receipt.
fn forges(change: impl Fn(&mut Receipt), forge: impl Fn(Forged<'_>) -> Forged<'_>) -> Delivered {
    let (delivered, mut receipt, opening) = honest();
    change(&mut receipt);
    let (keyid, by) = (worker().public(), Some(worker()));
    let forged = Forged { receipt: &receipt, opening: &opening, keyid, network: NETWORK, by };
    Delivered { file: forge(forged).write(), ..delivered }
}

/// The same receipt without a view and in another order: this much anybody may do.
pub(super) fn written_anew() -> Delivered {
    forges(|_| {}, |forged| forged)
}

pub(super) fn inflated_output() -> Delivered {
    forges(|receipt| receipt.usage.output += 1000, |forged| forged)
}

/// The heads as somebody says they were signed.
fn heads(receipt: &mut Receipt, sign: impl Fn(&SignedHead) -> SignedHead) {
    let segments = receipt.choices.iter_mut().flat_map(|choice| &mut choice.segments);
    segments.for_each(|segment| *segment = sign(segment));
}

pub(super) fn another_network() -> Delivered {
    forges(|_| {}, |forged| Forged { network: OTHER_NETWORK, ..forged })
}

pub(super) fn heads_of_another_network() -> Delivered {
    let sign = |segment: &SignedHead| SignedHead::sign(segment.head, &worker(), OTHER_NETWORK);
    forges(|receipt| heads(receipt, sign), |forged| forged)
}

pub(super) fn anothers_keyid() -> Delivered {
    forges(|_| {}, |forged| Forged { keyid: another().public(), ..forged })
}

/// All of it in the name of this key.
fn in_the_name_of(key: PublicKey, receipt: &mut Receipt, signature: Option<Signature>) {
    receipt.worker = key;
    heads(receipt, |segment| SignedHead {
        worker: key,
        signature: signature.unwrap_or(segment.signature),
        ..*segment
    });
}

pub(super) fn forges_a_signature() -> Delivered {
    let key = another().public();
    let change = |receipt: &mut Receipt| in_the_name_of(key, receipt, None);
    forges(change, |forged| Forged { keyid: key, ..forged })
}

/// All of it is in order, and of somebody whom nobody asked.
pub(super) fn anothers_receipt() -> Delivered {
    let change = |receipt: &mut Receipt| {
        receipt.worker = another().public();
        heads(receipt, |segment| {
            // The first of its own.
            let head = Head { prior: [0; 32], ..segment.head };
            SignedHead::sign(head, &another(), NETWORK)
        });
    };
    forges(change, |forged| Forged { keyid: another().public(), by: Some(another()), ..forged })
}

/// The neutral point as a key.
pub(super) fn key_of_small_order() -> Delivered {
    let mut key = PublicKey::NONE;
    key.0[0] = 1;
    let signature = Some(Signature(ANYBODYS_SIGNATURE));
    let change = |receipt: &mut Receipt| in_the_name_of(key, receipt, signature);
    forges(change, |forged| Forged { keyid: key, by: None, ..forged })
}

/// The tokens are its own; half of them another is to answer for.
pub(super) fn anothers_half() -> Delivered {
    let first = is_honest().stream[1].head;
    let change = |receipt: &mut Receipt| {
        let segments = &mut receipt.choices[0].segments;
        let mut last = segments[0].head;
        (last.start, last.prior) = (first.head.count, first.head.id(NETWORK));
        let others = SignedHead { worker: another().public(), ..first };
        *segments = vec![others, SignedHead::sign(last, &worker(), NETWORK)];
    };
    forges(change, |forged| forged)
}

/// An honest file, one text in it replaced.
fn edits(change: impl Fn(&mut Value)) -> Delivered {
    let delivered = is_honest();
    let mut json = serde_json::from_slice(&delivered.file).unwrap();
    change(&mut json);
    Delivered { file: json.to_string().into_bytes(), ..delivered }
}

pub(super) fn edits_the_receipt() -> Delivered {
    let (delivered, mut receipt, _) = honest();
    let mut json: Value = serde_json::from_slice(&delivered.file).unwrap();
    receipt.usage.prompt += 1;
    json["envelope"]["payload"] =
        base64(&[RECEIPT.prefix(NETWORK), receipt.encode()].concat()).into();
    json.as_object_mut().unwrap().remove("view");
    Delivered { file: json.to_string().into_bytes(), ..delivered }
}

pub(super) fn another_view() -> Delivered {
    edits(|json| json["view"]["usage"]["output_tokens"] = 41.into())
}

pub(super) fn another_opening() -> Delivered {
    let (_, _, mut opening) = honest();
    opening.outputs[0].tokens[11] ^= 1;
    edits(|json| json["opening"] = base64(&opening.encode()).into())
}

/// A receipt of the same prompt with another nonce, which it keeps for everybody.
fn of_another_job() -> Delivered {
    let (tiny, job) = (published(), asked(|job| job.nonce[0] ^= 1));
    let claims = work(&tiny, &job);
    deliver(tiny, &job, &claims)
}

pub(super) fn receipt_of_another_job() -> Delivered {
    let other: Value = serde_json::from_slice(&of_another_job().file).unwrap();
    edits(|json| {
        json["envelope"] = other["envelope"].clone();
        json.as_object_mut().unwrap().remove("view");
    })
}

pub(super) fn answers_another_job() -> Delivered {
    Delivered { asked: is_honest().asked, ..of_another_job() }
}

/// Why a file is not taken.
#[track_caller]
fn refusal(worker: fn() -> Delivered) -> Refusal {
    let found = found(&worker()).opening;
    let Err(Wrong::File(refusal)) = found else { panic!("{found:?}") };
    refusal
}

#[test]
fn a_file_for_elsewhere_accuses_nobody() {
    let elsewhere = refusal(another_network);
    assert!(matches!(elsewhere, Refusal::Malformed(Malformed::Network { .. })), "{elsewhere:?}");
    let refusal = refusal(inflated_output);
    let Refusal::Malformed(Malformed::Bytes { what: "the receipt", .. }) = refusal else {
        panic!("{refusal:?}")
    };
}

#[test]
fn a_forgery_names_the_key_that_did_not_sign() {
    let key = another().public();
    let signer = Refuted::Signer { keyid: key, worker: worker().public() };
    assert_eq!(refusal(anothers_keyid), signer.into());
    assert_eq!(refusal(forges_a_signature), Refuted::Signature { key }.into());
    let refused = refusal(key_of_small_order);
    assert!(matches!(refused, Refusal::Refuted(Refuted::Signature { .. })), "{refused:?}");
    let half = Refuted::Head { choice: 0, count: 16, worker: key };
    assert_eq!(refusal(anothers_half), half.into());
    let heads = Refuted::Head { choice: 0, count: 40, worker: worker().public() };
    assert_eq!(refusal(heads_of_another_network), heads.into());
}

#[test]
fn what_was_not_signed_is_found() {
    let key = worker().public();
    assert_eq!(refusal(edits_the_receipt), Refuted::Signature { key }.into());
    assert_eq!(refusal(another_opening), Refuted::Opening { what: "output" }.into());
    assert_eq!(refusal(receipt_of_another_job), Refuted::Opening { what: "job" }.into());
    let refused = refusal(another_view);
    assert!(matches!(refused, Refusal::Refuted(Refuted::View { .. })), "{refused:?}");
}

/// No bit of a file can be another: of the envelope, the opening, the view, and of what stands between them.
#[test]
fn every_bit_of_a_file_counts() {
    let mut bytes = is_honest().file;
    assert!(ReceiptFile::parse(&bytes, NETWORK).is_ok());
    for at in 0..bytes.len() {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            assert!(ReceiptFile::parse(&bytes, NETWORK).is_err(), "byte {at}, bit {bit}");
            bytes[at] ^= 1 << bit;
        }
    }
}
