//! One answer in the making.
//!
//! The state is the sequence of tokens so far; every step is a function of it and the request. It
//! never looks at other answers, at time, or at how its prompt was cut into chunks. However it ends,
//! there is exactly one last [`Piece`], the one with a stop, and nothing after it.

use std::sync::Arc;

use canon::sample::{History, Parameters, SampleRefused, SampleScratch, Sampling, noise};
use engine::{Engine, Fault, FeedError, Sequence};
use program::OpIndex;
use text::{Detokenizer, StopStringError, StopStrings, Stopped};
use thiserror::Error;

use crate::model::Model;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The rendered prompt; at least one token.
    pub prompt: Vec<u32>,
    /// How tokens are drawn.
    pub parameters: Parameters,
    /// Where the noise comes from (`spec/sampling.md`).
    pub seed: [u8; 32],
    /// Which of several answers to one request this is.
    pub choice: u32,
    /// Most tokens of the answer.
    pub tokens_max: usize,
    /// Texts that end the answer.
    pub stop_strings: Vec<String>,
    /// Whether stop tokens of the model end the answer.
    pub stop_tokens: bool,
    /// Whether to hash all logits that tokens were drawn from.
    pub logits_digest: bool,
}

/// Why a request is refused.
#[derive(Debug, Error)]
pub enum RequestError {
    /// Nothing to go on from.
    #[error("the prompt is empty: give it at least one token")]
    EmptyPrompt,
    /// A prompt that leaves no room.
    #[error("the prompt has {tokens} tokens, the model's context only {context_max}: shorten it")]
    TooLong {
        /// Tokens of the prompt.
        tokens: usize,
        /// Positions of the model.
        context_max: usize,
    },
    /// A token the model does not have.
    #[error("token {token} of the prompt is not below the model's {vocabulary}")]
    Token {
        /// The token.
        token: u32,
        /// Token ids are below this.
        vocabulary: u32,
    },
    /// A stop string that can't be one.
    #[error(transparent)]
    StopString(#[from] StopStringError),
    /// Parameters of another vocabulary.
    #[error(transparent)]
    Sampling(#[from] SampleRefused),
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The model drew a stop token.
    Token(u32),
    /// The stop string of this index appeared.
    String(usize),
    /// As long as asked for, or as long as the context allows.
    Length,
    /// Whoever asked no longer wants it.
    Cancelled,
    /// The arithmetic's specified outcome.
    Fault(Fault),
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The token, if one was drawn.
    pub token: Option<u32>,
    /// Text that is certain now.
    pub text: String,
    /// Set in one piece, the last: the answer is complete.
    pub stop: Option<Stop>,
}

/// An answer in the making.
pub struct Generation {
    request: Request,
    sequence: Sequence,
    cached: usize,
    output: Vec<u32>,
    history: History,
    detokenizer: Detokenizer,
    stop_strings: StopStrings,
    model: Arc<Model>,
    digest: blake3::Hasher,
    length_max: usize,
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
        let (tokens, context_max) = (request.prompt.len(), engine.context_max());
        if tokens == 0 {
            return Err(RequestError::EmptyPrompt);
        }
        if tokens >= context_max {
            return Err(RequestError::TooLong { tokens, context_max });
        }
        let vocabulary = model.program.program().vocabulary;
        if let Some(token) = request.prompt.iter().copied().find(|token| *token >= vocabulary) {
            return Err(RequestError::Token { token, vocabulary });
        }
        let stops: Vec<&str> = request.stop_strings.iter().map(String::as_str).collect();
        let stop_strings = StopStrings::new(&stops)?;
        let mut history = History::new();
        request.prompt.iter().for_each(|token| history.prompt(*token));
        let zeros = vec![0; usize::try_from(vocabulary).unwrap_or(usize::MAX)];
        let frac = engine.logits_frac();
        Sampling::new(&zeros, frac, &request.parameters, &history, None, 0)?;
        let sequence = match prefix {
            Some((sequence, known)) => sequence.prefix(common(known, &request.prompt)),
            None => engine.sequence(),
        };
        Ok(Self {
            cached: sequence.length(),
            sequence,
            output: Vec::new(),
            history,
            detokenizer: Detokenizer::default(),
            stop_strings,
            model: Arc::clone(model),
            digest: blake3::Hasher::new(),
            length_max: tokens.saturating_add(request.tokens_max).min(context_max),
            logits_frac: frac,
            sample_op: engine.sample_op(),
            asked: (request.tokens_max == 0).then_some(Stop::Length),
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

    /// How many tokens it took.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            prompt_tokens: self.request.prompt.len(),
            cached_tokens: self.cached,
            completion_tokens: self.output.len(),
        }
    }

    /// How many tokens of the prompt are still to be fed.
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

    /// The sequence and the tokens to feed it next, `chunk` at most, and whether they are the last
    /// before a draw.
    pub(crate) fn next(&mut self, chunk: usize) -> (&mut Sequence, &[u32], bool) {
        let held = self.sequence.length();
        let prompt = self.request.prompt.len();
        let tokens = if held < prompt {
            &self.request.prompt[held..prompt.min(held + chunk.max(1))]
        } else {
            &self.output[held - prompt..]
        };
        let last = held + tokens.len() == prompt + self.output.len();
        (&mut self.sequence, tokens, last)
    }

    /// Draws the next token from the logits of the last position.
    pub(crate) fn draw(
        &mut self,
        engine: &Engine,
        logits: &[i32],
        scratch: &mut SampleScratch,
    ) -> Piece {
        if self.request.logits_digest {
            logits.iter().for_each(|logit| {
                self.digest.update(&logit.to_le_bytes());
            });
        }
        let position = self.request.prompt.len() + self.output.len();
        let turn = u64::try_from(position).expect("positions are below 2^16");
        let noise = noise(&self.request.seed, self.request.choice, turn);
        let parameters = &self.request.parameters;
        let sampling =
            Sampling::new(logits, self.logits_frac, parameters, &self.history, None, noise);
        let sampling = sampling.expect("checked when the request was taken");
        match engine.kernels().sample(&sampling, scratch) {
            Ok(token) => self.take(token),
            Err(_) => {
                let position = u32::try_from(position - 1).expect("positions are below 2^16");
                self.end(Stop::Fault(Fault { position, op: self.sample_op }))
            }
        }
    }

    /// The last piece of an answer that is to end without another pass.
    pub(crate) fn end_asked_for(&mut self) -> Option<Piece> {
        self.asked.take().map(|stop| self.end(stop))
    }

    /// Ends the answer with what text is still held back.
    pub(crate) fn end(&mut self, stop: Stop) -> Piece {
        self.stop = Some(stop);
        // What the flush adds is a mark for broken bytes: no stop string is looked for in it.
        let mut text = self.stop_strings.flush();
        text.push_str(&self.detokenizer.flush());
        Piece { token: None, text, stop: Some(stop) }
    }

    fn take(&mut self, token: u32) -> Piece {
        self.output.push(token);
        self.history.output(token);
        if self.request.stop_tokens && self.model.tokenizer.stop_tokens().contains(token) {
            return Piece { token: Some(token), ..self.end(Stop::Token(token)) };
        }
        let text = self.detokenizer.push(self.model.tokenizer.token_bytes(), token);
        let text = text.expect("the tokenizer has every token of the program");
        match self.stop_strings.push(&text) {
            Stopped::Yes { text, index } => {
                self.stop = Some(Stop::String(index));
                Piece { token: Some(token), text, stop: self.stop }
            }
            Stopped::No(text)
                if self.request.prompt.len() + self.output.len() < self.length_max =>
            {
                Piece { token: Some(token), text, stop: None }
            }
            Stopped::No(text) => {
                let end = self.end(Stop::Length);
                Piece { token: Some(token), text: text + &end.text, stop: end.stop }
            }
        }
    }
}

/// How many positions of `known` a prompt can go on from: one token at least is left to feed.
fn common(known: &[u32], prompt: &[u32]) -> usize {
    let same = known.iter().zip(prompt).take_while(|(a, b)| a == b).count();
    same.min(prompt.len() - 1)
}
