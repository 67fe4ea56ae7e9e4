//! `probity list`: models here, and models to be had by name.

use std::process::ExitCode;

use anyhow::Result;
use package::ModelId;
use store::{Blake3, Listing, Unfinished};

use crate::ids;
use crate::output::{counted, escaped, line, size, tell};

/// So many digits of an id are shown.
const ID_DIGITS: usize = 16;

pub(crate) fn run() -> Result<ExitCode> {
    let store = crate::environment::store_to_look_at()?;
    let listing = store.list()?;
    let row = |name: &str, bytes: u64, state: &str| {
        let row = format!("{name:<40} {:>12}  {state}", size(bytes).to_string());
        line(escaped(row.trim_end()))
    };
    let known = ids::known(&store)?;
    for model in &listing.models {
        let name = &model.record.reference;
        let state = if model.present {
            short_id(&known, model.record.blake3)
        } else {
            format!("its file is gone: probity pull {name}")
        };
        row(name, model.record.size, &state)?;
    }
    for folder in &listing.folders {
        let name = &folder.record.reference;
        let state = match (folder.present, folder.record.complete) {
            (true, _) => short_id(&known, folder.record.weights().1),
            (false, true) => format!("a file of it is gone: probity pull {name}"),
            (false, false) => format!("begun: probity pull {name} goes on"),
        };
        row(name, folder.record.bytes(), &state)?;
    }
    let here = |name: &str| listing.models.iter().any(|model| model.record.reference == name);
    for entry in store::catalogue::CATALOGUE.iter().filter(|entry| !here(entry.name)) {
        let begun = listing.unfinished.iter().filter(|part| is_of(part, entry.name));
        let pull = format!("probity pull {}", entry.name);
        match begun.map(|part| part.bytes).sum() {
            0 => row(entry.name, entry.size, &format!("not here: {pull}"))?,
            bytes => row(
                entry.name,
                entry.size,
                &format!(
                    "{} downloaded: {pull} goes on, probity rm {} deletes it",
                    size(bytes),
                    entry.name
                ),
            )?,
        }
    }
    tell_others(&listing);
    for damaged in &listing.damaged {
        tell(damaged);
    }
    Ok(ExitCode::SUCCESS)
}

/// The beginning of a model's id; nothing where it is not known, or only of what other releases made of the file.
fn short_id(known: &[(Blake3, ModelId)], file: Blake3) -> String {
    let mut ids = known.iter().filter(|(of, _)| *of == file).map(|(_, id)| id);
    match (ids.next(), ids.next()) {
        (Some(id), None) => format!("model {:.ID_DIGITS$}", id.to_string()),
        (_, _) => String::new(),
    }
}

fn is_of(part: &Unfinished, name: &str) -> bool {
    part.entry.is_some_and(|entry| entry.name == name)
}

/// What is begun and stands in no row: its file has no name yet, or came from elsewhere since.
fn tell_others(listing: &Listing) {
    let here = |name: &str| listing.models.iter().any(|model| model.record.reference == name);
    let others = listing.unfinished.iter().filter(|part| part.entry.is_none_or(|e| here(e.name)));
    let (count, bytes) =
        others.fold((0, 0), |(count, bytes), part| (count + 1, bytes + part.bytes));
    if count > 0 {
        let downloads = counted(count, "unfinished download", "unfinished downloads");
        tell(format_args!(
            "{downloads}, {}: pulling the same again goes on, probity gc deletes",
            size(bytes)
        ));
    }
}
