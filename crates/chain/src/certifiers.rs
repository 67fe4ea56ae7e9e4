//! Who certifies the blocks of a network: those who have the seats, or a group with one key. Each network takes one kind.
//!
//! Never says who that is now: a header names them, and a genesis the first ones.

use commit::{Digest, Network, Reader, WireError, Writer};

use crate::certificate::{Certificate, CertificateError};
use crate::records::{Group, GroupSlot, Record, Seats, SeatsSlot, Slot};
use crate::state::State;

/// Those whose word certifies what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one of it at a time")]
pub enum Certifiers {
    /// More than two thirds of the seats, each with its own key: in simulations.
    Seats(Seats),
    /// A group with one key: in every other network.
    Group(Group),
}

impl From<Seats> for Certifiers {
    fn from(seats: Seats) -> Self {
        Self::Seats(seats)
    }
}

impl From<Group> for Certifiers {
    fn from(group: Group) -> Self {
        Self::Group(group)
    }
}

impl Certifiers {
    /// What a header says of them.
    #[must_use]
    pub fn digest(&self, network: Network) -> Digest {
        match self {
            Self::Seats(seats) => seats.digest(network),
            Self::Group(group) => group.digest(network),
        }
    }

    /// Who certifies the blocks after a state: the group, where there is one; none of what is no state.
    #[must_use]
    pub fn after(state: &State) -> Option<Self> {
        let entry = |key: Vec<u8>| state.entry(&state.place(&key));
        match entry(GroupSlot.key()) {
            Some(group) => Group::decode(&group.value).ok().map(Self::Group),
            None => Seats::decode(&entry(SeatsSlot.key())?.value).ok().map(Self::Seats),
        }
    }

    /// Reads the record of those who follow upon whoever certified: of their kind.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn read_after(before: &Certificate, input: &mut Reader<'_>) -> Result<Self, WireError> {
        match before {
            Certificate::Quorum { .. } => Seats::read(input).map(Self::Seats),
            Certificate::Group(_) => Group::read(input).map(Self::Group),
        }
    }

    /// Their record's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.write(&mut out);
        out.finish()
    }

    /// The same behind others.
    pub fn write(&self, out: &mut Writer) {
        match self {
            Self::Seats(seats) => seats.write(out),
            Self::Group(group) => group.write(out),
        }
    }

    /// Checks a certificate of theirs for a header's hash.
    ///
    /// # Errors
    /// [`CertificateError`] says what does not hold.
    pub fn check(
        &self,
        network: Network,
        certificate: &Certificate,
        header: &Digest,
    ) -> Result<(), CertificateError> {
        match (self, certificate) {
            (Self::Seats(seats), Certificate::Quorum { .. }) => {
                certificate.check(network, seats, header)
            }
            (Self::Group(group), Certificate::Group(word)) => {
                match word.holds(network, &group.key, header) {
                    true => Ok(()),
                    false => Err(CertificateError::Group),
                }
            }
            (Self::Seats(_), Certificate::Group(_))
            | (Self::Group(_), Certificate::Quorum { .. }) => Err(CertificateError::Kind),
        }
    }
}
