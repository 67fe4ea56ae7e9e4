//! Every wrong turn ends with a sentence that names the thing and the way out, and a status.

use crate::world::{World, tiny};
use canon::KernelSet;

#[test]
fn a_wrong_value_names_option_value_and_range() {
    let world = World::new();
    for (option, value, allowed) in [
        ("--temperature", "0.001", "0.01 to 100"),
        ("--temperature", "-1", "0.01 to 100"),
        ("--temperature", "warm", "not a decimal number"),
        ("--temperature", "0.1234567", "six digits"),
        ("--top-p", "1.5", "0 to 1"),
        ("--top-k", "2.5", "a whole number"),
        ("--top-k", "-3", "0 (no cut) to 1048576"),
        ("--min-p", "2", "0 (no cut) to 1"),
        ("--max-tokens", "0", "1 to 65536"),
        ("--max-tokens", "65537", "1 to 65536"),
        ("--max-tokens", "99999999999999999999", "1 to 65536"),
        ("--threads", "0", "1 to 256"),
        ("--threads", "1000", "1 to 256"),
        ("--prefill-chunk", "0", "1 to 16384"),
        ("--kernels", "abacus", "portable, avx2"),
        ("--seed", "-1", "0 to 18446744073709551615"),
        ("--seed", "0x1f", "a whole number"),
        ("--date", "today", "YYYY-MM-DD"),
        ("--date", "2026-1-2", "YYYY-MM-DD"),
        ("--date", "2026-02-29", "no such day"),
    ] {
        let done = world.run(&["run", "./no-such.gguf", "hi", option, value]);
        done.refused(2, &[option, value, allowed]);
    }
    assert!(!world.home().exists(), "a refused command touches nothing");
}

#[test]
fn a_wrong_flag_names_the_nearest() {
    let world = World::new();
    world.run(&["run", "x.gguf", "hi", "--temprature", "1"]).refused(2, &["--temperature"]);
    world.run(&["rum"]).refused(2, &["run"]);
    world.run(&["run"]).refused(2, &["MODEL"]);
    let words = world.run(&["run", "x.gguf", "hi", "there"]);
    words.refused(2, &["there", "put in quotes"]);
    let flag = world.run(&["run", "x.gguf", "hi", "--there"]);
    assert!(!flag.err.contains("put in quotes"), "{flag:?}");
    for (command, word) in [("serve", "--port"), ("serve", "-p"), ("proxy", "--port")] {
        let port = world.run(&[command, "x.gguf", word, "8100"]);
        port.refused(2, &[word, "--listen 127.0.0.1:8100", "--listen 8100"]);
    }
    let port = world.run(&["run", "x.gguf", "hi", "--port", "8100"]);
    assert!(!port.err.contains("--listen"), "{port:?}");
    let other = world.run(&["rm", "x.gguf", "y.gguf"]);
    assert!(!other.err.contains("put in quotes"), "{other:?}");
}

#[test]
fn a_prompt_in_the_models_place_is_seen() {
    let world = World::new();
    for prompt in ["Why is the sky blue?", "./why/not"] {
        world.run(&["run", prompt, "smollm2-135m"]).refused(2, &["model is named first"]);
    }
}

#[test]
fn a_folder_that_is_no_model_is_told_what_one_has() {
    let world = World::new();
    let folder = world.path("folder");
    std::fs::create_dir(&folder).unwrap();
    let typed = folder.to_str().unwrap();
    let empty = world.run(&["run", typed, "hi"]);
    empty.refused(1, &["no package", "config.json, tokenizer.json and safetensors"]);
    std::fs::write(folder.join("config.json"), "{}").unwrap();
    let bare = world.run(&["run", typed, "hi"]);
    bare.refused(1, &[typed, "tokenizer.json is missing", "safetensors files"]);
}

#[test]
fn stop_strings_are_checked_before_anything_is_opened() {
    let world = World::new();
    let stops = ["--stop", "x", "--stop", ""];
    let empty = world.run(&[&["run", "x.gguf", "hi"], &stops[..]].concat());
    empty.refused(2, &["--stop \"\"", "number 2"]);
    let stops = ["--stop", "x"].repeat(17);
    world.run(&[&["run", "x.gguf", "hi"], &stops[..]].concat()).refused(2, &["--stop", "16"]);
}

#[test]
fn options_that_can_not_be_followed_are_refused() {
    let world = World::new();
    let tiny = world.tiny();
    world.run(&["run", &tiny, "hi", "--raw", "--system", "x"]).refused(2, &["--raw", "--system"]);
    world.run(&["run", &tiny]).refused(2, &["prompt is empty"]);
    world.run_on(b"\n", &["run", &tiny, "-"]).refused(2, &["prompt is empty"]);
    world.run(&["run", &tiny, ""]).refused(2, &["prompt is empty"]);
    world.run(&["bench", &tiny, "--prefill", "256"]).refused(2, &["256", "--prefill"]);
}

