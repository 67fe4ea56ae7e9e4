"""Worlds of ledger.md section 7.2: money at stake, and every rejection of it."""

from ledger_dispute_cases import SOON
from ledger_node_cases import made
from ledger_world import RICH, World

UNBOND = 5400000
FREE = [(1, 0), (2, 0), (3, 0), *SOON, (40, 60000), (46, 60000), (53, 60000), (11, UNBOND), (14, UNBOND)]  # no fees; as few blocks as may be until stake is out


def some(node, amount):
    return {"node": node, "amount": amount}


def worlds():
    w = World(parameters=FREE).block()
    one, two = made(w, 1, 20), made(w, 2, 30)
    w.send(1, 6, some(one, 500)).send(3, 6, some(one, 70)).send(2, 6, some(two, RICH)).send(2, 6, some(two, 1), 8)
    w.block().send(1, 7, some(one, 100)).send(2, 7, some(two, RICH)).send(1, 8, {"node": one}, 29)
    w.block(1500).send(1, 7, some(one, 470)).send(1, 7, some(one, 1), 26).send(1, 5, {"node": one})
    w.block(UNBOND - 1501).send(1, 8, {"node": one}, 29).send(2, 8, {"node": two}, 29)
    w.block(1).send(1, 8, {"node": one}).send(2, 8, {"node": two}).send(2, 8, {"node": two}, 29).send(1, 1, {"to": bytes(32), "amount": 30})
    w.block(10000).send(1, 8, {"node": one})
    yield "stake in and out", w

    w = World(parameters=FREE).block()
    one = made(w, 1, 20)
    for number, body in ((6, some(one, 0)), (7, some(one, 0)), (6, some(bytes(32), 0))):
        w.send(1, number, body, 6)
    for number, body in ((6, some(bytes(32), 1)), (7, some(bytes(32), 1)), (8, {"node": bytes(32)})):
        w.send(1, number, body, 22)
    w.send(2, 7, some(one, 1), 23).send(2, 8, {"node": one}, 23).send(1, 6, some(one, RICH + 1), 8).send(1, 6, some(one, 20))
    w.send(1, 7, some(one, 21), 26).send(1, 6, bytes(47), 2).send(1, 8, bytes(33), 2)
    for _ in range(8):
        w.send(1, 7, some(one, 1))
    w.send(1, 7, some(one, 1), 28).send(1, 7, some(one, 13), 26).send(1, 5, {"node": one}).send(1, 6, some(one, 1), 24).send(2, 6, some(one, RICH + 1), 24)
    yield "rejections of stake", w

    w = World().block()
    one = made(w, 1, 20)
    bytes_of = 10 * (128 + 48) + 6100
    w.send(1, 6, some(one, 5), 5, fee_max=bytes_of + 1000 * (1 + 24) - 1).send(1, 6, some(one, 5), fee_max=bytes_of + 1000 * (1 + 24))
    w.send(1, 6, some(one, 5), fee_max=bytes_of).send(1, 7, some(one, 1), fee_max=bytes_of + 1000 * 40).send(1, 7, some(one, 9), fee_max=bytes_of + 1000 * 40)
    yield "what stake costs", w
