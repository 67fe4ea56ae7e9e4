//! An answer re-derived: one causal pass over prompt and output, with the draw made again at every position.
//!
//! What needs no pass is judged first: versions, whether the model can have been asked this, the prompt its messages
//! give, and whether the delivered tokens end where and why they are said to. Then the first position at which the model
//! gives something else refutes the answer. Choices of one job share the prompt's keys and values, and replays those of
//! what their prompts begin with. How the positions
//! are cut into passes, on how many threads, and what else is in a pass never changes the outcome. Keys and values are
//! held from the first pass to the outcome, and no longer; before and after, there are tokens at most.
//!
//! Never reads a file or a clock and draws no randomness. Never says whether the opening is the receipt's, whether a
//! signature holds, or whether the model at hand is the one the job names: that is `verify`'s and its caller's. Failure:
//! what can't be replayed is [`Outcome::Impossible`], never a pass.

use canon::PAGE;
use canon::sample::SAMPLING_VERSION;
use engine::{Engine, Fault, FeedError, Sequence, Wanted};
use program::OpIndex;
use receipt::{Job, Messages, Opening, Receipt, Stop, Terms, WorkKind};
use text::grammar::Constraint;
use verify::{Ending, Missing, Refutation, Replay as Outcome};

use crate::draws::{Draws, Scratches, Undrawn};
use crate::embedding::check_job;
use crate::ending::Reason;
use crate::job::{Request, RequestError};
use crate::model::Model;
use crate::rendering::{Prompt, render};

mod following;
mod vector;

/// What is said to have come of one of a job's choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which choice.
    pub choice: u32,
    /// Every token drawn.
    pub tokens: Vec<u32>,
    /// Why there are no more.
    pub stop: Stop,
}

/// A job's answers on the way to a judgement.
pub struct Replay {
    job: Job,
    /// Empty once it is judged.
    lines: Vec<Line>,
    /// Why the prompt can't be judged, where it can't: all else is, and what is wrong in it refutes.
    unjudged: Option<Outcome>,
    /// The keys and values of the prompt without its last token, which all choices share; none once it is judged.
    stem: Option<Sequence>,
    at: usize,
    /// The choice that is looked at.
    current: Option<Current>,
    row_bytes: usize,
    /// Bytes of the keys and values of a position.
    position_bytes: usize,
    logits_frac: u8,
    sample_op: OpIndex,
    done: usize,
    total: usize,
    outcome: Option<Outcome>,
    /// Whether more tokens may come of its one choice.
    open: bool,
    /// What ended the prompt of an open one: a judgement waits for what is said of it.
    stem_fault: Option<Fault>,
}

/// One choice.
struct Line {
    claim: Claim,
    /// What follows its grammar; given to the draws when they begin.
    constraint: Option<Constraint>,
    /// How many of its draws are made again.
    draws: usize,
}

/// One choice while it is looked at.
struct Current {
    /// The stem and what the choice adds to it.
    sequence: Sequence,
    /// What is fed after the stem: one token for each draw.
    feed: Vec<u32>,
    draws: Draws,
    /// Draws that were found as delivered.
    drawn: usize,
}

impl Claim {
    /// What a receipt and its opening say, choice by choice. The opening must be the receipt's ([`verify::opened`]).
    #[must_use]
    pub fn all(receipt: &Receipt, opening: &Opening) -> Vec<Self> {
        let both = receipt.choices.iter().zip(&opening.outputs);
        let claim = |(choice, output): (&receipt::Choice, &receipt::Output)| Self {
            choice: choice.index,
            tokens: output.tokens.clone(),
            stop: choice.stop,
        };
        both.map(claim).collect()
    }

    fn ends_otherwise(&self, found: Ending, tokens: usize) -> Refutation {
        let (choice, claimed) = (self.choice, self.stop.name());
        Refutation::Stop { choice, claimed, found, tokens: count(tokens) }
    }

    /// A fault was found after so many of its tokens.
    fn faults(&self, fault: Fault, tokens: usize) -> Result<(), Refutation> {
        let found = Ending::Fault { position: fault.position, op: fault.op.0 };
        if tokens == self.tokens.len() && found.bears(&self.stop) {
            return Ok(());
        }
        Err(self.ends_otherwise(found, tokens))
    }
}

