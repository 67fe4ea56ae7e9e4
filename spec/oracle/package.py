"""Bytes of package.md: manifest, tokenizer, token bytes, defaults, quality; the rule of names."""

import sampling
from exact import Refused
from hash_blake3 import digest
from receipt_decode import Input

PARTS = ("program", "units", "tokenizer", "token bytes", "template", "defaults", "card", "quality")
MOST = {"program": 1 << 22, "units": 1 << 30, "tokenizer": 1 << 27, "token bytes": 1 << 27, "template": 1 << 18,
        "defaults": 256, "card": 1 << 20, "quality": 256}  # fmt: skip
REQUIRED = ("program", "units", "tokenizer", "token bytes", "defaults")
SHARD, FILE_MOST, MANIFEST_MOST = 1 << 27, 1 << 40, 1 << 20
NONE = (1 << 32) - 1
SPECIAL_TYPES = (2, 3)
DEVICES = {"CON", "PRN", "AUX", "NUL"} | {kind + str(n) for kind in ("COM", "LPT") for n in range(1, 10)}
END_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
BLANKS = (
    [0x20, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000] + list(range(0x2000, 0x200B)) + list(range(0x20)) + list(range(0x7F, 0xA0))
)


def number(value, count):
    return value.to_bytes(count, "little")


def refuse(wrong, reason):
    if wrong:
        raise Refused(reason)


def string(text):
    encoded = text.encode()
    refuse(len(encoded) > 128, "Length")
    refuse(any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in text), "Control")
    return number(len(encoded), 1) + encoded


def file_name(name):
    refuse(not 1 <= len(name) <= 128 or any(c not in END_LETTERS + "._-+" for c in name), "FileName")
    refuse(name[0] not in END_LETTERS or name[-1] not in END_LETTERS, "FileName")
    refuse(name.split(".")[0].upper() in DEVICES, "FileName")
    return string(name)


