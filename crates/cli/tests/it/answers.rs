//! What an answer is, and that nothing about how it was made can change it.

use std::collections::BTreeSet;

use canon::KernelSet;
use serde_json::Value;

use crate::world::World;

const GREEDY: [&str; 4] = ["--temperature", "0", "--max-tokens", "24"];

#[test]
fn a_prompt_on_standard_input_is_the_same_prompt() {
    let world = World::new();
    let tiny = world.tiny();
    let options = ["--seed", "7", "--max-tokens", "9"];
    let typed = world.run(&[&["run", &tiny, "hello"], &options[..]].concat()).ok().out;
    for prompt in [&["-"][..], &[]] {
        let run = [&["run", &tiny], prompt, &options[..]].concat();
        assert_eq!(world.run_on(b"hello\n", &run).ok().out, typed);
    }
}

#[test]
fn text_is_what_json_tells() {
    let world = World::new();
    let tiny = world.tiny();
    let options = ["--seed", "7", "--max-tokens", "24"];
    let json = world.json(&tiny, "hello", &options);
    let plain = world.run(&[&["run", &tiny, "hello"], &options[..]].concat()).ok();
    assert_eq!(plain.out, format!("{}\n", json["text"].as_str().unwrap()));
    assert!(!plain.out.trim().is_empty());
}

#[test]
fn json_has_every_field() {
    let world = World::new();
    let tiny = world.tiny();
    let json = world.json(&tiny, "hello", &["--seed", "7", "--max-tokens", "5"]);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let fields = ["tokens", "text", "usage", "timings", "stop", "seed", "model", "logits_digest"];
    assert_eq!(keys(&json), set(&fields));
    assert_eq!(keys(&json["model"]), set(&["name", "id", "file_blake3", "program", "kernels"]));
    assert_eq!(json["model"]["name"], tiny);
    let package = world.path("package");
    let build = ["package", "build", &tiny, "--out", package.to_str().unwrap()];
    assert_eq!(json["model"]["id"], world.run(&build).ok().out.trim());
    let bytes = std::fs::read(&tiny).unwrap();
    assert_eq!(json["model"]["file_blake3"], blake3::hash(&bytes).to_hex().to_string());
    assert_eq!(json["seed"], 7);
    let tokens = json["tokens"].as_array().unwrap().len();
    let usage = &json["usage"];
    assert_eq!(usage["completion_tokens"], tokens);
    assert_eq!(usage["cached_tokens"], 0);
    let prompt = usage["prompt_tokens"].as_u64().unwrap();
    assert!(prompt > 5, "the chat template adds tokens");
    assert_eq!(usage["total_tokens"].as_u64().unwrap(), prompt + u64::try_from(tokens).unwrap());
    assert_eq!(json["logits_digest"].as_str().unwrap().len(), 64);
    for timing in json["timings"].as_object().unwrap().values() {
        assert!(timing.is_number());
    }
}

#[test]
fn the_same_seed_gives_the_same_answer_and_others_differ() {
    let world = World::new();
    let tiny = world.tiny();
    let answer = |seed: &str| {
        let free = ["--temperature", "1", "--top-p", "1", "--max-tokens", "24", "--seed", seed];
        let json = world.json(&tiny, "hello", &free);
        (json["tokens"].clone(), json["logits_digest"].clone())
    };
    assert_eq!(answer("11"), answer("11"));
    assert_ne!(answer("11").0, answer("12").0);
}

#[test]
fn a_drawn_seed_gives_the_answer_again() {
    let world = World::new();
    let tiny = world.tiny();
    let options = ["--temperature", "1", "--max-tokens", "24"];
    let first = world.json(&tiny, "hello", &options);
    let seed = first["seed"].as_u64().unwrap();
    assert!(seed < 1 << 53, "every reader of JSON reads it exactly");
    let seed = seed.to_string();
    let again = world.json(&tiny, "hello", &[&options[..], &["--seed", &seed]].concat());
    assert_eq!(first["tokens"], again["tokens"]);
}

#[test]
fn threads_chunks_and_kernels_change_no_bit() {
    let world = World::new();
    let tiny = world.tiny();
    let prompt = "hello the hello ".repeat(6);
    let base = ["--seed", "3", "--temperature", "1", "--max-tokens", "12"];
    let digest = |options: &[&str]| {
        let json = world.json(&tiny, &prompt, &[&base[..], options].concat());
        (json["logits_digest"].clone(), json["tokens"].clone())
    };
    let want = digest(&[]);
    for threads in ["1", "2", "3"] {
        assert_eq!(digest(&["--threads", threads]), want, "{threads} threads");
    }
    for chunk in ["1", "7", "64", "16384"] {
        assert_eq!(digest(&["--prefill-chunk", chunk]), want, "chunks of {chunk}");
    }
    for set in KernelSet::ALL.into_iter().filter(|set| set.available()) {
        assert_eq!(digest(&["--kernels", set.name()]), want, "{}", set.name());
    }
}

