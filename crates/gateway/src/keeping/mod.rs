//! Receipts made durable before they are given out: their leaves in the log, themselves in the book.
//!
//! One thread does all of it, so that many endings share one sync. After a failed write it keeps nothing more: whoever
//! ends then is told so, and gets no receipt. Never shows a receipt to anybody but its owner.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use commit::{Digest, Network};
use receipt::log::LogLeaf;
use receipt::note::Checkpoint;
use receipt::{Inclusion, ReceiptFile, SecretKey};
use store::{KeptReceipt, LEAF_BYTES, LeafWriter, ReceiptBook, Store, StoreError};
use tokio::sync::oneshot;

use crate::core::Refusal;
use crate::metrics::processor_time;

/// Most receipts that share one sync.
const TOGETHER_MAX: usize = 256;
/// Most requests that wait for the thread.
const WAITING_MAX: usize = 4096;
/// Old receipts that leave in one go.
const FORGOTTEN_AT_ONCE: usize = 256;

/// A receipt to be kept.
pub(crate) struct ToKeep {
    pub(crate) job: Digest,
    pub(crate) receipt: Digest,
    pub(crate) owner: [u8; 32],
    pub(crate) at_s: u64,
    pub(crate) file: String,
}

/// What the thread is told.
enum Message {
    Keep(Box<ToKeep>, oneshot::Sender<Result<(), Refusal>>),
    Get {
        id: Digest,
        owner: [u8; 32],
        bundle: bool,
        reply: oneshot::Sender<Result<String, Refusal>>,
    },
    Count(oneshot::Sender<Kept>),
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) receipts: u64,
    pub(crate) leaves: u64,
    pub(crate) syncs: u64,
    pub(crate) broken: bool,
    /// Processor time spent on keeping.
    pub(crate) busy: Duration,
}

/// What tasks hold of the thread.
#[derive(Clone)]
pub(crate) struct Keeper(SyncSender<Message>);

/// Starts the thread; it ends with the last handle.
pub(crate) fn start(
    store: Store,
    book: ReceiptBook,
    secret: SecretKey,
    retention_s: Option<u64>,
) -> Result<(Keeper, JoinHandle<()>), StoreError> {
    // Found out before anything is answered: a log that can't be used.
    store.log(&secret.public()).writer()?;
    let (to, from) = sync_channel(WAITING_MAX);
    let run = move || {
        let Ok(writer) = store.log(&secret.public()).writer() else { return };
        let counts = Kept::default();
        Thread { writer, book: &book, secret: &secret, retention_s, counts }.run(&from);
    };
    let thread = thread::Builder::new().name("receipts".into()).spawn(run);
    let thread = thread.map_err(|source| StoreError::Io {
        action: "start the thread that keeps receipts for",
        path: "this process".into(),
        source,
    })?;
    Ok((Keeper(to), thread))
}

impl Keeper {
    /// Keeps a receipt; durable when this returns.
    pub(crate) async fn keep(&self, receipt: ToKeep) -> Result<(), Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Keep(Box::new(receipt), reply))?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// A receipt file of this owner, or its bundle.
    pub(crate) async fn get(
        &self,
        id: Digest,
        owner: [u8; 32],
        bundle: bool,
    ) -> Result<String, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Get { id, owner, bundle, reply })?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// How much is kept.
    pub(crate) async fn kept(&self) -> Result<Kept, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Count(reply))?;
        answer.await.map_err(|_| gone())
    }

    fn send(&self, message: Message) -> Result<(), Refusal> {
        self.0.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::Busy {
                what: "too many receipts are being written".into(),
                retry_after_s: 1,
            },
            TrySendError::Disconnected(_) => gone(),
        })
    }
}

fn gone() -> Refusal {
    Refusal::Unavailable(
        "no receipt can be kept any more: the server has to be started anew".into(),
    )
}

/// What waits for one sync.
#[derive(Default)]
struct Group {
    receipts: Vec<ToKeep>,
    replies: Vec<oneshot::Sender<Result<(), Refusal>>>,
}

