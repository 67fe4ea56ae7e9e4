//! What a rendering may make: every text and list that comes into being is paid for from one budget.
//!
//! Fuel bounds how many steps a template takes, not how much one step makes. So the operators,
//! filters, functions and methods that make something are replaced here by ones that pay first
//! (`machine` puts the operators' replacements into the template): a text costs its bytes, a list
//! [`ITEM_BYTES`] an item. What is put *into* a list, a map or a namespace is paid for in full, as if
//! it were written out, and may nest [`MAX_NESTING`] deep: a list of lists that share their items
//! would else be as large as one likes when it is printed. A namespace may not hold itself.
//!
//! Never gives anything back: the sum bounds both memory and the time that making takes. A step may
//! overshoot by what it makes of one value, a few times [`MAX_RENDERED_BYTES`]. Failure:
//! [`Exhausted`], in the template engine's error.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::value::{Rest, ValueKind};
use minijinja::{Error, ErrorKind, State, Value, context, filters, functions};
use minijinja_contrib::pycompat;

use super::python::python_str;
use super::{Jinja, MAX_MADE_BYTES, MAX_READ_BYTES, MAX_RENDERED_BYTES};

/// What an item of a list costs.
const ITEM_BYTES: usize = 64;
/// What an item of a sum of lists costs: the sum only points to them.
const SUM_ITEM_BYTES: usize = 4;
/// What a number or the like costs where it is put into a list.
const SCALAR_BYTES: usize = 8;
/// How deep values may nest.
const MAX_NESTING: usize = 64;
/// The widest field of a format.
const MAX_FIELD_CHARS: usize = 1024;

/// Filters that no template can name, for `machine`.
pub(super) const CONCAT: &str = "made:concat";
pub(super) const SUM: &str = "made:sum";
pub(super) const POWER: &str = "pay:power";
pub(super) const PRODUCT: &str = "made:product";
pub(super) const PART: &str = "made:part";
pub(super) const NESTED: &str = "made:nested";
pub(super) const HELD: &str = "made:held";
pub(super) const SPREAD: &str = "made:spread";

/// The template made too much.
#[derive(Debug, thiserror::Error)]
#[error("the template makes too much")]
pub(super) struct Exhausted;

/// The template read too much.
#[derive(Debug, thiserror::Error)]
#[error("the template reads too much")]
pub(super) struct ReadOut;

/// What is left to make and to read.
#[derive(Clone)]
pub(super) struct Budget {
    made: Arc<AtomicUsize>,
    read: Arc<AtomicUsize>,
}

