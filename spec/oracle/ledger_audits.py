"""ledger.md 7.10: who may audit, the panel of an epoch, and what is drawn."""

from ledger_forms import HASH, U32, U64, record
from ledger_nodes import NO_KEY, own, there
from ledger_records import (
    AUDIT, AUDITORS, AUDITORS_KEY, BOOK, NODE, NO_WORD, PANEL, PANEL_KEY, PURSE, PURSE_KEY, SETTLEMENT, SHOW, START,
    audit_key, book_key, node_key, settlement_key, start_key,
)  # fmt: skip
from ledger_seats import STAND
from ledger_turn import MONEY_MOST, parameter, reject_unless

AUDITORS_MOST, AUDITOR, TRIES = 256, 4, 4
HELD_MOST = (1 << 16) - 1

DRAW = record((("epoch", U64), ("index", U32), ("channel", HASH), ("node", HASH)))


def put_auditors(draft, found):
    if found:
        draft.write(AUDITORS_KEY, AUDITORS, sorted(found))
    else:
        draft.remove(AUDITORS_KEY)


def lacking(node, now, least):
    """Why a node may not audit; None: it may."""
    if node["retired"]:
        return 24
    if node["jailed_until"] > now:
        return 30
    if not node["roles"] & AUDITOR:
        return 140
    return 141 if node["stake"] < least else None


def enrol(turn, body):
    node, name, enrolled = own(turn, body["node"]), body["node"], turn.draft.read(AUDITORS_KEY, AUDITORS, [])
    if not body["yes"]:
        reject_unless(name in enrolled, 143)
        put_auditors(turn.draft, [one for one in enrolled if one != name])
        return
    why = lacking(node, turn.clock["time"], turn.parameter("stake_auditor"))
    reject_unless(why is None, why)
    reject_unless(name not in enrolled, 142)
    if len(enrolled) == AUDITORS_MOST:
        instead = body["instead"]
        less = instead in enrolled and turn.draft.read(node_key(instead), NODE)["stake"] < node["stake"]
        reject_unless(less, 144)
        enrolled = [one for one in enrolled if one != instead]
    put_auditors(turn.draft, [*enrolled, name])


def seat_panel(draft, now):
    """Where an epoch begins, after the seats."""
    read = lambda name: draft.read(node_key(name), NODE)  # noqa: E731
    least = parameter(draft, "stake_auditor")
    before = draft.read(AUDITORS_KEY, AUDITORS, [])
    after = [name for name in before if lacking(read(name), now, least) is None]
    if after != before:
        put_auditors(draft, after)
    panel = [{"node": name, "owner": read(name)["owner"], "weight": read(name)["stake"]} for name in after]
    if panel:
        draft.write(PANEL_KEY, PANEL, panel)
    elif draft.get(PANEL_KEY) is not None:
        draft.remove(PANEL_KEY)


def numbered(turn, domain, beacon, *fields):
    return int.from_bytes(turn.hashes.hash(domain, beacon + b"".join(fields)), "little")


def drawn_auditors(turn, body, beacon, owner, wanted):
    panel = turn.draft.read(PANEL_KEY, PANEL, [])
    found, weight = [], sum(one["weight"] for one in panel)
    for at in range(TRIES * wanted if panel else 0):
        if len(found) == wanted:
            break
        number = numbered(turn, b"probity auditor v1", beacon, U64.write(body["epoch"]), U32.write(body["index"]), U32.write(at)) % weight
        for one in panel:
            if number < one["weight"]:
                break
            number -= one["weight"]
        if one["owner"] != owner and one["node"] not in found:
            found.append(one["node"])
    return found


def draw(turn, body):
    epoch, index, now = body["epoch"], body["index"], turn.clock["time"]
    reject_unless(turn.clock["epoch"] == min(epoch + 2, (1 << 64) - 1), 83)
    beacon = turn.draft.read(start_key(turn.clock["epoch"]), START)["beacon"]
    book = turn.draft.read(book_key(epoch), BOOK)
    reject_unless(book is not None, 145)
    terms, unit = book["terms"], book["terms"]["audit_unit"]
    draws = -(-book["settled"] // unit)
    reject_unless(index < draws, 145)
    reject_unless(turn.draft.get(audit_key(epoch, index)) is None, 146)
    settlement = turn.draft.read(settlement_key(epoch, body["channel"]), SETTLEMENT)
    reject_unless(settlement is not None, 96)
    reject_unless(settlement["node"] == body["node"], 97)
    number = numbered(turn, b"probity draw v1", beacon, U64.write(epoch), U32.write(index)) % min(draws * unit, MONEY_MOST)
    (start, end), within = settlement["span"], number - settlement["starts"]
    reject_unless(0 <= within < end - start, 145)
    reject_unless(settlement["held"] < HELD_MOST, 105)
    node, slash = there(turn, body["node"]), turn.parameter("slash")
    turn.draft.write(settlement_key(epoch, body["channel"]), SETTLEMENT, {**settlement, "held": settlement["held"] + 1})
    turn.draft.write(node_key(body["node"]), NODE, {**node, "owed_draws": node["owed_draws"] + slash})
    auditors = [{"node": name, "word": NO_WORD, "closed": 0} for name in drawn_auditors(turn, body, beacon, node["owner"], terms["auditors"])]
    turn.draft.write(audit_key(epoch, index), AUDIT, {
        "node": body["node"], "channel": body["channel"], "unit": start + within, "drawn": now, "stage": SHOW,
        "deadline": turn.later(terms["show_ms"]), "cost": slash, "held": 0, "worker": NO_KEY, "job": bytes(32),
        "receipt": bytes(32), "tokens": 0, "asker": NO_KEY, "bond": 0, "word": NO_WORD, "planted": 0, "auditors": auditors,
    })  # fmt: skip
    purse = turn.draft.read(PURSE_KEY, PURSE)
    fee = min(terms["draw_fee"], purse["treasury"])
    turn.draft.write(PURSE_KEY, PURSE, {**purse, "treasury": purse["treasury"] - fee})
    turn.pay(turn.payer, fee)


KINDS = {30: (STAND, lambda _: 20, enrol), 31: (DRAW, lambda _: 60, draw)}
