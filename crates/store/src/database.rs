//! Files that are small databases (redb): made whole, for their owner alone.
//!
//! Never makes one over another: a file that was emptied is no new book. Invariant: when a file is there for whoever
//! opens it, its name is durable, and so are the folders that lead to it. Failure: a [`StoreError`] that names the file.

use std::path::Path;

use redb::{Builder, Database};

use crate::disk::{Disk, TEMPORARY_PREFIX};
use crate::error::StoreError;

/// Bytes of a file that are kept in memory.
pub(crate) const CACHE_BYTES: usize = 16 << 20;

/// How a failure of a database is told: what was tried, and where.
pub(crate) type Told = fn(&'static str, &Path, redb::Error) -> StoreError;

/// Makes the file where there is none, with what `begin` puts into it, under another name first: what dies in the middle
/// leaves none, and not one that can't be read. Its name is durable then, whoever gave it: one that died before it said so
/// may have.
pub(crate) fn make(
    disk: &Disk,
    path: &Path,
    told: Told,
    begin: impl FnOnce(&Database) -> Result<(), redb::Error>,
) -> Result<(), StoreError> {
    let Some(folder) = path.parent() else { return Ok(()) };
    disk.create_folder_durably(folder)?;
    if !path.exists() {
        let new = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder);
        let new = new.map_err(|error| crate::disk::not_written("create", path, error))?;
        let made = Builder::new().set_cache_size(CACHE_BYTES).create(new.path());
        let made = made.map_err(redb::Error::from).and_then(|database| begin(&database));
        made.map_err(|error| told("begin", path, error))?;
        disk.name(new, path)?;
    }
    disk.sync_names(folder)
}

/// Opens a file that is there. Not made here: a new one would not be for its owner alone.
pub(crate) fn open(path: &Path) -> Result<Database, redb::Error> {
    Ok(Builder::new().set_cache_size(CACHE_BYTES).open(path)?)
}

/// It holds what others shall not read: for its owner alone.
#[cfg(unix)]
pub(crate) fn private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| crate::disk::not_written("make private", path, error))
}

/// Elsewhere the home folder's own protection is all there is.
#[cfg(not(unix))]
pub(crate) fn private(_path: &Path) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::disk::{Fault, Step};

    type Steps = Arc<Mutex<Vec<(Step, PathBuf)>>>;

    /// A disk that notes what it does, and does one of the steps wrong.
    fn disk(failing: usize, fault: Fault) -> (Disk, Steps) {
        let steps = Steps::default();
        let log = Arc::clone(&steps);
        let plan = move |step: Step, path: &Path| {
            let mut log = log.lock().unwrap();
            log.push((step, path.to_path_buf()));
            if log.len() - 1 == failing { fault } else { Fault::None }
        };
        (Disk::with_faults(Arc::new(plan)), steps)
    }

    fn made(disk: &Disk, path: &Path) -> Result<(), StoreError> {
        make(disk, path, |action, path, error| panic!("{action} {path:?}: {error}"), |_| Ok(()))
    }

    /// A name that only the system's memory has is no name: after a crash the next process would begin anew.
    #[test]
    fn a_new_file_and_its_folders_have_durable_names() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b/book.redb");
        let (sound, steps) = disk(usize::MAX, Fault::None);
        made(&sound, &path).unwrap();
        let folders = [home.path().to_path_buf(), home.path().join("a"), home.path().join("a/b")];
        let synced = |from: usize| -> Vec<PathBuf> {
            let steps = steps.lock().unwrap();
            let synced = steps[from..].iter().filter(|(step, _)| *step == Step::SyncFolder);
            synced.map(|(_, path)| path.clone()).collect()
        };
        for folder in &folders {
            assert!(synced(0).contains(folder), "{folder:?} is not synced");
        }
        let renamed = steps.lock().unwrap().iter().position(|(step, _)| *step == Step::Rename);
        assert_eq!(synced(renamed.unwrap()), [home.path().join("a/b")], "after it has its name");
        let before = steps.lock().unwrap().len();
        made(&sound, &path).unwrap();
        assert_eq!(synced(before), [home.path().join("a/b")], "of who died before it synced");
    }

    #[test]
    fn every_step_may_fail_in_both_ways() {
        let counted = tempfile::tempdir().unwrap();
        let (sound, steps) = disk(usize::MAX, Fault::None);
        made(&sound, &counted.path().join("a/book.redb")).unwrap();
        let count = steps.lock().unwrap().len();
        assert!(count > 3, "{count}");
        for fault in [Fault::NotApplied, Fault::AppliedButReported] {
            for failing in 0..count {
                let home = tempfile::tempdir().unwrap();
                let path = home.path().join("a/book.redb");
                made(&disk(failing, fault).0, &path).expect_err("a step failed");
                made(&Disk::default(), &path).unwrap();
                open(&path).unwrap();
            }
        }
    }
}
