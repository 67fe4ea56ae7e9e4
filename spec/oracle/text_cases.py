"""Cases of text.md: words of every pre-tokenizer; tokens of segments."""

import generators
import package
import text as form

TEXTS = (
    "", "a", " ", "  ", "Hello world", "  Hello  world  ", "it's we'll I'M THEY'RE x'd 'tis", "don't'''s", "one\ntwo\n\n  three\r\n", "\n", " \n", "\n ", " \n \n  x",
    "tab\tand\t\ttabs \t", "1 12 123 1234 12345678", "v1.2.3 3,14 10^6", "a1b22c333", "$5 + <b> = ^~|`x`", "(hi) [there] {you}", "...!? \u2026", "---\n---", "f(x)=y;\n\tz",
    "Gr\u00fc\u00dfe, \u00e9t\u00e9", "\u4f60\u597d\u4e16\u754c 2026\u5e74", "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440!", "\u0939\u093f\u0928\u094d\u0926\u0940", "e\u0301a\u0308", "\U0001f600 \U0001f680x",
    "\u00b2\u00bd\u2167 \u0664\u0665", "a\u00a0b\u2003c\u3000d", "\u00a0\u00a0x", "x\u2028y\u0085z", "\u200bzero\u200d", "\u2014dash\u2013", "\u20ac5 \u00a35", "  'll", "\x0b\x0c\x1c\x1fend", "'S 'T's", "  \r\n\r\n x", "a  \n",
)  # fmt: skip

MORE = (
    "1234567 12345", "\u0661\u066212345\u0663 12\u00b2345", "x  123", "camelCase HTTPServer iOS \u00c9cole \u00e9T\u00c9 \u01c5x's", "\u4f60's \u3042\u30a2\u3002\uff01 \u3131\u314b\u3105",
    "\u0627\u0644\u0639\u064e\u0631\u060c \u0e2a\u0e27\u0e31 \u1780", "IMGIMGABCZ IMGIMGABCDEZ <sentinel:12> <sentinel:>", "a b \u00e9 d  e \u0301f", ".a #b /\n/\r\n", "\U00020000\u3400a\uf900 \u2f00\uff66",
    " " * 5 + "x", " " * 7, "\u3000" * 13 + "x", "a" + " " * 30 + "\n" + " " * 30 + "b", "\u00b5m \u2126 \u1e9e \ufb01 \uab70 \U00010400", "1a 12b\u0301 \u00b2\u0301",
)  # fmt: skip
MADE = 24


def made(seed):
    """A line of characters of many kinds, every one of a class that no newer Unicode changes."""
    source = generators.SplitMix64(seed)
    runs = ("  \n\r\t\u00a0\u3000", "'slrevdtmSLE", "azAZ\u00e9\u00c9\u01c5\u02b0", "0129\u0669\u00bd", ".,!/<$+~\u2026\u3001\u20ac", "\u0301\u094d\u064e", "\u4e00\u3042\uac00\u0e01\u3105\uf900", "\x00\u200d\ue000")
    out = []
    for _ in range(8 + source.next() % 24):
        run = runs[source.next() % len(runs)]
        out += [run[source.next() % len(run)] for _ in range(1 + source.next() % 4)]
    return "".join(out)


def evaluate_words(inputs):
    made = form.words(inputs["pre_tokenizer"], inputs["text"])
    assert "".join(made) == inputs["text"] and "" not in made
    return {"words": made} if inputs["text"] else {"words": []}


def words_cases():
    return [(f"{name}: text {at}", {"pre_tokenizer": name, "text": text}) for name in list(form.PRE)[:7] for at, text in enumerate(TEXTS)]


def evaluate_cuts(inputs):
    return {"lengths": {name: [len(word) for word in form.words(name, inputs["text"])] for name in form.PRE}}


def cuts_cases():
    texts = (*TEXTS[1:], *MORE, *(made(seed) for seed in range(MADE)))
    return [(f"text {at}", {"text": text}) for at, text in enumerate(texts)]


def evaluate_tokens(inputs):
    return {"ids": [form.tokens(inputs["vocabulary"], segments) for segments in inputs["segments"]]}


def vocabulary(name, flags, missing=()):
    """Special tokens, user-defined ones, letters, and what merges make of them."""
    letters = {byte: letter for letter, byte in package.alphabet().items()}
    tokens = [[2, "<unk>"], [3, "<|start|>"], [3, "<|end|>"], [3, "<|end|>x"], [4, "<tag>"], [4, "  "], [4, "<tag>>"]]
    tokens += [[1, letters[byte]] for byte in b" abcdehlorstw'.,!<|>xn" if byte not in missing] + [[1, letters[10]], [1, letters[0xC3]], [1, letters[0xA9]]]
    ids = {text: id for id, (_, text) in enumerate(tokens)}
    merges = []
    space = letters[32]
    for left, right in (("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o"), (space, "w"), ("o", "r"), (space + "w", "or"), (letters[0xC3], letters[0xA9]), ("l", "d"),
                        ("e", "n"), ("en", "d"), ("a", "b"), ("b", "c"), ("ab", "c"), ("a", "a"), ("aa", "a"), ("t", "h"), ("<", "|")):  # fmt: skip
        if left + right not in ids:
            ids[left + right] = len(tokens)
            tokens.append([1, left + right])
        merges.append([ids[left], ids[right]])
    for whole in ("held", space + "stone"):
        tokens.append([1, whole])
    return {"pre_tokenizer": name, "flags": flags, "special": [1, 2, None, None, 0, None], "tokens": tokens, "merges": merges}


