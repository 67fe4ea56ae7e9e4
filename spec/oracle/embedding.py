"""receipt.md section 12, embeddings: the row, its vector, and the job, transcript and receipt of one."""

import engine
import receipt as form
import sampling
from exact import isqrt

FRAC = 24
GREEDY = {**sampling.DEFAULTS, "temperature": 0}
LENGTH, FAULT = 3, 6


def vector(row):
    """Entries in units of 2^-24, each rounded towards 0."""
    squares = sum(v * v for v in row)
    if squares == 0:
        return [0 for _ in row]
    lengths = [isqrt((v * v << 2 * FRAC) // squares) for v in row]
    return [-n if v < 0 else n for v, n in zip(row, lengths)]


def row_value(program):
    """Which value of the epilogue is the row."""
    ops = program["epilogue"]["ops"]
    op = ops[program["epilogue"]["output"] - 1]
    while op["op"] != "quantise":
        assert op["op"] in ("sample", "soft_cap", "scale", "logits")
        op = ops[op["x"] - 1]
    return op["x"]


def row(program, files, prompt):
    """That of the prompt's last position; engine.Ended where a fault comes first."""
    sequence = engine.Sequence(program, engine.Weights(program, files))
    for token in prompt:
        sequence.step(token, False)
    number, *_ = sequence.boundaries[-1][-1]
    handed, last, value = sequence.made[number][3], program["epilogue"], row_value(program)
    if value == 0:
        return handed[0]
    sequence.position -= 1
    first = sum(len(group["ops"]) * len(group["layers"]) for group in [program["prologue"], *program["groups"]])
    cut = {**last, "ops": last["ops"][:value], "output": value}
    (entries, _), _ = sequence.block(cut, last["layers"][0], first, handed)
    return entries


def job(model, nonce, prompt, dimensions):
    """Of tokens, and nobody who could cancel."""
    return {
        "kind": 2, "model": model, "arithmetic": 1, "sampling": 1, "nonce_by": form.GATEWAY, "beacon": 0, "requester": form.NO_KEY,
        "rendered_by": form.NOBODY, "consent": 0, "auditors": [], "nonce": nonce, "prompt": prompt, "parameters": GREEDY, "choices": 1,
        "stop": {"tokens_max": dimensions, "tokens": [], "strings": []}, "messages": (None, None),
        "renderer": (form.NO_KEY, form.NO_SIGNATURE),
    }  # fmt: skip


def transcript(entries):
    """As u32 in two's complement."""
    return [e % (1 << 32) for e in entries]


def receipt(hashes, secret, key, made, entries, stop):
    """With one head over all of the vector."""
    commitment, output = form.job_commitment(hashes, made), transcript(entries)
    root = hashes.token_root(form.OUTPUT, 0, output)
    head = form.head(commitment, 0, 0, form.NO_ID, len(output), root)
    fields = {name: made[name] for name in ("kind", "model", "arithmetic", "sampling", "consent")}
    choice = (0, [form.signed_head(hashes, secret, head)], form.stop_bytes(stop))
    fields.update(job=commitment, anchor_by=0, prompt_tokens=len(made["prompt"]), output_tokens=len(output), choices=[choice])
    return commitment, root, form.receipt({**fields, "worker": key})
