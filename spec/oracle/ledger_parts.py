"""ledger.md section 7.11: chunks of a model's files that are asked of who signed a receipt about it."""

from dispute import slice_root
from hash_blake3 import CHUNK_BYTES
from ledger_forms import HASH, KEY, SIGNATURE, U16, U64, blob, list_of, record
from ledger_liable import operates
from ledger_missing import RECEIPT, anchors, answered, asked, is_judged, sealed, unanswered
from ledger_nodes import there
from ledger_records import PACKAGE, PART, package_key, part_key
from ledger_turn import reject_unless

PROOF_MOST = 54

ASK = record((("node", HASH), ("receipt", RECEIPT), ("signature", SIGNATURE), ("publisher", KEY), ("file", U16), ("chunk", U64)))
ANSWERED = record((
    ("part", HASH), ("node", HASH), ("owner", KEY), ("challenger", KEY), ("bytes", blob(2, CHUNK_BYTES)), ("beside", list_of(1, PROOF_MOST, HASH)),
))  # fmt: skip
LATE = record((("part", HASH), ("node", HASH), ("challenger", KEY)))


def part_id(hashes, worker, model, file, chunk):
    return hashes.hash(b"probity part v1", worker + model + U16.write(file) + U64.write(chunk))


def ask(turn, body):
    node, (data, found) = there(turn, body["node"]), body["receipt"]
    bound, file, chunk = operates(turn, found["worker"], body["node"]), body["file"], body["chunk"]
    key = part_key(part_id(turn.hashes, found["worker"], found["model"], file, chunk))
    reject_unless(turn.draft.get(key) is None, 132)
    due = found["anchor_by"]
    reject_unless(due != 0 and is_judged(turn, due), 125)
    anchors(turn, bound, due)
    package = turn.draft.read(package_key(found["model"], body["publisher"]), PACKAGE)
    reject_unless(package is not None, 56)
    reject_unless(file < len(package["files"]), 131)
    whole, length = package["files"][file]
    reject_unless(chunk * CHUNK_BYTES < length, 131)
    reject_unless(sealed(turn.hashes, data, body["signature"]), 124)
    turn.draft.write(key, PART, {"file": whole, "length": length, "chunk": chunk, **asked(turn, body["node"], node)})


def part_of(turn, body):
    found = turn.draft.read(part_key(body["part"]), PART)
    reject_unless(found is not None, 133)
    return found


def shows(found, body):
    """Whether the slice is the chunk's, whole, and leads to the file's hash."""
    left = found["length"] - found["chunk"] * CHUNK_BYTES
    if len(body["bytes"]) != min(left, CHUNK_BYTES):
        return False
    try:
        return slice_root(found["length"], [found["chunk"]], body["bytes"], body["beside"]) == found["file"]
    except IndexError:
        return False  # a hash too few


def answer(turn, body):
    found = part_of(turn, body)
    node = there(turn, found["node"])
    said = (body["node"], body["owner"], body["challenger"])
    reject_unless(said == (found["node"], node["owner"], found["challenger"]), 111)
    reject_unless(turn.clock["time"] <= found["deadline"], 117)
    reject_unless(shows(found, body), 134)
    answered(turn, found, node)
    turn.draft.remove(part_key(body["part"]))


def late(turn, body):
    unanswered(turn, body, part_of(turn, body), part_key(body["part"]), PART)


KINDS = {64: (ASK, lambda _: 2000, ask), 65: (ANSWERED, lambda _: 30, answer), 66: (LATE, lambda _: 1, late)}
