//! The `pre_tokenizer` of a `tokenizer.json` by the name that GGUF files give the same rule.
//!
//! Names are found by comparing the structure: every step with all its members, the regular expressions letter by letter.
//! Never takes a rule for one that is only like it; one that is not in the table is refused, with the structure.

use super::FolderError;
use super::members::Members;
use crate::json::Json;

/// Most steps of a rule.
const MAX_STEPS: usize = 8;
/// How deep sequences may stand in each other.
const MAX_DEPTH: usize = 4;

const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// One step of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<'a> {
    /// Cut out every match of an expression.
    Split(&'a str),
    /// Cut out every digit.
    EachDigit,
    /// Cut as GPT-2 does, and write bytes as characters.
    Gpt2,
    /// Write bytes as characters.
    Bytes,
}

/// A rule: GGUF's name, its steps, and whether a word that is a token is taken whatever the merges make of it.
struct Known {
    name: &'static str,
    steps: &'static [Step<'static>],
    ignore_merges: bool,
}

const TABLE: &[Known] = &[
    Known { name: "gpt-2", steps: &[Step::Gpt2], ignore_merges: false },
    Known { name: "smollm", steps: &[Step::EachDigit, Step::Gpt2], ignore_merges: false },
    Known { name: "llama-bpe", steps: &[Step::Split(LLAMA3), Step::Bytes], ignore_merges: true },
    Known { name: "dbrx", steps: &[Step::Split(LLAMA3), Step::Bytes], ignore_merges: false },
    Known { name: "qwen2", steps: &[Step::Split(QWEN2), Step::Bytes], ignore_merges: false },
    Known { name: "gpt-4o", steps: &[Step::Split(GPT4O), Step::Bytes], ignore_merges: false },
    Known { name: "tekken", steps: &[Step::Split(TEKKEN), Step::Bytes], ignore_merges: true },
];

/// The name of a rule.
pub(super) fn name(said: &Members<'_>, ignore_merges: bool) -> Result<&'static str, FolderError> {
    let mut steps = Vec::new();
    let read = match said.get("pre_tokenizer") {
        Some(json) => collect(json, 0, &mut steps),
        None => None,
    };
    let known = |known: &&Known| known.steps == steps && known.ignore_merges == ignore_merges;
    let found = read.and_then(|()| TABLE.iter().find(known));
    found.map(|known| known.name).ok_or_else(|| {
        let why = "it is none of the rules that are known here: gpt-2, smollm, llama-bpe, dbrx, qwen2, gpt-4o, tekken \
                   (with their `ignore_merges`)";
        said.unsupported("pre_tokenizer", why)
    })
}

/// Appends the steps of a value; none where one is not known.
fn collect<'a>(json: &'a Json<'a>, depth: usize, steps: &mut Vec<Step<'a>>) -> Option<()> {
    let flag = |name: &str, or: bool| json.member(name).map_or(Some(or), Json::boolean);
    match json.member("type")?.text()? {
        "Sequence" if depth < MAX_DEPTH => {
            let list = json.member("pretokenizers")?.array()?;
            list.iter().try_for_each(|inner| collect(inner, depth + 1, steps))?;
        }
        "Split" => {
            let regex = json.member("pattern")?.member("Regex")?.text()?;
            let isolated = json.member("behavior")?.text()? == "Isolated";
            let straight = !flag("invert", false)?;
            steps.push(Some(Step::Split(regex)).filter(|_| isolated && straight)?);
        }
        "Digits" => {
            steps.push(
                Some(Step::EachDigit).filter(|_| flag("individual_digits", false) == Some(true))?,
            );
        }
        "ByteLevel" => {
            let prefix = flag("add_prefix_space", true)?;
            let step = if flag("use_regex", true)? { Step::Gpt2 } else { Step::Bytes };
            steps.push(Some(step).filter(|_| !prefix)?);
        }
        _ => return None,
    }
    (steps.len() <= MAX_STEPS).then_some(())
}
