//! `probity verify`: what receipts establish, re-derived here.
//!
//! Never says "verified" of what was not checked, and never trusts a word of a file: signatures and
//! openings are checked before a model is looked for, and the model is found by its id alone.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use commit::Network;
use indicatif::{ProgressBar, ProgressStyle};
use llm::{Claim, Generation, Request};
use package::ModelId;
use receipt::{Job, Opening, Receipt, ReceiptFile, Refusal};
use serde::Serialize;
use text::Detokenizer;
use verify::{
    Hex, Kind, Missing, Outcome, Refutation, Replay, Report, ReportJson, Verdict, examine, opened,
};

use crate::arguments::VerifyOptions;
use crate::clock::{Elapsed, Figure, Stopwatch};
use crate::failure::{Usage, describe};
use crate::loading::{Loaded, load, reference_of};
use crate::output::{counted, escaped, json_line, tell, write};

/// A file, and what can be said of it.
struct Case {
    path: PathBuf,
    file: Reading,
    /// The model it is of, where receipt and opening go together.
    model: Option<ModelId>,
    replay: Replay,
    /// What the answer says, where the model was at hand.
    answer: Option<String>,
}

/// What came of reading a file.
enum Reading {
    Taken(Box<ReceiptFile>),
    Refused(Refusal),
    /// The system gives no bytes.
    Unreadable(String),
}

/// What replaying some receipts took.
struct Cost {
    receipts: usize,
    positions: usize,
    spent: Elapsed,
    /// What generating them would take, where that was measured.
    generating: Option<Duration>,
}

/// Never says 1 of anything but a refutation: what stops it is 2.
pub(crate) fn run(options: &VerifyOptions) -> Result<ExitCode> {
    judge(options).or_else(|error| {
        let _ = crate::failure::report(&error);
        Ok(ExitCode::from(2))
    })
}

fn judge(options: &VerifyOptions) -> Result<ExitCode> {
    let mut cases: Vec<Case> = files(&options.files)?.into_iter().map(Case::read).collect();
    let costs = if options.evidence.contains(&Kind::Replay) {
        replay_all(&mut cases, options)?
    } else {
        Vec::new()
    };
    let judged: Vec<(String, u8)> =
        cases.iter().map(|case| case.judge(options)).collect::<Result<_>>()?;
    let worst = judged.iter().fold(0, |worst, (_, exit)| worse(worst, *exit));
    for (text, _) in &judged {
        match write(text) {
            // Whoever left knows enough; the status says the rest.
            Err(error) if error.reader_left() => break,
            written => written?,
        }
    }
    for cost in &costs {
        tell(cost.text());
    }
    Ok(ExitCode::from(worst))
}

impl Case {
    fn read(path: PathBuf) -> Self {
        let file = match super::receipt::read(&path) {
            Ok(Ok(file)) => Reading::Taken(Box::new(file)),
            Ok(Err(refusal)) => Reading::Refused(refusal),
            Err(error) => Reading::Unreadable(describe(&error)),
        };
        let mut case = Self { path, file, model: None, replay: Replay::NotTried, answer: None };
        let open = |(receipt, opening)| opened(receipt, opening, Network::OFFLINE).is_ok();
        if case.both().is_some_and(open) {
            case.model = case.both().map(|(receipt, _)| ModelId(receipt.model));
        }
        case
    }

    fn both(&self) -> Option<(&Receipt, &Opening)> {
        match &self.file {
            Reading::Taken(file) => Some((file.receipt(), file.opening()?)),
            Reading::Refused(_) | Reading::Unreadable(_) => None,
        }
    }

