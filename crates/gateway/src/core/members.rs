//! A JSON object of a stranger, read member by member: what is not read is refused by its name.
//!
//! Never rounds a number: its literal is handed on as it was written. No member stands twice. A member that is null is
//! one that was not given. Failure: [`Bad`] names the member from the root of the request.

use core::fmt;

use llm::strict_json::{self, Refused};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::refusal::Refusal;

/// Most members of one object.
const MEMBERS_MAX: usize = 1 << 12;

/// What is wrong with a request, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    pub(crate) param: Option<String>,
    pub(crate) what: String,
}

impl From<Bad> for Refusal {
    fn from(bad: Bad) -> Self {
        Self::Request { param: bad.param, what: bad.what }
    }
}

impl Bad {
    /// Of an option.
    pub(crate) fn of(param: impl Into<String>, what: impl fmt::Display) -> Self {
        Self { param: Some(param.into()), what: what.to_string() }
    }
}

/// The members that were not read yet.
pub(crate) struct Members<'a> {
    /// Where it stands, from the root.
    path: String,
    members: Vec<(String, &'a RawValue)>,
}

/// The name of an item of a list.
pub(crate) fn at(list: &str, index: usize) -> String {
    format!("{list}[{index}]")
}

impl<'a> Members<'a> {
    /// Of a whole body.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Bad> {
        let wrong = |what: String| Bad { param: None, what };
        let text = core::str::from_utf8(body)
            .map_err(|error| wrong(format!("the body is no UTF-8 text: {error}")))?;
        Self::read(String::new(), text)
    }

    /// Of an object within one.
    pub(crate) fn of(path: impl Into<String>, value: &'a RawValue) -> Result<Self, Bad> {
        Self::read(path.into(), value.get())
    }

    fn read(path: String, text: &'a str) -> Result<Self, Bad> {
        let wrong =
            |what: String| Bad { param: Some(path.clone()).filter(|p| !p.is_empty()), what };
        if !text.trim_start().starts_with('{') {
            let what =
                if path.is_empty() { "the body is no JSON object" } else { "it must be an object" };
            return Err(wrong(what.into()));
        }
        let mut parser = serde_json::Deserializer::from_str(text);
        let members = parser.deserialize_map(Collect);
        let members = members.and_then(|members| parser.end().map(|()| members));
        let members = members.map_err(|error| wrong(format!("no JSON: {error}")))?;
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let param =
                if path.is_empty() { twice[0].to_owned() } else { format!("{path}.{}", twice[0]) };
            return Err(Bad::of(param, "it stands twice in one object"));
        }
        Ok(Self { path, members })
    }

    /// The name of a member, from the root.
    pub(crate) fn name(&self, member: &str) -> String {
        if self.path.is_empty() { member.to_owned() } else { format!("{}.{member}", self.path) }
    }

    /// Something wrong with a member.
    pub(crate) fn bad(&self, member: &str, what: impl fmt::Display) -> Bad {
        Bad::of(self.name(member), what)
    }

    /// A member as it was written.
    pub(crate) fn take(&mut self, member: &str) -> Option<&'a RawValue> {
        let index = self.members.iter().position(|(name, _)| name == member)?;
        let (_, value) = self.members.swap_remove(index);
        (value.get() != "null").then_some(value)
    }

    /// A text.
    pub(crate) fn text(&mut self, member: &str) -> Result<Option<String>, Bad> {
        let Some(value) = self.take(member) else { return Ok(None) };
        let text = text(value).ok_or_else(|| self.bad(member, "it must be a text"))?;
        Ok(Some(text))
    }

    /// One of these words.
    pub(crate) fn word(
        &mut self,
        member: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, Bad> {
        let Some(text) = self.text(member)? else { return Ok(None) };
        let known = words.iter().copied().find(|word| *word == text);
        known.map(Some).ok_or_else(|| {
            let shown: String = text.chars().take(64).collect();
            self.bad(
                member,
                format!("{shown:?} is not supported: it must be one of {}", words.join(", ")),
            )
        })
    }

    /// True or false.
    pub(crate) fn yes(&mut self, member: &str) -> Result<Option<bool>, Bad> {
        match self.take(member).map(RawValue::get) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(self.bad(member, "it must be true or false")),
        }
    }

    /// A number as it was written.
    pub(crate) fn number(&mut self, member: &str) -> Result<Option<&'a str>, Bad> {
        let Some(value) = self.take(member).map(RawValue::get) else { return Ok(None) };
        if value.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Ok(Some(value));
        }
        Err(self.bad(member, "it must be a number"))
    }

    /// A whole number in a range.
    pub(crate) fn whole(
        &mut self,
        member: &str,
        least: u64,
        most: u64,
    ) -> Result<Option<u64>, Bad> {
        let Some(number) = self.number(member)? else { return Ok(None) };
        let number = number.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
        let wanted = || self.bad(member, format!("it must be a whole number, {least} to {most}"));
        number.map(Some).ok_or_else(wanted)
    }

    /// The same, for what fits 32 bits.
    pub(crate) fn whole_u32(
        &mut self,
        member: &str,
        least: u32,
        most: u32,
    ) -> Result<Option<u32>, Bad> {
        let number = self.whole(member, least.into(), most.into())?;
        Ok(number.and_then(|number| u32::try_from(number).ok()))
    }

    /// The items of a list.
    pub(crate) fn list(
        &mut self,
        member: &str,
        most: usize,
    ) -> Result<Option<Vec<&'a RawValue>>, Bad> {
        let Some(value) = self.take(member) else { return Ok(None) };
        let list = items(value).ok_or_else(|| self.bad(member, "it must be a list"))?;
        if list.len() > most {
            return Err(
                self.bad(member, format!("{} items: at most {most} are allowed", list.len()))
            );
        }
        Ok(Some(list))
    }

    /// A list of at most so many items and bytes.
    pub(crate) fn list_within(
        &mut self,
        member: &str,
        items_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<&'a RawValue>, Bad> {
        let list = self.list(member, items_max)?.unwrap_or_default();
        let length: usize = list.iter().map(|item| item.get().len()).sum();
        if length > bytes_max {
            return Err(self.bad(member, format!("{length} bytes: at most {bytes_max} are taken")));
        }
        Ok(list)
    }

    /// An object.
    pub(crate) fn object(&mut self, member: &str) -> Result<Option<Members<'a>>, Bad> {
        let path = self.name(member);
        self.take(member).map(|value| Members::of(path, value)).transpose()
    }

    /// Reads a member only to see that it has this value, which asks for nothing.
    pub(crate) fn only(&mut self, member: &str, allowed: &[&str], why: &str) -> Result<(), Bad> {
        match self.take(member) {
            Some(value) if !allowed.contains(&value.get()) => Err(self.bad(member, why)),
            Some(_) | None => Ok(()),
        }
    }

    /// The names of what was not read.
    pub(crate) fn names(&self) -> Vec<String> {
        self.members.iter().map(|(name, _)| name.clone()).collect()
    }

    /// What was not read, by name.
    pub(crate) fn left(self) -> Vec<(String, &'a RawValue)> {
        self.members
    }

    /// Refuses what was not read.
    pub(crate) fn end(self) -> Result<(), Bad> {
        let Some((name, _)) = self.members.iter().find(|(_, value)| value.get() != "null") else {
            return Ok(());
        };
        let shown: String = name.chars().take(64).collect();
        Err(self.bad(&shown, "this option is not supported: leave it out"))
    }
}

/// A text.
pub(crate) fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// The items of a list.
pub(crate) fn items(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// A whole value, read in one way only.
pub(crate) fn value(json: &RawValue) -> Result<Json, String> {
    strict_json::read(json.get()).map_err(|refused| match refused {
        Refused::Json(error) => format!("no JSON: {error}"),
        Refused::Repeated(name) => format!("the member {name:?} stands twice in one object"),
    })
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(member) = members.next_entry()? {
            if all.len() >= MEMBERS_MAX {
                return Err(A::Error::custom("more members than any request has"));
            }
            all.push(member);
        }
        Ok(all)
    }
}
