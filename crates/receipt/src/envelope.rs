//! DSSE envelopes: what is signed, what it is, and by which key (`spec/receipt.md` section 6).
//!
//! Never takes a second signature, a keyid that is not the signer, or another spelling: DSSE allows them, this profile
//! does not. An envelope in hand is only well-formed; [`Envelope::open`] says whether it holds. Failure: a
//! [`Refusal`] that says whether it can't be read or is false.

use commit::{Digest, Domain, Network};
use serde::{Deserialize, Serialize};

use crate::domains::{PACKAGE, RECEIPT};
use crate::json::{Object, array_from_base64, base64, from_base64, object, pretty};
use crate::keys::{PublicKey, SecretKey, Signature};
use crate::limits::RECEIPT_BYTES_MAX;
use crate::refusal::{Malformed, Refusal, Refuted};
use crate::statement::Receipt;

/// Bytes of an envelope in a file of its own.
pub const ENVELOPE_BYTES_MAX: usize = 16 << 10;

/// What an envelope can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadKind {
    /// A receipt's bytes.
    Receipt,
    /// A model id, signed by a publisher.
    Package,
}

/// A payload and one signature over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    kind: PayloadKind,
    payload: Vec<u8>,
    signer: PublicKey,
    signature: Signature,
}

impl PayloadKind {
    const ALL: [Self; 2] = [Self::Receipt, Self::Package];

    /// The media type.
    #[must_use]
    pub const fn payload_type(self) -> &'static str {
        match self {
            Self::Receipt => "application/vnd.probity.receipt.v1",
            Self::Package => "application/vnd.probity.package.v1",
        }
    }

    const fn domain(self) -> Domain {
        match self {
            Self::Receipt => RECEIPT,
            Self::Package => PACKAGE,
        }
    }
}

