//! One answer held against the job that was asked: what the upstream says goes in, what may be spelled out comes out.
//!
//! Sync, no clock, no socket, no engine. The job is made here and not taken from the upstream, so nothing of an answer
//! to another question passes, an old one neither. Nothing comes out that no signed head covers. Never reads text, and
//! never says that a token is the one the model draws: replay does. Failure: a [`Failure`], and nothing after it.

use std::collections::VecDeque;
use std::sync::Arc;

use commit::{Network, Salts};
use light::{ByReceipt, Stream};
use llm::{Model, Reading};
use receipt::{Choice, Envelope, Job, Opening, Output, PublicKey, ReceiptFile, SignedHead, Stop};
use verify::{Kind, Replay as Replayed, Verdict, examine};

use super::failure::Failure;
use super::wire::Begun;
use crate::core::{Ended, Finish, Part};

const NETWORK: Network = Network::OFFLINE;

/// What was asked.
#[derive(Clone)]
pub(super) struct Expected {
    pub(super) model: Arc<Model>,
    pub(super) id: [u8; 32],
    /// With nobody as the one who may cancel: at the upstream that is the worker.
    pub(super) job: Job,
}

/// An answer as it comes.
pub(super) struct Checking {
    begun: Begun,
    job: Job,
    lines: Vec<Line>,
}

/// One choice of it.
struct Line {
    stream: Stream,
    reading: Reading,
    tokens: Vec<u32>,
    /// How many of them were given out.
    given: usize,
    /// The last head, which held.
    last: Option<SignedHead>,
}

/// Parts of a choice that a head covers.
pub(super) struct Covered {
    pub(super) choice: u32,
    pub(super) tokens: Vec<u32>,
    pub(super) parts: VecDeque<Part>,
}

/// An end whose receipt holds.
pub(super) struct Checked {
    /// What no head covered before.
    pub(super) covered: Vec<Covered>,
    /// The last text of each choice, where some was held back.
    pub(super) tails: Vec<Part>,
    pub(super) stops: Vec<Stop>,
    pub(super) ended: Vec<Ended>,
    pub(super) file: ReceiptFile,
}

impl Checking {
    /// Of an answer that begins so.
    pub(super) fn new(expected: &Expected, begun: Begun) -> Result<Self, Failure> {
        if begun.model != expected.id {
            return Err(Failure::Model { wanted: expected.id, found: begun.model });
        }
        let mut fields = expected.job.fields().clone();
        fields.terms.requester = begun.worker;
        let job = Job::new(fields).map_err(|error| Failure::Ours(error.to_string()))?;
        let salts = Salts { network: NETWORK, blind: begun.blind };
        if job.commitment(&salts) != begun.job {
            return Err(Failure::Job);
        }
        let line = |choice| {
            let (blind, worker) = (begun.blind, begun.worker);
            let begun = light::Begun { network: NETWORK, blind, job: begun.job, choice, worker };
            let reading = Reading::new(&expected.model, &job, choice);
            let reading = reading.map_err(|error| Failure::Ours(error.to_string()))?;
            Ok(Line {
                stream: Stream::new(begun),
                reading,
                tokens: Vec::new(),
                given: 0,
                last: None,
            })
        };
        let lines = (0..job.fields().choices).map(line).collect::<Result<_, Failure>>()?;
        Ok(Self { begun, job, lines })
    }

    /// What it answers.
    pub(super) fn job(&self) -> &Job {
        &self.job
    }

    /// Who answers.
    pub(super) fn worker(&self) -> PublicKey {
        self.begun.worker
    }

    /// Takes tokens of a choice, and a head over all of it so far: what that covers.
    pub(super) fn part(
        &mut self,
        choice: u32,
        tokens: &[u32],
        head: Option<&[u8]>,
    ) -> Result<Option<Covered>, Failure> {
        let max = self.job.fields().stop.tokens_max;
        let index = usize::try_from(choice).unwrap_or(usize::MAX);
        let line = self.lines.get_mut(index);
        let line = line.ok_or(Failure::Stream(light::StreamError::Choice(choice)))?;
        let count = line.tokens.len() + tokens.len();
        if u32::try_from(count).is_ok_and(|count| count > max) {
            return Err(Failure::Tokens { choice, max });
        }
        for token in tokens {
            line.stream.token(*token);
            line.tokens.push(*token);
        }
        let Some(head) = head else { return Ok(None) };
        line.stream.head(head);
        if let Some(error) = line.stream.failed() {
            return Err(error.clone().into());
        }
        line.last = SignedHead::decode(head).ok();
        line.cover(choice, line.last).map(Some)
    }

