//! What comes of replaying: the model found by its id, and the receipts of one model replayed together.
//!
//! Never says what that establishes: `verify` does.

use std::time::Duration;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use llm::{Claim, Generation, Prompt, Request};
use package::ModelId;
use receipt::{Job, Opening, Receipt, WorkKind};
use verify::{Missing, Replay};

use super::case::{Case, Unread};
use super::excerpt;
use crate::arguments::{ModelName, VerifyOptions};
use crate::clock::{Elapsed, Stopwatch};
use crate::failure::describe;
use crate::finding::Finder;
use crate::loading::{Loaded, load};

/// What replaying some receipts took.
pub(super) struct Cost {
    pub(super) receipts: usize,
    pub(super) positions: usize,
    pub(super) spent: Elapsed,
    /// What generating them would take, where that was measured.
    pub(super) generating: Option<Duration>,
}

/// Replays what can be replayed, the receipts of one model together.
pub(super) fn replay_all(cases: &mut [Case], options: &VerifyOptions) -> Result<Vec<Cost>> {
    let mut models: Vec<ModelId> = cases.iter().filter_map(|case| case.model).collect();
    models.sort_unstable_by_key(|id| id.0);
    models.dedup();
    let mut costs = Vec::new();
    let mut finder = Finder::new(crate::environment::store_to_look_at()?);
    for id in models {
        let mut of_model: Vec<&mut Case> =
            cases.iter_mut().filter(|case| case.model == Some(id)).collect();
        match model(id, options, &mut finder) {
            Ok(Found::Model(mut loaded, name)) => {
                for case in &mut of_model {
                    case.model_name = Some(name.clone());
                }
                costs.push(replay(&mut of_model, &mut loaded)?);
            }
            Ok(Found::Another(found)) => set(
                &mut of_model,
                &Replay::Impossible(Missing::AnotherModel { id: id.0, found: found.0 }),
            ),
            Ok(Found::Nothing) => {
                set(&mut of_model, &Replay::Impossible(Missing::Model { id: id.0 }));
            }
            // One model that can't be used keeps nobody from judging the receipts of others.
            Err(error) => {
                set(&mut of_model, &Replay::Impossible(Missing::Unsupported(describe(&error))));
            }
        }
    }
    Ok(costs)
}

/// What there is of a model.
enum Found {
    /// And how it is named here.
    Model(Box<Loaded>, String),
    /// The one that was named is not it.
    Another(ModelId),
    Nothing,
}

fn model(id: ModelId, options: &VerifyOptions, finder: &mut Finder) -> Result<Found> {
    let open = |name: &ModelName| {
        let loaded = load(name, &options.engine)?;
        Ok((loaded.id, (loaded, name.typed.clone())))
    };
    if let Some(named) = &options.model {
        let (found, (loaded, name)) = open(named)?;
        return Ok(if found == id {
            Found::Model(Box::new(loaded), name)
        } else {
            Found::Another(found)
        });
    }
    let found = finder.find(id, open)?;
    Ok(found.map_or(Found::Nothing, |(loaded, name)| Found::Model(Box::new(loaded), name)))
}

/// The models that can be pulled by name and are not here.
pub(super) fn pullable() -> Result<Vec<&'static str>> {
    let here = crate::environment::store_to_look_at()?.list()?.models;
    let is_here = |name: &str| here.iter().any(|m| m.present && m.record.reference == name);
    let names = store::catalogue::CATALOGUE.iter().map(|entry| entry.name);
    Ok(names.filter(|name| !is_here(name)).collect())
}

fn set(cases: &mut [&mut Case], replay: &Replay) {
    for case in cases {
        case.replay = replay.clone();
    }
}

