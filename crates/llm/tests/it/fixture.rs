//! Tiny models, requests, and answers run to their end.

use std::convert::Infallible;
use std::sync::Arc;

use canon::sample::{Parameter, Parameters, Settings};
use canon::{KernelSet, Kernels};
use engine::{Engine, Feed, Wanted, Weights};
use import::gguf::tiny::{Family, TinyModel};
use import::gguf::{Gguf, TensorType};
use llm::{Generation, Model, Piece, Request, Runner, Stop, Usage};
use receipt::WorkKind;

/// Passes that are more than any answer here takes.
const PASSES_MAX: usize = 2_000;

/// A model and its file.
pub(crate) struct Tiny {
    pub(crate) model: Arc<Model>,
    pub(crate) bytes: Vec<u8>,
    weights: Arc<Weights>,
}

/// All there is to know of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) tokens: Vec<u32>,
    pub(crate) text: String,
    pub(crate) stop: Option<Stop>,
    pub(crate) usage: Usage,
    pub(crate) vector: Option<Vec<i32>>,
    pub(crate) digest: Option<[u8; 32]>,
}

/// A shape that is cheap and crosses pages of keys and values.
pub(crate) fn shape(family: Family) -> TinyModel {
    TinyModel { family, width: 64, heads: 2, kv_heads: 1, context: 160, ..TinyModel::new(11) }
}

pub(crate) fn sets() -> impl Iterator<Item = KernelSet> {
    KernelSet::ALL.into_iter().filter(|set| set.available())
}

pub(crate) fn tokens(count: usize, seed: u32) -> Vec<u32> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        3 + (state >> 8) % 256
    };
    (0..count).map(next).collect()
}

pub(crate) fn parameters(given: &[(Parameter, &str)]) -> Parameters {
    let mut settings = Settings::default();
    given.iter().for_each(|(name, text)| settings.set(*name, text).unwrap());
    Parameters::new(settings).unwrap()
}

/// Drawn, not greedy; no stops.
pub(crate) fn request(prompt: Vec<u32>, tokens_max: usize) -> Request {
    Request {
        kind: WorkKind::Generate,
        prompt,
        parameters: parameters(&[(Parameter::Temperature, "1.2"), (Parameter::TopP, "0.98")]),
        grammar: None,
        seed: [9; 32],
        choice: 0,
        tokens_max,
        stop_strings: Vec::new(),
        stop_tokens: Vec::new(),
        logits_digest: true,
    }
}

/// Eight requests that differ in all that matters.
pub(crate) fn eight() -> Vec<Request> {
    let settings: [&[(Parameter, &str)]; 8] = [
        &[(Parameter::Temperature, "0")],
        &[(Parameter::Temperature, "0.7"), (Parameter::TopP, "0.9")],
        &[(Parameter::TopK, "4")],
        &[(Parameter::MinP, "0.1")],
        &[(Parameter::Repetition, "1.3")],
        &[(Parameter::Presence, "0.5"), (Parameter::Frequency, "0.5")],
        &[(Parameter::Temperature, "2")],
        &[(Parameter::Temperature, "0"), (Parameter::Repetition, "1.2")],
    ];
    let lengths = [1, 4, 9, 30, 63, 64, 65, 100];
    let both = lengths.into_iter().zip(settings);
    let requests = (0..).zip(both).map(|(index, (length, given))| Request {
        parameters: parameters(given),
        choice: index,
        ..request(tokens(length, index + 1), 3 + length % 7)
    });
    requests.collect()
}

