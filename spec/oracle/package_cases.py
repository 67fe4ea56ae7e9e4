"""Cases of package.md."""

import package as form

A, B, C = (bytes([n] * 32).hex() for n in (0xA1, 0xB2, 0xC3))


def part(length):
    return {"blake3": C, "length": str(length)}


def file(name="model.gguf", size=5, shards=(A,)):
    return {"name": name, "size": str(size), "blake3": A, "sha256": B, "shards": list(shards)}


def plain(**changed):
    parts = {kind: part(at + 1) for at, kind in enumerate(form.PARTS) if kind in form.REQUIRED}
    fields = {"name": "tiny", "licence": "MIT", "redistributable": 0, "parts": parts, "files": [file()]}
    assert set(changed) <= set(fields)
    return {**fields, **changed}


def with_part(kind, found):
    parts = {**plain()["parts"], kind: found}
    return plain(parts={name: one for name, one in parts.items() if one is not None})


def evaluate_manifest(inputs):
    return {"bytes": form.manifest(inputs).hex(), "model_id": form.model_id(inputs).hex()}


MANIFESTS = [
    ("plain", plain()),
    ("no name, no licence", plain(name="", licence="")),
    ("a long name in two bytes a letter", plain(name="é" * 64, redistributable=1)),
    ("every part at its limit", plain(parts={kind: part(form.MOST[kind]) for kind in form.PARTS}, redistributable=2)),
    ("two shards", plain(files=[file(size=form.SHARD + 1, shards=(B, C))])),
    ("one shard, full", plain(files=[file(size=form.SHARD)])),
    ("three files", plain(files=[file("a"), file("B-2.x"), file("0_+z", 2 * form.SHARD, (A, A))])),
    ("a name of 129 bytes refused", plain(name="é" * 64 + "a")),
    ("a control character refused", plain(licence="a\x85b")),
    ("a slash in a file's name refused", plain(files=[file("a/b")])),
    ("two dots refused", plain(files=[file("..")])),
    ("a hidden file refused", plain(files=[file(".a")])),
    ("a dot at the end refused", plain(files=[file("a.")])),
    ("one name in capital and small letters refused", plain(files=[file("a.gguf"), file("A.GGUF")])),
    ("no files refused", plain(files=[])),
    ("no bytes refused", plain(files=[file(size=0, shards=())])),
    ("too many bytes refused", plain(files=[file(size=form.FILE_MOST + 1, shards=(A,))])),
    ("a shard too many refused", plain(files=[file(size=form.SHARD, shards=(A, A))])),
    ("a shard too few refused", plain(files=[file(size=form.SHARD + 1)])),
    ("an only shard of another hash refused", plain(files=[file(shards=(B,))])),
]  # fmt: skip
for kind in form.PARTS:
    MANIFESTS.append((f"{kind} over its limit refused", with_part(kind, part(form.MOST[kind] + 1))))
    MANIFESTS.append((f"{kind} of no bytes refused", with_part(kind, part(0))))
    if kind in form.REQUIRED:
        MANIFESTS.append((f"no {kind} refused", with_part(kind, None)))

TOKENS = [[2, "<unk>"], [3, "<s>"], [3, "</s>"], [4, "  \t"], [1, "Ġa"], [1, "b"], [1, "Ġab"], [5, "<unused>"], [6, "ÿ"], [1, "日Ġ"],
          [1, "ĀŁ¡¬®ŃĲ"], [1, "\xad"]]  # fmt: skip


def tokens(**changed):
    fields = {"pre_tokenizer": "smollm", "flags": 1, "special": [1, 2, None, None, 0, None], "stop_tokens": [2], "tokens": TOKENS,
              "merges": [[4, 5]]}  # fmt: skip
    assert set(changed) <= set(fields)
    return {**fields, **changed}


def evaluate_tokenizer(inputs):
    table = form.token_bytes([tuple(token) for token in inputs["tokens"]])
    return {"bytes": form.tokenizer(inputs).hex(), "token_bytes": table.hex()}


TOKENIZERS = [
    ("plain", tokens()),
    ("nothing special", tokens(flags=0, special=[None] * 6, stop_tokens=[], merges=[])),
    ("everything special", tokens(flags=3, special=[0, 1, 2, 3, 4, 11], stop_tokens=[0, 2, 11])),
    ("a token of 4,096 bytes", tokens(tokens=[[1, "a" * 4096]], special=[0] * 6, stop_tokens=[], merges=[])),
    ("a token of 4,097 bytes refused", tokens(tokens=[*TOKENS, [1, "a" * 4097]])),
    ("a token of no bytes refused", tokens(tokens=[*TOKENS, [1, ""]])),
    ("a type without meaning refused", tokens(tokens=[*TOKENS, [7, "x"]])),
    ("a flag without meaning refused", tokens(flags=4)),
    ("a beginning to be added and not named refused", tokens(special=[None, 2, None, None, 0, None])),
    ("an end to be added and not named refused", tokens(flags=2, special=[1, None, None, None, 0, None])),
    ("a special token that is not there refused", tokens(special=[1, 2, 12, None, 0, None])),
    ("a stop token that is not there refused", tokens(stop_tokens=[2, 12])),
    ("a stop token twice refused", tokens(stop_tokens=[2, 2])),
    ("stop tokens that descend refused", tokens(stop_tokens=[2, 1])),
    ("a merge of a token that is not there refused", tokens(merges=[[4, 12]])),
]  # fmt: skip


