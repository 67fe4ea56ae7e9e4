"""A receipt in a network, written from ledger.md sections 2, 8, 10 to 12: spec/golden/network.*.json.

Its seats change once, so the bundle has two links; genesis and starts stand beside it, in base64. Whoever reads it may begin
at the genesis, at the start before the last link, or at the one behind it.
"""

import json

import golden
import ledger
import ledger_records as records
import ledger_tree as tree
import receipt as form
import receipt_decode as decode
import receipt_ed25519 as ed25519
import receipt_log as log
from receipt import Hashes

BEGAN = 1700000000000
FIRST, LATER = range(31, 35), range(41, 45)
BLIND = bytes([4] * 32)
LOG_SIZE, PLACE = 21, 13
EVERY_FIELD = {
    "parent": bytes([1] * 32), "proposer": bytes(32), "beacon": bytes([2] * 32), "transactions": 0,
    "transactions_root": bytes(32), "rules": 1, "epoch": 2,
}  # fmt: skip


def secret(name):
    return bytes([name] * 32)


def seats(names):
    return [{"node": bytes([name + 100] * 32), "key": ed25519.public_key(secret(name))} for name in names]


def genesis():
    return ledger.GENESIS.write({
        "kind": (1,), "stamp": BEGAN, "parameters": [], "seats": seats(FIRST), "accounts": [], "treasury": 0, "nodes": [],
    })  # fmt: skip


def header(hashes, height, state_root, names):
    """In which those of the names get the seats, or keep them."""
    times = {"height": height, "stamp": BEGAN + 1000 * height, "time": 1000 * height}
    named = ledger.seats_hash(hashes, records.SEATS.write(seats(names)))
    return ledger.HEADER.write({**EVERY_FIELD, **times, "state_root": state_root, "seats": named})


def link(hashes, data, view, by, after=None):
    """Three of four sign; the third of them has the last seat."""
    signed = hashes.hash(b"probity header v1", data)
    votes = [(at, ledger.vote(hashes, secret(by[at]), view, signed)) for at in (0, 1, 3)]
    certificate = ledger.CERTIFICATE.write({"kind": ledger.QUORUM, "view": view, "votes": votes})
    return data + certificate + (b"\0" if after is None else b"\1" + records.SEATS.write(seats(after)))


def start(hashes, data, names):
    return b"probity start v1" + hashes.network + data + records.SEATS.write(seats(names))


def entries(worker, anchor):
    """A state of some accounts and the anchor of the worker's log."""
    some = {b"\x05" + bytes([name] * 32): name.to_bytes(16, "little") + (1).to_bytes(8, "little") for name in range(1, 31)}
    return {**some, b"\x11" + worker: anchor}


def receipted(hashes):
    """A file's members but for the place, and the leaves of its worker's log."""
    made = golden.job(golden.CHAT_PROMPT, len(golden.CHAT_OUTPUT), parameters={**golden.sampling.DEFAULTS, **golden.CHAT_PARAMETERS})
    made = golden.rendered(hashes, made, golden.CHAT.encode())
    whole = [(0, golden.CHAT_OUTPUT, [(golden.WORKER, len(golden.CHAT_OUTPUT))], golden.LENGTH)]
    data, commitment, shown = golden.receipt_of(hashes, made, whole)
    opening = form.opening(BLIND, made, [(0, golden.CHAT_OUTPUT)])
    decode.read("opening", opening)
    leaf = log.leaf(hashes.hash(b"probity receipt v1", data), bytes([9] * 32), 1000, 2500)
    members = {
        "probity": "bundle v2", "envelope": golden.envelope(hashes, data), "opening": log.based(opening), "leaf": leaf,
        "view": golden.view_of(hashes, made, data, commitment, shown),
    }  # fmt: skip
    return members, [log.leaf_hash(leaf if at == PLACE else log.leaf(bytes([at + 1] * 32))) for at in range(LOG_SIZE)]


def placed(members, leaves, anchor, proof, links):
    """The file: its receipt in the log, that in a state, that under the links."""
    place = {
        "leaf": log.based(members["leaf"]), "index": PLACE, "proof": [log.based(one) for one in log.path(leaves, PLACE)],
        "anchor": log.based(anchor), "anchor_proof": log.based(proof), "links": [log.based(one) for one in links],
    }  # fmt: skip
    return {"probity": members["probity"], "envelope": members["envelope"], "opening": members["opening"], "place": place, "view": members["view"]}


def bundle(hashes):
    """The file and the two starts."""
    members, leaves = receipted(hashes)
    anchor = records.ANCHOR.write({"size": LOG_SIZE, "root": log.root(leaves), "epoch": 2, "time": 3600000, "earlier": [(1, 8)]})
    worker = ed25519.public_key(golden.WORKER)
    state = {tree.place_of(hashes, key): tree.value_of(hashes, value) for key, value in entries(worker, anchor).items()}
    grown = tree.changed(hashes, None, state)
    change, last = header(hashes, 40, bytes([3] * 32), LATER), header(hashes, 77, tree.root_of(grown), LATER)
    proof = tree.prove(grown, tree.place_of(hashes, b"\x11" + worker))
    file = placed(members, leaves, anchor, proof, [link(hashes, change, 0, FIRST, LATER), link(hashes, last, 3, LATER)])
    return file, start(hashes, change, LATER), start(hashes, last, LATER)


def written(made):
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def files():
    origin = genesis()
    hashes = Hashes(ledger.network_of(origin), BLIND)
    file, first, last = bundle(hashes)
    starts = {"genesis": log.based(origin), "start": log.based(first), "next_start": log.based(last)}
    return {"network.bundle.json": written(file), "network.origin.json": written(starts)}
