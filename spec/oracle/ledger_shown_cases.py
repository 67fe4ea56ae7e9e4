"""Worlds of ledger.md section 7.10: answers that are drawn: shown, found true or false, closed; silences, and every rejection."""

import dispute
import dispute_cases
import ledger_disputes as rules_of
import ledger_findings as findings
import ledger_planted as rules
import ledger_shown as shown
import ledger_vouching as vouching
import receipt as form
import receipt_opened
from ledger_audit_cases import auditor, drawn, enrol
from ledger_channel_cases import FAR, collected, opened
from ledger_channels import VOUCHER
from ledger_dispute_cases import KEY, MODEL, Case, held_model, named
from ledger_disputes import first_state
from ledger_missing import LEAF, dispute_id
from ledger_missing_cases import anchor, answered, leaf_of, parts
from ledger_missing_cases import shown as signed
from ledger_node_cases import OPERATOR, new_key
from ledger_package_cases import PROGRAM, manifest, published, to
from ledger_plants import commitment
from ledger_records import AUDIT, audit_key
from ledger_world import World, public, secret
from receipt import u16, u32

EPOCH, HOUR = 100000, 60000  # of this world: an epoch, and each of an audit's windows
UNIT = 1000
FREE = [
    (1, 0), (2, 0), (3, 0), (4, EPOCH), (32, 2), (40, HOUR), (46, HOUR), (49, 30), (50, UNIT), (52, 3), (53, HOUR), (54, HOUR), (55, HOUR), (56, 1), (57, 30), (64, 2),
]  # fmt: skip
STAKE, BOND, SLASH = 500000000, 4000000, 60000000
TOKENS = (5, 6, 7)
ALL_OF_IT = {"tokens_max": len(TOKENS), "tokens": [2], "strings": []}
LENGTH = {"number": 3}
ROOTS = [bytes([3] * 32)]
NEXT = 25  # the node's next key
PAYER, FIRST, SECOND = 2, 30, 40  # the channel's payer; the auditors' operators, of accounts 3 and 4


