//! A chain as a file (`spec/ledger.md` section 14), for a validator that shares no code with ours; and what was offered
//! to its proposers beside what they took, in the form of `spec/vectors/ledger_blocks.json`.
//!
//! Never judges: whoever replays the file says what differs. All of it comes from a seed.

use chain::{Authentic, Block, Stamp};
use ledger::{Opening, begin, propose};
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use crate::ledger_seed::genesis;
use crate::random::Random;
use crate::scene::{Scene, seats};
use crate::traffic::Traffic;

/// What a recording begins with.
const MAGIC: &[u8] = b"probity recording v1";
/// Transactions that are offered to a block.
const OFFERS: (u64, u64) = (0, 8);
/// Kinds that the oracle has not: it reads no receipt and plays no dispute.
const BEYOND: [RangeInclusive<u16>; 3] = [32..=39, 50..=69, 71..=71];

/// A chain, and what was offered.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The recording.
    pub recording: Vec<u8>,
    /// One case in JSON: all transactions that were offered, and which were left out, with the number of the rejection.
    pub offers: String,
    /// Transactions that were taken.
    pub taken: u64,
    /// Transactions that were rejected.
    pub rejected: u64,
}

/// Blocks from a seed.
///
/// # Errors
/// What went wrong, in words: a genesis that begins nothing, a state without seats, a block that can't be made.
pub fn record(seed: u64, blocks: u64) -> Result<Recorded, String> {
    let mut random = Random::new(seed, 0x4ec0_4d00_0000_0001);
    let genesis = genesis(&mut random);
    let (mut state, mut header) = begin(&genesis).map_err(|error| error.to_string())?;
    let mut made =
        Recorded { recording: MAGIC.to_vec(), offers: String::new(), taken: 0, rejected: 0 };
    push(&mut made.recording, &genesis.encode());
    let network = state.network();
    let mut traffic = Traffic::new(network);
    let (mut offered, mut came) = (Vec::new(), Vec::new());
    let first = hex(&header.encode());
    for _ in 0..blocks {
        let count = random.between(OFFERS.0, OFFERS.1);
        let mut scene = Scene::new(&state, &header);
        let offers = traffic.offers(&mut random, &mut scene, count);
        let authentic: Vec<Authentic> = offers
            .into_iter()
            .filter(|offer| !BEYOND.iter().any(|kinds| kinds.contains(&offer.transaction.kind.0)))
            .filter_map(|offer| offer.transaction.authenticate(network))
            .collect();
        let passed = if random.once_in(40) { 60_000 } else { random.between(1, 3_000) };
        let stamp = Stamp(header.stamp.0.saturating_add(passed));
        let opening = Opening { stamp, beacon: random.bytes() };
        let seats = seats(&state).ok_or("the state has no seats")?;
        let seat = random.choose(&seats.0).ok_or("nobody has a seat")?;
        let next = propose(&state, &header, seat.key, &opening, &authentic);
        let next = next.map_err(|error| error.to_string())?;
        push(&mut made.recording, &next.block.encode());
        offered.push(offer(&next.block, &authentic));
        let left_out: Vec<String> =
            next.left_out.iter().map(|(at, why)| format!("[{at},{}]", why.number())).collect();
        let bytes = hex(&next.block.header.encode());
        came.push(format!(r#"{{"header":"{bytes}","left_out":[{}]}}"#, left_out.join(",")));
        made.taken += u64::from(next.block.header.transactions);
        made.rejected += u64::try_from(left_out.len()).map_err(|error| error.to_string())?;
        (state, header) = (next.state, next.block.header);
    }
    made.offers = format!(
        r#"{{"name":"seed {seed}","inputs":{{"genesis":"{}","blocks":[{}]}},"expected":{{"network":"{}","block_0":"{first}","blocks":[{}]}}}}"#,
        hex(&genesis.encode()),
        offered.join(","),
        hex(&network.0),
        came.join(","),
    );
    Ok(made)
}

/// A piece of a recording: its length, and itself.
fn push(recording: &mut Vec<u8>, piece: &[u8]) {
    let length = u32::try_from(piece.len()).expect("a block or a genesis is short");
    recording.extend(length.to_le_bytes());
    recording.extend(piece);
}

/// What a block began with, and what was offered to it.
fn offer(block: &Block, authentic: &[Authentic]) -> String {
    let header = &block.header;
    let all: Vec<String> =
        authentic.iter().map(|one| format!("\"{}\"", hex(&one.get().encode()))).collect();
    format!(
        r#"{{"proposer":"{}","stamp":"{}","beacon":"{}","transactions":[{}]}}"#,
        hex(&header.proposer.0),
        header.stamp.0,
        hex(&header.beacon),
        all.join(","),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
