//! Who may ask what: API keys, hashed at rest, with scopes and limits.
//!
//! Never holds a key, only its hash, and never tells one from another by how long a comparison takes: hashes are looked
//! up, and a hash says nothing of the key. Without a file of keys whoever reaches the server is one caller.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::core::Refusal;
use crate::rate::Rate;

/// Before a key's bytes in its hash.
const DOMAIN: &str = "probity api key v1";
/// Longest key that is looked at.
const KEY_BYTES_MAX: usize = 512;
/// Bytes of the file of keys.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// The part of the server's answers that a key may have where nothing else is said of it, if there are others.
const SHARES: usize = 4;
/// When to try again where a limit of a key or of the server is reached.
const RETRY_AFTER_S: u64 = 1;

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Asking, and reading one's own receipts.
    Ask,
    /// Reading the server's figures.
    Metrics,
}

/// A key, as the file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// What people call it.
    pub name: String,
    /// The hash of the key, as 64 digits.
    pub hash: String,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// Answers at once; absent: as many as the server takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers_max: Option<usize>,
    /// Requests a minute; absent: as many as the server takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Tokens a minute, of prompts and answers; absent: as many as the server takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u32>,
    /// Seconds since 1970 from which on it counts no more; absent: it always counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
}

impl KeyEntry {
    /// Whether it counts no more, by this time in seconds since 1970.
    #[must_use]
    pub fn has_expired(&self, now_s: u64) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now_s)
    }
}

/// The file of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// All of them.
    pub keys: Vec<KeyEntry>,
}

/// The hash of a key, as the file has it.
#[must_use]
pub fn key_hash(key: &str) -> String {
    commit::hex(&hash(key))
}

fn hash(key: &str) -> [u8; 32] {
    blake3::derive_key(DOMAIN, key.as_bytes())
}

impl KeyFile {
    /// Reads the file.
    ///
    /// # Errors
    /// Words that name the file and what is wrong.
    pub fn read(path: &Path) -> Result<Self, String> {
        let wrong = |what: String| format!("the API keys in {}: {what}", path.display());
        let data = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
        if data.len() > FILE_BYTES_MAX {
            return Err(wrong(format!("more than {FILE_BYTES_MAX} bytes")));
        }
        let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))
    }
}

/// Who is known.
pub(crate) struct Keys {
    /// `None`: anybody.
    known: Option<BTreeMap<[u8; 32], Arc<Known>>>,
    anybody: Arc<Known>,
}

struct Known {
    /// `None`: anybody.
    entry: Option<KeyEntry>,
    scopes: Vec<Scope>,
    answers_max: Option<usize>,
    answers: Arc<AtomicUsize>,
    requests: Option<Mutex<Rate>>,
    tokens: Option<Mutex<Rate>>,
}

/// Who asks.
#[derive(Clone)]
pub(crate) struct Caller {
    /// Whose receipts and whose cache: the key's hash; zeros where there are no keys.
    pub(crate) owner: [u8; 32],
    /// Whether there is nobody else.
    alone: bool,
    known: Arc<Known>,
}

impl Keys {
    /// Of a file's keys; `None`: whoever reaches the server may ask.
    pub(crate) fn new(file: Option<&KeyFile>) -> Result<Self, String> {
        let anybody = Known {
            entry: None,
            scopes: vec![Scope::Ask, Scope::Metrics],
            answers_max: None,
            answers: Arc::default(),
            requests: None,
            tokens: None,
        };
        let rate = |per_minute| Mutex::new(Rate::new(per_minute, 0));
        let mut known = BTreeMap::new();
        for entry in file.map_or(&[][..], |file| &file.keys) {
            let digest = commit::from_hex(&entry.hash);
            let digest = digest
                .ok_or_else(|| format!("the key {:?} has no hash of 64 digits", entry.name))?;
            let one = Known {
                entry: Some(entry.clone()),
                scopes: entry.scopes.clone(),
                answers_max: entry.answers_max,
                answers: Arc::default(),
                requests: entry.requests_per_minute.map(rate),
                tokens: entry.tokens_per_minute.map(rate),
            };
            if known.insert(digest, Arc::new(one)).is_some() {
                return Err(format!("the key {:?} stands twice", entry.name));
            }
        }
        Ok(Self { known: file.map(|_| known), anybody: Arc::new(anybody) })
    }

    /// The same keys, with what is counted of those that were known before: a key that changed counts its minute anew.
    #[must_use]
    pub(crate) fn after(mut self, before: &Self) -> Self {
        for (hash, one) in self.known.iter_mut().flatten() {
            let Some(old) = before.known.as_ref().and_then(|known| known.get(hash)) else {
                continue;
            };
            if old.entry == one.entry {
                *one = Arc::clone(old);
            } else if let Some(one) = Arc::get_mut(one) {
                one.answers = Arc::clone(&old.answers);
            }
        }
        self
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.known.as_ref().map_or(0, BTreeMap::len)
    }

