"""Worlds of ledger.md sections 7.2 and 7.3: programs, packages, names and labels, and every rejection of them."""

import ledger_packages as rules
import package
import program
import program_cases
import receipt_ed25519 as ed25519
from hash_blake3 import digest
from ledger_world import RICH, World, public, secret
from receipt import Hashes, u32

PROGRAM = program.program(program.small(program_cases.PLAIN))
TENSORS, UNITS, _ = program.read_program(PROGRAM)
SIZE = max(one["end"] for one in TENSORS)
TERM, GRACE = 60000, 1000
SHORT = [(1, 0), (2, 0), (3, 0), (21, TERM), (22, GRACE)]  # no fees, short terms of names
LONG = [*SHORT[:3], (21, 150000000000)]


def part(data, length=None):
    return {"blake3": digest(data).hex(), "length": len(data) if length is None else length}


def file(size=SIZE, name="model.gguf"):
    whole = digest(b"file").hex()
    return {"name": name, "size": size, "blake3": whole, "sha256": "11" * 32, "shards": [whole]}


def manifest(files=None, **changed):
    some = part(b"some bytes")
    parts = {"program": part(PROGRAM), "units": part(b"units", 2 * UNITS), "tokenizer": some, "token bytes": some, "defaults": some}
    files = [file()] if files is None else files
    return package.manifest({"name": "tiny", "licence": "MIT", "redistributable": 0, "parts": {**parts, **changed}, "files": files})


def published(w, data, publisher):
    signature = ed25519.sign(secret(publisher), rules.signed_bytes(w.hashes, digest(data)))
    return {"manifest": data, "publisher": public(publisher), "signature": signature}


def raw(data, publisher, signature):
    """A body of kind 11 whose manifest may be none."""
    return u32(len(data)) + data + public(publisher) + signature


def long_program(layers):
    """As many layers of 120 adds as a program of few bytes can say."""
    made = program.small(program_cases.PLAIN)
    adds = [{"op": "add", "a": at, "b": at} for at in range(120)]
    made["groups"].append({"ops": adds, "output": 120, "layers": [{"tensors": [], "attributes": []}] * layers})
    return program.program(made)


def package_worlds():
    good = manifest()
    model = digest(good)
    w = World().block()
    w.send(1, 11, published(w, good, 1), 54).send(1, 10, {"program": PROGRAM}).send(2, 10, {"program": PROGRAM}, 50)
    w.block().send(1, 11, published(w, good, 1)).send(2, 11, published(w, good, 9)).send(1, 11, published(w, good, 1), 52)
    w.send(3, 12, {"model": model}, 56).send(1, 12, {"model": bytes(32)}, 56)
    w.block().send(1, 12, {"model": model}).send(1, 12, {"model": model}, 57).send(1, 11, published(w, good, 1), 52)
    card = manifest(card=part(b"card"), files=[file(), file(1, "more")])
    w.send(4, 11, published(w, card, 4))
    yield "packages", w

    w = World().block()
    for data in (b"", PROGRAM[:-1], PROGRAM + b"\0", b"PRBQ" + PROGRAM[4:]):
        w.send(1, 10, {"program": data}, 51)
    w.send(1, 10, rules.PUBLISH_PROGRAM.write({"program": PROGRAM}) + b"\0", 2).send(1, 10, u32((1 << 17) + 1), 2)
    most = (program.read_program(PROGRAM)[2] - (1 << 14)) // -120
    w.send(1, 10, {"program": long_program(most + 1)}, 51).send(1, 10, {"program": long_program(most)}).send(1, 10, {"program": PROGRAM})
    w.send(1, 11, {**published(w, good, 2), "publisher": public(3)}, 53).send(1, 11, {**published(w, good, 2), "signature": bytes(64)}, 53)
    elsewhere = ed25519.sign(secret(2), rules.signed_bytes(Hashes(bytes(32)), model))
    w.send(1, 11, {**published(w, good, 2), "signature": elsewhere}, 53)
    for bad in (
        manifest(files=[file(SIZE - 1)]), manifest(program=part(PROGRAM, len(PROGRAM) + 1)), manifest(units=part(b"units", 2 * UNITS - 2)),
        manifest(units=part(b"units", 2 * UNITS + 1)), manifest(files=[file(1, "first"), file()]),
    ):  # fmt: skip
        w.send(1, 11, published(w, bad, 2), 55)
    w.send(1, 11, published(w, manifest(program=part(b"another")), 2), 54)
    signature = published(w, good, 2)["signature"]
    for bad in (b"", good[:-1], good + b"\0", good[:4] + b"\2" + good[5:], b"PRBN" + good[4:], good.replace(b"model.gguf", b"model/gguf")):
        w.send(1, 11, raw(bad, 2, signature), 2)
    w.send(1, 11, u32((1 << 17) + 1), 2)
    yield "rejections of packages", w