struct Thread<'a> {
    writer: LeafWriter<'a>,
    book: &'a ReceiptBook,
    secret: &'a SecretKey,
    retention_s: Option<u64>,
    counts: Kept,
}

impl Thread<'_> {
    fn run(&mut self, from: &Receiver<Message>) {
        while let Ok(message) = from.recv() {
            let mut group = Group::default();
            self.take(message, &mut group);
            while group.receipts.len() < TOGETHER_MAX
                && let Ok(message) = from.try_recv()
            {
                self.take(message, &mut group);
            }
            if !group.receipts.is_empty() {
                self.keep(group);
            }
        }
    }

    fn take(&mut self, message: Message, group: &mut Group) {
        match message {
            Message::Keep(receipt, reply) => {
                group.receipts.push(*receipt);
                group.replies.push(reply);
            }
            Message::Get { id, owner, bundle, reply } => {
                // Whoever asked may have gone, here and below.
                let _ = reply.send(self.get(&id, &owner, bundle));
            }
            Message::Count(reply) => {
                let receipts = self.book.count().unwrap_or(0);
                let leaves = self.writer.log().size();
                let _ = reply.send(Kept { receipts, leaves, ..self.counts });
            }
        }
    }

    fn keep(&mut self, group: Group) {
        let begun = processor_time();
        let kept = if self.counts.broken { Err(gone()) } else { self.write(group.receipts) };
        self.counts.busy += processor_time().saturating_sub(begun);
        self.counts.broken |= kept.is_err();
        for reply in group.replies {
            let _ = reply.send(kept.clone());
        }
    }

    fn write(&mut self, receipts: Vec<ToKeep>) -> Result<(), Refusal> {
        let failed = |error: StoreError| {
            Refusal::Fault(format!("the answer's receipt can't be kept: {error}"))
        };
        let leaves: Vec<[u8; LEAF_BYTES]> = receipts
            .iter()
            .filter_map(|kept| LogLeaf::offline(kept.receipt).encode().try_into().ok())
            .collect();
        let first = self.writer.append_all(&leaves).map_err(failed)?;
        let now_s = receipts.iter().map(|kept| kept.at_s).max().unwrap_or(0);
        let numbered = receipts.into_iter().zip(first..);
        let rows: Vec<KeptReceipt> = numbered
            .map(|(kept, leaf)| KeptReceipt {
                job: kept.job,
                receipt: kept.receipt,
                owner: kept.owner,
                leaf,
                at_s: kept.at_s,
                file: kept.file.into_bytes(),
            })
            .collect();
        self.book.keep(&rows).map_err(failed)?;
        self.counts.syncs += 1;
        if let Some(retention_s) = self.retention_s {
            let before = now_s.saturating_sub(retention_s);
            self.book.forget_before(before, FORGOTTEN_AT_ONCE).map_err(failed)?;
        }
        Ok(())
    }

    fn get(&self, id: &Digest, owner: &[u8; 32], bundle: bool) -> Result<String, Refusal> {
        let failed = |error: &dyn core::fmt::Display| {
            Refusal::Fault(format!("the receipt can't be read: {error}"))
        };
        let kept = self.book.get(id, owner).map_err(|error| failed(&error))?;
        let kept = kept.ok_or(Refusal::NotFound("there is no such receipt of yours here"))?;
        if !bundle {
            return String::from_utf8(kept.file).map_err(|error| failed(&error));
        }
        let log = self.writer.log();
        let checkpoint = Checkpoint::sign(log.size(), &log.root(), self.secret);
        let inclusion = Inclusion::of(log, kept.leaf, checkpoint);
        let file =
            ReceiptFile::parse(&kept.file, Network::OFFLINE).map_err(|error| failed(&error))?;
        let (envelope, opening) = (file.envelope().clone(), file.opening().cloned());
        let bundle = ReceiptFile::new(envelope, opening, inclusion, Network::OFFLINE);
        bundle.map(|bundle| bundle.to_json()).map_err(|error| failed(&error))
    }
}
