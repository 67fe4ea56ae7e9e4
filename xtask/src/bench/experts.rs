//! `cargo xtask bench experts`: what a mixture of experts costs beside a dense model whose every token reads as many weights.
//!
//! Files of one shape by seed: a dense one, mixtures of ever more experts of which a token goes to eight, and llama.cpp on
//! the largest of them. One thread, processor time; rounds go over all rows in turn, and the median counts. Shows, decides
//! nothing. Never part of `cargo test` or CI.

use std::path::{Path, PathBuf};

use import::gguf::TensorType;
use import::gguf::tiny::{Family, TinyModel};

use super::measure::{self, Clock, Shape};
use super::peer::{self, Isa};
use super::rows::median;
use super::{DEFAULT_ROUNDS, build_ours, conditions, target_folder};
use crate::Outcome;

/// Experts that a token goes to, and entries of an expert's gated row: those of Qwen 3 30B-A3B.
const USED: u32 = 8;
const HIDDEN: u32 = 768;
/// Experts of the mixtures.
const EXPERTS: [u32; 2] = [8, 64];
const SHAPES: [(&str, Shape); 3] = [
    ("decode 64 after 128", Shape::Decode { count: 64, after: 128 }),
    ("prefill 64", Shape::Prefill(64)),
    ("prefill 512", Shape::Prefill(512)),
];

/// Makes what is missing, measures, prints the table.
pub(crate) fn run(root: &Path, words: &[&str]) -> Outcome<()> {
    let options = super::parse(words)?;
    let rounds = options.rounds.unwrap_or(DEFAULT_ROUNDS);
    let folder = target_folder(root)?;
    let ours = build_ours(root, &folder)?;
    let peers = folder.join("peers");
    let peer = peer::prepare(root, &peers, options.model.as_deref(), &[Isa::Native])?;
    let driver = peer.driver(Isa::Native);
    let mut rows: Vec<(String, PathBuf, bool)> = vec![("dense".to_owned(), file(&peers, 0)?, true)];
    for experts in EXPERTS {
        rows.push((format!("{USED} of {experts}"), file(&peers, experts)?, true));
    }
    let last = file(&peers, EXPERTS[EXPERTS.len() - 1])?;
    rows.push((format!("{USED} of {}, llama.cpp", EXPERTS[EXPERTS.len() - 1]), last, false));
    println!("{}", conditions(rounds));
    println!("| tokens/s | {} |", SHAPES.map(|(name, _)| name).join(" | "));
    println!("|---|---|---|---|");
    let mut found = vec![SHAPES.map(|_| Vec::new()); rows.len()];
    for _ in 0..rounds {
        for ((_, file, by_us), found) in rows.iter().zip(&mut found) {
            for ((_, shape), found) in SHAPES.iter().zip(found) {
                let seconds = match by_us {
                    true => measure::ours(&ours, file, Isa::Native, *shape, 1, Clock::Cpu)?,
                    false => measure::theirs(&driver, file, true, *shape, 1, Clock::Cpu)?,
                };
                found.push(f64::from(shape.tokens()) / seconds);
            }
        }
    }
    for ((name, ..), found) in rows.iter().zip(&found) {
        let cells = found.each_ref().map(|rates| format!("{:.1}", median(rates).unwrap_or(0.0)));
        println!("| {name} | {} |", cells.join(" | "));
    }
    Ok(())
}

/// Two layers of Qwen 3 30B-A3B's shape in Q8_0, with so many experts; 0: dense, with as many weights for each token.
fn file(folder: &Path, experts: u32) -> Outcome<PathBuf> {
    let path = folder.join(format!("experts-{experts}.gguf"));
    let dense = TinyModel {
        layers: 2,
        width: 2048,
        heads: 32,
        kv_heads: 4,
        head_width: Some(128),
        feed_forward: USED * HIDDEN,
        context: 2048,
        vocabulary: 4096,
        matrices: TensorType::Q8_0,
        ..TinyModel::of(Family::Qwen3, 1)
    };
    let model = match experts {
        0 => dense,
        _ => TinyModel {
            family: Family::Qwen3Moe,
            experts,
            experts_used: USED,
            feed_forward: HIDDEN,
            ..dense
        },
    };
    peer::once(&path, |made| {
        std::fs::write(made, model.write()).map_err(|error| format!("{}: {error}", made.display()))
    })?;
    Ok(path)
}
