"""ledger.md section 3: keys and records of the state, by the first byte of the key."""

from ledger_forms import HASH, KEY, U8, U16, U64, U128, blob, checked, list_of, one_of, pair, record
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
UNBONDING = list_of(1, 8, record((("amount", U128), ("due", U64)), lambda one: one["amount"]))
NODE = record((
    ("owner", KEY), ("operator", KEY), ("transport", KEY), ("validator", KEY), ("roles", ROLES), ("address", ADDRESS),
    ("stake", U128), ("unbonding", UNBONDING), ("owed", U128), ("disputes", U16), ("jailed_until", U64), ("silences", U16),
    ("first_silence", U64), ("retired", one_of(0, 1)), ("created", U64),
))  # fmt: skip
BOUND = record(
    (("node", HASH), ("role", one_of(*KEY_FOR)), ("from", U64), ("until", U64)),
    lambda one: one["until"] == 0 or one["until"] >= one["from"],
)

# By the first byte of the key: a name, how many bytes of key follow, the record.
RECORDS = {
    1: ("clock", 0, CLOCK),
    2: ("purse", 0, PURSE),
    3: ("parameters", 0, PARAMETERS),
    4: ("seats", 0, SEATS),
    5: ("account", 32, ACCOUNT),
    6: ("node", 32, NODE),
    7: ("key", 32, BOUND),
}
CLOCK_KEY, PURSE_KEY, PARAMETERS_KEY, SEATS_KEY = (bytes([tag]) for tag in (1, 2, 3, 4))


def account_key(key):
    return b"\x05" + key


def node_key(node):
    return b"\x06" + node


def bound_key(key):
    return b"\x07" + key


def read(key, data):
    """The record that these bytes are under this key."""
    true(key != b"" and key[0] in RECORDS, "Unknown")
    _, length, kind = RECORDS[key[0]]
    true(len(key) == 1 + length, "Length")
    return kind.whole(data)
