//! `cargo xtask bench ledger`: transfers applied with the state's root, on one core, the sizes of proofs, and a
//! worker's log of a million receipts.
//!
//! In this process, in this profile (`chain` and `ledger` are optimised in every one). Signatures are checked apart, and
//! their time stands beside. Never part of `cargo test`: it needs a quiet machine, and some gigabytes for the
//! accounts.
#![allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "rates, for display only")]

use chain::records::{Account, AccountSlot, NodeId, Record, Seat, Seats, Slot};
use chain::state::State;
use chain::{Amount, Authentic, Genesis, Header, NetworkKind, Stamp, Transaction};
use ledger::tx::{Action, Transfer};
use ledger::{Opening, Working, apply_authentic, begin, propose};
use receipt::{PublicKey, SecretKey};
use std::time::{Duration, Instant};

use crate::Outcome;

const ACCOUNTS: u64 = 1_000_000;
/// Accounts that sign; the others only receive.
const SIGNERS: usize = 4_096;
const TRANSACTIONS: usize = 8_192;
const BLOCKS: usize = 12;
const PROOFS: u64 = 10_000;
const TARGET_RATE: f64 = 50_000.0;
const TARGET_PROOF_BYTES: usize = 2_048;

/// Builds the state, makes and applies the blocks, prints the table.
pub(crate) fn run() -> Outcome<()> {
    let began = Instant::now();
    let (mut state, mut header, signers) = network()?;
    println!("{ACCOUNTS} accounts in {:.1} s, root included", began.elapsed().as_secs_f64());
    let (mut rates, mut checks) = (Vec::new(), Vec::new());
    println!("| block | transfers | applied, root included | transfers/s | signatures alone/s |");
    println!("|---|---|---|---|---|");
    for number in 0..BLOCKS {
        let made = transactions(&state, &signers, number);
        let began = Instant::now();
        let network = state.network();
        let authentic: Option<Vec<Authentic>> =
            made.into_iter().map(|made| made.authenticate(network)).collect();
        let checked = began.elapsed();
        let authentic = authentic.ok_or("a signature does not hold")?;
        let opening = Opening { stamp: Stamp(header.stamp.0 + 500), beacon: [1; 32] };
        let proposer = signers[0].public();
        let proposed = propose(&state, &header, proposer, &opening, &authentic)
            .map_err(|error| error.to_string())?;
        let block = proposed.block.header;
        let began = Instant::now();
        let applied = apply_authentic(&state, &header, None, &block, &authentic)
            .map_err(|error| error.to_string())?;
        let took = began.elapsed();
        let [rate, check] = [took, checked].map(|took| per_second(authentic.len(), took));
        println!("| {number} | {} | {took:.1?} | {rate:.0} | {check:.0} |", authentic.len());
        rates.push(rate);
        checks.push(check);
        (state, header) = (applied, block);
    }
    let (rate, check) = (median(rates), median(checks));
    let proof = greatest_proof(&state);
    println!("medians: {rate:.0} transfers/s (target {TARGET_RATE:.0}), {check:.0} signatures/s");
    println!(
        "greatest of {PROOFS} state proofs, record included: {proof} bytes (target {TARGET_PROOF_BYTES})"
    );
    super::log::run()?;
    match rate >= TARGET_RATE && proof <= TARGET_PROOF_BYTES {
        true => Ok(()),
        false => Err("a target was missed".to_owned()),
    }
}

fn network() -> Outcome<(State, Header, Vec<SecretKey>)> {
    let signers: Vec<SecretKey> = (0..SIGNERS).map(|at| secret(at as u64)).collect();
    let seat = Seat { node: NodeId([1; 32]), key: signers[0].public() };
    let genesis = Genesis {
        kind: NetworkKind::Simulation,
        stamp: Stamp(1),
        parameters: Default::default(),
        seats: Seats(vec![seat]),
        accounts: Vec::new(),
        treasury: Amount::ZERO,
        nodes: Vec::new(),
    };
    let (state, mut header) = begin(&genesis).map_err(|error| error.to_string())?;
    let mut working = Working::new(state);
    let rich = Account { balance: Amount(1 << 60), made: 0 };
    for at in 0..ACCOUNTS {
        working.put(&AccountSlot(owner(at, &signers)), &rich);
    }
    let state = working.finish();
    header.state_root = state.root();
    Ok((state, header, signers))
}

fn secret(at: u64) -> SecretKey {
    SecretKey::from_seed(*blake3::hash(&at.to_le_bytes()).as_bytes())
}

/// The first accounts are the signers'; nobody has the keys of the others.
fn owner(at: u64, signers: &[SecretKey]) -> PublicKey {
    match signers.get(usize::try_from(at).unwrap_or(usize::MAX)) {
        Some(signer) => signer.public(),
        None => PublicKey(*blake3::hash(&at.to_le_bytes()).as_bytes()),
    }
}

/// Every signer twice, each to an account that lies anywhere.
fn transactions(state: &State, signers: &[SecretKey], block: usize) -> Vec<Transaction> {
    let each = TRANSACTIONS / signers.len();
    (0..TRANSACTIONS)
        .map(|at| {
            let hash = blake3::hash(format!("{block} {at}").as_bytes());
            let to = u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("8 of 32 bytes"));
            let to = PublicKey(
                *blake3::hash(&(SIGNERS as u64 + to % (ACCOUNTS - SIGNERS as u64)).to_le_bytes())
                    .as_bytes(),
            );
            let action = Action::Transfer(Transfer { to, amount: Amount(1) });
            let number = (block * each + at / signers.len()) as u64;
            let what = (action.kind(), number, Amount(1 << 40));
            Transaction::sign(state.network(), &signers[at % signers.len()], what, action.encode())
        })
        .collect()
}

fn greatest_proof(state: &State) -> usize {
    let proofs = (0..PROOFS).map(|at| {
        let slot =
            AccountSlot(PublicKey(*blake3::hash(&(ACCOUNTS - 1 - at).to_le_bytes()).as_bytes()));
        let proof = state.prove(&state.place(&slot.key()));
        proof.encode().len() + Account::default().encode().len()
    });
    proofs.max().unwrap_or(0)
}

fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
