//! A ledger with a rule taken out, for whoever looks whether anybody would see it.
//!
//! Never in a build that somebody uses: only the feature `canary` has it, and no package asks for that feature. A rule is
//! out for the thread that runs, and for no longer than that runs.

use std::cell::Cell;

use crate::stop::Rejection;

thread_local! {
    static OUT: Cell<Out> = const { Cell::new(Out::NOTHING) };
}

/// What is out, and how often it would have rejected.
#[derive(Clone, Copy)]
struct Out {
    rejection: Option<Rejection>,
    overlooked: u64,
}

impl Out {
    const NOTHING: Self = Self { rejection: None, overlooked: 0 };
}

/// Runs something without a rule. Gives what it gives, and how often the rule would have rejected.
pub fn without<T>(rejection: Rejection, run: impl FnOnce() -> T) -> (T, u64) {
    let _before = Before::put(Out { rejection: Some(rejection), ..Out::NOTHING });
    let given = run();
    (given, OUT.get().overlooked)
}

/// Runs something with every rule, also within [`without`].
pub fn whole<T>(run: impl FnOnce() -> T) -> T {
    let _before = Before::put(Out::NOTHING);
    run()
}

/// What was out before is out again when this ends, also after a panic.
struct Before(Out);

impl Before {
    fn put(out: Out) -> Self {
        Self(OUT.replace(out))
    }
}

impl Drop for Before {
    fn drop(&mut self) {
        OUT.set(self.0);
    }
}

/// Whether a rule that does not hold is to be overlooked.
pub(crate) fn is_taken_out(rejection: Rejection) -> bool {
    let out = OUT.get();
    let is = out.rejection == Some(rejection);
    if is {
        OUT.set(Out { overlooked: out.overlooked.saturating_add(1), ..out });
    }
    is
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stop::require;

    #[test]
    fn a_rule_is_out_for_as_long_as_that_runs_and_no_other_is() {
        let tried = || {
            let of = |rejection| require(false, rejection).is_ok();
            (of(Rejection::NotOwner), of(Rejection::Jailed))
        };
        assert_eq!(without(Rejection::NotOwner, tried), ((true, false), 1));
        assert_eq!(without(Rejection::NotOwner, || whole(tried)), ((false, false), 0));
        assert_eq!(tried(), (false, false));
    }
}
