//! [`Store::pull`] of a whole repository: the files that a model of safetensors is made of.
//!
//! Which they are is told by their names, and by the index of the weights where there is one; nothing else of a file is
//! read here. Every file is checked by the hash that the hub names for it. What came before a pull was cut off is kept and
//! checked again, file by file.

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;

use crate::digest::Digests;
use crate::disk;
use crate::error::{Failure, SourceError, StoreError};
use crate::fetch::{Fetch, patiently};
use crate::folder::{FolderFile, FolderRecord, MAX_WEIGHT_FILES, is_there, link};
use crate::hub::{self, Tree, TreeFile};
use crate::progress::{Progress, Sink};
use crate::pull::{Pull, partial_key};
use crate::reference::{HubFolder, ModelRef};
use crate::store::LocalFile;

/// The file that says what a model is: a repository without it has no model of this kind.
const CONFIG: &str = "config.json";
/// Which file has which tensor, where there are several.
const INDEX: &str = "model.safetensors.index.json";
/// The only file of weights.
const ONLY_WEIGHTS: &str = "model.safetensors";
/// What else is taken, where it is there.
const BESIDE: [&str; 6] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "generation_config.json",
    "chat_template.jinja",
    "chat_template.json",
    INDEX,
];
/// Most bytes of the index.
const INDEX_BYTES_MAX: u64 = 16 << 20;
/// Most names of other models in a message.
const MAX_NAMES: usize = 8;

/// What the index is read for.
#[derive(Deserialize)]
struct Index {
    weight_map: std::collections::HashMap<String, String>,
}

impl Pull<'_> {
    pub(crate) fn folder(
        &mut self,
        folder: &HubFolder,
        sink: &mut Sink<'_>,
    ) -> Result<LocalFile, StoreError> {
        let host = hub::host(&self.store.http);
        let source = format!("{host}: {}@{}", folder.repo(), folder.revision());
        if !self.offline() {
            sink(Progress::Trying { source: &source });
        }
        let result = self.try_folder(&source, folder, sink);
        let found = self.outcome(&source, result, sink)?;
        found.ok_or_else(|| self.no_source())
    }

    fn try_folder(
        &mut self,
        source: &str,
        folder: &HubFolder,
        sink: &mut Sink<'_>,
    ) -> Result<LocalFile, Failure> {
        let (http, sleep) = (&self.store.http, self.store.sleep);
        let tree =
            patiently(sleep, source, sink, || hub::list(http, folder.repo(), folder.revision()))?;
        let (first, weights) = wanted(&tree, folder)?;
        let path = self.store.folder_record_path(&self.reference);
        let before = FolderRecord::read(&path)?.map(|record| record.files).unwrap_or_default();
        let mut record =
            FolderRecord::new(self.reference.clone(), source.to_owned(), tree.commit.clone());
        self.store.disk.create_folder(&path.with_extension(""))?;
        for file in first {
            self.bring(source, &tree, file, &before, &mut record, sink)?;
        }
        let weights = match self.weights_of(&record)? {
            Some(names) => names
                .iter()
                .map(|name| tree.files.iter().find(|file| file.name == *name).ok_or(name))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|name| no_file(name, folder))?,
            None => weights,
        };
        if weights.is_empty() {
            return Err(no_file(ONLY_WEIGHTS, folder).into());
        }
        let need: u64 = weights.iter().map(|file| file.pins.size).sum();
        disk::require_free(&self.store.home, need.saturating_sub(self.here(&weights, &before)?))?;
        for file in weights {
            self.bring(source, &tree, file, &before, &mut record, sink)?;
        }
        record.complete = true;
        record.write(&self.store.disk, &path)?;
        let reference = ModelRef::HubFolder(folder.clone());
        let here = self.store.resolve(&reference)?;
        Ok(here.ok_or(StoreError::NotPulled { reference: self.reference.clone() })?)
    }

    /// Bytes of these files that came before.
    fn here(&self, files: &[&TreeFile], before: &[FolderFile]) -> Result<u64, StoreError> {
        let mut here = 0;
        for file in files {
            if let Some(known) = known(before, file)
                && is_there(&self.store.blob(known.blake3), known.size)?
            {
                here += known.size;
            }
        }
        Ok(here)
    }

    /// The names of the weights' files, where an index came.
    fn weights_of(&self, record: &FolderRecord) -> Result<Option<BTreeSet<String>>, Failure> {
        let Some(index) = record.files.iter().find(|file| file.name == INDEX) else {
            return Ok(None);
        };
        let protocol =
            |what: &str| SourceError::Protocol { address: INDEX.to_owned(), what: what.to_owned() };
        if index.size > INDEX_BYTES_MAX {
            return Err(protocol("it is too long for an index").into());
        }
        let path = self.store.blob(index.blake3);
        let text = fs::read(&path).map_err(|error| disk::failed("read", &path, error))?;
        let index: Index = serde_json::from_slice(&text)
            .map_err(|_| protocol("it is no index of safetensors files"))?;
        let names: BTreeSet<String> = index.weight_map.into_values().collect();
        if !names.iter().all(|name| commit::file_name(name)) {
            return Err(protocol(
                "it names a file outside the folder, or one that no folder can have",
            )
            .into());
        }
        let (found, max) = (names.len(), MAX_WEIGHT_FILES);
        if found > max {
            let repo = self.reference.clone();
            return Err(SourceError::TooManyWeights { repo, found, max }.into());
        }
        Ok(Some(names))
    }

    /// Brings one file here, links it, and remembers it.
    fn bring(
        &self,
        source: &str,
        tree: &Tree,
        file: &TreeFile,
        before: &[FolderFile],
        record: &mut FolderRecord,
        sink: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        let digests = match self.kept(file, before)? {
            Some(digests) => digests,
            None => self.fetched(&format!("{source}:{}", file.name), tree, file, sink)?,
        };
        let Digests { size, sha256, blake3 } = digests;
        let path = self.store.folder_record_path(&self.reference);
        let to = path.with_extension("").join(&file.name);
        link(&self.store.disk, &self.store.blob(blake3), &to)?;
        let (name, oid) = (file.name.clone(), file.oid.clone());
        record.files.push(FolderFile { name, size, sha256, blake3, oid });
        record.write(&self.store.disk, &path)?;
        Ok(())
    }

    /// What an earlier pull brought of this file, if it is sound.
    fn kept(&self, file: &TreeFile, before: &[FolderFile]) -> Result<Option<Digests>, StoreError> {
        let Some(known) = known(before, file) else { return Ok(None) };
        let (size, sha256, blake3) = (known.size, known.sha256, known.blake3);
        let path = self.store.blob(blake3);
        let local = LocalFile { path, size, blake3, sha256: Some(sha256) };
        if !is_there(&local.path, size)? || self.store.check(&local)?.is_err() {
            return Ok(None);
        }
        Ok(Some(Digests { size, sha256, blake3 }))
    }

    fn fetched(
        &self,
        source: &str,
        tree: &Tree,
        file: &TreeFile,
        sink: &mut Sink<'_>,
    ) -> Result<Digests, Failure> {
        sink(Progress::Trying { source });
        let key = partial_key(&file.pins, &format!("git {}", file.oid));
        let _held = self.lock_partial(&key, sink)?;
        let mut partial = self.open_partial(&key, file.pins.size)?;
        disk::require_free(&self.store.home, file.pins.size - partial.size())?;
        let fetch = Fetch {
            http: &self.store.http,
            sleep: self.store.sleep,
            source,
            url: &file.url,
            credential: tree.credential.as_ref(),
            pins: file.pins,
            git_blob: file.git_blob,
        };
        fetch.run(&mut partial, sink)?;
        let digests = partial.digests();
        partial.publish(&self.store.blob(digests.blake3))?;
        Ok(digests)
    }
}

