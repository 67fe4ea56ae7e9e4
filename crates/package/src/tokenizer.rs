//! The tokenizer part: a vocabulary as plain data, with everything resolved that depended on whose reader read it.
//!
//! Never tokenizes, and never says whether the pre-tokenizer is known or the merges make sense: whoever builds a
//! tokenizer of it does. Failure: [`WireError`] names the field.

use commit::{Reader, WireError, Writer};

use crate::limits;
use crate::text;

const VERSION: u16 = 1;
const BYTE_LEVEL: u8 = 1;
const SENTENCE_PIECE: u8 = 2;
const ADD_BEGINNING: u8 = 1;
const ADD_END: u8 = 2;
const ADD_SPACE: u8 = 4;
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

/// How text becomes tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenizerKind {
    /// Byte-level BPE.
    ByteLevel {
        /// The rule that cuts text into words, by name.
        pre_tokenizer: String,
        /// Pairs of ids, by rank.
        merges: Vec<(u32, u32)>,
    },
    /// SentencePiece's BPE.
    SentencePiece {
        /// Whether a text begins with a space it has not.
        add_space: bool,
        /// By id: how many different scores are higher.
        ranks: Vec<u32>,
        /// The tokens behind which a text loses the white space it begins with, ascending.
        stripping_tokens: Vec<u32>,
    },
}

/// A vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokenizer {
    /// How text becomes tokens.
    pub kind: TokenizerKind,
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
    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut id = |what| Ok(Some(input.u32(what)?).filter(|id| *id != NONE));
        Ok(Self {
            beginning: id("the beginning token")?,
            end: id("the end token")?,
            end_of_turn: id("the end of turn token")?,
            end_of_message: id("the end of message token")?,
            unknown: id("the unknown token")?,
            padding: id("the padding token")?,
        })
    }

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

impl TokenizerKind {
    const fn number(&self) -> u8 {
        match self {
            Self::ByteLevel { .. } => BYTE_LEVEL,
            Self::SentencePiece { .. } => SENTENCE_PIECE,
        }
    }

