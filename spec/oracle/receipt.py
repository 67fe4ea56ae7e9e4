"""receipt.md sections 1 to 7: salts, hashes, trees and the bytes of every format, written from the text."""

import receipt_ed25519 as ed25519
import sampling
from hash_blake3 import digest, keyed

NO_ROOT, NO_ID, NO_KEY, NO_SIGNATURE = bytes(32), bytes(32), bytes(32), bytes(64)
SALT_JOB, SALT_PROMPT, SALT_OUTPUT, SALT_MESSAGES = 4, 5, 6, 7
PROMPT, OUTPUT = 1, 2
NAMED = 1
NOBODY, CLIENT, GATEWAY, WORKER = 0, 1, 2, 3


def u8(n):
    return n.to_bytes(1, "little")


def u16(n):
    return n.to_bytes(2, "little")


def u32(n):
    return n.to_bytes(4, "little")


def i32(n):
    return n.to_bytes(4, "little", signed=True)


def u64(n):
    return n.to_bytes(8, "little")


def listed(size, items):
    return size(len(items)) + b"".join(items)


def left_part(count):
    """The greatest power of two below the count."""
    left = 1
    while 2 * left < count:
        left *= 2
    return left


class Hashes:
    """Everything that is hashed or signed on one network; salts are of one blind."""

    def __init__(self, network, blind=None):
        assert len(network) == 32 and (blind is None or len(blind) == 32)
        self.network, self.blind = network, blind

    def prefix(self, domain):
        return u8(len(domain)) + domain + self.network

    def hash(self, domain, content):
        return digest(self.prefix(domain) + content)

    def sign(self, domain, secret, content):
        return ed25519.sign(secret, self.prefix(domain) + content)

    def holds(self, domain, key, content, signature):
        return ed25519.holds(key, self.prefix(domain) + content, signature)

    def salt(self, kind, position, op, index):
        place = u8(kind) + u32(position) + u32(op) + u32(index)
        return keyed(self.blind, self.prefix(b"probity trace salt v1") + place)

    def root(self, domain, leaves):
        if len(leaves) <= 1:
            return leaves[0] if leaves else NO_ROOT
        left = left_part(len(leaves))
        return self.hash(domain, self.root(domain, leaves[:left]) + self.root(domain, leaves[left:]))

    def path(self, domain, leaves, at):
        """The leaf's sibling first."""
        if len(leaves) == 1:
            return []
        left = left_part(len(leaves))
        if at < left:
            return self.path(domain, leaves[:left], at) + [self.root(domain, leaves[left:])]
        return self.path(domain, leaves[left:], at - left) + [self.root(domain, leaves[:left])]

    def root_of(self, domain, count, at, leaf, path):
        """The root a path leads to, or None."""
        if at >= count or (count == 1) != (path == []):
            return None
        if count == 1:
            return leaf
        left, rest, other = left_part(count), path[:-1], path[-1]
        if at < left:
            inside = self.root_of(domain, left, at, leaf, rest)
            return None if inside is None else self.hash(domain, inside + other)
        inside = self.root_of(domain, count - left, at - left, leaf, rest)
        return None if inside is None else self.hash(domain, other + inside)

    def token_salt(self, vector, choice, position):
        if vector == PROMPT:
            return self.salt(SALT_PROMPT, position, 0, 0)
        return self.salt(SALT_OUTPUT, position, 0, choice)

    def token_leaf(self, salt, token):
        return self.hash(b"probity token leaf v1", salt + u32(token))

    def token_leaves(self, vector, choice, tokens):
        return [self.token_leaf(self.token_salt(vector, choice, p), token) for p, token in enumerate(tokens)]

    def token_root(self, vector, choice, tokens):
        return self.root(b"probity token node v1", self.token_leaves(vector, choice, tokens))

    def partial(self, vector, choice, tokens, position):
        """A partial opening: one token shown."""
        path = self.path(b"probity token node v1", self.token_leaves(vector, choice, tokens), position)
        salt = self.token_salt(vector, choice, position)
        numbers = b"".join(u32(n) for n in (choice, position, len(tokens), tokens[position]))
        return u16(1) + u8(vector) + numbers + salt + listed(u8, path)

    def messages(self, data):
        return self.hash(b"probity messages v1", self.salt(SALT_MESSAGES, 0, 0, 0) + data)


# A job is a dict: the fields of leaf 0 by name, nonce, prompt, parameters, choices, stop, and `messages` as
# (hash or None, bytes or None), `renderer` as (key, signature).


