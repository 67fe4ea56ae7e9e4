//! The thread that owns a model's engine and follows answers with it while they come.
//!
//! All answers that go on share its passes. It never waits for a reader: what it found stands in a place of the answer's
//! own, the latest only. What is in a pass, and when, can't change what is found. It ends with its last handle.

use std::collections::BTreeMap;
use std::mem::discriminant;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use llm::{Model, Replay, Runner};
use receipt::{Job, Stop};
use tokio::sync::watch;
use verify::Replay as Outcome;

/// How far the choices of an answer were followed.
#[derive(Clone, Debug, Default)]
pub(super) struct Followed {
    /// Tokens found as they were delivered, by choice.
    pub(super) tokens: Vec<usize>,
    /// What came of each choice, once that is known.
    pub(super) outcomes: Vec<Option<Outcome>>,
}

/// What the thread is told.
enum Message {
    Begin { id: u64, job: Box<Job>, found: watch::Sender<Followed> },
    Tokens { id: u64, choice: u32, tokens: Vec<u32> },
    End { id: u64, stops: Vec<Stop> },
    Leave { id: u64 },
}

/// What tasks hold of the thread.
pub(super) struct Replaying {
    to: Sender<Message>,
    next: std::sync::atomic::AtomicU64,
}

/// An answer that is followed. Dropping it ends that.
pub(super) struct Following {
    id: u64,
    to: Sender<Message>,
    pub(super) found: watch::Receiver<Followed>,
}

/// Starts the thread.
pub(super) fn start(
    model: Arc<Model>,
    runner: Runner,
) -> std::io::Result<(Replaying, JoinHandle<()>)> {
    let (to, from) = channel();
    let run = move || Worker { model, runner, answers: BTreeMap::new() }.run(&from);
    let thread = thread::Builder::new().name("replay".into()).spawn(run)?;
    Ok((Replaying { to, next: std::sync::atomic::AtomicU64::new(0) }, thread))
}

impl Replaying {
    /// Begins to follow an answer to this job.
    pub(super) fn begin(&self, job: &Job) -> Following {
        let id = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (sender, found) = watch::channel(Followed::default());
        let to = self.to.clone();
        let following = Following { id, to, found };
        following.tell(Message::Begin { id, job: Box::new(job.clone()), found: sender });
        following
    }
}

impl Following {
    /// The next tokens of a choice.
    pub(super) fn tokens(&self, choice: u32, tokens: Vec<u32>) {
        self.tell(Message::Tokens { id: self.id, choice, tokens });
    }

    /// Why there are no more, by choice.
    pub(super) fn end(&self, stops: Vec<Stop>) {
        self.tell(Message::End { id: self.id, stops });
    }

    fn tell(&self, message: Message) {
        // A thread that has ended finds nothing more: whoever waits for it is told by its place.
        let _ = self.to.send(message);
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.tell(Message::Leave { id: self.id });
    }
}

struct Answer {
    choices: Vec<Replay>,
    found: watch::Sender<Followed>,
    /// Tokens that were found before an outcome was there.
    tokens: Vec<usize>,
}

struct Worker {
    model: Arc<Model>,
    runner: Runner,
    answers: BTreeMap<u64, Answer>,
}

impl Worker {
    fn run(&mut self, from: &Receiver<Message>) {
        let mut idle = true;
        loop {
            if idle {
                let Ok(message) = from.recv() else { return };
                self.take(message);
            }
            while let Ok(message) = from.try_recv() {
                self.take(message);
            }
            idle = !self.step();
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Begin { id, job, found } => {
                let choices = job.fields().choices;
                let engine = self.runner.engine();
                let follow = |choice| Replay::following(&self.model, engine, &job, choice);
                let choices: Vec<Replay> = (0..choices).map(follow).collect();
                let tokens = vec![0; choices.len()];
                self.answers.insert(id, Answer { choices, found, tokens });
            }
            Message::Tokens { id, choice, tokens } => {
                let answer = self.answers.get_mut(&id);
                let choice = usize::try_from(choice).unwrap_or(usize::MAX);
                if let Some(replay) = answer.and_then(|answer| answer.choices.get_mut(choice)) {
                    replay.follow(&tokens);
                }
            }
            Message::End { id, stops } => {
                let answer = self.answers.get_mut(&id);
                let choices = answer.map(|answer| answer.choices.as_mut_slice());
                for (replay, stop) in choices.unwrap_or_default().iter_mut().zip(stops) {
                    replay.end(&self.model, stop);
                }
            }
            Message::Leave { id } => {
                self.answers.remove(&id);
            }
        }
    }

    /// One pass; false where there was nothing to do.
    fn step(&mut self) -> bool {
        let state = |replay: &Replay| (replay.progress().0, replay.outcome().map(discriminant));
        let all = self.answers.values_mut().flat_map(|answer| &mut answer.choices);
        let mut all: Vec<&mut Replay> = all.collect();
        let before: Vec<_> = all.iter().map(|replay| state(replay)).collect();
        self.runner.replay(&mut all);
        let went_on = all.iter().zip(before).any(|(replay, before)| state(replay) != before);
        for answer in self.answers.values_mut() {
            answer.tell();
        }
        went_on
    }
}

impl Answer {
    /// Puts down what was found.
    fn tell(&mut self) {
        for (known, replay) in self.tokens.iter_mut().zip(&self.choices) {
            *known = replay.followed().max(*known);
        }
        let outcomes: Vec<Option<Outcome>> =
            self.choices.iter().map(|replay| replay.outcome().cloned()).collect();
        let tokens = &self.tokens;
        self.found.send_if_modified(|found| {
            let changed = found.tokens != *tokens || found.outcomes != outcomes;
            if changed {
                *found = Followed { tokens: tokens.clone(), outcomes };
            }
            changed
        });
    }
}
