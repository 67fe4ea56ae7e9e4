"""Cases of ledger.md: roots and proofs of states, bytes and what is signed of them, blocks and their transactions."""

import ledger as form
import ledger_blocks
import ledger_groups
import ledger_records
import ledger_rules as rules
import ledger_tree as tree
import receipt_ed25519 as ed25519
from exact import Refused
from hash_blake3 import digest
from ledger_forms import U8, U16, U32, U64, U128
from ledger_world import A_GROUP
from receipt import Hashes

NETWORK, OFFLINE = bytes([7] * 32), bytes(32)
HASHES = Hashes(NETWORK)


def secret(name):
    return bytes([name] * 32)


def public(name):
    return ed25519.public_key(secret(name))


def given(inputs):
    """Bytes as hex, or pieces of it, each so often."""
    if "pieces" in inputs:
        return b"".join(bytes.fromhex(piece) * times for piece, times in inputs["pieces"])
    return bytes.fromhex(inputs["bytes"])


# Roots and proofs


def entries_of(inputs):
    """Key and record of each; counted: i as u32 under i as u32."""
    entries = {bytes.fromhex(key): bytes.fromhex(record) for key, record in inputs["entries"]}
    entries.update({U32.write(i): U32.write(i) for i in range(inputs.get("counted", 0))})
    return entries


def evaluate_state(inputs):
    hashes = Hashes(bytes.fromhex(inputs["network"]))
    if "proof" in inputs:
        root, key = bytes.fromhex(inputs["root"]), bytes.fromhex(inputs["key"])
        record = inputs["record"] and bytes.fromhex(inputs["record"])
        tree.check_proof(hashes, root, key, record, bytes.fromhex(inputs["proof"]))
        return {"holds": True}
    entries = entries_of(inputs)
    values = {tree.place_of(hashes, key): tree.value_of(hashes, record) for key, record in entries.items()}
    root = tree.root_of_set(hashes, sorted(values.items()))
    grown = tree.changed(hashes, None, values)
    one_by_one = None
    for place, value in values.items():
        one_by_one = tree.changed(hashes, one_by_one, {place: value})
    assert root == tree.root_of(grown) == tree.root_of(one_by_one) and grown == one_by_one
    proofs = []
    for key in map(bytes.fromhex, inputs["of"]):
        proof = tree.prove(grown, tree.place_of(hashes, key))
        tree.check_proof(hashes, root, key, entries.get(key), proof)
        proofs.append(proof.hex())
    return {"root": root.hex(), "proofs": proofs}


def state(entries=(), of=(), counted=0, network=NETWORK):
    found = {"network": network.hex(), "entries": [[key.hex(), record.hex()] for key, record in entries], "of": [key.hex() for key in of]}
    return {**found, "counted": counted} if counted else found


def proof_of(entries, key):
    """Root and proof of a set of entries."""
    values = {tree.place_of(HASHES, k): tree.value_of(HASHES, record) for k, record in entries.items()}
    grown = tree.changed(HASHES, None, values)
    return tree.root_of(grown), tree.prove(grown, tree.place_of(HASHES, key))


def shown(root, key, record, proof, network=NETWORK):
    return {"network": network.hex(), "root": root.hex(), "key": key.hex(), "record": None if record is None else record.hex(), "proof": proof.hex()}


def absent_beside_other(entries):
    """A key that is not there, and whose way ends at another one's entry, or at nothing."""
    found = {}
    at = 0
    while len(found) < 2:
        key = b"absent" + U16.write(at)
        found.setdefault(proof_of(entries, key)[1][2], key)
        at += 1
    return found[tree.OTHER], found[tree.EMPTY]


