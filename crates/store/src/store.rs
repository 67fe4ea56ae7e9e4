//! [`Store`]: the folder of models, seen from outside.
//!
//! Opening creates the folders and touches nothing else; looking creates nothing. Reading takes no lock: every file it
//! looks at appears and changes atomically. Deleting takes the store alone and goes from the record
//! to the blob, so that a kill in between leaves an orphan for [`Store::gc`], never a dangling name.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use receipt::PublicKey;

use crate::catalogue::Entry;
use crate::config::Config;
use crate::digest::{Blake3, Mismatch, Pins, Sha256, blake3_reader, digest_reader};
use crate::disk::{self, Disk, TEMPORARY_PREFIX, failed};
use crate::error::StoreError;
use crate::folder::StoredFolder;
use crate::http::Http;
use crate::keys::{self, KeyRing};
use crate::leaves::{self, LeafFile};
use crate::locks::{Held, Locks};
use crate::packed::{PackedCache, PackedEntry};
use crate::places::Places;
use crate::plain::open_plain;
use crate::pull::partial_keys;
use crate::record::Record;
use crate::reference::ModelRef;

/// A folder of models.
pub struct Store {
    pub(crate) home: PathBuf,
    pub(crate) catalogue: &'static [Entry],
    pub(crate) http: Http,
    pub(crate) disk: Disk,
    pub(crate) locks: Locks,
    pub(crate) sleep: fn(Duration),
}

/// That a server runs; over when it is dropped, or its process ends.
#[derive(Debug)]
pub struct Serving {
    _held: Held,
}

/// A model file on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFile {
    pub path: PathBuf,
    pub size: u64,
    pub blake3: Blake3,
    /// Of a file named by its path it is only made to be shown: nobody promised one, and BLAKE3
    /// names the file everywhere else.
    pub sha256: Option<Sha256>,
}

/// One pulled reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub record: Record,
    pub path: PathBuf,
    /// Is the blob there, with the right size?
    pub present: bool,
}

/// A download that has not come to its end, or goes on in another process.
#[derive(Clone, Debug)]
pub struct Unfinished {
    pub path: PathBuf,
    pub bytes: u64,
    /// What it is a part of, where the catalogue knows.
    pub entry: Option<&'static Entry>,
}

/// Everything pulled, sorted by reference, what is begun, and the records that can't be read.
#[derive(Debug)]
pub struct Listing {
    pub models: Vec<Stored>,
    /// Repositories that were pulled whole, or are begun.
    pub folders: Vec<StoredFolder>,
    pub unfinished: Vec<Unfinished>,
    pub damaged: Vec<StoreError>,
}

/// All there is to say about a reference.
#[derive(Debug)]
pub struct Shown {
    pub reference: String,
    /// `None`: not pulled.
    pub file: Option<LocalFile>,
    pub record: Option<Record>,
    pub catalogue: Option<&'static Entry>,
    pub packed: Vec<PackedEntry>,
}

/// What `remove` deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// False when there was but an unfinished download.
    pub pulled: bool,
    /// False when another reference still needs the blob.
    pub blob: bool,
    /// Of the blob, where it has another name elsewhere on the disk: not freed.
    pub linked_bytes: u64,
    pub freed_bytes: u64,
}

/// What `gc` deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub blobs: u64,
    pub partials: u64,
    pub packed: u64,
    pub temporary: u64,
    /// Places where nothing is any more.
    pub places: u64,
    pub freed_bytes: u64,
    /// Folders with something in them: the store makes none where they lie.
    pub left: Vec<PathBuf>,
}

const FOLDERS: [&str; 6] = ["blobs", "refs", "folders", "partial", "locks", "cache/packed"];

impl Store {
    /// Opens the store of `config.home`, creating it if needed.
    pub fn open(config: Config) -> Result<Self, StoreError> {
        Self::open_on(config, Disk::default())
    }

