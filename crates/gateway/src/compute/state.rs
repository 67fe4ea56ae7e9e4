//! Which models are loaded, whose answers run, and what each step gave: sync, without a clock.
//!
//! Invariants: a model with answers is never put out; the bytes of those loaded and loading are never more than the
//! limit; who waits for a model that has no room gets it, for those that were used the longest ago take no new questions
//! until it has; every question gets one reply, and every answer that began one last happening for each choice, unless
//! its reader has gone. Never begins an answer to a job of another model than the one that is loaded.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use llm::schedule::{Gauges, Progress, Scheduler, SchedulerLimits, Ticket};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

use super::known::Known;
use super::message::{
    AnswerId, Begin, Figures, Happening, Loaded, ModelEntry, ModelFigures, Served, refusal,
};
use super::pace::Pace;
use crate::core::Refusal;

/// All there is.
pub(crate) struct State {
    slots: Vec<Slot>,
    memory_max: u64,
    limits: SchedulerLimits,
    gap: Duration,
    answers: BTreeMap<(usize, Ticket), Answer>,
    tickets: BTreeMap<AnswerId, (usize, Ticket)>,
    next: u64,
    /// Counts uses, so that the least recently used is known.
    uses: u64,
    /// Whose turn it is.
    turn: usize,
    /// Whether what ran was given up.
    given_up: bool,
    slow_readers: u64,
    evictions: u64,
    loads: u64,
    known: Arc<Known>,
}

/// A model, loaded or not.
struct Slot {
    entry: ModelEntry,
    place: Place,
    /// With when it was asked.
    waiting: VecDeque<(u64, Waiting)>,
    used: u64,
    /// Another waits for its room: it goes once its answers have ended, and takes no new question before.
    leaving: bool,
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
    pace: Pace,
}

enum Waiting {
    Ready(oneshot::Sender<Result<Served, Refusal>>),
    Begin(Box<Begin>),
}

struct Answer {
    id: AnswerId,
    /// `None` once its reader was too slow, or has gone: nothing comes after a gap.
    events: Option<mpsc::Sender<Happening>>,
    too_slow: Arc<AtomicBool>,
    _computing: watch::Sender<()>,
    /// Choices that go on.
    left: u32,
}

impl State {
    pub(super) fn new(
        entries: Vec<ModelEntry>,
        memory_max: u64,
        limits: SchedulerLimits,
        gap: Duration,
        known: Arc<Known>,
    ) -> Self {
        let slot = |entry| Slot {
            entry,
            place: Place::Out,
            waiting: VecDeque::new(),
            used: 0,
            leaving: false,
        };
        Self {
            slots: entries.into_iter().map(slot).collect(),
            memory_max,
            limits,
            gap,
            answers: BTreeMap::new(),
            tickets: BTreeMap::new(),
            next: 0,
            uses: 0,
            turn: 0,
            given_up: false,
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
        if self.given_up {
            return waiting.refuse(&stopping());
        }
        self.uses += 1;
        let uses = self.uses;
        let Some(slot) = self.slots.get_mut(model) else { return waiting.refuse(&unknown()) };
        slot.used = uses;
        match slot.place {
            Place::In(_) if !slot.leaving => self.serve(model, waiting),
            Place::In(_) | Place::Out | Place::Coming => slot.waiting.push_back((uses, waiting)),
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
                let Begin { asked, constraint, events, too_slow, computing, reply, .. } = *begin;
                let left = asked.job.fields().choices;
                if asked.job.fields().terms.model != inside.served.id {
                    // Its file was replaced since the question was read: the receipt would name the old one.
                    let _ = reply.send(Err(Refusal::Unavailable(
                        "the model was loaded anew while this was read, from another file: ask again"
                            .into(),
                    )));
                    return;
                }
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
                let answer =
                    Answer { id, events: Some(events), too_slow, _computing: computing, left };
                self.answers.insert((model, ticket), answer);
                self.tickets.insert(id, (model, ticket));
            }
        }
    }

    /// The models to make ready now: those waited for that there is memory for, others put out for them. Nobody
    /// overtakes one for which there is none yet.
    pub(crate) fn take_loads(&mut self) -> Vec<usize> {
        let mut loads = Vec::new();
        for model in self.wanted() {
            let slot = &self.slots[model];
            if slot.entry.bytes > self.memory_max {
                let what = format!(
                    "the model {:?} takes {} bytes, and there may be {}: --memory allows more",
                    slot.entry.name, slot.entry.bytes, self.memory_max
                );
                self.refuse_waiting(model, &Refusal::Unavailable(what));
                continue;
            }
            let needed = slot.entry.bytes;
            if !self.make_room(needed) {
                self.send_away(needed);
                return loads;
            }
            self.slots[model].place = Place::Coming;
            self.loads += 1;
            loads.push(model);
        }
        self.let_stay();
        loads
    }

