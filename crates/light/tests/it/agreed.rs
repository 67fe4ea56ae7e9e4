//! What every language must say of the same files: `bindings/testdata`, made by this crate's example `cases`.
//!
//! The same cases run in node and Python (`cargo xtask bindings`). Here too stands what they must say, in words that
//! the example could not change with the reports.

use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What must come of each case, whatever the reports' words are.
const VERDICTS: [(&str, &str, &str); 25] = [
    ("a bundle", "verified", "holds"),
    ("without its opening", "verified", "holds"),
    ("its opening apart", "verified", "holds"),
    ("its opening twice", "verified", "holds"),
    ("nothing required", "verified", "holds"),
    ("replay required", "cannot_judge (model)", "holds"),
    ("replay of what is hidden", "cannot_judge (opening)", "holds"),
    ("another network", "cannot_judge (malformed)", "not_checked"),
    ("an empty file", "cannot_judge (malformed)", "not_checked"),
    ("a file cut short", "cannot_judge (malformed)", "not_checked"),
    ("an opening cut short", "cannot_judge (malformed)", "not_checked"),
    ("a view with other usage", "refuted", "holds"),
    ("a view of another model", "refuted", "holds"),
    ("an unknown member", "cannot_judge (malformed)", "not_checked"),
    ("a bundle that says it is none", "cannot_judge (malformed)", "not_checked"),
    ("another place in the log", "refuted", "holds"),
    ("a checkpoint of another size", "refuted", "holds"),
    ("a letter of the proof", "refuted", "holds"),
    ("a letter of the signature", "refuted", "fails"),
    ("a digit of the keyid", "refuted", "fails"),
    ("another token in the opening", "refuted", "holds"),
    ("another blind in the opening", "refuted", "holds"),
    ("a head that was not signed", "refuted", "fails"),
    ("a receipt that is not in the log", "refuted", "holds"),
    ("a receipt of another model than its job's", "refuted", "holds"),
];

fn data(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../bindings/testdata");
    std::fs::read(folder.join(name)).unwrap()
}

fn agreed() -> Value {
    serde_json::from_slice(&data("reports.json")).unwrap()
}

fn cut(mut bytes: Vec<u8>, length: &Value) -> Vec<u8> {
    bytes.truncate(length.as_u64().map_or(usize::MAX, |length| length.try_into().unwrap()));
    bytes
}

/// The file of a case, altered as it says.
fn file(case: &Value) -> Vec<u8> {
    let whole = || data(case["file"].as_str().unwrap());
    let mut bytes = case["text"].as_str().map_or_else(whole, |text| text.as_bytes().to_vec());
    for edit in case["edits"].as_array().into_iter().flatten() {
        let at = usize::try_from(edit[0].as_u64().unwrap()).unwrap();
        let new = edit[1].as_str().unwrap().as_bytes();
        bytes[at..at + new.len()].copy_from_slice(new);
    }
    cut(bytes, &case["length"])
}

fn report(case: &Value) -> Value {
    let opening =
        case["opening"].as_bool().map(|_| cut(data("opening.bin"), &case["opening_length"]));
    let required = case["required"].as_array().map_or_else(
        || vec!["signature"],
        |words| words.iter().map(|word| word.as_str().unwrap()).collect(),
    );
    let network = case["network"].as_str();
    let text = light::verify_words(&file(case), opening.as_deref(), network, required).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_case_gives_the_agreed_report() {
    let agreed = agreed();
    let cases = agreed["cases"].as_array().unwrap();
    let names = cases.iter().map(|case| case["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), VERDICTS.map(|(name, _, _)| name));
    for (case, (name, verdict, signature)) in cases.iter().zip(VERDICTS) {
        let report = report(case);
        assert_eq!(
            report, case["report"],
            "{name}: if the words were meant to change: cargo run -p light --example cases bindings/testdata"
        );
        let why = report["why"].as_str().map(|why| format!(" ({why})")).unwrap_or_default();
        assert_eq!(format!("{}{why}", report["verdict"].as_str().unwrap()), verdict, "{name}");
        assert_eq!(report["evidence"][0]["outcome"], signature, "{name}");
        // Nobody replays here.
        assert_ne!(report["evidence"][1]["outcome"], "holds", "{name}");
        // Of a file that is not taken nothing counts; the last one is taken, and then its opening refutes it.
        let refused = ["refuted", "cannot_judge (malformed)"].contains(&verdict);
        let taken = !refused || name == VERDICTS[24].0;
        assert_eq!(report["model"].is_string(), taken, "{name}");
    }
}

#[test]
fn no_altered_byte_is_verified() {
    let agreed = agreed();
    let sweep = &agreed["sweep"];
    let bytes = data(sweep["file"].as_str().unwrap());
    let step = usize::try_from(sweep["step"].as_u64().unwrap()).unwrap();
    let mut hash = Sha256::new();
    for at in (0..bytes.len()).step_by(step) {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let text = light::verify_words(&altered, None, None, ["signature"]).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap();
        let verdict = report["verdict"].as_str().unwrap();
        assert!(["refuted", "cannot_judge"].contains(&verdict), "byte {at}: {verdict}");
        hash.update(format!("{at} {verdict} {}\n", report["reason"].as_str().unwrap()));
    }
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sweep["sha256"], digest);
}

#[test]
fn the_typed_form_has_the_file_and_the_report() {
    let bundle = data("bundle.json");
    let opening = data("opening.bin");
    let network = commit::Network::OFFLINE;
    let of =
        |file: &[u8], opening| light::check(file, opening, network, &[verify::Kind::Signature]);
    let whole = of(&bundle, None).unwrap();
    let apart = of(&data("receipt.json"), Some(&opening)).unwrap();
    assert_eq!(whole.report, apart.report);
    assert_eq!(whole.report.verdict, verify::Verdict::Verified);
    assert_eq!(whole.file.opening(), apart.file.opening());
    assert!(whole.file.log().is_some() && apart.file.log().is_none());
    assert!(matches!(of(b"", None), Err(receipt::Refusal::Malformed(_))));
    let long = vec![0; receipt::limits::FILE_BYTES_MAX + 1];
    let refusal = of(&bundle, Some(&long)).unwrap_err();
    assert!(matches!(refusal, receipt::Refusal::Malformed(receipt::Malformed::Size { .. })));
}