    pub(crate) fn open_on(config: Config, disk: Disk) -> Result<Self, StoreError> {
        for folder in FOLDERS {
            disk.create_folder(&config.home.join(folder))?;
        }
        Ok(Self { disk, ..Self::look(config) })
    }

    /// The store of `config.home` as it is, to list and show: creates nothing, so that what writes
    /// may find no folder to write to.
    pub fn look(config: Config) -> Self {
        Self {
            locks: Locks { folder: config.home.join("locks") },
            home: config.home,
            catalogue: config.catalogue,
            http: Http::new(config.network),
            disk: Disk::default(),
            sleep: std::thread::sleep,
        }
    }

    /// Waits between retries through `sleep` instead of the system's (tests never wait).
    #[must_use]
    pub fn with_sleep(self, sleep: fn(Duration)) -> Self {
        Self { sleep, ..self }
    }

    /// The folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The file, if it is here. A path is hashed now, every byte of it: what is derived from it is
    /// kept under that hash. A pulled file was verified when it came.
    pub fn resolve(&self, reference: &ModelRef) -> Result<Option<LocalFile>, StoreError> {
        if let ModelRef::Path(path) = reference {
            return name_path(path);
        }
        if let ModelRef::HubFolder(_) = reference {
            let here = self.stored_folder(&reference.to_string())?.filter(|here| here.present);
            return Ok(here.map(|StoredFolder { record, path, .. }| {
                let (size, blake3) = record.weights();
                LocalFile { path, size, blake3, sha256: None }
            }));
        }
        let Some(record) = self.record(reference)? else { return Ok(None) };
        if let ModelRef::Catalogue(name) = reference
            && self.entry(name)?.blake3() != record.blake3
        {
            // An older catalogue pinned other bytes.
            return Ok(None);
        }
        self.file_of(&record)
    }

