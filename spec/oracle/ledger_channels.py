"""ledger.md: channels and what they settle, and the anchors of receipt logs."""

import receipt
import receipt_log as log
from ledger_forms import HASH, KEY, SIGNATURE, U64, U128, checked, list_of, record
from ledger_nodes import there
from ledger_records import (
    ANCHOR, BOOK, BOUND, CHANNEL, EARLIER_MOST, NODE, OPERATOR, SETTLEMENT, TERMS_NAMES, anchor_key, book_key, bound_key, channel_key, node_key, settlement_key,
)  # fmt: skip
from ledger_turn import TIME_MOST, reject_unless

SIZE_MOST, PROOF_MOST = (1 << 53) - 1, 54
MILLION = 1000000

VOUCHER = record(
    (("channel", HASH), ("from", U128), ("cumulative", U128), ("expiry", U64), ("job", HASH)),
    lambda one: one["from"] < one["cumulative"], version=True,
)  # fmt: skip
OPEN = record((("node", HASH), ("deposit", U128)))
SETTLE = record((("node", HASH), ("epoch", U64), ("voucher", VOUCHER), ("signature", SIGNATURE)))
CLOSE = record((("channel", HASH), ("node", HASH)))
END = record((("channel", HASH), ("payer", KEY)))
ANCHORED = record((("size", checked(U64, lambda size: size <= SIZE_MOST)), ("root", HASH), ("proof", list_of(1, PROOF_MOST, HASH))))
COLLECT = record((("epoch", U64), ("channel", HASH), ("node", HASH), ("owner", KEY)))


def channel_id(hashes, payer, number):
    return hashes.hash(b"probity channel v1", payer + U64.write(number))


def open_(turn, body):
    reject_unless(body["deposit"] > 0, 6)
    reject_unless(not there(turn, body["node"])["retired"], 24)
    turn.charge(body["deposit"], 8)
    turn.draft.write(channel_key(channel_id(turn.hashes, turn.payer, turn.number)), CHANNEL, {
        "payer": turn.payer, "node": body["node"], "deposit": body["deposit"], "settled": 0, "opened": turn.clock["time"],
        "due": 0, "end": 0,
    })  # fmt: skip


def channel_of(turn, channel):
    found = turn.draft.read(channel_key(channel), CHANNEL)
    reject_unless(found is not None, 80)
    return found


def settle(turn, body):
    voucher, epoch = body["voucher"], turn.clock["epoch"]
    channel = channel_of(turn, voucher["channel"])
    reject_unless(channel["node"] == body["node"], 81)
    node = there(turn, body["node"])
    reject_unless(turn.payer in (node["owner"], node["operator"]), 82)
    reject_unless(node["stake"] >= turn.parameter("slash"), 26)
    reject_unless(body["epoch"] == epoch, 83)
    reject_unless(turn.hashes.holds(b"probity voucher v1", channel["payer"], VOUCHER.write(voucher), body["signature"]), 84)
    reject_unless(turn.clock["time"] < voucher["expiry"], 85)
    reject_unless(voucher["cumulative"] > channel["settled"], 86)
    reject_unless(voucher["cumulative"] <= channel["deposit"], 87)
    key = settlement_key(epoch, voucher["channel"])
    reject_unless(turn.draft.get(key) is None, 88)
    span = (channel["settled"], voucher["cumulative"])
    first = {"began": turn.clock["epoch_began"], "settled": 0, "settlements": 0, "terms": {name: turn.parameter(name) for name in TERMS_NAMES}}
    book = turn.draft.read(book_key(epoch), BOOK, first)
    settlement = {"node": body["node"], "span": span, "starts": book["settled"], "share": book["terms"]["audit_share"], "voided": [], "held": 0}
    turn.to_treasury(share_of(settlement, span[1] - span[0]))
    turn.draft.write(node_key(body["node"]), NODE, {**node, "answered": turn.clock["time"]})
    book = {**book, "settled": book["settled"] + span[1] - span[0], "settlements": book["settlements"] + 1}
    turn.draft.write(key, SETTLEMENT, settlement)
    turn.draft.write(book_key(epoch), BOOK, book)
    turn.draft.write(channel_key(voucher["channel"]), CHANNEL, {**channel, "settled": span[1]})


def may_end(turn, channel):
    clock = turn.clock
    return channel["end"] != 0 and clock["time"] >= channel["due"] and clock["epoch"] >= channel["end"]