/// What a filter makes, in relation to what it is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Makes {
    /// Text of text.
    Text,
    /// A list of the items, or of the characters, of its input.
    Items,
    /// Lists in a list.
    Lists,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            made: Arc::new(AtomicUsize::new(MAX_MADE_BYTES)),
            read: Arc::new(AtomicUsize::new(MAX_READ_BYTES)),
        }
    }

    /// Pays for bytes.
    pub(super) fn pay(&self, bytes: usize) -> Result<(), Error> {
        if taken(&self.made, bytes) { Ok(()) } else { Err(exhausted()) }
    }

    /// Pays for reading bytes (`reads` says when).
    pub(super) fn read(&self, bytes: usize) -> Result<(), Error> {
        if taken(&self.read, bytes) {
            return Ok(());
        }
        Err(refused("too much is read").with_source(ReadOut))
    }

    /// Pays for one text of this length.
    pub(super) fn pay_text(&self, bytes: usize) -> Result<(), Error> {
        if bytes > MAX_RENDERED_BYTES { Err(exhausted()) } else { self.pay(bytes) }
    }

    /// Pays for items of a list.
    pub(super) fn pay_items(&self, count: usize) -> Result<(), Error> {
        self.pay(count.saturating_mul(ITEM_BYTES))
    }

    /// Python's `str(value)`, paid for unless it is a text already.
    fn text(&self, value: &Value) -> Result<Value, Error> {
        if value.as_str().is_some() {
            return Ok(value.clone());
        }
        Ok(Value::from(python_str(self, value)?))
    }

    /// Pays for a value that is put into another, as if it were written out.
    fn pay_nested(&self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > MAX_NESTING {
            return Err(refused(format!("values may nest {MAX_NESTING} deep, not deeper")));
        }
        if is_namespace(value) {
            return Err(refused("a namespace can't be put into another value"));
        }
        if let Some(text) = value.as_str() {
            return self.pay(text.len());
        }
        if !holds_values(value) {
            return self.pay(SCALAR_BYTES);
        }
        self.pay_items(1)?;
        let map = value.kind() == ValueKind::Map;
        for item in value.try_iter()? {
            if map {
                self.pay_nested(&value.get_item(&item)?, depth + 1)?;
            }
            self.pay_nested(&item, depth + 1)?;
        }
        Ok(())
    }

    /// A lazy list as a list of its own, so that lazy lists of lazy lists don't pile up.
    fn collected(&self, value: Value) -> Result<Value, Error> {
        if value.kind() != ValueKind::Iterable {
            return Ok(value);
        }
        let mut items = Vec::new();
        for item in value.try_iter()? {
            self.pay_items(1)?;
            items.push(item);
        }
        Ok(Value::from(items))
    }

    /// Pays for what was made.
    fn made(&self, value: Value, makes: Makes) -> Result<Value, Error> {
        match (value.as_str(), makes) {
            (Some(text), _) => self.pay_text(text.len())?,
            (None, Makes::Lists) => self.pay_nested(&value, 0)?,
            (None, Makes::Text | Makes::Items) => self.pay_items(value.len().unwrap_or(1))?,
        }
        self.collected(value)
    }

    fn concat(&self, left: &Value, right: &Value) -> Result<Value, Error> {
        let (left, right) = (self.text(left)?, self.text(right)?);
        let (left, right) = (left.as_str().unwrap_or(""), right.as_str().unwrap_or(""));
        self.pay_text(left.len() + right.len())?;
        Ok(Value::from([left, right].concat()))
    }

    /// What `+` made: its operands are paid for, so that it can't be twice what may be made.
    fn sum(&self, sum: Value) -> Result<Value, Error> {
        match sum.as_str() {
            Some(text) => self.pay_text(text.len())?,
            None => self.pay(sum.len().unwrap_or(0).saturating_mul(SUM_ITEM_BYTES))?,
        }
        Ok(sum)
    }

    fn product(&self, state: &State<'_, '_>, left: Value, right: Value) -> Result<Value, Error> {
        let many = |value: &Value| value.as_str().is_some() || holds_values(value);
        let (many, count) = match (many(&left), many(&right)) {
            (true, _) => (&left, &right),
            (false, true) => (&right, &left),
            (false, false) => return multiplied(state, left, right),
        };
        let count = count.as_usize().ok_or_else(|| {
            refused("texts and lists can only be multiplied with whole numbers from 0")
        })?;
        if let Some(text) = many.as_str() {
            self.pay_text(text.len().saturating_mul(count))?;
            return Ok(Value::from(text.repeat(count)));
        }
        self.pay_items(many.len().unwrap_or(0).saturating_mul(count))?;
        let items: Vec<Value> = many.try_iter()?.collect();
        let repeated = (0..count).flat_map(|_| items.iter().cloned());
        Ok(Value::from(repeated.collect::<Vec<_>>()))
    }

    /// What is assigned to a namespace.
    fn held(value: Value) -> Result<Value, Error> {
        if is_namespace(&value) {
            return Err(refused("a namespace can't be put into another value"));
        }
        Ok(value)
    }

    /// Python's `separator.join(values)`.
    pub(super) fn join(&self, values: &Value, separator: &Value) -> Result<Value, Error> {
        let separator = self.text(separator)?;
        let separator = separator.as_str().unwrap_or("");
        let mut joined = String::new();
        for (index, item) in values.try_iter()?.enumerate() {
            let item = self.text(&item)?;
            let item = item.as_str().unwrap_or("");
            let between = if index == 0 { "" } else { separator };
            self.pay(between.len() + item.len() + 1)?;
            joined.push_str(between);
            joined.push_str(item);
        }
        self.pay_text(joined.len())?;
        Ok(Value::from(joined))
    }

    /// Pays for the result of a replacement.
    fn pay_replace(&self, text: &str, from: &str, to: &str) -> Result<(), Error> {
        let found = if from.is_empty() { text.len() + 1 } else { text.matches(from).count() };
        self.pay_text(text.len().saturating_add(found.saturating_mul(to.len())))
    }

    /// Pays for the result of a format, and gives its arguments as plain values.
    fn pay_format(&self, format: &str, arguments: &[Value]) -> Result<Vec<Value>, Error> {
        let numbers = format.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty());
        for number in numbers {
            if !number.parse().is_ok_and(|number: usize| number <= MAX_FIELD_CHARS) {
                return Err(refused(format!("a field may be {MAX_FIELD_CHARS} wide, not wider")));
            }
        }
        if format.contains("%*") || format.contains(".*") {
            return Err(refused("a field's width must stand in the format"));
        }
        let plain = |value: &Value| {
            if holds_values(value) { self.text(value) } else { Ok(value.clone()) }
        };
        let arguments = arguments.iter().map(plain).collect::<Result<Vec<Value>, Error>>()?;
        let longest = arguments.iter().filter_map(Value::as_str).map(str::len).max().unwrap_or(0);
        let fields = format.matches(['{', '%']).count();
        let most = fields.saturating_mul(MAX_FIELD_CHARS.saturating_add(longest));
        self.pay_text(format.len().saturating_add(most))?;
        Ok(arguments)
    }

    /// A method that the template engine does not have itself.
    pub(super) fn method(
        &self,
        state: &State<'_, '_>,
        value: &Value,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        let call =
            |arguments: &[Value]| pycompat::unknown_method_callback(state, value, name, arguments);
        let text_of = |index: usize| arguments.get(index).and_then(Value::as_str).unwrap_or("");
        let Some(text) = value.as_str() else {
            return self.collected(call(arguments)?);
        };
        match name {
            "join" if arguments.len() == 1 => self.join(&arguments[0], value),
            "replace" => {
                self.pay_replace(text, text_of(0), text_of(1))?;
                call(arguments)
            }
            "format" => {
                let arguments = self.pay_format(text, arguments)?;
                self.made(call(&arguments)?, Makes::Text)
            }
            "split" | "splitlines" => {
                let separator = if name == "split" { text_of(0) } else { "\n" };
                self.pay_items(text.matches(separator).count() + 1)?;
                self.pay(text.len())?;
                call(arguments)
            }
            // An empty text is found without end.
            "count" if text_of(0).is_empty() => Ok(Value::from(text.chars().count() + 1)),
            "upper" | "lower" | "title" | "capitalize" => {
                self.pay(text.len())?;
                self.made(call(arguments)?, Makes::Text)
            }
            _ => call(arguments),
        }
    }

    /// Puts the paying filters and functions in place of the others.
    pub(super) fn install(&self, environment: &mut Jinja) {
        self.install_operators(environment);
        self.install_texts(environment);
        self.install_lists(environment);
        self.install_reads(environment);
        // They print whatever they are given in a form of their own, without end.
        environment.remove_filter("pprint");
        environment.remove_global("debug");
        for (name, function) in [
            ("dict", Value::from_function(functions::dict)),
            ("namespace", Value::from_function(functions::namespace)),
        ] {
            let budget = self.clone();
            environment.add_function(name, move |state: &State<'_, '_>, given: Rest<Value>| {
                given.iter().try_for_each(|value| budget.pay_nested(value, 0))?;
                function.call(state, &given)
            });
        }
    }

    fn install_operators(&self, environment: &mut Jinja) {
        let budget = self.clone();
        environment.add_filter(CONCAT, move |a: &Value, b: &Value| budget.concat(a, b));
        let budget = self.clone();
        environment.add_filter(SUM, move |value: Value| budget.sum(value));
        let budget = self.clone();
        environment.add_filter(PRODUCT, move |state: &State<'_, '_>, a: Value, b: Value| {
            budget.product(state, a, b)
        });
        environment.add_filter(POWER, power);
        let budget = self.clone();
        environment.add_filter(PART, move |value: Value| budget.made(value, Makes::Text));
        let budget = self.clone();
        environment
            .add_filter(NESTED, move |value: Value| budget.pay_nested(&value, 0).map(|()| value));
        environment.add_filter(HELD, Self::held);
        let budget = self.clone();
        environment.add_filter(SPREAD, move |value: Value| {
            budget.pay_items(value.len().unwrap_or(0)).map(|()| value)
        });
    }

    fn install_texts(&self, environment: &mut Jinja) {
        let budget = self.clone();
        environment.add_filter("join", move |values: &Value, separator: Option<Value>| {
            if matches!(values.kind(), ValueKind::Undefined | ValueKind::None) {
                return Ok(Value::from(""));
            }
            budget.join(values, &separator.unwrap_or_else(|| Value::from("")))
        });
        for (name, filter) in [
            ("replace", Value::from_function(filters::replace)),
            ("indent", Value::from_function(filters::indent)),
            ("format", Value::from_function(filters::format)),
            ("lower", Value::from_function(filters::lower)),
            ("upper", Value::from_function(filters::upper)),
            ("title", Value::from_function(filters::title)),
            ("capitalize", Value::from_function(filters::capitalize)),
            ("escape", Value::from_function(filters::escape)),
            ("e", Value::from_function(filters::escape)),
            ("safe", Value::from_function(filters::safe)),
        ] {
            let budget = self.clone();
            let paid = move |state: &State<'_, '_>, given: Rest<Value>| {
                let given = budget.texts(name, &given)?;
                budget.made(filter.call(state, &given)?, Makes::Text)
            };
            environment.add_filter(name, paid);
        }
    }

    /// The arguments of a filter of texts, and payment for what it will make of them.
    fn texts(&self, name: &str, given: &[Value]) -> Result<Vec<Value>, Error> {
        let Some((first, others)) = given.split_first() else { return Ok(Vec::new()) };
        let first = self.text(first)?;
        let text = first.as_str().unwrap_or("");
        self.pay_text(text.len())?;
        let mut all = vec![first.clone()];
        match name {
            "replace" => {
                for value in others {
                    all.push(self.text(value)?);
                }
                let text_of = |at: usize| all.get(at).and_then(Value::as_str).unwrap_or("");
                self.pay_replace(text, text_of(1), text_of(2))?;
            }
            "format" => all.extend(self.pay_format(text, others)?),
            "indent" => {
                let keyword = others.last().and_then(|last| last.get_attr("width").ok());
                let widths = others.iter().chain(&keyword).filter_map(Value::as_usize);
                let width = widths.max().unwrap_or(4);
                let lines = text.matches('\n').count() + 2;
                self.pay_text(text.len().saturating_add(lines.saturating_mul(width)))?;
                all.extend_from_slice(others);
            }
            _ => all.extend_from_slice(others),
        }
        Ok(all)
    }

    fn install_lists(&self, environment: &mut Jinja) {
        use Makes::{Items, Lists};
        for (name, makes, filter) in [
            ("list", Items, Value::from_function(filters::list)),
            ("reverse", Items, Value::from_function(filters::reverse)),
            ("sort", Items, Value::from_function(filters::sort)),
            ("unique", Items, Value::from_function(filters::unique)),
            ("select", Items, Value::from_function(filters::select)),
            ("reject", Items, Value::from_function(filters::reject)),
            ("selectattr", Items, Value::from_function(filters::selectattr)),
            ("rejectattr", Items, Value::from_function(filters::rejectattr)),
            ("split", Items, Value::from_function(filters::split)),
            ("lines", Items, Value::from_function(filters::lines)),
            ("map", Lists, Value::from_function(filters::map)),
            ("items", Lists, Value::from_function(filters::items)),
            ("dictsort", Lists, Value::from_function(filters::dictsort)),
            ("batch", Lists, Value::from_function(filters::batch)),
            ("slice", Lists, Value::from_function(filters::slice)),
            ("groupby", Lists, Value::from_function(filters::groupby)),
            ("chain", Lists, Value::from_function(filters::chain)),
            ("zip", Lists, Value::from_function(filters::zip)),
        ] {
            let budget = self.clone();
            let paid = move |state: &State<'_, '_>, given: Rest<Value>| {
                budget.pay_lists(name, &given)?;
                let made = budget.collected(filter.call(state, &given)?)?;
                budget.made(made, makes)
            };
            environment.add_filter(name, paid);
        }
    }

    /// Pays for what a filter of lists copies of its arguments.
    fn pay_lists(&self, name: &str, given: &[Value]) -> Result<(), Error> {
        self.pay_list_reads(name, given)?;
        for (index, value) in given.iter().enumerate() {
            if is_namespace(value) && (index > 0 || name == "chain") {
                return Err(refused("a namespace can't be put into another value"));
            }
            match value.as_str() {
                Some(text) if index == 0 => self.pay_items(text.len())?,
                Some(_) => {}
                None if holds_values(value) => self.pay_items(value.len().unwrap_or(0))?,
                // How many parts a list is cut into.
                None => self.pay_items(value.as_usize().unwrap_or(0))?,
            }
        }
        Ok(())
    }
}

