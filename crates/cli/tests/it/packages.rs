//! Packages: made, looked into, checked, signed and run as folders. What is damaged or false is refused by name.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use import::gguf::tiny::TinyModel;
use package::{File, Package, PartKind, Units, folder};
use serde_json::Value;

use crate::world::{Done, World, files, tiny};

/// The P-256 secret 7, 7, ..., 7, as Python's `cryptography` writes it.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBwcHBwcHBwcHBwcH
BwcHBwcHBwcHBwcHBwcHBwcHBwehRANCAAQeGFMv1HVMAvMEHZx1zrM7g//YGsfO
T+iCzLHJi8WJbqRsMRxOL/QN2Wo2U+bkVEXTLf5Ibs7XXHqQxqGIgcCj
-----END PRIVATE KEY-----
";

/// A package of a tiny model.
struct Made {
    world: World,
    model: String,
    folder: PathBuf,
    id: String,
}

fn made(options: &[&str]) -> Made {
    let world = World::new();
    let model = world.tiny();
    let folder = world.path("package");
    let build = ["package", "build", &model, "--out", folder.to_str().unwrap()];
    let id = world.run(&[&build[..], options].concat()).ok().out.trim().to_owned();
    Made { world, model, folder, id }
}

impl Made {
    fn name(&self) -> &str {
        self.folder.to_str().unwrap()
    }

    fn run(&self, command: &str, options: &[&str]) -> Done {
        let run = ["package", command, self.name()];
        self.world.run(&[&run[..], options].concat())
    }

    /// `verify` ends with this status and says all of this.
    fn judged(&self, code: i32, said: &[&str]) {
        let done = self.run("verify", &[]);
        assert_eq!(done.code, Some(code), "{said:?} {done:?}");
        let word = ["VERIFIED", "REFUTED", "CAN'T BE JUDGED"][usize::try_from(code).unwrap()];
        for words in [&[word], said].concat() {
            assert!(done.out.contains(words), "{words:?} is not in {done:?}");
        }
        assert!(!done.err.contains("panicked"), "{done:?}");
    }

    fn open(&self) -> Package {
        folder::open(|path, _| fs::read(self.folder.join(path))).unwrap()
    }

    fn file(&self) -> PathBuf {
        self.folder.join("files/model.gguf")
    }

    fn part(&self, kind: PartKind) -> PathBuf {
        self.folder.join(folder::part_path(&self.open().manifest().part(kind).unwrap()))
    }

    /// Damages a file, has it judged, and mends it. The file is no longer linked to the model.
    fn damaged(&self, path: &Path, damage: impl Fn(&mut Vec<u8>), code: i32, said: &[&str]) {
        let sound = fs::read(path).unwrap();
        let mut bytes = sound.clone();
        damage(&mut bytes);
        replace(path, &bytes);
        self.judged(code, said);
        replace(path, &sound);
    }

    /// A publisher who lies: another package in the folder's place.
    fn lie(&self, parts: impl Fn(&Package) -> package::Parts, hashes: impl Fn(&mut File)) {
        let package = self.open();
        let mut files = package.manifest().files().to_vec();
        files.iter_mut().for_each(hashes);
        let about = package.manifest().about().clone();
        let lie = Package::assemble(about, files, parts(&package)).unwrap();
        for (path, bytes) in folder::entries(&lie) {
            fs::write(self.folder.join(path), bytes).unwrap();
        }
    }
}

