//! What a transaction can ask: one file a kind, one line here in each function.
//!
//! Never reads more of the state than [`Action::touches`] names. A body's bytes have one form.

mod node_create;
mod node_key;
mod node_retire;
mod node_set;
mod transfer;

pub use node_create::NodeCreate;
pub use node_key::NodeKey;
pub use node_retire::NodeRetire;
pub use node_set::NodeSet;
pub use transfer::Transfer;

use chain::KindNumber;
use commit::{Reader, WireError, Writer};

use crate::context::{Author, Context};
use crate::stop::{Rejection, Stop};
use crate::view::View;

/// A body, by its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Kind 1.
    Transfer(Transfer),
    /// Kind 2.
    NodeCreate(NodeCreate),
    /// Kind 3.
    NodeSet(NodeSet),
    /// Kind 4.
    NodeKey(NodeKey),
    /// Kind 5.
    NodeRetire(NodeRetire),
}

impl Action {
    /// The number of its kind.
    #[must_use]
    pub fn kind(&self) -> KindNumber {
        KindNumber(match self {
            Self::Transfer(_) => 1,
            Self::NodeCreate(_) => 2,
            Self::NodeSet(_) => 3,
            Self::NodeKey(_) => 4,
            Self::NodeRetire(_) => 5,
        })
    }

    /// The body's canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        match self {
            Self::Transfer(action) => action.write(&mut out),
            Self::NodeCreate(action) => action.write(&mut out),
            Self::NodeSet(action) => action.write(&mut out),
            Self::NodeKey(action) => action.write(&mut out),
            Self::NodeRetire(action) => action.write(&mut out),
        }
        out.finish()
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Rejection::Kind`] or [`Rejection::Body`].
    pub fn decode(kind: KindNumber, body: &[u8]) -> Result<Self, Rejection> {
        let mut input = Reader::new(body);
        let action = Self::read(kind, &mut input)?.map_err(|_| Rejection::Body)?;
        input.end("the body").map_err(|_| Rejection::Body)?;
        Ok(action)
    }

    fn read(
        kind: KindNumber,
        input: &mut Reader<'_>,
    ) -> Result<Result<Self, WireError>, Rejection> {
        Ok(match kind.0 {
            1 => Transfer::read(input).map(Self::Transfer),
            2 => NodeCreate::read(input).map(Self::NodeCreate),
            3 => NodeSet::read(input).map(Self::NodeSet),
            4 => NodeKey::read(input).map(Self::NodeKey),
            5 => NodeRetire::read(input).map(Self::NodeRetire),
            _ => return Err(Rejection::Kind),
        })
    }

    /// The keys it may read or write, besides its payer's account.
    #[must_use]
    pub fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        match self {
            Self::Transfer(action) => action.touches(),
            Self::NodeCreate(action) => action.touches(author),
            Self::NodeSet(action) => action.touches(),
            Self::NodeKey(action) => action.touches(),
            Self::NodeRetire(action) => action.touches(),
        }
    }

    /// Units of work that are paid for besides bytes.
    #[must_use]
    pub fn work(&self) -> u64 {
        match self {
            Self::Transfer(_) | Self::NodeSet(_) | Self::NodeRetire(_) => 1,
            Self::NodeCreate(action) => action.work(),
            Self::NodeKey(action) => action.work(),
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// [`Stop`]; what was put into the view is worth nothing then.
    pub fn execute(&self, context: &Context, author: &Author, view: &mut View) -> Result<(), Stop> {
        match self {
            Self::Transfer(action) => action.execute(author, view),
            Self::NodeCreate(action) => action.execute(context, author, view),
            Self::NodeSet(action) => action.execute(author, view),
            Self::NodeKey(action) => action.execute(context, author, view),
            Self::NodeRetire(action) => action.execute(author, view),
        }
    }
}
