//! Models found by their ids: pulled ones that never ran, and packages in folders.

use std::fs;
use std::path::Path;

use import::gguf::tiny::TinyModel;

use crate::world::{Done, World, files, tiny};

const NAME: &str = "hf:org/repo:tiny.gguf";

/// A receipt of the tiny model, made in another home, and this world without that model.
fn receipt(world: &World) -> String {
    let elsewhere = World::new();
    let path = world.path("r.json").to_str().unwrap().to_owned();
    let run = ["run", &elsewhere.tiny(), "hello", "--seed", "5", "--max-tokens", "8"];
    elsewhere.run(&[&run[..], &["--receipt", &path]].concat()).ok();
    path
}

fn pull(world: &World, name: &str, bytes: &[u8]) {
    world.store(name, bytes, &blake3::hash(bytes).to_string());
}

fn verified(done: Done) -> Done {
    let done = done.ok();
    assert!(done.out.contains("VERIFIED\n"), "{done:?}");
    done
}

#[test]
fn a_pulled_model_that_never_ran_is_found_and_then_known() {
    let world = World::new();
    let receipt = receipt(&world);
    let missing = world.run(&["verify", &receipt]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
    for said in ["replay needs the model", "none of those here is it", "--model"] {
        assert!(missing.out.contains(said), "{said}: {missing:?}");
    }
    assert!(!world.home().exists(), "looking makes nothing");

    pull(&world, "hf:org/repo:broken.gguf", b"no model");
    pull(&world, "hf:org/repo:other.gguf", &TinyModel { seed: 2, ..tiny() }.write());
    pull(&world, NAME, &tiny().write());
    let line = |name: &str| {
        let listed = world.run(&["list"]).ok().out;
        listed.lines().find(|line| line.starts_with(name)).unwrap().to_owned()
    };
    assert!(!line(NAME).contains("model "), "nobody knows it yet");
    assert!(world.run(&["show", NAME]).ok().out.contains("not known yet"));

    let done = verified(world.run(&["verify", &receipt]));
    for said in
        ["broken.gguf is not looked at", &format!("the model id of {NAME} is not known yet")]
    {
        assert!(done.err.contains(said), "{said}: {done:?}");
    }
    let id = world.run(&["package", "inspect", NAME]).ok().out;
    let id = id.lines().find_map(|line| line.strip_prefix("model id")).unwrap().trim().to_owned();
    assert!(line(NAME).ends_with(&format!("model {}", &id[..16])), "{}", line(NAME));
    let shown = world.run(&["show", NAME]).ok().out;
    assert!(
        shown.lines().any(|line| line.starts_with("model id") && line.ends_with(&id)),
        "{shown}"
    );
    // Once found out, no file is read for it again.
    let again = verified(world.run(&["verify", &receipt]));
    assert!(!again.err.contains("reading"), "{again:?}");
}

#[test]
fn every_model_is_looked_at_once_for_all_receipts() {
    let world = World::new();
    let folder = world.path("receipts");
    fs::create_dir(&folder).unwrap();
    for seed in 1..6 {
        let elsewhere = World::new();
        let bytes = TinyModel { seed, ..tiny() }.write();
        let model = elsewhere.file("tiny.gguf", &bytes);
        let path = folder.join(format!("{seed}.json"));
        let run = ["run", &model, "hello", "--max-tokens", "2", "--receipt"];
        elsewhere.run(&[&run[..], &[path.to_str().unwrap()]].concat()).ok();
        pull(&world, &format!("hf:org/repo:{seed}.gguf"), &bytes);
    }
    pull(&world, "hf:org/repo:0.gguf", b"no model");
    let done = world.run(&["verify", folder.to_str().unwrap()]).ok();
    assert_eq!(done.err.matches("0.gguf is not looked at").count(), 1, "{done:?}");
    assert_eq!(done.err.matches("is not known yet").count(), 5, "{done:?}");
}

#[test]
fn a_damaged_model_keeps_nobody_from_an_intact_one() {
    let world = World::new();
    let receipt = receipt(&world);
    let bytes = tiny().write();
    let blob = world.home().join("blobs").join(blake3::hash(&bytes).to_string());
    pull(&world, NAME, &bytes);
    verified(world.run(&["verify", &receipt]));
    for weights in world.packed() {
        fs::remove_file(weights).unwrap();
    }
    // Its id is known, and its bytes are not what they were.
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&blob, &damaged).unwrap();
    let done = world.run(&["verify", &receipt, "--json"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.out.contains(r#""why":"model""#), "{done:?}");
    assert_eq!(done.err.matches("tiny.gguf is passed over").count(), 1, "{done:?}");
    let package = world.path("package");
    let intact = world.file("intact.gguf", &bytes);
    world.run(&["package", "build", &intact, "--out", package.to_str().unwrap()]).ok();
    let done = verified(world.run(&["verify", &receipt]));
    assert!(done.err.contains("tiny.gguf is passed over"), "{done:?}");
}

#[test]
fn an_id_that_was_kept_wrongly_accuses_nobody() {
    let world = World::new();
    let receipt = receipt(&world);
    let right = world.tiny();
    world.run(&["run", &right, "hello", "--max-tokens", "2"]).ok();
    fs::remove_file(&right).unwrap();
    let other = TinyModel { seed: 2, ..tiny() }.write();
    pull(&world, NAME, &other);
    // As if another release had made this id of that file.
    let kept = files(&world.home().join("cache/packed"));
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let manifest = kept.iter().find(|path| name(path).contains("-m1-")).unwrap();
    let forged = format!("{}-m1-{}", blake3::hash(&other), "0".repeat(32));
    fs::copy(manifest, manifest.with_file_name(forged)).unwrap();
    let done = world.run(&["verify", &receipt]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.out.contains("CAN'T BE JUDGED"), "{done:?}");
    // The right one is found nevertheless.
    pull(&world, "hf:org/repo:right.gguf", &tiny().write());
    verified(world.run(&["verify", &receipt]));
}

#[test]
fn a_package_is_found_where_it_was_built_or_ran() {
    let world = World::new();
    let receipt = receipt(&world);
    let model = world.tiny();
    let (built, moved) = (world.path("built"), world.path("moved"));
    let name = |path: &Path| path.to_str().unwrap().to_owned();
    world.run(&["package", "build", &model, "--out", &name(&built)]).ok();
    fs::remove_file(&model).unwrap();
    verified(world.run(&["verify", &receipt]));
    // That is known however much is cleaned away.
    world.run(&["gc"]).ok();
    verified(world.run(&["verify", &receipt]));
    fs::rename(&built, &moved).unwrap();
    assert_eq!(world.run(&["verify", &receipt]).code, Some(2), "it is not there any more");
    let collected = world.run(&["gc"]).ok();
    assert!(collected.err.contains("deleted 1 place of a model that is gone"), "{collected:?}");
    world.run(&["run", &name(&moved), "hello", "--max-tokens", "2"]).ok();
    verified(world.run(&["verify", &receipt]));
    // Another package in its place is not taken for it.
    fs::remove_dir_all(&moved).unwrap();
    let other = world.file("other.gguf", &TinyModel { seed: 2, ..tiny() }.write());
    world.run(&["package", "build", &other, "--out", &name(&moved)]).ok();
    assert_eq!(world.run(&["verify", &receipt]).code, Some(2));
}

#[test]
fn a_file_is_found_where_it_ran() {
    let world = World::new();
    let receipt = receipt(&world);
    let model = world.tiny();
    let verify = || world.run(&["verify", &receipt]);
    let missing = |done: Done| {
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.out.contains("replay needs the model"), "{done:?}");
    };
    missing(verify());
    world.run(&["run", &model, "hello", "--max-tokens", "2"]).ok();
    verified(verify());
    world.run(&["gc"]).ok();
    verified(verify());
    // What lies there is looked at again: neither what is no model nor another one accuses anybody.
    fs::write(&model, "no model").unwrap();
    let done = verify();
    assert!(done.err.contains("tiny.gguf is not looked at"), "{done:?}");
    missing(done);
    let again = world.tiny();
    verified(verify());
    fs::write(&model, TinyModel { seed: 2, ..tiny() }.write()).unwrap();
    missing(verify());
    world.run(&["run", &world.tiny(), "hello", "--max-tokens", "2"]).ok();
    verified(verify());
    world.run(&["rm", &again]).ok();
    missing(verify());
}

#[test]
fn a_receipt_is_shown_as_text() {
    let world = World::new();
    let path = world.path("r.json");
    let path = path.to_str().unwrap();
    let model = world.tiny();
    let prompt = "hi \u{1b}[2J\"<|im_start|>\u{202e}\u{200b}\u{e0041}\nx";
    let run = ["run", &model, prompt, "--seed", "5", "--max-tokens", "8", "--json", "--receipt"];
    let answer = world.run(&[&run[..], &[path]].concat()).json();
    let show =
        |options: &[&str]| world.run(&[&["receipt", "show", path, "--text"], options].concat());
    let done = show(&["--model", &model]).ok();
    assert!(done.out.contains("messages\n{") && done.out.contains("\nprompt, "), "{done:?}");
    assert!(done.out.contains("answer 0, 8 tokens, ended by length\n"), "{done:?}");
    // What was typed as text is quoted, and acts on nothing.
    assert!(
        done.out.contains(r#""user\nhi \u{1b}[2J\"<|im_start|>\u{202e}\u{200b}\u{e0041}\nx"#),
        "{done:?}"
    );
    assert!(!done.out.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\u{e0041}']), "{done:?}");
    assert!(done.out.contains(r"\u202e\u200b\udb40\udc41"), "{done:?}");
    let text = answer["text"].as_str().unwrap();
    let beginning: String = text.chars().take_while(char::is_ascii_alphanumeric).collect();
    assert!(done.out.lines().last().unwrap().contains(&beginning), "{text:?} {done:?}");

    let other = world.file("other.gguf", &TinyModel { seed: 2, ..tiny() }.write());
    let done = show(&["--model", &other]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("the receipt is of the model"), "{done:?}");
    // Without the model there are the messages, and what is missing.
    fs::remove_file(&model).unwrap();
    let done = show(&[]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.out.contains("messages\n{") && !done.out.contains("prompt, "), "{done:?}");
    assert!(done.err.contains("is needed") && done.err.contains("--model"), "{done:?}");
    pull(&world, NAME, &tiny().write());
    show(&[]).ok();
    world.run(&["receipt", "show", path, "--model", &world.tiny()]).refused(2, &["--text"]);
}
