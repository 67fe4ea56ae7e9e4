//! `cargo xtask bench referee`: the worst step of a referee for each op, at shapes of great models.
//!
//! A step is what a validator does with a move that shows a tile's operands, from bytes alone: program, model, state and
//! move are read, every proof is followed, the tile is executed. Operands are made up (`dispute::sides::invented`), so no
//! weights are needed; what is executed is checked to have come to its end. In this process, in this profile. Never part
//! of `cargo test`: it needs a quiet machine.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dispute::sides::{Invented, invented};
use dispute::{Dispute, Fault, FaultKind, Model, Move, Party, Verdict};
use program::tile::{At, Tile};
use program::tiny::{Shape, sizes};
use program::{Checked, Place};

use crate::Outcome;

/// The model's id that invented steps have.
const MODEL: [u8; 32] = [1; 32];
/// The least of so many runs counts.
const RUNS: usize = 5;
const TARGET: Duration = Duration::from_millis(20);

/// What a step took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Took {
    all: Duration,
    program: Duration,
    state: Duration,
    step: Duration,
}

/// The worst step of an op.
struct Worst {
    took: Took,
    stage: &'static str,
    bytes: usize,
}

fn shapes() -> [(&'static str, Shape); 4] {
    [
        ("8B/8k", sizes::llama_8b()),
        ("8B/8k F32, A16", sizes::worst(&sizes::llama_8b())),
        ("70B/32k", sizes::llama_70b()),
        ("70B/32k F32, A16", sizes::worst(&sizes::llama_70b())),
    ]
}

/// Prints a table for each shape.
pub(crate) fn run() -> Outcome<()> {
    let mut greatest = Duration::ZERO;
    for (name, shape) in shapes() {
        let checked = Checked::new(shape.program()).map_err(|error| error.to_string())?;
        let program = checked.encode();
        let worst = worst(&checked, &program)?;
        println!("\n{name}: a program of {} bytes, {} ops", program.len(), checked.sites().count());
        println!("| op | worst tile | bytes of the move | program | state | move | in all |");
        println!("|---|---|---|---|---|---|---|");
        for (op, Worst { took, stage, bytes }) in &worst {
            let Took { all, program, state, step } = took;
            println!(
                "| {op} | {stage} | {bytes} | {program:.2?} | {state:.2?} | {step:.2?} | {all:.2?} |"
            );
            greatest = greatest.max(*all);
        }
    }
    println!("\ngreatest: {greatest:.2?} (target {TARGET:?})");
    match greatest <= TARGET {
        true => Ok(()),
        false => Err("the target was missed".to_owned()),
    }
}

/// Of the ops before the layers, of one layer and of those after them, at the last position.
fn worst(checked: &Checked, program: &[u8]) -> Outcome<BTreeMap<&'static str, Worst>> {
    let position = checked.program().context_max - 2;
    let at = At { position, token: 0 };
    let wanted = |place| !matches!(place, Place::Layer { layer, .. } if layer > 0);
    let mut worst: BTreeMap<&'static str, Worst> = BTreeMap::new();
    for site in checked.sites().filter(|site| wanted(site.place)) {
        for (number, stage) in (0..).zip(site.stages(at)) {
            for index in [0, stage.tiles / 2, stage.tiles.saturating_sub(1)] {
                let tile = Tile { stage: number, index };
                let what = format!("{}: {}, tile {index}", site.op.name(), stage.name);
                let made = invented(checked, site.index, at, tile)
                    .ok_or_else(|| format!("{what}: no step can be made up"))?;
                let took = least(&made, program).map_err(|why| format!("{what}: {why}"))?;
                let (stage, bytes) = (stage.name, made.operands.len());
                let here = Worst { took, stage, bytes };
                let before = worst.get(site.op.name()).map(|worst| worst.took);
                if before.is_none_or(|before| before < took) {
                    worst.insert(site.op.name(), here);
                }
            }
        }
    }
    Ok(worst)
}

fn least(made: &Invented, program: &[u8]) -> Outcome<Took> {
    let mut least: Option<Took> = None;
    for _ in 0..RUNS {
        let took = step(made, program)?;
        least = Some(least.map_or(took, |least| least.min(took)));
    }
    least.ok_or_else(|| "no run".to_owned())
}

fn step(made: &Invented, program: &[u8]) -> Outcome<Took> {
    let began = Instant::now();
    let checked = Checked::decode(program).map_err(|error| error.to_string())?;
    let model = Model::new(&checked, MODEL, made.files.clone(), made.units);
    let model = model.map_err(|error| error.to_string())?;
    let read = Instant::now();
    let mut referee =
        Dispute::decode(&model, made.network, &made.state).map_err(|error| error.to_string())?;
    let decoded = Instant::now();
    let operands = Move::decode(&made.operands).map_err(|error| error.to_string())?;
    referee.take(Party::Challenger, &operands, 0).map_err(|refusal| refusal.to_string())?;
    let ended = Instant::now();
    match referee.verdict() {
        Some(Verdict::ClaimantRefuted(Fault {
            kind: FaultKind::Output | FaultKind::ConcealedFault,
            ..
        })) => {}
        other => return Err(format!("not executed to its end: {other:?}")),
    }
    let (all, program) = (ended - began, read - began);
    Ok(Took { all, program, state: decoded - read, step: ended - decoded })
}
