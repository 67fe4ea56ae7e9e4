//! `probity proxy`: an endpoint of one's own in front of somebody else's, which verifies before it emits.
//!
//! The proxy holds the model's tokenizer and template, so it makes the job itself, with a nonce of its own choice where
//! the caller gave none, and knows from the first chunk on whether the other server answers that job and no other. What
//! comes is held until a signed head covers it (`signature`), and until the model at hand has drawn the same tokens
//! (`replay`). **No text of the other server is passed on**: what is emitted is spelled here, from tokens that hold. An
//! answer that fails ends with an error, never with what could be taken for an end: one that its worker cut off too. Its
//! evidence is kept, within limits.
//!
//! `asking` makes the job and begins its answer, `passing` is the task of one answer, `checking` the sync state machine that judges it, `replaying` the thread that owns
//! the engines; `upstream`, `source`, `sse` and `wire` read what a hostile server sends, each with its limits; `pins` is who must
//! have signed, `evidence` what is kept of a failure. Never trusts a byte it did not check, never sends a caller's key
//! anywhere but to the upstream, never says more than was required: at `signature` a lie that its worker signs passes.

mod asking;
mod checking;
mod evidence;
mod failure;
mod files;
mod keeping;
mod passing;
mod pins;
mod receipts;
mod replaying;
mod routes;
mod server;
mod settings;
mod source;
mod sse;
mod upstream;
mod wire;

pub use server::ProxyServer;
pub use settings::{ProxiedModel, ProxyLimits, ProxySettings, Requirement};
pub use upstream::UpstreamUrl;
