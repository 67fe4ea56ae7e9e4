//! Receipts: written by `run`, judged by `verify`, placed by `receipt`, signed by `key`.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use commit::{Network, Salts};
use import::gguf::tiny::TinyModel;
use import::gguf::tiny_pieces::{PieceFamily, with_pieces};
use receipt::{
    Envelope, Job, Messages, Opening, Receipt, ReceiptFile, Rendered, SecretKey, Stop, TokenVector,
    Which,
};
use serde_json::Value;

use crate::world::{Done, World, tiny};

/// A receipt of a tiny model, and how it was asked for.
pub(crate) struct Given {
    pub(crate) world: World,
    pub(crate) model: String,
    pub(crate) receipt: PathBuf,
}

pub(crate) fn given(options: &[&str]) -> Given {
    let world = World::new();
    let model = world.tiny();
    let receipt = world.path("r.json");
    let path = receipt.to_str().unwrap();
    let run = ["run", &model, "hello", "--seed", "5", "--max-tokens", "24", "--receipt", path];
    world.run(&[&run[..], options].concat()).ok();
    Given { world, model, receipt }
}

impl Given {
    pub(crate) fn verify(&self, options: &[&str]) -> Done {
        let run = ["verify", self.receipt.to_str().unwrap(), "--model", &self.model];
        self.world.run(&[&run[..], options].concat())
    }

    fn file(&self) -> ReceiptFile {
        ReceiptFile::parse(&fs::read(&self.receipt).unwrap(), Network::OFFLINE).unwrap()
    }

    pub(crate) fn secret(&self) -> SecretKey {
        let text = fs::read_to_string(self.world.home().join("keys/worker")).unwrap();
        let digits = text.lines().nth(1).unwrap();
        SecretKey::from_seed(receipt::PublicKey::from_hex(digits).unwrap().0)
    }

    /// A worker that lies about its tokens or its stop, and signs that properly.
    fn lie(&self, lie: impl FnOnce(&mut Receipt, &mut Opening)) {
        let file = self.file();
        let (mut receipt, mut opening) = (file.receipt().clone(), file.opening().unwrap().clone());
        lie(&mut receipt, &mut opening);
        let salts = Salts { network: Network::OFFLINE, blind: opening.blind };
        let which = Which::Output { choice: 0 };
        let vector = TokenVector::over(salts, which, &opening.outputs[0].tokens);
        let mut head = receipt.choices[0].segments[0].head;
        (head.count, head.root, head.job) =
            (vector.count(), vector.root(), opening.job.commitment(&salts));
        receipt.job = head.job;
        receipt.choices[0].segments[0] =
            receipt::SignedHead::sign(head, &self.secret(), Network::OFFLINE);
        receipt.usage.output = vector.count();
        let envelope = Envelope::seal(&receipt, &self.secret(), Network::OFFLINE).unwrap();
        let file = ReceiptFile::new(envelope, Some(opening), None, Network::OFFLINE).unwrap();
        fs::write(&self.receipt, file.to_json()).unwrap();
    }

    /// A change of the file's JSON.
    pub(crate) fn edit(&self, edit: impl FnOnce(&mut Value)) {
        let mut json: Value = serde_json::from_slice(&fs::read(&self.receipt).unwrap()).unwrap();
        edit(&mut json);
        fs::write(&self.receipt, json.to_string()).unwrap();
    }
}

#[test]
fn an_answer_is_verified_however_it_is_replayed() {
    let given = given(&[]);
    let done = given.verify(&[]).ok();
    for said in [
        "VERIFIED\n",
        "  answer  ",
        "signature holds",
        "replay holds",
        "  asked   \"hello\"\n",
        "  not established: that the answer is true, ",
        "whose key that is",
    ] {
        assert!(done.out.contains(said), "{said}: {done:?}");
    }
    for options in [["--threads", "3"], ["--prefill-chunk", "1"], ["--kernels", "portable"]] {
        given.verify(&options).ok();
    }
    let report = given.verify(&["--json"]).json();
    assert_eq!(report["verdict"], "verified");
    assert_eq!(report["usage"]["output_tokens"], 24);
}