impl Replay {
    /// Begins to replay what is said to have come of a job. What can be told without a pass is told at once.
    #[must_use]
    pub fn new(model: &Model, engine: &Engine, job: &Job, claims: &[Claim]) -> Self {
        Self::made(model, engine, job, claims, false)
    }

    fn made(model: &Model, engine: &Engine, job: &Job, claims: &[Claim], open: bool) -> Self {
        let embeds = job.fields().terms.kind == WorkKind::Embed;
        let (lines, unjudged, outcome) = match lines(model, job, claims) {
            Ok(_) if open && embeds => {
                (Vec::new(), None, Some(impossible("an embedding before it is there")))
            }
            Ok((lines, unjudged)) => (lines, unjudged, None),
            Err(outcome) => (Vec::new(), None, Some(outcome)),
        };
        let program = &model.program;
        let vocabulary = usize::try_from(program.program().vocabulary).unwrap_or(usize::MAX);
        let draws: usize = lines.iter().map(|line| line.draws).sum();
        let stem = if draws == 0 && !open { 0 } else { job.fields().prompt.len() - 1 };
        let mut replay = Self {
            job: job.clone(),
            lines,
            unjudged,
            stem: outcome.is_none().then(|| engine.sequence()),
            at: 0,
            current: None,
            row_bytes: vocabulary.saturating_mul(size_of::<i32>()),
            position_bytes: usize::try_from(program.cost().kv_bytes).unwrap_or(usize::MAX),
            logits_frac: engine.logits_frac(),
            sample_op: engine.sample_op(),
            done: 0,
            total: stem + draws,
            outcome,
            open,
            stem_fault: None,
        };
        replay.pass_lines_without_draws();
        replay
    }

