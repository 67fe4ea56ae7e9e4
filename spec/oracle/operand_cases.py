"""Cases of dispute.md section 4: tiles of made-up operands, and what a referee says of each.

A case is a sound tile, whose operands any bytes of the right form are, with some of them changed; everything that is agreed
on leads to what is shown, unless the case says otherwise.
"""

import re

import program as form
import program_cases
import referee
import referee_forms
import referee_model
from constants import LIMIT
from hash_blake3 import digest as digest_of
from operand_forge import Forge
from receipt import i32, u32, u64
from receipt_decode import true

NAMES = ("claimant refuted", "challenger refuted")
PROVED = ("other output", "concealed fault", "false fault", "unreadable")
# A row of 11 heads of 96: one of them lies across two leaves.
WIDE = {**program_cases.PLAIN, "bias": True, "norms": True, "caps": True, "heads": (11, 1, 96), "rotary": 96}
PROGRAMS = {"wide": form.program(form.small(WIDE)), "experts": form.program(form.small({**program_cases.EXPERTS, "layers": 1}))}
READ = {name: referee_model.read_program(data) for name, data in PROGRAMS.items()}
LAYER, EPILOGUE, POSITION = 1, 2, 70
INFINITY, NAN, ONE = bytes.fromhex("0000807f"), bytes.fromhex("0000c07f"), bytes.fromhex("0000803f")
PLAIN_UNITS = {"Q8_0": -14, "F32": -23}  # of ones


def evaluate(inputs):
    if "bytes" in inputs:
        return {"digest": digest_of(bytes.fromhex(inputs["bytes"])).hex()}
    files = [(bytes.fromhex(digest), length) for digest, length in inputs["files"]]
    units, length = inputs["units"]
    program = referee_model.read_program(PROGRAMS[inputs["program"]])
    model = referee_model.Model(program, bytes.fromhex(inputs["model"]), files, (bytes.fromhex(units), length))
    true(model.fits(), "Parts")
    network, state = (bytes.fromhex(inputs[name]) for name in ("network", "state"))
    move = b"".join(bytes.fromhex(piece) * times for piece, times in inputs["move"])
    after = referee_forms.read_state(model, network, referee.played(model, network, state, referee.CHALLENGER, move, 0))
    found = {"verdict": NAMES[after["verdict"] - 1]}
    return found if after["why"] is None else {**found, "proved": PROVED[after["why"][3] - 1]}


UNITS = (1, 4, 32, 33, 34, 39, 64, 66, 98, 230, 810)  # what is repeated in a move: zeros, entries, hashes, blocks, outputs, rows of a page


RUNS = [(unit, re.compile(b"(.{%d})\\1{2,}" % unit, re.DOTALL)) for unit in UNITS]


