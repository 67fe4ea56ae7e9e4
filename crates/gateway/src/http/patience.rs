//! How long a connection is waited for: to ask something, to take what it asked for, to ask again.
//!
//! What a request asks may take as long as it takes; what it answers must be read: some of it always, and all of it
//! within a time from its end on. Never looks at bytes. Failure: the connection is closed, as one that broke is.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::core::EndedAt;
use crate::settings::Limits;

/// What is asked on a connection now, and what of it is not delivered.
#[derive(Debug, Default)]
pub(super) struct Busy(Mutex<Requests>);

#[derive(Debug, Default)]
struct Requests {
    /// How many there ever were.
    begun: u64,
    /// Those that are not at their end.
    running: BTreeMap<u64, Running>,
    /// Since when a finished response may lie on its way to the socket.
    undelivered: Option<Instant>,
}

#[derive(Debug, Default)]
struct Running {
    /// Since when what was given out of it waits to be taken.
    waits: Option<Instant>,
    response: Option<Finish>,
}

/// When a response was finished, taken or not.
#[derive(Debug)]
enum Finish {
    At(Instant),
    /// A stream says so itself.
    Told(EndedAt),
}

impl Finish {
    fn at(&self) -> Option<Instant> {
        match self {
            Self::At(at) => Some(*at),
            Self::Told(at) => at.get().copied(),
        }
    }
}

impl Busy {
    /// A request that has come.
    pub(super) fn begin(self: &Arc<Self>) -> Request {
        let mut requests = self.requests();
        let number = requests.begun;
        requests.begun += 1;
        requests.running.insert(number, Running::default());
        Request { busy: Arc::clone(self), number }
    }

    /// What changes when a request comes or ends.
    fn state(&self) -> (u64, bool) {
        let requests = self.requests();
        (requests.begun, !requests.running.is_empty())
    }

    /// Whether something was given out that nobody has taken for this long.
    fn is_stuck(&self, time: Duration) -> bool {
        let stuck = |one: &Running| one.waits.is_some_and(|since| since.elapsed() >= time);
        self.requests().running.values().any(stuck)
    }

    /// Since when a finished response is on its way through a socket that has not taken all of what it was given since
    /// `unflushed`.
    fn on_its_way(&self, unflushed: Option<Instant>) -> Option<Instant> {
        // What was finished before it last had all was delivered.
        self.requests().undelivered.zip(unflushed).map(|(finished, since)| finished.max(since))
    }

    /// Whether a response has been finished for this long and is not delivered.
    fn is_late(&self, time: Duration, unflushed: Option<Instant>) -> bool {
        let on_its_way = self.on_its_way(unflushed);
        let requests = self.requests();
        let given = requests.running.values().filter_map(|one| one.response.as_ref()?.at());
        given.chain(on_its_way).any(|finished| finished.elapsed() >= time)
    }

