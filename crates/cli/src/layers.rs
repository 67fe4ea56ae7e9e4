//! The options of `probity serve` from a file, the environment and the flags, in that order: the later goes first.
//!
//! One place knows the order. Whatever layer an option comes from, the same parser reads it: what stands in a file is put
//! before what was typed, as if it had been typed first.

use std::error::Error;
use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::error::ErrorKind;
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
    names: Vec<String>,
    words: Vec<OsString>,
    models: Vec<OsString>,
}

impl Layer {
    fn add(&mut self, known: &[Known], name: &str, value: &str) -> Result<(), String> {
        if self.names.iter().any(|before| before == name) {
            return Err(format!("`{name}` stands here twice"));
        }
        self.names.push(name.to_owned());
        if name == MODELS {
            let models = value.split([' ', '\t', ',']).filter(|model| !model.is_empty());
            self.models = models.map(OsString::from).collect();
            return self.models.iter().try_for_each(|model| is_right(name, model));
        }
        let found = known.iter().find(|known| known.name == name && name != CONFIG);
        let word = match found.map(|known| known.takes_value) {
            None => return Err(unknown(known, name)),
            Some(true) => OsString::from(format!("--{name}={value}")),
            Some(false) => match value {
                "true" | "1" => OsString::from(format!("--{name}")),
                "false" | "0" => return Ok(()),
                _ => return Err(format!("`{name}` must be true or false")),
            },
        };
        is_right(name, &word)?;
        self.words.push(word);
        Ok(())
    }
}

/// What is said of a name that is no option's: the one that was probably meant, if there is one.
fn unknown(known: &[Known], name: &str) -> String {
    if name == CONFIG {
        return format!("`{CONFIG}` names this file itself: it can only be a flag or a variable");
    }
    let plain = |name: &str| name.replace('_', "-").trim_end_matches('s').to_owned();
    let names = known.iter().map(|known| known.name.as_str()).chain([MODELS]);
    let meant = names.filter(|known| *known != CONFIG).find(|known| plain(known) == plain(name));
    let meant = meant.map_or(String::new(), |meant| format!(": did you mean `{meant}`?"));
    format!("`{name}` is no option of `probity serve`{meant}")
}

/// Whether the parser takes a word, whatever it says of those that are not here.
fn is_right(name: &str, word: &OsString) -> Result<(), String> {
    let words = [OsString::from("probity"), "serve".into(), word.clone()];
    let Err(error) = Arguments::try_parse_from(words) else { return Ok(()) };
    match error.source() {
        Some(why) => Err(format!("`{name}`: {why}")),
        None if error.kind() == ErrorKind::InvalidValue => {
            Err(format!("`{name}`: {}", first_line(&error)))
        }
        None => Ok(()),
    }
}

/// What the parser says, without its advice.
fn first_line(error: &clap::Error) -> String {
    let said = error.to_string();
    let said = said.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default();
    said.split_whitespace().collect::<Vec<_>>().join(" ")
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
            "the options of the file, the environment and the flags together: {}",
            first_line(&error)
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
        let value = value_of(value.trim()).map_err(wrong)?;
        layer.add(known, name.trim(), value).map_err(|what| wrong(&what))?;
    }
    Ok(())
}

/// A value without its quotes and without what is said about it.
fn value_of(text: &str) -> Result<&str, &'static str> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(" #").or_else(|| text.find("\t#")).unwrap_or(text.len());
        return Ok(text[..end].trim_end());
    };
    let (value, rest) = quoted.split_once('"').ok_or("a quote is not closed")?;
    let rest = rest.trim();
    if rest.is_empty() || rest.starts_with('#') {
        Ok(value)
    } else {
        Err("a value ends with its quote")
    }
}
