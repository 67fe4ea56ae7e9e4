//! Vectors, from texts to receipts: a job and a receipt for each input, some of them in the making at once.
//!
//! Never gives a vector out before its receipt is durable. Whoever goes cancels what is left; what is there by then
//! was given to nobody. Failure: one input that can't be embedded fails the request, by its name.

use std::collections::VecDeque;
use std::sync::Arc;

use commit::{Blind, Digest, Network, Salts};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use llm::Stop;
use llm::schedule::{Asked, CacheScope, Tenant};
use receipt::{Job, PublicKey};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answering::random;
use crate::compute::Served;
use crate::core::{EmbeddingAsk, Input, Refusal, Sealed, at};
use crate::gateway::{Gateway, Guest};
use crate::keeping::ToKeep;
use crate::keys::{Caller, Place};
use crate::log::Entry;
use crate::signing::Signing;

/// Most inputs of one request in the making at once.
const AT_ONCE: usize = 32;
/// Most numbers of vectors that the server holds for all requests together.
const NUMBERS_HELD_MAX: usize = 1 << 26;
/// Happenings of a vector that wait: it has one.
const WAITING_MAX: usize = 4;
/// When to try again where too many vectors are held.
const RETRY_AFTER_S: u64 = 2;

/// A vector whose receipt is durable.
pub(crate) struct Embedding {
    /// In units of 2^-24.
    pub(crate) vector: Arc<[i32]>,
    /// The job's commitment: the address of its receipt.
    pub(crate) job: Digest,
    pub(crate) receipt: Sealed,
    pub(crate) prompt_tokens: u64,
}

/// All vectors of a request, in the order of its inputs.
pub(crate) struct Embeddings {
    pub(crate) model: String,
    pub(crate) model_id: Digest,
    pub(crate) worker: PublicKey,
    pub(crate) list: Vec<Embedding>,
    /// Room for their numbers, until they are written.
    pub(crate) room: OwnedSemaphorePermit,
}

/// Room for vectors, counted in numbers.
pub(crate) fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(NUMBERS_HELD_MAX))
}

impl Gateway {
    /// The vectors of some inputs.
    pub(crate) async fn embed(
        self: &Arc<Self>,
        guest: Guest,
        ask: EmbeddingAsk,
    ) -> Result<Embeddings, Refusal> {
        let Guest { caller, place } = guest;
        let index = self.model_index(&ask.model)?;
        let served = self.compute.ready(index).await?;
        let dimensions = ask.dimensions_of(&served.model)?;
        let inputs = u32::try_from(ask.inputs.len()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.numbers);
        let room = room.try_acquire_many_owned(inputs.saturating_mul(dimensions));
        let room = room.map_err(|_| Refusal::Busy {
            what: "the server holds as many vectors as it takes".into(),
            retry_after_s: RETRY_AFTER_S,
        })?;
        let at_once = caller.answers_max().min(AT_ONCE);
        let (model, model_id) = (served.name.clone(), served.id);
        let key = caller.name().map(str::to_owned);
        let names = names(ask.inputs.len());
        let maker = Maker {
            gateway: Arc::clone(self),
            caller,
            place: Arc::new(place),
            index,
            served,
            dimensions,
            cache: ask.cache,
        };
        let list = maker.all(ask.inputs, &names, at_once).await?;
        let prompt_tokens: u64 = list.iter().map(|one| one.prompt_tokens).sum();
        let entry = Entry::new("vectors").text("model", model.as_str()).maybe("key", key);
        let entry = entry.number("vectors", list.len()).number("prompt_tokens", prompt_tokens);
        self.log.entry(&entry.number("numbers", dimensions));
        Ok(Embeddings { model, model_id, worker: self.secret.public(), list, room })
    }
}

/// What inputs are called where one is refused.
fn names(inputs: usize) -> Vec<String> {
    match inputs {
        1 => vec!["input".to_owned()],
        _ => (0..inputs).map(|index| at("input", index)).collect(),
    }
}

/// What all inputs of a request share.
struct Maker {
    gateway: Arc<Gateway>,
    caller: Caller,
    /// Held until nothing of the request goes on, whoever is still there.
    place: Arc<Place>,
    index: usize,
    served: Served,
    dimensions: u32,
    cache: CacheScope,
}

/// An input on its way.
enum Work {
    Input(Input),
    /// It was refused for want of room only.
    Job(Arc<Job>),
}

/// Why there is no vector, and what may be tried again.
struct Failed {
    refusal: Refusal,
    again: Option<(usize, Work)>,
}

impl Maker {
    /// All vectors. Where the queue is full, those in the making are waited for; it is full for the request only where
    /// there are none.
    async fn all(
        &self,
        inputs: Vec<Input>,
        names: &[String],
        mut at_once: usize,
    ) -> Result<Vec<Embedding>, Refusal> {
        let mut list: Vec<Option<Embedding>> = inputs.iter().map(|_| None).collect();
        let mut waiting: VecDeque<(usize, Work)> =
            inputs.into_iter().map(Work::Input).enumerate().collect();
        let mut making = FuturesUnordered::new();
        loop {
            while making.len() < at_once.max(1)
                && let Some((index, work)) = waiting.pop_front()
            {
                making.push(self.one(index, work, &names[index]));
            }
            match making.next().await {
                None => break,
                Some(Ok((index, embedding))) => list[index] = Some(embedding),
                Some(Err(Failed { again: Some(again), .. })) if !making.is_empty() => {
                    waiting.push_front(again);
                    at_once = making.len();
                }
                Some(Err(failed)) => return Err(failed.refusal),
            }
        }
        Ok(list.into_iter().flatten().collect())
    }

