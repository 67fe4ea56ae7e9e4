//! Mixtures of experts: which experts a header has, and the ops that send a row to some of them.
//!
//! The experts' matrices are one matrix of the table, expert by expert, as files have them. The router reads its row with
//! 16 bits: a row that goes to another expert is another row.

use canon::reference::Over;
use program::ops::{Add, ExpertMatmul, Matmul, Quantise, Route, SiluGate, Weigh};
use program::{InputKind, Op, TensorSlot, Value};

use super::ImportError;
use super::decoder::{Builder, GATE_FRAC};
use super::keys::Keys;

/// Fractional bits of the router's row.
const ROUTER_FRAC: u8 = 16;
/// The keys that are read where an architecture may have experts.
pub(super) const KEYS: &[&str] =
    &["expert_count", "expert_feed_forward_length", "expert_used_count", "expert_weights_norm"];

/// Whether the models of an architecture have experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Experts {
    /// None of them.
    Never,
    /// Those whose header counts two or more.
    WhereCounted,
    /// All of them.
    Always,
}

/// A model's experts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mixture {
    /// How many there are.
    count: u32,
    /// How many each row goes to.
    used: u8,
    /// What their weights are shares of.
    over: Over,
}

impl Mixture {
    /// Of a header; none where it has no experts.
    pub(super) fn read<E>(
        keys: &Keys<'_, '_>,
        experts: Experts,
    ) -> Result<Option<Self>, ImportError<E>> {
        const COUNT: &str = "expert_count";
        const USED: &str = "expert_used_count";
        let most = program::limits::EXPERTS_MAX;
        let count = match experts {
            Experts::Never => return Ok(None),
            Experts::WhereCounted => keys.number_or(COUNT, most, 0)?,
            Experts::Always => keys.number(COUNT, most)?,
        };
        if count < 2 {
            let used = keys.number_or(USED, most, 0)?;
            if experts == Experts::Always || used > count {
                let what = keys.key(if used > count { USED } else { COUNT });
                let why = "rows can't be sent to so many of so few experts";
                return Err(ImportError::Unsupported { what, why });
            }
            return Ok(None);
        }
        let used = keys.number(USED, count.min(u32::from(u8::MAX)))?;
        let used = u8::try_from(used).expect("the range ends at a u8");
        // What every reader does where the header doesn't say.
        let normed = keys.optional("expert_weights_norm").map_or(Ok(true), |key| key.boolean())?;
        Ok(Some(Self { count, used, over: if normed { Over::Chosen } else { Over::All } }))
    }
}

/// The slots of the three matrices of all experts.
#[derive(Clone, Copy)]
struct Matrices {
    gate: TensorSlot,
    up: TensorSlot,
    down: TensorSlot,
}

impl Builder<'_, '_, '_> {
    /// The normed row goes to some experts; gives the residual row with what each made, weighed.
    ///
    /// The ops stand slot by slot of a kind, so that who runs them can send all slots' rows to an expert at once.
    pub(super) fn mixture<E>(
        &mut self,
        mixture: Mixture,
        residual: Value,
        x: Value,
    ) -> Result<Value, ImportError<E>> {
        let slots = 0..mixture.used;
        let frac = GATE_FRAC;
        let routed = self.op(Op::Quantise(Quantise { x, kind: InputKind::A16 }));
        let x = self.op(Op::Quantise(Quantise { x, kind: InputKind::A8 }));
        let routing = self.route(mixture, routed)?;
        let Matrices { gate, up, down } = self.matrices(mixture)?;
        let of = |x, slot, weight, frac| {
            Op::ExpertMatmul(ExpertMatmul { x, routing, slot, weight, frac })
        };
        let pairs: Vec<[Value; 2]> = slots
            .clone()
            .map(|slot| [gate, up].map(|weight| self.op(of(x, slot, weight, frac))))
            .collect();
        let gated: Vec<Value> = pairs
            .into_iter()
            .map(|[gate, up]| {
                let x = self.op(Op::SiluGate(SiluGate { gate, up, frac }));
                self.op(Op::Quantise(Quantise { x, kind: InputKind::A8 }))
            })
            .collect();
        let residual_frac = self.model.variant.residual_frac;
        let made: Vec<Value> = slots
            .clone()
            .zip(gated)
            .map(|(slot, x)| self.op(of(x, slot, down, residual_frac)))
            .collect();
        Ok(slots.zip(made).fold(residual, |sum, (slot, x)| {
            let b = self.op(Op::Weigh(Weigh { x, routing, slot }));
            self.op(Op::Add(Add { a: sum, b }))
        }))
    }

    fn route<E>(&mut self, mixture: Mixture, x: Value) -> Result<Value, ImportError<E>> {
        let (name, width) = (self.name("ffn_gate_inp.weight"), self.model.description.sizes.width);
        let id = self.tensors.matrix(&name, mixture.count, width)?;
        let weight = self.bind(id);
        let x = self.op(Op::Matmul(Matmul { x, weight, bias: None, frac: ROUTER_FRAC }));
        Ok(self.op(Op::Route(Route { x, slots: mixture.used, over: mixture.over })))
    }

    fn matrices<E>(&mut self, mixture: Mixture) -> Result<Matrices, ImportError<E>> {
        let apart = self.name("ffn_gate.0.weight");
        if self.tensors.has(&apart) {
            let what = format!("tensor {apart}");
            let why =
                "files with a tensor for every expert are of an old form: convert the model again";
            return Err(ImportError::Unsupported { what, why });
        }
        let (width, hidden) =
            (self.model.description.sizes.width, self.model.description.sizes.hidden);
        let mut matrix = |part: &str, rows, columns| {
            let name = self.name(part);
            let id = self.tensors.experts(&name, mixture.count, rows, columns)?;
            Ok::<_, ImportError<E>>(self.bind(id))
        };
        Ok(Matrices {
            gate: matrix("ffn_gate_exps.weight", hidden, width)?,
            up: matrix("ffn_up_exps.weight", hidden, width)?,
            down: matrix("ffn_down_exps.weight", width, hidden)?,
        })
    }
}