    /// Who sends these headers, at this time in seconds since 1970.
    pub(crate) fn caller(&self, headers: &HeaderMap, now_s: u64) -> Result<Caller, Refusal> {
        let Some(known) = &self.known else {
            return Ok(Caller { owner: [0; 32], alone: true, known: Arc::clone(&self.anybody) });
        };
        let key = given(headers)
            .ok_or(Refusal::Key("an API key is needed: send it as `Authorization: Bearer KEY`"))?;
        let owner = hash(key);
        let one = known.get(&owner).ok_or(Refusal::Key("this API key is not known here"))?;
        if one.entry.as_ref().is_some_and(|entry| entry.has_expired(now_s)) {
            return Err(Refusal::Key("this API key has expired"));
        }
        Ok(Caller { owner, alone: known.len() == 1, known: Arc::clone(one) })
    }
}

/// The key in the headers, in any dialect's way.
fn given(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let plain = || headers.get("x-api-key").and_then(|value| value.to_str().ok());
    bearer.or_else(plain).filter(|key| key.len() <= KEY_BYTES_MAX)
}

/// A place that counts against the limits until it is dropped.
pub(crate) struct Place {
    counts: Vec<Count>,
    ended: Arc<Notify>,
}

/// Answers that there are, and may be.
struct Count {
    answers: Arc<AtomicUsize>,
    most: usize,
    own: usize,
    what: &'static str,
}

impl Place {
    /// Makes room for this many answers more. What would never fit is no matter of waiting.
    pub(crate) fn widen(&mut self, more: usize) -> Result<(), Refusal> {
        for count in &mut self.counts {
            if count.own + more > count.most.max(1) {
                let (all, most) = (count.own + more, count.most);
                let what = format!("{all} answers at once: {most} are allowed");
                return Err(Refusal::request(Some("n"), what));
            }
            count.own += more;
            let before = count.answers.fetch_add(more, Ordering::SeqCst);
            if before + more > count.most {
                let (what, retry_after_s) = (count.what.into(), RETRY_AFTER_S);
                return Err(Refusal::Busy { what, retry_after_s });
            }
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for count in &self.counts {
            count.answers.fetch_sub(count.own, Ordering::SeqCst);
        }
        self.ended.notify_waiters();
    }
}

impl Caller {
    /// What people call the key; nothing where there are none.
    pub(crate) fn name(&self) -> Option<&str> {
        self.known.entry.as_ref().map(|entry| entry.name.as_str())
    }

    /// Whether it may.
    pub(crate) fn may(&self, scope: Scope, what: &'static str) -> Result<(), Refusal> {
        if self.known.scopes.contains(&scope) { Ok(()) } else { Err(Refusal::Scope(what)) }
    }

    /// Counts an answer against the server's limit and the key's.
    pub(crate) fn admit(
        &self,
        all: &Arc<AtomicUsize>,
        answers_max: usize,
        ended: &Arc<Notify>,
    ) -> Result<Place, Refusal> {
        // One key of several leaves room for the others.
        let share = answers_max.div_ceil(if self.alone { 1 } else { SHARES });
        let own_max = self.known.answers_max.unwrap_or(share);
        let of = |answers: &Arc<AtomicUsize>, most, what| Count {
            answers: Arc::clone(answers),
            most,
            own: 0,
            what,
        };
        let counts = vec![
            of(all, answers_max, "the server has as many answers as it takes"),
            of(&self.known.answers, own_max, "this API key has as many answers as it may"),
        ];
        let mut place = Place { counts, ended: Arc::clone(ended) };
        place.widen(1)?;
        Ok(place)
    }

    /// How many answers it may have at once.
    pub(crate) fn answers_max(&self) -> usize {
        self.known.answers_max.unwrap_or(usize::MAX)
    }

    /// Counts a request against the key's rates. What is asked in vain counts too.
    pub(crate) fn pace(&self, now_ms: u64) -> Result<(), Refusal> {
        let rates = [
            (&self.known.tokens, "this API key has used as many tokens as it may in a minute"),
            (&self.known.requests, "this API key has asked as often as it may in a minute"),
        ];
        for (rate, what) in rates {
            let Some(rate) = rate else { continue };
            let ready = locked(rate).check(now_ms);
            ready.map_err(|retry_after_s| Refusal::Busy { what: what.into(), retry_after_s })?;
        }
        spend(self.known.requests.as_ref(), 1, now_ms);
        Ok(())
    }

    /// Counts tokens against the key's rate.
    pub(crate) fn used(&self, tokens: u64, now_ms: u64) {
        spend(self.known.tokens.as_ref(), tokens, now_ms);
    }
}

fn spend(rate: Option<&Mutex<Rate>>, units: u64, now_ms: u64) {
    if let Some(rate) = rate {
        locked(rate).spend(units, now_ms);
    }
}

/// Numbers that a panic elsewhere leaves whole.
fn locked(rate: &Mutex<Rate>) -> MutexGuard<'_, Rate> {
    rate.lock().unwrap_or_else(PoisonError::into_inner)
}
