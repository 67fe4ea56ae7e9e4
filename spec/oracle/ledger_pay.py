"""ledger.md section 7.7: what a key took for a job is held while a step of the job is disputed, and becomes void."""

from ledger_channels import channel_id, owed
from ledger_forms import HASH, KEY, U8, U32, U64, record
from ledger_liable import to_account
from ledger_missing import ANSWER, RECEIPT, dispute_id, in_log, receipt_id
from ledger_records import DISPUTE, ENDED, HOLD, SETTLEMENT, dispute_key, hold_key, settlement_key
from ledger_turn import reject_unless

SPANS_MOST, HELD_MOST = 16, (1 << 16) - 1
VOIDS = (1, 3, 5)  # claimant refuted, claimant silent, planted

HOLDS = record((
    ("dispute", HASH), ("node", HASH), ("choice", U32), ("position", U32), ("kind", U8), ("what", U32), ("receipt", RECEIPT),
    ("answer", ANSWER), ("epoch", U64), ("payer", KEY), ("number", U64),
))  # fmt: skip
RELEASE = record((("dispute", HASH), ("epoch", U64), ("channel", HASH), ("payer", KEY)))


def join(spans, new, whole):
    """The list with another span: those that overlap or touch are one; where there would be too many, the whole."""
    found = []
    for one in sorted([*spans, new]):
        if found and one[0] <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], one[1]))
        else:
            found.append(one)
    return found if len(found) <= SPANS_MOST else [whole]


def hold(turn, body):
    key = dispute_key(body["dispute"])
    dispute = turn.draft.read(key, DISPUTE)
    reject_unless(dispute is not None, 115)
    (data, receipt), (_, answer) = body["receipt"], body["answer"]
    step = (turn.hashes, receipt["worker"], receipt["job"], body["choice"], body["position"], body["kind"], body["what"])
    about = body["dispute"] in (dispute_id(*step, dispute["challenger"]), dispute_id(*step))
    reject_unless(body["node"] == dispute["node"] and about, 111)
    reject_unless(dispute["stage"] != ENDED or dispute["outcome"] not in (2, 4), 102)
    channel, epoch = channel_id(turn.hashes, body["payer"], body["number"]), body["epoch"]
    reject_unless(answer["channel"] == channel, 92)
    settlement = turn.draft.read(settlement_key(epoch, channel), SETTLEMENT)
    reject_unless(settlement is not None, 96)
    reject_unless(settlement["node"] == body["node"], 97)
    in_log(turn, receipt["worker"], receipt_id(turn.hashes, data), answer)
    here = hold_key(body["dispute"], epoch, channel)
    before = turn.draft.read(here, HOLD)
    held = settlement["held"] + (before is None)
    reject_unless(held <= HELD_MOST, 105)
    whole = settlement["span"]
    overlap = (max(answer["from"], whole[0]), min(answer["to"], whole[1]))
    reject_unless(overlap[0] < overlap[1], 103)
    spans = [] if before is None else before["spans"]
    after = join(spans, overlap, whole)
    reject_unless(after != spans and join(settlement["voided"], overlap, whole) != settlement["voided"], 104)
    turn.draft.write(here, HOLD, {"payer": body["payer"], "spans": after})
    turn.draft.write(settlement_key(epoch, channel), SETTLEMENT, {**settlement, "held": held})


def release(turn, body):
    here = hold_key(body["dispute"], body["epoch"], body["channel"])
    found = turn.draft.read(here, HOLD)
    reject_unless(found is not None, 106)
    reject_unless(found["payer"] == body["payer"], 92)
    dispute = turn.draft.read(dispute_key(body["dispute"]), DISPUTE)
    reject_unless(dispute["stage"] == ENDED, 107)
    key = settlement_key(body["epoch"], body["channel"])
    before = turn.draft.read(key, SETTLEMENT)
    after = {**before, "held": before["held"] - 1}
    if dispute["outcome"] in VOIDS:
        for span in found["spans"]:
            after = {**after, "voided": join(after["voided"], span, after["span"])}
    to_account(turn, body["payer"], owed(before) - owed(after))
    turn.draft.write(key, SETTLEMENT, after)
    turn.draft.remove(here)


KINDS = {26: (HOLDS, lambda _: 50, hold), 27: (RELEASE, lambda _: 1, release)}
