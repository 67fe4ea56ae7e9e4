//! `tokenizer.json` and the files beside it: what a GGUF header says of a tokenizer.
//!
//! Byte-level BPE, and SentencePiece's BPE (`pieces`). Never guesses: a model, normaliser, rule or processor that is not known is refused. Two things are
//! passed over as by everybody who reads GGUF files, which can't say them: that text is made NFC first (Qwen), and that an
//! added token takes the white space beside it (`lstrip`, `rstrip`).

use super::members::Members;
use super::{
    FolderError, GENERATION_CONFIG, SmallFiles, TEMPLATE, TEMPLATE_JSON, TOKENIZER,
    TOKENIZER_CONFIG, merges, pieces, pre_tokenizer,
};
use crate::gguf::vocabulary::{MAX_CHAT_TEMPLATE_BYTES, MAX_MERGES, MAX_TOKEN_BYTES, MAX_TOKENS};
use crate::gguf::{SpecialTokens, TokenKind, VocabularyData};
use crate::json::Json;

/// The most tokens that end an answer.
const MAX_STOP_TOKENS: usize = 64;
/// The name of the template that is taken of several.
const DEFAULT_TEMPLATE: &str = "default";

/// The files about a tokenizer.
pub(super) struct Said<'j> {
    pub(super) tokenizer: &'j Json<'j>,
    pub(super) config: Option<&'j Json<'j>>,
    pub(super) generation: Option<&'j Json<'j>>,
    /// The model's configuration, whole, and its part that is about text.
    pub(super) model: [&'j Json<'j>; 2],
    pub(super) template: Option<String>,
}

/// Which tokenizer it is.
enum Kind {
    /// Byte-level BPE, and what cuts its text.
    Bytes { pre: &'static str },
    /// SentencePiece's BPE, and whether a space is put before a text.
    Pieces { space_first: bool },
}

/// What a prompt begins and ends with.
#[derive(Default)]
struct Frame<'j> {
    first: Option<&'j str>,
    last: Option<&'j str>,
}

impl Said<'_> {
    /// The vocabulary of a model with so many rows, and the tokens besides its own that end an answer.
    pub(super) fn vocabulary(self, rows: u32) -> Result<(VocabularyData, Vec<u32>), FolderError> {
        let file = Members::of(TOKENIZER, "", self.tokenizer)?;
        let model = file.object("model", "model.")?.ok_or_else(|| file.missing("model"))?;
        check_model(&model)?;
        let kind = kind(&file, &model)?;
        let (tokens, mut kinds) = tokens(&file, &model, rows)?;
        let merges = merge_list(&model)?;
        let frame = frame(&file)?;
        let (special, stop_tokens) = self.special(&tokens, rows)?;
        let is = |text: Option<&str>, id: Option<u32>| {
            let known = id.and_then(|id| tokens.get(usize::try_from(id).ok()?));
            text.is_none_or(|text| known.is_some_and(|known| known == text))
        };
        if !is(frame.first, special.beginning) || !is(frame.last, special.end) {
            let why = "a prompt begins or ends with another token than the beginning or the end";
            return Err(file.unsupported("post_processor", why));
        }
        let add_beginning = self.flag("add_bos_token")?.unwrap_or(frame.first.is_some());
        let add_end = self.flag("add_eos_token")?.unwrap_or(frame.last.is_some());
        let mut data = VocabularyData {
            model: "gpt2".into(),
            pre: None,
            ranks: vec![0; tokens.len()],
            merges: Vec::new(),
            tokens,
            kinds: Vec::new(),
            special,
            add_beginning: Some(add_beginning && special.beginning.is_some()),
            add_end: Some(add_end && special.end.is_some()),
            add_space_prefix: Some(false),
            strips: false,
            chat_template: self.template,
        };
        match kind {
            Kind::Bytes { pre } => {
                data.pre = Some(pre.into());
                data.merges = merges;
            }
            Kind::Pieces { space_first } => {
                data.model = "llama".into();
                data.add_space_prefix = Some(space_first);
                pieces::types(&data.tokens, special.unknown, &mut kinds);
                data.ranks = merges::ranks(&data.tokens, &kinds, &merges)?;
                data.strips = pieces::strips(&file)?;
            }
        }
        data.kinds = kinds;
        Ok((data, stop_tokens))
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, FolderError> {
        let config = self.config.map(|json| Members::of(TOKENIZER_CONFIG, "", json)).transpose()?;
        config.map_or(Ok(None), |config| config.boolean(name))
    }

    /// The tokens with a role, and all that end an answer.
    fn special(
        &self,
        tokens: &[String],
        rows: u32,
    ) -> Result<(SpecialTokens, Vec<u32>), FolderError> {
        let named = |name| self.named(name, tokens);
        let (config, text) = (self.model[0], self.model[1]);
        let of = |name: &str| {
            let lists = [text.member(name), config.member(name)];
            lists.into_iter().flatten().next().and_then(|json| ids(json, rows))
        };
        let first = |name| of(name).and_then(|ids| ids.first().copied());
        let mut stop = Vec::new();
        for (file, json) in [
            (GENERATION_CONFIG, self.generation.and_then(|json| json.member("eos_token_id"))),
            (super::CONFIG, text.member("eos_token_id").or(config.member("eos_token_id"))),
        ] {
            let wanted = || FolderError::Member {
                file,
                member: "eos_token_id".into(),
                wanted: "a token's number or a list of them".into(),
            };
            stop.extend(
                json.map(|json| ids(json, rows).ok_or_else(wanted))
                    .transpose()?
                    .unwrap_or_default(),
            );
        }
        stop.sort_unstable();
        stop.dedup();
        let special = SpecialTokens {
            beginning: named("bos_token")?.or(first("bos_token_id")),
            end: named("eos_token")?.or(first("eos_token_id")),
            unknown: named("unk_token")?,
            padding: named("pad_token")?,
            ..SpecialTokens::default()
        };
        Ok((special, stop))
    }

    /// The token that the tokenizer's configuration gives a role.
    fn named(&self, role: &str, tokens: &[String]) -> Result<Option<u32>, FolderError> {
        let Some(json) = self.config.and_then(|config| config.member(role)) else {
            return Ok(None);
        };
        let text = json.text().or(json.member("content").and_then(Json::text));
        let text = text.ok_or_else(|| member(TOKENIZER_CONFIG, role, "a token's text"))?;
        let id = tokens.iter().position(|token| token == text);
        let id = id.ok_or_else(|| member(TOKENIZER_CONFIG, role, "a token of the tokenizer"))?;
        Ok(Some(u32::try_from(id).expect("below MAX_TOKENS")))
    }
}