PIECES = [[2, "<unk>"], [3, "<s>"], [3, "</s>"], [6, "<0x00>"], [6, "<0x0A>"], [6, "<0xFF>"], [4, "  \t"], [4, "\u2581\u2581"], [1, "\u2581"],
          [1, "\u2581a\u2581"], [1, "\u65e5\u0120"], [5, "<unused>\u2581"], [1, "<0xAG>"]]  # fmt: skip


def pieces(**changed):
    fields = {"flags": 5, "special": [1, 2, None, None, 0, None], "stop_tokens": [2], "tokens": PIECES, "ranks": [0] * 8 + [3, 1, 2, 3, 1],
              "stripping": [0, 2, 6]}  # fmt: skip
    assert set(changed) <= set(fields)
    return {**fields, **changed}


def evaluate_pieces(inputs):
    table = form.piece_bytes([tuple(token) for token in inputs["tokens"]])
    return {"bytes": form.tokenizer(inputs).hex(), "token_bytes": table.hex()}


OTHER_BYTES = [[6, f"<0x{byte:02X}>"] for byte in range(256) if byte not in (0, 10, 255)]
FULL = {"tokens": PIECES + OTHER_BYTES, "ranks": [0] * 8 + [3, 1, 2, 3, 1] + [4] * 253}

PIECE_CASES = [
    ("plain", pieces(**FULL)),
    ("no flags, nothing strips", pieces(**FULL, flags=0, stripping=[])),
    ("every flag, every rank", pieces(**{**FULL, "ranks": list(range(266))[::-1]}, flags=7)),
    ("ranks from 1 refused", pieces(ranks=[1] * 13)),
    ("a rank left out refused", pieces(ranks=[0, 2] + [0] * 11)),
    ("a rank too few refused", pieces(ranks=[0] * 12)),
    ("a rank too many refused", pieces(ranks=[0] * 14)),
    ("a flag without meaning refused", pieces(flags=8)),
    ("a normal token that strips refused", pieces(stripping=[8])),
    ("a byte that strips refused", pieces(stripping=[3])),
    ("a token that strips twice refused", pieces(stripping=[2, 2])),
    ("tokens that strip and descend refused", pieces(stripping=[2, 0])),
    ("a token that strips and is not there refused", pieces(stripping=[13])),
    ("a stop token that is not there refused", pieces(stop_tokens=[13])),
    ("an end to be added and not named refused", pieces(flags=2, special=[1, None, None, None, 0, None])),
]  # fmt: skip


def evaluate_defaults(inputs):
    return {"bytes": form.defaults(inputs["parameters"], inputs["tokens_max"]).hex()}


DEFAULTS = [
    ("neutral", {"parameters": {}, "tokens_max": 0}),
    ("greedy", {"parameters": {"temperature": 0}, "tokens_max": 512}),
    ("all", {"parameters": {"temperature": 700000, "top_k": 40, "top_p": 950000, "min_p": 50000, "repetition": 1100000,
                            "presence": -2000000, "frequency": 2000000}, "tokens_max": (1 << 32) - 1}),
    ("too cold refused", {"parameters": {"temperature": 9999}, "tokens_max": 0}),
    ("too many refused", {"parameters": {"top_k": (1 << 20) + 1}, "tokens_max": 0}),
    ("too present refused", {"parameters": {"presence": -2000001}, "tokens_max": 0}),
]  # fmt: skip


def measured(**changed):
    fields = {"kl": 1500, "float_perplexity": 12000, "perplexity": 12030, "same_top": 991000, "tokens": 4096, "text": A,
              "text_name": "a text"}  # fmt: skip
    return {**fields, **changed}


def evaluate_quality(inputs):
    worse = 100 * inputs["perplexity"] > 101 * inputs["float_perplexity"]
    return {"bytes": form.quality(inputs).hex(), "warns": worse or inputs["kl"] > 20000}


QUALITIES = [
    ("plain", measured()),
    ("at the limits", measured(kl=20000, perplexity=12120, same_top=1000000, text_name="")),
    ("too far", measured(kl=20001)),
    ("too surprised", measured(perplexity=12121)),
    ("better than float", measured(perplexity=0)),
    ("more than all refused", measured(same_top=1000001)),
    ("a control character refused", measured(text_name="a\n")),
]


def evaluate_name(inputs):
    return {"name": form.cleaned(inputs["text"])}


NAMES = [
    ("plain", {"text": "SmolLM2 135M Instruct"}),
    ("nothing", {"text": ""}),
    ("blanks", {"text": " \n\t\x00\u3000"}),
    ("every blank", {"text": "a" + "b".join(chr(c) for c in form.BLANKS) + "c"}),
    ("no blank", {"text": "a\u200bb\u2060c\ufeff"}),
    ("128", {"text": "a" * 128}),
    ("129", {"text": "a" * 129}),
    ("no half letters", {"text": "a" * 127 + "é" + "a"}),
    ("no space at the end", {"text": "a" * 127 + " b"}),
    ("a space before the last", {"text": "a" * 126 + "  b"}),
]

OPS = {
    "package_manifest": (evaluate_manifest, MANIFESTS),
    "package_tokenizer": (evaluate_tokenizer, TOKENIZERS),
    "package_pieces": (evaluate_pieces, PIECE_CASES),
    "package_defaults": (evaluate_defaults, DEFAULTS),
    "package_quality": (evaluate_quality, QUALITIES),
    "package_name": (evaluate_name, NAMES),
}
