//! A network's blocks, and the state after the last of them: one file of a small database (redb).
//!
//! The entries of the state are kept as they are after the last block (the snapshot), and every block with its
//! certificate (the log). What was put in is durable when the call returns, a block with all it changed or nothing of it.
//! Old blocks can be forgotten; the headers that lead from seats to seats, or from group to group, stay, for whoever follows the network by links
//! (`spec/ledger.md` 11). Never judges a block and never executes one: it keeps what the ledger's rules made, and refuses
//! what does not go on from what is kept. The state is made again from
//! its entries when it is asked for, and held against the header that commits to it. After a failed write the book takes
//! no other: the instance ends, and the next one goes on from the last block.
//!
//! A commit has two phases: pages first, then the word that they hold. In one phase a checksum that anybody can compute
//! tells a page that was written from one that was not, and what stands in pages comes from strangers. The allocator's
//! state is kept too, so that a process that died is not followed by a walk through the whole file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chain::state::{Changes, Entry, State};
use chain::{Block, Certificate, Certifiers, Header, Height, transactions_root};
use commit::{Network, Reader};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::database;
use crate::disk::Disk;
use crate::error::StoreError;

type Bytes = &'static [u8];
/// The state: record by key.
const ENTRIES: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("entries v1");
/// Blocks by height; genesis has none.
const BLOCKS: TableDefinition<'_, u64, Bytes> = TableDefinition::new("blocks v1");
/// Certificates by height.
const CERTIFICATES: TableDefinition<'_, u64, Bytes> = TableDefinition::new("certificates v1");
/// By height: the headers that name other seats, or another group, than certified them, their certificates, and the record
/// of these. They stay.
const LINKS: TableDefinition<'_, u64, (Bytes, Bytes, Bytes)> = TableDefinition::new("links v1");
/// The network's id and the last header, under 0.
const TIP: TableDefinition<'_, u8, ([u8; 32], Bytes)> = TableDefinition::new("tip v1");

/// The network's id, and the header's bytes.
type KeptTip = ([u8; 32], Vec<u8>);
/// The bytes of a block and of its certificate.
type KeptBlock = (Vec<u8>, Vec<u8>);
/// The bytes of a link's header, of its certificate and of its seats or its group.
type LinkBytes = (Vec<u8>, Vec<u8>, Vec<u8>);

/// The tables that a block is written to.
struct Rows<'a> {
    blocks: redb::Table<'a, u64, Bytes>,
    certificates: redb::Table<'a, u64, Bytes>,
    entries: redb::Table<'a, Bytes, Bytes>,
    links: redb::Table<'a, u64, (Bytes, Bytes, Bytes)>,
}

/// Where a chain has come to.
#[derive(Clone, Debug)]
pub struct Tip {
    /// The last header.
    pub header: Header,
    /// The state after it.
    pub state: State,
}

