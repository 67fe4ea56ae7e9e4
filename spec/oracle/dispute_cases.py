"""Cases of dispute.md: bytes of moves and filings, slices of files, and what a filing binds."""

import dispute as form
import receipt
import receipt_cases
import receipt_decode as decode
from generators import integers
from hash_blake3 import digest
from receipt import Hashes, u8, u16, u32
from receipt_cases import ALICE, BOB, MODEL, MOST, NETWORK, OFFLINE, hashes_of, job_of, key_of, plain_job, unhex, with_bytes

SHORT = 700  # bytes that are written out; longer ones by length and hash


# Moves


def run(spec):
    """Bytes as hex, or one byte so many times."""
    return bytes.fromhex(spec) if isinstance(spec, str) else bytes.fromhex(spec["byte"]) * spec["count"]


def hashes_in(spec):
    if isinstance(spec, list):
        return [bytes.fromhex(one) for one in spec]
    return [bytes.fromhex(spec["byte"]) * 32] * spec["count"]


def leaf_in(spec):
    return bytes.fromhex(spec["salt"]), run(spec["bytes"])


def leaves_in(spec):
    times = spec.get("times", 1)
    return [leaf_in(one) for one in spec["leaves"]] * times, hashes_in(spec["beside"])


def boundary_in(spec):
    return spec and (bytes.fromhex(spec["residual"]), bytes.fromhex(spec["kv"]), hashes_in(spec["path"]))


READ = {
    "root": bytes.fromhex, "blind": bytes.fromhex, "entries": int, "index": int, "tile": lambda n: n,
    "hashes": hashes_in, "roots": hashes_in, "subtrees": hashes_in, "edge": hashes_in, "path": hashes_in, "beside": hashes_in,
    "salt": lambda salt: salt and bytes.fromhex(salt), "prompt": leaves_in, "output": leaves_in, "rows": leaves_in,
    "chunks": run, "boundary": boundary_in,
}  # fmt: skip


def operand_in(spec):
    read = {**READ, "leaves": leaves_in, "leaf": bytes.fromhex}
    return {name: value if name == "number" else read[name](value) for name, value in spec.items()}


def move_in(spec):
    read = {**READ, "leaves": hashes_in, "leaf": leaf_in, "operands": lambda list_: [operand_in(one) for one in list_]}
    return {name: value if name == "number" else read[name](value) for name, value in spec.items()}


def evaluate_move(inputs):
    if "move" not in inputs:
        form.read_move(b"".join(bytes.fromhex(piece) * times for piece, times in inputs["pieces"]))
        return {"read": True}
    data = form.move(move_in(inputs["move"]))
    form.read_move(data)
    return {"bytes": data.hex()} if len(data) <= SHORT else {"length": len(data), "blake3": digest(data).hex()}


def h(n):
    return u8(n).hex() * 32


def many(count, byte="aa"):
    return {"count": count, "byte": byte}


def shown(*lengths, beside=(), salt="11"):
    opened = [{"salt": salt * 32, "bytes": {"count": n, "byte": u8(n % 251).hex()}} for n in lengths]
    return {"leaves": opened, "beside": list(beside)}


