//! What makes the template engine behave as jinja2 does inside transformers.
//!
//! Values print as Python's `str` (`None`, `True`, `{'a': 1}`); `tojson` is `json.dumps` without
//! ASCII escapes; white space is Python's; `trim_blocks`, `lstrip_blocks` and loop controls are on;
//! `raise_exception` exists, and `strftime_now` where the caller gives a time.
//!
//! Not imitated, all rare in public templates: `pprint` and `debug` do not exist; `safe` does not make later concatenations escape HTML; a loop over `none` is empty, not an error; powers
//! of fractions, and rounding to tenths and finer, are refused, for machines differ in them.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::LazyLock;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{AutoEscape, Error, ErrorKind, Output, State, Value};
use regex::Regex;

use super::Jinja;
use super::budget::Budget;
use super::strftime::CivilTime;

/// How deep values may nest that are printed.
const MAX_PRINT_DEPTH: usize = 64;

/// A directive of a date makes at most this many times as many bytes as it has.
const LONGEST_DIRECTIVE: usize = 8;

/// What a template said when it refused a conversation.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Raised(pub(super) String);

/// An environment for one rendering, which pays from this budget.
pub(super) fn environment(now: Option<CivilTime>, budget: &Budget) -> Jinja {
    let mut environment = Jinja::new();
    budget.install(&mut environment);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_debug(false);
    let paying = budget.clone();
    environment.set_formatter(move |out, _, value| print(&paying, out, value));
    let paying = budget.clone();
    environment.set_unknown_method_callback(move |state, value, name, arguments| {
        method(&paying, state, value, name, arguments)
    });
    let paying = budget.clone();
    environment.add_filter("tojson", move |value: &Value, ascii: Option<bool>, options: Kwargs| {
        to_json(&paying, value, ascii, options)
    });
    let paying = budget.clone();
    environment
        .add_filter("trim", move |value: &Value, chars: Option<&str>| trim(&paying, value, chars));
    environment.add_filter("round", round);
    let paying = budget.clone();
    environment.add_filter("string", move |value: &Value| python_str(&paying, value));
    environment.add_test("sequence", |value: &Value| {
        matches!(value.kind(), ValueKind::String | ValueKind::Seq | ValueKind::Map)
    });
    environment.add_test("iterable", |value: &Value| !value.is_none() && value.try_iter().is_ok());
    environment.add_test("number", |value: &Value| {
        matches!(value.kind(), ValueKind::Number | ValueKind::Bool)
    });
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        let error = Error::new(ErrorKind::InvalidOperation, "raised by the template");
        Err(error.with_source(Raised(message)))
    });
    // Templates ask whether it is defined, and have a date of their own where it is not.
    if let Some(now) = now {
        let paying = budget.clone();
        environment.add_function("strftime_now", move |format: &str| {
            paying.pay_text(format.len().saturating_mul(LONGEST_DIRECTIVE))?;
            let unsupported = |d| invalid(format!("strftime_now: %{d} is not supported"));
            now.format(format).map_err(unsupported)
        });
    }
    environment
}

fn invalid(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail.into())
}

fn print(budget: &Budget, out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    let result = match value.as_str() {
        Some(text) => {
            budget.pay(text.len())?;
            out.write_str(text)
        }
        None => out.write_str(&python_str(budget, value)?),
    };
    result.map_err(|error| Error::new(ErrorKind::WriteFailure, error.to_string()))
}

/// Python's `str(value)`, paid for.
pub(super) fn python_str(budget: &Budget, value: &Value) -> Result<String, Error> {
    if let Some(text) = value.as_str() {
        budget.pay_text(text.len())?;
        return Ok(text.to_owned());
    }
    let mut out = String::new();
    if !value.is_undefined() {
        python_repr(budget, value, 0, &mut out)?;
    }
    Ok(out)
}

/// Appends Python's `repr(value)`, paying for each value before the next.
fn python_repr(
    budget: &Budget,
    value: &Value,
    depth: usize,
    out: &mut String,
) -> Result<(), Error> {
    let start = out.len();
    if depth > MAX_PRINT_DEPTH {
        return Err(invalid("a value nests too deep to be printed"));
    }
    match value.kind() {
        ValueKind::None => out.push_str("None"),
        ValueKind::Bool => out.push_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::Number => out.push_str(&python_number(value)?),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            // Some characters take a search in a table.
            budget.pay_text(if text.is_ascii() { 0 } else { 8 * text.len() })?;
            string_repr(text, out);
        }
        ValueKind::Map => {
            out.push('{');
            for (index, key) in value.try_iter()?.enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                python_repr(budget, &key, depth + 1, out)?;
                out.push_str(": ");
                python_repr(budget, &value.get_item(&key)?, depth + 1, out)?;
            }
            out.push('}');
        }
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            for (index, item) in value.try_iter()?.enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                python_repr(budget, &item, depth + 1, out)?;
            }
            out.push(']');
        }
        ValueKind::Undefined | ValueKind::Bytes | ValueKind::Plain | ValueKind::Invalid | _ => {
            out.push_str(&value.to_string())
        }
    }
    budget.pay_text(if holds_others(value) { 4 } else { out.len() - start + 4 })
}

