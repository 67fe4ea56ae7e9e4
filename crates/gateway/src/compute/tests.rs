//! Which model is loaded for whom, with a tiny one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use canon::sample::Parameters;
use canon::{KernelSet, Kernels};
use engine::{Engine, Weights};
use import::gguf::tiny::TinyModel;
use llm::schedule::{Asked, CacheScope, SchedulerLimits, Tenant};
use llm::{Model, Question, Runner};
use receipt::{NonceChooser, SecretKey};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{mpsc, oneshot, watch};

use super::known::Known;
use super::message::{AnswerId, Begin, Happening, Loaded, ModelEntry, Served};
use super::state::State;
use crate::core::Refusal;

/// A model of this id.
fn loaded(id: u8) -> Box<Loaded> {
    let bytes = TinyModel { heads: 2, kv_heads: 1, ..TinyModel::new(3) }.write();
    let at = |offset: u64| usize::try_from(offset).unwrap();
    let length = u64::try_from(bytes.len()).unwrap();
    let model = Model::from_gguf(&bytes, length, |offset, out| {
        out.copy_from_slice(&bytes[at(offset)..at(offset) + out.len()]);
        Ok::<_, Infallible>(())
    });
    let model = Arc::new(model.unwrap());
    let weights = Weights::load(&model.program, |tensor| {
        let start = at(tensor.location.offset);
        Ok::<_, Infallible>(bytes[start..start + at(tensor.bytes())].to_vec())
    });
    let kernels = Kernels::of(KernelSet::best()).unwrap();
    let engine = Engine::new(&model.program, Arc::new(weights.unwrap()), kernels, 1).unwrap();
    Box::new(Loaded { model, runner: Runner::new(engine, 64), id: [id; 32] })
}

/// Two models of which one has room.
struct House {
    state: State,
    known: Arc<Known>,
    model: Arc<Model>,
}

type Told<T> = oneshot::Receiver<Result<T, Refusal>>;

impl House {
    fn new() -> Self {
        let entry = |name: &str| ModelEntry { name: name.into(), bytes: 600 };
        let known = Arc::new(Known::new(2, Arc::new(|_: &str| None)));
        let entries = vec![entry("a"), entry("b")];
        let limits = SchedulerLimits::default();
        let state = State::new(entries, 1000, limits, Duration::from_secs(1), Arc::clone(&known));
        Self { state, known, model: loaded(0).model }
    }

    fn ready(&mut self, model: usize) -> Told<Served> {
        let (reply, told) = oneshot::channel();
        self.state.ready(model, reply);
        told
    }

    /// Asks a model for tokens, by the id it is thought to have.
    fn begin(&mut self, model: usize, id: u8) -> (Told<AnswerId>, mpsc::Receiver<Happening>) {
        let question = Question {
            tokens: vec![1, 2, 3],
            prompt: None,
            grammar: None,
            parameters: Parameters::default(),
            choices: 1,
            tokens_max: 5,
            stop_strings: Vec::new(),
            nonce: [0; 32],
            nonce_by: NonceChooser::Client,
            requester: SecretKey::from_seed([1; 32]).public(),
        };
        let job = Arc::new(question.job(&self.model, [id; 32]).unwrap());
        let (cache, tenant) = (CacheScope::Tenant, Tenant([0; 32]));
        let asked = Asked { job, tenant, cache, want_logits: false, logprobs: None };
        let (reply, told) = oneshot::channel();
        let (events, happenings) = mpsc::channel(64);
        let too_slow = Arc::<AtomicBool>::default();
        let (computing, _) = watch::channel(());
        let begin = Begin { model, asked, constraint: None, events, too_slow, computing, reply };
        self.state.begin(Box::new(begin));
        (told, happenings)
    }

    /// Loads what is wanted.
    fn load(&mut self, id: u8) -> Vec<usize> {
        let loads = self.state.take_loads();
        loads.iter().for_each(|model| self.state.loaded(*model, Ok(loaded(id))));
        loads
    }

    fn run(&mut self) {
        while !self.state.is_idle() {
            self.state.step();
        }
    }
}

#[test]
fn a_job_of_a_model_that_was_replaced_meanwhile_is_refused() {
    let mut house = House::new();
    let mut told = house.ready(0);
    assert_eq!(house.load(1), [0]);
    assert_eq!(told.try_recv().unwrap().unwrap().id, [1; 32]);
    // While the question is read, another model takes its room, and its file is replaced.
    let other = house.ready(1);
    assert_eq!(house.load(1), [1]);
    let (mut told, mut happenings) = house.begin(0, 1);
    assert_eq!(house.load(2), [0]);
    let refused = told.try_recv().unwrap().unwrap_err();
    assert_eq!(refused.status(), 503);
    assert!(refused.to_string().contains("ask again"), "{refused}");
    assert!(house.state.is_idle() && happenings.try_recv().is_err());
    let (mut told, _happenings) = house.begin(0, 2);
    assert!(told.try_recv().unwrap().is_ok());
    drop(other);
}

#[test]
fn who_waits_for_room_gets_it_although_others_are_asked_on_and_on() {
    let mut house = House::new();
    let _first = house.ready(0);
    assert_eq!(house.load(1), [0]);
    let (_told, mut happenings) = house.begin(0, 1);
    let mut other = house.ready(1);
    assert!(house.load(1).is_empty());
    // What runs goes on; what is asked now waits.
    assert!(house.known.get(0).is_none());
    let (mut later, _happenings) = house.begin(0, 1);
    let mut again = house.ready(0);
    assert_eq!(later.try_recv().unwrap_err(), TryRecvError::Empty);
    house.run();
    assert!(happenings.try_recv().is_ok());
    assert_eq!(house.load(1), [1]);
    assert!(other.try_recv().unwrap().is_ok());
    // Then it is the other's turn again.
    assert_eq!(house.load(1), [0]);
    assert!(later.try_recv().unwrap().is_ok() && again.try_recv().unwrap().is_ok());
    assert!(house.known.get(0).is_some());
}

#[test]
fn nothing_begins_once_what_runs_was_given_up() {
    let mut house = House::new();
    let _first = house.ready(0);
    assert_eq!(house.load(1), [0]);
    let (_told, mut happenings) = house.begin(0, 1);
    house.state.cancel_all();
    let (mut told, _none) = house.begin(0, 1);
    assert_eq!(told.try_recv().unwrap().unwrap_err().status(), 503);
    house.run();
    assert_eq!(happenings.try_recv().unwrap().piece.stop, Some(llm::Stop::Cancelled));
}

#[test]
fn who_has_gone_is_waited_for_by_nobody() {
    let mut house = House::new();
    let _first = house.ready(0);
    assert_eq!(house.load(1), [0]);
    let (_told, _happenings) = house.begin(0, 1);
    let gone = house.ready(1);
    assert!(house.load(1).is_empty());
    let mut later = house.ready(0);
    assert!(later.try_recv().is_err());
    drop(gone);
    assert!(house.load(1).is_empty());
    // It stays, and nothing is loaded for nobody.
    assert!(later.try_recv().unwrap().is_ok());
    assert!(house.known.get(0).is_some());
    house.run();
    assert_eq!((house.load(1), house.state.figures().loads), (vec![], 1));
}
