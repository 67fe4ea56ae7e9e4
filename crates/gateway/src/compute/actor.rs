//! The loop of the computing thread, and the handle that tasks hold.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use llm::schedule::{Asked, SchedulerLimits};
use text::grammar::Constraint;
use tokio::sync::{mpsc, oneshot, watch};

use super::description::Description;
use super::known::Known;
use super::message::{
    AnswerId, Begin, DescribeModel, Figures, Happening, LoadModel, Message, ModelEntry, Served,
};
use super::state::State;
use crate::core::Refusal;

/// What tasks hold of the thread.
#[derive(Clone)]
pub(crate) struct Compute {
    to: Sender<Message>,
    names: Arc<Vec<String>>,
    known: Arc<Known>,
    /// Closed when the thread has ended, however it did.
    ended: watch::Receiver<()>,
}

/// An answer that is being computed. Dropping it cancels it; one that has ended stays as it is.
pub(crate) struct Running {
    id: AnswerId,
    to: Sender<Message>,
    pub(crate) happenings: mpsc::Receiver<Happening>,
    /// Closed once all of it is computed; some of it may wait to happen still.
    pub(crate) computed: watch::Receiver<()>,
    too_slow: Arc<AtomicBool>,
}

/// Starts the thread.
pub(crate) fn start(
    entries: Vec<ModelEntry>,
    memory_max: u64,
    limits: SchedulerLimits,
    gap: Duration,
    load: Arc<LoadModel>,
    describe: Arc<DescribeModel>,
) -> std::io::Result<(Compute, JoinHandle<()>)> {
    let (to, from) = channel();
    let names = Arc::new(entries.iter().map(|entry| entry.name.clone()).collect());
    let mut worker = Worker { from, to: to.clone(), load, names: Arc::clone(&names) };
    let known = Arc::new(Known::new(entries.len(), describe));
    let state = State::new(entries, memory_max, limits, gap, Arc::clone(&known));
    let (lives, ended) = watch::channel(());
    let thread = thread::Builder::new().name("compute".into()).spawn(move || {
        worker.run(state);
        drop(lives);
    })?;
    Ok((Compute { to, names, known, ended }, thread))
}

struct Worker {
    from: Receiver<Message>,
    to: Sender<Message>,
    load: Arc<LoadModel>,
    names: Arc<Vec<String>>,
}

impl Worker {
    fn run(&mut self, mut state: State) {
        let mut stopping = false;
        while !(stopping && state.is_done()) {
            if state.is_idle() {
                // The sender in `self` keeps the channel open.
                let Ok(message) = self.from.recv() else { return };
                stopping |= take(&mut state, message);
            }
            while let Ok(message) = self.from.try_recv() {
                stopping |= take(&mut state, message);
            }
            let began = Instant::now();
            if let Some(model) = state.step() {
                state.took(model, began.elapsed());
            }
            // After the step: what has just ended may have made room.
            for model in state.take_loads() {
                self.load(&mut state, model);
            }
        }
    }

    /// Makes a model ready on a thread of its own.
    fn load(&self, state: &mut State, model: usize) {
        let (load, to, names) = (Arc::clone(&self.load), self.to.clone(), Arc::clone(&self.names));
        let started = thread::Builder::new().name("load".into()).spawn(move || {
            // Whoever waits for it must hear, whatever happens.
            let loaded = catch_unwind(AssertUnwindSafe(|| load(&names[model])));
            let loaded = loaded.unwrap_or_else(|_| Err("its loading panicked".into()));
            let loaded = loaded.map(Box::new);
            if let Ok(loaded) = &loaded {
                // The first answer that follows a grammar need not wait for it; one that can't is told why.
                let _ = loaded.model.grammar_tokens();
            }
            // The thread that wants it may have ended.
            let _ = to.send(Message::Loaded { model, loaded });
        });
        if let Err(error) = started {
            state.loaded(model, Err(format!("no thread for it: {error}")));
        }
    }
}

/// Whether it is to stop.
fn take(state: &mut State, message: Message) -> bool {
    match message {
        Message::Ready { model, reply } => state.ready(model, reply),
        Message::Begin(begin) => state.begin(begin),
        Message::Cancel(id) => state.cancel(id),
        Message::Loaded { model, loaded } => state.loaded(model, loaded),
        Message::Figures(reply) => {
            let _ = reply.send(state.figures());
        }
        Message::CancelAll => state.cancel_all(),
        Message::Stop => return true,
    }
    false
}

impl Compute {
    /// The names of the models, in order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether a model can be asked without being loaded first.
    pub(crate) fn is_loaded(&self, model: usize) -> bool {
        self.known.get(model).is_some()
    }

    /// What is known of a model, loaded or not.
    pub(crate) async fn describe(&self, model: usize) -> Option<Description> {
        self.known.describe(model, self.names.get(model)?).await
    }

    /// A model, made ready if need be. One that is loaded is there at once: the thread may be in the middle of a pass.
    pub(crate) async fn ready(&self, model: usize) -> Result<Served, Refusal> {
        if let Some(served) = self.known.get(model) {
            return Ok(served);
        }
        let (reply, answer) = oneshot::channel();
        self.send(Message::Ready { model, reply });
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Begins an answer; at most `waiting_max` pieces of it wait for their reader.
    pub(crate) async fn begin(
        &self,
        model: usize,
        asked: Asked,
        constraint: Option<Constraint>,
        waiting_max: usize,
    ) -> Result<Running, Refusal> {
        let (reply, answer) = oneshot::channel();
        let (events, happenings) = mpsc::channel(waiting_max.max(1));
        let too_slow = Arc::<AtomicBool>::default();
        let told = Arc::clone(&too_slow);
        let (computing, computed) = watch::channel(());
        let begin = Begin { model, asked, constraint, events, too_slow: told, computing, reply };
        self.send(Message::Begin(Box::new(begin)));
        let id = answer.await.unwrap_or_else(|_| Err(gone()))?;
        Ok(Running { id, to: self.to.clone(), happenings, computed, too_slow })
    }

    /// How it goes.
    pub(crate) async fn figures(&self) -> Result<Figures, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Figures(reply));
        answer.await.map_err(|_| gone())
    }

    /// Ends every answer where it stands.
    pub(crate) fn cancel_all(&self) {
        self.send(Message::CancelAll);
    }

    /// Waits until the thread has ended: nothing is computed any more.
    pub(crate) async fn ended(&self) {
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }

    /// Ends the thread once nothing runs.
    pub(crate) fn stop(&self) {
        self.send(Message::Stop);
    }

    fn send(&self, message: Message) {
        // A thread that has ended takes nothing; whoever waits for its reply is told.
        let _ = self.to.send(message);
    }
}

impl Running {
    /// Nobody wants the rest: its last piece comes with the next pass.
    pub(crate) fn cancel(&self) {
        let _ = self.to.send(Message::Cancel(self.id));
    }
}

impl Running {
    /// Whether nothing more happens because too much waited for its reader.
    pub(crate) fn was_too_slow(&self) -> bool {
        self.too_slow.load(Ordering::SeqCst)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cancel();
    }
}

fn gone() -> Refusal {
    Refusal::Unavailable("the server is stopping".into())
}
