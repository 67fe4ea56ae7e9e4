//! True receipts with their openings, and logs that hold them, from a seed.
//!
//! Never a shortcut: everything is signed and committed to as a worker would.

use commit::{Network, Salts};
use receipt::log::{Log, LogLeaf};
use receipt::note::Checkpoint;
use receipt::{
    Choice, Envelope, Head, Inclusion, Opening, Output, Receipt, ReceiptFile, SecretKey,
    SignedHead, Stop, TokenVector, Usage, Which,
};

use crate::generator::{Random, job};

/// A receipt and all that belongs to it.
pub(crate) struct Sealed {
    pub(crate) network: Network,
    pub(crate) secret: SecretKey,
    pub(crate) receipt: Receipt,
    pub(crate) opening: Opening,
}

/// One or two choices; the first one was begun by another worker.
pub(crate) fn sealed(seed: u64) -> Sealed {
    let mut random = Random::new(seed);
    let (salts, secret, before) = (random.salts(), random.secret(), random.secret());
    let job = job(&mut random, &salts);
    let commitment = job.commitment(&salts);
    let terms = &job.fields().terms;
    let mut choices = Vec::new();
    let mut outputs = Vec::new();
    for choice in 0..job.fields().choices.min(2) {
        let count = 4 + random.below(20) as usize;
        let tokens = random.tokens(count);
        let workers =
            if choice == 0 { vec![(&before, 3), (&secret, count)] } else { vec![(&secret, count)] };
        let segments = segments(&salts, commitment, choice, &tokens, &workers);
        let stop = stop(seed + u64::from(choice), &salts, commitment, choice, &secret);
        choices.push(Choice { index: choice, segments, stop });
        outputs.push(Output { choice, tokens });
    }
    let receipt = Receipt {
        kind: terms.kind,
        job: commitment,
        model: terms.model,
        arithmetic: terms.arithmetic,
        sampling: terms.sampling,
        consent: consent(&job),
        anchor_by: seed,
        usage: Usage {
            prompt: u32::try_from(job.fields().prompt.len()).unwrap(),
            output: choices.iter().map(Choice::count).sum(),
        },
        choices,
        worker: secret.public(),
    };
    let opening = Opening { blind: salts.blind, job, outputs };
    Sealed { network: salts.network, secret, receipt, opening }
}

impl Sealed {
    pub(crate) fn envelope(&self) -> Envelope {
        Envelope::seal(&self.receipt, &self.secret, self.network).unwrap()
    }

    /// The receipt's leaf at index 2 of five.
    pub(crate) fn log(&self) -> Log {
        let mut log = Log::default();
        for other in [1, 2] {
            log.append(&LogLeaf::offline([other; 32]));
        }
        log.append(&LogLeaf::offline(self.receipt.id(self.network)));
        for other in [3, 4] {
            log.append(&LogLeaf::offline([other; 32]));
        }
        log
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let log = self.log();
        Checkpoint::sign(log.size(), &log.root(), &self.secret)
    }

    pub(crate) fn inclusion(&self) -> Inclusion {
        Inclusion::of(&self.log(), 2, self.checkpoint()).unwrap()
    }

    pub(crate) fn file(&self) -> ReceiptFile {
        ReceiptFile::new(self.envelope(), Some(self.opening.clone()), None, self.network).unwrap()
    }

    pub(crate) fn bundle(&self) -> ReceiptFile {
        let (opening, log) = (Some(self.opening.clone()), Some(self.inclusion()));
        ReceiptFile::new(self.envelope(), opening, log, self.network).unwrap()
    }

    pub(crate) fn parse(&self, text: &str) -> Result<ReceiptFile, receipt::Refusal> {
        ReceiptFile::parse(text.as_bytes(), self.network)
    }
}

/// The text with one occurrence replaced; it must be there.
pub(crate) fn edited(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1)
}

/// A member of the top, as it stands in the text.
pub(crate) fn member(text: &str, name: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    format!("\"{name}\": {}", json[name])
}

fn segments(
    salts: &Salts,
    job: [u8; 32],
    choice: u32,
    tokens: &[u32],
    workers: &[(&SecretKey, usize)],
) -> Vec<SignedHead> {
    let (mut start, mut prior) = (0, [0; 32]);
    let mut segments = Vec::new();
    for (secret, end) in workers {
        let vector = TokenVector::over(*salts, Which::Output { choice }, &tokens[..*end]);
        let (count, root) = (vector.count(), vector.root());
        let head = Head { job, choice, start, prior, count, root };
        (start, prior) = (count, head.id(salts.network));
        segments.push(SignedHead::sign(head, secret, salts.network));
    }
    segments
}

/// Every reason in turn.
fn stop(turn: u64, salts: &Salts, job: [u8; 32], choice: u32, secret: &SecretKey) -> Stop {
    match turn % 6 {
        0 => Stop::Token,
        1 => Stop::String { index: 3 },
        2 => Stop::Length,
        3 => Stop::cancelled(secret, salts.network, &job, choice, 2),
        4 => Stop::Unfinished,
        _ => Stop::Fault { position: 40, op: 9 },
    }
}

fn consent(job: &receipt::Job) -> u8 {
    match job.fields().terms.consent {
        receipt::AuditConsent::Own => 0,
        receipt::AuditConsent::Named(_) => 1,
        receipt::AuditConsent::Open => 2,
    }
}
