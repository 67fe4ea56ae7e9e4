"""ledger.md 7.12, kind 71: a dispute about what was planted is decided by whom it was planted for."""

from ledger_disputes import NODES_MOVE, PLANTED, moves_for, open_dispute
from ledger_forms import HASH, KEY, U8, U32, U64, record
from ledger_liable import burn, to_account
from ledger_missing import LEAF, dispute_id, height_in
from ledger_nodes import there
from ledger_plants import commitment
from ledger_records import DECIDED, DISPUTE, PLANT, START, dispute_key, plant_key, start_key
from ledger_turn import TIME_MOST, reject_unless
from receipt_decode import Input

MEET = record((
    ("dispute", HASH), ("node", HASH), ("key", KEY), ("epoch", U64), ("index", U8), ("worker", KEY), ("choice", U32), ("position", U32),
    ("kind", U8), ("what", U32), ("challenger", KEY), ("salt", HASH), ("leaf", LEAF),
))  # fmt: skip


def dated_job(turn, data):
    """The job whose leaf 0 this is, as far as its beacon height, and that height (137)."""
    i = Input(data)
    i.take(2)
    number, content, salt = i.number(1), i.take(i.number(4)), i.take(32)
    height = height_in(number, content)
    reject_unless(height is not None, 137)
    hash_ = turn.hashes.hash(b"probity job leaf v1", salt + content)
    job = turn.hashes.root_of(b"probity job node v1", 8, 0, hash_, [i.take(32) for _ in range(3)])
    return job, height


def meet(turn, body):
    found = open_dispute(turn, body)
    job, height = dated_job(turn, body["leaf"][0])
    said = dispute_id(turn.hashes, body["worker"], job, body["choice"], body["position"], body["kind"], body["what"], body["challenger"])
    reject_unless((said, body["challenger"]) == (body["dispute"], found["challenger"]), 111)
    reject_unless(moves_for(turn, there(turn, body["node"])), 82)
    reject_unless(found["stage"] == NODES_MOVE and not found["begun"], 116)
    reject_unless(turn.clock["time"] <= found["deadline"], 117)
    place, epoch = plant_key(body["key"], body["epoch"], body["index"]), body["epoch"]
    plant = turn.draft.read(place, PLANT)
    reject_unless(plant is not None, 136)
    opening = {"node": body["node"], "job": job, "choice": body["choice"], "position": body["position"], "salt": body["salt"]}
    reject_unless(commitment(turn.hashes, opening) == plant["commitment"], 137)
    start = turn.draft.read(start_key(min(epoch + 2, TIME_MOST)), START)
    reject_unless(start is not None and start["height"] <= height, 138)
    reject_unless(turn.clock["epoch"] <= epoch + 2 * plant["epochs"], 138)
    usual, beyond = found["bond"]
    if plant["met"]:
        found = {**found, "bond": (usual, 0)}
    else:
        turn.charge(beyond, 8)
        paid = min(found["plant_pay"], plant["bond"])
        to_account(turn, found["challenger"], paid)
        turn.draft.write(place, PLANT, {**plant, "bond": plant["bond"] - paid, "met": 1})
    burn(turn, beyond)
    turn.draft.write(dispute_key(body["dispute"]), DISPUTE, {**found, "stage": DECIDED, "outcome": PLANTED})


KINDS = {71: (MEET, lambda _: 50, meet)}
