//! Handing out disjoint parts of one buffer to threads that claim work.
//!
//! A [`TileQueue`] cuts the columns of a row-major matrix of integers into tiles and gives each
//! tile away exactly once, whoever asks first. Never blocks and never starts a thread.

use core::marker::PhantomData;
use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};

/// A matrix of `rows x width` whose column tiles are claimed by threads.
pub struct TileQueue<'a> {
    base: *mut i32,
    rows: usize,
    width: usize,
    tile: usize,
    next: AtomicUsize,
    owner: PhantomData<&'a mut [i32]>,
}

// SAFETY: the queue owns the exclusive borrow of the buffer, and hands each tile out once only
// (the counter is atomic), so no element is reachable from two threads.
unsafe impl Sync for TileQueue<'_> {}
// SAFETY: as above; an exclusive borrow of i32 may move to another thread.
unsafe impl Send for TileQueue<'_> {}

impl<'a> TileQueue<'a> {
    /// Cuts `rows` rows of `width` entries into tiles of `tile` columns (the last may be narrower).
    ///
    /// # Panics
    /// Where the buffer has another size, or the tile is empty.
    #[must_use]
    pub fn new(buffer: &'a mut [i32], rows: usize, width: usize, tile: usize) -> Self {
        assert!(tile > 0 && buffer.len() == rows * width, "buffer of another size");
        let base = buffer.as_mut_ptr();
        Self { base, rows, width, tile, next: AtomicUsize::new(0), owner: PhantomData }
    }

    /// The next tile nobody has claimed.
    pub fn claim(&self) -> Option<Tile<'_>> {
        let start = self.next.fetch_add(1, Ordering::Relaxed).checked_mul(self.tile)?;
        if start >= self.width {
            return None;
        }
        let columns = start..(start + self.tile).min(self.width);
        Some(Tile {
            base: self.base,
            rows: self.rows,
            width: self.width,
            columns,
            owner: PhantomData,
        })
    }
}

/// A claimed tile: some columns of every row.
pub struct Tile<'a> {
    base: *mut i32,
    rows: usize,
    width: usize,
    columns: Range<usize>,
    owner: PhantomData<&'a mut [i32]>,
}

impl<'a> Tile<'a> {
    /// A whole matrix as one tile.
    ///
    /// # Panics
    /// Where the buffer has another size.
    #[must_use]
    pub fn whole(buffer: &'a mut [i32], rows: usize, width: usize) -> Self {
        assert!(buffer.len() == rows * width, "buffer of another size");
        Self { base: buffer.as_mut_ptr(), rows, width, columns: 0..width, owner: PhantomData }
    }

    /// The columns of the matrix that this tile covers.
    #[must_use]
    pub fn columns(&self) -> Range<usize> {
        self.columns.clone()
    }

    /// How many rows the matrix has.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// This tile's part of one row.
    ///
    /// # Panics
    /// Where there is no such row.
    #[inline]
    pub fn row_mut(&mut self, row: usize) -> &mut [i32] {
        assert!(row < self.rows, "row outside the matrix");
        // SAFETY: the range lies inside the buffer the queue was made of (row < rows, columns are
        // within the width), and only this tile reaches these columns; `&mut self` keeps one part
        // borrowed at a time.
        unsafe {
            core::slice::from_raw_parts_mut(
                self.base.add(row * self.width + self.columns.start),
                self.columns.len(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_claimed_once() {
        for (rows, width, tile) in [(1, 1, 1), (3, 17, 4), (2, 16, 16), (5, 7, 100)] {
            let mut buffer = vec![0; rows * width];
            let queue = TileQueue::new(&mut buffer, rows, width, tile);
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