class Audit:
    """A unit that a node settled, its receipt, the auditors; up to the draw."""

    def __init__(self, count=2, consent=2, parameters=(), stake=STAKE, at=1, plants=(), gives_up=False, **changed):
        w = World(parameters=[*(pair for pair in FREE if pair[0] not in dict(parameters)), *parameters]).block()
        w.send(5, 10, {"program": PROGRAM}).send(5, 11, published(w, manifest(), 9))
        self.at = at
        self.w, self.ended = w, changed.pop("ended", LENGTH)
        self.changed = {"consent": consent, "tokens": TOKENS, "stop": ALL_OF_IT, **changed}
        self.node = auditor(w, 1, KEY, stake)
        self.auditors = [auditor(w, owner, keys, STAKE) for owner, keys in ((3, FIRST), (4, SECOND))[:count]]
        for owner, node in zip((3, 4), self.auditors):
            w.send(owner, 30, enrol(node))
        for key, amount in ((KEY, 5000), (FIRST, 100), (SECOND, 100)):
            w.send(1, 1, {"to": public(key), "amount": amount})
        self.number = w.number(PAYER)
        self.channel = opened(w, PAYER, self.node, 10 * UNIT)
        w.block()
        self.plant(plants)
        if gives_up:
            w.send(1, 4, new_key(w, self.node, OPERATOR, KEY, NEXT))
        epoch(w, at)
        self.pay()

    def plant(self, positions):
        """Plants of account 5, in the first epoch."""
        for index, position in enumerate(positions):
            hidden = {"node": self.node, "job": parts(self.w, **self.changed)[2], "choice": 0, "position": position, "salt": bytes([index] * 32)}
            self.w.send(5, 70, {"epoch": 1, "index": index, "commitment": commitment(self.w.hashes, hidden)})

    def pay(self):
        w = self.w
        self.hashes, self.job, self.commitment, _ = parts(w, **self.changed)
        self.held = signed(w, anchor_by=2, ended=self.ended, **self.changed)
        self.leaves = [leaf_of(w, self.held, self.channel, 0, UNIT)]
        self.voucher = self.promised()
        voucher, signature = self.voucher
        w.send(1, 21, {"node": self.node, "epoch": self.at, "voucher": voucher, "signature": signature})
        anchor(w, self.leaves)

    def promised(self, by=PAYER, **changed):
        voucher = {"channel": self.channel, "from": 0, "cumulative": UNIT, "expiry": FAR, "job": self.commitment, **changed}
        return voucher, self.w.hashes.sign(b"probity voucher v1", secret(by), VOUCHER.write(voucher))

    def draw(self):
        epoch(self.w, self.at + 2).send(5, 31, drawn(self.at, 0, self.channel, self.node))
        return self

    def which(self, node=None):
        return {"epoch": self.at, "index": 0, "node": self.node if node is None else node}

    def record(self):
        return self.w.execution.draft.read(audit_key(self.at, 0), AUDIT)

    # Bodies.

    def leaf(self, number=0, **changed):
        hashes, job, _, _ = parts(self.w, **{**self.changed, **changed})
        data = form.shown_leaf(hashes, job, number)
        return LEAF.whole(u16(len(data)) + data)

    def whole(self, last=(), model=None, **changed):
        """What a body has of an open job."""
        if self.changed["consent"] != 2 or self.changed.get("beacon") == "0":
            return None
        read = lambda number: shown.LONG_LEAF.whole(u16(len(self.shown(number))) + self.shown(number))  # noqa: E731
        tokens = self.changed["tokens"]
        partials = [self.hashes.partial(form.OUTPUT, 0, list(tokens), position) for position in last]
        found = {"parameters": read(3), "stop": read(5), "last": [shown.PARTIAL.whole(u16(len(one)) + one) for one in partials], "model": model}
        return {**found, **changed}

    def other(self, ended, last=(), model=None, **changed):
        """The same of another job's answer."""
        one, w = Audit.__new__(Audit), self.w
        one.w, one.changed = w, {**self.changed, **changed}
        one.hashes, one.job, one.commitment, _ = parts(w, **one.changed)
        one.held = signed(w, anchor_by=2, ended=ended(one.commitment) if callable(ended) else ended, **one.changed)
        return {**self.showing(open=one.whole(last, model)), "receipt": one.held[0], "signature": one.held[1], "leaf": one.leaf()}

    def shown(self, number):
        return form.shown_leaf(self.hashes, self.job, number)

    def showing(self, word=ROOTS, salt=b"\1" * 32, voucher=None, **changed):
        (data, read), signature = self.held
        promise, promised = self.voucher if voucher is None else voucher
        finding = findings.finding_of(self.w.hashes, word)
        return {
            **self.which(), "receipt": (data, read), "signature": signature, "leaf": self.leaf(), "dated": self.at, "open": self.whole(), "answer": answered(self.leaves, 0),
            "voucher": promise, "promised": promised, "payer": public(PAYER), "number": self.number,
            "commitment": findings.commitment(self.w.hashes, finding, self.node, salt), **changed,
        }  # fmt: skip

    def committing(self, at, finding, salt=b"\2" * 32, **changed):
        commitment = findings.commitment(self.w.hashes, finding, self.auditors[at], salt)
        return {**self.which(self.auditors[at]), "commitment": commitment, **changed}

    def root(self, word=ROOTS):
        return findings.finding_of(self.w.hashes, word)

    def revealing(self, node, finding=None, salt=b"\2" * 32, step=None):
        said = (1, {"finding": self.root() if finding is None else finding}) if step is None else (2, step)
        return {**self.which(node), "salt": salt, "said": said}

    def closing(self, node=None, owner=1, step=None, **changed):
        return {**self.which(node), "owner": public(owner), "channel": self.channel, "step": step, **changed}

    def late(self, asker=bytes(32), **changed):
        return {**self.which(), "channel": self.channel, "payer": public(PAYER), "number": self.number, "asker": asker, **changed}

    def opening(self, asker, outputs=None, job=None, **changed):
        data = form.opening(self.hashes.blind, {**self.job, **(job or {})}, [(0, list(TOKENS))] if outputs is None else outputs)
        read = receipt_opened.read(data)
        return {**self.which(), "owner": public(1), "asker": bytes(32) if asker is None else public(asker), "receipt": self.held[0], "opening": (data, read), **changed}

    # Steps.

    def show(self, **changed):
        self.w.send(1, 32, self.showing(**changed))
        return self

    def commit(self, *found):
        for at, finding in enumerate(found):
            self.w.send(3 + at, 33, self.committing(at, finding))
        return self

    def filing(self, position=1, **changed):
        return lambda place, made: dispute_cases.token_filing(position, **{**self.changed, **made, **changed})

    def case(self, challenger, position=1):
        return Case(self.w, self.node, challenger=challenger, position=position, filing=self.filing(position), beacon=self.changed.get("beacon", "1"))

    def step(self, position=1):
        return {"choice": 0, "position": position, "kind": 1, "what": TOKENS[position]}

    def alarm(self, position=1):
        step = self.step(position)
        return dispute_id(self.w.hashes, public(KEY), self.commitment, step["choice"], step["position"], step["kind"], step["what"])

    def vouched(self, at, position=1, **changed):
        data = self.filing(position)({"network": self.w.hashes.network.hex()}, self.made())
        body = {**self.which(self.auditors[at]), **named(), "receipt": self.held[0], "filing": (data, dispute.read_filing(data))}
        return {**body, **changed}

    def made(self, worker=KEY):
        return {"place": {"network": self.w.hashes.network.hex()}, "secret": secret(worker).hex(), "model": MODEL.hex(), "beacon": self.changed.get("beacon", "1")}

    def vouching(self, at, challenger, position=1):
        """The dispute about what an auditor said, opened."""
        case = self.case(challenger, position)
        self.w.send(challenger, 37, self.vouched(at, position))
        case.node, case.claim = self.auditors[at], vouching.vouching_id(self.w.hashes, 1, 0, self.auditors[at])
        case.id = vouching.vouching_dispute(self.w.hashes, case.claim, case.id)
        case.state = first_state(self.w.hashes, held_model(), case.data, case.filing[1], None)
        return case

    def meeting(self, case, position=1, index=0, **changed):
        body = {"dispute": case.id, "node": self.node, "key": public(5), "epoch": 1, "index": index, "worker": public(KEY), **self.step(position)}
        return {**body, "challenger": public(case.challenger), "salt": bytes([index] * 32), "leaf": self.leaf(), **changed}

    def met(self, case):
        self.w.send(1, 71, self.meeting(case))
        case.end()

    def named(self, challenger, position=1, **changed):
        return {"worker": public(KEY), "job": self.commitment, **self.step(position), "challenger": public(challenger), **changed}


