//! Who begins, and from what is there already.

use canon::PAGE;
use engine::Sequence;

use super::asked::Tenant;
use super::cache::{Scope, common};
use super::queue::Answer;
use super::{Running, Scheduler};
use crate::generation::Generation;
use crate::job::Request;

/// What came of an attempt to begin.
#[derive(PartialEq, Eq)]
enum Begun {
    Yes,
    /// What it shares is about to be computed.
    Waits,
    /// No room, for this and whoever comes after it.
    NoRoom,
}

/// What an answer would begin with.
enum Start {
    /// What it holds itself, or nothing.
    AsItIs,
    From(Sequence),
    Waits,
}

impl Scheduler {
    /// Lets answers begin, or go on, while there is room. Nobody overtakes one for which there is none.
    pub(super) fn admit(&mut self) {
        let mut waiting = Vec::new();
        loop {
            let turns = self.queue.turns();
            let Some(tenant) = turns.into_iter().find(|tenant| !waiting.contains(tenant)) else {
                return;
            };
            match self.try_to_begin(tenant) {
                Begun::Yes => {}
                Begun::Waits => waiting.push(tenant),
                Begun::NoRoom => return,
            }
        }
    }

    fn try_to_begin(&mut self, tenant: Tenant) -> Begun {
        let Some(answer) = self.queue.oldest(tenant) else { return Begun::NoRoom };
        let (age, tokens, held) = (answer.age, tokens_of(answer), held_by(answer));
        let start = match held {
            0 => self.start(tenant, &tokens),
            _ => Start::AsItIs,
        };
        let (held, tail) = match &start {
            Start::AsItIs => (held, 0),
            Start::From(sequence) => {
                let length = sequence.length();
                (length, usize::from(!length.is_multiple_of(PAGE)))
            }
            Start::Waits => return Begun::Waits,
        };
        if self.running.len() >= self.limits.running_max && !self.take_a_place(tenant) {
            return Begun::NoRoom;
        }
        // One more for the first tokens of the answer, and as much for each of those that run.
        let own = tokens.len().div_ceil(PAGE) - held.div_ceil(PAGE) + tail + 1;
        let soon =
            |one: &Running| one.generation.sequence().spans_needed(one.generation.rows_left()) + 1;
        while !self.running.is_empty() {
            let needed = own + self.running.iter().map(soon).sum::<usize>();
            if self.fits(needed) {
                break;
            }
            if !self.let_go_of_one(Some(age)) && !self.take_a_place(tenant) {
                return Begun::NoRoom;
            }
        }
        self.begin(tenant, start);
        Begun::Yes
    }

    fn begin(&mut self, tenant: Tenant, start: Start) {
        let Some(answer) = self.queue.begin(tenant) else { return };
        let Answer { age, asked, constraint, generation } = answer;
        let first = generation.is_none();
        let mut generation = generation.unwrap_or_else(|| {
            let request = Request::undefined(&asked.job, age.1);
            let constraint = constraint.as_deref().cloned();
            let engine = self.runner.engine();
            let made = Generation::following(&self.model, engine, request, None, constraint);
            let mut generation = made.expect("checked when it was taken on");
            generation.keep_logits(asked.want_logits);
            generation.tell_logprobs(asked.logprobs);
            generation
        });
        if let Start::From(sequence) = start {
            generation.go_on_from(sequence);
        }
        if first {
            let (hit, miss) = (generation.usage().cached_tokens, generation.prompt_left());
            self.gauges.cache_hit_tokens += u64::try_from(hit).unwrap_or(u64::MAX);
            self.gauges.cache_miss_tokens += u64::try_from(miss).unwrap_or(u64::MAX);
        }
        self.running.push(Running { age, asked, generation, prompt_done: false });
    }

    /// What is remembered of the answer's tokens, or being computed. One token at least is left to feed.
    fn start(&mut self, tenant: Tenant, tokens: &[u32]) -> Start {
        let Some(answer) = self.queue.oldest(tenant) else { return Start::AsItIs };
        let (scope, ticket) = (Scope::of(&answer.asked), answer.age.0);
        let known = &tokens[..tokens.len() - 1];
        let (mut best, mut longest) = (Start::AsItIs, 0);
        let (spans, length) = self.cache.find(scope, known);
        if let Some(sequence) = self.runner.engine().sequence_of(&spans, length)
            && length > 0
        {
            (best, longest) = (Start::From(sequence), length);
        }
        let mut soon = 0;
        for running in &self.running {
            let same = running.age.0 == ticket;
            if !same && Scope::of(&running.asked) != scope {
                continue;
            }
            let alike = common(&running.asked.job.fields().prompt, known);
            let sequence = running.generation.sequence();
            let there = alike.min(sequence.length());
            if there > longest {
                (best, longest) = (Start::From(sequence.prefix(there)), there);
            }
            // A stranger is waited for where it saves a span.
            if same || alike >= longest + PAGE {
                soon = soon.max(alike);
            }
        }
        if soon > longest { Start::Waits } else { best }
    }

    /// Sets aside an answer of a tenant of whose answers at least two more run than of this one's; false where there is
    /// none.
    fn take_a_place(&mut self, tenant: Tenant) -> bool {
        let own = self.queue.running_of(tenant);
        let Some((greatest, running)) = self.queue.greatest() else { return false };
        if running < own + 2 {
            return false;
        }
        self.set_aside_youngest(Some(greatest));
        true
    }
}

/// The tokens it goes on from: the prompt, and what was drawn.
fn tokens_of(answer: &Answer) -> Vec<u32> {
    let prompt = || answer.asked.job.fields().prompt.clone();
    answer.generation.as_ref().map_or_else(prompt, |one| one.tokens().collect())
}

/// How many of them are there.
fn held_by(answer: &Answer) -> usize {
    answer.generation.as_ref().map_or(0, |one| one.sequence().length())
}
