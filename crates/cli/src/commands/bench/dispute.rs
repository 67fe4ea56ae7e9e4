//! `probity bench --dispute`: what a dispute about the last token of an answer costs both sides and the
//! referee.
//!
//! The worker of this dispute really cheats: in one matrix of its model the rows stand in another order, so its every
//! boundary is wrong from that layer on. The challenger has the true model. Both tell what their engines give; each
//! move goes through its bytes, and the referee has nothing but those and the hashes of the model's parts.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use commit::{Blind, Network, Salts};
use dispute::sides::{Challenger, Claimant, Job as Known, Side, Story};
use dispute::{Claim, Dispute, Filing, Model as Judged, Move, Part, Party, Verdict};
use engine::{Engine, Weights};
use llm::Runner;
use program::Checked;
use program::answer_log::AnswerLog;
use program::record::Record;
use program::reference::{Boundary, Weights as Plain};
use program::structure::{Tensor, TensorId};
use program::tile::Choice;
use program::trace::Committer;
use program::types::Role;
use receipt::{Head, Job, PartialOpening, SecretKey, SignedHead, TokenVector, Which};
use serde::Serialize;

use super::replay::{generate, job, replay};
use super::{engine_line, show};
use crate::clock::{Figure, Stopwatch};
use crate::loading::Loaded;
use crate::output::{escaped, line};

/// Nobody waits here: any window will do.
const WINDOW: u64 = 1;

#[derive(Serialize)]
struct Report {
    kernels: &'static str,
    threads: usize,
    prompt_tokens: usize,
    answer_tokens: usize,
    replay_cpu_s: Figure,
    /// An engine run for boundaries, and the log of them: the challenger's, the worker's.
    first_commitment_cpu_s: [Figure; 2],
    first_commitment_of_replay: [Figure; 2],
    changed_matrix: String,
    rounds: u32,
    moves: u32,
    move_bytes_max: usize,
    challenger_cpu_s: Figure,
    worker_cpu_s: Figure,
    referee_step_cpu_ms_max: Figure,
    refuted: Refuted,
}

/// The tile that the referee executed.
#[derive(Clone, Copy, Serialize)]
struct Refuted {
    position: u32,
    op: &'static str,
    tile: u32,
}

/// What both parties and the referee know.
struct Case {
    checked: Checked,
    model: [u8; 32],
    job: Job,
    salts: Salts,
    prompt: u32,
    /// Of the trace: the prompt, and the answer without its last token.
    tokens: Vec<u32>,
}

/// What an engine gave, and what giving it and committing to it cost.
struct Traced {
    boundaries: Vec<Vec<Boundary>>,
    spent: Duration,
}

/// How it went.
#[derive(Default)]
struct Played {
    moves: u32,
    bytes_max: usize,
    worker: Duration,
    challenger: Duration,
    referee_max: Duration,
    verdict: Option<Verdict>,
}

/// Plays one about an answer of so many tokens.
pub(super) fn run(
    loaded: &mut Loaded,
    prompt: usize,
    answer: usize,
    json: bool,
) -> Result<ExitCode> {
    let jobs = [job(loaded, prompt, answer, 0)?];
    let (outputs, _) = generate(loaded, &jobs)?;
    let replaying = replay(loaded, &jobs, &outputs)?;
    let [job] = jobs;
    let (last, before) = outputs[0].split_last().context("an answer of at least one token")?;
    let tokens = [&job.fields().prompt[..], before].concat();
    let salts = Salts { network: Network::OFFLINE, blind: Blind([1; 32]) };
    let checked = loaded.model.program.clone();
    let prompt_tokens = u32::try_from(prompt)?;
    let model = loaded.id.0;
    let case = Case { checked, model, job, salts, prompt: prompt_tokens, tokens };

    let file = std::fs::read(&loaded.file.path)?;
    let matrix = middle_matrix(&case.checked)?;
    let cheat_file = with_other_rows(&file, matrix)?;
    let mut cheat = other_runner(loaded, &case.checked, &cheat_file)?;
    let honest = case.trace(&mut loaded.runner)?;
    let cheating = case.trace(&mut cheat)?;
    let spent = [honest.spent, cheating.spent];
    let weights = Plain::load(&case.checked, &[&file])?;
    let cheat_weights = Plain::load(&case.checked, &[&cheat_file])?;
    let honest = case.record(&weights, honest)?;
    let cheating = case.record(&cheat_weights, cheating)?;
    let drawn = cheating.drawn(&Committer(salts)).context("a token is drawn from the last row")?;
    // Where the changed weights draw the true token, the worker lies about that too.
    let other = (*last + 1) % case.checked.program().vocabulary;
    let claimed = if drawn == *last { other } else { drawn };
    let played = case.play(&file, claimed, (&weights, honest), (&cheat_weights, cheating))?;
    let Some(Verdict::ClaimantRefuted(fault)) = played.verdict else {
        bail!("the worker cheated and was not refuted: {:?}", played.verdict);
    };
    let op = case.checked.site(fault.op).context("the referee names an op of the program")?;
    let engine = loaded.runner.engine();
    let report = Report {
        kernels: engine.kernels().set().name(),
        threads: engine.threads(),
        prompt_tokens: prompt,
        answer_tokens: answer,
        replay_cpu_s: Figure::rough_seconds(replaying),
        first_commitment_cpu_s: spent.map(Figure::rough_seconds),
        first_commitment_of_replay: spent.map(|spent| Figure::ratio(spent, replaying)),
        changed_matrix: matrix.name.clone(),
        moves: played.moves,
        rounds: played.moves.div_ceil(2),
        move_bytes_max: played.bytes_max,
        challenger_cpu_s: Figure::rough_seconds(played.challenger),
        worker_cpu_s: Figure::rough_seconds(played.worker),
        referee_step_cpu_ms_max: Figure::milliseconds(played.referee_max),
        refuted: Refuted { position: fault.position, op: op.op.name(), tile: fault.tile },
    };
    show(&report, json, print)
}