def terms(job):
    return b"".join((
        u16(1), u8(job["kind"]), job["model"], u16(job["arithmetic"]), u16(job["sampling"]), u8(job["nonce_by"]),
        u64(job["beacon"]), job["requester"], u8(job["rendered_by"]), u8(job["consent"]), listed(u8, job["auditors"]),
    ))  # fmt: skip


def stop_leaf(stop):
    strings = [u16(len(text)) + text for text in stop["strings"]]
    return u32(stop["tokens_max"]) + listed(u32, [u32(t) for t in stop["tokens"]]) + listed(u8, strings)


def messages_hash(hashes, job):
    if job["rendered_by"] == NOBODY:
        return bytes(32)
    known, shown = job["messages"]
    return known if shown is None else hashes.messages(shown)


def prompt_leaf(hashes, job):
    return u32(len(job["prompt"])) + hashes.token_root(PROMPT, 0, job["prompt"])


def job_leaves(hashes, job):
    parameters = job["parameters"]
    unbiased = sampling.parameter_bytes({**parameters, "bias": []})
    seed = sampling.seed(job["nonce"], job["model"], job["prompt"], parameters)
    key, signature = job["renderer"]
    return [
        terms(job),
        job["nonce"],
        prompt_leaf(hashes, job),
        unbiased + seed + u32(job["choices"]) + u32(len(job["prompt"])),
        listed(u32, [u32(token) + i32(value) for token, value in parameters["bias"]]),
        stop_leaf(job["stop"]),
        messages_hash(hashes, job) + key + signature,
        b"",
    ]


def job_leaf_hashes(hashes, job):
    leaves = job_leaves(hashes, job)
    return [hashes.hash(b"probity job leaf v1", hashes.salt(SALT_JOB, 0, 0, i) + leaf) for i, leaf in enumerate(leaves)]


def job_commitment(hashes, job):
    return hashes.root(b"probity job node v1", job_leaf_hashes(hashes, job))


def shown_leaf(hashes, job, at):
    data = job_leaves(hashes, job)[at]
    path = hashes.path(b"probity job node v1", job_leaf_hashes(hashes, job), at)
    return u16(1) + u8(at) + u32(len(data)) + data + hashes.salt(SALT_JOB, 0, 0, at) + b"".join(path)


def opening(blind, job, outputs):
    """outputs: (choice, tokens), ascending."""
    rendering = b""
    if job["rendered_by"] in (CLIENT, GATEWAY):
        rendering += b"".join(job["renderer"])
    if job["rendered_by"] != NOBODY:
        known, shown = job["messages"]
        rendering += u8(0) + known if shown is None else u8(1) + u32(len(shown)) + shown
    made = [u32(choice) + listed(u32, [u32(t) for t in tokens]) for choice, tokens in outputs]
    return b"".join((
        u16(1), blind, terms(job), job["nonce"], listed(u32, [u32(t) for t in job["prompt"]]),
        sampling.parameter_bytes(job["parameters"]), u32(job["choices"]), stop_leaf(job["stop"]),
        rendering, listed(u8, made),
    ))  # fmt: skip


def head(job, choice, start, prior, count, root):
    return u16(1) + job + u32(choice) + u32(start) + prior + u32(count) + root


def signed_head(hashes, secret, data):
    return ed25519.public_key(secret) + data + hashes.sign(b"probity head v1", secret, data)


def stop_bytes(stop):
    """A dict: number, and the fields of that reason."""
    number = stop["number"]
    if number == 2:
        return u8(2) + u8(stop["index"])
    if number == 4:
        return u8(4) + u32(stop["count"]) + stop["signature"]
    if number == 6:
        return u8(6) + u32(stop["position"]) + u32(stop["op"])
    return u8(number)


def cancellation(hashes, secret, job, choice, count):
    return hashes.sign(b"probity cancel v1", secret, job + u32(choice) + u32(count))


def receipt(r):
    """choices: (index, list of signed heads' bytes, stop's bytes), ascending."""
    choices = [u32(index) + listed(u8, segments) + stop for index, segments, stop in r["choices"]]
    return b"".join((
        u16(1), u8(r["kind"]), r["job"], r["model"], u16(r["arithmetic"]), u16(r["sampling"]), u8(r["consent"]),
        u64(r["anchor_by"]), u32(r["prompt_tokens"]), u32(r["output_tokens"]), listed(u8, choices), u8(0), r["worker"],
    ))  # fmt: skip