    /// The models that somebody still waits for and that are not loaded, who waits the longest first.
    fn wanted(&mut self) -> Vec<usize> {
        let mut wanted = Vec::new();
        for (model, slot) in self.slots.iter_mut().enumerate() {
            slot.waiting.retain(|(_, waiting)| !waiting.has_gone());
            if let (Place::Out, Some((asked, _))) = (&slot.place, slot.waiting.front()) {
                wanted.push((*asked, model));
            }
        }
        wanted.sort_unstable();
        wanted.into_iter().map(|(_, model)| model).collect()
    }

    /// Lets models leave, the least recently used first, until those that stay leave so much room.
    fn send_away(&mut self, needed: u64) {
        loop {
            let stays = |slot: &&Slot| !matches!(slot.place, Place::Out) && !slot.leaving;
            let held = self.slots.iter().filter(stays);
            let held = held.fold(0_u64, |sum, slot| sum.saturating_add(slot.entry.bytes));
            if held.saturating_add(needed) <= self.memory_max {
                return;
            }
            let staying = |slot: &Slot| matches!(slot.place, Place::In(_)) && !slot.leaving;
            let candidates = self.slots.iter_mut().enumerate().filter(|(_, slot)| staying(slot));
            let Some((model, oldest)) = candidates.min_by_key(|(_, slot)| slot.used) else {
                return;
            };
            oldest.leaving = true;
            self.known.set(model, None);
        }
    }

    /// Nobody waits for room: whoever was to leave stays, and does what was asked of it meanwhile.
    fn let_stay(&mut self) {
        for model in 0..self.slots.len() {
            let slot = &mut self.slots[model];
            if slot.leaving
                && let Place::In(inside) = &slot.place
            {
                self.known.set(model, Some(inside.served.clone()));
                slot.leaving = false;
                self.serve_waiting(model);
            }
        }
    }

    fn serve_waiting(&mut self, model: usize) {
        for (_, waiting) in mem::take(&mut self.slots[model].waiting) {
            self.serve(model, waiting);
        }
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
            oldest.leaving = false;
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
                let served = Served { name: slot.entry.name.clone(), id, model: Arc::clone(&made) };
                let scheduler = Scheduler::new(made, runner, self.limits);
                self.known.set(model, Some(served.clone()));
                let pace = Pace::new(self.gap, self.limits.rows_beside_answers);
                slot.place = Place::In(Box::new(In { served, scheduler, pace }));
                self.serve_waiting(model);
            }
            Err(what) => {
                slot.place = Place::Out;
                let what = format!("the model {:?} can't be loaded: {what}", slot.entry.name);
                self.refuse_waiting(model, &Refusal::Unavailable(what));
            }
        }
    }

    fn refuse_waiting(&mut self, model: usize, refusal: &Refusal) {
        for (_, waiting) in mem::take(&mut self.slots[model].waiting) {
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

    /// Ends every answer where it stands, and takes no other.
    pub(crate) fn cancel_all(&mut self) {
        self.given_up = true;
        let all: Vec<AnswerId> = self.tickets.keys().copied().collect();
        all.into_iter().for_each(|id| self.cancel(id));
        for model in 0..self.slots.len() {
            self.refuse_waiting(model, &stopping());
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

    /// One pass of the next model that has something to do: whose it was.
    pub(crate) fn step(&mut self) -> Option<usize> {
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
            return Some(model);
        }
        None
    }

    /// A model's pass took so long: the next one may be longer or shorter.
    pub(crate) fn took(&mut self, model: usize, time: Duration) {
        let Some(Slot { place: Place::In(inside), .. }) = self.slots.get_mut(model) else { return };
        let gauges = inside.scheduler.gauges();
        let rows = inside.pace.took(gauges.drawing, gauges.rows, time);
        inside.scheduler.set_rows_beside_answers(rows);
    }

    fn deliver(&mut self, model: usize, progress: Progress) {
        let Progress { ticket, choice, piece, ended } = progress;
        let Place::In(inside) = &mut self.slots[model].place else { return };
        let Some(answer) = self.answers.get_mut(&(model, ticket)) else { return };
        let happening = Happening { choice, piece, ended };
        if let Some(events) = &answer.events
            && let Err(error) = events.try_send(happening)
        {
            if let TrySendError::Full(_) = error {
                self.slow_readers += 1;
                answer.too_slow.store(true, Ordering::SeqCst);
            }
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
    /// Whether nobody waits for the reply any more.
    fn has_gone(&self) -> bool {
        match self {
            Self::Ready(reply) => reply.is_closed(),
            Self::Begin(begin) => begin.reply.is_closed(),
        }
    }

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

fn stopping() -> Refusal {
    Refusal::Unavailable("the server is stopping".into())
}

fn unknown() -> Refusal {
    Refusal::Fault("a model that is not in the list was asked for".into())
}