def epoch(w, number):
    """The first block of an epoch."""
    while w.execution.clock["epoch"] < number:
        w.block(10000)
    return w


def later(a, time):
    return to(a.w, a.w.execution.clock["time"] + time)


def honest():
    a = Audit().draw()
    a.show().commit(a.root(), a.root())
    w = a.w
    one, two = a.auditors
    w.send(3, 34, a.revealing(one)).send(SECOND, 34, a.revealing(two)).send(1, 34, a.revealing(a.node, salt=b"\1" * 32))
    w.send(5, 35, a.closing(one, 3), 152)
    epoch(w, 4).send(5, 35, a.closing(one, 3), 152)
    to(w, a.record()["deadline"] + HOUR).send(5, 35, a.closing(one, 3), 152)
    w.block().send(5, 35, a.closing(), 152).send(5, 35, a.closing(one, 3, a.named(3)), 111).send(5, 35, a.closing(one, 3)).send(5, 35, a.closing(one, 3), 149)
    w.send(5, 35, a.closing(two, 4)).send(5, 25, collected(1, a.channel, a.node, 1), 100).send(5, 35, a.closing()).send(5, 35, a.closing(), 147)
    w.send(5, 25, collected(1, a.channel, a.node, 1))
    yield "an audit of a true answer", w

    for consent, changed in ((0, {}), (1, {"auditors": [bytes([7] * 32).hex()]}), (2, {"beacon": "0"})):
        a = Audit(consent=consent, **changed).draw().show()
        epoch(a.w, 4).send(5, 36, a.late(), 149).send(5, 35, a.closing(step=a.named(3)), 111).send(5, 35, a.closing())
        yield f"an answer that nobody may look at, {consent}", a.w

    a = Audit(count=0).draw().show()
    epoch(a.w, 4).send(5, 35, a.closing())
    yield "an answer that nobody looks at", a.w

    for gives_up, why in ((True, 130), (False, None)):
        a = Audit(at=2, gives_up=gives_up, beacon="0").draw()
        if not gives_up:
            a.w.send(1, 4, new_key(a.w, a.node, OPERATOR, KEY, NEXT))
        a.w.send(1, 32, a.showing(), why)
        yield f"an answer without a date, of a key that was given up {'before' if gives_up else 'after'} it was settled", a.w


def shows():
    a = Audit()
    w, good = a.w, a.showing()
    w.send(1, 32, good, 147)
    a.draw()
    w.send(1, 32, {**good, "node": a.auditors[0]}, 111).send(2, 32, good, 82).send(3, 33, a.committing(0, a.root()), 149).send(1, 34, a.revealing(a.node), 149)
    other = signed(w, anchor_by=2, worker=FIRST, **a.changed)
    w.send(1, 32, a.showing(receipt=other[0], signature=other[1]), 110).send(1, 32, a.showing(signature=other[1]), 124)
    for changed in ({"leaf": a.leaf(2)}, {"leaf": a.leaf(prompt=[9])}, {"leaf": a.leaf(consent=0)}):
        w.send(1, 32, {**good, **changed}, 150)
    w.send(1, 32, {**good, "dated": 0}, 129).send(1, 32, {**good, "dated": 2}, 129).send(1, 32, {**good, "number": a.number + 1}, 92)
    w.send(1, 32, {**good, "payer": public(3)}, 92)
    for voucher in ({"channel": bytes(32)}, {"job": bytes(32)}, {"cumulative": UNIT + 1}, {"from": UNIT - 1}, {"cumulative": 1}):
        w.send(1, 32, a.showing(voucher=a.promised(**voucher)), 150)
    w.send(1, 32, a.showing(voucher=a.promised(by=3)), 84).send(1, 32, a.showing(voucher=a.promised(expiry=0)), None)
    yield "what shows no drawn answer", w

    a = Audit(parameters=[(53, 2 * EPOCH)])
    w = a.w
    leaves = [a.leaves[0], leaf_of(w, a.held, a.channel, 1, UNIT), leaf_of(w, a.held, bytes(32), 0, UNIT), leaf_of(w, a.held, a.channel, 0, UNIT - 1), bytes(96), a.leaves[0]]
    a.draw()
    anchor(w, leaves[:5], 1)
    epoch(w, 4)
    anchor(w, leaves, 5)
    at = lambda number, leaf=None: a.showing(answer=answered(leaves, number, leaf))  # noqa: E731
    w.send(1, 32, at(2), 150).send(1, 32, at(4), 150).send(1, 32, a.showing(answer=answered(leaves[:5], 0)), 128).send(1, 32, at(1, leaves[0]), 128)
    w.send(1, 32, at(5), 148).send(1, 32, at(0))
    yield "answers that show no leaf", w

    a = Audit()
    w = a.w
    a.draw()
    leaves = [a.leaves[0], bytes(96), a.leaves[0]]
    anchor(w, leaves, 1)
    w.send(1, 32, a.showing(answer=answered(leaves, 2)), 148).send(1, 32, a.showing(answer=answered(leaves, 0), commitment=b"\1" * 32))
    whole = shown.SHOWS.write(a.showing())
    w.send(1, 32, whole[:-32] + bytes(32), 2).send(1, 32, whole[:-1], 2).send(1, 32, whole + b"\0", 2).send(1, 32, a.showing(), 149)
    yield "a leaf that came too late", w


