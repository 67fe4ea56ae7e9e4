//! JSON of strangers as plain data, read in one way only: no member twice in one object, numbers as they are written.
//!
//! Never makes a float of a number: [`Number`] keeps its text, and gives an integer, or the binary32 nearest to the decimal,
//! by integers alone. Never nests deeper than [`MAX_DEPTH`] or holds more than [`MAX_VALUES`] values, so that memory stays
//! within a multiple of the text.
//!
//! Failure: a [`JsonError`] with the place in the text.

mod number;

use std::borrow::Cow;

use thiserror::Error;

pub use number::Number;

/// How deep arrays and objects may stand in each other.
pub const MAX_DEPTH: usize = 64;
/// The most values of a text; the largest known tokenizers have two million.
pub const MAX_VALUES: usize = 1 << 22;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json<'a> {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it is written.
    Number(Number<'a>),
    /// A text.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Json<'a>>),
    /// Members in the text's order, none twice.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Why a text is no JSON that is read here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    /// Not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// Something that can't stand there.
    #[error("at byte {at}: {wanted} is needed")]
    Unexpected {
        /// Where.
        at: usize,
        /// What would do.
        wanted: &'static str,
    },
    /// A member twice.
    #[error("before byte {at}: the member {name:?} occurs twice in an object")]
    Duplicate {
        /// Where the object ends.
        at: usize,
        /// Which one.
        name: String,
    },
    /// Too deep.
    #[error("at byte {at}: it nests deeper than {MAX_DEPTH}")]
    TooDeep {
        /// Where.
        at: usize,
    },
    /// Too many values.
    #[error("it has more than {MAX_VALUES} values")]
    TooMany,
}

impl<'a> Json<'a> {
    /// Reads a whole text.
    ///
    /// # Errors
    /// [`JsonError`] says where it is none.
    pub fn parse(text: &'a [u8]) -> Result<Self, JsonError> {
        let text = str::from_utf8(text).map_err(|_| JsonError::NotUtf8)?;
        let mut reader = Reader { text, at: 0, values: 0 };
        reader.space();
        let value = reader.value(0)?;
        reader.space();
        if reader.at < text.len() {
            return Err(reader.unexpected("the end"));
        }
        Ok(value)
    }

