"""dispute.md sections 5 and 8 read: moves as dicts, states as dicts; what no state is, is Refused."""

import dispute
import receipt_decode as decode
from dispute import BIASES_MOST, CHILDREN_MOST, EDGE_MOST, LEAVES_MOST, MOVE_MOST, OPENED_MOST, OPERANDS_MOST, OPS_MOST, OUTPUT_MOST, PROOF_MOST
from receipt import left_part, u8, u16, u32, u64
from receipt_decode import TOKENS_MAX, Input, true
from referee_model import Tiles

NOTHING = bytes(32)
TOKEN, FAULT = 1, 2
STATE_MOST, LEVELS = 40960, 4
ROOT, OWN_ROOT, LOG, LOG_NAME, OPS, OPS_NAME, PARTS, PARTS_NAME, OPEN, PROVE, TILES, TILES_NAME, OVER = range(1, 14)
OTHER_OUTPUT, CONCEALED, FALSE_FAULT, UNREADABLE, FALSE_SALT = range(1, 6)
CLAIMANT_REFUTED, CHALLENGER_REFUTED, CLAIMANT_LATE, CHALLENGER_LATE = range(1, 5)


# Section 5.


def hashes(i, most):
    return i.items(2, most, lambda: i.take(32))


def option(i, read):
    return read() if i.one_of(0, 1) else None


def leaf(i):
    salt = i.take(32)
    return salt, i.take(i.count(2, OUTPUT_MOST))


def leaves(i):
    return i.items(2, OPENED_MOST, lambda: leaf(i)), hashes(i, PROOF_MOST)


def boundary(i):
    return i.take(32), i.take(32), hashes(i, PROOF_MOST)


def operand(i):
    number = i.one_of(1, 7)
    if number == 1:
        return {"number": 1}
    if number == 2:
        return {"number": 2, "prompt": leaves(i), "output": leaves(i)}
    if number == 3:
        return {"number": 3, "chunks": i.take(i.count(4, MOVE_MOST)), "beside": hashes(i, PROOF_MOST)}
    if number == 4:
        return {"number": 4, "leaves": leaves(i), "boundary": option(i, lambda: boundary(i))}
    if number == 5:
        return {"number": 5, "rows": leaves(i), "path": hashes(i, PROOF_MOST)}
    if number == 6:
        return {"number": 6, "edge": hashes(i, EDGE_MOST), "path": hashes(i, PROOF_MOST), "boundary": option(i, lambda: boundary(i))}
    shown = Input(i.take(i.count(2, BIASES_MOST + 2 + 1 + 4 + 4 * 32)))
    decode.job_leaf(shown)
    shown.end()
    return {"number": 7, "leaf": shown.data}


def move(data):
    dispute.read_move(data)
    i = Input(data)
    i.version()
    number = i.number(1)
    made = {"number": number}
    if number == 1:
        made["root"] = i.take(32)
    elif number == 2:
        made |= {"entries": i.number(4), "root": i.take(32)}
    elif number == 3:
        made["hashes"] = hashes(i, CHILDREN_MOST)
    elif number == 4:
        made["index"] = i.number(2)
    elif number == 5:
        made |= {"roots": hashes(i, OPS_MOST), "salt": option(i, lambda: i.take(32))}
    elif number == 6:
        made |= {"subtrees": hashes(i, CHILDREN_MOST), "leaves": hashes(i, LEAVES_MOST), "tile": option(i, lambda: i.number(4))}
    elif number == 7:
        made |= {"leaf": leaf(i), "edge": hashes(i, EDGE_MOST)}
    elif number == 8:
        made["operands"] = i.items(1, OPERANDS_MOST, lambda: operand(i))
    else:
        made["blind"] = i.take(32)
    return made


# Trees: a subtree is (first leaf, how many).


def children(start, count, levels=LEVELS):
    """The subtrees that many levels below, from the left; leaves where it ends before."""
    if levels == 0 or count == 1:
        return [(start, count)]
    left = left_part(count)
    return children(start, left, levels - 1) + children(start + left, count - left, levels - 1)


def named(start, count, whole):
    """Whether naming leads from the whole tree to a subtree."""
    here = (0, whole)
    while here != (start, count):
        below = [child for child in children(*here) if child != here and child[0] <= start and start + count <= child[0] + child[1]]
        if not below:
            return False
        here = below[0]
    return whole > 0 and (count > 1 or whole == 1)


