//! What whoever accuses a node puts in.
//!
//! Never one amount: the part beyond the usual is lost where the usual one comes back.

use commit::{Reader, WireError, Writer};

use crate::values::Amount;

/// A challenger's bond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bond {
    /// As much as every challenger puts in.
    pub usual: Amount,
    /// What the node's list of open cases makes it more: it comes back only to who is the first to refute a claim.
    pub beyond: Amount,
}

impl Bond {
    /// Both parts; `None` where that leaves an amount.
    #[must_use]
    pub fn all(self) -> Option<Amount> {
        self.usual.plus(self.beyond)
    }

    pub(super) fn write(self, out: &mut Writer) {
        self.usual.write(out);
        self.beyond.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            usual: Amount::read(input, "a bond")?,
            beyond: Amount::read(input, "what a bond is more")?,
        })
    }
}