    /// What came of it; `None` while it goes on.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Positions that were computed, and how many there are if nothing is found to be wrong.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.done, self.total)
    }

    /// Bytes of keys and values that it holds now: none before its first pass, none after its outcome.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let Some(stem) = &self.stem else { return 0 };
        let Some(current) = &self.current else { return stem.bytes() };
        let shared = stem.length() / PAGE * PAGE;
        stem.bytes() + current.sequence.bytes() - shared * self.position_bytes
    }

    /// Most bytes of keys and values that it comes to hold at once.
    #[must_use]
    pub fn held_bytes_max(&self) -> usize {
        let draws = self.lines.iter().map(|line| line.draws).max().unwrap_or(0);
        let asked = usize::try_from(self.job.fields().stop.tokens_max).unwrap_or(usize::MAX);
        let draws = if self.open { asked } else { draws };
        // The stem's last page is there twice where a choice goes on in it.
        let pages = (self.stem_tokens().len() + draws).div_ceil(PAGE) + 1;
        (pages * PAGE).saturating_mul(self.position_bytes)
    }

    /// Whether it holds keys and values, or has been asked for tokens to make some.
    pub(crate) fn has_begun(&self) -> bool {
        self.current.is_some() || self.stem.as_ref().is_some_and(|stem| stem.length() > 0)
    }

    /// Whether another is about to compute more of what both prompts begin with, a page at least. If it has done so, its
    /// keys and values are this one's too, where this one has not begun.
    pub(crate) fn waits_for_prompt(&mut self, others: &[&mut Self]) -> bool {
        if self.has_begun() {
            return false;
        }
        let with = |other: &'_ &mut Self| {
            let common = self.tokens_in_common(other);
            (common, other.stem.as_ref().filter(|stem| stem.length() >= common).cloned())
        };
        let most = others.iter().map(with).max_by_key(|(common, held)| (*common, held.is_some()));
        match most.filter(|(common, _)| *common >= PAGE) {
            None => false,
            Some((_, None)) => true,
            Some((common, Some(held))) => {
                self.stem = Some(held.prefix(common));
                self.done = common;
                false
            }
        }
    }

    /// How many tokens the stems of two replays in the making begin with alike.
    fn tokens_in_common(&self, other: &Self) -> usize {
        let (Some(own), Some(others)) = (&self.stem, &other.stem) else { return 0 };
        if !own.is_kin_of(others) {
            return 0;
        }
        let both = self.stem_tokens().iter().zip(other.stem_tokens());
        both.take_while(|(a, b)| a == b).count()
    }

    /// Bytes of the logits of a position.
    pub(crate) fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    /// The sequence and the tokens to feed it next, `rows` at most, and fewer where their logits are wanted; none where
    /// no row is left, or nothing to do.
    pub(crate) fn next(
        &mut self,
        rows: usize,
        rows_of_logits: usize,
    ) -> Option<(&mut Sequence, &[u32], Wanted)> {
        let stem = self.stem.as_mut().filter(|_| rows > 0 && self.stem_fault.is_none())?;
        let (_, tokens) = self.job.fields().prompt.split_last()?;
        let held = stem.length();
        if held < tokens.len() {
            let tokens = &tokens[held..tokens.len().min(held + rows)];
            return Some((stem, tokens, Wanted::Nothing));
        }
        let rows = rows.min(rows_of_logits);
        if rows == 0 {
            return None;
        }
        let (job, line, frac) = (&self.job, &mut self.lines[self.at], self.logits_frac);
        if line.draws == 0 {
            return None;
        }
        let current = self.current.get_or_insert_with(|| Current::new(job, line, stem, frac));
        if current.drawn == current.feed.len() {
            return None;
        }
        let end = current.feed.len().min(current.drawn + rows);
        let wanted = match self.job.fields().terms.kind {
            WorkKind::Generate => Wanted::All,
            WorkKind::Embed => Wanted::Row,
        };
        Some((&mut current.sequence, &current.feed[current.drawn..end], wanted))
    }

    /// Takes what became of the tokens that were fed.
    pub(crate) fn take(
        &mut self,
        outcome: Result<engine::Outcome, FeedError>,
        engine: &mut Engine,
        scratches: &Scratches,
    ) {
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(refused) => {
                let why = Missing::Unsupported(refused.to_string());
                return self.judge(Outcome::Impossible(why));
            }
        };
        let found = match (&self.current, self.job.fields().terms.kind) {
            (None, _) => self.stem_computed(outcome.fault),
            (Some(_), WorkKind::Generate) => self.draws_computed(&outcome, engine, scratches),
            (Some(_), WorkKind::Embed) => self.row_computed(outcome.row.as_deref(), outcome.fault),
        };
        engine.take_back(outcome.logits);
        if let Err(refutation) = found {
            self.judge(Outcome::Differs(refutation));
        }
    }

    fn stem_tokens(&self) -> &[u32] {
        self.job.fields().prompt.split_last().map_or(&[], |(_, stem)| stem)
    }

    fn stem_computed(&mut self, fault: Option<Fault>) -> Result<(), Refutation> {
        self.done = self.stem.as_ref().map_or(0, Sequence::length);
        if self.open {
            self.stem_fault = fault;
        } else if let Some(fault) = fault {
            // No choice can have a token.
            while let Some(line) = self.lines.get(self.at) {
                line.claim.faults(fault, 0)?;
                self.next_line();
            }
        }
        Ok(())
    }

    fn draws_computed(
        &mut self,
        outcome: &engine::Outcome,
        engine: &mut Engine,
        scratches: &Scratches,
    ) -> Result<(), Refutation> {
        let claim = &self.lines[self.at].claim;
        let current = self.current.as_mut().expect("draws are a choice's");
        let mut fault = outcome.fault;
        for drawn in current.draws.next(engine, scratches, &claim.tokens, &outcome.logits) {
            match (drawn, claim.tokens.get(current.drawn)) {
                (Ok(expected), Some(found)) if expected != *found => {
                    let (choice, position, found) = (claim.choice, count(current.drawn), *found);
                    return Err(Refutation::Token { choice, position, expected, found });
                }
                (Ok(_), Some(_)) => {
                    current.drawn += 1;
                    self.done += 1;
                }
                (Ok(_), None) => return Err(claim.ends_otherwise(Ending::GoesOn, current.drawn)),
                (Err(Undrawn::Unknown(error)), _) => {
                    // The choices after it can be judged all the same.
                    self.unjudged = Some(impossible(&format!("this answer's draws: {error}")));
                    self.next_line();
                    return Ok(());
                }
                (Err(Undrawn::NothingAllowed), _) => {
                    let position = count(current.draws.prompt().len() + current.drawn - 1);
                    fault = Some(Fault { position, op: self.sample_op });
                    break;
                }
            }
        }
        if let Some(fault) = fault {
            claim.faults(fault, current.drawn)?;
            self.next_line();
        } else if current.drawn == current.feed.len() && !self.open {
            self.next_line();
        }
        Ok(())
    }

    /// Goes on to the next choice that needs a pass, or is done.
    fn next_line(&mut self) {
        self.at += 1;
        self.current = None;
        self.pass_lines_without_draws();
    }

    fn pass_lines_without_draws(&mut self) {
        while !self.open && self.lines.get(self.at).is_some_and(|line| line.draws == 0) {
            self.at += 1;
        }
        if self.outcome.is_none() && self.at == self.lines.len() {
            let outcome = self.unjudged.take().unwrap_or(Outcome::Same);
            self.judge(outcome);
        }
    }

    /// The outcome is there, and nothing that led to it is needed any more.
    fn judge(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
        (self.stem, self.current, self.lines) = (None, None, Vec::new());
    }
}

