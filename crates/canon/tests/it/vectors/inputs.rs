//! Fixed rows into matmul inputs (section 3).

use canon::{BLOCK, InputKind, InputRow, fixed, reference};

use super::Outcomes;
use super::each;
use super::values::{Case, Field, Outcome, list};

pub(super) fn quantise_a8(case: &Case) -> Outcomes {
    let (row, frac) = (case.row("row"), case.int("frac") as u8);
    let want = reference::quantise_a8(&row, frac);
    let shift = reference::a8_shift(fixed::greatest(&row));
    let gives = |exponent: i32, scales: &[u8], quants: &[i8]| {
        Outcome::Gives(vec![
            ("shift", Field::Number(shift.into())),
            ("exponent", Field::Number(exponent.into())),
            ("scales", list(scales)),
            ("quants", list(quants)),
        ])
    };
    let mut outcomes = vec![("reference", gives(want.exponent, &want.scales, &want.quants))];
    outcomes.extend(each().map(|kernels| {
        let mut got = InputRow::new(row.len());
        kernels.quantise(&row, frac, InputKind::A8, &mut got);
        let (scales, quants): (Vec<u8>, Vec<[i8; BLOCK]>) =
            (0..row.len() / BLOCK).map(|b| got.a8_block(b)).unzip();
        (kernels.set().name(), gives(got.exponent(), &scales, &quants.concat()))
    }));
    outcomes
}

pub(super) fn quantise_a16(case: &Case) -> Outcomes {
    let (row, frac) = (case.row("row"), case.int("frac") as u8);
    let want = reference::quantise_a16(&row, frac);
    let shift = reference::a16_shift(fixed::greatest(&row));
    let gives = |exponent: i32, entries: &[i16]| {
        Outcome::Gives(vec![
            ("shift", Field::Number(shift.into())),
            ("exponent", Field::Number(exponent.into())),
            ("entries", list(entries)),
        ])
    };
    let mut outcomes = vec![("reference", gives(want.exponent, &want.values))];
    outcomes.extend(each().map(|kernels| {
        let mut got = InputRow::new(row.len());
        kernels.quantise(&row, frac, InputKind::A16, &mut got);
        let entries: Vec<i16> = (0..row.len()).map(|k| got.a16_entry(k)).collect();
        (kernels.set().name(), gives(got.exponent(), &entries))
    }));
    outcomes
}
