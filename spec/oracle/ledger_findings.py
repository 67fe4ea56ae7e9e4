"""ledger.md 7.10: what is committed to and revealed in an audit, how it is closed, and what silence does."""

from ledger_audits import put_auditors
from ledger_channels import channel_id, owed
from ledger_forms import HASH, KEY, U8, U32, U64, Form, option, pair, record
from ledger_liable import burn, fined, lost, owes, put, to_account
from ledger_missing import dispute_id
from ledger_nodes import there
from ledger_pay import join
from ledger_records import (
    AUDITORS, AUDITORS_KEY, COMMIT, DISPUTE, ENDED, NODE, NO_WORD, OVER, PURSE, PURSE_KEY, REVEAL, SETTLEMENT, SILENT_REVEAL, audit_key, dispute_key, node_key, settlement_key,
)  # fmt: skip
from ledger_shown import COMMITMENT, COMMITTED, SILENCE, WHICH, answers_for, audit_of, awaited, brings, fallen, in_time, is_brought, keep, spoken_for
from ledger_turn import TIME_MOST, reject_unless
from receipt_decode import true

ROOT, ALARM = 2, 3
TRUE, FALSE, PLANTED = (1, 3, 5), (2, 4), 5

STEP = (("choice", U32), ("position", U32), ("kind", U8), ("what", U32))
SAID = {1: record((("finding", HASH),)), 2: record(STEP)}


def read_said(i):
    number = i.number(1)
    true(number in SAID, "Unknown")
    return number, SAID[number].read(i)


COMMITS = record((*WHICH, ("commitment", COMMITMENT)))
REVEALS = record((*WHICH, ("salt", HASH), ("said", Form(lambda said: U8.write(said[0]) + SAID[said[0]].write(said[1]), read_said))))
NAMED = record((("worker", KEY), ("job", HASH), *STEP, ("challenger", KEY)))
CLOSES = record((*WHICH, ("owner", KEY), ("channel", HASH), ("step", option(NAMED))))
LATE = record((*WHICH, ("channel", HASH), ("payer", KEY), ("number", U64), ("asker", KEY)))


def commitment(hashes, finding, node, salt):
    return hashes.hash(b"probity audit commitment v1", finding + node + salt)


def finding_of(hashes, roots):
    return hashes.hash(b"probity finding v1", b"".join(roots))


def step_id(hashes, step, worker, job, challenger=bytes(32)):
    return dispute_id(hashes, worker, job, step["choice"], step["position"], step["kind"], step["what"], challenger)


def place_of(audit, name):
    """Of an auditor in the list; None: it is none."""
    return next((at for at, one in enumerate(audit["auditors"]) if one["node"] == name), None)


def replaced(audit, at, **changed):
    auditors = list(audit["auditors"])
    auditors[at] = {**auditors[at], **changed}
    return {**audit, "auditors": auditors}


def from_treasury(turn, key, amount):
    """So much, or what the treasury has."""
    purse = turn.draft.read(PURSE_KEY, PURSE)
    paid = min(amount, purse["treasury"])
    turn.draft.write(PURSE_KEY, PURSE, {**purse, "treasury": purse["treasury"] - paid})
    to_account(turn, key, paid)


# 33 and 34


def commit(turn, body):
    audit = audit_of(turn, body)
    spoken_for(turn, body["node"])
    reject_unless(audit["stage"] == COMMIT, 149)
    in_time(turn, audit)
    at = place_of(audit, body["node"])
    reject_unless(at is not None and audit["auditors"][at]["word"] == NO_WORD, 149)
    audit = replaced(audit, at, word=(COMMITTED, body["commitment"]))
    if all(one["word"] != NO_WORD for one in audit["auditors"]):
        audit = {**audit, "stage": REVEAL, "deadline": turn.later(audit["terms"]["reveal_ms"])}
    keep(turn, body, audit)


def reveal(turn, body):
    audit, name = audit_of(turn, body), body["node"]
    spoken_for(turn, name)
    own = name == audit["node"]
    if own:
        is_brought(turn, audit, REVEAL)
    else:
        reject_unless(audit["stage"] == REVEAL, 149)
        in_time(turn, audit)
    at = None if own else place_of(audit, name)
    reject_unless(own or at is not None, 149)
    word = audit["word"] if own else audit["auditors"][at]["word"]
    reject_unless(word[0] == COMMITTED, 149)
    number, said = body["said"]
    finding = said["finding"] if number == 1 else step_id(turn.hashes, said, audit["worker"], audit["job"])
    reject_unless(commitment(turn.hashes, finding, name, body["salt"]) == word[1], 151)
    reject_unless(number == 1 or not own, 149)
    if own:
        audit, was_silent = brings(turn, audit)
        audit = {**audit, "stage": REVEAL, "deadline": turn.clock["time"]} if was_silent else audit
    answers_for(turn, name)
    word = (ROOT, finding) if number == 1 else (ALARM, step_id(turn.hashes, said, audit["worker"], audit["job"], turn.payer))
    keep(turn, body, {**audit, "word": word} if own else replaced(audit, at, word=word))


# 35


def decided(turn, audit):
    if audit["stage"] == OVER:
        return True
    if audit["stage"] != REVEAL or audit["word"][0] != ROOT:
        return False
    committed = any(one["word"][0] == COMMITTED for one in audit["auditors"])
    return not committed or audit["deadline"] < turn.clock["time"]


