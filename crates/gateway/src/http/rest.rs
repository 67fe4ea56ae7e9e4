//! What is left of a refused request's body: thrown away for a little while, and only then the refusal goes out.
//!
//! Over HTTP/2, an answer that ends before its question does resets the stream: a client that still sends may take that
//! for a failure of the network and lose the answer. Over HTTP/1.1 the connection could not be used again. Never waits
//! where the rest is long, nor where the server is asked to end.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body as AnyBody, Bytes};
use futures_util::StreamExt;
use hyper::Request;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::watch;
use tokio::time::timeout;

/// Most that is thrown away.
const REST_BYTES_MAX: usize = 64 << 10;

/// Where a body comes back to once nobody wants to read it any more.
pub(super) struct Rest(Arc<Mutex<Option<Incoming>>>);

/// A body that comes back where it is not read to its end.
pub(super) struct Lent {
    body: Option<Incoming>,
    back: Arc<Mutex<Option<Incoming>>>,
}

/// The request with a body that comes back.
pub(super) fn lend(asked: Request<Incoming>) -> (Request<Lent>, Rest) {
    let back = Arc::default();
    let rest = Rest(Arc::clone(&back));
    (asked.map(|body| Lent { body: Some(body), back }), rest)
}

impl Rest {
    /// Reads on for so long.
    pub(super) async fn throw_away(self, time: Duration, mut stopping: watch::Receiver<bool>) {
        let back = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let most = u64::try_from(REST_BYTES_MAX).unwrap_or(u64::MAX);
        let Some(body) = back.filter(|body| body.size_hint().lower() <= most) else { return };
        tokio::select! {
            biased;
            // Nobody is left who could say so: that is an end as well.
            _ = stopping.wait_for(|stopping| *stopping) => {}
            // However it ends, the answer is the same.
            _ = timeout(time, read(body)) => {}
        }
    }
}

async fn read(body: Incoming) {
    let mut frames = AnyBody::new(body).into_data_stream();
    let mut left = REST_BYTES_MAX;
    while let Some(Ok(frame)) = frames.next().await {
        let Some(less) = left.checked_sub(frame.len()) else { return };
        left = less;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.back.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(context);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}
