//! Which models are loaded, whose answers run, and what each step gave: sync, without a clock.
//!
//! Invariants: a model with answers is never put out; the bytes of those loaded and loading are never more than the
//! limit; every question gets one reply, and every answer that began one last happening for each choice, unless its
//! reader has gone.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;

use llm::schedule::{Gauges, Progress, Scheduler, SchedulerLimits, Ticket};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::known::Known;
use super::message::{
    AnswerId, Begin, Figures, Happening, Loaded, ModelEntry, ModelFigures, Served, refusal,
};
use crate::core::{Refusal, logprob};

/// All there is.
pub(crate) struct State {
    slots: Vec<Slot>,
    memory_max: u64,
    limits: SchedulerLimits,
    answers: BTreeMap<(usize, Ticket), Answer>,
    tickets: BTreeMap<AnswerId, (usize, Ticket)>,
    next: u64,
    /// Counts uses, so that the least recently used is known.
    uses: u64,
    /// Whose turn it is.
    turn: usize,
    slow_readers: u64,
    evictions: u64,
    loads: u64,
    known: Arc<Known>,
}

/// A model, loaded or not.
struct Slot {
    entry: ModelEntry,
    place: Place,
    waiting: VecDeque<Waiting>,
    used: u64,
}

enum Place {
    Out,
    /// Wanted, and being made ready.
    Coming,
    In(Box<In>),
}

struct In {
    served: Served,
    scheduler: Scheduler,
    frac: u8,
}

enum Waiting {
    Ready(oneshot::Sender<Result<Served, Refusal>>),
    Begin(Box<Begin>),
}

struct Answer {
    id: AnswerId,
    /// `None` once its reader was too slow, or has gone: nothing comes after a gap.
    events: Option<mpsc::Sender<Happening>>,
    logprobs: Option<u8>,
    /// Choices that go on.
    left: u32,
}

impl State {
    pub(super) fn new(
        entries: Vec<ModelEntry>,
        memory_max: u64,
        limits: SchedulerLimits,
        known: Arc<Known>,
    ) -> Self {
        let slot = |entry| Slot { entry, place: Place::Out, waiting: VecDeque::new(), used: 0 };
        Self {
            slots: entries.into_iter().map(slot).collect(),
            memory_max,
            limits,
            answers: BTreeMap::new(),
            tickets: BTreeMap::new(),
            next: 0,
            uses: 0,
            turn: 0,
            slow_readers: 0,
            evictions: 0,
            loads: 0,
            known,
        }
    }

    /// Somebody wants to know a model; it is made ready if need be.
    pub(crate) fn ready(&mut self, model: usize, reply: oneshot::Sender<Result<Served, Refusal>>) {
        self.want(model, Waiting::Ready(reply));
    }

    /// Somebody asks.
    pub(crate) fn begin(&mut self, begin: Box<Begin>) {
        self.want(begin.model, Waiting::Begin(begin));
    }

    fn want(&mut self, model: usize, waiting: Waiting) {
        self.uses += 1;
        let uses = self.uses;
        let Some(slot) = self.slots.get_mut(model) else { return waiting.refuse(&unknown()) };
        slot.used = uses;
        match slot.place {
            Place::In(_) => self.serve(model, waiting),
            Place::Out | Place::Coming => slot.waiting.push_back(waiting),
        }
    }

    /// Does for a loaded model what was asked.
    fn serve(&mut self, model: usize, waiting: Waiting) {
        let Some(Slot { place: Place::In(inside), .. }) = self.slots.get_mut(model) else {
            return waiting.refuse(&unknown());
        };
        match waiting {
            Waiting::Ready(reply) => {
                // Whoever asked may have gone.
                let _ = reply.send(Ok(inside.served.clone()));
            }
            Waiting::Begin(begin) => {
                let Begin { asked, constraint, logprobs, events, reply, .. } = *begin;
                let left = asked.job.fields().choices;
                let ticket = match inside.scheduler.submit_following(asked, constraint) {
                    Ok(ticket) => ticket,
                    Err(refused) => {
                        let _ = reply.send(Err(refusal(&refused)));
                        return;
                    }
                };
                let id = AnswerId(self.next);
                self.next += 1;
                if reply.send(Ok(id)).is_err() {
                    inside.scheduler.cancel(ticket);
                }
                self.answers
                    .insert((model, ticket), Answer { id, events: Some(events), logprobs, left });
                self.tickets.insert(id, (model, ticket));
            }
        }
    }

    /// The models to make ready now: those waited for that there is memory for, others put out for them.
    pub(crate) fn take_loads(&mut self) -> Vec<usize> {
        let mut loads = Vec::new();
        for model in 0..self.slots.len() {
            let slot = &self.slots[model];
            if !matches!(slot.place, Place::Out) || slot.waiting.is_empty() {
                continue;
            }
            if slot.entry.bytes > self.memory_max {
                let what = format!(
                    "the model {:?} takes {} bytes, and there may be {}: --memory allows more",
                    slot.entry.name, slot.entry.bytes, self.memory_max
                );
                self.refuse_waiting(model, &Refusal::Unavailable(what));
                continue;
            }
            let needed = slot.entry.bytes;
            if self.make_room(needed) {
                self.slots[model].place = Place::Coming;
                self.loads += 1;
                loads.push(model);
            }
        }
        loads
    }

