//! What a job commits to when its answer is to follow a grammar.
//!
//! A definition names the engine that gives it its meaning, and that engine's version: what another version makes of the
//! same text is another grammar. Its hash is the parameter `grammar` of the job. It never says whether the text is any
//! good: that is the engine's to find ([`super::Constraint::new`]).

use thiserror::Error;

use super::limits::{
    self, GRAMMAR_BYTES_MAX, GRAMMAR_DEPTH_MAX, GRAMMAR_MEETING_MAX, GRAMMAR_MULTIPLE_MAX,
    GRAMMAR_NAMES_MAX,
};

/// The engine that we have.
const ENGINE: &str = "llguidance";
/// Its version: the one `Cargo.lock` pins, by a test.
const VERSION: &str = "1.9.1";
/// Most bytes of the name of an engine, and of its version.
const NAME_BYTES_MAX: usize = 32;
/// What the bytes of every definition begin with.
const DOMAIN: &[u8] = b"probity grammar v1";
/// The version of these bytes.
const FORMAT: u16 = 1;

/// How the text of a definition is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrammarKind {
    /// Any JSON object; there is no text.
    JsonObject,
    /// A JSON schema.
    JsonSchema,
    /// A grammar in the engine's dialect of Lark.
    Lark,
    /// One regular expression for the whole answer.
    Regex,
}

/// A definition: engine, version, kind and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grammar {
    engine: String,
    version: String,
    kind: GrammarKind,
    text: String,
}

/// The parts of a definition as a job's messages tell them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrammarText<'a> {
    /// The engine's name.
    pub engine: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The kind's name.
    pub kind: &'a str,
    /// The text.
    pub text: &'a str,
}

/// Why a grammar can't be followed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GrammarError {
    /// A kind nobody knows.
    #[error("{0:?} is no kind of grammar: use json_object, json_schema, lark or regex")]
    Kind(String),
    /// A name of an engine or a version that is none.
    #[error(
        "a grammar's {0} has 1 to {NAME_BYTES_MAX} letters, digits, dots, dashes or underscores"
    )]
    Name(&'static str),
    /// A text where there is none.
    #[error("a grammar of the kind json_object has no text: leave it empty")]
    TextOfObject,
    /// Another engine, or another version of it.
    #[error(
        "there is no {engine} {version} here: this release has {ENGINE} {VERSION}, and none in WebAssembly"
    )]
    Engine {
        /// Its name.
        engine: String,
        /// Its version.
        version: String,
    },
    /// Too many bytes.
    #[error("the grammar has {0} bytes; at most {GRAMMAR_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// Too deep.
    #[error(
        "the grammar is nested {0} deep, what its references lead to counted in; at most \
         {GRAMMAR_DEPTH_MAX} are allowed"
    )]
    TooDeep(usize),
    /// A `multipleOf` that costs too much.
    #[error(
        "multipleOf {0} is refused: without its decimal point it, and the product of different ones, \
         may be {GRAMMAR_MULTIPLE_MAX} at most"
    )]
    Multiple(String),
    /// Too many names.
    #[error(
        "the schema has {0} different names of members; at most {GRAMMAR_NAMES_MAX} are allowed"
    )]
    Names(usize),
    /// Expressions that meet.
    #[error(
        "too many expressions hold for one string: the ways in which they can go on by one byte, \
         multiplied, may be {GRAMMAR_MEETING_MAX} at most; have fewer `pattern` and `format` meet (by \
         allOf, $ref or anyOf beside them), or simpler ones, and no & in Lark"
    )]
    Meeting,
    /// What the engine says of it.
    #[error("the grammar is refused: {0}")]
    Refused(String),
    /// A bound of the engine's that following it reached.
    #[error("the grammar takes more than this release spends on one token: {0}")]
    Limit(String),
    /// A token that the mask did not allow.
    #[error("token {0} is not what the grammar allows here")]
    Token(u32),
    /// No token ends an answer.
    #[error("an answer that follows a grammar ends by a stop token: give at least one")]
    NoStopToken,
    /// A vocabulary the engine can't take.
    #[error("the vocabulary has {0} bytes of text, more than can be followed by a grammar")]
    Vocabulary(usize),
}

impl GrammarKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::JsonObject, Self::JsonSchema, Self::Lark, Self::Regex];

    /// Its name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::JsonObject => "json_object",
            Self::JsonSchema => "json_schema",
            Self::Lark => "lark",
            Self::Regex => "regex",
        }
    }

    /// Its number in the bytes.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::JsonObject => 1,
            Self::JsonSchema => 2,
            Self::Lark => 3,
            Self::Regex => 4,
        }
    }
}