fn replace(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Every file below a folder with its bytes.
fn all(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for path in files(folder) {
        if path.is_dir() {
            all.extend(self::all(&path));
        } else {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            all.push((name, fs::read(&path).unwrap()));
        }
    }
    all
}

#[test]
fn the_same_file_gives_the_same_package_anywhere() {
    let (one, other) = (made(&[]), made(&[]));
    assert_eq!(one.id, other.id);
    assert_eq!(all(&one.folder), all(&other.folder));
    assert_eq!(one.id.len(), 64);
    let ino = |path: &Path| fs::metadata(path).unwrap().ino();
    assert_eq!(ino(&one.file()), ino(Path::new(&one.model)), "the file is linked");
    let names = |world: &World| files(world.path("x").parent().unwrap()).len();
    assert_eq!(names(&one.world), 3, "home, model, package: nothing else is left");
    let mode = fs::metadata(&one.folder).unwrap().mode();
    assert_ne!(mode & 0o055, 0, "a package is for others to read");
    one.judged(0, &[&one.id, "6 parts", "1 file", "not established"]);
}

#[test]
fn a_package_of_a_link_holds_the_file() {
    let world = World::new();
    let (model, link) = (world.tiny(), world.path("link.gguf"));
    std::os::unix::fs::symlink(&model, &link).unwrap();
    let out = world.path("package");
    let names = (link.to_str().unwrap(), out.to_str().unwrap());
    let linked = world.run(&["package", "build", names.0, "--out", names.1]).ok();
    assert_eq!(linked.out.trim(), made(&[]).id, "a file's name is its owner's business");
    let held = out.join("files/model.gguf");
    assert!(fs::symlink_metadata(&held).unwrap().is_file());
    assert_eq!(fs::read(held).unwrap(), fs::read(model).unwrap());
}

#[test]
fn receipts_name_the_package_and_a_folder_runs() {
    let made = made(&[]);
    let receipt = made.world.path("r.json");
    let receipt = receipt.to_str().unwrap();
    let options = ["--seed", "5", "--max-tokens", "12"];
    let of_file =
        made.world.json(&made.model, "hello", &[&options[..], &["--receipt", receipt]].concat());
    let shown = made.world.run(&["receipt", "show", receipt]).ok();
    assert!(shown.out.contains(&made.id), "{} is not in {shown:?}", made.id);
    made.world.run(&["verify", receipt, "--model", made.name()]).ok();
    for _ in 0..2 {
        let of_folder = made.world.json(made.name(), "hello", &options);
        for key in ["tokens", "text", "logits_digest"] {
            assert_eq!(of_folder[key], of_file[key], "{key}");
        }
        assert_eq!(of_folder["model"]["file_blake3"], of_file["model"]["file_blake3"]);
    }
    assert_eq!(made.world.packed().len(), 2, "the file's weights, and the folder's");
}

#[test]
fn a_damaged_folder_does_not_run() {
    let made = made(&[]);
    let mut bytes = fs::read(made.file()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    replace(&made.file(), &bytes);
    let run = made.world.run(&["run", made.name(), "hello", "--max-tokens", "2"]);
    run.refused(1, &["files/model.gguf", "not those the manifest names"]);
    assert!(made.world.packed().is_empty(), "weights of other bytes are kept");
}

#[test]
fn what_a_publisher_adds_makes_another_package() {
    let world = World::new();
    let card = world.file("card.md", "A model.\n".as_bytes());
    let quality = world.file("quality.json", QUALITY.replace("KL", "20000").as_bytes());
    let loud = world.file("loud.json", QUALITY.replace("KL", "20001").as_bytes());
    let plain = made(&[]);
    let mut ids = vec![plain.id.clone()];
    for (options, said) in [
        (&["--name", "Mine"][..], &["Mine"][..]),
        (&["--licence", "MIT"], &["MIT"]),
        (&["--redistributable", "yes"], &["redistributable yes"]),
        (&["--redistributable", "no"], &["redistributable no"]),
        (&["--card", &card], &["9 bytes"]),
        (&["--quality", &quality], &["KL to float   0.020000", "98.1000 %", "checked by nobody"]),
        (&["--quality", &loud], &["WARNING", "0.020001"]),
    ] {
        let made = made(options);
        made.judged(0, &[]);
        let shown = made.run("inspect", &[]).ok();
        for words in [said, &[&made.id]].concat() {
            assert!(shown.out.contains(words), "{words} is not in {shown:?}");
        }
        assert_eq!(shown.out.contains("WARNING"), options.contains(&loud.as_str()), "{shown:?}");
        ids.push(made.id);
    }
    let carded = made(&["--card", &card]);
    assert_eq!(carded.run("inspect", &["--card"]).ok().out, "A model.\n");
    plain.run("inspect", &["--card"]).refused(1, &["no card"]);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 8, "each is another model id");
    // Of a model file, inspect shows the package that would be made of it.
    let of_file = plain.world.run(&["package", "inspect", &plain.model]).ok();
    assert!(of_file.out.contains(&plain.id), "{of_file:?}");
}

const QUALITY: &str = r#"{"kl_micro": KL, "float_perplexity_milli": 14200, "perplexity_milli": 14230,
    "same_top_micro": 981000, "tokens": 65536, "text_name": "a text",
    "text_blake3": "0707070707070707070707070707070707070707070707070707070707070707"}"#;

