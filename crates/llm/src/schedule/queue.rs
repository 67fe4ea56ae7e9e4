//! Who waits, and whose turn it is: the tenant of whose answers the fewest run, of several the one that was served
//! least, and of its answers the oldest.
//!
//! Served is counted in rows of passes, whatever they were for. Who comes new, or back, counts as served as much as
//! the least served of those who are there: so nobody gathers claims by staying away. Never knows what an answer is.

use std::collections::BTreeMap;
use std::sync::Arc;

use text::grammar::Constraint;

use super::asked::{Asked, Tenant, Ticket};
use crate::generation::Generation;

/// Most tenants of which those that are gone are remembered too.
const TENANTS_MAX: usize = 4096;

/// Answers by age: the order of asking, then the choice.
pub(super) type Age = (Ticket, u32);

/// An answer that is taken on.
pub(super) struct Answer {
    pub(super) age: Age,
    pub(super) asked: Arc<Asked>,
    /// What follows its grammar, which has taken nothing yet: the same for all choices, each begins with a clone.
    pub(super) constraint: Option<Arc<Constraint>>,
    /// None until it begins.
    pub(super) generation: Option<Generation>,
}

/// Everybody who has an answer here.
#[derive(Default)]
pub(super) struct Queue {
    tenants: BTreeMap<Tenant, Line>,
    answers: usize,
    tokens: usize,
}

type Waiting = BTreeMap<Age, Answer>;

/// One tenant's.
#[derive(Default)]
struct Line {
    /// Rows of passes.
    served: u64,
    running: usize,
    waiting: Waiting,
}

impl Answer {
    fn tenant(&self) -> Tenant {
        self.asked.tenant
    }

    /// Tokens of its prompt that wait to begin.
    fn waiting_tokens(&self) -> usize {
        if self.generation.is_some() { 0 } else { self.asked.job.fields().prompt.len() }
    }
}

impl Queue {
    /// Answers that wait.
    pub(super) fn answers(&self) -> usize {
        self.answers
    }

    /// Tokens of the prompts that wait to begin.
    pub(super) fn tokens(&self) -> usize {
        self.tokens
    }

    /// Answers of one tenant that wait.
    pub(super) fn answers_of(&self, tenant: Tenant) -> usize {
        self.tenants.get(&tenant).map_or(0, |line| line.waiting.len())
    }

    /// Answers of one tenant that are in every pass.
    pub(super) fn running_of(&self, tenant: Tenant) -> usize {
        self.tenants.get(&tenant).map_or(0, |line| line.running)
    }

    /// Takes a new answer on.
    pub(super) fn push(&mut self, answer: Answer) {
        let least = self.least_served().unwrap_or(0);
        let line = self.tenants.entry(answer.tenant()).or_default();
        if line.is_gone() {
            line.served = line.served.max(least);
        }
        self.put(answer);
    }

    fn put(&mut self, answer: Answer) {
        self.answers += 1;
        self.tokens += answer.waiting_tokens();
        let line = self.tenants.entry(answer.tenant()).or_default();
        line.waiting.insert(answer.age, answer);
    }

    /// The tenants with answers that wait: those with the fewest that run first, among them the least served.
    pub(super) fn turns(&self) -> Vec<Tenant> {
        let waiting = self.tenants.iter().filter(|(_, line)| !line.waiting.is_empty());
        let turn = |(tenant, line): (&Tenant, &Line)| (line.running, line.served, *tenant);
        let mut turns: Vec<(usize, u64, Tenant)> = waiting.map(turn).collect();
        turns.sort_unstable();
        turns.into_iter().map(|(_, _, tenant)| tenant).collect()
    }

    /// The tenant of whose answers the most run, and how many.
    pub(super) fn greatest(&self) -> Option<(Tenant, usize)> {
        let running = self.tenants.iter().map(|(tenant, line)| (*tenant, line.running));
        running.max_by_key(|(_, running)| *running)
    }

    /// A tenant's oldest answer that waits.
    pub(super) fn oldest(&self, tenant: Tenant) -> Option<&Answer> {
        self.tenants.get(&tenant)?.waiting.values().next()
    }

    /// Takes out a tenant's oldest answer that waits, to run.
    pub(super) fn begin(&mut self, tenant: Tenant) -> Option<Answer> {
        let line = self.tenants.get_mut(&tenant)?;
        let (_, answer) = line.waiting.pop_first()?;
        line.running += 1;
        self.answers -= 1;
        self.tokens -= answer.waiting_tokens();
        Some(answer)
    }

    /// An answer that ran waits again, where its age says.
    pub(super) fn set_back(&mut self, answer: Answer) {
        let tenant = answer.tenant();
        self.put(answer);
        self.ended(tenant);
    }

    /// One of a tenant's answers runs no longer.
    pub(super) fn ended(&mut self, tenant: Tenant) {
        if let Some(line) = self.tenants.get_mut(&tenant) {
            line.running = line.running.saturating_sub(1);
        }
        self.let_go();
    }

    /// Takes out all that wait for a ticket, to end.
    pub(super) fn take_all(&mut self, ticket: Ticket) -> Vec<Answer> {
        let mut taken = Vec::new();
        for line in self.tenants.values_mut() {
            let later = line.waiting.split_off(&(ticket, 0));
            let (own, others): (Waiting, Waiting) =
                later.into_iter().partition(|((of, _), _)| *of == ticket);
            line.waiting.extend(others);
            taken.extend(own.into_values());
        }
        self.answers -= taken.len();
        self.tokens -= taken.iter().map(Answer::waiting_tokens).sum::<usize>();
        self.let_go();
        taken
    }

    /// How much a tenant was served.
    pub(super) fn served(&self, tenant: Tenant) -> u64 {
        self.tenants.get(&tenant).map_or(0, |line| line.served)
    }

    /// A tenant was given rows.
    pub(super) fn serve(&mut self, tenant: Tenant, rows: usize) {
        if let Some(line) = self.tenants.get_mut(&tenant) {
            let rows = u64::try_from(rows).unwrap_or(u64::MAX);
            line.served = line.served.saturating_add(rows);
        }
    }

    /// The youngest answer that waits and holds keys and values, but not this one.
    pub(super) fn youngest_that_holds(&mut self, but: Option<Age>) -> Option<&mut Generation> {
        let waiting = self.tenants.values_mut().flat_map(|line| line.waiting.values_mut());
        let others = waiting.filter(|answer| Some(answer.age) != but);
        let begun = others.filter_map(|Answer { age, generation, .. }| {
            let generation = generation.as_mut()?;
            (generation.sequence().length() > 0).then_some((*age, generation))
        });
        begun.max_by_key(|(age, _)| *age).map(|(_, generation)| generation)
    }

    /// The answer of this age, if it waits.
    pub(super) fn get(&self, age: Age) -> Option<&Answer> {
        self.tenants.values().find_map(|line| line.waiting.get(&age))
    }

    fn least_served(&self) -> Option<u64> {
        let there = self.tenants.values().filter(|line| !line.is_gone());
        there.map(|line| line.served).min()
    }

    /// Forgets who is gone, but for those who were served more than somebody who is there.
    fn let_go(&mut self) {
        let least = self.least_served().unwrap_or(u64::MAX);
        let many = self.tenants.len() > TENANTS_MAX;
        self.tenants.retain(|_, line| !line.is_gone() || (line.served > least && !many));
    }
}

impl Line {
    fn is_gone(&self) -> bool {
        self.running == 0 && self.waiting.is_empty()
    }
}
