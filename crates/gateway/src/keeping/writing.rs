//! The thread that keeps receipts: as many as wait share one sync. What is too old leaves when it starts and from time
//! to time, whether anybody asks or not.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use receipt::log::LogLeaf;
use receipt::note::Checkpoint;
use receipt::{Inclusion, SecretKey};
use store::{KeptReceipt, LEAF_BYTES, LeafWriter, ReceiptBook, Store, StoreError};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{Message, Retention, State, ToKeep, not_now};
use crate::core::Refusal;
use crate::log::Log;
use crate::metrics::processor_time;

/// Most messages that are taken before what came is written.
const TOGETHER_MAX: usize = 256;
/// How long after many failures it is tried again.
const TRY_MOST: Duration = Duration::from_mins(1);
/// Old receipts that leave in one go.
const FORGOTTEN_AT_ONCE: usize = 256;

/// What the thread is given.
pub(super) struct Writing {
    pub(super) store: Arc<Store>,
    pub(super) book: Arc<ReceiptBook>,
    pub(super) secret: SecretKey,
    pub(super) retention: Retention,
    pub(super) log: Log,
    pub(super) state: Arc<State>,
    /// How long after a failure it is first tried again.
    pub(super) try_first: Duration,
}

/// Says that nothing more is kept, however the thread ends.
struct Ending(Arc<State>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.set_broken();
    }
}

impl Writing {
    pub(super) fn run(&self, from: &Receiver<Message>) {
        let _ending = Ending(Arc::clone(&self.state));
        let writer = match self.store.log(&self.secret.public()).writer() {
            Ok(writer) => writer,
            Err(error) => return self.log.notice(&format!("no receipt can be kept: {error}")),
        };
        let next_look = Some(Instant::now());
        let trying = Trying { wait: self.try_first, next: None };
        Thread { of: self, writer, checkpoint: None, next_look, trying, told_of_key: false }
            .run(from);
    }
}

/// What waits for one sync.
#[derive(Default)]
struct Group {
    receipts: Vec<ToKeep>,
    replies: Vec<(oneshot::Sender<Result<(), Refusal>>, OwnedSemaphorePermit)>,
}

/// When it is tried again whether receipts can be kept.
struct Trying {
    /// After the next failure. Only a receipt that was kept makes it short again.
    wait: Duration,
    /// `None` where they can, or never will.
    next: Option<Instant>,
}

impl Trying {
    fn later(&mut self) {
        self.next = Instant::now().checked_add(self.wait);
        self.wait = self.wait.saturating_mul(2).min(TRY_MOST);
    }
}

struct Thread<'a> {
    of: &'a Writing,
    writer: LeafWriter<'a>,
    /// Of the log as it is: signed once for all who ask.
    checkpoint: Option<Checkpoint>,
    /// When old receipts are looked for again; `None`: never.
    next_look: Option<Instant>,
    trying: Trying,
    told_of_key: bool,
}

