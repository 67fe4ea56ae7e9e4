"""Worlds of ledger.md section 7.7: disputes that end in every way, and every rejection of kinds 50 to 54.

The games are made up: both sides agree on hashes of nothing until the tile, which is a greatest magnitude.
"""

import dispute
import dispute_cases
import ledger_disputes as rules
import receipt
import receipt_cases
import receipt_log as log
import referee
import referee_forms
import referee_model
from hash_blake3 import digest
from ledger_node_cases import NO_CLAIM, OPERATOR, made, new_key
from ledger_package_cases import PROGRAM, SIZE, UNITS, manifest, published, to
from ledger_records import NODE, node_key
from ledger_world import World, public, secret
from receipt import i32, u16, u32
from referee_proofs import Trace

MOVE, APPEAL = 60000, 60000
FREE = [(1, 0), (2, 0), (3, 0), (4, 10000), (5, 2500), (40, MOVE), (46, APPEAL), (53, 60000), (54, 60000), (55, 60000)]
# Little is judged, so that it ends within some blocks: an epoch has nine of them.
EPOCH = 540000
SOON = [(4, EPOCH), (5, 60000), (31, 1200000), (32, 2), (49, 6), (54, 60000), (55, 60000)]
STAKE, BOND, SLASH = 500000000, 4000000, 60000000
KEY = 20  # the operator's
MODEL = digest(manifest())
SALT = bytes([6] * 32)
ROW = b"".join(i32(v) for v in range(-30, 34))  # its greatest magnitude is 33
OPS = referee_model.Model(referee_model.read_program(PROGRAM), MODEL, [], (b"", 0)).ops


def held_model():
    whole = digest(b"file")
    return referee_model.Model(referee_model.read_program(PROGRAM), MODEL, [(whole, SIZE)], (digest(b"units"), 2 * UNITS))


def named(**changed):
    return {"model": MODEL, "publisher": public(9), "program": digest(PROGRAM), "ops": OPS, **changed}


def world(stake=STAKE, parameters=()):
    """A node of account 1, its operator KEY, and a package that its receipts are about."""
    w = World(parameters=[*{**dict(FREE), **dict(parameters)}.items()]).block()
    w.send(9, 10, {"program": PROGRAM}).send(9, 11, published(w, manifest(), 9))
    node = made(w, 1, KEY, transport=NO_CLAIM, validator=NO_CLAIM)
    if stake:
        w.send(1, 6, {"node": node, "amount": stake})
    return w.block(), node


