//! Whether the system gives this process as many open files as its connections need: without one, a receipt can't be
//! kept.

/// Beside connections: the log, the book, files of models, what listens.
const OTHERS: u64 = 64;

/// What is to be done about a limit.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// It is enough.
    Enough,
    /// It can be raised to this.
    Raise(u64),
    /// It can't.
    Refuse,
}

/// By the limit as it is and as it may become; `None` is none.
fn way(connections: usize, soft: Option<u64>, hard: Option<u64>) -> Way {
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHERS);
    let reaches = |limit: Option<u64>| limit.is_none_or(|limit| limit >= needed);
    match (reaches(soft), reaches(hard)) {
        (true, _) => Way::Enough,
        // Some systems give less than they say where they say that there is no limit.
        (false, true) => Way::Raise(hard.unwrap_or(needed)),
        (false, false) => Way::Refuse,
    }
}

/// Makes room for so many connections; else words that name what is too much and what there is.
#[cfg(unix)]
pub(super) fn require(connections: usize) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = match way(connections, current, maximum) {
        Way::Enough => Ok(()),
        Way::Raise(current) => {
            setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum }).map_err(|_| ())
        }
        Way::Refuse => Err(()),
    };
    raised.map_err(|()| refused(connections, maximum.or(current).unwrap_or(0)))
}

/// With this limit there can't be so many.
fn refused(connections: usize, limit: u64) -> String {
    let way_out = match limit.saturating_sub(OTHERS) {
        0 => "raise the limit".to_owned(),
        most => format!("--connections {most}, or raise the limit"),
    };
    format!(
        "--connections {connections} needs more open files than this process may have ({limit}, of which {OTHERS} \
         are for receipts, models and others): {way_out} (`ulimit -n`, `LimitNOFILE`)"
    )
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub(super) fn require(_connections: usize) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_what_receipts_need() {
        for (connections, soft, hard, want) in [
            (1984, Some(2048), Some(2048), Way::Enough),
            (1985, Some(2048), Some(2048), Way::Refuse),
            (1985, Some(2048), Some(4096), Way::Raise(4096)),
            (2048, Some(1024), None, Way::Raise(2112)),
            (usize::MAX, None, None, Way::Enough),
            (1, Some(20), Some(40), Way::Refuse),
        ] {
            assert_eq!(way(connections, soft, hard), want, "{connections} {soft:?} {hard:?}");
        }
    }
    #[test]
    fn a_refusal_names_a_way_out_that_there_is() {
        assert!(refused(37, 100).contains("--connections 36, or raise"), "{}", refused(37, 100));
        assert!(!refused(1, 40).contains("--connections 0"), "{}", refused(1, 40));
    }
}
