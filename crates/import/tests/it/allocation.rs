//! Counts the bytes that the *current thread* has allocated, so that tests may run in parallel.
//!
//! It never changes what the system allocator does. The one place of this crate with `unsafe`: the trait asks for it.
#![allow(unsafe_code, reason = "GlobalAlloc is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

pub(crate) struct Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// The most bytes that were live at once while `work` ran, over those at its start.
pub(crate) fn peak_bytes<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (PEAK.get().saturating_sub(before), result)
}

fn grew(bytes: usize) {
    // At a thread's end its cells may be gone; nothing is counted then.
    let _ = LIVE.try_with(|live| {
        live.set(live.get().wrapping_add(bytes));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

fn shrank(bytes: usize) {
    // Saturating: memory of another thread may be freed here.
    let _ = LIVE.try_with(|live| live.set(live.get().saturating_sub(bytes)));
}

// SAFETY: every call goes to the system allocator unchanged; the counters touch no allocated memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grew(layout.size());
        // SAFETY: the caller keeps alloc's contract, which is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrank(layout.size());
        // SAFETY: `pointer` came from `alloc` or `realloc` above, so from the system allocator.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both blocks may live during the move.
        grew(size);
        shrank(layout.size());
        // SAFETY: as for `dealloc`; the caller keeps realloc's contract.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[test]
fn the_counter_counts() {
    let (peak, block) = peak_bytes(|| {
        drop(vec![1u8; 10_000]);
        vec![1u8; 4_000]
    });
    assert!((10_000..11_000).contains(&peak), "{peak}");
    drop(block);
}