def pieces(data):
    """A move, each piece so often, that a page need not be written out: the longest runs first."""
    runs = sorted((found.start() - found.end(), found.start(), unit) for unit, run in RUNS for found in run.finditer(data))
    found, plain = [], [(0, len(data))]
    for length, start, unit in runs:
        inside = [part for part in plain if part[0] <= start and start - length <= part[1]]
        if length > -48 or not inside:
            continue
        plain.remove(inside[0])
        plain += [(inside[0][0], start), (start - length, inside[0][1])]
        found.append((start, data[start : start + unit].hex(), -length // unit))
    found += [(start, data[start:end].hex(), 1) for start, end in plain if start < end]
    return [[piece, times] for _, piece, times in sorted(found)]


# Sound operands.


def i64(value):
    return value.to_bytes(8, "little", signed=True)


def i16(value):
    return value.to_bytes(2, "little", signed=True)


def words(write, values):
    return b"".join(write(value) for value in values)


def wave(count):
    return [37 * (at % 8) - 1000 for at in range(count)]


def row_of(kind, first, count):
    """Leaves of a value from a leaf on."""
    made = []
    for at in range(first, first + count):
        entries = len(referee_model.chunk(kind[1], at)) if kind[0] != "routing" else 2 * kind[1]
        if kind[0] == "A8":
            made.append(b"".join(bytes([3]) + bytes(k % 7 for k in range(32)) for _ in range(entries // 32)))
        elif kind[0] == "A16":
            made.append(words(i16, wave(entries)))
        else:
            made.append(words(i32, wave(entries) if kind[0] != "routing" else [1, 2, 40000, 25536]))
    return made


def key(logit, token):
    return ((logit + (1 << 31)) << 20) + (1 << 20) - 1 - token


def drawn(stage, ids):
    """What a tile of sample may have made."""
    if stage < 2:
        return words(u32, [2] * ids) if stage == 0 else words(i32, wave(ids))
    if stage < 4:
        return u64(key(1000, 0))
    if stage < 31 or 33 <= stage < 60:
        return words(u64, [1] * 64) if (stage - (4 if stage < 31 else 33)) % 3 < 2 else u64(0) + u64(1)
    if stage == 61:
        return u64(1 << 40) + u64(5) + u32(0)
    return u32(1) + u32(7) if stage == 62 else u64(1 << 40)


def made_before(f, op, stage, at):
    name, d = op["op"], f.place.types[op["kv"]][2] if "kv" in op else 0
    if name == "sample":
        return drawn(stage, f.place.types[op["x"]][1])
    if name == "norm":
        return u64(1 << 40) + u64(0) if stage == 0 else i64(1 << 20) + i32(35)
    if name == "quantise":
        return u32(1000) if stage == 0 else i32(2 - f.place.types[op["x"]][2])
    if "attention" in name:
        return i32(1 << 20) + bytes([10]) if stage == 0 else u64(1 << 20) + words(i64, wave(d))
    rows = 8
    return words(i64 if stage == 0 else i32, wave(rows))


def sound(f, wanted):
    name, *what = wanted
    op = f.place.ops[f.op]
    if name == "tokens":
        return [u32(5)] * len(what[0])
    if name == "weights":
        t = f.program["tensors"][what[0]]
        plain = b"\x00\x3c" + bytes(k % 5 for k in range(32)) if t["format"] == "Q8_0" else ONE
        return [plain * (len(what[2]) // 32 if t["format"] == "Q8_0" else len(what[2]))] * len(what[1])
    if name == "units":
        return [i16(PLAIN_UNITS[f.program["tensors"][what[0]]["format"]]) * len(what[1])]
    if name == "exponent":
        return [i32(-10)]
    if name in ("entries", "routing"):
        kind = f.place.types[what[0]]
        first = what[1].start // 1024 if name == "entries" else 0
        return row_of(kind, first, (what[1].stop - 1) // 1024 - first + 1 if name == "entries" else 1)
    if name == "outputs":
        return [made_before(f, op, what[0], at) for at in what[1]]
    if name == "page":
        d = f.place.types[what[0]][2]
        return [2 * (bytes(k % 5 for k in range(d)) + bytes([100, 2]))] * len(what[2])
    return []


# Changes of a piece.


def put(at, data):
    return lambda piece: piece[:at] + data + piece[at + len(data) :]


def entry(at, value):
    return put(4 * at, i32(value))


def long(at, value):
    return put(8 * at, i64(value))


def same(piece):
    return lambda _: piece


def every(write, value):
    return lambda piece: write(value) * (len(piece) // len(write(value)))


def shorter(piece):
    return piece[:-1]


def longer(piece):
    return piece + b"\x00"


def case(op, stage, *changes, index=0, position=POSITION, boundary=LAYER, nth=0, given=lambda operands: operands, program="wide", token=5, **said):
    """changes: of an operand's piece, (operand, piece, how)."""
    ops = referee_model.Model(READ[program], b"", [], (b"", 0)).places[boundary].ops
    number = [at for at, made in enumerate(ops) if made["op"] == op][nth]
    where = (boundary, number, 0, position)
    first = Forge(READ[program], where, [], token).tiles.first(stage)
    f = Forge(READ[program], (boundary, number, first + index, position), [], token, **said)
    f.pieces = [sound(f, wanted) for wanted in f.wanted]
    for operand, piece, how in changes:
        f.pieces[operand] = [how(data) if at == piece else data for at, data in enumerate(f.pieces[operand])]
    made = f.made(given)
    return {"program": program, **made, "move": pieces(bytes.fromhex(made["move"]))}


def instead(at, operand):
    return lambda operands: [*operands[:at], operand, *operands[at + 1 :]]


def nowhere(at):
    """Of a slice: another byte than was hashed."""
    return lambda operands: instead(at, {**operands[at], "chunks": bytes([operands[at]["chunks"][0] ^ 1]) + operands[at]["chunks"][1:]})(operands)


def embed(*changes, token=5, **more):
    return case("embed", 0, (0, 0, same(u32(token))), *changes, boundary=0, token=min(token, 49), **more)


def sample(stage, *changes, **more):
    return case("sample", stage, *changes, boundary=EPILOGUE, **more)


def mixed(op, stage, *changes, **more):
    return case(op, stage, *changes, program="experts", **more)


def order():
    """Forms, then proofs, then reading, then computing."""
    short = (0, 0, shorter)
    return [
        ("an unreadable operand", case("matmul", 1, short)), ("an unreadable operand of a tile said to fault", case("matmul", 1, short, faults=True)),
        ("an unreadable operand before one that leads nowhere refused", case("matmul", 1, short, given=nowhere(1))),
        ("an unreadable operand before another form refused", case("matmul", 1, short, given=instead(1, {"number": 1}))),
        ("an unreadable operand, and one too few refused", case("matmul", 1, short, given=lambda operands: operands[:-1])),
        ("the greatest id", embed(token=49)), ("a token that is no id", embed(token=50)), ("a token that is no id, said to fault", embed(token=50, faults=True)),
        ("a token that is no id before weights that lead nowhere", embed(token=50, given=nowhere(1))),
        ("a token that is no id before another form refused", embed(token=50, given=instead(1, {"number": 1}))),
        ("a token that is no id, and one operand too few refused", embed(token=50, given=lambda operands: operands[:-1])),
        ("a token of five bytes refused", embed((0, 0, longer))), ("a token of three bytes refused", embed((0, 0, shorter))),
        ("a counted token of five bytes refused", sample(0, (0, 9, longer))), ("a counted token that is no id", sample(0, (0, 9, same(u32((1 << 32) - 1))))),
    ]  # fmt: skip


def faults():
    """What is read whole before anything faults; and a fault that shows first."""
    great = (0, 0, every(i32, LIMIT - 1))
    keys = [(1, at, lambda piece: bytes([127]) * 96 + bytes([255, 30]) + piece[98:]) for at in range(6)]
    finish = [(0, head, same(i32(0) + b"\xff")) for head in range(11)]
    turned = [(0, 0, every(i32, 0)), (0, 1, lambda piece: entry(17, 1 - LIMIT)(entry(16, LIMIT - 1)(piece)))]
    found = []
    for name, said in (("opened", {}), ("said to fault", {"faults": True})):
        found += [
            (f"a true tile, {name}", case("attention", 0, index=11, **said)),
            (f"a score that faults, {name}", case("attention", 0, great, *keys, index=11, **said)),
            (f"a score that faults, with a peak of four bytes, {name}", case("attention", 0, great, *keys, (2, 0, shorter), index=11, **said)),
            (f"a score that faults, with sums out of range, {name}", case("attention", 1, great, *keys, (3, 0, put(0, u64((1 << 31) + 1))), index=11, **said)),
            (f"a score that faults, with a peak below another, {name}", case("attention", 1, great, *keys[:1], (2, 0, same(i32(-LIMIT) + b"\x0a")), index=11, **said)),
            (f"a value that faults, {name}", case("attention", 2, *finish, (1, 0, every(i64, (1 << 38) - 1)), (1, 0, put(0, u64(1))), **said)),
            (f"a value that faults, and no sum of another head, {name}", case("attention", 2, *finish, (1, 0, every(i64, (1 << 38) - 1)), (1, 0, put(0, u64(1))), (1, 10, put(0, u64(0))), **said)),
            (f"a row that faults, {name}", case("matmul", 1, (0, 0, long(0, (1 << 60) - 1)), **said)),
            (f"a row that faults, and a bias that is infinite, {name}", case("matmul", 1, (0, 0, long(0, (1 << 60) - 1)), (3, 0, put(28, INFINITY)), **said)),
            (f"a fault of another leaf of the head, {name}", case("rope", 0, *turned, position=1, **said)),
            (f"a fault of a head that the leaf begins with, {name}", case("rope", 0, (0, 0, every(i32, 0)), (0, 1, turned[1][2]), index=1, position=1, **said)),
        ]  # fmt: skip
    return found


def rows():
    """Lengths and entries of rows."""
    top = [("LIMIT - 1", LIMIT - 1), ("LIMIT", LIMIT), ("-LIMIT", -LIMIT), ("-2^31", -2 * LIMIT)]
    found = [(f"an entry of {name}", case("add", 0, (0, 0, entry(3, value)), (1, 0, entry(3, 0)))) for name, value in top]
    found += [(f"an entry of {name} that is not asked for", case("norm", 0, (0, 0, entry(1000, value)), nth=1)) for name, value in top[:2]]
    found += [(f"a copied entry of {name}", case("matmul", 2, (0, 0, entry(7, value)))) for name, value in top]
    found += [
        ("a leaf a byte short", case("add", 0, (0, 0, shorter))), ("a leaf an entry long", case("norm", 0, (0, 0, lambda piece: piece + i32(0)), nth=1)),
        ("a leaf of what is asked for alone", case("norm", 0, (0, 0, lambda piece: piece[: 4 * 96]), nth=1)), ("no bytes", case("add", 0, (1, 0, same(b"")))),
        ("a head across two leaves", case("rope", 0)), ("the rest of it", case("rope", 0, index=1)),
        ("two leaves as long as they must be together", case("rope", 0, (0, 0, lambda piece: piece[:-4]), (0, 1, lambda piece: bytes(4) + piece))),
        ("a norm of a head across two leaves", case("norm", 2, nth=1)), ("A8 of any bytes", case("matmul", 0, (2, 0, every(bytes, [255])))),
        ("A8 a block short", case("matmul", 0, (2, 0, lambda piece: piece[:-33]))), ("A8 a block long", case("matmul", 0, (2, 0, lambda piece: piece + bytes(33)))),
    ]  # fmt: skip
    found += [(f"sound: {name}", case("quantise", stage)) for name, stage in (("the greatest magnitude", 0), ("the exponent", 1), ("the scales and quants", 2))]
    for name, value in (("LIMIT - 1", LIMIT - 1), ("LIMIT", LIMIT)):
        found.append((f"a greatest magnitude of {name}", case("quantise", 1, (0, 0, same(u32(value))))))
    for s in (-1, 0, 30, 31):
        found.append((f"an exponent of a row whose s is {s}", case("quantise", 2, (0, 0, same(i32(s - 10))))))
    found.append(("an entry that needs a greater s", case("quantise", 2, (1, 0, entry(0, 32005)))))
    return found


def units():
    """Exponents, units, and weights under them."""
    zeros = (0, 0, every(i64, 0))
    found = []
    for value in (256, 257, -256, -257):
        found.append((f"an exponent of {value}", case("matmul", 1, zeros, (2, 0, same(i32(value))))))
        found.append((f"a unit of {value} of a sum", case("matmul", 1, zeros, (1, 0, put(0, i16(value))))))
        found.append((f"a unit of {value} of weights", case("matmul", 0, (1, 0, put(0, i16(value))))))
        found.append((f"a shift of {value} of a norm", case("norm", 2, (0, 0, put(8, i32(value))), (3, 0, every(i32, 0)))))
        found.append((f"a unit of {value} of an embedding", embed((2, 0, same(i16(value))))))
    found += [(f"a unit of {value} of scales of 0", case("matmul", 0, (0, 0, every(bytes, [0])), (1, 0, put(0, i16(value))))) for value in (-24, -25)]
    found += [(f"a unit of {value} of a gain", case("norm", 2, (1, 0, same(i16(value))), (2, 0, every(bytes, [0])))) for value in (-140, -141, 64, 65)]
    found += [
        ("a gain of 2^24", case("norm", 2, (1, 0, same(i16(-24))))), ("a gain that is no number", case("norm", 2, (2, 0, put(8, NAN)))),
        ("the least inv", case("norm", 2, (0, 0, put(0, i64(-(1 << 63)))), (0, 0, put(8, i32(256))))),
        ("an n of LIMIT, times gains of 0", case("norm", 2, (0, 0, put(0, i64(1 << 40) + i32(0))), (2, 0, every(bytes, [0])))),
        ("an infinite scale", case("matmul", 0, (0, 3, put(0, b"\x00\x7c")))), ("an infinite scale of an embedding", embed((1, 0, put(0, b"\x00\xfc")))),
        ("an infinite bias", case("matmul", 1, (3, 0, put(4, INFINITY)))), ("a bias below LIMIT", case("matmul", 1, zeros, (3, 0, put(4, bytes.fromhex("ffff7f48"))))),
        ("a bias of LIMIT", case("matmul", 1, zeros, (3, 0, put(4, bytes.fromhex("00008048"))))),
        ("a sum of squares below 2^78", case("norm", 1, (0, 0, same(((1 << 78) - 1).to_bytes(16, "little"))))),
        ("a sum of squares of 2^78", case("norm", 1, (0, 0, same((1 << 78).to_bytes(16, "little"))))),
        ("a partial sum of 2^60", case("matmul", 1, (0, 0, long(0, 1 << 60)))), ("partial sums of 2^59, of one row", case("matmul", 1, (0, 0, long(0, 1 << 59)), (0, 1, long(0, 1 << 59)), nth=3)),
        ("partial sums that go out", case("matmul", 1, (0, 0, long(0, (1 << 60) - 1)), (0, 1, long(0, 1 - (1 << 60))), nth=3)),
        ("a partial sum too many", case("matmul", 1, (0, 0, lambda piece: piece + bytes(8)))),
    ]  # fmt: skip
    return found


def attention():
    def peak(*changes):
        return case("attention", 0, *changes, index=11)

    def sums(*changes):
        return case("attention", 1, *changes, index=11)

    found = [("a page, its peak", case("attention", 0)), ("a page, its sums", case("attention", 1)), ("a second page, its peak", peak()), ("a second page, its sums", sums()), ("the end", case("attention", 2))]
    for at, what in ((96, "key"), (194, "value")):
        found += [(f"a {what} row without a mantissa", peak((1, 5, put(at, b"\x00")))), (f"a {what} row's shift of 30", peak((1, 5, put(at + 1, b"\x1e")))), (f"a {what} row's shift of 31", peak((1, 5, put(at + 1, b"\x1f"))))]
    found += [
        ("quants of -128", peak((1, 5, put(0, bytes([128] * 96))))), ("a row a byte short", peak((1, 5, shorter))), ("a row a byte long", peak((1, 5, longer))), ("a peak of four bytes", peak((2, 0, shorter))),
        ("a peak of six bytes", sums((2, 0, longer))), ("a peak below a score", sums((2, 0, same(i32(-LIMIT) + b"\x0a")))), ("a peak's shift below a row's", sums((2, 0, same(i32(1 << 20) + b"\x01")))),
        ("the greatest peak", sums((2, 0, same(i32((1 << 31) - 1) + b"\xff")))), ("sums of 0", sums((3, 0, every(u64, 0)))), ("sums of 0 at the end", case("attention", 2, (1, 10, put(0, u64(0))))),
        ("a shift of 255 at the end", case("attention", 2, (0, 3, same(i32(5) + b"\xff")), (1, 3, lambda piece: u64(5) + bytes(len(piece) - 8)))), ("sums of 95 values", case("attention", 2, (1, 3, lambda piece: piece[:-8]))),
    ]  # fmt: skip
    for name, at, values in (("Dn", 0, (1 << 31, (1 << 31) + 1)), ("N", 40, ((1 << 38) - 1, 1 << 38, 1 - (1 << 38), -(1 << 38)))):
        found += [(f"{name} of {value}", sums((3, 0, long(at, value)))) for value in values]
    found += [(f"rows appended at position {at}", case("kv_append", 0, position=at)) for at in (0, 1, 70)]
    found.append(("an appended entry of LIMIT", case("kv_append", 0, (1, 0, entry(5, LIMIT)))))
    return found


def experts():
    """Of four; the routing names 1 for slot 0, 2 for slot 1. A tile of group 0 is of expert `index`."""
    found = []
    for index, name in ((1, "the slot's expert"), (0, "another expert")):
        found += [
            (f"a sum of {name}", mixed("expert_matmul", 0, index=index)), (f"a round of {name}", mixed("expert_matmul", 1, index=index)),
            (f"a row of {name} beyond LIMIT", mixed("expert_matmul", 1, (0, 0, long(0, (1 << 60) - 1)), index=index)),
            (f"a sum of 2^60 of {name}", mixed("expert_matmul", 1, (0, 0, long(0, 1 << 60)), index=index)),
            (f"an infinite scale of {name}", mixed("expert_matmul", 0, (0, 0, put(0, b"\x00\x7c")), index=index)),
            (f"an exponent of 257 of {name}", mixed("expert_matmul", 1, (2, 0, same(i32(257))), index=index)),
            (f"a copied entry of LIMIT of {name}", mixed("expert_matmul", 2, (0, index, entry(0, LIMIT)))),
        ]  # fmt: skip
    found += [("what the slot's expert made", mixed("expert_matmul", 2)), ("a weighed row", mixed("weigh", 0)), ("a routing of LIMIT", mixed("weigh", 0, (1, 0, entry(1, LIMIT))))]
    for expert in (3, 4, -1):
        found += [(f"{what} where the slot's expert is {expert}", mixed("expert_matmul", stage, (-1, 0, entry(0, expert)), index=3 if stage < 2 else 0)) for stage, what in ((0, "a sum"), (1, "a round"), (2, "a pick"))]
    for value in (0, 1 << 16, (1 << 16) + 1, -1):
        found += [(f"a weight of {value}", mixed("weigh", 0, (1, 0, entry(2, value)))), (f"another slot's weight of {value}", mixed("weigh", 0, (1, 0, entry(3, value))))]
    return found


def samples():
    cold = {"temperature": 0}
    stages = ((0, "count"), (1, "adjust"), (2, "peak"), (3, "greatest"), (4, "bins"), (5, "add bins"), (6, "digit"), (9, "a second digit"), (31, "weigh"), (32, "total"), (33, "bins of weights"),
              (35, "digit of top-p"), (36, "a second digit's bins"), (60, "remain"), (61, "draw"), (62, "walk"), (63, "choose"))  # fmt: skip
    found = [(f"sample: {name}", sample(stage)) for stage, name in stages] + [(f"sample: {name} at temperature 0", sample(stage, **cold)) for stage, name in stages if stage in (31, 36, 60)]
    for value in (1 << 16, (1 << 16) + 1, (1 << 31) + (1 << 16), (1 << 31) + (1 << 16) + 1):
        found.append((f"a count of {value}", sample(1, (1, 0, put(8, u32(value))))))
    for value in ((1 << 52) - 1, 1 << 52):
        found += [
            (f"a key of {value}", sample(3, (0, 0, same(u64(value))))), (f"a greatest key of {value}", sample(31, (1, 0, same(u64(value))))),
            (f"a threshold of {value}", sample(31, (3, 0, put(0, u64(value))))), (f"digits so far of {value}", sample(9, (1, 0, put(0, u64(value))))),
            (f"digits so far of {value}, of bins", sample(7, (1, 0, put(0, u64(value))))), (f"digits so far of {value}, of weights' bins", sample(36, (4, 0, put(0, u64(value))))),
        ]  # fmt: skip
    for value in ((1 << 53) - 1, 1 << 53):
        found += [(f"a bin of {value}", sample(6, (0, 0, lambda piece, value=value: u64(value) + bytes(len(piece) - 8)))), (f"a sum of weights of {value}", sample(32, (0, 0, same(u64(value))))),
                  (f"a total of {value}", sample(35, (1, 0, same(u64(value)))))]  # fmt: skip
    above, top = (1, 0, same(u64(key(-742, 0)))), (1, 0, same(u64(key(-741, 7))))  # id 7 is the first that has the greatest logit
    elsewhere = (-1, 0, put(16, u32(1)))
    found += [
        ("a key above the greatest", sample(31, above)), ("a key above the greatest at temperature 0", sample(31, above, **cold)), ("the greatest of a lower id", sample(31, (1, 0, same(u64(key(-741, 6)))))),
        ("the greatest of a higher id", sample(31, (1, 0, same(u64(key(-741, 8)))))), ("the greatest's own weight", sample(31, top)), ("the greatest's own weight at temperature 0", sample(31, top, **cold)),
        ("sample: walk at temperature 0", sample(62, top, (-1, 0, put(8, u64(0))), **cold)), ("a walk at temperature 0 without the greatest", sample(62, (-1, 0, put(8, u64(0))), **cold)),
        ("a draw into another chunk", sample(62, elsewhere)), ("a draw into another chunk, and a key above the greatest", sample(62, elsewhere, above)),
        ("a draw behind its chunk", sample(62, (-1, 0, put(8, u64(1 << 50))))), ("a draw without weights", sample(61, (0, 0, same(u64(0))))),
        ("nothing found", sample(63, (0, 0, same(bytes(8))))), ("found twice", sample(63, (0, 0, same(u32(2) + u32(7))))), ("nothing found, with an id", sample(63, (0, 0, same(u32(0) + u32(7))))),
        ("an id found that is none", sample(63, (0, 0, same(u32(1) + u32((1 << 32) - 1))))), ("adjusted logits at both ends", sample(2, (0, 0, put(0, i32(-(1 << 31)) + i32((1 << 31) - 1))))),
        ("adjusted logits, one too few", sample(2, (0, 0, lambda piece: piece[:-4]))), ("63 bins", sample(5, (0, 0, lambda piece: piece[:-8]))),
        ("biases", sample(1, bias=[[5, -7], [9, 1000000]])), ("all that is left of a need", sample(9, (1, 0, put(8, u64((1 << 64) - 1))))),
    ]  # fmt: skip
    return found


def operand_cases():
    programs = [(f"program: {name}", {"program": name, "bytes": data.hex()}) for name, data in PROGRAMS.items()]
    return [*programs, *order(), *faults(), *rows(), *units(), *attention(), *experts(), *samples()]


OPS = {"dispute_operands": (evaluate, operand_cases())}
