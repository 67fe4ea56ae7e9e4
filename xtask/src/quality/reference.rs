//! A float forward of a llama model, plain: what our integers and llama.cpp are compared with.
//!
//! Weights are de-quantised, activations and products f32, sums of squares and angles f64; nothing
//! is rounded on purpose. Shares no code with `canon`, and knows nothing of programs but their
//! table of tensors. A layer at a time over all windows, so that one layer's weights are in memory.
#![allow(clippy::cast_possible_truncation, reason = "f64 to f32, where f32 is what is kept")]

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use import::gguf::Gguf;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayViewMut2, Axis, s};

use super::source::Source;
use crate::Outcome;

/// Queries whose scores are held at a time by a thread.
const QUERIES: usize = 64;
/// Sizes and counts of the header are below this.
const COUNT_LIMIT: u64 = 1 << 24;

/// The normed last rows of every window, and the matrix that makes logits of them.
pub(crate) struct Reference {
    rows: Vec<Array2<f32>>,
    head: Array2<f32>,
    threads: usize,
}

/// The header's numbers.
struct Sizes {
    layers: usize,
    heads: usize,
    kv_heads: usize,
    head_width: usize,
    eps: f64,
    rope_base: f64,
}

struct Layer {
    attention_gain: Vec<f32>,
    q: Array2<f32>,
    k: Array2<f32>,
    v: Array2<f32>,
    out: Array2<f32>,
    ffn_gain: Vec<f32>,
    gate: Array2<f32>,
    up: Array2<f32>,
    down: Array2<f32>,
}

impl Reference {
    /// Runs every window through every layer.
    pub(crate) fn run(source: &Source, windows: &[&[u32]], threads: usize) -> Outcome<Self> {
        let sizes = Sizes::read(&source.gguf())?;
        let embedding = source.matrix("token_embd.weight")?;
        let mut rows: Vec<Array2<f32>> = windows.iter().map(|w| embed(&embedding, w)).collect();
        let longest = windows.iter().map(|window| window.len()).max().unwrap_or(0);
        let angles = angles(&sizes, longest);
        for index in 0..sizes.layers {
            let layer = Layer::read(source, index)?;
            for rows in &mut rows {
                layer.run(&sizes, &angles, rows, threads);
            }
        }
        let gain = source.vector("output_norm.weight")?;
        let rows = rows.iter().map(|rows| norm(rows, &gain, sizes.eps)).collect();
        let head = source.tensor("output.weight").map(|tensor| source.matrix(&tensor.name));
        Ok(Self { rows, head: head.transpose()?.unwrap_or(embedding), threads })
    }

    /// The logits of some positions of a window, one row each.
    pub(crate) fn logits(&self, window: usize, positions: Range<usize>) -> Array2<f32> {
        let rows = self.rows[window].slice(s![positions, ..]).to_owned();
        product(&rows, &self.head, self.threads)
    }
}

impl Sizes {
    fn read(gguf: &Gguf<'_>) -> Outcome<Self> {
        let named = |error: import::gguf::GgufError| error.to_string();
        let architecture = gguf.required("general.architecture").map_err(named)?;
        let architecture = architecture.string(64).map_err(named)?;
        if architecture != "llama" {
            return Err(format!("the float reference knows llama only, not {architecture}"));
        }
        let count = |key: &str| -> Outcome<usize> {
            let field = gguf.required(&format!("llama.{key}")).map_err(named)?;
            let count = field.unsigned(1..=COUNT_LIMIT).map_err(named)?;
            Ok(usize::try_from(count).expect("a small number"))
        };
        let float = |key: &str| -> Outcome<f64> {
            let field = gguf.required(&format!("llama.{key}")).map_err(named)?;
            Ok(f64::from(f32::from_bits(field.f32_bits().map_err(named)?.0)))
        };
        let heads = count("attention.head_count")?;
        let head_width = count("embedding_length")? / heads;
        if count("rope.dimension_count")? != head_width {
            return Err("the float reference rotates whole heads only".to_owned());
        }
        Ok(Self {
            layers: count("block_count")?,
            heads,
            kv_heads: count("attention.head_count_kv")?,
            head_width,
            eps: float("attention.layer_norm_rms_epsilon")?,
            rope_base: float("rope.freq_base")?,
        })
    }
}

