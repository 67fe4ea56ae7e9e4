//! Every write the store makes: atomic, durable, and able to fail in tests.
//!
//! Invariants: nothing is visible under its final name before all its bytes are synced; a rename is
//! followed by a sync of its folder; a failure names the action, the path and the system's reason.
//! After a failed rename the caller may not assume that it did *not* happen: everything here can
//! be repeated. Never follows a name that came from outside: callers pass names made from hashes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::NamedTempFile;

use crate::error::StoreError;

/// A step that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    CreateFolder,
    Create,
    Write,
    Sync,
    Rename,
    SyncFolder,
    Remove,
}

/// What a test makes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "only tests make steps fail"))]
pub(crate) enum Fault {
    None,
    NotApplied,
    AppliedButReported,
    /// Of a write: the first half of it is there.
    Torn,
}

type Plan = dyn Fn(Step, &Path) -> Fault + Send + Sync;

/// The file system, with an optional plan of faults.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    plan: Option<Arc<Plan>>,
}

impl Disk {
    #[cfg(test)]
    pub(crate) fn with_faults(plan: Arc<Plan>) -> Self {
        Self { plan: Some(plan) }
    }

    /// Creates the folder and its parents.
    pub(crate) fn create_folder(&self, path: &Path) -> Result<(), StoreError> {
        self.step(Step::CreateFolder, "create the folder", path, || fs::create_dir_all(path))
    }

    /// The same, and makes the names of those that are new durable.
    pub(crate) fn create_folder_durably(&self, path: &Path) -> Result<(), StoreError> {
        let missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let new: Vec<&Path> = path.ancestors().take_while(missing).collect();
        self.create_folder(path)?;
        new.into_iter().filter_map(Path::parent).try_for_each(|folder| self.sync_names(folder))
    }

    /// Gives a finished file its name, where nothing has it: what another process gave it to stays.
    pub(crate) fn name(&self, file: NamedTempFile, path: &Path) -> Result<(), StoreError> {
        self.step(Step::Rename, "create", path, || match file.persist_noclobber(path) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error.error),
        })
    }

    /// Makes the names in a folder last.
    pub(crate) fn sync_names(&self, folder: &Path) -> Result<(), StoreError> {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        self.step(Step::SyncFolder, "sync the folder", here, || sync_folder(here))
    }

    /// Opens a file to go on writing at its end.
    pub(crate) fn open_partial(&self, path: &Path) -> Result<File, StoreError> {
        self.step(Step::Create, "open", path, || {
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
        })
    }

    /// Writes all of `bytes`.
    pub(crate) fn write(
        &self,
        file: &mut dyn Write,
        path: &Path,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let fault = self.fault(Step::Write, path);
        if fault == Fault::Torn {
            // Whatever comes of it: the write is reported as failed.
            let _ = file.write_all(&bytes[..bytes.len() / 2]);
        }
        faulty(fault, "write", path, || file.write_all(bytes))
    }

    /// Makes what was written last.
    pub(crate) fn sync(&self, file: &File, path: &Path) -> Result<(), StoreError> {
        self.step(Step::Sync, "sync", path, || file.sync_all())
    }

    /// Gives a finished, verified file its final name and makes it read-only.
    pub(crate) fn publish(&self, file: &File, from: &Path, to: &Path) -> Result<(), StoreError> {
        self.sync(file, from)?;
        self.rename(from, to)?;
        // Last, because a file that could not be renamed must stay writable for the next try.
        make_read_only(file).map_err(|source| failed("make read-only", to, source))
    }

    /// Writes a whole file under its final name, replacing what was there.
    pub(crate) fn replace(
        &self,
        path: &Path,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let folder = parent(path);
        let temporary = self.step(Step::Create, "create a file in", folder, || {
            tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder)
        })?;
        self.step(Step::Write, "write", path, || {
            let mut writer = BufWriter::new(temporary.as_file());
            fill(&mut writer)?;
            writer.flush()
        })?;
        self.step(Step::Sync, "sync", path, || temporary.as_file().sync_all())?;
        // If the rename fails, dropping this deletes the temporary file.
        let kept = temporary.into_temp_path();
        self.rename(&kept, path)?;
        // Renamed away: there is nothing left to delete.
        let _ = kept.keep();
        Ok(())
    }

    /// Gives a file a second name.
    pub(crate) fn link(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        self.step(Step::Create, "link", to, || fs::hard_link(from, to))
    }

    /// Deletes an empty folder; whether it was one.
    pub(crate) fn remove_folder(&self, path: &Path) -> Result<bool, StoreError> {
        self.step(Step::Remove, "delete", path, || match fs::remove_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            other => other.map(|()| true),
        })
    }

    /// Deletes a file; one that is not there is no error.
    pub(crate) fn remove(&self, path: &Path) -> Result<(), StoreError> {
        self.step(Step::Remove, "delete", path, || match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        self.step(Step::Rename, "rename a finished file to", to, || fs::rename(from, to))?;
        self.sync_names(parent(to))
    }

    fn step<T>(
        &self,
        step: Step,
        action: &'static str,
        path: &Path,
        act: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, StoreError> {
        faulty(self.fault(step, path), action, path, act)
    }

    fn fault(&self, step: Step, path: &Path) -> Fault {
        self.plan.as_ref().map_or(Fault::None, |plan| plan(step, path))
    }
}

fn faulty<T>(
    fault: Fault,
    action: &'static str,
    path: &Path,
    act: impl FnOnce() -> io::Result<T>,
) -> Result<T, StoreError> {
    let injected = || io::Error::other("injected");
    let result = match fault {
        Fault::None => act(),
        Fault::NotApplied | Fault::Torn => Err(injected()),
        Fault::AppliedButReported => act().and_then(|_| Err(injected())),
    };
    result.map_err(|source| not_written(action, path, source))
}

/// Names of files that are being written begin so; `gc` deletes what is left of them.
pub(crate) const TEMPORARY_PREFIX: &str = ".tmp-";

/// Wraps a system error.
pub(crate) fn failed(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { action, path: path.to_path_buf(), source }
}

/// Wraps a system error about what only the store writes: where it is not permitted, the home folder
/// is the wrong one.
pub(crate) fn not_written(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    if matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem) {
        StoreError::Home { action, path: path.to_path_buf(), source }
    } else {
        failed(action, path, source)
    }
}

