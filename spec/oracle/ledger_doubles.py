"""ledger.md section 7.7, kinds 40 and 41: two receipts of one job, two leaves for the same money."""

from ledger_forms import HASH, KEY, SIGNATURE, U64, pair, record
from ledger_missing import ANSWER, LEAF, RECEIPT, contradicts, in_log, loses, receipt_id, sealed
from ledger_turn import reject_unless

RECEIPTS, LEAVES = 4, 5

TWO_RECEIPTS = record((("node", HASH), ("epoch", U64), ("leaf", LEAF), ("one", pair(RECEIPT, SIGNATURE)), ("other", pair(RECEIPT, SIGNATURE))))
TWO_LEAVES = record((("node", HASH), ("epoch", U64), ("leaf", LEAF), ("receipt", RECEIPT), ("one", ANSWER), ("other", ANSWER), ("worker", KEY)))


def alone(receipt):
    return all(len(segments) == 1 for _, segments in receipt["choices"])


def receipts(turn, body):
    (one_data, one), (other_data, other) = (body[name][0] for name in ("one", "other"))
    found = contradicts(turn, body, [one["worker"], other["worker"]], (one["job"], 0, RECEIPTS))
    reject_unless(one_data != other_data and one["job"] == other["job"] and alone(one) and alone(other), 154)
    for name in ("one", "other"):
        (data, _), signature = body[name]
        reject_unless(sealed(turn.hashes, data, signature), 124)
    loses(turn, body, found)


def leaves(turn, body):
    (data, receipt), one, other = body["receipt"], body["one"][1], body["other"][1]
    workers = [receipt["worker"], body["worker"]]
    found = contradicts(turn, body, workers, (receipt["job"], 0, LEAVES))
    reject_unless(one["receipt"] == receipt_id(turn.hashes, data) != other["receipt"], 154)
    both = max(one["from"], other["from"]) < min(one["to"], other["to"])
    reject_unless(one["channel"] == other["channel"] and both, 154)
    for worker, leaf in zip(workers, (one, other)):
        in_log(turn, worker, leaf["receipt"], leaf)
    loses(turn, body, found)


KINDS = {40: (TWO_RECEIPTS, lambda _: 4000, receipts), 41: (TWO_LEAVES, lambda _: 80, leaves)}
