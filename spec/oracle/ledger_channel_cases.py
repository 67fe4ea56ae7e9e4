"""Worlds of ledger.md: channels, settlements, anchors, and every rejection of them."""

import ledger_channels as rules
import receipt_log as log
from ledger_node_cases import NO_CLAIM, OPERATOR, made, new_key
from ledger_world import RICH, World, public, secret

FREE = [(1, 0), (2, 0), (3, 0), (4, 10000), (5, 2500), (40, 60000), (54, 60000), (55, 60000), (46, 60000), (53, 60000), (30, 60000), (31, 40000), (32, 2), (33, 40000), (43, 50)]  # no fees; short epochs
JOB = b"\x44" * 32
FAR = (1 << 64) - 1


def opened(w, payer, node, deposit):
    channel = rules.channel_id(w.hashes, public(payer), w.number(payer))
    w.send(payer, 20, {"node": node, "deposit": deposit})
    return channel


def settled(w, payer, node, channel, cumulative, epoch=None, expiry=FAR, by=None):
    """A body; signed by the payer, or by somebody else."""
    epoch = w.execution.clock["epoch"] if epoch is None else epoch
    voucher = {"channel": channel, "from": max(cumulative - 7, 0), "cumulative": cumulative, "expiry": expiry, "job": JOB}
    signature = w.hashes.sign(b"probity voucher v1", secret(by or payer), rules.VOUCHER.write(voucher))
    return {"node": node, "epoch": epoch, "voucher": voucher, "signature": signature}


def bare(w, owner, keys):
    """A node with what a lie costs at stake."""
    node = made(w, owner, keys, transport=NO_CLAIM, validator=NO_CLAIM)
    w.send(owner, 6, {"node": node, "amount": 50})
    return node


def epoch(w):
    """The first block of the next epoch."""
    return w.block(10000)


def collected(of, channel, node, owner):
    return {"epoch": of, "channel": channel, "node": node, "owner": public(owner)}


def channel_worlds():
    w = World(parameters=FREE).block()
    node = bare(w, 1, 20)
    first, second, own = opened(w, 2, node, 1000), opened(w, 3, node, 500), opened(w, 1, node, 90)
    w.send(1, 1, {"to": public(20), "amount": 100})
    w.block().send(1, 21, settled(w, 2, node, first, 300)).send(20, 21, settled(w, 3, node, second, 7)).send(1, 21, settled(w, 1, node, own, 90))
    epoch(w).send(1, 21, settled(w, 2, node, first, 1000)).send(2, 22, {"channel": first, "node": node}).send(3, 22, {"channel": second, "node": node})
    w.send(1, 22, {"channel": second, "node": node}).send(5, 23, {"channel": second, "payer": public(3)})
    epoch(w).send(4, 25, collected(1, first, node, 1), 99)
    epoch(w).send(4, 25, collected(1, first, node, 1)).send(4, 25, collected(1, own, node, 1)).send(4, 25, collected(1, first, node, 1), 96)
    w.send(4, 25, collected(2, first, node, 1), 99).send(4, 23, {"channel": first, "payer": public(2)}, 91)
    epoch(w).send(1, 25, collected(2, first, node, 1)).send(4, 25, collected(1, second, node, 1))
    for _ in range(4):
        epoch(w)
    w.send(4, 23, {"channel": first, "payer": public(2)}).send(4, 23, {"channel": first, "payer": public(2)}, 80)
    w.send(1, 22, {"channel": own, "node": node}).send(1, 22, {"channel": own, "node": node}, 90).send(1, 23, {"channel": own, "payer": public(1)})
    yield "channels", w

    w = World(parameters=FREE).block()
    node, other = bare(w, 1, 20), bare(w, 2, 30)
    w.send(3, 20, {"node": node, "deposit": 0}, 6).send(3, 20, {"node": bytes(32), "deposit": 1}, 22).send(3, 20, {"node": node, "deposit": RICH + 1}, 8)
    w.send(2, 5, {"node": other}).send(3, 20, {"node": other, "deposit": 1}, 24)
    channel = opened(w, 3, node, 100)
    good = settled(w, 3, node, channel, 10)
    w.send(1, 21, settled(w, 3, node, bytes(32), 10), 80).send(1, 21, {**good, "node": other}, 81).send(2, 21, good, 82).send(3, 21, good, 82)
    w.send(1, 7, {"node": node, "amount": 1}).send(1, 21, {**good, "epoch": 2}, 26).send(2, 6, {"node": node, "amount": 1})
    w.send(1, 21, {**good, "epoch": 2}, 83).send(1, 21, {**good, "epoch": 0}, 83).send(1, 21, settled(w, 3, node, channel, 10, by=1), 84)
    w.send(1, 21, {**good, "voucher": {**good["voucher"], "cumulative": 11}}, 84).send(1, 21, settled(w, 3, node, channel, 10, expiry=1000), 85)
    w.send(1, 21, settled(w, 3, node, channel, 0), 2).send(1, 21, settled(w, 3, node, channel, 101), 87)
    w.send(1, 21, settled(w, 3, node, channel, 101, expiry=1000), 85).send(1, 21, rules.SETTLE.write(good)[:40] + b"\2" + rules.SETTLE.write(good)[41:], 2)
    w.send(1, 21, settled(w, 3, node, channel, 10, expiry=1001)).send(1, 21, good, 86).send(1, 21, settled(w, 3, node, channel, 12), 88)
    close, end = {"channel": channel, "node": node}, {"channel": channel, "payer": public(3)}
    w.send(3, 22, {**close, "channel": bytes(32)}, 80).send(3, 22, {**close, "node": other}, 81).send(2, 22, close, 89)
    w.send(3, 23, {**end, "channel": bytes(32)}, 80).send(3, 23, {**end, "payer": public(1)}, 92).send(3, 23, end, 91)
    w.block().send(3, 22, close).send(3, 22, close, 90).send(2, 22, close, 89).send(3, 23, end, 91).send(1, 22, close).send(1, 22, close, 90).send(3, 22, close, 90)
    w.send(1, 22, {**close, "node": other}, 81).send(1, 21, settled(w, 3, node, channel, 12), 88)
    got = collected(1, channel, node, 1)
    w.send(5, 25, {**got, "epoch": 2}, 96).send(5, 25, {**got, "node": other}, 97).send(5, 25, {**got, "owner": public(3)}, 98).send(5, 25, got, 99)
    epoch(w).send(5, 25, got, 99)
    epoch(w).send(5, 25, got, 99)
    epoch(w).send(5, 25, got).send(5, 25, got, 96).send(1, 21, settled(w, 3, node, channel, 100)).send(5, 23, end)
    w.block().send(1, 21, settled(w, 3, node, channel, 100), 80)
    yield "rejections of channels", w

    w = World(parameters=FREE).block()
    node = bare(w, 1, 20)
    channel = opened(w, 3, node, 100)
    w.send(3, 22, {"channel": channel, "node": node})
    for _ in range(5):
        epoch(w)
    end = {"channel": channel, "payer": public(3)}
    w.block(9999).send(4, 23, end, 91).send(1, 21, settled(w, 3, node, channel, 60))
    w.block(1).send(1, 22, {"channel": channel, "node": node}, 90).send(4, 23, end)
    yield "a channel that its payer closes", w


