//! Eight answers that differ in everything an answer may depend on, made alone or together.
//!
//! Never looks at how it is run but through [`Way`]; the digest covers every logit a token was
//! drawn from and every token. Failure: a text naming the job; a fault of the arithmetic is a
//! specified outcome and goes into the digest.

use canon::reference;
use canon::sample::{History, Parameter, Parameters, SampleScratch, Sampling, Settings, noise};
use engine::{Engine, Feed, Outcome, Sequence, Wanted};
use program::Program;
use program::reference::{Cell, Interpreter, Weights};

use crate::Attempt;

/// Tokens that are drawn for every answer.
const OUTPUT_TOKENS: usize = 12;
/// Lengths of the prompts: one token, and both sides of chunk and page edges.
const PROMPTS: [usize; 8] = [1, 5, 17, 40, 64, 65, 90, 130];
/// After how many passes one of the answers loses its keys and values: many prompts take longer in chunks of one.
const SET_ASIDE_PASSES: usize = 5;
/// How each answer draws: every parameter, alone and with others.
const SETTINGS: [&[(Parameter, &str)]; 8] = [
    &[(Parameter::Temperature, "0")],
    &[(Parameter::Temperature, "0.7"), (Parameter::TopP, "0.95")],
    &[(Parameter::Temperature, "1"), (Parameter::TopK, "5")],
    &[(Parameter::Temperature, "1.3"), (Parameter::MinP, "0.05")],
    &[(Parameter::Temperature, "0.8"), (Parameter::Repetition, "1.3")],
    &[(Parameter::Presence, "0.5"), (Parameter::Frequency, "0.25")],
    &[(Parameter::Temperature, "2"), (Parameter::TopK, "40"), (Parameter::TopP, "0.5")],
    &[(Parameter::Temperature, "0"), (Parameter::Repetition, "1.1")],
];

/// One answer that is asked for.
pub(crate) struct Job {
    prompt: Vec<u32>,
    parameters: Parameters,
    seed: [u8; 32],
    choice: u32,
}

/// How answers are made: none of it may change a bit.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    /// Most tokens of a prompt that are fed in one pass.
    pub(crate) chunk: usize,
    pub(crate) company: Company,
}

/// What else an answer shares the engine with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// One answer after the other.
    Alone,
    /// All answers in the same passes.
    Eight,
    /// The same, and every few passes one of them loses its keys and values.
    SetAside,
    /// The same, on keys and values that were made before: each answer's own, and the prompt's alone for half of them.
    Remembered,
}

impl Company {
    pub(crate) const ALL: [Self; 4] = [Self::Alone, Self::Eight, Self::SetAside, Self::Remembered];

    /// Whether it goes with these chunks: in chunks of one, a prompt that is lost now and then never ends.
    pub(crate) fn suits(self, chunk: usize) -> bool {
        match self {
            Self::Alone | Self::Eight => true,
            Self::SetAside | Self::Remembered => chunk > 1,
        }
    }

    /// What the caller calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Eight => "eight",
            Self::SetAside => "set aside",
            Self::Remembered => "remembered",
        }
    }
}

/// The jobs for a model; its context may be shorter than the longest of them.
pub(crate) fn jobs(program: &Program) -> Attempt<Vec<Job>> {
    let context_max = usize::try_from(program.context_max).map_err(|error| error.to_string())?;
    let prompt_max = context_max.checked_sub(OUTPUT_TOKENS).filter(|most| *most > 0);
    let prompt_max = prompt_max.ok_or("the context has no room for a prompt and its answer")?;
    let mut state = 1_u32;
    let mut token = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % program.vocabulary
    };
    let made = (0_u32..).zip(PROMPTS.iter().zip(SETTINGS)).map(|(choice, (length, given))| {
        let mut settings = Settings::default();
        for (name, text) in given {
            settings.set(*name, text).map_err(|error| error.to_string())?;
        }
        if choice == 6 {
            for token in [3, 7] {
                settings.push_bias(token, "1.5").map_err(|error| error.to_string())?;
            }
        }
        let parameters = Parameters::new(settings).map_err(|error| error.to_string())?;
        let prompt = (0..prompt_max.min(*length)).map(|_| token()).collect();
        Ok(Job { prompt, parameters, seed: [7; 32], choice })
    });
    made.collect()
}

