//! The tokenizer part: a vocabulary as plain data, with everything resolved that depended on whose reader read it.
//!
//! Never tokenizes, and never says whether the pre-tokenizer is known or the merges make sense: whoever builds a
//! tokenizer of it does. Failure: [`WireError`] names the field.

use commit::{Reader, WireError, Writer};

use crate::limits;
use crate::text;

const VERSION: u16 = 1;
/// Byte-level BPE, the only kind.
const BYTE_LEVEL: u8 = 1;
const ADD_BEGINNING: u8 = 1;
const ADD_END: u8 = 2;
/// Stands for no token.
const NONE: u32 = u32::MAX;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// Text in the byte-level alphabet.
    Normal,
    /// For what has no token.
    Unknown,
    /// Steers the model; never made of a user's text.
    Control,
    /// Text as it stands.
    UserDefined,
    /// Stands for nothing.
    Unused,
    /// A byte.
    Byte,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenType,
    /// Its text as upstream stores it.
    pub text: String,
}

/// Tokens with a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpecialTokens {
    /// Begins a text.
    pub beginning: Option<u32>,
    /// Ends a text.
    pub end: Option<u32>,
    /// Ends a turn.
    pub end_of_turn: Option<u32>,
    /// Ends a message.
    pub end_of_message: Option<u32>,
    /// For what has no token.
    pub unknown: Option<u32>,
    /// Fills up.
    pub padding: Option<u32>,
}

/// A vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokenizer {
    /// The rule that cuts text into words, by name.
    pub pre_tokenizer: String,
    /// Whether a prompt begins with the token that begins a text.
    pub add_beginning: bool,
    /// Whether it ends with the one that ends a text.
    pub add_end: bool,
    /// Tokens with a role.
    pub special: SpecialTokens,
    /// All tokens that end an answer, ascending.
    pub stop_tokens: Vec<u32>,
    /// By id.
    pub tokens: Vec<Token>,
    /// Pairs of ids, by rank.
    pub merges: Vec<(u32, u32)>,
}

impl TokenType {
    const ALL: [Self; 6] =
        [Self::Normal, Self::Unknown, Self::Control, Self::UserDefined, Self::Unused, Self::Byte];

