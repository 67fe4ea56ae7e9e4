"""Worlds of ledger.md sections 7.7 and 7.8: equivocations, receipts that are asked for, pay that is held, and their rejections."""

import dispute_cases
import ledger_missing as rules
import ledger_pay
import receipt
import receipt_cases
import receipt_log as log
from ledger_channel_cases import collected, opened, settled
from ledger_dispute_cases import APPEAL, EPOCH, FREE, KEY, MODEL, SLASH, SOON, STAKE, Case
from ledger_disputes import claim_of
from ledger_node_cases import NO_CLAIM, OPERATOR, TRANSPORT, made, new_key
from ledger_package_cases import PROGRAM, manifest, published, to
from ledger_world import World, public, secret
from receipt import u16

JAIL = 30000
LONG = [*(pair for pair in FREE if pair[0] not in (4, 5)), (4, 100000), (32, 2)]


def world(stake=STAKE, parameters=FREE):
    w = World(parameters=parameters).block()
    w.send(9, 10, {"program": PROGRAM}).send(9, 11, published(w, manifest(), 9)).send(1, 1, {"to": public(KEY), "amount": 10000})
    node = made(w, 1, KEY, transport=NO_CLAIM, validator=NO_CLAIM)
    if stake:
        w.send(1, 6, {"node": node, "amount": stake})
    return w.block(), node


def parts(w, worker=KEY, tokens=(5, 6, 7), **changed):
    changed = {"place": {"network": w.hashes.network.hex()}, "secret": secret(worker).hex(), "model": MODEL.hex(), "beacon": "1", **changed}
    return dispute_cases.parts_of(tokens=tokens, **changed)


def side(w, tokens, at, **changed):
    hashes, _, _, signed = parts(w, tokens=tokens, **changed)
    return signed + hashes.partial(receipt.OUTPUT, changed.get("choice", 0), list(tokens), at)


def evidence(w, node, one=(5, 6, 7), other=(5, 6, 8), at=2, epoch=1, leaf=0, of=None, **changed):
    """A body of kind 60."""
    data = u16(1) + side(w, one, at, **changed) + side(w, other, at, **changed)
    hashes, job, _, _ = parts(w, **(changed if of is None else of))
    shown_leaf = receipt.shown_leaf(hashes, job, leaf)
    read = lambda form, found: form.whole(u16(len(found)) + found)  # noqa: E731
    return {
        "node": node, "epoch": epoch, "leaf": read(rules.LEAF, shown_leaf),
        "evidence": read(rules.inside(2, 1 << 12, rules.decode.equivocation), data),
    }  # fmt: skip


def shown(w, anchor_by=1, worker=KEY, tokens=(5, 6, 7), signer=None, ended=None, **changed):
    """A receipt as a body has it, and its envelope's signature."""
    hashes, _, commitment, signed = parts(w, worker=worker, tokens=tokens, **changed)
    fields = {**receipt_cases.base_fields(commitment, public(worker)), "model": bytes.fromhex(changed.get("model", MODEL.hex()))}
    fields |= {"prompt_tokens": len(changed.get("prompt", range(4))), "output_tokens": len(tokens), "consent": changed.get("consent", 0)}
    fields |= {"anchor_by": anchor_by, "choices": [(changed.get("choice", 0), [signed], receipt.stop_bytes(ended or {"number": 5}))]}
    data = receipt.receipt(fields)
    _, signature = log.sealed(hashes, secret(signer or worker), data)
    return rules.RECEIPT.whole(u16(len(data)) + data), signature


def answered(leaves, at, shown_leaf=None):
    """An answer as a body has it."""
    leaf = leaves[at] if shown_leaf is None else shown_leaf
    data = log.answer(leaf, at, log.path([log.leaf_hash(one) for one in leaves], at))
    return rules.ANSWER.whole(u16(len(data)) + data)


def leaf_of(w, held, channel=bytes(32), start=0, end=0):
    return log.leaf(rules.receipt_id(w.hashes, held[0][0]), channel, start, end)


def anchor(w, leaves, old=0, key=KEY):
    hashed = [log.leaf_hash(one) for one in leaves]
    w.send(key, 24, {"size": len(leaves), "root": log.root(hashed), "proof": log.consistency(hashed, old)})