def moves():
    """Every move, every operand, with and without what may be absent."""
    log = {"residual": h(1), "kv": h(2), "path": [h(3), h(4)]}
    nothing = {"leaves": [], "beside": []}
    hashes, job = job_of(plain_job(parameters={"bias": [[5, -7], [9, 1]]}))
    biases = receipt.shown_leaf(hashes, job, 4).hex()
    one = lambda **operand: {"number": 8, "operands": [operand]}  # noqa: E731
    return [
        ("root", {"number": 1, "root": h(7)}),
        ("root of no entries", {"number": 1, "root": h(0)}),
        ("own root", {"number": 2, "entries": MOST, "root": h(7)}),
        ("own root of none", {"number": 2, "entries": 0, "root": h(0)}),
        ("children", {"number": 3, "hashes": [h(1), h(2), h(3)]}),
        ("children, none", {"number": 3, "hashes": []}),
        ("children, the most", {"number": 3, "hashes": many(16)}),
        ("name", {"number": 4, "index": 0}),
        ("name, the greatest", {"number": 4, "index": 65535}),
        ("ops", {"number": 5, "roots": [h(1), h(2)], "salt": None}),
        ("ops with a salt", {"number": 5, "roots": [h(1)], "salt": h(9)}),
        ("ops, none", {"number": 5, "roots": [], "salt": None}),
        ("ops, the most", {"number": 5, "roots": many(128), "salt": h(9)}),
        ("parts", {"number": 6, "subtrees": [h(1)], "leaves": [h(2), h(3)], "tile": None}),
        ("parts with a fault", {"number": 6, "subtrees": [], "leaves": [h(2)], "tile": 258}),
        ("parts, the most", {"number": 6, "subtrees": many(16), "leaves": many(1024, "bb"), "tile": MOST}),
        ("open", {"number": 7, "leaf": {"salt": h(1), "bytes": "00ff10"}, "edge": []}),
        ("open, no bytes", {"number": 7, "leaf": {"salt": h(1), "bytes": ""}, "edge": []}),
        ("open with an edge", {"number": 7, "leaf": {"salt": h(1), "bytes": "01"}, "edge": [h(2), h(3)]}),
        ("open, the most", {"number": 7, "leaf": {"salt": h(1), "bytes": many(16384)}, "edge": many(16, "bb")}),
        ("operands, none", {"number": 8, "operands": []}),
        ("operands, the most", {"number": 8, "operands": [{"number": 1}] * 8}),
        ("operand known", one(number=1)),
        ("operand tokens", one(number=2, prompt=shown(4, 4, beside=[h(5)]), output=nothing)),
        ("operand tokens of both", one(number=2, prompt=shown(4), output=shown(4, 4, beside=[h(5), h(6)]))),
        ("operand tokens, the most", one(number=2, prompt={"leaves": [{"salt": h(1), "bytes": "05000000"}], "times": 1024, "beside": []}, output=nothing)),
        ("operand slice", one(number=3, chunks="00010203", beside=[h(1), h(2)])),
        ("operand slice of nothing", one(number=3, chunks="", beside=[])),
        ("operand slice, most hashes", one(number=3, chunks=many(5), beside=many(1024))),
        ("operand slice, a move's most bytes", one(number=3, chunks=many(65536 - 11), beside=[])),
        ("operand leaves", one(number=4, leaves=shown(12, 0, beside=[h(8)]), boundary=None)),
        ("operand leaves of the block's input", one(number=4, leaves=shown(12), boundary=log)),
        ("operand page", one(number=5, rows=shown(20, 20, beside=[h(8)]), path=[h(1)])),
        ("operand edge", one(number=6, edge=[h(1), h(2)], path=[h(3)], boundary=log)),
        ("operand edge at position 0", one(number=6, edge=[], path=[], boundary=None)),
        ("operand edge, the most", one(number=6, edge=many(16), path=many(1024), boundary={**log, "path": []})),
        ("operand biases", one(number=7, leaf=biases)),
        ("every operand", {"number": 8, "operands": [
            {"number": 7, "leaf": biases}, {"number": 6, "edge": [h(1)], "path": [], "boundary": log},
            {"number": 5, "rows": shown(3), "path": []}, {"number": 4, "leaves": shown(3), "boundary": log},
            {"number": 3, "chunks": "07", "beside": []}, {"number": 2, "prompt": nothing, "output": shown(4)}, {"number": 1}]}),
        ("blind", {"number": 9, "blind": h(200)}),
    ]  # fmt: skip


def pieces(*parts):
    """Bytes, or (bytes, how often)."""
    return {"pieces": [[part.hex(), 1] if isinstance(part, bytes) else [part[0].hex(), part[1]] for part in parts]}


