//! One file per command.

pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod gc;
pub(crate) mod list;
pub(crate) mod pull;
pub(crate) mod rm;
pub(crate) mod run;
pub(crate) mod show;
