//! Every tile's operands and proofs fit 64 KiB, and the table says how far.

use canon::Format;
use program::Checked;
use program::tile::{At, TILE_BYTES_MAX, Tile};
use program::tiny::Shape;
use program::tiny::sizes::{limits, llama_8b, llama_70b, smollm2, worst};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::RangeInclusive;

/// A shape's program with the input form and format that make its tiles greatest, besides a usual one.
fn shapes() -> Vec<(&'static str, Shape)> {
    let mixed = Shape {
        width: 2048,
        hidden: 768,
        layers: 48,
        kv_heads: 4,
        vocabulary: 151_936,
        context_max: 32_768,
        head_norm: true,
        experts: 128,
        ..llama_8b()
    };
    let joined =
        |shape: &Shape| Shape { scale: true, gelu: true, attention_cap: true, ..shape.clone() };
    let limits = limits();
    vec![
        ("SmolLM2-135M/8k Q4_1", smollm2(8192)),
        ("8B/8k Q8_0", llama_8b()),
        ("8B/8k Q4_1", Shape { format: Format::Q4_1, ..llama_8b() }),
        ("8B/8k F16", Shape { format: Format::F16, ..llama_8b() }),
        ("8B/8k F32, A16", worst(&llama_8b())),
        ("70B/32k Q8_0", llama_70b()),
        ("70B/32k F32, A16", worst(&llama_70b())),
        (
            "70B/32k F32, A16, heads of 256",
            Shape { heads: 32, kv_heads: 4, head_width: 256, rotary: 256, ..worst(&llama_70b()) },
        ),
        ("at the limits", limits.clone()),
        ("8B/8k, joined", joined(&worst(&llama_8b()))),
        ("70B/32k, joined", joined(&worst(&llama_70b()))),
        ("at the limits, joined", joined(&limits)),
        ("30B/32k, 128 experts", mixed.clone()),
        (
            "235B/32k, 128 experts, F32, A16",
            Shape { width: 4096, hidden: 1536, layers: 94, heads: 64, ..worst(&mixed) },
        ),
        (
            "at the limits, experts",
            Shape { width: 4096, hidden: 4096, experts: 256, ..limits.clone() },
        ),
        (
            "at the limits, heads of 32",
            Shape { heads: 1024, kv_heads: 1024, head_width: 32, rotary: 32, ..limits },
        ),
    ]
}

/// The greatest operand and proof bytes of a kind of tile.
struct Row {
    op: (u16, &'static str),
    stage: &'static str,
    operand: u64,
    proof: u64,
}

/// Every kind of tile of a shape, in the order of op numbers and stages.
fn greatest(shape: &Shape) -> Vec<Row> {
    let checked = Checked::new(shape.program()).unwrap();
    let mut rows: Vec<Row> = Vec::new();
    // Positions where pages are full, partial, and where a tree's edge has the most hashes.
    let last = shape.context_max - 1;
    for site in checked.sites() {
        let op = (site.op.number(), site.op.name());
        for position in [last, last - 1, last / 2, 0] {
            let at = At { position, token: shape.vocabulary - 1 };
            for (number, stage) in (0..).zip(site.stages(at)) {
                let known = rows.iter().position(|row| row.op == op && row.stage == stage.name);
                let known = known.unwrap_or_else(|| {
                    rows.push(Row { op, stage: stage.name, operand: 0, proof: 0 });
                    rows.len() - 1
                });
                let ends = [0, 1, stage.tiles / 2, stage.tiles.saturating_sub(2), stage.tiles - 1];
                for index in ends.into_iter().filter(|index| *index < stage.tiles) {
                    let size = site.tile_size(at, Tile { stage: number, index }).unwrap();
                    let row = &mut rows[known];
                    if size.total() > row.operand + row.proof {
                        (row.operand, row.proof) = (size.operand, size.proof);
                    }
                }
            }
        }
    }
    rows.sort_by_key(|row| row.op.0);
    rows
}

/// Columns of the table in the spec; the other shapes are only bounded.
const SHOWN: [&str; 6] = [
    "SmolLM2-135M/8k Q4_1",
    "8B/8k Q8_0",
    "8B/8k F32, A16",
    "70B/32k Q8_0",
    "70B/32k F32, A16",
    "at the limits",
];

/// Columns of the table of ops that joined after the freeze.
const SHOWN_JOINED: [&str; 6] = [
    "8B/8k, joined",
    "70B/32k, joined",
    "at the limits, joined",
    "30B/32k, 128 experts",
    "235B/32k, 128 experts, F32, A16",
    "at the limits, experts",
];

#[test]
fn tiles_fit_64_kib() {
    // The greatest number of an op at the freeze.
    let frozen = 13;
    fit_64_kib(&SHOWN, 1..=frozen);
    fit_64_kib(&SHOWN_JOINED, frozen + 1..=u16::MAX);
}

/// Bounds every shape's tiles; the table of these columns and ops is the spec's.
#[allow(clippy::print_stdout, reason = "prints the table that the spec shall have")]
fn fit_64_kib(columns: &[&str], ops: RangeInclusive<u16>) {
    let mut head = ["| tile |".to_owned(), "|---|".to_owned()];
    let mut rows: BTreeMap<(u16, usize), (String, Vec<String>)> = BTreeMap::new();
    for (name, shape) in shapes() {
        let shown = columns.iter().position(|shown| *shown == name);
        if shown.is_some() {
            write!(head[0], " {name} |").unwrap();
            head[1].push_str("---|");
        }
        let mut last = (0, 0);
        for Row { op: (number, op), stage, operand, proof } in greatest(&shape) {
            let together = operand + proof;
            assert!(together <= TILE_BYTES_MAX, "{name}: {op} {stage} takes {together} bytes");
            last = (number, if last.0 == number { last.1 + 1 } else { 0 });
            if let Some(column) = shown
                && ops.contains(&number)
            {
                let row = rows.entry(last).or_insert_with(|| {
                    (format!("| {op}: {stage} |"), vec![" - |".to_owned(); columns.len()])
                });
                row.1[column] = format!(" {operand} + {proof} |");
            }
        }
    }
    let lines = rows.into_values().map(|(tile, cells)| tile + &cells.concat());
    let table = head.into_iter().chain(lines).collect::<Vec<_>>().join("\n");
    println!("{table}");
    // The spec's table is this one.
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/program.md");
    let spec = std::fs::read_to_string(spec).unwrap();
    assert!(spec.contains(&table), "spec/program.md has another table; this one is printed above");
}