def leaves(count):
    return [log.leaf_hash(bytes([at])) for at in range(count)]


def anchored(old, size):
    return {"size": size, "root": log.root(leaves(size)), "proof": log.consistency(leaves(size), old) if old <= size else []}


def anchor_worlds():
    w = World(parameters=FREE).block()
    node = bare(w, 1, 20)
    for key in (20, 40, 2):
        w.send(1, 1, {"to": public(key), "amount": 1000})
    w.send(1, 24, anchored(0, 3), 93).send(40, 24, anchored(0, 3), 93).send(20, 24, {**anchored(0, 3), "proof": [bytes(32)]}, 95)
    w.send(20, 24, {**anchored(0, 0), "root": bytes(32)}, 95).send(20, 24, {**anchored(0, 3), "size": 1 << 53}, 2)
    w.send(20, 24, {**anchored(0, 3), "proof": [bytes(32)] * 55}, 2).send(20, 24, {**anchored(0, 3), "proof": [bytes(32)] * 54}, 95)
    w.send(20, 24, anchored(0, 3)).send(20, 24, anchored(3, 4), 94).send(20, 24, anchored(3, 3), 94)
    epoch(w).send(20, 24, anchored(3, 2), 95).send(20, 24, {**anchored(3, 7), "root": bytes(32)}, 95).send(20, 24, {**anchored(3, 7), "size": 9}, 95)
    short, long = anchored(3, 7)["proof"][:-1], [*anchored(3, 7)["proof"], bytes(32)]
    for proof in ([], short, long):
        w.send(20, 24, {**anchored(3, 7), "proof": proof}, 95)
    w.send(20, 24, {**anchored(3, 3), "root": bytes(32)}, 95).send(20, 24, {**anchored(3, 3), "proof": [bytes(32)]}, 95).send(20, 24, anchored(4, 7), 95)
    w.send(20, 24, {**anchored(0, 0)}, 95).send(20, 24, anchored(3, 7))
    for old, size in ((7, 7), (7, 8), (8, 33), (33, 64), (64, 65), (65, 130)):
        epoch(w).send(20, 24, anchored(old, size))
    epoch(w).send(1, 4, new_key(w, node, OPERATOR, 20, 40)).send(20, 24, anchored(130, 131)).send(40, 24, anchored(0, 0))
    for _ in range(3):
        epoch(w)
    w.send(20, 24, anchored(131, 132)).block(9999).send(20, 24, anchored(132, 133), 94)
    w.block(1).send(20, 24, anchored(132, 133), 93)
    epoch(w).send(40, 24, {**anchored(0, 0), "root": bytes(32)}, 95).send(40, 24, {**anchored(0, 4), "proof": [bytes(32)]}, 95).send(40, 24, anchored(0, 4))
    yield "anchors", w

    w = World(parameters=FREE).block()
    node = made(w, 1, 20)
    for key in (20, 21, 22):
        w.send(1, 1, {"to": public(key), "amount": 1000})
    w.send(21, 24, anchored(0, 3), 93).send(22, 24, anchored(0, 3), 93)
    epoch(w).send(1, 4, new_key(w, node, OPERATOR, 20, 40))
    for _ in range(4):
        epoch(w)
    w.send(20, 24, anchored(0, 3), 93)
    yield "whose anchors are not taken", w


def worlds():
    yield from channel_worlds()
    yield from anchor_worlds()
