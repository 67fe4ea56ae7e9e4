"""ledger.md section 7.1: nodes and the keys that are bound to them."""

from ledger_forms import HASH, KEY, SIGNATURE, U64, checked, one_of, record
from ledger_records import ADDRESS, BOUND, CANDIDATES, CANDIDATES_KEY, KEY_FOR, NODE, OPERATOR, ROLES, TRANSPORT, VALIDATOR, bound_key, node_key
from ledger_turn import reject_unless

NO_KEY = bytes(32)
NAMES = {OPERATOR: "operator", TRANSPORT: "transport", VALIDATOR: "validator"}

CLAIM = record((("key", KEY), ("signature", SIGNATURE)), lambda one: one["key"] != NO_KEY or one["signature"] == bytes(64))
NO_CLAIM = {"key": NO_KEY, "signature": bytes(64)}
CREATE = record((
    ("roles", ROLES), ("address", ADDRESS), ("operator", checked(CLAIM, lambda one: one != NO_CLAIM)), ("transport", CLAIM),
    ("validator", CLAIM),
))  # fmt: skip
SET = record((("node", HASH), ("roles", ROLES), ("address", ADDRESS)))
NEW_KEY = record(
    (("node", HASH), ("role", one_of(*KEY_FOR)), ("before", KEY), ("claim", CLAIM)),
    lambda one: one["role"] != OPERATOR or one["claim"] != NO_CLAIM,
)
RETIRE = record((("node", HASH),))
# Of a node that nothing has happened to.
FRESH = {
    "unbonding": [], "owed_cases": 0, "owed_draws": 0, "debt": 0, "disputes": 0, "jailed_until": 0, "silences": 0, "first_silence": 0, "last_silence": 0, "answered": 0, "retired": 0,
}  # fmt: skip


def node_id(hashes, owner, number):
    return hashes.hash(b"probity node v1", owner + U64.write(number))


def claimed(node, role):
    """What a key signs that is bound."""
    return node + bytes([role])


def bind(turn, node, role, claim):
    if claim == NO_CLAIM:
        return
    holds = turn.hashes.holds(b"probity node key v1", claim["key"], claimed(node, role), claim["signature"])
    reject_unless(holds, 20)
    reject_unless(turn.draft.get(bound_key(claim["key"])) is None, 21)
    bound = {"node": node, "role": role, "from": turn.clock["time"], "until": 0}
    turn.draft.write(bound_key(claim["key"]), BOUND, bound)


def there(turn, node):
    found = turn.draft.read(node_key(node), NODE)
    reject_unless(found is not None, 22)
    return found


def own(turn, node):
    found = there(turn, node)
    reject_unless(found["owner"] == turn.payer, 23)
    return found


def active(turn, node):
    found = own(turn, node)
    reject_unless(not found["retired"], 24)
    return found


def create(turn, body):
    node = node_id(turn.hashes, turn.payer, turn.number)
    for role, name in NAMES.items():
        bind(turn, node, role, body[name])
    turn.draft.write(node_key(node), NODE, {
        "owner": turn.payer, **{name: body[name]["key"] for name in NAMES.values()}, "roles": body["roles"],
        "address": body["address"], "stake": 0, **FRESH, "created": turn.clock["time"],
    })  # fmt: skip


def set_(turn, body):
    node = active(turn, body["node"])
    turn.draft.write(node_key(body["node"]), NODE, {**node, "roles": body["roles"], "address": body["address"]})


def new_key(turn, body):
    node, name = active(turn, body["node"]), NAMES[body["role"]]
    reject_unless(node[name] == body["before"], 25)
    bind(turn, body["node"], body["role"], body["claim"])
    turn.draft.write(node_key(body["node"]), NODE, {**node, name: body["claim"]["key"]})
    if body["before"] != NO_KEY:
        key = bound_key(body["before"])
        turn.draft.write(key, BOUND, {**turn.draft.read(key, BOUND), "until": turn.clock["time"]})


def retire(turn, body):
    node = active(turn, body["node"])
    turn.draft.write(node_key(body["node"]), NODE, {**node, "retired": 1})
    standing = turn.draft.read(CANDIDATES_KEY, CANDIDATES, [])
    left = [one for one in standing if one != body["node"]]
    if left:
        turn.draft.write(CANDIDATES_KEY, CANDIDATES, left)
    elif standing:
        turn.draft.remove(CANDIDATES_KEY)


def claims(*names):
    return lambda body: 1 + 60 * sum(body[name] != NO_CLAIM for name in names)


KINDS = {
    2: (CREATE, claims("operator", "transport", "validator"), create),
    3: (SET, claims(), set_),
    4: (NEW_KEY, claims("claim"), new_key),
    5: (RETIRE, claims(), retire),
}
