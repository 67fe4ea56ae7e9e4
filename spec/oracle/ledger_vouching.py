"""ledger.md 7.10: an auditor said that every step is true; who finds one false disputes that."""

import dispute as form
from ledger_disputes import FILING, MODEL, NOBODY, begins, claim_of, named_model
from ledger_findings import ROOT, place_of
from ledger_forms import U32, U64, record
from ledger_liable import accused, promised, put
from ledger_missing import RECEIPT, dispute_id, receipt_id
from ledger_nodes import there
from ledger_records import DISPUTE, VOUCHING, dispute_key
from ledger_shown import WHICH, audit_of
from ledger_turn import TIME_MOST, reject_unless

VOUCHED = record((*WHICH, *MODEL, ("receipt", RECEIPT), ("filing", FILING)))


def vouching_id(hashes, epoch, index, node):
    return hashes.hash(b"probity vouching v1", U64.write(epoch) + U32.write(index) + node)


def vouching_dispute(hashes, vouching, dispute):
    return hashes.hash(b"probity vouching dispute v1", vouching + dispute)


def about(turn, body):
    """The filing is about a step that the audited receipt's worker answers for (114)."""
    (data, receipt), (pieces, claim) = body["receipt"], body["filing"][1]
    head = pieces[0][1]
    heads = [one for choice, segments in receipt["choices"] if choice == head["choice"] for one in segments]
    known = any((one["worker"], one["bytes"], one["signature"]) == (head["worker"], head["bytes"], head["signature"]) for one in heads)
    reject_unless(known and head["worker"] == receipt["worker"] and (claim == form.TOKEN or pieces[4][0] == data), 114)
    return head


def vouch_dispute(turn, body):
    audit = audit_of(turn, body)
    at = place_of(audit, body["node"])
    said = at is not None and not audit["auditors"][at]["closed"] and audit["auditors"][at]["word"][0] == ROOT
    reject_unless(said, 139)
    reject_unless(turn.clock["time"] <= min(audit["deadline"] + audit["terms"]["move_ms"], TIME_MOST), 117)
    reject_unless(receipt_id(turn.hashes, body["receipt"][0]) == audit["receipt"], 150)
    head, (data, filing) = about(turn, body), body["filing"]
    node, claimed = there(turn, body["node"]), claim_of(filing)
    vouching = vouching_id(turn.hashes, body["epoch"], body["index"], body["node"])
    reject_unless(turn.draft.get(dispute_key(vouching)) is None, 113)
    if claimed is not None:
        step = dispute_id(turn.hashes, head["worker"], head["job"], head["choice"], *claimed, turn.payer)
        dispute = vouching_dispute(turn.hashes, vouching, step)
        reject_unless(turn.draft.get(dispute_key(dispute)) is None, 113)
    node, bond, cost = accused(turn, node, "lazy_slash")
    model = named_model(turn, body)
    first = begins(turn, model, data, filing, None)
    turn.charge(sum(bond), 8)
    put(turn, body["node"], node)
    turn.draft.write(dispute_key(dispute), DISPUTE, {
        "node": body["node"], "challenger": turn.payer, "opened": turn.clock["time"], **first,
        "deadline": turn.later(turn.parameter("move_ms")), "claim": vouching, "model": body["model"], "publisher": body["publisher"],
        "program": body["program"], "matter": VOUCHING, "begun": 0, "bond": bond, "cost": cost, **promised(turn), "held": 0, "appellant": NOBODY,
        "appeal_bond": 0, "rewarded": 1,
    })  # fmt: skip


KINDS = {37: (VOUCHED, lambda body: 1250 + body["ops"] // 4, vouch_dispute)}
