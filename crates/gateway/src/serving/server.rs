//! A server: threads and sockets from its start to its end.
//!
//! At its end it takes nothing new, lets what runs come to its end for a time that is named, then cancels the rest: each
//! answer, cancelled or not, gets its receipt. Never ends by itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use receipt::SecretKey;
use store::{ReceiptBook, Serving, Store, StoreError};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::sync::watch;
use tokio::time::{timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use super::descriptors;
use super::routes::router;
use super::signals::{Asked, Signals};
use crate::compute::{self, LoadModel};
use crate::embedding;
use crate::gateway::{Gateway, Turns};
use crate::http::{Bodies, CANCELLED_TIME, Guard, Hosts, Listening, Served};
use crate::keeping::{self, Keeping, Retention};
use crate::keys::{KeyFile, Keys};
use crate::log::Log;
use crate::metrics::Metrics;
use crate::settings::{Limits, Settings};
use crate::tls;

/// Threads that read requests and write answers: the engine has its own.
const IO_THREADS: usize = 2;
/// Bytes of the stacks of them, and of those that make grammars, whose engine goes deep: more than its limits need.
const STACK_BYTES: usize = 8 << 20;

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
    files: Files,
    tls: Option<watch::Sender<TlsAcceptor>>,
    serving: Serving,
    grace: Duration,
    drain: Duration,
}

/// What is read when it starts, and again when that is asked for.
struct Files {
    keys: Option<PathBuf>,
    tls: Option<(PathBuf, PathBuf)>,
}

impl Files {
    fn keys(&self) -> Result<Keys, String> {
        let file = self.keys.as_deref().map(KeyFile::read).transpose();
        file.and_then(|file| Keys::new(file.as_ref()))
    }

