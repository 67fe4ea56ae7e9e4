//! Many answers of one model: who waits, who is in the next pass, what memory they take, what is remembered.

mod asked;
mod limits;

use std::sync::Arc;

use canon::PAGE;
use receipt::WorkKind;

use crate::generation::{Generation, Piece, Usage};
use crate::job::Request;
use crate::model::Model;
use crate::runner::Runner;

pub use asked::{Asked, CacheScope, Ended, Gauges, Progress, Refused, Tenant, Ticket};
pub use limits::SchedulerLimits;

/// One model's answers.
pub struct Scheduler {
    model: Arc<Model>,
    runner: Runner,
    limits: SchedulerLimits,
    next: u64,
    running: Vec<Answer>,
    gauges: Gauges,
}

struct Answer {
    ticket: Ticket,
    choice: u32,
    generation: Generation,
}

impl Scheduler {
    /// A scheduler of nothing yet.
    #[must_use]
    pub fn new(model: Arc<Model>, runner: Runner, limits: SchedulerLimits) -> Self {
        let (running, gauges) = (Vec::new(), Gauges::default());
        Self { model, runner, limits, next: 0, running, gauges }
    }

    /// Takes a job on: all its choices or none.
    ///
    /// # Errors
    /// [`Refused`] says why not.
    pub fn submit(&mut self, asked: Asked) -> Result<Ticket, Refused> {
        let fields = asked.job.fields();
        if fields.terms.kind != WorkKind::Generate {
            return Err(Refused::NoAnswer);
        }
        let (queued, queued_max) = (self.running.len(), self.limits.queued_max);
        if queued >= queued_max {
            return Err(Refused::QueueFull { queued, queued_max });
        }
        let request = Request::of(&asked.job, 0);
        let position_bytes =
            usize::try_from(self.model.program.cost().kv_bytes).unwrap_or(usize::MAX);
        let positions = request.prompt.len().saturating_add(request.tokens_max);
        let positions = positions.min(self.runner.engine().context_max());
        let bytes = positions.next_multiple_of(PAGE).saturating_mul(position_bytes);
        let bytes_max = self.limits.kv_bytes_max;
        if bytes > bytes_max {
            return Err(Refused::TooLarge { bytes, bytes_max });
        }
        let ticket = Ticket(self.next);
        let mut answers = Vec::new();
        for choice in 0..fields.choices {
            let request = Request::of(&asked.job, choice);
            let mut generation = Generation::new(&self.model, self.runner.engine(), request, None)?;
            generation.keep_logits(asked.want_logits);
            answers.push(Answer { ticket, choice, generation });
        }
        self.next += 1;
        self.running.extend(answers);
        Ok(ticket)
    }

    /// Ends what was asked where it stands: each of its choices gets its last piece with the next step. What has ended
    /// stays as it is.
    pub fn cancel(&mut self, ticket: Ticket) {
        for answer in self.running.iter_mut().filter(|answer| answer.ticket == ticket) {
            answer.generation.cancel();
        }
    }

    /// One pass: what each answer got of it that got something.
    pub fn step(&mut self) -> Vec<Progress> {
        let mut generations: Vec<&mut Generation> =
            self.running.iter_mut().map(|answer| &mut answer.generation).collect();
        let pieces = self.runner.step(&mut generations);
        let mut progress = Vec::new();
        for (answer, piece) in self.running.iter().zip(pieces) {
            if piece == Piece::default() {
                continue;
            }
            let ended = piece.stop.map(|stop| Ended { stop, usage: answer.generation.usage() });
            progress.push(Progress { ticket: answer.ticket, choice: answer.choice, piece, ended });
        }
        self.running.retain(|answer| answer.generation.stop().is_none());
        progress
    }

    /// What an answer that goes on took so far; `None` for one that has ended.
    #[must_use]
    pub fn usage(&self, ticket: Ticket, choice: u32) -> Option<Usage> {
        let found = self.running.iter().find(|one| one.ticket == ticket && one.choice == choice)?;
        Some(found.generation.usage())
    }

    /// Why an answer ended is said once, with its last piece; until then there is something to do.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// What goes on.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        Gauges { running: self.running.len(), ..self.gauges }
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
}
