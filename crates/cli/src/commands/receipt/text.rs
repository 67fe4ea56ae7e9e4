//! `probity receipt show --text`: what was asked and what came, for people to read.
//!
//! Never shows anything that the receipt does not commit to, and never says that the answer is the model's: `verify`
//! does. Text stands in quotes and control tokens in brackets, both escaped, so that neither can pass for the other or
//! act on a terminal.

use std::ops::Range;

use anyhow::{Context, Result, anyhow, bail};
use commit::Network;
use llm::{Model, Prompt, strict_json};
use package::ModelId;
use receipt::{Messages, Opening, ReceiptFile, Stop, WorkKind};
use text::{StopStrings, Stopped, Utf8Stream};
use verify::{Hex, opened};

use crate::arguments::ModelName;
use crate::finding::{Finder, identified};
use crate::output::{counted, escaped, json_escaped, line};

pub(super) fn show(file: &ReceiptFile, named: Option<&ModelName>) -> Result<()> {
    let receipt = file.receipt();
    let opening = file.opening().context(
        "the file does not open what was asked and what came: whoever asked has the file that does",
    )?;
    opened(receipt, opening, file.network())?;
    line(format_args!("receipt {}", Hex(receipt.id(Network::OFFLINE))))?;
    line(format_args!("model   {}", Hex(receipt.model)))?;
    messages(opening)?;
    let model = model(ModelId(receipt.model), named)?;
    let prompt = &opening.job.fields().prompt;
    line(format_args!("prompt, {}", counted(prompt.len(), "token", "tokens")))?;
    line(format_args!("  {}", readable(&model, prompt, 0..usize::MAX)))?;
    for (choice, output) in receipt.choices.iter().zip(&opening.outputs) {
        if receipt.kind == WorkKind::Embed {
            vector(&output.tokens, choice.stop)?;
            continue;
        }
        let tokens = counted(output.tokens.len(), "token", "tokens");
        line(format_args!("answer {}, {tokens}, ended by {}", choice.index, choice.stop.name()))?;
        answer(&model, &output.tokens, choice.stop, &opening.job.fields().stop.strings)?;
    }
    Ok(())
}

/// All numbers of a vector, as the integers that were signed.
fn vector(numbers: &[u32], stop: Stop) -> Result<()> {
    let count = counted(numbers.len(), "number", "numbers");
    line(format_args!("vector, {count} in units of 2^-24, ended by {}", stop.name()))?;
    let numbers: Vec<String> =
        numbers.iter().map(|number| number.cast_signed().to_string()).collect();
    Ok(line(format_args!("  {}", numbers.join(", ")))?)
}

/// An answer's text as it was delivered; and what its last tokens say beyond that, where a stop string ended it.
fn answer(model: &Model, tokens: &[u32], stop: Stop, strings: &[String]) -> Result<()> {
    let cut = match stop {
        Stop::String { index } => delivered(model, tokens, strings)
            .and_then(|bytes| Some((bytes, strings.get(usize::from(index))?))),
        Stop::Unfinished
        | Stop::Token
        | Stop::Length
        | Stop::Cancelled { .. }
        | Stop::Fault { .. } => None,
    };
    let Some((bytes, string)) = cut else {
        return Ok(line(format_args!("  {}", readable(model, tokens, 0..usize::MAX)))?);
    };
    line(format_args!("  {}", readable(model, tokens, 0..bytes)))?;
    line(format_args!(
        "  (not delivered: its last tokens go on through the stop string {}: {})",
        quoted(string),
        readable(model, tokens, bytes..usize::MAX)
    ))?;
    Ok(())
}

