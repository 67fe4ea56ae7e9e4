//! One question through the proxy: a task between the upstream and whoever reads, which lets out what holds.
//!
//! It adds a nonce where the caller chose none, so that no answer older than the question fits. Never lets anything out
//! before it holds, never an end after a failure. A reader that goes ends the request to the upstream with it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method};
use commit::Network;
use futures_util::StreamExt;
use llm::nonce_of;
use receipt::{PublicKey, ReceiptFile};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use verify::{Kind, Replay as Replayed, examine};

use super::checking::{Checked, Checking, Covered, Expected};
use super::evidence::{self, Evidence};
use super::failure::Failure;
use super::replaying::Following;
use super::server::{Admitted, Known, Proxy};
use super::settings::Requirement;
use super::sse::Events;
use super::upstream::Frames;
use super::wire::{self, Said};
use crate::answering::random;
use crate::core::{Answer, Ask, End, Event, Made, Members, Part, Refusal, Sealed, Started};

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
        let (model, id) = (Arc::clone(&known.model), known.id);
        // Templates and tokenizers take their time with long prompts.
        let made = move || ask.job(&model, id, nonce_of(seed), PublicKey::NONE);
        let made = tokio::task::spawn_blocking(made).await;
        let made = made.map_err(|_| Refusal::Fault("the prompt can't be rendered".into()))?;
        let Made { job, calls } = made?;
        let sent = request.clone();
        let response = self.upstream.ask(Method::POST, path, callers_key, sent).await?;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
        let tokens = u64::from(job.fields().stop.tokens_max) * u64::from(job.fields().choices);
        let frames = response.into_body().into_data_stream();
        let mut source = Source::new(frames, self, usize::try_from(tokens).unwrap_or(usize::MAX));
        let expected = Expected { model: Arc::clone(&known.model), id, job };
        let begun =
            if is_stream { source.begin(&expected, self).await } else { Err(Failure::NotBegun) };
        let checking = match begun {
            Ok(checking) => checking,
            Err(failure) => {
                let record = Record { request: &request, source: &source, receipt: None };
                return Err(self.refuse(&known.name, failure, record));
            }
        };
        let started = Started {
            job: source.job,
            blind: source.blind,
            model: known.name.clone(),
            model_id: id,
            loaded: Arc::clone(&known.model),
            calls: calls.map(Arc::new),
            worker: checking.worker(),
            created_s: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |at| at.as_secs()),
            choices: checking.job().fields().choices,
        };
        let following = known.replaying.as_ref().map(|replaying| replaying.begin(checking.job()));
        let (to, events) = mpsc::channel(EVENTS_MAX);
        let waiting = (0..started.choices).map(|_| Waiting::default()).collect();
        let name = known.name.clone();
        let proxy = Arc::clone(self);
        let pump = Pump {
            proxy,
            name,
            request,
            source,
            checking,
            following,
            waiting,
            checked: None,
            receipt: None,
            to,
            admitted,
        };
        tokio::spawn(pump.run());
        Ok(Answer { started, events })
    }

    /// Puts a failure down and makes the refusal of it.
    fn refuse(&self, model: &str, failure: Failure, record: Record<'_>) -> Refusal {
        let kept = Evidence {
            upstream: &self.upstream.shown(),
            requirement: self.requirement.name(),
            failure: &failure,
            request: record.request,
            events: &record.source.kept,
            receipt: record.receipt,
        };
        // Short, and the answer has ended: nobody waits but its caller.
        let kept = match kept.keep(&self.folder) {
            Ok(path) => format!("evidence in {}", path.display()),
            Err(what) => what,
        };
        let verdict = if failure.refutes() { "REFUTED" } else { "not verified" };
        let job = commit::hex(&record.source.job[..8]);
        self.log.line(&format!("answer {job} of {model} {verdict}: {failure}; {kept}"));
        let verdict = if failure.refutes() { "is refuted" } else { "can't be verified" };
        Refusal::Unverified(format!("the answer {verdict} and is not passed on: {failure}"))
    }
}

/// What there is of an answer that failed.
struct Record<'a> {
    request: &'a str,
    source: &'a Source,
    receipt: Option<&'a str>,
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

