"""ledger.md: bytes of transactions, headers, blocks, genesis and certificates, and what of them is hashed and signed."""

import receipt_ed25519 as ed25519
from ledger_forms import HASH, KEY, SIGNATURE, U8, U16, U32, U64, U128, Form, blob, list_of, one_of, pair, raw, record
from ledger_records import ADDRESS, PARAMETERS, ROLES, SEATS
from receipt import Hashes
from receipt_decode import Input, true

BLOCK_MOST, TRANSACTIONS_MOST, BODY_MOST = 1 << 21, 1 << 14, 1 << 18
SEATS_MOST, ACCOUNTS_MOST, NODES_MOST = 128, 1 << 20, 256
NOWHERE = bytes(32)

SIGNED = (("kind", U16), ("payer", KEY), ("number", U64), ("fee_max", U128), ("body", blob(4, BODY_MOST)))
UNSIGNED = record(SIGNED, version=True)
TRANSACTION = record((*SIGNED, ("signature", SIGNATURE)), version=True)
HEADER = record((
    ("rules", U16), ("height", U64), ("parent", HASH), ("stamp", U64), ("time", U64), ("epoch", U64), ("proposer", KEY),
    ("beacon", HASH), ("transactions", U32), ("transactions_root", HASH), ("state_root", HASH), ("seats", HASH),
), version=True)  # fmt: skip
GENESIS_NODE = record((
    ("owner", KEY), ("operator", KEY), ("transport", KEY), ("validator", KEY), ("roles", ROLES), ("address", ADDRESS), ("stake", U128),
))  # fmt: skip
SIMULATION = 1
KIND = one_of(SIMULATION, 2, 3)
GROUP_KEY = raw(96)


def read_kind(i):
    kind = KIND.read(i)
    return (kind,) if kind == SIMULATION else (kind, GROUP_KEY.read(i))


# A number, and where it is no simulation the first group's key.
NETWORK = Form(lambda kind: KIND.write(kind[0]) + b"".join(map(GROUP_KEY.write, kind[1:])), read_kind)
GENESIS = record((
    ("kind", NETWORK), ("stamp", U64), ("parameters", PARAMETERS), ("seats", SEATS),
    ("accounts", list_of(4, ACCOUNTS_MOST, pair(KEY, U128), lambda one: one[0])), ("treasury", U128),
    ("nodes", list_of(2, NODES_MOST, GENESIS_NODE)),
), version=True)  # fmt: skip
VOTES = list_of(2, SEATS_MOST, pair(U16, SIGNATURE), lambda one: one[0])
QUORUM, GROUP = 1, 2
WORDS = {
    QUORUM: record((("view", U64), ("votes", VOTES))),
    GROUP: record((("epoch", U64), ("view", U64), ("parent", U64), ("signature", raw(48)))),
}


def read_certificate(i):
    i.version()
    kind = one_of(*WORDS).read(i)
    return {"kind": kind, **WORDS[kind].read(i)}


CERTIFICATE = Form(lambda made: U16.write(1) + U8.write(made["kind"]) + WORDS[made["kind"]].write(made), read_certificate)


def network_of(genesis):
    return Hashes(bytes(32)).hash(b"probity genesis v1", genesis)


def signed(hashes, secret, made):
    """A transaction's bytes, of a dict without payer and signature."""
    made = {**made, "payer": ed25519.public_key(secret)}
    return TRANSACTION.write({**made, "signature": hashes.sign(b"probity transaction v1", secret, UNSIGNED.write(made))})


def transaction_id(hashes, made):
    return hashes.hash(b"probity transaction v1", UNSIGNED.write(made))


def transaction_leaf(hashes, data):
    return hashes.hash(b"probity transaction leaf v1", data)


def transactions_root(hashes, all_bytes):
    leaves = [transaction_leaf(hashes, data) for data in all_bytes]
    return hashes.root(b"probity transaction node v1", leaves)


def authentic(hashes, made):
    return hashes.holds(b"probity transaction v1", made["payer"], UNSIGNED.write(made), made["signature"])


def header_hash(hashes, header):
    return hashes.hash(b"probity header v1", HEADER.write(header))


def seats_hash(hashes, seats):
    """Of the record's bytes."""
    return hashes.hash(b"probity seats v1", seats)


def group_hash(hashes, group):
    """Of the record's bytes."""
    return hashes.hash(b"probity group v1", group)


def varint(n):
    """Seven bits a byte, the lowest first; all but the last byte with the highest bit set."""
    return U8.write(n) if n < 128 else U8.write(n % 128 + 128) + varint(n // 128)


def named(name, message):
    return varint(len(name)) + name + message


def group_message(hashes, word, header):
    """What a group signs for a header's hash."""
    numbers = b"".join(varint(word[part]) for part in ("epoch", "view", "parent"))
    return named(hashes.prefix(b"probity certificate v2") + b"_FINALIZE", numbers + header)


def possession(hashes, key):
    """What a group's key signs to show that somebody has it."""
    return named(hashes.prefix(b"probity group key v1"), key)


def block(header, all_bytes):
    return HEADER.write(header) + b"".join(U32.write(len(data)) + data for data in all_bytes)


def read_block(data):
    """The header, the transactions' bytes, the transactions. That they are the header's is the rules' to say."""
    true(len(data) <= BLOCK_MOST, "Limit")
    i = Input(data)
    header = HEADER.read(i)
    true(header["transactions"] <= TRANSACTIONS_MOST, "Limit")
    all_bytes = [i.take(i.count(4, BLOCK_MOST)) for _ in range(header["transactions"])]
    i.end()
    return header, all_bytes, [TRANSACTION.whole(one) for one in all_bytes]


def vote(hashes, secret, view, header):
    return hashes.sign(b"probity certificate v1", secret, U64.write(view) + header)


def certifies(hashes, certificate, seats, header):
    """Whether these bytes certify the hash of a header, under these seats of the state before it."""
    made = CERTIFICATE.whole(certificate)
    if made["kind"] != QUORUM:
        return False
    votes, signed = made["votes"], U64.write(made["view"]) + header
    if len(seats) == 0 or len(votes) < 2 * len(seats) // 3 + 1:
        return False
    return all(
        at < len(seats) and hashes.holds(b"probity certificate v1", seats[at]["key"], signed, signature)
        for at, signature in votes
    )