/// Models of Llama 2's, Gemma's and Phi 3's kind of tokenizer: asked in text as a file, checked with their packages.
#[test]
fn answers_of_models_with_pieces_are_verified() {
    for family in PieceFamily::ALL {
        let world = World::new();
        let shape = TinyModel { vocabulary: 448, ..tiny() };
        let model = world.file("pieces.gguf", &with_pieces(&shape, family).finish());
        let folder = world.path("package");
        let folder = folder.to_str().unwrap();
        let id = world.run(&["package", "build", &model, "--out", folder]).ok().out;
        let (receipt, text) = (world.path("r.json"), " the  end</s>\n日 ");
        let receipt = receipt.to_str().unwrap();
        let options = ["--seed", "5", "--max-tokens", "24", "--receipt", receipt];
        let answer = world.json(&model, text, &options);
        assert!(!answer["text"].as_str().unwrap().trim().is_empty(), "{family:?}");
        assert_eq!(answer["model"]["id"], id.trim());
        let report = world.run(&["verify", receipt, "--model", folder, "--json"]).json();
        assert_eq!(report["verdict"], "verified", "{family:?}");
        assert_eq!(world.json(folder, text, &options[..4])["text"], answer["text"]);
    }
}

#[test]
fn the_same_seed_gives_the_same_answer_with_a_receipt_or_without() {
    let given = given(&[]);
    let plain = given.world.json(&given.model, "hello", &["--seed", "5", "--max-tokens", "24"]);
    let opening = given.file().opening().unwrap().clone();
    let tokens: Vec<u64> =
        plain["tokens"].as_array().unwrap().iter().map(|token| token.as_u64().unwrap()).collect();
    let signed: Vec<u64> = opening.outputs[0].tokens.iter().map(|token| (*token).into()).collect();
    assert_eq!(tokens, signed);
}

#[test]
fn a_changed_file_is_refuted_or_no_receipt() {
    let given = given(&[]);
    let sound = fs::read(&given.receipt).unwrap();
    given.edit(|json| {
        let opening = STANDARD.decode(json["opening"].as_str().unwrap()).unwrap();
        let mut opening = Opening::decode(&opening).unwrap();
        opening.outputs[0].tokens[7] ^= 1;
        json["opening"] = STANDARD.encode(opening.encode()).into();
    });
    let done = given.verify(&[]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.out.contains("REFUTED") && done.out.contains("output"), "{done:?}");
    fs::write(&given.receipt, &sound).unwrap();
    given.edit(|json| {
        let text = json["envelope"]["payload"].as_str().unwrap();
        let mut payload = STANDARD.decode(text).unwrap();
        // In the epoch by which to anchor: nothing else repeats that.
        payload[123] ^= 1;
        json["envelope"]["payload"] = STANDARD.encode(payload).into();
    });
    let done = given.verify(&[]);
    assert_eq!(done.code, Some(1), "{done:?}");
    fs::write(&given.receipt, &sound[..sound.len() / 2]).unwrap();
    let done = given.verify(&[]);
    assert_eq!(done.code, Some(2), "{done:?}");
    let words = format!("it ends early, after {} bytes", sound.len() / 2);
    assert!(done.out.contains(&words), "{done:?}");
    fs::write(&given.receipt, b"[]").unwrap();
    let done = given.verify(&[]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.out.contains("no receipt file"), "{done:?}");
}

