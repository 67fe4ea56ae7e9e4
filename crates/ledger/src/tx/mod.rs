//! What a transaction can ask: one file a kind, one line here in each function.
//!
//! Never reads more of the state than [`Action::touches`] names. A body's bytes have one form.

mod transfer;

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
}

impl Action {
    /// The number of its kind.
    #[must_use]
    pub fn kind(&self) -> KindNumber {
        KindNumber(match self {
            Self::Transfer(_) => 1,
        })
    }

    /// The body's canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        match self {
            Self::Transfer(action) => action.write(&mut out),
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
            _ => return Err(Rejection::Kind),
        })
    }

    /// The keys it may read or write, besides its payer's account.
    #[must_use]
    pub fn touches(&self, _author: &Author) -> Vec<Vec<u8>> {
        match self {
            Self::Transfer(action) => action.touches(),
        }
    }

    /// Units of work that are paid for besides bytes.
    #[must_use]
    pub fn work(&self) -> u64 {
        match self {
            Self::Transfer(_) => 1,
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// [`Stop`]; what was put into the view is worth nothing then.
    pub fn execute(
        &self,
        _context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        match self {
            Self::Transfer(action) => action.execute(author, view),
        }
    }
}
