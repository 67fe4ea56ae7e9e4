//! Small files that a person names.
//!
//! Never opens what is no plain file: reading a pipe or a device might never end. Never replaces what is there unless
//! that was asked for.

use std::fs::{self, Permissions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use store::open_plain;
use tempfile::NamedTempFile;

use crate::failure::Usage;

/// Whether what is there may be replaced.
#[derive(Clone, Copy)]
pub(crate) struct Force(pub(crate) bool);

/// Who may read a file, as far as the person's own mask lets them.
#[derive(Clone, Copy)]
pub(crate) enum Readers {
    Owner,
    Everybody,
}

/// The first bytes of a file, at most so many.
pub(crate) fn beginning(path: &Path, most: u64) -> Result<Vec<u8>> {
    let context = || format!("can't read {}", path.display());
    let Some(file) = open_plain(path).with_context(context)? else {
        let what = if path.is_dir() { "a folder" } else { "a pipe or a device" };
        bail!("can't read {}: it is {what}; name a plain file", path.display());
    };
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).with_context(context)?;
    Ok(bytes)
}

/// Refuses a place where nothing may be written.
pub(crate) fn refuse_taken(path: &Path, force: Force) -> Result<()> {
    if path == Path::new("-") {
        bail!(Usage("`-` names no file here: name one (`./-` is a file called so)".into()));
    }
    match fs::symlink_metadata(path) {
        // A device, a pipe or a folder; a link might lead anywhere.
        Ok(there) if !there.is_file() => {
            bail!("can't write {}: something that is no plain file is there", path.display())
        }
        Ok(_) if !force.0 => {
            bail!("{} is there already: name another file, or --force replaces it", path.display())
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A file that will be there whole or not at all. Making it fails where writing it would.
pub(crate) struct Pending {
    file: NamedTempFile,
    path: PathBuf,
    force: Force,
}

impl Pending {
    pub(crate) fn new(path: &Path, readers: Readers, force: Force) -> Result<Self> {
        refuse_taken(path, force)?;
        let context = || format!("can't write {}", path.display());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::metadata(folder).with_context(context)?;
        let mode = match readers {
            Readers::Owner => 0o600,
            Readers::Everybody => 0o666,
        };
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix(".tmp-").permissions(Permissions::from_mode(mode));
        // Its own words name the temporary file, which nobody asked for.
        let file = builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()));
        Ok(Self { file: file.with_context(context)?, path: path.to_owned(), force })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(self, text: &str) -> Result<()> {
        self.write_bytes(text.as_bytes())
    }

    pub(crate) fn write_bytes(mut self, bytes: &[u8]) -> Result<()> {
        let path = self.path;
        let context = || format!("can't write {}", path.display());
        self.file.write_all(bytes).with_context(context)?;
        self.file.as_file().sync_all().with_context(context)?;
        let done = if self.force.0 {
            self.file.persist(&path)
        } else {
            self.file.persist_noclobber(&path)
        };
        let Err(failed) = done else { return Ok(()) };
        if failed.error.kind() != io::ErrorKind::AlreadyExists {
            return Err(failed.error).with_context(context);
        }
        // Another one's since it was looked at: neither is lost.
        let (_, kept) = failed.file.keep().map_err(|error| error.error).with_context(context)?;
        bail!(
            "{} came to be there in the meantime: what was to stand there is kept in {}",
            path.display(),
            kept.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_in_the_meantime_stays_and_nothing_is_lost() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("r.json");
        let pending = Pending::new(&path, Readers::Owner, Force(false)).expect("nothing is there");
        fs::write(&path, "another's").expect("it can be written");
        let refused = pending.write("ours").expect_err("it is taken").to_string();
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "another's");
        let kept = refused.rsplit(' ').next().expect("the last word is its path");
        assert_eq!(fs::read_to_string(kept).expect("it is kept"), "ours");
        let pending = Pending::new(&path, Readers::Owner, Force(true)).expect("it may be replaced");
        pending.write("new").expect("it can be written");
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "new");
    }
}