class Case:
    """A dispute: its filing, its id, the referee's state as both sides have it."""

    def __init__(self, w, node, challenger=3, position=1, worker=KEY, tokens=(5, 6, 7), filing=None, beacon=1):
        self.w, self.node, self.challenger, self.trace = w, node, challenger, Trace(w.hashes.network)
        place = {"network": w.hashes.network.hex()}
        changed = {"place": place, "secret": secret(worker).hex(), "model": MODEL.hex(), "beacon": str(beacon)}
        self.data = dispute_cases.token_filing(position, tokens=tokens, **changed) if filing is None else filing(place, changed)
        read = dispute.read_filing(self.data)
        self.filing, self.signature = (self.data, read), None
        head = read[0][0][1]
        step = (w.hashes, head["worker"], head["job"], head["choice"], *(rules.claim_of(read) or (0, 0, 0)))
        self.last = 2 * (4 + step[4])
        self.claim, self.id = rules.dispute_id(*step), rules.dispute_id(*step, public(challenger))

    def open(self, rejected=None, by=None, decided=False, **changed):
        body = {"node": self.node, "epoch": 1, **named(), "filing": self.filing, "signature": self.signature, **changed}
        self.w.send(by or self.challenger, 50, body, rejected)
        if rejected is None and not decided:
            self.state = rules.first_state(self.w.hashes, held_model(), self.data, self.filing[1], self.signature)
        return self

    def move(self, by, made, rejected=None, **changed):
        data = dispute.move(made)
        body = {"dispute": self.id, "node": self.node, **named(), "state": self.state, "move": (data, made), **changed}
        self.w.send(by, 51, body, rejected)
        if rejected is None:
            read = referee_forms.read_state(held_model(), self.w.hashes.network, self.state)
            self.state = referee_forms.write_state(referee.take(read, referee.turn(read), referee_forms.move(data), 0))
        return self

    def late(self, rejected=None, by=5, **changed):
        self.w.send(by, 52, {"dispute": self.id, "node": self.node, **changed}, rejected)
        return self

    def appeal(self, rejected=None, by=1, **changed):
        self.w.send(by, 54, {"dispute": self.id, "node": self.node, **changed}, rejected)
        return self

    def end(self, rejected=None, appellant=None, **changed):
        body = {"dispute": self.id, "node": self.node, "owner": public(1), "challenger": public(self.challenger), "claim": self.claim}
        body |= {"appellant": bytes(32) if appellant is None else public(appellant), **changed}
        self.w.send(5, 53, body, rejected)
        return self

    # Moves of the game.

    def roots(self):
        """Of the epilogue's ops: norm, quantise, logits, sample."""
        self.parts = [self.trace.leaf(SALT, i32(-8)), self.trace.leaf(SALT, bytes(66))]
        token = self.trace.leaf(SALT, u32(rules.claim_of(self.filing[1])[2]))
        return [self.trace.leaf(SALT, ROW), self.trace.root(self.parts), bytes([8] * 32), token]

    def root(self):
        return {"number": 1, "root": self.trace.root(self.children()["hashes"])}

    def own_root(self, agreed=True):
        return {"number": 2, "entries": self.last, "root": self.root()["root"] if agreed else bytes([9] * 32)}

    def children(self):
        return {"number": 3, "hashes": [bytes([at] * 32) for at in range(1, self.last + 1)]}

    def ops(self):
        return {"number": 5, "roots": self.roots(), "salt": SALT}

    def said(self, greatest):
        return {"number": 6, "subtrees": [self.trace.leaf(SALT, u32(greatest))], "leaves": self.parts, "tile": None}

    def to_tile(self, greatest=33, owner=1, operator=KEY):
        """Up to the last move."""
        self.move(owner, self.root()).move(self.challenger, self.own_root()).move(operator, self.ops()).move(self.challenger, name(1))
        self.move(owner, self.said(greatest)).move(self.challenger, name(0))
        return self.move(owner, {"number": 7, "leaf": (SALT, u32(greatest)), "edge": []})

    def operands(self):
        return {"number": 8, "operands": [{"number": 4, "leaves": ([(SALT, ROW)], []), "boundary": None}]}


def name(index):
    return {"number": 4, "index": index}