/// The upstream's events, within the limits.
struct Source {
    frames: Frames,
    events: Events,
    ready: VecDeque<String>,
    /// What came, for evidence.
    kept: Vec<String>,
    silence: std::time::Duration,
    deadline: Instant,
    job: [u8; 32],
    blind: [u8; 32],
}

impl Source {
    fn new(frames: Frames, proxy: &Proxy, tokens: usize) -> Self {
        let limits = proxy.upstream.limits();
        let bytes = tokens.saturating_mul(limits.token_bytes_max);
        let bytes = bytes.saturating_add(limits.stream_bytes_max);
        Self {
            frames,
            events: Events::new(limits.event_bytes_max, bytes),
            ready: VecDeque::new(),
            kept: Vec::new(),
            silence: limits.silence,
            deadline: Instant::now() + limits.answer_time,
            job: [0; 32],
            blind: [0; 32],
        }
    }

    /// The next event that says something.
    async fn next(&mut self) -> Result<Said, Failure> {
        loop {
            while let Some(event) = self.ready.pop_front() {
                let said = wire::read(&event);
                self.kept.push(event);
                let said = said.map_err(Failure::Malformed)?;
                if said != Said::Nothing {
                    return Ok(said);
                }
            }
            let until = self.deadline.min(Instant::now() + self.silence);
            let frame = timeout_at(until, self.frames.next()).await;
            let frame = frame.map_err(|_| Failure::Limit("it takes too long".into()))?;
            let frame = frame.ok_or_else(|| Failure::Cut("the connection was closed".into()))?;
            let frame = frame.map_err(|error| Failure::Cut(error.to_string()))?;
            self.ready.extend(self.events.push(&frame)?);
        }
    }

    /// The first event, which says what is answered.
    async fn begin(&mut self, expected: &Expected, proxy: &Proxy) -> Result<Checking, Failure> {
        match self.next().await? {
            Said::Begun(begun) => {
                (self.job, self.blind) = (begun.job, begun.blind.0);
                proxy.pins.check(begun.worker)?;
                Checking::new(expected, begun)
            }
            Said::Failed(what) => Err(Failure::Said(what)),
            Said::Part { .. } | Said::End { .. } | Said::Done | Said::Nothing => {
                Err(Failure::NotBegun)
            }
        }
    }
}

/// Parts of a choice that replay has still to bear out.
#[derive(Default)]
struct Waiting {
    parts: VecDeque<Part>,
    /// How many of its tokens were let out.
    given: usize,
}

struct Pump {
    proxy: Arc<Proxy>,
    /// The model's name.
    name: String,
    request: String,
    source: Source,
    checking: Checking,
    following: Option<Following>,
    waiting: Vec<Waiting>,
    checked: Option<Checked>,
    /// The receipt file, where one could be made: for evidence.
    receipt: Option<String>,
    to: mpsc::Sender<Event>,
    admitted: Admitted,
}

/// Why it goes no further.
enum Halt {
    Failed(Failure),
    /// Nobody reads any more.
    Gone,
}

impl<F: Into<Failure>> From<F> for Halt {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

/// What happens next.
enum Next {
    Said(Result<Said, Failure>),
    /// Replay found something.
    Found,
    /// The thread that replays has ended.
    Lost,
    Gone,
    Stopping,
}

impl Pump {
    async fn run(mut self) {
        match self.answer().await {
            Ok(end) => {
                // A reader that has gone missed it.
                let _ = self.to.send(Event::End(Box::new(end))).await;
            }
            Err(Halt::Gone) => {
                let job = commit::hex(&self.source.job[..8]);
                self.proxy.log.line(&format!("answer {job} of {}: its reader has gone", self.name));
            }
            Err(Halt::Failed(failure)) => self.fail(failure).await,
        }
        let Self { proxy, admitted, .. } = self;
        drop(admitted);
        proxy.ended.notify_waiters();
    }

    async fn answer(&mut self) -> Result<End, Halt> {
        loop {
            if self.is_whole() {
                return self.finish().await;
            }
            match self.next().await {
                Next::Said(said) => self.take(said?).await?,
                Next::Found => self.replayed().await?,
                Next::Lost => {
                    return Err(Failure::Ours("the model's thread has ended".into()).into());
                }
                Next::Stopping => return Err(Failure::Ours("the proxy is stopping".into()).into()),
                Next::Gone => return Err(Halt::Gone),
            }
        }
    }