/// A header that leads on whoever follows the network without its blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptLink {
    /// The header.
    pub header: Header,
    /// Who took it.
    pub certificate: Certificate,
    /// The seats or the group that it names, where they are not those that certify it.
    pub seats: Option<Certifiers>,
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
        database::make(&Disk::default(), path, told, begin)?;
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
    /// [`StoreError`], where the state is not that of the header too; [`StoreError::ChainDamaged`] where something is kept
    /// already.
    pub fn begin(&self, header: &Header, state: &State) -> Result<(), StoreError> {
        if self.kept_tip()?.is_some() {
            return Err(self.damaged("it has begun before"));
        }
        self.is_of(header, state)?;
        self.write(header, |rows| {
            for entry in state.entries() {
                rows.entries.insert(&*entry.key, &*entry.value)?;
            }
            Ok(())
        })
    }

    /// Keeps the next block, with its certificate and what it changed between the two states: all of it, durably, or
    /// nothing. The state before is the one that is kept.
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
        let header = &block.header;
        let Some(last) = self.last()? else { return Err(self.refused("nothing has begun")) };
        if last.hash(self.network) != header.parent || last.height.next() != header.height {
            return Err(self.refused("it does not follow the last one"));
        }
        if before.network() != self.network || before.root() != last.state_root {
            return Err(self.refused("the state before it is not that of the last header"));
        }
        let root = transactions_root(self.network, &block.transactions);
        let count = u32::try_from(block.transactions.len());
        if count != Ok(header.transactions) || root != header.transactions_root {
            return Err(self.refused("its transactions are not those of its header"));
        }
        let seats = self.is_of(header, after)?;
        let (height, certificate) = (header.height.0, certificate.encode());
        self.write(header, |rows| {
            rows.blocks.insert(height, block.encode().as_slice())?;
            rows.certificates.insert(height, certificate.as_slice())?;
            if last.seats != header.seats {
                let header = header.encode();
                let link = (header.as_slice(), certificate.as_slice(), seats.as_slice());
                rows.links.insert(height, link)?;
            }
            for (place, entry) in after.since(before) {
                match (entry, before.entry(&place)) {
                    (Some(entry), _) => drop(rows.entries.insert(&*entry.key, &*entry.value)?),
                    (None, Some(gone)) => drop(rows.entries.remove(&*gone.key)?),
                    (None, None) => {}
                }
            }
            Ok(())
        })
    }

    /// Whether a state is the one that a header commits to, with its seats: their record's bytes.
    fn is_of(&self, header: &Header, state: &State) -> Result<Vec<u8>, StoreError> {
        if state.network() != self.network || state.root() != header.state_root {
            return Err(self.refused("the state is not that of its header"));
        }
        let after = Certifiers::after(state);
        let after = after.filter(|after| after.digest(self.network) == header.seats);
        let after = after.ok_or_else(|| self.refused("the seats are not those of its header"))?;
        Ok(after.encode())
    }

    /// Where the chain has come to; `None` where nothing has begun.
    ///
    /// # Errors
    /// [`StoreError::ChainDamaged`] where the entries are not those that the header commits to.
    pub fn tip(&self) -> Result<Option<Tip>, StoreError> {
        let Some(header) = self.last()? else { return Ok(None) };
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

    /// Headers that lead from what is known at a height to the last block, so many at most: those behind it that name
    /// other seats, and at the end the last one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn links(&self, behind: Height, most: usize) -> Result<Vec<KeptLink>, StoreError> {
        let told = |error| told("read", &self.path, error);
        let mut links = Vec::new();
        for (header, certificate, seats) in self.kept_links(behind, most).map_err(told)? {
            links.push(self.link(&header, &certificate, Some(&seats))?);
        }
        let Some(last) = self.last()? else { return Ok(links) };
        let led = links.last().map_or(behind, |link| link.header.height);
        if last.height <= led || links.len() >= most {
            return Ok(links);
        }
        let kept = self.kept_block(last.height).map_err(told)?;
        let (_, certificate) = kept.ok_or_else(|| self.damaged("its last block"))?;
        links.push(self.link(&last.encode(), &certificate, None)?);
        Ok(links)
    }

    fn link(
        &self,
        header: &[u8],
        certificate: &[u8],
        seats: Option<&[u8]>,
    ) -> Result<KeptLink, StoreError> {
        let header = Header::decode(header).map_err(|_| self.damaged("the header of a link"))?;
        let certificate = Certificate::decode(certificate);
        let certificate = certificate.map_err(|_| self.damaged("the certificate of a link"))?;
        let named = |bytes| {
            let mut input = Reader::new(bytes);
            let named = Certifiers::read_after(&certificate, &mut input)?;
            input.end("the record").map(|()| named)
        };
        let seats = seats.map(named).transpose();
        let seats = seats.map_err(|_| self.damaged("the seats of a link"))?;
        Ok(KeptLink { header, certificate, seats })
    }

    /// Forgets the blocks below a height, so many at most; how many. The state stays, the last block, and what
    /// [`Self::links`] shows.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_below(&self, height: Height, most: usize) -> Result<usize, StoreError> {
        let Some(last) = self.last()? else { return Ok(0) };
        let below = height.min(last.height);
        let forgotten = self.attempt(|database| {
            let writing = begin_write(database)?;
            let mut count = 0;
            {
                let mut blocks = writing.open_table(BLOCKS)?;
                let mut certificates = writing.open_table(CERTIFICATES)?;
                let old = blocks.range(..below.0)?.take(most);
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

    fn last(&self) -> Result<Option<Header>, StoreError> {
        let Some((_, header)) = self.kept_tip()? else { return Ok(None) };
        Header::decode(&header).map(Some).map_err(|_| self.damaged("its last header"))
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

    fn kept_links(&self, behind: Height, most: usize) -> Result<Vec<LinkBytes>, redb::Error> {
        let table = self.database.begin_read()?.open_table(LINKS)?;
        let mut links = Vec::new();
        for row in table.range(behind.0.saturating_add(1)..)?.take(most) {
            let (_, row) = row?;
            let (header, certificate, seats) = row.value();
            links.push((header.to_vec(), certificate.to_vec(), seats.to_vec()));
        }
        Ok(links)
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
        fill: impl FnOnce(&mut Rows<'_>) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let written = self.attempt(|database| {
            let writing = begin_write(database)?;
            {
                let mut rows = Rows {
                    blocks: writing.open_table(BLOCKS)?,
                    certificates: writing.open_table(CERTIFICATES)?,
                    entries: writing.open_table(ENTRIES)?,
                    links: writing.open_table(LINKS)?,
                };
                fill(&mut rows)?;
            }
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

/// Begins a write that will be committed in two phases.
fn begin_write(database: &Database) -> Result<redb::WriteTransaction, redb::Error> {
    let mut writing = database.begin_write()?;
    writing.set_quick_repair(true);
    Ok(writing)
}

/// Makes what a book has.
fn begin(database: &Database) -> Result<(), redb::Error> {
    let writing = begin_write(database)?;
    writing.open_table(ENTRIES)?;
    writing.open_table(BLOCKS)?;
    writing.open_table(CERTIFICATES)?;
    writing.open_table(LINKS)?;
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
