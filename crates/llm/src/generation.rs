//! One answer in the making.
//!
//! The state is the sequence of tokens so far; every step is a function of it and the request. It
//! never looks at other answers, at time, or at how its prompt was cut into chunks. However it ends,
//! there is exactly one last [`Piece`], the one with a stop, and nothing after it.

use std::sync::Arc;

use canon::Kernels;
use canon::sample::{History, SampleScratch};
use engine::{Engine, Fault, FeedError, Sequence, Wanted};
use program::OpIndex;
use receipt::WorkKind;
use text::grammar::Constraint;

use crate::embedding::vector;
use crate::ending::{Reason, Stopper};
use crate::job::{Request, RequestError};
use crate::likely::{TokenLogprob, logprob};
use crate::model::Model;

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The model drew a stop token.
    Token(u32),
    /// The stop string of this index appeared.
    String(u8),
    /// As long as asked for, or as long as the context allows.
    Length,
    /// Whoever asked no longer wants it.
    Cancelled,
    /// The arithmetic's specified outcome.
    Fault(Fault),
    /// Its grammar takes more to follow than this release spends on one token.
    Grammar,
    /// The engine does not take it: it was made for another one.
    Refused(FeedError),
}

/// How many tokens an answer took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Of them, positions that were there already.
    pub cached_tokens: usize,
    /// Tokens of the answer, a stop token included.
    pub completion_tokens: usize,
}

/// What a step gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Piece {
    /// The token, if one was drawn.
    pub token: Option<u32>,
    /// Text that is certain now.
    pub text: String,
    /// Set in one piece, the last: the answer is complete.
    pub stop: Option<Stop>,
    /// The logits that the token was drawn from, where they were asked for.
    pub logits: Option<Arc<[i32]>>,
    /// How likely the token was, and others, where that was asked for.
    pub logprob: Option<TokenLogprob>,
    /// The vector that was asked for instead of tokens: integers of 24 fractional bits.
    pub vector: Option<Arc<[i32]>>,
}

/// An answer in the making.
pub struct Generation {
    request: Request,
    sequence: Sequence,
    cached: usize,
    output: Vec<u32>,
    /// Where it was asked for, once it is there.
    vector: Option<Arc<[i32]>>,
    history: History,
    /// What follows its grammar, where it has one.
    constraint: Option<Constraint>,
    stopper: Stopper,
    model: Arc<Model>,
    digest: blake3::Hasher,
    /// Whether pieces carry logits.
    logits_kept: bool,
    /// How many of the likeliest tokens are told with each.
    logprobs: Option<u8>,
    logits_frac: u8,
    sample_op: OpIndex,
    /// How it is to end with the next step.
    asked: Option<Stop>,
    /// How it ended: set with the last piece.
    stop: Option<Stop>,
    /// Steps since it was fed.
    pub(crate) waited: u64,
}

impl Generation {
    /// Starts an answer. Positions that `prefix` (a sequence and its tokens) has in common with the
    /// prompt are not computed again; this can't change a bit.
    ///
    /// # Errors
    /// [`RequestError`] names what is wrong with the request.
    pub fn new(
        model: &Arc<Model>,
        engine: &Engine,
        request: Request,
        prefix: Option<(&Sequence, &[u32])>,
    ) -> Result<Self, RequestError> {
        let constraint = request.constraint(model)?;
        Self::following(model, engine, request, prefix, constraint)
    }

    /// The same, of a request whose constraint is made already.
    pub(crate) fn following(
        model: &Arc<Model>,
        engine: &Engine,
        request: Request,
        prefix: Option<(&Sequence, &[u32])>,
        constraint: Option<Constraint>,
    ) -> Result<Self, RequestError> {
        request.check(model)?;
        let stopper = request.stopper(model)?;
        let sequence = match prefix {
            Some((sequence, known)) => sequence.prefix(common(known, &request.prompt)),
            None => engine.sequence(),
        };
        Ok(Self {
            cached: sequence.length(),
            sequence,
            output: Vec::new(),
            vector: None,
            history: request.history(),
            asked: stopper.before().map(Stop::from),
            constraint,
            stopper,
            model: Arc::clone(model),
            digest: blake3::Hasher::new(),
            logits_kept: false,
            logprobs: None,
            logits_frac: engine.logits_frac(),
            sample_op: engine.sample_op(),
            stop: None,
            waited: 0,
            request,
        })
    }

