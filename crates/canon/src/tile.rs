//! Handing out disjoint parts of one buffer to threads that claim work.
//!
//! A [`TileQueue`] cuts the columns of a row-major matrix of integers into tiles and gives each
//! tile away exactly once, whoever asks first. Never blocks and never starts a thread.

use core::marker::PhantomData;
use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};

/// A matrix of equally long rows whose column tiles are claimed by threads. On cache lines of its
/// own: claims of one don't slow those of another.
#[repr(align(64))]
pub struct TileQueue<'a> {
    rows: Vec<*mut i32>,
    width: usize,
    tile: usize,
    next: AtomicUsize,
    owner: PhantomData<&'a mut [i32]>,
}

// SAFETY: the queue owns exclusive borrows of all rows, and hands each tile out once only (the
// counter is atomic), so no element is reachable from two threads.
unsafe impl Sync for TileQueue<'_> {}
// SAFETY: as above; an exclusive borrow of i32 may move to another thread.
unsafe impl Send for TileQueue<'_> {}

impl<'a> TileQueue<'a> {
    /// Cuts rows of `width` entries into tiles of `tile` columns (the last may be narrower).
    ///
    /// # Panics
    /// Where a row has another length, or the tile is empty.
    #[must_use]
    pub fn new(rows: impl IntoIterator<Item = &'a mut [i32]>, width: usize, tile: usize) -> Self {
        assert!(tile > 0, "empty tile");
        let pointer = |row: &'a mut [i32]| {
            assert!(row.len() == width, "row of another length");
            row.as_mut_ptr()
        };
        let rows = rows.into_iter().map(pointer).collect();
        Self { rows, width, tile, next: AtomicUsize::new(0), owner: PhantomData }
    }

    /// The next tile nobody has claimed.
    pub fn claim(&self) -> Option<Tile<'_>> {
        // Never counts past the end, so that no number of claims can come round to a tile again.
        let step = |next: usize| (next < self.width).then(|| next.saturating_add(self.tile));
        let start = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).ok()?;
        let columns = start..start.saturating_add(self.tile).min(self.width);
        Some(Tile { rows: &self.rows, columns, owner: PhantomData })
    }
}

/// A claimed tile: some columns of every row.
pub struct Tile<'a> {
    rows: &'a [*mut i32],
    columns: Range<usize>,
    owner: PhantomData<&'a mut [i32]>,
}

impl Tile<'_> {
    /// The columns of the matrix that this tile covers.
    #[must_use]
    pub fn columns(&self) -> Range<usize> {
        self.columns.clone()
    }

    /// How many rows the matrix has.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// This tile's part of one row.
    ///
    /// # Panics
    /// Where there is no such row.
    #[inline]
    pub fn row_mut(&mut self, row: usize) -> &mut [i32] {
        let row = self.rows[row];
        // SAFETY: `row` is the start of an exclusively borrowed row that is as long as the queue's
        // width, the columns lie within that width, and only this tile reaches these columns;
        // `&mut self` keeps one part borrowed at a time.
        unsafe { core::slice::from_raw_parts_mut(row.add(self.columns.start), self.columns.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_claimed_once() {
        for (rows, width, tile) in [(1, 1, 1), (3, 17, 4), (2, 16, 16), (5, 7, 100)] {
            let mut buffer = vec![0; rows * width];
            let queue = TileQueue::new(buffer.chunks_exact_mut(width), width, tile);
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        while let Some(mut tile) = queue.claim() {
                            for row in 0..tile.rows() {
                                tile.row_mut(row).iter_mut().for_each(|entry| *entry += 1);
                            }
                        }
                    });
                }
            });
            assert!(buffer.iter().all(|entry| *entry == 1));
        }
    }
}
