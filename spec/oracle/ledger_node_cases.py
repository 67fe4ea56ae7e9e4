"""Worlds of ledger.md section 7.1: nodes, their keys, and every rejection of them."""

import ledger_nodes as nodes
from ledger_nodes import NO_CLAIM, NO_KEY, OPERATOR, TRANSPORT, VALIDATOR
from ledger_world import World, public, secret

ADDRESS = b"example.org:4433"


def claim(w, node, role, name):
    signature = w.hashes.sign(b"probity node key v1", secret(name), nodes.claimed(node, role))
    return {"key": public(name), "signature": signature}


def next_node(w, owner):
    return nodes.node_id(w.hashes, public(owner), w.number(owner))


def create(w, owner, keys, node=None, **changed):
    """A body: keys of this name and the two after it."""
    node = next_node(w, owner) if node is None else node
    claims = {name: claim(w, node, role, keys + role - 1) for role, name in nodes.NAMES.items()}
    return {"roles": 5, "address": ADDRESS, **claims, **changed}


def made(w, owner, keys, **changed):
    node = next_node(w, owner)
    w.send(owner, 2, create(w, owner, keys, **changed))
    return node


def new_key(w, node, role, before, then):
    return {"node": node, "role": role, "before": public(before) if before else NO_KEY, "claim": claim(w, node, role, then) if then else NO_CLAIM}


