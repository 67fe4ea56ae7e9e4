//! One file per command.

pub(crate) mod api_key;
pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod gc;
pub(crate) mod key;
pub(crate) mod list;
pub(crate) mod package;
pub(crate) mod proxy;
pub(crate) mod pull;
pub(crate) mod receipt;
pub(crate) mod rm;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod verify;