/// Values whose parts are paid for one by one.
fn holds_others(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::Map)
}

/// What Python's `repr` escapes.
static NOT_PRINTABLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\p{C}\p{Z}]").expect("the pattern is tested"));

fn string_repr(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if character == quote => {
                out.push('\\');
                out.push(character);
            }
            ' '..='~' => out.push(character),
            _ if NOT_PRINTABLE.is_match(character.encode_utf8(&mut [0; 4])) => {
                match u32::from(character) {
                    code @ ..0x100 => append(out, format_args!("\\x{code:02x}")),
                    code @ ..0x1_0000 => append(out, format_args!("\\u{code:04x}")),
                    code => append(out, format_args!("\\U{code:08x}")),
                }
            }
            _ => out.push(character),
        }
    }
    out.push(quote);
}

/// Python's `repr` of an int or a float.
fn python_number(value: &Value) -> Result<String, Error> {
    if value.is_integer() {
        return Ok(value.to_string());
    }
    let number = f64::try_from(value.clone())?;
    if number.is_nan() {
        return Ok("nan".to_owned());
    }
    if number.is_infinite() {
        return Ok(if number.is_sign_positive() { "inf" } else { "-inf" }.to_owned());
    }
    // Both languages print the shortest digits that read back the same; only the layout differs.
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let fixed = format!("{number}");
        return Ok(if fixed.contains('.') { fixed } else { fixed + ".0" });
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    Ok(format!("{digits}e{sign}{:02}", exponent.unsigned_abs()))
}

/// `json.dumps(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False)`.
fn to_json(
    budget: &Budget,
    value: &Value,
    ascii: Option<bool>,
    options: Kwargs,
) -> Result<String, Error> {
    let ascii = match options.get::<Option<bool>>("ensure_ascii")? {
        Some(given) => given,
        None => ascii.unwrap_or(false),
    };
    let indent = match options.get::<Option<Value>>("indent")? {
        None => None,
        Some(value) if value.is_none() => None,
        Some(value) => Some(match value.as_str() {
            Some(text) if text.len() > MAX_INDENT => {
                return Err(invalid("tojson: indent is too wide"));
            }
            Some(text) => text.to_owned(),
            None => " ".repeat(usize::try_from(value)?.min(MAX_INDENT)),
        }),
    };
    let separators = options.get::<Option<Vec<String>>>("separators")?;
    let (item, key) = match separators.as_deref() {
        None if indent.is_some() => (",".to_owned(), ": ".to_owned()),
        None => (", ".to_owned(), ": ".to_owned()),
        Some([item, key]) => (item.clone(), key.clone()),
        Some(_) => return Err(invalid("tojson: separators must be two strings")),
    };
    let sort = options.get::<Option<bool>>("sort_keys")?.unwrap_or(false);
    options.assert_all_used()?;
    let out = String::new();
    let mut writer = JsonWriter { budget, out, ascii, indent, item, key, sort };
    writer.value(value, 0)?;
    Ok(writer.out)
}

/// The widest JSON indent.
const MAX_INDENT: usize = 64;

/// Writes JSON as Python's encoder does.
struct JsonWriter<'a> {
    budget: &'a Budget,
    out: String,
    ascii: bool,
    indent: Option<String>,
    item: String,
    key: String,
    sort: bool,
}

