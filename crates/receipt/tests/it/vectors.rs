//! `spec/vectors/receipt_*.json`, which an oracle made that shares no code with this crate: byte for byte.
//!
//! A file nobody checks fails `every_file_is_checked`.

use canon::sample::{Micro, Parameters, Settings};
use commit::{Blind, Network, Salts};
use receipt::log::{Log, LogLeaf, grew, included};
use receipt::note::Checkpoint;
use receipt::{
    AuditConsent, Choice, Envelope, Equivocation, Head, Job, JobFields, JobLeaf, Messages,
    MissingAnswer, MissingChallenge, NonceChooser, Opening, Output, PartialOpening, PublicKey,
    Receipt, Rendered, Renderer, SecretKey, Signature, SignedHead, Stop, StopRule, Terms,
    TokenVector, Transcript, Usage, Which, WorkKind,
};
use serde_json::Value as Json;

use crate::generator::Random;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors");

/// Calls `check` with the inputs of each case and the whole case.
#[allow(clippy::print_stdout, reason = "says which case failed")]
fn each(file: &str, check: fn(&Json, &Json)) {
    let text = std::fs::read_to_string(format!("{FOLDER}/{file}.json")).unwrap();
    let vectors: Json = serde_json::from_str(&text).unwrap();
    assert_eq!((&vectors["spec"], &vectors["op"]), (&"receipt".into(), &file.into()));
    let cases = vectors["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        println!("{file}: {}", case["name"]);
        check(&case["inputs"], case);
    }
}

macro_rules! vectors {
    ($($file:ident: $check:path,)*) => {
        /// The files checked here.
        const FILES: &[&str] = &[$(stringify!($file)),*];

        $(#[test]
        fn $file() {
            each(stringify!($file), $check);
        })*
    };
}

vectors! {
    receipt_bytes: bytes_read_or_refused,
    receipt_cancellation: cancellation,
    receipt_embedding_run: embedding,
    receipt_equivocation: equivocation,
    receipt_heads: heads,
    receipt_job: job,
    receipt_log: log,
    receipt_missing: missing,
    receipt_opened: opened,
    receipt_opening: opening,
    receipt_sign: sign,
    receipt_signature: signature,
    receipt_small_order: small_order,
    receipt_statement: statement,
    receipt_tokens: tokens,
}

/// Checked where messages are read (`llm`) and stop strings are found (`text`).
const ELSEWHERE: [&str; 2] = ["receipt_messages", "receipt_stop_string"];

#[test]
fn every_file_is_checked() {
    let mut found: Vec<String> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .filter(|name| name.starts_with("receipt_") && !ELSEWHERE.contains(&name.as_str()))
        .collect();
    found.sort();
    assert_eq!(found, FILES);
}

fn bytes(hex: &Json) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn array<const N: usize>(hex: &Json) -> [u8; N] {
    bytes(hex).try_into().unwrap()
}

