"""ledger.md sections 7.2 and 7.7: what a node answers with: slashing, silences, jail, cases and their bonds."""

from ledger_records import ALARMED, BOUND, NODE, OPERATOR, PURSE, PURSE_KEY, STAKES, STAKES_KEY, bound_key, node_key
from ledger_stake import NO_STAKES
from ledger_turn import MONEY_MOST, reject_unless

MILLION, COUNT_MOST, DOUBLED_MOST, ABOVE_MOST = 1000000, (1 << 16) - 1, 8, 32


def put(turn, name, node):
    """The node; the total of the stakes changes by as much as its stake."""
    before = turn.draft.read(node_key(name), NODE)
    found = turn.draft.read(STAKES_KEY, STAKES, NO_STAKES)
    found = {**found, "total": found["total"] + node["stake"] - before["stake"]}
    turn.draft.write(node_key(name), NODE, node)
    if found == NO_STAKES:
        turn.draft.remove(STAKES_KEY)
    else:
        turn.draft.write(STAKES_KEY, STAKES, found)


def burn(turn, amount):
    purse = turn.draft.read(PURSE_KEY, PURSE)
    turn.draft.write(PURSE_KEY, PURSE, {**purse, "burnt": purse["burnt"] + amount})


def to_account(turn, key, amount):
    """As Turn.pay; nothing makes no account."""
    if amount:
        turn.pay(key, amount)


def joined(turn, node, amount):
    """The node after this joined its stake: its debt first."""
    paid = min(node["debt"], amount)
    burn(turn, paid)
    return {**node, "debt": node["debt"] - paid, "stake": node["stake"] + amount - paid}


def slashed(node, amount):
    """The node after so much was taken of it, and how much was."""
    left = amount - min(amount, node["stake"])
    node, unbonding = {**node, "stake": node["stake"] - (amount - left)}, list(node["unbonding"])
    while left and unbonding:
        last = unbonding.pop()
        part = min(left, last["amount"])
        left -= part
        if last["amount"] > part:
            unbonding.append({**last, "amount": last["amount"] - part})
    return {**node, "unbonding": unbonding}, amount - left


def jailed(turn, node):
    return {**node, "jailed_until": max(node["jailed_until"], turn.later(turn.parameter("jail_ms")))}


def operates(turn, key, name):
    """The key is, or was, one of the node's operator keys (110)."""
    bound = turn.draft.read(bound_key(key), BOUND)
    reject_unless(bound is not None and bound["node"] == name and bound["role"] == OPERATOR, 110)
    return bound


def owes(case):
    """What a case owes."""
    return max(0, case["cost"] - case["held"])


def spoke(turn, node):
    """The node, where who speaks for it made this transaction."""
    return {**node, "answered": turn.clock["time"]} if turn.payer in (node["owner"], node["operator"]) else node


def accused(turn, node, price="slash"):
    """One case more: the node, the bond (usual, beyond), what the case costs (112)."""
    count = node["disputes"] + 1
    above = max(0, count - turn.parameter("disputes_max"))
    reject_unless(above <= ABOVE_MOST, 112)
    usual, cost = turn.parameter("bond"), turn.parameter(price)
    return {**node, "disputes": count, "owed_cases": node["owed_cases"] + cost}, (usual, (usual << above) - usual), cost


def alarmed(turn, node):
    """As accused, of what a drawn auditor's alarm is about: none of the open disputes, and the usual bond."""
    usual, cost = turn.parameter("bond"), turn.parameter("slash")
    return {**node, "owed_cases": node["owed_cases"] + cost}, (usual, 0), cost


def acquitted(node, case):
    """Nothing is owed for it any more; one open case less, but for an alarm's."""
    listed = case.get("matter") != ALARMED
    return {**node, "owed_cases": node["owed_cases"] - owes(case), "disputes": node["disputes"] - listed}


def silent(turn, name, node, case, owed="owed_cases"):
    """The node was silent in a case: what the case has from then on."""
    now, number, amount = turn.clock["time"], node["silences"], case["cost"]
    if number == 0 or now > node["first_silence"] + turn.parameter("silence_window_ms"):
        node = {**node, "silences": 1, "first_silence": now, "last_silence": now}
    elif case["opened"] > node["last_silence"] and node["answered"] > node["last_silence"]:
        amount <<= min(number, DOUBLED_MOST)
        node = {**node, "silences": min(number + 1, COUNT_MOST), "last_silence": now}
    node, held = slashed(node, min(amount, MONEY_MOST))
    put(turn, name, jailed(turn, {**node, owed: node[owed] - min(held, case["cost"])}))
    return {"held": held, "deadline": turn.later(turn.parameter("appeal_ms"))}


def fined(node, amount):
    """The node, and what was found of it; the rest is its debt."""
    node, taken = slashed(node, amount)
    return {**node, "debt": node["debt"] + amount - taken}, taken


def lost(node, cost, held):
    """The node loses a case: the node, and what is lost."""
    node, taken = fined(node, max(0, cost - held))
    return node, held + taken


def promised(turn):
    """What who accuses now may get beside its bond."""
    return {"share": turn.parameter("challenger_share"), "silence_fee": turn.parameter("silence_fee"), "plant_pay": turn.parameter("plant_pay")}


def share_of(amount, share):
    return amount * share // MILLION
