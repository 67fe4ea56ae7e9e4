//! A node that is asked to show something: by whom, until when, and the money of it.
//!
//! Never what it is asked for: the record around it says that.

use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use super::{Bond, NodeId, read_bool};
use crate::values::{Amount, Time};

/// What every record of something that is asked for has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who answers for it.
    pub node: NodeId,
    /// Who asks.
    pub challenger: PublicKey,
    /// Since when.
    pub opened: Time,
    /// Until when an answer is taken.
    pub deadline: Time,
    /// What the challenger put in.
    pub bond: Bond,
    /// What the node loses with this, as it was when it began.
    pub cost: Amount,
    /// What the challenger gets of that where the node stays silent, as it was then.
    pub silence_fee: Amount,
    /// Whether the first deadline has passed.
    pub silent: bool,
    /// What was taken for that.
    pub held: Amount,
}

impl Asked {
    /// What the node answers with for this.
    #[must_use]
    pub fn owed(&self) -> Amount {
        self.cost.minus(self.held).unwrap_or_default()
    }

    /// The money in it; `None` where that leaves an amount.
    #[must_use]
    pub fn money(&self) -> Option<Amount> {
        self.bond.all()?.plus(self.held)
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.bytes(&self.challenger.0);
        out.u64(self.opened.0);
        out.u64(self.deadline.0);
        self.bond.write(out);
        self.cost.write(out);
        self.silence_fee.write(out);
        out.u8(self.silent.into());
        self.held.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            node: NodeId::read(input)?,
            challenger: PublicKey(input.array("a challenger")?),
            opened: Time(input.u64("since when something is asked for")?),
            deadline: Time(input.u64("a deadline")?),
            bond: Bond::read(input)?,
            cost: Amount::read(input, "what a case costs")?,
            silence_fee: Amount::read(input, "a fee for silence")?,
            silent: read_bool(input, "whether a node was silent")?,
            held: Amount::read(input, "what is held")?,
        })
    }
}