impl Layer {
    fn read(source: &Source, index: usize) -> Outcome<Self> {
        let matrix = |name: &str| source.matrix(&format!("blk.{index}.{name}.weight"));
        let vector = |name: &str| source.vector(&format!("blk.{index}.{name}.weight"));
        Ok(Self {
            attention_gain: vector("attn_norm")?,
            q: matrix("attn_q")?,
            k: matrix("attn_k")?,
            v: matrix("attn_v")?,
            out: matrix("attn_output")?,
            ffn_gain: vector("ffn_norm")?,
            gate: matrix("ffn_gate")?,
            up: matrix("ffn_up")?,
            down: matrix("ffn_down")?,
        })
    }

    fn run(
        &self,
        sizes: &Sizes,
        angles: &[Vec<(f32, f32)>],
        rows: &mut Array2<f32>,
        threads: usize,
    ) {
        let x = norm(rows, &self.attention_gain, sizes.eps);
        let mut q = product(&x, &self.q, threads);
        let mut k = product(&x, &self.k, threads);
        let v = product(&x, &self.v, threads);
        rotate(&mut q, angles);
        rotate(&mut k, angles);
        let attended = attention(sizes, &q, &k, &v, threads);
        *rows += &product(&attended, &self.out, threads);

        let x = norm(rows, &self.ffn_gain, sizes.eps);
        let mut gated = product(&x, &self.gate, threads);
        let up = product(&x, &self.up, threads);
        gated.zip_mut_with(&up, |gate, up| *gate = *gate / (1.0 + (-*gate).exp()) * up);
        *rows += &product(&gated, &self.down, threads);
    }
}

fn embed(embedding: &Array2<f32>, tokens: &[u32]) -> Array2<f32> {
    let index = |token: &u32| usize::try_from(*token).expect("a token is an index");
    embedding.select(Axis(0), &tokens.iter().map(index).collect::<Vec<_>>())
}

/// Cosine and sine by position, then pair.
fn angles(sizes: &Sizes, positions: usize) -> Vec<Vec<(f32, f32)>> {
    let width = sizes.head_width as f64;
    let frequency = |pair: usize| sizes.rope_base.powf(-2.0 * pair as f64 / width);
    let frequencies: Vec<f64> = (0..sizes.head_width / 2).map(frequency).collect();
    let at = |position: usize| {
        let turned = frequencies.iter().map(|f| (position as f64 * f).sin_cos());
        turned.map(|(sine, cosine)| (cosine as f32, sine as f32)).collect()
    };
    (0..positions).map(at).collect()
}

fn norm(rows: &Array2<f32>, gain: &[f32], eps: f64) -> Array2<f32> {
    let mut normed = rows.clone();
    for mut row in normed.rows_mut() {
        let squares: f64 = row.iter().map(|x| f64::from(*x).powi(2)).sum();
        let inverse = 1.0 / (squares / row.len() as f64 + eps).sqrt();
        let scaled = |x: f32, gain: f32| (f64::from(x) * inverse) as f32 * gain;
        row.iter_mut().zip(gain).for_each(|(x, gain)| *x = scaled(*x, *gain));
    }
    normed
}

/// Turns neighbouring pairs of every head, as a llama GGUF has them.
fn rotate(rows: &mut Array2<f32>, angles: &[Vec<(f32, f32)>]) {
    for (mut row, angles) in rows.rows_mut().into_iter().zip(angles) {
        let row = row.as_slice_mut().expect("rows are contiguous");
        for (pair, (cosine, sine)) in row.chunks_exact_mut(2).zip(angles.iter().cycle()) {
            let (a, b) = (pair[0], pair[1]);
            pair[0] = a * cosine - b * sine;
            pair[1] = a * sine + b * cosine;
        }
    }
}

