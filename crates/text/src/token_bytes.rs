//! The bytes each token stands for, and the byte-level alphabet that stores them as text.
//!
//! Byte-level BPE writes each byte as one printable character: the printable Latin-1 bytes as
//! themselves, the 68 others as U+0100 onwards in byte order. Ordinary tokens are stored so;
//! control and user-defined tokens are stored as plain text. SentencePiece's BPE writes a space as
//! U+2581 and a byte that is no text as `<0x0A>`.
//!
//! A table is built once and never changes. A token with a character outside the alphabet stands
//! for its own UTF-8 bytes, as in the reference implementations. It NEVER fails on an id: an
//! unknown one is `None`.

use crate::vocabulary::{ModelKind, TokenType, Vocabulary};

/// What SentencePiece's BPE writes for a space.
pub(crate) const WRITTEN_SPACE: char = '\u{2581}';

/// One token's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenPiece<'a> {
    pub bytes: &'a [u8],
    /// Whether it steers the model instead of being text; such a token is never printed.
    pub control: bool,
}

/// The bytes of every token of a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenBytes {
    bytes: Vec<u8>,
    /// Where each token ends in `bytes`.
    ends: Vec<usize>,
    control: Vec<bool>,
}

impl TokenBytes {
    pub(crate) fn new(vocabulary: &Vocabulary, control_flags: &[bool]) -> Self {
        let alphabet = Alphabet::new();
        let mut table = Self { bytes: Vec::new(), ends: Vec::new(), control: Vec::new() };
        let typed = vocabulary.tokens.iter().zip(&vocabulary.token_types);
        for ((text, kind), &control) in typed.zip(control_flags) {
            match (&vocabulary.kind, kind) {
                _ if control => table.bytes.extend_from_slice(text.as_bytes()),
                (_, TokenType::UserDefined) => table.bytes.extend_from_slice(text.as_bytes()),
                (ModelKind::Gpt2, _) => alphabet.decode(text, &mut table.bytes),
                (ModelKind::SentencePiece(_), _) => decode_piece(text, *kind, &mut table.bytes),
            }
            table.ends.push(table.bytes.len());
            table.control.push(control);
        }
        table
    }

    /// How many tokens there are; ids run from 0.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// What the token stands for.
    pub fn get(&self, token: u32) -> Option<TokenPiece<'_>> {
        let id = usize::try_from(token).ok()?;
        let end = *self.ends.get(id)?;
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        Some(TokenPiece { bytes: &self.bytes[start..end], control: self.control[id] })
    }
}

/// The byte that a token of type byte stands for by its text.
pub(crate) fn written_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    let upper = |digit: u8| digit.is_ascii_digit() || (b'A'..=b'F').contains(&digit);
    let two = digits.len() == 2 && digits.bytes().all(upper);
    if two { u8::from_str_radix(digits, 16).ok() } else { None }
}

/// Appends the bytes of a token of SentencePiece's kind.
fn decode_piece(text: &str, kind: TokenType, out: &mut Vec<u8>) {
    let byte = if kind == TokenType::Byte { written_byte(text) } else { None };
    match byte {
        Some(byte) => out.push(byte),
        None => {
            let mut buffer = [0; 4];
            for character in text.chars() {
                let meant = if character == WRITTEN_SPACE { ' ' } else { character };
                out.extend_from_slice(meant.encode_utf8(&mut buffer).as_bytes());
            }
        }
    }
}

/// How many codes the alphabet's characters span: 256 bytes, 68 of which moved to U+0100 onwards.
const ALPHABET_SPAN: usize = 0x100 + 68;

/// The byte-level alphabet in both directions.
pub(crate) struct Alphabet {
    chars: [char; 256],
    bytes: [Option<u8>; ALPHABET_SPAN],
}

impl Alphabet {
    pub(crate) fn new() -> Self {
        let mut alphabet = Self { chars: ['\0'; 256], bytes: [None; ALPHABET_SPAN] };
        let mut moved = 0x100u16..;
        for byte in 0..=u8::MAX {
            let code = match byte {
                b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF => u16::from(byte),
                _ => moved.next().expect("68 codes from U+0100 fit 16 bits"),
            };
            alphabet.chars[usize::from(byte)] =
                char::from_u32(u32::from(code)).expect("U+0021 to U+0143 are characters");
            alphabet.bytes[usize::from(code)] = Some(byte);
        }
        alphabet
    }

    pub(crate) fn char(&self, byte: u8) -> char {
        self.chars[usize::from(byte)]
    }

    pub(crate) fn byte(&self, character: char) -> Option<u8> {
        let code = usize::try_from(u32::from(character)).ok()?;
        self.bytes.get(code).copied().flatten()
    }

    /// Appends the text's bytes, or its UTF-8 if a character is not of the alphabet.
    fn decode(&self, text: &str, out: &mut Vec<u8>) {
        let start = out.len();
        for character in text.chars() {
            match self.byte(character) {
                Some(byte) => out.push(byte),
                None => {
                    out.truncate(start);
                    out.extend_from_slice(text.as_bytes());
                    return;
                }
            }
        }
    }
}
