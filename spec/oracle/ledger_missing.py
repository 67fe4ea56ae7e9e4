"""ledger.md sections 7.7 and 7.8: two tokens for one place; receipts that are due in their worker's log."""

import dispute
import receipt_decode as decode
import receipt_ed25519 as ed25519
import receipt_log as log
from receipt import left_part
from exact import Refused
from ledger_forms import HASH, KEY, SIGNATURE, U8, U32, U64, Form, blob, record
from ledger_liable import accused, acquitted, burn, jailed, joined, lost, operates, put, share_of, silent, spoke, to_account
from ledger_nodes import there
from ledger_records import ANCHOR, DISPUTE, ENDED, MISSING, START, anchor_key, dispute_key, missing_key, start_key
from ledger_turn import TIME_MOST, reject_unless
from receipt_decode import Input

EVIDENCE_MOST, RECEIPT_MOST, ANSWER_MOST, LEAF_MOST = 1 << 12, 4096, 1 << 11, 1024
EQUIVOCATION, NOBODY = 3, bytes(32)


# What a body holds behind a length: the bytes, of a form that they must have.


def inside(size, most, read):
    """The bytes of something that can be read, and what was read of it."""
    outer = blob(size, most)

    def whole(i):
        data = outer.read(i)
        inner = Input(data)
        found = read(inner)
        inner.end()
        return data, found

    return Form(lambda pair: outer.write(pair[0]), whole)


def read_receipt(i):
    """The fields that the ledger looks at."""
    decode.receipt(i)
    again = Input(i.data)
    again.take(2)
    found = {"kind": again.number(1), "job": again.take(32), "model": again.take(32)}
    found |= {"arithmetic": again.number(2), "sampling": again.number(2), "consent": again.number(1), "anchor_by": again.number(8)}
    found["usage"] = (again.number(4), again.number(4))
    found["choices"], found["stops"] = [], []
    for _ in range(again.number(1)):
        found["choices"].append((again.number(4), again.items(1, 16, lambda: decode.signed_head(again))))
        found["stops"].append(read_stop(again))
    again.take(1)
    return found | {"worker": again.take(32)}


def read_stop(i):
    """Number and fields of a stop reason."""
    number = i.number(1)
    fields = {2: (("index", 1),), 4: (("count", 4), ("signature", 64)), 6: (("position", 4), ("op", 4))}.get(number, ())
    return {"number": number, **{name: i.take(64) if size == 64 else i.number(size) for name, size in fields}}


def read_answer(i):
    i.version()
    leaf = i.take(96)
    found = {"leaf": leaf, "receipt": leaf[:32], "channel": leaf[32:64], "from": int.from_bytes(leaf[64:80], "little"), "to": int.from_bytes(leaf[80:], "little")}
    return found | {"index": i.number(8), "proof": i.items(1, 53, lambda: i.take(32))}


def read_leaf(i):
    """A leaf of a job, shown alone: its bytes are looked at where they count."""
    decode.job_leaf(i)


RECEIPT, ANSWER = inside(2, RECEIPT_MOST, read_receipt), inside(2, ANSWER_MOST, read_answer)
LEAF = inside(2, LEAF_MOST, read_leaf)
EVIDENCE = record((("node", HASH), ("epoch", U64), ("leaf", LEAF), ("evidence", inside(2, EVIDENCE_MOST, decode.equivocation))))
ASK = record((("node", HASH), ("receipt", RECEIPT), ("signature", SIGNATURE)))
ANSWERED = record((("missing", HASH), ("node", HASH), ("owner", KEY), ("challenger", KEY), ("worker", KEY), ("answer", ANSWER)))
LATE = record((("missing", HASH), ("node", HASH), ("challenger", KEY)))


def receipt_id(hashes, data):
    return hashes.hash(b"probity receipt v1", data)


def dispute_id(hashes, worker, job, choice, position, kind, what, challenger=NOBODY):
    """With none a claim's."""
    numbers = U32.write(choice) + U32.write(position) + U8.write(kind) + U32.write(what)
    return hashes.hash(b"probity dispute v1", worker + job + numbers + challenger)


def missing_id(hashes, receipt):
    return hashes.hash(b"probity missing v1", receipt)


