//! The options that chat and completions share.

use canon::sample::{Parameter, Settings};
use llm::schedule::CacheScope;

use crate::core::{Bad, Members, Refusal, parameter, text};
use crate::signing::CHOICES_MAX;

/// What is read of a stream's options.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wire {
    pub(crate) stream: bool,
    /// Whether a last chunk tells the usage.
    pub(super) include_usage: bool,
}

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
pub(super) fn settings(members: &mut Members<'_>) -> Result<Settings, Refusal> {
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

/// Texts that end an answer: one, or a list.
pub(super) fn stop(members: &mut Members<'_>) -> Result<Vec<String>, Bad> {
    let name = members.name("stop");
    let wrong = || Bad::of(&name, "it must be a text, or a list of texts");
    let Some(value) = members.take("stop") else { return Ok(Vec::new()) };
    if let Some(one) = text(value) {
        return Ok(vec![one]);
    }
    let list: Vec<String> = serde_json::from_str(value.get()).map_err(|_| wrong())?;
    Ok(list)
}

/// How many answers.
pub(super) fn choices(members: &mut Members<'_>) -> Result<u32, Bad> {
    Ok(members.whole_u32("n", 1, CHOICES_MAX)?.unwrap_or(1))
}

/// Whether the answer streams.
pub(super) fn wire(members: &mut Members<'_>) -> Result<Wire, Bad> {
    let stream = members.yes("stream")?.unwrap_or(false);
    let mut wire = Wire { stream, include_usage: false };
    if let Some(mut options) = members.object("stream_options")? {
        if !stream {
            return Err(Bad::of("stream_options", "it is for streams: set `stream` to true"));
        }
        wire.include_usage = options.yes("include_usage")?.unwrap_or(false);
        options.only("include_obfuscation", &["false"], "nothing is added to streams here")?;
        options.end()?;
    }
    Ok(wire)
}

/// Who may share the computed prefix of the prompt.
pub(super) fn cache_scope(members: &mut Members<'_>) -> Result<CacheScope, Bad> {
    Ok(match members.word("cache_scope", &["tenant", "public"])? {
        Some("public") => CacheScope::Public,
        Some(_) | None => CacheScope::Tenant,
    })
}

/// What names whoever asks, or files the answer, and can change nothing of it: read and forgotten.
pub(super) fn labels(members: &mut Members<'_>) -> Result<(), Bad> {
    for label in ["user", "safety_identifier", "prompt_cache_key"] {
        members.text(label)?;
    }
    members.object("metadata")?;
    members.only("store", &["false"], "nothing is stored here but the receipt: leave it out")?;
    let tier = ["\"auto\"", "\"default\""];
    members.only("service_tier", &tier, "there is one tier here: leave it out")
}
