"""ledger.md section 2: the root of a state, by its definition and by change; proofs of what stands under a key.

A tree is None, (LEAF, hash, place, hash of the value) or (NODE, hash, left, right).
"""

from ledger_forms import U8, U16
from receipt_decode import Input, true

NOTHING = bytes(32)
HERE, EMPTY, OTHER = 1, 2, 3
PROOF_MOST = 255
LEAF, NODE = 0, 1


def place_of(hashes, key):
    return hashes.hash(b"probity state key v1", key)


def value_of(hashes, record):
    return hashes.hash(b"probity state value v1", record)


def leaf_of(hashes, place, value):
    return hashes.hash(b"probity state leaf v1", place + value)


def node_of(hashes, left, right):
    return hashes.hash(b"probity state node v1", left + right)


def bit(place, depth):
    return place[depth // 8] >> (7 - depth % 8) & 1


def root_of_set(hashes, entries, depth=0):
    """By the definition; entries: (place, hash of the value)."""
    if not entries:
        return NOTHING
    if len(entries) == 1:
        return leaf_of(hashes, *entries[0])
    left = [one for one in entries if not bit(one[0], depth)]
    right = [one for one in entries if bit(one[0], depth)]
    return node_of(hashes, root_of_set(hashes, left, depth + 1), root_of_set(hashes, right, depth + 1))


def root_of(tree):
    return NOTHING if tree is None else tree[1]


def changed(hashes, tree, changes, depth=0):
    """The tree after some places got another value, or none; what is not touched is shared with the old tree."""
    if not changes:
        return tree
    if tree is None or tree[0] == LEAF:
        entries = {} if tree is None else {tree[2]: tree[3]}
        entries.update(changes)
        return built(hashes, [(place, value) for place, value in entries.items() if value is not None], depth)
    sides = [{}, {}]
    for place, value in changes.items():
        sides[bit(place, depth)][place] = value
    left = changed(hashes, tree[2], sides[0], depth + 1)
    right = changed(hashes, tree[3], sides[1], depth + 1)
    return joined(hashes, left, right)


def built(hashes, entries, depth):
    if not entries:
        return None
    if len(entries) == 1:
        place, value = entries[0]
        return (LEAF, leaf_of(hashes, place, value), place, value)
    left = [one for one in entries if not bit(one[0], depth)]
    right = [one for one in entries if bit(one[0], depth)]
    return joined(hashes, built(hashes, left, depth + 1), built(hashes, right, depth + 1))


def joined(hashes, left, right):
    """An entry that is alone moves up."""
    for one, other in ((left, right), (right, left)):
        if one is None and (other is None or other[0] == LEAF):
            return other
    return (NODE, node_of(hashes, root_of(left), root_of(right)), left, right)


def prove(tree, place):
    """The proof's bytes."""
    beside, depth = [], 0
    while tree is not None and tree[0] == NODE:
        right = bit(place, depth)
        beside.append(root_of(tree[2] if right else tree[3]))
        tree, depth = tree[3] if right else tree[2], depth + 1
    if tree is None:
        end = U8.write(EMPTY)
    elif tree[2] == place:
        end = U8.write(HERE)
    else:
        end = U8.write(OTHER) + tree[2] + tree[3]
    return U16.write(1) + end + U8.write(len(beside)) + sparse(beside)


def sparse(beside):
    bits = bytearray((len(beside) + 7) // 8)
    for at, one in enumerate(beside):
        if one != NOTHING:
            bits[at // 8] |= 1 << at % 8
    return bytes(bits) + b"".join(one for one in beside if one != NOTHING)


def read_proof(data):
    i = Input(data)
    i.version()
    end, other = i.one_of(HERE, OTHER), None
    if end == OTHER:
        other = (i.take(32), i.take(32))
    count = i.number(1)
    bits = i.take((count + 7) // 8)
    beside = []
    for at in range(8 * len(bits)):
        there = bits[at // 8] >> at % 8 & 1
        true(at < count or not there)
        if at < count:
            beside.append(i.take(32) if there else NOTHING)
            true(not there or beside[-1] != NOTHING)
    i.end()
    return end, other, beside


def check_proof(hashes, root, key, record, data):
    """Refused where the proof does not show that this record (None: none) stands under the key."""
    end, other, beside = read_proof(data)
    place = place_of(hashes, key)
    true((record is not None) == (end == HERE), "End")
    if end == OTHER:
        shared = all(bit(place, depth) == bit(other[0], depth) for depth in range(len(beside)))
        true(other[0] != place and shared, "Other")
    if end == HERE:
        found = leaf_of(hashes, place, value_of(hashes, record))
    else:
        found = NOTHING if other is None else leaf_of(hashes, *other)
    for depth in range(len(beside) - 1, -1, -1):
        sides = (beside[depth], found) if bit(place, depth) else (found, beside[depth])
        found = node_of(hashes, *sides)
    true(found == root, "Root")