#[test]
fn an_unknown_name_names_the_nearest() {
    let world = World::new();
    for command in ["run", "bench", "pull", "show", "rm"] {
        let done = world.run(&[command, "smolm2-135m"]);
        done.refused(2, &["(did you mean `smollm2-135m`?); it has"]);
    }
    world.run(&["run", "hf:org"]).refused(2, &["hf:org/repo[@rev]:file"]);
}

#[test]
fn a_model_that_is_not_here_says_how_to_get_it() {
    let world = World::new();
    world.run(&["rm", "smollm2-135m"]).refused(1, &["nothing to delete", "probity list"]);
    world.run(&["show", "smollm2-135m", "--program"]).refused(1, &["probity pull smollm2-135m"]);
    let offline = world.run(&["run", "smollm2-135m", "hi"]);
    offline.refused(1, &["PROBITY_OFFLINE", "unset it"]);
    assert_eq!(offline.err.lines().count(), 1, "{offline:?}");
    let shown = world.run(&["show", "smollm2-135m"]).ok();
    assert!(shown.out.contains("probity pull smollm2-135m"), "{shown:?}");
    assert!(shown.out.contains("Apache-2.0"), "{shown:?}");
}

#[test]
fn what_is_no_model_file_is_named() {
    let world = World::new();
    for command in ["run", "bench", "show", "pull"] {
        let missing = world.path("missing.gguf");
        let missing = missing.to_str().unwrap();
        let extra: &[&str] = if command == "run" { &["hi"] } else { &[] };
        let done = world.run(&[&[command, missing], extra].concat());
        done.refused(1, &[missing, "there is no such file"]);
        let folder = world.path("");
        let folder = folder.to_str().unwrap();
        world.run(&[&[command, folder], extra].concat()).refused(1, &["folder"]);
        let device = world.run(&[&[command, "/dev/zero"], extra].concat());
        device.refused(1, &["/dev/zero", "a pipe or a device"]);
    }
}

#[test]
fn a_broken_file_is_refused_by_name() {
    let world = World::new();
    let whole = tiny().write();
    let mut unknown = whole.clone();
    let at = unknown.windows(5).position(|window| window == b"llama").unwrap();
    unknown[at..at + 5].copy_from_slice(b"lhama");
    let files = [
        ("empty.gguf", Vec::new()),
        ("text.gguf", b"this is no model".to_vec()),
        ("header.gguf", whole[..600].to_vec()),
        ("half.gguf", whole[..whole.len() / 2].to_vec()),
        ("less.gguf", whole[..whole.len() - 1].to_vec()),
        ("unknown.gguf", unknown),
    ];
    for (name, bytes) in files {
        let path = world.file(name, &bytes);
        world.run(&["run", &path, "hi"]).refused(1, &[&path, "can't be used"]);
        let shown = world.run(&["show", &path]);
        assert_eq!(shown.code, Some(1), "{shown:?}");
        assert!(shown.err.contains("can't be used"), "{shown:?}");
    }
}

#[test]
fn a_prompt_beyond_the_context_says_how_long_it_is() {
    let world = World::new();
    let tiny = world.tiny();
    let prompt = "hello ".repeat(300);
    world.run(&["run", &tiny, &prompt]).refused(1, &["256", "shorten it"]);
}

#[test]
fn a_prompt_on_standard_input_must_be_text_of_a_sensible_length() {
    let world = World::new();
    let tiny = world.tiny();
    world.run_on(b"a\xff\xfe", &["run", &tiny]).refused(1, &["not UTF-8"]);
    world.run_on(b"\n", &["run", &tiny]).refused(2, &["prompt is empty"]);
    let endless = vec![b'a'; (4 << 20) + 1];
    world.run_on(&endless, &["run", &tiny]).refused(1, &["4194304 bytes", "shorten it"]);
}

#[test]
fn a_home_that_can_not_be_is_named_once() {
    let world = World::new();
    let tiny = world.tiny();
    let home = format!("{tiny}/home");
    let done = world.run_with("PROBITY_HOME", &home, &["run", &tiny, "hi"]);
    done.refused(1, &["PROBITY_HOME", &home, "Not a directory"]);
    assert_eq!(done.err.matches("Not a directory").count(), 1, "{done:?}");
    let nowhere = world.command(&["list"]).env_remove("PROBITY_HOME").output().unwrap();
    crate::world::done(nowhere).refused(1, &["PROBITY_HOME"]);
}

#[test]
fn kernels_of_the_environment_are_checked() {
    let world = World::new();
    let tiny = world.tiny();
    let run = ["run", &tiny, "hi"];
    let bad = world.run_with("PROBITY_KERNELS", "abacus", &run);
    bad.refused(2, &["PROBITY_KERNELS", "abacus", "portable"]);
    let foreign = KernelSet::ALL.into_iter().find(|set| !set.available()).unwrap().name();
    let unavailable = world.run_with("PROBITY_KERNELS", foreign, &run);
    unavailable.refused(1, &[foreign, "it can run: portable"]);
    let flag = world.run(&["run", &tiny, "hi", "--kernels", foreign]);
    flag.refused(1, &[foreign, "it can run: portable"]);
}
