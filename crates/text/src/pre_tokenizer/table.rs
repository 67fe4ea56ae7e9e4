//! Which rules a name stands for: one line per list of rules.
//!
//! What is not here, though llama.cpp knows it: `gemma4`, `granite-embed-multi-311m`, `sarvam-moe` and `whitespace`,
//! whose tokens are not written in the byte-level alphabet; `modern-bert` and `jina-v2-...`, whose mask token takes
//! white space away.

use super::expressions::{
    AYA, BLOOM, BREAK, CASED, DEEPSEEK, DIGIT, DIGITS, EAST, EXAONE, FALCON, GPT2, GPT4O, GRANITE,
    IMAGE, KANA, KIMI, LAST, LETTERS, LLAMA3, MARK, MINICPM5, PARAGRAPH, PUNCTUATION, QWEN2,
    QWEN35, SEED, SENTINEL, SIGNS, SPACES, SPARK, TEKKEN, THREE, TRIPLE, UFAKZEKA, UNSPACED, WIDE,
    YOUTU, YOUTU_WORD,
};
use super::rule::Rule::{self, Doubled, Grouped, Lines, Plain, Thousands, Words};

pub(super) struct Line {
    pub(super) names: &'static [&'static str],
    pub(super) rules: &'static [Rule],
    /// A word that is a token is that token, whatever the merges would make of it.
    pub(super) whole_words: bool,
    /// What `add_bos` is where the file does not say.
    pub(super) add_bos: bool,
}

impl Line {
    const fn new(names: &'static [&'static str], rules: &'static [Rule]) -> Self {
        Self { names, rules, whole_words: false, add_bos: false }
    }

    const fn whole_words(self) -> Self {
        Self { whole_words: true, ..self }
    }

    const fn add_bos(self) -> Self {
        Self { add_bos: true, ..self }
    }
}

#[rustfmt::skip]
pub(super) const TABLE: &[Line] = &[
    Line::new(&["default"], &[Plain(PUNCTUATION), Words(GPT2), Plain(DIGITS), Plain(THREE)]),
    Line::new(
        &["gpt-2", "mpt", "olmo", "phi-2", "jais", "trillion", "granite-docling", "gigachat", "a.x-4.0", "mellum", "exaone4", "roberta-bpe", "jina-v1-en", "jina-es", "jina-de"],
        &[Words(GPT2)],
    ),
    Line::new(&["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"], &[Plain(DIGIT), Words(GPT2)]),
    Line::new(&["falcon"], &[Plain(FALCON), Words(GPT2), Plain(THREE)]),
    Line::new(
        &["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"],
        &[Lines(LLAMA3)],
    ).whole_words().add_bos(),
    Line::new(&["glm4", "glm5"], &[Lines(LLAMA3)]).whole_words(),
    Line::new(&["chatglm-bpe", "dbrx", "smaug-bpe"], &[Lines(LLAMA3)]),
    Line::new(&["jais-2"], &[Doubled(LLAMA3)]),
    Line::new(&["minicpm5"], &[Plain(TRIPLE), Lines(MINICPM5)]).whole_words(),
    Line::new(
        &["qwen2", "deepseek-r1-qwen", "stablelm2", "kormo", "f2llmv2", "megrez", "hunyuan", "solar-open", "grok-2", "bailingmoe", "bailingmoe2", "llada-moe"],
        &[Lines(QWEN2)],
    ),
    Line::new(&["qwen35"], &[Lines(QWEN35)]),
    Line::new(&["laguna"], &[Plain(PARAGRAPH), Lines(QWEN2)]),
    Line::new(&["ufakzeka"], &[Lines(UFAKZEKA)]),
    Line::new(&["seed-coder"], &[Lines(SEED)]),
    Line::new(&["exaone-moe"], &[Lines(EXAONE)]),
    Line::new(&["deepseek-llm"], &[Plain(BREAK), Plain(CASED), Plain(WIDE), Plain(LAST), Plain(EAST), Plain(DIGITS)]),
    Line::new(&["deepseek-coder"], &[Plain(BREAK), Plain(LETTERS), Plain(SIGNS), Plain(EAST), Plain(DIGIT)]),
    Line::new(&["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"], &[Plain(TRIPLE), Plain(KANA), Lines(DEEPSEEK)]),
    Line::new(&["spark2_5"], &[Plain(TRIPLE), Plain(KANA), Words(SPARK), Plain(DIGIT)]),
    Line::new(&["afmoe"], &[Grouped(DIGITS), Plain(UNSPACED), Lines(DEEPSEEK)]),
    Line::new(&["tekken"], &[Lines(TEKKEN)]).whole_words().add_bos(),
    Line::new(&["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"], &[Lines(GPT4O)]),
    Line::new(&["granite-embed-multi-97m"], &[Lines(GRANITE)]).whole_words(),
    Line::new(&["tiny_aya", "cohere2moe"], &[Grouped(DIGITS), Lines(AYA)]),
    Line::new(&["youtu"], &[Plain(YOUTU), Lines(YOUTU_WORD)]).whole_words(),
    Line::new(&["kimi-k2"], &[Lines(KIMI)]),
    Line::new(&["poro-chat", "bloom", "gpt3-finnish"], &[Plain(BLOOM)]),
    Line::new(&["viking"], &[Plain(BLOOM), Plain(DIGIT)]),
    Line::new(&["superbpe"], &[Plain(DIGITS), Thousands]),
    Line::new(&["chameleon"], &[Plain(SENTINEL), Plain(IMAGE), Plain(SPACES), Plain(DIGIT), Plain(MARK), Words(GPT2)]).add_bos(),
];
