"""Worlds of ledger.md section 7.7, kinds 40 and 41: two receipts of one job, two leaves for the same money, and their rejections."""

import ledger_doubles as rules
import receipt
from ledger_dispute_cases import EPOCH, FREE, KEY, SOON, STAKE
from ledger_missing import LEAF, dispute_id
from ledger_missing_cases import anchor, answered, leaf_of, paid_world, parts, shown, world
from ledger_node_cases import NO_CLAIM, OPERATOR, made, new_key
from ledger_world import public
from receipt import u16


def leaf_0(w, **changed):
    """Leaf 0 of the job, as a body has it."""
    hashes, job, _, _ = parts(w, **changed)
    data = receipt.shown_leaf(hashes, job, 0)
    return LEAF.whole(u16(len(data)) + data)


def doubles():
    w, node = world()
    other = made(w, 2, 30, transport=NO_CLAIM, validator=NO_CLAIM)
    w.block()
    one, second, elsewhere = shown(w), shown(w, tokens=(5, 6)), shown(w, prompt=[9])
    good = {"node": node, "epoch": 1, "leaf": leaf_0(w), "one": one, "other": second}
    w.send(3, 40, {**good, "node": bytes(32)}, 22).send(3, 40, {**good, "node": other}, 110)
    w.send(3, 40, {**good, "leaf": leaf_0(w, prompt=[9])}, 129).send(3, 40, {**good, "epoch": 2}, 129)
    w.send(3, 40, {**good, "other": one}, 154).send(3, 40, {**good, "other": elsewhere}, 154)
    w.send(3, 40, {**good, "other": shown(w, worker=30)}, 110)
    w.send(3, 40, {**good, "other": (second[0], bytes(64))}, 124).send(3, 40, {**good, "one": (one[0], second[1])}, 124)
    whole = rules.TWO_RECEIPTS.write(good)
    w.send(3, 40, whole[:-1], 2).send(3, 40, whole + b"\0", 2)
    # Two that differ in when they are to be anchored are two.
    w.send(3, 40, {**good, "other": shown(w, anchor_by=2)}).send(4, 40, good, 113)
    far = {"leaf": leaf_0(w, prompt=[9]), "one": elsewhere, "other": shown(w, prompt=[9], tokens=(5,))}
    w.send(4, 40, {**good, **far}).send(1, 7, {"node": node, "amount": STAKE}, 26)
    yield "two receipts of a job", w


def overlaps():
    w, node, channel, _ = paid_world()
    one, second = shown(w), shown(w, prompt=[9])
    spans = [(one, channel, 0, 300), (second, channel, 299, 400), (second, channel, 300, 400), (second, bytes(32), 0, 300), (one, channel, 0, 400)]
    leaves = [leaf_of(w, *span) for span in (*spans, (second, channel, 200, 200))]
    anchor(w, leaves)
    good = {"node": node, "epoch": 1, "leaf": leaf_0(w), "receipt": one[0], "one": answered(leaves, 0), "other": answered(leaves, 1), "worker": public(KEY)}
    w.send(3, 41, {**good, "worker": public(30)}, 110).send(3, 41, {**good, "node": bytes(32)}, 22).send(3, 41, {**good, "leaf": leaf_0(w, prompt=[9])}, 129)
    for at in (0, 2, 3, 4, 5):
        w.send(3, 41, {**good, "other": answered(leaves, at)}, 154)
    w.send(3, 41, {**good, "one": answered(leaves, 1), "other": answered(leaves, 0)}, 154)
    w.send(3, 41, {**good, "other": answered(leaves, 1, leaves[4][:32] + leaves[1][32:])}, 154)
    w.send(3, 41, {**good, "other": answered(leaves, 0, leaves[1])}, 128).send(3, 41, {**good, "one": answered(leaves, 1, leaves[0])}, 128)
    whole = rules.TWO_LEAVES.write(good)
    w.send(3, 41, whole[:-1], 2).send(3, 41, whole + b"\0", 2)
    w.send(3, 41, good).send(4, 41, good, 113)
    mirrored = {"leaf": leaf_0(w, prompt=[9]), "receipt": second[0], "one": answered(leaves, 1), "other": answered(leaves, 0)}
    w.send(4, 41, {**good, **mirrored})
    yield "two leaves for the same money", w


def of_two_keys():
    """What one of a node's keys signed, or anchored, against what another one did."""
    w, node = world(parameters=[*{**dict(FREE), **dict(SOON)}.items()])
    channel, late = bytes([7] * 32), dict(beacon="12")
    w.send(1, 1, {"to": public(25), "amount": 10000})
    one, second, elsewhere = shown(w), shown(w, worker=25, tokens=(5, 6)), shown(w, worker=25, prompt=[9])
    mine, theirs = [leaf_of(w, one, channel, 0, 300)], [leaf_of(w, elsewhere, channel, 299, 400)]
    two = {"node": node, "epoch": 1, "leaf": leaf_0(w), "one": one, "other": second}
    overlap = {"node": node, "epoch": 1, "leaf": leaf_0(w), "receipt": one[0], "one": answered(mine, 0), "other": answered(theirs, 0), "worker": public(25)}
    anchor(w, mine)
    w.send(3, 40, two, 110).send(3, 41, overlap, 110)
    w.send(1, 4, new_key(w, node, OPERATOR, KEY, 25)).block(5000).send(3, 41, overlap, 128)
    anchor(w, theirs, key=25)
    w.send(3, 41, {**overlap, "worker": public(KEY)}, 128).send(3, 40, {**two, "other": (second[0], one[1])}, 124)
    w.block(EPOCH - 5000).block(1000)
    # The key before answers for nothing that is dated in this epoch, so nothing of its is held against it.
    later = {"epoch": 2, "leaf": leaf_0(w, **late)}
    dated = {**later, "one": shown(w, worker=25, **late), "other": shown(w, tokens=(5, 6), **late)}
    newer = {**later, "receipt": shown(w, worker=25, **late)[0], "worker": public(KEY)}
    w.send(3, 40, {**two, **dated}, 130).send(3, 41, {**overlap, **newer}, 130)
    w.send(3, 40, two)
    for _ in range(3):
        w.block(EPOCH)
    # It speaks no more: nobody has a share of what it is shown against.
    w.send(3, 41, overlap).send(4, 41, overlap, 113)
    yield "two keys of a node", w


def held():
    w, node, channel, number = paid_world()
    one, second = shown(w), shown(w, tokens=(5, 6))
    leaves = [leaf_of(w, one, channel, 0, 300)]
    anchor(w, leaves)
    w.send(3, 40, {"node": node, "epoch": 1, "leaf": leaf_0(w), "one": one, "other": second})
    step = {"choice": 0, "position": 0, "kind": rules.RECEIPTS, "what": 0}
    dispute = dispute_id(w.hashes, public(KEY), parts(w)[2], 0, 0, rules.RECEIPTS, 0)
    body = {"dispute": dispute, "node": node, **step, "receipt": one[0], "answer": answered(leaves, 0), "epoch": 1, "payer": public(2), "number": number}
    w.send(5, 26, body).send(5, 27, {"dispute": dispute, "epoch": 1, "channel": channel, "payer": public(2)})
    yield "pay that two receipts hold", w


def worlds():
    yield from doubles()
    yield from overlaps()
    yield from of_two_keys()
    yield from held()