/// Makes all answers and gives their digest.
pub(crate) fn run(engine: &mut Engine, jobs: &[Job], way: Way) -> Attempt<String> {
    let mut answers: Vec<Answer<'_>> = jobs.iter().map(|job| Answer::new(job, engine)).collect();
    let mut scratch = SampleScratch::default();
    if way.company == Company::Remembered {
        answers = remembered(engine, answers, jobs, way.chunk)?;
    }
    if way.company == Company::Alone {
        for answer in &mut answers {
            finish(engine, &mut [answer], way, &mut scratch)?;
        }
    } else {
        let mut all: Vec<&mut Answer<'_>> = answers.iter_mut().collect();
        finish(engine, &mut all, way, &mut scratch)?;
    }
    Ok(combined(answers.into_iter().map(Answer::digest)))
}

/// Makes the answers, then begins them anew with the keys and values that were made.
fn remembered<'a>(
    engine: &mut Engine,
    mut answers: Vec<Answer<'a>>,
    jobs: &'a [Job],
    chunk: usize,
) -> Attempt<Vec<Answer<'a>>> {
    let way = Way { chunk, company: Company::Eight };
    let mut all: Vec<&mut Answer<'_>> = answers.iter_mut().collect();
    finish(engine, &mut all, way, &mut SampleScratch::default())?;
    let mut found = 0;
    let again = jobs.iter().zip(&answers).enumerate().map(|(index, (job, answer))| {
        // One position at least is left, for its logits; a prompt may be taken up anywhere in a page.
        let length = (job.prompt.len() - 1).min(answer.sequence.length()) >> (index % 2);
        found += length;
        Answer { sequence: answer.sequence.prefix(length), made: Made::new(job) }
    });
    let again = again.collect();
    if found == 0 { Err("nothing was remembered".to_owned()) } else { Ok(again) }
}

/// The same digest from the specification's plain interpreter.
pub(crate) fn run_reference(weights: &Weights<'_>, frac: u8, jobs: &[Job]) -> Attempt<String> {
    let mut digests = Vec::new();
    for job in jobs {
        let mut made = Made::new(job);
        let mut interpreter = Interpreter::new(weights);
        let mut fed = 0;
        while made.goes_on() {
            let drawn = fed + 1 == made.tokens.len();
            let cells = interpreter.step(made.tokens[fed], drawn);
            let cells = cells.map_err(|error| error.to_string())?;
            fed += 1;
            if !drawn {
                continue;
            }
            // Of several rows of logits, the last is drawn from: the others are on the way to it.
            let logits = cells.into_iter().rev().find_map(|cell| match cell {
                Cell::Logits(row) => Some(row),
                Cell::Unsampled | Cell::Fixed(_) | Cell::A8(_) | Cell::A16(_) | Cell::Kv(_) => None,
            });
            let logits = logits.ok_or("the program has no logits")?;
            let sampling = made.sampling(&logits, frac)?;
            let drawn = reference::sample(&sampling).map_err(|error| error.to_string())?;
            made.take(&logits, drawn.id);
        }
        digests.push(made.digest());
    }
    Ok(combined(digests))
}

fn combined(digests: impl IntoIterator<Item = blake3::Hash>) -> String {
    let mut hasher = blake3::Hasher::new();
    digests.into_iter().for_each(|digest| {
        hasher.update(digest.as_bytes());
    });
    hasher.finalize().to_hex().to_string()
}

