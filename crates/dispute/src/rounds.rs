//! How many rounds a dispute takes at most, from shapes alone (`spec/dispute.md` section 2).
//!
//! A round is a move of the claimant and the challenger's answer. Never runs anything.

use program::{Checked, Place};

use crate::block::{Tiles, boundaries};
use crate::tree::descents;

/// The most rounds of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounds {
    /// Down the log.
    pub log: u32,
    /// Down the tiles of a layer's or the prologue's op.
    pub layer: u32,
    /// Down the tiles of an op of the epilogue.
    pub epilogue: u32,
}

impl Rounds {
    /// Roots, ops, and the opened tile against its operands.
    const OTHERS: u32 = 3;

    /// All of them: the log is gone down for a layer only.
    #[must_use]
    pub fn most(self) -> u32 {
        Self::OTHERS + (self.log + self.layer).max(self.epilogue)
    }
}

/// The most rounds about a trace of so many positions.
#[must_use]
pub fn rounds(checked: &Checked, positions: u32) -> Rounds {
    let position = positions.saturating_sub(1);
    let mut rounds = Rounds { log: 0, layer: 0, epilogue: 0 };
    rounds.log = descents(positions * boundaries(checked)).max(1);
    for site in checked.sites() {
        let down = descents(Tiles::of(&site, position).early).max(1);
        let most = match site.place {
            Place::Prologue | Place::Layer { .. } => &mut rounds.layer,
            Place::Epilogue => &mut rounds.epilogue,
        };
        *most = down.max(*most);
    }
    rounds
}