def refused_proofs():
    entries = {U32.write(i): U32.write(i) for i in range(40)}
    key = next(key for key in entries if proof_of(entries, key)[1][3] % 8)
    record = entries[key]
    root, proof = proof_of(entries, key)
    assert proof[2] == tree.HERE
    other_key, empty_key = absent_beside_other(entries)
    other, empty = proof_of(entries, other_key)[1], proof_of(entries, empty_key)[1]
    place = tree.place_of(HASHES, key)
    count = proof[3]
    held, short = {U32.write(1): b"x"}, U32.write(1)
    alone, alone_proof = proof_of(held, short)
    nobody = proof_of(held, b"\x02")[1]
    bits = (count + 7) // 8
    beyond = bytearray(proof)
    beyond[3 + bits] |= 0x80
    assert count % 8 != 0
    zeros = bytearray(proof)
    zeros[4 + bits : 36 + bits] = bytes(32)
    far = place[:-1] + bytes([place[-1] ^ 1])
    apart = bytes([place[0] ^ 0x80]) + place[1:]
    other_count = other[67]
    changed_way = bytearray(proof)
    changed_way[-1] ^= 1
    return [
        ("a proof of presence", shown(root, key, record, proof)),
        ("a proof that another key is alone there", shown(root, other_key, None, other)),
        ("a proof that nothing is there", shown(root, empty_key, None, empty)),
        ("a proof in an empty state", shown(OFFLINE, key, None, U16.write(1) + b"\x02\x00")),
        ("a proof of the only entry", shown(alone, short, b"x", alone_proof)),
        ("a proof beside the only entry", shown(alone, b"\x02", None, nobody)),
        ("another record refused", shown(root, key, U32.write(39), proof)),
        ("another key refused", shown(root, U32.write(39), record, proof)),
        ("another root refused", shown(alone, key, record, proof)),
        ("another network refused", shown(root, key, record, proof, OFFLINE)),
        ("absence by a proof of presence refused", shown(root, key, None, proof)),
        ("presence by a proof that another key is there refused", shown(root, other_key, b"", other)),
        ("presence by a proof of nothing refused", shown(root, empty_key, b"", empty)),
        ("a bit behind the last one refused", shown(root, key, record, bytes(beyond))),
        ("zeros among the hashes refused", shown(root, key, record, bytes(zeros))),
        ("a changed hash refused", shown(root, key, record, bytes(changed_way))),
        ("the key's own entry as another's refused", shown(alone, short, None, U16.write(1) + b"\x03" + tree.place_of(HASHES, short) + tree.value_of(HASHES, b"x") + b"\x00")),
        ("another entry that is not on the way refused", shown(root, other_key, None, other[:3] + apart + other[35:])),
        ("another entry that shares all but the last bit and is not there refused", shown(root, key, None, U16.write(1) + b"\x03" + far + bytes(32) + proof[3:])),
        ("a hash too few refused", shown(root, key, record, proof[:3] + U8.write(count - 1) + proof[4:-32])),
        ("cut refused", shown(root, key, record, proof[:-1])),
        ("a byte behind refused", shown(root, key, record, proof + b"\0")),
        ("version 2 refused", shown(root, key, record, b"\x02" + proof[1:])),
        ("end 0 refused", shown(root, key, record, proof[:2] + b"\0" + proof[3:])),
        ("end 4 refused", shown(root, key, record, proof[:2] + b"\4" + proof[3:])),
        ("hashes beside an empty state refused", shown(OFFLINE, key, None, U16.write(1) + b"\x02\x01\x00")),
    ] + [("a way that is one longer refused", shown(root, other_key, None, other[:67] + U8.write(other_count + 8) + other[68 : 68 + (other_count + 7) // 8] + b"\0" + other[68 + (other_count + 7) // 8 :]))]  # fmt: skip


def states():
    few = [(b"\x05" + bytes([n] * 32), U128.write(10 * n) + U64.write(n)) for n in range(1, 6)]
    keys = [key for key, _ in few]
    return [
        ("nothing", state(of=[b"", b"\x01"])),
        ("one entry", state([(b"\x01", b"\x02")], [b"\x01", b"\x02", b""])),
        ("a key and a record of no bytes", state([(b"", b"")], [b"", b"\0"])),
        ("another network", state([(b"\x01", b"\x02")], [b"\x01"], network=OFFLINE)),
        ("two entries", state([(b"\x01", b""), (b"\x02", b"")], [b"\x01", b"\x02", b"\x03", b"\x04"])),
        ("five accounts", state(few, [*keys, b"\x05" + bytes(32), b"\x01"])),
        ("a thousand entries", state(counted=1000, of=[*map(U32.write, (0, 1, 500, 999, 1000, 1001, 65535)), b"", b"absent"])),
    ] + refused_proofs()


# Bytes


def seats(names):
    return [{"node": bytes([name] * 32), "key": public(name)} for name in names]


def genesis_in(spec):
    return {
        "kind": (spec["kind"], *([bytes.fromhex(spec["group"])] if "group" in spec else [])), "stamp": int(spec["stamp"]), "treasury": int(spec["treasury"]),
        "parameters": [(number, int(value)) for number, value in spec["parameters"]],
        "seats": [{"node": bytes.fromhex(node), "key": bytes.fromhex(key)} for node, key in spec["seats"]],
        "accounts": [(bytes.fromhex(key), int(balance)) for key, balance in spec["accounts"]],
        "nodes": [genesis_node(one) for one in spec["nodes"]],
    }  # fmt: skip


def genesis_node(spec):
    keys = {name: bytes.fromhex(spec[name]) for name in ("owner", "operator", "transport", "validator")}
    return {**keys, "roles": spec["roles"], "address": spec["address"].encode(), "stake": int(spec["stake"])}


def header_in(spec):
    numbers = {name: int(spec[name]) for name in ("rules", "height", "stamp", "time", "epoch", "transactions")}
    return {name: numbers[name] if name in numbers else bytes.fromhex(spec[name]) for name, _ in HEADER_FIELDS}


HEADER_FIELDS = [(name, None) for name in (
    "rules", "height", "parent", "stamp", "time", "epoch", "proposer", "beacon", "transactions", "transactions_root", "state_root", "seats",
)]  # fmt: skip
READ = {
    "genesis": form.GENESIS.whole,
    "transaction": form.TRANSACTION.whole,
    "header": form.HEADER.whole,
    "block": form.read_block,
    "certificate": form.CERTIFICATE.whole,
}


def evaluate_bytes(inputs):
    kind = inputs["format"]
    if kind == "record":
        key = bytes.fromhex(inputs["key"])
        ledger_records.read(key, given(inputs))
        return {"read": True}
    if "bytes" in inputs or "pieces" in inputs:
        READ[kind](given(inputs))
        return {"read": True}
    hashes = Hashes(bytes.fromhex(inputs.get("network", OFFLINE.hex())))
    return MAKE[kind](hashes, inputs)


def make_genesis(_, inputs):
    data = form.GENESIS.write(genesis_in(inputs["genesis"]))
    form.GENESIS.whole(data)
    return {"bytes": data.hex(), "network": form.network_of(data).hex()}


def make_transaction(hashes, inputs):
    made = {"kind": inputs["kind"], "number": int(inputs["number"]), "fee_max": int(inputs["fee_max"]), "body": bytes.fromhex(inputs["body"])}
    data = form.signed(hashes, bytes.fromhex(inputs["secret"]), made)
    read = form.TRANSACTION.whole(data)
    assert form.authentic(hashes, read) and not form.authentic(Hashes(bytes([9] * 32)), read)
    return {"bytes": data.hex(), "id": form.transaction_id(hashes, read).hex(), "leaf": form.transaction_leaf(hashes, data).hex()}


def make_header(hashes, inputs):
    header = header_in(inputs["header"])
    data = form.HEADER.write(header)
    assert form.HEADER.whole(data) == header
    return {"bytes": data.hex(), "hash": form.header_hash(hashes, header).hex()}


def make_block(hashes, inputs):
    """The header gets count and root of the transactions."""
    all_bytes = [bytes.fromhex(one) for one in inputs["transactions"]]
    root = form.transactions_root(hashes, all_bytes)
    header = {**header_in(inputs["header"]), "transactions": len(all_bytes), "transactions_root": root}
    data = form.block(header, all_bytes)
    assert form.read_block(data)[:2] == (header, all_bytes)
    return {"bytes": data.hex(), "root": root.hex()}


def make_certificate(hashes, inputs):
    """Whether it certifies a header's hash under seats of these keys."""
    seats_here = [{"node": OFFLINE, "key": bytes.fromhex(key)} for key in inputs["seats"]]
    data = bytes.fromhex(inputs["certificate"])
    return {"holds": form.certifies(hashes, data, seats_here, bytes.fromhex(inputs["header"]))}


MAKE = {"genesis": make_genesis, "transaction": make_transaction, "header": make_header, "block": make_block, "certificate": make_certificate}


def genesis(**changed):
    accounts = sorted((public(name), 1000 * name) for name in (1, 2, 3))
    spec = {
        "kind": 1, "stamp": "1700000000000", "parameters": [[1, "5"], [4, "60000"]],
        "seats": [[one["node"].hex(), one["key"].hex()] for one in seats((11, 12))],
        "accounts": [[key.hex(), str(balance)] for key, balance in accounts], "treasury": "77",
        "nodes": [
            {"owner": public(1).hex(), "operator": public(21).hex(), "transport": OFFLINE.hex(), "validator": public(22).hex(), "roles": 15,
             "address": "[::1]:4433", "stake": "99"},
            {"owner": public(2).hex(), "operator": public(23).hex(), "transport": public(24).hex(), "validator": OFFLINE.hex(), "roles": 0,
             "address": "", "stake": "0"},
        ],
    }  # fmt: skip
    return {"format": "genesis", "genesis": {**spec, **changed}}


def transaction(name=1, kind=1, number=0, fee_max=1000, body=b"", network=NETWORK):
    return {
        "format": "transaction", "network": network.hex(), "secret": secret(name).hex(), "kind": kind, "number": str(number),
        "fee_max": str(fee_max), "body": body.hex(),
    }  # fmt: skip


HEADER = {
    "rules": 1, "height": "5", "parent": (b"\x01" * 32).hex(), "stamp": "1700000000999", "time": "999", "epoch": "1",
    "proposer": (b"\x02" * 32).hex(), "beacon": (b"\x03" * 32).hex(), "transactions": 0, "transactions_root": OFFLINE.hex(),
    "state_root": (b"\x04" * 32).hex(), "seats": (b"\x05" * 32).hex(),
}  # fmt: skip


def signed(**spec):
    made = transaction(**spec)
    return bytes.fromhex(make_transaction(HASHES, made)["bytes"])


def made_block(*all_bytes, **changed):
    header = {**HEADER, **changed}
    return {"format": "block", "network": NETWORK.hex(), "header": header, "transactions": [one.hex() for one in all_bytes]}


def certificate(votes, kind=form.QUORUM, view=2):
    return U16.write(1) + U8.write(kind) + U64.write(view) + form.VOTES.write(votes)


# What the library that orders blocks signed (decision 0027): as bytes, for its name is no network's.
OF_GROUP = form.CERTIFICATE.write({"kind": form.GROUP, **ledger_groups.USUAL, "signature": ledger_groups.LIBRARY_SIGNATURE})


def certified(data, names, header=b"\x08" * 32, network=NETWORK):
    return {"format": "certificate", "network": network.hex(), "seats": [public(name).hex() for name in names], "header": header.hex(), "certificate": data.hex()}


def of_seats(*numbers, first=11, view=2, header=b"\x08" * 32):
    return [(at, form.vote(HASHES, secret(first + at), view, header)) for at in numbers]


def certificates():
    four, all_four = (11, 12, 13, 14), of_seats(0, 1, 2, 3)
    false = [*all_four[:3], (3, all_four[2][1])]
    return [
        ("certificate of three of four", certified(certificate(of_seats(0, 1, 3)), four)),
        ("certificate of all four", certified(certificate(all_four), four)),
        ("certificate of two of four", certified(certificate(of_seats(0, 1)), four)),
        ("certificate of two of three", certified(certificate(of_seats(0, 1)), four[:3])),
        ("certificate of all three", certified(certificate(of_seats(0, 1, 2)), four[:3])),
        ("certificate of the only seat", certified(certificate(of_seats(0)), four[:1])),
        ("certificate of nobody", certified(certificate([]), four)),
        ("certificate without seats", certified(certificate([]), ())),
        ("certificate, four of four and one is false", certified(certificate(false), four)),
        ("certificate, a seat that is not there", certified(certificate(of_seats(0, 1, 2, 4)), four)),
        ("certificate, by another seat's key", certified(certificate([*all_four[:2], (2, all_four[3][1])]), four)),
        ("certificate of another header", certified(certificate(all_four), four, header=b"\x09" * 32)),
        ("certificate of another view", certified(certificate(all_four, view=3), four)),
        ("certificate of the first view", certified(certificate(of_seats(0, 1, 2, view=0), view=0), four)),
        ("certificate of a view that takes all its bytes", certified(certificate(of_seats(0, 1, 2, view=1 << 56), view=1 << 56), four)),
        ("certificate, words of two views", certified(certificate([*all_four[:2], *of_seats(2, 3, view=3)]), four)),
        ("certificate of another network", certified(certificate(all_four), four, network=OFFLINE)),
        ("certificate, one key in two seats", certified(certificate([*all_four[:2], (2, all_four[1][1])]), (11, 12, 12, 14))),
        ("certificate, not ascending refused", certified(certificate([all_four[1], all_four[0], all_four[2]]), four)),
        ("certificate, one seat twice refused", certified(certificate([all_four[0], all_four[0], all_four[1]]), four)),
    ]


def read(kind, data, **more):
    return {"format": kind, **more, "bytes": data.hex()}


def altered(data, at, byte):
    return data[:at] + bytes([byte]) + data[at + 1 :]


def refused_bytes():
    """What is no value of each format: cut, longer, another version, beyond a limit."""
    whole = {
        "genesis": bytes.fromhex(make_genesis(None, genesis())["bytes"]),
        "transaction": signed(body=b"abc"),
        "header": form.HEADER.write(header_in(HEADER)),
        "block": bytes.fromhex(make_block(HASHES, made_block(signed(), signed(number=1)))["bytes"]),
        "certificate": certificate(of_seats(0, 1)),
    }
    cases = [(f"{kind} as it is", read(kind, data)) for kind, data in whole.items()]
    for kind, data in whole.items():
        cases += [
            (f"{kind}, cut refused", read(kind, data[:-1])),
            (f"{kind}, a byte behind refused", read(kind, data + b"\0")),
            (f"{kind}, version 2 refused", read(kind, altered(data, 0, 2))),
            (f"{kind}, version 257 refused", read(kind, altered(data, 1, 1))),
            (f"{kind}, nothing refused", read(kind, b"")),
        ]
    pieces = lambda kind, *parts: {"format": kind, "pieces": [[part.hex(), times] for part, times in parts]}  # noqa: E731
    head = form.UNSIGNED.write({"kind": 1, "payer": public(1), "number": 0, "fee_max": 0, "body": b""})[:-4]
    most = form.BODY_MOST
    plain = header_in(HEADER)
    many = lambda count: form.HEADER.write({**plain, "transactions": count})  # noqa: E731
    tx = signed()
    votes = lambda count: (U16.write(1) + b"\x01" + U64.write(2) + U16.write(count), [one for at in range(count) for one in ((U16.write(at), 1), (b"\0", 64))])  # noqa: E731
    begin = genesis()["genesis"]
    made = genesis_in(begin)
    head_of_genesis = U16.write(1) + b"\x01" + U64.write(made["stamp"])
    no_seats = form.SEATS.write([])
    rows = lambda count: b"".join(U16.write(at) + U128.write(1) for at in range(count))  # noqa: E731
    end_of_genesis = U32.write(0) + U128.write(0) + U16.write(0)
    parameters = lambda count: head_of_genesis + U16.write(count) + rows(count) + no_seats + end_of_genesis  # noqa: E731
    seated = lambda count: head_of_genesis + U16.write(0) + U16.write(count) + bytes(64 * count) + end_of_genesis  # noqa: E731
    return cases + [
        ("transaction, a body of the most bytes", pieces("transaction", (head + U32.write(most), 1), (b"\x07", most), (bytes(64), 1))),
        ("transaction, a body of one too many refused", pieces("transaction", (head + U32.write(most + 1), 1), (b"\x07", most + 1), (bytes(64), 1))),
        ("transaction of a kind that nobody has", read("transaction", altered(tx, 2, 200))),
        ("header of other rules", read("header", altered(many(0), 2, 9))),
        ("block without transactions", read("block", many(0))),
        ("block, a transaction too few refused", read("block", many(2) + U32.write(len(tx)) + tx)),
        ("block, a transaction too many refused", read("block", many(0) + U32.write(len(tx)) + tx)),
        ("block, a transaction's length one too small refused", read("block", many(1) + U32.write(len(tx) - 1) + tx)),
        ("block, a transaction's length one too great refused", read("block", many(1) + U32.write(len(tx) + 1) + tx + b"\0")),
        ("block, a transaction too many for any block refused", pieces("block", (many(form.TRANSACTIONS_MOST + 1), 1), (U32.write(len(tx)) + tx, form.TRANSACTIONS_MOST + 1))),
        ("certificate of kind 0 refused", read("certificate", certificate([], 0))),
        ("certificate of kind 3 refused", read("certificate", altered(OF_GROUP, 2, 3))),
        ("certificate of a group", read("certificate", OF_GROUP)),
        ("certificate of a group, cut refused", read("certificate", OF_GROUP[:-1])),
        ("certificate of a group, a byte behind refused", read("certificate", OF_GROUP + b"\0")),
        ("certificate of most seats", pieces("certificate", (votes(128)[0], 1), *votes(128)[1])),
        ("certificate of a seat too many refused", pieces("certificate", (votes(129)[0], 1), *votes(129)[1])),
        ("genesis of kind 0 refused", read("genesis", altered(whole["genesis"], 2, 0))),
        ("genesis of kind 4 refused", read("genesis", altered(whole["genesis"], 2, 4))),
        ("genesis of most parameters", read("genesis", parameters(256))),
        ("genesis of a parameter too many refused", read("genesis", parameters(257))),
        ("genesis of most seats", pieces("genesis", (seated(128), 1))),
        ("genesis of a seat too many refused", pieces("genesis", (seated(129), 1))),
        ("genesis, parameters not ascending refused", read("genesis", form.GENESIS.write({**made, "parameters": [(4, 60000), (1, 5)]}))),
        ("genesis, a parameter twice refused", read("genesis", form.GENESIS.write({**made, "parameters": [(1, 5), (1, 5)]}))),
        ("genesis, accounts not ascending refused", read("genesis", form.GENESIS.write({**made, "accounts": made["accounts"][::-1]}))),
        ("genesis, an account twice refused", read("genesis", form.GENESIS.write({**made, "accounts": made["accounts"][:1] * 2}))),
        ("genesis of an account too many refused", read("genesis", head_of_genesis + U16.write(0) + no_seats + U32.write(form.ACCOUNTS_MOST + 1))),
    ]  # fmt: skip


def node_records():
    """At their limits and beyond, and what no node is."""
    node = {
        "owner": public(1), "operator": public(2), "transport": OFFLINE, "validator": public(3), "roles": 15, "address": b"example.org:1",
        "stake": 5, "unbonding": [(7, 8, 9), (1, 2, 0)], "owed_cases": 3, "owed_draws": 9, "debt": 6, "disputes": 2, "jailed_until": 9, "silences": 1,
        "first_silence": 4, "last_silence": 5, "answered": 7, "retired": 0, "created": 3,
    }  # fmt: skip
    node["unbonding"] = [{"amount": amount, "made": made, "least": least, "judged": least} for amount, made, least in node["unbonding"]]
    some = lambda count: [{"amount": at + 1, "made": 0, "least": at, "judged": at} for at in range(count)]  # noqa: E731
    of = lambda **changed: read("record", ledger_records.NODE.write({**node, **changed}), key=ledger_records.node_key(b"\x01" * 32).hex())  # noqa: E731
    paid = {"node": b"\x01" * 32, "span": (5, 60), "starts": 7, "share": 40000, "voided": [(5, 6), (8, 60)], "held": 3}
    settlement = lambda **changed: read("record", ledger_records.SETTLEMENT.write({**paid, **changed}), key=ledger_records.settlement_key(3, b"\x02" * 32).hex())  # noqa: E731
    bound = {"node": b"\x01" * 32, "role": 2, "from": 5, "until": 0}
    key = lambda **changed: read("record", ledger_records.BOUND.write({**bound, **changed}), key=ledger_records.bound_key(public(2)).hex())  # noqa: E731
    return [
        ("node", of()),
        ("node, most of everything", of(unbonding=some(8), address=b"!" + b"~" * 255, retired=1)),
        ("node, a role that nobody has refused", of(roles=16)),
        ("node, an address too long refused", of(address=b"a" * 257)),
        ("node, a space in its address refused", of(address=b"a b")),
        ("node, a byte beyond ASCII in its address refused", of(address="é".encode())),
        ("node, nine unbonding refused", of(unbonding=some(9))),
        ("node, nothing unbonding refused", of(unbonding=[{"amount": 0, "made": 5, "least": 6, "judged": 7}])),
        ("node, half retired refused", of(retired=2)),
        ("settlement", settlement()),
        ("settlement, all of it kept", settlement(share=1000000)),
        ("settlement, more kept than it is refused", settlement(share=1000001)),
        ("key", key()),
        ("key that is no more", key(until=5)),
        ("key that ended before it began refused", key(until=4)),
        ("key for nothing refused", key(role=0)),
        ("key for something else refused", key(role=4)),
    ]


def group_records():
    group = {"key": A_GROUP, "from": 5, "since": 6, "held": 7, "next": ledger_records.NO_GROUP, "at": 0}
    of = lambda **changed: read("record", ledger_records.GROUP.write({**group, **changed}), key="1e")  # noqa: E731
    return [
        ("group", of()),
        ("group with a next key", of(next=b"\x07" * 96, at=9)),
        ("group with a next key from block 0", of(next=b"\x07" * 96)),
        ("group without a key refused", of(key=ledger_records.NO_GROUP)),
        ("group, a height without a next key refused", of(at=9)),
    ]


def records():
    clock = {"height": 1, "stamp": 2, "time": 3, "epoch": 4, "epoch_began": 5, "beacon": b"\x06" * 32}
    purse = {"fees": 1, "treasury": 2, "issued": 3, "burnt": (1 << 128) - 1}
    account = lambda balance, made: ledger_records.ACCOUNT.write({"balance": balance, "made": made})  # noqa: E731
    key = ledger_records.account_key(public(1))
    of = lambda key, data: read("record", data, key=key.hex())  # noqa: E731
    return [
        ("clock", of(b"\x01", ledger_records.CLOCK.write(clock))),
        ("clock, a key too long refused", of(b"\x01\x00", ledger_records.CLOCK.write(clock))),
        ("clock, cut refused", of(b"\x01", ledger_records.CLOCK.write(clock)[:-1])),
        ("purse", of(b"\x02", ledger_records.PURSE.write(purse))),
        ("parameters, none", of(b"\x03", U16.write(0))),
        ("parameters that no table has", of(b"\x03", ledger_records.PARAMETERS.write([(0, 0), (65535, 1)]))),
        ("seats", of(b"\x04", ledger_records.SEATS.write(seats((1, 2, 1))))),
        ("account", of(key, account(5, 6))),
        ("account of money alone", of(key, account(5, 0))),
        ("account of transactions alone", of(key, account(0, 6))),
        ("account of nothing refused", of(key, account(0, 0))),
        ("account, a byte behind refused", of(key, account(5, 6) + b"\0")),
        ("account, a key too short refused", of(key[:-1], account(5, 6))),
    ] + group_records() + node_records() + [
        ("no key refused", of(b"", b"")),
        ("a record that nobody has refused", of(b"\x00", b"")),
        ("a record beyond all numbers refused", of(b"\xff", b"")),
    ]


def bytes_cases():
    plain = signed(), signed(name=2, kind=7, body=b"body")
    return [
        ("genesis", genesis()),
        ("genesis of kind 3 without anything", genesis(kind=3, group=A_GROUP.hex(), stamp="0", parameters=[], seats=[], accounts=[], treasury="0", nodes=[])),
        ("genesis of the greatest numbers", genesis(kind=2, group=A_GROUP.hex(), stamp=str((1 << 64) - 1), parameters=[[0, "0"], [65535, str((1 << 128) - 1)]], treasury=str((1 << 128) - 1))),
        ("transaction", transaction(body=bytes(range(48)))),
        ("transaction without a body", transaction(name=2)),
        ("transaction of the greatest numbers", transaction(kind=65535, number=(1 << 64) - 1, fee_max=(1 << 128) - 1)),
        ("transaction of another network", transaction(network=OFFLINE)),
        ("header", {"format": "header", "network": NETWORK.hex(), "header": HEADER}),
        ("header of the greatest numbers", {"format": "header", "network": NETWORK.hex(), "header": {
            **HEADER, "rules": 65535, "height": str((1 << 64) - 1), "stamp": str((1 << 64) - 1), "time": str((1 << 64) - 1),
            "epoch": str((1 << 64) - 1), "transactions": 4294967295}}),
        ("header of another network", {"format": "header", "network": OFFLINE.hex(), "header": HEADER}),
        ("block of no transactions", made_block()),
        ("block of one transaction", made_block(plain[0])),
        ("block of two transactions", made_block(*plain)),
        ("block of five transactions", made_block(*plain, *[signed(number=n) for n in (1, 2, 3)])),
    ] + certificates() + refused_bytes() + records()  # fmt: skip


CHANGED = 12  # altered records of each kind


def kept_records():
    """Of every kind the longest record that stands in a state of ledger_blocks, ledger_proposals, ledger_disputes or ledger_audits, and altered ones, refused or not."""
    longest = {}
    for _, world in ledger_blocks.WORLDS:
        for key, data in sorted(world.state.records.items()):
            if len(data) <= 700 and len(data) > len(longest.get(key[0], (b"", b""))[1]):
                longest[key[0]] = (key, data)
    for tag, (key, data) in sorted(longest.items()):
        name = ledger_records.RECORDS[tag][0]
        yield f"{name} of a state", read("record", data, key=key.hex())
        changed = [("a byte behind", key, data + b"\0"), ("cut", key, data[:-1]), ("a key cut", key[:-1], data), ("a key too long", key + b"\0", data)]
        for count in range(CHANGED):
            bit = int.from_bytes(digest(data + bytes([count]))[:4], "little") % (8 * len(data))
            other = altered(data, bit // 8, data[bit // 8] ^ 1 << bit % 8)
            changed.append((f"bit {bit} altered", key, other))
        for what, other_key, other in {what: (what, *rest) for what, *rest in changed}.values():
            inputs = read("record", other, key=other_key.hex())
            yield f"{name} of a state, {what}{' refused' if is_refused(inputs) else ''}", inputs


def is_refused(inputs):
    try:
        evaluate_bytes(inputs)
    except Refused:
        return True
    return False


BLOCKS, PROPOSALS, DISPUTES = ledger_blocks.cases(), ledger_blocks.of_proposals(), ledger_blocks.of_disputes()
MISSING, ANSWERS, AUDITS = ledger_blocks.of_missing(), ledger_blocks.of_answers(), ledger_blocks.of_audits()
OPS = {
    "ledger_state": (evaluate_state, states()),
    "ledger_bytes": (evaluate_bytes, bytes_cases() + list(kept_records())),
    "ledger_blocks": (ledger_blocks.evaluate, BLOCKS),
    "ledger_proposals": (ledger_blocks.evaluate, PROPOSALS),
    "ledger_disputes": (ledger_blocks.evaluate, DISPUTES),
    "ledger_missing": (ledger_blocks.evaluate, MISSING),
    "ledger_answers": (ledger_blocks.evaluate, ANSWERS),
    "ledger_audits": (ledger_blocks.evaluate, AUDITS),
}