    async fn next(&mut self) -> Next {
        let mut cancelled = self.proxy.cancelled.subscribe();
        let following = self.following.as_mut();
        tokio::select! {
            biased;
            () = self.to.closed() => Next::Gone,
            _ = cancelled.wait_for(|cancelled| *cancelled) => Next::Stopping,
            found = found(following) => if found { Next::Found } else { Next::Lost },
            said = self.source.next(), if self.checked.is_none() => Next::Said(said),
        }
    }

    async fn take(&mut self, said: Said) -> Result<(), Halt> {
        match said {
            Said::Part { choice, tokens, head } => {
                match self.checking.part(choice, &tokens, head.as_deref())? {
                    Some(covered) => self.cover(covered).await,
                    None => Ok(()),
                }
            }
            Said::End { envelope } => {
                self.receipt = self.checking.file(&envelope);
                let mut checked = self.checking.end(&envelope)?;
                for covered in std::mem::take(&mut checked.covered) {
                    self.cover(covered).await?;
                }
                if let Some(following) = &self.following {
                    following.end(checked.stops.clone());
                }
                self.checked = Some(checked);
                Ok(())
            }
            Said::Begun(_) => Err(Failure::Malformed("it begins twice".into()).into()),
            Said::Failed(what) => Err(Failure::Said(what).into()),
            Said::Done => Err(Failure::NoReceipt.into()),
            Said::Nothing => Ok(()),
        }
    }

    /// A head covers these: they may go, or have to be replayed first.
    async fn cover(&mut self, covered: Covered) -> Result<(), Halt> {
        let Covered { choice, tokens, parts } = covered;
        if let Some(following) = &self.following {
            following.tokens(choice, tokens);
            let index = usize::try_from(choice).unwrap_or(usize::MAX);
            if let Some(waiting) = self.waiting.get_mut(index) {
                waiting.parts.extend(parts);
            }
            return Ok(());
        }
        for part in parts {
            self.send(part).await?;
        }
        Ok(())
    }

    /// Lets out what replay has borne out.
    async fn replayed(&mut self) -> Result<(), Halt> {
        let Some(following) = &mut self.following else { return Ok(()) };
        let found = following.found.borrow_and_update().clone();
        for outcome in found.outcomes.iter().flatten() {
            match outcome {
                Replayed::Same | Replayed::NotTried => {}
                Replayed::Differs(refutation) => {
                    return Err(Failure::Refuted(refutation.clone()).into());
                }
                Replayed::Impossible(missing) => {
                    return Err(Failure::Unjudged(missing.clone()).into());
                }
            }
        }
        for (choice, tokens) in found.tokens.into_iter().enumerate() {
            let same = found.outcomes.get(choice) == Some(&Some(Replayed::Same));
            while let Some(part) = self.waiting.get_mut(choice).and_then(|waiting| {
                let part = waiting.parts.pop_front_if(|_| same || waiting.given < tokens);
                waiting.given += usize::from(part.is_some());
                part
            }) {
                self.send(part).await?;
            }
        }
        Ok(())
    }

    /// Whether all of it came and holds.
    fn is_whole(&self) -> bool {
        let replayed = self.following.as_ref().is_none_or(|following| {
            let found = following.found.borrow();
            let all = found.outcomes.iter().all(|one| *one == Some(Replayed::Same));
            all && found.outcomes.len() == self.waiting.len()
        });
        let given = self.waiting.iter().all(|waiting| waiting.parts.is_empty());
        self.checked.is_some() && replayed && given
    }