SEGMENTS = (
    [], [[False, ""]], [[False, "hello world"]], [[True, "<|start|>hello<|end|>"]], [[False, "<|start|>hello<|end|>"]], [[True, "<|end|>"], [False, "x"]],
    [[True, "<|end|>x"]], [[True, "<|en"], [False, "d|>"]], [[False, "hel"], [True, "lo"]], [[False, "a"], [True, "<|end|>"], [False, "b"]], [[False, "<tag>hello<tag>>"]],
    [[True, "a  b   c"]], [[False, "abcabcaaaa"]], [[False, "aaaaa aaaa aaa"]], [[False, "h\u00e9llo w\u00f6rld"]], [[False, "held stone held"]], [[False, "it's \n\n the end."]],
    [[True, "<|start|>"], [False, "hello"]], [[True, "<|end|><|end|>"]], [[False, "<unk>"], [True, "<unk>"]], [[False, "abzbc"]],
)  # fmt: skip


def tokens_cases():
    def of(*about, **changed):
        return {"vocabulary": vocabulary(*about, **changed), "segments": [list(one) for one in SEGMENTS]}

    return [
        ("gpt-2", of("gpt-2", 0)), ("llama-bpe, whole words, with beginning and end", of("llama-bpe", 3)), ("qwen2 with a beginning", of("qwen2", 1)),
        ("smollm with an end", of("smollm", 2)),
        ("default without a byte", of("default", 0, missing=b"x!")),
    ]  # fmt: skip


LETTERS = "\u2581 abcdeh\u00e9\u4f60.<>/|\t"


def pieces(seed, flags, count, ranks=None, own=(), types=(1,), stripping=()):
    """Special tokens, a user's, bytes, some of the letters, and tokens that two others make or that nothing makes."""
    draw = Draws(seed)
    tokens = [[2, "<unk>"], [3, "<s>"], [3, "</s>"], [3, "<|end|>"], [3, "<a"], [4, "<tag>"], [4, "  "], [4, "\u2581\u2581b"], [4, "\n\t"], *own]
    tokens += [[6, f"<0x{byte:02X}>"] for byte in range(256)]
    known = {text for _, text in tokens}
    for letter in LETTERS:
        if letter != " " and draw.below(8) and letter not in known:
            tokens.append([1, letter])
            known.add(letter)
    made = [text for kind, text in tokens if kind == 1]
    while len(tokens) < 256 + count:
        left, right = draw.choice(made), draw.choice(made)
        if draw.below(9) == 0:
            left += draw.choice(LETTERS)
        if left + right not in known:
            known.add(left + right)
            made.append(left + right)
            tokens.append([types[draw.below(len(types))], left + right])
    scores = [draw.below(ranks or 4 * count) for _ in tokens]
    order = sorted(set(scores), reverse=True)
    return {"flags": flags, "special": [1, 2, None, None, 0, None], "tokens": tokens, "ranks": [order.index(score) for score in scores],
            "stripping": sorted(stripping)}  # fmt: skip


def prompts(seed, vocabulary, count):
    draw, texts = Draws(seed), [text for _, text in vocabulary["tokens"]]
    letters = LETTERS + "  x\u00fc\U0001f600"
    out = [[], [[False, ""]], [[True, "</s>"], [False, " a"]], [[False, "</s>"]], [[True, "<s>"]], [[True, "<|end|> \n\t\v\f\r"], [False, " \ta"]],
           [[True, "<|end|>\n"], [True, "<|end|>"]], [[False, "<0x41>\u2581 a"]], [[False, "<tag> a<tag>\u00a0<tag>"]], [[True, "a<unk>b"], [False, "<unk>"]],
           [[False, "<|e"], [True, "nd|>"]], [[True, "<a"], [False, " a"]]]  # fmt: skip
    for at in range(count):
        segments = []
        for _ in range(1 + draw.below(3)):
            text = "".join(draw.choice(texts).replace("\u2581", " ") if draw.below(3) else draw.choice(letters) for _ in range(draw.below(14)))
            segments.append([bool(draw.below(2)), text])
        out.append(segments)
    return out


def pieces_cases():
    def of(seed, *about, count=40, **changed):
        made = pieces(seed, *about, **changed)
        return {"vocabulary": made, "segments": prompts(seed, made, count)}

    return [
        ("as of Llama 2: beginning, a space in front", of(1, 5, 120)),
        ("as of Gemma: a beginning, no space", of(2, 1, 120, own=[[4, "\n\n"], [4, "\n\n\n"]])),
        ("as of Phi 3: white space behind tokens dropped", of(3, 5, 120, stripping=[2, 3, 5])),
        ("few scores, so the leftmost of many pairs", of(4, 4, 200, ranks=3)),
        ("one score", of(5, 0, 200, ranks=1)),
        ("tokens of other types among those that merge", of(6, 7, 200, types=(1, 1, 4, 5, 3))),
        ("everything strips", of(7, 4, 60, stripping=range(9))),
    ]  # fmt: skip


class Draws(generators.SplitMix64):
    def below(self, bound):
        return self.next() % bound

    def choice(self, items):
        return items[self.below(len(items))]


OPS = {
    "text_words": (evaluate_words, words_cases()),
    "text_cuts": (evaluate_cuts, cuts_cases()),
    "text_tokens": (evaluate_tokens, tokens_cases()),
    "text_pieces": (evaluate_tokens, pieces_cases()),
}
