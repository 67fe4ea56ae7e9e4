//! Sampling (`spec/sampling.md`), step by step over sorted ids.

use crate::functions::exp2_mantissa;
use crate::sample::{MICRO, Micro, NothingAllowed, Sampling, Settings};

/// `W`: the weight of the greatest logit.
pub const GREATEST_WEIGHT: u64 = 65_535 << 16;
/// `nr(2^62 * log2 e)`.
const LOG2E: u128 = 6_653_256_548_922_161_246;
/// Greatest magnitude of a logit after penalties.
const SATURATION: i128 = (1 << 31) - 1;

/// A choice with the numbers it follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// The token.
    pub id: u32,
    /// The greatest logit among the allowed ids, after penalties and bias.
    pub greatest: i32,
    /// The logits after penalties and bias, before the mask.
    pub adjusted: Vec<i32>,
    /// The draw; none at temperature 0.
    pub draw: Option<Draw>,
}

/// The numbers of a draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// `inv_t`.
    pub inverse_temperature: u64,
    /// Ids of positive weight after the cuts.
    pub kept: usize,
    /// The sum of their weights.
    pub total: u64,
    /// The noise scaled below the total.
    pub r: u64,
}

/// `rd(a, b)`: a / b to the nearest integer, halves towards plus infinity.
fn rd(a: i128, b: i64) -> i128 {
    let b = i128::from(b);
    (2 * a + b).div_euclid(2 * b)
}

fn sat(value: i128) -> i32 {
    value.clamp(-SATURATION, SATURATION) as i32
}

/// Section 3 but for the mask: one logit, given how often its id is in the output (`None` where it
/// is neither there nor in the prompt).
#[must_use]
pub fn adjust(
    logit: i32,
    frac: u8,
    count: Option<u32>,
    bias: Option<Micro>,
    settings: &Settings,
) -> i32 {
    let mut l = logit;
    if count.is_some() {
        let repetition = settings.repetition.get();
        l = if l > 0 {
            sat(rd(i128::from(l) * i128::from(MICRO), repetition))
        } else {
            sat(rd(i128::from(l) * i128::from(repetition), MICRO))
        };
    }
    if let Some(n) = count.filter(|n| *n > 0) {
        let penalty = i128::from(settings.presence.get())
            + i128::from(settings.frequency.get()) * i128::from(n);
        l = sat(i128::from(l) - rd(penalty << frac, MICRO));
    }
    if let Some(bias) = bias {
        l = sat(i128::from(l) + rd(i128::from(bias.get()) << frac, MICRO));
    }
    l
}

/// `inv_t` of a temperature that is not 0.
#[must_use]
pub fn inverse_temperature(temperature: Micro) -> u64 {
    let t = u128::from(temperature.get().unsigned_abs());
    ((LOG2E * MICRO as u128 + (t << 29)) / (t << 30)) as u64
}

/// The weight of a logit that is `difference` below the greatest.
#[must_use]
pub fn weight(difference: u32, inverse_temperature: u64, frac: u8) -> u32 {
    let product = u128::from(difference) * u128::from(inverse_temperature);
    let shift = u32::from(frac) + 16;
    let x = (product + (1 << (shift - 1))) >> shift;
    if x >> 16 > 31 {
        return 0;
    }
    let x = x as u32;
    (exp2_mantissa(x & 0xffff) << 16) >> (x >> 16)
}

struct Entry {
    id: u32,
    logit: i32,
    weight: u64,
}

/// The whole op.
///
/// # Errors
/// [`NothingAllowed`] is this op's fault.
pub fn sample(task: &Sampling<'_>) -> Result<Sampled, NothingAllowed> {
    let settings = task.settings;
    let ids = || (0_u32..).zip(task.logits);
    let bias = |id: u32| settings.bias.iter().find(|(token, _)| *token == id).map(|(_, b)| *b);
    let adjusted: Vec<i32> = ids()
        .map(|(id, l)| adjust(*l, task.frac, task.history.count(id), bias(id), settings))
        .collect();
    let allowed = |id: u32| {
        let word = |mask: &[u64]| mask.get(id as usize / 64).copied().unwrap_or(0);
        task.mask.is_none_or(|mask| word(mask) >> (id % 64) & 1 == 1)
    };
    let mut order: Vec<Entry> = (0_u32..)
        .zip(&adjusted)
        .filter(|(id, _)| allowed(*id))
        .map(|(id, logit)| Entry { id, logit: *logit, weight: 0 })
        .collect();
    order.sort_by_key(|entry| (core::cmp::Reverse(entry.logit), entry.id));
    let first = order.first().ok_or(NothingAllowed)?;
    let (id, greatest) = (first.id, first.logit);
    if settings.temperature == Micro::ZERO {
        return Ok(Sampled { id, greatest, adjusted, draw: None });
    }
    let inverse_temperature = inverse_temperature(settings.temperature);
    for entry in &mut order {
        let difference = greatest.abs_diff(entry.logit);
        entry.weight = weight(difference, inverse_temperature, task.frac).into();
    }
    let mut kept = cut(order, settings);
    let total: u64 = kept.iter().map(|entry| entry.weight).sum();
    let r = ((u128::from(task.noise) * u128::from(total)) >> 64) as u64;
    kept.sort_by_key(|entry| entry.id);
    let id = draw(&kept, r);
    let kept = kept.iter().filter(|entry| entry.weight > 0).count();
    let draw = Some(Draw { inverse_temperature, kept, total, r });
    Ok(Sampled { id, greatest, adjusted, draw })
}

/// Section 5: what remains of the ids in the order.
fn cut(mut order: Vec<Entry>, settings: &Settings) -> Vec<Entry> {
    if settings.top_k > 0 {
        order.truncate(settings.top_k as usize);
    }
    let million = MICRO as u128;
    let micro = |share: Micro| u128::from(share.get().unsigned_abs());
    let total: u64 = order.iter().map(|entry| entry.weight).sum();
    let need = micro(settings.top_p) * u128::from(total);
    let (mut running, mut length) = (0_u64, 0);
    for entry in &order {
        if length > 0 && u128::from(running) * million >= need {
            break;
        }
        running += entry.weight;
        length += 1;
    }
    order.truncate(length);
    let need = micro(settings.min_p) * u128::from(GREATEST_WEIGHT);
    order.retain(|entry| u128::from(entry.weight) * million >= need);
    order
}

/// Section 6: the first id, in ascending order, at which the running sum exceeds r.
fn draw(kept: &[Entry], r: u64) -> u32 {
    let mut running = 0;
    for entry in kept {
        running += entry.weight;
        if running > r {
            return entry.id;
        }
    }
    // r is below the sum of the weights.
    0
}