def close(turn, body):
    channel = channel_of(turn, body["channel"])
    reject_unless(channel["node"] == body["node"], 81)
    node = there(turn, body["node"])
    if turn.payer == node["owner"]:
        reject_unless(not may_end(turn, channel), 90)
        due, end = turn.clock["time"], turn.clock["epoch"]
    else:
        reject_unless(turn.payer == channel["payer"], 89)
        reject_unless(channel["end"] == 0, 90)
        due, end = turn.later(turn.parameter("channel_close_ms")), turn.clock["epoch"] + 2
    turn.draft.write(channel_key(body["channel"]), CHANNEL, {**channel, "due": due, "end": end})


def end(turn, body):
    channel = channel_of(turn, body["channel"])
    reject_unless(channel["payer"] == body["payer"], 92)
    reject_unless(may_end(turn, channel), 91)
    turn.pay(channel["payer"], channel["deposit"] - channel["settled"])
    turn.draft.remove(channel_key(body["channel"]))


def collect(turn, body):
    key = settlement_key(body["epoch"], body["channel"])
    found = turn.draft.read(key, SETTLEMENT)
    reject_unless(found is not None, 96)
    reject_unless(found["node"] == body["node"], 97)
    node = there(turn, body["node"])
    reject_unless(node["owner"] == body["owner"], 98)
    reject_unless(turn.clock["epoch"] > body["epoch"] + turn.parameter("collect_epochs"), 99)
    reject_unless(found["held"] == 0, 100)
    reject_unless(turn.clock["time"] >= node["jailed_until"], 101)
    reject_unless(node["owed_cases"] <= node["stake"] + sum(one["amount"] for one in node["unbonding"]), 108)
    amount = owed(found)
    paid = min(node["debt"], amount)
    turn.burn(paid)
    turn.draft.write(node_key(body["node"]), NODE, {**node, "debt": node["debt"] - paid})
    turn.pay(body["owner"], amount - paid)
    turn.draft.remove(key)
    book = turn.draft.read(book_key(body["epoch"]), BOOK)
    if book["settlements"] == 1:
        turn.draft.remove(book_key(body["epoch"]))
    else:
        turn.draft.write(book_key(body["epoch"]), BOOK, {**book, "settlements": book["settlements"] - 1})


def share_of(settlement, amount):
    return amount * settlement["share"] // MILLION


def owed(settlement):
    """What a settlement is still worth, for its node."""
    start, end = settlement["span"]
    void = sum(span[1] - span[0] for span in settlement["voided"])
    return (end - start - share_of(settlement, end - start)) - (void - share_of(settlement, void))


EMPTY_LOG = {"size": 0, "root": log.root([]), "epoch": None}


def anchor(turn, body):
    bound = turn.draft.read(bound_key(turn.payer), BOUND)
    reject_unless(bound is not None and bound["role"] == OPERATOR, 93)
    late = min(bound["until"] + turn.parameter("anchor_late_ms"), TIME_MOST)
    reject_unless(bound["until"] == 0 or turn.clock["time"] < late, 93)
    found = turn.draft.read(anchor_key(turn.payer), ANCHOR)
    before = EMPTY_LOG if found is None else found
    reject_unless(before["epoch"] != turn.clock["epoch"], 94)
    reject_unless(grew(before, body, body["proof"]), 95)
    anchored = {"size": body["size"], "root": body["root"], "epoch": turn.clock["epoch"], "time": turn.clock["time"]}
    anchored["earlier"] = [] if found is None else [*found["earlier"], (found["epoch"], found["size"])][-EARLIER_MOST:]
    turn.draft.write(anchor_key(turn.payer), ANCHOR, anchored)


def grew(old, new, proof):
    """receipt.md section 9: out of the empty log, with no proof; else as RFC 6962 proves it."""
    if old["size"] == new["size"]:
        return old["root"] == new["root"] and proof == []
    if old["size"] == 0:
        return proof == []
    if new["size"] < old["size"]:
        return False
    rest = list(proof)

    def roots(count, size, known):
        """Of the first so many leaves of a subtree, and of all of it."""
        if count == size:
            found = old["root"] if known else rest.pop(0)
            return found, found
        left = receipt.left_part(size)
        if count <= left:
            part, whole = roots(count, left, known)
            return part, node(whole, rest.pop(0))
        part, whole = roots(count - left, size - left, False)
        beside = rest.pop(0)
        return node(beside, part), node(beside, whole)

    try:
        found = roots(old["size"], new["size"], True)
    except IndexError:
        return False
    return rest == [] and found == (old["root"], new["root"])


def node(left, right):
    return log.sha(log.NODE + left + right)


KINDS = {
    20: (OPEN, lambda _: 1, open_),
    21: (SETTLE, lambda _: 60, settle),
    22: (CLOSE, lambda _: 1, close),
    23: (END, lambda _: 1, end),
    24: (ANCHORED, lambda _: 30, anchor),
    25: (COLLECT, lambda _: 1, collect),
}
