//! The keys and values of one sequence, in pages that sequences with a common prefix share.
//!
//! A page is written only by a sequence that owns it alone; a shared one is copied first. So what a
//! sequence reads is a function of its own tokens, whoever it shares with.

use std::sync::Arc;

use canon::reference::HeadRow;
use canon::{KvPage, PAGE};

/// The pages of one (layer, KV head).
#[derive(Clone, Default)]
pub(crate) struct HeadPages {
    pub(crate) pages: Vec<Arc<KvPage>>,
}

impl HeadPages {
    /// Writes the rows of a position, which is at most one page beyond the last.
    pub(crate) fn put(&mut self, position: usize, key: &HeadRow, value: &HeadRow) {
        if self.pages.len() == position / PAGE {
            self.pages.push(Arc::new(KvPage::new(key.quants.len())));
        }
        Arc::make_mut(&mut self.pages[position / PAGE]).put(position % PAGE, key, value);
    }
}

/// What a forward pass remembers of a sequence.
#[derive(Clone)]
pub struct Sequence {
    /// By KV layer, then KV head.
    pub(crate) layers: Vec<Vec<HeadPages>>,
    pub(crate) length: usize,
    /// The engine it was made by: another's weights would give it other keys and values.
    pub(crate) engine: u64,
}

impl Sequence {
    pub(crate) fn new(engine: u64, heads: &[usize]) -> Self {
        let layers = heads.iter().map(|heads| vec![HeadPages::default(); *heads]).collect();
        Self { layers, length: 0, engine }
    }

    /// How many positions it holds.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// A sequence with the first `length` positions of this one; whole pages are shared.
    #[must_use]
    pub fn prefix(&self, length: usize) -> Self {
        let mut prefix = self.clone();
        prefix.truncate(length);
        prefix
    }

    /// Whether one engine made both, so that what one holds could be the other's.
    #[must_use]
    pub fn is_kin_of(&self, other: &Self) -> bool {
        self.engine == other.engine
    }

    /// Forgets the positions from `length` on.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        self.drop_unheld();
    }

    /// Drops pages beyond the held positions.
    pub(crate) fn drop_unheld(&mut self) {
        let pages = self.length.div_ceil(PAGE);
        self.layers.iter_mut().flatten().for_each(|head| head.pages.truncate(pages));
    }

    /// The key and value rows of a position: by KV layer, then KV head.
    ///
    /// # Panics
    /// Where the position is not held.
    #[must_use]
    pub fn rows(&self, position: usize) -> Vec<Vec<(HeadRow, HeadRow)>> {
        assert!(position < self.length, "position {position} is not held");
        let row = |head: &HeadPages| head.pages[position / PAGE].get(position % PAGE);
        self.layers.iter().map(|heads| heads.iter().map(row).collect()).collect()
    }

    /// Bytes of its pages, shared ones counted in full.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let heads = self.layers.iter().flatten();
        heads.flat_map(|head| &head.pages).map(|page| KvPage::bytes(page.head_width())).sum()
    }
}
