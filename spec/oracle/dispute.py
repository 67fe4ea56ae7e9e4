"""dispute.md: bytes of moves, operands and filings, slices of a file, what a filing binds, written from the text."""

from hash_blake3 import CHUNK_BYTES, IV, PARENT, ROOT, BLOCK_BYTES, compress, digest, subtree, unwords, words

import receipt as form
import receipt_decode as decode
from receipt import listed, u8, u16, u32
from receipt_decode import Input, true

MOVE_MOST, CHILDREN_MOST, OPS_MOST, LEAVES_MOST, OPERANDS_MOST = 65536, 16, 128, 1024, 8
OPENED_MOST, PROOF_MOST, OUTPUT_MOST, EDGE_MOST, BIASES_MOST = 1024, 1024, 16384, 16, 8196
PIECE_MOST, RECEIPT_MOST = 1024, 4096
TOKEN, FAULT = 1, 2


# Section 5: a move is a dict of its number and fields.


def option(value, write):
    return u8(0) if value is None else u8(1) + write(value)


def same(data):
    return data


def hashes(items):
    return listed(u16, items)


def leaf(one):
    salt, data = one
    return salt + u16(len(data)) + data


def leaves(shown):
    opened, beside = shown
    return listed(u16, [leaf(one) for one in opened]) + hashes(beside)


def boundary(shown):
    residual, kv, path = shown
    return residual + kv + hashes(path)


def operand(one):
    number = one["number"]
    out = u8(number)
    if number == 2:
        out += leaves(one["prompt"]) + leaves(one["output"])
    elif number == 3:
        out += u32(len(one["chunks"])) + one["chunks"] + hashes(one["beside"])
    elif number == 4:
        out += leaves(one["leaves"]) + option(one["boundary"], boundary)
    elif number == 5:
        out += leaves(one["rows"]) + hashes(one["path"])
    elif number == 6:
        out += hashes(one["edge"]) + hashes(one["path"]) + option(one["boundary"], boundary)
    elif number == 7:
        out += u16(len(one["leaf"])) + one["leaf"]
    return out


def move(made):
    number = made["number"]
    out = u16(1) + u8(number)
    if number == 1:
        out += made["root"]
    elif number == 2:
        out += u32(made["entries"]) + made["root"]
    elif number == 3:
        out += hashes(made["hashes"])
    elif number == 4:
        out += u16(made["index"])
    elif number == 5:
        out += hashes(made["roots"]) + option(made["salt"], same)
    elif number == 6:
        out += hashes(made["subtrees"]) + hashes(made["leaves"]) + option(made["tile"], u32)
    elif number == 7:
        out += leaf(made["leaf"]) + hashes(made["edge"])
    elif number == 8:
        out += listed(u8, [operand(one) for one in made["operands"]])
    elif number == 9:
        out += made["blind"]
    return out


# The same read backwards, under the limits of section 6.


def read_option(i, read):
    if i.one_of(0, 1):
        read()


def read_hashes(i, most):
    i.items(2, most, lambda: i.take(32))


def read_leaf(i):
    i.take(32)
    i.take(i.count(2, OUTPUT_MOST))


def read_leaves(i):
    i.items(2, OPENED_MOST, lambda: read_leaf(i))
    read_hashes(i, PROOF_MOST)


def read_boundary(i):
    i.take(64)
    read_hashes(i, PROOF_MOST)


def read_operand(i):
    number = i.one_of(1, 7)
    if number == 2:
        read_leaves(i)
        read_leaves(i)
    elif number == 3:
        i.take(i.count(4, MOVE_MOST))
        read_hashes(i, PROOF_MOST)
    elif number == 4:
        read_leaves(i)
        read_option(i, lambda: read_boundary(i))
    elif number == 5:
        read_leaves(i)
        read_hashes(i, PROOF_MOST)
    elif number == 6:
        read_hashes(i, EDGE_MOST)
        read_hashes(i, PROOF_MOST)
        read_option(i, lambda: read_boundary(i))
    elif number == 7:
        shown = Input(i.take(i.count(2, BIASES_MOST + 2 + 1 + 4 + 4 * 32)))
        decode.job_leaf(shown)
        shown.end()


def read_move(data):
    true(len(data) <= MOVE_MOST, "Limit")
    i = Input(data)
    i.version()
    number = i.one_of(1, 9)
    if number in (1, 9):
        i.take(32)
    elif number == 2:
        i.take(4 + 32)
    elif number == 3:
        read_hashes(i, CHILDREN_MOST)
    elif number == 4:
        i.take(2)
    elif number == 5:
        read_hashes(i, OPS_MOST)
        read_option(i, lambda: i.take(32))
    elif number == 6:
        read_hashes(i, CHILDREN_MOST)
        read_hashes(i, LEAVES_MOST)
        read_option(i, lambda: i.take(4))
    elif number == 7:
        read_leaf(i)
        read_hashes(i, EDGE_MOST)
    elif number == 8:
        i.items(1, OPERANDS_MOST, lambda: read_operand(i))
    i.end()


# Section 4, weights: the chunks that ranges touch, and the greatest subtrees without any of them.


