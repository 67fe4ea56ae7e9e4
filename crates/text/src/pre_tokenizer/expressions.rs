//! The expressions that rules cut by, with the names `spec/text.md` gives them.
//!
//! A `\s+` at an expression's end may stand for more than it says: the kind of the rule tells (`super::rule`).

/// A regular expression with a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expression {
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it with the specification"))]
    pub(super) name: &'static str,
    pub(super) pattern: &'static str,
}

/// English endings behind an apostrophe.
macro_rules! endings {
    () => {
        "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]"
    };
}

/// Letters of alphabets with two cases.
macro_rules! cased {
    () => {
        concat!(
            r"A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293}",
            r"\x{295}-\x{2AF}\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}",
            r"\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}",
            r"\x{531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}",
            r"\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}",
            r"\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}",
            r"\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}",
            r"\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}",
            r"\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107}",
            r"\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D}",
            r"\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184}",
            r"\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}",
            r"\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E}",
            r"\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}",
            r"\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}",
            r"\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}",
        )
    };
}

/// Scripts that are written without spaces between words.
macro_rules! unspaced {
    () => {
        concat!(
            r"\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{8C48}-\x{FAFF}\x{3040}-\x{309F}",
            r"\x{30A0}-\x{30FF}\x{FF65}-\x{FF9F}\x{2F00}-\x{2FDF}\x{E40}-\x{E7F}\x{E80}-\x{EFF}",
            r"\x{1780}-\x{17FF}\x{1000}-\x{109F}\x{AA60}-\x{AA7F}\x{A9E0}-\x{A9FF}",
            r"\x{AC00}-\x{D7AF}\x{1100}-\x{11FF}",
        )
    };
}

/// Han characters, by blocks.
macro_rules! han {
    () => {
        concat!(
            r"\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}\x{F900}-\x{FAFF}",
            r"\x{20000}-\x{2A6DF}\x{2A700}-\x{2EBEF}\x{2F800}-\x{2FA1F}"
        )
    };
}

/// White space and what stands for a line's end before it.
macro_rules! lines {
    () => {
        r"|\s*[\r\n]+|\s+"
    };
}

macro_rules! expressions {
    ($($constant:ident $name:literal $pattern:expr;)*) => {
        $(pub(super) const $constant: Expression = Expression { name: $name, pattern: $pattern };)*
        /// All of them, in the order of the specification.
        #[cfg(test)]
        pub(super) const ALL: &[Expression] = &[$($constant),*];
    };
}

expressions! {
    DIGIT "digit" r"\p{N}";
    DIGITS "digits" r"\p{N}+";
    TRIPLE "triple" r"\p{N}{1,3}";
    THREE "three" "[0-9][0-9][0-9]";
    BREAK "break" r"[\r\n]";
    PARAGRAPH "paragraph" r"[^\n]+|\n+";
    LAST "last" r"\s+$";
    SPACES "spaces" r"[\t\n]|    |  ";
    PUNCTUATION "punctuation" r"[\p{P}\$\+<=>\^~\|]+";
    FALCON "falcon" r"[\p{P}\$\+<=>\^~\|`]+";
    MARK "mark" r"[\p{P}!-/:-@\[-`{-~]";
    SENTINEL "sentinel" "<sentinel:[0-9]+>";
    IMAGE "image" "IMGIMG[A-I]{1,4}Z";
    LETTERS "letters" r"\s?\p{L}+";
    SIGNS "signs" r"\s?\p{P}+";
    CASED "cased" concat!(r"\s?[", cased!(), "]+");
    WIDE "wide" r"\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3001}\x{3002}]+";
    EAST "east" r"[[\x{800}-\x{9FA5}\x{AC00}-\x{D7FF}]--\s]+";
    KANA "kana" r"[\x{4E00}-\x{9FA5}\x{3040}-\x{30FF}]+";
    YOUTU "youtu" r"[\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+|[\x{FF01}\x{2026}\x{201C}\x{201D}\x{2018}\x{2019}\x{2014}\x{FF1A}\x{FF1B}\x{FF0C}\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+|[\x{3105}-\x{312F}]+|[\x{4E00}-\x{9FA5}\x{3040}-\x{30FF}]+";
    UNSPACED "unspaced" concat!("[", unspaced!(), "]+");
    BLOOM "bloom" r" ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{964}\x{6D4}\x{60C})]+";
    GPT2 "gpt2" r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+";
    LLAMA3 "llama3" concat!("(?:", endings!(), r")|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*", lines!());
    MINICPM5 "minicpm5" concat!("(?:", endings!(), r")|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*", lines!());
    QWEN2 "qwen2" concat!("(?:", endings!(), r")|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*", lines!());
    QWEN35 "qwen35" concat!("(?:", endings!(), r")|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*", lines!());
    UFAKZEKA "ufakzeka" concat!(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*", lines!());
    SEED "seed" concat!("(?:", endings!(), r")|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+", lines!());
    EXAONE "exaone" concat!("(?:", endings!(), r")|[^\r\n\p{L}\p{N}]?\p{L}(?:\p{M}| ?\p{L})*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?", lines!());
    DEEPSEEK "deepseek" concat!(r"[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*", lines!());
    SPARK "spark" r"[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n]|\s+";
    TEKKEN "tekken" concat!(r"[^\r\n\p{L}\p{N}]?[\p{L}--[a-z]]*[\p{L}--[A-Z]]+|[^\r\n\p{L}\p{N}]?[\p{L}--[a-z]]+[\p{L}--[A-Z]]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*", lines!());
    GPT4O "gpt4o" concat!(r"[^\r\n\p{L}\p{N}]?[\p{L}--[a-z]]*[\p{L}--[A-Z]]+(?:", endings!(), r")?|[^\r\n\p{L}\p{N}]?[\p{L}--[a-z]]+[\p{L}--[A-Z]]*(?:", endings!(), r")?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*", lines!());
    GRANITE "granite" concat!(r"[^\r\n\p{L}\p{N}]?[[\p{L}\p{M}]--[a-z]]*[[\p{L}\p{M}]--[A-Z]]+(?:", endings!(), r")?|[^\r\n\p{L}\p{N}]?[[\p{L}\p{M}]--[a-z]]+[[\p{L}\p{M}]--[A-Z]]*(?:", endings!(), r")?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*", lines!());
    AYA "aya" concat!(r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+(?:", endings!(), r")?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*", lines!());
    YOUTU_WORD "youtu-word" concat!(r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+(?:", endings!(), r")?|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*", lines!());
    KIMI "kimi" concat!("[", han!(), r"]+|[^\r\n\p{L}\p{N}]?[\p{L}--[", han!(), "]]+(?:", endings!(), r")?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*", lines!());
}
