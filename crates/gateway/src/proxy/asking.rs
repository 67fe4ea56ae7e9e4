//! One question through the proxy: made a job here, sent on, and its answer begun.
//!
//! It adds a nonce where the caller chose none, so that no answer older than the question fits. Never changes anything
//! else of what is asked, but that the answer is to come as a stream.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderValue, Method};
use llm::nonce_of;
use receipt::PublicKey;
use text::tool_calls::ToolCalls;
use tokio::sync::mpsc;

use super::checking::Expected;
use super::evidence::{Record, refuse};
use super::passing::{Parts, Passing};
use super::server::{Admitted, Known, Proxy};
use super::source::Source;
use crate::answering::random;
use crate::core::{Answer, Ask, EndedAt, Made, Members, Refusal, Started};

/// Events between this task and the one that writes.
const EVENTS_MAX: usize = 64;

/// A question on its way.
pub(super) struct Question<'a> {
    /// The address that understands it.
    pub(super) path: &'static str,
    pub(super) callers_key: Option<&'a HeaderValue>,
    pub(super) body: &'a [u8],
    pub(super) ask: Ask,
}

impl Proxy {
    /// Asks the upstream; the answer's events come as they are found to hold.
    pub(super) async fn ask(self: &Arc<Self>, question: Question<'_>) -> Result<Answer, Refusal> {
        let admitted = self.admit()?;
        let Question { path, callers_key, body, mut ask } = question;
        if ask.logprobs.is_some() {
            let what =
                "no receipt says how likely a token was, so it can't be verified: leave it out";
            return Err(Refusal::request(Some("logprobs"), what));
        }
        let known = self.known(&ask.model)?;
        let seed = match ask.seed {
            Some(seed) => seed,
            None => drawn()?,
        };
        ask.seed = Some(seed);
        let request = forwarded(body, seed)?;
        let (expected, calls, admitted) = expected(known, ask, seed, admitted).await?;
        let sent = request.clone();
        let response = self.upstream.ask(Method::POST, path, callers_key, sent).await?;
        let mut source = Source::new(response, self.upstream.limits(), &expected);
        let begun = source.begin(&expected, &self.pins).await;
        let checking = match begun {
            Ok(checking) => checking,
            Err(failure) => {
                let (model, job) = (known.name.clone(), source.job);
                let events = source.kept;
                let record = Record { model, job, request, events, receipt: None };
                return Err(refuse(self, &failure, record).await.refusal);
            }
        };
        let started = Started {
            job: source.job,
            blind: source.blind.0,
            model: known.name.clone(),
            model_id: known.id,
            loaded: Arc::clone(&known.model),
            calls: calls.map(Arc::new),
            worker: checking.worker(),
            created_s: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |at| at.as_secs()),
            choices: checking.job().fields().choices,
            prompt_tokens: u64::try_from(checking.job().fields().prompt.len()).unwrap_or(u64::MAX),
        };
        let following = known.replaying.as_ref().map(|replaying| replaying.begin(checking.job()));
        let (to, events) = mpsc::channel(EVENTS_MAX);
        let parts = Parts {
            proxy: Arc::clone(self),
            model: known.name.clone(),
            request,
            source,
            checking,
            following,
        };
        tokio::spawn(Passing::new(parts, to, admitted).run());
        Ok(Answer { started, events, ended: EndedAt::default() })
    }
}

/// The job that is to be answered, and what tells calls in its answers.
async fn expected(
    known: &Known,
    ask: Ask,
    seed: u64,
    admitted: Admitted,
) -> Result<(Expected, Option<ToolCalls>, Admitted), Refusal> {
    let (model, id) = (Arc::clone(&known.model), known.id);
    let of = Arc::clone(&model);
    // Templates and tokenizers take their time with long prompts.
    // Its place is taken until it is done, whether its caller still waits or not.
    let made = move || (ask.job(&of, id, nonce_of(seed), PublicKey::NONE), admitted);
    let made = tokio::task::spawn_blocking(made).await;
    let (made, admitted) =
        made.map_err(|_| Refusal::Fault("the prompt can't be rendered".into()))?;
    let Made { job, calls, .. } = made?;
    Ok((Expected { model, id, job }, calls, admitted))
}

/// A seed of the system's randomness.
fn drawn() -> Result<u64, Refusal> {
    let bytes = random()?;
    let (first, _) = bytes.split_first_chunk().expect("32 bytes have 8");
    Ok(u64::from_le_bytes(*first))
}

/// What is sent: every member as it was written, always as a stream, with the seed.
fn forwarded(body: &[u8], seed: u64) -> Result<String, Refusal> {
    let mut members = Members::parse(body)?.left();
    // What is told of usage is counted here.
    members.retain(|(name, _)| !matches!(name.as_str(), "stream" | "stream_options" | "seed"));
    let mut text = String::from("{");
    for (name, value) in members {
        let name = serde_json::Value::String(name);
        text.push_str(&format!("{name}:{},", value.get()));
    }
    Ok(format!("{text}\"stream\":true,\"seed\":{seed}}}"))
}

impl Proxy {
    fn known(&self, name: &str) -> Result<&Known, Refusal> {
        let found = self.models.iter().find(|known| known.name == name);
        found.ok_or_else(|| Refusal::Model(name.chars().take(256).collect()))
    }
}
