//! The keys and values of one sequence, in spans that sequences with a common prefix share.
//!
//! A span is written only by a sequence that holds it alone; a shared one is copied first. So what a
//! sequence reads is a function of its own tokens, whoever it shares with.

use std::sync::Arc;

use canon::PAGE;
use canon::reference::HeadRow;

use crate::pool::{Pool, Span};

/// What a forward pass remembers of a sequence.
#[derive(Clone)]
pub struct Sequence {
    pub(crate) spans: Vec<Span>,
    pub(crate) length: usize,
    /// That of the engine it was made by: another's weights would give it other keys and values.
    pool: Arc<Pool>,
}

impl Sequence {
    pub(crate) fn new(pool: &Arc<Pool>) -> Self {
        Self { spans: Vec::new(), length: 0, pool: Arc::clone(pool) }
    }

    /// The first `length` positions of these spans; `None` where there are not so many, or a span is another engine's.
    pub(crate) fn of(pool: &Arc<Pool>, spans: &[Span], length: usize) -> Option<Self> {
        let spans = spans.get(..length.div_ceil(PAGE))?;
        let kin = spans.iter().all(|span| span.is_of(pool));
        kin.then(|| Self { spans: spans.to_vec(), length, pool: Arc::clone(pool) })
    }

    /// How many positions it holds.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// A sequence with the first `length` positions of this one; whole spans are shared.
    #[must_use]
    pub fn prefix(&self, length: usize) -> Self {
        let mut prefix = self.clone();
        prefix.truncate(length);
        prefix
    }

    /// Whether one engine made both, so that what one holds could be the other's.
    #[must_use]
    pub fn is_kin_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.pool, &other.pool)
    }

    pub(crate) fn is_of(&self, pool: &Arc<Pool>) -> bool {
        Arc::ptr_eq(&self.pool, pool)
    }

    /// Forgets the positions from `length` on.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        self.drop_unheld();
    }

    /// Drops spans beyond the held positions.
    pub(crate) fn drop_unheld(&mut self) {
        self.spans.truncate(self.length.div_ceil(PAGE));
    }

    /// How many spans' memory the next `tokens` tokens take: those that are new, and the last where others hold it too.
    #[must_use]
    pub fn spans_needed(&self, tokens: usize) -> usize {
        if tokens == 0 {
            return 0;
        }
        let new = (self.length + tokens).div_ceil(PAGE) - self.length.div_ceil(PAGE);
        let last = (!self.length.is_multiple_of(PAGE)).then(|| &self.spans[self.length / PAGE]);
        new + usize::from(last.is_some_and(Span::is_shared))
    }

    /// Makes room for the next `tokens` tokens in spans that nobody else holds.
    pub(crate) fn make_room(&mut self, tokens: usize) {
        self.drop_unheld();
        if tokens > 0
            && !self.length.is_multiple_of(PAGE)
            && let Some(last) = self.spans.last_mut().filter(|last| last.is_shared())
        {
            *last = last.copied();
        }
        while self.spans.len() * PAGE < self.length + tokens {
            self.spans.push(self.pool.take());
        }
    }

    /// The spans of the positions it holds; the last may have room left.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans[..self.length.div_ceil(PAGE)]
    }

    /// The key and value rows of a position: by KV layer, then KV head.
    ///
    /// # Panics
    /// Where the position is not held.
    #[must_use]
    pub fn rows(&self, position: usize) -> Vec<Vec<(HeadRow, HeadRow)>> {
        assert!(position < self.length, "position {position} is not held");
        let layers = self.spans[position / PAGE].pages().iter();
        let heads = |pages: &Vec<canon::KvPage>| {
            pages.iter().map(|page| page.get(position % PAGE)).collect()
        };
        layers.map(heads).collect()
    }

    /// Bytes of its spans, shared ones counted in full.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.spans.len() * self.pool.span_bytes()
    }
}
