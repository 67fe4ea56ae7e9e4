"""dispute.md section 4 the other way round: operands that have any bytes, and a state in which they lead to what is agreed on.

What is agreed on is made up to fit, as of two sides that collude: the tile need be no step of any answer.
"""

import dispute
import receipt
import referee_forms as forms
import referee_proofs as proofs
import referee_tiles as execution
import sampling
from exact import Fault, Refused
from hash_blake3 import CHUNK_BYTES
from receipt import left_part, u8, u32
from receipt_cases import MODEL, job_of, plain_job
from receipt_decode import Input
from referee_model import CHUNK, Model, bytes_of, leaves_of

SALT, SEED = bytes([6] * 32), bytes([5] * 32)
PROMPT, OUTPUT = 3, 128  # tokens of the prompt, if the step is not before its end; of the output
TOKEN_LEAF, TOKEN_NODE = b"probity token leaf v1", b"probity token node v1"


def filler(at):
    """A hash of nothing."""
    return u32(at) * 8


ROOTS = {}  # of a tree's leaves, for most of them are fillers that stand in every case


def root(hashes, node, leaves):
    if len(leaves) <= 1:
        return hashes.root(node, leaves)
    key, left = (node, b"".join(leaves)), left_part(len(leaves))
    if key not in ROOTS:
        ROOTS[key] = hashes.hash(node, root(hashes, node, leaves[:left]) + root(hashes, node, leaves[left:]))
    return ROOTS[key]


def beside(hashes, node, leaves, start, end, first=0):
    """The greatest subtrees to either side of a range, from the left."""
    if end <= first or first + len(leaves) <= start:
        return [root(hashes, node, leaves)]
    if start <= first and first + len(leaves) <= end:
        return []
    left = left_part(len(leaves))
    return beside(hashes, node, leaves[:left], start, end, first) + beside(hashes, node, leaves[left:], start, end, first + left)


def untouched(first, end, touched):
    """How many hashes stand beside some chunks of a file."""
    if not any(first <= chunk < end for chunk in touched):
        return 1
    if end - first == 1:
        return 0
    middle = first + left_part(end - first)
    return untouched(first, middle, touched) + untouched(middle, end, touched)


class Tree:
    """Leaves of which some are known, by their hashes."""

    def __init__(self, trace, count, node=proofs.NODE):
        self.hashes, self.node, self.leaves, self.shown = trace.hashes, node, [filler(at) for at in range(count)], {}

    def put(self, at, shown, hashed):
        self.shown[at], self.leaves[at] = shown, hashed

    def root(self):
        return root(self.hashes, self.node, self.leaves)

    def opened(self, start, end):
        if start >= end:
            return [], []
        return [self.shown[at] for at in range(start, end)], beside(self.hashes, self.node, self.leaves, start, end)

    def path(self, at):
        """From the leaf's sibling up: what stands beside it, the nearest first."""
        leaves, found = self.leaves, []
        while len(leaves) > 1:
            left = left_part(len(leaves))
            near, far = (leaves[:left], leaves[left:]) if at < left else (leaves[left:], leaves[:left])
            at, leaves = at if at < left else at - left, near
            found.insert(0, root(self.hashes, self.node, far))
        return found