def ended():
    """Every outcome by moves."""
    w, node = world()
    w.block()
    lie = Case(w, node).open().to_tile(greatest=34)
    again = Case(w, node, challenger=4).open().to_tile(greatest=34)
    true = Case(w, node, position=0).open().to_tile()
    w.block()
    for case in (lie, again, true):
        case.move(case.challenger, case.operands())
    w.block()
    lie.end().end(115)
    again.end()
    true.end()
    w.send(1, 7, {"node": node, "amount": 1})
    Case(w, node, challenger=5).open(113)
    yield "disputes that end at a tile", w

    w, node = world(stake=SLASH // 2)
    case = Case(w, node).open().move(1, Case(w, node).root())
    case.move(3, case.own_root(agreed=False)).move(5, case.children()).move(3, name(4))
    w.send(1, 7, {"node": node, "amount": 1}, 27)
    lie = Case(w, node, position=2).open().to_tile(greatest=34).move(3, Case(w, node).operands())
    lie.end()
    w.block().send(2, 6, {"node": node, "amount": 7}).send(2, 6, {"node": node, "amount": SLASH})
    to(w, 2 * MOVE + 5000)
    case.late().appeal().end(121, appellant=1)
    yield "a debt is paid first", w


def silences():
    w, node = world()
    one, two, three = (Case(w, node, position=at).open() for at in range(3))
    four = Case(w, node, challenger=4, position=2).open().move(1, one.root())
    to(w, MOVE + 20000)
    one.late()
    two.late(by=4)
    three.late()
    four.late().end()
    w.block()
    one.appeal()
    later = Case(w, node, challenger=2, tokens=(5, 6, 8), position=2).open()
    one.to_tile().move(3, one.operands()).end(appellant=1)
    two.appeal(by=KEY, rejected=8)
    w.send(1, 1, {"to": public(KEY), "amount": BOND})
    two.appeal(by=KEY)
    to(w, w.execution.clock["time"] + APPEAL + 20000)
    three.end()
    two.late().end(appellant=KEY)
    later.late().appeal(by=1)
    later.to_tile(greatest=40).move(2, later.operands()).end(appellant=1)
    yield "silences", w

    w, node = world()
    one, two = Case(w, node, position=0).open(), Case(w, node, position=1)
    to(w, MOVE + 20000)
    one.late()
    two.open()
    w.block()
    to(w, w.execution.clock["time"] + MOVE + 1)
    two.late().appeal()
    w.block()
    three = Case(w, node, position=2).open()
    to(w, w.execution.clock["time"] + MOVE + 1)
    three.late()
    found = w.execution.draft.read(node_key(node), NODE)
    assert (found["silences"], found["stake"]) == (2, STAKE - 4 * SLASH)
    yield "cases of one absence, and of another", w


def faulted(w, position=4, op=2, secret_of=KEY, number=6, shown=(5, 6)):
    """A filing of a fault, and the signature of its receipt's envelope. The head is over the tokens that are shown."""
    place = {"network": w.hashes.network.hex()}
    parts = lambda tokens: dispute_cases.parts_of(tokens=tokens, place=place, secret=secret(KEY).hex(), model=MODEL.hex(), beacon="1")  # noqa: E731
    (hashes, job, commitment, signed), (*_, head) = parts((5, 6)), parts(shown)
    stop = receipt.stop_bytes({"number": number, "position": position, "op": op})
    fields = {**receipt_cases.base_fields(commitment, public(KEY)), "model": MODEL, "prompt_tokens": 4, "output_tokens": 2}
    data = receipt.receipt({**fields, "choices": [(0, [signed], stop)]})
    _, signature = log.sealed(hashes, secret(secret_of), data)
    return dispute.filing([head, *dispute_cases.leaves_of(hashes, job)], dispute.FAULT, data), signature


def faults():
    w, node = world()
    for changed, why in (({"secret_of": 30}, 114), ({"number": 5}, 114), ({"number": 3}, 56), ({}, None), ({}, 113), ({"op": 3}, None), ({"position": 5, "op": OPS - 1}, None)):
        data, signature = faulted(w, **changed)
        case = Case(w, node, filing=lambda *_, data=data: data)
        case.signature = signature
        case.open(why, **({"publisher": public(3)} if why == 56 else {}))
    root = {"number": 1, "root": bytes([3] * 32)}
    case.move(1, root).move(3, {"number": 2, "entries": 12, "root": bytes([3] * 32)}).move(1, {"number": 5, "roots": [bytes(32)] * 3, "salt": None})
    case.move(3, name(4), 119).move(3, name(3)).move(1, {"number": 6, "subtrees": [], "leaves": [], "tile": None}, 119)
    data, signature = faulted(w, position=0, op=0)
    case = Case(w, node, challenger=4, filing=lambda *_: data)
    case.signature = signature
    case.open().move(1, {"number": 1, "root": bytes([1] * 32)}, 119).move(1, {"number": 1, "root": bytes(32)})
    case.move(4, {"number": 2, "entries": 1, "root": bytes([1] * 32)}, 119).move(4, {"number": 2, "entries": 0, "root": bytes(32)})
    case.move(1, {"number": 5, "roots": [], "salt": None}).move(4, name(1), 119).move(4, name(0)).move(1, {"number": 6, "subtrees": [], "leaves": [], "tile": 1}, 119)
    case.move(1, {"number": 6, "subtrees": [], "leaves": [], "tile": 0}).move(4, name(1), 119).move(4, name(0)).move(4, {"number": 9, "blind": bytes(32)}, 119)
    for changed in ({"number": 5}, {"position": 0, "op": 0, "shown": (5,)}):  # about no step: none stands in its way
        data, signature = faulted(w, **changed)
        case = Case(w, node, challenger=4, filing=lambda *_, data=data: data)
        case.signature = signature
        case.open(114)
    yield "faults that are claimed", w


def impossible():
    """Steps that the program has not: their filings are all there is to say."""
    w, node = world()
    most = held_model().context
    for challenger, changed in ((3, {"prompt": [1] * (most + 1)}), (4, {"prompt": [1] * (most - 1), "tokens": (5, 6, 7), "position": 2}), (3, {"arithmetic": 2})):
        case = Case(w, node, challenger=challenger, filing=lambda _, more, changed=changed: dispute_cases.token_filing(**{"position": 0, **more, **changed}))
        case.open(decided=True).open(113).late(116).appeal(122).end().open(113)
    last = Case(w, node, filing=lambda _, more: dispute_cases.token_filing(position=1, prompt=[1] * (most - 1), **more))
    last.open().end(121)
    for changed in ({"op": OPS}, {"position": 6}, {"position": 2, "op": OPS - 1}):
        data, signature = faulted(w, **changed)
        case = Case(w, node, filing=lambda *_, data=data: data)
        case.signature = bytes(64)
        case.open(114)
        case.signature = signature
        case.open(decided=True).end()
    found = w.execution.draft.read(node_key(node), NODE)
    assert (found["disputes"], found["stake"]) == (1, STAKE - 6 * SLASH)
    yield "steps that the program has not", w


def dated():
    w, node = world(parameters=SOON)
    Case(w, node, beacon=0).open(129).open(129, epoch=0)
    Case(w, node, beacon=2).open(129)
    Case(w, node).open(129, epoch=2).open(129, epoch=(1 << 64) - 1)
    leaves = lambda order: lambda made, *_: [made[0], *(made[at] for at in order)]  # noqa: E731
    for order in ((2, 2, 3), (3, 2, 1)):
        Case(w, node, filing=lambda _, changed, order=order: dispute_cases.token_filing(pieces_=leaves(order), **changed)).open(129)
    Case(w, node, filing=lambda _, changed: dispute_cases.token_filing(of_job=bytes([8] * 32), **changed)).open(114)
    Case(w, node, filing=lambda _, changed: dispute_cases.token_filing(kind=9, **changed)).open(114)
    w.send(1, 4, new_key(w, node, OPERATOR, KEY, 25)).block(EPOCH).block()
    Case(w, node, beacon=11).open(130, epoch=2)
    Case(w, node, beacon=11, worker=25).open(epoch=2)
    for _ in range(4):
        w.block(EPOCH)
    Case(w, node, position=2).open().to_tile(greatest=34, operator=25).move(3, Case(w, node).operands()).end()
    w.block(EPOCH).block(EPOCH)
    Case(w, node, position=0).open(129)
    Case(w, node, beacon=11, worker=25, position=0).open(epoch=2)
    yield "dates of disputes", w


def rejected():
    w, node = world(parameters=[(42, 1)])
    other = made(w, 2, 30, transport=NO_CLAIM, validator=NO_CLAIM)
    case = Case(w, node)
    case.open(22, node=bytes(32)).open(110, node=other).open(56, publisher=public(3)).open(111, program=bytes(32)).open(111, ops=OPS - 1)
    Case(w, node, worker=21).open(110)
    sound = {"node": node, "epoch": 1, **named(), "filing": case.filing, "signature": None}
    whole = rules.OPEN.write(sound)
    w.send(3, 50, whole[:-1], 2).send(3, 50, whole + b"\0", 2).send(3, 50, whole[:-1] + b"\xff", 2).send(3, 50, whole[:-2] + b"\xff\0", 114)
    Case(w, node, filing=lambda place, changed: dispute_cases.token_filing(**{**changed, "model": bytes(32).hex()})).open(114)
    poor = Case(w, node, challenger=6)
    poor.open(8)
    case.open().open(113)
    two = Case(w, node, challenger=4, position=2).open()
    w.send(1, 4, new_key(w, node, OPERATOR, KEY, 25))
    Case(w, node, challenger=2, position=0).open()
    w.block()
    root = case.root()
    case.move(1, root, 115, dispute=bytes(32)).move(1, root, 111, node=other).move(1, root, 111, publisher=public(3)).move(1, root, 111, model=bytes(32))
    case.move(1, root, 111, program=bytes(32)).move(2, root, 116).move(3, root, 116).move(KEY, root, 116)
    case.move(1, root, 118, state=case.state[:-1]).move(1, root, 118, state=b"").move(1, root, 111, ops=OPS - 1)
    case.move(1, name(0), 119).move(5, case.children(), 119).move(1, case.operands(), 119)
    body = {"dispute": case.id, "node": node, **named(), "state": case.state, "move": (dispute.move(root), root)}
    sent = rules.MOVE.write(body)
    w.send(1, 51, sent + b"\0", 2).send(1, 51, sent[:-32], 2).send(1, 51, sent.replace(u16(1) + b"\1" + root["root"], u16(2) + b"\1" + root["root"]), 2)
    case.late(120).late(115, dispute=bytes(32)).late(111, node=other).appeal(122).appeal(116, by=3).appeal(115, dispute=bytes(32)).appeal(111, node=other)
    case.end(121).end(115, dispute=bytes(32)).end(111, node=other).end(111, owner=public(2)).end(111, challenger=public(4)).end(111, appellant=2)
    case.end(111, claim=bytes(32)).move(25, root).move(1, root, 116)
    to(w, MOVE + 11000)
    case.move(3, case.own_root(), 117)
    two.late().late(116).appeal(116, by=3).end(121).move(1, root, 116)
    case.late().late(116).end()
    to(w, w.execution.clock["time"] + APPEAL + 1)
    two.appeal(122).end().end(115).late(115).appeal(115)
    yield "rejections of disputes", w

    w, node = world(parameters=[(42, 1), (41, 0)])
    for at in range(33):
        Case(w, node, tokens=(5, 6, at + 7), position=2).open()
    Case(w, node, tokens=(5, 6, 2), position=2).open(112)
    yield "as many disputes as one may have", w


def paid_for_silence():
    """Where bytes of state cost something, so that accusing who sleeps may pay something, too."""
    paying = {**dict(FREE), 3: 1, 48: 200, 62: 300}
    w = World(parameters=[*paying.items()]).block().send(1, 1, {"to": public(9), "amount": 100000})
    w.send(9, 10, {"program": PROGRAM}).send(9, 11, published(w, manifest(), 9))
    node = made(w, 1, KEY, transport=NO_CLAIM, validator=NO_CLAIM)
    w.send(1, 6, {"node": node, "amount": STAKE}).block()
    one, two = Case(w, node).open(), Case(w, node, tokens=(5, 6, 8), challenger=4).open()
    w.block(MOVE + 1)
    one.late()
    two.late().appeal()
    w.block(APPEAL + 1)
    one.end()
    yield "what silence pays", w


def worlds():
    yield from ended()
    yield from paid_for_silence()
    yield from faults()
    yield from silences()
    yield from impossible()
    yield from dated()
    yield from rejected()