impl Tiny {
    pub(crate) fn new(family: Family) -> Self {
        Self::of(shape(family).write())
    }

    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let length = u64::try_from(bytes.len()).unwrap();
        let model = Model::from_gguf(&bytes, length, |offset, out| {
            let start = usize::try_from(offset).unwrap();
            out.copy_from_slice(&bytes[start..start + out.len()]);
            Ok::<_, Infallible>(())
        });
        let model = Arc::new(model.unwrap());
        let weights = Weights::load(&model.program, |tensor| {
            let start = usize::try_from(tensor.location.offset).unwrap();
            let length = usize::try_from(tensor.bytes()).unwrap();
            Ok::<_, Infallible>(bytes[start..start + length].to_vec())
        });
        let weights = Arc::new(weights.unwrap());
        Self { model, bytes, weights }
    }

    pub(crate) fn engine(&self, set: KernelSet, threads: usize) -> Engine {
        let weights = Arc::clone(&self.weights);
        Engine::new(&self.model.program, weights, Kernels::of(set).unwrap(), threads).unwrap()
    }

    pub(crate) fn runner(&self, set: KernelSet, threads: usize, chunk: usize) -> Runner {
        Runner::new(self.engine(set, threads), chunk)
    }

    /// The runner for tests in which it can't matter.
    pub(crate) fn any(&self) -> Runner {
        self.runner(KernelSet::best(), 1, 64)
    }

    /// One that feeds few rows in a pass.
    pub(crate) fn any_with(&self, rows: usize, chunk: usize) -> Runner {
        self.runner(KernelSet::best(), 1, chunk).with_rows_max(rows)
    }

    /// The logits behind every token.
    pub(crate) fn logits(&self, tokens: &[u32]) -> Vec<Vec<i32>> {
        self.logits_by(KernelSet::best(), tokens)
    }

    pub(crate) fn logits_by(&self, set: KernelSet, tokens: &[u32]) -> Vec<Vec<i32>> {
        let mut engine = self.engine(set, 1);
        let mut sequence = engine.sequence();
        let sequence = &mut sequence;
        let feed = Feed { sequence, tokens, wanted: Wanted::All, boundaries: false };
        let outcome = engine.forward(&mut [feed]).unwrap().remove(0);
        assert_eq!(outcome.fault, None);
        outcome.logits
    }

    pub(crate) fn start(&self, runner: &Runner, request: &Request) -> Generation {
        Generation::new(&self.model, runner.engine(), request.clone(), None).unwrap()
    }

    /// One request, alone.
    pub(crate) fn answer(&self, runner: &mut Runner, request: &Request) -> Answer {
        let mut generation = self.start(runner, request);
        finish(runner, &mut [&mut generation]).remove(0)
    }
}

/// A model in which the residual row overflows where this token is read.
pub(crate) fn faulty(token: u32) -> Tiny {
    let model = TinyModel { embedding: TensorType::F32, tied: false, ..shape(Family::Llama) };
    let mut bytes = model.write();
    let length = u64::try_from(bytes.len()).unwrap();
    let gguf = Gguf::parse(&bytes, length).unwrap();
    let embedding = gguf.tensors().iter().find(|tensor| tensor.name() == "token_embd.weight");
    let offset = embedding.unwrap().offset();
    let row = 4 * usize::try_from(model.width).unwrap();
    let start = usize::try_from(offset).unwrap() + usize::try_from(token).unwrap() * row;
    // 2^30 as f32, in every entry.
    bytes[start..start + row].copy_from_slice(&0x4e80_0000_u32.to_le_bytes().repeat(row / 4));
    Tiny::of(bytes)
}

/// Steps until all have ended.
pub(crate) fn finish(runner: &mut Runner, generations: &mut [&mut Generation]) -> Vec<Answer> {
    let mut texts = vec![String::new(); generations.len()];
    for _ in 0..PASSES_MAX {
        if generations.iter().all(|generation| generation.stop().is_some()) {
            break;
        }
        let ended: Vec<bool> = generations.iter().map(|one| one.stop().is_some()).collect();
        let pieces = runner.step(generations);
        for (index, piece) in pieces.into_iter().enumerate() {
            assert!(!ended[index] || piece == Piece::default(), "nothing after the last piece");
            assert_eq!(piece.stop, generations[index].stop().filter(|_| !ended[index]));
            texts[index].push_str(&piece.text);
        }
    }
    let made = |(generation, text): (&&mut Generation, String)| Answer {
        tokens: generation.output().to_vec(),
        text,
        stop: generation.stop(),
        usage: generation.usage(),
        vector: generation.vector().map(<[i32]>::to_vec),
        digest: generation.logits_digest(),
    };
    generations.iter().zip(texts).map(made).collect()
}