fn hex(bytes: &[u8]) -> Json {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

fn hexes<T: AsRef<[u8]>>(list: impl IntoIterator<Item = T>) -> Json {
    list.into_iter().map(|item| hex(item.as_ref())).collect()
}

fn list(json: &Json) -> &[Json] {
    json.as_array().unwrap()
}

fn number<T: TryFrom<i64, Error: std::fmt::Debug>>(json: &Json) -> T {
    json.as_i64().unwrap().try_into().unwrap()
}

fn long(json: &Json) -> u64 {
    json.as_str().unwrap().parse().unwrap()
}

/// A list as it is, or a uniform generator's (`spec/vectors/README.md`).
fn tokens_of(json: &Json) -> Vec<u32> {
    let Some(seed) = json.get("seed") else { return list(json).iter().map(number).collect() };
    let random = &mut Random::new(long(seed));
    let (lo, hi): (u64, u64) = (number(&json["lo"]), number(&json["hi"]));
    let next = |_| u32::try_from(lo + random.next() % (hi - lo + 1)).unwrap();
    (0..number(&json["count"])).map(next).collect()
}

fn network(inputs: &Json) -> Network {
    Network(array(&inputs["network"]))
}

fn salts(inputs: &Json) -> Salts {
    Salts { network: network(inputs), blind: Blind(array(&inputs["blind"])) }
}

fn secret(json: &Json) -> SecretKey {
    SecretKey::from_seed(array(&json["secret"]))
}

fn kind(inputs: &Json) -> WorkKind {
    match number(&inputs["kind"]) {
        1_u8 => WorkKind::Generate,
        2 => WorkKind::Embed,
        other => panic!("no kind {other}"),
    }
}

fn parameters(json: &Json) -> Parameters {
    let mut settings = Settings::default();
    for (name, value) in json.as_object().unwrap() {
        let micro = || Micro::new(number(value));
        match name.as_str() {
            "temperature" => settings.temperature = micro(),
            "top_k" => settings.top_k = number(value),
            "top_p" => settings.top_p = micro(),
            "min_p" => settings.min_p = micro(),
            "repetition" => settings.repetition = micro(),
            "presence" => settings.presence = micro(),
            "frequency" => settings.frequency = micro(),
            "bias" => {
                let bias = |pair: &Json| (number(&pair[0]), Micro::new(number(&pair[1])));
                settings.bias = list(value).iter().map(bias).collect();
            }
            "grammar" => settings.grammar = Some(array(value)),
            other => panic!("no parameter {other}"),
        }
    }
    Parameters::new(settings).unwrap()
}

fn terms_of(inputs: &Json) -> Terms {
    let keys = || list(&inputs["auditors"]).iter().map(|key| PublicKey(array(key))).collect();
    Terms {
        kind: kind(inputs),
        model: array(&inputs["model"]),
        arithmetic: number(&inputs["arithmetic"]),
        sampling: number(&inputs["sampling"]),
        nonce_by: if inputs["nonce_by"] == 1 {
            NonceChooser::Client
        } else {
            NonceChooser::Gateway
        },
        beacon_height: long(&inputs["beacon"]),
        requester: PublicKey(array(&inputs["requester"])),
        consent: match number(&inputs["consent"]) {
            0_u8 => AuditConsent::Own,
            1 => AuditConsent::Named(keys()),
            2 => AuditConsent::Open,
            other => panic!("no consent {other}"),
        },
    }
}

fn job_of(inputs: &Json) -> (Salts, Job) {
    let (salts, stop) = (salts(inputs), &inputs["stop"]);
    let text = |text: &Json| text.as_str().unwrap().to_owned();
    let mut fields = JobFields {
        terms: terms_of(inputs),
        nonce: array(&inputs["nonce"]),
        prompt: tokens_of(&inputs["prompt"]),
        parameters: parameters(&inputs["parameters"]),
        choices: number(&inputs["choices"]),
        stop: StopRule {
            tokens_max: number(&stop["tokens_max"]),
            tokens: tokens_of(&stop["tokens"]),
            strings: list(&stop["strings"]).iter().map(text).collect(),
        },
        rendered: Rendered::Nobody,
    };
    let prompt = Job::new(fields.clone()).unwrap().prompt_leaf(&salts);
    let rendering = &inputs["rendering"];
    let messages = || match rendering.get("shown") {
        Some(shown) => Messages::Shown(text(shown).into_bytes()),
        None => Messages::Hidden(array(&rendering["hidden"])),
    };
    let signed = |by| Rendered::signed(&salts, by, &secret(rendering), &prompt, messages());
    fields.rendered = match number(&inputs["rendered_by"]) {
        0_u8 => Rendered::Nobody,
        1 => signed(Renderer::Client),
        2 => signed(Renderer::Gateway),
        3 => Rendered::Worker(messages()),
        other => panic!("no renderer {other}"),
    };
    let job = Job::new(fields).unwrap();
    assert!(job.rendering_holds(&salts));
    (salts, job)
}

fn job(inputs: &Json, case: &Json) {
    let ((salts, job), expected) = (job_of(inputs), &case["expected"]);
    assert_eq!(hexes(job.leaves(&salts)), expected["leaves"]);
    assert_eq!(hex(&job.seed()), expected["seed"]);
    let commitment = job.commitment(&salts);
    assert_eq!(hex(&commitment), expected["commitment"]);
    let of = inputs.get("of").map_or(&[][..], |of| list(of));
    let shown: Vec<JobLeaf> =
        of.iter().map(|leaf| job.show(&salts, number(leaf)).unwrap()).collect();
    assert!(shown.iter().all(|shown| shown.is_of(salts.network, &commitment)));
    assert_eq!(hexes(shown.iter().map(JobLeaf::encode)), expected["shown"]);
}

fn opening(inputs: &Json, case: &Json) {
    let (salts, job) = job_of(inputs);
    let output = |output: &Json| Output {
        choice: number(&output["choice"]),
        tokens: tokens_of(&output["tokens"]),
    };
    let outputs = list(&inputs["outputs"]).iter().map(output).collect();
    let opening = Opening { blind: salts.blind, job, outputs };
    assert_eq!(hex(&opening.encode()), case["expected"]["bytes"]);
    assert_eq!(Opening::decode(&opening.encode()), Ok(opening));
}

/// The job, transcript and receipt of a vector; the vector itself is checked in `program`.
fn embedding(inputs: &Json, case: &Json) {
    let (salts, expected) = (salts(inputs), &case["expected"]);
    let fields = JobFields {
        terms: Terms {
            kind: WorkKind::Embed,
            model: array(&inputs["model"]),
            arithmetic: 1,
            sampling: 1,
            nonce_by: NonceChooser::Gateway,
            beacon_height: 0,
            requester: PublicKey::NONE,
            consent: AuditConsent::Own,
        },
        nonce: array(&inputs["nonce"]),
        prompt: tokens_of(&inputs["prompt"]),
        parameters: parameters(&serde_json::json!({"temperature": 0})),
        choices: 1,
        stop: StopRule {
            tokens_max: number(&inputs["dimensions"]),
            tokens: Vec::new(),
            strings: Vec::new(),
        },
        rendered: Rendered::Nobody,
    };
    let job = Job::new(fields).unwrap();
    let (commitment, secret) = (job.commitment(&salts), secret(inputs));
    assert_eq!(hex(&commitment), expected["job"]);
    let vector = expected.get("vector").map_or(&[][..], |vector| list(vector));
    let vector: Vec<u32> = vector.iter().map(|e| number::<i32>(e).cast_unsigned()).collect();
    let stop = match expected.get("position") {
        None => Stop::Length,
        Some(at) => Stop::Fault { position: number(at), op: number(&expected["op"]) },
    };
    let mut transcript = Transcript::new(salts, commitment, 0, secret.clone());
    vector.iter().for_each(|entry| transcript.push(*entry));
    let head = transcript.sign();
    assert_eq!((head.head.prior, hex(&head.head.root)), ([0; 32], expected["output"].clone()));
    let count = |tokens: usize| u32::try_from(tokens).unwrap();
    let receipt = Receipt {
        kind: WorkKind::Embed,
        job: commitment,
        model: array(&inputs["model"]),
        arithmetic: 1,
        sampling: 1,
        consent: 0,
        anchor_by: 0,
        usage: Usage { prompt: count(job.fields().prompt.len()), output: count(vector.len()) },
        choices: vec![Choice { index: 0, segments: vec![head], stop }],
        worker: secret.public(),
    };
    assert_eq!(hex(&receipt.encode()), expected["receipt"]);
    assert_eq!(hex(&receipt.id(salts.network)), expected["id"]);
    assert_eq!(Receipt::decode(&receipt.encode()), Ok(receipt));
}

fn tokens(inputs: &Json, case: &Json) {
    let (salts, tokens, expected) =
        (salts(inputs), tokens_of(&inputs["tokens"]), &case["expected"]);
    let choice = number(&inputs["choice"]);
    let which = if inputs["vector"] == 1 { Which::Prompt } else { Which::Output { choice } };
    let root =
        |count: &Json| TokenVector::over(salts, which, &tokens[..number::<usize>(count)]).root();
    assert_eq!(hexes(list(&inputs["counts"]).iter().map(root)), expected["roots"]);
    let shown = |at: &Json| PartialOpening::new(&salts, which, &tokens, number(at)).unwrap();
    let shown: Vec<_> = list(&inputs["of"]).iter().map(shown).collect();
    assert_eq!(hexes(shown.iter().map(PartialOpening::encode)), expected["partials"]);
}

/// The heads that workers sign over these tokens, going on from each other.
fn chain(
    salts: Salts,
    job: [u8; 32],
    choice: u32,
    tokens: &[u32],
    pieces: &Json,
) -> Vec<SignedHead> {
    let (mut heads, mut count) = (Vec::<SignedHead>::new(), 0);
    for piece in list(pieces) {
        let mut transcript = match heads.last() {
            None => Transcript::new(salts, job, choice, secret(piece)),
            Some(last) => {
                Transcript::resumed(salts, secret(piece), &tokens[..count], *last).unwrap()
            }
        };
        let end = count + number::<usize>(&piece["count"]);
        tokens[count..end].iter().for_each(|token| transcript.push(*token));
        let head = transcript.sign();
        assert_eq!(head.follows(heads.last(), salts.network), Ok(()));
        heads.push(head);
        count = end;
    }
    heads
}

fn heads(inputs: &Json, case: &Json) {
    let (salts, tokens) = (salts(inputs), tokens_of(&inputs["tokens"]));
    let (job, choice) = (array(&inputs["job"]), number(&inputs["choice"]));
    let heads = chain(salts, job, choice, &tokens, &inputs["pieces"]);
    assert_eq!(hexes(heads.iter().map(SignedHead::encode)), case["expected"]["heads"]);
    let ids = heads.iter().map(|head| head.head.id(salts.network));
    assert_eq!(hexes(ids), case["expected"]["ids"]);
}

fn stop(json: &Json, network: Network, job: &[u8; 32], choice: u32) -> Stop {
    match number(&json["number"]) {
        1_u8 => Stop::Token,
        2 => Stop::String { index: number(&json["index"]) },
        3 => Stop::Length,
        4 => Stop::cancelled(&secret(json), network, job, choice, number(&json["count"])),
        5 => Stop::Unfinished,
        6 => Stop::Fault { position: number(&json["position"]), op: number(&json["op"]) },
        other => panic!("no reason {other}"),
    }
}

/// The receipt that a worker signs.
fn statement_of(inputs: &Json) -> Receipt {
    let (salts, job) = (salts(inputs), array(&inputs["job"]));
    let choice = |choice: &Json| {
        let (index, tokens) = (number(&choice["index"]), tokens_of(&choice["tokens"]));
        let segments = chain(salts, job, index, &tokens, &choice["segments"]);
        Choice { index, segments, stop: stop(&choice["stop"], salts.network, &job, index) }
    };
    let choices: Vec<Choice> = list(&inputs["choices"]).iter().map(choice).collect();
    let output = choices.iter().map(Choice::count).sum();
    Receipt {
        kind: kind(inputs),
        job,
        model: array(&inputs["model"]),
        arithmetic: number(&inputs["arithmetic"]),
        sampling: number(&inputs["sampling"]),
        consent: number(&inputs["consent"]),
        anchor_by: long(&inputs["anchor_by"]),
        usage: Usage { prompt: number(&inputs["prompt_tokens"]), output },
        choices,
        worker: secret(inputs).public(),
    }
}

fn statement(inputs: &Json, case: &Json) {
    let (receipt, network) = (statement_of(inputs), network(inputs));
    assert_eq!(hex(&receipt.encode()), case["expected"]["bytes"]);
    assert_eq!(hex(&receipt.id(network)), case["expected"]["id"]);
    assert_eq!(Receipt::decode(&receipt.encode()).as_ref(), Ok(&receipt));
    assert!(receipt.heads_hold(network));
}

fn log_leaf(receipt: [u8; 32], json: &Json) -> LogLeaf {
    let amount = |name: &str| json[name].as_str().unwrap().parse().unwrap();
    LogLeaf { receipt, channel: array(&json["channel"]), from: amount("from"), to: amount("to") }
}

fn log(inputs: &Json, case: &Json) {
    let (secret, expected) = (secret(inputs), &case["expected"]);
    let mut log = Log::default();
    let leaves: Vec<LogLeaf> = list(&inputs["leaves"])
        .iter()
        .map(|leaf| log_leaf(array(&leaf["receipt"]), leaf))
        .collect();
    for leaf in &leaves {
        log.append(leaf);
    }
    assert_eq!(hexes(leaves.iter().map(LogLeaf::hash)), expected["hashes"]);
    let root = |size: u64| log.root_at(size).unwrap();
    let sizes: Vec<u64> = list(&inputs["sizes"]).iter().map(number).collect();
    assert_eq!(hexes(sizes.iter().map(|size| root(*size))), expected["roots"]);
    let checkpoint = |size: &u64| {
        let note = Checkpoint::sign(*size, &root(*size), &secret).note().encode();
        let read = Checkpoint::parse(&note, &secret.public()).unwrap();
        assert_eq!((read.size(), *read.root()), (*size, root(*size)));
        note
    };
    assert_eq!(sizes.iter().map(checkpoint).collect::<Json>(), expected["checkpoints"]);
    let path = |of: &Json| {
        let (at, size) = (number(&of[0]), number(&of[1]));
        let path = log.inclusion(at, size).unwrap();
        let leaf = leaves[usize::try_from(at).unwrap()].hash();
        assert!(included(&leaf, at, &path, size, &root(size)));
        hexes(path)
    };
    assert_eq!(list(&inputs["of"]).iter().map(path).collect::<Json>(), expected["paths"]);
    let grown = |of: &Json| {
        let (old, new) = (number(&of[0]), number(&of[1]));
        let proof = log.consistency(old, new).unwrap();
        assert!(grew((old, &root(old)), (new, &root(new)), &proof));
        hexes(proof)
    };
    assert_eq!(list(&inputs["grown"]).iter().map(grown).collect::<Json>(), expected["consistency"]);
}

fn missing(inputs: &Json, case: &Json) {
    let (of, expected) = (&inputs["statement"], &case["expected"]);
    let (receipt, secret, network) = (statement_of(of), secret(of), network(of));
    let leaf = log_leaf(receipt.id(network), &inputs["leaf"]);
    let mut log = Log::default();
    let others = |name: &str| -> Vec<LogLeaf> {
        list(&inputs[name]).iter().map(|id| LogLeaf::offline(array(id))).collect()
    };
    for other in others("before") {
        log.append(&other);
    }
    let index = log.append(&leaf);
    for other in others("after") {
        log.append(&other);
    }
    let checkpoint = Checkpoint::sign(log.size(), &log.root(), &secret);
    let envelope = Envelope::seal(&receipt, &secret, network).unwrap();
    let challenge = MissingChallenge::new(&envelope, checkpoint, network).unwrap();
    assert_eq!(hex(&challenge.encode()), expected["challenge"]);
    assert_eq!(MissingChallenge::decode(&challenge.encode(), network).as_ref(), Ok(&challenge));
    let answer = MissingAnswer { leaf, index, proof: log.inclusion(index, log.size()).unwrap() };
    assert_eq!(hex(&answer.encode()), expected["answer"]);
    assert_eq!(Json::from(challenge.is_answered_by(&answer)), expected["holds"]);
}

fn opened(inputs: &Json, case: &Json) {
    let receipt = Receipt::decode(&bytes(&inputs["receipt"])).unwrap();
    let opening = Opening::decode(&bytes(&inputs["opening"])).unwrap();
    let network = network(inputs);
    let opens = opening.opens(&receipt, network) && opening.repeats(&receipt, network);
    assert_eq!(Json::from(opens), case["expected"]["opens"]);
}

fn equivocation(inputs: &Json, case: &Json) {
    let salts = salts(inputs);
    let side = |side: &Json| {
        let (choice, tokens) = (number(&side["choice"]), tokens_of(&side["tokens"]));
        let which = Which::Output { choice };
        let vector = TokenVector::over(salts, which, &tokens);
        let head = Head {
            job: array(&side["job"]),
            choice,
            start: number(&side["start"]),
            prior: [0; 32],
            count: vector.count(),
            root: vector.root(),
        };
        let position = number(&side["position"]);
        let shown = PartialOpening::new(&salts, which, &tokens, position).unwrap();
        (SignedHead::sign(head, &secret(side), salts.network), shown)
    };
    let claimed = Equivocation { one: side(&inputs["one"]), other: side(&inputs["other"]) };
    assert_eq!(hex(&claimed.encode()), case["expected"]["bytes"]);
    assert_eq!(Json::from(claimed.holds(salts.network)), case["expected"]["holds"]);
}

fn cancellation(inputs: &Json, case: &Json) {
    let (secret, network) = (secret(inputs), network(inputs));
    let (job, choice) = (array(&inputs["job"]), number(&inputs["choice"]));
    let stop = Stop::cancelled(&secret, network, &job, choice, number(&inputs["count"]));
    let Stop::Cancelled { signature, .. } = stop else { panic!("{stop:?}") };
    assert_eq!(hex(&signature.0), case["expected"]["signature"]);
    assert_eq!(hex(&secret.public().0), case["expected"]["key"]);
    assert!(stop.is_signed(&secret.public(), network, &job, choice));
}

fn sign(inputs: &Json, case: &Json) {
    let (secret, message) = (secret(inputs), bytes(&inputs["message"]));
    assert_eq!(hex(&secret.public().0), case["expected"]["key"]);
    assert_eq!(hex(&secret.sign(&message).0), case["expected"]["signature"]);
}

fn signature(inputs: &Json, case: &Json) {
    let (key, message) = (PublicKey(array(&inputs["key"])), bytes(&inputs["message"]));
    let holds = key.signed(&message, &Signature(array(&inputs["signature"])));
    assert_eq!(Json::from(holds), case["expected"]["holds"]);
}

fn small_order(inputs: &Json, case: &Json) {
    let points: Vec<[u8; 32]> = list(&inputs["points"]).iter().map(array).collect();
    let message = bytes(&inputs["message"]);
    let row = |key: &[u8; 32]| -> String {
        let signature = |point: &[u8; 32]| {
            let both: Vec<u8> = [*point, [0; 32]].concat();
            Signature(both.try_into().unwrap())
        };
        let holds = |point| PublicKey(*key).signed(&message, &signature(point));
        points.iter().map(|point| if holds(point) { '1' } else { '0' }).collect()
    };
    let rows: Json = points.iter().map(row).collect();
    assert_eq!(rows, case["expected"]["holds"]);
}

fn bytes_read_or_refused(inputs: &Json, case: &Json) {
    let given = bytes(&inputs["bytes"]);
    let again = match inputs["format"].as_str().unwrap() {
        "equivocation" => Equivocation::decode(&given).map(|read| read.encode()),
        "job leaf" => JobLeaf::decode(&given).map(|read| read.encode()),
        "opening" => Opening::decode(&given).map(|read| read.encode()),
        "partial opening" => PartialOpening::decode(&given).map(|read| read.encode()),
        "receipt" => Receipt::decode(&given).map(|read| read.encode()),
        "signed head" => SignedHead::decode(&given).map(|read| read.encode()),
        other => panic!("no format {other}"),
    };
    if case.get("refused").is_some() {
        assert!(again.is_err());
    } else {
        assert_eq!(again, Ok(given));
    }
}
