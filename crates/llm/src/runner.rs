//! Advances answers by passes of the engine: one token each, or the next chunk of their prompts.
//!
//! Every answer that goes on advances within as many steps as there are such answers: whoever waited
//! longest is fed first, and nobody's prompt takes the row that another could have. What an answer
//! is fed with, and when, never changes a bit of it.
//!
//! Never ends one answer for the sake of another: an answer that the engine refuses ends with
//! [`Stop::Refused`], and the others go on as if it had not been there.

use std::cmp::Reverse;

use engine::{Engine, Feed, FeedError, Outcome, Wanted};

use crate::draws::Scratches;
use crate::generation::{Generation, Piece};
use crate::replay::Replay;
use crate::taken::{Taken, draw_all};

/// Most bytes of the logits that replays take from one pass.
const LOGITS_BYTES_MAX: usize = 64 << 20;

/// Rows of replays in one pass, for each thread: few enough that what a step leaves is in the caches when the next one
/// reads it, logits above all, and enough that the weights' way there does not count. A whole number of the kernels'
/// tiles, which are three or four rows high. More at once is dearer: 256 cost 3 % more on Zen 4.
const REPLAY_ROWS: usize = 96;

/// Most bytes of keys and values that the replays in the making hold together, unless one alone holds more.
const REPLAY_KV_BYTES_MAX: usize = 1 << 30;

/// An engine and how it is fed.
pub struct Runner {
    pub(crate) engine: Engine,
    pub(crate) prefill_chunk: usize,
    rows_max: usize,
    replay_kv_bytes_max: usize,
    scratches: Scratches,
}

impl Runner {
    /// `prefill_chunk` tokens of a prompt are fed in one pass at most. It bounds memory and how long
    /// others wait; it never changes an answer.
    #[must_use]
    pub fn new(engine: Engine, prefill_chunk: usize) -> Self {
        let rows_max = engine.rows_max();
        let prefill_chunk = prefill_chunk.clamp(1, rows_max);
        let scratches = Scratches::new(engine.threads());
        let replay_kv_bytes_max = REPLAY_KV_BYTES_MAX;
        Self { engine, prefill_chunk, rows_max, replay_kv_bytes_max, scratches }
    }

    /// Feeds at most `rows` tokens of all answers together in one pass: less memory, and a shorter
    /// pass. The engine's own limit holds in any case.
    #[must_use]
    pub fn with_rows_max(self, rows: usize) -> Self {
        Self { rows_max: rows.clamp(1, self.engine.rows_max()), ..self }
    }

    /// Begins no further replay while those begun and that one could hold more bytes of keys and values than these.
    #[must_use]
    pub fn with_replay_kv_bytes_max(self, bytes: usize) -> Self {
        Self { replay_kv_bytes_max: bytes, ..self }
    }

    /// Most tokens of all answers together in one pass.
    pub(crate) fn rows_max(&self) -> usize {
        self.rows_max
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Advances the answers that go on by one pass; gives what each got. Every answer gets exactly
    /// one piece with a stop, its last; before and after it, a piece may be empty.
    pub fn step(&mut self, generations: &mut [&mut Generation]) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = generations.iter().map(|_| Piece::default()).collect();
        let mut live: Vec<(usize, &mut Generation)> = Vec::new();
        for (index, generation) in generations.iter_mut().enumerate() {
            match generation.end_asked_for() {
                Some(last) => pieces[index] = last,
                None if generation.stop().is_none() => live.push((index, &mut **generation)),
                None => {}
            }
        }
        // A stable sort: among those who waited as long, the first comes first.
        live.sort_by_key(|(_, generation)| Reverse(generation.waited));
        let mut behind = live.len();
        let mut room = self.rows_max;
        let (mut places, mut fed) = (Vec::new(), Vec::new());
        for (index, generation) in live {
            behind -= 1;
            if room == 0 {
                generation.waited = generation.waited.saturating_add(1);
                continue;
            }
            // One row is left for each of those behind, as long as there are so many.
            let share = room.saturating_sub(behind).max(1);
            generation.waited = 0;
            let rows = self.prefill_chunk.min(share).min(generation.rows_left());
            room = room.saturating_sub(rows);
            places.push(index);
            fed.push((generation, rows));
        }
        for (index, piece) in places.into_iter().zip(self.advance(fed)) {
            pieces[index] = piece;
        }
        pieces
    }

