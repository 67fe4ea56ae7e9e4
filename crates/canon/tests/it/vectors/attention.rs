//! Attention of one query position over stored rows (sections 4.6 and 4.13).

use core::ops::Range;

use canon::reference::{self, AttentionShape, HeadRow, Peak, Sums};
use canon::{AttentionScratch, AttentionTask, Kernels, KvPage, PAGE};
use serde_json::Value;

use super::Outcomes;
use super::each;
use super::values::{Case, Field, Outcome, int, ints, narrow};

struct Attention {
    shape: AttentionShape,
    queries: Vec<HeadRow>,
    /// Per KV head, per position.
    keys: Vec<Vec<HeadRow>>,
    values: Vec<Vec<HeadRow>>,
    positions: Range<usize>,
}

pub(super) fn attention(case: &Case) -> Outcomes {
    let op = Attention::new(case);
    let mut outcomes = vec![("reference", op.reference())];
    outcomes.extend(each().map(|kernels| (kernels.set().name(), op.kernel(&kernels))));
    outcomes
}

fn stored(rows: &Value, width: usize) -> Vec<HeadRow> {
    let quants: Vec<i8> = narrow(ints(&rows["quants"]));
    let scales: Vec<u8> = narrow(ints(&rows["scales"]));
    let shifts: Vec<u8> = narrow(ints(&rows["shifts"]));
    let scales = scales.into_iter().zip(shifts);
    let row = |(quants, (mantissa, shift)): (&[i8], (u8, u8))| HeadRow {
        quants: quants.to_vec(),
        mantissa,
        shift,
    };
    quants.chunks_exact(width).zip(scales).map(row).collect()
}

impl Attention {
    fn new(case: &Case) -> Self {
        let head_width = case.int("width") as usize;
        let each_of = |key: &str| case.inputs[key].as_array().unwrap().clone();
        let rows = |key: &str| each_of(key).iter().map(|r| stored(r, head_width)).collect();
        let query = |query: &Value| HeadRow {
            quants: narrow(ints(&query["quants"])),
            mantissa: int(&query["scale"]) as u8,
            shift: int(&query["shift"]) as u8,
        };
        let [query_frac, key_frac, value_frac, frac] =
            ["frac_q", "frac_k", "frac_v", "frac_out"].map(|key| case.int(key) as u8);
        let (position, window) = (case.int("position") as usize, case.int("window") as usize);
        let first = if window == 0 { 0 } else { (position + 1).saturating_sub(window) };
        Self {
            shape: AttentionShape {
                head_width,
                query_frac,
                key_frac,
                value_frac,
                frac,
                scale: case.int("scale_mantissa") as u16,
                scale_exponent: case.small("scale_exponent"),
                cap: case.inputs.get("cap").map(|_| u32::try_from(case.int("cap")).unwrap()),
            },
            queries: each_of("q").iter().map(query).collect(),
            keys: rows("k"),
            values: rows("v"),
            positions: first..position + 1,
        }
    }

    fn share(&self) -> usize {
        self.queries.len() / self.keys.len()
    }

    fn one(&self, h: usize) -> Option<(Peak, u64, Vec<i32>)> {
        let query = &self.queries[h];
        let scale = reference::query_scale(&self.shape, query);
        let keys = &self.keys[h / self.share()][self.positions.clone()];
        let values = &self.values[h / self.share()][self.positions.clone()];
        let scores: Result<Vec<i32>, _> = keys
            .iter()
            .map(|key| reference::score(&self.shape, scale, &query.quants, key))
            .collect();
        let scores = scores.ok()?;
        let peak = reference::peak(None, &scores, values)?;
        let mut sums = Sums { probability: 0, value: vec![0; self.shape.head_width] };
        reference::sums(&mut sums, peak, &scores, values);
        let finish = |v: &i64| reference::finish_value(&self.shape, peak, sums.probability, *v);
        let out: Result<Vec<i32>, _> = sums.value.iter().map(finish).collect();
        Some((peak, sums.probability, out.ok()?))
    }

    fn reference(&self) -> Outcome {
        let heads: Option<Vec<_>> = (0..self.queries.len()).map(|h| self.one(h)).collect();
        let Some(heads) = heads else { return Outcome::Fault };
        let rows = heads.iter().map(|(_, _, out)| out.iter().map(|o| i128::from(*o)).collect());
        let of = |number: fn(&(Peak, u64, Vec<i32>)) -> i128| {
            Field::List(heads.iter().map(number).collect())
        };
        Outcome::Gives(vec![
            ("greatest_scores", of(|head| head.0.score.into())),
            ("greatest_value_shifts", of(|head| head.0.shift.into())),
            ("denominators", of(|head| head.1.into())),
            ("out", Field::Rows(rows.collect())),
        ])
    }

    fn kernel(&self, kernels: &Kernels) -> Outcome {
        let width = self.shape.head_width;
        let (mut rows, mut fault) = (Vec::new(), false);
        for (g, queries) in self.queries.chunks_exact(self.share()).enumerate() {
            let mut pages = vec![KvPage::new(width); self.positions.end.div_ceil(PAGE)];
            for p in 0..self.positions.end {
                pages[p / PAGE].put(p % PAGE, &self.keys[g][p], &self.values[g][p]);
            }
            let pages: Vec<&KvPage> = pages.iter().collect();
            let positions = self.positions.clone();
            let task = AttentionTask { shape: &self.shape, queries, pages: &pages, positions };
            let mut out = vec![0; width * queries.len()];
            fault |= kernels.attention(&task, &mut AttentionScratch::default(), &mut out);
            let wide = |row: &[i32]| row.iter().map(|entry| i128::from(*entry)).collect();
            rows.extend(out.chunks_exact(width).map(wide));
        }
        if fault { Outcome::Fault } else { Outcome::Gives(vec![("out", Field::Rows(rows))]) }
    }
}
