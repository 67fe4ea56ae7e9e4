"""Cases of receipt.md section 12: vectors of rows, and whole embeddings with their receipts."""

import embedding
import engine
import program as programs
import receipt_decode as decode
import receipt_ed25519 as ed25519
from generators import integers, weights
from hash_blake3 import digest
from program_cases import ALL, EVERY, EXPERTS, PLAIN, generated
from receipt import Hashes
from traces import little

SHOWN_MOST = 64  # a longer vector is shown by its hash
LIMIT = 1 << 30


def evaluate_vector(inputs):
    row = integers(inputs["row"])
    entries = embedding.vector(row[: inputs["dimensions"]])
    assert sum(e * e for e in entries) <= 1 << 48 and all(abs(e) <= 1 << 24 for e in entries)
    return shown(entries)


def shown(entries):
    if len(entries) <= SHOWN_MOST:
        return {"vector": entries}
    return {"vector_blake3_i32_le": digest(little(entries, 4)).hex()}


def vector_cases():
    def of(row, dimensions=None):
        return {"row": row, "dimensions": dimensions or (row["count"] if isinstance(row, dict) else len(row))}

    def uniform(count, most, seed):
        return {"gen": "uniform", "seed": str(seed), "count": count, "lo": -most, "hi": most}

    greatest = {"gen": "fill", "count": 4096, "value": LIMIT - 1}
    return [
        ("one entry", of([5])), ("one negative entry", of([-1])), ("nothing but zeros", of([0, 0, 0])), ("zeros among others", of([0, 3, 0, -4])),
        ("signs", of([1, -1, 1, -1])), ("the first alone", of([7, 100, 100], 1)), ("zeros first, and no more", of([0, 0, 9], 2)),
        ("the greatest beside the least", of([LIMIT - 1, 1, 0, -1, 1 - LIMIT])), ("exact squares", of([3, 4])), ("just below an integer", of([1, 2, 2])),
        ("one part in 2^24", of([1 << 24, 1])), ("one part in 2^25", of([1 << 25, 1])), ("all at the limit", of(greatest)),
        ("small entries", of(uniform(576, 20, 1))), ("entries of a norm", of(uniform(64, 300000, 2))), ("a wide row", of(uniform(4096, LIMIT - 1, 3))),
        ("half of a wide row", of(uniform(4096, LIMIT - 1, 3), 2048)), ("any magnitude", of({"gen": "bits", "seed": "4", "count": 64, "bits": 30})),
    ]  # fmt: skip


def evaluate_run(inputs):
    program, prompt = inputs["program"], inputs["prompt"]
    file = b"".join(weights(spec) for spec in inputs["file"])
    place = {name: bytes.fromhex(inputs[name]) for name in ("network", "blind", "nonce", "model", "secret")}
    made = embedding.job(place["model"], place["nonce"], prompt, inputs["dimensions"])
    found = {"digest": digest(programs.program(program)).hex(), "file_blake3": digest(file).hex()}
    try:
        row = embedding.row(program, [file], prompt)
        entries, stop = embedding.vector(row[: inputs["dimensions"]]), {"number": embedding.LENGTH}
        found.update(row_blake3_i32_le=digest(little(row, 4)).hex(), **shown(entries))
    except engine.Ended as ended:
        entries, stop = [], {"number": embedding.FAULT, "position": ended.position, "op": ended.op}
        found.update(position=ended.position, op=ended.op)
    hashes, key = Hashes(place["network"], place["blind"]), ed25519.public_key(place["secret"])
    commitment, root, data = embedding.receipt(hashes, place["secret"], key, made, entries, stop)
    decode.read("receipt", data)
    ident = hashes.hash(b"probity receipt v1", data).hex()
    return {**found, "job": commitment.hex(), "output": root.hex(), "receipt": data.hex(), "id": ident}


PLACE = {"network": bytes(32).hex(), "blind": bytes([4] * 32).hex(), "nonce": bytes([1] * 32).hex(), "model": bytes([7] * 32).hex(),
         "secret": bytes([6] * 32).hex()}  # fmt: skip


def run(shape, prompt, dimensions, seed, patches=()):
    program = programs.small(shape)
    return {"program": program, "file": generated(program, seed, patches), "prompt": prompt, "dimensions": dimensions, **PLACE}


def run_cases():
    every = {**EVERY, "matrices": "Q4_1", "vectors": "F16", "kind": "A16", "layout": "half"}
    wide = "ffff7f4b"  # 2^24 and a bit as f32: over the limit in any frac here
    row = 7 * 64 * 4  # of token 7
    floats = {**PLAIN, "matrices": "F32"}
    return [
        ("plain", run(PLAIN, [1, 17, 33, 4, 9], 64, 100)), ("one token, one dimension", run(PLAIN, [12], 1, 100)),
        ("fewer dimensions", run(PLAIN, [1, 17, 33, 4, 9], 24, 100)), ("every op, beyond the window", run(every, [5, 40, 2, 2, 8, 1, 0, 49], 64, 300)),
        ("joined", run(ALL, [5, 40, 2, 2], 50, 1700)), ("experts", run(EXPERTS, [5, 40, 2, 2], 64, 1900)),
        ("two pages of rows", run(PLAIN, [(7 * at + at // 3) % 50 for at in range(70)], 33, 100)),
        ("a fault where a token of the prompt is read", run(floats, [8, 30, 7, 2], 8, 500, [("embed", row, wide)])),
        ("a fault of the row, at the prompt's last position", run(PLAIN, [8, 30, 7], 8, 100, [("last_norm", 20, wide)])),
        ("logits that would fault", run({**floats, "tied": False}, [8, 30, 7], 64, 500, [("output", 0, wide), ("output", 4, wide)])),
    ]  # fmt: skip


OPS = {"unit_vector": (evaluate_vector, vector_cases()), "receipt_embedding_run": (evaluate_run, run_cases())}
