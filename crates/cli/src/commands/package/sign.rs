//! `probity package sign`: this machine's signature over a model id, or a model-signing bundle over the files.
//!
//! Never signs what it did not look at: the parts are checked for the one, the files read for the other. Never changes
//! a package.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use commit::Network;
use package::{Package, folder, oms};

use super::build::Reading;
use crate::arguments::SignOptions;
use crate::commands::key::worker_key;
use crate::files::{Force, Pending, Readers, beginning, refuse_taken};
use crate::output::{line, shown, tell};
use crate::packaged;

/// Longest key file that is read.
const KEY_BYTES_MAX: u64 = 1 << 16;

pub(super) fn run(options: &SignOptions) -> Result<ExitCode> {
    let package = packaged::open(&options.folder)?;
    match (&options.oms, &options.out) {
        (Some(key), Some(out)) => {
            sign_files(&options.folder, &package, key, (out, Force(options.force)))
        }
        _ => sign_id(&options.folder, &package),
    }
}

fn sign_id(path: &Path, package: &Package) -> Result<ExitCode> {
    let secret = worker_key(&crate::environment::store()?)?;
    let envelope = package::sign(package.id(), &secret, Network::OFFLINE);
    let place = path.join(folder::signature_path(&secret.public()));
    let context = || format!("can't write {}", place.display());
    fs::create_dir_all(place.parent().with_context(context)?).with_context(context)?;
    // The same key signs the same id with the same bytes: nothing is lost.
    Pending::new(&place, Readers::Everybody, Force(true))?.write(&envelope.to_json())?;
    line(secret.public())?;
    tell(format_args!("signed {}: {}", package.id(), shown(&place)));
    tell(
        "a signature says which key signed, not whose it is: publish the key where people know you",
    );
    Ok(ExitCode::SUCCESS)
}

fn sign_files(
    path: &Path,
    package: &Package,
    key: &Path,
    (out, force): (&Path, Force),
) -> Result<ExitCode> {
    refuse_taken(out, force)?;
    refuse_parts(path, key, out)?;
    let key = secret(key)?;
    let reading = Reading::new()?;
    let files = package.manifest().files();
    reading.begin(files.iter().map(|file| file.hashes.size).sum());
    let read = packaged::weights(path, package, &mut |bytes| reading.seen(bytes));
    if reading.stopped() {
        return Ok(ExitCode::from(130));
    }
    read?;
    reading.end();
    let name = match package.manifest().about().name.as_str() {
        "" => package.id().to_string(),
        name => name.to_owned(),
    };
    let digests: Vec<_> =
        files.iter().map(|file| (file.name.clone(), file.hashes.sha256)).collect();
    let pending = Pending::new(out, Readers::Everybody, force)?;
    pending.write(&oms::bundle(&name, &digests, &key)?)?;
    tell(format_args!(
        "signed {} for OpenSSF's tool; whoever has the public key checks it with:\n  \
         model_signing verify key {} --signature {} --public_key PUBLIC.pem",
        package.id(),
        shown(&path.join("files")),
        shown(out)
    ));
    Ok(ExitCode::SUCCESS)
}

/// Refuses a place that is the key's, or inside the package, whatever it is called: neither is ever replaced.
fn refuse_parts(package: &Path, key: &Path, out: &Path) -> Result<()> {
    let context = || format!("can't write {}", out.display());
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let parent = fs::canonicalize(parent).with_context(context)?;
    if parent.starts_with(fs::canonicalize(package).with_context(context)?) {
        bail!("can't write {}: it is inside the package; name a file outside", out.display());
    }
    let same = |key: Metadata, out: Metadata| (key.dev(), key.ino()) == (out.dev(), out.ino());
    if let (Ok(there), Ok(out_there)) = (fs::metadata(key), fs::metadata(out))
        && same(there, out_there)
    {
        bail!("can't write {}: it is the key; name another file", out.display());
    }
    Ok(())
}

/// Reads a key that signs.
fn secret(path: &Path) -> Result<oms::Key> {
    let bytes = beginning(path, KEY_BYTES_MAX + 1)?;
    if u64::try_from(bytes.len())? > KEY_BYTES_MAX {
        bail!("{} is too long for a key", path.display());
    }
    let context = || format!("{} can't sign", path.display());
    let text = core::str::from_utf8(&bytes).with_context(context)?;
    oms::Key::from_pem(text).with_context(context)
}
