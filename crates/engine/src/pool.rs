//! The memory of keys and values, in spans: the pages of all layers and heads for 64 neighbouring positions.
//!
//! A span is counted from when it is taken until whoever holds it last lets it go, so what sequences share counts once.
//! Memory that was let go is kept for the next, up to a bound, so that what comes and goes allocates nothing. What it
//! still holds of an earlier answer is never read: a slot is written before a position reaches it.

use std::sync::{Arc, Mutex, PoisonError};

use canon::{KvPage, PAGE};

/// Bytes of memory that is kept unless the engine's owner says otherwise.
const KEPT_BYTES_MAX: usize = 64 << 20;

/// The KV heads of a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerHeads {
    pub(crate) heads: usize,
    pub(crate) width: usize,
}

/// Pages: by KV layer, then KV head.
type Pages = Vec<Vec<KvPage>>;

/// What spans are taken from.
pub(crate) struct Pool {
    layers: Vec<LayerHeads>,
    span_bytes: usize,
    memory: Mutex<Memory>,
}

struct Memory {
    /// Spans that are held.
    held: usize,
    /// Memory for more.
    spare: Vec<Pages>,
    /// Memory is kept while it and what is held are no more than these.
    kept_bytes_max: usize,
}

/// Keys and values of up to 64 neighbouring positions, which sequences and whoever remembers them may share.
#[derive(Clone)]
pub struct Span(Arc<Held>);

/// A span's memory, until the last holder lets it go.
struct Held {
    pages: Pages,
    pool: Arc<Pool>,
}

impl Pool {
    pub(crate) fn new(layers: Vec<LayerHeads>) -> Self {
        let bytes = |layer: &LayerHeads| layer.heads * KvPage::bytes(layer.width);
        let span_bytes = layers.iter().map(bytes).sum();
        let memory = Memory { held: 0, spare: Vec::new(), kept_bytes_max: KEPT_BYTES_MAX };
        Self { layers, span_bytes, memory: Mutex::new(memory) }
    }

    pub(crate) fn span_bytes(&self) -> usize {
        self.span_bytes
    }

    /// Bytes of the spans that are held, and of the memory for more.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        (memory.held * self.span_bytes, memory.spare.len() * self.span_bytes)
    }

    /// Keeps memory while it and what is held are no more than these bytes.
    pub(crate) fn keep(&self, bytes_max: usize) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.kept_bytes_max = bytes_max;
        let room = bytes_max / self.span_bytes.max(1);
        let room = room.saturating_sub(memory.held);
        memory.spare.truncate(room);
    }

    /// A span that nobody else holds.
    pub(crate) fn take(self: &Arc<Self>) -> Span {
        let spare = {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.held += 1;
            memory.spare.pop()
        };
        let pages = match spare {
            Some(mut pages) => {
                pages.iter_mut().flatten().for_each(KvPage::clear);
                pages
            }
            None => self.layers.iter().map(LayerHeads::pages).collect(),
        };
        Span(Arc::new(Held { pages, pool: Arc::clone(self) }))
    }

    fn give_back(&self, pages: Pages) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.held -= 1;
        let count = memory.held + memory.spare.len() + 1;
        if count.saturating_mul(self.span_bytes) <= memory.kept_bytes_max {
            memory.spare.push(pages);
        }
    }
}

impl LayerHeads {
    fn pages(&self) -> Vec<KvPage> {
        (0..self.heads).map(|_| KvPage::new(self.width)).collect()
    }
}

impl Span {
    /// The page of a KV head.
    pub(crate) fn page(&self, layer: usize, head: usize) -> &KvPage {
        &self.0.pages[layer][head]
    }

    /// By KV layer, then KV head.
    pub(crate) fn pages(&self) -> &[Vec<KvPage>] {
        &self.0.pages
    }

    /// The pages of a layer, to write into.
    pub(crate) fn layer_mut(&mut self, layer: usize) -> &mut [KvPage] {
        let held = Arc::get_mut(&mut self.0).expect("what is written into is held alone");
        &mut held.pages[layer]
    }

    /// Whether somebody else holds it too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    pub(crate) fn is_of(&self, pool: &Arc<Pool>) -> bool {
        Arc::ptr_eq(&self.0.pool, pool)
    }

    /// The same keys and values in memory of its own.
    pub(crate) fn copied(&self) -> Self {
        let mut copy = self.0.pool.take();
        let held = Arc::get_mut(&mut copy.0).expect("just taken");
        let to = held.pages.iter_mut().flatten();
        to.zip(self.0.pages.iter().flatten()).for_each(|(to, from)| to.copy_from(from));
        copy
    }

    /// Positions there is room for.
    #[must_use]
    pub const fn positions() -> usize {
        PAGE
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.pool.give_back(core::mem::take(&mut self.pages));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> Arc<Pool> {
        Arc::new(Pool::new(vec![LayerHeads { heads: 2, width: 32 }; 3]))
    }

    #[test]
    fn what_is_shared_counts_once_and_what_is_let_go_is_kept() {
        let pool = pool();
        let bytes = pool.span_bytes();
        assert_eq!(bytes, 6 * KvPage::bytes(32));
        let first = pool.take();
        let (second, other) = (first.clone(), pool.take());
        assert_eq!((pool.bytes(), first.is_shared()), ((2 * bytes, 0), true));
        drop(first);
        assert_eq!((pool.bytes(), second.is_shared()), ((2 * bytes, 0), false));
        drop((second, other));
        assert_eq!(pool.bytes(), (0, 2 * bytes));
        let again = pool.take();
        assert_eq!(pool.bytes(), (bytes, bytes), "the memory of one was used again");
        pool.keep(bytes);
        assert_eq!(pool.bytes(), (bytes, 0));
        drop(again);
        assert_eq!(pool.bytes(), (0, bytes));
        pool.keep(bytes - 1);
        drop(pool.take());
        assert_eq!(pool.bytes(), (0, 0));
    }

    #[test]
    fn a_copy_is_its_own() {
        let pool = pool();
        let first = pool.take();
        let mut copy = first.copied();
        assert!(!first.is_shared() && !copy.is_shared() && copy.is_of(&pool));
        assert_eq!(copy.layer_mut(1).len(), 2);
        assert!(!first.is_of(&self::pool()));
    }
}
