//! Whole receipt files, which the oracle wrote (`spec/golden/`): they are taken, and replay says of each what it always
//! said, for as long as there is a release.
//!
//! Never made here: nothing but the tokens in them, once, came from an engine. A file that changes is another version.

use import::gguf::tiny::Family;
use llm::{Claim, Prompt, Replay};
use receipt::{JobFields, Messages, ReceiptFile, Rendered, Stop};
use serde_json::Value as Json;
use verify::{Kind, Missing, Outcome, Refutation, Replay as Said, Verdict, examine};

use crate::desk::{NETWORK, fields, job, judge, work};
use crate::fixture::{Tiny, faulty, shape};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/golden");

/// Every file there, and whether its answer is the model's.
const GOLDEN: [(&str, bool); 4] = [
    ("chat.json", true),
    ("chat_altered.json", false),
    ("fault.json", true),
    ("two_choices.bundle.json", true),
];

/// The model that the file's tokens are of.
fn model(name: &str) -> Tiny {
    if name == "fault.json" { faulty(200) } else { Tiny::new(Family::Llama) }
}

fn read(name: &str) -> ReceiptFile {
    let text = std::fs::read_to_string(format!("{FOLDER}/{name}")).unwrap();
    let file = ReceiptFile::parse(text.as_bytes(), NETWORK);
    let file = file.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    assert_eq!(file.to_json(), text, "{name}: we write what the oracle writes");
    file
}

/// What replay says.
fn replayed(tiny: &Tiny, file: &ReceiptFile) -> Said {
    let opening = file.opening().unwrap();
    let stops = file.receipt().choices.iter().map(|choice| choice.stop);
    let claim = |(output, stop): (&receipt::Output, Stop)| Claim {
        choice: output.choice,
        tokens: output.tokens.clone(),
        stop,
    };
    let claims: Vec<Claim> = opening.outputs.iter().zip(stops).map(claim).collect();
    let mut runner = tiny.any();
    let mut replay = Replay::new(&tiny.model, runner.engine(), &opening.job, &claims);
    judge(&mut runner, &mut [&mut replay]).remove(0)
}

/// Bundles of networks have no model to replay with: crate `light` reads them.
#[test]
fn every_file_is_listed() {
    let mut found: Vec<String> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json") && !name.starts_with("network."))
        .filter(|name| !name.starts_with("group"))
        .collect();
    found.sort();
    assert_eq!(found, GOLDEN.map(|(name, _)| name));
}

#[test]
fn golden_receipts_say_what_they_always_said() {
    for (name, same) in GOLDEN {
        let (file, tiny) = (read(name), model(name));
        let said = replayed(&tiny, &file);
        let report = examine(file.receipt(), file.opening(), NETWORK, &[Kind::Replay], &said);
        let replay = report.evidence.iter().find(|line| line.kind == Kind::Replay).unwrap();
        if same {
            assert_eq!((said, report.verdict), (Said::Same, Verdict::Verified), "{name}");
            assert_eq!(replay.outcome, Outcome::Holds, "{name}");
            continue;
        }
        // The eighth of its tokens is another.
        let Said::Differs(Refutation::Token { choice: 0, position: 7, expected: 90, found: 91 }) =
            said
        else {
            panic!("{name}: {said:?}")
        };
        assert!(matches!(report.verdict, Verdict::Refuted(_)), "{name}: {:?}", report.verdict);
    }
}

/// The same tokens come of the same jobs.
#[test]
fn golden_answers_are_given_again() {
    for (name, same) in GOLDEN {
        let (file, tiny) = (read(name), model(name));
        let opening = file.opening().unwrap();
        for (made, output) in work(&tiny, &opening.job).iter().zip(&opening.outputs) {
            let shown = &output.tokens;
            // A cancelled answer is the beginning of what would have come.
            assert_eq!(made.tokens.starts_with(shown), same, "{name}: {:?}", made.tokens);
        }
    }
}

