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
pub(crate) const APART: [(Parameter, u128); 26] = [
    (Parameter::UnbondMs, 1_209_599_999),
    (Parameter::UnbondLeast, 1_209_600_001),
    (Parameter::UnbondLeast, 9 * 3_610_000 - 1),
    (Parameter::DisputeEpochs, 333),
    (Parameter::EpochMs, 4_967_778),
    (Parameter::AnchorLateMs, 2 * 3_610_000 - 1),
    (Parameter::CollectEpochs, 240),
    (Parameter::DisputeEpochs, 195),
    (Parameter::CommitMs, 61_200_001),
    (Parameter::RevealMs, 86_400_001),
    (Parameter::MoveMs, 100_800_001),
    (Parameter::VoteMs, 604_800_000),
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
    (Parameter::SilenceFee, 450_681),
    (Parameter::PlantPay, 553_691),
    (Parameter::FeeWork, 75),
    (Parameter::FeeState, 873),
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
        (Parameter::UnbondMs, 1_209_600_000),
        (Parameter::UnbondLeast, 9 * 3_610_000),
        (Parameter::DisputeEpochs, 332),
        (Parameter::EpochMs, 4_967_777),
        (Parameter::AnchorLateMs, 2 * 3_610_000),
        (Parameter::CollectEpochs, 239),
        (Parameter::DisputeEpochs, 196),
        (Parameter::PlantEpochs, 242),
        (Parameter::CommitMs, 61_200_000),
        (Parameter::RevealMs, 86_400_000),
        (Parameter::MoveMs, 100_800_000),
        (Parameter::VoteMs, 604_799_999),
        (Parameter::TimelockMs, 432_000_001),
        (Parameter::SilenceFee, 450_680),
        (Parameter::PlantPay, 553_690),
        (Parameter::FeeByte, 0),
        (Parameter::FeeWork, 76),
        (Parameter::FeeState, 874),
    ] {
        assert!(one(parameter, value), "{parameter:?} {value}");
    }
}

/// However seldom blocks come, an epoch has some, and all that an audit can take is over before a date is.
#[test]
fn an_epoch_has_some_blocks_and_audits_end_in_time() {
    let one = |epoch, judged, show| {
        let values = [
            (Parameter::EpochMs, epoch),
            (Parameter::DisputeEpochs, judged),
            (Parameter::CollectEpochs, 2),
            (Parameter::ShowMs, show),
            (Parameter::AppealMs, 60_000),
            (Parameter::CommitMs, 60_000),
            (Parameter::RevealMs, 60_000),
            (Parameter::MoveMs, 60_000),
        ];
        let values = values.map(|(parameter, value)| (parameter.number(), value));
        Parameters::of(&ParameterValues(values.into())).is_some()
    };
    for (epoch, judged, show, is) in [
        (40_000, 240, 60_000, true),
        (39_999, 240, 60_000, false),
        (540_000, 6, 60_000, true),
        (540_000, 7, 60_000, true),
        (540_000, 6, 60_001, false),
        (539_999, 6, 60_000, false),
        (539_999, 7, 60_000, false),
        (270_000, 8, 60_000, true),
    ] {
        assert_eq!(one(epoch, judged, show), is, "{epoch} {judged} {show}");
    }
}

/// How long an epoch has to be, and how many of them are judged, where a parameter, or one bound of it, needs others.
const BESIDE: [(Parameter, Option<u128>, (u128, u128)); 10] = [
    (Parameter::CollectEpochs, None, (1_000_000, 1_998)),
    (Parameter::ShowMs, None, (604_800_000, 30)),
    (Parameter::AppealMs, None, (604_800_000, 30)),
    (Parameter::CommitMs, None, (604_800_000, 30)),
    (Parameter::RevealMs, None, (604_800_000, 30)),
    (Parameter::MoveMs, None, (604_800_000, 30)),
    (Parameter::UnbondMs, None, (10_000, 112)),
    (Parameter::UnbondLeast, None, (10_000, 112)),
    (Parameter::AnchorLateMs, None, (10_000, 112)),
    (Parameter::EpochMs, Some(10_000), (10_000, 112)),
];

/// No bound is one that nobody can come to: with others that go with it every one can be had.
#[test]
fn every_bound_can_be_had() {
    for row in TABLE {
        for value in [row.bounds.0, row.bounds.1] {
            let is = |(parameter, bound, _): &&(Parameter, Option<u128>, _)| {
                *parameter == row.parameter && bound.is_none_or(|bound| bound == value)
            };
            let (epoch, judged) = BESIDE.iter().find(is).map_or((1_000_000, 6), |found| found.2);
            let leaves = row.parameter == Parameter::UnbondMs;
            let least = if leaves { value } else { 31_536_000_000 };
            let others = [
                (Parameter::EpochMs, epoch),
                (Parameter::ShowMs, 60_000),
                (Parameter::AppealMs, 60_000),
                (Parameter::CommitMs, 60_000),
                (Parameter::RevealMs, 60_000),
                (Parameter::MoveMs, 60_000),
                (Parameter::VoteMs, 10_000),
                (Parameter::TimelockMs, 3_024_000_000),
                (Parameter::AuditUnit, 1_000_000_000_000_000_000_000_000),
                (Parameter::AuditShare, 500_000),
                (Parameter::AuditFee, 0),
                (Parameter::DrawFee, 0),
                (Parameter::PlantReward, 0),
                (Parameter::FeeByte, 1_000_000_000),
                (Parameter::FeeWork, 1_000_000_000_000),
                (Parameter::FeeState, 1_000_000_000_000),
                (Parameter::SilenceFee, 0),
                (Parameter::PlantPay, 0),
                (Parameter::TimeStepMs, 1_000),
                (Parameter::UnbondMs, 31_536_000_000),
                (Parameter::UnbondLeast, least),
                (Parameter::AnchorLateMs, 1_209_720_000),
                (Parameter::CollectEpochs, 2),
                (Parameter::DisputeEpochs, judged),
                (Parameter::PlantEpochs, 2_000),
            ];
            let others = others.map(|(parameter, value)| (parameter.number(), value));
            let mut values = ParameterValues(others.into());
            values.0.insert(row.parameter.number(), value);
            assert!(Parameters::of(&values).is_some(), "{} {value}", row.name);
        }
    }
}

/// Stake is there for as long as what was dated meanwhile is judged, and for the least time that the genesis says.
#[test]
fn unbonding_takes_the_longer_of_two() {
    let goes = |unbond, least| {
        let values = [(Parameter::UnbondMs, unbond), (Parameter::UnbondLeast, least)];
        let values = values.map(|(parameter, value)| (parameter.number(), value));
        Parameters::of(&ParameterValues(values.into())).is_some()
    };
    let judged = 243 * 3_610_000;
    for (unbond, least, is) in [
        (judged, 2_000_000_000, false),
        (judged - 1, 100_000_000, false),
        (judged, 100_000_000, true),
        (2_000_000_000, 2_000_000_000, true),
        (1_999_999_999, 2_000_000_000, false),
    ] {
        assert_eq!(goes(unbond, least), is, "{unbond} {least}");
    }
}

/// Whatever else goes with it: who follows the network from an old header knows the genesis alone.
#[test]
fn the_least_time_of_unbonding_is_no_votes_to_set() {
    let held = Parameters::of(&Default::default()).unwrap();
    let number = Parameter::UnbondLeast.number();
    for value in [1_209_600_000, 1_209_599_999, 100_000_000] {
        assert_eq!(held.with(number, value), None, "{value}");
        assert!(Parameters::of(&ParameterValues([(number, value)].into())).is_some());
    }
}