def whole_answers():
    """How an answer that is shown may end, and how not."""
    stop = {"tokens_max": 9, "tokens": [2, 7], "strings": ["so", "on"]}
    a = Audit(stop=stop, ended={"number": 1}).draw()
    w = a.w
    show = lambda why, **changed: w.send(1, 32, a.showing(open=a.whole(**changed)), why)  # noqa: E731
    show(153)
    show(153, last=(1,))
    show(153, last=(2, 2))
    show(150, last=(2,), parameters=a.whole()["stop"])
    show(150, last=(2,), stop=shown.LONG_LEAF.whole(u16(len(a.shown(4))) + a.shown(4)))
    show(150, last=(2,), model=model_of())
    w.send(1, 32, a.showing(open=None), 150)
    whole = shown.SHOWS.write(a.showing(open=a.whole(last=(2,) * 16)))
    w.send(1, 32, shown.SHOWS.write(a.showing(open=a.whole(last=(2,) * 17))), 2).send(1, 32, whole, 153)
    show(None, last=(2,))
    yield "an answer that ends with a stop token", w

    a = Audit(stop=stop, ended={"number": 2, "index": 1}).draw()
    w, context, epilogue, ops = a.w, held_model().context, held_model().epilogue(), held_model().ops
    ends = [  # what is whole is not what was paid for (150)
        ("another token", {"number": 1}, 153, {"tokens": (5, 6, 8)}), ("its stop token", {"number": 1}, 150, {}), ("nothing", {"number": 5}, 153, {}),
        ("a stop string that there is not", {"number": 2, "index": 2}, 153, {}), ("a stop string and no token", {"number": 2, "index": 0}, 153, {"tokens": ()}),
        ("more than was asked for", {"number": 2, "index": 0}, 153, {"stop": {**stop, "tokens_max": 2}}), ("too little", LENGTH, 150, {}),
        ("a choice too few", {"number": 2, "index": 0}, 153, {"choices": 2}), ("another choice", {"number": 2, "index": 0}, 153, {"choice": 1, "choices": 2}),
        ("no token at all", LENGTH, 150, {"tokens": (), "stop": {**stop, "tokens_max": 0}}),
    ]  # fmt: skip
    for _, ended, why, changed in ends:
        w.send(1, 32, a.other(ended, last=(len(changed.get("tokens", TOKENS)) - 1,) if ended["number"] == 1 else (), **changed), why)
    for count, by, why in ((3, 77, 150), (0, 77, 150), (4, 77, 153), (3, 78, 153)):
        signed_by = lambda job: {"number": 4, "count": count, "signature": form.cancellation(w.hashes, secret(by), job, 0, count)}  # noqa: E731, B023
        w.send(1, 32, a.other(signed_by, requester=public(77).hex()), why)
    long = {"tokens": tuple(range(17)), "stop": {**stop, "tokens_max": 99}, "requester": public(77).hex()}
    late = lambda job: {"number": 4, "count": 0, "signature": form.cancellation(w.hashes, secret(77), job, 0, 0)}  # noqa: E731
    w.send(1, 32, a.other(late, **long), 153).send(1, 32, a.other(late, **{**long, "tokens": tuple(range(16))}), 150)
    for prompt, why in ((context - len(TOKENS), 150), (context - len(TOKENS) - 1, 153)):
        w.send(1, 32, a.other(LENGTH, prompt=[1] * prompt, model=model_of()), why)
    for changed, why in (({"publisher": public(3)}, 56), ({"ops": 1}, 111), ({"model": bytes(32)}, 150), ({"program": bytes(32)}, 111)):
        w.send(1, 32, a.other(LENGTH, prompt=[1] * (context - len(TOKENS)), model=model_of(**changed)), why)
    for position, op, why in ((6, ops - 1, 150), (7, 0, 153), (2, epilogue, 153), (3, epilogue, 150), (0, 0, 150), (3, ops, 153)):
        w.send(1, 32, a.other({"number": 6, "position": position, "op": op}, model=model_of()), why)
    w.send(1, 32, a.showing())
    yield "how answers end", w