    /// What is to be printed, and the exit status.
    fn judge(&self, options: &VerifyOptions) -> Result<(String, u8)> {
        let required = &options.evidence;
        let report = match &self.file {
            Reading::Taken(file) => {
                let (receipt, opening) = (file.receipt(), file.opening());
                Ok((examine(receipt, opening, file.network(), required, &self.replay), file))
            }
            Reading::Refused(refusal) => Err(refusal.clone()),
            Reading::Unreadable(why) => {
                let path = shown(&self.path);
                let text = if options.json {
                    let verdict = "cannot_judge";
                    json_line(
                        &serde_json::json!({"file": path, "verdict": verdict, "reason": why}),
                    )?
                } else {
                    format!("{path}: CAN'T BE JUDGED\n  {why}\n")
                };
                return Ok((text, 2));
            }
        };
        let exit = match &report {
            Ok((report, _)) => report.verdict.exit(),
            Err(Refusal::Refuted(_)) => 1,
            Err(Refusal::Malformed(_)) => 2,
        };
        let text = if options.json {
            let report = match &report {
                Ok((report, file)) => ReportJson::new(report, file),
                Err(refusal) => ReportJson::refused(refusal, required),
            };
            json_line(&Named { file: shown(&self.path), report })?
        } else {
            match &report {
                Ok((report, file)) => self.text(report, file),
                Err(refusal @ Refusal::Refuted(_)) => {
                    format!("{}: REFUTED\n  {}\n", shown(&self.path), escaped(&refusal.to_string()))
                }
                Err(refusal @ Refusal::Malformed(_)) => format!(
                    "{}: CAN'T BE JUDGED\n  this is no receipt file: {}\n",
                    shown(&self.path),
                    escaped(&refusal.to_string())
                ),
            }
        };
        Ok((text, exit))
    }

    fn text(&self, report: &Report, file: &ReceiptFile) -> String {
        let replayed = report
            .evidence
            .iter()
            .any(|evidence| evidence.kind == Kind::Replay && evidence.outcome == Outcome::Holds);
        let (word, reason) = match &report.verdict {
            Verdict::Verified if replayed => ("VERIFIED", String::new()),
            Verdict::Verified => ("VERIFIED (signature only, not replayed)", String::new()),
            Verdict::Refuted(refutation) => {
                ("REFUTED", format!("  {}\n", escaped(&refutation.to_string())))
            }
            Verdict::CannotJudge(missing) => {
                ("CAN'T BE JUDGED", format!("  {}\n", escaped(&way_out(missing))))
            }
        };
        let answer = self.answer.as_ref().map(|text| format!("  answer  {text}\n"));
        format!(
            "{}: {word}\n{reason}{}{}{}",
            shown(&self.path),
            said(file),
            answer.unwrap_or_default(),
            lines(report)
        )
    }
}

/// A report and the file it is about.
#[derive(Serialize)]
struct Named {
    file: String,
    #[serde(flatten)]
    report: ReportJson,
}

/// A path that can act neither on a terminal nor on whoever reads lines.
fn shown(path: &Path) -> String {
    escaped(&path.display().to_string())
}

/// What is missing and how to get it.
fn way_out(missing: &Missing) -> String {
    match missing {
        Missing::Opening => {
            format!("{missing}: whoever asked has it; --evidence signature does without")
        }
        Missing::Model { .. } => format!(
            "{missing}: name it with --model, or run it once so that it is found (`probity list`); \
             --evidence signature does without"
        ),
        Missing::Unsupported(_) => missing.to_string(),
    }
}

/// What the receipt says.
fn said(file: &ReceiptFile) -> String {
    let (receipt, usage) = (file.receipt(), file.receipt().usage);
    let stops: Vec<&str> = receipt.choices.iter().map(|choice| choice.stop.name()).collect();
    let log = file.log().map(|log| {
        let (index, size) = (log.index(), log.checkpoint().size());
        format!("  log     number {index} of {size}, under the worker's checkpoint\n")
    });
    format!(
        "  receipt {}\n  worker  {}\n  model   {}\n{}  tokens  {} in, {} out; ended by {}\n",
        Hex(receipt.id(Network::OFFLINE)),
        receipt.worker,
        Hex(receipt.model),
        log.unwrap_or_default(),
        usage.prompt,
        usage.output,
        stops.join(", "),
    )
}

/// The report's lines.
fn lines(report: &Report) -> String {
    let mut text = String::from("  evidence\n");
    for evidence in &report.evidence {
        let word = match evidence.outcome {
            Outcome::Holds => "holds:",
            Outcome::Fails => "FAILS:",
            Outcome::NotChecked => "not checked:",
        };
        let kind = evidence.kind;
        let (claim, trusts) = (evidence.claim, kind.trusts());
        text += &format!("    {kind} {word} {claim}\n      (trusts {trusts})\n");
    }
    text += "  not established\n";
    for what in &report.not_established {
        text += &format!("    {}\n", what.text());
    }
    if !report.auditable {
        text += "  not auditable: only who asked can open it\n";
    }
    text
}