def greatest(count):
    """Sizes of the greatest subtrees of the first so many leaves, from the left."""
    return [1 << bit for bit in range(32, -1, -1) if count >> bit & 1]


# Section 8: a subject, and what a state has of block, op and tile.


class Subject:
    def __init__(self, model, network, i):
        self.model, self.network, at = model, network, i.at
        self.job, self.worker, self.salt = i.take(32), i.take(32), i.take(32)
        self.prompt, self.prompt_root = i.count(4, TOKENS_MAX), i.take(32)
        self.output, self.output_root = i.count(4, TOKENS_MAX), i.take(32)
        begins = i.at
        decode.read_parameters(i)
        self.parameters = parameters(i.data[begins : i.at])
        self.seed, self.choice, self.positions = i.take(32), i.number(4), i.number(4)
        self.claim, self.what = i.one_of(TOKEN, FAULT), i.number(4)
        self.bytes = i.data[at : i.at]
        self.check()
        of_fault = self.model.block_of(self.what)[0] if self.claim == FAULT else self.model.boundaries
        self.last = (self.positions - 1) * self.model.boundaries + of_fault

    def check(self):
        true(self.prompt > 0 and self.choice < 128)
        true(self.output > 0 or self.output_root == NOTHING)
        true(1 <= self.positions <= self.model.context)
        if self.claim == TOKEN:
            true(self.prompt <= self.positions < self.prompt + self.output)
        else:
            true(self.what < self.model.ops and self.positions <= self.prompt + self.output)
            true(self.what < self.model.epilogue() or self.positions >= self.prompt)

    def grammar(self):
        return self.parameters["grammar"] is not None


def parameters(data):
    """As sampling.py has them; no biases."""
    i = Input(data)
    p = {name: i.number(4) for name in ("temperature", "top_k", "top_p", "min_p", "repetition")}
    p |= {"presence": i.signed(), "frequency": i.signed(), "bias": []}
    true(i.number(4) == 0, "Limit")
    p["grammar"] = i.take(32).hex() if i.one_of(0, 1) else None
    i.end()
    return p


class Block:
    """A block of the trace by its number: position, place, op that is said to fault in it."""

    def __init__(self, subject, number):
        true(number <= subject.last, "NoSuch")
        self.number, self.subject, model = number, subject, subject.model
        self.position, self.boundary = divmod(number, model.boundaries)
        if number == subject.last and self.position == subject.positions:
            self.position, self.boundary = subject.positions - 1, model.boundaries
        self.place = model.places[self.boundary]
        self.is_last = number == subject.last
        self.fault = subject.what - self.place.first if self.is_last and subject.claim == FAULT else None

    def roots(self):
        """How many value roots Ops has."""
        return len(self.place.ops) if self.fault is None else self.fault

    def tiles(self, op):
        return Tiles(self.subject.model, self.place, op, self.position)


def taken(i, count):
    return [i.take(32) for _ in range(count)]


def root(i, count):
    found = i.take(32)
    true(count > 0 or found == NOTHING)
    return found


def read_block(subject, i):
    block = Block(subject, i.number(4))
    return {"block": block, "log": root(i, block.number)}


def read_op(subject, i):
    found = read_block(subject, i)
    block, op = found["block"], i.number(1)
    true(op < len(block.place.ops) and (block.fault is None or op <= block.fault), "NoSuch")
    true(not (block.place.ops[op]["op"] == "sample" and subject.grammar()), "Grammar")
    return {**found, "op": op, "faults": op == block.fault, "read": taken(i, len(block.place.read_by(op)))}


def read_tile(subject, i):
    found = read_op(subject, i)
    tiles, number = found["block"].tiles(found["op"]), i.number(4)
    true(number < tiles.all, "NoSuch")
    early = min(number, tiles.early)
    return {**found, "tiles": tiles, "tile": number, "early": root(i, early), "leaves": taken(i, len(tiles.read_leaves(number)))}


def read_subtree(i, whole, shown):
    start, count = i.number(4), i.number(4)
    true(named(start, count, whole), "NoSuch")
    found = {"subtree": (start, count), "whole": whole, "lefts": taken(i, len(greatest(start)))}
    return found | ({"shown": taken(i, len(children(start, count)))} if shown else {"hash": i.take(32)})


