//! Files that are looked at because they are plain ones.
//!
//! Never waits: a pipe would be opened when somebody writes to it, and a device might never end. What was opened is
//! looked at, not what has its name a moment before.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens a plain file to be read; `None` of a folder, a pipe or a device.
pub fn open_plain(path: &Path) -> io::Result<Option<File>> {
    let file = open(path)?;
    Ok(file.metadata()?.is_file().then_some(file))
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let at_once = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let flags = i32::try_from(at_once.bits()).map_err(io::Error::other)?;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Elsewhere opening waits for nobody.
#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}
