//! A network followed from its genesis: header by header, each certified by the seats that an earlier one names.
//!
//! Never needs a state or a transaction, and skips every block between two that change the seats. Never trusts a clock:
//! who asks says what time it is. Failure: a [`LinkError`]; what was known before stays known.

use chain::records::{Record, Seats};
use chain::{Certificate, CertificateError, Genesis, Header, Height, NetworkKind, Stamp};
use commit::{Digest, Network, Reader, WireError, Writer};
use thiserror::Error;

/// How far a stamp may be ahead of the time of whoever asks: clocks differ.
pub const AHEAD_MS_MAX: u64 = 60_000;

/// A header with the word of those who certify it, and who certifies what follows where these are others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The header.
    pub header: Header,
    /// Who took it.
    pub certificate: Certificate,
    /// The seats that the header names, where they are not those that certify it.
    pub seats: Option<Seats>,
}

/// What is known of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    network: Network,
    kind: NetworkKind,
    seats: Seats,
    header: Option<Header>,
}

/// Why a link leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LinkError {
    /// Certificates of a kind that this network does not take.
    #[error("a list of signatures is a certificate in a simulation only")]
    Kind,
    /// Not after what is known.
    #[error("the header has height {found}; what is known has {known}")]
    Height {
        /// The header's.
        found: u64,
        /// What is known.
        known: u64,
    },
    /// The certificate does not hold.
    #[error("the certificate does not hold: {0}")]
    Certificate(#[from] CertificateError),
    /// The seats are needed, and are not those that the header names.
    #[error("the seats that are given are not those that the header names")]
    Seats,
    /// The header names the seats that are known, and they are given again.
    #[error("the seats are given, and did not change")]
    SameSeats,
}

/// How a header's stamp stands to the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Within the bound.
    Fresh,
    /// Older than that: the keys of those seats may be out of use, and in anybody's hands.
    Old,
    /// Ahead of the time by more than [`AHEAD_MS_MAX`]: one of the two clocks is wrong.
    Ahead,
}

impl Freshness {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Old => "old",
            Self::Ahead => "ahead",
        }
    }
}

impl Known {
    /// What a genesis says.
    #[must_use]
    pub fn of(genesis: &Genesis) -> Self {
        let (network, kind) = (genesis.network(), genesis.kind);
        Self { network, kind, seats: genesis.seats.clone(), header: None }
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> Network {
        self.network
    }

    /// The last header that was taken; none: the genesis alone.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// The root of the state that is known.
    #[must_use]
    pub fn state_root(&self) -> Option<Digest> {
        self.header.map(|header| header.state_root)
    }

    /// Goes on by a link.
    ///
    /// # Errors
    /// [`LinkError`]; nothing has changed then.
    pub fn follow(&mut self, link: &Link) -> Result<(), LinkError> {
        let Certificate::Quorum { .. } = &link.certificate;
        if self.kind != NetworkKind::Simulation {
            return Err(LinkError::Kind);
        }
        let known = self.header.map_or(Height(0), |header| header.height);
        if link.header.height <= known {
            return Err(LinkError::Height { found: link.header.height.0, known: known.0 });
        }
        let hash = link.header.hash(self.network);
        link.certificate.check(self.network, &self.seats, &hash)?;
        let same = self.seats.digest(self.network) == link.header.seats;
        match &link.seats {
            None if same => {}
            Some(_) if same => return Err(LinkError::SameSeats),
            Some(seats) if seats.digest(self.network) == link.header.seats => {
                self.seats = seats.clone();
            }
            Some(_) | None => return Err(LinkError::Seats),
        }
        self.header = Some(link.header);
        Ok(())
    }

    /// Whether the last header is of about now.
    #[must_use]
    pub fn freshness(&self, now: Stamp, bound_ms: u64) -> Freshness {
        let stamp = self.header.map_or(0, |header| header.stamp.0);
        match () {
            () if stamp.saturating_add(bound_ms) < now.0 => Freshness::Old,
            () if now.0.saturating_add(AHEAD_MS_MAX) < stamp => Freshness::Ahead,
            () => Freshness::Fresh,
        }
    }
}

impl Link {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.header.write(&mut out);
        self.certificate.write(&mut out);
        match &self.seats {
            None => out.u8(0),
            Some(seats) => {
                out.u8(1);
                seats.write(&mut out);
            }
        }
        out.finish()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        let (header, certificate) = (Header::read(&mut input)?, Certificate::read(&mut input)?);
        let seats = match input.u8("whether seats are given")? {
            0 => None,
            1 => Some(Seats::read(&mut input)?),
            found => {
                let what = "whether seats are given";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        };
        input.end("the link")?;
        Ok(Self { header, certificate, seats })
    }
}
