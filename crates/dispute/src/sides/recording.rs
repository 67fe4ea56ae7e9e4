//! Games as a text, for a referee that shares no code with ours: states, moves, and what comes of each, in JSON.
//!
//! Never judges: whoever replays the text says what differs. All of it comes from a seed. A state is recorded with the
//! move that was made in it and with moves like it that nobody should take: of the other side, with another byte, cut
//! short, or made in another state.

use commit::hex;

use super::cheats::watched;
use super::liars::Random;
use super::made_up::made_up;
use super::survey::survey_watched;
use crate::game::Dispute;
use crate::moves::Move;
use crate::slice::Part;
use crate::verdict::Party;

/// What a text has, and how much of it.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// A game: its model, its states and moves.
    pub text: String,
    /// Moves that were taken.
    pub taken: u32,
    /// Moves that were refused.
    pub refused: u32,
}

/// The game of a seed; `None` where nobody moved.
///
/// # Errors
/// What broke, of a game that no liar may win.
pub fn game(seed: u64) -> Result<Option<Recorded>, String> {
    let mut recorder = Recorder::new(seed, false);
    watched(seed, &mut |dispute, party, bytes| recorder.watch(dispute, party, bytes))
        .map_err(|error| error.to_string())?;
    Ok(recorder.finish())
}

/// Of the tiles of the model of a seed: each is proved to a referee.
///
/// # Errors
/// As [`super::survey`].
pub fn tiles(seed: u64) -> Result<Option<Recorded>, String> {
    let mut recorder = Recorder::new(seed, true);
    survey_watched(seed, &mut |dispute, party, bytes| recorder.watch(dispute, party, bytes))?;
    Ok(recorder.finish())
}

/// Of a seed, tiles whose operands were changed after they were opened; `None` where there are none.
///
/// # Errors
/// As [`super::made_up`].
pub fn operands(seed: u64) -> Result<Option<Recorded>, String> {
    let (mut all, mut texts) = (Recorded::default(), Vec::new());
    made_up(seed, &mut |dispute, party, bytes| {
        let mut recorder = Recorder::new(seed, true);
        recorder.alone = true;
        recorder.watch(dispute, party, bytes);
        if let Some(made) = recorder.finish() {
            all.taken += made.taken;
            all.refused += made.refused;
            texts.push(made.text);
        }
    })?;
    all.text = texts.join(",\n");
    Ok((!texts.is_empty()).then_some(all))
}

struct Recorder {
    random: Random,
    /// Nothing but operands.
    operands: bool,
    /// No other moves than those that are made.
    alone: bool,
    model: String,
    steps: Vec<String>,
    before: Vec<u8>,
    made: Recorded,
}

impl Recorder {
    fn new(seed: u64, operands: bool) -> Self {
        let (random, made) = (Random::new(!seed), Recorded::default());
        let (model, steps, before) = (String::new(), Vec::new(), Vec::new());
        Self { random, operands, alone: false, model, steps, before, made }
    }

    fn watch(&mut self, dispute: &Dispute<'_>, party: Party, bytes: &[u8]) {
        if self.operands && bytes.get(2) != Some(&8) {
            return;
        }
        if self.model.is_empty() {
            self.model = model(dispute);
        }
        let state = dispute.encode();
        let mut tried = vec![self.tried(dispute, &state, party, bytes)];
        let others = if self.alone { Vec::new() } else { self.others(party, bytes) };
        for (party, bytes) in others {
            tried.push(self.tried(dispute, &state, party, &bytes));
        }
        self.before = bytes.to_vec();
        self.steps.push(format!(r#"["{}",[{}]]"#, hex(&state), tried.join(",")));
    }

    /// Moves that are not the one that is made.
    fn others(&mut self, party: Party, bytes: &[u8]) -> Vec<(Party, Vec<u8>)> {
        let mut changed = bytes.to_vec();
        let at = self.random.below(changed.len());
        if let Some(byte) = changed.get_mut(at) {
            *byte ^= 1 << self.random.below(8);
        }
        if self.operands {
            return vec![(party, changed)];
        }
        let mut cut = bytes.to_vec();
        cut.truncate(self.random.below(bytes.len()));
        let other = match party {
            Party::Claimant => Party::Challenger,
            Party::Challenger => Party::Claimant,
        };
        let before = self.before.clone();
        vec![(party, changed), (other, bytes.to_vec()), (party, cut), (party, before)]
    }

    /// A move, and the state after it, or none.
    fn tried(&mut self, dispute: &Dispute<'_>, state: &[u8], party: Party, bytes: &[u8]) -> String {
        let network = dispute.subject().network;
        let read = Dispute::decode(dispute.model(), network, state).ok();
        let after = read.zip(Move::decode(bytes).ok()).and_then(|(mut read, made)| {
            let now = read.deadline();
            read.take(party, &made, now).ok()?;
            Some(read.encode())
        });
        let count = if after.is_some() { &mut self.made.taken } else { &mut self.made.refused };
        *count += 1;
        let after = after.map_or("null".to_owned(), |after| format!(r#""{}""#, hex(&after)));
        let side = match party {
            Party::Claimant => 1,
            Party::Challenger => 2,
        };
        format!(r#"[{side},"{}",{after}]"#, hex(bytes))
    }

    fn finish(mut self) -> Option<Recorded> {
        let steps = self.steps.join(",\n");
        self.made.text = format!("{{{},\"steps\":[\n{steps}\n]}}", self.model);
        (!self.steps.is_empty()).then_some(self.made)
    }
}

/// What a referee holds, and the network.
fn model(dispute: &Dispute<'_>) -> String {
    let (model, network) = (dispute.model(), dispute.subject().network);
    let part = |part: &Part| format!(r#"["{}",{}]"#, hex(&part.hash), part.bytes);
    let files: Vec<String> = model.files.iter().map(part).collect();
    format!(
        r#""network":"{}","model":"{}","program":"{}","files":[{}],"units":{}"#,
        hex(&network.0),
        hex(&model.id),
        hex(&model.checked.encode()),
        files.join(","),
        part(&model.units),
    )
}
