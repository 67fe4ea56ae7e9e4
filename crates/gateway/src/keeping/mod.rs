//! Receipts made durable before they are given out: their leaves in the log, themselves in the book.
//!
//! One thread writes (`writing`), so that many endings share one sync; whoever asks for a receipt reads beside it
//! (`reading`). After a failed write nothing is kept until a trial write goes through: whoever ends before is told so, and
//! gets no receipt. What failed is told to whoever runs the server, with its place; who asks learns only that it did. Never shows a receipt to anybody
//! but its owner, nor one that is older than receipts are kept.

mod reading;
#[cfg(test)]
mod tests;
mod writing;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use commit::Digest;
use receipt::{Inclusion, SecretKey};
use store::{ReceiptBook, Store, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::core::Refusal;
use crate::log::Log;
use reading::Reading;
use writing::Writing;

/// Most receipts that wait for the thread: those beyond wait for a place.
const WAITING_MAX: usize = 4096;
/// Most receipts that are read at once: the others wait.
const READING_MAX: usize = 2;
/// How often old receipts are looked for.
const LOOK_EVERY: Duration = Duration::from_hours(1);
/// How long after a failed write it is first tried again.
pub(crate) const TRY_FIRST: Duration = Duration::from_secs(1);

/// A receipt to be kept.
pub(crate) struct ToKeep {
    pub(crate) job: Digest,
    pub(crate) receipt: Digest,
    pub(crate) owner: [u8; 32],
    pub(crate) at_s: u64,
    pub(crate) file: String,
}

/// Where receipts go, for how long, and who is told of what goes wrong.
pub(crate) struct Keeping {
    pub(crate) store: Store,
    pub(crate) book: ReceiptBook,
    pub(crate) secret: SecretKey,
    pub(crate) retention: Retention,
    pub(crate) log: Log,
    /// How long after a failure it is first tried again.
    pub(crate) try_first: Duration,
}

/// For how long receipts are kept.
#[derive(Clone)]
pub(crate) struct Retention {
    /// `None`: for ever.
    pub(crate) seconds: Option<u64>,
    /// How often those that are older are looked for.
    pub(crate) look_every: Duration,
    /// Seconds since 1970.
    pub(crate) now_s: fn() -> u64,
}

impl Retention {
    /// By the system's clock.
    pub(crate) fn new(seconds: Option<u64>) -> Self {
        Self { seconds, look_every: LOOK_EVERY, now_s }
    }

    /// The time before which receipts are too old.
    fn before(&self) -> Option<u64> {
        self.seconds.map(|seconds| (self.now_s)().saturating_sub(seconds))
    }
}

/// Seconds since 1970.
pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What the thread is told. Each has its place in the queue while it waits.
enum Message {
    Keep(Box<ToKeep>, oneshot::Sender<Result<(), Refusal>>, OwnedSemaphorePermit),
    /// What binds a leaf to the log as it is now.
    Place(u64, oneshot::Sender<Option<Inclusion>>),
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

/// What the thread says of itself, to be read at any time.
struct State {
    counts: Mutex<Kept>,
    broken: AtomicBool,
}

impl State {
    fn counts(&self) -> MutexGuard<'_, Kept> {
        // Numbers that a panic elsewhere leaves whole.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    fn set_broken(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }

    fn set_whole(&self) {
        self.broken.store(false, Ordering::SeqCst);
    }
}

/// What tasks hold of the thread.
#[derive(Clone)]
pub(crate) struct Keeper {
    to: Sender<Message>,
    places: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    reading: Arc<Reading>,
    state: Arc<State>,
}

/// Starts the thread; it ends with the last handle.
pub(crate) fn start(keeping: Keeping) -> Result<(Keeper, JoinHandle<()>), StoreError> {
    let Keeping { store, book, secret, retention, log, try_first } = keeping;
    // Found out before anything is answered: a log that can't be used.
    let leaves = store.log(&secret.public()).writer()?.log().size();
    let counts = Kept { receipts: book.count()?, leaves, ..Kept::default() };
    let state = Arc::new(State { counts: Mutex::new(counts), broken: AtomicBool::new(false) });
    let (store, book) = (Arc::new(store), Arc::new(book));
    let (to, from) = channel();
    let reading = Reading::new(&store, &book, &secret, &retention, &log);
    let state_of = Arc::clone(&state);
    let writing = Writing { store, book, secret, retention, log, state: state_of, try_first };
    let thread = thread::Builder::new().name("receipts".into()).spawn(move || writing.run(&from));
    let thread = thread.map_err(|source| StoreError::Io {
        action: "start the thread that keeps receipts for",
        path: "this process".into(),
        source,
    })?;
    let keeper = Keeper {
        to,
        places: Arc::new(Semaphore::new(WAITING_MAX)),
        readers: Arc::new(Semaphore::new(READING_MAX)),
        reading: Arc::new(reading),
        state,
    };
    Ok((keeper, thread))
}

impl Keeper {
    /// Keeps a receipt; durable when this returns. It waits for its turn: an answer that was delivered is never without
    /// its receipt because many end at once.
    pub(crate) async fn keep(&self, receipt: ToKeep) -> Result<(), Refusal> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| gone())?;
        let (reply, answer) = oneshot::channel();
        self.send(Message::Keep(Box::new(receipt), reply, place))?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// A receipt file of this owner, or its bundle.
    pub(crate) async fn get(
        &self,
        id: Digest,
        owner: [u8; 32],
        bundle: bool,
    ) -> Result<String, Refusal> {
        let turn = Arc::clone(&self.readers).acquire_owned().await.map_err(|_| gone())?;
        let reading = Arc::clone(&self.reading);
        let kept = blocking(move || reading.kept(&id, &owner)).await??;
        if !bundle {
            return String::from_utf8(kept.file).map_err(|_| damaged());
        }
        let reading = Arc::clone(&self.reading);
        let (leaf, file) = (kept.leaf, kept.file);
        let whole = blocking(move || reading.whole(&file)).await??;
        let inclusion = if self.reading.signs(&whole) {
            let (reply, answer) = oneshot::channel();
            self.send(Message::Place(leaf, reply))?;
            answer.await.map_err(|_| gone())?
        } else {
            let (reading, worker) = (Arc::clone(&self.reading), whole.receipt().worker);
            blocking(move || reading.place(&worker, leaf)).await??
        };
        let inclusion = inclusion.ok_or(NO_LOG)?;
        let bundle = blocking(move || Reading::bundle(&whole, inclusion)).await?;
        drop(turn);
        bundle
    }

    /// How much is kept.
    pub(crate) fn kept(&self) -> Kept {
        Kept { broken: self.state.is_broken(), ..*self.state.counts() }
    }

    /// Whether receipts can be kept.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if self.state.is_broken() { Err(not_now()) } else { Ok(()) }
    }

    fn send(&self, message: Message) -> Result<(), Refusal> {
        self.to.send(message).map_err(|_| gone())
    }
}

/// The key of a receipt may be here no more, nor its log.
const NO_LOG: Refusal = Refusal::NotFound(
    "the log in which this receipt stands is not here: the receipt itself is, without /bundle",
);

fn gone() -> Refusal {
    Refusal::Unavailable(
        "no receipt can be kept any more: the server has to be started anew".into(),
    )
}

fn not_now() -> Refusal {
    Refusal::Unavailable("no receipt can be kept now, so nothing is answered".into())
}

fn damaged() -> Refusal {
    Refusal::Fault("the receipt can't be read".into())
}

/// What reads files stands beside what answers.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(|_| damaged())
}
