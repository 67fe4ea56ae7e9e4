"""ledger.md section 3: keys and records of the state, by the first byte of the key."""

from ledger_forms import HASH, KEY, Form, U8, U16, U32, U64, U128, blob, checked, list_of, one_of, pair, raw, record
from receipt_decode import true

PARAMETERS_MOST, SEATS_MOST = 256, 128

CLOCK = record((("height", U64), ("stamp", U64), ("time", U64), ("epoch", U64), ("epoch_began", U64), ("beacon", HASH)))
PURSE = record((("fees", U128), ("treasury", U128), ("issued", U128), ("burnt", U128)))
PARAMETERS = list_of(2, PARAMETERS_MOST, pair(U16, U128), lambda one: one[0])
SEATS = list_of(2, SEATS_MOST, record((("node", HASH), ("key", KEY))))
ACCOUNT = record((("balance", U128), ("made", U64)), lambda one: one["balance"] or one["made"])

ADDRESS = checked(blob(2, 256), lambda data: all(0x21 <= byte <= 0x7E for byte in data))
ROLES = checked(U8, lambda bits: bits < 16)
KEY_FOR = OPERATOR, TRANSPORT, VALIDATOR = 1, 2, 3
UNBONDING = list_of(1, 8, record((("amount", U128), ("made", U64), ("least", U64), ("judged", U64)), lambda one: one["amount"]))
NODE = record((
    ("owner", KEY), ("operator", KEY), ("transport", KEY), ("validator", KEY), ("roles", ROLES), ("address", ADDRESS),
    ("stake", U128), ("unbonding", UNBONDING), ("owed_cases", U128), ("owed_draws", U128), ("debt", U128), ("disputes", U16), ("jailed_until", U64),
    ("silences", U16), ("first_silence", U64), ("last_silence", U64), ("answered", U64), ("retired", one_of(0, 1)), ("created", U64),
))  # fmt: skip
BOUND = record(
    (("node", HASH), ("role", one_of(*KEY_FOR)), ("from", U64), ("until", U64)),
    lambda one: one["until"] == 0 or one["until"] >= one["from"],
)
CANDIDATES = checked(list_of(2, 256, HASH, lambda one: one), lambda nodes: nodes != [])
STAKES = record((("total", U128), ("votes_until", U64)), lambda one: one["total"] or one["votes_until"])
PACKAGE = record((
    ("published", U64), ("withdrawn", U64), ("program", HASH), ("units", pair(HASH, U64)), ("files", list_of(2, 2048, pair(HASH, U64))),
))  # fmt: skip
PROGRAM = blob(4, 1 << 17)
ENDS = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789")
NAME = checked(blob(1, 64, 3), lambda data: ENDS >= {data[0], data[-1]} and ENDS | {0x2D} >= set(data))
LABEL = checked(blob(1, 32, 1), lambda data: ENDS >= {data[0], data[-1]} and ENDS | set(b"-._") >= set(data))
NOBODY = bytes(32)
OWNED = record((("owner", KEY), ("tenure", U64), ("until", U64)), lambda one: (one["owner"] == NOBODY) == (one["until"] == 0))
LABELLED = record((("model", HASH), ("publisher", KEY), ("set", U64)))
CHANNEL = record(
    (("payer", KEY), ("node", HASH), ("deposit", U128), ("settled", U128), ("opened", U64), ("due", U64), ("end", U64)),
    lambda one: one["settled"] <= one["deposit"] and (one["end"] or one["due"] == 0),
)
SHARE = checked(U32, lambda share: share <= 1000000)
TERMS = record((
    ("audit_unit", checked(U128, lambda unit: unit)), ("audit_share", SHARE), ("auditors", U8), ("draw_fee", U128), ("audit_fee", U128),
    ("plant_reward", U128), ("false_alarm", U128), ("bond", U128), ("show_ms", U64), ("commit_ms", U64), ("reveal_ms", U64), ("appeal_ms", U64), ("move_ms", U64),
))  # fmt: skip
TERMS_NAMES = (
    "audit_unit", "audit_share", "auditors", "draw_fee", "audit_fee", "plant_reward", "false_alarm", "bond",
    "show_ms", "commit_ms", "reveal_ms", "appeal_ms", "move_ms",
)  # fmt: skip
BOOK = record((("began", U64), ("settled", U128), ("settlements", U64), ("terms", TERMS)))
SPAN = checked(pair(U128, U128), lambda span: span[0] < span[1])
SETTLEMENT = record(
    (("node", HASH), ("span", SPAN), ("starts", U128), ("share", SHARE), ("voided", list_of(1, 16, SPAN)), ("held", U16)),
    lambda one: apart([(0, one["span"][0] - 1), *one["voided"], (one["span"][1] + 1, 0)]),
)
START = record((("height", U64), ("time", U64), ("beacon", HASH), ("judged", U64)))
LOG_SIZE = checked(U64, lambda size: size < 1 << 53)
EARLIER_MOST = 31
ANCHOR = record(
    (("size", LOG_SIZE), ("root", HASH), ("epoch", U64), ("time", U64), ("earlier", list_of(1, EARLIER_MOST, pair(U64, LOG_SIZE)))),
    lambda one: grows([*one["earlier"], (one["epoch"], one["size"])]),
)
AUDITORS = checked(list_of(2, 256, HASH, lambda one: one), lambda nodes: nodes != [])
PANELIST = record((("node", HASH), ("owner", KEY), ("weight", U128)), lambda one: one["weight"])
PANEL = checked(list_of(2, 256, PANELIST, lambda one: one["node"]), lambda panel: panel != [])
SHOW, COMMIT, REVEAL, OPENING, SILENT_SHOW, SILENT_REVEAL, SILENT_OPENING, OVER = range(1, 9)
NO_WORD = (0, bytes(32))
WORD = checked(pair(one_of(0, 1, 2, 3), HASH), lambda word: word[0] or word == NO_WORD)
AUDIT = record((
    ("node", HASH), ("channel", HASH), ("unit", U128), ("drawn", U64), ("stage", one_of(*range(1, 9))), ("deadline", U64),
    ("cost", U128), ("held", U128), ("worker", KEY), ("job", HASH), ("receipt", HASH), ("tokens", U32), ("asker", KEY),
    ("bond", U128), ("word", WORD), ("planted", one_of(0, 1)), ("auditors", list_of(1, 8, record((("node", HASH), ("word", WORD), ("closed", one_of(0, 1)))))),
))  # fmt: skip
OF_DISPUTE = record((("node", HASH), ("challenger", KEY), ("opened", U64), ("stage", one_of(1, 2, 3, 4, 5))))
OUTCOME, BOND = one_of(1, 2, 3, 4, 5), pair(U128, U128)  # a bond: usual, beyond
CLAIM, VOUCHING, ALARMED = 1, 2, 3
OPEN_DISPUTE = record((
    ("deadline", U64), ("claim", HASH), ("model", HASH), ("publisher", KEY), ("program", HASH), ("matter", one_of(CLAIM, VOUCHING, ALARMED)), ("begun", one_of(0, 1)),
    ("bond", BOND), ("cost", U128), ("share", SHARE), ("silence_fee", U128), ("plant_pay", U128), ("held", U128), ("appellant", KEY), ("appeal_bond", U128), ("rewarded", one_of(0, 1)), ("state", HASH),
))  # fmt: skip
DECIDED, ENDED = 4, 5