def read_tree(subject, i, shown):
    found = read_op(subject, i)
    whole, early = i.number(4), found["block"].tiles(found["op"]).early
    true(whole <= early if found["faults"] else whole == early, "NoSuch")
    return found | read_subtree(i, whole, shown)


def read_fields(subject, number, i):
    if number == ROOT:
        return {}
    if number == OWN_ROOT:
        return {"root": root(i, subject.last)}
    if number in (LOG, LOG_NAME):
        return read_subtree(i, subject.last, number == LOG_NAME)
    if number == OPS:
        found = read_block(subject, i)
        return found | {"entry": None if found["block"].is_last else i.take(32)}
    if number == OPS_NAME:
        found = read_block(subject, i)
        return found | {"roots": taken(i, found["block"].roots())}
    if number == PARTS:
        found = read_op(subject, i)
        return found | {"root": None if found["faults"] else i.take(32)}
    if number == PARTS_NAME:
        return read_parts(subject, i)
    if number == OPEN:
        return read_tile(subject, i) | {"hash": i.take(32)}
    if number == PROVE:
        found = read_tile(subject, i)
        opened = (i.take(32), i.take(32)) if i.one_of(0, 1) else None
        true(opened is not None or found["faults"])
        return found | {"opened": opened}
    if number in (TILES, TILES_NAME):
        return read_tree(subject, i, number == TILES_NAME)
    verdict = i.one_of(1, 4)
    return {"verdict": verdict, "why": (i.number(4), i.number(4), i.number(4), i.one_of(1, 5)) if verdict == CLAIMANT_REFUTED else None}


def read_parts(subject, i):
    found = read_op(subject, i)
    tiles = found["block"].tiles(found["op"])
    tile, all_of_them = None, tiles.all
    if found["faults"]:
        tile = all_of_them = i.number(4)
        true(tile < tiles.all, "NoSuch")
    early = min(tiles.early, all_of_them)
    subtrees = taken(i, len(children(0, early)) if early else 0)
    return found | {"tile": tile, "tiles": tiles, "subtrees": subtrees, "parts": taken(i, all_of_them - early)}


def read_state(model, network, data):
    true(len(data) <= STATE_MOST, "Limit")
    i = Input(data)
    i.version()
    state = {"window": i.number(8), "deadline": i.number(8), "subject": Subject(model, network, i), "number": i.one_of(ROOT, OVER)}
    state |= read_fields(state["subject"], state["number"], i)
    i.end()
    return state


def write_state(state):
    number = state["number"]
    return u16(1) + u64(state["window"]) + u64(state["deadline"]) + state["subject"].bytes + u8(number) + b"".join(fields(state, number))


def block_bytes(state):
    return u32(state["block"].number) + state["log"]


def op_bytes(state):
    return block_bytes(state) + u8(state["op"]) + b"".join(state["read"])


def tile_bytes(state):
    return op_bytes(state) + u32(state["tile"]) + state["early"] + b"".join(state["leaves"])


def subtree_bytes(state):
    start, count = state["subtree"]
    return u32(start) + u32(count) + b"".join(state["lefts"]) + (b"".join(state["shown"]) if "shown" in state else state["hash"])


def fields(state, number):
    if number == OWN_ROOT:
        return [state["root"]]
    if number in (LOG, LOG_NAME):
        return [subtree_bytes(state)]
    if number == OPS:
        return [block_bytes(state), state["entry"] or b""]
    if number == OPS_NAME:
        return [block_bytes(state), *state["roots"]]
    if number == PARTS:
        return [op_bytes(state), state["root"] or b""]
    if number == PARTS_NAME:
        return [op_bytes(state), b"" if state["tile"] is None else u32(state["tile"]), *state["subtrees"], *state["parts"]]
    if number == OPEN:
        return [tile_bytes(state), state["hash"]]
    if number == PROVE:
        return [tile_bytes(state), u8(0) if state["opened"] is None else u8(1) + b"".join(state["opened"])]
    if number in (TILES, TILES_NAME):
        return [op_bytes(state), u32(state["whole"]), subtree_bytes(state)]
    if number == OVER:
        return [u8(state["verdict"]), b"" if state["why"] is None else why_bytes(*state["why"])]
    return []


def why_bytes(position, op, tile, kind):
    return u32(position) + u32(op) + u32(tile) + u8(kind)