impl Grammar {
    /// Any JSON object.
    #[must_use]
    pub fn json_object() -> Self {
        Self::ours(GrammarKind::JsonObject, String::new())
    }

    /// What a JSON schema describes. The text is kept as it stands: its spelling is part of the grammar.
    #[must_use]
    pub fn json_schema(schema: impl Into<String>) -> Self {
        Self::ours(GrammarKind::JsonSchema, schema.into())
    }

    /// A grammar in the engine's dialect of Lark.
    #[must_use]
    pub fn lark(text: impl Into<String>) -> Self {
        Self::ours(GrammarKind::Lark, text.into())
    }

    /// A regular expression for the whole answer.
    #[must_use]
    pub fn regex(text: impl Into<String>) -> Self {
        Self::ours(GrammarKind::Regex, text.into())
    }

    /// A definition as messages tell it: of any engine and version, for what we don't have may be known to others.
    ///
    /// # Errors
    /// [`GrammarError`] where the parts make no definition.
    pub fn from_parts(parts: GrammarText<'_>) -> Result<Self, GrammarError> {
        let kind = GrammarKind::ALL.into_iter().find(|kind| kind.name() == parts.kind);
        let kind = kind.ok_or_else(|| GrammarError::Kind(parts.kind.chars().take(64).collect()))?;
        for (what, name) in [("engine", parts.engine), ("version", parts.version)] {
            if !is_name(name) {
                return Err(GrammarError::Name(what));
            }
        }
        if parts.text.len() > GRAMMAR_BYTES_MAX {
            return Err(GrammarError::TooLong(parts.text.len()));
        }
        if kind == GrammarKind::JsonObject && !parts.text.is_empty() {
            return Err(GrammarError::TextOfObject);
        }
        Ok(Self {
            engine: parts.engine.into(),
            version: parts.version.into(),
            kind,
            text: parts.text.into(),
        })
    }

    /// Its parts, as messages tell them.
    #[must_use]
    pub fn parts(&self) -> GrammarText<'_> {
        GrammarText {
            engine: &self.engine,
            version: &self.version,
            kind: self.kind.name(),
            text: &self.text,
        }
    }

    /// How the text is meant.
    #[must_use]
    pub fn kind(&self) -> GrammarKind {
        self.kind
    }

    /// Its canonical bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + self.text.len());
        let short = |bytes: &mut Vec<u8>, name: &[u8]| {
            bytes.push(u8::try_from(name.len()).expect("names have at most 32 bytes"));
            bytes.extend_from_slice(name);
        };
        short(&mut bytes, DOMAIN);
        bytes.extend(FORMAT.to_le_bytes());
        short(&mut bytes, self.engine.as_bytes());
        short(&mut bytes, self.version.as_bytes());
        bytes.extend(self.kind.number().to_le_bytes());
        // Ours may be longer than any job can hold: it is refused before it is followed.
        let length = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        bytes.extend(length.to_le_bytes());
        bytes.extend_from_slice(self.text.as_bytes());
        bytes
    }

    /// The BLAKE3 of its bytes: the parameter `grammar` of a job.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        *blake3::hash(&self.bytes()).as_bytes()
    }

    /// Whether the engine may see it: one that we have, and a text within the limits.
    ///
    /// # Errors
    /// [`GrammarError`].
    pub fn check(&self) -> Result<(), GrammarError> {
        let ours = (self.engine.as_str(), self.version.as_str()) == (ENGINE, VERSION);
        // The engine reads a clock for its own statistics, which is not there.
        if !ours || cfg!(target_arch = "wasm32") {
            let (engine, version) = (self.engine.clone(), self.version.clone());
            return Err(GrammarError::Engine { engine, version });
        }
        limits::check(self.kind, &self.text)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    fn ours(kind: GrammarKind, text: String) -> Self {
        Self { engine: ENGINE.into(), version: VERSION.into(), kind, text }
    }
}

impl GrammarError {
    /// Whether it says that the bytes are no definition at all, whoever reads them. Anything else may be otherwise in
    /// another release.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        match self {
            Self::Kind(_) | Self::Name(_) | Self::TextOfObject | Self::NoStopToken => true,
            Self::Engine { .. }
            | Self::TooLong(_)
            | Self::TooDeep(_)
            | Self::Multiple(_)
            | Self::Names(_)
            | Self::Meeting
            | Self::Refused(_)
            | Self::Limit(_)
            | Self::Token(_)
            | Self::Vocabulary(_) => false,
        }
    }
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain)
}
