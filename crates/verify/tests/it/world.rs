//! An honest job, answer and receipt, to be spoilt one thing at a time.

use canon::sample::{Parameters, Settings};
use commit::{Blind, Network, Salts};
use receipt::{
    AuditConsent, Choice, Job, JobFields, Messages, NonceChooser, Opening, Output, Receipt,
    Rendered, SecretKey, Stop, StopRule, Terms, Transcript, Usage, WorkKind,
};

pub(crate) const NETWORK: Network = Network::OFFLINE;

pub(crate) fn worker() -> SecretKey {
    SecretKey::from_seed([1; 32])
}

pub(crate) fn requester() -> SecretKey {
    SecretKey::from_seed([2; 32])
}

pub(crate) fn salts() -> Salts {
    Salts { network: NETWORK, blind: Blind([9; 32]) }
}

pub(crate) fn fields() -> JobFields {
    JobFields {
        terms: Terms {
            kind: WorkKind::Generate,
            model: [7; 32],
            arithmetic: 1,
            sampling: 1,
            nonce_by: NonceChooser::Client,
            beacon_height: 0,
            requester: requester().public(),
            consent: AuditConsent::Own,
        },
        nonce: [3; 32],
        prompt: vec![5, 6, 7],
        parameters: Parameters::new(Settings::default()).unwrap(),
        choices: 2,
        stop: StopRule { tokens_max: 64, tokens: vec![2], strings: vec!["end".into()] },
        rendered: Rendered::Worker(Messages::Shown(b"{\"text\":\"hi\"}".to_vec())),
    }
}

/// The tokens of a choice; one that another worker began has 20 of that one's.
pub(crate) fn tokens(choice: u32) -> Vec<u32> {
    (0..40 + choice).map(|n| (n * 31 + choice) % 97).collect()
}

pub(crate) fn opening() -> Opening {
    let output = |choice| Output { choice, tokens: tokens(choice) };
    let job = Job::new(fields()).unwrap();
    Opening { blind: salts().blind, job, outputs: vec![output(0), output(1)] }
}

/// The receipt of what an opening shows, for an answer that ended so.
pub(crate) fn receipt_of(opening: &Opening, stop: Stop) -> Receipt {
    let job = opening.job.commitment(&salts());
    let choices: Vec<Choice> =
        opening.outputs.iter().map(|output| choice(job, output, stop)).collect();
    let terms = &opening.job.fields().terms;
    Receipt {
        kind: terms.kind,
        job,
        model: terms.model,
        arithmetic: terms.arithmetic,
        sampling: terms.sampling,
        consent: terms.consent.number(),
        anchor_by: 0,
        usage: Usage {
            prompt: u32::try_from(opening.job.fields().prompt.len()).unwrap(),
            output: choices.iter().map(Choice::count).sum(),
        },
        choices,
        worker: worker().public(),
    }
}

fn choice(job: commit::Digest, output: &Output, stop: Stop) -> Choice {
    let other = SecretKey::from_seed([4; 32]);
    let mut first = Transcript::new(salts(), job, output.choice, other);
    let (before, after) = output.tokens.split_at(output.tokens.len().min(20));
    before.iter().for_each(|token| first.push(*token));
    let handed_over = first.sign();
    let mut second = Transcript::resumed(salts(), worker(), before, handed_over).unwrap();
    after.iter().for_each(|token| second.push(*token));
    let segments = vec![handed_over, second.sign()];
    Choice { index: output.choice, segments, stop }
}
