//! A network followed from its genesis, or a later start: header by header, each certified by the seats or the group that
//! an earlier one names.
//!
//! Never needs a state or a transaction, and skips every block between two that change these. Never trusts a clock: who
//! asks says what time it is. Failure: a [`LinkError`]; what was known before stays known.

use chain::records::ParameterNumber;
use chain::{Certificate, CertificateError, Certifiers, Genesis, Header, Height, Stamp};
use commit::{Digest, Network, Reader, WireError, Writer};
use thiserror::Error;

use crate::start::{Start, StartError};

/// How far a stamp may be ahead of the time of whoever asks: clocks differ.
pub const AHEAD_MS_MAX: u64 = 60_000;
/// The versions of the rules that are known here: what a record of another says can't be told.
pub(crate) const RULES_MIN: u16 = 1;
pub(crate) const RULES_MAX: u16 = 1;
const DAY_MS: u64 = 86_400_000;
/// Number and default of `unbond_least` (docs/economics.md).
const UNBOND_LEAST: (u16, u64) = (14, 1_209_600_000);
/// An epoch is no longer than this part of it: who has seats may have left when it began.
const EPOCHS: u64 = 9;
/// A group's key is in use, or dealt before, for no longer than this part of it.
const DEALT: u64 = 4;

/// How old something may be to count as of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The last header, in milliseconds.
    pub header_ms: u64,
    /// What the network was followed from, in milliseconds; more than [`start_ms_most`] counts as that.
    pub start_ms: u64,
}

impl Default for Bounds {
    /// A day, and ten days.
    fn default() -> Self {
        Self { header_ms: DAY_MS, start_ms: 10 * DAY_MS }
    }
}

/// How long stake takes to leave at least, by its genesis: what is signed with it is answered for as long, and no vote
/// makes that less.
#[must_use]
pub fn unbond_least(genesis: &Genesis) -> u64 {
    let (number, default) = UNBOND_LEAST;
    let named = genesis.parameters.0.get(&ParameterNumber(number));
    named.map_or(default, |value| u64::try_from(*value).unwrap_or(u64::MAX))
}

/// The oldest that a start may be, whatever bound is asked for: stake has to answer for what its keys sign, with an epoch
/// to spare; a group's key may have been dealt a fourth of that ago.
#[must_use]
pub fn start_ms_most(genesis: &Genesis) -> u64 {
    let least = unbond_least(genesis);
    let term = match genesis.kind.group() {
        None => 0,
        Some(_) => least / DEALT,
    };
    (least - least.div_ceil(EPOCHS) - term).saturating_sub(1)
}

/// A header with the word of those who certify it, and who certifies what follows where these are others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The header.
    pub header: Header,
    /// Who took it.
    pub certificate: Certificate,
    /// The seats or the group that the header names, where they are not those that certify it.
    pub seats: Option<Certifiers>,
}

/// What is known of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    network: Network,
    /// Who certifies what follows, by seats or as a group: which of the two never changes.
    seats: Certifiers,
    /// Height and stamp of what it is followed from.
    start: (Height, Stamp),
    header: Option<Header>,
}

/// Why a link leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LinkError {
    /// Certificates of a kind that this network does not take.
    #[error(
        "the certificate is of a kind that the network does not take: lists of signatures are for simulations, and a group's one signature for all others"
    )]
    Kind,
    /// Rules that nobody here knows.
    #[error(
        "the header follows version {found} of the rules, and this release knows {RULES_MIN} to {RULES_MAX}: take a newer release"
    )]
    Rules {
        /// The header's.
        found: u16,
    },
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
    /// The seats or the group are needed, and are not those that the header names.
    #[error("the seats or the group that are given are not those that the header names")]
    Seats,
    /// The header names those that are known, and they are given again.
    #[error("the seats or the group are given, and did not change")]
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
    fn of(stamp: Stamp, now: Stamp, bound_ms: u64) -> Self {
        match () {
            () if stamp.0.saturating_add(bound_ms) < now.0 => Self::Old,
            () if now.0.saturating_add(AHEAD_MS_MAX) < stamp.0 => Self::Ahead,
            () => Self::Fresh,
        }
    }

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
        let start = (Height(0), genesis.stamp);
        Self { network: genesis.network(), seats: genesis.certifiers(), start, header: None }
    }

    /// What a later start says.
    ///
    /// # Errors
    /// [`StartError`] where it is of another network.
    pub fn since(genesis: &Genesis, start: &Start) -> Result<Self, StartError> {
        start.is_of(genesis)?;
        let (header, seats) = (*start.header(), start.seats().clone());
        let start = (header.height, header.stamp);
        Ok(Self { seats, start, header: Some(header), ..Self::of(genesis) })
    }

    /// What to follow the network from the next time; none where it is the genesis alone. Whether it is established to be of
    /// about now has to be asked before it is kept.
    #[must_use]
    pub fn kept(&self) -> Option<Start> {
        Start::new(self.network, self.header?, self.seats.clone()).ok()
    }

    /// Height and stamp of what it was followed from.
    #[must_use]
    pub fn start(&self) -> (Height, Stamp) {
        self.start
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
        let taken = match (&self.seats, &link.certificate) {
            (Certifiers::Seats(_), Certificate::Quorum { .. })
            | (Certifiers::Group(_), Certificate::Group(_)) => true,
            (Certifiers::Seats(_), Certificate::Group(_))
            | (Certifiers::Group(_), Certificate::Quorum { .. }) => false,
        };
        if !taken {
            return Err(LinkError::Kind);
        }
        if !(RULES_MIN..=RULES_MAX).contains(&link.header.protocol) {
            return Err(LinkError::Rules { found: link.header.protocol });
        }
        let known = self.header.map_or(Height(0), |header| header.height);
        if link.header.height <= known {
            return Err(LinkError::Height { found: link.header.height.0, known: known.0 });
        }
        let hash = link.header.hash(self.network);
        self.seats.check(self.network, &link.certificate, &hash)?;
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
        let stamp = self.header.map_or(self.start.1, |header| header.stamp);
        Freshness::of(stamp, now, bound_ms)
    }

    /// Whether what it was followed from is so: whoever has keys of former seats can write another history from an older
    /// one, with any stamps.
    #[must_use]
    pub fn start_freshness(&self, now: Stamp, bound_ms: u64) -> Freshness {
        Freshness::of(self.start.1, now, bound_ms)
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
            1 => Some(Certifiers::read_after(&certificate, &mut input)?),
            found => {
                let what = "whether seats are given";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        };
        input.end("the link")?;
        Ok(Self { header, certificate, seats })
    }
}
