"""What a referee holds of a model (dispute.md, program.md): the program read back, its blocks, types and tiles."""

import formats
from program import FORMATS, KINDS, LAYOUTS, OPS, OVER
from receipt_decode import Input, true

CHUNK, ROWS, PAGE, IDS, TOKENS, ADDED, DIGITS, BINS = 1024, 8, 64, 4096, 1024, 64, 9, 64
NUMBERED = {number: (name, fields) for name, (number, fields) in OPS.items()}
FORMS = {number: name for name, number in FORMATS.items()}
WORDS = {"K": KINDS, "L": LAYOUTS, "R": OVER}
FLOATS = {"F32": 4, "F16": 2, "BF16": 2, "F32_LESS_ONE": 4, "F16_LESS_ONE": 2, "BF16_LESS_ONE": 2}


def read_field(i, form):
    if form in WORDS:
        number = i.number(1)
        found = [word for word, other in WORDS[form].items() if other == number]
        true(found != [], "Unknown")
        return found[0]
    if form == "O":
        return i.number(2) if i.one_of(0, 1) else None
    return i.signed() if form == "S" else i.number(int(form))


def read_op(i):
    number = i.number(2)
    true(number in NUMBERED, "Unknown")
    name, fields = NUMBERED[number]
    return {"op": name, **{field: read_field(i, form) for field, form in (pair.split(":") for pair in fields.split())}}


def read_group(i):
    ops = i.items(4, 128, lambda: read_op(i))
    output, tensors, attributes = i.number(2), i.number(2), i.number(2)
    layers = i.items(4, 1024, lambda: {"tensors": [i.number(4) for _ in range(tensors)], "attributes": [i.number(4) for _ in range(attributes)]})
    return {"ops": ops, "output": output, "layers": layers}


def read_tensor(i):
    i.take(i.number(1))
    return {"format": FORMS[i.number(1)], "rows": i.number(4), "columns": i.number(4), "file": i.number(2), "offset": i.number(8)}


def read_program(data):
    """A program that was checked before, of its bytes."""
    i = Input(data)
    true(i.take(4) == b"PRBP")
    i.version()
    i.number(2)
    program = {"context": i.number(4), "vocabulary": i.number(4)}
    program["tensors"] = i.items(4, 32768, lambda: read_tensor(i))
    program["rope_tables"] = i.items(4, 16, lambda: i.items(4, 128, lambda: i.number(8)))
    program["prologue"] = read_group(i)
    program["groups"] = i.items(4, 16, lambda: read_group(i))
    program["epilogue"] = read_group(i)
    i.end()
    return program


