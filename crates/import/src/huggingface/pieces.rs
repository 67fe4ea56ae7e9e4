//! SentencePiece's BPE in a `tokenizer.json`: what of it a GGUF header has.
//!
//! Scores are not in these files: a piece's rank is that of the first merge that makes it, for merges stand in the order of
//! scores. Never takes a normaliser for one that is only like those of the table: a space before the text or none, and
//! every space a `\u{2581}`.

use std::collections::HashMap;

use super::FolderError;
use super::members::Members;
use crate::gguf::TokenKind;
use crate::json::Json;

/// What stands for a space.
const SPACE: &str = "\u{2581}";
/// Added tokens behind which white space stays, in every model whose others take it.
const NEVER_STRIPPING: [&str; 3] = ["<unk>", "<s>", "<|endoftext|>"];

/// What is done to a text before its pieces are looked for.
#[derive(Default)]
struct Steps {
    prepends: bool,
    replaces: bool,
}

/// Whether a space is put before a text; fails where more is done to it than that.
pub(super) fn space_first(file: &Members<'_>) -> Result<bool, FolderError> {
    let mut steps = Steps::default();
    let normaliser = file.get("normalizer").map_or(Some(()), |json| steps.normalise(json, true));
    let cutter = file.get("pre_tokenizer").map_or(Some(()), |json| steps.cut(json));
    match (normaliser, cutter) {
        (Some(()), Some(())) if steps.replaces => Ok(steps.prepends),
        (None, _) => {
            Err(file.unsupported("normalizer", "only SentencePiece's spaces are known here"))
        }
        (_, _) => {
            Err(file.unsupported("pre_tokenizer", "only SentencePiece's spaces are known here"))
        }
    }
}

impl Steps {
    fn normalise(&mut self, json: &Json<'_>, outer: bool) -> Option<()> {
        match json.member("type")?.text()? {
            "Sequence" if outer => {
                let list = json.member("normalizers")?.array()?;
                list.iter().try_for_each(|inner| self.normalise(inner, false))
            }
            "Prepend" if !self.replaces && json.member("prepend")?.text()? == SPACE => {
                self.prepends = true;
                Some(())
            }
            "Replace" => {
                let space = json.member("pattern")?.member("String")?.text()? == " ";
                self.replaces = space && json.member("content")?.text()? == SPACE;
                self.replaces.then_some(())
            }
            _ => None,
        }
    }

    fn cut(&mut self, json: &Json<'_>) -> Option<()> {
        match json.member("type")?.text()? {
            // Nothing is left to cut at once every space is replaced.
            "Split" if self.replaces => {
                (json.member("pattern")?.member("String")?.text()? == " ").then_some(())
            }
            "Metaspace" if !self.replaces => {
                let whole = json.member("split").is_none_or(|split| split.boolean() == Some(false));
                let scheme = json.member("prepend_scheme").map_or(Some("always"), Json::text)?;
                self.prepends = match scheme {
                    "always" | "first" => true,
                    "never" => false,
                    _ => return None,
                };
                self.replaces = json.member("replacement")?.text()? == SPACE;
                whole.then_some(())
            }
            _ => None,
        }
    }
}

/// By token: how many others are merged before it; those that no merge makes come last.
pub(super) fn ranks(tokens: &[String], merges: &[String]) -> Vec<u32> {
    let mut first: HashMap<String, u32> = HashMap::with_capacity(merges.len());
    for merge in merges {
        let next = u32::try_from(first.len()).expect("at most 2^21 merges");
        first.entry(merge.replacen(' ', "", 1)).or_insert(next);
    }
    let last = u32::try_from(first.len()).expect("at most 2^21 merges");
    tokens.iter().map(|token| first.get(token).copied().unwrap_or(last)).collect()
}

/// Types that SentencePiece's own files have and these have not.
pub(super) fn types(tokens: &[String], unknown: Option<u32>, kinds: &mut [TokenKind]) {
    for (id, (token, kind)) in (0..).zip(tokens.iter().zip(kinds)) {
        if unknown == Some(id) {
            *kind = TokenKind::Unknown;
        } else if *kind == TokenKind::Normal && is_byte(token) {
            *kind = TokenKind::Byte;
        }
    }
}

/// `<0x00>` to `<0xFF>`.
fn is_byte(token: &str) -> bool {
    let digits = token.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
    let upper = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    digits.is_some_and(|digits| digits.len() == 2 && digits.bytes().all(upper))
}

/// Whether a text behind an added token loses the white space it begins with: behind all of them but a few, or behind none.
pub(super) fn strips(file: &Members<'_>) -> Result<bool, FolderError> {
    let added = file.get("added_tokens").and_then(Json::array).unwrap_or_default();
    let strips = |json: &Json<'_>| json.member("rstrip").and_then(Json::boolean) == Some(true);
    let any = added.iter().any(strips);
    let never = |json: &Json<'_>| {
        NEVER_STRIPPING.contains(&json.member("content").and_then(Json::text).unwrap_or_default())
    };
    if any && added.iter().any(|json| strips(json) == never(json)) {
        let why = "white space is taken behind other tokens than this release knows";
        return Err(file.unsupported("added_tokens", why));
    }
    Ok(any)
}
