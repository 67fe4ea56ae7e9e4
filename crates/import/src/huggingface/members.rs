//! Members of an object of a configuration, asked for by name.
//!
//! It remembers which were asked for: the others are unknown, and [`Members::refuse_unknown`] refuses them.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::FolderError;
use crate::dyadic::Dyadic;
use crate::json::{Json, Number};

/// The most numbers of a list: pairs of a head.
const MAX_NUMBERS: usize = 1024;
/// The longest excerpt of a name in a message.
const EXCERPT_CHARS: usize = 64;

/// An object's members, and what it is called.
pub(super) struct Members<'j> {
    pub(super) file: &'static str,
    json: &'j Json<'j>,
    /// What stands before the members' names in messages.
    prefix: &'static str,
    /// Those that were asked for.
    asked: RefCell<BTreeSet<String>>,
}

impl<'j> Members<'j> {
    /// The members of a file's object, whose names are shown after a prefix.
    pub(super) fn of(
        file: &'static str,
        prefix: &'static str,
        json: &'j Json<'j>,
    ) -> Result<Self, FolderError> {
        if json.members().is_some() {
            return Ok(Self { file, json, prefix, asked: RefCell::default() });
        }
        let member = if prefix.is_empty() { "the whole file" } else { prefix };
        let (member, wanted) = (member.trim_end_matches('.').to_owned(), "an object".to_owned());
        Err(FolderError::Member { file, member, wanted })
    }

    /// The object itself.
    pub(super) fn json(&self) -> &'j Json<'j> {
        self.json
    }

    /// What a member is called in messages.
    pub(super) fn name(&self, name: &str) -> String {
        let name: String = name.chars().take(EXCERPT_CHARS).collect();
        [self.prefix, &name.escape_default().to_string()].concat()
    }

    pub(super) fn get(&self, name: &str) -> Option<&'j Json<'j>> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.json.member(name)
    }

    /// Whether it stands there, be it a null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.json.members().is_some_and(|members| members.iter().any(|(known, _)| known == name))
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'j str>, FolderError> {
        self.as_kind(name, "a string", Json::text)
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, FolderError> {
        self.as_kind(name, "true or false", Json::boolean)
    }

    /// An integer from 1 on.
    pub(super) fn size(&self, name: &str, most: u32) -> Result<Option<u32>, FolderError> {
        let size = |json: &Json<'_>| {
            // Some writers have sizes as 8192.0.
            let number = json.number()?;
            let whole = number.integer().or_else(|| whole(number))?;
            u32::try_from(whole).ok().filter(|size| (1..=most).contains(size))
        };
        let found = self.get(name).map(|json| size(json).ok_or(()));
        found.transpose().map_err(|()| self.wanted(name, &format!("an integer in 1..={most}")))
    }

    pub(super) fn required_size(&self, name: &str, most: u32) -> Result<u32, FolderError> {
        self.size(name, most)?.ok_or_else(|| self.missing(name))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<Dyadic>, FolderError> {
        self.as_kind(name, "a number within binary32", |json| json.number()?.dyadic())
    }

    pub(super) fn required_number(&self, name: &str) -> Result<Dyadic, FolderError> {
        self.number(name)?.ok_or_else(|| self.missing(name))
    }

    pub(super) fn required_numbers(&self, name: &str) -> Result<Vec<Dyadic>, FolderError> {
        let numbers = |json: &Json<'_>| {
            let list = json.array().filter(|list| list.len() <= MAX_NUMBERS)?;
            list.iter().map(|json| json.number()?.dyadic()).collect()
        };
        self.as_kind(name, "a list of numbers within binary32", numbers)?
            .ok_or_else(|| self.missing(name))
    }

    /// The members of an object in it.
    pub(super) fn object(
        &self,
        name: &str,
        prefix: &'static str,
    ) -> Result<Option<Self>, FolderError> {
        self.get(name).map(|json| Self::of(self.file, prefix, json)).transpose()
    }

    /// Fails at a member that was not asked for, is not one of these, and says something.
    pub(super) fn refuse_unknown(&self, known: &[&str]) -> Result<(), FolderError> {
        let asked = self.asked.borrow();
        for (name, value) in self.json.members().unwrap_or_default() {
            let harmless = matches!(value, Json::Null | Json::Bool(false))
                || name.starts_with('_')
                || known.contains(&&**name)
                || asked.contains(&**name);
            if !harmless {
                let why = "what it means is not known here, and it may change the arithmetic";
                return Err(self.unsupported(name, why));
            }
        }
        Ok(())
    }

    pub(super) fn missing(&self, name: &str) -> FolderError {
        FolderError::Missing { file: self.file, member: self.name(name) }
    }

    pub(super) fn wanted(&self, name: &str, wanted: &str) -> FolderError {
        FolderError::Member { file: self.file, member: self.name(name), wanted: wanted.into() }
    }

    pub(super) fn unsupported(&self, name: &str, why: &'static str) -> FolderError {
        let what = format!("`{}`", self.name(name));
        FolderError::Unsupported { file: self.file, what, why }
    }

    fn as_kind<T>(
        &self,
        name: &str,
        wanted: &str,
        read: impl FnOnce(&'j Json<'j>) -> Option<T>,
    ) -> Result<Option<T>, FolderError> {
        let Some(json) = self.get(name) else { return Ok(None) };
        read(json).map(Some).ok_or_else(|| self.wanted(name, wanted))
    }
}

/// The integer that a decimal is.
fn whole(number: Number<'_>) -> Option<u64> {
    let number = number.dyadic().filter(|number| !number.negative())?;
    let whole = u64::try_from(number.nearest(0, 1)).ok()?;
    (Dyadic::from_integer(whole) == number).then_some(whole)
}