def equivocations():
    w, node = world()
    other = made(w, 2, 30, validator=NO_CLAIM)
    w.block()
    good = evidence(w, node)
    w.send(3, 60, {**good, "node": bytes(32)}, 22).send(3, 60, {**good, "node": other}, 110).send(3, 60, evidence(w, other, worker=31), 110)
    w.send(3, 60, evidence(w, node, other=(5, 6, 7)), 123).send(3, 60, evidence(w, node, at=1), 123).send(3, 60, evidence(w, node, start=1), 123)
    w.send(3, 60, evidence(w, node, place={"network": bytes(32).hex()}), 129)
    for changed in ({"epoch": 0}, {"epoch": 2}, {"leaf": 2}, {"leaf": 7}, {"of": {"prompt": [9]}}, {"beacon": "0"}, {"beacon": "3"}, {"beacon": str(1 << 63)}):
        w.send(3, 60, evidence(w, node, **changed), 129)
    whole = rules.EVIDENCE.write(good)
    w.send(3, 60, whole[:-1], 2).send(3, 60, whole + b"\0", 2).send(3, 60, whole[:40] + u16(1025) + bytes(1025), 2)
    w.send(3, 60, good).send(4, 60, good, 113).send(4, 60, evidence(w, node, other=(5, 9), one=(5, 6), at=1), 113)
    w.block().send(1, 60, evidence(w, node, choice=1, choices=2, beacon="3"))
    w.send(4, 60, evidence(w, node, prompt=[1, 2, 3])).send(1, 7, {"node": node, "amount": STAKE - 3 * SLASH})
    w.send(4, 60, evidence(w, node, kind=9))  # what stands behind the height is not read
    for prompt in range(1, 8):
        w.send(4, 60, evidence(w, node, prompt=[prompt]))
    w.send(4, 60, evidence(w, other, worker=30)).block().send(4, 6, {"node": other, "amount": SLASH + 5})
    yield "equivocations", w

    w, node = world(parameters=[*{**dict(FREE), **dict(SOON)}.items()])
    w.send(1, 4, new_key(w, node, OPERATOR, KEY, 25)).block(5000).send(3, 60, evidence(w, node))
    w.send(1, 4, new_key(w, node, TRANSPORT, 0, 26)).send(3, 60, evidence(w, node, worker=26), 110)
    w.block(EPOCH - 5000).send(3, 60, evidence(w, node, epoch=2, beacon="12"), 129).send(3, 60, evidence(w, node, epoch=1, beacon="12"), 129)
    w.block(1000).send(3, 60, evidence(w, node, epoch=2, beacon="12"), 130).send(3, 60, evidence(w, node, epoch=1, beacon="12"), 129)
    w.send(3, 60, evidence(w, node, epoch=2, beacon="3"), 129).send(3, 60, evidence(w, node, beacon="3", prompt=[8]))
    for _ in range(4):
        w.block(EPOCH)
    w.send(3, 60, evidence(w, node, epoch=2, beacon="13", worker=25)).send(3, 60, evidence(w, node, beacon="3", prompt=[5])).block(EPOCH).block(EPOCH)
    w.send(3, 60, evidence(w, node, beacon="3", prompt=[7]), 129).send(3, 60, evidence(w, node, epoch=2, beacon="13", worker=25, prompt=[6]))
    w.send(3, 61, asked(w, node, shown(w, anchor_by=4)), 130).send(3, 61, asked(w, node, shown(w)), 125).send(3, 61, asked(w, node, shown(w, anchor_by=3)))
    yield "equivocations under a key before", w


def asked(w, node, held):
    return {"node": node, "receipt": held[0], "signature": held[1]}


