//! A network's blocks, and the state after the last of them: one file of a small database (redb).
//!
//! The entries of the state are kept as they are after the last block (the snapshot), and every block with its
//! certificate (the log). What was put in is durable when the call returns, a block with all it changed or nothing of it.
//! Never judges a block and never executes one: it keeps what the ledger's rules made. The state is made again from
//! its entries when it is asked for, and held against the header that commits to it. After a failed write the book takes
//! no other: the instance ends, and the next one goes on from the last block.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chain::state::{Changes, Entry, State};
use chain::{Block, Certificate, Header, Height};
use commit::Network;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::database;
use crate::error::StoreError;

type Bytes = &'static [u8];
/// The state: record by key.
const ENTRIES: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("entries v1");
/// Blocks by height; genesis has none.
const BLOCKS: TableDefinition<'_, u64, Bytes> = TableDefinition::new("blocks v1");
/// Certificates by height.
const CERTIFICATES: TableDefinition<'_, u64, Bytes> = TableDefinition::new("certificates v1");
/// The network's id and the last header, under 0.
const TIP: TableDefinition<'_, u8, ([u8; 32], Bytes)> = TableDefinition::new("tip v1");

/// The network's id, and the header's bytes.
type KeptTip = ([u8; 32], Vec<u8>);
/// The bytes of a block and of its certificate.
type KeptBlock = (Vec<u8>, Vec<u8>);

/// Where a chain has come to.
#[derive(Clone, Debug)]
pub struct Tip {
    /// The last header.
    pub header: Header,
    /// The state after it.
    pub state: State,
}

/// The book of a chain.
pub struct ChainBook {
    database: Database,
    network: Network,
    path: PathBuf,
    failed: AtomicBool,
}

impl ChainBook {
    /// Opens the book of a network in a file, made if need be.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be read, is another process' or another network's, or is no book.
    pub fn open(path: &Path, network: Network) -> Result<Self, StoreError> {
        database::make(path, told, begin)?;
        let database = database::open(path).map_err(|error| told("open", path, error))?;
        database::private(path)?;
        Self::of(database, network, path)
    }

    /// On another storage than a file.
    #[cfg(test)]
    pub(crate) fn on(
        storage: impl redb::StorageBackend,
        network: Network,
    ) -> Result<Self, StoreError> {
        let path = Path::new("a test");
        let made = redb::Builder::new().create_with_backend(storage).map_err(redb::Error::from);
        let database = made.map_err(|error| told("open", path, error))?;
        begin(&database).map_err(|error| told("begin", path, error))?;
        Self::of(database, network, path)
    }

    fn of(database: Database, network: Network, path: &Path) -> Result<Self, StoreError> {
        let (path, failed) = (path.to_path_buf(), AtomicBool::new(false));
        let book = Self { database, network, path, failed };
        match book.kept_tip()? {
            Some((of, _)) if of != network.0 => Err(StoreError::ChainOfAnother { path: book.path }),
            Some(_) | None => Ok(book),
        }
    }

    /// Keeps what a network begins with.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ChainDamaged`] where something is kept already.
    pub fn begin(&self, header: &Header, state: &State) -> Result<(), StoreError> {
        if self.kept_tip()?.is_some() {
            return Err(self.damaged("it has begun before"));
        }
        self.write(header, |_, _, entries| {
            for entry in state.entries() {
                entries.insert(&*entry.key, &*entry.value)?;
            }
            Ok(())
        })
    }

    /// Keeps the next block, with its certificate and what it changed between the two states: all of it, durably, or
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep(
        &self,
        block: &Block,
        certificate: &Certificate,
        before: &State,
        after: &State,
    ) -> Result<(), StoreError> {
        let height = block.header.height.0;
        let last = self.kept_tip()?.and_then(|(_, header)| Header::decode(&header).ok());
        if last.is_none_or(|last| last.hash(self.network) != block.header.parent) {
            return Err(self.refused("it does not follow the last one"));
        }
        if after.root() != block.header.state_root {
            return Err(self.refused("the state is not that of its header"));
        }
        self.write(&block.header, |blocks, certificates, entries| {
            blocks.insert(height, block.encode().as_slice())?;
            certificates.insert(height, certificate.encode().as_slice())?;
            for (place, entry) in after.since(before) {
                match (entry, before.entry(&place)) {
                    (Some(entry), _) => drop(entries.insert(&*entry.key, &*entry.value)?),
                    (None, Some(gone)) => drop(entries.remove(&*gone.key)?),
                    (None, None) => {}
                }
            }
            Ok(())
        })
    }

    /// Where the chain has come to; `None` where nothing has begun.
    ///
    /// # Errors
    /// [`StoreError::ChainDamaged`] where the entries are not those that the header commits to.
    pub fn tip(&self) -> Result<Option<Tip>, StoreError> {
        let Some((_, header)) = self.kept_tip()? else { return Ok(None) };
        let header = Header::decode(&header).map_err(|_| self.damaged("its last header"))?;
        let changes = self.entries().map_err(|error| told("read", &self.path, error))?;
        let state = State::empty(self.network).updated(&changes);
        if state.root() != header.state_root {
            return Err(self.damaged("its entries are not those of the last header"));
        }
        Ok(Some(Tip { header, state }))
    }