def refused_moves():
    """Each limit by one more, and what no move is."""
    begin = lambda number: u16(1) + u8(number)  # noqa: E731
    one, filler = bytes([9] * 32), b"\x07"
    counted = lambda n: (u16(n), (one, n))  # noqa: E731
    operand = lambda number: begin(8) + u8(1) + u8(number)  # noqa: E731
    two_lists = lambda n: (u16(n), (bytes(34), n), bytes(2))  # noqa: E731
    hashes, job = job_of(plain_job())
    other_leaf = bytearray(receipt.shown_leaf(hashes, job, 4))
    other_leaf[2] = 8
    long_leaf = u16(1) + u8(4) + u32(8197)
    rows = [
        ("no bytes", ()), ("a byte only", (b"\x01",)), ("version 0", (u16(0), u8(1), one)), ("version 2", (u16(2), u8(1), one)),
        ("version 257", (u16(257), u8(1), one)), ("number 0", (begin(0), one)), ("number 10", (begin(10), one)),
        ("root, a byte missing", (begin(1), one[1:])), ("root, a byte too many", (begin(1), one, filler)),
        ("own root, a byte missing", (begin(2), u32(0), one[1:])), ("name, a byte missing", (begin(4), filler)),
        ("blind, a byte missing", (begin(9), one[1:])), ("blind, a byte too many", (begin(9), one, filler)),
        ("children, one too many", (begin(3), *counted(17))), ("children, 65535 and no bytes", (begin(3), u16(65535))),
        ("children, one missing", (begin(3), u16(2), one)),
        ("ops, one too many", (begin(5), *counted(129), u8(0))), ("ops, the option 2", (begin(5), u16(0), u8(2), one)),
        ("ops, no option", (begin(5), u16(0))), ("ops, the option without a salt", (begin(5), u16(0), u8(1))),
        ("parts, a subtree too many", (begin(6), *counted(17), u16(0), u8(0))),
        ("parts, a leaf too many", (begin(6), u16(0), *counted(1025), u8(0))), ("parts, the option 2", (begin(6), u16(0), u16(0), u8(2), u32(0))),
        ("open, a byte too many of a leaf", (begin(7), one, u16(16385), (filler, 16385), u16(0))),
        ("open, a subtree too many", (begin(7), one, u16(0), *counted(17))), ("open, no edge", (begin(7), one, u16(0))),
        ("operands, one too many", (begin(8), u8(9), (u8(1), 9))), ("operands, one missing", (begin(8), u8(2), u8(1))),
        ("operand 0", (operand(0),)), ("operand 8", (operand(8),)), ("operand known, a byte too many", (operand(1), filler)),
        ("operand tokens, one too many of the prompt", (operand(2), *two_lists(1025), u16(0), u16(0))),
        ("operand tokens, one too many of the output", (operand(2), u16(0), u16(0), *two_lists(1025))),
        ("operand tokens, a hash too many", (operand(2), u16(0), *counted(1025), u16(0), u16(0))),
        ("operand tokens, no output", (operand(2), u16(0), u16(0))),
        ("operand slice, more bytes than a move", (operand(3), u32(65537))), ("operand slice, the greatest length", (operand(3), u32(MOST))),
        ("operand slice, a byte more than a move", (operand(3), u32(65536 - 10), (filler, 65536 - 10), u16(0))),
        ("operand slice, a hash too many", (operand(3), u32(0), *counted(1025))),
        ("operand leaves, one too many", (operand(4), *two_lists(1025), u8(0))), ("operand leaves, a hash too many", (operand(4), u16(0), *counted(1025), u8(0))),
        ("operand leaves, a leaf of too many bytes", (operand(4), u16(1), one, u16(16385), (filler, 16385), u16(0), u8(0))),
        ("operand leaves, the option 2", (operand(4), u16(0), u16(0), u8(2))),
        ("operand leaves, a path too long", (operand(4), u16(0), u16(0), u8(1), one, one, *counted(1025))),
        ("operand page, a row too many", (operand(5), *two_lists(1025), u16(0))), ("operand page, a path too long", (operand(5), u16(0), u16(0), *counted(1025))),
        ("operand edge, one too many", (operand(6), *counted(17), u16(0), u8(0))), ("operand edge, a path too long", (operand(6), u16(0), *counted(1025), u8(0))),
        ("operand edge, the option 255", (operand(6), u16(0), u16(0), u8(255))),
        ("operand biases, longer than any", (operand(7), u16(8196 + 139 + 1), long_leaf, (filler, 8197), bytes(128))),
        ("operand biases, a leaf no job has", (operand(7), u16(len(other_leaf)), bytes(other_leaf))),
        ("operand biases, a byte missing in it", (operand(7), u16(len(other_leaf) - 1), receipt.shown_leaf(hashes, job, 4)[:-1])),
        ("operand biases, a byte too many in it", (operand(7), u16(len(other_leaf) + 1), receipt.shown_leaf(hashes, job, 4), filler)),
        ("a byte after the operands", (operand(1), filler)),
    ]  # fmt: skip
    return [(f"{name} refused", pieces(*parts)) for name, parts in rows]


def move_cases():
    longest = pieces(u16(1) + u8(8) + u8(1) + u8(7), u16(8196 + 139), u16(1) + u8(4) + u32(8196), (b"\x00", 8196), bytes(128))
    return [(name, {"move": made}) for name, made in moves()] + [("the longest biases", longest)] + refused_moves()


