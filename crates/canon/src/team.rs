//! A team of threads that join the caller's work while it lasts.
//!
//! `run` calls one function on the caller's thread and, at the same time, on every helper that is
//! awake; the function itself claims pieces of work until none is left. The caller waits only for
//! helpers that have begun, so a helper that gets no processor never holds anybody up. Idle helpers
//! look for work for some tens of microseconds, then park.
//!
//! Which thread does what can never change a result: pieces are disjoint and exact.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle, Thread};

/// Most threads of a team.
pub const THREADS_MAX: usize = 256;
/// Rounds an idle helper looks for work before it parks.
const IDLE_SPINS: u32 = 4_000;
/// Rounds the caller waits for helpers before it lets others run. It never parks: beside busy
/// neighbours it would get its processor back milliseconds late, and decode would be thrice as slow.
const WAIT_SPINS: u32 = 20_000;

/// State of the job in one word: a number that changes with each job, whether it may be joined, and
/// how many helpers are inside.
const INSIDE: u64 = 0xffff;
const OPEN: u64 = 1 << 16;
const NUMBER: u64 = 1 << 17;

/// What every thread does; it gets the thread's number, 0 for the caller.
type Work<'a> = &'a (dyn Fn(usize) + Sync);

struct Shared {
    state: AtomicU64,
    work: UnsafeCell<Option<Work<'static>>>,
    parked: Vec<AtomicBool>,
    failed: AtomicBool,
    stop: AtomicBool,
}

// SAFETY: `work` is written only by the caller of `run` while the job is closed and nobody is
// inside, and read only by helpers that have entered an open job; `state` orders the two.
unsafe impl Sync for Shared {}
// SAFETY: what `work` points to is Sync, so any thread may call it.
unsafe impl Send for Shared {}

/// The caller and its helpers.
pub struct Team {
    shared: Arc<Shared>,
    helpers: Vec<(Thread, Option<JoinHandle<()>>)>,
}

impl Team {
    /// A team of `threads`, the caller included. Helpers that can't be started are done without.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let count = threads.clamp(1, THREADS_MAX) - 1;
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            work: UnsafeCell::new(None),
            parked: (0..count).map(|_| AtomicBool::new(false)).collect(),
            failed: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let start = |index| {
            let shared = Arc::clone(&shared);
            let builder = thread::Builder::new().name(format!("probity-{}", index + 1));
            builder.spawn(move || help(&shared, index)).ok()
        };
        let helpers = (0..count).map_while(start).map(|h| (h.thread().clone(), Some(h))).collect();
        Self { shared, helpers }
    }

    /// How many threads there are, the caller included.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Runs `work` on this thread and on every helper that comes in time.
    ///
    /// # Panics
    /// Where `work` panicked on any thread.
    pub fn run(&mut self, work: Work<'_>) {
        if self.helpers.is_empty() {
            return work(0);
        }
        // SAFETY: the reference is used by helpers only between entering and leaving the job, and
        // `Closing` waits for all of them before this function returns or unwinds.
        let lasting = unsafe { core::mem::transmute::<Work<'_>, Work<'static>>(work) };
        // SAFETY: `&mut self` means no other job is open, and the last one was waited for.
        unsafe { *self.shared.work.get() = Some(lasting) };
        let closing = Closing(&self.shared);
        let number = self.shared.state.load(Ordering::Relaxed) & !(OPEN | INSIDE);
        self.shared.state.store(number.wrapping_add(NUMBER) | OPEN, Ordering::SeqCst);
        for (index, (helper, _)) in self.helpers.iter().enumerate() {
            let parked = &self.shared.parked[index];
            if parked.load(Ordering::SeqCst) && parked.swap(false, Ordering::SeqCst) {
                helper.unpark();
            }
        }
        work(0);
        drop(closing);
        let failed = self.shared.failed.swap(false, Ordering::Relaxed);
        assert!(!failed, "a helper panicked");
    }
}

/// Closes the job and waits for those inside, also while unwinding.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.state.fetch_and(!OPEN, Ordering::AcqRel);
        let mut spins = 0;
        while self.0.state.load(Ordering::Acquire) & INSIDE != 0 {
            spins += 1;
            if spins < WAIT_SPINS { core::hint::spin_loop() } else { thread::yield_now() }
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        for (thread, handle) in &mut self.helpers {
            thread.unpark();
            if let Some(handle) = handle.take() {
                // A helper's panic was reported by the `run` it happened in.
                let _ = handle.join();
            }
        }
    }
}

/// Leaves the job when dropped.
struct Leaving<'a>(&'a Shared);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.state.fetch_sub(1, Ordering::AcqRel);
    }
}

