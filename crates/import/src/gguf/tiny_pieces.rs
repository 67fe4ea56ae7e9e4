//! Tiny models with a vocabulary of SentencePiece's kind, made from a seed, for tests.
//!
//! Tokens, types, roles and chat template are those of a family's files; what the tokens spell means nothing. The same
//! seed is the same vocabulary, always and everywhere.

use std::collections::BTreeSet;

use super::tiny::{Random, TinyModel};
use super::write::{GgufWriter, WriteValue};
use crate::dyadic::F32Bits;

/// Whose files a vocabulary is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceFamily {
    /// Llama 2, Mistral: a space in front, instructions in ordinary text.
    Llama2,
    /// Gemma: no space in front, runs of line ends and spaces as user-defined tokens.
    Gemma,
    /// Phi 3: white space behind special tokens is dropped.
    Phi3,
}

/// The least tokens a vocabulary has beside those made of letters.
pub const LEAST_PIECES: u32 = 256 + 64;

const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const BYTE: i32 = 6;

const LETTERS: &str = "\u{2581}etaoinshrdluTHI.,é日";
/// -1,000: what converters give tokens that were added.
const ADDED: F32Bits = F32Bits(0xc47a_0000);
const KEYS: [&str; 9] = [
    "tokenizer.ggml.model",
    "tokenizer.ggml.pre",
    "tokenizer.ggml.merges",
    "tokenizer.ggml.bos_token_id",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.unknown_token_id",
    "tokenizer.ggml.padding_token_id",
    "tokenizer.ggml.add_bos_token",
    "tokenizer.chat_template",
];

const LLAMA_2_TEMPLATE: &str = "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}";
const GEMMA_TEMPLATE: &str = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}";
const PHI_3_TEMPLATE: &str = "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') %}{{'<|user|>' + '\n' + message['content'] + '<|end|>' + '\n' + '<|assistant|>' + '\n'}}{% elif (message['role'] == 'assistant') %}{{message['content'] + '<|end|>' + '\n'}}{% endif %}{% endfor %}";

impl PieceFamily {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Llama2, Self::Gemma, Self::Phi3];

    /// Before the bytes.
    fn first(self) -> &'static [(i32, &'static str)] {
        match self {
            Self::Llama2 => &[(UNKNOWN, "<unk>"), (CONTROL, "<s>"), (CONTROL, "</s>")],
            Self::Gemma => &[
                (CONTROL, "<pad>"),
                (CONTROL, "<eos>"),
                (CONTROL, "<bos>"),
                (UNKNOWN, "<unk>"),
                (CONTROL, "<start_of_turn>"),
                (CONTROL, "<end_of_turn>"),
                (USER_DEFINED, "\n\n"),
                (USER_DEFINED, "\n\n\n"),
                (USER_DEFINED, "  "),
                (USER_DEFINED, "   "),
                (USER_DEFINED, "<table>"),
            ],
            Self::Phi3 => &[(CONTROL, "<unk>"), (CONTROL, "<s>"), (USER_DEFINED, "</s>")],
        }
    }

    /// Behind the letters and what is made of them.
    fn last(self) -> &'static [(i32, &'static str)] {
        match self {
            Self::Llama2 | Self::Gemma => &[],
            Self::Phi3 => &[
                (CONTROL, "<|endoftext|>"),
                (CONTROL, "<|assistant|>"),
                (CONTROL, "<|end|>"),
                (CONTROL, "<|user|>"),
            ],
        }
    }
}

/// The file in the making of a tiny model that has such a vocabulary, of at least [`LEAST_PIECES`] tokens.
pub fn with_pieces(model: &TinyModel, family: PieceFamily) -> GgufWriter {
    let tokens = tokens(family, model.seed, model.vocabulary as usize);
    let texts = tokens.iter().map(|(_, text, _)| text.as_str());
    let keys = KEYS.iter().chain(&["tokenizer.ggml.tokens", "tokenizer.ggml.token_type"]);
    let writer = keys.fold(model.writer(), |writer, key| writer.without(key));
    let writer = writer
        .metadata("tokenizer.ggml.model", "llama")
        .metadata("tokenizer.ggml.tokens", WriteValue::strings(texts))
        .metadata("tokenizer.ggml.scores", WriteValue::f32s(tokens.iter().map(|token| token.2)))
        .metadata(
            "tokenizer.ggml.token_type",
            WriteValue::i32s(tokens.iter().map(|token| token.0)),
        );
    match family {
        PieceFamily::Llama2 => writer.metadata("tokenizer.chat_template", LLAMA_2_TEMPLATE),
        PieceFamily::Gemma => writer
            .metadata("tokenizer.ggml.bos_token_id", 2)
            .metadata("tokenizer.ggml.eos_token_id", 1)
            .metadata("tokenizer.ggml.unknown_token_id", 3)
            .metadata("tokenizer.ggml.padding_token_id", 0)
            .metadata("tokenizer.ggml.add_bos_token", true)
            .metadata("tokenizer.ggml.add_space_prefix", false)
            .metadata("tokenizer.chat_template", GEMMA_TEMPLATE),
        PieceFamily::Phi3 => writer
            .without("general.name")
            .metadata("general.name", "tiny Phi-3")
            .metadata("tokenizer.ggml.eos_token_id", model.vocabulary - 4)
            .metadata("tokenizer.ggml.padding_token_id", model.vocabulary - 4)
            .metadata("tokenizer.chat_template", PHI_3_TEMPLATE),
    }
}

/// Types, texts and scores.
fn tokens(family: PieceFamily, seed: u64, count: usize) -> Vec<(i32, String, F32Bits)> {
    let added = |(kind, text): &(i32, &str)| {
        (*kind, (*text).to_owned(), if *kind == UNKNOWN { F32Bits(0) } else { ADDED })
    };
    let mut tokens: Vec<_> = family.first().iter().map(added).collect();
    tokens.extend((0..=u8::MAX).map(|byte| (BYTE, format!("<0x{byte:02X}>"), F32Bits(0))));
    let mut made: Vec<String> = LETTERS.chars().map(String::from).collect();
    let mut known: BTreeSet<String> = made.iter().cloned().collect();
    let wanted = count - tokens.len() - family.last().len();
    let mut random = Random(seed);
    while made.len() < wanted {
        let bound = made.len() as u64;
        let mut pick = || {
            let at = usize::try_from(random.below(bound)).expect("below the count");
            made[at].clone()
        };
        let joined = pick() + &pick();
        if joined.len() <= 24 && known.insert(joined.clone()) {
            made.push(joined);
        }
    }
    tokens.extend((0..).zip(made).map(|(at, text)| (NORMAL, text, minus(at))));
    tokens.extend(family.last().iter().map(added));
    tokens
}

/// The bits of a number's negative, below 2^24.
fn minus(number: u32) -> F32Bits {
    let Some(exponent) = number.checked_ilog2() else { return F32Bits(0) };
    F32Bits(1 << 31 | (127 + exponent) << 23 | number << (23 - exponent) & 0x7f_ffff)
}
