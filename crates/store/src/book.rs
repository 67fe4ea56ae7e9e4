//! The receipts that were given out, with what opens them: one file of a small database (redb).
//!
//! What was put in is durable when the call returns, many at once for the price of one. Never shows a receipt to
//! anybody but its owner: whoever asks says who he is. Receipts leave by age only, and only when that is asked for.
//! One process holds the file at a time; a second one is told so. After a failed write nothing is written before the
//! book was opened anew.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use redb::{Builder, Database, ReadableDatabase, TableDefinition};

use crate::disk::TEMPORARY_PREFIX;
use crate::error::StoreError;

/// Bytes of the file that are kept in memory.
const CACHE_BYTES: usize = 16 << 20;

/// A hash that names something.
type Id = [u8; 32];

/// By the job's commitment: owner, receipt id, index of the leaf, seconds since 1970, and the file.
type Row = (Id, Id, u64, u64, &'static [u8]);
const BY_JOB: TableDefinition<'_, Id, Row> = TableDefinition::new("receipts v1");
/// By the receipt's id.
const BY_RECEIPT: TableDefinition<'_, Id, Id> = TableDefinition::new("jobs by receipt v1");
/// By time.
const BY_TIME: TableDefinition<'_, (u64, Id), ()> = TableDefinition::new("jobs by time v1");

/// A receipt to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptReceipt {
    /// The job's commitment.
    pub job: Id,
    /// The receipt's id.
    pub receipt: Id,
    /// Whose it is.
    pub owner: Id,
    /// The index of its leaf in the log.
    pub leaf: u64,
    /// Seconds since 1970.
    pub at_s: u64,
    /// The receipt file, with its opening.
    pub file: Vec<u8>,
}

/// Opens the database.
type Open = dyn Fn() -> Result<Database, redb::Error> + Send + Sync;

/// The book of receipts.
pub struct ReceiptBook {
    /// `None` where it was closed and can't be opened again.
    database: RwLock<Option<Database>>,
    open: Box<Open>,
    path: PathBuf,
}