impl Cost {
    fn text(&self) -> String {
        let receipts = counted(self.receipts, "receipt", "receipts");
        let positions = counted(self.positions, "position", "positions");
        let spent = Figure::rough_seconds(self.spent.processor);
        let replayed = format!("replayed {receipts} of {positions} in {spent} s of processor time");
        match self.generating {
            Some(generating) => format!(
                "{replayed}; generating takes {} s, so checking costs {} of it",
                Figure::rough_seconds(generating),
                Figure::ratio(self.spent.processor, generating)
            ),
            None => replayed,
        }
    }
}

/// Tokens by which the speed of generating is measured.
const MEASURED_TOKENS: u32 = 16;
/// Longest prompt that is computed again to measure it.
const MEASURED_PROMPT_MAX: usize = 1024;

/// What generating this answer would take here, in processor time: its prompt, and as many of its tokens
/// as are worth it, are computed again one by one.
fn generating(loaded: &mut Loaded, receipt: &Receipt, job: &Job) -> Result<Option<Duration>> {
    let tokens = receipt.usage.output;
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

/// How the first answer begins.
fn beginning(loaded: &Loaded, opening: &Opening) -> String {
    let table = loaded.model.tokenizer.token_bytes();
    let mut detokenizer = Detokenizer::default();
    let mut text = String::new();
    for token in opening.outputs.first().map_or(&[][..], |output| &output.tokens[..]) {
        text += &detokenizer.push(table, *token).unwrap_or_default();
        if text.chars().count() > SHOWN_CHARACTERS {
            break;
        }
    }
    let whole = text.chars().count() <= SHOWN_CHARACTERS;
    let shown: String = text.chars().take(SHOWN_CHARACTERS).collect();
    format!("{shown:?}{}", if whole { "" } else { " ..." })
}

/// Characters of an answer that are shown.
const SHOWN_CHARACTERS: usize = 120;

/// The files that were named, folders as the receipts in them.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let context = || format!("can't list {}", path.display());
        let before = files.len();
        for entry in std::fs::read_dir(path).with_context(context)? {
            let found = entry.with_context(context)?.path();
            if found.extension().is_some_and(|extension| extension == "json") && found.is_file() {
                files.push(found);
            }
        }
        files[before..].sort();
        if files.len() == before {
            bail!(Usage(format!("{} holds no receipts (*.json)", path.display())));
        }
    }
    Ok(files)
}

/// Refuted is worse than undecided, which is worse than verified.
fn worse(one: u8, other: u8) -> u8 {
    match (one, other) {
        (1, _) | (_, 1) => 1,
        (2, _) | (_, 2) => 2,
        _ => 0,
    }
}

/// Replays what can be replayed, the receipts of one model together.
fn replay_all(cases: &mut [Case], options: &VerifyOptions) -> Result<Vec<Cost>> {
    let mut models: Vec<ModelId> = cases.iter().filter_map(|case| case.model).collect();
    models.sort_unstable_by_key(|id| id.0);
    models.dedup();
    let mut costs = Vec::new();
    for id in models {
        let mut of_model: Vec<&mut Case> =
            cases.iter_mut().filter(|case| case.model == Some(id)).collect();
        match model(id, options) {
            Ok(Found::Model(mut loaded)) => costs.push(replay(&mut of_model, &mut loaded)?),
            Ok(Found::Another(found)) => set(
                &mut of_model,
                &Replay::Differs(Refutation::Model { claimed: Hex(id.0), found: Hex(found.0) }),
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
    Model(Box<Loaded>),
    /// The one that was named is not it.
    Another(ModelId),
    Nothing,
}

fn model(id: ModelId, options: &VerifyOptions) -> Result<Found> {
    let named = match &options.model {
        Some(named) => Some(named.clone()),
        None => reference_of(&crate::environment::store_to_look_at()?, id)?,
    };
    let Some(named) = named else { return Ok(Found::Nothing) };
    let loaded = load(&named, &options.engine)?;
    if loaded.id == id { Ok(Found::Model(Box::new(loaded))) } else { Ok(Found::Another(loaded.id)) }
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
        case.answer = case.both().map(|(_, opening)| beginning(loaded, opening));
    }
    Ok(Cost { receipts: replays.len(), positions, spent, generating })
}

fn bar(total: usize) -> Result<ProgressBar> {
    let bar = ProgressBar::new(u64::try_from(total)?);
    let template = "replaying {bar:30} {pos} of {len} positions, {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).context("a constant template")?);
    Ok(bar)
}
