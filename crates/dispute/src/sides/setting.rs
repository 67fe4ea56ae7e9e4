//! A tiny model, a job and a committed prefix, and the dispute about a claim: what a game of cheats is played with.
//!
//! Never a shortcut: filing, parts and bindings are what strangers would send. A setting is a function of its seed.

use canon::Format;
use canon::sample::{Micro, Parameters, Settings};
use commit::{Blind, Network, Salts};
use program::record::Record;
use program::reference::Weights;
use program::tile::Choice;
use program::tiny::Shape;
use program::trace::Committer;
use program::types::InputKind;
use program::{Checked, OpIndex};
use receipt::{
    AuditConsent, Head, JobFields, NonceChooser, PartialOpening, PublicKey, Receipt, Rendered,
    SecretKey, SignedHead, Stop, StopRule, Terms, TokenVector, Usage, Which, WorkKind,
};

use super::liars::Random;
use super::story::{Job, Lies, Story};
use super::{Played, Side, Watch, play_watched};
use crate::game::Dispute;
use crate::model::Model;
use crate::moves::Move;
use crate::refusal::Refusal;
use crate::slice::Part;
use crate::subject::{Claim, Claimed, Filing, Subject};
use crate::verdict::Party;

/// Units of time for a move.
const WINDOW: u64 = 10;

/// A model, a job and a committed prefix.
pub(super) struct Setting {
    pub(super) checked: Checked,
    pub(super) file: Vec<u8>,
    pub(super) salts: Salts,
    secret: SecretKey,
    job: receipt::Job,
    pub(super) tokens: Vec<u32>,
    pub(super) choice: Choice,
}

/// Id of the tiny model: whatever its manifest may be.
pub(super) const MODEL: [u8; 32] = [9; 32];

impl Setting {
    pub(super) fn random(random: &mut Random) -> Self {
        let faulty = random.below(5) == 0;
        Self::of(shape(random, faulty), faulty, random)
    }

    /// The same of all tiny shapes, the greater ones among them.
    pub(super) fn of_any_shape(random: &mut Random) -> Self {
        let mut shapes = Shape::variants();
        let (_, shape) = shapes.swap_remove(random.below(shapes.len()));
        Self::of(Shape { seed: random.draw(), ..shape }, false, random)
    }

    fn of(shape: Shape, faulty: bool, random: &mut Random) -> Self {
        let checked = Checked::new(shape.program()).expect("tiny programs are sound");
        let mut file = shape.weights();
        let prompt = match random.below(12) {
            0 => 66,
            _ => 1 + random.under(5),
        };
        let output = random.under(4);
        let token = |random: &mut Random| random.under(shape.vocabulary);
        let tokens: Vec<u32> = (0..prompt + output).map(|_| token(random)).collect();
        if faulty {
            overflow(&checked, &mut file, &tokens, random);
        }
        let salts = Salts { network: Network([3; 32]), blind: Blind(random.digest()) };
        let job = job(&tokens[..wide(prompt)], random.draw(), shape.vocabulary);
        let parameters = job.fields().parameters.clone();
        let choice = Choice { parameters, seed: job.seed(), choice: random.under(2), prompt };
        let secret = SecretKey::from_seed(random.digest());
        Self { checked, file, salts, secret, job, tokens, choice }
    }

    pub(super) fn load<'a>(&'a self, file: &'a [u8]) -> Result<Weights<'a>, String> {
        Weights::load(&self.checked, &[file]).map_err(|error| error.to_string())
    }