fn print(report: &Report) -> Result<()> {
    engine_line(report.kernels, report.threads)?;
    let (prompt, answer) = (report.prompt_tokens, report.answer_tokens);
    line(format_args!("replay    {answer} tokens after {prompt}: {} s", report.replay_cpu_s))?;
    let ([challenger, worker], [of_replay, workers]) =
        (report.first_commitment_cpu_s, report.first_commitment_of_replay);
    line(format_args!(
        "commit    challenger {challenger} s, {of_replay} of the replay; worker {worker} s, {workers}"
    ))?;
    line(format_args!(
        "dispute   the worker's {} is not the model's: {} rounds, {} moves, of {} bytes at most",
        escaped(&report.changed_matrix),
        report.rounds,
        report.moves,
        report.move_bytes_max
    ))?;
    line(format_args!(
        "          challenger {} s, worker {} s in all; the referee {} ms at most for a move",
        report.challenger_cpu_s, report.worker_cpu_s, report.referee_step_cpu_ms_max
    ))?;
    let Refuted { position, op, tile } = report.refuted;
    line(format_args!("refuted   the worker, by tile {tile} of {op} at position {position}"))?;
    Ok(())
}

/// A matrix of a layer in the middle.
fn middle_matrix(checked: &Checked) -> Result<&Tensor> {
    let tensors = &checked.program().tensors;
    let all = (0..).map(TensorId).zip(tensors);
    let of_two_rows =
        |(id, tensor): &(TensorId, &Tensor)| checked.role(*id) == Role::Matrix && tensor.rows > 1;
    let matrices: Vec<&Tensor> = all.filter(of_two_rows).map(|(_, tensor)| tensor).collect();
    matrices.get(matrices.len() / 2).copied().context("a model has matrices")
}

/// The file, but that the second half of a matrix's rows stands before the first.
fn with_other_rows(file: &[u8], matrix: &Tensor) -> Result<Vec<u8>> {
    let mut file = file.to_vec();
    let start = usize::try_from(matrix.location.offset)?;
    let row_bytes = usize::try_from(matrix.row_bytes())?;
    let rows = usize::try_from(matrix.rows)?;
    let bytes = file.get_mut(start..start + rows * row_bytes).context("a file of one part")?;
    bytes.rotate_left(rows / 2 * row_bytes);
    Ok(file)
}

/// An engine like the loaded one for the weights in another file.
fn other_runner(loaded: &Loaded, checked: &Checked, file: &[u8]) -> Result<Runner> {
    let weights = Weights::load(checked, |tensor| {
        let start = usize::try_from(tensor.location.offset)?;
        let bytes = file.get(start..start + usize::try_from(tensor.bytes())?);
        Ok::<_, anyhow::Error>(bytes.context("a file of one part")?.to_vec())
    })?;
    let engine = loaded.runner.engine();
    let engine = Engine::new(checked, Arc::new(weights), *engine.kernels(), engine.threads())?;
    let chunk = engine.rows_max();
    Ok(Runner::new(engine, chunk))
}

