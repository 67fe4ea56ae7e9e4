//! The options that chat and completions share.

use crate::core::{Bad, Members, labels, text};
use crate::signing::CHOICES_MAX;

/// What is read of a stream's options.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wire {
    pub(crate) stream: bool,
    /// Whether a last chunk tells the usage.
    pub(super) include_usage: bool,
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

/// What names whoever asks, or files the answer, and can change nothing of it: read and forgotten.
pub(super) fn forgotten(members: &mut Members<'_>) -> Result<(), Bad> {
    labels(members)?;
    members.only("store", &["false"], "nothing is stored here but the receipt: leave it out")?;
    let tier = ["\"auto\"", "\"default\""];
    members.only("service_tier", &tier, "there is one tier here: leave it out")
}
