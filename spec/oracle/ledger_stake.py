"""ledger.md section 7.2: money at stake."""

from ledger_forms import HASH, U128, record
from ledger_nodes import own, there
from ledger_records import GROUP, GROUP_KEY, NODE, START, STAKES, STAKES_KEY, node_key, start_key
from ledger_turn import reject_unless

UNBONDING_MOST, ANCHORED = 8, 2
NO_STAKES = {"total": 0, "votes_until": 0}

AMOUNT = record((("node", HASH), ("amount", U128)))
WITHDRAW = record((("node", HASH),))


def stakes(turn):
    return turn.draft.read(STAKES_KEY, STAKES, NO_STAKES)


def restaked(turn, body, node, stake):
    """The node with another stake; the total changes by as much."""
    found = stakes(turn)
    found = {**found, "total": found["total"] + stake - node["stake"]}
    turn.draft.write(node_key(body["node"]), NODE, {**node, "stake": stake})
    if found == NO_STAKES:
        turn.draft.remove(STAKES_KEY)
    else:
        turn.draft.write(STAKES_KEY, STAKES, found)


def stake(turn, body):
    reject_unless(body["amount"] > 0, 6)
    node = there(turn, body["node"])
    reject_unless(not node["retired"], 24)
    turn.charge(body["amount"], 8)
    paid = min(node["debt"], body["amount"])
    turn.burn(paid)
    restaked(turn, body, {**node, "debt": node["debt"] - paid}, node["stake"] + body["amount"] - paid)


def unstake(turn, body):
    amount = body["amount"]
    reject_unless(amount > 0, 6)
    node = own(turn, body["node"])
    reject_unless(node["stake"] >= amount, 26)
    reject_unless(node["stake"] - amount >= node["owed_cases"] + node["owed_draws"], 27)
    reject_unless(len(node["unbonding"]) < UNBONDING_MOST, 28)
    judged = turn.draft.read(start_key(turn.clock["epoch"]), START)["judged"]
    leaving = [*node["unbonding"], {"amount": amount, "made": turn.clock["time"], "least": stakes(turn)["votes_until"], "judged": judged}]
    restaked(turn, body, {**node, "unbonding": leaving}, node["stake"] - amount)


def withdraw(turn, body):
    node = own(turn, body["node"])
    takes, now = turn.parameter("unbond_ms"), turn.clock["time"]
    is_due = lambda one: max(one["made"] + takes, one["least"]) <= now and turn.clock["epoch"] > one["judged"] + ANCHORED  # noqa: E731
    left = [one for one in node["unbonding"] if not is_due(one)]
    due = [one for one in node["unbonding"] if is_due(one)]
    group = turn.draft.read(GROUP_KEY, GROUP)
    kept = group is not None and (group["since"] + turn.parameter("unbond_least") // 8 < now or now < group["held"])
    reject_unless(due != [] and not kept, 29)
    reject_unless(node["stake"] + sum(one["amount"] for one in left) >= node["owed_cases"] + node["owed_draws"], 27)
    turn.draft.write(node_key(body["node"]), NODE, {**node, "unbonding": left})
    turn.pay(turn.payer, sum(one["amount"] for one in due))


KINDS = {6: (AMOUNT, lambda _: 1, stake), 7: (AMOUNT, lambda _: 1, unstake), 8: (WITHDRAW, lambda _: 1, withdraw)}