#[test]
fn what_can_not_be_published_is_refused_and_leaves_nothing() {
    let made = made(&[]);
    let (world, model) = (&made.world, &made.model);
    let out = world.path("other");
    let out = out.to_str().unwrap();
    let build = |options: &[&str]| {
        world.run(&[&["package", "build", model, "--out", out], options].concat())
    };
    let there = world.run(&["package", "build", model, "--out", made.name()]);
    there.refused(1, &["is there already", made.name()]);
    let empty = world.file("empty.md", b"");
    build(&["--card", &empty]).refused(1, &["empty.md", "--card"]);
    build(&["--card", "no-such.md"]).refused(1, &["no-such.md"]);
    build(&["--quality", &empty]).refused(1, &["empty.md", "--help"]);
    let share = QUALITY.replace("KL", "1").replace("981000", "1000001");
    let share = world.file("share.json", share.as_bytes());
    build(&["--quality", &share]).refused(1, &["share.json", "more than all"]);
    build(&["--name", &"x".repeat(129)]).refused(2, &["--name", "128"]);
    build(&["--licence", "a\nb"]).refused(2, &["--licence", "control characters"]);
    build(&["--redistributable", "perhaps"]).refused(2, &["yes", "no"]);
    let mut broken = fs::read(model).unwrap();
    broken.truncate(broken.len() - 1);
    let broken = world.file("broken.gguf", &broken);
    let refused = world.run(&["package", "build", &broken, "--out", out]);
    refused.refused(1, &["broken.gguf can't be used"]);
    assert!(!refused.err.contains(".tmp-"), "{refused:?}");
    let nowhere = world.path("no/folder");
    let nowhere = nowhere.to_str().unwrap();
    world.run(&["package", "build", model, "--out", nowhere]).refused(1, &["can't write", nowhere]);
    assert!(!Path::new(out).exists());
    let left = files(world.path("x").parent().unwrap());
    let hidden = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with('.');
    assert!(!left.iter().any(hidden), "{left:?}");
}

#[test]
fn every_damage_is_refused_by_name() {
    let made = made(&[]);
    let manifest = made.folder.join("manifest");
    let flip = |at: usize| move |bytes: &mut Vec<u8>| bytes[at] ^= 1;
    made.damaged(&manifest, flip(0), 2, &["PRBM"]);
    made.damaged(&manifest, flip(4), 2, &["version", "newer release"]);
    made.damaged(&manifest, |bytes| bytes.truncate(bytes.len() - 1), 1, &["end inside"]);
    made.damaged(&manifest, |bytes| bytes.push(0), 1, &["follow the end of the manifest"]);
    for kind in [PartKind::Program, PartKind::Units, PartKind::Tokenizer, PartKind::TokenBytes] {
        let (path, name) = (made.part(kind), format!("part {kind}"));
        made.damaged(&path, flip(9), 1, &[&name, "not those the manifest names"]);
        made.damaged(
            &path,
            |bytes| bytes.truncate(bytes.len() - 1),
            1,
            &[&name, "the manifest names"],
        );
        made.damaged(&path, |bytes| bytes.push(0), 1, &[&name, "longer than"]);
        let sound = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        made.judged(2, &[&name, "fetch it"]);
        fs::create_dir(&path).unwrap();
        made.judged(2, &[&name, "no file"]);
        fs::remove_dir(&path).unwrap();
        fs::write(&path, sound).unwrap();
    }
    let file = made.file();
    let length = fs::read(&file).unwrap().len();
    for at in [0, length / 2, length - 1] {
        made.damaged(&file, flip(at), 1, &["files/model.gguf", "not those", "shard 1 of 1"]);
    }
    made.damaged(
        &file,
        |bytes| bytes.truncate(bytes.len() - 1),
        1,
        &["files/model.gguf", "fetch it again"],
    );
    made.damaged(&file, |bytes| bytes.push(0), 1, &["files/model.gguf", "fetch it again"]);
    let sound = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    made.judged(2, &["files/model.gguf", "fetch it"]);
    fs::write(&file, sound).unwrap();
    made.judged(0, &[]);
    fs::remove_file(&manifest).unwrap();
    made.judged(2, &["no package", "probity package build"]);
    let gone = made.world.run(&["package", "verify", "./no-such"]);
    assert!(gone.code == Some(2) && gone.out.contains("no such folder"), "{gone:?}");
}

