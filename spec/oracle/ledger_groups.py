"""Cases of ledger.md section 10: keys, signatures and certificates of groups, made and checked.

What the library that orders blocks signed (decision 0027) is known here as bytes: this page's own rules have to give the same.
"""

import bls
import ledger as form
from receipt import Hashes
from receipt_decode import Refused

NETWORK, HEADER = b"\x07" * 32, b"\x08" * 32
LEAST = {"epoch": 0, "view": 0, "parent": 0}
USUAL = {"epoch": 7, "view": 300, "parent": 299}
MOST = {part: (1 << 64) - 1 for part in USUAL}


def signer(name):
    """Whose whole secret is known, as in crates/chain/tests/it/signer.rs."""
    return name * 0x9E3779B97F4A7C15 * 0x9E3779B97F4A7C15 % bls.R


def key(name):
    return bls.key_of(signer(name))


def certify(hashes, name, header, word=USUAL):
    """A certificate's bytes."""
    signature = bls.sign(signer(name), form.group_message(hashes, word, header))
    return form.CERTIFICATE.write({"kind": form.GROUP, **word, "signature": signature})


def possession(hashes, name):
    """That it has its key."""
    return bls.sign(signer(name), form.possession(hashes, key(name)), bls.PROOFS)


def evaluate(inputs):
    if "secret" in inputs:
        return made(inputs)
    if "certificate" in inputs:
        return {"holds": certified(inputs)}
    if "message" in inputs:
        tag = bls.PROOFS if inputs["tag"] == "proof" else bls.MESSAGES
        return {"holds": bls.holds(*(bytes.fromhex(inputs[part]) for part in ("key", "message", "signature")), tag)}
    curve, part = (bls.G2, "key") if "key" in inputs else (bls.G1, "signature")
    _, why = bls.read(curve, bytes.fromhex(inputs[part]))
    if why is not None:
        raise Refused(why)
    return {"read": True}


def made(inputs):
    hashes, secret = Hashes(bytes.fromhex(inputs["network"])), int(inputs["secret"])
    word, public = {part: int(inputs[part]) for part in USUAL}, bls.key_of(secret)
    message = form.group_message(hashes, word, bytes.fromhex(inputs["header"]))
    signature = bls.sign(secret, message)
    parts = {
        "key": public, "message": message, "hash": bls.written(bls.hashed(message, bls.MESSAGES), 1), "signature": signature,
        "certificate": form.CERTIFICATE.write({"kind": form.GROUP, **word, "signature": signature}),
        "proof": bls.sign(secret, form.possession(hashes, public), bls.PROOFS),
    }  # fmt: skip
    return {name: part.hex() for name, part in parts.items()}


def certified(inputs):
    word = form.CERTIFICATE.whole(bytes.fromhex(inputs["certificate"]))
    message = form.group_message(Hashes(bytes.fromhex(inputs["network"])), word, bytes.fromhex(inputs["header"]))
    return bls.holds(bytes.fromhex(inputs["key"]), message, word["signature"])


# What the library made: a proposal of epoch 7, view 300, parent's view 299 and 32 bytes 8 in the namespace `probity certificate
# v2 test`, by shares of a group whose secret nobody knows.
LIBRARY_KEY = bytes.fromhex(
    "92b050b6fbe80695b5d56835e978918e37c8707a7fad09a01ae782d4c3170c9baa4c2c196b36eac6b78ceb210b287aeb"
    "0727ef1c60e48042142f7bcc8b6382305cd50c5a4542c44ec72a4de6640c194f8ef36bea1dbed168ab6fd8681d910d55"
)
LIBRARY_MESSAGE = bytes.fromhex(
    "2470726f6269747920636572746966696361746520763220746573745f46494e414c495a4507ac02ab02" + "08" * 32
)
LIBRARY_SIGNATURE = bytes.fromhex("92f1593d5a948904886b307fa6dffaa2b892d9ef0aac653b826e4cab72b722f2432b2abb87789b3c2610a5dad9b1aefd")


def words():
    of = lambda secret, word=USUAL, network=NETWORK, header=HEADER: {  # noqa: E731
        "secret": str(secret), "network": network.hex(), "header": header.hex(), **{part: str(word[part]) for part in word},
    }  # fmt: skip
    edges = {"epoch": 127, "view": 128, "parent": 16383}
    return [
        ("the least secret", of(1)), ("the greatest secret", of(bls.R - 1)), ("the least numbers", of(signer(1), LEAST)),
        ("the greatest numbers", of(signer(2), MOST)), ("numbers at the edges of bytes", of(signer(3), edges)),
        ("more edges", of(signer(3), {"epoch": 16384, "view": (1 << 63) - 1, "parent": 1 << 63})),
        ("another network", of(signer(2), network=bytes(32))), ("another header", of(signer(2), header=b"\xff" * 32)),
    ]  # fmt: skip