/// DSSE's pre-authentication encoding: what is really signed.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let (kind, length) = (payload_type.len(), payload.len());
    let mut bytes = format!("DSSEv1 {kind} {payload_type} {length} ").into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Envelope {
    /// Signs a receipt, and looks at what came out as a stranger would: a worker gives out nothing that is refused.
    ///
    /// # Errors
    /// [`Refusal`] of a receipt that is of another worker, or that breaks its rules.
    pub fn seal(receipt: &Receipt, secret: &SecretKey, network: Network) -> Result<Self, Refusal> {
        let sealed = Self::sign(PayloadKind::Receipt, &receipt.encode(), secret, network);
        sealed.open(network)?;
        Ok(sealed)
    }

    /// The receipt, with every signature in it checked.
    ///
    /// # Errors
    /// [`Refusal`] names what is wrong.
    pub fn open(&self, network: Network) -> Result<Receipt, Refusal> {
        let content = self.content(PayloadKind::Receipt, network)?;
        let receipt = Receipt::decode(content).map_err(Malformed::bytes("the receipt"))?;
        let (keyid, worker) = (self.signer, receipt.worker);
        if keyid != worker {
            return Err(Refuted::Signer { keyid, worker }.into());
        }
        self.check_signature()?;
        for choice in &receipt.choices {
            if let Some(head) = choice.segments.iter().find(|head| !head.holds(network)) {
                let (count, worker) = (head.head.count, head.worker);
                return Err(Refuted::Head { choice: choice.index, count, worker }.into());
            }
        }
        Ok(receipt)
    }

    /// A publisher signs a model id.
    #[must_use]
    pub fn seal_package(model: &Digest, secret: &SecretKey, network: Network) -> Self {
        Self::sign(PayloadKind::Package, model, secret, network)
    }

    /// The model id that [`Self::signer`] signed; whether that key is anybody's is not said here.
    ///
    /// # Errors
    /// [`Refusal`] names what is wrong.
    pub fn open_package(&self, network: Network) -> Result<Digest, Refusal> {
        let content = self.content(PayloadKind::Package, network)?;
        let (what, found) = ("the model id", content.len());
        let model = content.try_into();
        let model = model.map_err(|_| Malformed::Length { what, found, wanted: 32 })?;
        self.check_signature()?;
        Ok(model)
    }

    /// What it says it holds.
    #[must_use]
    pub fn kind(&self) -> PayloadKind {
        self.kind
    }

    /// The key that it says signed it.
    #[must_use]
    pub fn signer(&self) -> PublicKey {
        self.signer
    }

    /// The signature.
    #[must_use]
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// The envelope as a file of its own.
    #[must_use]
    pub fn to_json(&self) -> String {
        pretty(&self.json())
    }

    /// Reads such a file. Nothing of it is checked but its form.
    ///
    /// # Errors
    /// [`Malformed`] names what can't be read.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Malformed> {
        let (what, found, max) = ("an envelope", bytes.len(), ENVELOPE_BYTES_MAX);
        if found > max {
            return Err(Malformed::Size { what, found, max });
        }
        Self::from_object(&object(what, bytes)?)
    }

    /// The envelope of a receipt that its worker is said to have signed: bytes that hold both need not hold a file.
    #[must_use]
    pub fn of_receipt(receipt: &Receipt, signature: Signature, network: Network) -> Self {
        let kind = PayloadKind::Receipt;
        Self::from_parts(kind, &receipt.encode(), receipt.worker, signature, network)
    }

    pub(crate) fn from_parts(
        kind: PayloadKind,
        content: &[u8],
        signer: PublicKey,
        signature: Signature,
        network: Network,
    ) -> Self {
        let payload = [&kind.domain().prefix(network), content].concat();
        Self { kind, payload, signer, signature }
    }

    pub(crate) fn json(&self) -> EnvelopeJson {
        let signature = SignatureJson { keyid: self.signer.hex(), sig: base64(&self.signature.0) };
        EnvelopeJson {
            payload_type: self.kind.payload_type().to_owned(),
            payload: base64(&self.payload),
            signatures: vec![Object(signature)],
        }
    }

    pub(crate) fn from_object(json: &EnvelopeJson) -> Result<Self, Malformed> {
        let mut kinds = PayloadKind::ALL.into_iter();
        let kind = kinds.find(|kind| kind.payload_type() == json.payload_type);
        let wanted = "one that this release knows";
        let kind = kind.ok_or(Malformed::PayloadType { wanted })?;
        let [Object(signature)] = json.signatures.as_slice() else {
            return Err(Malformed::Signatures { found: json.signatures.len() });
        };
        Ok(Self {
            kind,
            payload: from_base64("the payload", &json.payload)?,
            signer: PublicKey::from_hex(&signature.keyid).ok_or(Malformed::Keyid)?,
            signature: Signature(array_from_base64("the signature", &signature.sig)?),
        })
    }

    fn sign(kind: PayloadKind, content: &[u8], secret: &SecretKey, network: Network) -> Self {
        let payload = [&kind.domain().prefix(network), content].concat();
        let signature = secret.sign(&pae(kind.payload_type(), &payload));
        Self { kind, payload, signer: secret.public(), signature }
    }

    /// What follows the prefix; the signature is not looked at.
    pub(crate) fn content(&self, kind: PayloadKind, network: Network) -> Result<&[u8], Malformed> {
        if self.kind != kind {
            return Err(Malformed::PayloadType { wanted: kind.payload_type() });
        }
        let prefix = kind.domain().prefix(network);
        let (domain, _) = prefix.split_at(prefix.len() - network.0.len());
        let content = match self.payload.strip_prefix(prefix.as_slice()) {
            Some(content) => content,
            None => return Err(self.of_another(domain, network)),
        };
        let (what, found, max) = ("a payload", content.len(), RECEIPT_BYTES_MAX);
        if found > max {
            return Err(Malformed::Size { what, found, max });
        }
        Ok(content)
    }

    /// Why the payload does not begin with a domain and this network.
    fn of_another(&self, domain: &[u8], wanted: Network) -> Malformed {
        let Some(rest) = self.payload.strip_prefix(domain) else { return Malformed::Domain };
        match rest.first_chunk() {
            Some(found) => Malformed::Network { found: Network(*found), wanted },
            None => {
                let (what, found) = ("the payload's network", rest.len());
                Malformed::Length { what, found, wanted: wanted.0.len() }
            }
        }
    }

    fn check_signature(&self) -> Result<(), Refuted> {
        let message = pae(self.kind.payload_type(), &self.payload);
        if self.signer.signed(&message, &self.signature) {
            return Ok(());
        }
        Err(Refuted::Signature { key: self.signer })
    }
}

/// The envelope's object, as DSSE names its members.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EnvelopeJson {
    payload_type: String,
    payload: String,
    signatures: Vec<Object<SignatureJson>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureJson {
    keyid: String,
    sig: String,
}