    /// Ends the answer where it stands: the next step gives its last piece. One that has ended
    /// stays as it is.
    pub fn cancel(&mut self) {
        if self.stop.is_none() {
            self.asked.get_or_insert(Stop::Cancelled);
        }
    }

    /// Whether each piece with a token is to carry the logits it was drawn from.
    pub fn keep_logits(&mut self, kept: bool) {
        self.logits_kept = kept;
    }

    /// Whether each piece with a token is to tell how likely it was, and so many of the likeliest.
    pub fn tell_logprobs(&mut self, top: Option<u8>) {
        self.logprobs = top;
    }

    /// Why it ended; `None` until its last piece was given.
    #[must_use]
    pub fn stop(&self) -> Option<Stop> {
        self.stop
    }

    /// The tokens of the answer.
    #[must_use]
    pub fn output(&self) -> &[u32] {
        &self.output
    }

    /// The vector, where one was asked for and it has ended with it.
    #[must_use]
    pub fn vector(&self) -> Option<&[i32]> {
        self.vector.as_deref()
    }

    /// How many tokens it took.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            prompt_tokens: self.request.prompt.len(),
            cached_tokens: self.cached,
            completion_tokens: self.output.len(),
        }
    }

    /// How many tokens of the prompt are still to be fed; of one that was set aside, all of them may be again.
    #[must_use]
    pub fn prompt_left(&self) -> usize {
        self.request.prompt.len().saturating_sub(self.sequence.length())
    }

    /// BLAKE3 over the logits that tokens were drawn from, as i32 in little endian.
    #[must_use]
    pub fn logits_digest(&self) -> Option<[u8; 32]> {
        self.request.logits_digest.then(|| *self.digest.finalize().as_bytes())
    }

    /// The keys and values, and the tokens they stand for: a prefix for the next request.
    #[must_use]
    pub fn into_prefix(self) -> (Sequence, Vec<u32>) {
        let mut tokens = self.request.prompt;
        tokens.extend(self.output);
        tokens.truncate(self.sequence.length());
        (self.sequence, tokens)
    }

    /// Its keys and values.
    pub(crate) fn sequence(&self) -> &Sequence {
        &self.sequence
    }

    /// The prompt, then the answer so far.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = u32> + '_ {
        self.request.prompt.iter().chain(&self.output).copied()
    }

    /// How many tokens are still to be fed before the next draw; one at least, and one where it is the last drawn.
    pub(crate) fn rows_left(&self) -> usize {
        let tokens = self.request.prompt.len() + self.output.len();
        tokens.saturating_sub(self.sequence.length())
    }

    /// Lets go of its keys and values. They are made again of the same tokens, so no bit changes.
    pub(crate) fn drop_held(&mut self) {
        self.sequence.truncate(0);
    }

    /// Goes on from these keys and values, which are those of its first tokens, but not of the last.
    pub(crate) fn go_on_from(&mut self, sequence: Sequence) {
        let first = self.output.is_empty();
        debug_assert!(sequence.length() < self.request.prompt.len() + self.output.len());
        self.sequence = sequence;
        if first {
            self.cached = self.sequence.length();
        }
    }

    /// The sequence and the tokens to feed it next, `chunk` at most, and what is wanted of them: nothing, unless they
    /// are the last before a draw.
    pub(crate) fn next(&mut self, chunk: usize) -> (&mut Sequence, &[u32], Wanted) {
        let held = self.sequence.length();
        let prompt = self.request.prompt.len();
        let (from, at) = match held.checked_sub(prompt) {
            None => (&self.request.prompt, held),
            Some(drawn) => (&self.output, drawn),
        };
        let tokens = &from[at..from.len().min(at + chunk.max(1))];
        let last = held + tokens.len() == prompt + self.output.len();
        let wanted = match (last, self.request.kind) {
            (false, _) => Wanted::Nothing,
            (true, WorkKind::Generate) => Wanted::Last,
            (true, WorkKind::Embed) => Wanted::Row,
        };
        (&mut self.sequence, tokens, wanted)
    }

    /// Draws the next token from the logits of the last position.
    pub(crate) fn draw(
        &mut self,
        kernels: &Kernels,
        logits: &[i32],
        scratch: &mut SampleScratch,
    ) -> Piece {
        if self.request.logits_digest {
            logits.iter().for_each(|logit| {
                self.digest.update(&logit.to_le_bytes());
            });
        }
        let (output, frac) = (self.output.len(), self.logits_frac);
        let mask = match self.constraint.as_mut().map(Constraint::mask).transpose() {
            Ok(mask) => mask,
            Err(_) => return self.end(Stop::Grammar),
        };
        match self.request.draw(kernels, logits, frac, &self.history, output, mask, scratch) {
            Ok(token) => {
                let kept = self.logits_kept.then(|| Arc::from(logits));
                let told = self.logprobs.and_then(|top| logprob(logits, frac, token, top));
                Piece { logits: kept, logprob: told, ..self.take(token) }
            }
            Err(_) => {
                let position = u32::try_from(self.request.prompt.len() + output - 1);
                let position = position.expect("positions are below 2^16");
                self.end(Stop::Fault(Fault { position, op: self.sample_op }))
            }
        }
    }

    /// Ends with the vector that this row points along.
    pub(crate) fn embed(&mut self, row: &[i32]) -> Piece {
        let vector: Arc<[i32]> = Arc::from(vector(row, self.request.tokens_max));
        self.vector = Some(Arc::clone(&vector));
        Piece { vector: Some(vector), ..self.end(Stop::Length) }
    }

    /// The last piece of an answer that is to end without another pass.
    pub(crate) fn end_asked_for(&mut self) -> Option<Piece> {
        self.asked.take().map(|stop| self.end(stop))
    }

    /// Ends the answer with what text is still held back.
    pub(crate) fn end(&mut self, stop: Stop) -> Piece {
        self.stop = Some(stop);
        Piece { text: self.stopper.flush(), stop: Some(stop), ..Piece::default() }
    }

    fn take(&mut self, token: u32) -> Piece {
        self.output.push(token);
        self.history.output(token);
        if let Some(constraint) = &mut self.constraint {
            // Where it can't go on, the next mask says so.
            let _ = constraint.accept(token);
        }
        let taken = self.stopper.take(self.model.tokenizer.token_bytes(), token);
        let (text, reason) = taken.expect("the tokenizer has every token of the program");
        self.stop = reason.map(Stop::from);
        Piece { token: Some(token), text, stop: self.stop, ..Piece::default() }
    }
}

impl Stop {
    /// What a receipt can say of it without anybody else's word: an answer that was cancelled is unfinished until the
    /// requester's signature is at hand.
    #[must_use]
    pub fn claim(self) -> receipt::Stop {
        match self {
            Self::Token(_) => receipt::Stop::Token,
            Self::String(index) => receipt::Stop::String { index },
            Self::Length => receipt::Stop::Length,
            Self::Fault(Fault { position, op }) => receipt::Stop::Fault { position, op: op.0 },
            Self::Cancelled | Self::Grammar | Self::Refused(_) => receipt::Stop::Unfinished,
        }
    }
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Token(token) => Self::Token(token),
            Reason::String(index) => Self::String(index),
            Reason::Length => Self::Length,
        }
    }
}

/// How many positions of `known` a prompt can go on from: one token at least is left to feed.
fn common(known: &[u32], prompt: &[u32]) -> usize {
    let same = known.iter().zip(prompt).take_while(|(a, b)| a == b).count();
    same.min(prompt.len() - 1)
}