/// Takes from a budget, if it has as much.
fn taken(budget: &AtomicUsize, bytes: usize) -> bool {
    let less = |left: usize| left.checked_sub(bytes);
    budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
}

fn exhausted() -> Error {
    refused("too much is made").with_source(Exhausted)
}

fn refused(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail.into())
}

pub(super) fn holds_values(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::Map)
}

/// The template engine's only value that can change, and so hold itself.
fn is_namespace(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.type_name().ends_with("::Namespace"))
}

/// The product of two numbers, left to the template engine.
fn multiplied(state: &State<'_, '_>, left: Value, right: Value) -> Result<Value, Error> {
    state.env().compile_expression("left * right")?.eval(context! { left, right })
}

/// The power of whole numbers. Of others the system's library makes one, and not the same on every machine.
fn power(base: &Value, exponent: &Value) -> Result<Value, Error> {
    if !base.is_integer() || !exponent.is_integer() {
        return Err(refused("only whole numbers can be raised to a power"));
    }
    let exponent = u32::try_from(exponent.clone());
    let power = exponent.ok().zip(i128::try_from(base.clone()).ok());
    let power = power.and_then(|(exponent, base)| base.checked_pow(exponent));
    power.map(Value::from).ok_or_else(|| refused("a power is too large, or its exponent below 0"))
}