#[test]
fn lies_that_are_properly_signed_are_refuted_by_replay() {
    let given = given(&[]);
    let sound = fs::read(&given.receipt).unwrap();
    given.lie(|_, opening| opening.outputs[0].tokens[7] ^= 1);
    let done = given.verify(&[]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.out.contains("choice 0, position 7: expected token"), "{done:?}");
    let done = given.verify(&["--evidence", "signature"]).ok();
    assert!(done.out.contains("VERIFIED (signature only, not replayed)"), "{done:?}");
    fs::write(&given.receipt, &sound).unwrap();
    given.lie(|_, opening| opening.outputs[0].tokens.truncate(10));
    let done = given.verify(&[]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.out.contains("it goes on, after 10 tokens"), "{done:?}");
    fs::write(&given.receipt, &sound).unwrap();
    given.lie(|receipt, opening| {
        opening.outputs[0].tokens.truncate(10);
        receipt.choices[0].stop = Stop::Unfinished;
    });
    let done = given.verify(&[]).ok();
    assert!(done.out.contains("why the answer ends where it does"), "{done:?}");
}

#[test]
fn members_of_messages_that_had_no_effect_are_named() {
    let given = given(&[]);
    assert!(given.verify(&["--json"]).json().get("unread_members").is_none());
    given.lie(|_, opening| {
        let mut fields = opening.job.fields().clone();
        let Rendered::Worker(Messages::Shown(bytes)) = &fields.rendered else { panic!("shown") };
        let mut messages: Value = serde_json::from_slice(bytes).unwrap();
        messages["messages"][0]["name"] = "the president".into();
        messages["variables"] = serde_json::json!({"a\u{1b}b": 1});
        fields.rendered = Rendered::Worker(Messages::Shown(messages.to_string().into()));
        opening.job = Job::new(fields).unwrap();
    });
    let done = given.verify(&[]).ok();
    let said = "all that is in the messages (not read: variables.a\\u{1b}b, messages[0].name)";
    assert!(done.out.contains(said), "{done:?}");
    let done = given.verify(&["--verbose"]).ok();
    let said = "does not read are bound, and had no effect\n      (here: variables.a\\u{1b}b, messages[0].name)\n";
    assert!(done.out.contains(said), "{done:?}");
    let named = &given.verify(&["--json"]).json()["unread_members"];
    assert_eq!(*named, serde_json::json!(["variables.a\u{1b}b", "messages[0].name"]));
}

