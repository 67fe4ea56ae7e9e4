//! Whole receipt files, which the oracle wrote (`spec/golden/`): they are taken, and replay says of each what it always
//! said, for as long as there is a release.
//!
//! Never made here: nothing but the tokens in them, once, came from an engine. A file that changes is another version.

use import::gguf::tiny::Family;
use llm::{Claim, Replay};
use receipt::{ReceiptFile, Stop};
use verify::{Kind, Outcome, Refutation, Replay as Said, Verdict, examine};

use crate::desk::{NETWORK, judge, work};
use crate::fixture::{Tiny, faulty};

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

#[test]
fn every_file_is_listed() {
    let mut found: Vec<String> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
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
