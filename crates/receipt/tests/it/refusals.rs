//! Everything of `spec/receipt.md` that MUST be refused, a row each; every row is a change to bytes that are read.

use commit::WireError;
use receipt::{AuditConsent, Job, JobError, PublicKey, Rendered};

use crate::generator::{self, Random};
use crate::pieces::{
    self, Pieces, choice, job_leaf, le32, list8, list32, opening, output, partial, receipt,
    signed_head, string,
};

/// What is wrong, in which field, and the bytes there instead.
type Row = (&'static str, &'static str, Vec<u8>);

/// None of the rows is read, though what they change is.
fn refused(sound: &Pieces, rows: Vec<Row>) {
    assert_eq!(sound.decode(), Ok(()));
    for (what, field, bytes) in rows {
        assert_ne!(sound.with(field, bytes.clone()).bytes(), sound.bytes(), "{what}");
        let found = sound.with(field, bytes).decode();
        let ran_out =
            matches!(found, Err(WireError::Truncated { .. } | WireError::Trailing { .. }));
        assert!(found.is_err() && !ran_out, "{what}: {found:?}");
    }
}

fn read(sound: &Pieces, rows: Vec<Row>) {
    for (what, field, bytes) in rows {
        assert_eq!(sound.with(field, bytes).decode(), Ok(()), "{what}");
    }
}

#[test]
fn terms_of_unknown_numbers() {
    refused(
        &opening(),
        vec![
            ("a kind of work below the known", "kind", vec![0]),
            ("a kind of work beyond the known", "kind", vec![3]),
            ("a nonce chosen by nobody", "nonce by", vec![0]),
            ("a nonce chosen by a third", "nonce by", vec![3]),
            ("rendered by an unknown", "rendered by", vec![4]),
            ("an unknown consent", "consent", vec![3]),
            ("an unknown version of jobs", "job version", vec![2, 0]),
            ("an unknown version of openings", "version", vec![2, 0]),
        ],
    );
}

#[test]
fn auditors_where_none_are_named() {
    let named = |keys: &[u8]| list8(keys.iter().map(|byte| vec![*byte; 32]));
    refused(
        &opening(),
        vec![
            ("named, but not by consent to oneself", "auditors", named(&[1])),
            ("consent to the named, and none is", "consent", vec![1]),
        ],
    );
    let open = opening().with("consent", vec![2]);
    refused(&open, vec![("named, but open to all", "auditors", named(&[1]))]);
    let some = opening().with("auditors", named(&[1, 2])).with("consent", vec![1]);
    refused(
        &some,
        vec![
            ("auditors out of order", "auditors", named(&[2, 1])),
            ("an auditor twice", "auditors", named(&[1, 1])),
        ],
    );
}

#[test]
fn prompts_that_are_none() {
    refused(
        &opening(),
        vec![
            ("no token", "prompt", le32(0)),
            ("a token no model has", "prompt", list32([le32(1 << 20)])),
        ],
    );
    read(&opening(), vec![("the last token", "prompt", list32([le32((1 << 20) - 1)]))]);
    let JobError::Count { least: 1, .. } = refusal(|fields| fields.prompt.clear()) else {
        panic!("a job has a prompt")
    };
}

/// Why changed fields are no job.
fn refusal(change: fn(&mut receipt::JobFields)) -> JobError {
    let random = &mut Random::new(9);
    let salts = random.salts();
    let mut fields = generator::fields(random, &salts);
    assert!(Job::new(fields.clone()).is_ok());
    change(&mut fields);
    Job::new(fields).unwrap_err()
}

#[test]
fn fields_out_of_order_are_no_job() {
    let order = |error| matches!(error, JobError::Order { .. });
    assert!(order(refusal(|fields| fields.stop.tokens = vec![2, 1])));
    assert!(order(refusal(|fields| fields.stop.tokens = vec![1, 1])));
    let unordered = |fields: &mut receipt::JobFields| {
        fields.terms.consent = AuditConsent::Named(vec![PublicKey([2; 32]), PublicKey([1; 32])])
    };
    assert!(order(refusal(unordered)));
    let nobody =
        |fields: &mut receipt::JobFields| fields.terms.consent = AuditConsent::Named(Vec::new());
    assert!(matches!(refusal(nobody), JobError::Count { least: 1, .. }));
    let silent = |fields: &mut receipt::JobFields| {
        fields.rendered = Rendered::Worker(receipt::Messages::Shown(Vec::new()));
    };
    assert!(matches!(refusal(silent), JobError::Count { least: 1, .. }));
}