    /// Puts models out, the least recently used first, until there is room; false where what runs takes too much.
    fn make_room(&mut self, needed: u64) -> bool {
        loop {
            let held = self.slots.iter().filter(|slot| !matches!(slot.place, Place::Out));
            let held = held.fold(0_u64, |sum, slot| sum.saturating_add(slot.entry.bytes));
            if held.saturating_add(needed) <= self.memory_max {
                return true;
            }
            let idle = |slot: &Slot| matches!(&slot.place, Place::In(inside) if inside.scheduler.is_idle());
            let candidates = self.slots.iter_mut().enumerate().filter(|(_, slot)| idle(slot));
            let Some((model, oldest)) = candidates.min_by_key(|(_, slot)| slot.used) else {
                return false;
            };
            oldest.place = Place::Out;
            self.known.set(model, None);
            self.evictions += 1;
        }
    }

    /// A model came, or can't.
    pub(crate) fn loaded(&mut self, model: usize, loaded: Result<Box<Loaded>, String>) {
        let Some(slot) = self.slots.get_mut(model) else { return };
        match loaded {
            Ok(loaded) => {
                let Loaded { model: made, runner, id } = *loaded;
                let frac = runner.engine().logits_frac();
                let served = Served { name: slot.entry.name.clone(), id, model: Arc::clone(&made) };
                let scheduler = Scheduler::new(made, runner, self.limits);
                self.known.set(model, Some(served.clone()));
                slot.place = Place::In(Box::new(In { served, scheduler, frac }));
                for waiting in mem::take(&mut slot.waiting) {
                    self.serve(model, waiting);
                }
            }
            Err(what) => {
                slot.place = Place::Out;
                let what = format!("the model {:?} can't be loaded: {what}", slot.entry.name);
                self.refuse_waiting(model, &Refusal::Unavailable(what));
            }
        }
    }

    fn refuse_waiting(&mut self, model: usize, refusal: &Refusal) {
        for waiting in mem::take(&mut self.slots[model].waiting) {
            waiting.refuse(refusal);
        }
    }

    /// Nobody wants the rest of an answer.
    pub(crate) fn cancel(&mut self, id: AnswerId) {
        let Some((model, ticket)) = self.tickets.get(&id) else { return };
        if let Place::In(inside) = &mut self.slots[*model].place {
            inside.scheduler.cancel(*ticket);
        }
    }

    /// Ends every answer where it stands.
    pub(crate) fn cancel_all(&mut self) {
        let all: Vec<AnswerId> = self.tickets.keys().copied().collect();
        all.into_iter().for_each(|id| self.cancel(id));
        for model in 0..self.slots.len() {
            self.refuse_waiting(model, &Refusal::Unavailable("the server is stopping".into()));
        }
    }

    /// Whether nothing is to be computed.
    pub(crate) fn is_idle(&self) -> bool {
        self.slots.iter().all(|slot| match &slot.place {
            Place::In(inside) => inside.scheduler.is_idle(),
            Place::Out | Place::Coming => true,
        })
    }

    /// Whether nobody waits for anything.
    pub(crate) fn is_done(&self) -> bool {
        self.is_idle() && self.slots.iter().all(|slot| slot.waiting.is_empty())
    }

    /// One pass of the next model that has something to do.
    pub(crate) fn step(&mut self) {
        let count = self.slots.len();
        for offset in 0..count {
            let model = (self.turn + offset) % count;
            let Place::In(inside) = &mut self.slots[model].place else { continue };
            if inside.scheduler.is_idle() {
                continue;
            }
            self.turn = (model + 1) % count;
            for progress in inside.scheduler.step() {
                self.deliver(model, progress);
            }
            return;
        }
    }

    fn deliver(&mut self, model: usize, progress: Progress) {
        let Progress { ticket, choice, mut piece, ended } = progress;
        let Place::In(inside) = &mut self.slots[model].place else { return };
        let Some(answer) = self.answers.get_mut(&(model, ticket)) else { return };
        let logits = piece.logits.take();
        let logprob = answer
            .logprobs
            .zip(logits)
            .zip(piece.token)
            .and_then(|((top, logits), token)| logprob(&logits, inside.frac, token, top));
        let happening = Happening { choice, piece, logprob, ended };
        if let Some(events) = &answer.events
            && let Err(error) = events.try_send(happening)
        {
            self.slow_readers += u64::from(matches!(error, TrySendError::Full(_)));
            answer.events = None;
            inside.scheduler.cancel(ticket);
        }
        if ended.is_some() {
            answer.left -= 1;
            if answer.left == 0 {
                self.tickets.remove(&answer.id);
                self.answers.remove(&(model, ticket));
            }
        }
    }

    /// How it goes.
    pub(crate) fn figures(&self) -> Figures {
        let mut models = Vec::new();
        for (model, slot) in self.slots.iter().enumerate() {
            let answers = self.answers.keys().filter(|(of, _)| *of == model).count();
            let (loaded, gauges) = match &slot.place {
                Place::In(inside) => (true, inside.scheduler.gauges()),
                Place::Out | Place::Coming => (false, Gauges::default()),
            };
            models.push(ModelFigures { name: slot.entry.name.clone(), loaded, answers, gauges });
        }
        let Self { slow_readers, evictions, loads, .. } = *self;
        Figures { models, slow_readers, evictions, loads }
    }
}

impl Waiting {
    fn refuse(self, refusal: &Refusal) {
        match self {
            Self::Ready(reply) => {
                let _ = reply.send(Err(refusal.clone()));
            }
            Self::Begin(begin) => {
                let _ = begin.reply.send(Err(refusal.clone()));
            }
        }
    }
}

fn unknown() -> Refusal {
    Refusal::Fault("a model that is not in the list was asked for".into())
}
