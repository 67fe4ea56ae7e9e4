//! A single token shown under a root, and two that contradict each other.
//!
//! Never shows another token: the salts of the others stay secret.

use commit::{Digest, Network, Reader, Salts, WireError, Writer, path, root_of};

use crate::domains::TokenNodes;
use crate::head::SignedHead;
use crate::limits::{CHOICES_MAX, PATH_MAX, TOKENS_MAX};
use crate::vector::{Which, leaves, token_leaf};

/// The version of partial openings.
pub(crate) const PARTIAL_VERSION: u16 = 1;
/// The version of equivocation evidence.
pub(crate) const EQUIVOCATION_VERSION: u16 = 1;

/// A token of a vector, and what binds it to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialOpening {
    /// Which vector.
    pub which: Which,
    /// Where the token stands.
    pub position: u32,
    /// How many tokens the vector has.
    pub count: u32,
    /// The token.
    pub token: u32,
    /// Its salt.
    pub salt: Digest,
    /// From its sibling to the root.
    pub path: Vec<Digest>,
}

impl PartialOpening {
    /// Shows a token; `None` where there is none.
    #[must_use]
    pub fn new(salts: &Salts, which: Which, tokens: &[u32], position: u32) -> Option<Self> {
        let at = usize::try_from(position).ok()?;
        let token = *tokens.get(at)?;
        let path = path(&TokenNodes(salts.network), &leaves(salts, which, tokens), at)?;
        let count = u32::try_from(tokens.len()).ok()?;
        Some(Self { which, position, count, token, salt: which.salt(salts, position), path })
    }

    /// The root it leads to; `None` where it leads nowhere.
    #[must_use]
    pub fn root(&self, network: Network) -> Option<Digest> {
        let leaf = token_leaf(network, &self.salt, self.token);
        let (count, at) = (self.count.into(), self.position.into());
        root_of(&TokenNodes(network), count, at, &leaf, &self.path)
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.write(&mut out);
        out.finish()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        let opening = Self::read(&mut input)?;
        input.end("the partial opening")?;
        Ok(opening)
    }

    fn write(&self, out: &mut Writer) {
        out.u16(PARTIAL_VERSION);
        let (number, choice) = match self.which {
            Which::Prompt => (1, 0),
            Which::Output { choice } => (2, choice),
        };
        out.u8(number);
        out.u32(choice);
        out.u32(self.position);
        out.u32(self.count);
        out.u32(self.token);
        out.bytes(&self.salt);
        out.length_u8(self.path.len());
        self.path.iter().for_each(|hash| out.bytes(hash));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.version("a partial opening's", PARTIAL_VERSION)?;
        let which = match (input.u8("a vector")?, input.u32("a vector's choice")?) {
            (1, 0) => Which::Prompt,
            (1, _) => {
                let reason = "a prompt has none";
                return Err(WireError::Value { what: "a vector's choice", reason });
            }
            (2, choice) if choice < CHOICES_MAX => Which::Output { choice },
            (2, _) => {
                let reason = "no job has so many choices";
                return Err(WireError::Value { what: "a vector's choice", reason });
            }
            (found, _) => {
                return Err(WireError::Unknown { what: "a vector", found: found.into() });
            }
        };
        let (position, count) = (input.u32("a token's position")?, input.u32("a vector's count")?);
        let found = usize::try_from(count).unwrap_or(usize::MAX);
        if found > TOKENS_MAX {
            return Err(WireError::Limit { what: "tokens of a vector", found, max: TOKENS_MAX });
        }
        if position >= count {
            let reason = "the vector has fewer tokens";
            return Err(WireError::Value { what: "a token's position", reason });
        }
        Ok(Self {
            which,
            position,
            count,
            token: input.u32("a token")?,
            salt: input.array("a token's salt")?,
            path: input.list_u8("levels of a path", PATH_MAX, |input| input.array("a hash"))?,
        })
    }
}

/// Two different tokens at one place, both under one worker's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equivocation {
    /// A head and a token under it.
    pub one: (SignedHead, PartialOpening),
    /// Another head and another token.
    pub other: (SignedHead, PartialOpening),
}

impl Equivocation {
    /// Whether it is one: anyone can say so, from these bytes alone.
    #[must_use]
    pub fn holds(&self, network: Network) -> bool {
        let (one, other) = (&self.one, &self.other);
        let binds = |(head, shown): &(SignedHead, PartialOpening)| {
            let which = Which::Output { choice: head.head.choice };
            head.holds(network)
                && shown.which == which
                && shown.count == head.head.count
                // After another's tokens a worker answers given that prefix. Nothing here shows the prefix, and an
                // honest worker that goes on after two of them signs two answers.
                && head.head.start == 0
                && shown.root(network) == Some(head.head.root)
        };
        binds(one)
            && binds(other)
            && one.0.worker == other.0.worker
            && one.0.head.job == other.0.head.job
            && one.0.head.choice == other.0.head.choice
            && one.1.position == other.1.position
            && one.1.token != other.1.token
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u16(EQUIVOCATION_VERSION);
        for (head, shown) in [&self.one, &self.other] {
            head.write(&mut out);
            shown.write(&mut out);
        }
        out.finish()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        input.version("an equivocation's", EQUIVOCATION_VERSION)?;
        let one = (SignedHead::read(&mut input)?, PartialOpening::read(&mut input)?);
        let other = (SignedHead::read(&mut input)?, PartialOpening::read(&mut input)?);
        input.end("the equivocation")?;
        Ok(Self { one, other })
    }
}
