//! `probity list`: models here, and models to be had by name.

use std::process::ExitCode;

use anyhow::Result;

use crate::output::{line, size, tell};

pub(crate) fn run() -> Result<ExitCode> {
    let store = crate::environment::store()?;
    let listing = store.list()?;
    let row = |name: &str, bytes: u64, state: &str| {
        let row = format!("{name:<40} {:>12}  {state}", size(bytes).to_string());
        line(row.trim_end())
    };
    for model in &listing.models {
        let name = &model.record.reference;
        let state = if model.present {
            String::new()
        } else {
            format!("its file is gone: probity pull {name}")
        };
        row(name, model.record.size, &state)?;
    }
    let here = |name: &str| listing.models.iter().any(|model| model.record.reference == name);
    for entry in store::catalogue::CATALOGUE.iter().filter(|entry| !here(entry.name)) {
        row(entry.name, entry.size, &format!("not here: probity pull {}", entry.name))?;
    }
    for damaged in &listing.damaged {
        tell(damaged);
    }
    Ok(ExitCode::SUCCESS)
}