/// `sampling.md` section 2, through an opening.
#[test]
fn parameters_that_sampling_refuses() {
    let bias = |token: u32, value: i32| [le32(token), value.to_le_bytes().to_vec()].concat();
    let signed = |value: i32| value.to_le_bytes().to_vec();
    refused(
        &opening(),
        vec![
            ("a temperature just above 0", "temperature", le32(1)),
            ("a temperature below 0.01", "temperature", le32(9_999)),
            ("a temperature above 100", "temperature", le32(100_000_001)),
            ("the greatest temperature", "temperature", le32(u32::MAX)),
            ("top_k above a vocabulary", "top_k", le32((1 << 20) + 1)),
            ("top_p above 1", "top_p", le32(1_000_001)),
            ("min_p above 1", "min_p", le32(1_000_001)),
            ("a repetition of 0", "repetition", le32(0)),
            ("a repetition below 0.01", "repetition", le32(9_999)),
            ("a repetition above 100", "repetition", le32(100_000_001)),
            ("a presence below -2", "presence", signed(-2_000_001)),
            ("a presence above 2", "presence", signed(2_000_001)),
            ("a frequency below -2", "frequency", signed(-2_000_001)),
            ("a frequency above 2", "frequency", signed(2_000_001)),
            ("a bias of 0", "biases", list32([bias(1, 0)])),
            ("a bias above 100", "biases", list32([bias(1, 100_000_001)])),
            ("a bias below -100", "biases", list32([bias(1, -100_000_001)])),
            ("biases out of order", "biases", list32([bias(2, 1), bias(1, 1)])),
            ("a bias twice", "biases", list32([bias(1, 1), bias(1, 1)])),
            ("a bias of a token no model has", "biases", list32([bias(1 << 20, 1)])),
            ("a grammar that is neither there nor not", "grammar", vec![2]),
        ],
    );
    read(
        &opening(),
        vec![
            ("always the likeliest", "temperature", le32(0)),
            ("the least temperature", "temperature", le32(10_000)),
            ("the greatest temperature", "temperature", le32(100_000_000)),
            ("presence at its least", "presence", signed(-2_000_000)),
            ("a bias at its least", "biases", list32([bias((1 << 20) - 1, -100_000_000)])),
            ("a grammar", "grammar", [vec![1], vec![5; 32]].concat()),
        ],
    );
}

#[test]
fn stop_rules_that_are_none() {
    refused(
        &opening(),
        vec![
            ("stop tokens out of order", "stop tokens", list32([le32(7), le32(1)])),
            ("a stop token twice", "stop tokens", list32([le32(7), le32(7)])),
            ("a stop string of no bytes", "stop strings", list8([string(b"")])),
            ("a stop string that is not UTF-8", "stop strings", list8([string(b"\xff")])),
            ("half of a character", "stop strings", list8([string(&"é".as_bytes()[..1])])),
            ("no choice", "choices", le32(0)),
        ],
    );
}

#[test]
fn renderings_that_are_none() {
    refused(
        &opening(),
        vec![
            ("messages neither shown nor hidden", "rendering", [vec![2], vec![0; 32]].concat()),
            ("messages of no bytes", "rendering", [vec![1], le32(0)].concat()),
        ],
    );
    // The tokens were the request: there is nothing to show, and what follows is read as outputs.
    assert!(!opening().with("rendered by", vec![0]).is_read());
    let bare = opening().with("rendered by", vec![0]).with("rendering", vec![]);
    assert_eq!(bare.decode(), Ok(()));
    let hidden = [vec![0], vec![5; 32]].concat();
    let before = opening().with("rendering", [vec![4; 32], vec![5; 64], hidden].concat());
    for by in [1, 2] {
        assert_eq!(before.with("rendered by", vec![by]).decode(), Ok(()));
    }
}

#[test]
fn outputs_that_are_none() {
    refused(
        &opening(),
        vec![
            ("outputs out of order", "outputs", list8([output(1, 1), output(0, 1)])),
            ("an output twice", "outputs", list8([output(1, 1), output(1, 1)])),
            ("an output beyond all choices", "outputs", list8([output(128, 1)])),
        ],
    );
    read(
        &opening(),
        vec![
            ("no output", "outputs", vec![0]),
            ("the last choice there can be", "outputs", list8([output(127, 1)])),
            (
                "an output token of any number",
                "outputs",
                list8([[le32(0), list32([le32(u32::MAX)])].concat()]),
            ),
        ],
    );
}

#[test]
fn heads_that_are_none() {
    refused(
        &signed_head(),
        vec![
            ("an unknown version", "version", vec![2, 0]),
            ("tokens under no root", "root", vec![0; 32]),
            ("a root of no tokens", "count", le32(0)),
            ("an end before its beginning", "start", le32(4)),
            ("a choice no job has", "choice", le32(128)),
        ],
    );
    read(
        &signed_head(),
        vec![
            ("a segment without a token", "start", le32(3)),
            ("the last choice there can be", "choice", le32(127)),
        ],
    );
    let nothing = signed_head().with("count", le32(0)).with("root", vec![0; 32]);
    assert_eq!(nothing.decode(), Ok(()));
}

