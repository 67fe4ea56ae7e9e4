"""ledger.md sections 7.2 and 7.3: programs and packages, names and labels.

Of a program it judges the form and what program.md section 2 says without types (program.py).
"""

import package
import program
import receipt_ed25519 as ed25519
from exact import Refused
from hash_blake3 import digest
from ledger_forms import HASH, KEY, SIGNATURE, U64, blob, checked, record
from ledger_records import (
    LABEL, LABELLED, NAME, NOBODY, OWNED, PACKAGE, PROGRAM, label_key, name_key, package_key, program_key,
)  # fmt: skip
from ledger_turn import TIME_MOST, reject_unless

MANIFEST_MOST, OPS_MOST = 1 << 17, 1 << 14
DIGITS = b"0123456789"


def is_manifest(data):
    package.read_manifest(data)
    return True


PUBLISH_PROGRAM = record((("program", PROGRAM),))
PUBLISH = record((("manifest", checked(blob(4, MANIFEST_MOST), is_manifest)), ("publisher", KEY), ("signature", SIGNATURE)))
WITHDRAW = record((("model", HASH),))
CLAIM = record((("name", NAME),))
TRANSFER = record((("name", NAME), ("to", checked(KEY, lambda key: key != NOBODY))))
SET_LABEL = record((("name", NAME), ("tenure", U64), ("label", LABEL), ("model", HASH), ("publisher", KEY)))


def signed_bytes(hashes, model):
    """What a publisher signs: DSSE's bytes of package.md section 6."""
    kind = "application/vnd.probity.package.v1"
    payload = hashes.prefix(b"probity package v1") + model
    return f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload


def publish_program(turn, body):
    key = program_key(digest(body["program"]))
    reject_unless(turn.draft.get(key) is None, 50)
    try:
        _, _, ops = program.read_program(body["program"])
    except Refused:
        ops = OPS_MOST + 1
    reject_unless(ops <= OPS_MOST, 51)
    turn.draft.write(key, PROGRAM, body["program"])


def publish(turn, body):
    model = digest(body["manifest"])
    key = package_key(model, body["publisher"])
    reject_unless(turn.draft.get(key) is None, 52)
    reject_unless(ed25519.holds(body["publisher"], signed_bytes(turn.hashes, model), body["signature"]), 53)
    made = package.read_manifest(body["manifest"])
    parts, files = made["parts"], made["files"]
    found = turn.draft.read(program_key(bytes.fromhex(parts["program"]["blake3"])), PROGRAM)
    reject_unless(found is not None, 54)
    tensors, units, _ = program.read_program(found)
    inside = all(one["file"] < len(files) and one["end"] <= files[one["file"]]["size"] for one in tensors)
    reject_unless(parts["program"]["length"] == len(found) and inside and parts["units"]["length"] == 2 * units, 55)
    hash_of = lambda one: bytes.fromhex(one["blake3"])  # noqa: E731
    turn.draft.write(key, PACKAGE, {
        "published": turn.clock["time"], "withdrawn": 0, "program": hash_of(parts["program"]),
        "units": (hash_of(parts["units"]), parts["units"]["length"]), "files": [(hash_of(one), one["size"]) for one in files],
    })  # fmt: skip


def standing(turn, key):
    """A package that was published and not withdrawn."""
    found = turn.draft.read(key, PACKAGE)
    reject_unless(found is not None, 56)
    reject_unless(found["withdrawn"] == 0, 57)
    return found


def withdraw(turn, body):
    key = package_key(body["model"], turn.payer)
    turn.draft.write(key, PACKAGE, {**standing(turn, key), "withdrawn": turn.clock["time"]})


def claim(turn, body):
    key, now, term = name_key(body["name"]), turn.clock["time"], turn.parameter("name_ms")
    found = turn.draft.read(key, OWNED)
    reject_unless(found is None or found["owner"] != NOBODY, 177)
    lapsed = found is not None and now >= min(found["until"] + turn.parameter("name_grace_ms"), TIME_MOST)
    if found is None or lapsed:
        found = {"owner": turn.payer, "tenure": found["tenure"] + 1 if found else 1, "until": turn.later(term)}
    else:
        reject_unless(found["owner"] == turn.payer, 58)
        found = {**found, "until": min(found["until"] + term, TIME_MOST)}
        reject_unless(found["until"] <= turn.later(turn.parameter("name_ahead_ms")), 59)
    fee = turn.parameter("name_fee")
    turn.charge(fee, 8)
    turn.to_treasury(fee)
    turn.draft.write(key, OWNED, found)


def held(turn, name):
    found = turn.draft.read(name_key(name), OWNED)
    reject_unless(found is not None, 60)
    reject_unless(found["owner"] == turn.payer, 61)
    reject_unless(turn.clock["time"] < found["until"], 62)
    return found


def transfer(turn, body):
    found = held(turn, body["name"])
    reject_unless(body["to"] != turn.payer, 7)
    turn.draft.write(name_key(body["name"]), OWNED, {**found, "owner": body["to"]})


def set_label(turn, body):
    found = held(turn, body["name"])
    reject_unless(found["tenure"] == body["tenure"], 63)
    standing(turn, package_key(body["model"], body["publisher"]))
    key = label_key(body["name"], body["tenure"], body["label"])
    reject_unless(body["label"][0] not in DIGITS or turn.draft.get(key) is None, 64)
    turn.draft.write(key, LABELLED, {"model": body["model"], "publisher": body["publisher"], "set": turn.clock["time"]})


KINDS = {
    10: (PUBLISH_PROGRAM, lambda body: 3000 + len(body["program"]) // 16, publish_program),
    11: (PUBLISH, lambda _: 5000, publish),
    12: (WITHDRAW, lambda _: 1, withdraw),
    13: (CLAIM, lambda _: 1, claim),
    14: (TRANSFER, lambda _: 1, transfer),
    15: (SET_LABEL, lambda _: 1, set_label),
}
