//! The tiles of sample put together choose the token that the whole op chooses.

use crate::tiles::committer;
use canon::reference;
use canon::sample::{History, Micro, Parameters, Sampling, Settings, noise};
use program::record::{Record, assemble};
use program::reference::Weights;
use program::tile::{Choice, Data, EvalError};
use program::tiny::Shape;
use program::{Checked, Op, Type};

fn neutral() -> Settings {
    Settings {
        temperature: Micro::ONE,
        top_k: 0,
        top_p: Micro::ONE,
        min_p: Micro::ZERO,
        repetition: Micro::ONE,
        presence: Micro::ZERO,
        frequency: Micro::ZERO,
        bias: Vec::new(),
        grammar: None,
    }
}

/// Settings that meet every step, alone and together.
fn settings(vocabulary: u32) -> Vec<Settings> {
    let micro = Micro::new;
    let bias = vec![(0, micro(1_500_000)), (7, micro(-3)), (vocabulary - 1, micro(100_000_000))];
    vec![
        neutral(),
        Settings { temperature: Micro::ZERO, ..neutral() },
        Settings { temperature: Micro::ZERO, top_k: 3, min_p: Micro::ONE, ..neutral() },
        Settings { temperature: micro(10_000), ..neutral() },
        Settings { temperature: micro(100_000_000), ..neutral() },
        Settings { top_k: 1, ..neutral() },
        Settings { top_k: 17, ..neutral() },
        Settings { top_k: 1 << 20, ..neutral() },
        Settings { top_p: Micro::ZERO, ..neutral() },
        Settings { top_p: micro(500_000), ..neutral() },
        Settings { min_p: micro(400_000), ..neutral() },
        Settings { min_p: Micro::ONE, ..neutral() },
        Settings { bias: bias.clone(), ..neutral() },
        Settings { repetition: micro(3_000_000), temperature: Micro::ZERO, ..neutral() },
        Settings { presence: micro(2_000_000), frequency: micro(-700_000), ..neutral() },
        Settings {
            temperature: micro(1_700_000),
            top_k: 30,
            top_p: micro(900_000),
            min_p: micro(20_000),
            repetition: micro(1_100_000),
            presence: micro(300_000),
            frequency: micro(250_000),
            bias,
            grammar: None,
        },
    ]
}

fn check(
    shape: &Shape,
    file: fn(&Shape) -> Vec<u8>,
    tokens: &[u32],
    prompt: u32,
    settings: Vec<Settings>,
    choices: u32,
) {
    let checked = Checked::new(shape.program()).unwrap();
    let file = file(shape);
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let mut record = Record::of(&weights, tokens, prompt).unwrap();
    let site = checked.sites().find(|site| matches!(site.op, Op::Sample(_))).unwrap();
    let logits_site = checked.sites().find(|site| matches!(site.op, Op::Logits(_))).unwrap();
    let Type::Logits(row) = logits_site.output() else { panic!("logits are logits") };
    let position = u32::try_from(tokens.len() - 1).unwrap();
    let program::reference::Cell::Logits(logits) =
        record.cell(position, logits_site.index).unwrap().clone()
    else {
        panic!("logits are logits")
    };
    let mut history = History::new();
    for (position, token) in (0..).zip(tokens) {
        if position < prompt { history.prompt(*token) } else { history.output(*token) }
    }
    let mut chosen = std::collections::BTreeSet::new();
    for settings in settings {
        let parameters = Parameters::new(settings).unwrap();
        for choice in 0..choices {
            let seed = [3; 32];
            let noise = noise(&seed, choice, u64::from(position) + 1);
            let sampling =
                Sampling::new(&logits, row.frac, &parameters, &history, None, noise).unwrap();
            let wanted = reference::sample(&sampling).unwrap().id;
            let parameters = parameters.clone();
            record = record.with_choice(Choice { parameters, seed, choice, prompt });
            let committer = committer();
            let tiles = record.tiles(&site, record.at(position), &committer).unwrap();
            let made = assemble(site.output(), &tiles);
            assert_eq!(
                made,
                Some(vec![Data::Token(wanted)]),
                "{:?} {choice}",
                sampling_name(&record)
            );
            chosen.insert(wanted);
        }
    }
    assert!(chosen.len() > 2, "one token whatever the settings proves nothing");
}

fn sampling_name(record: &Record<'_>) -> String {
    format!("{record:?}").split("choice: ").last().unwrap_or_default().to_owned()
}

#[test]
fn tiles_choose_what_the_op_chooses() {
    let tokens = [3, 49, 3, 3, 7, 21, 7, 7, 0];
    check(&Shape::default(), Shape::weights, &tokens, 5, settings(50), 8);
    // Three chunks of ids.
    let shape = Shape { vocabulary: 9000, layers: 1, ..Shape::default() };
    check(&shape, Shape::weights, &[5000, 8999, 5000, 1], 2, settings(9000), 1);
}

/// The greatest logit and the last of top-k and top-p are each shared by ten ids: the lower id comes first.
#[test]
fn ties_go_to_the_lower_id() {
    let tied = |shape: &Shape| {
        let mut file = shape.weights();
        let output = shape.program().tensors.pop().unwrap();
        let row = usize::try_from(output.row_bytes()).unwrap();
        let start = usize::try_from(output.location.offset).unwrap();
        for id in 5..50 {
            let like = start + id % 5 * row;
            file.copy_within(like..like + row, start + id * row);
        }
        file
    };
    let plain = settings(50).into_iter().filter(|settings| settings.bias.is_empty());
    let shares = (1..20).map(|k| Settings { top_k: k, ..neutral() });
    let parts = (1..10).map(|p| Settings { top_p: Micro::new(p * 100_000), ..neutral() });
    check(&Shape::default(), tied, &[3, 49, 7], 3, plain.chain(shares).chain(parts).collect(), 4);
}

/// Two pages of tokens, and more chunks of ids than one tile adds.
#[test]
fn long_histories_and_great_vocabularies() {
    let shape = Shape {
        width: 32,
        hidden: 32,
        layers: 1,
        heads: 1,
        kv_heads: 1,
        context_max: 2048,
        ..Shape::default()
    };
    let tokens: Vec<u32> = (0..1030).map(|i| i * i % 50).collect();
    check(&shape, Shape::weights, &tokens, 1000, settings(50), 1);
    let shape = Shape { vocabulary: 270_000, tied: true, ..shape };
    check(&shape, Shape::weights, &[269_999, 4, 4], 1, settings(270_000).split_off(13), 1);
}

#[test]
fn a_grammar_is_for_replay() {
    let shape = Shape::default();
    let checked = Checked::new(shape.program()).unwrap();
    let file = shape.weights();
    let weights = Weights::load(&checked, &[&file]).unwrap();
    let grammar = Settings { grammar: Some([1; 32]), ..neutral() };
    let parameters = Parameters::new(grammar).unwrap();
    let choice = Choice { parameters, seed: [0; 32], choice: 0, prompt: 1 };
    let record = Record::of(&weights, &[1], 1).unwrap().with_choice(choice);
    let site = checked.sites().last().unwrap();
    let made = record.tiles(&site, record.at(0), &committer());
    assert_eq!(made, Err(EvalError::Grammar));
}
