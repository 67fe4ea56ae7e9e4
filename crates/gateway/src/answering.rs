//! One answer, from question to receipt: a task of its own between the computing thread and whoever reads.
//!
//! It signs what passes, and ends what nobody reads any more: a reader that goes cancels the answer, and what was
//! delivered is receipted all the same. Never gives an end out before its receipt is durable, and never tells an answer
//! that was cut off as one that came to its end. Says that it was cancelled only where somebody gave it up: where nothing
//! computes any more, it is unfinished.

use std::sync::Arc;
use std::time::Duration;

use commit::{Blind, Network, Salts};
use llm::Stop;
use llm::schedule::{Asked, Tenant};
use receipt::limits::CHUNK_MS_MAX;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use crate::compute::{Happening, Running};
use crate::core::{
    Answer, Ask, Cut, End, Ended, Event, Finish, Made, Part, Refusal, Sealed, Started,
};
use crate::delivery::Delivery;
use crate::gateway::{Gateway, Guest};
use crate::keeping::ToKeep;
use crate::keys::{Caller, Place};
use crate::log::Entry;
use crate::serving::JOB_DIGITS;
use crate::signing::{CHOICES_MAX, Signing};

/// Most probabilities that an answer may tell: they are told as text, which somebody has to hold.
const LOGPROBS_MAX: u64 = 1 << 18;

impl Gateway {
    /// Asks; the answer's events come as they are computed.
    pub(crate) async fn ask(self: &Arc<Self>, guest: Guest, ask: Ask) -> Result<Answer, Refusal> {
        let Guest { caller, mut place } = guest;
        if !(1..=CHOICES_MAX).contains(&ask.choices) {
            let what = format!("it must be 1 to {CHOICES_MAX}: a receipt has no more choices");
            return Err(Refusal::request(Some("n"), what));
        }
        place.widen(usize::try_from(ask.choices - 1).unwrap_or(usize::MAX))?;
        let index = self.model_index(&ask.model)?;
        let served = self.compute.ready(index).await?;
        let (logprobs, cache, tenant) = (ask.logprobs, ask.cache, Tenant(caller.owner));
        let nonce = random()?;
        let blind = Blind(random()?);
        let (model, id) = (Arc::clone(&served.model), served.id);
        let requester = self.secret.public();
        let turns = if ask.has_grammar() { &self.turns.grammars } else { &self.turns.prompts };
        let rendered = self.rendered(turns, place, move || ask.job(&model, id, nonce, requester));
        let (place, Made { job, calls, constraint }) = rendered.await?;
        if let Some(top) = logprobs {
            let each = u64::from(top) + 1;
            let most = u64::from(job.fields().stop.tokens_max) * u64::from(job.fields().choices);
            if most.saturating_mul(each) > LOGPROBS_MAX {
                let what = format!(
                    "{most} tokens with {each} of them each are too many: choices, tokens and likeliest ones \
                     make at most {LOGPROBS_MAX} together"
                );
                return Err(Refusal::request(Some("logprobs"), what));
            }
        }
        let salts = Salts { network: Network::OFFLINE, blind };
        let prompt_tokens = u64::try_from(job.fields().prompt.len()).unwrap_or(u64::MAX);
        let signing = Signing::new(job.clone(), salts, self.secret.clone());
        let started = Started {
            job: signing.commitment(),
            blind: blind.0,
            model: served.name.clone(),
            model_id: id,
            loaded: Arc::clone(&served.model),
            calls: calls.map(Arc::new),
            worker: requester,
            created_s: self.now_s(),
            choices: job.fields().choices,
            prompt_tokens,
        };
        let job = Arc::new(job);
        let asked = Asked { job, tenant, cache, want_logits: false, logprobs };
        let waiting_max = self.limits.waiting_max;
        caller.used(prompt_tokens, self.now_ms());
        let running = self.compute.begin(index, asked, constraint, waiting_max).await?;
        let (given_up, computed) = (self.given_up.subscribe(), running.computed.clone());
        let (delivery, events, ended) = Delivery::new(given_up, computed, self.limits.reader_time);
        let pump = Pump {
            gateway: Arc::clone(self),
            running,
            signing,
            delivery,
            model: served.name,
            caller,
            created_s: started.created_s,
            prompt_tokens,
            cached_tokens: 0,
            head_due: None,
            watch: Watch { began: Instant::now(), last: None },
        };
        tokio::spawn(async move {
            pump.run().await;
            drop(place);
        });
        Ok(Answer { started, events, ended })
    }
}

