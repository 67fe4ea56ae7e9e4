//! Many answers of one model: who waits, who is in the next pass, what memory they take, what is remembered.
//!
//! A step is one pass of the engine. Whatever was asked since the last one joins it as soon as there is room; every
//! answer that runs and has been fed its prompt gets a token in every pass, and prompts share what rows are left. Keys
//! and values have a bound: where it is reached, what is remembered of earlier answers goes first, then what answers
//! that wait still hold, then the youngest answer is set aside. It loses nothing but time: its keys and values are made
//! again of the same tokens. So company, chunks, memory and what is remembered never change a bit of an answer.
//!
//! Invariants: the oldest answer of all that run is never set aside, so something ends in the end; a tenant waits for
//! none that has two more answers running than it has; nothing of one tenant's is looked up for another, unless both
//! said so. Never waits, never starts a thread, reads no clock and draws no randomness. Failure: a job is refused when
//! it is asked for; once taken, each of its answers gets exactly one last piece.

mod admission;
mod asked;
mod cache;
mod limits;
mod memory;
mod queue;
mod rows;

use std::sync::Arc;

use canon::PAGE;
use receipt::{Job, WorkKind};
use text::grammar::Constraint;

use crate::embedding::check_job;
use crate::generation::{Generation, Piece, Stop, Usage};
use crate::job::{Request, RequestError};
use crate::model::Model;
use crate::runner::Runner;
use cache::{Cache, Scope};
use queue::{Age, Answer, Queue};
use rows::{Hungry, Rows};

pub use asked::{Asked, CacheScope, Ended, Gauges, Progress, Refused, Tenant, Ticket};
pub use limits::SchedulerLimits;

/// One model's answers.
pub struct Scheduler {
    model: Arc<Model>,
    runner: Runner,
    limits: SchedulerLimits,
    next: u64,
    queue: Queue,
    running: Vec<Running>,
    cache: Cache,
    /// Of answers that were cancelled while they waited.
    last_pieces: Vec<Progress>,
    gauges: Gauges,
}

/// An answer that every pass feeds.
struct Running {
    age: Age,
    asked: Arc<Asked>,
    generation: Generation,
    /// Whether its prompt was looked at to be remembered.
    prompt_done: bool,
}

impl Scheduler {
    /// A scheduler of nothing yet.
    #[must_use]
    pub fn new(model: Arc<Model>, runner: Runner, limits: SchedulerLimits) -> Self {
        let running_max = limits.running_max.clamp(1, runner.rows_max());
        let limits = SchedulerLimits { running_max, ..limits };
        let cache_bytes_max = limits.cache_bytes_max.min(limits.kv_bytes_max);
        let engine = runner.engine();
        engine.keep_kv_bytes(limits.kv_bytes_max);
        let cache = Cache::new(cache_bytes_max / engine.span_bytes().max(1));
        Self {
            model,
            runner,
            limits,
            next: 0,
            queue: Queue::default(),
            running: Vec::new(),
            cache,
            last_pieces: Vec::new(),
            gauges: Gauges::default(),
        }
    }

    /// Takes a job on: all its choices or none.
    ///
    /// # Errors
    /// [`Refused`] says why not.
    pub fn submit(&mut self, asked: Asked) -> Result<Ticket, Refused> {
        self.submit_following(asked, None)
    }