/// Passes until every answer has all its tokens.
fn finish(
    engine: &mut Engine,
    answers: &mut [&mut Answer<'_>],
    way: Way,
    scratch: &mut SampleScratch,
) -> Attempt<()> {
    let mut passes = 0;
    loop {
        let mut fed = Vec::new();
        let mut feeds = Vec::new();
        for (index, answer) in answers.iter_mut().enumerate() {
            if !answer.made.goes_on() {
                continue;
            }
            let Answer { made, sequence } = &mut **answer;
            let held = sequence.length();
            let end = made.tokens.len().min(held.saturating_add(way.chunk));
            let last = end == made.tokens.len();
            let wanted = if last { Wanted::Last } else { Wanted::Nothing };
            let tokens = &made.tokens[held..end];
            feeds.push(Feed { sequence, tokens, wanted, boundaries: false });
            fed.push((index, last));
        }
        if feeds.is_empty() {
            return Ok(());
        }
        let outcomes = engine.forward(&mut feeds).map_err(|error| error.to_string())?;
        for ((index, last), outcome) in fed.into_iter().zip(outcomes) {
            answers[index].made.advance(engine, &outcome, last, scratch)?;
        }
        passes += 1;
        // Only now and then, so that those who lose everything get on.
        if way.company == Company::SetAside && passes % SET_ASIDE_PASSES == 0 {
            let count = answers.len();
            answers[passes / SET_ASIDE_PASSES % count].sequence.truncate(0);
        }
    }
}

struct Answer<'a> {
    made: Made<'a>,
    sequence: Sequence,
}

impl<'a> Answer<'a> {
    fn new(job: &'a Job, engine: &Engine) -> Self {
        Self { made: Made::new(job), sequence: engine.sequence() }
    }

    fn digest(self) -> blake3::Hash {
        self.made.digest()
    }
}

/// What there is of an answer, whoever computes it.
struct Made<'a> {
    job: &'a Job,
    /// The prompt and what was drawn.
    tokens: Vec<u32>,
    history: History,
    hasher: blake3::Hasher,
    fault: bool,
}

impl<'a> Made<'a> {
    fn new(job: &'a Job) -> Self {
        let mut history = History::new();
        job.prompt.iter().for_each(|token| history.prompt(*token));
        let tokens = job.prompt.clone();
        Self { job, tokens, history, hasher: blake3::Hasher::new(), fault: false }
    }

    fn goes_on(&self) -> bool {
        !self.fault && self.tokens.len() < self.job.prompt.len() + OUTPUT_TOKENS
    }

    fn sampling<'s>(&'s self, logits: &'s [i32], frac: u8) -> Attempt<Sampling<'s>> {
        let position = u64::try_from(self.tokens.len()).map_err(|error| error.to_string())?;
        let noise = noise(&self.job.seed, self.job.choice, position);
        Sampling::new(logits, frac, &self.job.parameters, &self.history, None, noise)
            .map_err(|error| error.to_string())
    }

    fn advance(
        &mut self,
        engine: &Engine,
        outcome: &Outcome,
        last: bool,
        scratch: &mut SampleScratch,
    ) -> Attempt<()> {
        if let Some(fault) = outcome.fault {
            self.hasher.update(format!("fault {} {}", fault.position, fault.op.0).as_bytes());
            self.fault = true;
            return Ok(());
        }
        if !last {
            return Ok(());
        }
        let logits = outcome.logits.first().ok_or("no logits where they were wanted")?;
        let sampling = self.sampling(logits, engine.logits_frac())?;
        let token = engine.kernels().sample(&sampling, scratch);
        self.take(logits, token.map_err(|error| error.to_string())?);
        Ok(())
    }

    fn take(&mut self, logits: &[i32], token: u32) {
        logits.iter().for_each(|logit| {
            self.hasher.update(&logit.to_le_bytes());
        });
        self.tokens.push(token);
        self.history.output(token);
    }

    fn digest(mut self) -> blake3::Hash {
        for token in &self.tokens {
            self.hasher.update(&token.to_le_bytes());
        }
        self.hasher.finalize()
    }
}