def file_bytes(file):
    size, shards = int(file["size"]), file["shards"]
    refuse(not 1 <= size <= FILE_MOST, "FileSize")
    refuse(len(shards) != -(-size // SHARD), "Shards")
    refuse(len(shards) == 1 and shards[0] != file["blake3"], "OneShard")
    hashes = bytes.fromhex(file["blake3"] + file["sha256"])
    return file_name(file["name"]) + number(size, 8) + hashes + number(len(shards), 4) + bytes.fromhex("".join(shards))


def manifest(fields):
    out = b"PRBM" + number(1, 2) + string(fields["name"]) + string(fields["licence"]) + number(fields["redistributable"], 1)
    for kind in PARTS:
        part = fields["parts"].get(kind)
        refuse(part is None and kind in REQUIRED, "Missing")
        if part is None:
            out += bytes(40)
            continue
        refuse(int(part["length"]) == 0, "EmptyPart")
        refuse(int(part["length"]) > MOST[kind], "PartLength")
        out += bytes.fromhex(part["blake3"]) + number(int(part["length"]), 8)
    files = fields["files"]
    refuse(not 1 <= len(files) <= 4096, "Files")
    refuse(len({file["name"].lower() for file in files}) != len(files), "SameName")
    out += number(len(files), 2) + b"".join(file_bytes(file) for file in files)
    refuse(len(out) > MANIFEST_MOST, "Length")
    return out


def read_manifest(data):
    """The fields of these bytes, which are the only ones that say so; or Refused."""
    i = Input(data)
    refuse(i.take(4) != b"PRBM" or i.number(2) != 1, "Version")
    words = lambda: decoded(i.take(i.number(1)))  # noqa: E731
    fields = {"name": words(), "licence": words(), "redistributable": i.one_of(0, 2), "parts": {}, "files": []}
    for kind in PARTS:
        part = {"blake3": i.take(32).hex(), "length": i.number(8)}
        if part != {"blake3": "00" * 32, "length": 0}:
            fields["parts"][kind] = part
    for _ in range(i.count(2, 4096)):
        file = {"name": words(), "size": i.number(8), "blake3": i.take(32).hex(), "sha256": i.take(32).hex()}
        fields["files"].append({**file, "shards": [i.take(32).hex() for _ in range(i.count(4, 8192))]})
    i.end()
    refuse(manifest(fields) != data, "Value")
    return fields


def decoded(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("Value") from None


def model_id(fields):
    return digest(manifest(fields))


def id_list(ids, known):
    refuse(any(a >= b for a, b in zip(ids, ids[1:])), "Order")
    refuse(any(id not in known for id in ids), "Id")
    return number(len(ids), 4) + b"".join(number(id, 4) for id in ids)


def tokenizer(fields):
    """Of kind 1, or of kind 2 if it has ranks."""
    tokens, special, pieces = fields["tokens"], fields["special"], "ranks" in fields
    known = range(len(tokens))
    refuse(any(id is not None and id not in known for id in special), "Id")
    refuse(fields["flags"] > (7 if pieces else 3), "Flags")
    refuse(fields["flags"] & 1 and special[0] is None or fields["flags"] & 2 and special[1] is None, "Absent")
    out = number(1, 2) + (number(2, 1) if pieces else number(1, 1) + string(fields["pre_tokenizer"])) + number(fields["flags"], 1)
    out += b"".join(number(NONE if id is None else id, 4) for id in special)
    out += id_list(fields["stop_tokens"], known) + number(len(tokens), 4)
    for kind, text in tokens:
        encoded = text.encode()
        refuse(not 1 <= len(encoded) <= 4096, "Length")
        refuse(kind not in (1, 2, 3, 4, 5, 6), "Type")
        out += number(kind, 1) + number(len(encoded), 2) + encoded
    if pieces:
        ranks, stripping = fields["ranks"], fields["stripping"]
        refuse(len(ranks) != len(tokens) or sorted(set(ranks)) != list(range(len(set(ranks)))), "Ranks")
        refuse(any(tokens[id][0] not in (2, 3, 4) for id in stripping if id in known), "Stripping")
        return out + b"".join(number(rank, 4) for rank in ranks) + id_list(stripping, known)
    merges = fields["merges"]
    refuse(any(id not in known for pair in merges for id in pair), "Id")
    return out + number(len(merges), 4) + b"".join(number(a, 4) + number(b, 4) for a, b in merges)


def alphabet():
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in plain]
    return {**{chr(byte): byte for byte in plain}, **{chr(0x100 + at): byte for at, byte in enumerate(moved)}}


def token_bytes(tokens):
    letters, out = alphabet(), number(len(tokens), 4)
    for kind, text in tokens:
        stored = kind in SPECIAL_TYPES or kind == 4 or any(c not in letters for c in text)
        meant = text.encode() if stored else bytes(letters[c] for c in text)
        out += number(int(kind in SPECIAL_TYPES), 1) + number(len(meant), 2) + meant
    return out


def piece_bytes(tokens):
    """What tokens of kind 2 add to a text."""
    out = number(len(tokens), 4)
    for kind, text in tokens:
        meant = text.encode() if kind in (2, 3, 4) else bytes([int(text[3:5], 16)]) if kind == 6 else text.replace("\u2581", " ").encode()
        out += number(int(kind in SPECIAL_TYPES), 1) + number(len(meant), 2) + meant
    return out


def defaults(parameters, tokens_max):
    refuse("bias" in parameters or "grammar" in parameters, "JobsOwn")
    all_of_them = {**sampling.DEFAULTS, **parameters}
    sampling.check_parameters(all_of_them, 1 << 20)
    return sampling.parameter_bytes(all_of_them) + number(tokens_max, 4)


def quality(fields):
    refuse(fields["same_top"] > 1000000, "Share")
    numbers = (fields["kl"], fields["float_perplexity"], fields["perplexity"], fields["same_top"], fields["tokens"])
    return number(1, 2) + b"".join(number(n, 4) for n in numbers) + bytes.fromhex(fields["text"]) + string(fields["text_name"])


def cleaned(text):
    spaced = "".join(" " if ord(c) in BLANKS else c for c in text)
    out = ""
    for c in " ".join(word for word in spaced.split(" ") if word):
        if len((out + c).encode()) > 128:
            break
        out += c
    return out.rstrip(" ")
