"""program.md section 3: bytes of a program, written and read, from the text; and a small program that has every op."""

import formats
from receipt import u8, u16, u32, u64
from receipt_decode import Input, true

FORMATS = {
    "F32": 1, "F16": 2, "Q4_0": 3, "Q4_1": 4, "Q8_0": 5, "BF16": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K": 11, "Q4_K": 12,
    "Q5_K": 13, "Q6_K": 14, "IQ4_NL": 15, "IQ4_XS": 16, "F32_LESS_ONE": 17, "F16_LESS_ONE": 18, "BF16_LESS_ONE": 19,
}  # fmt: skip
KINDS, LAYOUTS, OVER = {"A8": 1, "A16": 2}, {"interleaved": 1, "half": 2}, {"chosen": 1, "all": 2}
OPS = {
    "embed": (1, "x:2 W:2 frac:1"), "norm": (2, "x:2 g:2 eps:8 width:4 frac:1"), "quantise": (3, "x:2 kind:K"),
    "matmul": (4, "x:2 W:2 b:O frac:1"), "rope": (5, "x:2 table:2 D:4 rotary:4 layout:L"), "kv_append": (6, "k:2 v:2 D:4"),
    "attention": (7, "q:2 kv:2 scale:2 exponent:S window:2 frac:1"), "silu_gate": (8, "gate:2 up:2 frac:1"), "add": (9, "a:2 b:2"),
    "logits": (10, "x:2 W:2 frac:1"), "sample": (11, "x:2"), "hadamard": (12, "x:2 width:4"), "soft_cap": (13, "x:2 c:4"),
    "gelu_gate": (14, "gate:2 up:2 frac:1"), "scale": (15, "x:2 c:2 exponent:S"),
    "capped_attention": (16, "q:2 kv:2 scale:2 exponent:S window:2 frac:1 c:4"),
    "route": (17, "x:2 k:1 over:R"), "expert_matmul": (18, "x:2 routing:2 slot:1 W:2 frac:1"), "weigh": (19, "x:2 routing:2 slot:1"),
}  # fmt: skip
TENSORS, NAME, TABLES, PAIRS, GROUPS, LAYERS, TEMPLATE = 32768, 128, 16, 128, 16, 1024, 128
TENSOR_SLOTS, ATTRIBUTE_SLOTS, ENCODED = 128, 32, 1 << 22
FROZEN, NEWEST = 13, max(number for number, _ in OPS.values())  # ops at the freeze, ops now


def field(form, value):
    if form == "K":
        return u8(KINDS[value])
    if form == "L":
        return u8(LAYOUTS[value])
    if form == "R":
        return u8(OVER[value])
    if form == "O":
        return u8(0) if value is None else u8(1) + u16(value)
    if form == "S":
        return value.to_bytes(4, "little", signed=True)
    return int(value).to_bytes(int(form), "little")


def op(one):
    number, fields = OPS[one["op"]]
    named = [pair.split(":") for pair in fields.split()]
    assert set(one) == {"op"} | {name for name, _ in named}
    return u16(number) + b"".join(field(form, one[name]) for name, form in named)


def group(one):
    layers = [b"".join(u32(n) for n in [*layer["tensors"], *layer["attributes"]]) for layer in one["layers"]]
    slots = u16(len(one["layers"][0]["tensors"])) + u16(len(one["layers"][0]["attributes"]))
    ops = b"".join(op(made) for made in one["ops"])
    return u32(len(one["ops"])) + ops + u16(one["output"]) + slots + u32(len(layers)) + b"".join(layers)


def tensor(one):
    name = one["name"].encode("ascii")
    place = u16(one["file"]) + u64(int(one["offset"]))
    return u8(len(name)) + name + u8(FORMATS[one["format"]]) + u32(one["rows"]) + u32(one["columns"]) + place