#[test]
fn a_publisher_who_lies_is_refuted() {
    let same = |package: &Package| package.parts().clone();
    let units = made(&[]);
    let another = |package: &Package| {
        let mut bytes = package.units().encode();
        bytes[0] ^= 1;
        assert!(Units::decode(&bytes, package.program()).is_ok());
        let mut parts = package.parts().clone();
        parts.insert(PartKind::Units, bytes);
        parts
    };
    units.lie(another, |_| {});
    units.judged(1, &["row 0", "do not use this package"]);
    let run = units.world.run(&["run", units.name(), "hello", "--max-tokens", "2"]);
    run.refused(1, &["do not use this package"]);
    let tokens = made(&[]);
    let another = |package: &Package| {
        let mut parts = package.parts().clone();
        *parts.get_mut(&PartKind::TokenBytes).unwrap().last_mut().unwrap() ^= 1;
        parts
    };
    tokens.lie(another, |_| {});
    tokens.judged(1, &["token bytes", "do not use this package"]);
    let template = made(&[]);
    let another = |package: &Package| {
        let mut parts = package.parts().clone();
        parts.insert(PartKind::Template, b"{% for %}".to_vec());
        parts
    };
    template.lie(another, |_| {});
    template.judged(1, &["chat template is refused"]);
    let sha256 = made(&[]);
    sha256.lie(same, |file| file.hashes.sha256[0] ^= 1);
    sha256.judged(1, &["misstates its SHA-256"]);
}

#[test]
fn an_id_and_a_signer_can_be_required() {
    let made = made(&[]);
    made.run("verify", &["--id", &made.id]).ok();
    let another = "07".repeat(32);
    let done = made.run("verify", &["--id", &another]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.out.contains(&format!("not {another}")), "{done:?}");
    made.run("verify", &["--id", "7"]).refused(2, &["64 hexadecimal digits"]);
    let done = made.run("verify", &["--signed-by", &another]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.out.contains(&format!("no signature by {another}")), "{done:?}");
}

#[test]
fn a_signature_holds_for_its_package_alone() {
    let made = made(&[]);
    let unsigned = all(&made.folder);
    let key = made.run("sign", &[]).ok().out.trim().to_owned();
    assert_eq!(key, made.world.run(&["key", "show"]).ok().out.trim());
    made.run("verify", &["--id", &made.id, "--signed-by", &key]).ok();
    made.judged(0, &[&format!("signed by {key}"), "whose those keys are"]);
    assert!(made.run("inspect", &[]).ok().out.contains(&key));
    let place = made.folder.join("signatures").join(&key);
    let signature = fs::read(&place).unwrap();
    let mut signed = all(&made.folder);
    signed.retain(|(name, _)| *name != key);
    assert_eq!(signed, unsigned, "a signature changes nothing");
    // Signed again by the same key it is the same signature; by another, a second one.
    made.run("sign", &[]).ok();
    assert_eq!(fs::read(&place).unwrap(), signature);
    made.world.run(&["key", "rotate"]).ok();
    let second = made.run("sign", &[]).ok().out.trim().to_owned();
    made.judged(0, &[&key, &second]);

    // One that does not hold is no part of the package: it is told, and refutes nothing.
    let not_by = format!("NOT signed by {key}");
    made.damaged(&place, |bytes| bytes.truncate(9), 0, &[&not_by, &second]);
    let text = String::from_utf8(signature.clone()).unwrap();
    let borrowed = text.replace(&key, &second);
    made.damaged(&place, |bytes| *bytes = borrowed.clone().into(), 0, &[&not_by]);
    let elsewhere = self::made(&["--name", "another"]);
    fs::create_dir(elsewhere.folder.join("signatures")).unwrap();
    fs::write(elsewhere.folder.join("signatures").join(&key), &signature).unwrap();
    elsewhere.judged(0, &[&not_by, "the signature is of the model", &made.id, &elsewhere.id]);
    let asked = elsewhere.run("verify", &["--signed-by", &key]);
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert!(asked.out.contains(&not_by), "{asked:?}");
    assert!(elsewhere.run("inspect", &[]).ok().out.contains("NOT signed by"));
    let theirs = made.folder.join("signatures").join("07".repeat(32));
    fs::write(&theirs, &signature).unwrap();
    made.judged(0, &["NOT signed by 0707", "it was signed by", &key]);
    made.run("verify", &["--signed-by", &key]).ok();
    fs::remove_file(&theirs).unwrap();
    fs::create_dir(&theirs).unwrap();
    made.judged(0, &["NOT signed by 0707", "it is no file"]);
    fs::remove_dir(&theirs).unwrap();
    // What has no key's name is no signature.
    fs::write(made.folder.join("signatures/README"), "x").unwrap();
    made.judged(0, &[]);
}

