//! What `verify` says: of files that were altered, of what was not looked at, and of many at once.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use import::gguf::tiny::TinyModel;
use receipt::{Job, Opening};
use serde_json::{Value, json};

use crate::receipts::{Given, given};
use crate::world::{Done, World, tiny};

/// An opening altered in the file, which nobody signed.
fn alter(given: &Given, alter: impl FnOnce(&mut Opening)) {
    given.edit(|json| {
        let bytes = STANDARD.decode(json["opening"].as_str().unwrap()).unwrap();
        let mut opening = Opening::decode(&bytes).unwrap();
        alter(&mut opening);
        json["opening"] = STANDARD.encode(opening.encode()).into();
    });
}

fn refuted(done: &Done, said: &[&str]) {
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.out.contains(": REFUTED\n"), "{done:?}");
    for words in said {
        assert!(done.out.contains(words), "{words:?} is not in {done:?}");
    }
}

#[test]
fn an_altered_file_is_said_to_be_altered_and_where() {
    let given = given(&[]);
    let sound = fs::read(&given.receipt).unwrap();
    alter(&given, |opening| opening.outputs[0].tokens[7] ^= 1);
    refuted(&given.verify(&[]), &["altered after signing", "tokens of choice 0 are not those"]);
    for options in [&["--json"][..], &["--json", "--evidence", "signature"]] {
        let done = given.verify(options);
        let report: Value = serde_json::from_str(&done.out).unwrap();
        assert_eq!(
            (&report["verdict"], &report["checked"]),
            (&json!("refuted"), &json!(["signature"]))
        );
        assert!(report["evidence"][0]["claim"].as_str().unwrap().contains("other tokens"));
        assert_eq!(report["evidence"][1]["outcome"], "not_checked");
        assert!(!done.out.contains("re-derived here"), "{done:?}");
        let listed = report["not_established"].as_array().unwrap();
        assert!(listed.iter().any(|line| line["what"] == "tokens"), "{listed:?}");
    }
    fs::write(&given.receipt, &sound).unwrap();
    alter(&given, |opening| opening.outputs[0].tokens.truncate(20));
    refuted(&given.verify(&[]), &["choice 0 has 20 tokens, and 24 were signed"]);
    fs::write(&given.receipt, &sound).unwrap();
    alter(&given, |opening| {
        let mut fields = opening.job.fields().clone();
        fields.stop.tokens_max = 25;
        opening.job = Job::new(fields).unwrap();
    });
    let said = [
        "the opening's job is not what was signed",
        "differs from the opening in stop.tokens_max\n",
    ];
    refuted(&given.verify(&[]), &said);
}

#[test]
fn an_opening_that_is_missing_is_said_to_be_missing() {
    let given = given(&[]);
    given.edit(|json| drop(json.as_object_mut().unwrap().remove("opening")));
    refuted(&given.verify(&[]), &["(view.opened), and the file has no `opening`\n"]);
}

