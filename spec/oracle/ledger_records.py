"""ledger.md section 3: keys and records of the state, by the first byte of the key."""

from ledger_forms import HASH, KEY, U16, U64, U128, list_of, pair, record
from receipt_decode import true

PARAMETERS_MOST, SEATS_MOST = 256, 128

CLOCK = record((("height", U64), ("stamp", U64), ("time", U64), ("epoch", U64), ("epoch_began", U64), ("beacon", HASH)))
PURSE = record((("fees", U128), ("treasury", U128), ("issued", U128), ("burnt", U128)))
PARAMETERS = list_of(2, PARAMETERS_MOST, pair(U16, U128), lambda one: one[0])
SEATS = list_of(2, SEATS_MOST, record((("node", HASH), ("key", KEY))))
ACCOUNT = record((("balance", U128), ("made", U64)), lambda one: one["balance"] or one["made"])

# By the first byte of the key: a name, how many bytes of key follow, the record.
RECORDS = {
    1: ("clock", 0, CLOCK),
    2: ("purse", 0, PURSE),
    3: ("parameters", 0, PARAMETERS),
    4: ("seats", 0, SEATS),
    5: ("account", 32, ACCOUNT),
}
CLOCK_KEY, PURSE_KEY, PARAMETERS_KEY, SEATS_KEY = (bytes([tag]) for tag in (1, 2, 3, 4))


def account_key(key):
    return b"\x05" + key


def read(key, data):
    """The record that these bytes are under this key."""
    true(key != b"" and key[0] in RECORDS, "Unknown")
    _, length, kind = RECORDS[key[0]]
    true(len(key) == 1 + length, "Length")
    return kind.whole(data)