impl Current {
    fn new(job: &Job, line: &mut Line, stem: &Sequence, logits_frac: u8) -> Self {
        let request = Request::of(job, line.claim.choice);
        let delivered = line.claim.tokens.iter().take(line.draws - 1);
        let feed = request.prompt.last().into_iter().chain(delivered).copied().collect();
        let draws = Draws::new(request, line.constraint.take(), logits_frac);
        Self { sequence: stem.clone(), feed, draws, drawn: 0 }
    }
}

impl Line {
    /// Judges where and why a choice is said to end by its tokens alone.
    fn new(model: &Model, request: &Request, claim: &Claim) -> Result<Self, Refutation> {
        let refused = |error: text::StopStringError| Refutation::Request(error.to_string());
        let mut stopper = request.stopper(model).map_err(refused)?;
        let table = model.tokenizer.token_bytes();
        let (mut ended, mut draws) = (stopper.before(), None);
        for (before, token) in claim.tokens.iter().enumerate() {
            if let Some(reason) = ended {
                return Err(claim.ends_otherwise(reason.into(), before));
            }
            match stopper.take(table, *token) {
                Ok((_, reason)) => ended = reason,
                Err(_) => {
                    // No model draws a token it does not have: this draw is the last that is looked at.
                    draws = Some(before + 1);
                    break;
                }
            }
        }
        let draws = match draws {
            Some(draws) => draws,
            None => draws_of(claim, ended)?,
        };
        Ok(Self { claim: claim.clone(), constraint: None, draws })
    }
}

/// How many draws show whether a choice is what it is said to be: one for each token, and one more where nothing in
/// them says why there is no other.
fn draws_of(claim: &Claim, ended: Option<Reason>) -> Result<usize, Refutation> {
    let tokens = claim.tokens.len();
    match (claim.stop, ended) {
        // Others' words, or none, say why.
        (Stop::Cancelled { .. } | Stop::Unfinished, _) => Ok(tokens),
        (Stop::Token | Stop::String { .. } | Stop::Length | Stop::Fault { .. }, None) => {
            Ok(tokens + 1)
        }
        (stop, Some(reason)) => {
            let found = Ending::from(reason);
            if found.bears(&stop) { Ok(tokens) } else { Err(claim.ends_otherwise(found, tokens)) }
        }
    }
}

/// Everything that needs no pass; and why the prompt can't be judged, where it can't.
fn lines(
    model: &Model,
    job: &Job,
    claims: &[Claim],
) -> Result<(Vec<Line>, Option<Outcome>), Outcome> {
    let terms = &job.fields().terms;
    check_versions(terms, model.program.program().arithmetic_version)?;
    if claims.is_empty() {
        return Err(Outcome::Differs(Refutation::Job { what: "number of answers" }));
    }
    let mut lines = Vec::with_capacity(claims.len());
    let asked = match terms.kind {
        WorkKind::Generate => Ok(()),
        WorkKind::Embed => check_job(job),
    };
    if let Err(error) = asked.and_then(|()| Request::of(job, 0).check(model)) {
        return Err(Outcome::Differs(Refutation::Request(error.to_string())));
    }
    let unjudged = check_prompt(model, job)?;
    let mut undrawn = check_grammar(job)?;
    for claim in claims {
        if claim.choice >= job.fields().choices {
            return Err(Outcome::Differs(Refutation::Job { what: "choice" }));
        }
        let request = Request::of(job, claim.choice);
        let line = match terms.kind {
            WorkKind::Generate => Line::new(model, &request, claim),
            WorkKind::Embed => Line::of_vector(&request, claim),
        };
        let mut line = line.map_err(Outcome::Differs)?;
        if undrawn.is_none() {
            line.constraint = constraint(model, &request, &mut undrawn)?;
        }
        lines.push(line);
    }
    // Nothing but the draws is left to judge.
    undrawn.map_or(Ok((lines, unjudged)), Err)
}

