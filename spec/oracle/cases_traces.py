"""Cases of program.md section 6: salts, leaves, value roots, trees, KV trees and boundaries."""

from generators import integers
from hash_blake3 import digest
from traces import Committer, a8_leaves, a16_leaves, fixed_leaves, kv_row

OFFLINE, NETWORK = bytes(32).hex(), bytes(range(1, 33)).hex()
BLIND = bytes(range(64, 96)).hex()
JOB = {"network": OFFLINE, "blind": BLIND}
MOST = (1 << 32) - 1


def committer(inputs):
    return Committer(bytes.fromhex(inputs["network"]), bytes.fromhex(inputs["blind"]))


def place(inputs):
    return inputs["kind"], inputs["position"], inputs["op"], inputs["index"]


def evaluate_leaf(inputs):
    made = committer(inputs)
    data = bytes.fromhex(inputs["bytes"])
    return {"salt": made.salt(*place(inputs)).hex(), "leaf": made.leaf(*place(inputs), data).hex()}


def leaf_cases():
    cases = []

    def add(name, data="00010203", **changed):
        at = {"kind": "value", "position": 3, "op": 17, "index": 2}
        cases.append((name, {**JOB, **at, "bytes": data, **changed}))

    add("of a value")
    add("of a kv row", kind="kv row")
    add("of a tile", kind="tile")
    add("another network", network=NETWORK)
    add("another blind", blind=bytes(32).hex())
    add("the first of all", position=0, op=0, index=0)
    add("the last of all", position=MOST, op=MOST, index=MOST)
    add("places that would look alike in big endian", position=1 << 24, op=1 << 16, index=1 << 8)
    add("no bytes", data="")
    add("a whole chunk of bytes", data=bytes(i % 251 for i in range(4096)).hex())
    return cases


def evaluate_value(inputs):
    made = committer(inputs)
    if inputs["type"] == "A8":
        leaves = a8_leaves(inputs["exponent"], integers(inputs["scales"]), integers(inputs["entries"]))
    elif inputs["type"] == "A16":
        leaves = a16_leaves(inputs["exponent"], integers(inputs["entries"]))
    else:
        leaves = fixed_leaves(integers(inputs["entries"]))
    hashes = [made.leaf("value", inputs["position"], inputs["op"], i, leaf) for i, leaf in enumerate(leaves)]
    return {"leaves": [h.hex() for h in hashes], "root": made.root(hashes).hex()}


def value_cases():
    cases = []

    def add(name, form, count, lo, hi, **more):
        entries = {"gen": "uniform", "seed": str(count), "count": count, "lo": lo, "hi": hi}
        cases.append((name, {**JOB, "position": 5, "op": 9, "type": form, "entries": entries, **more}))

    limit = (1 << 30) - 1
    for count in (1, 64, 1023, 1024, 1025, 3000):
        add(f"fixed of {count}", "fixed", count, -limit, limit)
    add("logits of 2049", "logits", 2049, -limit, limit)
    for count in (32, 1024, 1056, 2080):
        scales = {"gen": "uniform", "seed": "7", "count": count // 32, "lo": 1, "hi": 63}
        add(f"A8 of {count}", "A8", count, -127, 127, exponent=-12, scales=scales)
        add(f"A16 of {count}", "A16", count, -32639, 32639, exponent=3)
    return cases


def evaluate_tree(inputs):
    made = committer(inputs)
    leaves = [digest(bytes([i])) for i in range(inputs["count"])]
    paths = [made.path(leaves, at) for at in inputs["of"]]
    return {"root": made.root(leaves).hex(), "paths": [[h.hex() for h in path] for path in paths]}


def tree_cases():
    counts = (1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 64, 65, 100)
    edges = {count: sorted({0, count // 2, count - 1}) for count in counts}
    cases = [(f"{count} leaves", {**JOB, "count": count, "of": of}) for count, of in edges.items()]
    return cases + [("another network", {**JOB, "network": NETWORK, "count": 3, "of": [1]})]


def evaluate_kv(inputs):
    made = committer(inputs)
    width, trees = inputs["width"], []
    for head, rows in enumerate(inputs["rows"]):
        columns = {name: integers(rows[name]) for name in rows}
        trees.append([kv_leaf(made, inputs["op"], p, head, columns, width) for p in range(inputs["positions"])])
    at = {}
    for position in inputs["at"]:
        roots = [made.root(tree[: position + 1]) for tree in trees]
        at[str(position)] = {"roots": [root.hex() for root in roots], "value_root": made.root(roots).hex()}
    return {"at": at}


def kv_leaf(made, op, position, head, columns, width):
    def side(name):
        quants = columns[f"{name}_quants"][position * width : (position + 1) * width]
        return quants, columns[f"{name}_scales"][position], columns[f"{name}_shifts"][position]

    return made.leaf("kv row", position, op, head, kv_row(side("key"), side("value")))


def kv_cases():
    def rows(seed, positions, width):
        def some(at, count, lo, hi):
            return {"gen": "uniform", "seed": str(100 * seed + at), "count": count, "lo": lo, "hi": hi}

        made = {}
        for at, name in enumerate(("key", "value")):
            made[f"{name}_quants"] = some(3 * at, positions * width, -127, 127)
            made[f"{name}_scales"] = some(3 * at + 1, positions, 1, 255)
            made[f"{name}_shifts"] = some(3 * at + 2, positions, 0, 16)
        return made

    def case(heads, positions, width, at):
        return {**JOB, "op": 12, "width": width, "positions": positions, "at": at,
                "rows": [rows(head + 1, positions, width) for head in range(heads)]}  # fmt: skip

    return [
        ("one head, one position", case(1, 1, 32, [0])),
        ("three heads", case(3, 6, 64, [0, 1, 2, 4, 5])),
        ("beyond a page", case(2, 70, 32, [62, 63, 64, 69])),
    ]


def evaluate_boundary(inputs):
    kv = inputs.get("kv")
    kv = None if kv is None else bytes.fromhex(kv)
    return {"boundary": committer(inputs).boundary(bytes.fromhex(inputs["residual"]), kv).hex()}


def boundary_cases():
    residual, kv = bytes(range(32)).hex(), bytes(range(100, 132)).hex()
    return [
        ("of a layer that appends", {**JOB, "residual": residual, "kv": kv}),
        ("of the prologue", {**JOB, "residual": residual}),
        ("another network", {**JOB, "network": NETWORK, "residual": residual, "kv": kv}),
    ]


OPS = {
    "trace_leaf": (evaluate_leaf, leaf_cases()),
    "trace_value": (evaluate_value, value_cases()),
    "trace_tree": (evaluate_tree, tree_cases()),
    "trace_kv": (evaluate_kv, kv_cases()),
    "trace_boundary": (evaluate_boundary, boundary_cases()),
}
