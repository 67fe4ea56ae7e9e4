//! What a pull tells its caller while it runs. Data only: nothing here prints.

use std::time::Duration;

use crate::error::SourceError;

/// One event of a pull.
#[derive(Debug)]
pub enum Progress<'a> {
    /// Another process is pulling the same thing; we wait for it.
    Waiting { reference: &'a str },
    /// A source is being asked.
    Trying { source: &'a str },
    /// Bytes of an earlier attempt are kept.
    Resuming { source: &'a str, at: u64, total: u64 },
    /// The source can't go on where we stopped: from the start again.
    Restarting { source: &'a str, why: &'a str },
    /// Bytes on disk so far.
    Bytes { done: u64, total: u64 },
    /// The same source is asked again after a wait.
    Retrying { source: &'a str, why: &'a SourceError, after: Duration },
    /// A member is being taken out of an archive.
    Extracting { source: &'a str, member: &'a str },
    /// All bytes are here; they are compared with what was promised: a hash, or the size alone.
    Verifying { source: &'a str, hashed: bool },
    /// The source gave wrong bytes: they are deleted.
    Discarded { source: &'a str, why: &'a SourceError },
    /// The source did not serve; the next one is tried, if there is one. The last source's failure,
    /// a discard or this, comes again in the error of the pull.
    SourceFailed { source: &'a str, why: &'a SourceError },
    /// The file is in the store.
    Stored { source: &'a str, size: u64 },
}

/// Where events go.
pub type Sink<'a> = dyn FnMut(Progress<'_>) + 'a;
