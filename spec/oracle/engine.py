"""A whole answer: programs executed op by op, tokens drawn, boundaries committed to; from the pages, by the oracle's ops."""

import attention
import formats
import ops
import sampling
import traces
from exact import Fault


class Ended(Exception):
    """A fault: (position, op)."""

    def __init__(self, position, op):
        super().__init__()
        self.position, self.op = position, op


class Weights:
    """The tensors of a program in the bytes of its files, each row read once."""

    def __init__(self, program, files):
        self.tensors, self.files, self.read = program["tensors"], files, {}

    def part(self, tensor, row):
        t = self.tensors[tensor]
        size = formats.row_bytes(t["format"], t["columns"])
        start = int(t["offset"]) + row * size
        return t["format"], self.files[t["file"]][start : start + size]

    def row(self, tensor, row):
        if (tensor, row) not in self.read:
            form, data = self.part(tensor, row)
            self.read[tensor, row] = formats.row(form, self.tensors[tensor]["columns"], data)
        return self.read[tensor, row]

    def rows(self, tensor):
        return [self.row(tensor, row) for row in range(self.tensors[tensor]["rows"])]

    def gain(self, tensor):
        return formats.gain(*self.part(tensor, 0))

    def bias(self, tensor, frac):
        return formats.bias(*self.part(tensor, 0), frac)


class Sequence:
    """Positions one after the other. A value is (entries, frac), or of A8 (s, e, scales, quants), of A16 (s, e, entries)."""

    def __init__(self, program, weights):
        self.program, self.weights = program, weights
        self.kept = {}  # by op: per head the keys and the values of all positions
        self.position = 0
        self.boundaries = []  # per position: (op, row), (op of kv_append or None)
        self.made = {}  # of the last position, by op: the op, its layer, the values before it, what it made

    def step(self, token, drawn):
        """The row of logits, where a token is drawn from this position."""
        blocks = [(self.program["prologue"], self.program["prologue"]["layers"][0])]
        blocks += [(group, layer) for group in self.program["groups"] for layer in group["layers"]]
        number, value, made = 0, token, []
        for group, layer in blocks:
            value, append = self.block(group, layer, number, value)
            made.append((number + group["output"] - 1, value[0], append))
            number += len(group["ops"])
        self.boundaries.append(made)
        logits = None
        if drawn:
            last = self.program["epilogue"]
            logits, _ = self.block({**last, "output": last["ops"][-1]["x"]}, last["layers"][0], number, value)
        self.position += 1
        return logits

    def block(self, group, layer, number, value):
        values, append = [value], None
        for at, op in enumerate(group["ops"]):
            try:
                values.append(self.run(op, layer, values, number + at))
            except Fault:
                raise Ended(self.position, number + at) from None
            self.made[number + at] = op, layer, values[:-1], values[-1]
            append = number + at if op["op"] == "kv_append" else append
        return values[group["output"]], append

    def run(self, op, layer, values, number):
        name, w = op["op"], self.weights
        if name == "embed":
            return ops.embed(w.row(layer["tensors"][op["W"]], values[op["x"]]), op["frac"]), op["frac"]
        if name == "norm":
            u, gain = w.gain(layer["tensors"][op["g"]])
            parts = heads(values[op["x"]][0], op["width"])
            return [y for part in parts for y in ops.norm(part, int(op["eps"]), gain, u, op["frac"])[2]], op["frac"]
        if name == "quantise":
            return (ops.quantise_a8 if op["kind"] == "A8" else ops.quantise_a16)(*values[op["x"]])
        if name in ("matmul", "logits"):
            return self.matmul(op, layer, values[op["x"]]), op["frac"]
        if name == "kv_append":
            return self.append(op, values[op["k"]], values[op["v"]], number)
        if name in ("attention", "capped_attention"):
            return self.attend(op, layer, values), op["frac"]
        if name == "silu_gate":
            return ops.silu_gate(*values[op["gate"]], *values[op["up"]], op["frac"]), op["frac"]
        if name == "route":
            return ops.route(*values[op["x"]], op["k"], op["over"])
        if name == "expert_matmul":
            return self.expert_matmul(op, layer, values[op["x"]], values[op["routing"]][0]), op["frac"]
        if name == "weigh":
            return ops.weigh(values[op["x"]][0], values[op["routing"]][1][op["slot"]]), values[op["x"]][1]
        if name == "gelu_gate":
            return ops.gelu_gate(*values[op["gate"]], *values[op["up"]], op["frac"]), op["frac"]
        if name == "add":
            return ops.add(values[op["a"]][0], values[op["b"]][0]), values[op["a"]][1]
        if name == "sample":
            return None
        row, frac = values[op["x"]]
        if name == "rope":
            table = [int(f) for f in self.program["rope_tables"][layer["attributes"][op["table"]]]]
            turned = [ops.rope(head, self.position, table, op["rotary"], op["layout"]) for head in heads(row, op["D"])]
            return [y for head in turned for y in head], frac
        if name == "scale":
            return ops.scale(row, op["c"], op["exponent"]), frac
        return (ops.hadamard(row, op["width"]) if name == "hadamard" else ops.soft_cap(row, op["c"])), frac

    def expert_matmul(self, op, layer, x, ids):
        e, entries = inputs_of(x)
        experts = self.experts_of(op, layer)
        rows = ops.expert_rows(self.weights.rows(layer["tensors"][op["W"]]), experts, ids[op["slot"]])
        return ops.matmul(rows, entries, e, op["frac"], None)[1]

    def experts_of(self, op, layer):
        """How many experts the routing is of: the router's rows."""
        template = next(group["ops"] for group in self.program["groups"] if op in group["ops"])
        route = template[op["routing"] - 1]
        return self.program["tensors"][layer["tensors"][template[route["x"] - 1]["W"]]]["rows"]

    def matmul(self, op, layer, x):
        e, entries = inputs_of(x)
        bias = None if op.get("b") is None else self.weights.bias(layer["tensors"][op["b"]], op["frac"])
        return ops.matmul(self.weights.rows(layer["tensors"][op["W"]]), entries, e, op["frac"], bias)[1]

    def append(self, op, k, v, number):
        rows = [[ops.head_row(head) for head in heads(value[0], op["D"])] for value in (k, v)]
        kept = self.kept.setdefault(number, [([], []) for _ in rows[0]])
        for (keys, values), key, value in zip(kept, *rows, strict=True):
            keys.append(key)
            values.append(value)
        return kept, k[1], v[1], op["D"]

    def attend(self, op, layer, values):
        (q, frac_q), (kept, frac_k, frac_v, width) = values[op["q"]], values[op["kv"]]
        rows = [ops.head_row(head) for head in heads(q, width)]
        shape = {
            "frac_q": frac_q, "frac_k": frac_k, "frac_v": frac_v, "frac_out": op["frac"], "width": width, "heads": len(rows),
            "kv_heads": len(kept), "scale_mantissa": op["scale"], "scale_exponent": op["exponent"],
            "context": self.program["context"], "position": self.position, "window": layer["attributes"][op["window"]],
        }  # fmt: skip
        shape |= {"cap": op["c"]} if "c" in op else {}
        found = attention.attention(shape, rows, [keys for keys, _ in kept], [values for _, values in kept])
        return [y for *_, head in found for y in head]


