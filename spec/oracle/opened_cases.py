"""Cases of receipt.md section 7: what opens a receipt, and what does not. Of several segments every head's root counts."""

import ledger_missing
import receipt as form
import receipt_opened
from receipt_cases import ALICE, BOB, MODEL, NETWORK, job_of, key_of, plain_job
from receipt_decode import Input
from receipt_decode import read as check

LENGTH = form.stop_bytes({"number": 3})


def evaluate(inputs):
    receipt, opening = bytes.fromhex(inputs["receipt"]), bytes.fromhex(inputs["opening"])
    check("receipt", receipt)
    read = ledger_missing.read_receipt(Input(receipt))
    return {"opens": receipt_opened.opens(bytes.fromhex(inputs["network"]), read, receipt_opened.read(opening))}


def case(*choices, outputs, place=None, said=None, other=None):
    """choices: (index, segments as (secret, tokens from the beginning)); said: what the receipt says otherwise; other: what the opened job has otherwise."""
    place = place or {}
    hashes, job = job_of(plain_job(choices=2, **place))
    made = []
    for index, segments in choices:
        heads, before = [], ([], form.NO_ID)
        for secret, tokens in segments:
            root = hashes.token_root(form.OUTPUT, index, tokens)
            head = form.head(form.job_commitment(hashes, job), index, len(before[0]), before[1], len(tokens), root)
            heads.append(form.signed_head(hashes, bytes.fromhex(secret), head))
            before = (tokens, hashes.hash(b"probity head v1", head))
        made.append((index, heads, LENGTH))
    count = sum(len(segments[-1][1]) for _, segments in choices)
    fields = {"kind": 1, "arithmetic": 1, "sampling": 1, "consent": 0, "prompt_tokens": 3, "job": form.job_commitment(hashes, job), "model": bytes.fromhex(MODEL)}
    fields |= {"anchor_by": 0, "choices": made, "output_tokens": count, "worker": key_of(choices[-1][1][-1][0]), **(said or {})}
    _, opened = job_of(plain_job(choices=2, **{**place, **(other or {})}))
    opening = form.opening(hashes.blind, opened, outputs)
    return {"network": hashes.network.hex(), "receipt": form.receipt(fields).hex(), "opening": opening.hex()}


def cases():
    whole = [5, 6, 7, 8]
    one, two = (0, [(ALICE, whole)]), (0, [(BOB, [5, 6]), (ALICE, whole)])
    three = lambda second: (0, [(ALICE, [5]), (BOB, second), (ALICE, whole)])  # noqa: E731
    opened = [(0, whole)]
    return [
        ("one segment", case(one, outputs=opened)), ("on a network", case(one, outputs=opened, place={"network": NETWORK})), ("two choices", case(one, (1, [(ALICE, [9])]), outputs=[(0, whole), (1, [9])])),
        ("no tokens", case((0, [(ALICE, [])]), outputs=[(0, [])])), ("two segments", case(two, outputs=opened)), ("three segments", case(three([5, 6, 7]), outputs=opened)),
        ("a segment that adds no tokens", case((0, [(BOB, whole), (ALICE, whole)]), outputs=opened)), ("a first segment of no tokens", case((0, [(BOB, []), (ALICE, whole)]), outputs=opened)),
        ("a first segment over another token", case((0, [(BOB, [5, 9]), (ALICE, whole)]), outputs=opened)), ("a second segment over another token", case(three([5, 9, 7]), outputs=opened)),
        ("a segment that adds no tokens, over another one", case((0, [(BOB, [5, 6, 7, 9]), (ALICE, whole)]), outputs=opened)),
        ("a last segment over another token", case((0, [(BOB, [5, 6]), (ALICE, [5, 6, 7, 9])]), outputs=opened)), ("another token", case(one, outputs=[(0, [5, 6, 7, 9])])),
        ("a first segment's token that is another in both", case((0, [(BOB, [5, 9]), (ALICE, whole)]), outputs=[(0, [5, 9, 7, 8])])),
        ("a token too few", case(one, outputs=[(0, whole[:3])])), ("a token too many", case(one, outputs=[(0, [*whole, 9])])), ("a first segment alone", case(two, outputs=[(0, [5, 6])])),
        ("another choice", case(one, outputs=[(1, whole)])), ("no choice", case(one, outputs=[])), ("a choice too many", case(one, outputs=[(0, whole), (1, [])])),
        ("another prompt", case(one, outputs=opened, other={"prompt": [1, 2, 4]})), ("another nonce", case(one, outputs=opened, other={"nonce": bytes(32).hex()})),
        ("another model in the receipt", case(one, outputs=opened, said={"model": bytes(32)})), ("another consent in the receipt", case(one, outputs=opened, said={"consent": 2})),
        ("another count of the prompt in the receipt", case(one, outputs=opened, said={"prompt_tokens": 4})),
    ]  # fmt: skip


OPS = {"receipt_opened": (evaluate, cases())}