def slice_of(data, ranges):
    """Numbers of the chunks, their bytes, the hashes beside them."""
    touched = set()
    for start, end in ranges:
        true(start < end <= len(data), "Range")
        touched.update(range(start // CHUNK_BYTES, (end - 1) // CHUNK_BYTES + 1))
    true(touched != set(), "Range")
    chunks = sorted(touched)
    shown = b"".join(data[n * CHUNK_BYTES : (n + 1) * CHUNK_BYTES] for n in chunks)
    return chunks, shown, beside(data, 0, -(-len(data) // CHUNK_BYTES), touched)


def beside(data, first, end, touched):
    if not any(first <= chunk < end for chunk in touched):
        return [unwords(subtree(IV, data[first * CHUNK_BYTES : end * CHUNK_BYTES], first, 0, 0))]
    if end - first == 1:
        return []
    middle = first + form.left_part(end - first)
    return beside(data, first, middle, touched) + beside(data, middle, end, touched)


def slice_root(length, chunks, shown, hashes):
    """The hash that a slice leads to, or None: the other way round, so that the two readings are compared."""
    pieces, proof = list(shown[at : at + CHUNK_BYTES] for at in range(0, len(shown), CHUNK_BYTES)), list(hashes)

    def value(first, end, flags):
        if not any(first <= chunk < end for chunk in chunks):
            return words(proof.pop(0))
        if end - first == 1:
            return subtree(IV, pieces.pop(0), first, 0, flags)
        middle = first + form.left_part(end - first)
        left, right = value(first, middle, 0), value(middle, end, 0)
        return compress(IV, unwords(left) + unwords(right), 0, BLOCK_BYTES, PARENT | flags)

    root = unwords(value(0, -(-length // CHUNK_BYTES), ROOT))
    return root if pieces == [] and proof == [] else None


# Section 5, a filing; section 1, what it binds.


def filing(pieces, claim, claimed):
    """The signed head, leaves 0, 2 and 3; then what is claimed and the bytes that show it."""
    return u16(1) + b"".join(u16(len(one)) + one for one in pieces) + u8(claim) + u16(len(claimed)) + claimed


def piece(i, read, most=PIECE_MOST):
    inner = Input(i.take(i.count(2, most)))
    found = read(inner)
    inner.end()
    return inner.data, found


def read_filing(data):
    i = Input(data)
    i.version()
    pieces = [piece(i, decode.signed_head)] + [piece(i, decode.job_leaf) for _ in range(3)]
    claim = i.one_of(TOKEN, FAULT)
    pieces.append(piece(i, decode.partial) if claim == TOKEN else piece(i, decode.receipt, RECEIPT_MOST))
    i.end()
    return pieces, claim


def shown_leaf(hashes, job, number, data):
    """The bytes of that leaf of the job, which a shown leaf must lead to."""
    i = Input(data)
    i.take(2)
    at = i.number(1)
    true(at == number, "Leaf")
    content, salt = i.take(i.number(4)), i.take(32)
    path = [i.take(32) for _ in range(3)]
    hash_ = hashes.hash(b"probity job leaf v1", salt + content)
    true(hashes.root_of(b"probity job node v1", 8, at, hash_, path) == job, "Leaf")
    return content


def check_filing(hashes, referee, data):
    """Positions of the trace and what is claimed: (token) or (op). The referee: model, arithmetic, sampling, context,
    ops, epilogue (number of its first op)."""
    (signed, *leaves, claimed), claim = read_filing(data)
    head = signed[1]
    true(hashes.holds(b"probity head v1", head["worker"], head["bytes"], head["signature"]), "Signature")
    terms, prompt, parameters = (shown_leaf(hashes, head["job"], n, shown[0]) for n, shown in zip((0, 2, 3), leaves))
    arithmetic = check_terms(referee, Input(terms))
    i = Input(prompt)
    count = i.number(4)
    i.take(32)
    i.end()
    true(count > 0)
    i = Input(parameters)
    decode.read_parameters(i)
    true(int.from_bytes(parameters[28:32], "little") == 0, "Limit")  # no biases
    i.take(32)
    choices, again = i.number(4), i.number(4)
    i.end()
    true(again == count and head["choice"] < choices, "Unfit")
    positions, what = token_of(hashes, head, count, claimed[1]) if claim == TOKEN else fault_of(referee, signed[0], head, count, claimed[0])
    true(arithmetic == referee["arithmetic"] and 1 <= positions <= referee["context"], "NoSuch")
    return positions, what


def check_terms(referee, i):
    i.version()
    true(i.number(1) == 1, "Unknown")
    model, arithmetic, sampling = i.take(32), i.number(2), i.number(2)
    true((model, sampling) == (referee["model"], referee["sampling"]), "Other")
    return arithmetic


def token_of(hashes, head, prompt, shown):
    own = (shown["vector"], shown["choice"], shown["count"]) == (form.OUTPUT, head["choice"], head["count"])
    leaf_hash = hashes.token_leaf(shown["salt"], shown["token"])
    root = hashes.root_of(b"probity token node v1", shown["count"], shown["position"], leaf_hash, shown["path"])
    true(own and shown["position"] >= head["start"] and root == head["root"], "Unfit")
    return prompt + shown["position"], {"token": shown["token"]}


def fault_of(referee, signed, head, prompt, data):
    """Of the choice whose last segment is this head: its stop reason's position and op."""
    at = data.find(signed + u8(6))
    true(at >= 0, "Unfit")
    stop = Input(data[at + len(signed) + 1 :])
    position, op = stop.number(4), stop.number(4)
    true(op < referee["ops"], "NoSuch")
    true(op < referee["epilogue"] or position >= prompt - 1, "NoSuch")
    true(position < prompt + head["count"], "NoSuch")
    return position + 1, {"fault": op}
