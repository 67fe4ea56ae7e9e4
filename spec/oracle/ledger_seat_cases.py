"""Worlds of ledger.md sections 5, 7.2 and 8: candidates, seats, what an epoch pays, nodes of a genesis; and what is rejected."""

import ledger_rules as rules
from hash_blake3 import digest
from ledger_node_cases import NO_CLAIM, NO_KEY, VALIDATOR, made, new_key
from ledger_world import RICH, World, genesis, public

FREE = [(1, 0), (2, 0), (3, 0), (4, 10000), (5, 2500), (40, 60000), (54, 60000), (55, 60000), (46, 60000), (53, 60000), (10, 100)]  # no fees, short epochs, a hundred to stand


def standing(w, owner, keys, stake):
    """A node with so much at stake that stands; its validator key is named two after its keys."""
    node = made(w, owner, keys)
    if stake:
        w.send(owner, 6, {"node": node, "amount": stake}).send(owner, 9, stand(node))
    return node


def stand(node, yes=1, instead=bytes(32)):
    return {"node": node, "yes": yes, "instead": instead}


def epoch(w, proposer=11):
    return w.block(10000, proposer=proposer)


def shared_worlds():
    for name, seats, stakes in (
        ("three share seven seats", 7, (100, 200, 401)), ("four share seven seats, nobody above two", 7, (100, 100, 100, 5000)),
        ("equals share five seats", 5, (100, 100, 100, 100)), ("fewer seats than there may be", 4, (100, 150, 100, 100, 200)),
        ("one has all", 4, (100,)), ("five share thirty-one seats", 31, (1000, 2000, 3000, 100, 7777)),
        ("others have none to double", 4, (800, 100, 100, 100)), ("others have twice as many", 31, (1000, 100, 100, 100, 101)),
        ("two great ones and dust", 31, (5000, 5000, 100, 101, 102)), ("one great one and dust", 31, (100, 9000, 101, 102)),
    ):  # fmt: skip
        w = World(parameters=[*FREE, (12, seats), (13, 1)]).block()
        for at, stake in enumerate(stakes):
            standing(w, at + 1, 20 + 5 * at, stake)
        epoch(w).send(1, 1, {"to": public(2), "amount": 1})
        w.end()
        epoch(w, next(22 + 5 * at for at in range(5) if rules.has_seat(w.state, public(22 + 5 * at)))).send(2, 1, {"to": public(1), "amount": 1})
        yield name, w


def seat_worlds():
    w = World(parameters=[*FREE[3:], (6, 1003), (12, 4), (13, 2)]).block()
    one = standing(w, 1, 20, 100)
    epoch(w).send(1, 7, {"node": one, "amount": 1}).send(1, 1, {"to": public(2), "amount": 1})
    epoch(w).send(1, 9, stand(one), 32).send(1, 9, stand(one, 0), 34).send(1, 6, {"node": one, "amount": 1}).send(1, 9, stand(one))
    two = standing(w, 2, 30, 300)
    epoch(w).send(3, 1, {"to": public(2), "amount": 1})
    epoch(w, 22).send(2, 9, stand(two, 0)).send(1, 5, {"node": one})
    epoch(w, 32).send(3, 1, {"to": public(2), "amount": 1})
    yield "candidates come and go, and an epoch pays", w

    w = World(parameters=[*FREE, (6, 10), (12, 4), (13, 1)], treasury=(1 << 128) - 1 - 5 * RICH - 25).block()
    standing(w, 1, 20, 100)
    for proposer in (11, 22, 22, 22):
        epoch(w, proposer)
    yield "no more is issued than there may be", w

    w = World(parameters=[*FREE, (13, 1)]).block()
    bare = made(w, 1, 20, validator=NO_CLAIM)
    one = made(w, 1, 40)
    w.send(1, 9, stand(bytes(32)), 22).send(2, 9, stand(one), 23).send(2, 9, stand(one, 0), 23).send(1, 9, stand(one, 0), 34).send(1, 9, stand(bare), 31)
    w.send(1, 9, stand(one), 32).send(1, 6, {"node": one, "amount": 99}).send(1, 9, stand(one), 32).send(1, 6, {"node": one, "amount": 1})
    w.send(1, 9, stand(one, 1, one)).send(1, 9, stand(one), 33).send(1, 9, one + b"\2", 2).send(1, 9, one + b"\1", 2).send(1, 9, one + b"\0" + bytes(32), 2)
    w.send(1, 9, one + b"\0").send(1, 9, stand(one, 0), 34).send(1, 9, stand(one)).send(1, 4, new_key(w, one, VALIDATOR, 42, 0))
    w.send(1, 9, stand(one), 31).send(1, 5, {"node": bare}).send(1, 9, stand(bare), 24)
    epoch(w).send(1, 9, stand(one, 0), 34)
    yield "rejections of candidates", w