/// Token ids: one, or a list.
fn ids(json: &Json<'_>, rows: u32) -> Option<Vec<u32>> {
    let list = json.array().unwrap_or(std::slice::from_ref(json));
    if list.len() > MAX_STOP_TOKENS {
        return None;
    }
    let id = |json: &Json<'_>| u32::try_from(json.integer()?).ok().filter(|id| *id < rows);
    list.iter().map(id).collect()
}

fn member(file: &'static str, member: &str, wanted: &str) -> FolderError {
    FolderError::Member { file, member: member.into(), wanted: wanted.into() }
}

/// Which kind of BPE it is.
fn kind(file: &Members<'_>, model: &Members<'_>) -> Result<Kind, FolderError> {
    if model.boolean("byte_fallback")? == Some(true) {
        if model.boolean("ignore_merges")? == Some(true) {
            let why = "SentencePiece's BPE takes no text whole";
            return Err(model.unsupported("ignore_merges", why));
        }
        return Ok(Kind::Pieces { space_first: pieces::space_first(file)? });
    }
    check_normaliser(file)?;
    let ignore_merges = model.boolean("ignore_merges")?.unwrap_or(false);
    Ok(Kind::Bytes { pre: pre_tokenizer::name(file, ignore_merges)? })
}

/// It is BPE, without variants of it.
fn check_model(model: &Members<'_>) -> Result<(), FolderError> {
    let kind = model.text("type")?.ok_or_else(|| model.missing("type"))?;
    if kind != "BPE" {
        return Err(model.unsupported("type", "only BPE is known here"));
    }
    for name in ["continuing_subword_prefix", "end_of_word_suffix"] {
        if model.text(name)?.is_some_and(|text| !text.is_empty()) {
            return Err(model.unsupported(name, "BPE has none here"));
        }
    }
    if model.get("dropout").is_some_and(|json| {
        json.number().and_then(|number| number.dyadic()).is_none_or(|dropout| !dropout.is_zero())
    }) {
        return Err(model.unsupported("dropout", "tokens would be drawn"));
    }
    Ok(())
}

fn check_normaliser(file: &Members<'_>) -> Result<(), FolderError> {
    let Some(json) = file.get("normalizer") else { return Ok(()) };
    let is = |json: &Json<'_>| json.member("type").and_then(Json::text) == Some("NFC");
    let empty = |json: &Json<'_>| {
        let list = json.member("normalizers").and_then(Json::array);
        json.member("type").and_then(Json::text) == Some("Sequence")
            && list.is_some_and(|list| list.iter().all(is))
    };
    if is(json) || empty(json) {
        return Ok(());
    }
    Err(file.unsupported("normalizer", "only NFC is known here"))
}