class Forge:
    """where: boundary (the epilogue's is one more than all), op in the block, tile, position; pieces: of each operand the bytes that it opens."""

    def __init__(self, program, where, pieces, token=0, faults=False, **said):
        self.boundary, self.op, self.tile, self.position = where
        self.program, self.pieces, self.prompt = program, pieces, min(PROMPT, self.position + 1)
        self.model = Model(program, bytes.fromhex(MODEL), [(bytes(32), size_of(program))], (bytes(32), 0))
        self.place = self.model.places[self.boundary]
        self.tiles = forms.Tiles(self.model, self.place, self.op, self.position)
        self.wanted = self.tiles.operands(self.tile, token)
        self.hashes, self.job = job_of(plain_job(parameters=said))  # said: what of its parameters is not neutral
        self.trace = proofs.Trace(self.hashes.network)
        self.faults, self.trees, self.parts = faults, {}, {}
        self.block = self.position * self.model.boundaries + self.boundary

    def tree(self, name, count, node=proofs.NODE):
        if name not in self.trees:
            self.trees[name] = Tree(self.trace, count, node)
        return self.trees[name]

    def value(self, value):
        return self.tree(("value", value), leaves_of(self.place.types[value]))

    def early(self):
        return self.tree("early", min(self.tile, self.tiles.early))

    def heads(self):
        return self.model.places[self.boundary].types[self.op + 1][1]

    # First everything is put where it stands, then shown.

    def put(self, wanted, pieces):
        name, *what = wanted
        if name == "tokens":
            self.put_tokens(what[0], pieces)
        elif name in ("weights", "units"):
            self.put_part(name, what, pieces)
        elif name in ("entries", "exponent", "routing"):
            first = what[1].start // CHUNK + (self.place.types[what[0]][0] in ("A8", "A16")) if name == "entries" else 0
            self.put_leaves(self.value(what[0]), first, pieces)
        elif name == "outputs":
            first = self.tiles.first(what[0]) + what[1].start
            if first < self.tiles.early:
                self.put_leaves(self.early(), first, pieces)
            else:
                self.put_leaves(self.value(self.op + 1), first - self.tiles.early, pieces)
        elif name == "page":
            self.put_leaves(self.tree("rows", self.position + 1), what[2].start, pieces)
            root = self.tree("rows", 0).root()
            self.value(what[0]).put(what[1], None, root)
        elif name == "edge" and self.position > 0:
            self.tree("heads", self.heads()).put(what[0], None, self.trace.root_of_lefts(self.edge()))

    def put_leaves(self, tree, first, pieces):
        for at, data in enumerate(pieces, first):
            tree.put(at, (SALT, data), self.trace.leaf(SALT, data))

    def put_tokens(self, some, pieces):
        for position, data in zip(some, pieces, strict=True):
            hashed = self.hashes.hash(TOKEN_LEAF, SALT + data)
            if position < self.prompt:
                self.vector("prompt").put(position, (SALT, data), hashed)
            else:
                self.vector("output").put(position - self.prompt, (SALT, data), hashed)

    def vector(self, name):
        return self.tree(name, self.prompt if name == "prompt" else OUTPUT, TOKEN_NODE)

    def put_part(self, name, what, pieces):
        """A slice of a file of which nothing else is there: the hashes beside it are of nothing."""
        ranges, length = self.ranges(name, what)
        touched = sorted({at for start, end in ranges for at in range(start // CHUNK_BYTES, (end - 1) // CHUNK_BYTES + 1)})
        chunks = {at: bytearray(min(CHUNK_BYTES, length - at * CHUNK_BYTES)) for at in touched}
        for (start, end), piece in zip(ranges, pieces, strict=True):
            assert len(piece) == end - start
            for at, byte in enumerate(piece, start):
                chunks[at // CHUNK_BYTES][at % CHUNK_BYTES] = byte
        shown = b"".join(bytes(chunks[at]) for at in touched)
        around = [filler(at) for at in range(untouched(0, -(-length // CHUNK_BYTES), touched))]
        self.parts[name] = (dispute.slice_root(length, touched, shown, around), {"number": 3, "chunks": shown, "beside": around})

    def ranges(self, name, what):
        if name == "units":
            first = self.model.first_units[what[0]]
            return [(2 * (first + what[1].start), 2 * (first + what[1].stop))], 2 * self.model.units_in_all()
        tensor, rows, columns = what
        t = self.program["tensors"][tensor]
        begins, ends, size = (bytes_of(t["format"], at) for at in (columns.start, columns.stop, t["columns"]))
        return [(t["offset"] + row * size + begins, t["offset"] + row * size + ends) for row in rows], size_of(self.program)

    def edge(self):
        return [filler(1000 + at) for at in range(len(forms.greatest(self.position)))]

    def log(self):
        """Entries before the block: that before it, and that of the same boundary one position earlier."""
        tree = self.tree("log", self.block)
        names = [name for name, *_ in self.wanted]
        self.input_root = self.value(0).root() if self.boundary > 0 else filler(1)
        self.heads_root = self.tree("heads", 1).root()
        if self.block > 0:
            tree.put(self.block - 1, None, self.trace.boundary(self.input_root, filler(2)))
        if "edge" in names and self.position > 0:
            tree.put(self.block - self.model.boundaries, None, self.trace.boundary(filler(3), self.heads_root))
        return tree

    def show(self, wanted):
        name, *what = wanted
        if name == "parameters":
            return {"number": 1}
        if name == "tokens":
            ends = [(max(what[0].start - begins, 0), min(what[0].stop - begins, count)) for begins, count in ((0, self.prompt), (self.prompt, OUTPUT))]
            return {"number": 2, **{name: self.vector(name).opened(*end) for name, end in zip(("prompt", "output"), ends)}}
        if name in ("weights", "units"):
            return self.parts[name][1]
        if name == "biases":
            return {"number": 7, "leaf": receipt.shown_leaf(self.hashes, self.job, 4)}
        if name == "page":
            return {"number": 5, "rows": self.tree("rows", 0).opened(what[2].start, what[2].stop), "path": self.value(what[0]).path(what[1])}
        if name == "edge":
            return self.show_edge(what[0])
        return {"number": 4, **self.show_leaves(name, what)}

    def show_edge(self, head):
        if self.position == 0:
            return {"number": 6, "edge": [], "path": [], "boundary": None}
        entry = self.block - self.model.boundaries
        boundary = (filler(3), self.heads_root, self.trees["log"].path(entry))
        return {"number": 6, "edge": self.edge(), "path": self.trees["heads"].path(head), "boundary": boundary}

    def show_leaves(self, name, what):
        if name == "outputs":
            first, count = self.tiles.first(what[0]) + what[1].start, len(what[1])
            if first < self.tiles.early:
                return {"leaves": self.early().opened(first, first + count), "boundary": None}
            first -= self.tiles.early
            return {"leaves": (self.value(self.op + 1).opened(first, first + count)[0], []), "boundary": None}
        start, end = 0, 1
        if name == "entries":
            quantised = self.place.types[what[0]][0] in ("A8", "A16")
            start, end = what[1].start // CHUNK + quantised, (what[1].stop - 1) // CHUNK + 1 + quantised
        boundary = None if what[0] else (self.input_root, filler(2), self.trees["log"].path(self.block - 1))
        return {"leaves": self.value(what[0]).opened(start, end), "boundary": boundary}

    # The state.

    def subject(self):
        claim, what = (forms.FAULT, self.place.first + self.op) if self.faults else (forms.TOKEN, 0)
        prompt, output = self.vector("prompt").root(), self.vector("output").root()
        data = receipt.job_commitment(self.hashes, self.job) + bytes(32) + SALT + u32(self.prompt) + prompt + u32(OUTPUT) + output
        data += sampling.parameter_bytes({**self.job["parameters"], "bias": []}) + SEED + u32(0) + u32(self.position + 1) + u8(claim) + u32(what)
        return forms.Subject(self.model, self.hashes.network, Input(data))

    def state(self):
        read = [self.value(at + 1).root() for at in self.place.read_by(self.op)]
        leaves = [self.value(self.op + 1).leaves[at] for at in self.tiles.read_leaves(self.tile)]
        early = self.early().root() if self.early().leaves else forms.NOTHING
        log = self.trees["log"].root() if self.block else forms.NOTHING
        block = forms.Block(self.subject(), self.block)
        return {
            "window": 0, "deadline": 0, "subject": block.subject, "number": forms.PROVE, "block": block, "log": log, "op": self.op, "read": read,
            "tiles": self.tiles, "tile": self.tile, "early": early, "leaves": leaves, "faults": self.faults, "opened": None,
        }  # fmt: skip

    def made(self, given=lambda operands: operands):
        """What a case needs: the parts' hashes, a state in which what the tile makes was opened, and the move."""
        for wanted, pieces in zip(self.wanted, self.pieces, strict=True):
            self.put(wanted, pieces)
        self.log()
        operands = [self.show(wanted) for wanted in self.wanted]
        files = [(self.parts.get("weights", (filler(9),))[0], size_of(self.program))]
        self.model.files, self.model.units = files, (self.parts.get("units", (filler(9),))[0], 2 * self.model.units_in_all())
        state = self.state()
        if not self.faults:
            state["opened"] = (SALT, self.output(state, operands))
        move = dispute.move({"number": 8, "operands": given(operands)})
        parts = {"files": [[digest.hex(), length] for digest, length in files], "units": [self.model.units[0].hex(), self.model.units[1]]}
        return {"network": self.hashes.network.hex(), "model": MODEL, **parts, "state": forms.write_state(state).hex(), "move": move.hex()}

    def output(self, state, operands):
        try:
            data, edge = proofs.proved(state, self.tiles, self.trace, forms.move(dispute.move({"number": 8, "operands": operands}))["operands"])
            found = self.trace.leaf(SALT, execution.run(state, self.tiles, data))
        except (Fault, Refused, proofs.Unreadable):
            return filler(7)
        return found if edge is None else self.trace.grown(edge, self.position, found)


def size_of(program):
    return max(t["offset"] + t["rows"] * bytes_of(t["format"], t["columns"]) for t in program["tensors"])
