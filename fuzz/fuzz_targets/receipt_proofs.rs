//! Any bytes as a signed head, a shown token, a shown leaf of a job, an equivocation, a leaf of a log, or a proof that a
//! log only grew; the first byte chooses.
//!
//! Run: `cargo +nightly fuzz run receipt_proofs -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use commit::{Network, Reader, WireError};
use libfuzzer_sys::fuzz_target;
use receipt::log::{LogLeaf, grew, included};
use receipt::{Equivocation, JobLeaf, PartialOpening, SignedHead};

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    match again(*choice, bytes) {
        Ok(again) => assert_eq!(again, bytes, "two encodings of one value"),
        Err(error) => assert!(error.to_string().len() < 200, "a message is short"),
    }
});

/// What is read, written again; whatever it claims is checked on the way.
fn again(choice: u8, bytes: &[u8]) -> Result<Vec<u8>, WireError> {
    let network = Network::OFFLINE;
    match choice % 6 {
        0 => {
            let head = SignedHead::decode(bytes)?;
            let _ = head.follows(None, network);
            assert!(head.follows(Some(&head), network).is_err(), "a head follows itself");
            Ok(head.encode())
        }
        1 => {
            let shown = PartialOpening::decode(bytes)?;
            let _ = shown.root(network);
            Ok(shown.encode())
        }
        2 => {
            let shown = JobLeaf::decode(bytes)?;
            assert!(!shown.is_of(network, &[0; 32]), "a hash of zeros");
            Ok(shown.encode())
        }
        3 => {
            let claimed = Equivocation::decode(bytes)?;
            let _ = claimed.holds(network);
            Ok(claimed.encode())
        }
        4 => LogLeaf::decode(bytes).map(|leaf| leaf.encode()),
        _ => {
            log_proof(bytes)?;
            Ok(bytes.to_vec())
        }
    }
}

/// Two sizes and roots, then hashes: nothing shows that a log grew into one of fewer leaves, or that a leaf stands behind
/// the last.
fn log_proof(bytes: &[u8]) -> Result<(), WireError> {
    let mut input = Reader::new(bytes);
    let (old, new) = (input.u64("a size")?, input.u64("a size")?);
    let (one, other) = (input.array("a root")?, input.array("a root")?);
    let proof = input.list_u8("hashes", 255, |input| input.array("a hash"))?;
    input.end("the proof")?;
    let shown = grew((old, &one), (new, &other), &proof);
    assert!(!shown || old < new || (old, one) == (new, other), "a log that shrank");
    assert!(!included(&one, old, &proof, new, &other) || old < new, "a leaf behind the last");
    Ok(())
}
