//! The first corpus of `receipt_file`: one receipt in every form there is. Its keys are nobody's.

use canon::sample::Parameters;
use commit::{Blind, Network, Salts};
use receipt::log::{Log, LogLeaf};
use receipt::note::Checkpoint;
use receipt::{
    AuditConsent, Choice, Envelope, Inclusion, Job, JobFields, Messages, MissingAnswer,
    MissingChallenge, NonceChooser, Opening, Output, PublicKey, Receipt, ReceiptFile, Rendered,
    SecretKey, Stop, StopRule, Terms, Transcript, Usage, WorkKind,
};

const OUTPUT: [u32; 3] = [7, 8, 9];

pub(crate) fn all() -> Vec<Vec<u8>> {
    let (network, secret) = (Network::OFFLINE, SecretKey::from_seed([1; 32]));
    let opening = opening();
    let salts = Salts { network, blind: opening.blind };
    let receipt = receipt(&opening.job, salts, &secret);
    let envelope = Envelope::seal(&receipt, &secret, network).expect("it is the worker's");
    let mut log = Log::default();
    log.append(&LogLeaf::offline([3; 32]));
    let leaf = LogLeaf::offline(receipt.id(network));
    let index = log.append(&leaf);
    let checkpoint = Checkpoint::sign(log.size(), &log.root(), &secret);
    let inclusion = Inclusion::of(&log, index, checkpoint.clone()).expect("it is in the log");
    let proof = inclusion.proof().to_vec();
    let file = |opening: Option<&Opening>, log: Option<&Inclusion>| {
        let file = ReceiptFile::new(envelope.clone(), opening.cloned(), log.cloned(), network);
        file.expect("it is sound").to_json().into_bytes()
    };
    let challenge = MissingChallenge::new(&envelope, checkpoint.clone(), network);
    vec![
        file(None, None),
        file(Some(&opening), None),
        file(Some(&opening), Some(&inclusion)),
        envelope.to_json().into_bytes(),
        Envelope::seal_package(&[4; 32], &secret, network).to_json().into_bytes(),
        checkpoint.note().encode().into_bytes(),
        challenge.expect("it is the worker's").encode(),
        MissingAnswer { leaf, index, proof }.encode(),
    ]
}

/// What opens that receipt.
pub(crate) fn opening() -> Opening {
    let outputs = vec![Output { choice: 0, tokens: OUTPUT.to_vec() }];
    Opening { blind: Blind([2; 32]), job: job(), outputs }
}

/// The same files with words and an opening behind them, as `light_file` splits them.
pub(crate) fn light() -> Vec<Vec<u8>> {
    let network = commit::hex(&Network::OFFLINE.0);
    let words = ["", "signature", "replay,signature", ";signature", &format!("{network};replay")];
    let opening = opening().encode();
    let all = all();
    let files = all.iter().take(3).cycle();
    let mut inputs: Vec<Vec<u8>> = files
        .zip(words)
        .map(|(file, words)| [file, &[255][..], words.as_bytes()].concat())
        .collect();
    inputs.push([&*all[0], &[255, 255], &opening].concat());
    inputs
}

fn job() -> Job {
    let terms = Terms {
        kind: WorkKind::Generate,
        model: [5; 32],
        arithmetic: 1,
        sampling: 1,
        nonce_by: NonceChooser::Client,
        beacon_height: 0,
        requester: PublicKey::NONE,
        consent: AuditConsent::Own,
    };
    let fields = JobFields {
        terms,
        nonce: [6; 32],
        prompt: vec![1, 2],
        parameters: Parameters::default(),
        choices: 1,
        stop: StopRule { tokens_max: 3, tokens: vec![0], strings: vec!["\n".to_owned()] },
        rendered: Rendered::Worker(Messages::Shown(b"{\"text\":\"\"}".to_vec())),
    };
    Job::new(fields).expect("it is within the limits")
}

fn receipt(job: &Job, salts: Salts, secret: &SecretKey) -> Receipt {
    let commitment = job.commitment(&salts);
    let mut transcript = Transcript::new(salts, commitment, 0, secret.clone());
    OUTPUT.into_iter().for_each(|token| transcript.push(token));
    let segments = vec![transcript.sign()];
    Receipt {
        kind: WorkKind::Generate,
        job: commitment,
        model: job.fields().terms.model,
        arithmetic: 1,
        sampling: 1,
        consent: 0,
        anchor_by: 0,
        usage: Usage { prompt: 2, output: 3 },
        choices: vec![Choice { index: 0, segments, stop: Stop::Length }],
        worker: secret.public(),
    }
}