def label(name, tenure, text, publisher, model=None):
    return {"name": name, "tenure": tenure, "label": text, "model": digest(manifest()) if model is None else model, "publisher": public(publisher)}


def to(w, time, most=10000):
    """Blocks until one of this block time begins."""
    w.end()
    most = w.step or most
    while time - w.header["time"] > most:
        w.block(most).end()
    return w.block(time - w.header["time"])


def name_worlds():
    name, other = b"smol-llm", b"0-0"
    w = World(parameters=LONG).block()
    good = manifest()
    w.send(1, 10, {"program": PROGRAM}).send(1, 11, published(w, good, 1)).send(1, 11, published(w, good, 9))
    w.send(1, 14, {"name": name, "to": public(2)}, 60).send(1, 15, label(name, 1, b"latest", 1), 60)
    w.send(1, 13, {"name": name}).send(2, 13, {"name": other}).send(2, 13, {"name": name}, 58)
    w.send(1, 13, {"name": name}).send(1, 13, {"name": name}, 59)
    w.block().send(2, 14, {"name": name, "to": public(2)}, 61).send(1, 14, {"name": name, "to": public(1)}, 7)
    w.send(2, 15, label(name, 1, b"latest", 1), 61).send(1, 15, label(name, 2, b"latest", 1), 63).send(1, 15, label(name, 0, b"latest", 1), 63)
    w.send(1, 15, label(name, 1, b"latest", 2), 56).send(1, 15, label(name, 1, b"latest", 1, bytes(32)), 56)
    w.send(1, 15, label(name, 1, b"latest", 1)).send(1, 15, label(name, 1, b"latest", 9)).send(1, 15, label(name, 1, b"1.0-rc_2", 1))
    w.send(1, 15, label(name, 1, b"1.0-rc_2", 9), 64).send(1, 15, label(name, 1, b"1.0-rc_2", 2), 56).send(1, 15, label(name, 1, b"z" * 32, 1))
    w.block().send(1, 14, {"name": name, "to": public(2)}).send(1, 14, {"name": name, "to": public(1)}, 61)
    w.send(2, 15, label(name, 1, b"1.0-rc_2", 9), 64).send(2, 15, label(name, 1, b"1.1", 9)).send(9, 12, {"model": digest(good)})
    w.send(2, 15, label(name, 1, b"latest", 9), 57).send(2, 15, label(name, 1, b"latest", 1))
    yield "names and labels", w

    w = World(parameters=SHORT).block(1000)
    w.send(1, 10, {"program": PROGRAM}).send(1, 11, published(w, good, 1)).send(1, 13, {"name": name}).send(1, 15, label(name, 1, b"1", 1))
    w.send(1, 13, {"name": b"a--"}, 2).send(1, 13, {"name": b"ab"}, 2).send(1, 13, {"name": b"Abc"}, 2).send(1, 13, {"name": b"a" * 65}, 2)
    w.send(1, 13, {"name": b"a.b"}, 2).send(1, 13, {"name": b"a" * 64}).send(1, 15, label(name, 1, b"1.", 1), 2).send(1, 15, label(name, 1, b"", 1), 2)
    w.send(1, 15, label(name, 1, b"a" * 33, 1), 2).send(1, 15, label(name, 1, b"a b", 1), 2)
    to(w, 1000 + TERM - 1).send(1, 14, {"name": b"a" * 64, "to": public(3)})
    w.block(1).send(1, 14, {"name": name, "to": public(2)}, 62).send(1, 15, label(name, 1, b"2", 1), 62).send(2, 13, {"name": name}, 58)
    w.block(GRACE - 1).send(2, 13, {"name": name}, 58).send(3, 13, {"name": b"a" * 64})
    w.block(1).send(2, 13, {"name": name}).send(1, 13, {"name": name}, 58).send(2, 15, label(name, 1, b"1", 1), 63).send(2, 15, label(name, 2, b"1", 1))
    w.block(1).send(3, 13, {"name": b"a" * 64})
    yield "names that lapse", w

    w = World(parameters=[(20, RICH), *SHORT[:3]]).block()
    w.send(1, 13, {"name": name}).send(1, 13, {"name": other}, 8).send(2, 13, {"name": name}, 58).send(2, 1, {"to": public(1), "amount": 1})
    yield "a name for all one has", w


def worlds():
    yield from package_worlds()
    yield from name_worlds()
