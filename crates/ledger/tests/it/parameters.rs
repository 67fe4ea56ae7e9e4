//! The table of parameters: complete, in order, within its own bounds.

use chain::records::ParameterValues;
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

/// Values that are just within their bounds and do not go with the defaults of the others.
pub(crate) const APART: [(Parameter, u128); 16] = [
    (Parameter::UnbondMs, 243 * 3_610_000 - 1),
    (Parameter::DisputeEpochs, 333),
    (Parameter::EpochMs, 4_967_778),
    (Parameter::AnchorLateMs, 2 * 3_610_000 - 1),
    (Parameter::CollectEpochs, 240),
    (Parameter::DisputeEpochs, 48),
    (Parameter::PlantEpochs, 241),
    (Parameter::ShowMs, 26 * 3_600_000 - 86_400_000 + 1),
    (Parameter::AppealMs, 26 * 3_600_000 - 7_200_000 + 1),
    (Parameter::EpochMs, 3_599_999),
    (Parameter::AuditUnit, 49_999_999),
    (Parameter::AuditShare, 39_999),
    (Parameter::Auditors, 3),
    (Parameter::AuditFee, 600_001),
    (Parameter::DrawFee, 700_001),
    (Parameter::PlantReward, 100_001),
];

#[test]
fn values_go_together_or_are_none() {
    let one = |parameter: Parameter, value| {
        Parameters::of(&ParameterValues([(parameter.number(), value)].into())).is_some()
    };
    for (parameter, value) in APART {
        let (min, max) = parameter.row().bounds;
        assert!((min..=max).contains(&value), "{parameter:?}");
        assert!(!one(parameter, value), "{parameter:?} {value}");
    }
    for (parameter, value) in [
        (Parameter::UnbondMs, 243 * 3_610_000),
        (Parameter::DisputeEpochs, 332),
        (Parameter::EpochMs, 4_967_777),
        (Parameter::AnchorLateMs, 2 * 3_610_000),
        (Parameter::CollectEpochs, 239),
        (Parameter::DisputeEpochs, 49),
        (Parameter::PlantEpochs, 242),
    ] {
        assert!(one(parameter, value), "{parameter:?} {value}");
    }
}

/// No bound is one that nobody can come to: with others that go with it every one can be had.
#[test]
fn every_bound_can_be_had() {
    for row in TABLE {
        let judged = if row.parameter == Parameter::CollectEpochs { 1_998 } else { 2 };
        let shows = [Parameter::ShowMs, Parameter::AppealMs].contains(&row.parameter);
        let epoch = if shows { 604_800_000 } else { 10_000 };
        let others = [
            (Parameter::EpochMs, epoch),
            (Parameter::ShowMs, 60_000),
            (Parameter::AppealMs, 60_000),
            (Parameter::AuditUnit, 1_000_000_000_000_000_000_000_000),
            (Parameter::AuditShare, 500_000),
            (Parameter::AuditFee, 0),
            (Parameter::DrawFee, 0),
            (Parameter::PlantReward, 0),
            (Parameter::TimeStepMs, 1_000),
            (Parameter::UnbondMs, 31_536_000_000),
            (Parameter::AnchorLateMs, 1_209_720_000),
            (Parameter::CollectEpochs, 1),
            (Parameter::DisputeEpochs, judged),
            (Parameter::PlantEpochs, 2_000),
        ];
        let others = others.map(|(parameter, value)| (parameter.number(), value));
        for value in [row.bounds.0, row.bounds.1] {
            let mut values = ParameterValues(others.into());
            values.0.insert(row.parameter.number(), value);
            assert!(Parameters::of(&values).is_some(), "{} {value}", row.name);
        }
    }
}
