//! Scalar functions and constants (`spec/arithmetic.md` sections 1 and 5).

use canon::{dyadic::Dyadic, fixed, functions};

use super::Outcomes;
use super::values::{Case, Field, Outcome, list, narrow};

fn gives(fields: Vec<(&'static str, Field)>) -> Outcomes {
    vec![("reference", Outcome::Gives(fields))]
}

pub(super) fn exp2(case: &Case) -> Outcomes {
    let x: Vec<u32> = narrow(case.ints("x"));
    let of = |function: fn(u32) -> u32| list(&x.iter().map(|x| function(*x)).collect::<Vec<_>>());
    gives(vec![("exp2", of(functions::exp2)), ("exp2u", of(functions::exp2u))])
}

pub(super) fn recip(case: &Case) -> Outcomes {
    let e: Vec<u32> = narrow(case.ints("e"));
    gives(vec![("r", list(&e.into_iter().map(functions::recip).collect::<Vec<_>>()))])
}

pub(super) fn sincos(case: &Case) -> Outcomes {
    let a: Vec<u64> = narrow(case.ints("a"));
    let (sin, cos): (Vec<i32>, Vec<i32>) = a.into_iter().map(functions::sin_cos).unzip();
    gives(vec![("sin", list(&sin)), ("cos", list(&cos))])
}

pub(super) fn isqrt(case: &Case) -> Outcomes {
    let t: Vec<u64> = narrow(case.ints("t"));
    gives(vec![("v", list(&t.into_iter().map(u64::isqrt).collect::<Vec<_>>()))])
}

/// The rounding division that reads file numbers, where its operands are in range.
pub(super) fn nr(case: &Case) -> Outcomes {
    let y = case.ints("a").into_iter().zip(case.ints("b")).map(|(a, b)| {
        let mantissa = u64::try_from(a.unsigned_abs()).unwrap();
        let number = Dyadic::new(a < 0, mantissa, 0);
        // A divisor beyond 32 bits is a power of two there, which is a unit.
        let magnitude = match u32::try_from(b) {
            Ok(b) => number.nearest(0, b),
            Err(_) => {
                assert!(b.unsigned_abs().is_power_of_two());
                number.nearest(b.trailing_zeros() as i32, 1)
            }
        };
        if number.negative() { -(magnitude as i128) } else { magnitude as i128 }
    });
    gives(vec![("y", Field::List(y.collect()))])
}

pub(super) fn rs(case: &Case) -> Outcomes {
    let y = case.ints("x").into_iter().zip(case.ints("n")).map(|(x, n)| fixed::rs(x, n as i32));
    gives(vec![("y", Field::List(y.collect()))])
}

pub(super) fn tables(case: &Case) -> Outcomes {
    let count = case.int("count") as u32;
    let values: Vec<u32> = match case.text("table") {
        "R" => (1..=count).map(|n| functions::reciprocal(21, n)).collect(),
        "H" => (1..=count).map(|n| functions::reciprocal(22, n)).collect(),
        "E" => (0..count).map(functions::exp2_mantissa).collect(),
        "recip" => (0..count).map(functions::recip).collect(),
        other => panic!("unknown table {other}"),
    };
    gives(vec![("values", list(&values))])
}