/// What is known of a file by the name that the hub gives its bytes.
fn known<'f>(before: &'f [FolderFile], file: &TreeFile) -> Option<&'f FolderFile> {
    before.iter().find(|known| known.oid == file.oid && known.size == file.pins.size)
}

/// The files beside the weights, and the only file of weights.
fn wanted<'t>(
    tree: &'t Tree,
    folder: &HubFolder,
) -> Result<(Vec<&'t TreeFile>, Vec<&'t TreeFile>), SourceError> {
    let find = |name: &str| tree.files.iter().find(|file| file.name == name);
    let mut first = vec![find(CONFIG).ok_or_else(|| no_model(tree, folder))?];
    first.extend(BESIDE.iter().filter_map(|name| find(name)));
    Ok((first, find(ONLY_WEIGHTS).into_iter().collect()))
}

fn no_file(name: &str, folder: &HubFolder) -> SourceError {
    let name: String = name.chars().filter(|c| !c.is_control()).take(128).collect();
    let what = format!("file `{name}` in {} at `{}`", folder.repo(), folder.revision());
    let hint = "; a folder needs its weights as safetensors".to_owned();
    SourceError::NotOnHub { what, hint }
}

/// A repository of another kind: its GGUF files are named, each is a model of its own.
fn no_model(tree: &Tree, folder: &HubFolder) -> SourceError {
    let what = format!("`{CONFIG}` in {} at `{}`", folder.repo(), folder.revision());
    let names = tree.files.iter().map(|file| &*file.name);
    let mut names: Vec<&str> = names
        .filter(|name| name.to_ascii_lowercase().ends_with(".gguf") && commit::file_name(name))
        .collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(MAX_NAMES);
    names.truncate(MAX_NAMES);
    let hint = match (names.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!("; name one of its files: {}", names.join(", ")),
        (false, more) => format!("; name one of its files: {} and {more} more", names.join(", ")),
    };
    SourceError::NotOnHub { what, hint }
}