    /// Like [`Store::resolve`], with an error that says how to get it.
    pub fn require(&self, reference: &ModelRef) -> Result<LocalFile, StoreError> {
        self.resolve(reference)?.ok_or_else(|| match reference {
            ModelRef::Path(path) => StoreError::NotAModel {
                path: path.clone(),
                what: "there is no such file; a file of the hub is written hf:org/repo[@rev]:file",
            },
            ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_) => {
                StoreError::NotPulled { reference: reference.to_string() }
            }
        })
    }

    /// Reads a file again and compares it with what the store remembers.
    pub fn check(&self, file: &LocalFile) -> Result<Result<(), Mismatch>, StoreError> {
        let pins = Pins { size: file.size, sha256: file.sha256, blake3: Some(file.blake3) };
        let hashed = File::open(&file.path)
            .and_then(|mut open| digest_reader(&mut open))
            .map_err(|error| failed("read", &file.path, error))?;
        Ok(pins.check(&hashed.finish()))
    }

    /// Everything pulled.
    pub fn list(&self) -> Result<Listing, StoreError> {
        let unfinished = self.unfinished()?;
        let mut listing =
            Listing { models: Vec::new(), folders: Vec::new(), unfinished, damaged: Vec::new() };
        self.list_folders(&mut listing)?;
        for path in self.record_paths()? {
            match Record::read(&path) {
                Ok(Some(record)) => {
                    let path = self.blob(record.blake3);
                    let present = disk::size_of(&path)? == Some(record.size);
                    listing.models.push(Stored { record, path, present });
                }
                // Deleted since the folder was read.
                Ok(None) => {}
                Err(error) => listing.damaged.push(error),
            }
        }
        listing.models.sort_by(|a, b| a.record.reference.cmp(&b.record.reference));
        Ok(listing)
    }

    /// What is known about a reference.
    pub fn show(&self, reference: &ModelRef) -> Result<Shown, StoreError> {
        let catalogue = match reference {
            ModelRef::Catalogue(name) => Some(self.entry(name)?),
            ModelRef::Path(_) | ModelRef::Hub(_) | ModelRef::HubFolder(_) => None,
        };
        let file = match reference {
            ModelRef::Path(path) => Some(hash_path(path, self.require(reference)?)?),
            ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_) => {
                self.resolve(reference)?
            }
        };
        let packed = match &file {
            Some(file) => self.packed().entries(file.blake3)?,
            None => Vec::new(),
        };
        let record = match reference {
            ModelRef::Path(_) | ModelRef::HubFolder(_) => None,
            ModelRef::Hub(_) | ModelRef::Catalogue(_) => self.record(reference)?,
        };
        Ok(Shown { reference: reference.to_string(), file, record, catalogue, packed })
    }

    /// Forgets a reference and deletes its blob and packed weights, unless another reference
    /// needs them; of a catalogue name also what an unfinished download left. For a path only its
    /// packed weights are deleted and its place forgotten, never the file.
    pub fn remove(&self, reference: &ModelRef) -> Result<Removed, StoreError> {
        let _alone = self.locks.alone()?;
        let removed =
            |pulled, blob, freed_bytes| Ok(Removed { pulled, blob, linked_bytes: 0, freed_bytes });
        if let ModelRef::Path(path) = reference {
            let file = self.require(reference)?;
            let whole =
                std::fs::canonicalize(path).map_err(|error| failed("look at", path, error))?;
            self.places().forget(&whole)?;
            return removed(false, false, self.remove_packed(file.blake3)?);
        }
        if let ModelRef::HubFolder(_) = reference {
            return self.remove_folder(reference);
        }
        let begun = self.remove_unfinished(reference)?;
        let Some(record) = self.record(reference)? else {
            let nothing = || StoreError::NothingHere { reference: reference.to_string() };
            return removed(false, false, begun.ok_or_else(nothing)?);
        };
        let begun = begun.unwrap_or(0);
        self.disk.remove(&self.record_path(&reference.to_string()))?;
        // A damaged record could be about this blob, so nothing is deleted beside one.
        let listing = self.list()?;
        if !listing.damaged.is_empty() || listing.needs(record.blake3) {
            return removed(true, false, begun);
        }
        let blob = self.blob(record.blake3);
        let held = disk::size_of(&blob)?.unwrap_or(0);
        let freed = self.delete(&blob)?.unwrap_or(0);
        let freed_bytes = begun + freed + self.remove_packed(record.blake3)?;
        Ok(Removed { pulled: true, blob: true, linked_bytes: held - freed, freed_bytes })
    }

    /// Deletes what nothing needs: blobs without a record, partial files, packed weights of models
    /// that are not in the store (a model used by path is packed again), places where nothing is any more, and temporary files of
    /// whatever age: who writes one holds the store's lock, so that here they are all of the dead.
    pub fn gc(&self) -> Result<Collected, StoreError> {
        let _alone = self.locks.alone()?;
        let mut listing = self.list()?;
        if !listing.damaged.is_empty() {
            // It might be the last name of a blob.
            return Err(listing.damaged.swap_remove(0));
        }
        let kept = self.kept(&listing)?;
        let mut collected = Collected::default();
        for path in disk::entries(&self.home.join("blobs"))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !Blake3::from_hex(&name).is_some_and(|hash| kept.contains(&hash)) {
                self.collect(path, &mut collected, |all| &mut all.blobs)?;
            }
        }
        for path in disk::entries(&self.home.join("partial"))? {
            self.collect(path, &mut collected, |all| &mut all.partials)?;
        }
        let names = ["refs", "folders"].map(|folder| disk::entries(&self.home.join(folder)));
        for path in names.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
            if is_temporary(&path) {
                self.collect(path, &mut collected, |all| &mut all.temporary)?;
            }
        }
        for (owner, entry) in self.packed().all()? {
            let path = entry.path;
            if is_temporary(&path) {
                self.collect(path, &mut collected, |all| &mut all.temporary)?;
            } else if !path.is_file() || !owner.is_some_and(|owner| kept.contains(&owner)) {
                self.collect(path, &mut collected, |all| &mut all.packed)?;
            }
        }
        for path in self.places().gone()? {
            self.collect(path, &mut collected, |all| &mut all.places)?;
        }
        self.collect_unwritten(&mut collected)?;
        Ok(collected)
    }

    /// Deletes what was left of keys and notes that were being written: some of it is secret. Their
    /// writers hold a lock of their own and not the store's.
    fn collect_unwritten(&self, collected: &mut Collected) -> Result<(), StoreError> {
        let keys = self.home.join("keys");
        let logs = disk::entries(&self.home.join("log"))?;
        let of_keys = vec![keys.join("retired"), keys];
        for (lock, folders) in [(keys::LOCK, of_keys), (leaves::LOCK, logs)] {
            let _lock = self.locks.exclusive(lock, &mut || {})?;
            for folder in folders.iter().filter(|folder| folder.is_dir()) {
                for path in disk::entries(folder)?.into_iter().filter(|path| is_temporary(path)) {
                    self.collect(path, collected, |all| &mut all.temporary)?;
                }
            }
        }
        Ok(())
    }

    /// The cache of packed weights.
    pub fn packed(&self) -> PackedCache<'_> {
        let folder = self.home.join("cache/packed");
        PackedCache { disk: &self.disk, folder, locks: &self.locks }
    }

    /// Where models lie that are not in the store.
    pub fn places(&self) -> Places<'_> {
        Places { disk: &self.disk, folder: self.home.join("places"), locks: &self.locks }
    }

    /// This machine's keys.
    pub fn keys(&self) -> KeyRing<'_> {
        KeyRing { disk: &self.disk, folder: self.home.join("keys"), locks: &self.locks }
    }

    /// The log of what a key signed.
    pub fn log(&self, key: &PublicKey) -> LeafFile<'_> {
        let folder = self.home.join("log").join(key.hex());
        LeafFile { disk: &self.disk, folder, locks: &self.locks }
    }

    /// Says that a server runs on this store, until it is dropped.
    pub fn serve(&self) -> Result<Serving, StoreError> {
        Ok(Serving { _held: self.locks.serve()? })
    }

    /// Whether a server runs on this store: what is changed here may reach it only when it is started anew.
    pub fn is_serving(&self) -> Result<bool, StoreError> {
        self.locks.is_serving()
    }

    /// The keys that have a log here, sorted.
    pub fn logs(&self) -> Result<Vec<PublicKey>, StoreError> {
        let folders = disk::entries(&self.home.join("log"))?;
        let key = |path: &PathBuf| PublicKey::from_hex(path.file_name()?.to_str()?);
        Ok(folders.iter().filter_map(key).collect())
    }

    pub(crate) fn entry(&self, name: &str) -> Result<&'static Entry, StoreError> {
        let found = self.catalogue.iter().find(|entry| entry.name == name);
        found.ok_or_else(|| StoreError::NotInCatalogue { name: name.to_owned() })
    }

    pub(crate) fn blob(&self, blake3: Blake3) -> PathBuf {
        self.home.join("blobs").join(blake3.to_string())
    }

    pub(crate) fn record_path(&self, reference: &str) -> PathBuf {
        self.home.join("refs").join(Record::file_name_of(reference))
    }

    /// The blob a record speaks of, if it is there.
    pub(crate) fn file_of(&self, record: &Record) -> Result<Option<LocalFile>, StoreError> {
        let path = self.blob(record.blake3);
        if disk::size_of(&path)? != Some(record.size) {
            return Ok(None);
        }
        let (size, blake3, sha256) = (record.size, record.blake3, Some(record.sha256));
        Ok(Some(LocalFile { path, size, blake3, sha256 }))
    }

    fn record(&self, reference: &ModelRef) -> Result<Option<Record>, StoreError> {
        Record::read(&self.record_path(&reference.to_string()))
    }

    fn record_paths(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut paths = disk::entries(&self.home.join("refs"))?;
        paths.retain(|path| !is_temporary(path));
        Ok(paths)
    }

    pub(crate) fn remove_packed(&self, model: Blake3) -> Result<u64, StoreError> {
        let entries = self.packed().entries(model)?;
        entries
            .iter()
            .try_fold(0, |freed, entry| Ok(freed + self.delete(&entry.path)?.unwrap_or(0)))
    }

    /// Downloads that are begun and hold something, largest first.
    fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        let keys: Vec<_> =
            self.catalogue.iter().map(|entry| (entry, partial_keys(entry))).collect();
        let mut all = Vec::new();
        for path in disk::entries(&self.home.join("partial"))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let known = keys.iter().find(|(_, keys)| keys.iter().any(|key| *key == name));
            let entry = known.map(|(entry, _)| *entry);
            let bytes = disk::size_of(&path)?.unwrap_or(0);
            if bytes > 0 {
                all.push(Unfinished { path, bytes, entry });
            }
        }
        all.sort_by_key(|unfinished| std::cmp::Reverse(unfinished.bytes));
        Ok(all)
    }

    /// The bytes freed, if a download of this name was begun.
    fn remove_unfinished(&self, reference: &ModelRef) -> Result<Option<u64>, StoreError> {
        let ModelRef::Catalogue(name) = reference else { return Ok(None) };
        let mut freed = None;
        for begun in self.unfinished()? {
            if begun.entry.is_some_and(|entry| entry.name == name) {
                freed = Some(freed.unwrap_or(0) + self.delete(&begun.path)?.unwrap_or(0));
            }
        }
        Ok(freed)
    }

    /// The bytes freed; `None` for a folder that holds something: the store did not make it, so it
    /// stays.
    pub(crate) fn delete(&self, path: &Path) -> Result<Option<u64>, StoreError> {
        if std::fs::symlink_metadata(path).is_ok_and(|data| data.is_dir()) {
            return Ok(self.disk.remove_folder(path)?.then_some(0));
        }
        let size = disk::freed_by(path)?;
        self.disk.remove(path)?;
        Ok(Some(size))
    }

    /// Deletes for `gc` and counts.
    fn collect(
        &self,
        path: PathBuf,
        collected: &mut Collected,
        count: fn(&mut Collected) -> &mut u64,
    ) -> Result<(), StoreError> {
        match self.delete(&path)? {
            Some(freed) => {
                *count(collected) += 1;
                collected.freed_bytes += freed;
            }
            None => collected.left.push(path),
        }
        Ok(())
    }
}

