//! What an event of the upstream says, of which only the member `probity` and the choice's index are read.
//!
//! Never reads its text: nothing of that is passed on. Failure: words for what can't be read, which accuse nobody.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use commit::{Blind, Digest};
use llm::strict_json;
use receipt::PublicKey;
use serde_json::Value as Json;

/// Most tokens of one event: a head comes after sixteen.
const TOKENS_MAX: usize = 64;
/// Longest text of the upstream's that is shown, in characters.
const SHOWN_MAX: usize = 300;

/// What the upstream says when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begun {
    pub(super) job: Digest,
    pub(super) model: Digest,
    pub(super) worker: PublicKey,
    pub(super) blind: Blind,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Begun(Begun),
    /// Tokens of a choice, and a head over everything of it so far.
    Part {
        choice: u32,
        tokens: Vec<u32>,
        head: Option<Vec<u8>>,
    },
    /// The envelope of the receipt, as JSON.
    End {
        envelope: String,
    },
    /// Words of the upstream about its own failure.
    Failed(String),
    /// The end of the stream.
    Done,
    /// Nothing that counts here.
    Nothing,
}

/// Reads an event's data.
pub(super) fn read(data: &str) -> Result<Said, String> {
    if data == "[DONE]" {
        return Ok(Said::Done);
    }
    let event = strict_json::read(data).map_err(|_| "an event that is no JSON".to_owned())?;
    if let Some(error) = event.get("error") {
        return Ok(Said::Failed(message(error)));
    }
    let Some(probity) = event.get("probity").filter(|probity| !probity.is_null()) else {
        return Ok(Said::Nothing);
    };
    if let Some(envelope) = probity.get("receipt") {
        return Ok(Said::End { envelope: envelope.to_string() });
    }
    if probity.get("blind").is_some() {
        return begun(probity).map(Said::Begun);
    }
    let choice = event["choices"].get(0).and_then(|choice| choice["index"].as_u64());
    let choice = choice.and_then(|choice| u32::try_from(choice).ok());
    let choice = choice.ok_or("tokens of no choice")?;
    let head = match probity.get("head") {
        None => None,
        Some(head) => {
            let bytes = head.as_str().and_then(|head| STANDARD.decode(head).ok());
            Some(bytes.ok_or("a head that is no base64")?)
        }
    };
    Ok(Said::Part { choice, tokens: tokens(&probity["tokens"])?, head })
}

fn begun(probity: &Json) -> Result<Begun, String> {
    let digits = |name: &str| {
        let found = probity[name].as_str().and_then(commit::from_hex);
        found.ok_or_else(|| format!("its `{name}` is not 64 digits"))
    };
    Ok(Begun {
        job: digits("job")?,
        model: digits("model_id")?,
        worker: PublicKey(digits("worker")?),
        blind: Blind(digits("blind")?),
    })
}

fn tokens(list: &Json) -> Result<Vec<u32>, String> {
    let list = list.as_array().filter(|list| list.len() <= TOKENS_MAX);
    let token = |token: &Json| token.as_u64().and_then(|token| u32::try_from(token).ok());
    let tokens = list.and_then(|list| list.iter().map(token).collect());
    tokens.ok_or_else(|| format!("`tokens` that are no list of at most {TOKENS_MAX}"))
}

/// The words of an error object, in what can't break a line.
pub(super) fn message(error: &Json) -> String {
    let text = error.get("message").and_then(Json::as_str).or(error.as_str());
    let text: String = text.unwrap_or("no reason is given").chars().take(SHOWN_MAX).collect();
    plain(&text)
}

/// Text without what could break a line or show it otherwise than it is written.
pub(super) fn plain(text: &str) -> String {
    let unseen = |one: &char| {
        matches!(one, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let breaks = |one: char| one.is_control() || matches!(one, '\u{2028}' | '\u{2029}');
    let seen = text.chars().filter(|one| !unseen(one));
    seen.map(|one| if breaks(one) { ' ' } else { one }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn only_what_counts_is_read() {
        assert_eq!(read("[DONE]"), Ok(Said::Done));
        assert_eq!(read(r#"{"choices":[{"delta":{"content":"a lie"}}]}"#), Ok(Said::Nothing));
        let part = r#"{"choices":[{"index":2}],"probity":{"tokens":[1,4294967295],"head":"AAE="}}"#;
        let tokens = vec![1, u32::MAX];
        assert_eq!(read(part), Ok(Said::Part { choice: 2, tokens, head: Some(vec![0, 1]) }));
        let error = read("{\"error\":{\"message\":\"a\\nb\u{202e}\u{200b}\"}}").unwrap();
        assert_eq!(error, Said::Failed("a b".into()));
    }

    #[test]
    fn what_can_not_be_read_is_said() {
        for wrong in [
            "",
            "[",
            "{\"a\":1,\"a\":1}",
            r#"{"probity":{"tokens":[1]}}"#,
            r#"{"choices":[{"index":0}],"probity":{}}"#,
            r#"{"choices":[{"index":0}],"probity":{"tokens":[-1]}}"#,
            r#"{"choices":[{"index":0}],"probity":{"tokens":[4294967296]}}"#,
            r#"{"choices":[{"index":0}],"probity":{"tokens":[],"head":"A"}}"#,
            r#"{"choices":[{"index":0}],"probity":{"tokens":[],"head":7}}"#,
            r#"{"probity":{"blind":"00"}}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let many = vec!["1"; TOKENS_MAX + 1].join(",");
        let many = format!(r#"{{"choices":[{{"index":0}}],"probity":{{"tokens":[{many}]}}}}"#);
        assert!(read(&many).is_err());
    }
}
