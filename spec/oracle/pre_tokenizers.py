"""text.md section 2: how a pre-tokenizer cuts a text into words, written from the text.

A class of characters is written out as the characters of it that the text at hand has, so that Python's own expressions
need to know no property.
"""

import re
import unicodedata

WHITE = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
HAN = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2EBEF), (0x2F800, 0x2FA1F))


def of(kind):
    return lambda c: unicodedata.category(c)[0] == kind


def letter(c):
    return of("L")(c)


# In an expression each stands inside brackets. The second is one of the class, for texts that have none.
CLASSES = {
    r"\p{L}": (letter, "a"), r"\p{N}": (of("N"), "0"), r"\p{M}": (of("M"), "\u0301"), r"\p{P}": (of("P"), "!"), r"\p{S}": (of("S"), "+"),
    r"\p{not a-z}": (lambda c: letter(c) and not "a" <= c <= "z", "A"), r"\p{not A-Z}": (lambda c: letter(c) and not "A" <= c <= "Z", "a"),
    r"\p{han}": (lambda c: any(first <= ord(c) <= last for first, last in HAN), "\u4e00"),
    r"\p{not han}": (lambda c: letter(c) and not any(first <= ord(c) <= last for first, last in HAN), "a"),
    r"\s": (lambda c: c in WHITE, " "),
}  # fmt: skip


def compiled(rule, text):
    for name, (belongs, one) in CLASSES.items():
        rule = rule.replace(name, re.escape("".join(sorted({one, *filter(belongs, text)}))))
    return re.compile(rule)


