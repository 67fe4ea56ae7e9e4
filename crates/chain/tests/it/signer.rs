//! A group of one, who has its whole key: what a quorum of shares would sign, it signs.
//!
//! Never a ceremony: in a network nobody has such a key. The tests of other crates use it, too.

use bls12_381::hash_to_curve::{ExpandMsgXmd, HashToCurve};
use bls12_381::{G1Affine, G1Projective, G2Affine, Scalar};
use chain::{Certificate, GroupKey, GroupSignature, GroupWord};
use commit::{Digest, Network};
use sha2::Sha256;

/// A group's whole secret.
pub(crate) struct Signer(pub(crate) Scalar);

impl Signer {
    pub(crate) fn new(name: u64) -> Self {
        Self(Scalar::from(name) * Scalar::from(0x9e37_79b9_7f4a_7c15).square())
    }

    pub(crate) fn key(&self) -> GroupKey {
        GroupKey(G2Affine::from(G2Affine::generator() * self.0).to_compressed())
    }

    #[allow(dead_code, reason = "not all who use it need one")]
    pub(crate) fn certify(&self, network: Network, header: &Digest) -> Certificate {
        self.certify_in([7, 300, 299], network, header)
    }

    /// The same, of this epoch, view and parent's view.
    #[allow(dead_code, reason = "not all who use it need one")]
    pub(crate) fn certify_in(
        &self,
        [epoch, view, parent]: [u64; 3],
        network: Network,
        header: &Digest,
    ) -> Certificate {
        let signature = GroupSignature([0; 48]);
        let mut word = GroupWord { epoch, view, parent, signature };
        word.signature = self.sign(&word.message(network, header), "SIG");
        Certificate::Group(word)
    }

    /// What proves that it has its key.
    #[allow(dead_code, reason = "not all who use it need one")]
    pub(crate) fn possession(&self, network: Network) -> GroupSignature {
        self.sign(&self.key().possession(network), "POP")
    }

    fn sign(&self, message: &[u8], what: &str) -> GroupSignature {
        let tag = format!("BLS_{what}_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_");
        let hashed = <G1Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve(
            [message],
            tag.as_bytes(),
        );
        GroupSignature(G1Affine::from(hashed * self.0).to_compressed())
    }
}
