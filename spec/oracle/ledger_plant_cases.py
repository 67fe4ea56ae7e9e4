"""Worlds of ledger.md section 7.12: plants that are put, and end opened or not; and what is rejected of them."""

from ledger_node_cases import NO_CLAIM, made, new_key
from ledger_nodes import OPERATOR
from ledger_plants import commitment
from ledger_world import RICH, World, public

# No fees; short epochs; two epochs of dispute, four of a plant; two plants an epoch, of a thousand each.
FREE = [(1, 0), (2, 0), (3, 0), (4, 10000), (32, 1), (46, 60000), (49, 2), (53, 60000), (60, 2), (61, 1000), (63, 4)]
HIDDEN = {"job": b"\5" * 32, "choice": 1, "position": 2, "salt": b"\7" * 32}


def put(w, node, epoch, index=0, hidden=HIDDEN):
    return {"node": node, "epoch": epoch, "index": index, "commitment": commitment(w.hashes, hidden)}


def ended(node, epoch, owner, opening=HIDDEN, index=0):
    return {"node": node, "epoch": epoch, "index": index, "owner": public(owner), "opening": opening}


def epochs(w, count):
    for _ in range(count):
        w.block(10000)
    return w


def worlds():
    w = World(parameters=FREE).block()
    bare = {"transport": NO_CLAIM, "validator": NO_CLAIM}
    node, other = made(w, 1, 20, **bare), made(w, 2, 30, **bare)
    w.send(1, 1, {"to": public(20), "amount": 1500})
    w.send(1, 70, put(w, node, 1)).send(20, 70, put(w, node, 1, 1)).send(2, 70, put(w, other, 1, hidden={**HIDDEN, "choice": (1 << 32) - 1}))
    epochs(w, 1).send(1, 70, put(w, node, 2)).send(1, 72, ended(node, 1, 1), 138)
    epochs(w, 3).send(1, 72, ended(node, 1, 1), 138).send(5, 72, ended(node, 1, 1, None), 138)
    epochs(w, 1).send(1, 4, new_key(w, node, OPERATOR, 20, 23)).send(20, 72, ended(node, 1, 1), 82)
    w.send(23, 72, ended(node, 1, 1)).send(1, 72, ended(node, 1, 1), 136).send(2, 72, ended(other, 1, 2), 137)
    epochs(w, 3).send(5, 72, ended(other, 1, 2, None), 138)
    epochs(w, 1).send(5, 72, ended(other, 1, 2, None)).send(1, 72, ended(node, 1, 1, index=1)).send(5, 72, ended(node, 2, 1, None), 138)
    epochs(w, 1).send(1, 72, ended(node, 2, 1, None)).send(1, 70, put(w, node, 11)).send(1, 70, put(w, node, 11, 1))
    yield "plants", w

    w = World(parameters=FREE).block()
    node = made(w, 1, 20)
    w.send(1, 70, put(w, bytes(32), 1), 22).send(2, 70, put(w, node, 1), 82).send(20, 70, put(w, node, 1), 8).send(1, 70, put(w, node, 2), 83)
    w.send(1, 70, put(w, node, 0), 83).send(1, 70, put(w, node, 1, 2), 135).send(1, 70, put(w, node, 1, 255), 135).send(1, 70, bytes(72), 2)
    w.send(1, 70, put(w, node, 1)).send(1, 70, put(w, node, 1, hidden={**HIDDEN, "position": 9}), 135).send(1, 72, ended(node, 1, 1, index=1), 136)
    w.send(1, 72, ended(node, 1, 2), 98).send(1, 72, node + bytes(41) + b"\2", 2).send(1, 5, {"node": node}).send(1, 70, put(w, node, 1, 1), 24)
    epochs(w, 5)
    for changed in ({"job": bytes(32)}, {"choice": 0}, {"position": 3}, {"salt": bytes(32)}):
        w.send(1, 72, ended(node, 1, 1, {**HIDDEN, **changed}), 137)
    w.send(2, 72, ended(node, 1, 1), 82).send(1, 72, ended(node, 1, 1))
    yield "rejections of plants", w

    w = World(parameters=[*FREE[:-2], (61, RICH), (63, 4)]).block()
    node = made(w, 1, 20)
    w.send(1, 70, put(w, node, 1)).send(1, 1, {"to": public(2), "amount": 1}, 8)
    epochs(w, 5).send(1, 72, ended(node, 1, 1)).send(1, 1, {"to": public(2), "amount": 1})
    yield "all that an owner has, in a plant", w

    w = World(parameters=FREE[3:]).block()
    node = made(w, 1, 20)
    w.send(1, 70, put(w, node, 1))
    epochs(w, 9).send(2, 72, ended(node, 1, 1, None), fee_max=1, rejected=5).send(2, 72, ended(node, 1, 1, None))
    yield "fees of plants", w