/// What follows a choice's grammar; where it can't be followed here, why the draws can't be judged.
fn constraint(
    model: &Model,
    request: &Request,
    undrawn: &mut Option<Outcome>,
) -> Result<Option<Constraint>, Outcome> {
    match request.constraint(model) {
        Ok(constraint) => Ok(constraint),
        Err(RequestError::Grammar(error)) if !error.is_malformed() => {
            *undrawn = Some(impossible(&format!("answers to this grammar: {error}")));
            Ok(None)
        }
        Err(error) => Err(Outcome::Differs(Refutation::Request(error.to_string()))),
    }
}

/// Whether the definition of a grammar is that of the parameters'; why the draws can't be judged, where there is none.
fn check_grammar(job: &Job) -> Result<Option<Outcome>, Outcome> {
    let fields = job.fields();
    let parameter = fields.parameters.settings().grammar;
    let shown = match fields.rendered.messages() {
        Some(Messages::Shown(messages)) => Prompt::read_with_grammar(messages).ok(),
        Some(Messages::Hidden(_)) | None => None,
    };
    match (parameter, shown.and_then(|(_, grammar)| grammar)) {
        (None, None) => Ok(None),
        (Some(id), Some(grammar)) if grammar.id() == id => Ok(None),
        (Some(_), None) => Ok(Some(impossible("draws of a grammar whose definition is not shown"))),
        (_, Some(_)) => {
            Err(Outcome::Differs(Refutation::Messages(RequestError::OtherGrammar.to_string())))
        }
    }
}

/// Whether the job names the arithmetic of the model's program, which is part of the model's id, and a version of sampling
/// that this release has: what is right by a later release is not wrong by this one.
fn check_versions(terms: &Terms, found: u16) -> Result<(), Outcome> {
    let (what, claimed) = ("the arithmetic", terms.arithmetic);
    if claimed != found {
        return Err(Outcome::Differs(Refutation::Version { what, claimed, found }));
    }
    let (claimed, ours) = (terms.sampling, SAMPLING_VERSION);
    if claimed != ours {
        return Err(impossible(&format!("version {claimed} of sampling: it has version {ours}")));
    }
    Ok(())
}

/// Whether the prompt is what its messages render to, where they are shown; why nobody can tell here, where our bounds
/// end the rendering.
fn check_prompt(model: &Model, job: &Job) -> Result<Option<Outcome>, Outcome> {
    let fields = job.fields();
    let Some(Messages::Shown(messages)) = fields.rendered.messages() else { return Ok(None) };
    let rendered = match render(model, messages) {
        Ok(rendered) => rendered,
        Err(error) if error.is_a_bound() => {
            return Ok(Some(impossible(&format!("these messages: {error}"))));
        }
        Err(error) => return Err(Outcome::Differs(Refutation::Messages(error.to_string()))),
    };
    let prompt = &fields.prompt;
    let same = rendered.iter().zip(prompt).take_while(|(a, b)| a == b).count();
    match (rendered.get(same), prompt.get(same)) {
        (None, None) => Ok(None),
        (expected, found) => Err(Outcome::Differs(Refutation::Prompt {
            position: count(same),
            expected: expected.copied(),
            found: found.copied(),
        })),
    }
}

fn impossible(what: &str) -> Outcome {
    Outcome::Impossible(Missing::Unsupported(format!("this release can't replay {what}")))
}

fn count(length: usize) -> u32 {
    u32::try_from(length).expect("positions are at most 2^16")
}