    /// What really comes of the last of these positions, given those before it: the tokens there may be false, so
    /// nothing is drawn from them.
    pub(super) fn record<'w>(
        &self,
        weights: &'w Weights<'w>,
        positions: u32,
    ) -> Result<Record<'w>, String> {
        self.record_from(weights, positions, positions.max(self.choice.prompt))
    }

    /// The same, tokens being drawn from the position before `drawn` on.
    fn record_from<'w>(
        &self,
        weights: &'w Weights<'w>,
        positions: u32,
        drawn: u32,
    ) -> Result<Record<'w>, String> {
        let tokens = &self.tokens[..wide(positions)];
        let record = Record::until(weights, tokens, drawn, &mut |_, _, made| made);
        let mut record = text(record)?.with_choice(self.choice.clone());
        // As of an engine, which gives no more than what is committed at boundaries.
        record.forget();
        Ok(record)
    }

    /// What an honest worker says: the least fault, or the token.
    pub(super) fn truth(&self, weights: &Weights<'_>) -> Result<Truth, String> {
        let positions = count(self.tokens.len());
        let record = self.record_from(weights, positions, self.choice.prompt)?;
        self.outcome(&record, positions)
    }

    /// What comes of the last position of a record.
    pub(super) fn outcome(&self, record: &Record<'_>, positions: u32) -> Result<Truth, String> {
        Ok(match record.fault() {
            Some(fault) => {
                Truth { positions: fault.position + 1, claimed: Claimed::Fault(fault.op) }
            }
            None => {
                let token = record.drawn(&self.committer()).map(Claimed::Token);
                // Inside the prompt nothing is drawn, and nothing can be claimed but a fault.
                Truth { positions, claimed: token.unwrap_or(Claimed::Fault(OpIndex(u32::MAX))) }
            }
        })
    }

    pub(super) fn committer(&self) -> Committer {
        Committer(self.salts)
    }

    /// The dispute about a claim.
    pub(super) fn court<'s>(
        &'s self,
        weights: &Weights<'_>,
        positions: u32,
        claimed: Claimed,
    ) -> Result<Court<'s>, String> {
        let setting = self;
        let units = weights.units_part();
        let prompt = setting.choice.prompt;
        let start = wide(prompt.min(positions));
        let mut output = setting.tokens[start..wide(positions)].to_vec();
        let position = count(output.len());
        if let Claimed::Token(token) = claimed {
            // The head may be of more tokens than the disputed one.
            output.extend([token, 1, 2].into_iter().take(1 + wide(token % 3)));
        }
        let salts = setting.salts;
        let which = Which::Output { choice: setting.choice.choice };
        let head = Head {
            job: setting.job.commitment(&salts),
            choice: setting.choice.choice,
            start: 0,
            prior: [0; 32],
            count: count(output.len()),
            root: TokenVector::over(salts, which, &output).root(),
        };
        let head = SignedHead::sign(head, &setting.secret, salts.network);
        let shown = |leaf| setting.job.show(&salts, leaf).ok_or("the job has eight leaves");
        let claim = match claimed {
            Claimed::Token(_) => {
                let shown = PartialOpening::new(&salts, which, &output, position);
                Claim::Token(shown.ok_or("the token is in the output")?)
            }
            Claimed::Fault(op) => Claim::Fault(Box::new(faulted(setting, head, positions, op))),
        };
        let filing =
            Filing { head, terms: shown(0)?, prompt: shown(2)?, parameters: shown(3)?, claim };
        let files = [&setting.file[..]];
        Ok(Court { setting, files, units, output, filing, positions, biases: shown(4)? })
    }

    pub(super) fn prompt(&self) -> &[u32] {
        &self.tokens[..wide(self.choice.prompt)]
    }
}

/// What really comes of the steps.
pub(super) struct Truth {
    /// Positions of its trace.
    pub(super) positions: u32,
    /// What comes of the last one.
    pub(super) claimed: Claimed,
}

fn shape(random: &mut Random, faulty: bool) -> Shape {
    if faulty {
        return Shape { format: Format::F32, seed: random.draw(), ..Shape::default() };
    }
    let great = Shape { vocabulary: 4200, ..Shape::default() };
    let long = Shape { hidden: 1056, inputs: InputKind::A16, ..Shape::default() };
    let mut shapes: Vec<Shape> = Shape::variants().into_iter().map(|(_, shape)| shape).collect();
    shapes.retain(|shape| shape.width <= 64);
    shapes.extend([great, long]);
    let shape = shapes.swap_remove(random.below(shapes.len()));
    Shape { seed: random.draw(), ..shape }
}