#[test]
fn signatures_without_end_hide_nobody() {
    let made = made(&[]);
    let key = made.run("sign", &[]).ok().out.trim().to_owned();
    let folder = made.folder.join("signatures");
    let last = folder.join("f".repeat(64));
    for number in 0..1024 {
        fs::write(folder.join(format!("{number:064}")), "x").unwrap();
    }
    fs::write(&last, "x").unwrap();
    made.judged(0, &["the first 1024 of 1026 signatures are looked at"]);
    assert!(made.run("inspect", &[]).ok().out.contains("the first 1024 of 1026"));
    made.run("verify", &["--signed-by", &key]).ok();
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "no folder").unwrap();
    made.judged(0, &["the signatures can't be listed"]);
}

#[test]
fn a_key_is_read_as_any_file_and_never_replaced() {
    let made = made(&[]);
    let world = &made.world;
    let (key, out) = (world.file("key.pem", KEY.as_bytes()), world.path("mine.sig"));
    let sign = |key: &str, out: &Path, options: &[&str]| {
        made.run("sign", &[&["--oms", key, "--out", out.to_str().unwrap()], options].concat())
    };
    let pipe = world.path("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    for endless in ["/dev/zero", pipe.to_str().unwrap()] {
        sign(endless, &out, &[]).refused(1, &["a pipe or a device"]);
    }
    sign(&world.file("long.pem", &[b'x'; (1 << 16) + 1]), &out, &[]).refused(1, &["too long"]);
    // The key by another name, and places in the package by another way.
    let (link, around) = (world.path("link.pem"), world.path("around"));
    fs::hard_link(&key, &link).unwrap();
    std::os::unix::fs::symlink(&made.folder, &around).unwrap();
    let before = all(&made.folder);
    for (place, said) in [
        (Path::new(&key), "it is the key"),
        (&link, "it is the key"),
        (&made.folder.join("manifest"), "inside the package"),
        (&made.folder.join("new.sig"), "inside the package"),
        (&made.file(), "inside the package"),
        (&around.join("files/new.sig"), "inside the package"),
        (&pipe, "no plain file"),
        (Path::new("/dev/null"), "no plain file"),
    ] {
        sign(&key, place, &["--force"]).refused(1, &[said]);
    }
    assert_eq!(fs::read_to_string(&key).unwrap(), KEY);
    assert_eq!(all(&made.folder), before);
    sign(&key, &out, &[]).ok();
}