def model_of(**changed):
    return {name: value for name, value in named(**changed).items() if name in ("model", "publisher", "program", "ops")}


def commits():
    a = Audit().draw().show()
    w, (one, two) = a.w, a.auditors
    good = a.committing(0, a.root())
    w.send(5, 33, {**good, "index": 1}, 147).send(5, 33, {**good, "node": bytes(32)}, 22).send(4, 33, good, 82).send(1, 33, {**good, "node": a.node}, 149)
    whole = findings.COMMITS.write(good)
    w.send(3, 33, whole[:-32] + bytes(32), 2).send(3, 33, whole + b"\0", 2).send(FIRST, 33, good).send(3, 33, good, 149).send(3, 34, a.revealing(one), 149)
    w.send(4, 33, a.committing(1, a.root([bytes(32)]))).send(3, 34, {**a.revealing(one), "index": 1}, 147).send(3, 34, a.revealing(bytes(32)), 22)
    w.send(4, 34, a.revealing(one), 82).send(3, 34, a.revealing(one, salt=bytes(32)), 151).send(3, 34, a.revealing(one, finding=bytes(32)), 151)
    w.send(3, 34, a.revealing(one, step=a.step()), 151).send(1, 34, a.revealing(a.node), 151)
    sent = findings.REVEALS.write(a.revealing(one))
    w.send(3, 34, sent[:76] + b"\3" + sent[77:], 2).send(3, 34, sent + b"\0", 2).send(3, 34, a.revealing(one)).send(3, 34, a.revealing(one), 149)
    epoch(w, 4).send(4, 34, a.revealing(two, finding=a.root([bytes(32)])), 117)
    w.send(5, 35, a.closing(two, 4), 152).send(5, 36, {**a.late(), "number": a.number + 1}, 92).send(5, 36, a.late())
    w.send(5, 35, a.closing(two, 4), 152).send(1, 34, a.revealing(a.node, salt=b"\1" * 32)).send(5, 35, a.closing(two, 4), 152)
    w.block().send(5, 35, a.closing(two, 4, a.named(4)), 111).send(5, 35, a.closing(two, 4)).send(4, 30, enrol(two))
    later(a, HOUR).send(5, 35, a.closing(one, 3)).send(5, 35, a.closing(bytes(32), 3), 22).send(5, 35, a.closing(one, 4), 98).send(5, 35, a.closing(channel=bytes(32)), 111)
    w.send(5, 35, a.closing())
    yield "an audit that not all keep to", w

    a = Audit().draw()
    alarm = a.alarm()
    a.show(commitment=findings.commitment(a.w.hashes, alarm, a.node, bytes(32)))
    to(a.w, a.record()["deadline"] + 1).send(3, 33, a.committing(0, a.root()), 149).send(3, 38, a.which(a.auditors[0]), 149)
    a.w.send(1, 34, a.revealing(a.node, salt=bytes(32), step=a.step()), 149).send(5, 36, a.late(), 120)
    later(a, 2 * HOUR).send(5, 36, a.late())
    later(a, 2 * HOUR).send(1, 34, a.revealing(a.node, salt=bytes(32), finding=alarm), 117).send(5, 36, a.late())
    yield "a worker that says its answer is false", a.w


def silences():
    a = Audit().draw()
    w = a.w
    w.send(5, 36, a.late(), 120).send(5, 36, {**a.late(), "index": 1}, 147)
    later(a, HOUR).send(5, 36, a.late(), 120)
    w.block().send(5, 36, {**a.late(), "node": a.auditors[0]}, 111).send(5, 36, a.late(asker=public(3)), 111)
    w.send(5, 36, {**a.late(), "channel": bytes(32)}, 111).send(5, 36, {**a.late(), "payer": public(3)}, 92).send(5, 36, a.late()).send(5, 36, a.late(), 120)
    w.block().send(1, 32, a.showing()).send(5, 36, a.late(), 149)
    one, two = a.auditors
    a.commit(a.root(), a.root())
    w.send(3, 34, a.revealing(one))
    later(a, HOUR + 1000).send(5, 36, a.late()).send(4, 34, a.revealing(two), 149).send(1, 34, a.revealing(a.node, salt=b"\1" * 32))
    later(a, HOUR + 1000).send(5, 35, a.closing(one, 3)).send(5, 35, a.closing(two, 4)).send(5, 35, a.closing())
    w.send(1, 7, {"node": a.node, "amount": 1})
    yield "a worker that comes back", w

    for stage in (shown.SHOW, shown.REVEAL):
        a = Audit(stake=SLASH).draw()
        if stage == shown.REVEAL:
            a.show().commit(a.root())
            later(a, HOUR + 1000)
        later(a, HOUR + 1000).send(5, 36, a.late())
        later(a, HOUR + 1000)
        if a.w.execution.clock["epoch"] == 3:
            a.w.send(5, 36, a.late(), 152)
            epoch(a.w, 4)
        again, unpaid = (147, 101) if stage == shown.SHOW else (149, 100)
        a.w.send(5, 36, a.late()).send(5, 36, a.late(), again).send(5, 25, collected(1, a.channel, a.node, 1), unpaid)
        yield f"a worker that stays away, {stage}", a.w


