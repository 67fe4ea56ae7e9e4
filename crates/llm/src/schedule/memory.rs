//! Room for keys and values: who lets go of theirs, in which order.

use super::queue::{Age, Answer};
use super::{Running, Scheduler};
use crate::schedule::asked::Tenant;

impl Scheduler {
    /// Makes room for so many spans; false where an answer had to be set aside, or shares less now, so that another
    /// number is needed. Where a single answer is left, it goes on in any case: it fits, but for what others hold who
    /// use the same engine.
    pub(super) fn make_room(&mut self, spans: usize) -> bool {
        while !self.fits(spans) {
            if self.let_go_of_one(None) {
                continue;
            }
            if self.running.len() > 1 {
                self.set_aside_youngest(None);
                return false;
            }
            if self.cache.forget(false) {
                return false;
            }
            break;
        }
        true
    }

    /// Whether so many spans more are within the bound.
    pub(super) fn fits(&self, spans: usize) -> bool {
        let engine = self.runner.engine();
        let (held, _) = engine.kv_bytes();
        held.saturating_add(spans.saturating_mul(engine.span_bytes())) <= self.limits.kv_bytes_max
    }

    /// Lets go of what is remembered, or else of what an answer holds that waits, but not this one; false where there is
    /// none.
    pub(super) fn let_go_of_one(&mut self, but: Option<Age>) -> bool {
        if self.cache.forget(true) {
            return true;
        }
        let Some(generation) = self.queue.youngest_that_holds(but) else { return false };
        generation.drop_held();
        self.gauges.dropped += 1;
        true
    }

    /// Sets the youngest answer aside, of all or of a tenant. It keeps what it holds until somebody needs the room.
    pub(super) fn set_aside_youngest(&mut self, of: Option<Tenant>) {
        let of_whom = |running: &Running| of.is_none_or(|tenant| running.asked.tenant == tenant);
        let places = self.running.iter().enumerate().filter(|(_, running)| of_whom(running));
        let youngest = places.max_by_key(|(_, running)| running.age).map(|(at, _)| at);
        if let Some(at) = youngest {
            let Running { age, asked, generation, .. } = self.running.remove(at);
            self.gauges.preemptions += 1;
            let generation = Some(generation);
            self.queue.set_back(Answer { age, asked, constraint: None, generation });
        }
    }
}