impl JsonWriter<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > MAX_PRINT_DEPTH {
            return Err(invalid("tojson: the value nests too deep"));
        }
        let start = self.out.len();
        match value.kind() {
            ValueKind::None => self.out.push_str("null"),
            ValueKind::Bool => self.out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.number(value)?,
            ValueKind::String => self.string(value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => self.list(value, depth)?,
            ValueKind::Map => self.map(value, depth)?,
            kind @ (ValueKind::Undefined
            | ValueKind::Bytes
            | ValueKind::Plain
            | ValueKind::Invalid
            | _) => return Err(invalid(format!("tojson: {kind} is not JSON serializable"))),
        }
        let apart =
            self.item.len() + self.key.len() + depth * self.indent.as_ref().map_or(0, String::len);
        let made = if holds_others(value) { 0 } else { self.out.len() - start };
        self.budget.pay_text(made + apart + 4)
    }

    fn number(&mut self, value: &Value) -> Result<(), Error> {
        let text = match python_number(value)?.as_str() {
            "nan" => "NaN".to_owned(),
            "inf" => "Infinity".to_owned(),
            "-inf" => "-Infinity".to_owned(),
            finite => finite.to_owned(),
        };
        self.out.push_str(&text);
        Ok(())
    }

    fn list(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        self.out.push('[');
        let mut empty = true;
        for item in value.try_iter()? {
            self.between(empty, depth + 1);
            empty = false;
            self.value(&item, depth + 1)?;
        }
        self.close(empty, depth, ']');
        Ok(())
    }

    fn map(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        let mut keys: Vec<Value> = value.try_iter()?.collect();
        if self.sort {
            keys.sort();
        }
        self.out.push('{');
        let empty = keys.is_empty();
        for (index, key) in keys.iter().enumerate() {
            self.between(index == 0, depth + 1);
            let quote = if key.kind() == ValueKind::String { "" } else { "\"" };
            self.out.push_str(quote);
            self.value(key, depth + 1)?;
            self.out.push_str(quote);
            self.out.push_str(&self.key);
            self.value(&value.get_item(key)?, depth + 1)?;
        }
        self.close(empty, depth, '}');
        Ok(())
    }

    fn between(&mut self, first: bool, depth: usize) {
        if !first {
            self.out.push_str(&self.item);
        }
        self.new_line(depth);
    }

    fn close(&mut self, empty: bool, depth: usize, bracket: char) {
        if !empty {
            self.new_line(depth);
        }
        self.out.push(bracket);
    }

    fn new_line(&mut self, depth: usize) {
        if let Some(indent) = &self.indent {
            self.out.push('\n');
            self.out.extend((0..depth).map(|_| indent.as_str()));
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            match character {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\x08' => self.out.push_str("\\b"),
                '\x0c' => self.out.push_str("\\f"),
                _ if character < ' ' || (self.ascii && character > '~') => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        append(&mut self.out, format_args!("\\u{unit:04x}"));
                    }
                }
                _ => self.out.push(character),
            }
        }
        self.out.push('"');
    }
}

fn append(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("writing to a string does not fail");
}

/// What Python's `str.strip` and `str.split` call white space.
fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\x1c'..='\x1f').contains(&character)
}

fn trim(budget: &Budget, value: &Value, chars: Option<&str>) -> Result<String, Error> {
    let text = python_str(budget, value)?;
    budget.read(chars.map_or(0, str::len))?;
    Ok(stripped(&text, chars, "strip").to_owned())
}

/// A text without these characters, or without white space, at the ends that Python's method of this name looks at.
fn stripped<'t>(text: &'t str, chars: Option<&str>, method: &str) -> &'t str {
    let given: Option<BTreeSet<char>> = chars.map(|chars| chars.chars().collect());
    let goes = |c: char| given.as_ref().map_or_else(|| is_space(c), |given| given.contains(&c));
    let text = if method == "rstrip" { text } else { text.trim_start_matches(goes) };
    if method == "lstrip" { text } else { text.trim_end_matches(goes) }
}

/// `round(precision)`, of fractions to whole numbers alone: for tenths the system's library makes a power, which need not
/// be the same on every machine.
fn round(value: &Value, precision: Option<i32>) -> Result<Value, Error> {
    if value.is_integer() {
        return Ok(value.clone());
    }
    if value.kind() != ValueKind::Number {
        return Err(invalid(format!("round: {} is no number", value.kind())));
    }
    if precision.unwrap_or(0) != 0 {
        return Err(invalid("round: fractions can be rounded to whole numbers alone"));
    }
    Ok(Value::from(f64::try_from(value.clone())?.round()))
}

fn method(
    budget: &Budget,
    state: &State<'_, '_>,
    value: &Value,
    name: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    budget.pay_method(value, name, arguments)?;
    let Some(text) = value.as_str() else { return budget.method(state, value, name, arguments) };
    let chars = match arguments {
        [] => Some(None),
        [none] if none.is_none() => Some(None),
        [chars] => chars.as_str().map(Some),
        _ => None,
    };
    let trimmed = match (name, chars) {
        ("strip" | "lstrip" | "rstrip", Some(chars)) => stripped(text, chars, name),
        ("strip" | "lstrip" | "rstrip", None) => {
            return Err(invalid(format!("{name} takes the characters to strip, or nothing")));
        }
        ("split", _) if arguments.is_empty() => {
            let words = || text.split(is_space).filter(|word| !word.is_empty());
            budget.pay_items(words().count())?;
            budget.pay(text.len())?;
            return Ok(words().collect());
        }
        _ => return budget.method(state, value, name, arguments),
    };
    budget.pay(trimmed.len())?;
    Ok(Value::from(trimmed))
}