def missing():
    w, node = world(parameters=LONG)
    other = made(w, 2, 30, transport=NO_CLAIM, validator=NO_CLAIM)
    held, second, third = shown(w), shown(w, tokens=(5, 6)), shown(w, tokens=(5,))
    body = asked(w, node, held)
    ids = [rules.missing_id(w.hashes, rules.receipt_id(w.hashes, one[0][0])) for one in (held, second, third)]
    leaves = [leaf_of(w, one) for one in (held, second, third)]
    w.send(3, 61, body, 125).send(3, 61, {**body, "node": bytes(32)}, 22).send(3, 61, {**body, "node": other}, 110)
    to(w, 101000).send(3, 61, asked(w, node, shown(w, anchor_by=0)), 125).send(3, 61, asked(w, node, shown(w, anchor_by=2)), 125)
    w.send(3, 61, asked(w, node, shown(w, signer=30)), 124).send(6, 61, body, 8).send(3, 61, body).send(4, 61, body, 126)
    whole = rules.ASK.write(body)
    w.send(3, 61, whole[:-1], 2).send(3, 61, whole + b"\0", 2)
    w.send(3, 61, asked(w, node, second)).send(4, 61, asked(w, node, third))
    reply = {"missing": ids[0], "node": node, "owner": public(1), "challenger": public(3), "worker": public(KEY), "answer": answered(leaves, 0)}
    w.send(5, 62, reply, 128)
    anchor(w, leaves)
    w.send(5, 62, {**reply, "missing": bytes(32)}, 127).send(5, 62, {**reply, "node": other}, 111).send(5, 62, {**reply, "owner": public(2)}, 111)
    w.send(5, 62, {**reply, "challenger": public(4)}, 111).send(5, 62, {**reply, "worker": public(30)}, 111).send(5, 62, {**reply, "answer": answered(leaves, 1)}, 128)
    w.send(5, 62, {**reply, "answer": answered(leaves, 1, leaves[0])}, 128).send(5, 62, {**reply, "answer": answered(leaves[:2], 0)}, 128)
    whole = rules.ANSWERED.write(reply)
    w.send(5, 62, whole[:-1], 2).send(5, 62, whole + b"\0", 2).send(5, 62, reply).send(5, 62, reply, 127)
    late = {"missing": ids[1], "node": node, "challenger": public(3)}
    w.send(5, 63, late, 120).send(5, 63, {**late, "missing": bytes(32)}, 127).send(5, 63, {**late, "node": other}, 111).send(5, 63, {**late, "challenger": public(4)}, 111)
    to(w, w.execution.clock["time"] + 60001)
    reply = {**reply, "missing": ids[1], "answer": answered(leaves, 1)}
    w.send(5, 62, reply, 117).send(5, 63, late).send(5, 63, late, 120).send(5, 63, {"missing": ids[2], "node": node, "challenger": public(4)})
    w.block().send(5, 62, reply).send(3, 61, body)
    to(w, w.execution.clock["time"] + APPEAL + 1)
    w.send(5, 63, {"missing": ids[2], "node": node, "challenger": public(4)}).send(5, 63, {"missing": ids[0], "node": node, "challenger": public(3)})
    yield "receipts that are missing", w


def paid_world(amount=1000, stake=STAKE, parameters=LONG):
    """A channel of account 2's, of which the node settled an amount."""
    w, node = world(stake, parameters)
    number = w.number(2)
    channel = opened(w, 2, node, 5 * amount)
    w.send(1, 21, settled(w, 2, node, channel, amount))
    return w, node, channel, number


def step_of(case):
    position, kind, what = claim_of(case.filing[1])
    return {"dispute": case.id, "node": case.node, "choice": 0, "position": position, "kind": kind, "what": what}