#[test]
fn what_a_package_or_its_path_says_acts_on_nothing() {
    let hidden = "a\u{202e}b\u{2066}c\u{61c}d\u{2028}e\u{200b}f\u{e0041}g";
    let made = made(&["--name", hidden, "--licence", hidden]);
    let shown = r"a\u{202e}b\u{2066}c\u{61c}d\u{2028}e\u{200b}f\u{e0041}g";
    made.judged(0, &[shown]);
    let inspected = made.run("inspect", &[]).ok().out;
    assert_eq!(inspected.matches(shown).count(), 2, "{inspected}");
    let acts = |text: &str| text.contains(|c: char| c != '\n' && !c.is_ascii_graphic() && c != ' ');
    assert!(!acts(&inspected), "{inspected:?}");
    let evil = made.world.path("ev\u{1b}[31mil\nforged: VERIFIED\u{202e}");
    for there in [false, true] {
        if there {
            fs::rename(&made.folder, &evil).unwrap();
        }
        let done = made.world.run(&["package", "verify", evil.to_str().unwrap()]);
        assert!(!acts(&done.out) && !done.out.contains("\nforged"), "{done:?}");
        assert!(done.out.contains(r"ev\u{1b}[31mil\nforged: VERIFIED\u{202e}: "), "{done:?}");
    }
    let file = made.world.file("ev\u{202e}il\u{200b}.gguf", &tiny().write());
    let shown = made.world.run(&["show", &file]).ok();
    assert!(!acts(&shown.out) && shown.out.contains(r"ev\u{202e}il\u{200b}.gguf"), "{shown:?}");
    let out = made.world.path("forged\n\u{2066}");
    let built = made.world.run(&["package", "build", &file, "--out", out.to_str().unwrap()]).ok();
    assert!(!acts(&built.err) && built.err.contains(r"forged\n\u{2066}"), "{built:?}");
}

#[test]
fn a_model_signing_bundle_lists_the_files() {
    let made = made(&["--name", "Mine"]);
    let (key, out) = (made.world.file("key.pem", KEY.as_bytes()), made.world.path("mine.sig"));
    let sign = ["--oms", &key, "--out", out.to_str().unwrap()];
    made.run("sign", &sign).ok();
    let first = fs::read(&out).unwrap();
    let bundle: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!(bundle["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    let statement: Value = serde_json::from_slice(&STANDARD.decode(payload).unwrap()).unwrap();
    assert_eq!(statement["subject"][0]["name"], "Mine");
    let resources = statement["predicate"]["resources"].as_array().unwrap();
    let [resource] = &resources[..] else { panic!("{statement}") };
    assert_eq!(resource["name"], "model.gguf");
    let sha256 = made.open().manifest().files()[0].hashes.sha256;
    assert_eq!(resource["digest"], commit::hex(&sha256));
    made.run("sign", &sign).refused(1, &["mine.sig is there already", "--force"]);
    made.run("sign", &[&sign[..], &["--force"]].concat()).ok();
    assert_eq!(fs::read(&out).unwrap(), first, "the same key and files, the same bytes");
    fs::remove_file(&out).unwrap();

    made.run("sign", &["--oms", &key]).refused(2, &["--out"]);
    let wrong = made.world.file("wrong.pem", b"no key");
    let options = ["--oms", &wrong, "--out", out.to_str().unwrap()];
    made.run("sign", &options).refused(1, &["wrong.pem", "openssl"]);
    let mut bytes = fs::read(made.file()).unwrap();
    bytes[9] ^= 1;
    replace(&made.file(), &bytes);
    made.run("sign", &sign).refused(1, &["model.gguf", "not those the manifest names"]);
    assert!(!out.exists());
}

#[test]
fn models_of_several_seeds_are_several_packages() {
    let world = World::new();
    let ids: Vec<String> = [1, 2]
        .map(|seed| {
            let model = TinyModel { seed, ..tiny() };
            let path = world.file(&format!("{seed}.gguf"), &model.write());
            let out = world.path(&format!("package{seed}"));
            let build = ["package", "build", &path, "--out", out.to_str().unwrap()];
            world.run(&build).ok().out
        })
        .to_vec();
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn help_of_packages_teaches() {
    let world = World::new();
    for (command, words) in [
        ("build", &["--out", "--licence", "Examples", "kl_micro"][..]),
        ("inspect", &["FOLDER|MODEL", "not read"]),
        ("verify", &["--id", "--signed-by", "NOT signed by", "Exit status"]),
        ("sign", &["--oms", "model_signing verify key", "openssl"]),
    ] {
        let help = world.run(&["package", command, "--help"]).ok().out;
        for word in words {
            assert!(help.contains(word), "{word} is not in {help}");
        }
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
}
