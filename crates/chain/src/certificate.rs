//! Certificates: that those who had the seats took a block.
//!
//! Never says when, nor that no other block was taken at this height: that a quorum does not sign two is what is trusted.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::{SecretKey, Signature};
use thiserror::Error;

use crate::domains::CERTIFICATE;
use crate::records::{SEATS_MAX, Seats};

/// The version of certificates.
const CERTIFICATE_VERSION: u16 = 1;

/// A quorum's word for a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// A signature of each of a quorum of seats, by the seat's place, ascending.
    Quorum(Vec<(u16, Signature)>),
}

/// Why a certificate does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// Too few.
    #[error("{found} of {seats} seats signed; {wanted} must have")]
    Quorum {
        /// Signatures.
        found: usize,
        /// Seats there are.
        seats: usize,
        /// What must be.
        wanted: usize,
    },
    /// A seat stands twice, or behind a later one.
    #[error("the signatures are not in the order of the seats")]
    Order,
    /// Of nobody.
    #[error("there is no seat {0}")]
    Seat(u16),
    /// Not of the seat's key.
    #[error("the signature of seat {0} does not hold")]
    Signature(u16),
}

/// What a seat signs for a header.
#[must_use]
pub fn vote(network: Network, key: &SecretKey, header: &Digest) -> Signature {
    key.sign_in(CERTIFICATE, network, header)
}

impl Certificate {
    /// Checks it for a header's hash against the seats.
    ///
    /// # Errors
    /// [`CertificateError`] says what does not hold.
    pub fn check(
        &self,
        network: Network,
        seats: &Seats,
        header: &Digest,
    ) -> Result<(), CertificateError> {
        let Self::Quorum(signatures) = self;
        let (found, wanted) = (signatures.len(), seats.quorum());
        if found < wanted {
            return Err(CertificateError::Quorum { found, seats: seats.0.len(), wanted });
        }
        if !signatures.is_sorted_by(|(one, _), (next, _)| one < next) {
            return Err(CertificateError::Order);
        }
        for (at, signature) in signatures {
            let seat = seats.0.get(usize::from(*at)).ok_or(CertificateError::Seat(*at))?;
            if !seat.key.signed_in(CERTIFICATE, network, header, signature) {
                return Err(CertificateError::Signature(*at));
            }
        }
        Ok(())
    }

    /// The canonical bytes.
    ///
    /// # Panics
    /// Where there are more signatures than seats may be.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.write(&mut out);
        out.finish()
    }

    /// The same behind other bytes.
    ///
    /// # Panics
    /// As [`Self::encode`].
    pub fn write(&self, out: &mut Writer) {
        out.u16(CERTIFICATE_VERSION);
        match self {
            Self::Quorum(signatures) => {
                out.u8(1);
                out.length_u16(signatures.len());
                for (at, signature) in signatures {
                    out.u16(*at);
                    out.bytes(&signature.0);
                }
            }
        }
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        let certificate = Self::read(&mut input)?;
        input.end("the certificate")?;
        Ok(certificate)
    }

    /// Reads them at the beginning of others.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.version("a certificate's", CERTIFICATE_VERSION)?;
        match input.u8("the kind of a certificate")? {
            1 => {
                let what = "signatures of a certificate";
                let signatures = input.list_u16(what, SEATS_MAX, |input| {
                    let at = input.u16("a seat")?;
                    Ok((at, Signature(input.array("a seat's signature")?)))
                })?;
                let ascends = signatures.is_sorted_by(|(one, _), (next, _)| one < next);
                if !ascends {
                    return Err(WireError::Order { what });
                }
                Ok(Self::Quorum(signatures))
            }
            found => {
                Err(WireError::Unknown { what: "the kind of a certificate", found: found.into() })
            }
        }
    }
}