def worlds():
    w = World().block()
    one = made(w, 1, 20)
    two = made(w, 2, 30, transport=NO_CLAIM, validator=NO_CLAIM, roles=15, address=b"")
    three = made(w, 1, 40, roles=0, address=b"~" * 256, transport=NO_CLAIM)
    w.block().send(1, 3, {"node": one, "roles": 10, "address": b""}).send(2, 3, {"node": two, "roles": 1, "address": b"a" * 200})
    w.send(1, 4, new_key(w, one, OPERATOR, 20, 50)).send(1, 4, new_key(w, one, TRANSPORT, 21, 0)).send(1, 4, new_key(w, one, VALIDATOR, 22, 51))
    w.block().send(1, 4, new_key(w, one, TRANSPORT, 0, 52)).send(2, 4, new_key(w, two, VALIDATOR, 0, 0)).send(1, 4, new_key(w, one, OPERATOR, 50, 53))
    w.send(1, 5, {"node": three}).send(3, 1, {"to": public(1), "amount": 5})
    yield "nodes", w

    w = World().block()
    bare = {"transport": NO_CLAIM, "validator": NO_CLAIM}
    body = create(w, 1, 20, **bare)
    for operator in (NO_CLAIM, {"key": NO_KEY, "signature": body["operator"]["signature"]}):
        w.send(1, 2, {**body, "operator": operator}, 2)
    for changed in ({"roles": 16}, {"address": b"a b"}, {"address": b"\x7f"}, {"transport": {"key": NO_KEY, "signature": b"\1" * 64}}):
        w.send(1, 2, {**body, **changed}, 2)
    w.send(1, 2, nodes.CREATE.write({**body, "address": b"a" * 256}).replace(b"\x00\x01aaa", b"\x01\x01aaaa", 1), 2)
    w.send(1, 2, nodes.CREATE.write(body) + b"\0", 2).send(1, 2, nodes.CREATE.write(body)[:-1], 2)
    w.send(1, 2, {**body, "operator": claim(w, next_node(w, 1), TRANSPORT, 20)}, 20)
    w.send(1, 2, {**body, "operator": {"key": public(20), "signature": bytes(64)}}, 20)
    w.send(1, 2, create(w, 2, 20, **bare), 20).send(2, 2, body, 20)
    w.send(1, 2, {**body, "transport": claim(w, next_node(w, 1), TRANSPORT, 20)}, 21)
    w.send(1, 2, {**body, "transport": {**claim(w, next_node(w, 1), TRANSPORT, 20), "signature": bytes(64)}}, 20)
    w.send(1, 2, {**create(w, 1, 20), "validator": claim(w, next_node(w, 1), OPERATOR, 22)}, 20)
    one = made(w, 1, 20)
    w.send(2, 2, create(w, 2, 20), 21).send(2, 2, create(w, 2, 22), 21)
    nobody = bytes(32)
    w.send(1, 3, {"node": nobody, "roles": 1, "address": b""}, 22).send(1, 4, new_key(w, nobody, OPERATOR, 20, 60), 22).send(1, 5, {"node": nobody}, 22)
    w.send(2, 3, {"node": one, "roles": 1, "address": b""}, 23).send(2, 4, new_key(w, one, OPERATOR, 20, 60), 23).send(2, 5, {"node": one}, 23)
    w.send(1, 3, {"node": one, "roles": 128, "address": b""}, 2).send(1, 5, bytes(31), 2)
    w.send(1, 4, new_key(w, one, OPERATOR, 20, 0), 2).send(1, 4, {**new_key(w, one, OPERATOR, 20, 60), "role": 4}, 2)
    w.send(1, 4, {**new_key(w, one, OPERATOR, 20, 60), "role": 0}, 2)
    w.send(1, 4, new_key(w, one, OPERATOR, 21, 60), 25).send(1, 4, new_key(w, one, OPERATOR, 0, 60), 25).send(1, 4, new_key(w, one, TRANSPORT, 0, 60), 25)
    w.send(1, 4, new_key(w, one, OPERATOR, 21, 22), 25).send(1, 4, new_key(w, one, OPERATOR, 20, 20), 21).send(1, 4, new_key(w, one, OPERATOR, 20, 22), 21)
    w.send(1, 4, {**new_key(w, one, OPERATOR, 20, 60), "claim": claim(w, one, TRANSPORT, 60)}, 20)
    w.block().send(1, 4, new_key(w, one, OPERATOR, 20, 60)).send(1, 4, new_key(w, one, OPERATOR, 60, 20), 21)
    w.send(1, 5, {"node": one}).send(1, 5, {"node": one}, 24).send(1, 3, {"node": one, "roles": 1, "address": b""}, 24)
    w.send(1, 4, new_key(w, one, OPERATOR, 1, 22), 24).send(2, 5, {"node": one}, 23)
    w.send(2, 2, create(w, 2, 60), 21)
    yield "rejections of nodes", w

    w = World().block()
    create_cost = 10 * (128 + 1 + 2 + 16 + 3 * 96) + 100 * 241
    node_bytes = 33 + 4 * 32 + 1 + 2 + 16 + 16 + 1 + 16 + 16 + 16 + 2 + 8 + 2 + 8 + 8 + 8 + 1 + 8
    fee = create_cost + 1000 * (node_bytes + 3 * (33 + 32 + 1 + 8 + 8))
    w.send(1, 2, create(w, 1, 20), 5, fee_max=fee - 1).send(1, 2, create(w, 1, 20), fee_max=fee)
    w.block()
    one = made(w, 1, 30, transport=NO_CLAIM, validator=NO_CLAIM, address=b"a")
    two_more = 10 * (128 + 32 + 1 + 2 + 3) + 6100 + 1000 * 2
    w.send(1, 3, {"node": one, "roles": 1, "address": b"abc"}, 5, fee_max=two_more - 1).send(1, 3, {"node": one, "roles": 1, "address": b"abc"}, fee_max=two_more)
    w.send(1, 3, {"node": one, "roles": 1, "address": b""}, 5, fee_max=7729).send(1, 3, {"node": one, "roles": 1, "address": b""}, fee_max=7730)
    rotate = 10 * (128 + 32 + 1 + 32 + 96)
    w.send(1, 4, new_key(w, one, TRANSPORT, 0, 0), fee_max=rotate + 6100)
    w.send(1, 4, new_key(w, one, TRANSPORT, 0, 33), 5, fee_max=rotate + 12100 + 81999).send(1, 4, new_key(w, one, TRANSPORT, 0, 33), fee_max=rotate + 12100 + 82000)
    yield "what nodes cost", w