fn help(shared: &Shared, index: usize) {
    let mut seen = 0;
    loop {
        let state = wait(shared, index, seen);
        if shared.stop.load(Ordering::SeqCst) {
            return;
        }
        seen = state & !(OPEN | INSIDE);
        if enter(shared, seen) {
            // SAFETY: entered while open: the reference is set and stays valid until we leave.
            let work = unsafe { *shared.work.get() };
            let call =
                std::panic::AssertUnwindSafe(|| work.into_iter().for_each(|work| work(index + 1)));
            let leaving = Leaving(shared);
            if let Err(payload) = std::panic::catch_unwind(call) {
                shared.failed.store(true, Ordering::Relaxed);
                // Its destructor is a stranger's code, which could panic here.
                core::mem::forget(payload);
            }
            drop(leaving);
        }
    }
}

/// Waits until a job other than `seen` is open, or the team is dissolved.
fn wait(shared: &Shared, index: usize, seen: u64) -> u64 {
    let fresh = |state: u64| state & OPEN != 0 && state & !(OPEN | INSIDE) != seen;
    loop {
        for _ in 0..IDLE_SPINS {
            let state = shared.state.load(Ordering::Acquire);
            if fresh(state) || shared.stop.load(Ordering::Relaxed) {
                return state;
            }
            core::hint::spin_loop();
        }
        shared.parked[index].store(true, Ordering::SeqCst);
        let state = shared.state.load(Ordering::SeqCst);
        if fresh(state) || shared.stop.load(Ordering::SeqCst) {
            shared.parked[index].store(false, Ordering::SeqCst);
            return state;
        }
        thread::park();
    }
}

/// Enters the job of this number while it is open.
fn enter(shared: &Shared, number: u64) -> bool {
    let mut state = shared.state.load(Ordering::Acquire);
    while state & OPEN != 0 && state & !(OPEN | INSIDE) == number {
        let inside = shared.state.compare_exchange_weak(
            state,
            state + 1,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        match inside {
            Ok(_) => return true,
            Err(now) => state = now,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::AtomicUsize;

    #[test]
    fn every_piece_is_done_exactly_once() {
        for threads in [1, 2, 3, 8] {
            let mut team = Team::new(threads);
            for pieces in [0, 1, 2, 7, 1000] {
                let next = AtomicUsize::new(0);
                let done: Vec<AtomicUsize> = (0..pieces).map(|_| AtomicUsize::new(0)).collect();
                team.run(&|_| {
                    while let Some(piece) = done.get(next.fetch_add(1, Ordering::Relaxed)) {
                        piece.fetch_add(1, Ordering::Relaxed);
                    }
                });
                assert!(done.iter().all(|piece| piece.load(Ordering::Relaxed) == 1));
            }
        }
    }

    #[test]
    fn many_short_jobs() {
        let mut team = Team::new(3);
        let total = AtomicUsize::new(0);
        for _ in 0..20_000 {
            let next = AtomicUsize::new(0);
            team.run(&|_| {
                while next.fetch_add(1, Ordering::Relaxed) < 3 {
                    total.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        assert_eq!(total.into_inner(), 60_000);
    }

    #[test]
    fn every_thread_has_a_number_of_its_own() {
        let mut team = Team::new(3);
        for _ in 0..1_000 {
            let inside = [const { AtomicUsize::new(0) }; 3];
            team.run(&|thread| {
                inside[thread].fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(inside[0].load(Ordering::Relaxed), 1);
            assert!(inside.iter().all(|times| times.load(Ordering::Relaxed) <= 1));
        }
    }

    #[test]
    fn a_caller_waits_for_who_is_inside() {
        let mut team = Team::new(2);
        for _ in 0..20 {
            let entered = AtomicBool::new(false);
            let done = AtomicBool::new(false);
            team.run(&|thread| {
                if thread == 0 {
                    // Leaves the helper behind, deep in its work.
                    while !entered.load(Ordering::Relaxed) {
                        thread::yield_now();
                    }
                } else {
                    entered.store(true, Ordering::Relaxed);
                    (0..4 * WAIT_SPINS).for_each(|_| core::hint::spin_loop());
                    done.store(true, Ordering::Relaxed);
                }
            });
            assert!(done.load(Ordering::Relaxed));
        }
    }

    #[test]
    #[should_panic(expected = "piece 5")]
    fn a_panic_reaches_the_caller() {
        let next = AtomicUsize::new(0);
        Team::new(1).run(&|_| {
            for _ in 0..10 {
                assert!(next.fetch_add(1, Ordering::Relaxed) != 5, "piece 5");
            }
        });
    }
}