def holds():
    w, node, channel, number = paid_world()
    held = shown(w)
    leaves = [leaf_of(w, held, channel, 0, 300), leaf_of(w, held, channel, 200, 500), leaf_of(w, held, channel, 700, 2000), leaf_of(w, held, channel, 1000, 1010)]
    leaves += [leaf_of(w, shown(w, tokens=(5, 6)), channel, 0, 300), leaf_of(w, held, bytes(32), 0, 300)]
    anchor(w, leaves)
    case, other = Case(w, node).open(), made(w, 2, 30, transport=NO_CLAIM, validator=NO_CLAIM)
    body = {**step_of(case), "receipt": held[0], "answer": answered(leaves, 0), "epoch": 1, "payer": public(2), "number": number}
    w.send(5, 26, {**body, "dispute": bytes(32)}, 115).send(5, 26, {**body, "node": other}, 111).send(5, 26, {**body, "position": 2}, 111)
    w.send(5, 26, {**body, "choice": 1}, 111).send(5, 26, {**body, "kind": 2}, 111).send(5, 26, {**body, "what": 1}, 111)
    w.send(5, 26, {**body, "number": number + 1}, 92).send(5, 26, {**body, "payer": public(3)}, 92).send(5, 26, {**body, "answer": answered(leaves, 5)}, 92)
    w.send(5, 26, {**body, "epoch": 2}, 96).send(5, 26, {**body, "answer": answered(leaves, 4)}, 128).send(5, 26, {**body, "answer": answered(leaves, 0, leaves[1])}, 128)
    w.send(5, 26, {**body, "answer": answered(leaves, 3)}, 103).send(5, 26, body).send(5, 26, body, 104).send(5, 26, {**body, "answer": answered(leaves, 1)})
    w.send(5, 26, {**body, "answer": answered(leaves, 2)}).send(5, 26, {**body, "answer": answered(leaves, 2)}, 104)
    whole = ledger_pay.HOLDS.write(body)
    w.send(5, 26, whole[:-1], 2).send(5, 26, whole + b"\0", 2)
    free = {"dispute": case.id, "epoch": 1, "channel": channel, "payer": public(2)}
    w.send(5, 27, {**free, "dispute": bytes(32)}, 106).send(5, 27, {**free, "epoch": 2}, 106).send(5, 27, {**free, "payer": public(3)}, 92).send(5, 27, free, 107)
    true = Case(w, node, challenger=4, position=0).open()
    w.send(5, 26, {**body, **step_of(true)})
    case.to_tile(greatest=40).move(3, case.operands()).end()
    true.to_tile().move(4, true.operands()).end()
    w.send(5, 26, {**body, **step_of(true)}, 102).send(5, 27, free).send(5, 26, body, 104).send(5, 26, {**body, "dispute": case.claim}, 104)
    to(w, 310000)
    w.send(5, 25, collected(1, channel, node, 1), 100).send(5, 27, {**free, "dispute": true.id}).send(5, 25, collected(1, channel, node, 1), 101)
    yield "pay that is held", w

    w, node, channel, number = paid_world()
    held = shown(w)
    w.send(3, 60, evidence(w, node))
    leaves = [leaf_of(w, held, channel, 40 * at, 40 * at + 10) for at in range(18)]
    anchor(w, leaves)
    dispute = rules.dispute_id(w.hashes, public(KEY), parts(w)[2], 0, 0, 3, 0)
    step = {"dispute": dispute, "node": node, "choice": 0, "position": 0, "kind": 3, "what": 0}
    body = {**step, "receipt": held[0], "epoch": 1, "payer": public(2), "number": number}
    for at in range(18):
        w.send(5, 26, {**body, "answer": answered(leaves, at)}, 104 if at == 17 else None)
    w.send(5, 27, {"dispute": dispute, "epoch": 1, "channel": channel, "payer": public(2)})
    yield "pay that an equivocation holds", w


def jailed():
    w, node, channel, _ = paid_world()
    w.send(3, 60, evidence(w, node))
    to(w, 310000).send(5, 25, collected(1, channel, node, 1), 101)
    yield "a jailed node is not paid", w


def liable():
    """What a node took answers for its debt, and waits for cases that may become one."""
    for amount in (5000, 2 * SLASH):
        w, node, channel, _ = paid_world(amount, stake=SLASH, parameters=[*LONG, (45, JAIL)])
        w.send(3, 60, evidence(w, node))
        case = Case(w, node).open()
        got = collected(1, channel, node, 1)
        to(w, 310000).send(5, 25, got, 108)
        case.late()
        to(w, w.execution.clock["time"] + APPEAL + 1).send(5, 25, got, 108)
        case.end()
        w.send(5, 25, got).block().send(2, 6, {"node": node, "amount": SLASH + 9})
        yield f"a node in debt that took {amount}", w


def worlds():
    yield from equivocations()
    yield from missing()
    yield from holds()
    yield from jailed()
    yield from liable()
