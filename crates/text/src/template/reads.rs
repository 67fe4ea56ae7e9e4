//! What a rendering may read: comparing, searching, sorting and indexing are paid for by what they
//! may look at, for one step of a template can read all that there is.
//!
//! `machine` puts [`READ`] around the values that a comparison or a test looks at, and [`SPOT`]
//! around those that are cut or indexed; the filters that read without making, and methods, pay here.
//! A comparison reads no more than its smaller side, so the right one alone is paid for, whatever it
//! is compared with; of `in` both are.
//!
//! Never changes a value. Failure: [`super::budget::ReadOut`], in the template engine's error.

use minijinja::value::{Rest, ValueKind};
use minijinja::{Error, State, Value, filters};

use super::Jinja;
use super::budget::{Budget, holds_values};

/// What looking at a value costs, beside the bytes of a text: some 50 ns.
const VALUE_BYTES: usize = 64;
/// What going past an item of a list costs.
const STEP_BYTES: usize = 16;

/// Filters that no template can name, for `machine`.
pub(super) const READ: &str = "read:all";
pub(super) const SPOT: &str = "read:spot";

/// Tests that read what they are asked about, and not only what it is compared with.
pub(super) fn reads_its_value(test: &str) -> bool {
    matches!(test, "in" | "lower" | "upper")
}

impl Budget {
    /// Pays for looking at all of a value, each part before the next; what it cost.
    pub(super) fn pay_read(&self, value: &Value) -> Result<usize, Error> {
        let mut cost = VALUE_BYTES + value.as_str().map_or(0, str::len);
        self.read(cost)?;
        if holds_values(value) {
            let map = value.kind() == ValueKind::Map;
            for item in value.try_iter()? {
                if map {
                    cost += self.pay_read(&value.get_item(&item)?)?;
                }
                cost += self.pay_read(&item)?;
            }
        }
        Ok(cost)
    }

    /// Pays for going to a place in a text or in a list that is no array.
    fn pay_spot(&self, value: &Value) -> Result<(), Error> {
        if let Some(text) = value.as_str() {
            return self.read(text.len());
        }
        match value.kind() == ValueKind::Iterable {
            true => self.read(value.len().unwrap_or(0).saturating_mul(STEP_BYTES)),
            false => Ok(()),
        }
    }

    /// Pays for what a method of a value reads.
    pub(super) fn pay_method(
        &self,
        value: &Value,
        name: &str,
        arguments: &[Value],
    ) -> Result<(), Error> {
        for argument in arguments {
            self.pay_read(argument)?;
        }
        match value.as_str() {
            Some(_) if matches!(name, "startswith" | "endswith") => Ok(()),
            Some(text) => self.read(text.len()),
            None if name == "count" => self.pay_read(value).map(drop),
            None => Ok(()),
        }
    }

    /// Pays for what a filter of lists reads: sorting compares each item with a few others, and a
    /// test looks at its arguments again for every item.
    pub(super) fn pay_list_reads(&self, name: &str, given: &[Value]) -> Result<(), Error> {
        let Some((list, arguments)) = given.split_first() else { return Ok(()) };
        let count = list.len().unwrap_or(1);
        match name {
            "sort" | "unique" | "groupby" | "dictsort" => {
                let cost = self.pay_read(list)?;
                let again = usize::try_from(count.checked_ilog2().unwrap_or(0)).unwrap_or(0);
                self.read(cost.saturating_mul(again))?;
                self.pay_again(arguments, count.saturating_mul(again + 1))
            }
            // The path of an attribute is walked for every item.
            "map" => self.pay_again(arguments, count),
            "select" | "reject" | "selectattr" | "rejectattr" => {
                self.pay_again(arguments, count)?;
                match arguments.iter().filter_map(Value::as_str).any(reads_its_value) {
                    true => self.pay_read(list).map(drop),
                    false => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Pays for looking at arguments so many times.
    fn pay_again(&self, arguments: &[Value], times: usize) -> Result<(), Error> {
        for argument in arguments {
            let cost = self.pay_read(argument)?;
            self.read(cost.saturating_mul(times))?;
        }
        Ok(())
    }

    /// Puts the paying filters in place of the others.
    pub(super) fn install_reads(&self, environment: &mut Jinja) {
        let budget = self.clone();
        environment.add_filter(READ, move |value: Value| budget.pay_read(&value).map(|_| value));
        let budget = self.clone();
        environment.add_filter(SPOT, move |value: Value| budget.pay_spot(&value).map(|()| value));
        for (name, filter) in [
            ("first", Value::from_function(filters::first)),
            ("last", Value::from_function(filters::last)),
            ("length", Value::from_function(filters::length)),
            ("count", Value::from_function(filters::length)),
        ] {
            let budget = self.clone();
            environment.add_filter(name, move |state: &State<'_, '_>, given: Rest<Value>| {
                given.iter().try_for_each(|value| budget.pay_spot(value))?;
                filter.call(state, &given)
            });
        }
        for (name, filter) in [
            ("float", Value::from_function(filters::float)),
            ("int", Value::from_function(filters::int)),
            ("max", Value::from_function(filters::max)),
            ("min", Value::from_function(filters::min)),
            ("sum", Value::from_function(filters::sum)),
        ] {
            let budget = self.clone();
            environment.add_filter(name, move |state: &State<'_, '_>, given: Rest<Value>| {
                given.iter().try_for_each(|value| budget.pay_read(value).map(drop))?;
                filter.call(state, &given)
            });
        }
    }
}
