"""dispute.md section 4: operands with proofs; what leads nowhere is Refused, what leads there and is no value Unreadable.

`proved` gives of each operand what the tile reads, as Read, and the edge of a KV tree where the tile appends to one.
"""

import dispute
import receipt
import sampling
from hash_blake3 import CHUNK_BYTES
from receipt import left_part
from receipt_decode import VOCABULARY_MAX, Input, true
from referee_forms import NOTHING, greatest
from referee_model import CHUNK, bytes_of, leaves_of

LEAF, NODE, BOUNDARY = b"probity trace leaf v1", b"probity trace node v1", b"probity trace boundary v1"


class Unreadable(Exception):
    """Bytes that lead to what is committed, and are nothing that a tile can read."""


def readable(condition):
    if not condition:
        raise Unreadable()


class Trace:
    """Hashes of traces on one network; trees of program.md 6."""

    def __init__(self, network):
        self.hashes = receipt.Hashes(network)

    def leaf(self, salt, data):
        return self.hashes.hash(LEAF, salt + data)

    def node(self, left, right):
        return self.hashes.hash(NODE, left + right)

    def boundary(self, residual, kv):
        return self.hashes.hash(BOUNDARY, residual + kv)

    def root(self, leaves):
        return self.hashes.root(NODE, leaves)

    def joined(self, shape, found):
        """The root over subtrees that lie side by side as left_part cuts them."""
        if len(shape) == 1:
            return found[0]
        count = sum(size for _, size in shape)
        left, at, size = left_part(count), 0, 0
        while size < left:
            size += shape[at][1]
            at += 1
        assert size == left
        return self.node(self.joined(shape[:at], found[:at]), self.joined(shape[at:], found[at:]))

    def merged(self, sizes, found):
        """Subtrees side by side from the left as the greatest ones there are."""
        stack = []
        for size, one in zip(sizes, found, strict=True):
            while stack and stack[-1][0] == size:
                before = stack.pop()
                size, one = 2 * size, self.node(before[1], one)
            stack.append((size, one))
        return [one for _, one in stack]

    def root_of_lefts(self, lefts):
        """The root of the first leaves, of which these are the greatest subtrees."""
        if not lefts:
            return NOTHING
        found = lefts[-1]
        for one in lefts[-2::-1]:
            found = self.node(one, found)
        return found

    def grown(self, edge, count, leaf):
        """The root of a tree of so many leaves after one more."""
        return self.root_of_lefts(self.merged([*greatest(count), 1], [*edge, leaf]))

    def root_of_range(self, count, start, leaves, beside, node=NODE):
        """Of consecutive leaves and the greatest subtrees to either side, from the left."""
        rest, end = list(beside), start + len(leaves)

        def value(first, size):
            if first + size <= start or end <= first:
                true(rest != [], "Hash")
                return rest.pop(0)
            if size == 1:
                return leaves[first - start]
            left = left_part(size)
            one = value(first, left)
            return self.hashes.hash(node, one + value(first + left, size - left))

        true(leaves != [] and end <= count, "Count")
        found = value(0, count)
        true(rest == [], "Hash")
        return found

    def root_of_path(self, count, at, leaf, path):
        found = self.hashes.root_of(NODE, count, at, leaf, path)
        true(found is not None, "Hash")
        return found


