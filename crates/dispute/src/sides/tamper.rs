//! What liars make of true values: one number changed, so that nothing but the exact comparison can see it.
//!
//! Never changes a value's shape.

use program::reference::Cell;
use program::tile::{At, Data};
use program::{Checked, OpIndex, Place, Site, Type};

use super::cheats::Falsehood;
use super::liars::Random;
use super::setting::{count, wide};

/// Alters what ops make.
pub(super) struct Liar<'r, 's> {
    pub(super) falsehood: Falsehood,
    pub(super) target: (u32, Site<'s>),
    pub(super) changed: Option<Cell>,
    pub(super) random: &'r mut Random,
    /// The row that the block before handed on.
    pub(super) handed: Option<Cell>,
    pub(super) outputs: Vec<OpIndex>,
}

impl Liar<'_, '_> {
    pub(super) fn alter(&mut self, at: At, here: &Site<'_>, made: Option<Cell>) -> Cell {
        // A liar conceals every fault.
        let mut made = made.unwrap_or_else(|| nothing(here.output()));
        let (position, site) = self.target;
        if (at.position, here.index) == (position, site.index) {
            if self.falsehood == Falsehood::Cell {
                made = tampered(made, self.random);
            }
            made = self.changed.clone().unwrap_or(made);
        }
        if self.outputs.contains(&here.index) {
            let skipped = self.falsehood == Falsehood::SkippedLayer
                && (at.position, here.place) == (position, site.place)
                && is_layer(here.place);
            if skipped {
                made = self.handed.clone().unwrap_or(made);
            }
            self.handed = Some(made.clone());
        }
        made
    }
}

fn is_layer(place: Place) -> bool {
    matches!(place, Place::Layer { .. })
}

/// The ops that hand a row to the next block.
pub(super) fn outputs_of(checked: &Checked) -> Vec<OpIndex> {
    let mut next = 0;
    let mut outputs = Vec::new();
    for (_, group, _) in checked.program().layers() {
        outputs.push(OpIndex(next + u32::from(group.template.output.0) - 1));
        next += count(group.template.ops.len());
    }
    outputs
}

/// A row of zeros, for an op whose fault is concealed.
fn nothing(kind: Type) -> Cell {
    match kind {
        Type::Logits(row) => Cell::Logits(vec![0; wide(row.width)]),
        Type::Fixed(row) => Cell::Fixed(vec![0; wide(row.width)]),
        Type::Token | Type::Quantised { .. } | Type::Kv(_) | Type::Routing(_) => Cell::Unsampled,
    }
}

/// The same but for one entry.
fn tampered(cell: Cell, random: &mut Random) -> Cell {
    let fixed = |mut row: Vec<i32>, random: &mut Random| {
        let at = random.below(row.len());
        row[at] += if row[at] < (1 << 30) - 2 { 1 } else { -1 };
        row
    };
    match cell {
        Cell::Fixed(row) => Cell::Fixed(fixed(row, random)),
        Cell::Logits(row) => Cell::Logits(fixed(row, random)),
        Cell::A8(mut row) => {
            let at = random.below(row.quants.len());
            row.quants[at] ^= 1;
            Cell::A8(row)
        }
        Cell::A16(mut row) => {
            let at = random.below(row.values.len());
            row.values[at] ^= 1;
            Cell::A16(row)
        }
        Cell::Kv(mut rows) => {
            let head = random.below(rows.len());
            let row = &mut rows[head];
            let side = if random.below(2) == 0 { &mut row.key } else { &mut row.value };
            let at = random.below(side.quants.len());
            side.quants[at] ^= 1;
            Cell::Kv(rows)
        }
        Cell::Unsampled => Cell::Unsampled,
    }
}

/// The value that these leaves are of; `None` of the token's.
pub(super) fn cell_of(leaves: &[&Data]) -> Option<Cell> {
    let (mut fixed, mut rows, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let (mut found, mut scales, mut quants) = (None, Vec::new(), Vec::new());
    for leaf in leaves {
        if let Data::Fixed(part) = leaf {
            fixed.extend(part);
        } else if let Data::Exponent(exponent) = leaf {
            found = Some(*exponent);
        } else if let Data::A8 { scales: of_blocks, quants: of_entries } = leaf {
            scales.extend(of_blocks);
            quants.extend(of_entries);
        } else if let Data::A16(part) = leaf {
            values.extend(part);
        } else if let Data::Page(page) = leaf {
            rows.extend(page.iter().cloned());
        } else {
            return None;
        }
    }
    Some(match found {
        Some(exponent) if values.is_empty() => {
            Cell::A8(canon::reference::A8Row { exponent, scales, quants })
        }
        Some(exponent) => Cell::A16(canon::reference::A16Row { exponent, values }),
        None if rows.is_empty() => Cell::Fixed(fixed),
        None => Cell::Kv(rows),
    })
}

/// The same but for one number.
pub(super) fn other_data(data: Data) -> Data {
    let first = |mut row: Vec<i32>| {
        row[0] += if row[0] < 0 { 1 } else { -1 };
        row
    };
    match data {
        Data::Squares(sum) => Data::Squares(sum + 1),
        Data::Scale(mut scale) => {
            scale.inverse += 1;
            Data::Scale(scale)
        }
        Data::Greatest(greatest) => Data::Greatest(greatest ^ 1),
        Data::Exponent(exponent) => Data::Exponent(exponent + 1),
        Data::Sums(mut sums) => {
            sums[0] ^= 1;
            Data::Sums(sums)
        }
        Data::Fixed(row) => Data::Fixed(first(row)),
        Data::Peak(mut peak) => {
            peak.score += 1;
            Data::Peak(peak)
        }
        Data::Attended(mut sums) => {
            sums.value[0] ^= 1;
            Data::Attended(sums)
        }
        Data::Counts(mut counts) => {
            counts[0] ^= 1;
            Data::Counts(counts)
        }
        Data::Key(key) => Data::Key(key ^ 1),
        Data::Bins(mut bins) => {
            bins[0] ^= 1;
            Data::Bins(bins)
        }
        Data::Digits { prefix, left } => Data::Digits { prefix: prefix ^ 1, left },
        Data::Amount(amount) => Data::Amount(amount ^ 1),
        Data::Drawn { total, rest, chunk } => Data::Drawn { total, rest: rest ^ 1, chunk },
        Data::Found(found) => Data::Found(found.map(|id| id ^ 1)),
        Data::Token(token) => Data::Token(token ^ 1),
        Data::A8 { scales, mut quants } => {
            quants[0] ^= 1;
            Data::A8 { scales, quants }
        }
        Data::A16(mut row) => {
            row[0] ^= 1;
            Data::A16(row)
        }
        Data::Page(mut rows) => {
            rows[0].key.quants[0] ^= 1;
            Data::Page(rows)
        }
        other @ (Data::Weights(_)
        | Data::Units(_)
        | Data::Edge(_)
        | Data::Tokens(_)
        | Data::Sampling(_)
        | Data::Biases(_)
        | Data::Outputs(_)) => other,
    }
}
