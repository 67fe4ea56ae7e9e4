//! The options that every dialect has, its own or beyond its own.

use canon::sample::{Parameter, Settings};
use llm::schedule::CacheScope;

use super::ask::parameter;
use super::members::{Bad, Members};
use super::refusal::Refusal;

const NUMBERS: [Parameter; 7] = [
    Parameter::Temperature,
    Parameter::TopP,
    Parameter::TopK,
    Parameter::MinP,
    Parameter::Repetition,
    Parameter::Presence,
    Parameter::Frequency,
];

/// As OpenAI has it: labels of an answer, characters of the name of one, characters of one.
const LABELS_MAX: usize = 16;
const LABEL_NAME_CHARACTERS_MAX: usize = 64;
const LABEL_CHARACTERS_MAX: usize = 512;

/// How tokens are drawn. What is not given is neutral: temperature 1, nothing cut, nothing penalised.
pub(crate) fn settings(members: &mut Members<'_>) -> Result<Settings, Refusal> {
    let mut settings = Settings::default();
    for name in NUMBERS {
        if let Some(number) = members.number(name.name())? {
            settings.set(name, number).map_err(|error| parameter(&error))?;
        }
    }
    if let Some(biases) = members.object("logit_bias")? {
        bias(biases, &mut settings)?;
    }
    Ok(settings)
}

fn bias(biases: Members<'_>, settings: &mut Settings) -> Result<(), Refusal> {
    let mut all = Vec::new();
    for (token, value) in biases.left() {
        let id = token.parse::<u32>().ok().filter(|id| id.to_string() == token);
        let shown: String = token.chars().take(32).collect();
        let id = id.ok_or_else(|| Bad::of("logit_bias", format!("{shown:?} is no token id")))?;
        all.push((id, value.get()));
    }
    all.sort_unstable();
    for (token, value) in all {
        // A bias of nothing asks for nothing.
        if !matches!(value, "0" | "0.0" | "-0" | "-0.0" | "null") {
            settings.push_bias(token, value).map_err(|error| parameter(&error))?;
        }
    }
    Ok(())
}

/// Who may share the computed prefix of the prompt.
pub(crate) fn cache_scope(members: &mut Members<'_>) -> Result<CacheScope, Bad> {
    Ok(match members.word("cache_scope", &["tenant", "public"])? {
        Some("public") => CacheScope::Public,
        Some(_) | None => CacheScope::Tenant,
    })
}

/// Reads what names whoever asks, or files the answer, and can change nothing of it. It may be repeated in a response, so
/// it is short.
pub(crate) fn labels(members: &mut Members<'_>) -> Result<(), Bad> {
    for label in ["user", "safety_identifier", "prompt_cache_key"] {
        label_text(members, label)?;
    }
    let Some(mut metadata) = members.object("metadata")? else { return Ok(()) };
    let names = metadata.names();
    if names.len() > LABELS_MAX {
        let what = format!("{} members: at most {LABELS_MAX} are allowed", names.len());
        return Err(members.bad("metadata", what));
    }
    for name in names {
        if name.chars().count() > LABEL_NAME_CHARACTERS_MAX {
            let what = format!("a name has at most {LABEL_NAME_CHARACTERS_MAX} characters");
            return Err(members.bad("metadata", what));
        }
        label_text(&mut metadata, &name)?;
    }
    metadata.end()
}

fn label_text(members: &mut Members<'_>, name: &str) -> Result<(), Bad> {
    match members.text(name)? {
        Some(text) if text.chars().count() > LABEL_CHARACTERS_MAX => {
            Err(members.bad(name, format!("it has at most {LABEL_CHARACTERS_MAX} characters")))
        }
        Some(_) | None => Ok(()),
    }
}
