"""Commitments of program.md section 6: salts, leaves, trees, the log of boundaries."""

from hash_blake3 import digest, keyed

LEAF, NODE = b"probity trace leaf v1", b"probity trace node v1"
BOUNDARY, SALT = b"probity trace boundary v1", b"probity trace salt v1"
KINDS = {"value": 1, "kv row": 2, "tile": 3}
CHUNK, BLOCK = 1024, 32


def framed(domain, network, content):
    assert len(network) == 32
    return bytes([len(domain)]) + domain + network + content


class Committer:
    """The hashes of one job's traces: of a network id and a blind, 32 bytes each."""

    def __init__(self, network, blind):
        self.network, self.blind = network, blind

    def salt(self, kind, position, op, index):
        place = bytes([KINDS[kind]]) + b"".join(n.to_bytes(4, "little") for n in (position, op, index))
        return keyed(self.blind, framed(SALT, self.network, place))

    def leaf(self, kind, position, op, index, data):
        return digest(framed(LEAF, self.network, self.salt(kind, position, op, index) + data))

    def node(self, left, right):
        return digest(framed(NODE, self.network, left + right))

    def root(self, leaves):
        """Of at least one leaf: the left part has the greatest power of two below the number."""
        if len(leaves) == 1:
            return leaves[0]
        left = left_part(len(leaves))
        return self.node(self.root(leaves[:left]), self.root(leaves[left:]))

    def path(self, leaves, at):
        """The siblings on the way from a leaf to the root, the leaf's own first."""
        if len(leaves) == 1:
            return []
        left = left_part(len(leaves))
        if at < left:
            return self.path(leaves[:left], at) + [self.root(leaves[left:])]
        return self.path(leaves[left:], at - left) + [self.root(leaves[:left])]

    def boundary(self, residual, kv):
        return digest(framed(BOUNDARY, self.network, residual + (bytes(32) if kv is None else kv)))


def left_part(count):
    left = 1
    while 2 * left < count:
        left *= 2
    return left


def little(values, size):
    return b"".join(v.to_bytes(size, "little", signed=True) for v in values)


def chunks(values):
    return [values[at : at + CHUNK] for at in range(0, len(values), CHUNK)]


def fixed_leaves(row):
    return [little(chunk, 4) for chunk in chunks(row)]


def a8_leaves(exponent, scales, quants):
    blocks = [bytes([scale]) + little(quants[b * BLOCK : (b + 1) * BLOCK], 1) for b, scale in enumerate(scales)]
    per_chunk = CHUNK // BLOCK
    return [little([exponent], 4)] + [b"".join(blocks[at : at + per_chunk]) for at in range(0, len(blocks), per_chunk)]


def a16_leaves(exponent, entries):
    return [little([exponent], 4)] + [little(chunk, 2) for chunk in chunks(entries)]


def kv_row(key, value):
    """Key and value as (quants, scale m, shift s)."""
    return b"".join(little(quants, 1) + bytes([scale, shift]) for quants, scale, shift in (key, value))