    /// The same, with what follows the job's grammar, where that is made already: made for this model, of the
    /// job's grammar and stop tokens, it spares the time to make it again; of anything else it is forgotten.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub fn submit_following(
        &mut self,
        asked: Asked,
        made: Option<Constraint>,
    ) -> Result<Ticket, Refused> {
        let fields = asked.job.fields();
        match fields.terms.kind {
            WorkKind::Generate => {}
            WorkKind::Embed => check_job(&asked.job)?,
        }
        let choices = fields.choices;
        let count = usize::try_from(choices).unwrap_or(usize::MAX);
        self.check_queue(asked.tenant, count, fields.prompt.len().saturating_mul(count))?;
        let request = Request::undefined(&asked.job, 0);
        self.check_size(&request)?;
        // All that can stand in the way of an answer is told now: it is made once more when it begins.
        let constraint = self.constraint(&asked.job, made)?.map(Arc::new);
        Generation::following(&self.model, self.runner.engine(), request, None, None)?;
        let ticket = Ticket(self.next);
        self.next += 1;
        let asked = Arc::new(asked);
        for choice in 0..choices {
            let (age, asked) = ((ticket, choice), Arc::clone(&asked));
            let constraint = constraint.clone();
            self.queue.push(Answer { age, asked, constraint, generation: None });
        }
        Ok(ticket)
    }

    /// Ends what was asked where it stands: each of its choices gets its last piece with the next step. What has ended
    /// stays as it is.
    pub fn cancel(&mut self, ticket: Ticket) {
        for answer in self.running.iter_mut().filter(|answer| answer.age.0 == ticket) {
            answer.generation.cancel();
        }
        for answer in self.queue.take_all(ticket) {
            let usage = usage_of(&answer);
            let last = Piece { stop: Some(Stop::Cancelled), ..Piece::default() };
            let piece = answer.generation.map_or(last, |mut one| one.end(Stop::Cancelled));
            self.last_pieces.push(Progress::new(answer.age, piece, usage));
        }
    }

    /// One pass: what each answer got of it that got something.
    pub fn step(&mut self) -> Vec<Progress> {
        let mut progress = core::mem::take(&mut self.last_pieces);
        self.end_asked_for(&mut progress);
        self.admit();
        // Some want no token.
        self.end_asked_for(&mut progress);
        let rows = self.rows_of_pass();
        self.gauges.rows = rows.iter().sum();
        if self.gauges.rows > 0 {
            self.gauges.passes += 1;
            self.pass(&rows, &mut progress);
        }
        progress
    }

    /// What an answer took so far; `None` for one that has ended.
    #[must_use]
    pub fn usage(&self, ticket: Ticket, choice: u32) -> Option<Usage> {
        let age = (ticket, choice);
        let running = self.running.iter().find(|answer| answer.age == age);
        let running = running.map(|answer| answer.generation.usage());
        running.or_else(|| self.queue.get(age).map(usage_of))
    }

    /// Whether there is nothing to do until something is asked.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && self.queue.answers() == 0 && self.last_pieces.is_empty()
    }

    /// What goes on.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let engine = self.runner.engine();
        let (kv_bytes, spare_bytes) = engine.kv_bytes();
        Gauges {
            queued: self.queue.answers(),
            queued_tokens: self.queue.tokens(),
            running: self.running.len(),
            kv_bytes,
            spare_bytes,
            cached_bytes: self.cache.spans() * engine.span_bytes(),
            ..self.gauges
        }
    }

    /// Forgets all prompts and answers that are remembered.
    pub fn clear_cache(&mut self) {
        while self.cache.forget(false) {}
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &SchedulerLimits {
        &self.limits
    }

    /// Changes how many rows a pass has in which somebody gets a token: fewer for shorter gaps between tokens, more for
    /// prompts that are done sooner.
    pub fn set_rows_beside_answers(&mut self, rows: usize) {
        self.limits.rows_beside_answers = rows;
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The engine and how it is fed: between two steps, it may do other work.
    pub fn runner(&mut self) -> &mut Runner {
        &mut self.runner
    }

    /// What follows a job's grammar: `made`, where that is it and has taken nothing yet.
    fn constraint(
        &self,
        job: &Job,
        made: Option<Constraint>,
    ) -> Result<Option<Constraint>, RequestError> {
        let fields = job.fields();
        if let (Some(made), Some(id)) = (made, fields.parameters.settings().grammar)
            && made.is_of(self.model.grammar_tokens()?, &id, &fields.stop.tokens)
        {
            return Ok(Some(made));
        }
        Request::of(job, 0).constraint(&self.model)
    }

    fn check_queue(&self, tenant: Tenant, count: usize, more: usize) -> Result<(), Refused> {
        let SchedulerLimits { queued_max, tenant_queued_max, queued_tokens_max, .. } = self.limits;
        let (queued, tokens) = (self.queue.answers(), self.queue.tokens());
        if queued.saturating_add(count) > queued_max {
            return Err(Refused::QueueFull { queued, queued_max });
        }
        let of_tenant = self.queue.answers_of(tenant);
        if of_tenant.saturating_add(count) > tenant_queued_max {
            let (queued, queued_max) = (of_tenant, tenant_queued_max);
            return Err(Refused::TenantQueueFull { queued, queued_max });
        }
        if tokens.saturating_add(more) > queued_tokens_max {
            return Err(Refused::QueueLong { tokens, tokens_max: queued_tokens_max });
        }
        Ok(())
    }

    /// Whether the longest answer could be held alone.
    fn check_size(&self, request: &Request) -> Result<(), Refused> {
        let engine = self.runner.engine();
        let drawn = match request.kind {
            WorkKind::Generate => request.tokens_max,
            WorkKind::Embed => 0,
        };
        let positions = request.prompt.len().saturating_add(drawn);
        let spans = positions.min(engine.context_max()).div_ceil(PAGE);
        let (bytes, bytes_max) =
            (spans.saturating_mul(engine.span_bytes()), self.limits.kv_bytes_max);
        if bytes > bytes_max { Err(Refused::TooLarge { bytes, bytes_max }) } else { Ok(()) }
    }

    /// Gives the last pieces of those that are to end without another pass.
    fn end_asked_for(&mut self, progress: &mut Vec<Progress>) {
        for running in &mut self.running {
            if let Some(piece) = running.generation.end_asked_for() {
                progress.push(Progress::new(running.age, piece, running.generation.usage()));
            }
        }
        self.let_go_of_ended();
    }

    /// How many rows each answer that runs gets, oldest first; there is room for what they come to hold.
    fn rows_of_pass(&mut self) -> Vec<usize> {
        let rows = Rows {
            beside_answers: self.limits.rows_beside_answers,
            most: self.runner.rows_max().min(self.runner.prefill_chunk.max(self.running.len())),
        };
        loop {
            self.running.sort_unstable_by_key(|running| running.age);
            let hungry: Vec<Hungry> = self.running.iter().map(|one| self.hungry(one)).collect();
            let dealt = rows::deal(&hungry, &rows);
            self.gauges.drawing = hungry.iter().filter(|one| one.draws()).count();
            let needed =
                |(one, rows): (&Running, &usize)| one.generation.sequence().spans_needed(*rows);
            let needed = self.running.iter().zip(&dealt).map(needed).sum();
            if self.make_room(needed) {
                return dealt;
            }
        }
    }

    fn hungry(&self, running: &Running) -> Hungry {
        let tenant = running.asked.tenant;
        let rows_left = running.generation.rows_left();
        Hungry { tenant, served: self.queue.served(tenant), rows_left }
    }

    fn pass(&mut self, rows: &[usize], progress: &mut Vec<Progress>) {
        let mut fed = Vec::with_capacity(rows.len());
        for (running, rows) in self.running.iter_mut().zip(rows) {
            self.queue.serve(running.asked.tenant, *rows);
            if *rows > 0 {
                fed.push((&mut running.generation, *rows));
            }
        }
        let pieces = self.runner.advance(fed);
        let fed = self.running.iter_mut().zip(rows).filter(|(_, rows)| **rows > 0);
        for ((running, _), piece) in fed.zip(pieces) {
            if !running.prompt_done {
                running.prompt_done = remember_prompt(&mut self.cache, running);
            }
            if piece != Piece::default() {
                progress.push(Progress::new(running.age, piece, running.generation.usage()));
            }
        }
        self.let_go_of_ended();
    }

    /// What has ended makes room, and is remembered.
    fn let_go_of_ended(&mut self) {
        let ended = self.running.extract_if(.., |running| running.generation.stop().is_some());
        for running in ended {
            self.queue.ended(running.asked.tenant);
            let scope = Scope::of(&running.asked);
            let (sequence, tokens) = running.generation.into_prefix();
            self.cache.put(scope, &tokens, sequence.spans());
        }
    }
}

/// Remembers the prompt of an answer as soon as all of it is there, for those who ask the like while it goes on. The
/// span it writes into is left out. Whether it was there.
fn remember_prompt(cache: &mut Cache, running: &Running) -> bool {
    let prompt = &running.asked.job.fields().prompt;
    let sequence = running.generation.sequence();
    if sequence.length() < prompt.len() {
        return false;
    }
    let spans = prompt.len() / PAGE;
    cache.put(Scope::of(&running.asked), &prompt[..spans * PAGE], &sequence.spans()[..spans]);
    true
}

/// What an answer took that waits.
fn usage_of(answer: &Answer) -> Usage {
    let none = Usage {
        prompt_tokens: answer.asked.job.fields().prompt.len(),
        cached_tokens: 0,
        completion_tokens: 0,
    };
    answer.generation.as_ref().map_or(none, Generation::usage)
}

impl Progress {
    fn new((ticket, choice): Age, piece: Piece, usage: Usage) -> Self {
        let ended = piece.stop.map(|stop| Ended { stop, usage });
        Self { ticket, choice, piece, ended }
    }
}