def genesis_nodes(*stakes):
    """Nodes of keys that nobody need have."""
    key = lambda at, use: digest(bytes([at // 256, at % 256, use]))  # noqa: E731
    return [
        {"owner": public(1 + at % 5), "operator": key(at, 1), "transport": NO_KEY, "validator": key(at, 3), "roles": at % 16,
         "address": b"a" * (at % 3), "stake": stake}
        for at, stake in enumerate(stakes)
    ]  # fmt: skip


def begun(nodes, parameters=()):
    """What a genesis of these nodes says, with the seats that follow."""
    draft = rules.Draft(rules.State(rules.Hashes(bytes(32)), {}, None))
    draft.write(rules.PARAMETERS_KEY, rules.PARAMETERS, sorted(parameters))
    seats = rules.place_nodes(draft, nodes)
    fields = {"nodes": nodes, "parameters": list(parameters)}
    return fields if seats is None else {**fields, "seats": seats}


def genesis_worlds():
    yield "a genesis with nodes", World(**begun(genesis_nodes(500, 0, 99, 100), FREE))
    nodes = [{**one, "validator": public(11 + at)} for at, one in enumerate(genesis_nodes(500, 100, 120, 130))]
    nodes[0]["transport"] = public(99)
    w = World(**begun(nodes, FREE)).block(proposer=11).send(1, 9, stand(rules.genesis_node(public(1), 0), 0))
    w.send(2, 7, {"node": rules.genesis_node(public(2), 1), "amount": 100})
    epoch(w, 12)
    yield "a genesis whose nodes have the seats", w
    full = begun([{**one, "address": b"", "roles": 1} for one in genesis_nodes(*[150 if at == 7 else 200 for at in range(256)])], [*FREE, (13, 128)])
    full["nodes"][0].update(validator=public(11), stake=300)
    full = begun(full["nodes"], full["parameters"])
    w = World(**full).block()
    one = made(w, 1, 40)
    w.send(1, 6, {"node": one, "amount": 150}).send(1, 9, stand(one, 1), 35)
    least, other = rules.genesis_node(public(1 + 7 % 5), 7), rules.genesis_node(public(1), 0)
    w.send(1, 9, stand(one, 1, least), 35).send(1, 9, stand(one, 1, other), 35).send(1, 9, stand(one, 1, one), 35)
    w.send(1, 6, {"node": one, "amount": 1}).send(1, 9, stand(one, 1, other), 35).send(1, 9, stand(one, 1, least)).send(3, 9, stand(least), 35)
    w.send(1, 9, stand(other, 0)).send(3, 9, stand(least, 1, other))
    yield "as many candidates as there may be", w


def refused_geneses():
    nodes = genesis_nodes(500, 100, 120, 130)
    good = begun(nodes, FREE)
    one = lambda name, **changed: (f"genesis {name} refused", {"genesis": genesis(**{**good, **changed}).hex(), "blocks": []})  # noqa: E731
    twice = lambda use, other: [{**nodes[0], use: nodes[1][other]}, *nodes[1:]]  # noqa: E731
    return [
        one("whose nodes have other seats", seats=good["seats"][::-1]), one("whose nodes have a seat less", seats=good["seats"][:-1]),
        one("with a node without an operator", nodes=[{**nodes[0], "operator": NO_KEY}, *nodes[1:]]),
        one("with an operator twice", nodes=twice("operator", "operator")), one("with a key of two uses", nodes=twice("transport", "operator")),
        one("with one key for a node's two uses", nodes=[{**nodes[0], "transport": nodes[0]["operator"]}, *nodes[1:]]),
        one("with more at stake than there may be", nodes=[*nodes, *genesis_nodes(0, 0, 0, 0, (1 << 128) - 1)[4:]]),
    ]


def worlds():
    yield from shared_worlds()
    yield from seat_worlds()
    yield from genesis_worlds()
