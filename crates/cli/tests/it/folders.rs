//! Folders of safetensors: run, verified, shown and published as GGUF files are.

use std::fs;
use std::path::Path;

use import::gguf::TensorType;
use import::gguf::tiny::{Family, TinyModel};
use import::huggingface::tiny::{File, folder};

use crate::world::World;

/// Heads lie in halves in both kinds of file, so the models are one.
pub(crate) fn model(family: Family) -> TinyModel {
    let (matrices, embedding) = (TensorType::Bf16, TensorType::F16);
    TinyModel { matrices, embedding, ..TinyModel::of(family, 5) }
}

/// Writes a model's folder and gives its path.
fn written(world: &World, name: &str, members: &[(&str, &str)], weights: usize) -> String {
    folder_of(world, name, &folder(&model(Family::Qwen2), members, weights))
}

/// Writes a folder of these files and gives its path.
pub(crate) fn folder_of(world: &World, name: &str, files: &[File]) -> String {
    let path = world.path(name);
    fs::create_dir(&path).unwrap();
    for (name, bytes) in files {
        fs::write(path.join(name), bytes).unwrap();
    }
    path.to_str().unwrap().to_owned()
}

const PLAIN: [&str; 4] = ["--max-tokens", "12", "--seed", "7"];

#[test]
fn a_folder_answers_as_the_gguf_file_of_the_same_model() {
    let world = World::new();
    let gguf = world.file("model.gguf", &model(Family::Qwen2).write());
    // A draw would depend on the model's id.
    let greedy = ["--max-tokens", "12", "--temperature", "0"];
    let one = world.json(&gguf, "hello", &greedy);
    for (name, weights) in [("one", 1), ("three", 3)] {
        let path = written(&world, name, &[], weights);
        let first = world.json(&path, "hello", &greedy);
        for key in ["tokens", "text", "logits_digest"] {
            assert_eq!(first[key], one[key], "{key} of {weights}");
        }
        // From the prepared weights now.
        let again = world.json(&path, "hello", &greedy);
        assert_eq!(again["model"], first["model"]);
        assert_eq!(again["logits_digest"], first["logits_digest"]);
        assert_ne!(first["model"]["id"], one["model"]["id"], "other files, another model");
    }
}

/// Its gains are other bytes there, and what they stand for the same.
#[test]
fn gemmas_folder_answers_as_its_gguf_file() {
    let world = World::new();
    let greedy = ["--max-tokens", "12", "--temperature", "0"];
    for (name, family) in [("two", Family::Gemma2), ("three", Family::Gemma3)] {
        let gguf = world.file("model.gguf", &model(family).write());
        let one = world.json(&gguf, "hello", &greedy);
        let path = folder_of(&world, name, &folder(&model(family), &[], 2));
        let other = world.json(&path, "hello", &greedy);
        assert_eq!(other["logits_digest"], one["logits_digest"], "{name}");
    }
}

#[test]
fn a_receipt_of_a_folder_is_verified_and_a_package_of_it_has_its_id() {
    let world = World::new();
    let path = written(&world, "folder", &[], 2);
    let receipt = world.path("r.json");
    let receipt = receipt.to_str().unwrap();
    let options = [&PLAIN[..], &["--receipt", receipt]].concat();
    let answer = world.json(&path, "hello", &options);
    let id = answer["model"]["id"].as_str().unwrap();
    world.run(&["verify", receipt, "--model", &path]).ok();
    world.run(&["verify", receipt]).ok();
    let package = world.path("package");
    let package = package.to_str().unwrap();
    let built = world.run(&["package", "build", &path, "--out", package]).ok();
    assert_eq!(built.out.trim(), id);
    world.run(&["package", "verify", package]).ok();
    let of_package = world.json(package, "hello", &PLAIN);
    assert_eq!(of_package["logits_digest"], answer["logits_digest"]);
    let shown = world.run(&["show", &path]).ok();
    assert!(shown.out.contains(id), "{}", shown.out);
    let inspected = world.run(&["package", "inspect", &path]).ok();
    assert!(inspected.out.contains(id), "{}", inspected.out);
}

#[test]
fn what_lies_beside_the_files_changes_nothing() {
    let world = World::new();
    let path = written(&world, "folder", &[], 1);
    let before = world.json(&path, "hello", &PLAIN);
    fs::write(Path::new(&path).join("README.md"), "words").unwrap();
    fs::write(Path::new(&path).join("pytorch_model.bin"), "pickle").unwrap();
    assert_eq!(world.json(&path, "hello", &PLAIN)["model"], before["model"]);
    // What the model is says the configuration.
    let config = Path::new(&path).join("config.json");
    let text = fs::read_to_string(&config).unwrap().replace("100000.0", "200000.0");
    fs::write(&config, text).unwrap();
    assert_ne!(world.json(&path, "hello", &PLAIN)["model"]["id"], before["model"]["id"]);
}

#[test]
fn what_can_not_be_used_is_said_by_name() {
    let world = World::new();
    let path = written(&world, "folder", &[("hidden_act", "\"relu\"")], 1);
    let refused = world.run(&["run", &path, "hello"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("hidden_act"), "{}", refused.err);
    let path = written(&world, "weightless", &[], 1);
    fs::remove_file(Path::new(&path).join("model.safetensors")).unwrap();
    let refused = world.run(&["run", &path, "hello"]);
    assert!(refused.err.contains("pytorch_model.bin"), "{}", refused.err);
}
