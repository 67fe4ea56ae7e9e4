//! The first start prepares the weights, the second reads them; a damaged cache is mended.

use std::os::unix::fs::MetadataExt;

use crate::world::World;

const OPTIONS: [&str; 4] = ["--seed", "5", "--max-tokens", "8"];

#[test]
fn a_second_start_uses_the_prepared_weights() {
    let world = World::new();
    let tiny = world.tiny();
    let first = world.json(&tiny, "hello", &OPTIONS);
    let [packed] = &world.packed()[..] else { panic!("one file: {:?}", world.packed()) };
    let inode = std::fs::metadata(packed).unwrap().ino();
    let second = world.json(&tiny, "hello", &OPTIONS);
    assert_eq!(second["logits_digest"], first["logits_digest"]);
    assert_eq!(std::fs::metadata(packed).unwrap().ino(), inode, "they were prepared again");
}

#[test]
fn damaged_prepared_weights_are_prepared_again() {
    let world = World::new();
    let tiny = world.tiny();
    let first = world.json(&tiny, "hello", &OPTIONS);
    let packed = world.packed().remove(0);
    let whole = std::fs::read(&packed).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let damaged = [flipped, whole[..whole.len() - 1].to_vec(), Vec::new(), b"nonsense".to_vec()];
    for bytes in damaged {
        std::fs::write(&packed, bytes).unwrap();
        let again = world.json(&tiny, "hello", &OPTIONS);
        assert_eq!(again["logits_digest"], first["logits_digest"]);
        assert_eq!(std::fs::read(&packed).unwrap(), whole, "the cache is mended");
    }
}

/// A model in the store under a name of the hub, with these bytes and that hash.
fn stored(world: &World, bytes: &[u8], blake3: &str) {
    world.store("hf:org/repo:tiny.gguf", bytes, blake3);
}

#[test]
fn no_answer_is_given_in_the_name_of_other_bytes() {
    let world = World::new();
    let sound = std::fs::read(world.tiny()).unwrap();
    let hash = blake3::hash(&sound).to_string();
    let run = ["run", "hf:org/repo:tiny.gguf", "hello", "--json", "--seed", "1"];
    let words = ["not those it is known by", "probity pull"];

    let mut weights = sound.clone();
    *weights.last_mut().unwrap() ^= 1;
    stored(&world, &weights, &hash);
    world.run(&run).refused(1, &words);
    assert!(world.packed().is_empty(), "weights of other bytes are kept");

    stored(&world, &sound, &hash);
    let answer = world.run(&run).ok().json();
    assert_eq!(answer["model"]["file_blake3"], *hash);

    // A header that was changed is not served from the cache either.
    let at = sound.windows(4).position(|bytes| bytes == b"tiny").unwrap();
    let mut header = sound;
    header[at] = b'T';
    stored(&world, &header, &hash);
    world.run(&run).refused(1, &words);
}

#[test]
fn gc_deletes_what_nothing_needs() {
    let world = World::new();
    let tiny = world.tiny();
    world.json(&tiny, "hello", &OPTIONS);
    let done = world.run(&["gc"]).ok();
    assert!(done.err.contains("deleted 2 files of prepared weights\n"), "{done:?}");
    assert!(world.packed().is_empty());
}

#[test]
fn a_cache_that_can_not_be_read_costs_only_time() {
    let world = World::new();
    let tiny = world.tiny();
    let first = world.json(&tiny, "hello", &OPTIONS);
    let packed = world.packed().remove(0);
    std::fs::remove_file(&packed).unwrap();
    std::fs::create_dir(&packed).unwrap();
    let arguments = [&["run", &tiny, "hello", "--json"], &OPTIONS[..]].concat();
    let done = world.run(&arguments);
    assert!(done.err.contains("can't be kept"), "{done:?}");
    assert_eq!(done.json()["logits_digest"], first["logits_digest"]);
}

#[test]
fn bench_measures_what_it_is_asked_to() {
    let world = World::new();
    let tiny = world.tiny();
    let arguments = ["bench", &tiny, "--prefill", "16", "--decode", "3", "--after", "2"];
    let json = world.run(&[&arguments[..], &["--json"]].concat()).json();
    assert_eq!(json["prefill_tokens"], 16);
    assert_eq!(json["decode_tokens"], 3);
    assert_eq!(json["decode_after"], 2);
    for field in ["prefill_cpu_s", "prefill_wall_s", "decode_cpu_s", "decode_wall_s"] {
        assert!(json[field].is_number(), "{field}");
    }
    let prompt_only = ["bench", &tiny, "--prefill", "8", "--decode", "0", "--after", "0", "--json"];
    assert_eq!(world.run(&prompt_only).json()["decode_tokens"], 0);
    world.run(&["bench", &tiny, "--after", "0"]).refused(2, &["--after"]);
    let table = world.run(&["bench", &tiny, "--prefill", "0", "--decode", "3"]).ok().out;
    assert!(table.contains("decode") && !table.contains("prefill"), "{table}");
}

#[test]
fn bench_checks_honest_answers_and_refutes_a_cheat() {
    let world = World::new();
    let tiny = world.tiny();
    let short = ["--prefill", "0", "--decode", "5", "--after", "4", "--json"];
    let replay = [&["bench", &tiny, "--replay", "--answers", "3"][..], &short].concat();
    assert_eq!(world.run(&replay).json()["answers"], 3);
    let dispute = [&["bench", &tiny, "--dispute"][..], &short].concat();
    let json = world.run(&dispute).json();
    assert!(json["rounds"].as_u64().is_some_and(|rounds| rounds > 3), "{json}");
    assert!(json["refuted"]["op"].is_string() && json["changed_matrix"].is_string(), "{json}");
    let without = ["bench", &tiny, "--dispute", "--decode", "0"];
    world.run(&without).refused(2, &["--decode"]);
}
