//! Ops on rows: norm, rope, head rows, gate, add, hadamard, soft cap, scale (sections 4.2, 4.4, 4.5, 4.7 to 4.12, 4.14, 4.16).

use canon::functions::sin_cos;
use canon::reference::{self, HeadRow, Layout, Over};
use canon::{GateOp, Kernels, NormOp};

use super::Outcomes;
use super::each;
use super::values::{Case, Field, Outcome, list, narrow};

fn row_or_fault(fault: bool, row: &[i32]) -> Outcome {
    if fault { Outcome::Fault } else { Outcome::Gives(vec![("row", list(row))]) }
}

pub(super) fn norm(case: &Case) -> Outcomes {
    let (row, gain) = (case.row("row"), case.row("gain"));
    let (eps, gain_unit) = (case.int("eps") as u64, case.small("unit"));
    let frac = case.int("frac") as u8;
    let total = u128::from(eps) + reference::sum_of_squares(&row);
    let scale = reference::norm_scale(total, row.len());
    let want = match reference::norm(&row, eps, &gain, gain_unit, frac) {
        Err(_) => Outcome::Fault,
        Ok(row) => Outcome::Gives(vec![
            ("j", Field::Number((scale.shift - 27).into())),
            ("inv", Field::Number(scale.inverse.into())),
            ("row", list(&row)),
        ]),
    };
    let mut outcomes = vec![("reference", want)];
    outcomes.extend(each().map(|kernels| {
        let mut out = vec![0; row.len()];
        let fault = kernels.norm(&row, NormOp { eps, gain: &gain, gain_unit, frac }, &mut out);
        (kernels.set().name(), row_or_fault(fault, &out))
    }));
    outcomes
}

pub(super) fn rope(case: &Case) -> Outcomes {
    let row = case.row("row");
    let frequencies: Vec<u64> = narrow(case.ints("frequencies"));
    let position = u32::try_from(case.int("position")).unwrap();
    let layout = match case.text("layout") {
        "interleaved" => Layout::Interleaved,
        "half" => Layout::Half,
        other => panic!("unknown layout {other}"),
    };
    assert_eq!(case.int("rotary") as usize, 2 * frequencies.len());
    let mut want = row.clone();
    let fault = reference::rope(&mut want, &frequencies, position, layout).is_err();
    let mut outcomes = vec![("reference", row_or_fault(fault, &want))];
    let turns = frequencies.iter().map(|f| sin_cos(u64::from(position).wrapping_mul(*f)));
    let (sin, cos): (Vec<i32>, Vec<i32>) = turns.unzip();
    outcomes.extend(each().map(|kernels| {
        let mut out = row.clone();
        let fault = kernels.rotate(&mut out, &sin, &cos, layout);
        (kernels.set().name(), row_or_fault(fault, &out))
    }));
    outcomes
}

pub(super) fn head_row(case: &Case) -> Outcomes {
    let row = case.row("row");
    let gives = |row: &HeadRow| {
        Outcome::Gives(vec![
            ("quants", list(&row.quants)),
            ("scale", Field::Number(row.mantissa.into())),
            ("shift", Field::Number(row.shift.into())),
        ])
    };
    let mut outcomes = vec![("reference", gives(&reference::head_row(&row)))];
    outcomes.extend(each().map(|kernels| {
        let mut out = HeadRow { quants: Vec::new(), mantissa: 0, shift: 0 };
        kernels.head_row(&row, &mut out);
        (kernels.set().name(), gives(&out))
    }));
    outcomes
}

/// A gate of the reference, and of a set of kernels.
type OneGate = fn(i32, i32, u8, u8, u8) -> Result<i32, canon::Overflow>;
type Gate = fn(&Kernels, &[i32], &[i32], GateOp, &mut [i32]) -> bool;

pub(super) fn silu_gate(case: &Case) -> Outcomes {
    gate(case, reference::silu_gate, Kernels::silu_gate)
}

pub(super) fn gelu_gate(case: &Case) -> Outcomes {
    gate(case, reference::gelu_gate, Kernels::gelu_gate)
}

fn gate(case: &Case, one: OneGate, all: Gate) -> Outcomes {
    let (gate, up) = (case.row("gate"), case.row("up"));
    let [gate_frac, up_frac, frac] =
        ["frac_gate", "frac_up", "frac"].map(|key| case.int(key) as u8);
    let pairs = gate.iter().zip(&up);
    let want: Result<Vec<i32>, _> =
        pairs.map(|(g, u)| one(*g, *u, gate_frac, up_frac, frac)).collect();
    let want = want.map_or(Outcome::Fault, |row| row_or_fault(false, &row));
    let mut outcomes = vec![("reference", want)];
    outcomes.extend(each().map(|kernels| {
        let mut out = vec![0; gate.len()];
        let op = GateOp { gate_frac, up_frac, frac };
        let fault = all(&kernels, &gate, &up, op, &mut out);
        (kernels.set().name(), row_or_fault(fault, &out))
    }));
    outcomes
}