def sealed(hashes, data, signature):
    """Whether this opens the receipt's envelope: its worker's signature, and that of every head."""
    found = read_receipt(Input(data))
    kind, payload = "application/vnd.probity.receipt.v1", hashes.prefix(b"probity receipt v1") + data
    signed = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    heads = [head for _, segments in found["choices"] for head in segments]
    return ed25519.holds(found["worker"], signed, signature) and all(
        hashes.holds(b"probity head v1", head["worker"], head["bytes"], head["signature"]) for head in heads
    )


def root_of(leaf, index, size, path):
    """The root of a log of so many leaves that a path leads to, or None."""
    found, rest = log.leaf_hash(leaf), list(path)
    sides = []

    def down(at, count):
        if count > 1:
            left = left_part(count)
            sides.append(at >= left)
            down(at - left if at >= left else at, count - left if at >= left else left)

    if index >= size:
        return None
    down(index, size)
    if len(sides) != len(rest):
        return None
    for right, other in zip(reversed(sides), rest):
        found = log.sha(log.NODE + (other + found if right else found + other))
    return found


def in_log(turn, worker, receipt, answer):
    """The answer's leaf has the receipt's id and leads to the worker's log as it was anchored last (128)."""
    anchored = turn.draft.read(anchor_key(worker), ANCHOR)
    reject_unless(anchored is not None and answer["receipt"] == receipt, 128)
    reject_unless(root_of(answer["leaf"], answer["index"], anchored["size"], answer["proof"]) == anchored["root"], 128)


def height_of(leaf):
    """The beacon height in leaf 0 of a job as it is shown; 0 where it begins like none."""
    i = Input(leaf)
    i.version()
    return height_in(i.number(1), i.take(i.number(4))) or 0


def height_in(number, content):
    """The beacon height in these bytes of a job's leaf of this number, of which no more is read; None: they begin like no leaf 0."""
    begins = number == 0 and len(content) >= 48 and content[:2] == b"\1\0"
    return int.from_bytes(content[40:48], "little") if begins else None


def date_holds(turn, height, epoch):
    """The same, and what is dated then is judged yet (129)."""
    start = dated(turn, height, epoch)
    reject_unless(turn.clock["epoch"] <= start["judged"], 129)
    return start


def dated(turn, height, epoch):
    """A job of this beacon height is dated in the epoch (129): the epoch's start."""
    clock = turn.clock
    start, after = (turn.draft.read(start_key(one), START) for one in (epoch, min(epoch + 1, TIME_MOST)))
    reject_unless(height > 0 and start is not None and start["height"] <= height, 129)
    before = clock["height"] if epoch == clock["epoch"] else 0 if after is None else after["height"]
    reject_unless(height < before, 129)
    return start


def answers(bound, start):
    """The key answers for what is dated in an epoch that began so (130)."""
    reject_unless(bound["until"] == 0 or bound["until"] > start["time"], 130)


def speaks(turn, bound):
    """Whether the key speaks for its node."""
    return bound["until"] == 0 or turn.clock["time"] < min(bound["until"] + turn.parameter("anchor_late_ms"), TIME_MOST)


def is_judged(turn, epoch):
    """Whether what is to be anchored in this epoch is still asked for, or not yet."""
    start = turn.draft.read(start_key(epoch), START)
    return turn.clock["epoch"] < epoch if start is None else turn.clock["epoch"] <= start["judged"]


def anchors(turn, bound, epoch):
    """The key could still anchor something in this epoch (130): not one that has not begun, if it has ended."""
    start = turn.draft.read(start_key(epoch), START)
    late = min(bound["until"] + turn.parameter("anchor_late_ms"), TIME_MOST)
    reject_unless(bound["until"] == 0 or (start is not None and start["time"] < late), 130)


def leaf_0(turn, job, leaf):
    """Whether this is leaf 0 of the job."""
    try:
        dispute.shown_leaf(turn.hashes, job, 0, leaf)
    except Refused:
        return False
    return True


def contradicts(turn, body, workers, about):
    """Who answers for what its keys signed twice, about a choice of a job: the node, the keys, where it will stand."""
    job, choice, kind = about
    node = there(turn, body["node"])
    keys, leaf = [operates(turn, worker, body["node"]) for worker in workers], body["leaf"][0]
    reject_unless(leaf_0(turn, job, leaf), 129)
    start = date_holds(turn, height_of(leaf), body["epoch"])
    for bound in keys:
        answers(bound, start)
    key = dispute_key(dispute_id(turn.hashes, workers[0], job, choice, 0, kind, 0))
    reject_unless(turn.draft.get(key) is None, 113)
    return node, keys, key