impl Gateway {
    /// How many tokens a question's prompt has.
    pub(crate) async fn count(&self, guest: Guest, ask: Ask) -> Result<usize, Refusal> {
        let served = self.compute.ready(self.model_index(&ask.model)?).await?;
        let (_, count) = self
            .rendered(&self.turns.prompts, guest.place, move || ask.prompt_tokens(&served.model))
            .await?;
        Ok(count)
    }

    /// What templates and tokenizers make, which take their time with long prompts: a few at a time, and in its place
    /// also when whoever asked has gone.
    async fn rendered<T: Send + 'static>(
        &self,
        turns: &Arc<Semaphore>,
        place: Place,
        render: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
    ) -> Result<(Place, T), Refusal> {
        let fault = || Refusal::Fault("the prompt can't be rendered".into());
        let turn = Arc::clone(turns).acquire_owned().await.map_err(|_| fault())?;
        let rendered = tokio::task::spawn_blocking(move || {
            let rendered = render();
            drop(turn);
            rendered.map(|made| (place, made))
        });
        rendered.await.map_err(|_| fault())?
    }
}

/// When things came, for the figures.
struct Watch {
    began: Instant,
    last: Option<Instant>,
}

struct Pump {
    gateway: Arc<Gateway>,
    running: Running,
    signing: Signing,
    delivery: Delivery,
    model: String,
    caller: Caller,
    created_s: u64,
    prompt_tokens: u64,
    cached_tokens: u64,
    /// When the oldest token without a head is old enough for one.
    head_due: Option<Instant>,
    watch: Watch,
}

impl Pump {
    async fn run(mut self) {
        while !self.signing.is_ended() {
            match self.next().await {
                Next::Happened(happening) => self.take(happening).await,
                Next::HeadDue => self.sign_due().await,
                Next::ReaderGone => self.leave(),
                // What came is what was answered. The thread gave up on this reader, or it has ended.
                Next::Closed => {
                    if self.running.was_too_slow() {
                        self.signing.cancel();
                    }
                    break;
                }
            }
        }
        self.finish().await;
    }

    async fn next(&mut self) -> Next {
        let due = self.head_due.unwrap_or_else(Instant::now);
        tokio::select! {
            biased;
            happening = self.running.happenings.recv() => {
                happening.map_or(Next::Closed, |happening| Next::Happened(Box::new(happening)))
            }
            () = sleep_until(due), if self.head_due.is_some() => Next::HeadDue,
            () = self.delivery.gone(), if self.delivery.is_open() => Next::ReaderGone,
        }
    }

    async fn take(&mut self, happening: Box<Happening>) {
        let Happening { choice, piece, ended } = *happening;
        let head = piece.token.and_then(|token| {
            self.saw_token();
            self.gateway.metrics.signing(|| self.signing.push(choice, token))
        });
        if let Some(ended) = ended {
            self.signing.end(choice, ended.stop);
            if choice == 0 {
                self.cached_tokens = u64::try_from(ended.usage.cached_tokens).unwrap_or(u64::MAX);
            }
        }
        // The last head of a choice comes with its last piece, so that nothing is delivered without one.
        let head = head.or_else(|| {
            ended.and_then(|_| self.gateway.metrics.signing(|| self.signing.head(choice)))
        });
        self.head_due = match self.head_due {
            _ if self.signing.unsigned().is_empty() => None,
            Some(due) if head.is_none() => Some(due),
            _ => Some(Instant::now() + Duration::from_millis(CHUNK_MS_MAX)),
        };
        // What ends an answer is no part of its text.
        let shown = !matches!(ended.map(|ended| ended.stop), Some(Stop::Token(_)));
        let logprob = piece.logprob.filter(|_| shown);
        let part = Part { choice, text: piece.text, token: piece.token, logprob, head };
        if part.token.is_some() || part.head.is_some() || !part.text.is_empty() {
            self.send(Event::Part(Box::new(part))).await;
        }
    }

    fn saw_token(&mut self) {
        let now = Instant::now();
        let metrics = &self.gateway.metrics;
        match self.watch.last {
            None => metrics.first_token(now - self.watch.began),
            Some(last) => metrics.next_token(now - last),
        }
        self.watch.last = Some(now);
    }

