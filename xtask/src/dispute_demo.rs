//! `cargo xtask dispute-demo`: one dispute, move by move, down to the tile that the referee executes.
//!
//! The model is tiny and the lie is drawn from the seed; filing, moves, proofs and referee are the real
//! ones. Without a seed, the first game is shown in which a tile was tampered with and the whole way is gone.

use std::fmt::Write as _;

use dispute::sides::cheats::{Game, play, watched};
use dispute::{Asked, Claimed, Dispute, Fault, FaultKind, Move, Party, Verdict};

use crate::Outcome;

/// Seeds that are looked through for a game worth showing.
const SEEDS: u64 = 1_000;
/// A game of so many moves goes down the log first.
const MOVES_WORTH_SHOWING: u32 = 11;

pub(crate) fn run(options: &[&str]) -> Outcome<()> {
    let seed = match options {
        [] => (0..SEEDS).find(|seed| worth_showing(*seed)).ok_or("no game is worth showing")?,
        ["--seed", seed] => seed.parse().map_err(|_| format!("{seed:?} is no whole number"))?,
        _ => return Err("usage: cargo xtask dispute-demo [--seed N]".into()),
    };
    let mut moves = 0;
    let game = watched(seed, &mut |dispute, party, bytes| {
        if moves == 0 {
            println!("{}", subject(dispute));
        }
        moves += 1;
        println!("{moves:>2}. {}", step(dispute, party, bytes));
    });
    let game = game.map_err(|broken| broken.to_string())?;
    let game = game.ok_or_else(|| format!("seed {seed}: its lie happens to be none"))?;
    println!("\n{}", end(&game, seed));
    Ok(())
}

fn worth_showing(seed: u64) -> bool {
    let Ok(Some(game)) = play(seed) else { return false };
    let Some(Verdict::ClaimantRefuted(fault)) = game.played.verdict else { return false };
    let wrong_tile = fault.kind == FaultKind::Output && game.lie.starts_with("Tile");
    wrong_tile && game.played.moves >= MOVES_WORTH_SHOWING
}

fn subject(dispute: &Dispute<'_>) -> String {
    let subject = dispute.subject();
    let claimed = match subject.claimed {
        Claimed::Token(token) => format!("token {token}"),
        Claimed::Fault(op) => format!("a fault in op {}", op.0),
    };
    format!(
        "The worker says that after {} tokens comes {claimed}. Somebody says no.\n",
        subject.positions
    )
}

/// A move: what was asked, what was said.
fn step(dispute: &Dispute<'_>, party: Party, bytes: &[u8]) -> String {
    let who = match party {
        Party::Claimant => "worker    ",
        Party::Challenger => "challenger",
    };
    let asked = dispute.asked().map(|asked| question(&asked)).unwrap_or_default();
    let said = Move::decode(bytes).map_or_else(|_| "nonsense".into(), |made| words(&made));
    format!("{who} {asked:<52} {said} ({} bytes)", bytes.len())
}

fn question(asked: &Asked<'_>) -> String {
    match asked {
        Asked::Root { entries } => format!("root of your log of {entries} layer boundaries?"),
        Asked::OwnRoot { .. } => "your own root?".into(),
        Asked::Children { at, .. } => {
            format!("what stands below entries {}..{}?", at.start, at.end())
        }
        Asked::NameChild { revealed, .. } => {
            format!("first wrong one of {} subtrees?", revealed.hashes.len())
        }
        Asked::Ops { block } => format!("what did the ops of block {block} make?"),
        Asked::NameOp { block, roots } => {
            format!("first wrong one of block {block}'s {} ops?", roots.len())
        }
        Asked::Parts { op, .. } => format!("how did op {} come about?", op.0),
        Asked::NamePart { op, parts, .. } => {
            let parts = parts.children.len() + parts.leaves.len();
            format!("first wrong one of op {}'s {parts} parts?", op.0)
        }
        Asked::Open { op, tile, .. } => format!("what did tile {tile} of op {} make?", op.0),
        Asked::Prove { op, tile, .. } => format!("what does tile {tile} of op {} read?", op.0),
    }
}

fn words(made: &Move) -> String {
    match made {
        Move::Root(root) => hash(root),
        Move::OwnRoot { entries, root } => format!("{} over {entries}", hash(root)),
        Move::Children(hashes) => format!("{} hashes", hashes.len()),
        Move::Name(which) => format!("number {which}"),
        Move::Ops { roots, .. } => format!("{} value roots", roots.len()),
        Move::Parts(parts) => {
            format!("{} subtrees of tiles, {} leaves", parts.children.len(), parts.leaves.len())
        }
        Move::Open(opened) => format!("{} bytes", opened.bytes.len()),
        Move::Operands(operands) => format!("{} operands, each with its proof", operands.len()),
        Move::Blind(_) => "the job's blind: that salt is not made of it".into(),
    }
}

fn hash(hash: &[u8; 32]) -> String {
    let mut text = String::new();
    for byte in &hash[..6] {
        let _ = write!(text, "{byte:02x}");
    }
    text + "..."
}

fn end(game: &Game, seed: u64) -> String {
    let lie = format!("(seed {seed}: the {} lied: {})", side(game.liar), game.lie);
    match game.played.verdict {
        Some(Verdict::ClaimantRefuted(Fault { position, op, tile, kind })) => format!(
            "The referee executes tile {tile} of op {} at position {position}: {kind:?}. The worker is refuted, by proof.\n{lie}",
            op.0
        ),
        Some(Verdict::ChallengerRefuted) => format!(
            "The referee executes the tile: it is what the worker said. The challenge was false.\n{lie}"
        ),
        Some(Verdict::ClaimantTimedOut) => {
            format!("The worker is silent. It loses its bond; nothing is proved of it.\n{lie}")
        }
        Some(Verdict::ChallengerTimedOut) => {
            format!("The challenger is silent. The answer stands.\n{lie}")
        }
        None => format!("It is not over.\n{lie}"),
    }
}

fn side(party: Party) -> &'static str {
    match party {
        Party::Claimant => "worker",
        Party::Challenger => "challenger",
    }
}
