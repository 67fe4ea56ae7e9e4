//! What a server tells whoever runs it: a line for each request, for each answer and for what they should know, with the
//! time, as text or as JSON.
//!
//! Never a prompt, an answer or a key: who writes an entry puts names and numbers into it. What came from outside can't
//! break a line.

use core::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value as Json};

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// `TIME EVENT name=value ...`.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Takes lines that tell what the server does.
#[derive(Clone)]
pub struct Log {
    take: Arc<dyn Fn(&str) + Send + Sync>,
    format: LogFormat,
    quiet: bool,
}

impl Log {
    /// Into this function.
    pub fn new(take: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { take: Arc::new(take), format: LogFormat::Text, quiet: false }
    }

    /// Into nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::new(|_| {})
    }

    /// In this format.
    #[must_use]
    pub fn in_format(self, format: LogFormat) -> Self {
        Self { format, ..self }
    }

    /// Without the lines of requests and answers: what people should know stays.
    #[must_use]
    pub fn quiet(self) -> Self {
        Self { quiet: true, ..self }
    }

    /// What whoever runs the server should know.
    pub(crate) fn notice(&self, text: &str) {
        self.write(&Entry::new("notice").text("text", text));
    }

    /// What happens every day.
    pub(crate) fn entry(&self, entry: &Entry) {
        if !self.quiet {
            self.write(entry);
        }
    }

    fn write(&self, entry: &Entry) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (self.take)(&entry.line(self.format, &time(now)));
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Log")
    }
}

/// Something that happened: what, and names with values.
pub(crate) struct Entry {
    event: &'static str,
    fields: Vec<(&'static str, Value)>,
}

enum Value {
    Text(String),
    Number(u64),
}

impl Entry {
    pub(crate) fn new(event: &'static str) -> Self {
        Self { event, fields: Vec::new() }
    }

    pub(crate) fn text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, Value::Text(value.into())));
        self
    }

    pub(crate) fn number(mut self, name: &'static str, value: impl TryInto<u64>) -> Self {
        self.fields.push((name, Value::Number(value.try_into().unwrap_or(u64::MAX))));
        self
    }

    /// Where there is one.
    pub(crate) fn maybe(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    fn line(&self, format: LogFormat, time: &str) -> String {
        match format {
            LogFormat::Text => {
                let fields = self.fields.iter().map(|(name, value)| match value {
                    // People read it: its name says nothing.
                    Value::Text(text) if *name == "text" => format!(" {}", plain(text)),
                    Value::Text(text) => format!(" {name}={}", quoted(text)),
                    Value::Number(number) => format!(" {name}={number}"),
                });
                format!("{time} {}{}", self.event, fields.collect::<String>())
            }
            LogFormat::Json => {
                let mut all = Map::new();
                all.insert("time".into(), time.into());
                all.insert("event".into(), self.event.into());
                for (name, value) in &self.fields {
                    let value = match value {
                        Value::Text(text) => Json::from(text.as_str()),
                        Value::Number(number) => Json::from(*number),
                    };
                    all.insert((*name).into(), value);
                }
                Json::Object(all).to_string()
            }
        }
    }
}

/// A text that ends no line.
fn plain(text: &str) -> String {
    let escaped = |one: char| {
        if one.is_control() { one.escape_default().collect() } else { String::from(one) }
    };
    text.chars().map(escaped).collect()
}

/// A text as it is where it is a word, else in quotes.
fn quoted(text: &str) -> String {
    let is_word = |one: char| one.is_ascii_graphic() && !matches!(one, '"' | '=' | '\\');
    if !text.is_empty() && text.chars().all(is_word) { text.into() } else { format!("{text:?}") }
}

/// A time since 1970 as RFC 3339 has it, in UTC.
fn time(since: Duration) -> String {
    let (seconds, ms) = (since.as_secs(), since.subsec_millis());
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// The date of a day since 1970, in the Gregorian calendar: its years are thought to begin in March, so that the day
/// that some have stands at their end.
fn date(day: u64) -> (u64, u64, u64) {
    /// Days from the first of March of the year 0 to 1970.
    const BEFORE: u64 = 719_468;
    let day = day + BEFORE;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::Mutex;

    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, want) in [
            (0, "1970-01-01T00:00:00.007Z"),
            (68_169_599, "1972-02-28T23:59:59.007Z"),
            (68_169_600, "1972-02-29T00:00:00.007Z"),
            (951_868_799, "2000-02-29T23:59:59.007Z"),
            (951_868_800, "2000-03-01T00:00:00.007Z"),
            (1_735_689_599, "2024-12-31T23:59:59.007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.007Z"),
        ] {
            assert_eq!(time(Duration::new(seconds, 7_999_999)), want);
        }
    }

    #[test]
    fn a_line_stays_a_line_and_json_stays_json() {
        let entry = Entry::new("request").text("path", "/v1/models").number("ms", 8_u64);
        let entry = entry.text("key", "a \"b\"\nc").maybe("peer", None::<String>).text("why", "");
        let line = entry.line(LogFormat::Text, "T");
        assert_eq!(line, r#"T request path=/v1/models ms=8 key="a \"b\"\nc" why="""#);
        let json: Json = serde_json::from_str(&entry.line(LogFormat::Json, "T")).unwrap();
        let want = r#"{"time":"T","event":"request","path":"/v1/models","ms":8,"key":"a \"b\"\nc","why":""}"#;
        assert_eq!(json, serde_json::from_str::<Json>(want).unwrap());
        let notice = Entry::new("notice").text("text", "the disk\nis full");
        assert_eq!(notice.line(LogFormat::Text, "T"), "T notice the disk\\nis full");
    }

    #[test]
    fn quiet_keeps_what_people_should_know() {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let taken = Arc::clone(&lines);
        let log = Log::new(move |line| taken.lock().unwrap().push(line.into())).quiet();
        log.entry(&Entry::new("request"));
        log.notice("the disk is full");
        let lines = lines.lock().unwrap();
        assert!(
            matches!(&lines[..], [one] if one.ends_with(" notice the disk is full")),
            "{lines:?}"
        );
    }
}
