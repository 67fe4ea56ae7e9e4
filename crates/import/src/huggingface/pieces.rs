//! SentencePiece's BPE in a `tokenizer.json`: what of it a GGUF header has.
//!
//! Never takes a normaliser for one that is only like what `spec/text.md` section 1.1 does: a space before every part of a
//! text, whatever it begins with, or before none; and every space a `\u{2581}`. `Metaspace` can put spaces in front in
//! other ways, and cut; those are refused by name. What comes of the merges: `merges`.

use super::FolderError;
use super::members::Members;
use crate::gguf::TokenKind;
use crate::json::Json;

/// What stands for a space.
pub(super) const SPACE: &str = "\u{2581}";
/// Added tokens behind which white space stays, in every model whose others take it.
const NEVER_STRIPPING: [&str; 3] = ["<unk>", "<s>", "<|endoftext|>"];

/// What is done to a text before its pieces are looked for.
#[derive(Default)]
struct Steps {
    prepends: bool,
    replaces: bool,
}

const SPACES_ONLY: &str = "only SentencePiece's spaces are known here";

/// Whether a space is put before every part of a text; fails where more is done to it than that, or less.
pub(super) fn space_first(file: &Members<'_>) -> Result<bool, FolderError> {
    let mut steps = Steps::default();
    if let Some(json) = file.get("normalizer") {
        steps.normalise(json, true).ok_or_else(|| file.unsupported("normalizer", SPACES_ONLY))?;
    }
    let cutter = file.object("pre_tokenizer", "pre_tokenizer.")?;
    match &cutter {
        Some(said) if said.text("type")? == Some("Metaspace") => steps.metaspace(said)?,
        Some(said) => steps
            .split(said.json())
            .ok_or_else(|| file.unsupported("pre_tokenizer", SPACES_ONLY))?,
        None => {}
    }
    let spaces = steps.replaces.then_some(steps.prepends);
    spaces.ok_or_else(|| file.unsupported("pre_tokenizer", SPACES_ONLY))
}

impl Steps {
    fn normalise(&mut self, json: &Json<'_>, outer: bool) -> Option<()> {
        match json.member("type")?.text()? {
            "Sequence" if outer => {
                let list = json.member("normalizers")?.array()?;
                list.iter().try_for_each(|inner| self.normalise(inner, false))
            }
            "Prepend" => {
                let first = !self.replaces && !self.prepends;
                self.prepends = first && json.member("prepend")?.text()? == SPACE;
                self.prepends.then_some(())
            }
            "Replace" => {
                let space = json.member("pattern")?.member("String")?.text()? == " ";
                self.replaces = space && json.member("content")?.text()? == SPACE;
                self.replaces.then_some(())
            }
            _ => None,
        }
    }

    /// Nothing is left to cut at once every space is replaced.
    fn split(&self, json: &Json<'_>) -> Option<()> {
        let split = self.replaces && json.member("type")?.text()? == "Split";
        (split && json.member("pattern")?.member("String")?.text()? == " ").then_some(())
    }

    /// Of its settings one does what the tokenizer does: every space replaced, and nothing else.
    fn metaspace(&mut self, said: &Members<'_>) -> Result<(), FolderError> {
        let replacement = said.text("replacement")?.ok_or_else(|| said.missing("replacement"))?;
        if replacement != SPACE || self.replaces {
            return Err(said.unsupported("replacement", SPACES_ONLY));
        }
        self.replaces = true;
        // Left out it is true.
        if said.boolean("split")? != Some(false) {
            let why = "texts would be cut at their spaces, and no piece could have one inside: only false is known \
                       here. Take a GGUF";
            return Err(said.unsupported("split", why));
        }
        match said.text("prepend_scheme")? {
            Some("never") => {}
            Some("first") => return Err(said.unsupported("prepend_scheme", FIRST)),
            // The old way to say never: its readers of today refuse it without the new one.
            None if said.boolean("add_prefix_space")? == Some(false) => {
                return Err(said.unsupported("add_prefix_space", "prepend_scheme is needed too"));
            }
            Some("always") | None => return Err(said.unsupported("prepend_scheme", ALWAYS)),
            Some(_) => return Err(said.wanted("prepend_scheme", "always, first or never")),
        }
        if said.boolean("add_prefix_space")? == Some(true) {
            return Err(said.unsupported("add_prefix_space", "prepend_scheme says never"));
        }
        Ok(())
    }
}

/// Why one way to put spaces in front is none of ours.
const FIRST: &str = "it puts a space before the first part of a prompt alone, where that begins with none; here every part \
                     gets one, or none does. Take a GGUF";
/// The same of the other, which is also meant where nothing is said.
const ALWAYS: &str = "it puts a space before those parts that begin with none; here every part gets one, or none does. Take \
                      a GGUF";

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
