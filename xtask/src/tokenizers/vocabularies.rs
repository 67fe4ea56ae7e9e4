//! Every vocabulary that comes with llama.cpp: its tokens of all texts on both sides.
//!
//! Two rules are ours on purpose, and a text whose tokens differ where they speak is counted apart, *by rule*:
//! - What is a control token. A token that only looks like one is one here, whatever the file calls it, and a token
//!   that merges make is none here, whatever it looks like (`text::Vocabulary`). llama.cpp goes by lists of texts.
//! - A byte without a token. It is left out, and its neighbours become neighbours, as in transformers
//!   (`spec/text.md` 1); in llama.cpp they don't.

use std::fs;
use std::path::{Path, PathBuf};

use import::gguf::{self, Gguf};
use text::{Segment, Specials, Tokenizer};

use super::peer::{Ids, Peer};
use super::{Options, SHOWN, shown};
use crate::Outcome;

const HEADER: &str =
    "vocabulary        kind       pre               texts   tokens  by rule   differ  own cases";
const PREFIX: &str = "ggml-vocab-";
/// Between two texts of a vocabulary's own cases.
const BETWEEN: &str = "\n__ggml_vocab_test__\n";
/// How many control and user-defined tokens' texts stand in the texts of a vocabulary.
const LITERALS: usize = 400;
const LITERALS_PER_TEXT: usize = 4;

/// What a file says of its tokenizer, and the tokenizer, or why there is none.
struct Vocabulary {
    model: String,
    pre: String,
    /// Texts of tokens that are found as they stand.
    literals: Vec<String>,
    beginning: Option<u32>,
    end: Option<u32>,
    kinds: Vec<gguf::TokenKind>,
    tokenizer: Result<Tokenizer, String>,
}

/// Prints a line for each; returns how many pieces of text have other tokens.
pub(super) fn compare(
    peer: &Peer,
    models: &Path,
    options: &Options,
    texts: &[String],
) -> Outcome<usize> {
    println!("{HEADER}");
    let mut differences = 0;
    for path in files(models)? {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let name = name.strip_prefix(PREFIX).unwrap_or(name);
        if !name.contains(&options.only) {
            continue;
        }
        let vocabulary = open(&path)?;
        let about = format!("{name:<17} {:<10} {:<17}", vocabulary.model, vocabulary.pre);
        match &vocabulary.tokenizer {
            Err(reason) => println!("{about} refused: {reason}"),
            Ok(tokenizer) => {
                let row = row(peer, &path, &vocabulary, tokenizer, texts)?;
                println!("{about} {}", row.line());
                row.differing.iter().take(SHOWN).for_each(|text| println!("    {text}"));
                differences += row.differing.len() + row.own_differ;
            }
        }
    }
    Ok(differences)
}

fn files(models: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(models).map_err(|error| format!("{}: {error}", models.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "gguf"));
    files.sort();
    if files.is_empty() {
        return Err(format!("{}: no vocabularies", models.display()));
    }
    Ok(files)
}

fn open(path: &Path) -> Outcome<Vocabulary> {
    let named = |error: &dyn std::error::Error| format!("{}: {error}", path.display());
    let bytes = fs::read(path).map_err(|error| named(&error))?;
    let length = u64::try_from(bytes.len()).expect("a file's length has 64 bits");
    let gguf = Gguf::parse(&bytes, length).map_err(|error| named(&error))?;
    let data = match gguf.vocabulary() {
        Ok(data) => data,
        Err(error) => return Ok(unread(&gguf, &error)),
    };
    let typed = data.kinds.iter().zip(&data.tokens);
    let literal = |kind: &gguf::TokenKind| match kind {
        gguf::TokenKind::Control | gguf::TokenKind::UserDefined | gguf::TokenKind::Unknown => true,
        gguf::TokenKind::Normal | gguf::TokenKind::Unused | gguf::TokenKind::Byte => false,
    };
    let literals = typed.filter(|(kind, _)| literal(kind)).map(|(_, text)| text.clone());
    let (model, pre) = (data.model.clone(), data.pre.clone().unwrap_or_else(|| "-".to_owned()));
    let (beginning, end) = (data.special.beginning, data.special.end);
    let literals = literals.take(LITERALS).collect();
    let kinds = data.kinds.clone();
    let tokenizer = llm::vocabulary_of_header(data).and_then(|data| Tokenizer::new(&data));
    let tokenizer = tokenizer.map_err(|error| error.to_string());
    Ok(Vocabulary { model, pre, literals, beginning, end, kinds, tokenizer })
}

/// A vocabulary that our reader of files refuses already.
fn unread(gguf: &Gguf<'_>, error: &gguf::GgufError) -> Vocabulary {
    let text = |key: &str| {
        let said = gguf.optional(key).and_then(|field| field.string(64).ok().map(str::to_owned));
        said.unwrap_or_else(|| "-".to_owned())
    };
    Vocabulary {
        model: text("tokenizer.ggml.model"),
        pre: text("tokenizer.ggml.pre"),
        literals: Vec::new(),
        beginning: None,
        end: None,
        kinds: Vec::new(),
        tokenizer: Err(error.to_string()),
    }
}

