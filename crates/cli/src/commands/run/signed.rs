//! The receipt of one answer: heads signed as tokens come, the log before the file.
//!
//! Never gives a receipt out before its leaf is durable in this machine's log. The file opens prompt
//! and answer to whoever has it: it is written for its owner alone.

use std::path::Path;

use anyhow::{Result, bail};
use commit::{Blind, Network, Salts};
use llm::Stop;
use receipt::{
    Choice, Envelope, Job, Opening, Output, Receipt, ReceiptFile, SecretKey, SignedHead,
    Stop as Reason, Transcript, Usage,
};
use store::Store;

use super::answer::GRAMMAR_NOTE;
use crate::commands::key::{random, worker_key};
use crate::commands::receipt::enter;
use crate::files::{Force, Pending, Readers};
use crate::output::{shown, tell};

/// What signs an answer.
pub(super) struct Signer {
    store: Store,
    secret: SecretKey,
    file: Pending,
}

/// An answer in the signing.
pub(super) struct Signing {
    signer: Signer,
    salts: Salts,
    job: Job,
    transcript: Transcript,
    tokens: Vec<u32>,
}

impl Signer {
    /// For a receipt that is to lie there: that it can is found out before anything is answered.
    pub(super) fn new(path: &Path, force: Force) -> Result<Self> {
        let file = Pending::new(path, Readers::Owner, force)?;
        let store = crate::environment::store()?;
        let secret = worker_key(&store)?;
        Ok(Self { store, secret, file })
    }

    pub(super) fn key(&self) -> receipt::PublicKey {
        self.secret.public()
    }

    pub(super) fn sign(self, job: Job) -> Result<Signing> {
        let salts = Salts { network: Network::OFFLINE, blind: Blind(random()?) };
        let transcript = Transcript::new(salts, job.commitment(&salts), 0, self.secret.clone());
        Ok(Signing { signer: self, salts, job, transcript, tokens: Vec::new() })
    }
}

impl Signing {
    /// Takes a token as it was drawn.
    pub(super) fn push(&mut self, token: u32) {
        self.tokens.push(token);
        self.transcript.push(token);
        if self.transcript.is_due() {
            self.transcript.sign();
        }
    }

    /// Writes the receipt of an answer that ended so.
    pub(super) fn write(mut self, stop: Stop) -> Result<()> {
        let head = self.transcript.sign();
        let receipt = self.receipt(head, stop)?;
        let envelope = Envelope::seal(&receipt, &self.signer.secret, self.salts.network)?;
        let output = Output { choice: 0, tokens: self.tokens };
        let opening = Opening { blind: self.salts.blind, job: self.job, outputs: vec![output] };
        let network = self.salts.network;
        let file = ReceiptFile::new(envelope, Some(opening), None, network)?;
        let index = enter(&self.signer.store, &self.signer.key(), receipt.id(network))?;
        let path = self.signer.file.path().to_owned();
        self.signer.file.write(&file.to_json())?;
        let path = shown(&path);
        tell(format_args!("receipt {path}, number {} in this machine's log", index + 1));
        Ok(())
    }

    fn receipt(&self, head: SignedHead, stop: Stop) -> Result<Receipt> {
        let fields = self.job.fields();
        let job = head.head.job;
        Ok(Receipt {
            kind: fields.terms.kind,
            job,
            model: fields.terms.model,
            arithmetic: fields.terms.arithmetic,
            sampling: fields.terms.sampling,
            consent: fields.terms.consent.number(),
            anchor_by: 0,
            usage: Usage { prompt: u32::try_from(fields.prompt.len())?, output: head.head.count },
            choices: vec![Choice { index: 0, segments: vec![head], stop: self.reason(job, stop)? }],
            worker: self.signer.key(),
        })
    }

    fn reason(&self, job: commit::Digest, stop: Stop) -> Result<Reason> {
        Ok(match stop {
            Stop::Token(_) => Reason::Token,
            Stop::String(index) => Reason::String { index },
            Stop::Length => Reason::Length,
            Stop::Cancelled => {
                let (secret, network) = (&self.signer.secret, self.salts.network);
                Reason::cancelled(secret, network, &job, 0, self.transcript.count())
            }
            Stop::Fault(fault) => Reason::Fault { position: fault.position, op: fault.op.0 },
            Stop::Grammar => bail!(GRAMMAR_NOTE),
            Stop::Refused(error) => bail!(error),
        })
    }
}
