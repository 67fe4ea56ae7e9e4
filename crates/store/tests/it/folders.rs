//! Whole repositories of the hub: which files come, by which hashes, and what is kept of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::Digest as _;
use store::{ModelRef, Secret};

use crate::server::{Body, Reply, Seen, Server, file};
use crate::world::{World, has, model_bytes, sha256};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn folder() -> ModelRef {
    ModelRef::parse("hf:org/repo").unwrap()
}

/// The name that git gives bytes.
fn git_name(bytes: &[u8]) -> String {
    let mut hasher = sha1::Sha1::new();
    hasher.update(format!("blob {}\0", bytes.len()));
    hasher.update(bytes);
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A repository: name, bytes, and whether the storage behind the hub has it.
#[derive(Clone)]
struct Repo(Vec<(&'static str, Vec<u8>, bool)>);

impl Repo {
    /// Two files of weights with an index, and what lies beside them.
    fn whole() -> Self {
        let index = br#"{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"#;
        Self(vec![
            ("README.md", b"words".to_vec(), false),
            ("config.json", b"{}".to_vec(), false),
            ("tokenizer.json", model_bytes(9_000), true),
            ("model.safetensors.index.json", index.to_vec(), false),
            ("model-00001-of-00002.safetensors", model_bytes(70_000), true),
            ("model-00002-of-00002.safetensors", model_bytes(50_001), true),
            ("pytorch_model.bin", model_bytes(10), true),
        ])
    }

    fn tree(&self) -> String {
        let entry = |(name, bytes, large): &(&str, Vec<u8>, bool)| {
            let (size, oid) = (bytes.len(), git_name(bytes));
            let lfs =
                format!(r#","lfs":{{"oid":"{}","size":{size},"pointerSize":1}}"#, sha256(bytes));
            let lfs = if *large { &*lfs } else { "" };
            format!(r#"{{"type":"file","path":"{name}","oid":"{oid}","size":{size}{lfs}}}"#)
        };
        let all: Vec<String> = self.0.iter().map(entry).collect();
        format!(r#"[{{"type":"directory","path":"sub","oid":"0","size":0}},{}]"#, all.join(","))
    }

    /// A hub that sends large files from storage of another origin.
    fn hub(&self, storage: &str) -> Server {
        let (repo, storage) = (self.clone(), storage.to_owned());
        Server::start(move |seen| {
            let text = |text: String| Reply::new(200).body(Body::Bytes(text.into_bytes()));
            if seen.path.starts_with("/api/models/org/repo/revision/main") {
                return text(format!(r#"{{"sha":"{COMMIT}"}}"#));
            }
            if seen.path.starts_with(&format!("/api/models/org/repo/tree/{COMMIT}")) {
                return text(repo.tree());
            }
            let Some(name) = seen.path.strip_prefix(&format!("/org/repo/resolve/{COMMIT}/")) else {
                return Reply::new(404).with("x-error-code", "EntryNotFound");
            };
            let found = repo.0.iter().find(|(known, ..)| *known == name);
            match found {
                Some((name, _, true)) => {
                    Reply::new(302).with("location", format!("{storage}/cdn/{name}"))
                }
                Some((_, bytes, false)) => file(seen, bytes, "\"small\""),
                None => Reply::new(404).with("x-error-code", "EntryNotFound"),
            }
        })
    }

    fn storage(&self) -> Server {
        let repo = self.clone();
        Server::start(move |seen| {
            let name = seen.path.strip_prefix("/cdn/").unwrap();
            let (_, bytes, _) = repo.0.iter().find(|(known, ..)| *known == name).unwrap();
            file(seen, bytes, "\"large\"")
        })
    }
}

/// A hub whose list of files never ends can hold nobody.
#[test]
fn a_list_that_dribbles_is_given_up_in_time() {
    let hub = Server::start(|_| Reply::new(200).body(Body::Dribble(vec![b' '; 4_000])));
    let mut world = World::new(Some(&hub.url), None);
    world.config.network.timeouts.small = Duration::from_millis(50);
    let message = world.pull(&folder()).0.unwrap_err().to_string();
    assert!(message.contains("did not end within 50ms"), "{message}");
    assert_eq!(hub.seen().len(), 1);
}

/// A repository whose index names these files of weights.
fn of_weights(names: impl Iterator<Item = String>) -> Repo {
    let map: Vec<String> = names.map(|name| format!("{name:?}:{name:?}")).collect();
    let index = format!(r#"{{"weight_map":{{{}}}}}"#, map.join(",")).into_bytes();
    let (config, name) = (b"{}".to_vec(), "model.safetensors.index.json");
    Repo(vec![("config.json", config, false), (name, index, false)])
}

#[test]
fn more_weights_than_a_folder_has_are_refused_and_what_came_can_be_removed() {
    let repo = of_weights((0..1_025).map(|number| format!("{number}.safetensors")));
    let hub = repo.hub("http://127.0.0.1:9");
    let world = World::new(Some(&hub.url), None);
    let message = world.pull(&folder()).0.unwrap_err().to_string();
    assert!(message.contains("1025 files of weights; a folder has at most 1024"), "{message}");
    assert!(world.store().list().unwrap().damaged.is_empty());
    assert!(world.store().remove(&folder()).unwrap().pulled);
    assert!(world.files("folders").is_empty() && world.files("blobs").is_empty());
}

#[test]
fn names_of_devices_and_of_other_folders_become_no_files() {
    let names = ["NUL.safetensors", "com1.safetensors", "../x.safetensors", "a.safetensors."];
    for name in names {
        let repo = of_weights([name.to_owned()].into_iter());
        let hub = repo.hub("http://127.0.0.1:9");
        let world = World::new(Some(&hub.url), None);
        let message = world.pull(&folder()).0.unwrap_err().to_string();
        assert!(message.contains("one that no folder can have"), "{name}: {message}");
    }
}

#[test]
fn a_record_that_speaks_of_another_folder_is_damage() {
    let repo = Repo::whole();
    let storage = repo.storage();
    let hub = repo.hub(&storage.url);
    let world = World::new(Some(&hub.url), None);
    world.pull(&folder()).0.unwrap();
    let other = ModelRef::parse("hf:org/other").unwrap();
    let path = |reference: &ModelRef| {
        let name = blake3::hash(reference.to_string().as_bytes()).to_hex();
        world.home.path().join("folders").join(format!("{name}.json"))
    };
    std::fs::copy(path(&folder()), path(&other)).unwrap();
    let message = world.store().resolve(&other).unwrap_err().to_string();
    assert!(message.contains("it speaks of hf:org/repo"), "{message}");
    let listed = world.store().list().unwrap();
    assert_eq!((listed.folders.len(), listed.damaged.len()), (1, 1));
}

fn asked(server: &Server, end: &str) -> usize {
    server.seen().iter().filter(|seen| seen.path.ends_with(end)).count()
}

#[test]
fn what_a_model_is_made_of_comes_and_the_token_stays_with_the_hub() {
    let repo = Repo::whole();
    let storage = repo.storage();
    let hub = repo.hub(&storage.url);
    let mut world = World::new(Some(&hub.url), None);
    world.config.network.hub_token = Some(Secret::new("hf_secret"));
    let got = world.pull(&folder()).0.unwrap();
    let mut names: Vec<String> = std::fs::read_dir(&got.path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "tokenizer.json",
        ]
    );
    for (name, bytes, _) in repo.0.iter().filter(|(name, ..)| names.contains(&(*name).to_owned())) {
        assert!(std::fs::read(got.path.join(name)).unwrap() == *bytes, "{name}");
    }
    assert_eq!(got.size, 120_001, "the weights");
    assert!(hub.seen().iter().all(|s| s.header("authorization") == Some("Bearer hf_secret")));
    assert!(storage.seen().iter().all(|seen| seen.header("authorization").is_none()));
    let listed = world.store().list().unwrap();
    assert_eq!(listed.folders[0].record.commit, COMMIT);
    assert!(listed.folders[0].present && listed.models.is_empty());
    // Again: nobody is asked.
    let before = hub.seen().len();
    assert_eq!(world.pull(&folder()).0.unwrap(), got);
    assert_eq!(hub.seen().len(), before);
}

#[test]
fn what_is_removed_is_gone_and_what_is_kept_stays() {
    let repo = Repo::whole();
    let storage = repo.storage();
    let hub = repo.hub(&storage.url);
    let world = World::new(Some(&hub.url), None);
    let got = world.pull(&folder()).0.unwrap();
    let collected = world.store().gc().unwrap();
    assert_eq!((collected.blobs, collected.partials), (0, 0));
    assert_eq!(world.store().resolve(&folder()).unwrap(), Some(got.clone()));
    let removed = world.store().remove(&folder()).unwrap();
    assert!(removed.pulled && removed.blob);
    assert!(removed.freed_bytes > 120_001, "{removed:?}");
    assert!(!got.path.exists() && world.files("blobs").is_empty());
    assert!(world.files("folders").is_empty());
    assert!(world.store().remove(&folder()).is_err());
}

#[test]
fn a_pull_that_was_cut_off_goes_on_file_by_file() {
    let repo = Repo::whole();
    let cut = Arc::new(Mutex::new(true));
    let (bytes, still) = (repo.0[5].1.clone(), Arc::clone(&cut));
    let good = repo.clone();
    let storage = Server::start(move |seen: &Seen| {
        if seen.path.ends_with("00002-of-00002.safetensors") && *still.lock().unwrap() {
            return Reply::new(403);
        }
        let name = seen.path.strip_prefix("/cdn/").unwrap();
        let (_, bytes, _) = good.0.iter().find(|(known, ..)| *known == name).unwrap();
        file(seen, bytes, "\"large\"")
    });
    let hub = repo.hub(&storage.url);
    let world = World::new(Some(&hub.url), None);
    world.pull(&folder()).0.unwrap_err();
    assert_eq!(world.store().resolve(&folder()).unwrap(), None, "it is not whole");
    assert!(!world.store().list().unwrap().folders[0].present);
    *cut.lock().unwrap() = false;
    let got = world.pull(&folder()).0.unwrap();
    let last = got.path.join("model-00002-of-00002.safetensors");
    assert!(std::fs::read(last).unwrap() == bytes);
    assert_eq!(asked(&storage, "00001-of-00002.safetensors"), 1, "it came before");
}

#[test]
fn bytes_that_are_not_those_of_their_hash_are_discarded() {
    for name in ["config.json", "model-00001-of-00002.safetensors"] {
        let repo = Repo::whole();
        let mut lying = repo.clone();
        let (_, bytes, _) = lying.0.iter_mut().find(|(known, ..)| *known == name).unwrap();
        bytes[0] ^= 1;
        let storage = lying.storage();
        // The list is the true one, the bytes are not.
        let tree = repo.tree();
        let other = lying.clone();
        let at = storage.url.clone();
        let hub = Server::start(move |seen| {
            let text = |text: String| Reply::new(200).body(Body::Bytes(text.into_bytes()));
            if seen.path.contains("/revision/") {
                return text(format!(r#"{{"sha":"{COMMIT}"}}"#));
            }
            if seen.path.contains("/tree/") {
                return text(tree.clone());
            }
            let asked = seen.path.rsplit('/').next().unwrap();
            match other.0.iter().find(|(known, ..)| *known == asked).unwrap() {
                (name, _, true) => Reply::new(302).with("location", format!("{at}/cdn/{name}")),
                (_, bytes, false) => file(seen, bytes, "\"small\""),
            }
        });
        let world = World::new(Some(&hub.url), None);
        let (result, events) = world.pull(&folder());
        let message = result.unwrap_err().to_string();
        assert!(message.contains("wrong bytes"), "{name}: {message}");
        assert!(has(&events, "discarded"), "{name}: {events:?}");
        assert_eq!(world.store().resolve(&folder()).unwrap(), None);
    }
}

#[test]
fn refusals_of_repositories_teach() {
    let cases: [(u16, &str, bool, &str); 5] = [
        (401, "RepoNotFound", false, "set HF_TOKEN"),
        (403, "GatedRepo", true, "refused the token"),
        (404, "RepoNotFound", true, "no repository org/repo"),
        (404, "RevisionNotFound", false, "no revision `main`"),
        (404, "", false, "no org/repo at `main`"),
    ];
    for (status, code, token, expected) in cases {
        let hub = Server::start(move |_| Reply::new(status).with("x-error-code", code));
        let mut world = World::new(Some(&hub.url), None);
        world.config.network.hub_token = token.then(|| Secret::new("t"));
        let message = world.pull(&folder()).0.unwrap_err().to_string();
        assert!(message.contains(expected), "{status} {code}: {message}");
    }
    let mut world = World::new(None, None);
    world.config.network.offline = true;
    let message = world.pull(&folder()).0.unwrap_err().to_string();
    assert!(message.contains("PROBITY_OFFLINE"), "{message}");
}

#[test]
fn a_repository_without_such_a_model_says_what_it_has() {
    type Files<'f> = &'f [(&'f str, &'f [u8])];
    let cases: [(Files<'_>, &str); 4] = [
        (&[("a-Q4.gguf", b"1"), ("b.gguf", b"2")], "name one of its files: a-Q4.gguf, b.gguf"),
        (&[("README.md", b"1")], "no `config.json`"),
        (&[("config.json", b"{}"), ("pytorch_model.bin", b"1")], "no file `model.safetensors`"),
        (
            &[
                ("config.json", b"{}"),
                ("model.safetensors.index.json", b"{\"weight_map\":{\"a\":\"../x.safetensors\"}}"),
            ],
            "outside the folder",
        ),
    ];
    for (files, expected) in cases {
        let files = files.iter().map(|(name, bytes)| {
            let name: &'static str = Box::leak((*name).to_owned().into_boxed_str());
            (name, bytes.to_vec(), false)
        });
        let hub = Repo(files.collect()).hub("http://127.0.0.1:9");
        let world = World::new(Some(&hub.url), None);
        let message = world.pull(&folder()).0.unwrap_err().to_string();
        assert!(message.contains(expected), "{message}\nexpected: {expected}");
    }
}
