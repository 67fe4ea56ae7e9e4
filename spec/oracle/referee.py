"""The referee of dispute.md: a state and a move in, the next state out, or Refused and nothing changed."""

import receipt
import referee_proofs as proofs
import referee_tiles as execution
from exact import Fault
from receipt import u32
from receipt_decode import true
from referee_forms import (
    CHALLENGER_LATE, CHALLENGER_REFUTED, CLAIMANT_LATE, CLAIMANT_REFUTED, CONCEALED, FALSE_FAULT, FALSE_SALT, LOG, LOG_NAME, NOTHING,
    OPEN, OPS, OPS_NAME, OTHER_OUTPUT, OVER, OWN_ROOT, PARTS, PARTS_NAME, PROVE, ROOT, TILES, TILES_NAME, TOKEN, UNREADABLE, Block,
    children, greatest, move, read_state, write_state,
)  # fmt: skip
from referee_proofs import Trace, Unreadable

CLAIMANT, CHALLENGER = 1, 2
TIME_MOST = (1 << 64) - 1
# Of each state of section 8: who moves, and the numbers of the moves that it takes.
TURNS = {
    ROOT: (CLAIMANT, (1,)), OWN_ROOT: (CHALLENGER, (2,)), LOG: (CLAIMANT, (3,)), LOG_NAME: (CHALLENGER, (4,)), OPS: (CLAIMANT, (5,)),
    OPS_NAME: (CHALLENGER, (4,)), PARTS: (CLAIMANT, (6,)), PARTS_NAME: (CHALLENGER, (4,)), OPEN: (CLAIMANT, (7,)),
    PROVE: (CHALLENGER, (8, 9)), TILES: (CLAIMANT, (3,)), TILES_NAME: (CHALLENGER, (4,)),
}  # fmt: skip


def turn(state):
    """Who moves; None: it is over."""
    return TURNS.get(state["number"], (None,))[0]


def played(model, network, data, party, made, now):
    """Bytes in, bytes out."""
    return write_state(take(read_state(model, network, data), party, move(made), now))


def passed(state, now):
    """The state, the deadline of which may have passed."""
    if state["number"] == OVER or now <= state["deadline"]:
        return state
    return ended(state, CLAIMANT_LATE if turn(state) == CLAIMANT else CHALLENGER_LATE)


def opened(model, network, pieces, window, now):
    """The first state of a filing that was checked: job, worker, salt of leaf 2 and what else section 8 lists, in bytes."""
    data = receipt.u16(1) + receipt.u64(window) + receipt.u64(min(now + window, TIME_MOST)) + pieces + receipt.u8(ROOT)
    return write_state(read_state(model, network, data))


def take(state, party, made, now):
    true(now <= state["deadline"], "Late")
    true(state["number"] != OVER, "Over")
    who, numbers = TURNS[state["number"]]
    true(party == who and made["number"] in numbers, "Turn")
    after = RULES[state["number"]](state, Trace(state["subject"].network), made)
    return {**after, "deadline": min(now + state["window"], TIME_MOST)}


def next_state(state, number, **fields):
    return {**{name: state[name] for name in ("window", "deadline", "subject")}, "number": number, **fields}


def ended(state, verdict, kind=None):
    why = None
    if kind is not None:
        block = state["block"]
        why = (block.position, block.place.first + state["op"], state["tile"], kind)
    return next_state(state, OVER, verdict=verdict, why=why)


def take_root(state, _, made):
    true(state["subject"].last > 0 or made["root"] == NOTHING, "Hash")
    return next_state(state, OWN_ROOT, root=made["root"])


def take_own_root(state, _, made):
    entries, root, last = made["entries"], made["root"], state["subject"].last
    true(entries <= last and (entries == 0) == (root == NOTHING), "Hash")
    if (entries, root) == (last, state["root"]):
        return next_state(state, OPS, block=Block(state["subject"], last), log=root, entry=None)
    return next_state(state, LOG, subtree=(0, last), whole=last, lefts=[], hash=state["root"])