DIGIT, DIGITS, THREE, TRIPLE = r"[\p{N}]", r"[\p{N}]+", "[0-9][0-9][0-9]", r"[\p{N}]{1,3}"
PUNCTUATION, FALCON = r"[\p{P}\$\+<=>\^~\|]+", r"[\p{P}\$\+<=>\^~\|`]+"
RUN = r"[\s]+(?![^\s])|[\s]+"
HALVES = "|".join(r"[\s]{%d}(?![^\s])" % (1 << n) for n in range(9, 1, -1)) + r"|[\s]{1,2}(?![^\s])|[\s]"
SHORT = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
WORD, SIGNS, BREAKS = r"[^\r\n\p{L}\p{N}]?[\p{L}]+", r" ?[^\s\p{L}\p{N}]+", r"[\s]*[\r\n]+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|" + RUN
BEFORE_RUN = "|".join((SHORT, WORD, TRIPLE, SIGNS + r"[\r\n]*", BREAKS)) + "|"
LLAMA3, JAIS2 = BEFORE_RUN + RUN, BEFORE_RUN + HALVES
MINICPM5 = "|".join((SHORT, WORD, DIGITS, SIGNS + r"[\r\n]*", BREAKS, RUN))
UFAKZEKA = "|".join((WORD, DIGIT, SIGNS + r"[\r\n]*", BREAKS, RUN))
QWEN2 = SHORT + "|" + UFAKZEKA
QWEN35 = "|".join((SHORT, r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+", DIGIT, r" ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*", BREAKS, RUN))
SEED = "|".join((SHORT, WORD, DIGIT, SIGNS, BREAKS, RUN))
EXAONE = "|".join((SHORT, r"[^\r\n\p{L}\p{N}]?[\p{L}](?:[\p{M}]| ?[\p{L}])*", DIGIT, SIGNS + r"[\r\n/]?", BREAKS, RUN))
ASCII_SIGN = r"[!-/:-@\[-`{-~]"
MARKED = ASCII_SIGN + r"[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+"
DEEPSEEK, SPARK = "|".join((MARKED + r"[\r\n]*", BREAKS, RUN)), "|".join((MARKED, r"[\r\n]", RUN))


def cased(upper, lower, end):
    first = r"[^\r\n\p{L}\p{N}]?"
    return f"{first}{upper}*{lower}+{end}|{first}{upper}+{lower}*{end}"


SLASHED = SIGNS + r"[\r\n/]*"
TEKKEN = "|".join((cased(r"[\p{not a-z}]", r"[\p{not A-Z}]", ""), DIGIT, SLASHED, BREAKS, RUN))
GPT4O = "|".join((cased(r"[\p{not a-z}]", r"[\p{not A-Z}]", SHORT + "?"), TRIPLE, SLASHED, BREAKS, RUN))
GRANITE = "|".join((cased(r"[\p{not a-z}\p{M}]", r"[\p{not A-Z}\p{M}]", SHORT + "?"), TRIPLE, SLASHED, BREAKS, RUN))
ENDED = r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+" + SHORT + "?"
AYA, YOUTU_WORD = "|".join((ENDED, TRIPLE, SLASHED, BREAKS, RUN)), "|".join((ENDED, DIGIT, SLASHED, BREAKS, RUN))
KIMI = "|".join((r"[\p{han}]+", r"[^\r\n\p{L}\p{N}]?[\p{not han}]+" + SHORT + "?", TRIPLE, SIGNS + r"[\r\n]*", BREAKS, RUN))
KANA, EAST = "[\u4e00-\u9fa5\u3040-\u30ff]+", "(?:(?![\\s])[\u0800-\u9fa5\uac00-\ud7ff])+"
YOUTU = "[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f]+|[\u3105-\u312f]+|" + KANA
WIDE = "[\\s]?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3001\u3002]+"
BLOOM = " ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+"
CASED = (
    "A-Z a-z B5 C0-D6 D8-F6 F8-1BA 1BC-1BF 1C4-293 295-2AF 370-373 376 377 37B-37D 37F 386 388-38A 38C 38E-3A1 3A3-3F5 3F7-481 48A-52F 531-556 10A0-10C5 13A0-13F5 13F8-13FD "
    "1C90-1CBA 1CBD-1CBF 1D00-1D2B 1D6B-1D77 1D79-1D9A 1E00-1F15 1F18-1F1D 1F20-1F45 1F48-1F4D 1F50-1F57 1F59 1F5B 1F5D 1F5F-1F7D 1F80-1FB4 1FB6-1FBC 1FBE 1FC2-1FC4 1FC6-1FCC "
    "1FD0-1FD3 1FD6-1FDB 1FE0-1FEC 1FF2-1FF4 1FF6-1FFC 2102 2107 210A-2113 2115 2119-211D 2124 2126 2128 212A-212D 212F-2134 2139 213C-213F 2145-2149 214E 2183 2184 2C00-2C7B "
    "2C7E-2CE4 2CEB-2CEE 2CF2 2CF3 A640-A66D A680-A69B A722-A76F A771-A787 A78B-A78E AB70-ABBF FB00-FB06 FB13-FB17 FF21-FF3A FF41-FF5A 10400-1044F 104B0-104D3 104D8-104FB "
    "10C80-10CB2 10CC0-10CF2 118A0-118DF 1E900-1E943"
)
UNSPACED = (
    "4E00-9FFF 3400-4DBF 8C48-FAFF 3040-309F 30A0-30FF FF65-FF9F 2F00-2FDF E40-E7F E80-EFF 1780-17FF 1000-109F AA60-AA7F A9E0-A9FF AC00-D7AF 1100-11FF"
)


def ranges(said):
    """Of hexadecimal numbers; those of one digit are letters."""

    def one(number):
        return number if len(number) == 1 else chr(int(number, 16))

    return "".join("-".join(one(end) for end in part.split("-")) for part in said.split())


def grouped(text):
    """Behind each match of DIGITS and behind each of its characters that a multiple of three of its characters follows."""
    return [found.end() - after for found in compiled(DIGITS, text).finditer(text) for after in range(len(found.group()) // 3 * 3, -1, -3) if after < len(found.group())]


def thousands(text):
    def after(at):
        return at if at == len(text) or text[at] not in "0123456789" else after(at + 1)

    return [at for at in range(len(text)) if after(at) > at and (after(at) - at) % 3 == 0]


# By the first of its names: rules, whole words. A function gives the places to cut at.
PRE = {
    "default": ((PUNCTUATION, GPT2, DIGITS, THREE), False), "gpt-2": ((GPT2,), False), "smollm": ((DIGIT, GPT2), False),
    "falcon": ((FALCON, GPT2, THREE), False), "llama-bpe": ((LLAMA3,), True), "qwen2": ((QWEN2,), False), "qwen35": ((QWEN35,), False),
    "glm4": ((LLAMA3,), True), "chatglm-bpe": ((LLAMA3,), False), "jais-2": ((JAIS2,), False), "minicpm5": ((TRIPLE, MINICPM5), True),
    "laguna": ((r"[^\n]+|\n+", QWEN2), False), "ufakzeka": ((UFAKZEKA,), False), "seed-coder": ((SEED,), False), "exaone-moe": ((EXAONE,), False),
    "deepseek-llm": ((r"[\r\n]", rf"[\s]?[{ranges(CASED)}]+", WIDE, r"[\s]+\Z", EAST, DIGITS), False),
    "deepseek-coder": ((r"[\r\n]", r"[\s]?[\p{L}]+", r"[\s]?[\p{P}]+", EAST, DIGIT), False),
    "deepseek-v3": ((TRIPLE, KANA, DEEPSEEK), False), "spark2_5": ((TRIPLE, KANA, SPARK, DIGIT), False),
    "afmoe": ((grouped, f"[{ranges(UNSPACED)}]+", DEEPSEEK), False), "tekken": ((TEKKEN,), True), "gpt-4o": ((GPT4O,), False),
    "granite-embed-multi-97m": ((GRANITE,), True), "tiny_aya": ((grouped, AYA), False), "youtu": ((YOUTU, YOUTU_WORD), True), "kimi-k2": ((KIMI,), False),
    "poro-chat": ((BLOOM,), False), "viking": ((BLOOM, DIGIT), False), "superbpe": ((DIGITS, thousands), False),
    "chameleon": (("<sentinel:[0-9]+>", "IMGIMG[A-I]{1,4}Z", r"[\t\n]|    |  ", DIGIT, r"[\p{P}!-/:-@\[-`{-~]", GPT2), False),
}  # fmt: skip