    /// The number in encodings, which is GGUF's.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Normal => 1,
            Self::Unknown => 2,
            Self::Control => 3,
            Self::UserDefined => 4,
            Self::Unused => 5,
            Self::Byte => 6,
        }
    }

    /// Whether it adds nothing to a text.
    #[must_use]
    pub const fn special(self) -> bool {
        match self {
            Self::Unknown | Self::Control => true,
            Self::Normal | Self::UserDefined | Self::Unused | Self::Byte => false,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

impl SpecialTokens {
    fn all(&self) -> [(&'static str, Option<u32>); 6] {
        [
            ("the beginning token", self.beginning),
            ("the end token", self.end),
            ("the end of turn token", self.end_of_turn),
            ("the end of message token", self.end_of_message),
            ("the unknown token", self.unknown),
            ("the padding token", self.padding),
        ]
    }
}

impl Tokenizer {
    /// The canonical bytes.
    ///
    /// # Errors
    /// [`WireError`] for a vocabulary beyond its limits or with ids it does not have.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        self.check()?;
        let mut out = Writer::new();
        out.u16(VERSION);
        out.u8(BYTE_LEVEL);
        text::write_name(&mut out, &self.pre_tokenizer);
        let flag = |set, flag| if set { flag } else { 0 };
        out.u8(flag(self.add_beginning, ADD_BEGINNING) | flag(self.add_end, ADD_END));
        for (_, id) in self.special.all() {
            out.u32(id.unwrap_or(NONE));
        }
        out.length_u32(self.stop_tokens.len());
        self.stop_tokens.iter().for_each(|id| out.u32(*id));
        out.length_u32(self.tokens.len());
        for token in &self.tokens {
            out.u8(token.kind.number());
            out.length_u16(token.text.len());
            out.bytes(token.text.as_bytes());
        }
        out.length_u32(self.merges.len());
        for (left, right) in &self.merges {
            out.u32(*left);
            out.u32(*right);
        }
        Ok(out.finish())
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        input.version("tokenizer", VERSION)?;
        match input.u8("the tokenizer's kind")? {
            BYTE_LEVEL => {}
            found => {
                let what = "the tokenizer's kind";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        }
        let pre_tokenizer = text::read_name(&mut input, "the pre-tokenizer")?;
        let flags = input.u8("the tokenizer's flags")?;
        if flags & !(ADD_BEGINNING | ADD_END) != 0 {
            let what = "the tokenizer's flags";
            return Err(WireError::Unknown { what, found: flags.into() });
        }
        let mut id = |what| Ok(Some(input.u32(what)?).filter(|id| *id != NONE));
        let special = SpecialTokens {
            beginning: id("the beginning token")?,
            end: id("the end token")?,
            end_of_turn: id("the end of turn token")?,
            end_of_message: id("the end of message token")?,
            unknown: id("the unknown token")?,
            padding: id("the padding token")?,
        };
        let tokenizer = Self {
            pre_tokenizer,
            add_beginning: flags & ADD_BEGINNING != 0,
            add_end: flags & ADD_END != 0,
            special,
            stop_tokens: input
                .list_u32("stop tokens", limits::TOKENS_MAX, |input| input.u32("a stop token"))?,
            tokens: input.list_u32("tokens", limits::TOKENS_MAX, read_token)?,
            merges: input.list_u32("merges", limits::MERGES_MAX, |input| {
                Ok((input.u32("a merge")?, input.u32("a merge")?))
            })?,
        };
        input.end("the tokenizer")?;
        tokenizer.check()?;
        Ok(tokenizer)
    }

    fn check(&self) -> Result<(), WireError> {
        text::name("the pre-tokenizer", &self.pre_tokenizer)?;
        for (what, found, max) in [
            ("tokens", self.tokens.len(), limits::TOKENS_MAX),
            ("merges", self.merges.len(), limits::MERGES_MAX),
        ] {
            if found > max {
                return Err(WireError::Limit { what, found, max });
            }
        }
        for token in &self.tokens {
            let (what, found, max) =
                ("bytes of a token", token.text.len(), limits::TOKEN_BYTES_MAX);
            if found > max {
                return Err(WireError::Limit { what, found, max });
            }
            if found == 0 {
                return Err(WireError::Value { what: "a token", reason: "its text is empty" });
            }
        }
        self.check_ids()
    }

    fn check_ids(&self) -> Result<(), WireError> {
        let known = |id: u32| usize::try_from(id).is_ok_and(|id| id < self.tokens.len());
        let no_such = |what| Err(WireError::Value { what, reason: "there is no token of this id" });
        for (what, id) in self.special.all() {
            if !id.is_none_or(known) {
                return no_such(what);
            }
        }
        if !self.stop_tokens.is_sorted_by(|a, b| a < b) {
            return Err(WireError::Order { what: "stop tokens" });
        }
        if !self.stop_tokens.iter().all(|id| known(*id)) {
            return no_such("a stop token");
        }
        if !self.merges.iter().all(|(left, right)| known(*left) && known(*right)) {
            return no_such("a merge");
        }
        let absent =
            |what| Err(WireError::Value { what, reason: "it is to be added, but not named" });
        match (self.special.beginning, self.special.end) {
            (None, _) if self.add_beginning => absent("the beginning token"),
            (_, None) if self.add_end => absent("the end token"),
            (_, _) => Ok(()),
        }
    }
}

fn read_token(input: &mut Reader<'_>) -> Result<Token, WireError> {
    let number = input.u8("a token's type")?;
    let unknown = WireError::Unknown { what: "a token's type", found: number.into() };
    let kind = TokenType::from_number(number).ok_or(unknown)?;
    let text = input.bytes_u16("bytes of a token", limits::TOKEN_BYTES_MAX)?;
    Ok(Token { kind, text: text::utf8("a token's text", text)?.to_owned() })
}
