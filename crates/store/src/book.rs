//! The receipts that were given out, with what opens them: one file of a small database (redb).
//!
//! What was put in is durable when the call returns, many at once for the price of one. Never shows a receipt to
//! anybody but its owner: whoever asks says who he is. Receipts leave by age only, and only when that is asked for.
//! One process holds the file at a time; a second one is told so. After a failed write nothing is written before the
//! book was opened anew.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use redb::{Database, ReadableDatabase, TableDefinition};

use crate::database;
use crate::disk::Disk;
use crate::error::StoreError;

/// A hash that names something.
type Id = [u8; 32];

/// By the job's commitment: owner, receipt id, index of the leaf, seconds since 1970, and the file.
type Row = (Id, Id, u64, u64, &'static [u8]);
const BY_JOB: TableDefinition<'_, Id, Row> = TableDefinition::new("receipts v1");
/// By the receipt's id.
const BY_RECEIPT: TableDefinition<'_, Id, Id> = TableDefinition::new("jobs by receipt v1");
/// By time.
const BY_TIME: TableDefinition<'_, (u64, Id), ()> = TableDefinition::new("jobs by time v1");

type ByJob<'a> = redb::Table<'a, Id, Row>;
type ByReceipt<'a> = redb::Table<'a, Id, Id>;
type ByTime<'a> = redb::Table<'a, (u64, Id), ()>;

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
        database::make(&Disk::default(), path, broken, |database| {
            fill(database, |_, _, _| Ok(()))
        })?;
        let file = path.to_path_buf();
        // Not made here, nor when it is opened anew: one that was emptied is no book that has nothing in it.
        let book = Self::of(path, move || database::open(&file))?;
        database::private(path)?;
        book.begin()?;
        Ok(book)
    }

    /// On another storage than a file.
    #[cfg(test)]
    pub(crate) fn on(storage: impl redb::StorageBackend + Clone) -> Result<Self, StoreError> {
        let book = Self::of(Path::new("a test"), move || {
            Ok(redb::Builder::new().create_with_backend(storage.clone())?)
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
        rows: impl FnOnce(
            &mut ByJob<'_>,
            &mut ByReceipt<'_>,
            &mut ByTime<'_>,
        ) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let written = self.with(|database| fill(database, rows));
        written.map_err(|error| broken(action, &self.path, error))
    }
}

/// Writes to the tables, durably.
fn fill(
    database: &Database,
    rows: impl FnOnce(&mut ByJob<'_>, &mut ByReceipt<'_>, &mut ByTime<'_>) -> Result<(), redb::Error>,
) -> Result<(), redb::Error> {
    let writing = database.begin_write()?;
    rows(
        &mut writing.open_table(BY_JOB)?,
        &mut writing.open_table(BY_RECEIPT)?,
        &mut writing.open_table(BY_TIME)?,
    )?;
    writing.commit()?;
    Ok(())
}

fn broken(action: &'static str, path: &Path, error: redb::Error) -> StoreError {
    let path = path.to_path_buf();
    if matches!(error, redb::Error::DatabaseAlreadyOpen) {
        return StoreError::BookTaken { path };
    }
    StoreError::Book { action, path, what: error.to_string() }
}
