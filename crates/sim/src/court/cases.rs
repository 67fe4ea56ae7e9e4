//! Jobs of the tiny model: what it really answers, and what a worker with other weights says instead.
//!
//! Made once a process: a court takes the tokens from here and runs the model only where somebody disputes. What depends
//! on the network (salts, commitments) is made there.

use commit::{Blind, Network, Salts};
use dispute::sides::{Job as Known, Story};
use dispute::{Model, Part as Held};
use package::{About, Manifest, Part, PartKind};
use program::OpIndex;
use program::record::Record;
use program::reference::Weights;
use program::tile::Choice;
use program::trace::Committer;
use receipt::{
    AuditConsent, Job, JobFields, NonceChooser, PublicKey, Rendered, StopRule, Terms, WorkKind,
};
use std::sync::LazyLock;

use crate::tiny::TINY;

/// Whose story is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tale {
    /// The model's.
    True,
    /// That of other weights.
    False,
    /// The model's as far as an op that is said to fault.
    Fault,
}

/// What a job of a court is said to fault at: the first op of the position behind the first token.
pub(crate) struct Faulted {
    pub(crate) position: u32,
    pub(crate) op: OpIndex,
}

/// A job, what the model answers, and what a liar does.
pub(crate) struct Case {
    nonce: [u8; 32],
    prompt: Vec<u32>,
    /// What the model draws.
    pub(crate) truth: Vec<u32>,
    /// What a liar says instead of the last token.
    lie: u32,
    /// The liar's weights.
    other: &'static Weights<'static>,
}

/// How many jobs there are.
pub(crate) const CASES: usize = 4;
/// Tokens of an output.
const OUTPUT: usize = 2;

static FILES: LazyLock<[&'static [u8]; 1]> = LazyLock::new(|| [&TINY.weights]);
static WEIGHTS: LazyLock<Weights<'static>> = LazyLock::new(|| loaded(&TINY.weights));
static TABLE: LazyLock<Vec<Case>> = LazyLock::new(|| (0u8..).take(CASES).map(made).collect());

/// The manifest that a court's model is published by.
pub(crate) static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| {
    let parts = PartKind::ALL.map(|part| match part {
        PartKind::Program => Part::of(&TINY.program),
        PartKind::Units => Part::of(&TINY.units),
        PartKind::Tokenizer | PartKind::TokenBytes | PartKind::Defaults => Part::of(b"some bytes"),
        PartKind::Card => Part::of(b"a court's"),
        PartKind::Template | PartKind::Quality => None,
    });
    let manifest = Manifest::new(About::default(), parts, vec![TINY.file.clone()]);
    manifest.expect("a sound manifest")
});

/// What a referee has of the model.
pub(crate) static MODEL: LazyLock<Model<'static>> = LazyLock::new(|| {
    let (file, units) = (Held::of(&TINY.weights), Held::of(&TINY.units));
    Model::new(&TINY.checked, MANIFEST.id().0, vec![file], units).expect("its own parts")
});

/// A job of the table.
pub(crate) fn case(at: usize) -> &'static Case {
    &TABLE[at % CASES]
}

