//! The seats' word for a group's next key: of each of a quorum its signature, by the seat's place, ascending.
//!
//! Never a share's: who had part of a key once may have it for ever, and a seat's key is looked up among the seats of now.
//! It is over the group's whole record, so what was signed holds only while nothing of that has changed.

use commit::{Network, Reader, WireError, Writer};
use receipt::{PublicKey, SecretKey, Signature};

use crate::certificate::{CertificateError, check_quorum, read_signatures, write_signatures};
use crate::domains::GROUP_NEXT;
use crate::records::{Group, NextGroup, Record, Seats};

/// A quorum's word for a next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextWord(pub Vec<(u16, Signature)>);

/// What a seat signs for a key that is to follow a group's.
#[must_use]
pub fn name_next(network: Network, key: &SecretKey, group: &Group, next: &NextGroup) -> Signature {
    key.sign_in(GROUP_NEXT, network, &signed(group, next))
}

fn signed(group: &Group, next: &NextGroup) -> Vec<u8> {
    let mut out = Writer::new();
    group.write(&mut out);
    out.bytes(&next.key.0);
    out.u64(next.at.0);
    out.finish()
}

impl NextWord {
    /// Checks it against those who have the seats.
    ///
    /// # Errors
    /// [`CertificateError`] says what does not hold.
    pub fn check(
        &self,
        network: Network,
        seats: &Seats,
        (group, next): (&Group, &NextGroup),
    ) -> Result<(), CertificateError> {
        let message = signed(group, next);
        let holds = |key: &PublicKey, signature: &Signature| {
            key.signed_in(GROUP_NEXT, network, &message, signature)
        };
        check_quorum(seats, &self.0, holds)
    }

    /// The bytes behind others.
    ///
    /// # Panics
    /// Where there are more signatures than seats may be.
    pub fn write(&self, out: &mut Writer) {
        write_signatures(&self.0, out);
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        read_signatures("signatures for a group's next key", input).map(Self)
    }
}
