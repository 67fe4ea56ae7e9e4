//! A later header to begin at than the genesis, with the seats or the group that it names: from somebody who is trusted, or kept.
//!
//! Never a proof: nothing in it is signed, and it is taken on the word of whoever gave it, as the genesis is. It is kept
//! only where it was established to be of about now, for what follows from it will count as much as it. Failure: a
//! [`StartError`] names what a start is not.

use chain::records::{Group, Record, Seats};
use chain::{Certifiers, Genesis, Header};
use commit::{Network, Reader, WireError, Writer};
use thiserror::Error;

use crate::follow::{RULES_MAX, RULES_MIN};

/// How a start's bytes begin where seats certify what follows.
const OF_SEATS: &[u8; 16] = b"probity start v1";
/// The same where a group does.
const OF_GROUP: &[u8; 16] = b"probity start v2";

/// A header and who certifies what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    network: Network,
    header: Header,
    seats: Certifiers,
}

/// Why something is no start.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StartError {
    /// It does not begin as one.
    #[error("the bytes do not begin with \"probity start v1\" or \"probity start v2\"")]
    Magic,
    /// Bytes that are not canonical.
    #[error(transparent)]
    Bytes(#[from] WireError),
    /// The seats or the group are others'.
    #[error("its seats or its group are not those that its header names")]
    Seats,
    /// The header follows rules that nobody here knows.
    #[error(
        "its header follows version {found} of the rules, and this release knows {RULES_MIN} to {RULES_MAX}: take a newer release"
    )]
    Rules {
        /// The header's.
        found: u16,
    },
    /// Of seats where the network has a group, or the other way round.
    #[error("it says that seats certify where the network has a group, or the other way round")]
    Kind,
    /// Of another network.
    #[error("it is of the network {}, and the genesis is of {}", commit::hex(&.found.0), commit::hex(&.wanted.0))]
    Network {
        /// The start's.
        found: Network,
        /// The genesis's.
        wanted: Network,
    },
}

impl Start {
    /// Of these parts.
    ///
    /// # Errors
    /// [`StartError`] where the header names other seats, or follows rules that are not known.
    pub fn new(
        network: Network,
        header: Header,
        seats: impl Into<Certifiers>,
    ) -> Result<Self, StartError> {
        let seats = seats.into();
        if seats.digest(network) != header.seats {
            return Err(StartError::Seats);
        }
        if !(RULES_MIN..=RULES_MAX).contains(&header.protocol) {
            return Err(StartError::Rules { found: header.protocol });
        }
        Ok(Self { network, header, seats })
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.bytes(match self.seats {
            Certifiers::Seats(_) => OF_SEATS,
            Certifiers::Group(_) => OF_GROUP,
        });
        out.bytes(&self.network.0);
        self.header.write(&mut out);
        self.seats.write(&mut out);
        out.finish()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`StartError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, StartError> {
        let (magic, rest) = bytes.split_first_chunk().ok_or(StartError::Magic)?;
        let of_seats = magic == OF_SEATS;
        if !of_seats && magic != OF_GROUP {
            return Err(StartError::Magic);
        }
        let mut input = Reader::new(rest);
        let network = Network(input.array("a network's id")?);
        let header = Header::read(&mut input)?;
        let seats: Certifiers = match of_seats {
            true => Seats::read(&mut input)?.into(),
            false => Group::read(&mut input)?.into(),
        };
        input.end("the start")?;
        Self::new(network, header, seats)
    }

    /// Whether it is of the genesis's network.
    ///
    /// # Errors
    /// [`StartError::Network`], [`StartError::Kind`].
    pub fn is_of(&self, genesis: &Genesis) -> Result<(), StartError> {
        let (found, wanted) = (self.network, genesis.network());
        if found != wanted {
            return Err(StartError::Network { found, wanted });
        }
        match (&self.seats, genesis.kind.group()) {
            (Certifiers::Seats(_), None) | (Certifiers::Group(_), Some(_)) => Ok(()),
            (Certifiers::Seats(_), Some(_)) | (Certifiers::Group(_), None) => Err(StartError::Kind),
        }
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Who certifies what follows.
    #[must_use]
    pub fn seats(&self) -> &Certifiers {
        &self.seats
    }
}