def past_disputes(turn, audit):
    """Whether what was revealed could be disputed long enough."""
    return min(audit["deadline"] + audit["terms"]["move_ms"], TIME_MOST) < turn.clock["time"]


def close(turn, body):
    audit = audit_of(turn, body)
    reject_unless(body["channel"] == audit["channel"], 111)
    reject_unless(turn.clock["epoch"] > body["epoch"] + 2 and decided(turn, audit), 152)
    node = there(turn, body["node"])
    reject_unless(node["owner"] == body["owner"], 98)
    if body["node"] == audit["node"]:
        close_audit(turn, body, audit, node)
        return
    at = place_of(audit, body["node"])
    reject_unless(at is not None and not audit["auditors"][at]["closed"], 149)
    word = audit["auditors"][at]["word"]
    reject_unless((word[0] == ALARM) == (body["step"] is not None), 111)
    if word[0] == ALARM:
        audit = close_alarm(turn, body, audit, word[1])
    elif word[0] == ROOT:
        close_root(turn, body, audit, at)
    else:
        enrolled = turn.draft.read(AUDITORS_KEY, AUDITORS, [])
        if body["node"] in enrolled:
            put_auditors(turn.draft, [one for one in enrolled if one != body["node"]])
    keep(turn, body, replaced(audit, at, closed=1))


def close_root(turn, body, audit, at):
    reject_unless(past_disputes(turn, audit), 152)
    others = [one["word"] for place, one in enumerate(audit["auditors"]) if place != at]
    if audit["word"][0] != ROOT or audit["auditors"][at]["word"] in (audit["word"], *others):
        from_treasury(turn, body["owner"], audit["terms"]["audit_fee"])


def close_alarm(turn, body, audit, alarm):
    step = body["step"]
    named = (step["worker"], step["job"], step_id(turn.hashes, step, step["worker"], step["job"], step["challenger"]))
    reject_unless(named == (audit["worker"], audit["job"], alarm), 111)
    claim = step_id(turn.hashes, step, step["worker"], step["job"])
    outcomes = [outcome_of(turn, one) for one in (alarm, claim)]
    if any(one in TRUE for one in outcomes):
        from_treasury(turn, body["owner"], audit["terms"]["audit_fee"])
        return {**audit, "planted": 1} if PLANTED in outcomes else audit
    nobody = outcomes == [None, None] and past_disputes(turn, audit)
    reject_unless(outcomes[0] in FALSE or nobody, 152)
    node, taken = fined(there(turn, body["node"]), audit["terms"]["false_alarm"])
    put(turn, body["node"], node)
    burn(turn, taken)
    return audit


def outcome_of(turn, dispute):
    """None: there is no such dispute; 0: it is open."""
    found = turn.draft.read(dispute_key(dispute), DISPUTE)
    return None if found is None else found["outcome"] if found["stage"] == ENDED else 0


def close_audit(turn, body, audit, node):
    reject_unless(body["step"] is None, 111)
    reject_unless(all(one["closed"] for one in audit["auditors"]), 152)
    turn.draft.write(node_key(body["node"]), NODE, {**node, "owed_draws": node["owed_draws"] - owes(audit)})
    released(turn, body)
    if audit["planted"]:
        from_treasury(turn, body["owner"], audit["terms"]["plant_reward"])


def released(turn, body):
    """The settlement is held once less, and the audit's record goes."""
    key = settlement_key(body["epoch"], body["channel"])
    settlement = turn.draft.read(key, SETTLEMENT)
    turn.draft.write(key, SETTLEMENT, {**settlement, "held": settlement["held"] - 1})
    turn.draft.remove(audit_key(body["epoch"], body["index"]))


# 36


def late(turn, body):
    audit = audit_of(turn, body)
    reject_unless((body["node"], body["channel"], body["asker"]) == (audit["node"], audit["channel"], audit["asker"]), 111)
    reject_unless(channel_id(turn.hashes, body["payer"], body["number"]) == body["channel"], 92)
    reject_unless(awaited(audit) is not None, 149)
    reject_unless(audit["deadline"] < turn.clock["time"], 120)
    if audit["stage"] not in SILENCE.values():
        keep(turn, body, fallen(turn, audit))
        return
    node = there(turn, body["node"])
    reject_unless(turn.clock["epoch"] > body["epoch"] + 2, 152)
    node, taken = lost({**node, "owed_draws": node["owed_draws"] - owes(audit)}, audit["cost"], audit["held"])
    put(turn, body["node"], node)
    burn(turn, taken)
    to_account(turn, audit["asker"], audit["bond"])
    voided(turn, body)
    if audit["stage"] == SILENT_REVEAL and audit["auditors"] != []:
        keep(turn, body, {**audit, "stage": OVER, "deadline": turn.clock["time"], "cost": 0, "held": 0, "bond": 0})
    else:
        released(turn, body)


def voided(turn, body):
    """The whole span of the settlement is void: what was not goes back."""
    key = settlement_key(body["epoch"], body["channel"])
    before = turn.draft.read(key, SETTLEMENT)
    after = {**before, "voided": join(before["voided"], before["span"], before["span"])}
    to_account(turn, body["payer"], owed(before) - owed(after))
    turn.draft.write(key, SETTLEMENT, after)


KINDS = {
    33: (COMMITS, lambda _: 1, commit),
    34: (REVEALS, lambda _: 2, reveal),
    35: (CLOSES, lambda _: 1, close),
    36: (LATE, lambda _: 1, late),
}