    async fn finish(&mut self) -> Result<End, Halt> {
        let Some(checked) = self.checked.take() else {
            return Err(Failure::NoReceipt.into());
        };
        for tail in checked.tails {
            self.send(tail).await?;
        }
        let (file, proxy) = (&checked.file, &self.proxy);
        let worker = file.receipt().worker;
        if proxy.pins.settle(worker)? {
            let at = proxy.pins.file().display();
            proxy
                .log
                .line(&format!("the first worker here is {worker}: kept to from now on ({at})"));
        }
        if let Some(folder) = &proxy.receipts {
            let path = receipt_path(folder, file);
            let kept = evidence::write(&path, &file.to_json());
            let what = |error| format!("the receipt can't be kept in {}: {error}", path.display());
            kept.map_err(|error| Failure::Ours(what(error)))?;
        }
        proxy.log.line(&told(&self.name, file, proxy.requirement));
        let usage = file.receipt().usage;
        let (id, envelope) = (file.receipt().id(Network::OFFLINE), file.envelope().to_json());
        Ok(End {
            choices: checked.ended,
            prompt_tokens: usage.prompt.into(),
            // No receipt says so.
            cached_tokens: 0,
            completion_tokens: usage.output.into(),
            receipt: Sealed { id, envelope },
        })
    }

    async fn send(&mut self, part: Part) -> Result<(), Halt> {
        if part.token.is_none() && part.head.is_none() && part.text.is_empty() {
            return Ok(());
        }
        let sent = self.to.send(Event::Part(Box::new(part))).await;
        sent.map_err(|_| Halt::Gone)
    }

    /// Ends it with an error. What a replay refuted may still get its receipt: the upstream has nothing to lose by it.
    async fn fail(&mut self, failure: Failure) {
        let late = matches!(failure, Failure::Refuted(_)) && self.receipt.is_none();
        let receipt = self.receipt.as_deref();
        let record = Record { request: &self.request, source: &self.source, receipt };
        let refusal = self.proxy.refuse(&self.name, failure, record);
        // A reader that has gone missed it.
        let _ = self.to.send(Event::Failed(refusal)).await;
        if late && let Some(receipt) = self.receipt_after_all().await {
            let path =
                self.proxy.folder.join(format!("{}.receipt.json", commit::hex(&self.source.job)));
            let kept = match evidence::write(&path, &receipt) {
                Ok(()) => format!("the refuted answer's receipt came: {}", path.display()),
                Err(error) => format!("the refuted answer's receipt can't be kept: {error}"),
            };
            self.proxy.log.line(&kept);
        }
    }

    /// The receipt file of an answer that nobody waits for.
    async fn receipt_after_all(&mut self) -> Option<String> {
        self.following = None;
        let within = self.source.silence;
        let read = async {
            loop {
                match self.source.next().await.ok()? {
                    Said::Part { choice, tokens, head } => {
                        self.checking.part(choice, &tokens, head.as_deref()).ok()?;
                    }
                    Said::End { envelope } => return self.checking.file(&envelope),
                    Said::Begun(_) | Said::Failed(_) | Said::Done | Said::Nothing => return None,
                }
            }
        };
        timeout(within, read).await.ok()?
    }
}

/// Waits for what replay finds: true; false where it ended.
async fn found(following: Option<&mut Following>) -> bool {
    match following {
        Some(following) => following.found.changed().await.is_ok(),
        None => std::future::pending().await,
    }
}

/// Where the receipt of an answer is kept.
fn receipt_path(folder: &std::path::Path, file: &ReceiptFile) -> PathBuf {
    folder.join(format!("{}.json", commit::hex(&file.receipt().job)))
}

/// What is said of an answer that holds: what is established, and what is not.
fn told(model: &str, file: &ReceiptFile, requirement: Requirement) -> String {
    let replay = match requirement {
        Requirement::Signature => Replayed::NotTried,
        Requirement::Replay => Replayed::Same,
    };
    let kinds = [Kind::Signature, Kind::Replay];
    let report = examine(file.receipt(), file.opening(), Network::OFFLINE, &[], &replay);
    let holds: Vec<&str> =
        kinds.into_iter().filter(|kind| report.holds(*kind)).map(Kind::name).collect();
    let open: Vec<&str> = report.not_established.iter().map(|what| what.name()).collect();
    let job = commit::hex(&file.receipt().job[..8]);
    let (holds, open) = (holds.join(", "), open.join(", "));
    format!("answer {job} of {model} holds: {holds}; not established: {open}")
}

/// One of the answers there may be at once.
impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Proxy {
    fn known(&self, name: &str) -> Result<&Known, Refusal> {
        let found = self.models.iter().find(|known| known.name == name);
        found.ok_or_else(|| Refusal::Model(name.chars().take(256).collect()))
    }
}
