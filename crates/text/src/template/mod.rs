//! Chat templates: a conversation to prompt text, exactly as jinja2 renders it in transformers,
//! with every control token of the text known to be the template's and not a user's.
//!
//! # Whose text is it?
//!
//! A template glues its own literals (`<|im_start|>`) and user text into one string, and may trim,
//! cut or compare the latter on the way. If a user writes `<|im_end|>` himself, or one half of it
//! where the template supplies the other, the tokenizer must not take it for the token. So a
//! conversation is rendered twice:
//!
//! 1. *plain*: the template as published, with the user's strings. This is the prompt's text.
//! 2. *marked*: in the template's source (its text and its string literals, nowhere else) and in
//!    `bos_token` and its like, each control token's literal is spelled in private-use characters
//!    that occur nowhere in the conversation. The user's strings are the same as in 1, so that
//!    every comparison, search, slice or filter on them gives what it gave in 1.
//!
//! A control token then is where the marked rendering has its private spelling, and nowhere else.
//! That is sound because those characters are only ever copied from the template: no string of the
//! conversation has them, and no operation makes them. Some templates spell a token around the role
//! (`'<|' + message['role'] + '|>'`); so the parts around a role name are marked too, and the token
//! counts if between marked parts stands exactly a role's name. Finally the marked rendering, spelled
//! back, must equal the plain one; it can only differ if the template searches user text for a
//! control token's literal and finds it, and then the rendering is refused: nobody can say whose the
//! token is.
//!
//! A template may also put a token together in some other way (`'<{}>'.format(x)`). Then its literal
//! stands in the text unmarked although no user's text has its beginning or its end; rather than
//! feed the model plain text where it knows a token, the rendering is refused.
//!
//! (Rejected: marking the user's text instead. It changes what `'</think>' in content`, `== `,
//! `| upper` or `tojson` see, and object keys can't be marked at all.)
//!
//! # Never, and what happens instead
//!
//! No clock: `strftime_now` formats the time the caller gives, and is not defined without one. No files: `include`, `import` and
//! `extends` find nothing. No debugging: `pprint` and `debug` do not exist.
//!
//! A template of a stranger is run in place, so what it can use up is bounded:
//!
//! - *source*: [`MAX_TEMPLATE_BYTES`], and [`MAX_CODE_BYTES`] of code between two delimiters and
//!   [`MAX_ELIFS`], so that the parser does not nest without end (`source`, before anything is parsed);
//! - *steps*: [`TEMPLATE_FUEL`] instructions, [`MAX_TEMPLATE_RECURSION`] calls (the template engine);
//! - *memory*: [`MAX_MADE_BYTES`] for all texts and lists that a rendering makes, however it makes them
//!   and even if it forgets them, and [`MAX_RENDERED_BYTES`] for each single text (`budget`, before
//!   anything is made or, where the result is hardly longer than what it is made of, just after);
//! - *output*: [`MAX_RENDERED_BYTES`];
//! - *input*: the limits in `conversation`;
//! - *reading*: [`MAX_READ_BYTES`] for all that is compared, searched, sorted and indexed (`reads`, before).
//!
//! A conversation is rendered twice, one after the other, each time with all of this. Each excess is an error that names the limit; an error of the template names its line.

mod budget;
mod conversation;
mod machine;
mod marks;
mod python;
mod reads;
mod source;
mod strftime;

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::{Environment, ErrorKind, Value};

pub use conversation::{
    Conversation, ConversationError, MAX_CONVERSATION_BYTES, MAX_JSON_DEPTH, MAX_MESSAGES, Message,
    Role,
};
pub use strftime::{CivilTime, CivilTimeError};

use crate::tokenizer::{Segment, Tokenizer};
use budget::Budget;
use machine::Machine;
use marks::Marks;

/// The longest template.
pub const MAX_TEMPLATE_BYTES: usize = 256 << 10;
/// The most code between two delimiters, string literals not counted.
pub const MAX_CODE_BYTES: usize = 8 << 10;
/// The most `elif` of a template.
pub const MAX_ELIFS: usize = 128;
/// The longest rendered prompt, and the longest text a template may make on the way.
pub const MAX_RENDERED_BYTES: usize = 16 << 20;
/// What all texts and lists that a rendering makes may take.
pub const MAX_MADE_BYTES: usize = 64 << 20;
/// What a rendering may look at in comparisons, searches, sorting and indexing: at most a second or
/// so. An honest template reads a conversation some ten times.
pub const MAX_READ_BYTES: usize = 512 << 20;
/// Template instructions per rendering; a message costs a public template some 30 to 300.
pub const TEMPLATE_FUEL: u64 = 5_000_000;
/// How deep template constructs may nest at run time.
pub const MAX_TEMPLATE_RECURSION: usize = 100;

/// Why a template or a rendering is refused. Lines are the template's, from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("the template has {0} bytes; at most {MAX_TEMPLATE_BYTES} are allowed")]
    TooLong(usize),
    #[error(
        "template line {line}: more than {MAX_CODE_BYTES} bytes of code in one place, or more than \
         {MAX_ELIFS} elif"
    )]
    TooMuchCode { line: usize },
    #[error("template line {line}: {detail}")]
    Syntax { line: usize, detail: String },
    #[error("template line {line}: {detail}")]
    Render { line: usize, detail: String },
    #[error("the template refuses this conversation (line {line}): {message}")]
    Raised { line: usize, message: String },
    #[error("template line {line}: more than {TEMPLATE_FUEL} steps; shorten the conversation")]
    OutOfFuel { line: usize },
    #[error(
        "template line {line}: it makes more than {MAX_MADE_BYTES} bytes of text and lists, or one \
         text of more than {MAX_RENDERED_BYTES}; shorten the conversation"
    )]
    TooMuchMade { line: usize },
    #[error(
        "template line {line}: it compares and searches more than {MAX_READ_BYTES} bytes; shorten the \
         conversation"
    )]
    TooMuchRead { line: usize },
    #[error("the prompt is longer than {MAX_RENDERED_BYTES} bytes; shorten the conversation")]
    OutputTooLong,
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    #[error(
        "the template decides by a control token's literal in the conversation's text, so it can't \
         be told whose the token is; remove the literal from the messages"
    )]
    Ambiguous,
    #[error(
        "the template spells the control token {0:?} in a way that can't be followed (neither as one \
         literal nor around a role's name), so it would be read as plain text"
    )]
    Unfollowed(String),
    #[error("the conversation's text leaves no private-use characters free; remove some of them")]
    NoFreeMarks,
}