/// Bytes of text before the first stop string; `None` where there is no such.
fn delivered(model: &Model, tokens: &[u32], strings: &[String]) -> Option<usize> {
    let strings: Vec<&str> = strings.iter().map(String::as_str).collect();
    let (mut stops, mut before) = (StopStrings::new(&strings).ok()?, 0);
    let table = model.tokenizer.token_bytes();
    for token in tokens {
        let piece = table.get(*token).filter(|piece| !piece.control);
        match stops.push(piece.map_or(&[], |piece| piece.bytes)) {
            Stopped::No(bytes) => before += bytes.len(),
            Stopped::Yes { bytes, .. } => return Some(before + bytes.len()),
        }
    }
    None
}

/// What the prompt is said to be rendered from: it needs no model to be read.
fn messages(opening: &Opening) -> Result<()> {
    let bytes = match opening.job.fields().rendered.messages() {
        None => return Ok(line("messages: none, the tokens themselves were asked")?),
        Some(Messages::Hidden(_)) => {
            return Ok(line("messages: hidden, the receipt holds their hash only")?);
        }
        Some(Messages::Shown(bytes)) => bytes,
    };
    line("messages")?;
    // Read as whoever renders them does; then nothing in them stands twice, and this JSON says the same.
    match Prompt::read(bytes) {
        Ok(_) => {
            let read = strict_json::read(&String::from_utf8_lossy(bytes));
            let json = read.map_err(|_| anyhow!("messages that can be read are JSON"))?;
            line(json_escaped(&serde_json::to_string_pretty(&json)?))?;
        }
        Err(error) => {
            line(format_args!("  (that nobody can render: {})", escaped(&error.to_string())))?;
            line(format_args!("  {}", quoted(&String::from_utf8_lossy(bytes))))?;
        }
    }
    Ok(())
}

/// The model of this id, for its tokenizer.
fn model(id: ModelId, named: Option<&ModelName>) -> Result<Model> {
    let store = crate::environment::store_to_look_at()?;
    let open = |name: &ModelName| {
        let found = identified(&store, &name.reference)?;
        Ok((found.id, found.model))
    };
    if let Some(named) = named {
        let (found, model) = open(named)?;
        if found != id {
            bail!("the receipt is of the model {id}; {} is {found}", named.typed);
        }
        return Ok(model);
    }
    let found = Finder::new(crate::environment::store_to_look_at()?).find(id, open)?;
    found.with_context(|| {
        format!(
            "prompt and answer are tokens: to read them as text the model {id} is needed, and none of those here is it \
             (`probity list`): name its file or its package's folder with --model, or pull it"
        )
    })
}

/// Tokens as people read them, those bytes of their text.
fn readable(model: &Model, tokens: &[u32], shown: Range<usize>) -> String {
    let table = model.tokenizer.token_bytes();
    let mut at = 0;
    let (mut parts, mut text, mut stream) = (Vec::new(), String::new(), Utf8Stream::default());
    for token in tokens {
        match table.get(*token) {
            Some(piece) if !piece.control => {
                let inner = |end: usize| end.saturating_sub(at).min(piece.bytes.len());
                text += &stream.push(&piece.bytes[inner(shown.start)..inner(shown.end)]);
                at += piece.bytes.len();
            }
            _ if !shown.contains(&at) => {}
            other => {
                end_text(&mut text, &mut stream, &mut parts);
                let name = other.map(|piece| quoted(&String::from_utf8_lossy(piece.bytes)));
                let name = name.unwrap_or_else(|| format!("token {token}"));
                parts.push(format!("[{}]", name.trim_matches('"')));
            }
        }
    }
    end_text(&mut text, &mut stream, &mut parts);
    parts.join(" ")
}

/// Puts away the text before a control token, or before the end.
fn end_text(text: &mut String, stream: &mut Utf8Stream, parts: &mut Vec<String>) {
    *text += &stream.flush();
    if !text.is_empty() {
        parts.push(quoted(&core::mem::take(text)));
    }
}

/// Text in quotes, with all that acts on a terminal escaped.
fn quoted(text: &str) -> String {
    escaped(&format!("{text:?}"))
}
