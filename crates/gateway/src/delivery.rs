//! An answer's events on their way to whoever asked. A reader that does not take them is given up: one that takes
//! nothing for a while, and one that takes what is left of a finished answer too slowly.
//!
//! Never waits to say the last: there is a place for it from the first. Who was given up is told no end but that.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::core::{EndedAt, Event};

/// Events between whoever makes them and whoever writes them.
const EVENTS_MAX: usize = 64;
/// How long a reader may take nothing before its answer is cancelled.
const READER_STALL: Duration = Duration::from_mins(1);

/// Where the events of an answer go.
pub(crate) struct Delivery {
    /// `None` once the reader has gone, or was given up.
    to: Option<mpsc::Sender<Event>>,
    /// The place of the last event.
    last: Option<OwnedPermit<Event>>,
    ended: EndedAt,
    patience: Patience,
    was_late: bool,
}

/// How long a reader is waited for.
struct Patience {
    /// Whether the server gives up what runs: no reader is waited for then.
    given_up: watch::Receiver<bool>,
    /// Closed once all of the answer is computed.
    computed: watch::Receiver<()>,
    /// How long what is left may take from then on.
    time: Duration,
    until: Option<Instant>,
}

/// What became of an event.
enum Handed {
    Taken,
    /// Nobody takes it.
    Untaken,
    /// All of the answer has been there for too long.
    Late,
}

impl Delivery {
    /// To the reader of these events. From when all is computed, which closes `computed`, what is left may take `time`.
    pub(crate) fn new(
        given_up: watch::Receiver<bool>,
        computed: watch::Receiver<()>,
        time: Duration,
    ) -> (Self, mpsc::Receiver<Event>, EndedAt) {
        // One more for the last.
        let (to, events) = mpsc::channel(EVENTS_MAX + 1);
        let last = to.clone().try_reserve_owned().ok();
        let ended: EndedAt = Arc::new(OnceLock::new());
        let patience = Patience { given_up, computed, time, until: None };
        let told = Arc::clone(&ended);
        (Self { to: Some(to), last, ended, patience, was_late: false }, events, told)
    }

    /// Whether somebody reads.
    pub(crate) fn is_open(&self) -> bool {
        self.to.is_some()
    }

    /// Whether the reader was given up because it took a finished answer too slowly.
    pub(crate) fn was_late(&self) -> bool {
        self.was_late
    }

    /// Ends when the reader has gone.
    pub(crate) async fn gone(&self) {
        match &self.to {
            Some(to) => to.closed().await,
            None => std::future::pending().await,
        }
    }

    /// Nothing but the last is told any more.
    pub(crate) fn leave(&mut self) {
        self.to = None;
    }

    /// Hands an event to the reader, if there is one; who does not take it in time is given up. Whether it goes on.
    pub(crate) async fn hand_over(&mut self, event: Event) -> bool {
        let Some(to) = &self.to else { return true };
        match self.patience.hand_over(to, event).await {
            Handed::Taken => return true,
            Handed::Untaken => {}
            Handed::Late => self.was_late = true,
        }
        self.leave();
        false
    }

    /// Says the last, without waiting for anybody.
    pub(crate) fn close(self, event: Event) {
        self.ended.get_or_init(Instant::now);
        if let Some(last) = self.last {
            last.send(event);
        }
    }
}

impl Patience {
    async fn hand_over(&mut self, to: &mpsc::Sender<Event>, event: Event) -> Handed {
        let place = tokio::select! {
            biased;
            place = timeout(READER_STALL, to.reserve()) => place.ok().and_then(Result::ok),
            _ = self.given_up.wait_for(|given_up| *given_up) => None,
            () = late(&mut self.computed, &mut self.until, self.time) => return Handed::Late,
        };
        match place {
            Some(place) => {
                place.send(event);
                Handed::Taken
            }
            None => Handed::Untaken,
        }
    }
}

/// Ends when all has been computed for so long.
async fn late(computed: &mut watch::Receiver<()>, until: &mut Option<Instant>, time: Duration) {
    let until = match *until {
        Some(until) => until,
        None => {
            while computed.changed().await.is_ok() {}
            *until.insert(Instant::now() + time)
        }
    };
    sleep_until(until).await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use tokio::runtime::{Builder, Runtime};

    use super::*;
    use crate::core::Refusal;

    fn failed() -> Event {
        Event::Failed(Refusal::unended())
    }

    fn runtime() -> Runtime {
        Builder::new_current_thread().enable_time().build().unwrap()
    }

    /// One whose reader has taken nothing of as much as it may let lie.
    fn full(
        runtime: &Runtime,
        giving: &watch::Sender<bool>,
        computing: &watch::Sender<()>,
        time: Duration,
    ) -> (Delivery, mpsc::Receiver<Event>) {
        let (mut delivery, events, _) =
            Delivery::new(giving.subscribe(), computing.subscribe(), time);
        for _ in 0..EVENTS_MAX {
            assert!(runtime.block_on(delivery.hand_over(failed())));
        }
        (delivery, events)
    }

    #[test]
    fn a_reader_that_stalls_is_waited_for_until_the_server_gives_up() {
        let runtime = runtime();
        let _within = runtime.enter();
        let (giving, computing) = (watch::Sender::new(false), watch::Sender::new(()));
        let (mut delivery, mut events) =
            full(&runtime, &giving, &computing, Duration::from_hours(1));
        {
            let mut stalled = pin!(delivery.hand_over(failed()));
            let mut context = Context::from_waker(Waker::noop());
            assert!(stalled.as_mut().poll(&mut context).is_pending());
            giving.send_replace(true);
            assert_eq!(stalled.as_mut().poll(&mut context), Poll::Ready(false));
        }
        assert!(!delivery.is_open() && !delivery.was_late());
        // What has room is taken all the same.
        let (mut other, mut others, _) =
            Delivery::new(giving.subscribe(), computing.subscribe(), Duration::ZERO);
        assert!(runtime.block_on(other.hand_over(failed())));
        assert!(others.try_recv().is_ok());
        // And there is room for the last.
        delivery.close(failed());
        assert_eq!(std::iter::from_fn(|| events.try_recv().ok()).count(), EVENTS_MAX + 1);
    }

    #[test]
    fn a_finished_answer_waits_for_its_reader_so_long_and_no_longer() {
        let runtime = runtime();
        let _within = runtime.enter();
        let (giving, computing) = (watch::Sender::new(false), watch::Sender::new(()));
        let (mut delivery, mut events) = full(&runtime, &giving, &computing, Duration::ZERO);
        {
            let mut waits = pin!(delivery.hand_over(failed()));
            let mut context = Context::from_waker(Waker::noop());
            assert!(waits.as_mut().poll(&mut context).is_pending(), "there is more to come");
            events.try_recv().unwrap();
            assert_eq!(waits.as_mut().poll(&mut context), Poll::Ready(true));
        }
        drop(computing);
        assert!(!runtime.block_on(delivery.hand_over(failed())));
        assert!(delivery.was_late() && !delivery.is_open());
        assert!(runtime.block_on(delivery.hand_over(failed())), "nobody is waited for twice");
        let ended = Arc::clone(&delivery.ended);
        delivery.close(failed());
        assert!(ended.get().is_some());
    }
}