/// Great weights: a token's row, a gain, or rows of logits overflow.
fn overflow(checked: &Checked, file: &mut [u8], tokens: &[u32], random: &mut Random) {
    let (name, row, bits) = match random.below(3) {
        0 => ("embed", tokens[random.below(tokens.len())], 0x4700_0000_u32),
        1 => ("layer.1.gate_norm", 0, 0x4e80_0000),
        _ => ("output", random.under(checked.program().vocabulary), 0x4580_0000),
    };
    let Some(tensor) = checked.program().tensors.iter().find(|tensor| tensor.name == name) else {
        return;
    };
    let start = tensor.location.offset + u64::from(row) * tensor.row_bytes();
    let end = start + tensor.row_bytes();
    let range = usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
    for (entry, sign) in file[range].chunks_exact_mut(4).zip([0, 1_u32 << 31].into_iter().cycle()) {
        let sign = if name == "output" { sign } else { 0 };
        entry.copy_from_slice(&(bits | sign).to_le_bytes());
    }
}

/// A job in which every step of sampling does something, or nothing.
fn job(prompt: &[u32], draw: u64, vocabulary: u32) -> receipt::Job {
    let micro = Micro::new;
    let bias = vec![(3, micro(500_000)), (vocabulary - 1, micro(-700_000))];
    let busy = Settings {
        temperature: micro(1_500_000),
        top_k: 20,
        top_p: micro(900_000),
        min_p: micro(10_000),
        repetition: micro(1_100_000),
        presence: micro(100_000),
        frequency: micro(200_000),
        bias,
        grammar: None,
    };
    let settings = match draw % 3 {
        0 => Settings { temperature: Micro::ZERO, ..Settings::default() },
        1 => Settings::default(),
        _ => busy,
    };
    let fields = JobFields {
        terms: Terms {
            kind: WorkKind::Generate,
            model: MODEL,
            arithmetic: 1,
            sampling: 1,
            nonce_by: NonceChooser::Client,
            beacon_height: 0,
            requester: PublicKey::NONE,
            consent: AuditConsent::Open,
        },
        nonce: blake3::hash(&draw.to_le_bytes()).into(),
        prompt: prompt.to_vec(),
        parameters: Parameters::new(settings).expect("they are in range"),
        choices: 2,
        stop: StopRule { tokens_max: 64, tokens: Vec::new(), strings: Vec::new() },
        rendered: Rendered::Nobody,
    };
    receipt::Job::new(fields).expect("it is within the limits")
}

/// A receipt that ends in a fault.
fn faulted(setting: &Setting, head: SignedHead, positions: u32, op: OpIndex) -> Receipt {
    let stop = Stop::Fault { position: positions - 1, op: op.0 };
    Receipt {
        kind: WorkKind::Generate,
        job: head.head.job,
        model: MODEL,
        arithmetic: 1,
        sampling: 1,
        consent: 2,
        anchor_by: 0,
        usage: Usage { prompt: setting.choice.prompt, output: head.head.count },
        choices: vec![receipt::Choice { index: head.head.choice, segments: vec![head], stop }],
        worker: setting.secret.public(),
    }
}

/// Everything around one dispute.
pub(super) struct Court<'s> {
    setting: &'s Setting,
    files: [&'s [u8]; 1],
    units: Vec<u8>,
    output: Vec<u32>,
    filing: Filing,
    positions: u32,
    biases: receipt::JobLeaf,
}