    /// What stands behind the tokens.
    fn write(&self, out: &mut Writer) {
        match self {
            Self::ByteLevel { merges, .. } => {
                out.length_u32(merges.len());
                for (left, right) in merges {
                    out.u32(*left);
                    out.u32(*right);
                }
            }
            Self::SentencePiece { ranks, stripping_tokens, .. } => {
                ranks.iter().for_each(|rank| out.u32(*rank));
                write_ids(out, stripping_tokens);
            }
        }
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
        out.u8(self.kind.number());
        let flag = |set, flag| if set { flag } else { 0 };
        let mut flags = flag(self.add_beginning, ADD_BEGINNING) | flag(self.add_end, ADD_END);
        match &self.kind {
            TokenizerKind::ByteLevel { pre_tokenizer, .. } => {
                text::write_name(&mut out, pre_tokenizer);
            }
            TokenizerKind::SentencePiece { add_space, .. } => flags |= flag(*add_space, ADD_SPACE),
        }
        out.u8(flags);
        for (_, id) in self.special.all() {
            out.u32(id.unwrap_or(NONE));
        }
        write_ids(&mut out, &self.stop_tokens);
        out.length_u32(self.tokens.len());
        for token in &self.tokens {
            out.u8(token.kind.number());
            out.length_u16(token.text.len());
            out.bytes(token.text.as_bytes());
        }
        self.kind.write(&mut out);
        Ok(out.finish())
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        input.version("tokenizer", VERSION)?;
        let number = input.u8("the tokenizer's kind")?;
        let (pre_tokenizer, known_flags) = match number {
            BYTE_LEVEL => {
                (text::read_name(&mut input, "the pre-tokenizer")?, ADD_BEGINNING | ADD_END)
            }
            SENTENCE_PIECE => (String::new(), ADD_BEGINNING | ADD_END | ADD_SPACE),
            found => {
                let what = "the tokenizer's kind";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        };
        let flags = input.u8("the tokenizer's flags")?;
        if flags & !known_flags != 0 {
            let what = "the tokenizer's flags";
            return Err(WireError::Unknown { what, found: flags.into() });
        }
        let special = SpecialTokens::read(&mut input)?;
        let stop_tokens = read_ids(&mut input, "stop tokens", "a stop token")?;
        let tokens = input.list_u32("tokens", limits::TOKENS_MAX, read_token)?;
        let kind = if number == BYTE_LEVEL {
            let merges = input.list_u32("merges", limits::MERGES_MAX, |input| {
                Ok((input.u32("a merge")?, input.u32("a merge")?))
            })?;
            TokenizerKind::ByteLevel { pre_tokenizer, merges }
        } else {
            let ranks = tokens.iter().map(|_| input.u32("a rank"));
            TokenizerKind::SentencePiece {
                add_space: flags & ADD_SPACE != 0,
                ranks: ranks.collect::<Result<_, _>>()?,
                stripping_tokens: read_ids(&mut input, "stripping tokens", "a stripping token")?,
            }
        };
        let tokenizer = Self {
            kind,
            add_beginning: flags & ADD_BEGINNING != 0,
            add_end: flags & ADD_END != 0,
            special,
            stop_tokens,
            tokens,
        };
        input.end("the tokenizer")?;
        tokenizer.check()?;
        Ok(tokenizer)
    }

    fn check(&self) -> Result<(), WireError> {
        let (what, found, max) = ("tokens", self.tokens.len(), limits::TOKENS_MAX);
        if found > max {
            return Err(WireError::Limit { what, found, max });
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
        self.check_kind()?;
        self.check_ids()
    }

    fn check_kind(&self) -> Result<(), WireError> {
        match &self.kind {
            TokenizerKind::ByteLevel { pre_tokenizer, merges } => {
                text::name("the pre-tokenizer", pre_tokenizer)?;
                let (what, found, max) = ("merges", merges.len(), limits::MERGES_MAX);
                if found > max {
                    return Err(WireError::Limit { what, found, max });
                }
                if !merges.iter().all(|(left, right)| self.has(*left) && self.has(*right)) {
                    return no_such("a merge");
                }
                Ok(())
            }
            TokenizerKind::SentencePiece { ranks, stripping_tokens, .. } => {
                if ranks.len() != self.tokens.len() {
                    let reason = "there are not as many as tokens";
                    return Err(WireError::Value { what: "the ranks", reason });
                }
                check_dense(ranks)?;
                self.check_ascending("stripping tokens", "a stripping token", stripping_tokens)?;
                if stripping_tokens.iter().any(|id| !self.written(*id)) {
                    let reason = "it is not found in a text as it is written";
                    return Err(WireError::Value { what: "a stripping token", reason });
                }
                Ok(())
            }
        }
    }

    fn check_ids(&self) -> Result<(), WireError> {
        for (what, id) in self.special.all() {
            if !id.is_none_or(|id| self.has(id)) {
                return no_such(what);
            }
        }
        self.check_ascending("stop tokens", "a stop token", &self.stop_tokens)?;
        let absent =
            |what| Err(WireError::Value { what, reason: "it is to be added, but not named" });
        match (self.special.beginning, self.special.end) {
            (None, _) if self.add_beginning => absent("the beginning token"),
            (_, None) if self.add_end => absent("the end token"),
            (_, _) => Ok(()),
        }
    }

    fn check_ascending(
        &self,
        all: &'static str,
        one: &'static str,
        ids: &[u32],
    ) -> Result<(), WireError> {
        if !ids.is_sorted_by(|a, b| a < b) {
            return Err(WireError::Order { what: all });
        }
        if ids.iter().all(|id| self.has(*id)) { Ok(()) } else { no_such(one) }
    }

    /// Whether a token is found in a text as it is written.
    fn written(&self, id: u32) -> bool {
        let token = usize::try_from(id).ok().and_then(|id| self.tokens.get(id));
        token.is_some_and(|token| token.kind.special() || token.kind == TokenType::UserDefined)
    }

    fn has(&self, id: u32) -> bool {
        usize::try_from(id).is_ok_and(|id| id < self.tokens.len())
    }
}

fn no_such(what: &'static str) -> Result<(), WireError> {
    Err(WireError::Value { what, reason: "there is no token of this id" })
}

/// Whether the ranks are those of any scores: from 0 on, none left out.
fn check_dense(ranks: &[u32]) -> Result<(), WireError> {
    let mut there = vec![false; ranks.len()];
    let mut count = 0;
    for rank in ranks {
        let Some(there) = usize::try_from(*rank).ok().and_then(|rank| there.get_mut(rank)) else {
            return Err(WireError::Value { what: "a rank", reason: "there are fewer tokens" });
        };
        count += usize::from(!*there);
        *there = true;
    }
    if there[..count].iter().all(|there| *there) {
        return Ok(());
    }
    Err(WireError::Value { what: "the ranks", reason: "one is left out" })
}

fn write_ids(out: &mut Writer, ids: &[u32]) {
    out.length_u32(ids.len());
    ids.iter().for_each(|id| out.u32(*id));
}

fn read_ids(
    input: &mut Reader<'_>,
    all: &'static str,
    one: &'static str,
) -> Result<Vec<u32>, WireError> {
    input.list_u32(all, limits::TOKENS_MAX, |input| input.u32(one))
}

fn read_token(input: &mut Reader<'_>) -> Result<Token, WireError> {
    let number = input.u8("a token's type")?;
    let unknown = WireError::Unknown { what: "a token's type", found: number.into() };
    let kind = TokenType::from_number(number).ok_or(unknown)?;
    let text = input.bytes_u16("bytes of a token", limits::TOKEN_BYTES_MAX)?;
    Ok(Token { kind, text: text::utf8("a token's text", text)?.to_owned() })
}