#[test]
fn the_environment_chooses_kernels_and_the_flag_is_stronger() {
    let world = World::new();
    let tiny = world.tiny();
    let used = |value: &str, options: &[&str]| {
        let arguments = [&["run", &tiny, "hi", "--json", "--max-tokens", "1"], options].concat();
        let json = world.run_with("PROBITY_KERNELS", value, &arguments).json();
        json["model"]["kernels"].as_str().unwrap().to_owned()
    };
    assert_eq!(used("portable", &[]), "portable");
    assert_eq!(used("", &[]), KernelSet::best().name());
    let best = KernelSet::best().name();
    assert_eq!(used("portable", &["--kernels", best]), best);
}

#[test]
fn a_stop_string_ends_the_answer_before_it() {
    let world = World::new();
    let tiny = world.tiny();
    let options = ["--seed", "3", "--temperature", "1", "--top-p", "1", "--max-tokens", "24"];
    let whole = world.json(&tiny, "hello", &options);
    let whole = whole["text"].as_str().unwrap().to_owned();
    let characters: Vec<char> = whole.chars().collect();
    assert!(characters.len() >= 20, "{whole:?}");
    let stop: String = characters[16..20].iter().collect();
    let at = whole.find(&stop).unwrap();
    assert!(at > 0, "{whole:?}");
    let stops = ["--stop", "never this", "--stop", &stop];
    let cut = world.json(&tiny, "hello", &[&options[..], &stops].concat());
    assert_eq!(cut["stop"], "stop_string");
    assert_eq!(cut["text"], whole[..at]);
}

#[test]
fn a_prompt_can_come_from_standard_input() {
    let world = World::new();
    let tiny = world.tiny();
    let typed = world.json(&tiny, "hello the", &GREEDY)["logits_digest"].clone();
    let piped = |input: &[u8]| {
        let arguments = [&["run", &tiny, "--json"], &GREEDY[..]].concat();
        world.run_on(input, &arguments).json()["logits_digest"].clone()
    };
    for input in [&b"hello the"[..], b"hello the\n", b"hello the\r\n"] {
        assert_eq!(piped(input), typed);
    }
    assert_ne!(piped(b"hello the\n\n"), typed, "only one line end is taken off");
}

#[test]
fn instructions_and_templates_reach_the_model() {
    let world = World::new();
    let tiny = world.tiny();
    let prompt_tokens = |options: &[&str]| {
        let json = world.json(&tiny, "hello", &[&GREEDY[..], options].concat());
        json["usage"]["prompt_tokens"].as_u64().unwrap()
    };
    assert_eq!(prompt_tokens(&["--raw"]), 1, "`hello` is one token of the tiny model");
    assert!(prompt_tokens(&[]) > 1);
    assert!(prompt_tokens(&["--system", "be brief"]) > prompt_tokens(&[]));
}

/// The tiny model with a template that asks for the day.
fn dated(world: &World) -> String {
    let path = world.tiny();
    let mut bytes = std::fs::read(&path).unwrap();
    let old = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
    let new = "{{ strftime_now('%d') }}";
    let new = format!("{new}{{#{}#}}", " ".repeat(old.len() - new.len() - 4));
    let at = bytes.windows(old.len()).position(|window| window == old.as_bytes()).unwrap();
    bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
    world.file("dated.gguf", &bytes)
}

#[test]
fn a_date_is_part_of_the_prompt_where_the_template_asks() {
    let world = World::new();
    let dated = dated(&world);
    let digest = |date: &str| {
        let options = [&GREEDY[..], &["--date", date]].concat();
        world.json(&dated, "hello", &options)["logits_digest"].clone()
    };
    assert_eq!(digest("2026-03-05"), digest("2020-01-05"), "only the day is asked for");
    assert_ne!(digest("2026-03-05"), digest("2026-03-06"));
    world.run(&["run", &dated, "hello"]).refused(1, &["strftime_now"]);
    let deaf = world.run(&["run", &world.tiny(), "hello", "--date", "2026-03-05"]);
    deaf.refused(2, &["--date", "leave it out"]);
}

#[test]
fn an_answer_that_is_cut_says_so() {
    let world = World::new();
    let tiny = world.tiny();
    let short = world.run(&["run", &tiny, "hello", "--max-tokens", "2", "--temperature", "0"]).ok();
    assert!(short.err.contains("--max-tokens"), "{short:?}");
    let full = world.run(&["run", &tiny, "hello", "--temperature", "0"]).ok();
    assert!(full.err.contains("context of 256 tokens is full"), "{full:?}");
}