impl Court<'_> {
    fn job(&self) -> Job<'_> {
        Job {
            salts: self.setting.salts,
            prompt: self.setting.prompt().to_vec(),
            output: self.output.clone(),
            choice: self.setting.choice.choice,
            biases: self.biases.clone(),
            positions: self.positions,
            files: &self.files,
            units: &self.units,
        }
    }

    pub(super) fn honest<'a>(&'a self, record: Record<'a>) -> Story<'a> {
        self.told(record, Lies::default())
    }

    pub(super) fn told<'a>(&'a self, record: Record<'a>, lies: Lies) -> Story<'a> {
        let committer = self.setting.committer();
        Story::told(&self.setting.checked, record, self.job(), committer, lies)
    }

    /// What the referee holds of the model.
    pub(super) fn model(&self) -> Result<Model<'_>, String> {
        let file = Part::of(&self.setting.file);
        let units = Part::of(&self.units);
        text(Model::new(&self.setting.checked, MODEL, vec![file], units))
    }

    /// What is disputed.
    pub(super) fn subject(&self) -> Result<Subject, String> {
        let filing = text(Filing::decode(&self.filing.encode()))?;
        text(filing.check(&self.model()?, self.setting.salts.network))
    }

    /// Plays it; before every move, something like it that may be refused.
    pub(super) fn play(
        &self,
        claimant: &mut dyn Side,
        challenger: &mut dyn Side,
        random: &mut Random,
        see: &mut Watch<'_>,
    ) -> Result<Played, String> {
        let model = self.model()?;
        let mut dispute = Dispute::open(&model, self.subject()?, WINDOW, 0);
        let mut watch = |dispute: &Dispute<'_>, party, bytes: &[u8]| {
            see(dispute, party, bytes);
            // No side makes the other's moves, the last one neither.
            let other = match party {
                Party::Claimant => Party::Challenger,
                Party::Challenger => Party::Claimant,
            };
            if let Ok(made) = Move::decode(bytes) {
                let taken = dispute.clone().take(other, &made, 0);
                assert_eq!(taken, Err(Refusal::Turn), "{made:?}");
            }
            let mut bytes = bytes.to_vec();
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
            if let Ok(made) = Move::decode(&bytes) {
                assert_eq!(made.encode(), bytes, "two encodings of one move");
                let _ = dispute.clone().take(party, &made, dispute.deadline());
            }
        };
        Ok(play_watched(&mut dispute, claimant, challenger, &mut watch))
    }
}

pub(super) fn text<T, E: ToString>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).expect("tiny")
}

