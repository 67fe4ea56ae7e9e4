"""Worlds of ledger.md section 7.9, kind 42: the seats name the group's next key."""

import bls
import ledger_groups as groups
import ledger_proposals as rules
from ledger_node_cases import made
from ledger_records import GROUP, GROUP_KEY
from ledger_stake_cases import FREE, UNBOND, some
from ledger_world import A_GROUP, World, genesis, secret

ANOTHER, NO_PROOF = b"\7" * 96, bytes(48)
TERM = UNBOND // 8  # of a key


def grouped():
    return World(kind=(2, A_GROUP), parameters=[])


def named(w, at, seats=((0, 11), (1, 12), (2, 13)), key=None, proof=None, signed_at=None, group=()):
    """A body: places of seats, and the accounts that sign there; of another group where no key is given."""
    key, proof = key or groups.key(2), proof or groups.possession(w.hashes, 2)
    record = GROUP.whole(w.execution.draft.get(GROUP_KEY))
    message = rules.next_message({**record, **dict(group)}, {"key": key, "at": at if signed_at is None else signed_at})
    word = [(place, w.hashes.sign(b"probity group next v1", secret(name), message)) for place, name in seats]
    return {"key": key, "proof": proof, "at": at, "word": word}


def turned(w, name, passed):
    """So much later another key is the group's."""
    w.block(passed - 1)
    w.send(3, 42, named(w, w.header["height"] + 2, key=groups.key(name), proof=groups.possession(w.hashes, name)))
    return w.block(1)


def leaving(late):
    """Stake that leaves, where the first key was in use for a term, or so much longer, and all others for a term."""
    w = World(kind=(2, A_GROUP), parameters=FREE).block()
    node = made(w, 1, 20)
    w.send(1, 6, some(node, 500)).send(1, 7, some(node, 100)).block(1).send(1, 7, some(node, 30))
    since, name = TERM + late, 2
    ends = since + UNBOND if late else 1000 + UNBOND
    turned(w, name, since - 1001)
    while since + TERM < ends:
        since, name = since + TERM, 5 - name
        turned(w, name, TERM)
    w.block(ends - since - 1).send(1, 8, {"node": node}, 29).block(1).send(1, 8, {"node": node})
    return w.block(since + TERM + 1 - ends).send(1, 8, {"node": node}, 29)


def worlds():
    yield "stake leaves where keys change in time", leaving(0)
    yield "stake is held where a key was in use for too long", leaving(1)

    w = grouped().block()
    first = named(w, 5)
    w.send(5, 42, first).send(4, 42, first, 176).block()
    w.send(1, 42, named(w, 4, seats=((0, 11), (1, 12), (2, 13), (3, 14)))).send(1, 42, first, 176).block().block().block()
    yield "the seats name a next key", w

    w = grouped().block()
    w.send(1, 42, named(w, 1), 173).send(1, 42, named(w, 0), 173).send(1, 42, named(w, 9, key=A_GROUP), 173)
    w.send(1, 42, named(w, 1, seats=()), 173).send(1, 42, named(w, 9, seats=()), 175).send(1, 42, named(w, 9, seats=((0, 11), (3, 14))), 175)
    w.send(1, 42, named(w, 9, seats=((0, 11), (1, 12), (2, 14))), 176).send(1, 42, named(w, 9, seats=((0, 11), (1, 12), (4, 14))), 176)
    w.send(1, 42, named(w, 9, seats=((0, 11), (1, 12), (2, 13), (3, 15))), 176).send(1, 42, named(w, 9, signed_at=8), 176)
    w.send(1, 42, named(w, 9, group=(("next", ANOTHER), ("at", 9))), 176).send(1, 42, named(w, 9, key=ANOTHER, proof=NO_PROOF), 174)
    w.send(1, 42, named(w, 9, key=ANOTHER, proof=NO_PROOF, seats=((0, 11), (1, 12), (2, 14))), 176)
    body = rules.NEXT.write(named(w, 9))
    w.send(1, 42, body[:-1], 2).send(1, 42, body + b"\0", 2).send(1, 42, rules.NEXT.write(named(w, 9, seats=((0, 11), (0, 11), (2, 13)))), 2)
    w.send(1, 42, rules.NEXT.write(named(w, 9, seats=[(place, 11) for place in range(129)])), 2)
    of_group = (5, {"key": ANOTHER, "proof": NO_PROOF, "at": 9})
    w.send(1, 80, {"content": of_group}, 174)
    yield "rejections of next keys", w

    of_simulation = World().block()
    yield "no next key in a simulation", of_simulation.send(1, 42, named(grouped().block(), 9), 172)


def refused_geneses():
    bad = (("infinity", bls.written(None, 2)), ("zeros", bytes(96)), ("a point outside the subgroup", groups.outside(bls.G2, 2)))
    return [(f"genesis of a group whose key is {name} refused", {"genesis": genesis(kind=(2, key)).hex(), "blocks": []}) for name, key in bad]
