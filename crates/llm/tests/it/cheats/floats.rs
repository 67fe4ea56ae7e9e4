//! A worker whose attention is computed as others do it.
// floats: they are the cheat
#![allow(clippy::float_arithmetic, reason = "they are the cheat")]

use canon::reference::HeadRow;
use canon::sample::{History, SampleScratch, Sampling, noise};
use canon::{KernelSet, Kernels, Overflow};
use llm::{Claim, Request};
use program::ops::Attention;
use program::reference::{Cell, Interpreter, KvRowsByHead, Weights};
use program::site::Source;
use program::tile::{At, KvRow};
use program::{Op, Site};
use receipt::Stop;
use verify::Refutation;

use super::{Delivered, asked, deliver, published, refuted};
use crate::desk::{answer, work};
use crate::fixture::{Tiny, tokens};

/// Prompts that are tried until the cheat shows.
const PROMPTS_MAX: u32 = 64;

/// What stands between the program's plain interpreter and what it makes of a token.
#[derive(Default)]
struct Floats {
    /// What the ops of this position made.
    made: Vec<Cell>,
    /// Every row so far.
    rows: KvRowsByHead,
}

impl Floats {
    /// Takes what an op made; attention's is thrown away and computed again.
    fn alter(&mut self, at: At, site: &Site<'_>, made: Result<Cell, Overflow>) -> Cell {
        let mut cell = made.unwrap();
        if site.index.0 == 0 {
            self.made.clear();
        }
        if let Cell::Kv(rows) = &cell {
            let heads = self.rows.entry(site.index).or_insert_with(|| vec![Vec::new(); rows.len()]);
            heads.iter_mut().zip(rows).for_each(|(head, row)| head.push(row.clone()));
        }
        if let Op::Attention(attention) = site.op {
            assert_eq!(site.attribute(attention.window), 0, "it sees all {} rows", at.position);
            cell = Cell::Fixed(self.attention(site, attention));
        }
        self.made.push(cell.clone());
        cell
    }

    fn attention(&self, site: &Site<'_>, attention: &Attention) -> Vec<i32> {
        let op = |value| match site.source(value) {
            Source::Op { op, .. } => op,
            Source::Token => panic!("no row"),
        };
        let at = usize::try_from(op(attention.q).0).unwrap();
        let Cell::Fixed(query) = &self.made[at] else { panic!("no query") };
        let (kv, frac) = (site.kv(attention.kv), site.fixed(attention.q).frac);
        let query: Vec<f64> =
            query.iter().map(|q| f64::from(*q) * power(-i32::from(frac))).collect();
        let width = usize::try_from(kv.head_width).unwrap();
        let heads = &self.rows[&op(attention.kv)];
        let group = query.len() / width / heads.len();
        let scale = f64::from(attention.scale) * power(attention.scale_exponent);
        let head = |(head, query): (usize, &[f64])| {
            softmax(query, &heads[head / group], scale, (kv.key_frac, kv.value_frac))
        };
        let out = query.chunks(width).enumerate().flat_map(head);
        let unit = power(i32::from(attention.frac));
        out.map(|value| rounded(value * unit)).collect()
    }
}

fn power(exponent: i32) -> f64 {
    2.0_f64.powi(exponent)
}

#[allow(clippy::cast_possible_truncation, reason = "it is far from the bounds")]
fn rounded(value: f64) -> i32 {
    value.round() as i32
}

/// What the entries of a row stand for.
fn numbers(row: &HeadRow, frac: u8) -> impl Iterator<Item = f64> {
    let unit = f64::from(row.mantissa) * power(i32::from(row.shift) - i32::from(frac));
    row.quants.iter().map(move |quant| f64::from(*quant) * unit)
}