    async fn sign_due(&mut self) {
        self.head_due = None;
        for choice in self.signing.unsigned() {
            let head = self.gateway.metrics.signing(|| self.signing.head(choice));
            let part = Part { choice, text: String::new(), token: None, logprob: None, head };
            self.send(Event::Part(Box::new(part))).await;
        }
    }

    /// The reader has gone.
    fn leave(&mut self) {
        self.delivery.leave();
        self.running.cancel();
    }

    async fn send(&mut self, event: Event) {
        if !self.delivery.hand_over(event).await {
            self.leave();
        }
    }

    /// What is told of an answer: its line and that of its request name the same answer.
    fn entry(&self, completion_tokens: u64, ends: &str) -> Entry {
        let mut answer = commit::hex(&self.signing.commitment());
        answer.truncate(JOB_DIGITS);
        Entry::new("answer")
            .text("answer", answer)
            .text("model", self.model.as_str())
            .maybe("key", self.caller.name())
            .number("prompt_tokens", self.prompt_tokens)
            .number("completion_tokens", completion_tokens)
            .text("end", ends)
            .number("ms", self.watch.began.elapsed().as_millis())
    }

    /// Seals, keeps, and only then tells the end.
    async fn finish(self) {
        let all = (0..).zip(self.signing.counts()).map(|(choice, _)| choice);
        let ends: Vec<(u32, Result<Finish, Cut>)> =
            all.map(|choice| (choice, self.signing.finish(choice))).collect();
        let completion_tokens: u64 = self.signing.counts().map(u64::from).sum();
        let told: Vec<&str> = ends.iter().map(|(_, end)| end_name(*end)).collect();
        let entry = self.entry(completion_tokens, &told.join(","));
        let cancelled = ends.iter().any(|(_, end)| *end == Err(Cut::Cancelled));
        self.gateway.metrics.ended(self.prompt_tokens, completion_tokens, cancelled);
        let (prompt_tokens, cached_tokens) = (self.prompt_tokens, self.cached_tokens);
        self.caller.used(completion_tokens, self.gateway.now_ms());
        let (owner, at_s, job) = (self.caller.owner, self.created_s, self.signing.commitment());
        let Self { gateway, signing, delivery, running, .. } = self;
        drop(running);
        let told = match gateway.metrics.signing(|| signing.seal()) {
            Err(error) => Err(Refusal::Fault(format!("the receipt can't be signed: {error}"))),
            Ok(signed) => {
                let (id, envelope) = (signed.id, signed.envelope);
                let kept = ToKeep { job, receipt: id, owner, at_s, file: signed.file };
                gateway.keeper.keep(kept).await.map(|()| Sealed { id, envelope })
            }
        };
        let late = delivery.was_late().then(|| Cut::NotTaken.why().to_owned());
        gateway.metrics.not_taken(delivery.was_late());
        gateway.log.entry(&entry.maybe("why", told.as_ref().err().map(Refusal::logged).or(late)));
        let ended =
            ends.into_iter().map(|(choice, end)| end.map(|finish| Ended { choice, finish }));
        let choices: Result<Vec<Ended>, Cut> = ended.collect();
        // Who was given up has not got all of it: it is told of no end.
        let choices =
            choices.and_then(|all| delivery.is_open().then_some(all).ok_or(Cut::NotTaken));
        let event = told.and_then(|receipt| {
            let choices = choices.map_err(|cut| Refusal::CutOff { cut, job })?;
            let end = End { choices, prompt_tokens, cached_tokens, completion_tokens, receipt };
            Ok(Event::End(Box::new(end)))
        });
        // A reader that has gone finds the receipt by the job's commitment.
        delivery.close(event.unwrap_or_else(Event::Failed));
    }
}

/// How a choice ended, in our words.
const fn end_name(end: Result<Finish, Cut>) -> &'static str {
    match end {
        Ok(finish) => finish.name(),
        Err(cut) => cut.name(),
    }
}

enum Next {
    Happened(Box<Happening>),
    HeadDue,
    ReaderGone,
    Closed,
}

/// 32 random bytes of the system.
pub(crate) fn random() -> Result<[u8; 32], Refusal> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Refusal::Fault(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}