/// Nothing in a file may change: each letter of its base64 and its view is signed or committed to.
#[test]
fn a_changed_golden_file_is_refused() {
    for (name, _) in GOLDEN {
        let text = std::fs::read_to_string(format!("{FOLDER}/{name}")).unwrap();
        let places: Vec<usize> = (0..text.len()).step_by(41).collect();
        for at in places {
            let mut bytes = text.clone().into_bytes();
            // Never white space for white space.
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let taken = ReceiptFile::parse(&bytes, NETWORK);
            let white = text.as_bytes()[at].is_ascii_whitespace();
            assert!(taken.is_err() || white, "{name}: byte {at}");
        }
    }
}

/// `spec/vectors/receipt_messages.json`, which the oracle made: what a job's messages may be.
#[test]
fn messages_are_read_as_the_oracle_reads_them() {
    let vectors = include_str!("../../../../spec/vectors/receipt_messages.json");
    let vectors: Json = serde_json::from_str(vectors).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 71);
    for case in cases {
        let inputs = &case["inputs"];
        let given = if let Some(hex) = inputs.get("bytes") {
            let hex = hex.as_str().unwrap();
            let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            (0..hex.len()).step_by(2).map(byte).collect()
        } else if let Some(pieces) = inputs.get("pieces") {
            let piece = |piece: &Json| {
                let times = usize::try_from(piece[1].as_u64().unwrap()).unwrap();
                piece[0].as_str().unwrap().repeat(times)
            };
            pieces.as_array().unwrap().iter().map(piece).collect::<String>().into_bytes()
        } else {
            inputs["text"].as_str().unwrap().as_bytes().to_vec()
        };
        let read = Prompt::read(&given);
        let taken = read.is_ok_and(|prompt| is_rendered(&prompt));
        assert_eq!(taken, case.get("refused").is_none(), "{}", case["name"]);
    }
}

/// Whether a model takes it: the bounds of a conversation are looked at where it is rendered.
fn is_rendered(prompt: &Prompt) -> bool {
    use llm::RenderingError as Error;
    static TINY: std::sync::LazyLock<Tiny> = std::sync::LazyLock::new(|| Tiny::new(Family::Llama));
    let conversation = |error: &Error| {
        matches!(
            error,
            Error::Conversation(_) | Error::Template(text::TemplateError::Conversation(_))
        )
    };
    !prompt.tokens(&TINY.model).is_err_and(|error| conversation(&error))
}

/// `receipt.md` section 2: what our bounds end can't be judged; what the template refuses is refuted.
#[test]
fn a_rendering_that_our_bounds_end_refutes_nothing() {
    let told = |template: &str, change: u32| {
        let writer = shape(Family::Llama).writer().without("tokenizer.chat_template");
        let tiny = Tiny::of(writer.metadata("tokenizer.chat_template", template).finish());
        // A model is tried with one message when it is made.
        let messages =
            br#"{"messages":[{"role":"user","content":"hi"},{"role":"user","content":""}]}"#;
        let messages = messages.to_vec();
        let rendered = Rendered::Worker(Messages::Shown(messages));
        let job = job(&JobFields { rendered, ..fields(vec![5, 6], 3) });
        let mut claims = work(&tiny, &job);
        claims[0].tokens[1] ^= change;
        let mut runner = tiny.any();
        let mut replay = Replay::new(&tiny.model, runner.engine(), &job, &claims);
        judge(&mut runner, &mut [&mut replay]).remove(0)
    };
    let endless = "{% if messages|length > 1 %}{% for a in range(9999) %}{% for b in range(9999) %}\
                   {% endfor %}{% endfor %}{% endif %}";
    let said = |template| told(template, 0);
    assert!(matches!(said(endless), Said::Impossible(Missing::Unsupported(_))));
    // Whoever bounds the prompt away bounds no false token away.
    let lie = told(endless, 1);
    assert!(matches!(lie, Said::Differs(Refutation::Token { position: 1, .. })), "{lie:?}");
    let raised = said("{% if messages|length > 1 %}{{ raise_exception('no') }}{% endif %}");
    assert!(matches!(raised, Said::Differs(Refutation::Messages(_))), "{raised:?}");
    let other = said("{{ messages[0].content }}");
    assert!(matches!(other, Said::Differs(Refutation::Prompt { .. })), "{other:?}");
}