/// Texts and types by id: the vocabulary, added tokens, and what fills the model's rows.
fn tokens(
    file: &Members<'_>,
    model: &Members<'_>,
    rows: u32,
) -> Result<(Vec<String>, Vec<TokenKind>), FolderError> {
    if u64::from(rows) > MAX_TOKENS {
        return Err(model.wanted("vocab", "at most 2^20 tokens"));
    }
    let mut tokens = vec![None; usize::try_from(rows).expect("at most 2^20")];
    let vocabulary = model.get("vocab").and_then(Json::members);
    let vocabulary = vocabulary.ok_or_else(|| model.wanted("vocab", "an object of numbers"))?;
    let wanted = "a number for each text, each once, and below the rows of the embedding";
    let mut put = |id: Option<u64>, text: &str, kind| {
        let place = id.and_then(|id| tokens.get_mut(usize::try_from(id).ok()?));
        let place = place.filter(|_| !text.is_empty() && text.len() <= MAX_TOKEN_BYTES)?;
        if place.as_ref().is_some_and(|(there, _): &(String, TokenKind)| there != text) {
            return None;
        }
        *place = Some((text.to_owned(), kind));
        Some(())
    };
    for (text, id) in vocabulary {
        put(id.integer(), text, TokenKind::Normal).ok_or_else(|| model.wanted("vocab", wanted))?;
    }
    for added in file.get("added_tokens").and_then(Json::array).unwrap_or_default() {
        let text = added.member("content").and_then(Json::text).unwrap_or_default();
        let special = added.member("special").and_then(Json::boolean) == Some(true);
        let kind = if special { TokenKind::Control } else { TokenKind::UserDefined };
        put(added.member("id").and_then(Json::integer), text, kind)
            .ok_or_else(|| file.wanted("added_tokens", wanted))?;
    }
    // As llama.cpp's converter calls rows that no token has.
    let filled = |(id, token): (usize, Option<(String, TokenKind)>)| {
        token.unwrap_or_else(|| (format!("[PAD{id}]"), TokenKind::Unused))
    };
    Ok(tokens.into_iter().enumerate().map(filled).unzip())
}

/// The merges, each "left right".
fn merge_list(model: &Members<'_>) -> Result<Vec<String>, FolderError> {
    let wanted = || model.wanted("merges", "a list of pairs of texts without spaces");
    let list = model.get("merges").and_then(Json::array).ok_or_else(wanted)?;
    if list.len() as u64 > MAX_MERGES {
        return Err(model.wanted("merges", "at most 2^21 pairs"));
    }
    let pair = |json: &Json<'_>| {
        let (left, right) = match json.array() {
            Some([left, right]) => (left.text()?, right.text()?),
            Some(_) => return None,
            None => json.text()?.split_once(' ')?,
        };
        let fine =
            |part: &str| !part.is_empty() && part.len() <= MAX_TOKEN_BYTES && !part.contains(' ');
        (fine(left) && fine(right)).then(|| [left, right].join(" "))
    };
    list.iter().map(|json| pair(json).ok_or_else(wanted)).collect()
}

/// What the post-processor puts around a text.
fn frame<'j>(file: &Members<'j>) -> Result<Frame<'j>, FolderError> {
    let Some(json) = file.get("post_processor") else { return Ok(Frame::default()) };
    let kind = |json: &Json<'_>| json.member("type").and_then(Json::text).map(str::to_owned);
    let steps = match kind(json).as_deref() {
        Some("Sequence") => json.member("processors").and_then(Json::array).unwrap_or_default(),
        Some(_) | None => std::slice::from_ref(json),
    };
    let mut frame = Frame::default();
    for step in steps {
        let read = match kind(step).as_deref() {
            Some("ByteLevel") => Some(()),
            Some("TemplateProcessing") => template_processing(step, &mut frame),
            Some(_) | None => None,
        };
        if read.is_none() {
            let why = "only one token before and one behind the text are known here";
            return Err(file.unsupported("post_processor", why));
        }
    }
    Ok(frame)
}

/// At most one token, the text, and at most one token.
fn template_processing<'j>(json: &'j Json<'j>, frame: &mut Frame<'j>) -> Option<()> {
    let mut text_seen = false;
    for item in json.member("single")?.array()? {
        if item.member("Sequence").is_some() && !text_seen {
            text_seen = true;
            continue;
        }
        let token = item.member("SpecialToken")?.member("id")?.text()?;
        let place = if text_seen { &mut frame.last } else { &mut frame.first };
        if place.replace(token).is_some() {
            return None;
        }
    }
    text_seen.then_some(())
}

/// The chat template: of a file of its own, else of the tokenizer's configuration.
pub(super) fn template(small: &SmallFiles) -> Result<Option<String>, FolderError> {
    let checked = |file, text: &str| {
        if text.len() as u64 > MAX_CHAT_TEMPLATE_BYTES {
            return Err(member(file, "chat_template", "at most 256 KiB"));
        }
        Ok(Some(text.to_owned()))
    };
    if let Some(bytes) = small.get(TEMPLATE) {
        let text = std::str::from_utf8(bytes);
        return checked(TEMPLATE, text.map_err(|_| member(TEMPLATE, "it", "UTF-8"))?);
    }
    for file in [TEMPLATE_JSON, TOKENIZER_CONFIG] {
        let Some(json) = small.json(file)? else { continue };
        let Some(said) = json.member("chat_template") else { continue };
        let default = |list: &[Json<'_>]| {
            let named = |json: &&Json<'_>| {
                json.member("name").and_then(Json::text) == Some(DEFAULT_TEMPLATE)
            };
            list.iter().find(named)?.member("template")?.text().map(str::to_owned)
        };
        let text = match said.array() {
            Some(list) => default(list),
            None => said.text().map(str::to_owned),
        };
        let wanted = "a template, or a list that has one named default";
        return checked(file, &text.ok_or_else(|| member(file, "chat_template", wanted))?);
    }
    Ok(None)
}
