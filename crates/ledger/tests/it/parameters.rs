//! The table of parameters: complete, in order, within its own bounds.

use ledger::{Parameter, Parameters, TABLE};

#[test]
fn the_table_is_in_order_and_its_defaults_are_within_bounds() {
    assert!(TABLE.is_sorted_by_key(|row| row.parameter.number()));
    for row in TABLE {
        let (min, max) = row.bounds;
        assert!((min..=max).contains(&row.default), "{}", row.name);
        assert!(!row.reason.is_empty() && !row.unit.is_empty(), "{}", row.name);
        assert_eq!(row.parameter.row().name, row.name);
        let value = Parameters::of(&Default::default()).unwrap().get(row.parameter);
        assert_eq!(value, row.default, "{}", row.name);
    }
}

/// A proposal needs as much as the fewest candidates that seats are shared among have at least.
#[test]
fn dust_is_no_quorum() {
    let of = |parameter: Parameter| parameter.row().default;
    let least = of(Parameter::CandidatesMin) * of(Parameter::StakeValidator);
    assert_eq!(of(Parameter::QuorumLeast), least);
}

/// The page and the code say the same, row for row.
#[test]
fn the_page_lists_them() {
    let page = include_str!("../../../../docs/economics.md");
    for row in TABLE {
        let (min, max) = row.bounds;
        let line = format!(
            "| {} | `{}` | {} | {} | {min} to {max} | {} |",
            row.parameter.number().0,
            row.name,
            row.unit,
            row.default,
            row.reason
        );
        assert!(page.contains(&line), "docs/economics.md lacks:\n{line}");
    }
}