/// What a vocabulary's line says.
struct Row {
    texts: usize,
    tokens: usize,
    /// Texts whose tokens differ where our rule is another on purpose.
    by_rule: usize,
    /// The other texts whose tokens differ, the shortest first, as a person is shown them.
    differing: Vec<String>,
    /// Cases that come with the vocabulary, and how many of them differ.
    own: Option<usize>,
    own_differ: usize,
}

impl Row {
    fn line(&self) -> String {
        let own = self.own.map_or("-".to_owned(), |own| format!("{} of {own}", self.own_differ));
        let (texts, tokens, differ) = (self.texts, self.tokens, self.differing.len());
        format!("{texts:>5} {tokens:>8} {:>8} {differ:>8}  {own}", self.by_rule)
    }
}

fn row(
    peer: &Peer,
    path: &Path,
    vocabulary: &Vocabulary,
    tokenizer: &Tokenizer,
    texts: &[String],
) -> Outcome<Row> {
    let texts: Vec<String> =
        texts.iter().cloned().chain(with_literals(vocabulary, texts)).collect();
    let theirs = peer.ids(path, &texts)?;
    let tokens = theirs.iter().map(|ways| ways[0].ids.len()).sum();
    let ruled = Ruled::new(&peer.roles(path)?, &vocabulary.kinds, tokenizer);
    let (mut by_rule, mut differing) = (0, Vec::new());
    for (text, ways) in texts.iter().zip(&theirs) {
        for their in ways {
            let our = ours(tokenizer, text, their)?;
            if our != as_ours(vocabulary, their) {
                if ruled.speaks_of(text) {
                    by_rule += 1;
                } else {
                    differing.push((text, difference(text, &our, their)));
                }
                break;
            }
        }
    }
    differing.sort_by_key(|(text, _)| text.len());
    let differing = differing.into_iter().map(|(_, said)| said).collect();
    let own = own_cases(path)?;
    let mut own_differ = 0;
    for (text, ids) in own.iter().flatten() {
        let our = tokenizer.encode(text, Specials::Deny).map_err(|error| error.to_string())?;
        own_differ += usize::from(our != *ids);
    }
    Ok(Row {
        texts: texts.len(),
        tokens,
        by_rule,
        differing,
        own: own.map(|own| own.len()),
        own_differ,
    })
}

/// Where our rules are others on purpose.
struct Ruled {
    /// Texts of tokens that are control tokens on one side alone.
    literals: Vec<String>,
    missing_bytes: Vec<u8>,
}

impl Ruled {
    fn new(theirs: &[u32], kinds: &[gguf::TokenKind], tokenizer: &Tokenizer) -> Self {
        let mut literals = Vec::new();
        for ((id, their), kind) in (0..).zip(theirs).zip(kinds) {
            let Some(piece) = tokenizer.token_bytes().get(id) else { continue };
            let ours = match kind {
                _ if piece.control => 1,
                gguf::TokenKind::UserDefined => 2,
                gguf::TokenKind::Normal
                | gguf::TokenKind::Unknown
                | gguf::TokenKind::Control
                | gguf::TokenKind::Unused
                | gguf::TokenKind::Byte => 0,
            };
            if ours != *their {
                literals.push(String::from_utf8_lossy(piece.bytes).into_owned());
            }
        }
        Self { literals, missing_bytes: tokenizer.missing_bytes().to_vec() }
    }

    fn speaks_of(&self, text: &str) -> bool {
        text.bytes().any(|byte| self.missing_bytes.contains(&byte))
            || self.literals.iter().any(|literal| text.contains(literal))
    }
}

/// The vocabulary's own literals between pieces of text.
fn with_literals(vocabulary: &Vocabulary, texts: &[String]) -> Vec<String> {
    let groups = vocabulary.literals.chunks(LITERALS_PER_TEXT);
    let mixed = groups.zip(texts.iter().filter(|text| text.len() < 200).cycle()).enumerate();
    mixed
        .map(|(at, (literals, text))| {
            let between = if at % 2 == 0 { "" } else { " " };
            let mut made = if at % 3 == 0 { text.clone() } else { String::new() };
            for literal in literals {
                made.push_str(between);
                made.push_str(literal);
                made.push_str(if at % 5 < 2 { text } else { between });
            }
            made
        })
        .collect()
}

fn ours(tokenizer: &Tokenizer, text: &str, way: &Ids) -> Outcome<Vec<u32>> {
    let segment = if way.control { Segment::Trusted(text) } else { Segment::Untrusted(text) };
    let ids = if way.prompt {
        tokenizer.encode_prompt(&[segment])
    } else {
        tokenizer.encode_segments(&[segment])
    };
    ids.map_err(|error| error.to_string())
}

