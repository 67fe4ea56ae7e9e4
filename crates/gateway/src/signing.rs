//! The statement about one answer in the making: heads as tokens come, the receipt at its end. Sync, no clock, no disk.
//!
//! Never signs a token twice, and never two receipts for one job. Heads are due by number of tokens here; by age whoever
//! drives it says so.

use commit::{Digest, Salts};
use llm::Stop;
use receipt::limits::RECEIPT_CHOICES_MAX;
use receipt::{
    Choice, Envelope, Job, Opening, Output, Receipt, ReceiptFile, Refusal, SecretKey, SignedHead,
    Transcript, Usage,
};

use crate::core::{Cut, Finish};

/// Most answers to one question: a receipt has no more choices.
pub(crate) const CHOICES_MAX: u32 = 16;
const _: () = assert!(RECEIPT_CHOICES_MAX == 16, "a job's choices are those of its receipt");

/// Most choices of a receipt that say by the requester's signature (this server is the requester) that they were
/// cancelled: with more of them a receipt could outgrow its limit. The others are unfinished, which needs none.
const CANCELLATIONS_MAX: usize = 4;

/// An answer in the signing.
pub(crate) struct Signing {
    salts: Salts,
    job: Job,
    commitment: Digest,
    secret: SecretKey,
    choices: Vec<Making>,
}

/// One choice of it.
struct Making {
    transcript: Transcript,
    tokens: Vec<u32>,
    stop: Option<Stop>,
}

/// What came out.
pub(crate) struct Signed {
    pub(crate) id: Digest,
    pub(crate) envelope: String,
    pub(crate) file: String,
}

impl Signing {
    /// Of nothing yet.
    pub(crate) fn new(job: Job, salts: Salts, secret: SecretKey) -> Self {
        let commitment = job.commitment(&salts);
        let making = |choice| Making {
            transcript: Transcript::new(salts, commitment, choice, secret.clone()),
            tokens: Vec::new(),
            stop: None,
        };
        let choices = (0..job.fields().choices).map(making).collect();
        Self { salts, job, commitment, secret, choices }
    }

    /// The job's commitment.
    pub(crate) fn commitment(&self) -> Digest {
        self.commitment
    }

    /// Takes a token; the head that is due with it.
    pub(crate) fn push(&mut self, choice: u32, token: u32) -> Option<SignedHead> {
        let making = self.choice(choice)?;
        making.tokens.push(token);
        making.transcript.push(token);
        making.transcript.is_due().then(|| making.transcript.sign())
    }

    /// Takes a whole vector, which one head covers, or none where it ended otherwise.
    pub(crate) fn vector(&mut self, numbers: &[i32], stop: Stop) {
        if let Some(making) = self.choice(0) {
            for token in numbers.iter().map(|number| number.cast_unsigned()) {
                making.tokens.push(token);
                making.transcript.push(token);
            }
            making.stop = Some(stop);
        }
    }

    /// A head over what no head covers yet; `None` where there is nothing.
    pub(crate) fn head(&mut self, choice: u32) -> Option<SignedHead> {
        let making = self.choice(choice).filter(|making| making.transcript.unsigned() > 0)?;
        Some(making.transcript.sign())
    }

    /// The choices with tokens that no head covers.
    pub(crate) fn unsigned(&self) -> Vec<u32> {
        let all = (0..).zip(&self.choices);
        let unsigned = all.filter(|(_, making)| making.transcript.unsigned() > 0);
        unsigned.map(|(choice, _)| choice).collect()
    }

    /// Notes how a choice ended.
    pub(crate) fn end(&mut self, choice: u32, stop: Stop) {
        if let Some(making) = self.choice(choice) {
            making.stop = Some(stop);
        }
    }

    /// Nobody waits for the rest: what has not ended is cancelled.
    pub(crate) fn cancel(&mut self) {
        for making in &mut self.choices {
            making.stop.get_or_insert(Stop::Cancelled);
        }
    }

    /// Whether every choice has ended.
    pub(crate) fn is_ended(&self) -> bool {
        self.choices.iter().all(|making| making.stop.is_some())
    }

    /// How a choice ended, for whoever asked, or why it did not.
    pub(crate) fn finish(&self, choice: u32) -> Result<Finish, Cut> {
        let making = usize::try_from(choice).ok().and_then(|choice| self.choices.get(choice));
        match making.and_then(|making| making.stop) {
            Some(Stop::Token(_)) => Ok(Finish::Token),
            Some(Stop::String(index)) => Ok(Finish::String(index)),
            Some(Stop::Length) => Ok(Finish::Length),
            Some(Stop::Fault(_)) => Err(Cut::Fault),
            Some(Stop::Grammar) => Err(Cut::Grammar),
            Some(Stop::Cancelled) => Err(Cut::Cancelled),
            Some(Stop::Refused(_)) | None => Err(Cut::Unfinished),
        }
    }

    /// How many tokens each choice has.
    pub(crate) fn counts(&self) -> impl Iterator<Item = u32> + '_ {
        self.choices.iter().map(|making| making.transcript.count())
    }

    /// The receipt, and the file with everything that opens it.
    pub(crate) fn seal(mut self) -> Result<Signed, Refusal> {
        let network = self.salts.network;
        let mut signatures = CANCELLATIONS_MAX;
        let mut choices = Vec::new();
        for (index, making) in (0..).zip(&mut self.choices) {
            let (head, count) = (making.transcript.sign(), making.transcript.count());
            let stop = match making.stop {
                // Nobody asked for an end: only what was asked for is a cancellation.
                None => receipt::Stop::Unfinished,
                Some(Stop::Cancelled) if signatures == 0 => receipt::Stop::Unfinished,
                Some(Stop::Cancelled) => {
                    signatures -= 1;
                    let (secret, job) = (&self.secret, &self.commitment);
                    receipt::Stop::cancelled(secret, network, job, index, count)
                }
                Some(stop) => stop.claim(),
            };
            choices.push(Choice { index, segments: vec![head], stop });
        }
        let fields = self.job.fields();
        let prompt = u32::try_from(fields.prompt.len()).unwrap_or(u32::MAX);
        let receipt = Receipt {
            kind: fields.terms.kind,
            job: self.commitment,
            model: fields.terms.model,
            arithmetic: fields.terms.arithmetic,
            sampling: fields.terms.sampling,
            consent: fields.terms.consent.number(),
            anchor_by: 0,
            usage: Usage { prompt, output: self.counts().sum() },
            choices,
            worker: self.secret.public(),
        };
        let envelope = Envelope::seal(&receipt, &self.secret, network)?;
        let (id, text) = (receipt.id(network), envelope.to_json());
        let outputs = (0..).zip(self.choices);
        let outputs = outputs.map(|(choice, making)| Output { choice, tokens: making.tokens });
        let opening =
            Opening { blind: self.salts.blind, job: self.job, outputs: outputs.collect() };
        let file = ReceiptFile::new(envelope, Some(opening), None, network)?;
        Ok(Signed { id, envelope: text, file: file.to_json() })
    }

    fn choice(&mut self, choice: u32) -> Option<&mut Making> {
        self.choices.get_mut(usize::try_from(choice).ok()?)
    }
}
