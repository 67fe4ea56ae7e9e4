//! The options of `probity serve` from a file, the environment and the flags, in that order: the later goes first.
//!
//! One place knows the order. Whatever layer an option comes from, the same parser reads it: what stands in a file is put
//! before what was typed, as if it had been typed first.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{ArgAction, CommandFactory, Parser};

use crate::arguments::{Arguments, Command, ServeOptions};
use crate::failure::Usage;

/// Before an option's name in the environment.
pub(crate) const VARIABLE: &str = "PROBITY_SERVE_";
/// Bytes of a file of options.
const FILE_BYTES_MAX: u64 = 1 << 16;
/// What names the models where no flag does.
const MODELS: &str = "models";
/// What can't stand in a file.
const CONFIG: &str = "config";

/// An option that takes part.
struct Known {
    name: String,
    takes_value: bool,
}

/// All of them, as the parser has them.
fn known() -> Vec<Known> {
    let command = Arguments::command();
    let serve = command.find_subcommand("serve").expect("`serve` is a command");
    let options = serve.get_arguments().filter_map(|argument| {
        let takes_value = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
        Some(Known { name: argument.get_long()?.to_owned(), takes_value })
    });
    options.filter(|known| known.name != "help").collect()
}

/// What one layer says.
#[derive(Default)]
struct Layer {
    words: Vec<OsString>,
    models: Vec<OsString>,
}

impl Layer {
    fn add(&mut self, known: &[Known], name: &str, value: &str) -> Result<(), String> {
        if name == MODELS {
            self.models = value.split_whitespace().map(OsString::from).collect();
            return Ok(());
        }
        let found = known.iter().find(|known| known.name == name);
        match found.map(|known| known.takes_value) {
            None => Err(format!("`{name}` is no option of `probity serve`")),
            Some(true) => {
                self.words.push(format!("--{name}={value}").into());
                Ok(())
            }
            Some(false) => match value {
                "true" => {
                    self.words.push(format!("--{name}").into());
                    Ok(())
                }
                "false" => Ok(()),
                _ => Err(format!("`{name}` must be true or false")),
            },
        }
    }
}

/// The options with those of the file and the environment below them.
pub(crate) fn layered(typed: ServeOptions) -> Result<ServeOptions> {
    let variables = crate::environment::with_prefix(VARIABLE);
    let named = |name: &str| {
        let variable = variables.iter().find(|(known, _)| known == name);
        variable.map(|(_, value)| value.as_str())
    };
    let config = typed.config.as_deref().or(named(CONFIG).map(Path::new));
    if config.is_none() && variables.is_empty() {
        return Ok(typed);
    }
    let known = known();
    let mut file = Layer::default();
    if let Some(path) = config {
        read(path, &known, &mut file)?;
    }
    let mut environment = Layer::default();
    for (name, value) in variables.iter().filter(|(name, _)| name != CONFIG) {
        let variable = || format!("{VARIABLE}{}", name.to_uppercase().replace('-', "_"));
        let added = environment.add(&known, name, value);
        added.map_err(|what| Usage(format!("the environment's {}: {what}", variable())))?;
    }
    let mut words: Vec<OsString> = vec!["probity".into(), "serve".into()];
    words.extend(file.words);
    words.extend(environment.words);
    words.extend(crate::environment::words().into_iter().skip(2));
    if typed.models.is_empty() {
        let lower = if environment.models.is_empty() { file.models } else { environment.models };
        words.extend(lower);
    }
    match Arguments::try_parse_from(words).map(|arguments| arguments.command) {
        Ok(Command::Serve(options)) => Ok(*options),
        Ok(_) => bail!("`serve` was typed, and another command came out"),
        Err(error) => bail!(Usage(format!(
            "an option of the file, the environment or the flags: {}",
            error.to_string().trim_start_matches("error: ").trim_end()
        ))),
    }
}

fn read(path: &Path, known: &[Known], layer: &mut Layer) -> Result<()> {
    let shown = path.display();
    let bytes = crate::files::beginning(path, FILE_BYTES_MAX + 1)?;
    if u64::try_from(bytes.len())? > FILE_BYTES_MAX {
        bail!(Usage(format!("the options in {shown} are more than {FILE_BYTES_MAX} bytes")));
    }
    let text = String::from_utf8(bytes).with_context(|| format!("{shown} is no UTF-8 text"))?;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |what: &str| Usage(format!("{shown} line {number}: {what}"));
        let (name, value) =
            line.split_once('=').ok_or_else(|| wrong("a line is `name = value`"))?;
        layer.add(known, name.trim(), value.trim()).map_err(|what| wrong(&what))?;
    }
    Ok(())
}
