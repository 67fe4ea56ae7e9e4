//! A server: threads and sockets from its start to its end.
//!
//! At its end it takes nothing new, lets what runs come to its end for a time that is named, then cancels the rest: each
//! answer, cancelled or not, gets its receipt. Never ends by itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use receipt::SecretKey;
use store::{ReceiptBook, Store, StoreError};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout_at;

use super::routes::router;
use crate::compute::{self, LoadModel};
use crate::embedding;
use crate::gateway::Gateway;
use crate::http::{Bodies, CANCELLED_TIME, Listening, Served, asked_to_end};
use crate::keeping;
use crate::keys::{KeyFile, Keys};
use crate::metrics::Metrics;
use crate::settings::{Limits, Settings};
use crate::tls;

/// Threads that read requests and write answers: the engine has its own.
const IO_THREADS: usize = 2;

/// Why a server can't start.
#[derive(Debug, Error)]
pub enum ServerError {
    /// No socket, thread or runtime.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// Receipts can't be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something of the settings.
    #[error("{0}")]
    Setting(String),
    /// It ran, and can't go on.
    #[error("the thread that computes has ended by a fault of ours: start the server again")]
    Ended,
}

/// A server that runs.
pub struct Server {
    address: SocketAddr,
    runtime: Runtime,
    gateway: Arc<Gateway>,
    stop: watch::Sender<bool>,
    listening: tokio::task::JoinHandle<()>,
    threads: Vec<JoinHandle<()>>,
    drain: Duration,
}

impl Server {
    /// Starts; it takes requests when this returns. Receipts are signed with `secret` and kept in `book`, their leaves in
    /// the store's log of that key.
    ///
    /// # Errors
    /// [`ServerError`] says what stands in the way; nothing runs then.
    pub fn start(
        settings: Settings,
        store: Store,
        book: ReceiptBook,
        secret: SecretKey,
        load: Arc<LoadModel>,
    ) -> Result<Self, ServerError> {
        let system = |what: &str| {
            let what = what.to_owned();
            move |error| ServerError::System { what, error }
        };
        let file = settings.keys.as_deref().map(KeyFile::read).transpose();
        let keys = file.and_then(|file| Keys::new(file.as_ref())).map_err(ServerError::Setting)?;
        let tls = settings.tls.map(|(chain, key)| tls::acceptor(&chain, &key)).transpose();
        let tls = tls.map_err(ServerError::Setting)?;
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(IO_THREADS)
            .enable_all()
            .build()
            .map_err(system("no threads to serve with"))?;
        let listening = format!("can't listen on {}", settings.listen);
        let listener = runtime.block_on(TcpListener::bind(settings.listen));
        let listener = listener.map_err(system(&listening))?;
        let address = listener.local_addr().map_err(system(&listening))?;
        let (keeper, receipts) = keeping::start(store, book, secret.clone(), settings.retention_s)?;
        let (compute, computing) = compute::start(
            settings.models,
            settings.memory_max,
            settings.scheduler,
            settings.gap,
            load,
        )
        .map_err(system("no thread to compute on"))?;
        let gateway = Arc::new(Gateway {
            compute,
            keeper,
            secret,
            keys,
            bodies: Bodies::new(&settings.limits),
            limits: settings.limits,
            rendering: Arc::new(Semaphore::new(rendering_turns())),
            log: settings.log,
            cors: settings.cors,
            metrics: Metrics::default(),
            began: Instant::now(),
            draining: AtomicBool::new(false),
            answers: Arc::default(),
            ended: Arc::default(),
            given_up: watch::Sender::new(false),
            numbers: embedding::room(),
        });
        let (stop, stopping) = watch::channel(false);
        let router = router(Arc::clone(&gateway));
        let listening = Listening { served: Arc::clone(&gateway), router, tls };
        let listening = runtime.spawn(listening.run(listener, stopping, settings.drain));
        let threads = vec![computing, receipts];
        Ok(Self { address, runtime, gateway, stop, listening, threads, drain: settings.drain })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the process is asked to end, then ends as [`Self::stop`] does.
    ///
    /// # Errors
    /// Where signals can't be caught, and where nothing can be computed any more: whoever supervises it starts it anew.
    pub fn run(self) -> Result<(), ServerError> {
        let asked = self.runtime.block_on(async {
            tokio::select! {
                asked = asked_to_end() => asked.map(Ok),
                () = self.gateway.compute.ended() => Ok(Err(ServerError::Ended)),
            }
        });
        let asked = asked.map_err(|error| ServerError::System {
            what: "signals can't be caught".into(),
            error,
        })?;
        self.stop();
        asked
    }

    /// Takes nothing new, lets answers come to their ends, and ends.
    pub fn stop(self) {
        let Self { runtime, gateway, stop, listening, threads, drain, .. } = self;
        gateway.draining.store(true, Ordering::SeqCst);
        // The task that listens holds the other end, and has the same time.
        let _ = stop.send(true);
        runtime.block_on(async {
            let until = tokio::time::Instant::now() + drain;
            // Its panics are told by the runtime.
            let _ = listening.await;
            if timeout_at(until, gateway.all_ended()).await.is_err() {
                gateway.cancel_all();
                let _ = timeout_at(until + CANCELLED_TIME, gateway.all_ended()).await;
            }
        });
        gateway.compute.stop();
        drop(gateway);
        runtime.shutdown_timeout(CANCELLED_TIME);
        for thread in threads {
            // A thread that panicked has told so.
            let _ = thread.join();
        }
    }
}

impl Served for Gateway {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn connections(&self) -> &AtomicU64 {
        &self.metrics.connections
    }

    fn cancel_all(&self) {
        Gateway::cancel_all(self);
    }
}

/// How many prompts are rendered at once: most of the machine is for answers.
fn rendering_turns() -> usize {
    std::thread::available_parallelism().map_or(1, |threads| threads.get().div_ceil(2))
}
