//! A publisher's signature over a model id: beside the package, never of it.
//!
//! Never says that the key is anybody's. Failure: [`SignatureError`].

use commit::Network;
use receipt::domains::PACKAGE;
use receipt::{Envelope, PayloadKind, PublicKey, Refusal, SecretKey, Signature, pae};
use thiserror::Error;

use crate::manifest::ModelId;

/// Why a signature does not hold for a package.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// By itself.
    #[error("the package's signature is refused: {0}")]
    Refused(#[from] Refusal),
    /// It is of another package.
    #[error("the signature is of the model {signed}, and this is {model}")]
    OfAnother { signed: ModelId, model: ModelId },
}

/// Signs a model id.
#[must_use]
pub fn sign(model: ModelId, secret: &SecretKey, network: Network) -> Envelope {
    Envelope::seal_package(&model.0, secret, network)
}

/// The key that signed this model id.
///
/// # Errors
/// [`SignatureError`] where none did.
pub fn signer(
    envelope: &Envelope,
    model: ModelId,
    network: Network,
) -> Result<PublicKey, SignatureError> {
    let signed = ModelId(envelope.open_package(network)?);
    if signed == model {
        Ok(envelope.signer())
    } else {
        Err(SignatureError::OfAnother { signed, model })
    }
}

/// Whether this key made such a signature: what an envelope says, without one.
#[must_use]
pub fn signed(model: ModelId, by: PublicKey, signature: &Signature, network: Network) -> bool {
    let payload = [&PACKAGE.prefix(network)[..], &model.0].concat();
    by.signed(&pae(PayloadKind::Package.payload_type(), &payload), signature)
}
