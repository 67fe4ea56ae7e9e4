//! `probity package inspect`: what is in a package, or would be in a model file's.
//!
//! Never says that something holds which it did not check: files of a folder are not read here.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use canon::sample::Parameters;
use commit::hex;
use package::{Package, PartKind, Quality, Redistributable};
use store::ModelRef;

use super::build::{Additions, Reading, made};
use super::{row, warning};
use crate::arguments::InspectOptions;
use crate::folders;
use crate::loading::{find, open};
use crate::output::{counted, harmless, line, size, write};
use crate::packaged;

/// Micros in a percent.
const PERCENT: u32 = 10_000;

pub(super) fn run(options: &InspectOptions) -> Result<ExitCode> {
    let reference = &options.model.reference;
    let folder = match reference {
        ModelRef::Path(path) if folders::is_package(path) => Some(path.as_path()),
        ModelRef::Path(_) | ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_) => {
            None
        }
    };
    let package = match folder {
        Some(path) => packaged::open(path)?,
        None => {
            let store = crate::environment::store()?;
            let known = find(&store, reference)?;
            let reading = Reading::new()?;
            let package = made(&mut open(&known.path)?, &known, Additions::default(), &reading);
            if reading.stopped() {
                return Ok(ExitCode::from(130));
            }
            package?
        }
    };
    if options.card {
        let card = package.card().context("the package has no card")?;
        write(&harmless(&format!("{}\n", card.trim_end())))?;
        return Ok(ExitCode::SUCCESS);
    }
    show(&package)?;
    match folder {
        Some(path) => {
            signatures(path, &package)?;
            row("checked", "manifest and parts; `probity package verify` reads the files too")?;
        }
        None => row("lies", "nowhere: this is the package that `probity package build` makes")?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(package: &Package) -> Result<()> {
    let (manifest, about) = (package.manifest(), package.manifest().about());
    let or_unknown =
        |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    row("model id", package.id())?;
    row("name", or_unknown(&about.name))?;
    row("licence", or_unknown(&about.licence))?;
    row(
        "redistributable",
        match about.redistributable {
            Redistributable::Unknown => "unknown",
            Redistributable::Yes => "yes",
            Redistributable::No => "no",
        },
    )?;
    for part in PartKind::ALL {
        match manifest.part(part) {
            Some(named) => row(
                part.name(),
                format_args!("{} {}", hex(&named.hash), counted(named.length, "byte", "bytes")),
            )?,
            None => row(part.name(), "none")?,
        }
    }
    for file in manifest.files() {
        let hashes = &file.hashes;
        row("file", format_args!("{} ({})", file.name, size(hashes.size)))?;
        row("  bytes", hashes.size)?;
        row("  blake3", hex(&hashes.blake3))?;
        row("  sha256", hex(&hashes.sha256))?;
        // The hash of an only shard is the file's.
        let shards = hashes.shards.iter().filter(|_| hashes.shards.len() > 1);
        for (index, shard) in (1..).zip(shards) {
            row(&format!("  shard {index}"), hex(shard))?;
        }
    }
    let defaults = package.defaults();
    if *defaults.parameters() != Parameters::default() || defaults.output_tokens_max() != 0 {
        row("recommended", "parameters of its own")?;
    }
    match package.quality() {
        Some(quality) => show_quality(quality),
        None => Ok(row("measured", "nothing: nobody says how near it comes to the float model")?),
    }
}

/// The publisher's claim, and the warning.
fn show_quality(quality: &Quality) -> Result<()> {
    let parts = |value: u32, unit: u32, digits: usize| {
        format!("{}.{:0digits$}", value / unit, value % unit)
    };
    row(
        "measured",
        format_args!("on {} of {}", counted(quality.tokens, "token", "tokens"), quality.text_name),
    )?;
    row("  text", hex(&quality.text))?;
    row("  KL to float", parts(quality.kl_micro, 1_000_000, 6))?;
    row(
        "  perplexity",
        format_args!(
            "{} (float {})",
            parts(quality.perplexity_milli, 1_000, 3),
            parts(quality.float_perplexity_milli, 1_000, 3)
        ),
    )?;
    row("  same top token", format_args!("{} %", parts(quality.same_top_micro, PERCENT, 4)))?;
    row("  by", "its publisher; checked by nobody")?;
    if let Some(warning) = warning(quality) {
        line(warning)?;
    }
    Ok(())
}

fn signatures(path: &Path, package: &Package) -> Result<()> {
    let signatures = packaged::signatures(path, package.id());
    if signatures.looked_at.is_empty() && signatures.note.is_none() {
        row("signatures", "none")?;
    }
    for signed in &signatures.looked_at {
        match &signed.signer {
            Ok(key) => {
                row("signed by", format_args!("{key} (whose key that is, is not known here)"))?
            }
            Err(reason) => row("NOT signed by", format_args!("{}: {reason}", signed.name))?,
        }
    }
    if let Some(note) = signatures.note {
        row("signatures", note)?;
    }
    Ok(())
}
