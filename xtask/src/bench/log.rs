//! The part of `cargo xtask bench ledger` about a worker's log: a million receipts behind one root of 32 bytes.

use receipt::log::{Log, LogLeaf, grew, included};
use std::time::Instant;

use crate::Outcome;

const RECEIPTS: u64 = 1_000_000;
/// Leaves that the log had when it was anchored before.
const BEFORE: u64 = 990_000;
/// Every so manyth place is proved.
const STEP: usize = 9_973;
/// A bundle has 8 KiB; its log's proof may take an eighth of it.
const TARGET_PROOF_BYTES: usize = 1_024;

/// Makes the log, proves places and growth, prints a line.
pub(crate) fn run() -> Outcome<()> {
    let began = Instant::now();
    let mut log = Log::default();
    for at in 0..RECEIPTS {
        log.append(&leaf(at));
    }
    let (root, made) = (log.root(), began.elapsed());
    let began = Instant::now();
    let mut greatest = 0;
    let places: Vec<u64> = (0..RECEIPTS).step_by(STEP).collect();
    for index in &places {
        let proof = log.inclusion(*index, RECEIPTS).ok_or("a leaf has no proof")?;
        if !included(&leaf(*index).hash(), *index, &proof, RECEIPTS, &root) {
            return Err(format!("the proof of leaf {index} does not hold"));
        }
        greatest = greatest.max(proof.len() * root.len());
    }
    let each = began.elapsed() / u32::try_from(places.len()).unwrap_or(u32::MAX);
    let began = Instant::now();
    let growth = log.consistency(BEFORE, RECEIPTS).ok_or("the growth has no proof")?;
    let before = log.root_at(BEFORE).ok_or("the log was never so small")?;
    if !grew((BEFORE, &before), (RECEIPTS, &root), &growth) {
        return Err("the proof of growth does not hold".to_owned());
    }
    println!(
        "a log of {RECEIPTS} receipts behind {} bytes: made in {made:.1?}; a place proved and checked in {each:.1?}, \
         {greatest} bytes at most (target {TARGET_PROOF_BYTES}); growth in {:.1?}, {} bytes",
        root.len(),
        began.elapsed(),
        growth.len() * root.len()
    );
    match greatest <= TARGET_PROOF_BYTES {
        true => Ok(()),
        false => Err("a target was missed".to_owned()),
    }
}

fn leaf(at: u64) -> LogLeaf {
    let receipt = *blake3::hash(&at.to_le_bytes()).as_bytes();
    LogLeaf { receipt, channel: [1; 32], from: u128::from(at), to: u128::from(at) + 1 }
}