#[test]
fn nothing_is_trusted_for_what_was_not_looked_at() {
    let given = given(&[]);
    let done = given.verify(&["--evidence", "signature"]).ok();
    assert!(done.out.contains("  replay not checked: it was not asked for\n"), "{done:?}");
    let done = given.verify(&["--evidence", "signature", "--verbose"]).ok();
    assert!(
        done.out.contains("(trusts nobody, and establishes nothing)\n      (it was not asked for)")
    );
    let other = given.world.file("other.gguf", &TinyModel { seed: 2, ..tiny() }.write());
    let receipt = given.receipt.to_str().unwrap();
    let done = given.world.run(&["verify", receipt, "--model", &other, "--verbose"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    let said = ["CAN'T BE JUDGED", "replay not checked", "and the one given is"];
    assert!(said.iter().all(|words| done.out.contains(words)), "{done:?}");
    assert!(!done.out.contains("re-derived here"), "{done:?}");
    let done = given.verify(&["--verbose"]).ok();
    assert!(done.out.contains("(trusts nobody: it was re-derived here)"), "{done:?}");
    assert!(!done.out.contains("does not read"), "its template reads all: {done:?}");
    let kinds = |options: &[&str]| {
        let report = given.verify(&[&["--json"], options].concat()).json();
        [report["required"].clone(), report["checked"].clone()]
    };
    let both = json!(["signature", "replay"]);
    assert_eq!(kinds(&[]), [both.clone(), both]);
    assert_eq!(kinds(&["--evidence", "signature"]), [json!(["signature"]), json!(["signature"])]);
}

#[test]
fn a_receipt_is_of_the_worker_that_was_asked_for() {
    let given = given(&[]);
    let ours = given.world.run(&["key", "export"]).ok().out;
    let pem = given.world.run(&["key", "export", "--format", "pem"]).ok().out;
    let (hex, pem) =
        (given.world.file("key.hex", ours.as_bytes()), given.world.file("key.pem", pem.as_bytes()));
    let secret = given.world.run(&["key", "export", "--secret", "--format", "pem"]).ok().out;
    let secret = given.world.file("secret.pem", secret.as_bytes());
    for named in [ours.trim(), &hex, &pem] {
        let done = given.verify(&["--signed-by", named]).ok();
        assert!(!done.out.contains("whose key"), "{done:?}");
    }
    let other = given.world.run(&["key", "rotate"]).ok().out;
    let said =
        format!("signed by the key {}, and the one asked for is {}\n", ours.trim(), other.trim());
    for options in [&[][..], &["--evidence", "signature"]] {
        let done = given.verify(&[&["--signed-by", other.trim()], options].concat());
        refuted(&done, &[&said, "signature FAILS", "whose key that is"]);
    }
    for wrong in ["ab", &secret, &given.model] {
        given.verify(&["--signed-by", wrong]).refused(2, &["--signed-by", "key export"]);
    }
}

#[test]
fn many_are_a_line_each_and_a_sum() {
    let given = given(&[]);
    let receipt = given.receipt.to_str().unwrap();
    let none = given.world.file("none.json", b"{}");
    let altered = given.world.path("altered.json");
    fs::copy(&given.receipt, &altered).unwrap();
    given.edit(|json| json["view"]["anchor_by"] = 7.into());
    fs::rename(&given.receipt, given.world.path("lie.json")).unwrap();
    fs::rename(&altered, &given.receipt).unwrap();
    let lie = given.world.path("lie.json");
    let files = ["verify", receipt, receipt, lie.to_str().unwrap(), &none, "--model", &given.model];
    let done = given.world.run(&files);
    assert_eq!(done.code, Some(1), "{done:?}");
    let line = format!("{receipt}: VERIFIED\n");
    assert!(done.out.starts_with(&format!("{line}{line}")), "{done:?}");
    let sum = "4 receipts: 2 verified, 1 refuted, 1 can't be judged\n";
    assert!(done.out.ends_with(sum), "{done:?}");
    let verbose = given.world.run(&[&files[..], &["--verbose"]].concat());
    assert_eq!(verbose.out.matches("  not established\n").count(), 2, "{verbose:?}");
    let one = given.verify(&[]).ok();
    assert!(!one.out.contains("receipts:") && one.out.lines().count() <= 9, "{one:?}");
}

#[test]
fn a_receipt_comes_from_standard_input_too() {
    let given = given(&[]);
    let bytes = fs::read(&given.receipt).unwrap();
    let done = given.world.run_on(&bytes, &["verify", "-", "--model", &given.model]).ok();
    assert!(done.out.starts_with("-: VERIFIED\n"), "{done:?}");
    let half = given.world.run_on(&bytes[..99], &["verify", "-"]);
    assert!(half.out.starts_with("-: CAN'T BE JUDGED\n"), "{half:?}");
    given.world.run_on(&bytes, &["verify", "-", "-"]).refused(2, &["name `-` once"]);
    let long = vec![b' '; (16 << 20) + 5];
    let done = given.world.run_on(&long, &["verify", "-"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.out.contains("more than 16777216 bytes"), "{done:?}");
    let file = given.world.file("long.json", &long);
    let done = given.world.run(&["verify", &file]);
    assert!(done.out.contains("16777221 bytes: a receipt file has at most 16777216"), "{done:?}");
}

#[test]
fn folders_in_folders_are_said_to_be_skipped() {
    let given = given(&[]);
    let folder = given.world.path("answers");
    fs::create_dir_all(folder.join("more")).unwrap();
    fs::copy(&given.receipt, folder.join("a.json")).unwrap();
    fs::copy(&given.receipt, folder.join("more/b.json")).unwrap();
    let named = folder.to_str().unwrap();
    let done = given.world.run(&["verify", named, "--model", &given.model]).ok();
    assert!(done.err.contains("1 folder in it skipped"), "{done:?}");
    assert!(done.out.contains("a.json: VERIFIED\n") && !done.out.contains("b.json"), "{done:?}");
}

#[test]
fn what_can_be_pulled_is_named_where_the_model_is_unknown() {
    let given = given(&[]);
    let receipt = given.receipt.to_str().unwrap();
    let elsewhere = World::new();
    let done = elsewhere.run(&["verify", receipt]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.out.contains("`probity pull smollm2-135m`, if it is that one"), "{done:?}");
}
