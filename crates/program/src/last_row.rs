//! The row that a token's logits are made of: what an embedding is the direction of (`spec/receipt.md` section 12).

use crate::check::Checked;
use crate::ops::Op;
use crate::site::{OpIndex, Site, Source};
use crate::types::Fixed;

/// Where the row is made, and its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRow {
    /// The op that makes it: an embedding needs none after it.
    pub op: OpIndex,
    /// Its width and fractional bits.
    pub row: Fixed,
}

impl Checked {
    /// The row that is quantised for the op `logits` from whose logits the epilogue's token is drawn.
    ///
    /// # Panics
    /// Never: only logits of a quantised row make a token, and only `quantise` makes such a row.
    #[must_use]
    pub fn last_row(&self) -> LastRow {
        let sites: Vec<Site<'_>> = self.sites().collect();
        let at = |op: OpIndex| &sites[usize::try_from(op.0).expect("usize has at least 32 bits")];
        let ops = self.program().epilogue.template.ops.len();
        let output = usize::from(self.program().epilogue.template.output.0);
        let mut site = &sites[sites.len() - ops + output - 1];
        loop {
            // From the draw back to the quantised row, every op reads one value.
            let value = *site.op.inputs().first().expect("only embed reads no value");
            let Source::Op { op, .. } = site.source(value) else {
                unreachable!("the epilogue reads no token")
            };
            if let Op::Quantise(_) = site.op {
                return LastRow { op, row: site.fixed(value) };
            }
            site = at(op);
        }
    }
}
