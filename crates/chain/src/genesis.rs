//! What a network begins with; its hash is the network's id.
//!
//! Never changes: another genesis is another network.

use commit::{Network, Reader, WireError, Writer};
use receipt::PublicKey;

use crate::certifiers::Certifiers;
use crate::domains::GENESIS;
use crate::domains::GENESIS_NODE;
use crate::group_key::GroupKey;
use crate::records::{
    Address, CANDIDATES_MAX, Group, NodeId, ParameterValues, Record, Roles, Seats,
};
use crate::values::{Amount, Stamp};

/// The version of genesis files.
const GENESIS_VERSION: u16 = 1;
/// Accounts a network may begin with.
pub const GENESIS_ACCOUNTS_MAX: usize = 1 << 20;
/// Nodes a network may begin with.
pub const GENESIS_NODES_MAX: usize = CANDIDATES_MAX;

/// What a network is for, and so who certifies its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkKind {
    /// A simulation or a test: the only kind that takes a list of signatures for a certificate.
    Simulation,
    /// A network that may be begun anew, with its first group's key.
    Test(GroupKey),
    /// A network that shall last, with its first group's key.
    Main(GroupKey),
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
    /// Nodes that are there from the beginning.
    pub nodes: Vec<GenesisNode>,
}

/// A node that is there from the beginning. Its keys need not say whose they are: whoever makes a genesis does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisNode {
    /// The cold key that answers for it.
    pub owner: PublicKey,
    /// Signs heads, receipts and anchors.
    pub operator: PublicKey,
    /// Speaks on the network; none: zeros.
    pub transport: PublicKey,
    /// Votes for blocks; none: zeros.
    pub validator: PublicKey,
    /// What it says it does.
    pub roles: Roles,
    /// Where it says it is reached.
    pub address: Address,
    /// What it has at stake.
    pub stake: Amount,
}

impl GenesisNode {
    /// Its id, by its place among the genesis's nodes. The network's id is not known yet where seats name it.
    #[must_use]
    pub fn id(&self, place: u16) -> NodeId {
        let content: [&[u8]; 2] = [&self.owner.0, &place.to_le_bytes()];
        NodeId(GENESIS_NODE.hash(Network::OFFLINE, &content))
    }

    fn write(&self, out: &mut Writer) {
        for key in [self.owner, self.operator, self.transport, self.validator] {
            out.bytes(&key.0);
        }
        self.roles.write(out);
        self.address.write(out);
        self.stake.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut key = |what| input.array(what).map(PublicKey);
        Ok(Self {
            owner: key("a node's owner")?,
            operator: key("a node's operator key")?,
            transport: key("a node's transport key")?,
            validator: key("a node's validator key")?,
            roles: Roles::read(input)?,
            address: Address::read(input)?,
            stake: Amount::read(input, "a node's stake")?,
        })
    }
}

impl NetworkKind {
    /// The first group's key; none where the seats certify.
    #[must_use]
    pub fn group(self) -> Option<GroupKey> {
        match self {
            Self::Simulation => None,
            Self::Test(key) | Self::Main(key) => Some(key),
        }
    }

    fn write(self, out: &mut Writer) {
        out.u8(match self {
            Self::Simulation => 1,
            Self::Test(_) => 2,
            Self::Main(_) => 3,
        });
        if let Some(key) = self.group() {
            out.bytes(&key.0);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let number = input.u8("the kind of a network")?;
        let mut key = || input.array("the key of a network's first group").map(GroupKey);
        match number {
            1 => Ok(Self::Simulation),
            2 => key().map(Self::Test),
            3 => key().map(Self::Main),
            found => Err(WireError::Unknown { what: "the kind of a network", found: found.into() }),
        }
    }
}

impl Genesis {
    /// Who certifies the first blocks.
    #[must_use]
    pub fn certifiers(&self) -> Certifiers {
        match self.kind.group() {
            None => self.seats.clone().into(),
            Some(key) => Group::first(key).into(),
        }
    }

    /// The network's id.
    #[must_use]
    pub fn network(&self) -> Network {
        Network(GENESIS.hash(Network::OFFLINE, &[&self.encode()]))
    }

    /// The canonical bytes.
    ///
    /// # Panics
    /// Where there are more accounts or nodes than may be.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u16(GENESIS_VERSION);
        self.kind.write(&mut out);
        out.u64(self.stamp.0);
        self.parameters.write(&mut out);
        self.seats.write(&mut out);
        out.length_u32(self.accounts.len());
        for (key, amount) in &self.accounts {
            out.bytes(&key.0);
            amount.write(&mut out);
        }
        self.treasury.write(&mut out);
        out.length_u16(self.nodes.len());
        self.nodes.iter().for_each(|node| node.write(&mut out));
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
            nodes: input.list_u16("nodes", GENESIS_NODES_MAX, GenesisNode::read)?,
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
