"""BLAKE3 in plain Python: hash, keyed hash and key derivation, 32 bytes of output.

Written from the paper's description; claims.py holds the official test vectors against it.
"""

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
COLUMNS_AND_DIAGONALS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip
MASK = 0xFFFFFFFF
CHUNK_START, CHUNK_END, PARENT, ROOT, KEYED_HASH, DERIVE_CONTEXT, DERIVE_MATERIAL = 1, 2, 4, 8, 16, 32, 64
CHUNK_BYTES, BLOCK_BYTES = 1024, 64


def rotated(x, n):
    return ((x >> n) | (x << (32 - n))) & MASK


def quarter(v, a, b, c, d, x, y):
    v[a] = (v[a] + v[b] + x) & MASK
    v[d] = rotated(v[d] ^ v[a], 16)
    v[c] = (v[c] + v[d]) & MASK
    v[b] = rotated(v[b] ^ v[c], 12)
    v[a] = (v[a] + v[b] + y) & MASK
    v[d] = rotated(v[d] ^ v[a], 8)
    v[c] = (v[c] + v[d]) & MASK
    v[b] = rotated(v[b] ^ v[c], 7)


def compress(chain, block, counter, length, flags):
    v = list(chain) + list(IV[:4]) + [counter & MASK, counter >> 32, length, flags]
    m = words(block + bytes(BLOCK_BYTES - len(block)))
    for _ in range(7):
        for i, (a, b, c, d) in enumerate(COLUMNS_AND_DIAGONALS):
            quarter(v, a, b, c, d, m[2 * i], m[2 * i + 1])
        m = [m[i] for i in ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)]


def words(data):
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


def unwords(values):
    return b"".join(v.to_bytes(4, "little") for v in values)


def subtree(key, data, first_chunk, flags, root):
    """The chaining value of the subtree over data, whose first chunk has this index."""
    if len(data) <= CHUNK_BYTES:
        blocks = [data[at : at + BLOCK_BYTES] for at in range(0, len(data), BLOCK_BYTES)] or [b""]
        chain = key
        for i, block in enumerate(blocks):
            last = i == len(blocks) - 1
            extra = (CHUNK_START if i == 0 else 0) | ((CHUNK_END | root) if last else 0)
            chain = compress(chain, block, first_chunk, len(block), flags | extra)
        return chain
    chunks = (len(data) + CHUNK_BYTES - 1) // CHUNK_BYTES
    left = 1 << ((chunks - 1).bit_length() - 1)  # the greatest power of two below the number of chunks
    cut = left * CHUNK_BYTES
    a = subtree(key, data[:cut], first_chunk, flags, 0)
    b = subtree(key, data[cut:], first_chunk + left, flags, 0)
    return compress(key, unwords(a) + unwords(b), 0, BLOCK_BYTES, flags | PARENT | root)


def digest(data):
    return unwords(subtree(IV, data, 0, 0, ROOT))


def keyed(key, data):
    assert len(key) == 32
    return unwords(subtree(words(key), data, 0, KEYED_HASH, ROOT))


def derive_key(context, material):
    key = subtree(IV, context, 0, DERIVE_CONTEXT, ROOT)
    return unwords(subtree(key, material, 0, DERIVE_MATERIAL, ROOT))