    /// One pass, in which each of these answers is fed as many of its next tokens, and drawn its next one where they
    /// were the last. None has ended or is to end.
    pub(crate) fn advance(&mut self, mut fed: Vec<(&mut Generation, usize)>) -> Vec<Piece> {
        let mut lasts = Vec::with_capacity(fed.len());
        let mut feeds = Vec::with_capacity(fed.len());
        for (generation, rows) in &mut fed {
            let (sequence, tokens, wanted) = generation.next(*rows);
            lasts.push(wanted != Wanted::Nothing);
            feeds.push(Feed { sequence, tokens, wanted, boundaries: false });
        }
        let outcomes = self.forward(&mut feeds);
        drop(feeds);
        let mut taken = Vec::with_capacity(fed.len());
        for (((generation, _), last), outcome) in fed.into_iter().zip(lasts).zip(outcomes) {
            taken.push(Taken::new(generation, last, outcome));
        }
        draw_all(&mut self.engine, &self.scratches, &mut taken);
        let mut pieces = Vec::with_capacity(taken.len());
        for Taken { piece, logits, .. } in taken {
            self.engine.take_back(logits);
            pieces.push(piece);
        }
        pieces
    }

    /// Advances the replays that go on by one pass, in the order given, as far as there is room. What has begun goes on;
    /// what has not waits until its keys and values have room beside theirs, so that the memory taken does not grow with
    /// the number of replays. Give those that have begun in every call: the others' keys and values are not counted.
    pub fn replay(&mut self, replays: &mut [&mut Replay]) {
        let mut rows = self.rows_max.min(REPLAY_ROWS.saturating_mul(self.engine.threads()));
        let mut logits_bytes = LOGITS_BYTES_MAX;
        let (mut fed, mut feeds) = (Vec::new(), Vec::new());
        let going = going(self.replay_kv_bytes_max, replays);
        for (index, replay) in replays.iter_mut().enumerate().filter(|(index, _)| going[*index]) {
            let row_bytes = replay.row_bytes();
            let next = replay.next(rows.min(self.prefill_chunk), logits_bytes / row_bytes);
            let Some((sequence, tokens, wanted)) = next else { continue };
            rows -= tokens.len();
            if wanted == Wanted::All {
                logits_bytes -= tokens.len() * row_bytes;
            }
            fed.push(index);
            feeds.push(Feed { sequence, tokens, wanted, boundaries: false });
        }
        let outcomes = self.forward(&mut feeds);
        for (index, outcome) in fed.into_iter().zip(outcomes) {
            replays[index].take(outcome, &mut self.engine, &self.scratches);
        }
    }

    /// One pass; where the engine refuses it, one for each feed, so that only the refused one fails.
    fn forward(&mut self, feeds: &mut [Feed<'_>]) -> Vec<Result<Outcome, FeedError>> {
        if feeds.is_empty() {
            return Vec::new();
        }
        match self.engine.forward(feeds) {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(_) => feeds
                .iter_mut()
                .map(|feed| {
                    let outcomes = self.engine.forward(std::slice::from_mut(feed))?;
                    Ok(outcomes.into_iter().next().expect("one feed has one outcome"))
                })
                .collect(),
        }
    }
}

/// Which replays may be fed. Those that wait for what an earlier one is about to compute of a common prompt may not: it
/// goes on, for the first of all waits for nobody.
fn going(bytes_max: usize, replays: &mut [&mut Replay]) -> Vec<bool> {
    let mut admission = Admission::new(bytes_max, replays);
    let mut going = Vec::with_capacity(replays.len());
    for index in 0..replays.len() {
        let (earlier, rest) = replays.split_at_mut(index);
        let replay = &mut *rest[0];
        going.push(admission.admits(replay) && !replay.waits_for_prompt(earlier));
    }
    going
}

/// Which replays go into a pass, by the keys and values they come to hold.
struct Admission {
    bytes_max: usize,
    /// What those that have begun, and those admitted since, come to hold.
    bytes: usize,
    /// Nobody overtakes one that had to wait.
    closed: bool,
}

impl Admission {
    fn new(bytes_max: usize, replays: &[&mut Replay]) -> Self {
        let begun = replays.iter().filter(|replay| replay.has_begun());
        let bytes = begun.fold(0, |bytes: usize, one| bytes.saturating_add(one.held_bytes_max()));
        Self { bytes_max, bytes, closed: false }
    }

    fn admits(&mut self, replay: &Replay) -> bool {
        if replay.outcome().is_some() || replay.has_begun() {
            return true;
        }
        let bytes = self.bytes.saturating_add(replay.held_bytes_max());
        self.closed |= self.bytes > 0 && bytes > self.bytes_max;
        if !self.closed {
            self.bytes = bytes;
        }
        !self.closed
    }
}