#[test]
fn receipts_that_are_none() {
    refused(
        &receipt(),
        vec![
            ("an unknown version", "version", vec![0, 1]),
            ("an unknown kind", "kind", vec![0]),
            ("an unknown consent", "consent", vec![3]),
            ("a prompt of no tokens", "prompt", le32(0)),
            ("usage above the counts", "output", le32(4)),
            ("usage below the counts", "output", le32(2)),
            ("a choice too few", "choices", vec![0]),
            ("evidence of no kind that is known", "evidence", vec![1, 1, 0, 0]),
            ("evidence of kind 4", "evidence", vec![1, 4, 0, 0]),
            ("a worker who delivered nothing", "worker", vec![3; 32]),
        ],
    );
}

#[test]
fn choices_that_are_none() {
    let one = |index: u32| choice(index, &[signed_head().with("choice", le32(index))], &[1]);
    let nothing = signed_head().with("count", le32(0)).with("root", vec![0; 32]);
    let empty = |index: u32| choice(index, &[nothing.with("choice", le32(index))], &[5]);
    refused(
        &receipt(),
        vec![
            ("choices out of order", "choices", list8([one(1), empty(0)])),
            ("a choice twice", "choices", list8([one(0), empty(0)])),
            ("a choice no job has", "choices", list8([one(128)])),
            ("a choice of no segment", "choices", list8([choice(0, &[], &[1])])),
            ("a head of another choice", "choices", list8([choice(1, &[signed_head()], &[1])])),
            (
                "a head of another job",
                "choices",
                list8([choice(0, &[signed_head().with("job", vec![6; 32])], &[1])]),
            ),
        ],
    );
    read(
        &receipt(),
        vec![
            ("two choices", "choices", list8([one(0), empty(1)])),
            ("the last choice there can be", "choices", list8([one(127)])),
        ],
    );
}

#[test]
fn segments_that_do_not_join() {
    let of = |worker: u8, start: u32, count: u32| {
        let head = signed_head().with("worker", vec![worker; 32]);
        head.with("start", le32(start)).with("count", le32(count))
    };
    let with = |segments: &[Pieces]| list8([choice(0, segments, &[1])]);
    let sound = receipt().with("choices", with(&[of(3, 0, 2), of(4, 2, 3)]));
    refused(
        &sound,
        vec![
            ("a first segment that begins later", "choices", with(&[of(4, 1, 3)])),
            ("a gap between two", "choices", with(&[of(3, 0, 1), of(4, 2, 3)])),
            ("two that overlap", "choices", with(&[of(3, 0, 2), of(4, 1, 3)])),
            ("two in a row of one worker", "choices", with(&[of(4, 0, 2), of(4, 2, 3)])),
            ("the last of another worker", "choices", with(&[of(4, 0, 2), of(3, 2, 3)])),
        ],
    );
    read(
        &sound,
        vec![
            ("a worker who comes back", "choices", with(&[of(4, 0, 1), of(3, 1, 2), of(4, 2, 3)])),
            ("a successor who adds nothing", "choices", with(&[of(3, 0, 3), of(4, 3, 3)])),
        ],
    );
}

#[test]
fn stop_reasons_that_are_none() {
    let with = |stop: &[u8]| list8([choice(0, &[signed_head()], stop)]);
    let cancelled = [vec![4], le32(3), vec![1; 64]].concat();
    let fault = [vec![6], le32(5), le32(9)].concat();
    refused(
        &receipt(),
        vec![
            ("none", "choices", with(&[0])),
            ("an unknown one", "choices", with(&[7])),
            ("a stop string beyond all", "choices", with(&[2, 16])),
        ],
    );
    read(
        &receipt(),
        vec![
            ("the last stop string", "choices", with(&[2, 15])),
            ("length", "choices", with(&[3])),
            ("cancelled", "choices", with(&cancelled)),
            ("unfinished", "choices", with(&[5])),
            ("a fault", "choices", with(&fault)),
        ],
    );
}

#[test]
fn shown_tokens_that_are_none() {
    refused(
        &partial(),
        vec![
            ("an unknown version", "version", vec![2, 0]),
            ("an unknown vector", "vector", vec![0]),
            ("a vector beyond the known", "vector", vec![3]),
            ("a choice no job has", "choice", le32(128)),
            ("a token beyond the vector", "position", le32(2)),
            ("a vector of no tokens", "count", le32(0)),
        ],
    );
    let prompt = partial().with("vector", vec![1]);
    refused(&prompt, vec![("a choice of the prompt", "choice", le32(1))]);
}

#[test]
fn shown_leaves_that_are_none() {
    refused(
        &job_leaf(),
        vec![
            ("an unknown version", "version", vec![2, 0]),
            ("a leaf beyond the eight", "leaf", vec![8]),
            ("a reserved leaf with bytes", "leaf", vec![7]),
        ],
    );
    let reserved = job_leaf().with("leaf", vec![7]).with("bytes", le32(0));
    assert_eq!(reserved.decode(), Ok(()));
    assert_eq!(pieces::job_leaf().bytes().len(), 2 + 1 + 4 + 32 + 32 + 96);
}
