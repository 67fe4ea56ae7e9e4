"""Whole receipt files, written from receipt.md sections 6, 8 and 9: spec/golden/*.json.

The tokens are those of models that a seed makes; nothing else here came from an implementation.
"""

import json

import receipt as form
import receipt_decode as decode
import receipt_ed25519 as ed25519
import receipt_log as log
import sampling
from receipt import Hashes

WORKER, BEFORE, REQUESTER = bytes([6] * 32), bytes([8] * 32), bytes([5] * 32)
TYPE = "application/vnd.probity.receipt.v1"
REASONS = {1: "stop_token", 2: "stop_string", 3: "length", 4: "cancelled", 5: "unfinished", 6: "fault"}


def decimal(micro):
    """Exact, without trailing zeros."""
    whole, part = divmod(abs(micro), 1000000)
    text = f"{whole}.{part:06}".rstrip("0").rstrip(".")
    return "-" + text if micro < 0 else text


# A case: job (as in receipt.py), choices: (index, tokens, pieces as (secret, count), stop).


def job(prompt, tokens_max, **changed):
    base = {
        "kind": 1, "model": bytes([7] * 32), "arithmetic": 1, "sampling": 1, "nonce_by": form.CLIENT, "beacon": 0,
        "requester": ed25519.public_key(REQUESTER), "rendered_by": form.NOBODY, "consent": 0, "auditors": [], "nonce": bytes([1] * 32),
        "prompt": prompt, "parameters": {**sampling.DEFAULTS, "temperature": 1200000, "top_p": 980000}, "choices": 1,
        "stop": {"tokens_max": tokens_max, "tokens": [], "strings": []}, "messages": (None, None),
        "renderer": (form.NO_KEY, form.NO_SIGNATURE),
    }  # fmt: skip
    return {**base, **changed}


def rendered(hashes, made, text):
    """By the client, who signs."""
    made = {**made, "rendered_by": form.CLIENT, "messages": (None, text)}
    content = form.prompt_leaf(hashes, made) + form.messages_hash(hashes, made)
    signature = hashes.sign(b"probity rendering v1", REQUESTER, content)
    return {**made, "renderer": (ed25519.public_key(REQUESTER), signature)}


def segments(hashes, commitment, choice, tokens, pieces):
    """The last head of each worker, no head of more than 16 tokens."""
    last, count, prior = [], 0, form.NO_ID
    for secret, adds in pieces:
        start = count
        while True:
            count += min(16, start + adds - count)
            root = hashes.token_root(form.OUTPUT, choice, tokens[:count])
            head = form.head(commitment, choice, start, prior, count, root)
            prior = hashes.hash(b"probity head v1", head)
            if count == start + adds:
                break
        last.append((secret, start, count, form.signed_head(hashes, secret, head)))
    return last


def receipt_of(hashes, made, choices):
    commitment, signed, view = form.job_commitment(hashes, made), [], []
    for index, tokens, pieces, stop in choices:
        heads = segments(hashes, commitment, index, tokens, pieces)
        if stop["number"] == 4:
            stop = {**stop, "signature": form.cancellation(hashes, REQUESTER, commitment, index, stop["count"])}
        signed.append((index, [head for *_, head in heads], form.stop_bytes(stop)))
        root = hashes.token_root(form.OUTPUT, index, tokens).hex()
        named = [{"worker": ed25519.public_key(secret).hex(), "start": start, "end": end} for secret, start, end, _ in heads]
        view.append({"choice": index, "tokens": len(tokens), "output": root, "stop": stop_view(stop), "segments": named})
    total = sum(len(tokens) for _, tokens, *_ in choices)
    fields = {name: made[name] for name in ("kind", "model", "arithmetic", "sampling", "consent")}
    fields.update(job=commitment, anchor_by=0, prompt_tokens=len(made["prompt"]), output_tokens=total, choices=signed)
    data = form.receipt({**fields, "worker": ed25519.public_key(WORKER)})
    decode.read("receipt", data)
    return data, commitment, view


def stop_view(stop):
    more = {2: ("index",), 4: ("count",), 6: ("position", "op")}.get(stop["number"], ())
    names = {"index": "stop_string", "count": "at_tokens"}
    return {"reason": REASONS[stop["number"]], **{names.get(name, name): stop[name] for name in more}}


