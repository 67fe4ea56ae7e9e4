//! The store's folders of safetensors: looked at, listed, kept, removed.
//!
//! Never deletes a blob that something else needs. From the record to the links and the blobs: a kill in between leaves
//! orphans for [`Store::gc`], never a folder that says it is whole.

use std::path::PathBuf;

use crate::digest::Blake3;
use crate::disk;
use crate::error::StoreError;
use crate::folder::{FolderRecord, StoredFolder, is_there};
use crate::record::Record;
use crate::reference::ModelRef;
use crate::store::{Listing, Removed, Store, is_temporary};

impl Listing {
    /// Whether something that was pulled has these bytes.
    pub(crate) fn needs(&self, blake3: Blake3) -> bool {
        let of_folder =
            |folder: &StoredFolder| folder.record.files.iter().any(|file| file.blake3 == blake3);
        self.models.iter().any(|model| model.record.blake3 == blake3)
            || self.folders.iter().any(of_folder)
    }
}

impl Store {
    /// Where a folder's record lies; without its ending, the folder of links.
    pub(crate) fn folder_record_path(&self, reference: &str) -> PathBuf {
        self.home.join("folders").join(Record::file_name_of(reference))
    }

    pub(crate) fn list_folders(&self, listing: &mut Listing) -> Result<(), StoreError> {
        for path in self.folder_record_paths()? {
            match FolderRecord::read(&path) {
                Ok(Some(record)) => listing.folders.push(self.look_at_folder(record)?),
                Ok(None) => {}
                Err(error) => listing.damaged.push(error),
            }
        }
        listing.folders.sort_by(|a, b| a.record.reference.cmp(&b.record.reference));
        Ok(())
    }

    /// The folder of a reference, as far as it is here.
    pub(crate) fn stored_folder(
        &self,
        reference: &str,
    ) -> Result<Option<StoredFolder>, StoreError> {
        let record = FolderRecord::read(&self.folder_record_path(reference))?;
        record.map(|record| self.look_at_folder(record)).transpose()
    }

    fn look_at_folder(&self, record: FolderRecord) -> Result<StoredFolder, StoreError> {
        let path = self.folder_record_path(&record.reference).with_extension("");
        let mut present = record.complete;
        for file in &record.files {
            present = present
                && is_there(&path.join(&file.name), file.size)?
                && is_there(&self.blob(file.blake3), file.size)?;
        }
        Ok(StoredFolder { record, path, present })
    }

    fn folder_record_paths(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut paths = disk::entries(&self.home.join("folders"))?;
        paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
        paths.retain(|path| !is_temporary(path));
        Ok(paths)
    }

    /// Forgets a folder: its record, its links, and the blobs that nothing else needs.
    pub(crate) fn remove_folder(&self, reference: &ModelRef) -> Result<Removed, StoreError> {
        let reference = reference.to_string();
        let nothing = || StoreError::NothingHere { reference: reference.clone() };
        let StoredFolder { record, path, .. } =
            self.stored_folder(&reference)?.ok_or_else(nothing)?;
        self.disk.remove(&self.folder_record_path(&reference))?;
        let listing = self.list()?;
        let mut removed = Removed { pulled: true, blob: true, linked_bytes: 0, freed_bytes: 0 };
        for file in &record.files {
            self.disk.remove(&path.join(&file.name))?;
            if !listing.damaged.is_empty() || listing.needs(file.blake3) {
                removed.blob = false;
                continue;
            }
            let blob = self.blob(file.blake3);
            let held = disk::size_of(&blob)?.unwrap_or(0);
            let freed = self.delete(&blob)?.unwrap_or(0);
            removed.linked_bytes += held - freed;
            removed.freed_bytes += freed;
        }
        if path.is_dir() {
            self.disk.remove_folder(&path)?;
        }
        removed.freed_bytes += self.remove_packed(record.weights().1)?;
        Ok(removed)
    }

    /// What `gc` keeps: the blobs of what was pulled and is whole, and what is prepared of it. What is left of folders
    /// that are begun is forgotten.
    pub(crate) fn kept(&self, listing: &Listing) -> Result<Vec<Blake3>, StoreError> {
        let mut kept: Vec<Blake3> =
            listing.models.iter().map(|model| model.record.blake3).collect();
        for StoredFolder { record, path, .. } in &listing.folders {
            if record.complete {
                kept.extend(record.files.iter().map(|file| file.blake3));
                kept.push(record.weights().1);
                continue;
            }
            self.disk.remove(&self.folder_record_path(&record.reference))?;
            for file in &record.files {
                self.disk.remove(&path.join(&file.name))?;
            }
            if path.is_dir() {
                self.disk.remove_folder(path)?;
            }
        }
        Ok(kept)
    }
}