def uncalled():
    """A node that was silent brings what is awaited: nobody, or somebody late, called it silent."""
    for called in (False, True):
        for stage in (shown.SHOW, shown.REVEAL, shown.OPENING):
            a = Audit().draw()
            if stage != shown.SHOW:
                a.show()
            if stage == shown.REVEAL:
                a.commit(a.root(), a.root())
            if stage == shown.OPENING:
                a.w.send(3, 38, a.which(a.auditors[0]))
            asker = public(3) if stage == shown.OPENING else bytes(32)
            deadline = a.record()["deadline"]
            to(a.w, deadline + 1).send(5, 36, a.late(asker)) if called else to(a.w, deadline + HOUR)
            brought = {
                shown.SHOW: (1, 32, a.showing()),
                shown.REVEAL: (1, 34, a.revealing(a.node, salt=b"\1" * 32)),
                shown.OPENING: (5, 39, a.opening(3)),
            }[stage]  # fmt: skip
            if called:
                to(a.w, deadline + HOUR + 1).send(*brought, 117).send(5, 36, a.late(asker), None if a.w.execution.clock["epoch"] > 3 else 152)
            else:
                a.w.send(*brought).send(*brought, 149)
            yield f"a node that is back, {stage}, {'called too late' if called else 'uncalled'}", a.w


def kept_back():
    a = Audit().draw().show()
    w, (one, two) = a.w, a.auditors
    a.commit(a.root(), a.root([bytes(32)]))
    w.send(3, 34, a.revealing(one))
    later(a, HOUR + 1000).send(5, 36, a.late())
    later(a, HOUR + 1000)
    epoch(w, 4).send(5, 36, a.late()).send(5, 36, a.late(), 149).send(5, 35, a.closing(), 152)
    w.send(5, 35, a.closing(one, 3), 152).send(5, 35, a.closing(two, 4))
    later(a, HOUR + 1000).send(5, 35, a.closing(one, 3)).send(5, 35, a.closing()).send(5, 35, a.closing(), 147)
    yield "a worker that keeps its word back", w


def openings():
    a = Audit().draw().show()
    w, (one, two) = a.w, a.auditors
    w.send(3, 38, {**a.which(one), "index": 1}, 147).send(4, 38, a.which(one), 82).send(1, 38, a.which(), 149).send(3, 38, {**a.which(one), "node": bytes(32)}, 22)
    w.send(5, 39, a.opening(3), 111).send(5, 39, a.opening(None), 149).send(4, 33, a.committing(1, a.root())).send(4, 38, a.which(two), 149)
    w.send(FIRST, 38, a.which(one)).send(3, 38, a.which(one), 149).send(3, 33, a.committing(0, a.root()), 149)
    good = a.opening(FIRST)
    w.send(5, 39, {**good, "index": 1}, 147).send(5, 39, {**good, "owner": public(2)}, 111).send(5, 39, {**good, "node": one}, 111)
    other = signed(w, anchor_by=3, **a.changed)[0]
    w.send(5, 39, {**good, "receipt": other}, 150).send(5, 39, a.opening(FIRST, outputs=[(0, [5, 6, 8])]), 150).send(5, 39, a.opening(FIRST, outputs=[]), 150)
    w.send(5, 39, a.opening(FIRST, outputs=[(0, [5, 6])]), 150).send(5, 39, a.opening(FIRST, outputs=[(1, [5, 6, 7])]), 150)
    w.send(5, 39, a.opening(FIRST, outputs=[(0, [5, 6, 7]), (1, [])]), 150).send(5, 39, a.opening(FIRST, job={"prompt": [1, 2]}), 150)
    whole = shown.OPENED.write(good)
    w.send(5, 39, whole[:-1], 2).send(5, 39, whole + b"\0", 2).send(5, 39, good).send(5, 39, good, 149).send(3, 38, a.which(one), 149)
    w.send(3, 33, a.committing(0, a.root()))
    yield "an opening that is asked for", w

    a = Audit(parameters=[(1, 7), (2, 3), (48, 5663), (62, 5663)]).draw().show()
    w, (one, two) = a.w, a.auditors
    w.send(FIRST, 38, a.which(one), 8).send(3, 38, a.which(one))
    later(a, HOUR + 1000).send(5, 36, a.late(), 111).send(5, 36, a.late(public(3)))
    w.send(5, 39, a.opening(3)).send(3, 33, a.committing(0, a.root())).send(4, 33, a.committing(1, a.root())).send(5, 36, a.late(public(3)), 120)
    yield "an opening that comes late", w

    a = Audit(parameters=[(1, 7), (2, 3), (41, 50), (48, 5663), (62, 5663)]).draw().show()
    a.w.send(3, 38, a.which(a.auditors[0])).send(5, 39, a.opening(3))
    yield "an opening that costs no more than a bond", a.w


