"""Cases of text.md section 4: the bytes of a grammar's definition and its hash, or what is no definition."""

from exact import Refused
from hash_blake3 import digest

KINDS = {"json_object": 1, "json_schema": 2, "lark": 3, "regex": 4}
DOMAIN = b"probity grammar v1"
TEXT_BYTES_MAX = 262144
NAME = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")


def definition(grammar):
    """The bytes of an object of engine, version, kind and text."""
    if set(grammar) != {"engine", "version", "kind", "text"}:
        raise Refused("members")
    for name in ("engine", "version"):
        if not 1 <= len(grammar[name]) <= 32 or not set(grammar[name]) <= NAME:
            raise Refused(name)
    if grammar["kind"] not in KINDS:
        raise Refused("kind")
    text = grammar["text"].encode()
    if len(text) > TEXT_BYTES_MAX:
        raise Refused("length")
    if grammar["kind"] == "json_object" and text:
        raise Refused("text")

    def short(name):
        return bytes([len(name)]) + name

    head = short(DOMAIN) + (1).to_bytes(2, "little") + short(grammar["engine"].encode()) + short(grammar["version"].encode())
    return head + KINDS[grammar["kind"]].to_bytes(2, "little") + len(text).to_bytes(4, "little") + text


def evaluate(inputs):
    made = definition(inputs["grammar"])
    return {"bytes": made.hex(), "hash": digest(made).hex()}


def of(kind, text, engine="llguidance", version="1.9.1"):
    return {"grammar": {"engine": engine, "version": version, "kind": kind, "text": text}}


CASES = [
    ("any object", of("json_object", "")),
    ("a schema", of("json_schema", '{"type":"object"}')),
    ("the schema in another spelling", of("json_schema", '{ "type": "object" }')),
    ("lark", of("lark", 'start: "a" | "\u00e9"\n')),
    ("a regular expression", of("regex", "[a-z]+\U0001f600?")),
    ("an empty regular expression", of("regex", "")),
    ("another version", of("regex", "a", version="1.9.2")),
    ("another engine, of the longest name", of("lark", "x", engine="A-z_0.9" + "e" * 25)),
    ("an engine of no name is refused", of("regex", "a", engine="")),
    ("an engine of too long a name is refused", of("regex", "a", engine="e" * 33)),
    ("a version with a space is refused", of("regex", "a", version="1 9")),
    ("an unknown kind is refused", of("bnf", "a")),
    ("an object with a text is refused", of("json_object", "{}")),
    ("a member more is refused", {"grammar": {**of("regex", "a")["grammar"], "strict": "no"}}),
]  # fmt: skip

OPS = {"text_grammar": (evaluate, CASES)}