def inputs_of(x):
    """The exponent and the integer entries of a matmul's input."""
    if len(x) == 4:
        _, e, scales, quants = x
        return e, [scales[k // 32] * q for k, q in enumerate(quants)]
    _, e, entries = x
    return e, entries


def heads(row, width):
    return [row[at : at + width] for at in range(0, len(row), width)]


def answer(program, files, prompt, count, parameters, seed, choice):
    """The sequence, the output and the rows it was drawn from; Ended where a fault comes first."""
    sequence, output, rows = Sequence(program, Weights(program, files)), [], []
    for position, token in enumerate(prompt):
        logits = sequence.step(token, position == len(prompt) - 1)
    while True:
        rows.append(logits[0])
        u = sampling.noise(seed, choice, sequence.position)
        output.append(sampling.sample(*logits, prompt, output, parameters, None, u)[1]["id"])
        if len(output) == count:
            return sequence, output, rows
        logits = sequence.step(output[-1], True)


def log_root(sequence, committer):
    """The root of the log after the last position."""
    entries, trees = [], {}
    for position, made in enumerate(sequence.boundaries):
        for op, row, append in made:
            leaves = [committer.leaf("value", position, op, i, data) for i, data in enumerate(traces.fixed_leaves(row))]
            kv = None if append is None else kv_root(sequence, committer, trees, append, position)
            entries.append(committer.boundary(committer.root(leaves), kv))
    return committer.root(entries)


def kv_root(sequence, committer, trees, op, position):
    roots = []
    for head, (keys, values) in enumerate(sequence.kept[op]):
        leaves = trees.setdefault((op, head), [])
        leaves.append(committer.leaf("kv row", position, op, head, traces.kv_row(keys[position], values[position])))
        roots.append(committer.root(leaves))
    return committer.root(roots)