pub(super) fn add(case: &Case) -> Outcomes {
    let (a, b) = (case.row("a"), case.row("b"));
    let want: Result<Vec<i32>, _> = a.iter().zip(&b).map(|(a, b)| reference::add(*a, *b)).collect();
    let want = want.map_or(Outcome::Fault, |row| row_or_fault(false, &row));
    let mut outcomes = vec![("reference", want)];
    outcomes.extend(each().map(|kernels| {
        let mut out = a.clone();
        let fault = kernels.add(&mut out, &b);
        (kernels.set().name(), row_or_fault(fault, &out))
    }));
    outcomes
}

pub(super) fn hadamard(case: &Case) -> Outcomes {
    let (row, width) = (case.row("row"), case.int("width") as usize);
    let want: Result<Vec<Vec<i32>>, _> = row.chunks_exact(width).map(reference::hadamard).collect();
    let want = want.map_or(Outcome::Fault, |blocks| row_or_fault(false, &blocks.concat()));
    let mut outcomes = vec![("reference", want)];
    outcomes.extend(each().map(|kernels| {
        let mut out = row.clone();
        let fault = kernels.hadamard(&mut out, width);
        (kernels.set().name(), row_or_fault(fault, &out))
    }));
    outcomes
}

pub(super) fn soft_cap(case: &Case) -> Outcomes {
    let (row, cap) = (case.row("row"), u32::try_from(case.int("cap")).unwrap());
    let want: Vec<i32> = row.iter().map(|x| reference::soft_cap(*x, cap)).collect();
    let mut outcomes = vec![("reference", row_or_fault(false, &want))];
    outcomes.extend(each().map(|kernels| {
        let mut out = row.clone();
        kernels.soft_cap(&mut out, cap);
        (kernels.set().name(), row_or_fault(false, &out))
    }));
    outcomes
}

pub(super) fn scale(case: &Case) -> Outcomes {
    let (row, exponent) = (case.row("row"), case.small("scale_exponent"));
    let mantissa = u16::try_from(case.int("scale_mantissa")).unwrap();
    let want: Result<Vec<i32>, _> =
        row.iter().map(|x| reference::scale(*x, mantissa, exponent)).collect();
    let want = want.map_or(Outcome::Fault, |row| row_or_fault(false, &row));
    let mut outcomes = vec![("reference", want)];
    outcomes.extend(each().map(|kernels| {
        let mut out = row.clone();
        let fault = kernels.scale(&mut out, mantissa, exponent);
        (kernels.set().name(), row_or_fault(fault, &out))
    }));
    outcomes
}

pub(super) fn route(case: &Case) -> Outcomes {
    let (row, frac, slots) = (case.row("row"), case.int("frac") as u8, case.int("k") as usize);
    let over = match case.text("over") {
        "chosen" => Over::Chosen,
        "all" => Over::All,
        other => panic!("no sum over {other}"),
    };
    let gives = |made: &[i32]| {
        let (ids, weights) = made.split_at(slots);
        Outcome::Gives(vec![("ids", list(ids)), ("weights", list(weights))])
    };
    let mut outcomes = vec![("reference", gives(&reference::route(&row, frac, slots, over)))];
    outcomes.extend(each().map(|kernels| {
        let mut out = vec![0; 2 * slots];
        kernels.route(&row, frac, over, &mut out);
        (kernels.set().name(), gives(&out))
    }));
    outcomes
}

pub(super) fn weigh(case: &Case) -> Outcomes {
    let (row, weight) = (case.row("row"), case.small("weight"));
    let want: Vec<i32> = row.iter().map(|x| reference::weigh(*x, weight)).collect();
    let mut outcomes = vec![("reference", row_or_fault(false, &want))];
    outcomes.extend(each().map(|kernels| {
        let mut out = row.clone();
        kernels.weigh(&mut out, weight);
        (kernels.set().name(), row_or_fault(false, &out))
    }));
    outcomes
}

/// Only the reference has it: once a prompt is often enough.
pub(super) fn unit_vector(case: &Case) -> Outcomes {
    let (row, dimensions) = (case.row("row"), usize::try_from(case.int("dimensions")).unwrap());
    let vector = reference::unit_vector(&row[..dimensions]);
    vec![("reference", Outcome::Gives(vec![("vector", list(&vector))]))]
}