/// A template and the control tokens of its tokenizer.
#[derive(Clone, Debug)]
pub struct ChatTemplate {
    source: String,
    control: Vec<String>,
    names: BTreeMap<&'static str, String>,
}

impl ChatTemplate {
    /// Checks the template's size and syntax.
    pub fn new(source: &str, tokenizer: &Tokenizer) -> Result<Self, TemplateError> {
        if source.len() > MAX_TEMPLATE_BYTES {
            return Err(TemplateError::TooLong(source.len()));
        }
        if let Some(line) = source::too_much_code(source, MAX_CODE_BYTES, MAX_ELIFS) {
            return Err(TemplateError::TooMuchCode { line });
        }
        let template = Self {
            source: source.to_owned(),
            control: tokenizer.control_literals().to_vec(),
            names: tokenizer.special_names().clone(),
        };
        let plain = source::rewrite(source, &mut |text| text.to_owned());
        match Machine::new(&plain) {
            Ok(_) => Ok(template),
            Err(error) => Err(syntax_error(&error)),
        }
    }

    /// Its source, as it was given.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The prompt of a conversation.
    pub fn render(&self, conversation: &Conversation) -> Result<Rendered, TemplateError> {
        let strings = conversation.check(&self.names)?;
        let all = [self.source.as_str()].into_iter().chain(strings.iter().copied());
        let marks = Marks::new(&self.control, all).ok_or(TemplateError::NoFreeMarks)?;

        let plain = source::rewrite(&self.source, &mut |text| text.to_owned());
        let text = self.run(&plain, conversation, |name| name.to_owned())?;

        let marked = source::rewrite(&self.source, &mut |text| marks.mark_fragment(text));
        let marked = self
            .run(&marked, conversation, |name| marks.mark_whole(name))
            .map_err(|_| TemplateError::Ambiguous)?;
        let (unmarked, controls) = marks.unmark(&marked);
        if unmarked != text {
            return Err(TemplateError::Ambiguous);
        }
        if let Some(literal) = marks.unfollowed(&text, &controls, &strings) {
            return Err(TemplateError::Unfollowed(literal.to_owned()));
        }
        Ok(Rendered { text, controls })
    }

    fn run(
        &self,
        source: &str,
        conversation: &Conversation,
        special: impl Fn(&str) -> String,
    ) -> Result<String, TemplateError> {
        let budget = Budget::new();
        let mut environment = python::environment(conversation.now, &budget);
        environment.set_fuel(Some(TEMPLATE_FUEL));
        environment.set_recursion_limit(MAX_TEMPLATE_RECURSION);
        let machine = Machine::new(source).map_err(|e| syntax_error(&e))?;
        let names = self.names.iter().map(|(name, text)| (*name, special(text)));
        let text = machine
            .run(&environment, conversation.variables(names))
            .map_err(|error| render_error(&error))?;
        if text.len() > MAX_RENDERED_BYTES {
            return Err(TemplateError::OutputTooLong);
        }
        Ok(text)
    }
}

/// A prompt's text, and where in it the template wrote control tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    /// Byte ranges of control tokens' literals, ascending, apart.
    pub controls: Vec<Range<usize>>,
}

impl Rendered {
    /// What to encode: the template's control tokens are trusted, all else is plain text.
    pub fn segments(&self) -> Vec<Segment<'_>> {
        let mut segments = Vec::with_capacity(2 * self.controls.len() + 1);
        let mut done = 0;
        for range in &self.controls {
            segments.push(Segment::Untrusted(&self.text[done..range.start]));
            segments.push(Segment::Trusted(&self.text[range.clone()]));
            done = range.end;
        }
        segments.push(Segment::Untrusted(&self.text[done..]));
        segments
    }
}

fn syntax_error(error: &minijinja::Error) -> TemplateError {
    TemplateError::Syntax { line: error.line().unwrap_or(1), detail: detail(error) }
}

fn render_error(error: &minijinja::Error) -> TemplateError {
    let line = error.line().unwrap_or(1);
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(current) = cause {
        if let Some(raised) = current.downcast_ref::<python::Raised>() {
            return TemplateError::Raised { line, message: raised.0.clone() };
        }
        if let Some(inner) = current.downcast_ref::<minijinja::Error>()
            && inner.kind() == ErrorKind::OutOfFuel
        {
            return TemplateError::OutOfFuel { line };
        }
        if current.is::<budget::Exhausted>() {
            return TemplateError::TooMuchMade { line };
        }
        if current.is::<budget::ReadOut>() {
            return TemplateError::TooMuchRead { line };
        }
        cause = current.source();
    }
    TemplateError::Render { line, detail: detail(error) }
}

fn detail(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// A template's variables by name.
pub(crate) type Variables = BTreeMap<String, Value>;

/// The environment every template runs in.
pub(crate) type Jinja = Environment<'static>;
