//! A proxy: its threads and its socket, from its start to its end.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use llm::Model;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::pins::Pins;
use super::replaying::{self, Replaying};
use super::routes::router;
use super::settings::{ProxiedModel, ProxySettings, Requirement};
use super::upstream::Upstream;
use crate::core::Refusal;
use crate::http::{Bodies, Guard, Hosts, Listening, Served, asked_to_end};
use crate::log::Log;
use crate::serving::ServerError;
use crate::settings::Limits;

/// Threads that read and write: engines have their own.
const IO_THREADS: usize = 2;
/// Bytes of the stacks of them, and of those that make grammars, whose engine goes deep: more than its limits need.
const STACK_BYTES: usize = 8 << 20;
/// How long cancelled answers may take to end.
const CANCELLED_TIME: Duration = Duration::from_secs(10);

/// What every request shares.
pub(super) struct Proxy {
    pub(super) upstream: Upstream,
    pub(super) requirement: Requirement,
    pub(super) models: Vec<Known>,
    pub(super) pins: Pins,
    pub(super) folder: PathBuf,
    pub(super) receipts: Option<PathBuf>,
    pub(super) limits: Limits,
    pub(super) bodies: Bodies,
    pub(super) log: Log,
    /// Whether no line is told of answers that hold.
    pub(super) quiet: bool,
    /// What is asked of every request: there are no keys.
    pub(super) guard: Guard,
    /// Held while evidence is written.
    pub(super) keeping: Mutex<()>,
    pub(super) draining: AtomicBool,
    /// True once what runs is to end where it stands.
    pub(super) cancelled: watch::Sender<bool>,
    pub(super) answers: AtomicUsize,
    /// Told when one of them ends.
    pub(super) ended: Notify,
    connections: AtomicU64,
}

/// A model that may be asked.
pub(super) struct Known {
    pub(super) name: String,
    pub(super) model: Arc<Model>,
    pub(super) id: [u8; 32],
    pub(super) replaying: Option<Replaying>,
}

/// One of the answers there may be at once.
pub(super) struct Admitted(Arc<Proxy>);

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.answers.fetch_sub(1, Ordering::SeqCst);
        self.0.ended.notify_waiters();
    }
}

impl Proxy {
    /// Whether it takes requests.
    pub(super) fn is_open(&self) -> Result<(), Refusal> {
        if self.draining.load(Ordering::SeqCst) {
            return Err(Refusal::Unavailable("the proxy is stopping".into()));
        }
        Ok(())
    }

    pub(super) fn admit(self: &Arc<Self>) -> Result<Admitted, Refusal> {
        self.is_open()?;
        let before = self.answers.fetch_add(1, Ordering::SeqCst);
        let admitted = Admitted(Arc::clone(self));
        if before >= self.limits.answers_max {
            let what = format!("{before} answers go through this proxy already");
            return Err(Refusal::Busy { what, retry_after_s: 1 });
        }
        Ok(admitted)
    }

    async fn all_ended(&self) {
        loop {
            let ended = self.ended.notified();
            if self.answers.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }
}

impl Served for Proxy {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn connections(&self) -> &AtomicU64 {
        &self.connections
    }

