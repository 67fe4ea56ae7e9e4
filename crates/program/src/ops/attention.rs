//! attention: every head's query over its KV head's rows (`spec/arithmetic.md` section 4.6).
//!
//! Three stages: running maxima page by page, running sums page by page, and the outputs of a leaf. A page's tile goes
//! on from the page before; maxima and exact sums have no order, so engines may take any. Never rounds inside a sum.

use crate::check::Reason;
use crate::cost::OpCost;
use crate::reference::{Cell, Step};
use crate::site::{self, Scope, Site};
use crate::structure::{AttributeSlot, TensorSlot, Value, count, index};
use crate::tile::{
    At, Data, EvalError, Inputs, KvRow, Operand, PAGE, Stage, Tile, chunk_of, chunks,
};
use crate::types::{Fixed, Role, Type};
use canon::Overflow;
use canon::reference::{self, AttentionShape, HeadRow, Sums};
use commit::{Reader, WireError, Writer};
use core::ops::Range;

/// Reads the rows of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attention {
    /// The rotated query.
    pub q: Value,
    /// The key and value rows.
    pub kv: Value,
    /// The scale's mantissa, 2^14 <= C < 2^15.
    pub scale: u16,
    /// The scale's exponent.
    pub scale_exponent: i32,
    /// How many positions back a query sees; 0: all.
    pub window: AttributeSlot,
    /// Fractional bits of the output.
    pub frac: u8,
}

