//! What a server is told when it starts: values, whoever read them from flags, a file or the environment.
//!
//! Every limit has its name and its default here.

use core::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use llm::schedule::SchedulerLimits;

use crate::compute::{DescribeModel, ModelEntry};
use crate::log::Log;

/// Twenty tokens a second while others' prompts are read, on a machine that makes them faster alone.
const GAP: Duration = Duration::from_millis(50);

/// What a server is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What it serves, in order.
    pub models: Vec<ModelEntry>,
    /// Says what can be known of a model before it is loaded.
    pub describe: Describe,
    /// Most bytes of weights that are loaded at once.
    pub memory_max: u64,
    /// What a model takes on at once.
    pub scheduler: SchedulerLimits,
    /// About how long a pass may take in which an answer gets its next token: others' prompts get fewer rows of it on a
    /// slow machine. Never less than twice what it takes without them.
    pub gap: Duration,
    /// What a connection, a request and a key may take.
    pub limits: Limits,
    /// A file of API keys; `None`: whoever reaches it may ask.
    pub keys: Option<PathBuf>,
    /// Certificate chain and private key, as PEM files.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Names by which it may be asked where no key is asked for, beside this machine's own and, on an address that others
    /// reach, those that are numbers; `*` is any.
    pub hosts: Vec<String>,
    /// Origins of pages that may ask; `*` is any.
    pub cors: Vec<String>,
    /// For how long receipts are kept; `None`: for ever.
    pub retention_s: Option<u64>,
    /// How long requests are still taken once the server is asked to stop, and says that it will.
    pub grace: Duration,
    /// How long answers may go on once the server is asked to stop.
    pub drain: Duration,
    /// Takes a line for each request and each answer.
    pub log: Log,
}

/// Says what can be known of a model by its name.
#[derive(Clone)]
pub struct Describe(pub Arc<DescribeModel>);

impl fmt::Debug for Describe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Describe")
    }
}

/// What a connection, a request and a key may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes_max: usize,
    /// Bytes of all bodies that are being read: those beyond get 429.
    pub bodies_bytes_max: usize,
    /// Bytes of all headers.
    pub header_bytes_max: usize,
    /// How long headers may take to come, from the connection's beginning on for the first.
    pub header_time: Duration,
    /// How long a connection may be open on which nothing is asked any more.
    pub idle_time: Duration,
    /// How long what is answered may lie untaken.
    pub stall_time: Duration,
    /// How long what is left of an answer may wait for its reader once all of it is computed.
    pub reader_time: Duration,
    /// How long a finished response may take to be taken, however steadily it is.
    pub delivery_time: Duration,
    /// How long a body may take to come.
    pub body_time: Duration,
    /// How long the rest of a refused request's body is read on before the refusal goes out.
    pub rest_time: Duration,
    /// Connections at once.
    pub connections_max: usize,
    /// Answers at once, over all models: those beyond get 429.
    pub answers_max: usize,
    /// How often a comment keeps a silent stream alive.
    pub keep_alive: Duration,
    /// Tokens of an answer that may wait for its reader before it is cancelled.
    pub waiting_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 8 << 20,
            bodies_bytes_max: 256 << 20,
            header_bytes_max: 32 << 10,
            header_time: Duration::from_secs(15),
            idle_time: Duration::from_mins(2),
            stall_time: Duration::from_mins(1),
            reader_time: Duration::from_mins(5),
            delivery_time: Duration::from_mins(5),
            body_time: Duration::from_secs(60),
            rest_time: Duration::from_secs(1),
            connections_max: 2048,
            answers_max: 1024,
            keep_alive: Duration::from_secs(15),
            waiting_max: 4096,
        }
    }
}

impl Settings {
    /// Of these models, on this address, and the defaults for all else.
    #[must_use]
    pub fn new(listen: SocketAddr, models: Vec<ModelEntry>) -> Self {
        Self {
            listen,
            models,
            describe: Describe(Arc::new(|_| None)),
            memory_max: u64::MAX,
            scheduler: SchedulerLimits::default(),
            gap: GAP,
            limits: Limits::default(),
            keys: None,
            tls: None,
            hosts: Vec::new(),
            cors: Vec::new(),
            retention_s: None,
            grace: Duration::ZERO,
            drain: Duration::from_secs(30),
            log: Log::none(),
        }
    }
}
