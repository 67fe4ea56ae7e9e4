//! What a block changed, record by record: read once, and looked at by whoever wants to.
//!
//! Never judges anything. What is no record is left to those who look for that.

use chain::records::Held;
use chain::state::{Entry, State};
use std::sync::Arc;

/// A record before and after.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) was: Option<Held>,
    pub(crate) is: Option<Held>,
}

/// An entry before and after.
type Pair<'a> = (Option<&'a Arc<Entry>>, Option<&'a Arc<Entry>>);

/// All that differs.
pub(crate) fn of(before: &State, after: &State) -> Vec<Change> {
    let read = |entry: &Arc<Entry>| Held::decode(&entry.key, &entry.value).ok();
    let pairs = changed(before, after).into_iter();
    pairs.map(|(was, is)| Change { was: was.and_then(read), is: is.and_then(read) }).collect()
}

/// Entries that differ. Both states go by place, and share what did not change.
fn changed<'a>(before: &'a State, after: &'a State) -> Vec<Pair<'a>> {
    let mut found = Vec::new();
    let (mut old, mut new) = (before.entries().peekable(), after.entries().peekable());
    loop {
        let (was, is) = match (old.peek(), new.peek()) {
            (None, None) => return found,
            (Some(was), Some(is)) if Arc::ptr_eq(was, is) => (true, true),
            (Some(was), Some(is)) => {
                let (was, is) = (before.place(&was.key), after.place(&is.key));
                (was <= is, is <= was)
            }
            (was, is) => (was.is_some(), is.is_some()),
        };
        let (was, is) = (was.then(|| old.next()).flatten(), is.then(|| new.next()).flatten());
        if was != is {
            found.push((was, is));
        }
    }
}

/// The record of a kind, where it is one.
macro_rules! kept {
    ($held:expr, $kind:ident) => {
        if let Some(Held::$kind(_, record)) = $held { Some(record) } else { None }
    };
}

pub(crate) use kept;