def view_of(hashes, made, data, commitment, choices):
    p, stop = made["parameters"], made["stop"]
    names = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty")
    values = [p["top_k"] if name == "top_k" else decimal(p[name.removesuffix("_penalty")]) for name in names]
    opened = {
        "nonce": made["nonce"].hex(), "nonce_by": "client", "beacon_height": made["beacon"], "requester": made["requester"].hex(),
        "prompt_tokens": len(made["prompt"]), "rendered_by": ("nobody", "client")[made["rendered_by"]],
        "messages": "shown" if made["rendered_by"] else "none", "choices": made["choices"],
        "seed": sampling.seed(made["nonce"], made["model"], made["prompt"], p).hex(),
        "parameters": {**dict(zip(names, values)), "biases": len(p["bias"])},
        "stop": {"tokens_max": stop["tokens_max"], "tokens": stop["tokens"], "strings": [text.decode() for text in stop["strings"]]},
    }  # fmt: skip
    output = sum(choice["tokens"] for choice in choices)
    return {
        "receipt": hashes.hash(b"probity receipt v1", data).hex(), "network": hashes.network.hex(),
        "worker": ed25519.public_key(WORKER).hex(), "kind": "generate", "model": made["model"].hex(), "job": commitment.hex(),
        "arithmetic_version": made["arithmetic"], "sampling_version": made["sampling"], "audit_consent": "self", "anchor_by": 0,
        "usage": {"prompt_tokens": len(made["prompt"]), "output_tokens": output}, "choices": choices, "opened": opened,
    }  # fmt: skip


def envelope(hashes, data):
    payload, signature = log.sealed(hashes, WORKER, data)
    signed = {"keyid": ed25519.public_key(WORKER).hex(), "sig": log.based(signature)}
    return {"payloadType": TYPE, "payload": log.based(payload), "signatures": [signed]}


def log_of(ids, at):
    """The log's member of a bundle: a log of these receipts, the place of one."""
    leaves = [log.leaf_hash(log.leaf(one)) for one in ids]
    return {"checkpoint": log.checkpoint(WORKER, leaves), "index": at, "proof": [log.based(one) for one in log.path(leaves, at)]}


def file(made, choices, blind=bytes([4] * 32), others=None, text=None):
    hashes = Hashes(bytes(32), blind)
    if text is not None:
        made = rendered(hashes, made, text)
    data, commitment, shown = receipt_of(hashes, made, choices)
    opening = form.opening(blind, made, [(index, tokens) for index, tokens, *_ in choices])
    decode.read("opening", opening)
    whole = {"probity": "receipt file v1" if others is None else "bundle v1", "envelope": envelope(hashes, data), "opening": log.based(opening)}
    if others is not None:
        before, after = others
        whole["log"] = log_of([*before, hashes.hash(b"probity receipt v1", data), *after], len(before))
    whole["view"] = view_of(hashes, made, data, commitment, shown)
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


CHAT = '{"messages":[{"role":"user","content":"Gr\\u00fc\\u00dfe!"}]}'
CHAT_PROMPT = [1, 120, 118, 104, 117, 13, 74, 117, 198, 191, 198, 162, 104, 36, 2, 13, 1, 100, 118, 118, 108, 118, 119, 100, 113, 119, 13]
CHAT_OUTPUT = [173, 42, 42, 42, 90, 90, 90, 90, 90, 90, 90, 90]
CHAT_PARAMETERS = {
    "temperature": 800000, "top_k": 40, "top_p": 950000, "min_p": 10000, "repetition": 1100000, "presence": 250000,
    "frequency": -125000, "bias": [(40, 1500000), (77, -100000000)],
}  # fmt: skip
DRAWN = ([242, 242, 132, 65], [103, 103, 103, 103, 27, 27])
LENGTH, STOP_TOKEN = {"number": 3}, {"number": 1}


def files():
    chat = job(CHAT_PROMPT, len(CHAT_OUTPUT), parameters={**sampling.DEFAULTS, **CHAT_PARAMETERS})
    whole = [(WORKER, len(CHAT_OUTPUT))]
    altered = [*CHAT_OUTPUT[:7], 91, *CHAT_OUTPUT[8:]]
    two = job([5, 77, 130, 9], 24, choices=2, stop={"tokens_max": 24, "tokens": [65], "strings": []})
    both = [
        (0, DRAWN[0], [(BEFORE, 2), (WORKER, 2)], STOP_TOKEN),
        (1, DRAWN[1], [(WORKER, 6)], {"number": 4, "count": 4}),
    ]
    faults = [(0, [], [(WORKER, 0)], {"number": 6, "position": 1, "op": 0})]
    others = [bytes([n] * 32) for n in (1, 2)], [bytes([n] * 32) for n in (3, 4)]
    return {
        "chat.json": file(chat, [(0, CHAT_OUTPUT, whole, LENGTH)], text=CHAT.encode()),
        "chat_altered.json": file(chat, [(0, altered, whole, LENGTH)], text=CHAT.encode()),
        "fault.json": file(job([9, 200, 7], 4), faults),
        "two_choices.bundle.json": file(two, both, others=others),
    }