class Proof:
    def __init__(self, state, tiles, trace):
        self.state, self.tiles, self.trace = state, tiles, trace
        self.block, self.subject = state["block"], state["subject"]
        self.place, self.model = self.block.place, self.subject.model
        self.edge = None

    # What stands in the block, or before it.

    def root_of_value(self, value):
        """The root that a value's leaves lead to; None: the block's input."""
        return None if value == 0 else self.state["read"][self.place.read_by(self.state["op"]).index(value - 1)]

    def in_log(self, entry, shown):
        """A boundary leads to the agreed log as its entry of this number."""
        residual, kv, path = shown
        found = self.trace.root_of_path(self.block.number, entry, self.trace.boundary(residual, kv), path)
        true(found == self.state["log"], "Hash")

    def value_leaves(self, operand, value, first, count):
        """The bytes of leaves of a value."""
        opened, beside = operand["leaves"]
        true(len(opened) == count, "Count")
        hashed = [self.trace.leaf(*one) for one in opened]
        found = self.trace.root_of_range(leaves_of(self.place.types[value]), first, hashed, beside)
        root, shown = self.root_of_value(value), operand["boundary"]
        true((shown is None) == (root is not None), "Form")
        if root is None:
            root = shown[0]
            self.in_log(self.block.number - 1, shown)
        true(found == root, "Hash")
        return [data for _, data in opened]

    def entries(self, operand, value, some):
        """Leaf by leaf, from the leaf that holds the first entry; of A8 and A16 without the exponent."""
        first, last = some.start // CHUNK, (some.stop - 1) // CHUNK
        quantised = self.place.types[value][0] in ("A8", "A16")
        return self.value_leaves(operand, value, first + quantised, last - first + 1)

    def exponent(self, operand, value):
        return self.value_leaves(operand, value, 0, 1)[0]

    def routing(self, operand, value):
        return self.value_leaves(operand, value, 0, 1)[0]

    # Outputs of the op's own tiles.

    def outputs(self, operand, stage, some):
        first = self.tiles.first(stage) + some.start
        opened, beside = operand["leaves"]
        true(len(opened) == len(some) and operand["boundary"] is None, "Count")
        hashed = [self.trace.leaf(*one) for one in opened]
        if first >= self.tiles.early:
            true(beside == [] and hashed == self.state["leaves"], "Hash")
        else:
            early = min(self.state["tile"], self.tiles.early)
            true(self.trace.root_of_range(early, first, hashed, beside) == self.state["early"], "Hash")
        return [data for _, data in opened]

    # Tokens.

    def tokens(self, operand, some):
        subject, found = self.subject, []
        for vector, root, count, begins in (("prompt", subject.prompt_root, subject.prompt, 0), ("output", subject.output_root, subject.output, subject.prompt)):
            start, end = max(some.start, begins), min(some.stop, begins + count)
            opened, beside = operand[vector]
            true(len(opened) == max(0, end - start) and all(len(data) == 4 for _, data in opened), "Count")
            if start >= end:
                true(beside == [], "Count")
                continue
            hashed = [self.trace.hashes.hash(b"probity token leaf v1", salt + data) for salt, data in opened]
            true(self.trace.root_of_range(count, start - begins, hashed, beside, b"probity token node v1") == root, "Hash")
            found += [data for _, data in opened]
        return found

    # Parts of the model.

    def slice(self, operand, part, ranges):
        """The bytes of these ranges of a file."""
        digest, length = part
        touched = sorted({at for start, end in ranges for at in range(start // CHUNK_BYTES, (end - 1) // CHUNK_BYTES + 1)})
        sizes = [min(CHUNK_BYTES, length - at * CHUNK_BYTES) for at in touched]
        shown = operand["chunks"]
        true(len(shown) == sum(sizes), "Count")
        try:
            root = dispute.slice_root(length, touched, padded(shown, sizes), operand["beside"])
        except IndexError:
            root = None
        true(root == digest, "Hash")
        held, at = {}, 0
        for number, size in zip(touched, sizes):
            held[number], at = shown[at : at + size], at + size
        return [b"".join(held[n] for n in range(start // CHUNK_BYTES, (end - 1) // CHUNK_BYTES + 1))[start % CHUNK_BYTES :][: end - start] for start, end in ranges]

    def weights(self, operand, tensor, rows, columns):
        t = self.model.program["tensors"][tensor]
        begins, ends = bytes_of(t["format"], columns.start), bytes_of(t["format"], columns.stop)
        size = bytes_of(t["format"], t["columns"])
        ranges = [(t["offset"] + row * size + begins, t["offset"] + row * size + ends) for row in rows]
        return t["format"], self.slice(operand, self.model.files[t["file"]], ranges)

    def units(self, operand, tensor, rows):
        first = self.model.first_units[tensor]
        data = self.slice(operand, self.model.units, [(2 * (first + rows.start), 2 * (first + rows.stop))])[0]
        return [int.from_bytes(data[at : at + 2], "little", signed=True) for at in range(0, len(data), 2)]

    # Rows of the KV tree.

    def page(self, operand, value, head, some):
        opened, beside = operand["rows"]
        true(len(opened) == len(some), "Count")
        hashed = [self.trace.leaf(*one) for one in opened]
        found = self.trace.root_of_range(self.block.position + 1, some.start, hashed, beside)
        heads = self.place.types[value][1]
        true(self.trace.root_of_path(heads, head, found, operand["path"]) == self.root_of_value(value), "Hash")
        return [data for _, data in opened]

    def kv_edge(self, operand, head):
        position, edge, shown = self.block.position, operand["edge"], operand["boundary"]
        true(len(edge) == len(greatest(position)), "Count")
        true((shown is None) == (position == 0), "Form")
        if position == 0:
            true(operand["path"] == [], "Count")
        else:
            heads = self.place.types[self.state["op"] + 1][1]
            found = self.trace.root_of_path(heads, head, self.trace.root_of_lefts(edge), operand["path"])
            true(found == shown[1], "Hash")
            self.in_log((position - 1) * self.model.boundaries + self.block.boundary, shown)
        self.edge = edge

    def biases(self, operand):
        data = dispute.shown_leaf(self.trace.hashes, self.subject.job, 4, operand["leaf"])
        i = Input(data)
        found = i.items(4, 1024, lambda: (i.number(4), i.signed()))
        i.end()
        sampling.check_parameters({**sampling.DEFAULTS, "bias": found}, VOCABULARY_MAX)
        return found


def padded(shown, sizes):
    """slice_root cuts at every 1,024 bytes: only the last chunk of a file is shorter, and it is the last one touched."""
    assert all(size == CHUNK_BYTES for size in sizes[:-1])
    return shown


FORMS = {
    "parameters": 1, "tokens": 2, "weights": 3, "units": 3, "entries": 4, "exponent": 4, "routing": 4, "outputs": 4, "page": 5,
    "edge": 6, "biases": 7,
}  # fmt: skip


def proved(state, tiles, trace, operands):
    """What the tile reads, operand by operand; the edge."""
    proof = Proof(state, tiles, trace)
    wanted = tiles.operands(state["tile"])
    true(len(operands) == len(wanted), "Count")
    for operand, (name, *_) in zip(operands, wanted):
        true(operand["number"] == FORMS[name], "Form")
    found = []
    for at, operand in enumerate(operands):
        name, *what = wanted[at]
        found.append((name, read(proof, operand, name, what)))
        if name == "tokens" and tiles.place.ops[tiles.at]["op"] == "embed":
            # What else an embedding reads depends on the token: where that is no id, nothing else can be proved.
            wanted = tiles.operands(state["tile"], token_of(found[0][1][0], state["subject"].model))
    return found, proof.edge


def token_of(data, model):
    token = int.from_bytes(data, "little")
    readable(token < model.vocabulary)
    return token


def read(proof, operand, name, what):
    if name == "parameters":
        return None
    if name == "edge":
        return proof.kv_edge(operand, *what)
    if name == "biases":
        return proof.biases(operand)
    return getattr(proof, name)(operand, *what)