pub(crate) fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(TEMPORARY_PREFIX))
}

/// A file named by its path, with the one hash that names it.
fn name_path(path: &Path) -> Result<Option<LocalFile>, StoreError> {
    let mut file = match open_plain(path) {
        Ok(Some(file)) => file,
        Ok(None) => {
            // Reading a pipe or a device might never end.
            let what = if path.is_dir() {
                "this is a folder; name the model file in it (a package: `probity package inspect`)"
            } else {
                "this is a pipe or a device; save the model to a file"
            };
            return Err(StoreError::NotAModel { path: path.to_path_buf(), what });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path, error)),
    };
    let (size, blake3) = blake3_reader(&mut file).map_err(|error| failed("read", path, error))?;
    Ok(Some(LocalFile { path: path.to_path_buf(), size, blake3, sha256: None }))
}

/// The file with all its hashes.
fn hash_path(path: &Path, file: LocalFile) -> Result<LocalFile, StoreError> {
    let hashed = File::open(path)
        .and_then(|mut file| digest_reader(&mut file))
        .map_err(|error| failed("read", path, error))?
        .finish();
    let (size, blake3, sha256) = (hashed.size, hashed.blake3, Some(hashed.sha256));
    Ok(LocalFile { size, blake3, sha256, ..file })
}