def take_children(state, trace, made):
    shape = children(*state["subtree"])
    true(len(made["hashes"]) == len(shape), "Count")
    true(trace.joined(shape, made["hashes"]) == state["hash"], "Hash")
    same = ("subtree", "whole", "lefts") if state["number"] == LOG else ("block", "log", "op", "read", "subtree", "whole", "lefts")
    fields = {name: state[name] for name in same}
    return next_state(state, LOG_NAME if state["number"] == LOG else TILES_NAME, **fields, shown=made["hashes"])


def descend(state, trace, shape, shown, index, lefts):
    """The subtree that is named, and the greatest subtrees to its left."""
    true(index < len(shape), "Named")
    start, count = shape[index]
    sizes = greatest(shape[0][0]) + [count for _, count in shape[:index]]
    return (start, count), trace.merged(sizes, [*lefts, *shown[:index]]), shown[index]


def take_log_name(state, trace, made):
    (start, count), lefts, found = descend(state, trace, children(*state["subtree"]), state["shown"], made["index"], state["lefts"])
    if count > 1:
        return next_state(state, LOG, subtree=(start, count), whole=state["whole"], lefts=lefts, hash=found)
    return next_state(state, OPS, block=Block(state["subject"], start), log=trace.root_of_lefts(lefts), entry=found)


def take_ops(state, trace, made):
    block, roots, salt = state["block"], made["roots"], made["salt"]
    true(len(roots) == block.roots(), "Count")
    token = block.is_last and state["subject"].claim == TOKEN
    true((salt is not None) == token, "Hash")
    if token:
        true(trace.leaf(salt, u32(state["subject"].what)) == roots[block.place.output - 1], "Hash")
    elif not block.is_last:
        append = block.place.append()
        kv = NOTHING if append is None else roots[append]
        true(trace.boundary(roots[block.place.output - 1], kv) == state["entry"], "Hash")
    return next_state(state, OPS_NAME, block=block, log=state["log"], roots=roots)


def take_ops_name(state, _, made):
    block, op = state["block"], made["index"]
    true(op < len(state["roots"]) or op == block.fault, "Named")
    true(not (block.place.ops[op]["op"] == "sample" and state["subject"].grammar()), "Grammar")
    read = [state["roots"][at] for at in block.place.read_by(op)]
    faults = op == block.fault
    root = None if faults else state["roots"][op]
    return next_state(state, PARTS, block=block, log=state["log"], op=op, faults=faults, read=read, root=root)


def take_parts(state, trace, made):
    tiles, tile = state["block"].tiles(state["op"]), made["tile"]
    true((tile is not None) == state["faults"], "Hash")
    true(tile is None or tile < tiles.all, "Count")
    count = tiles.all if tile is None else tile
    early = min(tiles.early, count)
    true(len(made["subtrees"]) == (len(children(0, early)) if early else 0), "Count")
    true(len(made["leaves"]) == count - early, "Count")
    true(state["faults"] or trace.root(made["leaves"]) == state["root"], "Hash")
    op = {name: state[name] for name in ("block", "log", "op", "faults", "read")}
    return next_state(state, PARTS_NAME, **op, tile=tile, tiles=tiles, subtrees=made["subtrees"], parts=made["leaves"])


