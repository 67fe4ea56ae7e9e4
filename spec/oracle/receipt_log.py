"""receipt.md section 9: the receipt log of RFC 6962, its checkpoints, a receipt missing from it."""

import base64
import hashlib

import receipt as form
import receipt_ed25519 as ed25519
from receipt import listed, u8, u16, u64

LEAF, NODE = b"\x00", b"\x01"


def based(data):
    return base64.b64encode(data).decode()


def sha(data):
    return hashlib.sha256(data).digest()


def leaf(receipt, channel=bytes(32), start=0, end=0):
    return receipt + channel + start.to_bytes(16, "little") + end.to_bytes(16, "little")


def leaf_hash(data):
    return sha(LEAF + data)


def root(leaves):
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha(b"")
    left = form.left_part(len(leaves))
    return sha(NODE + root(leaves[:left]) + root(leaves[left:]))


def path(leaves, at):
    """The leaf's sibling first."""
    if len(leaves) == 1:
        return []
    left = form.left_part(len(leaves))
    if at < left:
        return path(leaves[:left], at) + [root(leaves[left:])]
    return path(leaves[left:], at - left) + [root(leaves[:left])]


def consistency(leaves, old):
    """RFC 6962 section 2.1.2; nothing is needed to grow out of the empty log."""

    def part(count, inner, known):
        if count == len(inner):
            return [] if known else [root(inner)]
        left = form.left_part(len(inner))
        if count <= left:
            return part(count, inner[:left], known) + [root(inner[left:])]
        return part(count - left, inner[left:], False) + [root(inner[:left])]

    return part(old, leaves, True) if old else []


def checkpoint(secret, leaves):
    """The signed note's text."""
    key = ed25519.public_key(secret)
    origin = f"probity.dev/log/{key.hex()}"
    text = f"{origin}\n{len(leaves)}\n{based(root(leaves))}\n"
    key_id = sha(origin.encode() + b"\n\x01" + key)[:4]
    return f"{text}\n\u2014 {origin} {based(key_id + ed25519.sign(secret, text.encode()))}\n"


def sealed(hashes, secret, data):
    """DSSE of section 6: payload and signature."""
    kind = "application/vnd.probity.receipt.v1"
    payload = hashes.prefix(b"probity receipt v1") + data
    return payload, ed25519.sign(secret, f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload)


def challenge(hashes, secret, data, note):
    _, signature = sealed(hashes, secret, data)
    return u16(1) + u16(len(data)) + data + signature + u16(len(note.encode())) + note.encode()


def answer(shown, index, proof):
    return u16(1) + shown + u64(index) + listed(u8, proof)
