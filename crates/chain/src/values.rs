//! Amounts, times and counts of the ledger, which can't be taken for each other.
//!
//! Never wraps: whatever leaves its bounds is `None`.

use commit::{Reader, WireError, Writer};

/// Money, in its smallest unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub u128);

/// Block time in milliseconds: what every window and deadline is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// What a proposer's own clock said, in milliseconds since 1970: nothing but freshness is judged by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u64);

/// A block's number; genesis has 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Height(pub u64);

/// The number of a period in which a worker anchors once; the first is 1, for 0 in a receipt means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// A try of those who have the seats to take one block, with a leader of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View(pub u64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// What is left.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// So many times.
    #[must_use]
    pub fn times(self, count: u128) -> Option<Self> {
        self.0.checked_mul(count).map(Self)
    }

    /// The smaller one.
    #[must_use]
    pub fn at_most(self, other: Self) -> Self {
        self.min(other)
    }

    /// Equal parts for so many, and the rest; `None` where there is nobody.
    #[must_use]
    pub fn among(self, count: usize) -> Option<(Self, Self)> {
        let count = u128::try_from(count).ok()?;
        Some((Self(self.0.checked_div(count)?), Self(self.0.checked_rem(count)?)))
    }

    pub(crate) fn write(self, out: &mut Writer) {
        out.u128(self.0);
    }

    pub(crate) fn read(input: &mut Reader<'_>, what: &'static str) -> Result<Self, WireError> {
        input.u128(what).map(Self)
    }
}

impl Time {
    /// So many milliseconds later; the last moment there is, where that is behind it.
    #[must_use]
    pub fn after(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }
}

impl Height {
    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Epoch {
    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
