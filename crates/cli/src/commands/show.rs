//! `probity show`: what is known of a model. Never downloads.

use std::fmt::Display;
use std::process::ExitCode;

use anyhow::Result;
use store::{LocalFile, ModelRef, Shown, Store};

use crate::arguments::ShowOptions;
use crate::folders;
use crate::loading::{known_id, open, require};
use crate::output::{OutputError, escaped, harmless, line, size};

pub(crate) fn run(options: &ShowOptions) -> Result<ExitCode> {
    let store = crate::environment::store_to_look_at()?;
    if options.program {
        let file = require(&store, &options.model.reference)?;
        let program = open(&file.path)?.publication.model.program;
        line(harmless(&program.to_string()))?;
        return Ok(ExitCode::SUCCESS);
    }
    show(&store, options)?;
    Ok(ExitCode::SUCCESS)
}

fn show(store: &Store, options: &ShowOptions) -> Result<()> {
    if let ModelRef::Path(path) = &options.model.reference
        && folders::is_one(path)
    {
        row("name", path.display())?;
        return file_rows(store, &folders::find(path)?);
    }
    let shown: Shown = store.show(&options.model.reference)?;
    row("name", &shown.reference)?;
    if let Some(entry) = shown.catalogue {
        row("about", entry.description)?;
        row("licence", entry.licence)?;
        row("size", size(entry.size))?;
    }
    let Some(file) = &shown.file else {
        row("here", format_args!("no; probity pull {}", shown.reference))?;
        return Ok(());
    };
    file_rows(store, file)?;
    if let Some(record) = &shown.record {
        row("came from", &record.source)?;
    }
    let prepared: u64 = shown.packed.iter().map(|entry| entry.bytes).sum();
    row("prepared", format_args!("{} of weights in the cache", size(prepared)))?;
    Ok(())
}

fn file_rows(store: &Store, file: &LocalFile) -> Result<()> {
    row("file", file.path.display())?;
    row("bytes", file.size)?;
    row("blake3", file.blake3)?;
    if let Some(sha256) = file.sha256 {
        row("sha256", sha256)?;
    }
    let opened = open(&file.path)?;
    match known_id(store, &opened, file)? {
        Some(id) => row("model id", id)?,
        None => row(
            "model id",
            "not known yet: the first run finds it out, or `probity package inspect`",
        )?,
    }
    let model = opened.publication.model;
    let program = model.program.program();
    let layers: usize = program.groups.iter().map(|group| group.layers.len()).sum();
    row("program", model.program.digest().to_hex())?;
    row("layers", layers)?;
    row("vocabulary", format_args!("{} tokens", program.vocabulary))?;
    row("context", format_args!("{} tokens", program.context_max))?;
    row(
        "work",
        format_args!("{} multiply-adds per token at most", model.program.cost().multiply_adds),
    )?;
    row("chat template", if model.template.is_some() { "yes" } else { "no" })?;
    Ok(())
}

fn row(name: &str, value: impl Display) -> Result<(), OutputError> {
    line(escaped(&format!("{name:<15} {value}")))
}
