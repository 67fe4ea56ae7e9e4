//! How long a connection is waited for: to ask something, to take what it asked for, to ask again.
//!
//! What a request asks may take as long as it takes; what it answers must be read. Never looks at bytes. Failure: the
//! connection is closed, as one that broke is.

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

use crate::settings::Limits;

/// What is asked on a connection now.
#[derive(Debug, Default)]
pub(super) struct Busy(Mutex<Requests>);

#[derive(Debug, Default)]
struct Requests {
    /// How many there ever were.
    begun: u64,
    /// Those that are not at their end, and since when what was given out of them waits to be taken.
    running: BTreeMap<u64, Option<Instant>>,
}

impl Busy {
    /// A request that has come.
    pub(super) fn begin(self: &Arc<Self>) -> Request {
        let mut requests = self.requests();
        let number = requests.begun;
        requests.begun += 1;
        requests.running.insert(number, None);
        Request { busy: Arc::clone(self), number }
    }

    /// What changes when a request comes or ends.
    fn state(&self) -> (u64, bool) {
        let requests = self.requests();
        (requests.begun, !requests.running.is_empty())
    }

    /// Whether something was given out that nobody has taken for this long.
    fn is_stuck(&self, time: Duration) -> bool {
        let stuck = |since: &Option<Instant>| since.is_some_and(|since| since.elapsed() >= time);
        self.requests().running.values().any(stuck)
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
    fn waits(&self, since: Option<Instant>) {
        self.busy.requests().running.insert(self.number, since);
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.busy.requests().running.remove(&self.number);
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
}

/// A connection that is waited for so long and no longer.
pub(super) struct Patient<S> {
    inner: S,
    busy: Arc<Busy>,
    times: Times,
    /// What the connection was doing when `waited` began.
    state: (u64, bool),
    waited: Pin<Box<Sleep>>,
    writing: Stall,
    flushing: Stall,
}

impl<S> Patient<S> {
    pub(super) fn new(inner: S, busy: Arc<Busy>, limits: &Limits) -> Self {
        let times =
            Times { first: limits.header_time, idle: limits.idle_time, stall: limits.stall_time };
        let waited = Box::pin(sleep(times.first));
        let state = (0, false);
        let (writing, flushing) = (Stall::default(), Stall::default());
        Self { inner, busy, times, state, waited, writing, flushing }
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
            if !state.1 || self.busy.is_stuck(time) {
                return true;
            }
            self.waited.as_mut().reset(Instant::now() + time);
        }
        false
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
        this.writing.poll(written, this.times.stall, context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[std::io::IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.inner).poll_write_vectored(context, pieces);
        this.writing.poll(written, this.times.stall, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.inner).poll_flush(context);
        this.flushing.poll(flushed, this.times.stall, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let ended = Pin::new(&mut this.inner).poll_shutdown(context);
        this.flushing.poll(ended, this.times.stall, context)
    }
}