impl Thread<'_> {
    fn run(&mut self, from: &Receiver<Message>) {
        loop {
            self.look();
            self.try_again();
            let next = self.next_look.into_iter().chain(self.trying.next).min();
            let message = match next {
                None => from.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => from.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            match message {
                Ok(message) => self.together(message, from),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Does what waits, so much at most.
    fn together(&mut self, first: Message, from: &Receiver<Message>) {
        let mut group = Group::default();
        self.take(first, &mut group);
        for message in from.try_iter().take(TOGETHER_MAX - 1) {
            self.take(message, &mut group);
        }
        if !group.receipts.is_empty() {
            self.keep(group);
        }
    }

    fn take(&mut self, message: Message, group: &mut Group) {
        match message {
            Message::Keep(receipt, reply, place) => {
                group.receipts.push(*receipt);
                group.replies.push((reply, place));
            }
            Message::Place(leaf, reply) => {
                // Whoever asked may have gone, here and below.
                let _ = reply.send(self.place(leaf));
            }
        }
    }

    fn place(&mut self, leaf: u64) -> Option<Inclusion> {
        let log = self.writer.log();
        let known = self.checkpoint.take().filter(|known| known.size() == log.size());
        let sign = || Checkpoint::sign(log.size(), &log.root(), &self.of.secret);
        let checkpoint = known.unwrap_or_else(sign);
        self.checkpoint = Some(checkpoint.clone());
        Inclusion::of(log, leaf, checkpoint)
    }

    fn keep(&mut self, group: Group) {
        let begun = processor_time();
        let broken = self.of.state.is_broken();
        let kept = if broken { Err(not_now()) } else { self.write(group.receipts) };
        if kept.is_ok() {
            self.trying.wait = self.of.try_first;
        }
        let (syncs, busy) = (u64::from(kept.is_ok()), processor_time().saturating_sub(begun));
        self.count(|counts| {
            counts.syncs += syncs;
            counts.busy += busy;
        });
        for (reply, _place) in group.replies {
            let _ = reply.send(kept.clone());
        }
    }

    fn write(&mut self, receipts: Vec<ToKeep>) -> Result<(), Refusal> {
        let leaves: Vec<[u8; LEAF_BYTES]> = receipts
            .iter()
            .filter_map(|kept| LogLeaf::offline(kept.receipt).encode().try_into().ok())
            .collect();
        let first = self.writer.append_all(&leaves).map_err(|error| self.broken(&error))?;
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
        self.of.book.keep(&rows).map_err(|error| self.broken(&error))
    }

    /// Lets receipts go that are too old, so many at once: the others as soon as nothing waits.
    fn look(&mut self) {
        if self.next_look.is_none_or(|at| at > Instant::now()) {
            return;
        }
        self.look_at_key();
        let retention = &self.of.retention;
        let mut wait = retention.look_every;
        if let Some(before) = retention.before().filter(|_| !self.of.state.is_broken()) {
            match self.of.book.forget_before(before, FORGOTTEN_AT_ONCE) {
                Ok(FORGOTTEN_AT_ONCE) => wait = Duration::ZERO,
                Ok(_) => {}
                Err(error) => {
                    self.broken(&error);
                }
            }
            self.count(|_| {});
        }
        self.next_look = Instant::now().checked_add(wait);
    }

    /// A key that was rotated away signs on until the server is started anew: that is said, once.
    fn look_at_key(&mut self) {
        let own = self.of.secret.public();
        let Ok(Some(now)) = self.of.store.keys().get() else { return };
        if now.public() != own && !self.told_of_key {
            self.told_of_key = true;
            let now = now.public();
            self.of.log.notice(&format!(
                "the key of this machine is {now} now, and this server signs with {own} until it is started anew"
            ));
        }
    }

    fn count(&self, change: impl FnOnce(&mut super::Kept)) {
        let (receipts, leaves) = (self.of.book.count().unwrap_or(0), self.writer.log().size());
        let mut counts = self.of.state.counts();
        (counts.receipts, counts.leaves) = (receipts, leaves);
        change(&mut counts);
    }

    /// Nothing is kept until it can be again: whoever runs the server is told why, once.
    fn broken(&mut self, error: &StoreError) -> Refusal {
        self.of.state.set_broken();
        let until = if let StoreError::LogFull { .. } = error {
            "the server is started anew, with another key (`probity key rotate`)"
        } else {
            self.trying.later();
            "receipts can be kept again, which is tried from time to time"
        };
        let what = "no receipt is kept and no question taken until";
        self.of.log.notice(&format!("{what} {until}: {error}"));
        Refusal::Fault("the answer's receipt can't be kept".into())
    }

    /// Tries whether receipts can be kept again, by writing that they are as they were.
    fn try_again(&mut self) {
        if self.trying.next.is_none_or(|at| at > Instant::now()) {
            return;
        }
        let tried = self.writer.settle().and_then(|()| self.of.book.reopen());
        if tried.is_ok() {
            self.trying.next = None;
            self.of.state.set_whole();
            self.count(|_| {});
            self.of.log.notice("receipts can be kept again");
        } else {
            self.trying.later();
        }
    }
}