    /// A block and its certificate; `None` where it is not kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn block(&self, height: Height) -> Result<Option<(Block, Certificate)>, StoreError> {
        let found = self.kept_block(height).map_err(|error| told("read", &self.path, error))?;
        let Some((block, certificate)) = found else { return Ok(None) };
        let block = Block::decode(self.network, &block).map_err(|_| self.damaged("a block"))?;
        let certificate =
            Certificate::decode(&certificate).map_err(|_| self.damaged("a certificate"))?;
        Ok(Some((block, certificate)))
    }

    /// Forgets the blocks below a height, so many at most; how many. The state stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_below(&self, height: Height, most: usize) -> Result<usize, StoreError> {
        let forgotten = self.attempt(|database| {
            let writing = database.begin_write()?;
            let mut count = 0;
            {
                let mut blocks = writing.open_table(BLOCKS)?;
                let mut certificates = writing.open_table(CERTIFICATES)?;
                let old = blocks.range(..height.0)?.take(most);
                let old = old.map(|row| row.map(|(height, _)| height.value()));
                for height in old.collect::<Result<Vec<_>, _>>()? {
                    blocks.remove(height)?;
                    certificates.remove(height)?;
                    count += 1;
                }
            }
            writing.commit()?;
            Ok(count)
        });
        forgotten.map_err(|error| told("write", &self.path, error))
    }

    fn kept_tip(&self) -> Result<Option<KeptTip>, StoreError> {
        let read = || -> Result<_, redb::Error> {
            let tip = self.database.begin_read()?.open_table(TIP)?.get(0)?;
            Ok(tip.map(|row| (row.value().0, row.value().1.to_vec())))
        };
        read().map_err(|error| told("read", &self.path, error))
    }

    fn kept_block(&self, height: Height) -> Result<Option<KeptBlock>, redb::Error> {
        let reading = self.database.begin_read()?;
        let block = reading.open_table(BLOCKS)?.get(height.0)?.map(|row| row.value().to_vec());
        let certificates = reading.open_table(CERTIFICATES)?;
        let certificate = certificates.get(height.0)?.map(|row| row.value().to_vec());
        Ok(block.zip(certificate))
    }

    fn entries(&self) -> Result<Changes, redb::Error> {
        let table = self.database.begin_read()?.open_table(ENTRIES)?;
        let mut changes = Changes::new();
        for row in table.iter()? {
            let (key, value) = row?;
            let entry = Entry { key: key.value().into(), value: value.value().into() };
            let place = chain::state::Place::of(self.network, &entry.key);
            changes.insert(place, Some(Arc::new(entry)));
        }
        Ok(changes)
    }

    fn write(
        &self,
        header: &Header,
        rows: impl FnOnce(
            &mut redb::Table<'_, u64, Bytes>,
            &mut redb::Table<'_, u64, Bytes>,
            &mut redb::Table<'_, Bytes, Bytes>,
        ) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let written = self.attempt(|database| {
            let writing = database.begin_write()?;
            rows(
                &mut writing.open_table(BLOCKS)?,
                &mut writing.open_table(CERTIFICATES)?,
                &mut writing.open_table(ENTRIES)?,
            )?;
            let tip = header.encode();
            writing.open_table(TIP)?.insert(0, (self.network.0, tip.as_slice()))?;
            writing.commit()?;
            Ok(())
        });
        written.map_err(|error| told("write", &self.path, error))
    }

    /// Writes, unless an earlier write failed: what it left nobody knows before the file is opened anew.
    fn attempt<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, redb::Error> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(redb::Error::PreviousIo);
        }
        let done = work(&self.database);
        self.failed.fetch_or(done.is_err(), Ordering::Relaxed);
        done
    }

    fn refused(&self, what: &str) -> StoreError {
        let (path, what) = (self.path.clone(), what.to_owned());
        StoreError::Chain { action: "keep a block of", path, what }
    }

    fn damaged(&self, what: &'static str) -> StoreError {
        StoreError::ChainDamaged { path: self.path.clone(), what }
    }
}

/// Makes what a book has.
fn begin(database: &Database) -> Result<(), redb::Error> {
    let writing = database.begin_write()?;
    writing.open_table(ENTRIES)?;
    writing.open_table(BLOCKS)?;
    writing.open_table(CERTIFICATES)?;
    writing.open_table(TIP)?;
    writing.commit()?;
    Ok(())
}

fn told(action: &'static str, path: &Path, error: redb::Error) -> StoreError {
    let path = path.to_path_buf();
    if matches!(error, redb::Error::DatabaseAlreadyOpen) {
        return StoreError::ChainTaken { path };
    }
    StoreError::Chain { action, path, what: error.to_string() }
}