def checks():
    hashes = Hashes(NETWORK)
    own, words_of = certify(hashes, 5, HEADER), lambda **changed: {**USUAL, **changed}
    base = {"key": key(5), "network": NETWORK, "header": HEADER, "certificate": own}
    of = lambda **changed: {part: data.hex() for part, data in {**base, **changed}.items()}  # noqa: E731
    signed = lambda signature: own[:-48] + signature  # noqa: E731
    under = lambda name: signed(bls.sign(signer(5), name + form.group_message(hashes, USUAL, HEADER)[len(name) :]))  # noqa: E731
    message = form.group_message(hashes, USUAL, HEADER)
    nullified = form.named(hashes.prefix(b"probity certificate v2") + b"_NULLIFY", form.varint(7) + form.varint(300))
    first = hashes.prefix(b"probity certificate v1") + b"_FINALIZE"
    assert len(form.varint(len(first)) + first) == 65
    return [
        ("a group's word", of()),
        ("of another header", of(header=b"\x09" * 32)), ("of another network", of(network=bytes(32))), ("of another group", of(key=key(6))),
        ("another epoch", of(certificate=own[:3] + b"\x08" + own[4:])),
        ("view and parent's view for each other", of(certificate=own[:11] + own[19:27] + own[11:19] + own[27:])),
        ("by another group", of(certificate=certify(hashes, 6, HEADER))),
        ("another view's word", of(certificate=signed(certify(hashes, 5, HEADER, words_of(view=301))[-48:]))),
        ("minus the signature", of(certificate=signed(altered(own[-48:], bls.GREATER)))),
        ("minus signature and key", of(key=altered(key(5), bls.GREATER), certificate=signed(altered(own[-48:], bls.GREATER)))),
        ("minus the key", of(key=altered(key(5), bls.GREATER))),
        ("under the tag of proofs", of(certificate=signed(bls.sign(signer(5), message, bls.PROOFS)))),
        ("the proof that somebody has the key", of(certificate=signed(possession(hashes, 5)))),
        ("under another domain", of(certificate=under(form.varint(len(first)) + first))),
        ("a word that nothing is final", of(certificate=signed(bls.sign(signer(5), nullified)))),
        ("without the name", of(certificate=signed(bls.sign(signer(5), message[65:])))),
        ("no point for a signature", of(certificate=signed(bytes(48)))),
        ("infinity for a signature", of(certificate=signed(bls.written(None, 1)))),
        ("infinity for both", of(key=bls.written(None, 2), certificate=signed(bls.written(None, 1)))),
        ("a signature outside the subgroup", of(certificate=signed(outside(bls.G1, 1)))),
        ("a key outside the subgroup", of(key=outside(bls.G2, 2))),
    ]  # fmt: skip


def altered(data, flags):
    return bytes([data[0] ^ flags]) + data[1:]


def outside(curve, degree):
    """The first point of the curve that is not of the subgroup, by its x."""
    return next(data for data in map(lambda x: at(x, degree), range(256)) if bls.read(curve, data)[1] == "Subgroup")


def at(x, degree):
    return bytes([bls.COMPRESSED]) + bytes(48 * degree - 2) + bytes([x])


def nowhere(curve, degree):
    return next(data for data in map(lambda x: at(x, degree), range(256)) if bls.read(curve, data)[1] == "Curve")


def library():
    of = lambda message, tag="message", key=LIBRARY_KEY: {  # noqa: E731
        "key": key.hex(), "message": message.hex(), "signature": LIBRARY_SIGNATURE.hex(), "tag": tag,
    }  # fmt: skip
    return [
        ("what the library signed", of(LIBRARY_MESSAGE)), ("what the library signed, another tag", of(LIBRARY_MESSAGE, "proof")),
        ("what the library signed, without its length", of(LIBRARY_MESSAGE[1:])), ("what the library signed, another group", of(LIBRARY_MESSAGE, key=key(1))),
    ]  # fmt: skip


def points():
    """Of each kind: sound ones, and all that is none."""
    found = []
    signature = bls.sign(signer(5), b"")
    for part, curve, degree, data in (("signature", bls.G1, 1, signature), ("key", bls.G2, 2, key(5))):
        of = lambda data: {part: data.hex()}  # noqa: E731, B023
        infinite = bls.written(None, degree)
        reduced = bytes([bls.COMPRESSED | bls.P.to_bytes(48, "big")[0]]) + bls.P.to_bytes(48, "big")[1:]
        found += [
            (f"a {part}", of(data)), (f"minus a {part}", of(altered(data, bls.GREATER))),
            (f"{part}, not compressed refused", of(altered(data, bls.COMPRESSED))),
            (f"{part}, infinity refused", of(infinite)), (f"{part}, infinity and a sign refused", of(altered(infinite, bls.GREATER))),
            (f"{part}, infinity and a number refused", of(infinite[:-1] + b"\1")), (f"{part}, a point and infinity refused", of(altered(data, bls.INFINITE))),
            (f"{part}, infinity that is not compressed refused", of(altered(infinite, bls.COMPRESSED))),
            (f"{part} of zeros refused", of(bytes(48 * degree))), (f"{part} of ones refused", of(b"\xff" * 48 * degree)),
            (f"{part}, the modulus refused", of(reduced + data[48:])), (f"{part}, not on the curve refused", of(nowhere(curve, degree))),
            (f"{part}, not of the subgroup refused", of(outside(curve, degree))),
        ]  # fmt: skip
    below = key(5)[:48] + bls.P.to_bytes(48, "big")
    return [*found, ("key, the modulus behind refused", {"key": below.hex()})]


OPS = {"ledger_groups": (evaluate, [*words(), *checks(), *library(), *points()])}
