"""BLAKE3 in plain Python: hash, keyed hash and key derivation, 32 bytes of output.

Written from the paper's description; claims.py holds the official test vectors against it.
"""

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
MASK = 0xFFFFFFFF
CHUNK_START, CHUNK_END, PARENT, ROOT, KEYED_HASH, DERIVE_CONTEXT, DERIVE_MATERIAL = 1, 2, 4, 8, 16, 32, 64
CHUNK_BYTES, BLOCK_BYTES = 1024, 64

# The sixteen words of a state stand as four rows, each one integer of four words with 32 zero bits between them: what is
# done to the four columns, and then to the four diagonals, is done to a row at once. It is a third of the time.


def row(values):
    return values[0] | values[1] << 64 | values[2] << 128 | values[3] << 192


def unrow(values):
    return [values & MASK, values >> 64 & MASK, values >> 128 & MASK, values >> 192]


def schedule():
    """Of each round, which words of the block meet columns and diagonals, first and second."""
    order, rounds = list(range(16)), []
    for _ in range(7):
        rounds.append(tuple(order[half + 2 * i + second] for half in (0, 8) for second in (0, 1) for i in range(4)))
        order = [order[i] for i in ORDER]
    return tuple(rounds)


ROW, TOP, SCHEDULE = row((MASK,) * 4), row(IV), schedule()


def compress(chain, block, counter, length, flags):
    whole = int.from_bytes(block, "little")
    m = [whole >> at & MASK for at in range(0, 512, 32)]
    n, o, p = [word << 64 for word in m], [word << 128 for word in m], [word << 192 for word in m]
    a, b, c = row(chain), row(chain[4:]), TOP
    d = row((counter & MASK, counter >> 32, length, flags))
    full = ROW
    for e, f, g, h, i, j, k, l, q, r, s, t, u, v, w, x in SCHEDULE:  # noqa: E741
        a = a + b + (m[e] | n[f] | o[g] | p[h]) & full
        d ^= a
        d = (d >> 16 | d << 16) & full
        c = c + d & full
        b ^= c
        b = (b >> 12 | b << 20) & full
        a = a + b + (m[i] | n[j] | o[k] | p[l]) & full
        d ^= a
        d = (d >> 8 | d << 24) & full
        c = c + d & full
        b ^= c
        b = (b >> 7 | b << 25) & full
        b, c, d = (b >> 64 | b << 192) & full, (c >> 128 | c << 128) & full, (d >> 192 | d << 64) & full
        a = a + b + (m[q] | n[r] | o[s] | p[t]) & full
        d ^= a
        d = (d >> 16 | d << 16) & full
        c = c + d & full
        b ^= c
        b = (b >> 12 | b << 20) & full
        a = a + b + (m[u] | n[v] | o[w] | p[x]) & full
        d ^= a
        d = (d >> 8 | d << 24) & full
        c = c + d & full
        b ^= c
        b = (b >> 7 | b << 25) & full
        b, c, d = (b >> 192 | b << 64) & full, (c >> 128 | c << 128) & full, (d >> 64 | d << 192) & full
    return unrow(a ^ c) + unrow(b ^ d)


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
