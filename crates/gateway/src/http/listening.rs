//! Connections: accepted within the limits, answered by a router, let come to their ends.
//!
//! Never looks at a request. Failure: one connection's faults are its own and say nothing of the next.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::header::EXPECT;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::patience::{Busy, Patient, Watched};
use super::rest;
use crate::settings::Limits;

/// Least that hyper reads headers into.
const HEADER_BYTES_LEAST: usize = 8 << 10;
/// How long cancelled answers may take to end.
pub(crate) const CANCELLED_TIME: Duration = Duration::from_secs(10);
/// How long nothing is accepted after that failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Requests at once on one connection.
const HTTP2_STREAMS_MAX: u32 = 128;

#[cfg(unix)]
pub(crate) async fn asked_to_end() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) async fn asked_to_end() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// What stands behind an address.
pub(crate) trait Served: Send + Sync + 'static {
    fn limits(&self) -> &Limits;
    /// How many connections there are.
    fn connections(&self) -> &AtomicU64;
    /// Ends every answer where it stands.
    fn cancel_all(&self);
}

/// Who is at the other end of a request's connection: a program, or what stands between.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What accepts connections.
pub(crate) struct Listening<S> {
    pub(crate) served: Arc<S>,
    pub(crate) router: Router,
    /// As it is at the moment: certificates are renewed.
    pub(crate) tls: Option<watch::Receiver<TlsAcceptor>>,
}

impl<S: Served> Listening<S> {
    pub(crate) async fn run(
        self,
        listener: TcpListener,
        mut stopping: watch::Receiver<bool>,
        drain: Duration,
    ) {
        let permits = Arc::new(Semaphore::new(self.served.limits().connections_max));
        let graceful = GracefulShutdown::new();
        loop {
            // Also while every place is taken, and while the system has no socket to give, it may be asked to end.
            let accepted = tokio::select! {
                accepted = accept(&listener, &permits) => accepted,
                _ = stopping.changed() => break,
            };
            if let Some((socket, permit)) = accepted {
                self.serve(socket, permit, graceful.watcher(), stopping.clone());
            }
        }
        drop(listener);
        let mut closing = pin!(graceful.shutdown());
        if timeout(drain, &mut closing).await.is_err() {
            self.served.cancel_all();
            let _ = timeout(CANCELLED_TIME, &mut closing).await;
        }
    }

    fn serve(
        &self,
        socket: TcpStream,
        permit: OwnedSemaphorePermit,
        watcher: Watcher,
        stopping: watch::Receiver<bool>,
    ) {
        let router = self.router.clone();
        let tls = self.tls.as_ref().map(|tls| tls.borrow().clone());
        let peer = socket.peer_addr().ok();
        let open = Open::new(Arc::clone(&self.served), permit);
        tokio::spawn(async move {
            let limits = open.served.limits();
            // However it ends: the other side's faults are its own.
            if let Some(tls) = tls {
                if let Ok(Ok(socket)) = timeout(limits.header_time, tls.accept(socket)).await {
                    answer(socket, peer, router, limits, watcher, stopping).await;
                }
            } else {
                answer(socket, peer, router, limits, watcher, stopping).await;
            }
            drop(open);
        });
    }
}

/// Answers what is asked on a connection, to its end.
async fn answer<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    socket: S,
    peer: Option<SocketAddr>,
    router: Router,
    limits: &Limits,
    watcher: Watcher,
    stopping: watch::Receiver<bool>,
) {
    let busy = Arc::<Busy>::default();
    let socket = TokioIo::new(Patient::new(socket, Arc::clone(&busy), limits));
    let service = service_fn(move |mut asked: hyper::Request<Incoming>| {
        if let Some(peer) = peer {
            asked.extensions_mut().insert(Peer(peer));
        }
        let request = busy.begin();
        // Who waits for leave to send sends nothing where there is an answer instead.
        let waits = asked.headers().contains_key(EXPECT);
        let (asked, rest) = rest::lend(asked);
        let response = router.clone().oneshot(asked);
        let (stopping, time) = (stopping.clone(), limits.rest_time);
        async move {
            let response = response.await?;
            let status = response.status();
            if (status.is_client_error() || status.is_server_error()) && !waits {
                rest.throw_away(time, stopping).await;
            }
            request.answered(response.extensions().get().cloned());
            Ok::<_, Infallible>(response.map(|body| Watched::new(body, request)))
        }
    });
    let builder = builder(limits);
    let connection = builder.serve_connection(socket, service);
    let _ = watcher.watch(connection.into_owned()).await;
}

/// A place, and a connection that takes it; nothing where the system has none to give.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    let Ok((socket, _)) = listener.accept().await else {
        // Out of descriptors, say: asked again at once, it would say so again at once.
        sleep(ACCEPT_PAUSE).await;
        return None;
    };
    // Small events go out at once.
    let _ = socket.set_nodelay(true);
    Some((socket, permit))
}

/// A connection that is counted, however it ends.
struct Open<S: Served> {
    served: Arc<S>,
    _place: OwnedSemaphorePermit,
}

impl<S: Served> Open<S> {
    fn new(served: Arc<S>, place: OwnedSemaphorePermit) -> Self {
        served.connections().fetch_add(1, Ordering::Relaxed);
        Self { served, _place: place }
    }
}

impl<S: Served> Drop for Open<S> {
    fn drop(&mut self) {
        self.served.connections().fetch_sub(1, Ordering::Relaxed);
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(limits.header_bytes_max.max(HEADER_BYTES_LEAST));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX))
        .max_concurrent_streams(HTTP2_STREAMS_MAX);
    builder
}