/// The paths in a folder, sorted; none when it is missing.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let fail = |source| failed("list", folder, source);
    let reader = match fs::read_dir(folder) {
        Ok(reader) => reader,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fail(error)),
    };
    let mut paths =
        reader.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>();
    if let Ok(paths) = &mut paths {
        paths.sort();
    }
    paths.map_err(fail)
}

/// A file's size, `None` when it is missing.
pub(crate) fn size_of(path: &Path) -> Result<Option<u64>, StoreError> {
    match fs::metadata(path) {
        Ok(data) => Ok(Some(data.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("look at", path, error)),
    }
}

/// What deleting a file frees: nothing where it has another name.
pub(crate) fn freed_by(path: &Path) -> Result<u64, StoreError> {
    match fs::metadata(path) {
        Ok(data) => Ok(if linked(&data) { 0 } else { data.len() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(failed("look at", path, error)),
    }
}

#[cfg(unix)]
fn linked(data: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    data.nlink() > 1
}

/// Elsewhere nobody says.
#[cfg(not(unix))]
fn linked(_data: &fs::Metadata) -> bool {
    false
}

/// Refuses a download that can't fit. A system that does not say how much is free refuses nothing:
/// then the write itself will fail and say so.
pub(crate) fn require_free(folder: &Path, need: u64) -> Result<(), StoreError> {
    match free_bytes(folder) {
        Some(free) if free < need => {
            Err(StoreError::DiskFull { path: folder.to_path_buf(), need, free })
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder can't be opened for syncing; the rename itself is all there is.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

fn make_read_only(file: &File) -> io::Result<()> {
    let mut permissions = file.metadata()?.permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions)
}

fn parent(path: &Path) -> &Path {
    path.parent().expect("every file of the store lies in a folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_written_names_the_setting() {
        let told = |kind: io::ErrorKind| not_written("write", Path::new("/x"), kind.into());
        for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem] {
            let told = told(kind).to_string();
            assert!(told.contains("PROBITY_HOME") && told.contains("/x"), "{told}");
        }
        assert!(!told(io::ErrorKind::StorageFull).to_string().contains("PROBITY_HOME"));
    }
}
