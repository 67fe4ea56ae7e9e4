//! Receipts looked up beside the thread that writes them: the book lets many read, and a log that a key signs no more
//! never grows.
//!
//! Never writes a receipt, and never signs a checkpoint of the log that is written to: the thread does.

use std::sync::{Arc, Mutex, PoisonError};

use commit::{Digest, Network};
use receipt::log::{Log, leaf_hash};
use receipt::note::Checkpoint;
use receipt::{Inclusion, PublicKey, ReceiptFile, SecretKey};
use store::{KeptReceipt, ReceiptBook, Store, StoreError};

use super::{NO_LOG, Retention, damaged};
use crate::core::Refusal;

pub(super) struct Reading {
    store: Arc<Store>,
    book: Arc<ReceiptBook>,
    worker: PublicKey,
    retention: Retention,
    log: crate::log::Log,
    /// The log of a key before this one that was asked for last.
    retired: Mutex<Option<Arc<Retired>>>,
}

/// The log of a key that signs no more receipts.
struct Retired {
    secret: SecretKey,
    log: Log,
}

impl Reading {
    pub(super) fn new(
        store: &Arc<Store>,
        book: &Arc<ReceiptBook>,
        secret: &SecretKey,
        retention: &Retention,
        log: &crate::log::Log,
    ) -> Self {
        Self {
            store: Arc::clone(store),
            book: Arc::clone(book),
            worker: secret.public(),
            retention: retention.clone(),
            log: log.clone(),
            retired: Mutex::new(None),
        }
    }

    /// The same for another time.
    #[cfg(test)]
    pub(super) fn keeping(&self, retention: Retention) -> Self {
        let mut other = Self::new(
            &self.store,
            &self.book,
            &SecretKey::from_seed([0; 32]),
            &retention,
            &self.log,
        );
        other.worker = self.worker;
        other
    }

    /// What is kept of a receipt of this owner.
    pub(super) fn kept(&self, id: &Digest, owner: &[u8; 32]) -> Result<KeptReceipt, Refusal> {
        let kept = self.book.get(id, owner).map_err(|error| self.failed(&error))?;
        let before = self.retention.before().unwrap_or(0);
        let kept = kept.filter(|kept| kept.at_s >= before);
        kept.ok_or(Refusal::NotFound("there is no such receipt of yours here"))
    }

    /// The file as its parts.
    pub(super) fn whole(&self, file: &[u8]) -> Result<ReceiptFile, Refusal> {
        ReceiptFile::parse(file, Network::OFFLINE).map_err(|refusal| {
            self.log.notice(&format!("a receipt in the book can't be read: {refusal}"));
            damaged()
        })
    }

    /// Whether this server's key signed it.
    pub(super) fn signs(&self, file: &ReceiptFile) -> bool {
        file.receipt().worker == self.worker
    }

    /// The place of a leaf in the log of a key that signed before this one; `None` where key or leaf is not here.
    pub(super) fn place(
        &self,
        worker: &PublicKey,
        leaf: u64,
    ) -> Result<Option<Inclusion>, Refusal> {
        let Some(retired) = self.retired(worker, leaf).map_err(|error| self.failed(&error))? else {
            return Ok(None);
        };
        let Retired { secret, log } = &*retired;
        let checkpoint = Checkpoint::sign(log.size(), &log.root(), secret);
        Ok(Inclusion::of(log, leaf, checkpoint))
    }

    /// Reads a log once: it is read again only for a leaf that it did not have.
    fn retired(&self, worker: &PublicKey, leaf: u64) -> Result<Option<Arc<Retired>>, StoreError> {
        let mut known = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |one: &&Arc<Retired>| one.secret.public() == *worker && leaf < one.log.size();
        if let Some(one) = known.as_ref().filter(fits) {
            return Ok(Some(Arc::clone(one)));
        }
        let Some(secret) = self.store.keys().of(worker)? else { return Ok(None) };
        let leaves = self.store.log(worker).settled()?;
        let log = Log::over(leaves.iter().map(|leaf| leaf_hash(leaf)).collect());
        let one = Arc::new(Retired { secret, log });
        *known = Some(Arc::clone(&one));
        Ok(Some(one))
    }

    /// The receipt with its place in its log.
    pub(super) fn bundle(file: &ReceiptFile, inclusion: Inclusion) -> Result<String, Refusal> {
        let (envelope, opening) = (file.envelope().clone(), file.opening().cloned());
        // A log that does not have it there is not the one that it was entered in.
        let bundle = ReceiptFile::new(envelope, opening, Some(inclusion), Network::OFFLINE);
        bundle.map(|bundle| bundle.to_json()).map_err(|_| NO_LOG)
    }

    fn failed(&self, error: &StoreError) -> Refusal {
        self.log.notice(&format!("a receipt can't be read: {error}"));
        damaged()
    }
}
