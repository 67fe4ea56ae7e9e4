//! `probity list`: models here, and models to be had by name.

use std::process::ExitCode;

use anyhow::Result;

pub(crate) fn run() -> Result<ExitCode> {
    let store = crate::environment::store()?;
    let listing = store.list()?;
    for model in &listing.models {
        let state = if model.present { "" } else { "  (its file is gone: pull it again)" };
        println!("{:<40} {:>14} bytes{state}", model.record.reference, model.record.size);
    }
    for damaged in &listing.damaged {
        eprintln!("{damaged}");
    }
    let here = |name: &str| listing.models.iter().any(|model| model.record.reference == name);
    for entry in store::catalogue::CATALOGUE.iter().filter(|entry| !here(entry.name)) {
        println!(
            "{:<40} {:>14} bytes  (not here: probity pull {})",
            entry.name, entry.size, entry.name
        );
    }
    Ok(ExitCode::SUCCESS)
}