def alarms():
    a = Audit().draw().show()
    w, (one, two) = a.w, a.auditors
    a.commit(a.alarm(), a.alarm(2))
    w.send(3, 34, a.revealing(one, step=a.step(2)), 151).send(3, 34, a.revealing(one, step=a.step()))
    w.send(4, 34, a.revealing(two, step=a.step(2))).send(1, 34, a.revealing(a.node, salt=b"\1" * 32))
    epoch(w, 4)
    lie, true = a.case(3).open(), a.case(4, 2).open()
    w.send(5, 35, a.closing(one, 3), 111).send(5, 35, a.closing(one, 3, a.named(3, 2)), 111).send(5, 35, a.closing(one, 3, a.named(4)), 111)
    for changed in ({"worker": public(FIRST)}, {"job": bytes(32)}, {"choice": 1}, {"kind": 2}, {"what": 7}):
        w.send(5, 35, a.closing(one, 3, a.named(3, **changed)), 111)
    w.send(5, 35, a.closing(one, 3, a.named(3)), 152).send(5, 35, a.closing(two, 4, a.named(4, 2)), 152)
    lie.to_tile(greatest=34).move(3, lie.operands())
    true.to_tile().move(4, true.operands())
    w.send(5, 35, a.closing(one, 3, a.named(3)), 152)
    lie.end()
    true.end()
    w.send(5, 35, a.closing(one, 3, a.named(3))).send(5, 35, a.closing(two, 4, a.named(4, 2))).send(5, 35, a.closing())
    yield "a true alarm and a false one", w

    a = Audit().draw().show()
    w, (one, two) = a.w, a.auditors
    a.commit(a.alarm(), a.alarm(2))
    w.send(3, 34, a.revealing(one, step=a.step())).send(SECOND, 34, a.revealing(two, step=a.step(2))).send(1, 34, a.revealing(a.node, salt=b"\1" * 32))
    w.send(4, 7, {"node": two, "amount": STAKE - 5})
    epoch(w, 4).send(5, 35, a.closing(two, 4, a.named(SECOND, 2)), 152)
    case = a.case(5).open().to_tile(greatest=34)
    case.move(5, case.operands()).end()
    w.send(5, 35, a.closing(one, 3, a.named(3)))
    later(a, HOUR).send(5, 35, a.closing(two, 4, a.named(SECOND, 2))).send(5, 35, a.closing())
    yield "alarms that others disputed, or nobody", w


    a = Audit(at=3, beacon="30", plants=(1, 2)).draw().show()
    w, (one, two) = a.w, a.auditors
    a.commit(a.alarm(), a.alarm())
    w.send(3, 34, a.revealing(one, step=a.step())).send(4, 34, a.revealing(two, step=a.step())).send(1, 34, a.revealing(a.node, salt=b"\1" * 32))
    a.met(a.case(3).open(epoch=3))
    epoch(w, 6).send(5, 35, a.closing(two, 4, a.named(4))).send(5, 35, a.closing(one, 3, a.named(3))).send(5, 35, a.closing())
    yield "alarms about what was planted", w

    a = Audit(parameters=[(42, 1)]).draw().show()
    w, (one, two) = a.w, a.auditors
    a.commit(a.alarm(), a.root())
    first = {"alarm": a.which(one)}
    a.case(5, 0).open()
    a.case(5, 2).open()
    a.case(3).open(111, **first)
    w.send(3, 34, a.revealing(one, step=a.step())).send(4, 34, a.revealing(two))
    a.case(3).open(147, alarm={**a.which(one), "index": 1}).open(147, alarm={**a.which(one), "epoch": 0})
    a.case(3).open(111, alarm=a.which(two)).open(111, alarm=a.which(a.node)).open(111, alarm=a.which())
    a.case(5).open(111, **first)
    a.case(3, 2).open(111, **first)
    said = {"node": a.node, "epoch": 1, **named(), "filing": a.case(3).filing, "signature": None}
    w.send(3, 50, rules_of.OPEN.write({**said, **first})[:-1], 2).send(3, 50, rules_of.OPEN.write(said)[:-1] + b"\2", 2)
    lie = a.case(3).open(**first)
    lie.open(113, **first)
    a.case(4).open()
    lie.to_tile(greatest=34).move(3, lie.operands()).end()
    a.case(5, 2).open(113)
    yield "an alarm's dispute where the list is full", w