# Slices


def evaluate_slice(inputs):
    data = bytes(integers(inputs["file"]))
    chunks, shown, beside = form.slice_of(data, inputs["ranges"])
    root = digest(data)
    assert form.slice_root(len(data), chunks, shown, beside) == root
    return {"hash": root.hex(), "chunks": chunks, "bytes": len(shown), "blake3": digest(shown).hex(), "beside": [one.hex() for one in beside]}


def slice_cases():
    def of(count, *ranges):
        return {"file": {"gen": "uniform", "seed": str(count), "count": count, "lo": 0, "hi": 255}, "ranges": [list(r) for r in ranges]}

    whole = [(f"all of {count} bytes", of(count, (0, count))) for count in (1, 2, 1023, 1024, 1025, 2048, 3073)]
    return whole + [
        ("the first byte of two chunks", of(2048, (0, 1))), ("the last byte of two chunks", of(2048, (2047, 2048))),
        ("the last byte of a chunk", of(5000, (1023, 1024))), ("the first byte of the next", of(5000, (1024, 1025))),
        ("across two chunks", of(5000, (1023, 1025))), ("across the middle of a tree", of(8192, (4095, 4097))),
        ("the last chunk, of one byte", of(8193, (8192, 8193))), ("the last chunk but one", of(8193, (7168, 8192))),
        ("three chunks, the middle", of(3072, (1500, 1501))), ("the first of seven", of(7000, (0, 10))), ("the last of seven", of(7000, (6999, 7000))),
        ("two ranges of one chunk", of(5000, (2048, 2050), (3000, 3072))), ("overlapping ranges", of(5000, (10, 2000), (1500, 2100))),
        ("ranges out of order", of(9000, (8000, 8010), (0, 10))), ("one range twice", of(5000, (5, 6), (5, 6))),
        ("first, middle and last", of(33 * 1024 + 5, (0, 1), (16 * 1024, 16 * 1024 + 1), (33 * 1024, 33 * 1024 + 5))),
        ("every second chunk", of(9 * 1024, *((n * 1024, n * 1024 + 1) for n in range(0, 9, 2)))),
        ("rows of weights", of(70000, *((100 + n * 2304, 100 + n * 2304 + 1088) for n in range(8)))),
        ("an empty range refused", of(5000, (5, 5))), ("a range that ends before it begins refused", of(5000, (6, 5))),
        ("a range behind the end refused", of(5000, (4999, 5001))), ("a range that begins there refused", of(5000, (5000, 5001))),
        ("no range refused", of(5000)), ("one sound range and an empty one refused", of(5000, (0, 1), (9, 9))),
    ]  # fmt: skip


# Filings


REFEREE = {"network": OFFLINE, "model": MODEL, "arithmetic": 1, "sampling": 1, "context": 256, "ops": 45, "epilogue": 41}


def evaluate_filing(inputs):
    referee = {**inputs["referee"], "model": unhex(inputs["referee"], "model")}
    positions, what = form.check_filing(Hashes(unhex(referee, "network")), referee, unhex(inputs, "bytes"))
    return {"positions": positions, **what}


def parts_of(tokens=(5, 6, 7), start=0, secret=ALICE, choice=0, place=None, count=None, of_job=None, **changed):
    """What filings are made of: hashes, job, tokens, the signed head."""
    hashes, job = job_of(plain_job(**{"prompt": [1, 2, 3, 4], **(place or {}), **changed}))
    commitment = of_job or receipt.job_commitment(hashes, job)
    root = hashes.token_root(receipt.OUTPUT, choice, list(tokens))
    head = receipt.head(commitment, choice, start, receipt.NO_ID, len(tokens) if count is None else count, root)
    signed = receipt.signed_head(hashes, bytes.fromhex(secret), head)
    return hashes, job, commitment, signed


def leaves_of(hashes, job, numbers=(0, 2, 3)):
    return [receipt.shown_leaf(hashes, job, number) for number in numbers]


def token_filing(position=1, tokens=(5, 6, 7), vector=receipt.OUTPUT, shown_choice=None, shown_tokens=None, pieces_=None, **changed):
    hashes, job, _, signed = parts_of(tokens=tokens, **changed)
    choice = changed.get("choice", 0) if shown_choice is None else shown_choice
    shown = list(tokens if shown_tokens is None else shown_tokens)
    partial = hashes.partial(vector, choice, shown, position)
    made = [signed, *leaves_of(hashes, job)]
    return form.filing(pieces_(made, hashes, job) if pieces_ else made, form.TOKEN, partial)


