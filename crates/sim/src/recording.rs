//! A chain as a file (`spec/ledger.md` section 14), for a validator that shares no code with ours; and what was offered
//! to its proposers beside what they took, in the form of `spec/vectors/ledger_blocks.json`.
//!
//! Never judges: whoever replays the file says what differs. All of it comes from a seed.

use chain::state::State;
use chain::{Authentic, Block, Genesis, Header, Stamp};
use ledger::{Opening, begin, propose};
use std::fmt::Write as _;

use crate::court::BLOCKS_MAX;
use crate::ledger_seed::genesis;
use crate::random::Random;
use crate::scene::{Scene, seats};
use crate::traffic::{Offer, Traffic};

/// What a recording begins with.
const MAGIC: &[u8] = b"probity recording v1";
/// Transactions that are offered to a block.
const OFFERS: (u64, u64) = (0, 8);

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

/// Blocks of every traffic from a seed.
///
/// # Errors
/// What went wrong, in words: a genesis that begins nothing, a state without seats, a block that can't be made.
pub fn record(seed: u64, blocks: u64) -> Result<Recorded, String> {
    let mut random = Random::new(seed, 0x4ec0_4d00_0000_0001);
    let genesis = genesis(&mut random);
    let mut chain = Chain::begin(&genesis)?;
    let mut traffic = Traffic::new(chain.state.network());
    for _ in 0..blocks {
        let count = random.between(OFFERS.0, OFFERS.1);
        let mut scene = Scene::new(&chain.state, &chain.header);
        let offers = traffic.offers(&mut random, &mut scene, count);
        let passed = if random.once_in(40) { 60_000 } else { random.between(1, 3_000) };
        chain.block(&mut random, offers, passed)?;
    }
    Ok(chain.made(&format!("seed {seed}")))
}

/// The blocks of a court from a seed, to its end: disputes and receipts that are asked for, with real answers.
///
/// # Errors
/// As [`record`].
pub fn record_court(seed: u64) -> Result<Recorded, String> {
    let mut random = Random::new(seed, 0x4ec0_4d00_0000_0002);
    let nth = usize::try_from(seed).map_err(|error| error.to_string())?;
    let (genesis, mut court) = crate::court::genesis(&mut random, nth);
    let mut chain = Chain::begin(&genesis)?;
    for _ in 0..BLOCKS_MAX {
        let mut scene = Scene::new(&chain.state, &chain.header);
        let offers = court.offers(&mut random, &mut scene);
        let passed = court.passes_ms(&mut random, &scene);
        court.observe(&chain.block(&mut random, offers, passed)?);
        if court.is_over(&Scene::new(&chain.state, &chain.header)) {
            break;
        }
    }
    Ok(chain.made(&format!("court {seed}")))
}

/// A chain on its way.
struct Chain {
    genesis: Genesis,
    /// The header of block 0.
    first: Header,
    state: State,
    header: Header,
    made: Recorded,
    offered: Vec<String>,
    came: Vec<String>,
}

impl Chain {
    fn begin(genesis: &Genesis) -> Result<Self, String> {
        let (state, header) = begin(genesis).map_err(|error| error.to_string())?;
        let mut recording = MAGIC.to_vec();
        push(&mut recording, &genesis.encode());
        let made = Recorded { recording, offers: String::new(), taken: 0, rejected: 0 };
        let (first, genesis) = (header, genesis.clone());
        Ok(Self { genesis, first, state, header, made, offered: Vec::new(), came: Vec::new() })
    }

    /// The next block, made of what is offered by somebody with a seat.
    fn block(
        &mut self,
        random: &mut Random,
        offers: Vec<Offer>,
        passed: u64,
    ) -> Result<Block, String> {
        let authentic: Vec<Authentic> = offers
            .into_iter()
            .filter_map(|offer| offer.transaction.authenticate(self.state.network()))
            .collect();
        let stamp = Stamp(self.header.stamp.0.saturating_add(passed));
        let opening = Opening { stamp, beacon: random.bytes() };
        let seats = seats(&self.state).ok_or("the state has no seats")?;
        let seat = random.choose(&seats.0).ok_or("nobody has a seat")?;
        let next = propose(&self.state, &self.header, seat.key, &opening, &authentic);
        let next = next.map_err(|error| error.to_string())?;
        push(&mut self.made.recording, &next.block.encode());
        self.offered.push(offer(&next.block, &authentic));
        let left_out: Vec<String> =
            next.left_out.iter().map(|(at, why)| format!("[{at},{}]", why.number())).collect();
        let bytes = hex(&next.block.header.encode());
        self.came.push(format!(r#"{{"header":"{bytes}","left_out":[{}]}}"#, left_out.join(",")));
        self.made.taken += u64::from(next.block.header.transactions);
        self.made.rejected += u64::try_from(left_out.len()).map_err(|error| error.to_string())?;
        (self.state, self.header) = (next.state, next.block.header);
        Ok(next.block)
    }

    fn made(mut self, name: &str) -> Recorded {
        self.made.offers = format!(
            r#"{{"name":"{name}","inputs":{{"genesis":"{}","blocks":[{}]}},"expected":{{"network":"{}","block_0":"{}","blocks":[{}]}}}}"#,
            hex(&self.genesis.encode()),
            self.offered.join(","),
            hex(&self.state.network().0),
            hex(&self.first.encode()),
            self.came.join(","),
        );
        self.made
    }
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
