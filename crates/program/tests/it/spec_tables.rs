//! The tables of the normative text say what the code does: op numbers, formats and kinds, limits, stages.
//!
//! Each table is read out of the text and compared whole, so that a row too many or too few on either side is
//! found. (`sizes` compares the table of section 7.)

use canon::Format;
use program::limits::*;
use program::ops::Op;
use program::tile::{At, CHUNK, PAGE, TILE_BYTES_MAX, TILE_ROWS};
use program::tiny::Shape;
use program::{Checked, InputKind};
use std::collections::BTreeMap;

fn text(file: &str) -> String {
    let path = format!("{}/../../spec/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// The rows of the table that begins with this line, its head and rule left out.
fn table(text: &str, head: &str) -> Vec<Vec<String>> {
    let mut lines = text.lines().skip_while(|line| *line != head);
    assert!(lines.next().is_some(), "no table {head}");
    assert!(lines.next().is_some_and(|line| line.starts_with("|---")), "no table {head}");
    let rows = lines.take_while(|line| line.starts_with('|'));
    // A `|` inside a cell is escaped, and in none of these tables.
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// The numbers of a cell, as `32,768`, `2^22` or `2^30 - 1` write them, without signs.
fn numbers(cell: &str) -> Vec<u64> {
    let mut found: Vec<u64> = Vec::new();
    let words = cell.replace("..", " ").replace(';', " ").replace(", ", " ");
    let words: Vec<&str> = words.split_whitespace().collect();
    for (at, word) in words.iter().enumerate() {
        let plain = word.replace(',', "");
        let plain = plain.trim_start_matches('-');
        let number = match plain.split_once('^') {
            Some((base, power)) => {
                base.parse::<u64>().and_then(|base| power.parse().map(|power: u32| base.pow(power)))
            }
            None => plain.parse(),
        };
        let Ok(number) = number else { continue };
        if at > 0 && words[at - 1] == "-" {
            *found.last_mut().unwrap() -= number;
        } else {
            found.push(number);
        }
    }
    found
}

/// Every op there is, by number; with its stages by name, each once, in order.
fn ops() -> BTreeMap<u16, (&'static str, Vec<&'static str>)> {
    let mut ops: BTreeMap<u16, (&str, Vec<&str>)> = BTreeMap::new();
    for (_, shape) in Shape::variants() {
        let checked = Checked::new(shape.program()).unwrap();
        for site in checked.sites() {
            let op: &Op = site.op;
            let (_, names) = ops.entry(op.number()).or_insert((op.name(), Vec::new()));
            for stage in site.stages(At { position: shape.context_max - 1, token: 0 }) {
                if !names.contains(&stage.name) {
                    names.push(stage.name);
                }
            }
        }
    }
    ops
}

#[test]
fn ops_have_the_numbers_of_the_text() {
    let rows = table(&text("program.md"), "| no | op | fields | reads -> makes |");
    let said: Vec<(u16, String)> =
        rows.iter().map(|row| (row[0].parse().unwrap(), row[1].clone())).collect();
    let found: Vec<_> =
        ops().into_iter().map(|(number, (name, _))| (number, name.to_owned())).collect();
    assert_eq!(said, found);
    assert!(rows[11][3].contains(&format!("a power of two in 2..={CHUNK}")));
    assert_eq!(CAP_MAX, (1 << 30) - 1);
    assert!(rows[12][3].contains("1 <= c < 2^30"));
}

#[test]
fn ops_have_the_stages_of_the_text() {
    let rows = table(&text("program.md"), "| op | stage | tiles | operands | makes |");
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current = Vec::new();
    for row in &rows {
        if !row[0].is_empty() {
            current = row[0].split(", ").map(str::to_owned).collect();
        }
        let stages = row[1].split(':').next().unwrap();
        let stages = stages.split(", ").filter(|name| !name.is_empty()).map(str::to_owned);
        let stages: Vec<String> = stages.collect();
        for op in &current {
            said.entry(op.clone()).or_default().extend(stages.iter().cloned());
        }
    }
    let found = ops().into_values().map(|(op, stages)| {
        // An op of one stage that has no name of its own in the text.
        let unnamed = said.get(op).is_some_and(Vec::is_empty) && stages.len() == 1;
        let stages = if unnamed { Vec::new() } else { stages };
        (op.to_owned(), stages.into_iter().map(str::to_owned).collect())
    });
    let found: BTreeMap<String, Vec<String>> = found.collect();
    assert_eq!(said, found);
    let text = text("program.md");
    for sentence in [
        format!("`chunk` is {},{:03} consecutive entries", CHUNK / 1000, CHUNK % 1000),
        format!("A page is {PAGE} positions"),
        format!("takes at most {} KiB", TILE_BYTES_MAX >> 10),
        format!("| sum | {TILE_ROWS} rows x chunk of inputs |"),
    ] {
        assert!(text.contains(&sentence), "the text does not say: {sentence}");
    }
}

#[test]
fn limits_are_those_of_the_text() {
    let count = |count: usize| u64::try_from(count).unwrap();
    let exponent = u64::from(SCALE_EXPONENT_MAX.unsigned_abs());
    let cap = u64::from(CAP_MAX);
    let ours: Vec<(&str, Vec<u64>)> = vec![
        ("encoded bytes", vec![count(ENCODED_BYTES_MAX)]),
        ("ops of a template", vec![count(OPS_MAX)]),
        ("tensors", vec![count(TENSORS_MAX)]),
        (
            "tensor slots, attribute slots",
            vec![count(TENSOR_SLOTS_MAX), count(ATTRIBUTE_SLOTS_MAX)],
        ),
        ("bytes of a name", vec![1, count(NAME_BYTES_MAX)]),
        ("width, columns, outputs of a matmul", vec![WIDTH_MAX.into()]),
        ("files of a package, bytes of a file", vec![FILES_MAX.into(), FILE_BYTES_MAX]),
        ("V; L", vec![VOCABULARY_MAX.into(), CONTEXT_MAX.into()]),
        ("rope tables, pairs of one", vec![count(ROPE_TABLES_MAX), u64::from(HEAD_WIDTH_MAX) / 2]),
        ("D", vec![count(canon::BLOCK), HEAD_WIDTH_MAX.into()]),
        ("groups; layers of all groups", vec![count(GROUPS_MAX), count(LAYERS_MAX)]),
        ("heads", vec![HEADS_MAX.into()]),
        ("frac", vec![0, FRAC_MAX.into()]),
        ("eps; a cap", vec![1, 1, cap]),
        ("scale, its exponent", vec![1 << 14, (1 << 15) - 1, exponent, exponent]),
        ("multiply-adds of a position at L", vec![MULTIPLY_ADDS_MAX]),
        ("weight bytes read for a position", vec![WEIGHT_BYTES_MAX]),
        ("KV bytes, workspace bytes of a position", vec![KV_BYTES_MAX, WORKSPACE_BYTES_MAX]),
    ];
    let rows = table(&text("program.md"), "| limit | value | limit | value |");
    let pairs = rows.iter().flat_map(|row| row.chunks(2));
    let said: BTreeMap<&str, Vec<u64>> =
        pairs.map(|pair| (pair[0].as_str(), numbers(&pair[1]))).collect();
    assert_eq!(said, ours.into_iter().collect());
}

#[test]
fn formats_and_kinds_have_the_numbers_of_the_text() {
    let text = text("program.md");
    let known = (0..=u8::MAX).filter_map(Format::from_number);
    let formats: Vec<String> =
        known.map(|format| format!("{} {}", format.name(), format.number())).collect();
    assert!(text.contains(&format!("Formats: {}.", formats.join(", "))), "{formats:?}");
    let kinds = InputKind::ALL.map(|kind| format!("{kind:?} {}", kind.number())).join(", ");
    assert!(text.contains(&format!("kind u8 ({kinds})")), "{kinds}");
}

#[test]
fn the_limit_of_rows_is_that_of_the_text() {
    let rows = table(&text("arithmetic.md"), "| name | meaning |");
    let limit = rows.iter().find(|row| row[0] == "`LIMIT`").unwrap();
    let said = limit[1].split('.').next().unwrap();
    assert_eq!(numbers(said), [u64::try_from(canon::LIMIT).unwrap()]);
}