fn loaded(file: &'static [u8]) -> Weights<'static> {
    Weights::load(&TINY.checked, &[file]).expect("the model's own tensors")
}

/// Another tensor's rows are another model.
fn others() -> impl Iterator<Item = &'static Weights<'static>> {
    TINY.checked.program().tensors.iter().map(|tensor| {
        let mut other = TINY.weights.clone();
        let start = usize::try_from(tensor.location.offset).expect("it is tiny");
        let row = usize::try_from(tensor.row_bytes()).expect("it is tiny");
        let rows = usize::try_from(tensor.rows).expect("it is tiny");
        other[start..start + row * rows].rotate_left(rows / 2 * row);
        &*Box::leak(Box::new(loaded(Box::leak(other.into_boxed_slice()))))
    })
}

fn made(at: u8) -> Case {
    let nonce = [3 + at; 32];
    let prompt = vec![1, 2, 3 + u32::from(at)];
    let mut case = Case { nonce, prompt, truth: Vec::new(), lie: 0, other: &WEIGHTS };
    for _ in 0..OUTPUT {
        let token = case.drawn(&WEIGHTS).expect("the model draws a token");
        case.truth.push(token);
    }
    let said = case.truth.pop().expect("it was drawn");
    let mut liars = others().filter_map(|other| Some((case.drawn(other)?, other)));
    let (lie, other) = liars.find(|(lie, _)| *lie != said).expect("other weights say other things");
    case.truth.push(said);
    Case { lie, other, ..case }
}

impl Case {
    /// The output, as somebody says it is.
    pub(crate) fn output(&self, tale: Tale) -> Vec<u32> {
        let mut output = self.truth.clone();
        match tale {
            Tale::True => {}
            Tale::False => output.splice(output.len() - 1.., [self.lie]).for_each(drop),
            Tale::Fault => output.truncate(output.len() - 1),
        }
        output
    }

    /// Where it is said to fault, where it is.
    pub(crate) fn faulted(&self) -> Faulted {
        let prompt = u32::try_from(self.prompt.len()).expect("a few tokens");
        Faulted { position: prompt + self.place() - 1, op: OpIndex(0) }
    }

    /// The place of the token that a liar says.
    pub(crate) fn place(&self) -> u32 {
        u32::try_from(self.truth.len() - 1).expect("a few tokens")
    }

    /// The job as somebody asks for it.
    pub(crate) fn job(&self, beacon_height: u64) -> Job {
        let terms = Terms {
            kind: WorkKind::Generate,
            model: MANIFEST.id().0,
            arithmetic: 1,
            sampling: 1,
            nonce_by: NonceChooser::Client,
            beacon_height,
            requester: PublicKey::NONE,
            consent: AuditConsent::Open,
        };
        let fields = JobFields {
            terms,
            nonce: self.nonce,
            prompt: self.prompt.clone(),
            parameters: Default::default(),
            choices: 1,
            stop: StopRule { tokens_max: 2, tokens: Vec::new(), strings: Vec::new() },
            rendered: Rendered::Nobody,
        };
        Job::new(fields).expect("a small job")
    }

    /// All that happened up to the last token, as somebody tells it of a job that was answered so.
    pub(crate) fn story(
        &self,
        job: &Job,
        salts: Salts,
        output: &[u32],
        tale: Tale,
    ) -> Story<'static> {
        let weights = if tale == Tale::False { self.other } else { &WEIGHTS };
        let tokens = [&self.prompt, &self.truth[..self.truth.len() - 1]].concat();
        let known = Known {
            salts,
            prompt: self.prompt.clone(),
            output: output.to_vec(),
            choice: 0,
            biases: job.show(&salts, 4).expect("a job has eight leaves"),
            positions: u32::try_from(tokens.len()).expect("a few tokens"),
            files: &*FILES,
            units: &TINY.units,
        };
        let record = self.record(weights, &tokens).expect("the job was run before");
        match tale {
            Tale::True | Tale::False => Story::of(weights, record, known),
            Tale::Fault => {
                let Faulted { position, op } = self.faulted();
                Story::with_fault(weights, record, known, (position, op, 0))
            }
        }
    }

    /// The token that these weights draw behind what was drawn.
    fn drawn(&self, weights: &'static Weights<'static>) -> Option<u32> {
        let tokens = [&self.prompt[..], &self.truth].concat();
        let salts = Salts { network: Network::OFFLINE, blind: Blind([4; 32]) };
        self.record(weights, &tokens)?.drawn(&Committer(salts))
    }

    fn record(
        &self,
        weights: &'static Weights<'static>,
        tokens: &[u32],
    ) -> Option<Record<'static>> {
        let job = self.job(0);
        let prompt = u32::try_from(self.prompt.len()).expect("a few tokens");
        let drawn = u32::try_from(tokens.len()).expect("a few tokens");
        let (parameters, seed) = (job.fields().parameters.clone(), job.seed());
        let choice = Choice { parameters, seed, choice: 0, prompt };
        let record = Record::until(weights, tokens, drawn, &mut |_, _, made| made).ok()?;
        Some(record.with_choice(choice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_liar_says_something_else() {
        for at in 0..CASES {
            assert_ne!(case(at).output(Tale::True), case(at).output(Tale::False));
        }
    }
}
