//! What a network begins with; its hash is the network's id.
//!
//! Never changes: another genesis is another network.

use commit::{Network, Reader, WireError, Writer};
use receipt::PublicKey;

use crate::domains::GENESIS;
use crate::records::{ParameterValues, Record, Seats};
use crate::values::{Amount, Stamp};

/// The version of genesis files.
const GENESIS_VERSION: u16 = 1;
/// Accounts a network may begin with.
pub const GENESIS_ACCOUNTS_MAX: usize = 1 << 20;

/// What a network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkKind {
    /// A simulation or a test: the only kind that takes a list of signatures for a certificate.
    Simulation,
    /// A network that may be begun anew.
    Test,
    /// A network that shall last.
    Main,
}

/// What a network begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// What it is for.
    pub kind: NetworkKind,
    /// When it begins.
    pub stamp: Stamp,
    /// Values of parameters that are not the defaults.
    pub parameters: ParameterValues,
    /// Who orders the first blocks.
    pub seats: Seats,
    /// Who has what, by ascending keys.
    pub accounts: Vec<(PublicKey, Amount)>,
    /// What the treasury has.
    pub treasury: Amount,
}

impl NetworkKind {
    fn number(self) -> u8 {
        match self {
            Self::Simulation => 1,
            Self::Test => 2,
            Self::Main => 3,
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match input.u8("the kind of a network")? {
            1 => Ok(Self::Simulation),
            2 => Ok(Self::Test),
            3 => Ok(Self::Main),
            found => Err(WireError::Unknown { what: "the kind of a network", found: found.into() }),
        }
    }
}

impl Genesis {
    /// The network's id.
    #[must_use]
    pub fn network(&self) -> Network {
        Network(GENESIS.hash(Network::OFFLINE, &[&self.encode()]))
    }

    /// The canonical bytes.
    ///
    /// # Panics
    /// Where there are more accounts than may be.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u16(GENESIS_VERSION);
        out.u8(self.kind.number());
        out.u64(self.stamp.0);
        self.parameters.write(&mut out);
        self.seats.write(&mut out);
        out.length_u32(self.accounts.len());
        for (key, amount) in &self.accounts {
            out.bytes(&key.0);
            amount.write(&mut out);
        }
        self.treasury.write(&mut out);
        out.finish()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        input.version("a genesis's", GENESIS_VERSION)?;
        let genesis = Self {
            kind: NetworkKind::read(&mut input)?,
            stamp: Stamp(input.u64("when a network begins")?),
            parameters: ParameterValues::read(&mut input)?,
            seats: Seats::read(&mut input)?,
            accounts: read_accounts(&mut input)?,
            treasury: Amount::read(&mut input, "the treasury")?,
        };
        input.end("the genesis")?;
        Ok(genesis)
    }
}

fn read_accounts(input: &mut Reader<'_>) -> Result<Vec<(PublicKey, Amount)>, WireError> {
    let what = "accounts";
    let accounts = input.list_u32(what, GENESIS_ACCOUNTS_MAX, |input| {
        Ok((PublicKey(input.array("an account's key")?), Amount::read(input, "its money")?))
    })?;
    if !accounts.is_sorted_by(|(one, _), (next, _)| one < next) {
        return Err(WireError::Order { what });
    }
    Ok(accounts)
}