def fault_filing(position=3, op=44, tokens=(), number=6, secret=ALICE, other=None, **changed):
    hashes, job, commitment, signed = parts_of(tokens=tokens, secret=secret, **changed)
    stop = receipt.stop_bytes({"number": number, "position": position, "op": op})
    fields = {**receipt_cases.base_fields(commitment, key_of(secret)), "model": bytes.fromhex(MODEL)}
    fields.update(prompt_tokens=len(job["prompt"]), output_tokens=len(tokens), choices=[(changed.get("choice", 0), [other or signed], stop)])
    return form.filing([signed, *leaves_of(hashes, job)], form.FAULT, receipt.receipt(fields))


def filing_cases():
    of = lambda data, **referee: {"referee": {**REFEREE, **referee}, "bytes": data.hex()}  # noqa: E731
    token, fault = token_filing(), fault_filing()
    again = lambda at, data: lambda made, *_: [*made[:at], data, *made[at + 1 :]]  # noqa: E731
    swapped = lambda made, *_: [made[0], made[2], made[1], made[3]]  # noqa: E731
    cut = lambda at: lambda made, *_: [*made[:at], made[at][:-1], *made[at + 1 :]]  # noqa: E731
    grown = lambda at: lambda made, *_: [*made[:at], made[at] + b"\x00", *made[at + 1 :]]  # noqa: E731
    false = lambda at, byte: lambda made, *_: [*made[:at], with_bytes(made[at], byte, u8(made[at][byte] ^ 1)), *made[at + 1 :]]  # noqa: E731
    auditors = {"consent": 1, "auditors": [bytes([n] * 32).hex() for n in range(1, 17)]}
    network = {"place": {"network": NETWORK}}
    two_hashes, two_job, _, two_signed = parts_of(choices=2)
    odd = lambda text: parameters_filing(text)  # noqa: E731
    rows = [
        ("a token", of(token)), ("the first token", of(token_filing(0))), ("the last under its head", of(token_filing(2))),
        ("at the segment's start", of(token_filing(1, start=1))), ("before the segment's start refused", of(token_filing(0, start=1))),
        ("the last choice", of(token_filing(choice=127, choices=128))), ("a choice the job has not refused", of(token_filing(choice=1))),
        ("on a network", of(token_filing(**network), network=NETWORK)), ("of another network refused", of(token_filing(**network))),
        ("with every auditor", of(token_filing(**auditors))), ("with a grammar", of(token_filing(parameters={"grammar": h(3)}))),
        ("with biases", of(token_filing(parameters={"bias": [[5, 7]]}))),
        ("in the last position", of(token_filing(), context=5)), ("behind the context refused", of(token_filing(), context=4)),
        ("a signature that does not hold refused", of(token_filing(pieces_=false(0, -1 % 188)))), ("a false head refused", of(token_filing(pieces_=false(0, 76)))),
        ("another worker's signature refused", of(token_filing(pieces_=lambda made, hashes, job: [key_of(BOB) + made[0][32:], *made[1:]]))),
        ("terms that are false refused", of(token_filing(pieces_=false(1, 60)))), ("a false salt refused", of(token_filing(pieces_=false(2, -100 % 171)))),
        ("a false path refused", of(token_filing(pieces_=lambda made, *_: [*made[:3], made[3][:-1] + u8(made[3][-1] ^ 1)]))),
        ("leaves out of order refused", of(token_filing(pieces_=swapped))),
        ("of another job refused", of(token_filing(of_job=bytes([8] * 32)))),
        ("another model refused", of(token, model=h(9))), ("another arithmetic version refused", of(token_filing(arithmetic=2))),
        ("another sampling version refused", of(token_filing(sampling=2))), ("an embedding refused", of(token_filing(kind=2))),
        ("a token of the prompt refused", of(token_filing(vector=receipt.PROMPT, shown_choice=0))),
        ("a token of another choice refused", of(form.filing([two_signed, *leaves_of(two_hashes, two_job)], form.TOKEN, two_hashes.partial(receipt.OUTPUT, 1, [5, 6, 7], 1)))),
        ("a token not under the head refused", of(token_filing(shown_tokens=(5, 9, 7)))), ("of another count refused", of(token_filing(shown_tokens=(5, 6, 7, 8)))),
        ("counts that differ refused", of(odd("count"))), ("biases in leaf 3 refused", of(odd("biases"))), ("no choices refused", of(odd("choices"))),
        ("bytes after leaf 3 refused", of(odd("longer"))), ("a prompt of 2^32 - 1 tokens refused", of(odd("prompt"))), ("parameters out of range refused", of(odd("top_p"))),
        ("a fault", of(fault)), ("a fault of the first op", of(fault_filing(0, 0))), ("a fault of a layer in the prompt", of(fault_filing(1, 40))),
        ("a fault of the epilogue before the prompt's last position refused", of(fault_filing(2, 41))),
        ("a fault of the epilogue there", of(fault_filing(3, 41))), ("an op there is not refused", of(fault_filing(3, 45))),
        ("the greatest op refused", of(fault_filing(3, MOST))), ("a fault after the tokens", of(fault_filing(5, 0, tokens=(5, 6)))),
        ("a fault behind the tokens refused", of(fault_filing(6, 0, tokens=(5, 6)))), ("the greatest position refused", of(fault_filing(MOST, 0))),
        ("a fault behind the context refused", of(fault_filing(3, 0), context=3)), ("another stop reason refused", of(fault_filing(number=3))),
        ("a receipt of another head refused", of(fault_filing(tokens=(5,), other=parts_of(tokens=(6,))[3]))),
        ("version 0 refused", of(with_bytes(token, 0, b"\x00"))), ("version 257 refused", of(with_bytes(token, 1, b"\x01"))),
        ("no bytes refused", of(b"")), ("a byte missing refused", of(token[:-1])), ("a byte too many refused", of(token + b"\x00")),
        ("a fault, a byte too many refused", of(fault + b"\x00")),
        *((f"piece {at} cut short refused", of(token_filing(pieces_=cut(at)))) for at in range(4)),
        *((f"piece {at} grown refused", of(token_filing(pieces_=grown(at)))) for at in range(4)),
        *((f"piece {at} too long refused", of(token_filing(pieces_=again(at, bytes(1025))))) for at in range(4)),
        ("claim 0 refused", of(claim_changed(token, 0))), ("claim 3 refused", of(claim_changed(token, 3))),
        ("a token called a fault refused", of(claim_changed(token, 2))), ("a fault called a token refused", of(claim_changed(fault, 1))),
    ]  # fmt: skip
    return rows