impl ReceiptBook {
    /// Opens the book in a file, made if need be.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be read, is another's now, or is no book.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| crate::disk::not_written("create the folder", folder, error))?;
            if !path.exists() {
                Self::make(path, folder)?;
            }
        }
        let file = path.to_path_buf();
        // Not made here, nor when it is opened anew: one that was emptied is no book that has nothing in it, and a new one
        // would not be for its owner alone.
        let book =
            Self::of(path, move || Ok(Builder::new().set_cache_size(CACHE_BYTES).open(&file)?))?;
        private(path)?;
        book.begin()?;
        Ok(book)
    }

    /// Makes an empty book under another name first: what dies in the middle leaves none, and not one that can't be read.
    fn make(path: &Path, folder: &Path) -> Result<(), StoreError> {
        let wrong = |error| crate::disk::not_written("create", path, error);
        let new = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder);
        let new = new.map_err(wrong)?;
        let file = new.path().to_path_buf();
        let book = Self::of(path, move || {
            Ok(Builder::new().set_cache_size(CACHE_BYTES).create(&file)?)
        })?;
        book.begin()?;
        drop(book);
        match new.persist_noclobber(path) {
            Ok(_) => Ok(()),
            // Another process was faster: its book is the book.
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(wrong(error.error)),
        }
    }

    /// On another storage than a file.
    #[cfg(test)]
    pub(crate) fn on(storage: impl redb::StorageBackend + Clone) -> Result<Self, StoreError> {
        let book = Self::of(Path::new("a test"), move || {
            let new =
                Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(storage.clone());
            Ok(new?)
        })?;
        book.begin()?;
        Ok(book)
    }

    fn of(
        path: &Path,
        open: impl Fn() -> Result<Database, redb::Error> + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let database = open().map_err(|error| broken("open", path, error))?;
        let (database, open) = (RwLock::new(Some(database)), Box::new(open));
        Ok(Self { database, open, path: path.to_path_buf() })
    }

    /// Makes what a book has, durably.
    fn begin(&self) -> Result<(), StoreError> {
        self.write("begin", |_, _, _| Ok(()))
    }

    /// Closes the book and opens it anew, as it was at its last durable write: whether it can be written to again after a
    /// failure. Whoever reads is waited for, and waits.
    ///
    /// # Errors
    /// [`StoreError`]: it can't, and nothing can be read before it can.
    pub fn reopen(&self) -> Result<(), StoreError> {
        {
            let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
            // Two can't hold the file.
            *database = None;
            *database = Some((self.open)().map_err(|error| broken("open", &self.path, error))?);
        }
        self.begin()
    }

    /// Does something with the database.
    fn with<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, redb::Error> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        work(database.as_ref().ok_or(redb::Error::PreviousIo)?)
    }

    /// Keeps receipts: all of them, durably, or none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep(&self, receipts: &[KeptReceipt]) -> Result<(), StoreError> {
        self.write("write", |by_job, by_receipt, by_time| {
            for kept in receipts {
                let row = (kept.owner, kept.receipt, kept.leaf, kept.at_s, kept.file.as_slice());
                by_job.insert(kept.job, row)?;
                by_receipt.insert(kept.receipt, kept.job)?;
                by_time.insert((kept.at_s, kept.job), ())?;
            }
            Ok(())
        })
    }

    /// A receipt of this owner, by its job's commitment or its own id; `None` for everybody else's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn get(&self, id: &Id, owner: &Id) -> Result<Option<KeptReceipt>, StoreError> {
        let found = self.find(id).map_err(|error| broken("read", &self.path, error))?;
        Ok(found.filter(|kept| kept.owner == *owner))
    }

    fn find(&self, id: &Id) -> Result<Option<KeptReceipt>, redb::Error> {
        self.with(|database| {
            let reading = database.begin_read()?;
            let by_job = reading.open_table(BY_JOB)?;
            let job = match reading.open_table(BY_RECEIPT)?.get(id)? {
                Some(job) => job.value(),
                None => *id,
            };
            let Some(row) = by_job.get(job)? else { return Ok(None) };
            let (owner, receipt, leaf, at_s, file) = row.value();
            Ok(Some(KeptReceipt { job, receipt, owner, leaf, at_s, file: file.to_vec() }))
        })
    }

    /// How many there are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn count(&self) -> Result<u64, StoreError> {
        use redb::ReadableTableMetadata;
        let count = self.with(|database| Ok(database.begin_read()?.open_table(BY_JOB)?.len()?));
        count.map_err(|error| broken("read", &self.path, error))
    }

    /// Forgets receipts from before a time, so many at most; how many. Their leaves stay in the log.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_before(&self, at_s: u64, most: usize) -> Result<usize, StoreError> {
        let old = self.before(at_s, most).map_err(|error| broken("read", &self.path, error))?;
        if old.is_empty() {
            return Ok(0);
        }
        self.write("write", |by_job, by_receipt, by_time| {
            for (at_s, job) in &old {
                by_time.remove((*at_s, *job))?;
                let receipt = by_job.remove(job)?.map(|row| row.value().1);
                if let Some(receipt) = receipt {
                    by_receipt.remove(receipt)?;
                }
            }
            Ok(())
        })?;
        Ok(old.len())
    }

    fn before(&self, at_s: u64, most: usize) -> Result<Vec<(u64, Id)>, redb::Error> {
        self.with(|database| {
            let by_time = database.begin_read()?.open_table(BY_TIME)?;
            let mut old = Vec::new();
            for entry in by_time.range(..(at_s, [0; 32]))?.take(most) {
                old.push(entry?.0.value());
            }
            Ok(old)
        })
    }

    fn write(
        &self,
        action: &'static str,
        fill: impl FnOnce(
            &mut redb::Table<'_, Id, Row>,
            &mut redb::Table<'_, Id, Id>,
            &mut redb::Table<'_, (u64, Id), ()>,
        ) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let written = self.with(|database| {
            let writing = database.begin_write()?;
            fill(
                &mut writing.open_table(BY_JOB)?,
                &mut writing.open_table(BY_RECEIPT)?,
                &mut writing.open_table(BY_TIME)?,
            )?;
            writing.commit()?;
            Ok(())
        });
        written.map_err(|error| broken(action, &self.path, error))
    }
}

fn broken(action: &'static str, path: &Path, error: redb::Error) -> StoreError {
    let path = path.to_path_buf();
    if matches!(error, redb::Error::DatabaseAlreadyOpen) {
        return StoreError::BookTaken { path };
    }
    StoreError::Book { action, path, what: error.to_string() }
}

/// It holds prompts and answers: for its owner alone.
#[cfg(unix)]
fn private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| crate::disk::not_written("make private", path, error))
}

/// Elsewhere the home folder's own protection is all there is.
#[cfg(not(unix))]
fn private(_path: &Path) -> Result<(), StoreError> {
    Ok(())
}