def write_dispute(one):
    outcome = OUTCOME.write(one["outcome"]) if one["stage"] in (DECIDED, ENDED) else b""
    return OF_DISPUTE.write(one) + outcome + (b"" if one["stage"] == ENDED else OPEN_DISPUTE.write(one))


def read_dispute(i):
    found = OF_DISPUTE.read(i)
    found |= {"outcome": OUTCOME.read(i)} if found["stage"] in (DECIDED, ENDED) else {}
    return found | ({} if found["stage"] == ENDED else OPEN_DISPUTE.read(i))


DISPUTE = Form(write_dispute, read_dispute)
ASKED = (
    ("node", HASH), ("challenger", KEY), ("opened", U64), ("deadline", U64), ("bond", BOND), ("cost", U128), ("silence_fee", U128), ("silent", one_of(0, 1)), ("held", U128),
)  # fmt: skip
MISSING = record((("worker", KEY), ("receipt", HASH), *ASKED))
PART = record((("file", HASH), ("length", U64), ("chunk", U64), *ASKED))
HOLD = checked(
    record((("payer", KEY), ("spans", list_of(1, 16, SPAN)))), lambda one: one["spans"] != [] and apart(one["spans"]),
)  # fmt: skip
PLANT = record((("commitment", HASH), ("bond", U128), ("met", one_of(0, 1)), ("epochs", U64)))
PARAMETER, SPEND, RULES_VERSION, CANCEL, NEXT_GROUP, NEXT_OWNER = 1, 2, 3, 4, 5, 6
CONTENTS = {
    PARAMETER: record((("number", U16), ("value", U128))), SPEND: record((("to", KEY), ("amount", U128))),
    RULES_VERSION: record((("version", U16), ("at", U64))), CANCEL: record((("proposal", HASH), ("proposer", KEY))),
    NEXT_GROUP: record((("key", raw(96)), ("proof", raw(48)), ("at", U64))), NEXT_OWNER: record((("name", NAME), ("owner", KEY))),
}  # fmt: skip
WHAT = one_of(*CONTENTS)


def read_content(i):
    what = WHAT.read(i)
    return what, CONTENTS[what].read(i)