fn attention(
    sizes: &Sizes,
    q: &Array2<f32>,
    k: &Array2<f32>,
    v: &Array2<f32>,
    threads: usize,
) -> Array2<f32> {
    let scale = 1.0 / (sizes.head_width as f32).sqrt();
    let columns = |head: usize| head * sizes.head_width..(head + 1) * sizes.head_width;
    let mut attended = Array2::zeros(q.raw_dim());
    in_chunks(&mut attended, QUERIES, threads, |start, mut attended| {
        let end = start + attended.nrows();
        for head in 0..sizes.heads {
            let shared = columns(head * sizes.kv_heads / sizes.heads);
            let (keys, values) = (k.slice(s![..end, shared.clone()]), v.slice(s![..end, shared]));
            let mut weights = q.slice(s![start..end, columns(head)]).dot(&keys.t());
            for (row, mut weights) in weights.rows_mut().into_iter().enumerate() {
                let weights = weights.as_slice_mut().expect("rows are contiguous");
                soften(weights, start + row + 1, scale);
            }
            attended.slice_mut(s![.., columns(head)]).assign(&weights.dot(&values));
        }
    });
    attended
}

/// Softmax over the first entries; the others become zero.
fn soften(scores: &mut [f32], visible: usize, scale: f32) {
    let (seen, future) = scores.split_at_mut(visible);
    let most = seen.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    seen.iter_mut().for_each(|score| *score = ((*score - most) * scale).exp());
    let sum = seen.iter().map(|weight| f64::from(*weight)).sum::<f64>() as f32;
    seen.iter_mut().for_each(|weight| *weight /= sum);
    future.fill(0.0);
}

/// Every row times every row of the matrix.
fn product(rows: &Array2<f32>, matrix: &Array2<f32>, threads: usize) -> Array2<f32> {
    let mut products = Array2::zeros((rows.nrows(), matrix.nrows()));
    let share = rows.nrows().div_ceil(threads).max(1);
    in_chunks(&mut products, share, threads, |start, mut products| {
        let rows = rows.slice(s![start..start + products.nrows(), ..]);
        general_mat_mul(1.0, &rows, &matrix.t(), 0.0, &mut products);
    });
    products
}

/// Cuts rows into chunks that threads claim one by one; `work` gets the index of the first row.
fn in_chunks(
    rows: &mut Array2<f32>,
    chunk: usize,
    threads: usize,
    work: impl Fn(usize, ArrayViewMut2<'_, f32>) + Sync,
) {
    let chunks = Mutex::new(rows.axis_chunks_iter_mut(Axis(0), chunk).enumerate());
    let claim = || chunks.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((index, rows)) = claim() {
                    work(index * chunk, rows);
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_the_same_however_they_are_shared() {
        let rows = Array2::from_shape_fn((5, 3), |(i, j)| (3 * i + j) as f32);
        let matrix = Array2::from_shape_fn((2, 3), |(i, j)| if i == j { 2.0 } else { 1.0 });
        let wanted = Array2::from_shape_fn((5, 2), |(i, j)| (9 * i + 3 + 3 * i + j) as f32);
        for threads in [1, 2, 7] {
            assert_eq!(product(&rows, &matrix, threads), wanted);
        }
    }

    #[test]
    fn attention_weighs_the_past_alone() {
        let mut scores = [0.0, 2.0, 99.0];
        soften(&mut scores, 2, 0.5 * 3_f32.ln());
        assert!((scores[0] - 0.25).abs() < 1e-6 && (scores[1] - 0.75).abs() < 1e-6);
        assert_eq!(scores[2], 0.0);
    }

    #[test]
    fn a_quarter_turn_swaps_a_pair() {
        let mut rows = Array2::from_shape_vec((1, 4), vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        rotate(&mut rows, &[vec![(0.0, 1.0)]]);
        assert_eq!(rows.into_raw_vec_and_offset().0, [-2.0, 1.0, -4.0, 3.0]);
    }
}
