"""ledger.md sections 5 and 7.2: who stands for seats, how they are shared, and what an epoch's end does."""

from fractions import Fraction

from ledger_forms import HASH, Form, U8, one_of
from ledger_nodes import NO_KEY, own
from ledger_records import ACCOUNT, CANDIDATES, CANDIDATES_KEY, NODE, PURSE, PURSE_KEY, SEATS, SEATS_KEY, START, account_key, node_key, start_key
from ledger_turn import MONEY_MOST, NONE_MADE, parameter, reject_unless

CANDIDATES_MOST, FOUR, STARTS_KEPT = 256, 4, 4096
YES = one_of(0, 1)


def write_stand(body):
    return HASH.write(body["node"]) + U8.write(body["yes"]) + (HASH.write(body["instead"]) if body["yes"] else b"")


def read_stand(i):
    node, yes = HASH.read(i), YES.read(i)
    return {"node": node, "yes": yes, "instead": HASH.read(i) if yes else None}


STAND = Form(write_stand, read_stand)


def candidates(draft):
    return draft.read(CANDIDATES_KEY, CANDIDATES, [])


def put_candidates(draft, found):
    if found:
        draft.write(CANDIDATES_KEY, CANDIDATES, sorted(found))
    else:
        draft.remove(CANDIDATES_KEY)


def lacking(node, now, least):
    """Why a node may not stand; None: it may."""
    if node["retired"]:
        return 24
    if node["jailed_until"] > now:
        return 30
    if node["validator"] == NO_KEY:
        return 31
    return 32 if node["stake"] < least else None


def stand(turn, body):
    node, name, all_of_them = own(turn, body["node"]), body["node"], candidates(turn.draft)
    if not body["yes"]:
        reject_unless(name in all_of_them, 34)
        put_candidates(turn.draft, [one for one in all_of_them if one != name])
        return
    why = lacking(node, turn.clock["time"], turn.parameter("stake_validator"))
    reject_unless(why is None, why)
    reject_unless(name not in all_of_them, 33)
    if len(all_of_them) == CANDIDATES_MOST:
        instead = body["instead"]
        less = instead in all_of_them and turn.draft.read(node_key(instead), NODE)["stake"] < node["stake"]
        reject_unless(less, 35)
        all_of_them = [one for one in all_of_them if one != instead]
    put_candidates(turn.draft, [*all_of_them, name])


def counted(stakes, seats, most):
    """How many seats each gets, none more than it may."""
    counts = [0] * len(stakes)
    for _ in range(seats):
        may = [at for at, count in enumerate(counts) if count < most[at]]
        if not may:
            break
        counts[max(may, key=lambda at: (Fraction(stakes[at], counts[at] + 1), -at))] += 1
    return counts


def shared(standing, seats_max):
    """The seats; standing: (id, node) of each candidate."""
    standing = sorted(standing, key=lambda one: one[1]["validator"])
    stakes = [node["stake"] for _, node in standing]
    counts = counted(stakes, seats_max, [seats_max] * len(stakes))
    if len(standing) >= FOUR:
        counts = counted(stakes, seats_max, [min((seats_max - 1) // 3, 2 * count) for count in counts])
    return [{"node": name, "key": node["validator"]} for (name, node), count in zip(standing, counts) for _ in range(count)]


def end_epoch(draft, clock):
    now = clock["time"]
    pay(draft)
    read = lambda name: draft.read(node_key(name), NODE)  # noqa: E731
    before, least = candidates(draft), parameter(draft, "stake_validator")
    after = [name for name in before if lacking(read(name), now, least) is None]
    if after != before:
        put_candidates(draft, after)
    if len(after) >= parameter(draft, "candidates_min"):
        seats = shared([(name, read(name)) for name in after], parameter(draft, "seats_max"))
        draft.write(SEATS_KEY, SEATS, seats)
    start_epoch(draft, clock)


def start_epoch(draft, clock):
    epoch, before = clock["epoch"], draft.read(start_key(clock["epoch"] - 1), START, {"judged": 0})
    judged = max(before["judged"], epoch + parameter(draft, "dispute_epochs"))
    draft.write(start_key(epoch), START, {"judged": judged, **{name: clock[name] for name in ("height", "time", "beacon")}})
    if clock["epoch"] > STARTS_KEPT:
        draft.remove(start_key(clock["epoch"] - STARTS_KEPT))


def pay(draft):
    purse, seats = draft.read(PURSE_KEY, PURSE), draft.read(SEATS_KEY, SEATS)
    wanted = parameter(draft, "issued_epoch")
    issued = wanted if purse["issued"] + wanted <= MONEY_MOST else 0
    each, treasury = divmod(purse["fees"] + issued, len(seats))
    for seat in seats:
        node = draft.read(node_key(seat["node"]), NODE)
        if node is None:
            treasury += each
        elif each:
            key = account_key(node["owner"])
            account = draft.read(key, ACCOUNT, NONE_MADE)
            draft.write(key, ACCOUNT, {**account, "balance": account["balance"] + each})
    treasury += purse["treasury"]
    draft.write(PURSE_KEY, PURSE, {**purse, "fees": 0, "treasury": treasury, "issued": purse["issued"] + issued})


KINDS = {9: (STAND, lambda _: 20, stand)}
