//! What a request of this dialect asks, read into an [`Ask`].

use text::Conversation;

use super::cache_control;
use super::conversation::conversation;
use super::tools::{format, tools};
use crate::core::{Ask, Asked, Bad, Members, Names, Refusal, cache_scope, settings};

/// Most texts that end an answer: the core refuses what it can't watch for.
const STOPS_MAX: usize = 1024;

/// A question of messages, and whether its answer streams.
pub(super) fn read(body: &[u8]) -> Result<(Ask, bool), Refusal> {
    let mut members = Members::parse(body)?;
    let mut ask = question(&mut members)?;
    let tokens_max = members.whole_u32("max_tokens", 1, u32::MAX)?;
    ask.tokens_max = Some(tokens_max.ok_or_else(|| members.bad("max_tokens", "it must be given"))?);
    ask.settings = settings(&mut members)?;
    ask.stop = stops(&mut members)?;
    ask.seed = members.whole("seed", 0, u64::MAX)?;
    ask.cache = cache_scope(&mut members)?;
    let stream = members.yes("stream")?.unwrap_or(false);
    labels(&mut members)?;
    members.end()?;
    Ok((ask, stream))
}

/// A question of how long a prompt is.
pub(super) fn counted(body: &[u8]) -> Result<Ask, Refusal> {
    let mut members = Members::parse(body)?;
    let ask = question(&mut members)?;
    members.end()?;
    Ok(ask)
}

/// What both have: the model and all that makes the prompt.
fn question(members: &mut Members<'_>) -> Result<Ask, Bad> {
    let model = members.text("model")?;
    let model = model.ok_or_else(|| members.bad("model", "it must be given"))?;
    let messages = conversation(members)?;
    let conversation =
        Conversation { messages, add_generation_prompt: true, ..Conversation::default() };
    let names =
        Names { prompt: "messages", tokens_max: "max_tokens", format: "output_config.format" };
    let mut ask = Ask::new(model, Asked::Conversation(conversation), names);
    ask.tools = tools(members)?;
    ask.format = format(members)?;
    cache_control(members)?;
    members.only("speed", &["\"standard\""], "there is one speed here: leave it out")?;
    if let Some(mut thinking) = members.object("thinking")? {
        thinking.word("type", &["disabled"])?;
        thinking.end()?;
    }
    Ok(ask)
}

fn stops(members: &mut Members<'_>) -> Result<Vec<String>, Bad> {
    let list = members.list("stop_sequences", STOPS_MAX)?.unwrap_or_default();
    let one = |value| crate::core::text(value);
    let all: Option<Vec<String>> = list.into_iter().map(one).collect();
    all.ok_or_else(|| members.bad("stop_sequences", "it must be a list of texts"))
}

/// What names whoever asks, and can change nothing of an answer: read and forgotten.
fn labels(members: &mut Members<'_>) -> Result<(), Bad> {
    members.object("metadata")?;
    let tiers = ["\"auto\"", "\"standard_only\""];
    members.only("service_tier", &tiers, "there is one tier here: leave it out")
}
