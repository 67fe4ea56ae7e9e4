"""Worlds of ledger.md section 7.12: plants that are put, and end opened or not; and what is rejected of them."""

from ledger_dispute_cases import EPOCH, SOON
from ledger_plants import commitment
from ledger_world import RICH, World, public

# No fees; little is judged, plants stay eight epochs; two plants an epoch, of a thousand each.
FREE = [(1, 0), (2, 0), (3, 0), *SOON, (40, 60000), (46, 60000), (53, 60000), (60, 2), (61, 1000), (63, 8)]
HIDDEN = {"node": b"\3" * 32, "job": b"\5" * 32, "choice": 1, "position": 2, "salt": b"\7" * 32}


def put(w, epoch, index=0, hidden=HIDDEN):
    return {"epoch": epoch, "index": index, "commitment": commitment(w.hashes, hidden)}


def ended(key, epoch, opening=HIDDEN, index=0):
    return {"key": public(key), "epoch": epoch, "index": index, "opening": opening}


def epochs(w, count):
    for _ in range(count):
        w.block(EPOCH)
    return w


def worlds():
    w = World(parameters=FREE).block()
    w.send(1, 1, {"to": public(20), "amount": 1500})
    w.send(1, 70, put(w, 1)).send(20, 70, put(w, 1)).send(1, 70, put(w, 1, 1)).send(2, 70, put(w, 1, hidden={**HIDDEN, "choice": (1 << 32) - 1}))
    epochs(w, 1).send(1, 70, put(w, 2)).send(1, 72, ended(1, 1), 138)
    epochs(w, 7).send(1, 72, ended(1, 1), 138).send(5, 72, ended(1, 1, None), 138)
    epochs(w, 1).send(20, 72, ended(1, 1), 156).send(20, 72, ended(20, 1))
    w.send(1, 72, ended(1, 1)).send(1, 72, ended(1, 1), 136).send(2, 72, ended(2, 1), 137)
    epochs(w, 7).send(5, 72, ended(2, 1, None), 138)
    epochs(w, 1).send(5, 72, ended(2, 1, None)).send(1, 72, ended(1, 1, index=1)).send(5, 72, ended(1, 2, None), 138)
    epochs(w, 1).send(1, 72, ended(1, 2, None)).send(1, 70, put(w, 19)).send(1, 70, put(w, 19, 1))
    yield "plants", w

    w = World(parameters=FREE).block()
    w.send(1, 1, {"to": public(20), "amount": 10}).send(20, 70, put(w, 1), 8).send(1, 70, put(w, 2), 83)
    w.send(1, 70, put(w, 0), 83).send(1, 70, put(w, 1, 2), 135).send(1, 70, put(w, 1, 255), 135).send(1, 70, bytes(40), 2)
    w.send(1, 70, put(w, 1)).send(1, 70, put(w, 1, hidden={**HIDDEN, "position": 9}), 135).send(1, 72, ended(1, 1, index=1), 136)
    w.send(1, 72, ended(2, 1), 136).send(1, 72, public(1) + bytes(9) + b"\2", 2)
    epochs(w, 9)
    for changed in ({"node": bytes(32)}, {"job": bytes(32)}, {"choice": 0}, {"position": 3}, {"salt": bytes(32)}):
        w.send(1, 72, ended(1, 1, {**HIDDEN, **changed}), 137)
    w.send(2, 72, ended(1, 1), 156).send(1, 72, ended(1, 1))
    yield "rejections of plants", w

    w = World(parameters=[*FREE[:-2], (61, RICH), (63, 8)]).block()
    w.send(1, 70, put(w, 1)).send(1, 1, {"to": public(2), "amount": 1}, 8)
    epochs(w, 9).send(1, 72, ended(1, 1)).send(1, 1, {"to": public(2), "amount": 1})
    yield "all that somebody has, in a plant", w

    w = World(parameters=FREE[3:]).block()
    w.send(1, 70, put(w, 1))
    epochs(w, 17).send(2, 72, ended(1, 1, None), fee_max=1, rejected=5).send(2, 72, ended(1, 1, None))
    yield "fees of plants", w