def vouchings():
    a = Audit()
    a.w.send(5, 37, a.vouched(0), 147)
    a.draw()
    a.w.send(5, 37, a.vouched(0), 139)
    a.show().commit(a.root(), a.root())
    w, (one, two) = a.w, a.auditors
    w.send(5, 37, a.vouched(0), 139).send(3, 34, a.revealing(one)).send(4, 34, a.revealing(two)).send(1, 34, a.revealing(a.node, salt=b"\1" * 32))
    w.send(5, 37, a.vouched(0, node=a.node), 139).send(5, 37, a.vouched(0, node=bytes(32)), 139)
    w.send(5, 37, a.vouched(0, receipt=signed(w, anchor_by=3, **a.changed)[0]), 150)
    for changed in ({"tokens": (5, 6, 8)}, {"choice": 1, "choices": 2}, {"secret": secret(FIRST).hex()}, {"start": 1}):
        data = dispute_cases.token_filing(1, **{**a.changed, **a.made(), **changed})
        w.send(5, 37, a.vouched(0, filing=(data, dispute.read_filing(data))), 114)
    w.send(5, 37, a.vouched(0, publisher=public(3)), 56).send(5, 37, a.vouched(0, ops=1), 111).send(6, 37, a.vouched(0), 8)
    whole = vouching.VOUCHED.write(a.vouched(0))
    w.send(5, 37, whole[:-1], 2).send(5, 37, whole + b"\0", 2)
    lie, again = a.vouching(0, 5), a.vouching(0, 2)
    w.send(5, 37, a.vouched(0), 113)
    silent = a.vouching(1, 5, 2)
    for case in (lie, again):
        case.to_tile(greatest=34, owner=3, operator=FIRST).move(case.challenger, case.operands())
    lie.end(owner=public(3)).end(115)
    again.end(owner=public(3))
    w.send(5, 37, a.vouched(0, 2), 113).send(3, 7, {"node": one, "amount": 1})
    later(a, HOUR + 1000)
    silent.late()
    later(a, HOUR + 1000)
    w.send(5, 37, a.vouched(1), 117)
    silent.end(owner=public(4))
    epoch(w, 4).send(5, 35, a.closing(one, 3)).send(5, 37, a.vouched(0, 2), 139)
    yield "auditors that said false is true", w


def plants():
    a = Audit(parameters=[(3, 1), (42, 1), (48, 7), (62, 9)], at=3, beacon="30", plants=(1, 2))
    w = a.w
    hidden = {"node": a.node, "job": a.commitment, "choice": 0, "position": 0, "salt": bytes([0] * 32)}
    w.send(5, 70, {"epoch": 3, "index": 0, "commitment": commitment(w.hashes, hidden)})
    epoch(w, 4)
    one, again, moved, early, late = a.case(3).open(epoch=3), a.case(4).open(epoch=3), a.case(3, 2), a.case(3, 0).open(epoch=3), a.case(4, 2)
    moved.open(epoch=3).move(1, moved.root())
    late.open(epoch=3)
    good = a.meeting(one)
    w.send(1, 71, {**good, "dispute": bytes(32)}, 115).send(1, 71, {**good, "node": a.auditors[0]}, 111).send(1, 71, {**good, "leaf": a.leaf(2)}, 137)
    w.send(1, 71, {**good, "leaf": a.leaf(1)}, 137).send(1, 71, {**good, "leaf": a.leaf(prompt=[9])}, 111)
    for changed in ({"worker": public(FIRST)}, {"choice": 1}, {"position": 0}, {"kind": 2}, {"what": 7}, {"challenger": public(4)}):
        w.send(1, 71, {**good, **changed}, 111)
    w.send(2, 71, good, 82).send(5, 71, good, 82).send(1, 71, {**good, "index": 7}, 136).send(1, 71, {**good, "key": public(4)}, 136)
    w.send(1, 71, {**good, "epoch": 2}, 136).send(1, 71, {**good, "salt": bytes([3] * 32)}, 137).send(1, 71, {**good, "index": 1}, 137)
    w.send(1, 71, a.meeting(early, 0, epoch=3), 138).send(1, 71, a.meeting(moved, 2, 1), 116)
    whole = rules.MEET.write(good)
    w.send(1, 71, whole[:-1], 2).send(1, 71, whole + b"\0", 2).send(KEY, 71, a.meeting(again), 8).send(1, 71, a.meeting(again)).send(1, 71, a.meeting(again), 116)
    w.send(1, 71, good)
    one.end()
    again.end().end(115)
    a.case(2).open(113, epoch=3)
    later(a, HOUR + 1000).send(1, 71, a.meeting(late, 2, 1), 117)
    late.late().appeal()
    w.send(1, 71, a.meeting(late, 2, 1))
    late.end(appellant=1)
    w.send(1, 71, a.meeting(late, 2, 1), 115)
    yield "plants that are met", w


def answers():
    """Worlds of answers that are shown, and of what is said about them."""
    yield from honest()
    yield from plants()
    yield from shows()
    yield from whole_answers()
    yield from commits()


def worlds():
    """The others."""
    yield from silences()
    yield from uncalled()
    yield from kept_back()
    yield from openings()
    yield from alarms()
    yield from vouchings()