def program(p):
    tables = b"".join(u32(len(table)) + b"".join(u64(int(f)) for f in table) for table in p["rope_tables"])
    return b"".join((
        b"PRBP", u16(1), u16(p["arithmetic"]), u32(p["context"]), u32(p["vocabulary"]),
        u32(len(p["tensors"])), b"".join(tensor(one) for one in p["tensors"]), u32(len(p["rope_tables"])), tables,
        group(p["prologue"]), u32(len(p["groups"])), b"".join(group(one) for one in p["groups"]), group(p["epilogue"]),
    ))  # fmt: skip


# Reading: the form, and of section 2 what needs no types.


def read_tensor(i):
    name = i.take(i.count(1, NAME))
    true(len(name) > 0 and all(0x21 <= byte <= 0x7E for byte in name))
    form, rows, columns, file, offset = i.one_of(1, 5), i.number(4), i.number(4), i.number(2), i.number(8)
    true(1 <= rows <= 1 << 20 and 1 <= columns <= 1 << 17 and file < 4096, "Limit")
    true(form < 3 or columns % 32 == 0)
    size = {1: columns * 4, 2: columns * 2, 3: columns // 32 * 18, 4: columns // 32 * 20, 5: columns // 32 * 34}[form]
    true(offset + rows * size <= 1 << 40, "Limit")
    return {"rows": rows, "file": file, "end": offset + rows * size}


def read_field(i, form):
    if form in ("K", "L", "R"):
        return i.one_of(1, 2)
    if form == "O":
        return i.number(2) if i.one_of(0, 1) else None
    return i.number(4 if form == "S" else int(form))


def read_op(i, newest):
    number = i.number(2)
    known = [fields for other, fields in OPS.values() if other == number <= newest]
    true(known != [], "Unknown")
    named = [pair.split(":") for pair in known[0].split()]
    made = {name: read_field(i, form) for name, form in named}
    true(made.get("frac", 0) <= 24, "Limit")
    return made


VALUES, TENSOR_FIELDS, ATTRIBUTE_FIELDS = ("x", "k", "v", "q", "kv", "gate", "up", "a", "b", "routing"), ("W", "g"), ("table", "window")


def fields_of(made, names):
    return [made[name] for name in names if made.get(name) is not None]


def read_group(i, alone, newest):
    """The tensors that its layers bind, each with the fields that read it; ops over all layers."""
    ops = i.items(4, TEMPLATE, lambda: read_op(i, newest))
    output, tensors, attributes = i.number(2), i.count(2, TENSOR_SLOTS), i.count(2, ATTRIBUTE_SLOTS)
    layers = i.items(4, LAYERS, lambda: [i.number(4) for _ in range(tensors + attributes)])
    true(ops != [] and layers != [] and (len(layers) == 1 or not alone), "Limit")
    values, slots, places, roles = {output}, set(), set(), set()
    for at, made in enumerate(ops):
        bias = [made["b"]] if "W" in made and made.get("b") is not None else []
        read = fields_of(made, [name for name in VALUES if name != "b" or "W" not in made])
        true(all(value <= at for value in read))
        values.update(read)
        slots.update(fields_of(made, TENSOR_FIELDS) + bias)
        roles.update((made[name], name) for name in TENSOR_FIELDS if name in made)
        places.update(fields_of(made, ATTRIBUTE_FIELDS))
    true(output > 0 and values == set(range(len(ops) + 1)))
    true(slots == set(range(tensors)) and places == set(range(attributes)))
    bound = {tensor: set() for layer in layers for tensor in layer[:tensors]}
    for layer in layers:
        for slot, role in roles:
            bound[layer[slot]].add(role)
    return bound, len(ops) * len(layers)


def read_program(data, newest=NEWEST):
    """Its tensors, how many units they have, ops over all layers. newest: the greatest number of an op that the reader knows."""
    true(len(data) <= ENCODED, "Limit")
    i = Input(data)
    true(i.take(4) == b"PRBP")
    i.version()
    true(i.number(2) == 1, "Version")
    true(1 <= i.number(4) <= 1 << 16 and 1 <= i.number(4) <= 1 << 20, "Limit")
    tensors = i.items(4, TENSORS, lambda: read_tensor(i))
    i.items(4, TABLES, lambda: true(i.items(4, PAIRS, lambda: i.take(8)) != []))
    first = read_group(i, True, newest)
    groups = i.items(4, GROUPS, lambda: read_group(i, False, newest))
    parts = [first, *groups, read_group(i, True, newest)]
    i.end()
    true(groups != [] and set().union(*(bound for bound, _ in parts)) == set(range(len(tensors))))
    roles = [set().union(*(bound.get(at, set()) for bound, _ in parts)) for at in range(len(tensors))]
    units = sum(one["rows"] if "W" in role else len(role) for one, role in zip(tensors, roles))
    return tensors, units, sum(count for _, count in parts)


# A small program. What is chosen here means nothing; that it is a program of the text is what is tested.


HEADS = (4, 2, 32)


class Table:
    """Tensors, one behind the other in a file."""

    def __init__(self, matrices, vectors):
        self.formats, self.list, self.offset = (matrices, vectors), [], 0

    def add(self, name, rows, columns, vector):
        form = self.formats[vector]
        self.list.append({"name": name, "format": form, "rows": rows, "columns": columns, "file": 0, "offset": str(self.offset)})
        self.offset += rows * formats.row_bytes(form, columns)
        return len(self.list) - 1

    def matrix(self, name, rows, columns):
        return self.add(name, rows, columns, 0)

    def vector(self, name, columns):
        return self.add(name, 1, columns, 1)


class Template:
    """Ops in order; a slot per tensor asked for."""

    def __init__(self):
        self.ops, self.slots = [], 0

    def slot(self):
        self.slots += 1
        return self.slots - 1

    def op(self, name, **fields):
        self.ops.append({"op": name, **fields})
        return len(self.ops)


def small(shape):
    """shape: matrices, vectors (formats), kind, layout, bias, norms, hadamard, caps, tied, window, layers; heads: (of queries, of keys, D); rotary."""
    table = Table(shape["matrices"], shape["vectors"])
    ids = shape.get("vocabulary", 50)
    embed = table.matrix("embed", ids, 64)
    layers = [small_layer(table, shape, layer) for layer in range(shape["layers"])]
    gain = table.vector("last_norm", 64)
    output = embed if shape["tied"] else table.matrix("output", ids, 64)
    frequencies = [2935890503282001226]
    while len(frequencies) < shape.get("rotary", 32) // 2:
        frequencies.append(frequencies[-1] // 3 * 2)
    template, out = small_template(shape)
    prologue = [{"op": "embed", "x": 0, "W": 0, "frac": 16}]
    if shape.get("scale"):
        prologue.append({"op": "scale", "x": 1, "c": 24576, "exponent": -13})
    return {
        "arithmetic": 1, "context": 256, "vocabulary": ids, "tensors": table.list, "rope_tables": [[str(f) for f in frequencies]],
        "prologue": {"ops": prologue, "output": len(prologue), "layers": [{"tensors": [embed], "attributes": []}]},
        "groups": [{"ops": template.ops, "output": out, "layers": layers}], "epilogue": small_epilogue(shape, gain, output),
    }  # fmt: skip


def small_epilogue(shape, gain, output):
    t = Template()
    x = t.op("norm", x=0, g=0, eps=str((64 << 32) // 100000), width=64, frac=12)
    x = t.op("logits", x=t.op("quantise", x=x, kind=shape["kind"]), W=1, frac=16)
    if shape.get("scale"):
        x = t.op("scale", x=x, c=20480, exponent=-15)
    if shape["caps"]:
        x = t.op("soft_cap", x=x, c=1 << 16)
    out = t.op("sample", x=x)
    return {"ops": t.ops, "output": out, "layers": [{"tensors": [gain, output], "attributes": []}]}


def small_layer(table, shape, layer):
    name = f"layer.{layer}."
    bound = [table.vector(name + "attention_norm", 64)]
    queries, keys, d = shape.get("heads", HEADS)
    for part, rows in (("q", queries * d), ("k", keys * d), ("v", keys * d)):
        bound.append(table.matrix(name + part, rows, 64))
        if shape["bias"]:
            bound.append(table.vector(f"{name}{part}_bias", rows))
    if shape["norms"]:
        bound += [table.vector(name + "q_norm", d), table.vector(name + "k_norm", d)]
    bound += [table.matrix(name + "attention_out", 64, queries * d), table.vector(name + "gate_norm", 64)]
    experts = shape.get("experts", 0)
    if experts:
        bound.append(table.matrix(name + "router", experts, 64))
    count = max(1, experts)
    bound += [table.matrix(name + "gate", count * 96, 64), table.matrix(name + "up", count * 96, 64), table.matrix(name + "down", count * 64, 96)]
    return {"tensors": bound, "attributes": [0, shape["window"] if layer % 2 == 1 else 0]}


def mixed(t, shape, x, out, quantised):
    """Two of the experts, each weighed and added."""
    routing = t.op("route", x=t.op("matmul", x=x, W=t.slot(), b=None, frac=12), k=2, over=shape["over"])
    gate, up, down = t.slot(), t.slot(), t.slot()
    for slot in range(2):
        rows = [t.op("expert_matmul", x=x, routing=routing, slot=slot, W=weight, frac=12) for weight in (gate, up)]
        row = quantised(t.op("silu_gate", gate=rows[0], up=rows[1], frac=12))
        row = t.op("expert_matmul", x=row, routing=routing, slot=slot, W=down, frac=16)
        out = t.op("add", a=out, b=t.op("weigh", x=row, routing=routing, slot=slot))
    return out


def small_template(shape):
    t, (_, _, d) = Template(), shape.get("heads", HEADS)

    def norm(x, width, frac_in):
        return t.op("norm", x=x, g=t.slot(), eps=str((width << (2 * frac_in)) // 100000), width=width, frac=12)

    def matmul(x, bias=False, frac=12):
        weight = t.slot()
        return t.op("matmul", x=x, W=weight, b=t.slot() if bias else None, frac=frac)

    def quantised(x):
        return t.op("quantise", x=x, kind=shape["kind"])

    x = quantised(norm(0, 64, 16))
    q, k, v = (matmul(x, shape["bias"]) for _ in range(3))
    if shape["norms"]:
        q = norm(q, d, 12)
        k = norm(k, d, 12)
    q, k = (t.op("rope", x=row, table=0, D=d, rotary=shape.get("rotary", 32), layout=shape["layout"]) for row in (q, k))
    if shape["hadamard"]:
        q, k = (t.op("hadamard", x=row, width=32) for row in (q, k))
    kv = t.op("kv_append", k=k, v=v, D=d)
    fields = {"q": q, "kv": kv, "scale": 16711, "exponent": -16, "window": 1, "frac": 12}
    attended = t.op("capped_attention", **fields, c=3 << 16) if shape.get("attention_cap") else t.op("attention", **fields)
    middle = matmul(quantised(attended), frac=16)
    middle = t.op("add", a=0, b=middle)
    x = quantised(norm(middle, 64, 16))
    if shape.get("experts"):
        return t, mixed(t, shape, x, middle, quantised)
    gate, up = matmul(x), matmul(x)
    if shape["caps"]:
        up = t.op("soft_cap", x=up, c=1 << 12)
    down = matmul(quantised(t.op("gelu_gate" if shape.get("gelu") else "silu_gate", gate=gate, up=up, frac=12)), frac=16)
    return t, t.op("add", a=middle, b=down)