    /// The socket has taken all there was.
    fn delivered(&self) {
        self.requests().undelivered = None;
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is not at its end.
pub(super) struct Request {
    busy: Arc<Busy>,
    number: u64,
}

impl Request {
    /// There is a response: finished, or a stream that says when it is.
    pub(super) fn answered(&self, ended: Option<EndedAt>) {
        if let Some(running) = self.busy.requests().running.get_mut(&self.number) {
            running.response = Some(ended.map_or(Finish::At(Instant::now()), Finish::Told));
        }
    }

    fn waits(&self, since: Option<Instant>) {
        if let Some(running) = self.busy.requests().running.get_mut(&self.number) {
            running.waits = since;
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut requests = self.busy.requests();
        let response = requests.running.remove(&self.number).and_then(|running| running.response);
        if let Some(response) = response {
            let finished = response.at().unwrap_or_else(Instant::now);
            requests.undelivered =
                Some(requests.undelivered.map_or(finished, |at| at.min(finished)));
        }
    }
}

/// A response's body, which knows when it is taken.
pub(super) struct Watched<B> {
    body: B,
    request: Request,
}

impl<B> Watched<B> {
    pub(super) fn new(body: B, request: Request) -> Self {
        Self { body, request }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.request.waits(frame.is_ready().then(Instant::now));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How long each thing is waited for.
#[derive(Clone, Copy, Debug)]
struct Times {
    first: Duration,
    idle: Duration,
    stall: Duration,
    delivery: Duration,
}

/// A connection that is waited for so long and no longer.
pub(super) struct Patient<S> {
    inner: S,
    busy: Arc<Busy>,
    times: Times,
    /// What the connection was doing when `waited` began.
    state: (u64, bool),
    waited: Pin<Box<Sleep>>,
    /// Since when there has always been something that waits for the socket.
    unflushed: Option<Instant>,
    writing: Stall,
    flushing: Stall,
}

impl<S> Patient<S> {
    pub(super) fn new(inner: S, busy: Arc<Busy>, limits: &Limits) -> Self {
        let times = Times {
            first: limits.header_time,
            idle: limits.idle_time,
            stall: limits.stall_time,
            delivery: limits.delivery_time,
        };
        let waited = Box::pin(sleep(times.first));
        let state = (0, false);
        let (writing, flushing) = (Stall::default(), Stall::default());
        Self { inner, busy, times, state, waited, unflushed: None, writing, flushing }
    }

    /// Whether nothing came for too long, where something should have come.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        let state = self.busy.state();
        let time = match state {
            (_, true) => self.times.stall,
            (0, false) => self.times.first,
            (_, false) => self.times.idle,
        };
        if state != self.state {
            self.state = state;
            self.waited.as_mut().reset(Instant::now() + time);
        }
        while self.waited.as_mut().poll(context).is_ready() {
            // What is delivered has its own time.
            let is_idle = !state.1 && self.busy.on_its_way(self.unflushed).is_none();
            if is_idle || self.busy.is_stuck(time) || self.is_late() {
                return true;
            }
            self.waited.as_mut().reset(Instant::now() + time);
        }
        false
    }
}

impl<S> Patient<S> {
    fn is_late(&self) -> bool {
        self.busy.is_late(self.times.delivery, self.unflushed)
    }

    /// What is given to the socket waits for it until it is flushed.
    fn written<T>(&mut self, done: Poll<Result<T>>, context: &mut Context<'_>) -> Poll<Result<T>> {
        self.unflushed.get_or_insert_with(Instant::now);
        if done.is_pending() && self.is_late() {
            return over();
        }
        self.writing.poll(done, self.times.stall, context)
    }

    fn flushed(&mut self, done: Poll<Result<()>>, context: &mut Context<'_>) -> Poll<Result<()>> {
        if done.is_ready() {
            self.unflushed = None;
            self.busy.delivered();
        }
        self.flushing.poll(done, self.times.stall, context)
    }
}

fn over<T>() -> Poll<Result<T>> {
    Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "nothing came for too long")))
}

/// What can't go on since some time.
#[derive(Default)]
struct Stall(Option<Pin<Box<Sleep>>>);

impl Stall {
    fn poll<T>(
        &mut self,
        done: Poll<Result<T>>,
        time: Duration,
        context: &mut Context<'_>,
    ) -> Poll<Result<T>> {
        if done.is_ready() {
            self.0 = None;
            return done;
        }
        let waited = self.0.get_or_insert_with(|| Box::pin(sleep(time)));
        if waited.as_mut().poll(context).is_ready() { over() } else { Poll::Pending }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.inner).poll_read(context, buffer);
        if read.is_pending() && this.is_over(context) { over() } else { read }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write(context, bytes);
        this.written(written, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[std::io::IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write_vectored(context, pieces);
        this.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(context);
        this.flushed(flushed, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let ended = Pin::new(&mut this.inner).poll_shutdown(context);
        this.flushing.poll(ended, this.times.stall, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn what_is_finished_has_its_time_until_the_socket_has_taken_it() {
        let busy = Arc::<Busy>::default();
        let since = Some(Instant::now());
        let request = busy.begin();
        assert!(!busy.is_late(NOW, since), "it may take as long as it takes");
        request.answered(None);
        assert!(busy.is_late(NOW, since) && busy.is_late(NOW, None));
        assert!(!busy.is_late(Duration::from_hours(1), since));
        drop(request);
        // Its last bytes may wait for the socket.
        assert!(busy.is_late(NOW, since) && !busy.is_late(NOW, None));
        assert!(busy.on_its_way(since).is_some());
        busy.delivered();
        assert!(!busy.is_late(NOW, since) && busy.on_its_way(since).is_none());
    }

    #[test]
    fn a_stream_is_finished_when_it_says_so() {
        let busy = Arc::<Busy>::default();
        let (request, ended) = (busy.begin(), EndedAt::default());
        request.answered(Some(Arc::clone(&ended)));
        assert!(!busy.is_late(NOW, Some(Instant::now())));
        ended.get_or_init(Instant::now);
        assert!(busy.is_late(NOW, None));
        // Another that ends later gives it no more time.
        drop(request);
        let first = busy.on_its_way(ended.get().copied());
        let other = busy.begin();
        other.answered(None);
        drop(other);
        assert_eq!((busy.on_its_way(ended.get().copied()), first), (first, ended.get().copied()));
    }
}