fn replay(cases: &mut [&mut Case], loaded: &mut Loaded) -> Result<Cost> {
    let mut replays: Vec<llm::Replay> = cases
        .iter()
        .filter_map(|case| {
            let (receipt, opening) = case.both()?;
            let claims = Claim::all(receipt, opening);
            Some(llm::Replay::new(&loaded.model, loaded.runner.engine(), &opening.job, &claims))
        })
        .collect();
    let total: usize = replays.iter().map(|replay| replay.progress().1).sum();
    let bar = bar(total)?;
    let watch = Stopwatch::start();
    while replays.iter().any(|replay| replay.outcome().is_none()) {
        loaded.runner.replay(&mut replays.iter_mut().collect::<Vec<_>>());
        let done: usize = replays.iter().map(|replay| replay.progress().0).sum();
        bar.set_position(u64::try_from(done)?);
    }
    let spent = watch.read();
    bar.finish_and_clear();
    let positions = replays.iter().map(|replay| replay.progress().0).sum();
    let same = replays.iter().all(|replay| replay.outcome() == Some(&Replay::Same));
    let generating = match cases {
        [case] if same => match case.both() {
            Some((receipt, opening)) => generating(loaded, receipt, &opening.job)?,
            None => None,
        },
        _ => None,
    };
    for (case, replay) in cases.iter_mut().zip(&replays) {
        case.replay = replay.outcome().cloned().unwrap_or(Replay::NotTried);
        let Some((_, opening)) = case.both() else { continue };
        let begins = |tokens: &[u32]| excerpt::tokens(&loaded.model, tokens);
        let prompt = begins(&opening.job.fields().prompt);
        let answer = opening.outputs.first().map(|output| match opening.job.fields().terms.kind {
            WorkKind::Generate => begins(&output.tokens),
            WorkKind::Embed => excerpt::vector(&output.tokens),
        });
        let unread = unread(loaded, opening);
        case.asked.get_or_insert(prompt);
        case.answer = answer;
        if case.replay == Replay::Same {
            case.unread = unread;
        }
    }
    Ok(Cost { receipts: replays.len(), positions, spent, generating })
}

fn bar(total: usize) -> Result<ProgressBar> {
    let bar = ProgressBar::new(u64::try_from(total)?);
    let template = "replaying {bar:30} {pos} of {len} positions, {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).context("a constant template")?);
    Ok(bar)
}

/// Tokens by which the speed of generating is measured.
const MEASURED_TOKENS: u32 = 16;
/// Longest prompt that is computed again to measure it.
const MEASURED_PROMPT_MAX: usize = 1024;

/// What generating this answer would take here, in processor time: its prompt, and as many of its tokens
/// as are worth it, are computed again one by one.
fn generating(loaded: &mut Loaded, receipt: &Receipt, job: &Job) -> Result<Option<Duration>> {
    let tokens = match receipt.kind {
        WorkKind::Generate => receipt.usage.output,
        // Making a vector is the pass that checks it.
        WorkKind::Embed => return Ok(None),
    };
    let [choice] = &receipt.choices[..] else { return Ok(None) };
    if tokens < 2 || job.fields().prompt.len() > MEASURED_PROMPT_MAX {
        return Ok(None);
    }
    let measured = usize::try_from(MEASURED_TOKENS.min(tokens))?;
    let request = Request { tokens_max: measured, ..Request::of(job, choice.index) };
    let mut answer = Generation::new(&loaded.model, loaded.runner.engine(), request, None)?;
    let watch = Stopwatch::start();
    let mut first = Duration::ZERO;
    while answer.stop().is_none() {
        loaded.runner.step(&mut [&mut answer]);
        if answer.output().len() == 1 {
            first = watch.read().processor;
        }
    }
    let later = u32::try_from(answer.output().len())?.saturating_sub(1).max(1);
    Ok(Some(first + (watch.read().processor - first) * (tokens - 1) / later))
}

/// Most members of a message that a template is tried without.
const MEMBERS_OF_A_MESSAGE: usize = 5;
/// Tools and the time.
const MEMBERS_BESIDE: usize = 2;

/// What the template does not read of messages that are shown.
fn unread(loaded: &Loaded, opening: &Opening) -> Unread {
    match excerpt::prompt(opening) {
        None => Unread::default(),
        Some(prompt) => {
            let tries = match &prompt {
                Prompt::Text(_) => 0,
                Prompt::Conversation(whole) => {
                    MEMBERS_BESIDE
                        + whole.variables.len()
                        + MEMBERS_OF_A_MESSAGE * whole.messages.len()
                }
            };
            let members = llm::unread(&loaded.model, &prompt);
            Unread { members, all_known: tries <= llm::UNREAD_TRIES_MAX }
        }
    }
}
