//! Certificates: that those who had the seats took a block.
//!
//! Never says when, nor that no other block was taken at this height: that a quorum does not sign two is what is trusted.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::{PublicKey, SecretKey, Signature};
use thiserror::Error;

use crate::domains::{CERTIFICATE, GROUP_CERTIFICATE};
use crate::group_key::{GroupKey, GroupSignature, named, varint};
use crate::records::{SEATS_MAX, Seats};
use crate::values::View;

/// The version of certificates.
const CERTIFICATE_VERSION: u16 = 1;
/// What the library that orders blocks puts behind a network's name where a block is final.
const FINAL: &[u8] = b"_FINALIZE";

/// A quorum's word for a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// Of each of a quorum of seats its signature of view and header, by the seat's place, ascending.
    Quorum {
        /// In which they took the header.
        view: View,
        /// By the seats' places.
        signatures: Vec<(u16, Signature)>,
    },
    /// A group's signature of view and header under its one key.
    Group(GroupWord),
}

/// A group's word for a header. The three numbers are of those who order blocks; nothing else is made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupWord {
    /// Their own epoch.
    pub epoch: u64,
    /// In which they took the header.
    pub view: u64,
    /// In which they took the one before it.
    pub parent: u64,
    /// Over these and the header's hash.
    pub signature: GroupSignature,
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
    /// Not of the group's key.
    #[error("the signature is not the group's")]
    Group,
    /// Of a kind that the network does not take.
    #[error("it is of a kind that the network does not take")]
    Kind,
}

/// What a seat signs for a header that it takes in a view.
#[must_use]
pub fn vote(network: Network, key: &SecretKey, view: View, header: &Digest) -> Signature {
    key.sign_in(CERTIFICATE, network, &signed(view, header))
}

/// Whether the key's holder took a header in a view.
#[must_use]
pub fn voted(
    network: Network,
    key: &PublicKey,
    view: View,
    header: &Digest,
    signature: &Signature,
) -> bool {
    key.signed_in(CERTIFICATE, network, &signed(view, header), signature)
}

/// The view is signed too: words for one header in two views are no quorum's.
fn signed(view: View, header: &Digest) -> Vec<u8> {
    let mut out = Writer::new();
    out.u64(view.0);
    out.bytes(header);
    out.finish()
}

impl GroupWord {
    /// What the group signs.
    #[must_use]
    pub fn message(&self, network: Network, header: &Digest) -> Vec<u8> {
        let mut out = Writer::new();
        [self.epoch, self.view, self.parent].into_iter().for_each(|one| varint(&mut out, one));
        out.bytes(header);
        let name = [&GROUP_CERTIFICATE.prefix(network), FINAL].concat();
        named(&name, &out.finish())
    }

    /// Whether it is the word of the key's group for a header's hash.
    #[must_use]
    pub fn holds(&self, network: Network, key: &GroupKey, header: &Digest) -> bool {
        key.signed(&self.message(network, header), &self.signature)
    }
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
        let (view, signatures) = match self {
            Self::Quorum { view, signatures } => (view, signatures),
            Self::Group(_) => return Err(CertificateError::Kind),
        };
        let holds = |key: &PublicKey, word: &Signature| voted(network, key, *view, header, word);
        check_quorum(seats, signatures, holds)
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
            Self::Quorum { view, signatures } => {
                out.u8(1);
                out.u64(view.0);
                write_signatures(signatures, out);
            }
            Self::Group(word) => {
                out.u8(2);
                [word.epoch, word.view, word.parent].into_iter().for_each(|one| out.u64(one));
                out.bytes(&word.signature.0);
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
                let view = View(input.u64("a certificate's view")?);
                let signatures = read_signatures("signatures of a certificate", input)?;
                Ok(Self::Quorum { view, signatures })
            }
            2 => Ok(Self::Group(GroupWord {
                epoch: input.u64("an epoch of those who order blocks")?,
                view: input.u64("a certificate's view")?,
                parent: input.u64("the view of the block before")?,
                signature: GroupSignature(input.array("a group's signature")?),
            })),
            found => {
                Err(WireError::Unknown { what: "the kind of a certificate", found: found.into() })
            }
        }
    }
}

/// Whether so many seats signed as make a quorum, in their order, and all that are there did.
pub(crate) fn check_quorum(
    seats: &Seats,
    signatures: &[(u16, Signature)],
    holds: impl Fn(&PublicKey, &Signature) -> bool,
) -> Result<(), CertificateError> {
    let (found, wanted) = (signatures.len(), seats.quorum());
    if found < wanted {
        return Err(CertificateError::Quorum { found, seats: seats.0.len(), wanted });
    }
    if !signatures.is_sorted_by(|(one, _), (next, _)| one < next) {
        return Err(CertificateError::Order);
    }
    for (at, signature) in signatures {
        let seat = seats.0.get(usize::from(*at)).ok_or(CertificateError::Seat(*at))?;
        if !holds(&seat.key, signature) {
            return Err(CertificateError::Signature(*at));
        }
    }
    Ok(())
}

/// Seats' signatures by their places.
pub(crate) fn write_signatures(signatures: &[(u16, Signature)], out: &mut Writer) {
    out.length_u16(signatures.len());
    for (at, signature) in signatures {
        out.u16(*at);
        out.bytes(&signature.0);
    }
}

/// The same, read: ascending, and no more than there may be seats.
pub(crate) fn read_signatures(
    what: &'static str,
    input: &mut Reader<'_>,
) -> Result<Vec<(u16, Signature)>, WireError> {
    let signatures = input.list_u16(what, SEATS_MAX, |input| {
        let at = input.u16("a seat")?;
        Ok((at, Signature(input.array("a seat's signature")?)))
    })?;
    match signatures.is_sorted_by(|(one, _), (next, _)| one < next) {
        true => Ok(signatures),
        false => Err(WireError::Order { what }),
    }
}