def claim_changed(data, number):
    at = 2
    for _ in range(4):
        at += 2 + int.from_bytes(data[at : at + 2], "little")
    return with_bytes(data, at, u8(number))


def parameters_filing(what):
    """A sound filing of a job whose leaf 3, and with "prompt" leaf 2, no honest job has."""
    hashes, job = job_of(plain_job(prompt=[1, 2, 3, 4]))
    data = receipt.job_leaves(hashes, job)
    changed = {
        "count": data[3][:-4] + u32(5), "biases": data[3][:28] + u32(1) + u32(5) + u32(7) + data[3][32:],
        "choices": data[3][:-8] + u32(0) + data[3][-4:], "longer": data[3] + b"\x00", "top_p": with_bytes(data[3], 8, u32(1000001)),
        "prompt": data[3][:-4] + u32(MOST),
    }  # fmt: skip
    if what == "prompt":
        data[2] = u32(MOST) + data[2][4:]
    data[3] = changed[what]
    salts = [hashes.salt(receipt.SALT_JOB, 0, 0, at) for at in range(8)]
    tree = [hashes.hash(b"probity job leaf v1", salt + leaf) for salt, leaf in zip(salts, data)]
    node = b"probity job node v1"
    root = hashes.root(node, tree)
    shown = [u16(1) + u8(at) + u32(len(data[at])) + data[at] + salts[at] + b"".join(hashes.path(node, tree, at)) for at in (0, 2, 3)]
    head = receipt.head(root, 0, 0, receipt.NO_ID, 3, hashes.token_root(receipt.OUTPUT, 0, [5, 6, 7]))
    signed = receipt.signed_head(hashes, bytes.fromhex(ALICE), head)
    return form.filing([signed, *shown], form.TOKEN, hashes.partial(receipt.OUTPUT, 0, [5, 6, 7], 1))


OPS = {
    "dispute_move": (evaluate_move, move_cases()),
    "dispute_slice": (evaluate_slice, slice_cases()),
    "dispute_filing": (evaluate_filing, filing_cases()),
}