    /// A member of an object; none of a null.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        let members = self.members()?;
        let found = members.iter().find(|(known, _)| known == name)?;
        Some(&found.1).filter(|value| **value != Self::Null)
    }

    /// The members of an object.
    #[must_use]
    pub fn members(&self) -> Option<&[(Cow<'a, str>, Self)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    /// The text of a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// A truth value.
    #[must_use]
    pub fn boolean(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// A number.
    #[must_use]
    pub fn number(&self) -> Option<Number<'a>> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The number of an unsigned integer.
    #[must_use]
    pub fn integer(&self) -> Option<u64> {
        self.number()?.integer()
    }

    /// A list.
    #[must_use]
    pub fn array(&self) -> Option<&[Self]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }
}

/// Walks a text.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn unexpected(&self, wanted: &'static str) -> JsonError {
        JsonError::Unexpected { at: self.at, wanted }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes this byte, if it comes next.
    fn took(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn take(&mut self, byte: u8, wanted: &'static str) -> Result<(), JsonError> {
        if self.took(byte) { Ok(()) } else { Err(self.unexpected(wanted)) }
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep { at: self.at });
        }
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(JsonError::TooMany);
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => {
                let (number, length) = Number::read(&self.text[self.at..])
                    .ok_or_else(|| self.unexpected("a number"))?;
                self.at += length;
                Ok(Json::Number(number))
            }
            Some(_) | None => self.word(),
        }
    }

    fn word(&mut self) -> Result<Json<'a>, JsonError> {
        let words =
            [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        for (word, value) in words {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.unexpected("a value"))
    }

    fn array(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        self.take(b'[', "[")?;
        let mut values = Vec::new();
        self.space();
        if self.took(b']') {
            return Ok(Json::Array(values));
        }
        loop {
            self.space();
            values.push(self.value(depth + 1)?);
            self.space();
            if self.took(b']') {
                return Ok(Json::Array(values));
            }
            self.take(b',', "`,` or `]`")?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        self.take(b'{', "{")?;
        let mut members = Vec::new();
        self.space();
        if self.took(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let name = self.string()?;
            self.space();
            self.take(b':', "`:`")?;
            self.space();
            members.push((name, self.value(depth + 1)?));
            self.space();
            if self.took(b'}') {
                break;
            }
            self.take(b',', "`,` or `}`")?;
        }
        let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => {
                let name = pair[0].chars().take(MAX_DEPTH).collect();
                Err(JsonError::Duplicate { at: self.at, name })
            }
            None => Ok(Json::Object(members)),
        }
    }

    /// A string: borrowed, where nothing in it is escaped.
    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.take(b'"', "a string")?;
        let start = self.plain();
        if self.took(b'"') {
            return Ok(Cow::Borrowed(start));
        }
        let mut text = start.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escaped()?);
                }
                Some(0x20..) => text.push_str(self.plain()),
                Some(_) | None => return Err(self.unexpected("the end of the string")),
            }
        }
    }

    /// The characters up to a quote, an escape or a control character.
    fn plain(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        let length = rest.bytes().position(|byte| ends(&byte)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// The character of an escape, after its backslash.
    fn escaped(&mut self) -> Result<char, JsonError> {
        let simple = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            Some(_) | None => return Err(self.unexpected("an escape")),
        };
        self.at += 1;
        Ok(simple)
    }

    fn unicode(&mut self) -> Result<char, JsonError> {
        let wanted = "an escape that is a character";
        let first = self.four_digits()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            self.take(b'\\', wanted)?;
            self.take(b'u', wanted)?;
            let second = self.four_digits()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(self.unexpected(wanted));
            }
            0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.unexpected(wanted))
    }

    fn four_digits(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.get(self.at..self.at + 4);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.unexpected("four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn values_are_read_as_serde_reads_them() {
        let text = r#" {"a":[1,-2.5e3,true,false,null,"x\n\u00e9\ud83d\ude00\/"],"":{},"b":[]} "#;
        let ours = Json::parse(text.as_bytes()).unwrap();
        let list = ours.member("a").unwrap().array().unwrap();
        assert_eq!(list[0].integer(), Some(1));
        assert_eq!(list[1].number().unwrap().integer(), None);
        assert_eq!((list[2].boolean(), list[3].boolean()), (Some(true), Some(false)));
        assert_eq!(list[4], Json::Null);
        let theirs: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(list[5].text(), theirs["a"][5].as_str());
        assert_eq!(ours.member("").unwrap().members().unwrap().len(), 0);
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        let at = |text: &str| match Json::parse(text.as_bytes()) {
            Err(JsonError::Unexpected { at, .. }) => at,
            other => panic!("{text}: {other:?}"),
        };
        let cases = [
            ("", 0),
            ("{", 1),
            ("[1,]", 3),
            ("[1 2]", 3),
            ("01", 1),
            ("-", 0),
            ("1.", 0),
            ("1e", 0),
            ("nul", 0),
            ("\"a", 2),
            ("\"\n\"", 1),
            (r#""\x""#, 2),
            (r#""\ud800""#, 7),
            (r#""\udc00""#, 7),
            (r#""\u12"#, 3),
            ("{\"a\" 1}", 5),
            ("{\"a\":1,}", 7),
            ("1 1", 2),
            ("+1", 0),
        ];
        for (text, place) in cases {
            assert_eq!(at(text), place, "{text:?}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text:?}");
        }
        assert_eq!(Json::parse(b"\"\xff\""), Err(JsonError::NotUtf8));
    }

    #[test]
    fn a_member_twice_is_refused() {
        let error = Json::parse(br#"{"a":1,"b":{"c":1,"\u0063":2}}"#).unwrap_err();
        assert!(matches!(error, JsonError::Duplicate { name, .. } if name == "c"));
    }

    #[test]
    fn depth_and_number_of_values_are_limited() {
        let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
        assert!(Json::parse(nested(MAX_DEPTH + 1).as_bytes()).is_ok());
        let deep = nested(MAX_DEPTH + 2);
        assert_eq!(Json::parse(deep.as_bytes()), Err(JsonError::TooDeep { at: MAX_DEPTH + 1 }));
        let many = ["[0", &",0".repeat(MAX_VALUES - 1), "]"].concat();
        assert_eq!(Json::parse(many.as_bytes()), Err(JsonError::TooMany));
    }
}
