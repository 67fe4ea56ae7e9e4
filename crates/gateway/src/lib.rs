//! The HTTP role: the dialects that people's programs speak, answered by the engine, every answer with its receipt.
//!
//! A request becomes a dialect-neutral `Ask` (`core`), that a job (`llm::Question`); one thread computes all answers
//! (`compute`), each has a task that signs what passes (`answering`, `signing`) and hands it over (`delivery`), and its end is told once its receipt is
//! durable (`keeping`). The dialects are `openai` and `anthropic`; below them `http` has what each needs (connections, who
//! may ask, bodies, streams), above them `serving` the addresses and the server from its start to its end.
//!
//! Never decides a token, knows where models lie (a function that loads them is given), reads flags or environment, or
//! writes a prompt or an answer anywhere but into its receipt. Failure: a request that can't be honoured is refused by
//! name; a server whose receipts can't be kept ends no more answers.

mod answering;
mod anthropic;
mod compute;
mod core;
mod delivery;
mod embedding;
mod gateway;
mod http;
mod keeping;
mod keys;
mod log;
mod metrics;
mod openai;
mod page;
mod proxy;
mod rate;
mod serving;
mod settings;
mod signing;
mod tls;

pub use compute::{DescribeModel, Description, LoadModel, Loaded, ModelEntry};
pub use keys::{KeyEntry, KeyFile, Scope, key_hash};
pub use log::{Log, LogFormat};
pub use proxy::{ProxiedModel, ProxyLimits, ProxyServer, ProxySettings, Requirement, UpstreamUrl};
pub use serving::{Server, ServerError};
pub use settings::{Describe, Limits, Settings};