    fn tls(&self) -> Result<Option<TlsAcceptor>, String> {
        self.tls.as_ref().map(|(chain, key)| tls::acceptor(chain, key)).transpose()
    }
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
        let files = Files { keys: settings.keys, tls: settings.tls };
        let keys = files.keys().map_err(ServerError::Setting)?;
        let tls = files.tls().map_err(ServerError::Setting)?.map(watch::Sender::new);
        let serving = store.serve()?;
        let (runtime, listener, address) =
            opened(settings.listen, settings.limits.connections_max)?;
        let (keeper, receipts) = keeping::start(Keeping {
            store,
            book,
            secret: secret.clone(),
            retention: Retention::new(settings.retention_s),
            log: settings.log.clone(),
            try_first: keeping::TRY_FIRST,
        })?;
        let (compute, computing) = compute::start(
            settings.models,
            settings.memory_max,
            settings.scheduler,
            settings.gap,
            told(load, &settings.log),
            settings.describe.0,
        )
        .map_err(system("no thread to compute on"))?;
        let gateway = Arc::new(Gateway {
            compute,
            keeper,
            secret,
            guard: guard(files.keys.is_some(), settings.listen, settings.hosts, &settings.cors),
            keys: RwLock::new(Arc::new(keys)),
            bodies: Bodies::new(&settings.limits),
            limits: settings.limits,
            turns: Turns::new(),
            log: settings.log,
            cors: settings.cors,
            metrics: Metrics::default(),
            began: Instant::now(),
            leaving: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            answers: Arc::default(),
            ended: Arc::default(),
            given_up: watch::Sender::new(false),
            numbers: embedding::room(),
        });
        let (stop, stopping) = watch::channel(false);
        let router = router(Arc::clone(&gateway));
        let current = tls.as_ref().map(watch::Sender::subscribe);
        let listening = Listening { served: Arc::clone(&gateway), router, tls: current };
        let listening = runtime.spawn(listening.run(listener, stopping, settings.drain));
        let (grace, drain) = (settings.grace, settings.drain);
        Ok(Self {
            address,
            runtime,
            gateway,
            stop,
            listening,
            threads: vec![computing, receipts],
            files,
            tls,
            serving,
            grace,
            drain,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the process is asked to end, then ends as [`Self::stop`] does. `heard` is called once it can be asked:
    /// from then on no signal ends it as other programs end.
    ///
    /// # Errors
    /// Where signals can't be caught, and where nothing can be computed any more: whoever supervises it starts it anew.
    pub fn run(self, heard: impl FnOnce()) -> Result<(), ServerError> {
        let within = self.runtime.enter();
        let mut signals = Signals::new().map_err(|error| ServerError::System {
            what: "signals can't be caught".into(),
            error,
        })?;
        drop(within);
        heard();
        let asked = self.runtime.block_on(async {
            loop {
                tokio::select! {
                    asked = signals.next() => match asked {
                        Asked::Reload => self.reload(),
                        Asked::End => break Ok(()),
                    },
                    () = self.gateway.compute.ended() => break Err(ServerError::Ended),
                }
            }
        });
        if asked.is_ok() {
            self.runtime.block_on(self.leave(&mut signals));
        }
        // Who asks once more has no time.
        let gateway = Arc::clone(&self.gateway);
        self.runtime.spawn(async move {
            signals.end().await;
            gateway.log.notice("ending now: what runs is cancelled");
            gateway.cancel_all();
        });
        self.stop();
        asked
    }

    /// Reads keys and certificates anew. What can't be used is told, and those before it count on.
    pub fn reload(&self) {
        let log = &self.gateway.log;
        let told = match (self.files.keys(), self.files.tls()) {
            (Ok(keys), Ok(tls)) => {
                let count = keys.count();
                self.gateway.set_keys(keys);
                if let (Some(current), Some(tls)) = (&self.tls, tls) {
                    current.send_replace(tls);
                }
                format!(
                    "read anew: {count} API keys{}",
                    if self.tls.is_some() { ", certificates" } else { "" }
                )
            }
            (Err(what), _) | (_, Err(what)) => format!("nothing was read anew: {what}"),
        };
        log.notice(&told);
    }

    /// Says what is waited for, and for how long; while requests are still taken, whoever sends them can see it.
    async fn leave(&self, signals: &mut Signals) {
        let (log, grace, drain) = (&self.gateway.log, self.grace.as_secs(), self.drain.as_secs());
        self.gateway.leaving.store(true, Ordering::SeqCst);
        if !self.grace.is_zero() {
            log.notice(&format!("stopping in {grace} s: /readyz says so; asked again, now"));
            // Asked again, or in time.
            let _ = timeout(self.grace, signals.end()).await;
        }
        match self.gateway.answers.load(Ordering::SeqCst) {
            0 => log.notice("stopping"),
            answers => log.notice(&format!(
                "stopping: answers that run ({answers}) may take {drain} s more; asked again, they end at once"
            )),
        }
    }

    /// Takes nothing new, lets answers come to their ends, and ends.
    pub fn stop(self) {
        let Self { runtime, gateway, stop, listening, threads, serving, drain, .. } = self;
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
        drop(serving);
    }
}

fn system(what: &str) -> impl FnOnce(std::io::Error) -> ServerError {
    let what = what.to_owned();
    move |error| ServerError::System { what, error }
}

/// Threads to serve with, and where they listen: there is a file for each of so many connections.
fn opened(
    listen: SocketAddr,
    connections: usize,
) -> Result<(Runtime, TcpListener, SocketAddr), ServerError> {
    descriptors::require(connections).map_err(ServerError::Setting)?;
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(IO_THREADS)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .map_err(system("no threads to serve with"))?;
    let what = format!("can't listen on {listen}");
    let listener = runtime.block_on(TcpListener::bind(listen)).map_err(system(&what))?;
    let address = listener.local_addr().map_err(system(&what))?;
    Ok((runtime, listener, address))
}

/// What is asked of requests where no key is: a page that a browser happens to show has none.
fn guard(keys: bool, listen: SocketAddr, hosts: Vec<String>, cors: &[String]) -> Option<Guard> {
    let hosts = if listen.ip().is_loopback() { Hosts::Local(hosts) } else { Hosts::Numbers(hosts) };
    (!keys).then(|| Guard { what: "this server", hosts, named: true, origins: cors.to_vec() })
}

/// Loads as before; why a model can't be loaded is told to whoever runs the server, for it names places of this machine.
fn told(load: Arc<LoadModel>, log: &Log) -> Arc<LoadModel> {
    let log = log.clone();
    Arc::new(move |name| {
        load(name).map_err(|what| {
            log.notice(&format!("the model {name} can't be loaded: {what}"));
            "the server's log says why".into()
        })
    })
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