impl Attention {
    pub(crate) fn write(&self, out: &mut Writer) {
        out.u16(self.q.0);
        out.u16(self.kv.0);
        out.u16(self.scale);
        out.i32(self.scale_exponent);
        out.u16(self.window.0);
        out.u8(self.frac);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            q: Value::read(input)?,
            kv: Value::read(input)?,
            scale: input.u16("attention's scale")?,
            scale_exponent: input.i32("attention's scale exponent")?,
            window: AttributeSlot::read(input)?,
            frac: input.u8("attention's frac")?,
        })
    }

    pub(crate) fn inputs(&self) -> Vec<Value> {
        vec![self.q, self.kv]
    }

    pub(crate) fn tensors(&self) -> Vec<(TensorSlot, Role)> {
        Vec::new()
    }

    pub(crate) fn attributes(&self) -> Vec<AttributeSlot> {
        vec![self.window]
    }

    pub(crate) fn shape(&self, scope: &Scope<'_>) -> Result<Type, Reason> {
        let (q, kv) = (scope.fixed(self.q)?, scope.kv(self.kv)?);
        let heads = site::heads(q, kv.head_width)?;
        if !heads.is_multiple_of(kv.heads) {
            let (what, wanted) = ("the number of heads", "a multiple of the KV heads");
            return Err(Reason::Number { what, found: u64::from(heads), wanted });
        }
        site::scale(self.scale, self.scale_exponent)?;
        scope.attribute(self.window)?;
        Ok(Type::Fixed(Fixed { width: q.width, frac: site::frac(self.frac)? }))
    }

    pub(crate) fn cost(&self, site: &Site<'_>) -> OpCost {
        let context = site.checked.program().context_max;
        let window = match site.attribute(self.window) {
            0 => context,
            window => window.min(context),
        };
        let multiply_adds = 2 * u64::from(site.fixed(self.q).width) * u64::from(window);
        OpCost { multiply_adds, ..OpCost::default() }
    }

    pub(crate) fn describe(&self, site: &Site<'_>) -> String {
        let (q, kv) = (site.show(self.q), site.show(self.kv));
        let window = site.show_attribute(self.window);
        format!("q {q} {kv} scale {} * 2^{} window {window}", self.scale, self.scale_exponent)
    }

    pub(crate) fn stages(&self, site: &Site<'_>, at: At) -> Vec<Stage> {
        let tiles = self.heads(site) * count(self.pages(site, at).len());
        vec![
            Stage { name: "peak", tiles },
            Stage { name: "sums", tiles },
            Stage { name: "finish", tiles: chunks(site.fixed(self.q).width) },
        ]
    }

    pub(crate) fn operands(&self, site: &Site<'_>, at: At, tile: Tile) -> Vec<Operand> {
        let heads = self.heads(site);
        let last = (count(self.pages(site, at).len()) - 1) * heads;
        if tile.stage == 2 {
            let touched = self.touched(site, tile);
            let tiles = last + touched.start..last + touched.end;
            return vec![
                Operand::Outputs { stage: 0, tiles: tiles.clone() },
                Operand::Outputs { stage: 1, tiles },
            ];
        }
        let (head, kv) = (tile.index % heads, site.kv(self.kv));
        let entries = head * kv.head_width..(head + 1) * kv.head_width;
        let mut operands = vec![
            Operand::Entries { from: site.source(self.q), entries },
            Operand::Page {
                from: site.source(self.kv),
                head: head / (heads / kv.heads),
                positions: self.positions(site, at, tile),
            },
        ];
        if tile.stage == 1 {
            operands.push(Operand::Outputs { stage: 0, tiles: last + head..last + head + 1 });
        }
        if let Some(before) = tile.index.checked_sub(heads) {
            operands.push(Operand::Outputs { stage: tile.stage, tiles: before..before + 1 });
        }
        operands
    }

    pub(crate) fn eval(
        &self,
        site: &Site<'_>,
        at: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        self.eval_as(&self.canonical(site, None), site, at, tile, data)
    }

    /// A tile of attention of this shape, which has the cap, where there is one.
    pub(super) fn eval_as(
        &self,
        shape: &AttentionShape,
        site: &Site<'_>,
        at: At,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        if tile.stage == 2 {
            return self.finish(shape, site, tile, data);
        }
        let width = site.kv(self.kv).head_width;
        let query = reference::head_row(data.fixed(0, width)?);
        let page = data.page(1, &self.positions(site, at, tile), width)?;
        let values: Vec<HeadRow> = page.iter().map(|row| row.value.clone()).collect();
        // Everything is read before anything is computed, in which a score may fault.
        let first = tile.index < self.heads(site);
        if tile.stage == 0 {
            let before = if first { None } else { Some(data.outputs(2, 1)?.peak(0)?) };
            let peak = reference::peak(before, &scores(shape, &query, page)?, &values);
            return peak.map(Data::Peak).ok_or(EvalError::NoSuchTile);
        }
        let peak = data.outputs(2, 1)?.peak(0)?;
        let mut sums = Sums { probability: 0, value: vec![0; index(width)] };
        if !first {
            sums = running(data.outputs(3, 1)?.attended(0)?, width, 3)?.clone();
        }
        let scores = scores(shape, &query, page)?;
        let low =
            |(score, value): (&i32, &HeadRow)| *score <= peak.score && value.shift <= peak.shift;
        if !scores.iter().zip(&values).all(low) {
            return Err(EvalError::Operand { operand: 2, wanted: "the maxima of these rows" });
        }
        reference::sums(&mut sums, peak, &scores, &values);
        Ok(Data::Attended(sums))
    }

    fn finish(
        &self,
        shape: &AttentionShape,
        site: &Site<'_>,
        tile: Tile,
        data: Inputs<'_>,
    ) -> Result<Data, EvalError> {
        let width = site.kv(self.kv).head_width;
        let leaf = chunk_of(site.fixed(self.q).width, tile.index);
        let touched = self.touched(site, tile);
        let (peaks, sums) = (data.outputs(0, touched.len())?, data.outputs(1, touched.len())?);
        let read = |head| match running(sums.attended(head)?, width, 1)? {
            Sums { probability: 0, .. } => {
                Err(EvalError::Operand { operand: 1, wanted: "a sum of probabilities" })
            }
            sums => Ok((peaks.peak(head)?, sums)),
        };
        let heads: Vec<_> = (0..touched.len()).map(read).collect::<Result<_, _>>()?;
        let mut row = Vec::with_capacity(leaf.len());
        for entry in leaf {
            let (peak, sums) = heads[index(entry / width - touched.start)];
            let value = sums.value[index(entry % width)];
            row.push(reference::finish_value(shape, peak, sums.probability, value)?);
        }
        Ok(Data::Fixed(row))
    }

    pub(crate) fn run(&self, site: &Site<'_>, step: &Step<'_>) -> Result<Cell, Overflow> {
        self.run_as(&self.canonical(site, None), site, step)
    }

    /// The whole op with this shape, which has the cap, where there is one.
    pub(super) fn run_as(
        &self,
        shape: &AttentionShape,
        site: &Site<'_>,
        step: &Step<'_>,
    ) -> Result<Cell, Overflow> {
        let kv = site.kv(self.kv);
        let group = index(self.heads(site) / kv.heads);
        let first = Site::first_position(step.at().position, site.attribute(self.window));
        let mut out = Vec::new();
        for (head, query) in step.fixed(site, self.q).chunks(index(kv.head_width)).enumerate() {
            let query = reference::head_row(query);
            let rows = &step.kv(site, self.kv, head / group)[index(first)..];
            let scores = scores(shape, &query, rows)?;
            let values: Vec<HeadRow> = rows.iter().map(|row| row.value.clone()).collect();
            let peak = reference::peak(None, &scores, &values);
            let peak = peak.expect("a position sees itself");
            let mut sums = Sums { probability: 0, value: vec![0; index(kv.head_width)] };
            reference::sums(&mut sums, peak, &scores, &values);
            for value in &sums.value {
                out.push(reference::finish_value(shape, peak, sums.probability, *value)?);
            }
        }
        Ok(Cell::Fixed(out))
    }

    /// What the canonical arithmetic needs to know.
    pub(super) fn canonical(&self, site: &Site<'_>, cap: Option<u32>) -> AttentionShape {
        let kv = site.kv(self.kv);
        AttentionShape {
            head_width: index(kv.head_width),
            query_frac: site.fixed(self.q).frac,
            key_frac: kv.key_frac,
            value_frac: kv.value_frac,
            frac: self.frac,
            scale: self.scale,
            scale_exponent: self.scale_exponent,
            cap,
        }
    }

    fn heads(&self, site: &Site<'_>) -> u32 {
        site.fixed(self.q).width / site.kv(self.kv).head_width
    }

    /// The pages a query at this position reads.
    fn pages(&self, site: &Site<'_>, at: At) -> Range<u32> {
        let first = Site::first_position(at.position, site.attribute(self.window));
        first / PAGE..at.position / PAGE + 1
    }

    /// The positions of a tile's page that its query reads.
    fn positions(&self, site: &Site<'_>, at: At, tile: Tile) -> Range<u32> {
        let first = Site::first_position(at.position, site.attribute(self.window));
        let page = self.pages(site, at).start + tile.index / self.heads(site);
        first.max(page * PAGE)..(at.position + 1).min((page + 1) * PAGE)
    }

    /// The heads that a leaf of the output touches.
    fn touched(&self, site: &Site<'_>, tile: Tile) -> Range<u32> {
        let width = site.kv(self.kv).head_width;
        let leaf = chunk_of(site.fixed(self.q).width, tile.index);
        leaf.start / width..leaf.end.div_ceil(width)
    }
}

fn scores(shape: &AttentionShape, query: &HeadRow, rows: &[KvRow]) -> Result<Vec<i32>, Overflow> {
    let scale = reference::query_scale(shape, query);
    rows.iter().map(|row| reference::score(shape, scale, &query.quants, &row.key)).collect()
}

/// Running sums of a head, if they are of its width and within the op's bounds.
fn running(sums: &Sums, width: u32, operand: usize) -> Result<&Sums, EvalError> {
    // A probability is at most 2^15, a weight below 2^15 and a value below 2^7, at up to 2^16 positions.
    let small = sums.value.iter().all(|v| v.unsigned_abs() < 1 << 38);
    if sums.value.len() == index(width) && small && sums.probability <= 1 << 31 {
        return Ok(sums);
    }
    Err(EvalError::Operand { operand, wanted: "running sums of this head" })
}