def loses(turn, body, found):
    node, keys, key = found
    free = turn.clock["time"] >= node["jailed_until"]
    node, taken = lost(node, turn.parameter("slash"), 0)
    put(turn, body["node"], jailed(turn, node))
    share = share_of(taken, turn.parameter("challenger_share")) if free and all(speaks(turn, bound) for bound in keys) else 0
    to_account(turn, turn.payer, share)
    burn(turn, taken - share)
    turn.draft.write(key, DISPUTE, {"node": body["node"], "challenger": turn.payer, "opened": turn.clock["time"], "stage": ENDED, "outcome": 1})


def equivocation(turn, body):
    data, ((head, _), _) = body["evidence"]
    found = contradicts(turn, body, [head["worker"]], (head["job"], head["choice"], EQUIVOCATION))
    reject_unless(decode.equivocation_holds(turn.hashes, data), 123)
    loses(turn, body, found)


def ask(turn, body):
    node, (data, found) = there(turn, body["node"]), body["receipt"]
    bound, epoch = operates(turn, found["worker"], body["node"]), turn.clock["epoch"]
    receipt = receipt_id(turn.hashes, data)
    key = missing_key(missing_id(turn.hashes, receipt))
    reject_unless(turn.draft.get(key) is None, 126)
    due = found["anchor_by"]
    reject_unless(due != 0 and due < epoch and is_judged(turn, due), 125)
    anchors(turn, bound, due)
    reject_unless(sealed(turn.hashes, data, body["signature"]), 124)
    turn.draft.write(key, MISSING, {"worker": found["worker"], "receipt": receipt, **asked(turn, body["node"], node)})


def asked(turn, name, node):
    """A node is asked for something: what the record has of it."""
    node, bond, cost = accused(turn, node)
    turn.charge(sum(bond), 8)
    put(turn, name, node)
    return {
        "node": name, "challenger": turn.payer, "opened": turn.clock["time"], "deadline": turn.later(turn.parameter("move_ms")), "bond": bond,
        "cost": cost, "silence_fee": turn.parameter("silence_fee"), "silent": 0, "held": 0,
    }  # fmt: skip


def missing_of(turn, body):
    found = turn.draft.read(missing_key(body["missing"]), MISSING)
    reject_unless(found is not None, 127)
    return found


def answer(turn, body):
    found = missing_of(turn, body)
    node = there(turn, found["node"])
    said = (body["node"], body["owner"], body["challenger"], body["worker"])
    reject_unless(said == (found["node"], node["owner"], found["challenger"], found["worker"]), 111)
    reject_unless(turn.clock["time"] <= found["deadline"], 117)
    in_log(turn, found["worker"], found["receipt"], body["answer"][1])
    answered(turn, found, node)
    turn.draft.remove(missing_key(body["missing"]))


def answered(turn, found, node):
    """What was asked for is shown."""
    node, (usual, beyond) = acquitted(node, found), found["bond"]
    if found["silent"]:
        to_account(turn, found["challenger"], usual)
        burnt = min(found["held"], usual)
        burn(turn, beyond + burnt)
        node = joined(turn, node, found["held"] - burnt)
    else:
        to_account(turn, node["owner"], usual // 2)
        burn(turn, usual - usual // 2 + beyond)
    put(turn, found["node"], spoke(turn, node))


def late(turn, body):
    unanswered(turn, body, missing_of(turn, body), missing_key(body["missing"]), MISSING)


def unanswered(turn, body, found, key, kind):
    """The deadline of what was asked for has passed: silence, or its end."""
    reject_unless((body["node"], body["challenger"]) == (found["node"], found["challenger"]), 111)
    reject_unless(found["deadline"] < turn.clock["time"], 120)
    node, (usual, beyond) = there(turn, found["node"]), found["bond"]
    if not found["silent"]:
        turn.draft.write(key, kind, {**found, **silent(turn, found["node"], node, found), "silent": 1})
        return
    node, taken = lost(acquitted(node, found), found["cost"], found["held"])
    put(turn, found["node"], node)
    fee = min(taken, found["silence_fee"])
    to_account(turn, found["challenger"], usual + fee)
    burn(turn, taken - fee + beyond)
    turn.draft.remove(key)


KINDS = {
    60: (EVIDENCE, lambda _: 300, equivocation),
    61: (ASK, lambda _: 2000, ask),
    62: (ANSWERED, lambda _: 30, answer),
    63: (LATE, lambda _: 1, late),
}
