//! A node: whose it is, by which keys it speaks, what it has at stake.
//!
//! Never removed, so what a node signed finds who answers for it for ever. Money of a node is its stake and what is
//! unbonding.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::PublicKey;

use super::{Record, Slot, Tag};
use crate::domains::NODE;
use crate::values::{Amount, Epoch, Time};

/// Bytes of a node's address.
pub const ADDRESS_BYTES_MAX: usize = 256;
/// Amounts of a node that may be unbonding at once.
pub const UNBONDING_MAX: usize = 8;

/// Which node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub Digest);

/// Where a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeSlot(pub NodeId);

/// What a node says it does, as bits: worker 1, store 2, auditor 4, gateway 8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles(u8);

/// Where a node says it is reached: printable ASCII without spaces, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address(String);

/// Money on its way out of the stake, still liable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unbonding {
    /// How much: above zero.
    pub amount: Amount,
    /// When it was taken out of the stake: so long as unbonding takes it stays after that.
    pub made: Time,
    /// Until when it stays in any case: who voted with it votes no more.
    pub least: Time,
    /// The last epoch in which what was dated until then is judged.
    pub judged: Epoch,
}

/// What open cases may still take of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owed {
    /// Cases that somebody opened against it.
    pub cases: Amount,
    /// Draws of its answers, which accuse it of nothing.
    pub draws: Amount,
}

/// How often a node stayed silent, lately. Of cases of one absence one counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silences {
    /// How often since the first.
    pub count: u16,
    /// When the first was.
    pub first: Time,
    /// When the last one was that counted.
    pub last: Time,
    /// When the node last answered in a case, or settled: so that who is away is away once.
    pub answered: Time,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The cold key that answers for it; never another one.
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
    /// On its way out, in the order in which it was taken out.
    pub unbonding: Vec<Unbonding>,
    /// What may still be taken of both.
    pub owed: Owed,
    /// What cases that ended against it should have taken and did not find. What joins the stake pays it first.
    pub debt: Amount,
    /// How many disputes are open.
    pub disputes: u16,
    /// Until when it may not stand for seats nor be paid; long ago: it may.
    pub jailed_until: Time,
    /// Its silences.
    pub silences: Silences,
    /// Whether it has ended.
    pub retired: bool,
    /// Since when it is there.
    pub created: Time,
}

impl Node {
    /// All that it has: at stake, and unbonding; `None` where that leaves an amount.
    #[must_use]
    pub fn money(&self) -> Option<Amount> {
        self.unbonding.iter().try_fold(self.stake, |sum, part| sum.plus(part.amount))
    }

    /// One with nothing at stake: its operator, transport and validator keys, what it says of itself, and since when it
    /// is there.
    #[must_use]
    pub fn new(
        owner: PublicKey,
        [operator, transport, validator]: [PublicKey; 3],
        (roles, address): (Roles, Address),
        created: Time,
    ) -> Self {
        Self {
            owner,
            operator,
            transport,
            validator,
            roles,
            address,
            stake: Amount::ZERO,
            unbonding: Vec::new(),
            owed: Owed::default(),
            debt: Amount::ZERO,
            disputes: 0,
            jailed_until: Time(0),
            silences: Silences::default(),
            retired: false,
            created,
        }
    }
}

impl NodeId {
    /// The id of a node that this transaction of its owner makes.
    #[must_use]
    pub fn of(network: Network, owner: PublicKey, number: u64) -> Self {
        Self(NODE.hash(network, &[&owner.0, &number.to_le_bytes()]))
    }

    /// Reads an id.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array("a node's id").map(Self)
    }
}

impl Roles {
    const KNOWN: u8 = 0b1111;
    /// Computes others' answers again.
    pub const AUDITOR: Self = Self(4);

    /// Whether these are among them.
    #[must_use]
    pub const fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Of bits; `None` for one without a meaning.
    #[must_use]
    pub fn of(bits: u8) -> Option<Self> {
        (bits & !Self::KNOWN == 0).then_some(Self(bits))
    }

    /// Writes them.
    pub fn write(self, out: &mut Writer) {
        out.u8(self.0);
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for a bit without a meaning.
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (what, bits) = ("a node's roles", input.u8("a node's roles")?);
        Self::of(bits).ok_or(WireError::Unknown { what, found: bits.into() })
    }
}

impl Address {
    /// Of text; `None` where it is too long or not printable ASCII without spaces.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let fits = text.len() <= ADDRESS_BYTES_MAX;
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        (fits && plain).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Writes it.
    pub fn write(&self, out: &mut Writer) {
        out.length_u16(self.0.len());
        out.bytes(self.0.as_bytes());
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`WireError`] for one that is too long or not printable ASCII without spaces.
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "bytes of a node's address";
        let bytes = input.bytes_u16(what, ADDRESS_BYTES_MAX)?;
        let text = core::str::from_utf8(bytes).ok().and_then(Self::of);
        let reason = "it is not printable ASCII without spaces";
        text.ok_or(WireError::Value { what: "a node's address", reason })
    }
}

impl NodeSlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        NodeId::read(input).map(Self)
    }
}

impl Slot for NodeSlot {
    type Record = Node;

    fn key(&self) -> Vec<u8> {
        Tag::Node.key(&[&self.0.0])
    }
}

impl Unbonding {
    fn write(&self, out: &mut Writer) {
        self.amount.write(out);
        out.u64(self.made.0);
        out.u64(self.least.0);
        out.u64(self.judged.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let amount = Amount::read(input, "what is unbonding")?;
        if amount == Amount::ZERO {
            let reason = "nothing can't be unbonding";
            return Err(WireError::Value { what: "what is unbonding", reason });
        }
        Ok(Self {
            amount,
            made: Time(input.u64("since when it is unbonding")?),
            least: Time(input.u64("until when it stays")?),
            judged: Epoch(input.u64("until when it is answered for")?),
        })
    }
}

impl Owed {
    /// For both together; `None` where that leaves an amount.
    #[must_use]
    pub fn all(self) -> Option<Amount> {
        self.cases.plus(self.draws)
    }
}

impl Record for Node {
    fn write(&self, out: &mut Writer) {
        for key in [self.owner, self.operator, self.transport, self.validator] {
            out.bytes(&key.0);
        }
        self.roles.write(out);
        self.address.write(out);
        self.stake.write(out);
        out.length_u8(self.unbonding.len());
        self.unbonding.iter().for_each(|part| part.write(out));
        self.owed.cases.write(out);
        self.owed.draws.write(out);
        self.debt.write(out);
        out.u16(self.disputes);
        out.u64(self.jailed_until.0);
        out.u16(self.silences.count);
        out.u64(self.silences.first.0);
        out.u64(self.silences.last.0);
        out.u64(self.silences.answered.0);
        out.u8(self.retired.into());
        out.u64(self.created.0);
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
            unbonding: input.list_u8("amounts unbonding", UNBONDING_MAX, Unbonding::read)?,
            owed: Owed {
                cases: Amount::read(input, "what cases may take")?,
                draws: Amount::read(input, "what draws may take")?,
            },
            debt: Amount::read(input, "a node's debt")?,
            disputes: input.u16("open disputes")?,
            jailed_until: Time(input.u64("the end of a node's jail")?),
            silences: Silences {
                count: input.u16("a node's silences")?,
                first: Time(input.u64("a node's first silence")?),
                last: Time(input.u64("a node's last silence")?),
                answered: Time(input.u64("a node's last answer")?),
            },
            retired: super::read_bool(input, "whether a node is retired")?,
            created: Time(input.u64("when a node was made")?),
        })
    }
}
