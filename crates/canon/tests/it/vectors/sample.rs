//! Sampling, its weights, noise and seed (`spec/sampling.md`).

use canon::reference;
use canon::sample::{
    History, Micro, Parameters, SampleScratch, Sampling, Settings, noise as noise_of,
    seed as seed_of,
};
use serde_json::Value;

use super::values::{Case, Field, Outcome, bytes, int, list, narrow};
use super::{Outcomes, each};

fn hash(case: &Case, key: &str) -> [u8; 32] {
    case.bytes(key).try_into().unwrap()
}

/// The case's parameters; `None` where they are refused.
fn parameters(case: &Case) -> Option<Parameters> {
    let mut settings = Settings::default();
    for (key, value) in case.inputs["parameters"].as_object().unwrap() {
        let micro = || Micro::new(int(value) as i64);
        match key.as_str() {
            "temperature" => settings.temperature = micro(),
            "top_k" => settings.top_k = u32::try_from(int(value)).ok()?,
            "top_p" => settings.top_p = micro(),
            "min_p" => settings.min_p = micro(),
            "repetition" => settings.repetition = micro(),
            "presence" => settings.presence = micro(),
            "frequency" => settings.frequency = micro(),
            "bias" => settings.bias = value.as_array().unwrap().iter().map(bias).collect(),
            "grammar" => {
                settings.grammar = (!value.is_null()).then(|| bytes(value).try_into().unwrap());
            }
            other => panic!("unknown parameter {other}"),
        }
    }
    Parameters::new(settings).ok()
}

fn bias(pair: &Value) -> (u32, Micro) {
    (int(&pair[0]) as u32, Micro::new(int(&pair[1]) as i64))
}

fn history(case: &Case) -> History {
    let tokens = |key: &str| -> Vec<u32> {
        if case.inputs.get(key).is_some() { narrow(case.ints(key)) } else { Vec::new() }
    };
    let mut history = History::new();
    tokens("prompt").into_iter().for_each(|token| history.prompt(token));
    tokens("output").into_iter().for_each(|token| history.output(token));
    history
}

fn mask(case: &Case) -> Option<Vec<u64>> {
    case.inputs.get("allowed")?;
    let allowed: Vec<usize> = narrow(case.ints("allowed"));
    let mut mask = vec![0; allowed.iter().max().map_or(0, |token| token / 64 + 1)];
    allowed.into_iter().for_each(|token| mask[token / 64] |= 1 << (token % 64));
    Some(mask)
}

pub(super) fn sample(case: &Case) -> Outcomes {
    let refused = || vec![("checks", Outcome::Refused)];
    let (logits, frac) = (case.row("logits"), case.int("frac") as u8);
    let (history, mask, noise) = (history(case), mask(case), case.int("noise") as u64);
    let Some(parameters) = parameters(case) else { return refused() };
    let task = Sampling::new(&logits, frac, &parameters, &history, mask.as_deref(), noise);
    let Ok(task) = task else { return refused() };
    let want = reference::sample(&task).map_or(Outcome::Fault, |sampled| {
        let mut fields = vec![
            ("id", Field::Number(sampled.id.into())),
            ("lmax", Field::Number(sampled.greatest.into())),
            ("adjusted", list(&sampled.adjusted)),
        ];
        if let Some(draw) = sampled.draw {
            fields.push(("inv_t", Field::Number(draw.inverse_temperature.into())));
            fields.push(("kept", Field::Number(draw.kept as i128)));
            fields.push(("total", Field::Number(draw.total.into())));
            fields.push(("r", Field::Number(draw.r.into())));
        }
        Outcome::Gives(fields)
    });
    let mut outcomes = vec![("reference", want)];
    outcomes.extend(each().map(|kernels| {
        let id = kernels.sample(&task, &mut SampleScratch::default());
        let gives = |id: u32| Outcome::Gives(vec![("id", Field::Number(id.into()))]);
        (kernels.set().name(), id.map_or(Outcome::Fault, gives))
    }));
    outcomes
}

pub(super) fn weights(case: &Case) -> Outcomes {
    let frac = case.int("frac") as u8;
    let inverse = reference::inverse_temperature(Micro::new(case.int("temperature") as i64));
    let deltas: Vec<u32> = narrow(case.ints("deltas"));
    let weights: Vec<u32> =
        deltas.iter().map(|delta| reference::weight(*delta, inverse, frac)).collect();
    let fields = vec![("inv_t", Field::Number(inverse.into())), ("weights", list(&weights))];
    vec![("reference", Outcome::Gives(fields))]
}

pub(super) fn noise(case: &Case) -> Outcomes {
    let choice = u32::try_from(case.int("choice")).unwrap();
    let position = u64::try_from(case.int("position")).unwrap();
    let u = noise_of(&hash(case, "seed"), choice, position);
    vec![("reference", Outcome::Gives(vec![("u", Field::Number(u.into()))]))]
}

pub(super) fn seed(case: &Case) -> Outcomes {
    let prompt: Vec<u32> = narrow(case.ints("prompt"));
    let parameters = parameters(case).unwrap();
    let (nonce, model) = (hash(case, "nonce"), hash(case, "model"));
    let vocabulary = case.int("vocabulary") as usize;
    let outcome = match seed_of(&nonce, &model, vocabulary, &prompt, &parameters) {
        Err(_) => Outcome::Refused,
        Ok(seed) => Outcome::Gives(vec![
            ("parameter_bytes", Field::Bytes(parameters.encode())),
            ("seed", Field::Bytes(seed.to_vec())),
        ]),
    };
    vec![("reference", outcome)]
}