pub(super) fn wide(count: u32) -> usize {
    usize::try_from(count).expect("tiny")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sides::answers::{Challenger, Claimant};
    use crate::subject::FilingError;
    use crate::verdict::Verdict;

    /// A setting, its court about the truth or a false token.
    fn court<T>(seed: u64, check: impl Fn(&Court<'_>, &Weights<'_>, &Truth) -> T) -> T {
        let setting = Setting::random(&mut Random::new(seed));
        let weights = setting.load(&setting.file).unwrap();
        let truth = setting.truth(&weights).unwrap();
        let court = setting.court(&weights, truth.positions, truth.claimed).unwrap();
        check(&court, &weights, &truth)
    }

    #[test]
    fn filings_that_do_not_fit_are_refused() {
        court(3, |court, _, truth| {
            let (model, network) = (court.model().unwrap(), court.setting.salts.network);
            assert!(matches!(truth.claimed, Claimed::Token(_)));
            let refused = |change: fn(&mut Filing)| {
                let mut filing = court.filing.clone();
                change(&mut filing);
                filing.check(&model, network).unwrap_err()
            };
            let leaf = |leaf| FilingError::Leaf { leaf };
            assert_eq!(refused(|filing| filing.head.head.count += 1), FilingError::Signature);
            assert_eq!(refused(|filing| filing.terms.bytes[5] ^= 1), leaf(0));
            assert_eq!(refused(|filing| filing.prompt.salt[0] ^= 1), leaf(2));
            assert_eq!(refused(|filing| filing.parameters = filing.prompt.clone()), leaf(3));
            let token = FilingError::Unfit { what: "the token" };
            let of_token = |change: fn(&mut PartialOpening)| {
                let mut filing = court.filing.clone();
                let Claim::Token(shown) = &mut filing.claim else { unreachable!() };
                change(shown);
                filing.check(&model, network).unwrap_err()
            };
            assert_eq!(of_token(|shown| shown.token ^= 1), token);
            assert_eq!(of_token(|shown| shown.position += 1), token);
            assert_eq!(of_token(|shown| shown.which = Which::Prompt), token);
            let other = Network([4; 32]);
            assert_eq!(court.filing.check(&model, other).unwrap_err(), FilingError::Signature);
            let checked = &court.setting.checked;
            let of_id = Model::new(checked, [8; 32], model.files.clone(), model.units).unwrap();
            let wrong = court.filing.check(&of_id, network).unwrap_err();
            assert_eq!(wrong, FilingError::Other { what: "model" });
            let short = Part { bytes: model.units.bytes - 2, ..model.units };
            assert!(Model::new(checked, MODEL, model.files.clone(), short).is_err());
            let short = Part { bytes: 100, ..model.files[0] };
            assert!(Model::new(checked, MODEL, vec![short], model.units).is_err());
        });
    }

    #[test]
    fn filings_have_one_form() {
        for seed in [0, 3] {
            court(seed, |court, _, _| {
                let bytes = court.filing.encode();
                assert_eq!(Filing::decode(&bytes), Ok(court.filing.clone()));
                for end in 0..bytes.len() {
                    assert!(Filing::decode(&bytes[..end]).is_err());
                    let mut other = bytes.clone();
                    other[end] ^= 1;
                    if let Ok(filing) = Filing::decode(&other) {
                        assert_eq!(filing.encode(), other);
                    }
                }
                assert!(Filing::decode(&[&bytes[..], &[0]].concat()).is_err());
            });
        }
    }

    #[test]
    fn a_refused_move_changes_nothing_and_a_deadline_ends_it() {
        court(3, |court, weights, truth| {
            let model = court.model().unwrap();
            let story = court.honest(court.setting.record(weights, truth.positions).unwrap());
            let mut dispute = Dispute::open(&model, court.subject().unwrap(), 10, 5);
            let root = Claimant(&story).answer(&dispute.asked().unwrap()).unwrap();
            let name = Move::Name(0);
            let before = format!("{dispute:?}");
            assert_eq!(dispute.take(Party::Challenger, &root, 6), Err(Refusal::Turn));
            assert_eq!(dispute.take(Party::Claimant, &name, 6), Err(Refusal::Turn));
            assert_eq!(dispute.take(Party::Claimant, &root, 16), Err(Refusal::Late));
            dispute.pass(15);
            assert_eq!(format!("{dispute:?}"), before);
            assert_eq!(dispute.take(Party::Claimant, &root, 15), Ok(()));
            assert_eq!(dispute.deadline(), 25);
            let many = Move::OwnRoot { entries: u32::MAX, root: [1; 32] };
            assert!(matches!(
                dispute.take(Party::Challenger, &many, 20),
                Err(Refusal::Hash { .. })
            ));
            let own = Challenger(&story).answer(&dispute.asked().unwrap()).unwrap();
            dispute.take(Party::Challenger, &own, 20).unwrap();
            let none = Move::Ops { roots: Vec::new(), token_salt: None };
            assert!(matches!(dispute.take(Party::Claimant, &none, 20), Err(Refusal::Count { .. })));
            let ops = Claimant(&story).answer(&dispute.asked().unwrap()).unwrap();
            let Move::Ops { roots, .. } = &ops else { unreachable!() };
            let unsalted = Move::Ops { roots: roots.clone(), token_salt: None };
            assert!(matches!(
                dispute.take(Party::Claimant, &unsalted, 20),
                Err(Refusal::Hash { .. })
            ));
            dispute.take(Party::Claimant, &ops, 20).unwrap();
            let beyond = Move::Name(300);
            assert!(matches!(
                dispute.take(Party::Challenger, &beyond, 20),
                Err(Refusal::Named { .. })
            ));
            dispute.pass(31);
            assert_eq!(dispute.verdict(), Some(Verdict::ChallengerTimedOut));
            assert_eq!(dispute.take(Party::Challenger, &name, 20), Err(Refusal::Over));
        });
    }
}