    fn cancel_all(&self) {
        self.cancelled.send_replace(true);
    }
}

/// A proxy that runs.
pub struct ProxyServer {
    address: SocketAddr,
    runtime: Runtime,
    proxy: Arc<Proxy>,
    stop: watch::Sender<bool>,
    listening: tokio::task::JoinHandle<()>,
    threads: Vec<JoinHandle<()>>,
    drain: Duration,
}

impl ProxyServer {
    /// Starts; it takes requests when this returns. The upstream is asked nothing before a caller asks.
    ///
    /// # Errors
    /// [`ServerError`] says what stands in the way; nothing runs then.
    pub fn start(settings: ProxySettings) -> Result<Self, ServerError> {
        let system = |what: String| move |error| ServerError::System { what, error };
        for folder in [Some(&settings.folder), settings.receipts.as_ref()].into_iter().flatten() {
            let what = format!("the folder {} can't be made", folder.display());
            fs::create_dir_all(folder).map_err(system(what))?;
        }
        let upstream = Upstream::new(
            settings.upstream,
            settings.upstream_key,
            settings.upstream_ca.as_deref(),
            settings.upstream_limits,
            settings.log.clone(),
        );
        let upstream = upstream.map_err(ServerError::Setting)?;
        let pins = Pins::open(settings.workers, &settings.folder, &upstream.shown());
        let pins = pins.map_err(ServerError::Setting)?;
        let (models, threads) = known(settings.models, settings.requirement)?;
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(IO_THREADS)
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()
            .map_err(system("no threads to serve with".into()))?;
        if upstream.is_open() {
            let shown = upstream.shown();
            let what = "is asked in clear: keys, questions and answers can be read on the way";
            settings.log.notice(&format!("WARNING: {shown} {what}"));
        }
        let listener = runtime.block_on(TcpListener::bind(settings.listen));
        let what = format!("can't listen on {}", settings.listen);
        let listener = listener.map_err(system(what.clone()))?;
        let address = listener.local_addr().map_err(system(what))?;
        let proxy = Arc::new(Proxy {
            upstream,
            requirement: settings.requirement,
            models,
            pins,
            folder: settings.folder,
            receipts: settings.receipts,
            bodies: Bodies::new(&settings.limits),
            limits: settings.limits,
            log: settings.log,
            quiet: settings.quiet,
            guard: Guard {
                what: "this proxy",
                // Others reach it because somebody said so.
                hosts: match settings.listen.ip().is_loopback() {
                    true => Hosts::Local(Vec::new()),
                    false => Hosts::Any,
                },
                named: false,
                origins: Vec::new(),
            },
            keeping: Mutex::new(()),
            draining: AtomicBool::new(false),
            cancelled: watch::Sender::new(false),
            answers: AtomicUsize::new(0),
            ended: Notify::new(),
            connections: AtomicU64::new(0),
        });
        let (stop, stopping) = watch::channel(false);
        let router = router(Arc::clone(&proxy));
        let listening = Listening { served: Arc::clone(&proxy), router, tls: None };
        let listening = runtime.spawn(listening.run(listener, stopping, settings.drain));
        Ok(Self { address, runtime, proxy, stop, listening, threads, drain: settings.drain })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whose signatures are taken, in words.
    #[must_use]
    pub fn trusted(&self) -> String {
        let pins = &self.proxy.pins;
        match (pins.named(), pins.first()) {
            ([], None) => {
                "the first worker of which a signed head holds is kept to from then on".into()
            }
            ([], Some(first)) => format!("the worker {first}, the first that answered"),
            (named, _) => {
                let names: Vec<String> = named.iter().map(ToString::to_string).collect();
                format!("the worker {}", names.join(" or "))
            }
        }
    }

    /// Waits until the process is asked to end, then ends as [`Self::stop`] does.
    ///
    /// # Errors
    /// Where signals can't be caught.
    pub fn run(self) -> Result<(), ServerError> {
        let asked = self.runtime.block_on(asked_to_end());
        let what = "signals can't be caught".into();
        asked.map_err(|error| ServerError::System { what, error })?;
        self.stop();
        Ok(())
    }

    /// Takes nothing new, lets answers come to their ends for a while, and ends.
    pub fn stop(self) {
        let Self { runtime, proxy, stop, listening, threads, drain, .. } = self;
        proxy.draining.store(true, Ordering::SeqCst);
        // The task that listens holds the other end.
        let _ = stop.send(true);
        runtime.block_on(async {
            // Its panics are told by the runtime.
            let _ = listening.await;
            if timeout(drain, proxy.all_ended()).await.is_err() {
                proxy.cancel_all();
                let _ = timeout(CANCELLED_TIME, proxy.all_ended()).await;
            }
        });
        runtime.shutdown_timeout(CANCELLED_TIME);
        // The threads end with the last handle.
        drop(proxy);
        for thread in threads {
            // A thread that panicked has told so.
            let _ = thread.join();
        }
    }
}

/// The models, each with its thread where replay is required.
fn known(
    models: Vec<ProxiedModel>,
    requirement: Requirement,
) -> Result<(Vec<Known>, Vec<JoinHandle<()>>), ServerError> {
    let (mut all, mut threads): (Vec<Known>, Vec<JoinHandle<()>>) = (Vec::new(), Vec::new());
    for ProxiedModel { name, model, id, runner } in models {
        if all.iter().any(|known| known.name == name) {
            let what = format!("two models are called {name}: NAME=MODEL names one anew");
            return Err(ServerError::Setting(what));
        }
        let replaying = match (requirement, runner) {
            (Requirement::Signature, _) => None,
            (Requirement::Replay, None) => {
                return Err(ServerError::Setting(format!("no engine was made for {name}")));
            }
            (Requirement::Replay, Some(runner)) => {
                let started = replaying::start(Arc::clone(&model), runner);
                let what = "no thread to replay on".into();
                let started = started.map_err(|error| ServerError::System { what, error });
                let (replaying, thread) = started?;
                threads.push(thread);
                Some(replaying)
            }
        };
        all.push(Known { name, model, id, replaying });
    }
    Ok((all, threads))
}
