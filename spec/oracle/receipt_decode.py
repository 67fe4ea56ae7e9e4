"""receipt.md read backwards: what the bytes of every format MUST be, or Refused.

Nothing here writes; receipt_cases.py hands it what receipt.py wrote, and changes of it.
"""

import sampling
from exact import Refused

TOKENS_MAX, CHOICES_MAX, VOCABULARY_MAX = 1 << 16, 128, 1 << 20
KEY_BYTES, SIGNATURE_BYTES = 32, 64


class Input:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        piece = self.data[self.at : self.at + length]
        if len(piece) < length:
            raise Refused("Truncated")
        self.at += length
        return piece

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def signed(self):
        return int.from_bytes(self.take(4), "little", signed=True)

    def count(self, size, most):
        found = self.number(size)
        if found > most:
            raise Refused("Limit")
        return found

    def items(self, size, most, read):
        return [read() for _ in range(self.count(size, most))]

    def tokens(self):
        return self.items(4, TOKENS_MAX, lambda: self.number(4))

    def version(self):
        if self.number(2) != 1:
            raise Refused("Version")

    def one_of(self, least, most):
        found = self.number(1)
        if not least <= found <= most:
            raise Refused("Unknown")
        return found

    def end(self):
        if self.at != len(self.data):
            raise Refused("Trailing")


def true(condition, reason="Value"):
    if not condition:
        raise Refused(reason)


def ascends(items):
    true(all(a < b for a, b in zip(items, items[1:])), "Order")


def read_terms(i):
    i.version()
    i.one_of(1, 2)
    model = i.take(32)
    i.take(4)  # the versions of arithmetic and sampling
    i.one_of(1, 2)
    i.take(8 + KEY_BYTES)
    rendered_by, consent = i.one_of(0, 3), i.one_of(0, 2)
    auditors = i.items(1, 16, lambda: i.take(KEY_BYTES))
    true((consent == 1) == (auditors != []))
    ascends(auditors)
    return model, rendered_by


def read_parameters(i):
    names = ("temperature", "top_k", "top_p", "min_p", "repetition")
    p = {name: i.number(4) for name in names}
    p["presence"], p["frequency"] = i.signed(), i.signed()
    p["bias"] = i.items(4, 1024, lambda: (i.number(4), i.signed()))
    if i.one_of(0, 1):
        i.take(32)
    sampling.check_parameters(p, VOCABULARY_MAX)


def read_stop_leaf(i):
    i.count(4, TOKENS_MAX)
    ascends(i.items(4, 256, lambda: i.number(4)))
    for text in i.items(1, 16, lambda: i.take(i.count(2, 1024))):
        true(text != b"")
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("Value") from None


def read_rendering(i, by):
    if by == 0:
        return
    if by in (1, 2):
        i.take(KEY_BYTES + SIGNATURE_BYTES)
    if i.one_of(0, 1):
        length = i.count(4, 4 << 20)
        true(length > 0)
        i.take(length)
    else:
        i.take(32)


def opening(i):
    i.version()
    i.take(32)
    _, rendered_by = read_terms(i)
    i.take(32)
    prompt = i.tokens()
    true(prompt != [] and all(token < VOCABULARY_MAX for token in prompt))
    read_parameters(i)
    true(1 <= i.number(4) <= CHOICES_MAX, "Limit")
    read_stop_leaf(i)
    read_rendering(i, rendered_by)
    choices = [choice for choice, _ in i.items(1, 16, lambda: (i.number(4), i.tokens()))]
    ascends(choices)
    true(all(choice < CHOICES_MAX for choice in choices))


def head(i):
    i.version()
    h = {"job": i.take(32), "choice": i.number(4), "start": i.number(4), "prior": i.take(32)}
    h["count"], h["root"] = i.count(4, TOKENS_MAX), i.take(32)
    true(h["choice"] < CHOICES_MAX and h["start"] <= h["count"])
    true((h["count"] == 0) == (h["root"] == bytes(32)))
    return h


def signed_head(i):
    worker, at = i.take(KEY_BYTES), i.at
    h = head(i)
    return {**h, "worker": worker, "bytes": i.data[at : i.at], "signature": i.take(SIGNATURE_BYTES)}


def partial(i):
    i.version()
    p = {"vector": i.one_of(1, 2), "choice": i.number(4), "position": i.number(4), "count": i.count(4, TOKENS_MAX)}
    p["token"], p["salt"] = i.number(4), i.take(32)
    p["path"] = i.items(1, 16, lambda: i.take(32))
    true(p["choice"] == 0 if p["vector"] == 1 else p["choice"] < CHOICES_MAX)
    true(p["position"] < p["count"])
    return p


def job_leaf(i):
    i.version()
    leaf, length = i.one_of(0, 7), i.count(4, 17449)
    true(leaf != 7 or length == 0)
    i.take(length + 32 + 3 * 32)


def equivocation(i):
    i.version()
    return [(signed_head(i), partial(i)) for _ in range(2)]


def equivocation_holds(hashes, data):
    """Section 3: different tokens at one place under heads signed by one key, of segments that start at 0."""
    i = Input(data)
    sides = equivocation(i)
    i.end()
    for h, p in sides:
        signed = hashes.holds(b"probity head v1", h["worker"], h["bytes"], h["signature"])
        own = (p["vector"], p["choice"], p["count"], h["start"]) == (2, h["choice"], h["count"], 0)
        leaf = hashes.token_leaf(p["salt"], p["token"])
        root = hashes.root_of(b"probity token node v1", p["count"], p["position"], leaf, p["path"])
        if not (signed and own and root == h["root"]):
            return False
    (a, x), (b, y) = sides
    one_place = (a["worker"], a["job"], a["choice"], x["position"]) == (b["worker"], b["job"], b["choice"], y["position"])
    return one_place and x["token"] != y["token"]


def read_stop(i):
    number = i.one_of(1, 6)
    if number == 2:
        true(i.number(1) < 16, "Limit")
    i.take({4: 4 + SIGNATURE_BYTES, 6: 8}.get(number, 0))


def read_choice(i):
    index = i.number(4)
    segments = i.items(1, 16, lambda: signed_head(i))
    read_stop(i)
    return index, segments


def receipt(i):
    true(len(i.data) <= 4096, "Limit")
    i.version()
    i.one_of(1, 2)
    job = i.take(32)
    i.take(32 + 4)
    i.one_of(0, 2)
    i.take(8)
    true(1 <= i.number(4) <= TOKENS_MAX)
    output = i.number(4)
    choices = i.items(1, 16, lambda: read_choice(i))
    true(i.number(1) == 0, "Limit")  # no kind of evidence is defined
    worker = i.take(KEY_BYTES)
    true(choices != [])
    ascends([index for index, _ in choices])
    for index, segments in choices:
        true(index < CHOICES_MAX and segments != [])
        check_segments(job, worker, index, segments)
    true(output == sum(segments[-1]["count"] for _, segments in choices))


def check_segments(job, worker, index, segments):
    true(all(s["job"] == job and s["choice"] == index for s in segments))
    true([s["start"] for s in segments] == [0] + [s["count"] for s in segments[:-1]])
    workers = [s["worker"] for s in segments]
    true(all(a != b for a, b in zip(workers, workers[1:])) and workers[-1] == worker)


FORMATS = {
    "equivocation": equivocation, "job leaf": job_leaf, "opening": opening, "partial opening": partial,
    "receipt": receipt, "signed head": signed_head,
}  # fmt: skip


def read(form, data):
    i = Input(data)
    FORMATS[form](i)
    i.end()