    async fn one(
        &self,
        index: usize,
        work: Work,
        name: &str,
    ) -> Result<(usize, Embedding), Failed> {
        let refused = |refusal| Failed { refusal, again: None };
        let job = match work {
            Work::Job(job) => job,
            Work::Input(input) => Arc::new(self.job(input, name).await.map_err(refused)?),
        };
        let (tenant, cache) = (Tenant(self.caller.owner), self.cache);
        let asked =
            Asked { job: Arc::clone(&job), tenant, cache, want_logits: false, logprobs: None };
        let begun = self.gateway.compute.begin(self.index, asked, None, WAITING_MAX).await;
        let mut running = begun.map_err(|refusal| {
            let busy = matches!(refusal, Refusal::Busy { .. });
            let again = busy.then(|| (index, Work::Job(Arc::clone(&job))));
            Failed { refusal: named(refusal, name), again }
        })?;
        let mut last = None;
        while let Some(happening) = running.happenings.recv().await {
            if happening.ended.is_some() {
                last = Some(happening);
                break;
            }
        }
        let piece = last.map(|happening| happening.piece).unwrap_or_default();
        let made = self.sealed(job, piece.vector, piece.stop, name).await.map_err(refused)?;
        Ok((index, made))
    }

    async fn job(&self, input: Input, name: &str) -> Result<Job, Refusal> {
        let nonce = random()?;
        let (model, id) = (Arc::clone(&self.served.model), self.served.id);
        let (dimensions, requester) = (self.dimensions, self.gateway.secret.public());
        let (name, place) = (name.to_owned(), Arc::clone(&self.place));
        let fault = || Refusal::Fault("the input can't be read".into());
        // Tokenizers take their time with long texts.
        let turn = Arc::clone(&self.gateway.turns.prompts).acquire_owned().await;
        let turn = turn.map_err(|_| fault())?;
        let made = tokio::task::spawn_blocking(move || {
            let made = input.job(&model, id, dimensions, nonce, requester, &name);
            drop((turn, place));
            made
        });
        let job = made.await.map_err(|_| fault())??;
        let tokens = u64::try_from(job.fields().prompt.len()).unwrap_or(u64::MAX);
        self.caller.used(tokens, self.gateway.now_ms());
        Ok(job)
    }

    /// What came of a job, signed and kept.
    async fn sealed(
        &self,
        job: Arc<Job>,
        vector: Option<Arc<[i32]>>,
        stop: Option<Stop>,
        name: &str,
    ) -> Result<Embedding, Refusal> {
        let (vector, fault) = match (vector, stop) {
            (Some(vector), _) => (vector, None),
            (None, Some(Stop::Fault(fault))) => (Arc::from([]), Some(fault)),
            (None, Some(Stop::Refused(error))) => return Err(Refusal::Fault(error.to_string())),
            (None, _) => return Err(Refusal::Unavailable("the server is stopping".into())),
        };
        let salts = Salts { network: Network::OFFLINE, blind: Blind(random()?) };
        let gateway = Arc::clone(&self.gateway);
        let (prompt_tokens, numbers) = (job.fields().prompt.len(), Arc::clone(&vector));
        let signed = tokio::task::spawn_blocking(move || {
            gateway.metrics.signing(|| {
                let mut signing = Signing::new((*job).clone(), salts, gateway.secret.clone());
                signing.vector(&numbers, stop.unwrap_or(Stop::Length));
                (signing.commitment(), signing.seal())
            })
        });
        let failed = |what: String| Refusal::Fault(format!("the receipt can't be signed: {what}"));
        let (job, signed) = signed.await.map_err(|error| failed(error.to_string()))?;
        let signed = signed.map_err(|error| failed(error.to_string()))?;
        let receipt = Sealed { id: signed.id, envelope: signed.envelope };
        let (owner, at_s) = (self.caller.owner, self.gateway.now_s());
        let kept = ToKeep { job, receipt: receipt.id, owner, at_s, file: signed.file };
        self.gateway.keeper.keep(kept).await?;
        let prompt_tokens = u64::try_from(prompt_tokens).unwrap_or(u64::MAX);
        self.gateway.metrics.ended(prompt_tokens, 0, false);
        match fault {
            None => Ok(Embedding { vector, job, receipt, prompt_tokens }),
            Some(fault) => {
                let what = format!(
                    "it has no vector: a number leaves its range, {fault}, on every machine alike; \
                     the receipt {} says so",
                    commit::hex(&job)
                );
                Err(Refusal::request(Some(name), what))
            }
        }
    }
}

/// The same refusal, of this input where it is of none.
fn named(refusal: Refusal, name: &str) -> Refusal {
    if let Refusal::Request { param: None, what } = refusal {
        return Refusal::request(Some(name), what);
    }
    refusal
}
