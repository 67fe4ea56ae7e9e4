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