CONTENT = Form(lambda content: WHAT.write(content[0]) + CONTENTS[content[0]].write(content[1]), read_content)
OPEN, ENACTED, REFUSED, CANCELLED, LAPSED = 0, 1, 2, 3, 4
PROPOSAL = record((
    ("proposer", KEY), ("bond", U128), ("content", CONTENT), ("ends", U64), ("opens", U64), ("lapses", U64), ("staked", U128),
    ("yes", U128), ("no", U128), ("decision", one_of(OPEN, ENACTED, REFUSED, CANCELLED, LAPSED)),
), lambda one: one["decision"] == OPEN or one["bond"] == 0)  # fmt: skip
BALLOT = record((("yes", one_of(0, 1)), ("weight", U128)))
NO_GROUP = bytes(96)
GROUP = record(
    (("key", raw(96)), ("from", U64), ("since", U64), ("held", U64), ("next", raw(96)), ("at", U64)),
    lambda one: one["key"] != NO_GROUP and (one["next"] != NO_GROUP or one["at"] == 0),
)
FIRST_RULES = {"version": 1, "next": 0, "at": 0}
RULES = record(
    (("version", U16), ("next", U16), ("at", U64)),
    lambda one: one != FIRST_RULES and (one["at"] == 0 if one["next"] == 0 else one["next"] > one["version"]),
)


def grows(anchors):
    """A log's anchors: each of a later epoch, and no smaller."""
    return all(one[0] < other[0] and one[1] <= other[1] for one, other in zip(anchors, anchors[1:]))


def apart(spans):
    """One behind the other, and not touching."""
    return all(one[1] < other[0] for one, other in zip(spans, spans[1:]))


# By the first byte of the key: a name, what follows in the key, the record.
RECORDS = {
    1: ("clock", pair(), CLOCK),
    2: ("purse", pair(), PURSE),
    3: ("parameters", pair(), PARAMETERS),
    4: ("seats", pair(), SEATS),
    5: ("account", KEY, ACCOUNT),
    6: ("node", HASH, NODE),
    7: ("key", KEY, BOUND),
    8: ("candidates", pair(), CANDIDATES),
    9: ("stakes", pair(), STAKES),
    10: ("package", pair(HASH, KEY), PACKAGE),
    11: ("program", HASH, PROGRAM),
    12: ("name", NAME, OWNED),
    13: ("label", pair(NAME, U64, LABEL), LABELLED),
    14: ("channel", HASH, CHANNEL),
    15: ("epoch book", U64, BOOK),
    16: ("settlement", pair(U64, HASH), SETTLEMENT),
    17: ("anchor", KEY, ANCHOR),
    18: ("dispute", HASH, DISPUTE),
    19: ("missing", HASH, MISSING),
    20: ("hold", pair(HASH, U64, HASH), HOLD),
    21: ("epoch start", U64, START),
    22: ("auditors", pair(), AUDITORS),
    23: ("audit", pair(U64, U32), AUDIT),
    24: ("proposal", HASH, PROPOSAL),
    25: ("ballot", pair(HASH, HASH), BALLOT),
    26: ("rules", pair(), RULES),
    27: ("panel", pair(), PANEL),
    28: ("plant", pair(KEY, U64, U8), PLANT),
    29: ("part", HASH, PART),
    30: ("group", pair(), GROUP),
}
CLOCK_KEY, PURSE_KEY, PARAMETERS_KEY, SEATS_KEY, CANDIDATES_KEY, STAKES_KEY, RULES_KEY, AUDITORS_KEY, PANEL_KEY, GROUP_KEY = (
    bytes([tag]) for tag in (1, 2, 3, 4, 8, 9, 26, 22, 27, 30)
)


def account_key(key):
    return b"\x05" + key


def node_key(node):
    return b"\x06" + node


def bound_key(key):
    return b"\x07" + key


def package_key(model, publisher):
    return b"\x0a" + model + publisher


def program_key(digest):
    return b"\x0b" + digest


def name_key(name):
    return b"\x0c" + NAME.write(name)


def label_key(name, tenure, label):
    return b"\x0d" + NAME.write(name) + U64.write(tenure) + LABEL.write(label)


def channel_key(channel):
    return b"\x0e" + channel


def book_key(epoch):
    return b"\x0f" + U64.write(epoch)


def settlement_key(epoch, channel):
    return b"\x10" + U64.write(epoch) + channel


def anchor_key(key):
    return b"\x11" + key


def dispute_key(dispute):
    return b"\x12" + dispute


def missing_key(missing):
    return b"\x13" + missing


def hold_key(dispute, epoch, channel):
    return b"\x14" + dispute + U64.write(epoch) + channel


def start_key(epoch):
    return b"\x15" + U64.write(epoch)


def audit_key(epoch, index):
    return b"\x17" + U64.write(epoch) + U32.write(index)


def plant_key(node, epoch, index):
    return b"\x1c" + node + U64.write(epoch) + U8.write(index)


def part_key(part):
    return b"\x1d" + part


def proposal_key(proposal):
    return b"\x18" + proposal


def ballot_key(proposal, node):
    return b"\x19" + proposal + node


def read(key, data):
    """The record that these bytes are under this key."""
    true(key != b"" and key[0] in RECORDS, "Unknown")
    _, place, kind = RECORDS[key[0]]
    place.whole(key[1:])
    return kind.whole(data)