fn softmax(
    query: &[f64],
    rows: &[KvRow],
    scale: f64,
    (key_frac, value_frac): (u8, u8),
) -> Vec<f64> {
    let score = |row: &KvRow| {
        let products = query.iter().zip(numbers(&row.key, key_frac)).map(|(q, k)| q * k);
        products.sum::<f64>() * scale
    };
    let scores: Vec<f64> = rows.iter().map(score).collect();
    let greatest = scores.iter().copied().fold(f64::MIN, f64::max);
    let weights: Vec<f64> = scores.iter().map(|score| (score - greatest).exp2()).collect();
    let sum: f64 = weights.iter().sum();
    let mut out = vec![0.0; query.len()];
    for (weight, row) in weights.iter().zip(rows) {
        let values = numbers(&row.value, value_frac);
        out.iter_mut().zip(values).for_each(|(out, value)| *out += weight / sum * value);
    }
    out
}

/// An answer of the plain interpreter, its attention in floats or not.
fn interpreted(tiny: &Tiny, request: &Request, floats: bool) -> Vec<u32> {
    let weights = Weights::load(&tiny.model.program, &[&tiny.bytes]).unwrap();
    let mut interpreter = Interpreter::new(&weights);
    let (mut sampler, mut between) = (Sampler::new(tiny, request), Floats::default());
    let mut output = Vec::new();
    for position in 0..request.prompt.len() + request.tokens_max - 1 {
        let drawn = position + 1 >= request.prompt.len();
        let token = request.prompt.iter().chain(&output).nth(position).unwrap();
        let mut alter = |at, site: &Site<'_>, made| {
            if floats { Ok(between.alter(at, site, made)) } else { made }
        };
        let (cells, fault) = interpreter.step_until(*token, drawn, &mut alter).unwrap();
        assert_eq!(fault, None);
        if drawn {
            output.push(sampler.draw(request, &cells));
        }
    }
    output
}

/// Draws as the specification says.
struct Sampler {
    kernels: Kernels,
    history: History,
    frac: u8,
    position: u64,
}

impl Sampler {
    fn new(tiny: &Tiny, request: &Request) -> Self {
        let mut history = History::new();
        request.prompt.iter().for_each(|token| history.prompt(*token));
        Self {
            kernels: Kernels::of(KernelSet::best()).unwrap(),
            history,
            frac: tiny.any().engine().logits_frac(),
            position: u64::try_from(request.prompt.len()).unwrap(),
        }
    }

    fn draw(&mut self, request: &Request, cells: &[Cell]) -> u32 {
        let logits = cells.iter().rev().find_map(|cell| match cell {
            Cell::Logits(row) => Some(row),
            Cell::Unsampled | Cell::Fixed(_) | Cell::A8(_) | Cell::A16(_) | Cell::Kv(_) => None,
        });
        let noise = noise(&request.seed, request.choice, self.position);
        let (logits, parameters) = (logits.unwrap(), &request.parameters);
        let sampling = Sampling::new(logits, self.frac, parameters, &self.history, None, noise);
        let mut scratch = SampleScratch::default();
        let token = self.kernels.sample(&sampling.unwrap(), &mut scratch).unwrap();
        self.history.output(token);
        self.position += 1;
        token
    }
}

/// Often enough the tokens are the same, and then there is nothing to find: the first prompt that shows it.
pub(super) fn float_attention() -> Delivered {
    let tiny = published();
    for seed in 0..PROMPTS_MAX {
        let job = asked(|job| job.prompt = tokens(30, seed));
        let cheating = interpreted(&tiny, &Request::of(&job, 0), true);
        if cheating != work(&tiny, &job)[0].tokens {
            let claim = Claim { choice: 0, tokens: cheating, stop: Stop::Length };
            return deliver(tiny, &job, &[claim]);
        }
    }
    panic!("it never shows")
}

#[test]
fn float_attention_is_found_by_its_tokens() {
    let found = refuted(float_attention);
    // Not from the first token on: this is attention, a little off.
    assert!(matches!(found, Refutation::Token { position: 1.., .. }), "{found:?}");
}

/// Nothing but the floats is wrong with that worker.
#[test]
fn the_same_worker_without_floats_is_honest() {
    let (tiny, job) = (published(), asked(|_| {}));
    let request = Request::of(&job, 0);
    assert_eq!(interpreted(&tiny, &request, false), answer(&tiny, &request).tokens);
}
