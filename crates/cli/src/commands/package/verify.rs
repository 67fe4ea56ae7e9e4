//! `probity package verify`: whether a folder is the package it says, everything re-derived.
//!
//! Never says "verified" before every byte was read, and says what that does not establish. Exit status as `probity
//! verify`: 0 verified, 1 refuted, 2 it can't be judged.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use package::Package;

use super::build::Reading;
use super::warning;
use crate::arguments::VerifyPackageOptions;
use crate::failure::describe;
use crate::output::{counted, escaped, harmless, line, shown, size, write};
use crate::packaged::{self, Signed, Unfit};

pub(super) fn run(options: &VerifyPackageOptions) -> Result<ExitCode> {
    let path = &options.folder;
    let reading = Reading::new()?;
    let (word, text, exit) = match verified(options, &reading) {
        Ok(text) => ("VERIFIED", text, 0),
        Err(_) if reading.stopped() => return Ok(ExitCode::from(130)),
        Err(Unfit::Refuted(error)) => ("REFUTED", format!("  {}\n", describe(&error)), 1),
        Err(Unfit::Unjudged(error)) => ("CAN'T BE JUDGED", format!("  {}\n", describe(&error)), 2),
    };
    line(format_args!("{}: {word}", shown(path)))?;
    write(&harmless(&text))?;
    Ok(ExitCode::from(exit))
}

/// What was checked, in words.
fn verified(options: &VerifyPackageOptions, reading: &Reading) -> Result<String, Unfit> {
    let path = &options.folder;
    let package = packaged::open(path)?;
    let id = package.id();
    if let Some(wanted) = options.id.filter(|wanted| *wanted != id) {
        return Err(Unfit::Refuted(anyhow::anyhow!("this is the model {id}, not {wanted}")));
    }
    packaged::model(path, &package)?;
    let files = package.manifest().files().iter().map(|file| file.hashes.size);
    reading.begin(files.sum());
    packaged::weights(path, &package, &mut |bytes| reading.seen(bytes))?;
    reading.end();
    let signatures = signed(path, &package, options)?;
    Ok(text(&package, &signatures))
}

/// The lines of the signatures. One that does not hold is no part of the package: it refutes nothing, and establishes
/// nothing.
fn signed(path: &Path, package: &Package, options: &VerifyPackageOptions) -> Result<String, Unfit> {
    if let Some(wanted) = &options.signed_by {
        let signed = packaged::signed_by(path, package.id(), wanted);
        signed.map_err(|reason| Unfit::Unjudged(anyhow::anyhow!(reason)))?;
    }
    let signatures = packaged::signatures(path, package.id());
    let mut text = String::new();
    for Signed { name, signer } in &signatures.looked_at {
        text += &match signer {
            Ok(key) => format!("  signed by {key}\n"),
            Err(reason) => format!("  NOT signed by {name}: {}\n", escaped(reason)),
        };
    }
    if let Some(note) = &signatures.note {
        text += &format!("  {}\n", escaped(note));
    }
    Ok(text)
}

fn text(package: &Package, signatures: &str) -> String {
    let manifest = package.manifest();
    let bytes: u64 = manifest.files().iter().map(|file| file.hashes.size).sum();
    let (parts, files) = (package.parts().len(), manifest.files().len());
    let mut text = format!(
        "  model   {}\n  name    {}\n  checked\n    {}: length, hash, form, and that they fit together\n    \
         {} of {}: every byte and every shard\n    units, token bytes and the bounds of every weight row: made \
         again, the same\n    tokenizer and chat template: made and tried\n",
        package.id(),
        escaped(&manifest.about().name),
        counted(parts, "part", "parts"),
        counted(files, "file", "files"),
        size(bytes),
    );
    text += signatures;
    text += "  not established\n    whose model this is, and how good it is\n";
    if signatures.contains("  signed by ") {
        text += "    whose those keys are\n";
    }
    if package.quality().is_some() {
        text += "    that the quality is as its publisher measured it\n";
    }
    if let Some(warning) = package.quality().and_then(warning) {
        text += &format!("  {warning}\n");
    }
    text
}