impl Case {
    /// Runs the sequence and commits to its boundaries.
    fn trace(&self, runner: &mut Runner) -> Result<Traced> {
        let mut log = AnswerLog::new(&self.checked, Committer(self.salts));
        let mut boundaries = Vec::new();
        let mut refused = Ok(());
        let watch = Stopwatch::start();
        let fault = runner.trace(&self.tokens, &mut |at| {
            if refused.is_ok() {
                refused = log.push(&at);
            }
            boundaries.push(at);
        })?;
        let spent = watch.read().processor;
        refused?;
        ensure!(fault.is_none(), "the answer's tokens overflow: {fault:?}");
        Ok(Traced { boundaries, spent })
    }

    fn record<'a>(&self, weights: &'a Plain<'a>, traced: Traced) -> Result<Record<'a>> {
        let (parameters, seed) = (self.job.fields().parameters.clone(), self.job.seed());
        let choice = Choice { parameters, seed, choice: 0, prompt: self.prompt };
        let given = traced.boundaries;
        let record = Record::of_boundaries(weights, &self.tokens, self.prompt, given, None)?;
        Ok(record.with_choice(choice))
    }

    /// What the worker signed: an answer whose last token is false.
    fn filing(&self, output: &[u32]) -> Result<Filing> {
        let which = Which::Output { choice: 0 };
        let head = Head {
            job: self.job.commitment(&self.salts),
            choice: 0,
            start: 0,
            prior: [0; 32],
            count: u32::try_from(output.len())?,
            root: TokenVector::over(self.salts, which, output).root(),
        };
        let worker = SecretKey::from_seed([2; 32]);
        let shown = |leaf| self.job.show(&self.salts, leaf).context("a job has eight leaves");
        let token = PartialOpening::new(&self.salts, which, output, head.count - 1);
        Ok(Filing {
            head: SignedHead::sign(head, &worker, self.salts.network),
            terms: shown(0)?,
            prompt: shown(2)?,
            parameters: shown(3)?,
            claim: Claim::Token(token.context("the token is in the output")?),
        })
    }

    /// The dispute about the token that the worker claims.
    fn play(
        &self,
        file: &[u8],
        claimed: u32,
        honest: (&Plain<'_>, Record<'_>),
        cheating: (&Plain<'_>, Record<'_>),
    ) -> Result<Played> {
        let prompt = usize::try_from(self.prompt)?;
        let output = [&self.tokens[prompt..], &[claimed]].concat();
        let units = honest.0.units_part();
        let files = [file];
        let known = Known {
            salts: self.salts,
            prompt: self.tokens[..prompt].to_vec(),
            output: output.clone(),
            choice: 0,
            biases: self.job.show(&self.salts, 4).context("a job has eight leaves")?,
            positions: u32::try_from(self.tokens.len())?,
            files: &files,
            units: &units,
        };
        let judged =
            Judged::new(&self.checked, self.model, vec![Part::of(file)], Part::of(&units))?;
        let subject = self.filing(&output)?.check(&judged, self.salts.network)?;
        let worker = Story::of(cheating.0, cheating.1, known.clone());
        let challenger = Story::of(honest.0, honest.1, known);
        let dispute = Dispute::open(&judged, subject, WINDOW, 0);
        Ok(play(dispute, &mut Claimant(&worker), &mut Challenger(&challenger)))
    }
}

/// Plays to the end and looks at the clock.
fn play(mut dispute: Dispute<'_>, worker: &mut dyn Side, challenger: &mut dyn Side) -> Played {
    let mut played = Played::default();
    while let Some((turn, asked)) = dispute.turn().zip(dispute.asked()) {
        let watch = Stopwatch::start();
        let (made, spent) = match turn {
            Party::Claimant => (worker.answer(&asked), &mut played.worker),
            Party::Challenger => (challenger.answer(&asked), &mut played.challenger),
        };
        let bytes = made.map(|made| made.encode()).unwrap_or_default();
        *spent += watch.read().processor;
        let watch = Stopwatch::start();
        let taken = Move::decode(&bytes).is_ok_and(|made| dispute.take(turn, &made, 0).is_ok());
        played.referee_max = played.referee_max.max(watch.read().processor);
        if !taken {
            dispute.pass(dispute.deadline() + 1);
            continue;
        }
        played.moves += 1;
        played.bytes_max = played.bytes_max.max(bytes.len());
    }
    Played { verdict: dispute.verdict(), ..played }
}
