"""receipt.md sections 5 and 7: an opening read, and whether it opens a receipt."""

import receipt as form
import receipt_decode as decode
from receipt_decode import KEY_BYTES, SIGNATURE_BYTES, Input

HIDDEN, SHOWN = 0, 1


def read(data):
    """The blind, the job, and of each choice its tokens; Refused where it is no opening."""
    check = Input(data)
    decode.opening(check)
    check.end()
    i = Input(data)
    i.take(2)
    blind, job = i.take(32), terms(i)
    job |= {"nonce": i.take(32), "prompt": i.tokens(), "parameters": parameters(i), "choices": i.number(4), "stop": stop(i)}
    job |= rendering(i, job["rendered_by"])
    return blind, job, i.items(1, 16, lambda: (i.number(4), i.tokens()))


def terms(i):
    i.take(2)
    names = (("kind", 1), ("model", None), ("arithmetic", 2), ("sampling", 2), ("nonce_by", 1), ("beacon", 8), ("requester", None), ("rendered_by", 1), ("consent", 1))
    found = {name: i.take(32) if size is None else i.number(size) for name, size in names}
    return {**found, "auditors": i.items(1, 16, lambda: i.take(KEY_BYTES))}


def parameters(i):
    found = {name: i.number(4) for name in ("temperature", "top_k", "top_p", "min_p", "repetition")}
    found |= {name: i.signed() for name in ("presence", "frequency")}
    found["bias"] = i.items(4, 1024, lambda: (i.number(4), i.signed()))
    return {**found, "grammar": i.take(32) if i.number(1) else None}


def stop(i):
    most, tokens = i.number(4), i.items(4, 256, lambda: i.number(4))
    return {"tokens_max": most, "tokens": tokens, "strings": i.items(1, 16, lambda: i.take(i.number(2)))}


def rendering(i, by):
    key, signature = (i.take(KEY_BYTES), i.take(SIGNATURE_BYTES)) if by in (form.CLIENT, form.GATEWAY) else (form.NO_KEY, form.NO_SIGNATURE)
    if by == form.NOBODY:
        return {"messages": (None, None), "renderer": (key, signature)}
    hidden = i.number(1) == HIDDEN
    messages = (i.take(32), None) if hidden else (None, i.take(i.number(4)))
    return {"messages": messages, "renderer": (key, signature)}


def opens(network, receipt, opening):
    """Whether every commitment of a receipt, as ledger_missing.py reads it, follows from an opening that was read."""
    blind, job, outputs = opening
    hashes = form.Hashes(network, blind)
    repeated = ("kind", "model", "arithmetic", "sampling", "consent")
    if any(receipt[name] != job[name] for name in repeated) or receipt["usage"][0] != len(job["prompt"]):
        return False
    if receipt["job"] != form.job_commitment(hashes, job) or not rendered(hashes, job):
        return False
    if [index for index, _ in receipt["choices"]] != [choice for choice, _ in outputs]:
        return False
    return all(choice < job["choices"] and covers(hashes, choice, tokens, segments) for (choice, tokens), (_, segments) in zip(outputs, receipt["choices"]))


def rendered(hashes, job):
    """Whether who rendered signed it."""
    if job["rendered_by"] not in (form.CLIENT, form.GATEWAY):
        return True
    key, signature = job["renderer"]
    return hashes.holds(b"probity rendering v1", key, form.prompt_leaf(hashes, job) + form.messages_hash(hashes, job), signature)


def covers(hashes, choice, tokens, segments):
    """Every head of the choice is of the first of these tokens, the last of all."""
    if segments[-1]["count"] != len(tokens):
        return False
    return all(hashes.token_root(form.OUTPUT, choice, tokens[: head["count"]]) == head["root"] for head in segments)