/// Their tokens as our rule has them: what begins a prompt is added where it is not there yet, and so is what ends one.
/// llama.cpp adds it always, and warns.
fn as_ours(vocabulary: &Vocabulary, theirs: &Ids) -> Vec<u32> {
    let mut ids = theirs.ids.clone();
    if theirs.prompt {
        let begins = vocabulary.beginning.is_some_and(|id| ids.starts_with(&[id, id]));
        let ends = vocabulary.end.is_some_and(|id| ids.ends_with(&[id, id]));
        if begins {
            ids.remove(0);
        }
        if ends {
            ids.pop();
        }
    }
    ids
}

fn difference(text: &str, ours: &[u32], theirs: &Ids) -> String {
    const AROUND: usize = 4;
    let at = ours.iter().zip(&theirs.ids).take_while(|(our, their)| our == their).count();
    let part = |ids: &[u32]| {
        ids[at..].iter().take(AROUND).map(u32::to_string).collect::<Vec<_>>().join(" ")
    };
    let way = format!("control {}, prompt {}", theirs.control, theirs.prompt);
    format!("{}: token {at}: {} there, {} here ({way})", shown(text), part(&theirs.ids), part(ours))
}

type Case = (String, Vec<u32>);

/// The texts that come with a vocabulary and the tokens its model's own tokenizer makes of them, if there are any.
fn own_cases(path: &Path) -> Outcome<Option<Vec<Case>>> {
    let beside = |end: &str| PathBuf::from(format!("{}.{end}", path.display()));
    let (texts, ids) = (beside("inp"), beside("out"));
    if !texts.exists() || !ids.exists() {
        return Ok(None);
    }
    let read = |path: &Path| {
        fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let (texts, ids) = (read(&texts)?, read(&ids)?);
    let texts = texts.strip_suffix(BETWEEN).unwrap_or(&texts).split(BETWEEN);
    let numbers = ids.lines().map(|line| line.split_whitespace().map(str::parse::<u32>).collect());
    let numbers: Result<Vec<Vec<u32>>, _> = numbers.collect();
    let numbers = numbers.map_err(|error| format!("{}: {error}", path.display()))?;
    let texts: Vec<String> = texts.map(str::to_owned).collect();
    if texts.len() != numbers.len() {
        return Err(format!("{}: {} texts, {} lists", path.display(), texts.len(), numbers.len()));
    }
    Ok(Some(texts.into_iter().zip(numbers).collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn vocabulary(beginning: Option<u32>, end: Option<u32>) -> Vocabulary {
        let (model, pre, literals, kinds) = (String::new(), String::new(), Vec::new(), Vec::new());
        let tokenizer = Err(String::new());
        Vocabulary { model, pre, literals, beginning, end, kinds, tokenizer }
    }

    #[test]
    fn what_llama_cpp_adds_a_second_time_is_taken_away_and_nothing_else() {
        let ids = |prompt, ids: &[u32]| Ids { control: true, prompt, ids: ids.to_vec() };
        let both = vocabulary(Some(1), Some(2));
        assert_eq!(as_ours(&both, &ids(true, &[1, 1, 1, 5, 2, 2])), [1, 1, 5, 2]);
        assert_eq!(as_ours(&both, &ids(true, &[1, 5, 2])), [1, 5, 2]);
        assert_eq!(as_ours(&both, &ids(false, &[1, 1, 2, 2])), [1, 1, 2, 2]);
        assert_eq!(as_ours(&vocabulary(None, None), &ids(true, &[1, 1])), [1, 1]);
    }

    #[test]
    fn own_cases_are_read_and_must_fit_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ggml-vocab-x.gguf");
        assert_eq!(own_cases(&path), Ok(None));
        let beside = |end: &str, text: &str| {
            fs::write(folder.path().join(format!("ggml-vocab-x.gguf.{end}")), text).unwrap();
        };
        beside("inp", &["a\nb", "", " "].map(|text| format!("{text}{BETWEEN}")).concat());
        beside("out", " 1 2\n\n 3\n");
        let cases = own_cases(&path).unwrap().unwrap();
        let expected: [(&str, &[u32]); 3] = [("a\nb", &[1, 2]), ("", &[]), (" ", &[3])];
        assert_eq!(cases, expected.map(|(text, ids)| (text.to_owned(), ids.to_vec())));
        beside("out", "1\n");
        assert!(own_cases(&path).unwrap_err().contains("3 texts, 1 lists"));
    }

    #[test]
    fn a_text_is_put_aside_only_where_a_rule_of_ours_speaks() {
        let ruled = Ruled { literals: vec!["</s>".into()], missing_bytes: vec![0x0B] };
        assert!(ruled.speaks_of("a</s>b") && ruled.speaks_of("\u{b}"));
        assert!(!ruled.speaks_of("a<s>b"));
    }
}
