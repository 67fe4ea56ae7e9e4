//! Keys and signatures of groups: BLS12-381 with short signatures, as the library that orders blocks makes them.
//!
//! Never signs, and never takes a key apart into shares. Keys are points of G2 and signatures points of G1, compressed;
//! bytes that are no point, or the point at infinity, are nobody's key and no signature.

use bls12_381::hash_to_curve::{ExpandMsgXmd, HashToCurve};
use bls12_381::{G1Affine, G1Projective, G2Affine, G2Prepared, Gt, multi_miller_loop};
use commit::{Network, Writer};
use sha2::Sha256;

use crate::domains::GROUP_KEY;

/// RFC 9380's suite, and what it is used for: messages.
const MESSAGES: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
/// The same, for proofs that somebody has a key.
const PROOFS: &[u8] = b"BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";

/// The key of a group, compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupKey(pub [u8; 96]);

/// A group's signature, compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupSignature(pub [u8; 48]);

impl GroupKey {
    /// No key.
    pub const NONE: Self = Self([0; 96]);

    /// Whether somebody may have it: a point of the right order.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.point().is_some()
    }

    /// Whether the group signed a message.
    #[must_use]
    pub fn signed(&self, message: &[u8], signature: &GroupSignature) -> bool {
        self.holds(message, MESSAGES, signature)
    }

    /// What proves in a network that somebody has the key is a signature over this.
    #[must_use]
    pub fn possession(&self, network: Network) -> Vec<u8> {
        named(&GROUP_KEY.prefix(network), &self.0)
    }

    /// Whether this proves that somebody has the key.
    #[must_use]
    pub fn possessed(&self, network: Network, proof: &GroupSignature) -> bool {
        self.holds(&self.possession(network), PROOFS, proof)
    }

    fn holds(&self, message: &[u8], tag: &[u8], signature: &GroupSignature) -> bool {
        let (Some(key), Some(signature)) = (self.point(), signature.point()) else { return false };
        let hashed =
            <G1Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve([message], tag);
        let generator = G2Prepared::from(-G2Affine::generator());
        let pairs = [(&signature, &generator), (&hashed.into(), &G2Prepared::from(key))];
        multi_miller_loop(&pairs).final_exponentiation() == Gt::identity()
    }

    fn point(&self) -> Option<G2Affine> {
        let point = G2Affine::from_compressed(&self.0).into_option();
        point.filter(|point| !bool::from(point.is_identity()))
    }
}

impl GroupSignature {
    fn point(&self) -> Option<G1Affine> {
        let point = G1Affine::from_compressed(&self.0).into_option();
        point.filter(|point| !bool::from(point.is_identity()))
    }
}

/// A message under a name: the name's length, the name, the message.
pub(crate) fn named(name: &[u8], message: &[u8]) -> Vec<u8> {
    let mut out = Writer::new();
    varint(&mut out, u64::try_from(name.len()).unwrap_or(u64::MAX));
    out.bytes(name);
    out.bytes(message);
    out.finish()
}

/// Seven bits a byte, the lowest first; all but the last byte have the highest bit set.
pub(crate) fn varint(out: &mut Writer, mut number: u64) {
    while number >= 0x80 {
        out.u8((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.u8((number & 0x7f) as u8);
}