def take_parts_name(state, trace, made):
    index, subtrees, parts, tiles = made["index"], state["subtrees"], state["parts"], state["tiles"]
    op = {name: state[name] for name in ("block", "log", "op", "faults", "read", "tiles")}
    early = min(tiles.early, tiles.all if state["tile"] is None else state["tile"])
    shape = children(0, early) if early else []
    if index < len(subtrees):
        (start, count), lefts, found = descend(state, trace, shape, subtrees, index, [])
        if count > 1:
            return next_state(state, TILES, **op, subtree=(start, count), whole=early, lefts=lefts, hash=found)
        return next_state(state, OPEN, **op, tile=start, early=trace.root_of_lefts(lefts), leaves=[], hash=found)
    root = trace.joined(shape, subtrees) if shape else NOTHING
    at = index - len(subtrees)
    true(at < len(parts) or (at == len(parts) and state["faults"]), "Named")
    tile = tiles.early + at if at < len(parts) else state["tile"]
    fields = {**op, "tile": tile, "early": root, "leaves": [parts[leaf] for leaf in tiles.read_leaves(tile)]}
    if at == len(parts):
        return next_state(state, PROVE, **fields, opened=None)
    return next_state(state, OPEN, **fields, hash=parts[at])


def take_tiles_name(state, trace, made):
    (start, count), lefts, found = descend(state, trace, children(*state["subtree"]), state["shown"], made["index"], state["lefts"])
    op = {name: state[name] for name in ("block", "log", "op", "read")}
    if count > 1:
        return next_state(state, TILES, **op, subtree=(start, count), whole=state["whole"], lefts=lefts, hash=found)
    return next_state(state, OPEN, **op, tile=start, early=trace.root_of_lefts(lefts), leaves=[], hash=found)


def take_open(state, trace, made):
    (salt, data), edge = made["leaf"], made["edge"]
    shown = trace.leaf(salt, data)
    if state["block"].place.ops[state["op"]]["op"] == "kv_append":
        true(len(edge) == len(greatest(state["block"].position)), "Hash")
        shown = trace.grown(edge, state["block"].position, shown)
    else:
        true(edge == [], "Hash")
    true(shown == state["hash"], "Hash")
    op = {name: state[name] for name in ("block", "log", "op", "read", "tile", "early", "leaves")}
    return next_state(state, PROVE, **op, opened=(salt, state["hash"]))


def take_prove(state, trace, made):
    if made["number"] == 9:
        return take_blind(state, trace, made["blind"])
    tiles = state["block"].tiles(state["op"])
    said_to_fault = state["opened"] is None
    try:
        data, edge = proofs.proved(state, tiles, trace, made["operands"])
        output = execution.run(state, tiles, data)
    except Unreadable:
        return ended(state, CLAIMANT_REFUTED, UNREADABLE)
    except Fault:
        return ended(state, CHALLENGER_REFUTED) if said_to_fault else ended(state, CLAIMANT_REFUTED, CONCEALED)
    if said_to_fault:
        return ended(state, CLAIMANT_REFUTED, FALSE_FAULT)
    salt, committed = state["opened"]
    found = trace.leaf(salt, output)
    if edge is not None:
        found = trace.grown(edge, state["block"].position, found)
    return ended(state, CHALLENGER_REFUTED) if found == committed else ended(state, CLAIMANT_REFUTED, OTHER_OUTPUT)


def take_blind(state, _, blind):
    true(state["opened"] is not None, "Blind")
    hashes, tiles, number = receipt.Hashes(state["subject"].network, blind), state["block"].tiles(state["op"]), state["tile"]
    true(hashes.salt(receipt.SALT_JOB, 0, 0, 2) == state["subject"].salt, "Blind")
    block, kind, index = state["block"], 3, number
    if number >= tiles.early:
        kind, index = 1, number - tiles.early
        if block.place.ops[state["op"]]["op"] == "kv_append":
            kind = 2
    salt = hashes.salt(kind, block.position, block.place.first + state["op"], index)
    true(salt != state["opened"][0], "Blind")
    return ended(state, CLAIMANT_REFUTED, FALSE_SALT)


RULES = {
    ROOT: take_root, OWN_ROOT: take_own_root, LOG: take_children, LOG_NAME: take_log_name, OPS: take_ops, OPS_NAME: take_ops_name,
    PARTS: take_parts, PARTS_NAME: take_parts_name, OPEN: take_open, PROVE: take_prove, TILES: take_children, TILES_NAME: take_tiles_name,
}  # fmt: skip
