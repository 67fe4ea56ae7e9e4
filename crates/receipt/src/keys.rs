//! Ed25519: made as RFC 8032 says, checked by the rule of ZIP 215, so that no two verifiers differ, but never under a
//! key of small order: anybody can sign under those.
//!
//! Never makes a key: its 32 bytes are given. A secret key is never shown.

use commit::{Domain, Network};
use core::fmt;
use ed25519_zebra as ed25519;

/// The y of every point whose order divides 8, in each of its spellings below 2^255 (0 and 1 have two): with either sign
/// they are all 14 strings that ZIP 215 reads as such a point.
const SMALL_ORDER: [[u8; 32]; 7] = [
    coordinate(0, 0, 0),
    coordinate(1, 0, 0),
    coordinate(0xec, 0xff, 0x7f),
    coordinate(0xed, 0xff, 0x7f),
    coordinate(0xee, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// The coordinate of this first and last byte, with one byte 30 times between.
const fn coordinate(first: u8, between: u8, last: u8) -> [u8; 32] {
    let mut bytes = [between; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// A key that checks signatures, as its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// A signature, as its bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

/// A key that signs.
#[derive(Clone)]
pub struct SecretKey(ed25519::SigningKey);

impl SecretKey {
    /// The key of a seed.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ed25519::SigningKey::from_bytes(&seed))
    }

    /// The seed it was made of, to be kept.
    #[must_use]
    pub fn seed(&self) -> [u8; 32] {
        *self.0.as_bytes()
    }

    /// The key that checks its signatures.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(ed25519::VerificationKeyBytes::from(&self.0).into())
    }

    /// Signs bytes that say themselves what they are for.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).into())
    }

    /// Signs content of a domain.
    #[must_use]
    pub fn sign_in(&self, domain: Domain, network: Network, content: &[u8]) -> Signature {
        self.sign(&[&domain.prefix(network), content].concat())
    }
}

impl PublicKey {
    /// No key: it has signed nothing. Its bytes are a point of small order.
    pub const NONE: Self = Self([0; 32]);

    /// Whether the key's holder signed these bytes. A key of small order has no holder, so it signed nothing.
    #[must_use]
    pub fn signed(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519::Signature::from(signature.0);
        !self.is_of_small_order()
            && ed25519::VerificationKey::try_from(self.0)
                .is_ok_and(|key| key.verify(&signature, message).is_ok())
    }

    /// Whether the bytes are read as a point of small order, however they spell it.
    fn is_of_small_order(&self) -> bool {
        let mut y = self.0;
        y[31] &= 0x7f;
        SMALL_ORDER.contains(&y)
    }

    /// Whether the key's holder signed this content of a domain.
    #[must_use]
    pub fn signed_in(
        &self,
        domain: Domain,
        network: Network,
        content: &[u8],
        signature: &Signature,
    ) -> bool {
        self.signed(&[&domain.prefix(network), content].concat(), signature)
    }

    /// Lower-case hexadecimal: its name in files.
    #[must_use]
    pub fn hex(&self) -> String {
        commit::hex(&self.0)
    }

    /// Reads its name; no other spelling.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        commit::from_hex(text).map(Self)
    }
}

impl Signature {
    /// No signature.
    pub const NONE: Self = Self([0; 64]);
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&commit::hex(&self.0))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public())
    }
}
