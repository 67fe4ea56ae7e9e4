//! The grids of `spec/program.md` section 5 as they are: of every stage the last tile's operands, in order, frozen.
//!
//! `grids.txt` was held against the text line by line when it was written; whoever changes it changes what a referee
//! executes, which takes a new version.

use canon::Format;
use program::Checked;
use program::site::Source;
use program::tile::{At, Operand, Tile};
use program::tiny::Shape;
use std::fmt::Write;

/// Rows of two and three chunks, heads across leaves, three pages of rows, two of tokens, two chunks of ids.
fn shape() -> Shape {
    Shape {
        width: 1120,
        hidden: 2080,
        head_width: 96,
        heads: 12,
        layers: 1,
        vocabulary: 5000,
        context_max: 1200,
        format: Format::Q8_0,
        bias: true,
        head_norm: true,
        hadamard: true,
        soft_cap: true,
        ..Shape::default()
    }
}

fn from(source: Source) -> String {
    match source {
        Source::Token => "token".to_owned(),
        Source::Op { op, boundary } => {
            format!("op {}{}", op.0, if boundary { ", the block's input" } else { "" })
        }
    }
}

fn said(operand: &Operand) -> String {
    match operand {
        Operand::Token => "token".to_owned(),
        Operand::Entries { from: source, entries } => {
            format!("entries {entries:?} of {}", from(*source))
        }
        Operand::Exponent { from: source } => format!("exponent of {}", from(*source)),
        Operand::Weights { rows, inputs, .. } => format!("weights {rows:?} x {inputs:?}"),
        Operand::Units { rows, .. } => format!("units {rows:?}"),
        Operand::Page { from: source, head, positions } => {
            format!("rows {positions:?} of head {head} of {}", from(*source))
        }
        Operand::Edge { head } => format!("edge of head {head}"),
        Operand::Tokens { positions } => format!("tokens {positions:?}"),
        Operand::Sampling => "parameters".to_owned(),
        Operand::Biases => "biases".to_owned(),
        Operand::Outputs { stage, tiles } => format!("outputs {tiles:?} of stage {stage}"),
    }
}

#[test]
fn grids_are_those_written_down() {
    let checked = Checked::new(shape().program()).unwrap();
    let at = At { position: 1100, token: 4999 };
    let mut found = String::new();
    for site in checked.sites() {
        for (number, stage) in (0..).zip(site.stages(at)) {
            let tile = Tile { stage: number, index: stage.tiles - 1 };
            let operands: Vec<String> = site.operands(at, tile).unwrap().iter().map(said).collect();
            let (op, name, tiles) = (site.op.name(), stage.name, stage.tiles);
            let index = site.index.0;
            writeln!(
                found,
                "{index} {op}, {number} {name}, {tiles} tiles: {}",
                operands.join("; ")
            )
            .unwrap();
        }
    }
    let (_, frozen) = include_str!("grids.txt").split_once('\n').unwrap();
    assert!(found == frozen, "the file should have, below its first line,\n{found}");
}