class Place:
    """A layer of a group: its ops, what their slots are bound to, the types of its values."""

    def __init__(self, program, group, layer, first, before):
        self.program, self.ops, self.output, self.layer, self.first = program, group["ops"], group["output"], layer, first
        self.types = [before]
        for op in self.ops:
            self.types.append(self.type_of(op))

    def tensor(self, slot):
        return self.program["tensors"][self.layer["tensors"][slot]]

    def attribute(self, slot):
        return self.layer["attributes"][slot]

    def type_of(self, op):
        name, types = op["op"], self.types
        if name == "embed":
            return ("fixed", self.tensor(op["W"])["columns"], op["frac"])
        if name in ("norm", "silu_gate", "gelu_gate"):
            return ("fixed", types[op["x" if name == "norm" else "gate"]][1], op["frac"])
        if name == "quantise":
            return (op["kind"], types[op["x"]][1])
        if name in ("matmul", "logits"):
            return ("fixed" if name == "matmul" else "logits", self.tensor(op["W"])["rows"], op["frac"])
        if name == "kv_append":
            (_, width, frac_k), (_, _, frac_v) = types[op["k"]], types[op["v"]]
            return ("kv", width // op["D"], op["D"], frac_k, frac_v)
        if name in ("attention", "capped_attention"):
            return ("fixed", types[op["q"]][1], op["frac"])
        if name == "sample":
            return ("token",)
        if name == "route":
            return ("routing", op["k"], types[op["x"]][1])
        if name == "expert_matmul":
            return ("fixed", self.tensor(op["W"])["rows"] // types[op["routing"]][2], op["frac"])
        return types[op["a" if name == "add" else "x"]]

    def append(self):
        """Number in the block of the op that appends, or None."""
        found = [at for at, op in enumerate(self.ops) if op["op"] == "kv_append"]
        return found[0] if found else None

    def read_by(self, at):
        """Which earlier ops of the block an op reads, in the order of their numbers."""
        return sorted({value - 1 for value in inputs(self.ops[at]) if value > 0})


VALUES = {
    "silu_gate": ("gate", "up"), "gelu_gate": ("gate", "up"), "add": ("a", "b"), "kv_append": ("k", "v"), "attention": ("q", "kv"),
    "capped_attention": ("q", "kv"), "expert_matmul": ("x", "routing"), "weigh": ("x", "routing"),
}  # fmt: skip


def inputs(op):
    return [op[name] for name in VALUES.get(op["op"], ("x",))]


def leaves_of(kind):
    """How many leaves a value of a type has."""
    if kind[0] in ("fixed", "logits"):
        return chunks(kind[1])
    if kind[0] in ("A8", "A16"):
        return 1 + chunks(kind[1])
    return kind[1] if kind[0] == "kv" else 1


def chunks(width, size=CHUNK):
    return -(-width // size)


def chunk(width, at, size=CHUNK):
    return range(at * size, min((at + 1) * size, width))


class Model:
    """files: (hash, bytes) each, in the manifest's order; units the same."""

    def __init__(self, program, model, files, units, arithmetic=1, sampling=1):
        self.program, self.model, self.files, self.units = program, model, files, units
        self.context, self.vocabulary = program["context"], program["vocabulary"]
        self.arithmetic, self.sampling = arithmetic, sampling
        self.places, number, before = [], 0, ("token",)
        groups = [program["prologue"], *program["groups"], program["epilogue"]]
        for group in groups:
            for layer in group["layers"]:
                self.places.append(Place(program, group, layer, number, before))
                number += len(group["ops"])
                after = self.places[-1].types[group["output"]]
            before = after
        self.ops = number
        self.boundaries = len(self.places) - 1
        self.first_units = self.count_units()

    def count_units(self):
        """Of each tensor, where its units begin: one for a row of a matrix, one for a gain, none for a bias."""
        gains, matrices = set(), set()
        for place in self.places:
            for op in place.ops:
                if "g" in op:
                    gains.add(place.layer["tensors"][op["g"]])
                if "W" in op:
                    matrices.add(place.layer["tensors"][op["W"]])
        found, total = [], 0
        for at, tensor in enumerate(self.program["tensors"]):
            found.append(total)
            total += tensor["rows"] if at in matrices else int(at in gains)
        return found

    def fits(self):
        """Whether the parts are those that the program reads."""
        within = all(t["file"] < len(self.files) and t["offset"] + t["rows"] * bytes_of(t["format"], t["columns"]) <= self.files[t["file"]][1] for t in self.program["tensors"])
        return within and self.units[1] == 2 * self.units_in_all()

    def units_in_all(self):
        return sum(self.units_of(at) for at in range(len(self.program["tensors"])))

    def units_of(self, tensor):
        last = self.first_units[tensor + 1 :]
        if last:
            return last[0] - self.first_units[tensor]
        for place in self.places:
            for op in place.ops:
                if "W" in op and place.layer["tensors"][op["W"]] == tensor:
                    return self.program["tensors"][tensor]["rows"]
                if "g" in op and place.layer["tensors"][op["g"]] == tensor:
                    return 1
        return 0

    def block_of(self, op):
        """The block of an op of the unrolled program, and its number in it."""
        for at, place in enumerate(self.places):
            if place.first <= op < place.first + len(place.ops):
                return at, op - place.first
        raise IndexError(op)

    def epilogue(self):
        return self.places[-1].first


def bytes_of(form, columns):
    """Bytes of that many entries of a row."""
    if form in FLOATS:
        return columns * FLOATS[form]
    return formats.row_bytes(form, columns)


# Section 5: an op is a list of stages, (tiles, operands of tile i). An operand is a tuple that begins with its name.


def stages(model, place, at, position, token=None):
    op = place.ops[at]
    return GRIDS[op["op"]](Grid(model, place, op, position, token))


class Grid:
    def __init__(self, model, place, op, position, token):
        self.model, self.place, self.op, self.position, self.token = model, place, op, position, token

    def kind(self, field="x"):
        return self.place.types[self.op[field]]

    def width(self, field="x"):
        return self.kind(field)[1]

    def entries(self, some, field="x"):
        return ("entries", self.op[field], some)

    def weights(self, rows, columns, slot="W"):
        return ("weights", self.place.layer["tensors"][self.op[slot]], rows, columns)

    def units(self, rows, slot="W"):
        return ("units", self.place.layer["tensors"][self.op[slot]], rows)


def outputs(stage, some):
    return ("outputs", stage, some)


def one(stage, at=0):
    return ("outputs", stage, range(at, at + 1))


def embed(g):
    width, row = g.place.types[1][1], range(g.token or 0, (g.token or 0) + 1)
    return [(chunks(width), lambda i: [("tokens", range(g.position, g.position + 1)), g.weights(row, chunk(width, i)), g.units(row)])]


def norm(g):
    whole, width = g.width(), g.op["width"]
    each = chunks(width)

    def squares(i):
        head, part = i // each * width, chunk(width, i % each)
        return [g.entries(range(head + part.start, head + part.stop))]

    def apply(i):
        here = chunk(whole, i)
        gains = range(width) if width <= CHUNK else here
        scales = outputs(1, range(here.start // width, -(-here.stop // width)))
        return [scales, g.units(range(1), "g"), g.weights(range(1), gains, "g"), g.entries(here)]

    heads = whole // width
    return [(heads * each, squares), (heads, lambda i: [outputs(0, range(i * each, (i + 1) * each))]), (chunks(whole), apply)]


def quantise(g):
    width = g.width()
    count = chunks(width)
    return [
        (count, lambda i: [g.entries(chunk(width, i))]),
        (1, lambda i: [outputs(0, range(count))]),
        (count, lambda i: [one(1), g.entries(chunk(width, i))]),
    ]


def matmul(g):
    tensor = g.place.tensor(g.op["W"])
    rows, columns = tensor["rows"], tensor["columns"]
    groups, each, width = chunks(rows, ROWS), chunks(columns), g.width()

    def sums(i):
        group, part = chunk(rows, i // each, ROWS), chunk(columns, i % each)
        return [g.weights(group, part), g.units(group), g.entries(chunk(width, i % each))]

    def rounded(i):
        group = chunk(rows, i, ROWS)
        biases = [g.weights(range(1), group, "b")] if g.op.get("b") is not None else []
        return [outputs(0, range(i * each, (i + 1) * each)), g.units(group), ("exponent", g.op["x"]), *biases]

    return [(groups * each, sums), (groups, rounded), (chunks(rows), collected(1, groups))]


def collected(stage, groups):
    return lambda i: [outputs(stage, chunk(groups, i, CHUNK // ROWS))]


def expert_matmul(g):
    tensor, experts = g.place.tensor(g.op["W"]), g.kind("routing")[2]
    rows, columns, width = tensor["rows"] // experts, tensor["columns"], g.width()
    groups, each, routing = rows // ROWS, chunks(columns), ("routing", g.op["routing"])

    def of(group, expert):
        some = chunk(rows, group, ROWS)
        return range(expert * rows + some.start, expert * rows + some.stop)

    def sums(i):
        group, expert, part = i // each // experts, i // each % experts, i % each
        some = of(group, expert)
        return [g.weights(some, chunk(columns, part)), g.units(some), g.entries(chunk(width, part)), routing]

    def rounded(i):
        return [outputs(0, range(i * each, (i + 1) * each)), g.units(of(i // experts, i % experts)), ("exponent", g.op["x"]), routing]

    return [
        (groups * experts * each, sums), (groups * experts, rounded),
        (groups, lambda i: [outputs(1, range(i * experts, (i + 1) * experts)), routing]), (chunks(rows), collected(2, groups)),
    ]  # fmt: skip


def rope(g):
    width, d = g.width(), g.op["D"]

    def heads(i):
        here = chunk(width, i)
        return [g.entries(range(here.start // d * d, -(-here.stop // d) * d))]

    return [(chunks(width), heads)]


def kv_append(g):
    d = g.op["D"]

    def head(i):
        some = range(i * d, (i + 1) * d)
        return [g.entries(some, "k"), g.entries(some, "v"), ("edge", i)]

    return [(g.width("k") // d, head)]


def pages_seen(position, window):
    """Of each page, the positions that the query sees."""
    first = max(0, position + 1 - window) if window else 0
    return [range(max(first, at), min(at + PAGE, position + 1)) for at in range(first // PAGE * PAGE, position + 1, PAGE)]


def attention(g):
    _, kept, d, _, _ = g.kind("kv")
    width = g.width("q")
    heads, pages = width // d, pages_seen(g.position, g.place.attribute(g.op["window"]))
    last = (len(pages) - 1) * heads

    def read(i):
        head = i % heads
        return [g.entries(range(head * d, (head + 1) * d), "q"), ("page", g.op["kv"], head * kept // heads, pages[i // heads])]

    def before(stage, i):
        return [one(stage, i - heads)] if i >= heads else []

    def finish(i):
        here = chunk(width, i)
        touched = range(last + here.start // d, last - (-here.stop // d))
        return [outputs(0, touched), outputs(1, touched)]

    return [
        (len(pages) * heads, lambda i: [*read(i), *before(0, i)]),
        (len(pages) * heads, lambda i: [*read(i), one(0, last + i % heads), *before(1, i)]),
        (chunks(width), finish),
    ]


def two_rows(first, second):
    def grid(g):
        width = g.width(first)
        return [(chunks(width), lambda i: [g.entries(chunk(width, i), first), g.entries(chunk(width, i), second)])]

    return grid


def one_row(g):
    width = g.width()
    return [(chunks(width), lambda i: [g.entries(chunk(width, i))])]


def route(g):
    return [(1, lambda i: [g.entries(range(g.width()))])]


def weigh(g):
    width = g.width()
    return [(chunks(width), lambda i: [g.entries(chunk(width, i)), ("routing", g.op["routing"])])]


PARAMETERS = ("parameters",)


def sample(g):
    ids, seen = g.width(), g.position + 1
    count, pages = chunks(ids, IDS), chunks(seen, TOKENS)
    added = chunks(count, ADDED)

    def counts(i):
        before = [one(0, i - count)] if i >= count else []
        return [("tokens", chunk(seen, i // count, TOKENS)), PARAMETERS, *before]

    def adjust(i):
        return [g.entries(chunk(ids, i, IDS)), one(0, (pages - 1) * count + i), PARAMETERS, ("biases",)]

    found = [(pages * count, counts), (count, adjust), (count, lambda i: [one(1, i)]), (1, lambda i: [outputs(2, range(count))])]
    found += descent(4, count, added, lambda i: [one(1, i)], [PARAMETERS])
    weighed = lambda i: [one(1, i), one(3), PARAMETERS, one(30)]  # noqa: E731
    found += [(count, weighed), (1, lambda i: [outputs(31, range(count))])]
    found += descent(33, count, added, weighed, [one(32), PARAMETERS])
    remain = lambda i: [*weighed(i), one(59)]  # noqa: E731
    found += [
        (count, remain), (1, lambda i: [outputs(60, range(count)), PARAMETERS]),
        (count, lambda i: [*remain(i), one(61)]), (1, lambda i: [outputs(62, range(count))]),
    ]  # fmt: skip
    return found


def descent(first, count, added, read, need):
    """bins, add bins, digit nine times, from a stage on."""
    found = []
    for digit in range(DIGITS):
        here = first + 3 * digit
        before = [one(here - 1)] if digit else []
        found.append((count, lambda i, before=before: [*read(i), *before]))
        found.append((added, lambda i, here=here: [outputs(here, chunk(count, i, ADDED))]))
        found.append((1, lambda i, here=here, before=before: [outputs(here + 1, range(added)), *(before or need)]))
    return found


GRIDS = {
    "embed": embed, "norm": norm, "quantise": quantise, "matmul": matmul, "logits": matmul, "rope": rope, "kv_append": kv_append,
    "attention": attention, "capped_attention": attention, "silu_gate": two_rows("gate", "up"), "gelu_gate": two_rows("gate", "up"),
    "add": two_rows("a", "b"), "hadamard": one_row, "soft_cap": one_row, "scale": one_row, "route": route, "weigh": weigh,
    "expert_matmul": expert_matmul, "sample": sample,
}  # fmt: skip


class Tiles:
    """The tiles of one op at a position, by number."""

    def __init__(self, model, place, at, position):
        self.model, self.place, self.at, self.position = model, place, at, position
        self.stages = stages(model, place, at, position)
        self.all = sum(count for count, _ in self.stages)
        self.leaves = leaves_of(place.types[at + 1])
        self.early = self.all - self.leaves

    def stage(self, number):
        for stage, (count, _) in enumerate(self.stages):
            if number < count:
                return stage, number
            number -= count
        raise IndexError(number)

    def first(self, stage):
        return sum(count for count, _ in self.stages[:stage])

    def operands(self, number, token=None):
        stage, index = self.stage(number)
        return stages(self.model, self.place, self.at, self.position, token)[stage][1](index)

    def read_leaves(self, number):
        """Which leaves of its own value, by their number, a tile reads."""
        found = []
        for operand in self.operands(number):
            if operand[0] == "outputs":
                first = self.first(operand[1])
                found += [first + i - self.early for i in operand[2] if first + i >= self.early]
        return found