#[test]
fn another_model_is_told_from_the_receipts() {
    let given = given(&[]);
    let other = given.world.file("other.gguf", &TinyModel { seed: 2, ..tiny() }.write());
    let path = given.receipt.to_str().unwrap();
    let done = given.world.run(&["verify", path, "--model", &other]);
    assert_eq!(done.code, Some(2), "nobody is accused of it: {done:?}");
    assert!(done.out.contains("and the one given is") && done.out.contains("--model"), "{done:?}");
    fs::remove_file(&given.model).unwrap();
    let done = given.world.run(&["verify", path]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(
        done.out.contains("replay needs the model") && done.out.contains("--model"),
        "{done:?}"
    );
    given.world.run(&["verify", path, "--evidence", "signature"]).ok();
}

#[test]
fn a_folder_is_replayed_together_and_the_worst_counts() {
    let given = given(&[]);
    let folder = given.world.path("answers");
    fs::create_dir(&folder).unwrap();
    for seed in ["1", "2", "3"] {
        let path = folder.join(format!("{seed}.json"));
        let path = path.to_str().unwrap();
        let run = ["run", &given.model, "hello", "--seed", seed, "--max-tokens", "9", "--receipt"];
        given.world.run(&[&run[..], &[path]].concat()).ok();
    }
    let named = folder.to_str().unwrap();
    let done = given.world.run(&["verify", named, "--model", &given.model, "--json"]).ok();
    assert_eq!(done.out.lines().count(), 3, "{done:?}");
    assert!(done.err.contains("replayed 3 receipts"), "{done:?}");
    fs::write(folder.join("4.json"), "{}").unwrap();
    let done = given.world.run(&["verify", named, "--model", &given.model]);
    assert_eq!(done.code, Some(2), "{done:?}");
    fs::copy(&given.receipt, folder.join("5.json")).unwrap();
    given.lie(|_, opening| opening.outputs[0].tokens[7] ^= 1);
    fs::copy(&given.receipt, folder.join("6.json")).unwrap();
    let done = given.world.run(&["verify", named, "--model", &given.model]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let empty = given.world.path("empty");
    fs::create_dir(&empty).unwrap();
    let empty = empty.to_str().unwrap();
    let receipt = given.receipt.to_str().unwrap();
    let done = given.world.run(&["verify", empty, receipt, "--evidence", "signature"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    let said =
        format!("{empty}: CAN'T BE JUDGED\n  it holds no receipts (*.json)\n{receipt}: VERIFIED");
    assert!(done.out.starts_with(&said), "{done:?}");
}

#[test]
fn receipts_are_logged_and_bundled() {
    let given = given(&[]);
    let note = given.world.run(&["receipt", "log", "--checkpoint"]).ok();
    let key = given.world.run(&["key", "show"]).ok();
    let key = key.out.trim();
    assert!(note.out.starts_with(&format!("probity.dev/log/{key}\n1\n")), "{note:?}");
    let bundle = given.world.path("b.json");
    let named = bundle.to_str().unwrap();
    let receipt = given.receipt.to_str().unwrap();
    given.world.run(&["receipt", "bundle", receipt, "--out", named]).ok();
    given.world.run(&["verify", named, "--model", &given.model]).ok();
    given.world.run(&["receipt", "show", named]).ok();
    let statement = given.world.run(&["receipt", "in-toto", named]).json();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    // A key that was rotated away still signs for its own log.
    given.world.run(&["key", "rotate"]).ok();
    let verified = given.world.run(&["verify", named, "--evidence", "signature"]).ok();
    assert!(verified.out.contains("  log     number 1 of 1, under"), "{}", verified.out);
    fs::remove_file(&bundle).unwrap();
    given.world.run(&["receipt", "bundle", receipt, "--out", named]).ok();
    given.world.run(&["verify", named, "--model", &given.model]).ok();
    let file = ReceiptFile::parse(&fs::read(&bundle).unwrap(), Network::OFFLINE).unwrap();
    assert_eq!(file.log().unwrap().checkpoint().log().to_string(), key);
    let empty = given.world.run(&["receipt", "log", "--checkpoint"]).ok();
    assert!(empty.out.contains("\n0\n"), "a new key has a log of its own: {empty:?}");
    fs::remove_file(given.world.home().join("keys/retired").join(key)).unwrap();
    fs::remove_file(&bundle).unwrap();
    let refused = given.world.run(&["receipt", "bundle", receipt, "--out", named]);
    refused.refused(1, &["was signed by", key, "no such key"]);
}

#[test]
fn a_log_that_was_put_back_is_not_signed() {
    let given = given(&[]);
    let key = given.secret().public().to_string();
    let leaves = given.world.home().join("log").join(&key).join("leaves");
    let older = fs::read(&leaves).unwrap();
    let another = given.world.path("another.json");
    let another = another.to_str().unwrap();
    let run = ["run", &given.model, "hello", "--max-tokens", "2", "--receipt", another];
    given.world.run(&run).ok();
    let newer = fs::read(&leaves).unwrap();
    fs::write(&leaves, &older).unwrap();
    let said =
        ["put back or changed", "receipts in it: 1", "noted beside it: 2", "probity key rotate"];
    let receipt = given.receipt.to_str().unwrap();
    let bundle = given.world.path("b.json");
    let bundle = ["receipt", "bundle", receipt, "--out", bundle.to_str().unwrap()];
    given.world.run(&["receipt", "log"]).refused(1, &said);
    given.world.run(&["receipt", "log", "--checkpoint"]).refused(1, &said);
    given.world.run(&bundle).refused(1, &said);
    let third = given.world.path("third.json");
    let run = ["run", &given.model, "hello", "--max-tokens", "2", "--receipt"];
    let done = given.world.run(&[&run[..], &[third.to_str().unwrap()]].concat());
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(said.iter().all(|words| done.err.contains(words)), "{done:?}");
    assert!(!third.exists(), "no receipt that is in no log");
    // Both ways out that are named.
    fs::write(&leaves, &newer).unwrap();
    given.world.run(&bundle).ok();
    fs::write(&leaves, &older).unwrap();
    given.world.run(&["key", "rotate"]).ok();
    given.world.run(&[&run[..], &[third.to_str().unwrap()]].concat()).ok();
}

#[test]
fn looking_makes_no_key() {
    let world = World::new();
    let said = ["there is no key yet", "--receipt", "probity key rotate"];
    for look in [&["key", "show"][..], &["key", "export"], &["receipt", "log"]] {
        world.run(look).refused(1, &said);
    }
    assert!(!world.home().exists(), "nothing was made");
    let key = world.run(&["key", "rotate"]).ok().out;
    assert_eq!(world.run(&["key", "show"]).ok().out, key);
    assert_eq!(world.run(&["key", "export"]).ok().out, key);
    assert!(world.run(&["receipt", "log", "--checkpoint"]).ok().out.contains("\n0\n"));
    let none = format!("key {} (signs now), 0 receipts\n", key.trim());
    assert_eq!(world.run(&["receipt", "log"]).ok().out, none);
}

#[test]
fn what_is_no_plain_file_is_not_read() {
    let given = given(&[]);
    let folder = given.world.path("answers");
    fs::create_dir(&folder).unwrap();
    fs::copy(&given.receipt, folder.join("a.json")).unwrap();
    let pipe = folder.join("b.json");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    let (pipe, folder) = (pipe.to_str().unwrap(), folder.to_str().unwrap());
    for named in [pipe, "/dev/zero"] {
        let done = given.world.run(&["verify", named]);
        assert_eq!(done.code, Some(2), "{done:?}");
        let said =
            format!("{named}: CAN'T BE JUDGED\n  can't read {named}: it is a pipe or a device");
        assert!(done.out.contains(&said), "{done:?}");
        given.world.run(&["receipt", "show", named]).refused(1, &["a pipe or a device"]);
    }
    let done = given.world.run(&["verify", folder, "--model", &given.model]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.out.contains("a.json: VERIFIED") && done.out.contains(pipe), "{done:?}");
}

#[test]
fn words_and_json_say_the_same_verdict() {
    let given = given(&[]);
    fs::remove_file(&given.model).unwrap();
    let none = given.world.file("none.json", b"{}");
    let receipt = given.receipt.to_str().unwrap();
    let done = given.world.run(&["verify", &none, "nope.json", receipt]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert_eq!(done.out.matches(": CAN'T BE JUDGED\n").count(), 3, "{done:?}");
    let done = given.world.run(&["verify", &none, "nope.json", receipt, "--json"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    let reports = done.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let said = reports.map(|report| {
        assert_eq!(report["probity"], "report v1");
        assert_eq!(report["verdict"], "cannot_judge");
        assert!(report["reason"].is_string(), "{report}");
        report["why"].as_str().unwrap().to_owned()
    });
    assert_eq!(said.collect::<Vec<_>>(), ["malformed", "unreadable", "model"]);
}

#[test]
fn a_receipt_is_for_one_answer_and_for_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let given = given(&[]);
    assert_eq!(fs::metadata(&given.receipt).unwrap().permissions().mode() & 0o777, 0o600);
    let run = |path: &std::path::Path| {
        let path = path.to_str().unwrap();
        let run = ["run", &given.model, "hello", "--max-tokens", "2", "--receipt", path];
        given.world.run(&run)
    };
    let before = given.world.run(&["receipt", "log"]).ok();
    for wrong in [given.world.path("no/folder/r.json"), given.world.home()] {
        // Refused before anything is answered or logged.
        let done = run(&wrong);
        done.refused(1, &["can't write"]);
        assert!(!done.err.contains(".tmp-"), "{done:?}");
    }
    assert_eq!(given.world.run(&["receipt", "log"]).ok().out, before.out);
}

#[test]
fn nothing_that_is_there_is_replaced_unless_that_was_asked_for() {
    let given = given(&[]);
    let receipt = given.receipt.to_str().unwrap();
    let sound = fs::read(&given.receipt).unwrap();
    // Refused before a model is looked for.
    let run = ["run", "./no.gguf", "hello", "--receipt", receipt];
    let said = [receipt, "is there already", "--force"];
    given.world.run(&run).refused(1, &said);
    assert_eq!(fs::read(&given.receipt).unwrap(), sound);
    let run = ["run", &given.model, "hello", "--max-tokens", "2", "--receipt", receipt];
    given.world.run(&run).refused(1, &said);
    given.world.run(&[&run[..], &["--force"]].concat()).ok();
    assert_ne!(fs::read(&given.receipt).unwrap(), sound);
    given.verify(&[]).ok();
    let mine = given.world.file("mine.txt", b"mine");
    let bundle = ["receipt", "bundle", receipt, "--out", &mine];
    given.world.run(&bundle).refused(1, &[&mine, "is there already", "--force"]);
    assert_eq!(fs::read(&mine).unwrap(), b"mine");
    given.world.run(&[&bundle[..], &["--force"]].concat()).ok();
    given.world.run(&["verify", &mine, "--model", &given.model]).ok();
    let folder = given.world.home();
    let folder = folder.to_str().unwrap();
    let forced = given.world.run(&["receipt", "bundle", receipt, "--out", folder, "--force"]);
    forced.refused(1, &["can't write", "no plain file"]);
    let minus = ["run", &given.model, "hello", "--receipt", "-"];
    given.world.run(&minus).refused(2, &["`-` names no file", "./-"]);
    given.world.run(&["receipt", "bundle", receipt, "--out", "-"]).refused(2, &["./-"]);
}

#[test]
fn receipts_are_listed_under_their_keys_counted_from_1() {
    let given = given(&[]);
    let first = given.world.run(&["key", "show"]).ok().out;
    let id = |path: &str| {
        let file = ReceiptFile::parse(&fs::read(path).unwrap(), Network::OFFLINE).unwrap();
        commit::hex(&file.receipt().id(Network::OFFLINE))
    };
    let another = |name: &str, number: u32| {
        let path = given.world.path(name).to_str().unwrap().to_owned();
        let run = ["run", &given.model, "hello", "--max-tokens", "2", "--receipt", &path];
        let done = given.world.run(&run).ok();
        assert!(done.err.contains(&format!("number {number} in this machine's log")), "{done:?}");
        id(&path)
    };
    let second = another("2.json", 2);
    let receipt = given.receipt.to_str().unwrap();
    let bundle = given.world.path("b.json");
    let bundle = ["receipt", "bundle", receipt, "--out", bundle.to_str().unwrap()];
    let done = given.world.run(&bundle).ok();
    assert!(done.err.contains("number 1 of the 2 receipts"), "{done:?}");
    let rotated = given.world.run(&["key", "rotate"]).ok().out;
    let third = another("3.json", 1);
    let wanted = format!(
        "key {} (signs now), 1 receipt\n       1  receipt {third}\n\
         key {} (signs no more), 2 receipts\n       1  receipt {}\n       2  receipt {second}\n",
        rotated.trim(),
        first.trim(),
        id(receipt)
    );
    assert_eq!(given.world.run(&["receipt", "log"]).ok().out, wanted);
}

#[test]
fn an_answer_that_a_stop_string_ended_is_shown_as_it_was_delivered() {
    let given = given(&[]);
    let options = ["--seed", "3", "--temperature", "1", "--top-p", "1", "--max-tokens", "24"];
    let whole = given.world.json(&given.model, "hello", &options)["text"].clone();
    let whole = whole.as_str().unwrap();
    // Where it first says something else: what stands across that stands nowhere before.
    let characters: Vec<char> = whole.chars().collect();
    let changes = |at: &usize| characters[at - 1] != characters[*at];
    let at = (2..characters.len()).find(changes).expect("it says more than one thing");
    let stop: String = characters[at - 1..=at].iter().collect();
    let path = given.receipt.to_str().unwrap();
    let options = [&options[..], &["--stop", &stop, "--force", "--receipt", path]].concat();
    let answer = given.world.json(&given.model, "hello", &options);
    assert_eq!(answer["stop"], "stop_string");
    let delivered = answer["text"].as_str().unwrap();
    assert!(!delivered.is_empty() && !delivered.contains(&stop), "{whole:?} {stop:?}");
    let show = ["receipt", "show", path, "--text", "--model", &given.model];
    let shown = given.world.run(&show).ok().out;
    let [.., text, beyond] = &shown.lines().collect::<Vec<_>>()[..] else { panic!("{shown}") };
    assert_eq!(*text, format!("  {delivered:?}"));
    let quoted = format!("{stop:?}");
    let begins = quoted.trim_end_matches('"');
    let said = format!(
        "  (not delivered: its last tokens go on through the stop string {quoted}: {begins}"
    );
    assert!(beyond.starts_with(&said), "{shown}");
}

#[test]
fn half_a_receipt_is_told_from_a_false_one() {
    let given = given(&[]);
    let sound = fs::read(&given.receipt).unwrap();
    let receipt = given.receipt.to_str().unwrap();
    fs::write(&given.receipt, &sound[..sound.len() / 2]).unwrap();
    let show = ["receipt", "show", receipt];
    let half = given.world.run(&show);
    half.refused(1, &["is no whole receipt file"]);
    assert!(!half.err.contains("believed"), "{half:?}");
    fs::write(&given.receipt, &sound).unwrap();
    given.edit(|json| {
        let mut payload = STANDARD.decode(json["envelope"]["payload"].as_str().unwrap()).unwrap();
        payload[123] ^= 1;
        json["envelope"]["payload"] = STANDARD.encode(payload).into();
    });
    given.world.run(&show).refused(1, &["is not to be believed"]);
}

#[test]
fn what_can_not_be_read_keeps_nobody_from_judging_the_rest() {
    let given = given(&[]);
    let receipt = given.receipt.to_str().unwrap();
    let done = given.world.run(&["verify", "nope.json", receipt, "--model", &given.model]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.out.contains("nope.json: CAN'T BE JUDGED"), "{done:?}");
    assert!(done.out.contains("r.json: VERIFIED"), "{done:?}");
    let bad = given.world.file("bad.gguf", b"nonsense");
    let done = given.world.run(&["verify", receipt, "--model", &bad]);
    assert_eq!(done.code, Some(2), "{done:?}");
    let done =
        given.world.run(&["verify", receipt, "nope.json", "--json", "--model", &given.model]);
    assert_eq!(done.code, Some(2), "{done:?}");
    let lines: Vec<Value> =
        done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["verdict"], "verified");
    assert_eq!(
        (&lines[1]["verdict"], &lines[1]["file"]),
        (&"cannot_judge".into(), &"nope.json".into())
    );
}

#[test]
fn a_reader_that_left_changes_no_verdict() {
    use std::process::Stdio;
    let given = given(&[]);
    given.lie(|_, opening| opening.outputs[0].tokens[7] ^= 1);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let path = given.receipt.to_str().unwrap();
    let mut verify = given.world.command(&["verify", path, "--model", &given.model]);
    let status = verify.stdout(writer).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let other = given.world.path("other.json");
    let path = other.to_str().unwrap();
    let run = ["run", &given.model, "hello", "--max-tokens", "9", "--receipt", path];
    given.world.command(&run).stdout(writer).stderr(Stdio::null()).status().unwrap();
    given.world.run(&["verify", path, "--model", &given.model]).ok();
}

#[test]
fn a_file_name_can_not_forge_a_line() {
    let given = given(&[]);
    let forged = given.world.path("a\u{1b}[31m\nb.json: VERIFIED\r.json");
    fs::write(&forged, "{}").unwrap();
    let done = given.world.run(&["verify", forged.to_str().unwrap()]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(!done.out.lines().any(|line| line.starts_with("b.json")), "{done:?}");
    assert!(!done.out.contains('\u{1b}'), "{done:?}");
}
