//! `probity package sign`: this machine's signature over a model id, or a model-signing bundle over the files.
//!
//! Never signs what it did not look at: the parts are checked for the one, the files read for the other. Never changes
//! a package.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use commit::Network;
use package::{Package, folder, oms};

use super::build::Reading;
use crate::arguments::SignOptions;
use crate::commands::key::worker_key;
use crate::files::{Force, Pending, Readers, refuse_taken};
use crate::output::{line, tell};
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
    tell(format_args!("signed {}: {}", package.id(), place.display()));
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
    let context = || format!("can't read {}", key.display());
    if fs::metadata(key).with_context(context)?.len() > KEY_BYTES_MAX {
        bail!("{} is too long for a key", key.display());
    }
    let text = fs::read_to_string(key).with_context(context)?;
    let key = oms::Key::from_pem(&text).with_context(|| format!("{} can't sign", key.display()))?;
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
        path.join("files").display(),
        out.display()
    ));
    Ok(ExitCode::SUCCESS)
}
