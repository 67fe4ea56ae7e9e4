"""Worlds of ledger.md section 7.10: who may audit, panels, draws; and what is rejected."""

from ledger_channel_cases import collected, opened, settled
from ledger_node_cases import NO_CLAIM, made
from ledger_world import World

# No fees; short epochs; a unit of a thousand; three at stake to audit; what a draw pays.
FREE = [(1, 0), (2, 0), (3, 0), (4, 10000), (5, 2500), (40, 60000), (54, 60000), (55, 60000), (32, 2), (43, 7), (46, 60000), (53, 60000), (50, 1000), (52, 3), (56, 1), (57, 30), (64, 2)]


def auditor(w, owner, keys, stake, **changed):
    node = made(w, owner, keys, transport=NO_CLAIM, validator=NO_CLAIM, **changed)
    if stake:
        w.send(owner, 6, {"node": node, "amount": stake})
    return node


def enrol(node, yes=1, instead=bytes(32)):
    return {"node": node, "yes": yes, "instead": instead}


def drawn(epoch, index, channel, node):
    return {"epoch": epoch, "index": index, "channel": channel, "node": node}


def epoch(w, beacon=9):
    """The first block of the next epoch."""
    return w.block(10000, beacon=bytes([beacon]) * 32)


def try_all(w, sender, of, most, channels):
    """Draws every index of an epoch on whichever channel it falls; says how many drew something."""
    found = 0
    for index in range(most):
        for at, (channel, node) in enumerate(channels):
            try:
                w.send(sender, 31, drawn(of, index, channel, node))
                found += 1
                break
            except AssertionError:
                w.send(sender, 31, drawn(of, index, channel, node), 145)
    return found


def enrolled_worlds():
    w = World(parameters=FREE).block()
    nobody = bytes(32)
    first, second = auditor(w, 1, 20, 3), auditor(w, 2, 30, 2)
    third = auditor(w, 3, 40, 9, roles=11)
    w.send(1, 30, enrol(nobody), 22).send(2, 30, enrol(first), 23).send(2, 30, enrol(second), 141).send(3, 30, enrol(third), 140)
    w.send(1, 30, enrol(first, 0), 143).send(1, 30, enrol(first)).send(1, 30, enrol(first), 142).send(1, 30, first + b"\2", 2)
    w.send(2, 6, {"node": second, "amount": 1}).send(2, 30, enrol(second)).send(3, 5, {"node": third}).send(3, 30, enrol(third), 24)
    epoch(w).send(2, 7, {"node": second, "amount": 1})
    epoch(w).send(2, 30, enrol(second, 0), 143).send(2, 30, enrol(second), 141)
    w.block().send(1, 30, enrol(first, 0))
    epoch(w).send(1, 1, {"to": bytes([5]) * 32, "amount": 1})
    epoch(w)
    yield "auditors enrol and leave, and an epoch has a panel", w


def drawn_worlds():
    w = World(parameters=FREE).block()
    worker, other = auditor(w, 1, 20, 50), auditor(w, 5, 50, 7)
    own = auditor(w, 1, 24, 90)
    others = [auditor(w, owner, keys, stake) for owner, keys, stake in ((2, 30, 3), (3, 34, 400), (2, 38, 10))]
    for owner, node in ((1, own), (2, others[0]), (3, others[1]), (2, others[2])):
        w.send(owner, 30, enrol(node))
    one, two, three = opened(w, 4, worker, 5000), opened(w, 3, other, 5000), opened(w, 2, other, 5000)
    w.send(1, 21, settled(w, 4, worker, one, 1700)).send(5, 21, settled(w, 3, other, two, 2100)).send(5, 21, settled(w, 2, other, three, 1))
    channels = [(one, worker), (two, other), (three, other)]
    epoch(w, 5).send(4, 31, drawn(1, 0, one, worker), 83)
    epoch(w, 6).send(4, 31, drawn(2, 0, one, worker), 83).send(4, 31, drawn(1, 4, one, worker), 145).send(4, 31, drawn(0, 0, one, worker), 83)
    assert try_all(w, 4, 1, 4, channels) >= 3
    w.send(4, 31, drawn(1, 0, bytes(32), worker), 146).send(4, 31, drawn(1, 9, one, worker), 145)
    epoch(w, 7).send(4, 31, drawn(1, 0, one, worker), 83).send(4, 31, drawn(2, 0, one, worker), 145)
    yield "draws of an epoch", w

    w = World(parameters=[*[one for one in FREE if one[0] != 57], (57, 36)], treasury=0).block()
    node = auditor(w, 1, 20, 50)
    channel = opened(w, 4, node, 4000)
    w.send(1, 21, settled(w, 4, node, channel, 2100)).send(1, 30, enrol(node))
    epoch(w)
    epoch(w, 4).send(2, 31, drawn(1, 0, bytes(32), node), 96).send(2, 31, drawn(1, 0, channel, bytes(32)), 97)
    w.send(5, 25, collected(2, channel, node, 1), 96).send(2, 31, drawn(1, 0, channel, node)).send(3, 31, drawn(1, 1, channel, node)).send(3, 31, drawn(1, 2, channel, node))
    w.send(5, 25, collected(1, channel, node, 1), 99)
    epoch(w).send(5, 25, collected(1, channel, node, 1), 100)
    yield "draws that have no auditors, and pay what there is", w

    w = World(parameters=[*FREE, (51, 8)]).block()
    node = auditor(w, 1, 20, 50)
    channel = opened(w, 4, node, 4000)
    w.send(1, 21, settled(w, 4, node, channel, 1))
    epoch(w)
    epoch(w).send(2, 31, drawn(1, 0, channel, node), 145).send(2, 31, drawn(1, 1, channel, node), 145)
    yield "a little that was settled", w


def worlds():
    yield from enrolled_worlds()
    yield from drawn_worlds()