    /// Takes the receipt: the end, if all of it holds.
    pub(super) fn end(&mut self, envelope: &str) -> Result<Checked, Failure> {
        let envelope = Envelope::from_json(envelope.as_bytes());
        let envelope = envelope.map_err(|error| Failure::Receipt(error.into()))?;
        let file = ReceiptFile::new(envelope, Some(self.opening()), None, NETWORK)?;
        let replay = Replayed::NotTried;
        let report = examine(file.receipt(), file.opening(), NETWORK, &[Kind::Signature], &replay);
        match report.verdict {
            Verdict::Verified => {}
            Verdict::Refuted(refutation) => return Err(Failure::Refuted(refutation)),
            Verdict::CannotJudge(missing) => return Err(Failure::Unjudged(missing)),
        }
        let said = &file.receipt().choices;
        if said.len() != self.lines.len() {
            return Err(light::StreamError::Receipt.into());
        }
        let stops: Vec<Stop> = said.iter().map(|choice| choice.stop).collect();
        let (mut covered, mut tails, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        for ((choice, line), said) in (0..).zip(&mut self.lines).zip(said) {
            line.ended(&file)?;
            line.answered(self.begun.worker, said)?;
            let (stop, finish) = (&said.stop, finish(choice, &said.stop)?);
            // The receipt's own head covers what no head before it did.
            covered.extend((line.given < line.tokens.len()).then(|| line.cover(choice, None)));
            let text = line.reading.end(stop)?;
            tails.push(Part { choice, text, token: None, logprob: None, head: None });
            ended.push(Ended { choice, finish });
        }
        let covered = covered.into_iter().collect::<Result<_, _>>()?;
        tails.retain(|part| !part.text.is_empty());
        Ok(Checked { covered, tails, stops, ended, file })
    }

    /// Everything that the receipt has to commit to.
    fn opening(&self) -> Opening {
        let outputs = (0..).zip(&self.lines);
        let outputs = outputs.map(|(choice, line)| Output { choice, tokens: line.tokens.clone() });
        Opening { blind: self.begun.blind, job: self.job.clone(), outputs: outputs.collect() }
    }

    /// The receipt file that this envelope makes with what came, where it makes one: for evidence.
    pub(super) fn file(&self, envelope: &str) -> Option<String> {
        let envelope = Envelope::from_json(envelope.as_bytes()).ok()?;
        let file = ReceiptFile::new(envelope, Some(self.opening()), None, NETWORK).ok()?;
        Some(file.to_json())
    }
}

impl Line {
    /// Holds the receipt against the tokens that came.
    fn ended(&mut self, file: &ReceiptFile) -> Result<(), Failure> {
        self.stream.ended(file);
        match (self.stream.failed(), self.stream.receipt()) {
            (Some(error), _) => Err(error.clone().into()),
            (None, Some(ByReceipt { beyond: 0 })) => Ok(()),
            (None, Some(_) | None) => Err(light::StreamError::Receipt.into()),
        }
    }

    /// Whether the worker that was named answers for every token of it, by one chain of heads from the first one on.
    ///
    /// A receipt may have segments of several workers, of which the last answers for nothing before its own. Here one
    /// worker was named, and others' keys cost nothing.
    fn answered(&self, worker: PublicKey, said: &Choice) -> Result<(), Failure> {
        let choice = said.index;
        let [segment] = said.segments.as_slice() else {
            return Err(Failure::Segments { choice, worker });
        };
        if segment.worker != worker || segment.head.start != 0 {
            return Err(Failure::Segments { choice, worker });
        }
        if self.last.as_ref() == Some(segment) {
            return Ok(());
        }
        let chain = |source| light::StreamError::Chain { count: segment.head.count, source }.into();
        segment.follows(self.last.as_ref(), NETWORK).map_err(chain)
    }

    /// Spells what is covered now.
    fn cover(&mut self, choice: u32, head: Option<SignedHead>) -> Result<Covered, Failure> {
        let tokens = self.tokens[self.given..].to_vec();
        self.given = self.tokens.len();
        let mut parts = VecDeque::with_capacity(tokens.len());
        for token in &tokens {
            let text = self.reading.take(*token)?;
            let token = Some(*token);
            parts.push_back(Part { choice, text, token, logprob: None, head: None });
        }
        if let Some(last) = parts.back_mut() {
            last.head = head;
        }
        Ok(Covered { choice, tokens, parts })
    }
}

/// Why a choice ended, by the receipt: the ends that its tokens bear out. Any other is no end: whoever asked cancelled
/// nothing, a worker can say at any token that it did not finish, and of a fault no signature shows that it came.
const fn finish(choice: u32, stop: &Stop) -> Result<Finish, Failure> {
    match stop {
        Stop::Token => Ok(Finish::Token),
        Stop::String { index } => Ok(Finish::String(*index)),
        Stop::Length => Ok(Finish::Length),
        Stop::Cancelled { .. } | Stop::Unfinished | Stop::Fault { .. } => {
            Err(Failure::Unfinished { choice, said: stop.name() })
        }
    }
}
