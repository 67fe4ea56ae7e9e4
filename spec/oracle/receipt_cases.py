"""Cases of receipt.md: jobs, token vectors, heads, receipts, openings, equivocations, cancellations, signatures."""

import json

import receipt as form
import receipt_decode as decode
import receipt_ed25519 as ed25519
import receipt_log as log
import receipt_text as words
import sampling
from generators import integers
from receipt import Hashes

OFFLINE, NETWORK = bytes(32).hex(), bytes(range(1, 33)).hex()
BLIND = bytes(range(64, 96)).hex()
PLACE = {"network": OFFLINE, "blind": BLIND}
ALICE, BOB, CLIENT = (bytes([n] * 32).hex() for n in (1, 2, 3))
JOB_ID = bytes(range(160, 192)).hex()
MODEL, NONCE = bytes(range(100, 132)).hex(), bytes(range(32)).hex()
MOST = (1 << 32) - 1


def unhex(inputs, name):
    return bytes.fromhex(inputs[name])


def hashes_of(inputs):
    return Hashes(unhex(inputs, "network"), unhex(inputs, "blind") if "blind" in inputs else None)


def key_of(secret):
    return ed25519.public_key(bytes.fromhex(secret))


# Jobs


def plain_job(**changed):
    stop = {"tokens_max": 64, "tokens": [2], "strings": []}
    job = {**PLACE, "kind": 1, "model": MODEL, "arithmetic": 1, "sampling": 1, "nonce_by": 1, "beacon": "0",
           "requester": OFFLINE, "rendered_by": 0, "consent": 0, "auditors": [], "nonce": NONCE, "prompt": [1, 2, 3],
           "parameters": {}, "choices": 1, "stop": stop}  # fmt: skip
    assert set(changed) <= set(job) | {"rendering", "of", "outputs"}
    return {**job, **changed}


def job_of(inputs):
    hashes, rendering = hashes_of(inputs), inputs.get("rendering", {})
    job = {name: inputs[name] for name in ("kind", "arithmetic", "sampling", "nonce_by", "rendered_by", "consent", "choices")}
    job.update({name: unhex(inputs, name) for name in ("model", "requester", "nonce")})
    job.update(beacon=int(inputs["beacon"]), auditors=[bytes.fromhex(key) for key in inputs["auditors"]])
    job["prompt"] = integers(inputs["prompt"])
    job["parameters"] = {**sampling.DEFAULTS, **inputs["parameters"]}
    job["stop"] = {**inputs["stop"], "strings": [text.encode() for text in inputs["stop"]["strings"]]}
    shown = rendering["shown"].encode() if "shown" in rendering else None
    job["messages"] = (bytes.fromhex(rendering["hidden"]) if "hidden" in rendering else None, shown)
    job["renderer"] = (form.NO_KEY, form.NO_SIGNATURE)
    if "secret" in rendering:
        content = form.prompt_leaf(hashes, job) + form.messages_hash(hashes, job)
        signature = hashes.sign(b"probity rendering v1", unhex(rendering, "secret"), content)
        job["renderer"] = (key_of(rendering["secret"]), signature)
    return hashes, job


def evaluate_job(inputs):
    hashes, job = job_of(inputs)
    return {
        "leaves": [leaf.hex() for leaf in form.job_leaves(hashes, job)],
        "seed": sampling.seed(job["nonce"], job["model"], job["prompt"], job["parameters"]).hex(),
        "commitment": form.job_commitment(hashes, job).hex(),
        "shown": [form.shown_leaf(hashes, job, at).hex() for at in inputs.get("of", [])],
    }


TEXT = '{"messages":[{"role":"user","content":"Grüße"}],"variables":{"date":"2026-11-20"}}'
EVERY = {
    "kind": 2, "arithmetic": 258, "sampling": 772, "nonce_by": 2, "beacon": str((1 << 64) - 1), "requester": key_of(CLIENT).hex(),
    "consent": 1, "auditors": [bytes(32).hex(), (bytes(31) + b"\x01").hex(), (b"\x01" + bytes(31)).hex()],
    "prompt": [1048575, 0, 7, 7, 65536], "choices": 128,
    "parameters": {"temperature": 700000, "top_k": 40, "top_p": 950000, "min_p": 50000, "repetition": 1100000, "presence": -2000000,
                   "frequency": 1, "bias": [[5, -100000000], [49151, 1]], "grammar": bytes(range(200, 232)).hex()},
    "stop": {"tokens_max": 65536, "tokens": [0, 2, MOST], "strings": ["\n\n", "é😀", "\0"]},
}  # fmt: skip


def job_cases():
    signed = {"secret": CLIENT, "shown": TEXT}
    return [
        ("the tokens are the request", plain_job(of=list(range(8)))),
        ("every field", plain_job(**EVERY, rendered_by=2, rendering=signed, of=[0, 3, 4, 5, 6])),
        ("another network", plain_job(network=NETWORK, rendered_by=1, rendering=signed, of=[2])),
        ("another blind", plain_job(blind=bytes(32).hex(), rendered_by=1, rendering=signed, of=[1])),
        ("messages hidden", plain_job(rendered_by=1, rendering={"secret": CLIENT, "hidden": NONCE})),
        ("the worker rendered", plain_job(rendered_by=3, rendering={"shown": TEXT}, consent=2)),
        ("the worker rendered, messages hidden", plain_job(rendered_by=3, rendering={"hidden": NONCE})),
        ("a prompt of 33 tokens", plain_job(prompt={"gen": "uniform", "seed": "5", "count": 33, "lo": 0, "hi": 49151})),
    ]


def evaluate_opening(inputs):
    hashes, job = job_of(inputs)
    data = form.opening(hashes.blind, job, [(o["choice"], integers(o["tokens"])) for o in inputs["outputs"]])
    decode.read("opening", data)
    return {"bytes": data.hex()}


def opening_cases():
    outputs = [{"choice": 0, "tokens": [5, 6, MOST]}, {"choice": 1, "tokens": []}, {"choice": 127, "tokens": [0]}]
    return [
        ("nothing came", plain_job(outputs=[])),
        ("every field", plain_job(**EVERY, rendered_by=2, rendering={"secret": CLIENT, "shown": TEXT}, outputs=outputs)),
        ("messages hidden", plain_job(rendered_by=1, rendering={"secret": CLIENT, "hidden": NONCE}, outputs=outputs[:1])),
        ("the worker rendered", plain_job(rendered_by=3, rendering={"shown": TEXT}, outputs=outputs[:2])),
        ("the worker rendered, messages hidden", plain_job(rendered_by=3, rendering={"hidden": NONCE}, outputs=[])),
    ]


# Token vectors


def evaluate_tokens(inputs):
    hashes, tokens = hashes_of(inputs), integers(inputs["tokens"])
    where = inputs["vector"], inputs["choice"]
    return {
        "roots": [hashes.token_root(*where, tokens[:count]).hex() for count in inputs["counts"]],
        "partials": [hashes.partial(*where, tokens, at).hex() for at in inputs["of"]],
    }


def tokens_cases():
    def of(count, at, vector=form.OUTPUT, choice=0, **place):
        tokens = {"gen": "uniform", "seed": str(count), "count": count, "lo": 0, "hi": (1 << 20) - 1}
        return {**PLACE, "vector": vector, "choice": choice, "tokens": tokens, "counts": sorted({0, 1, count // 2, count}), "of": at, **place}

    return [
        ("of the prompt", of(5, [0, 3, 4], form.PROMPT)),
        ("of an output", of(5, [0, 3, 4])),
        ("of the last choice", of(5, [0], choice=127)),
        ("one token", of(1, [0])),
        ("a whole tree", of(16, [0, 15])),
        ("one more than a whole tree", of(17, [15, 16])),
        ("a hundred", of(100, [0, 63, 64, 99])),
        ("another network", of(3, [1], network=NETWORK)),
        ("another blind", of(3, [1], blind=bytes(32).hex())),
    ]


# Heads


def chain(hashes, job, choice, tokens, pieces):
    """(secret, count of tokens it adds) per head: the signed heads, their ids, whose is the last."""
    heads, ids, count, start, before = [], [], 0, 0, None
    for piece in pieces:
        if piece["secret"] != before:
            start, before = count, piece["secret"]
        count += piece["count"]
        root = hashes.token_root(form.OUTPUT, choice, tokens[:count])
        head = form.head(job, choice, start, ids[-1] if ids else form.NO_ID, count, root)
        heads.append(form.signed_head(hashes, bytes.fromhex(piece["secret"]), head))
        ids.append(hashes.hash(b"probity head v1", head))
    assert count == len(tokens)
    return heads, ids


def evaluate_heads(inputs):
    hashes, tokens = hashes_of(inputs), integers(inputs["tokens"])
    heads, ids = chain(hashes, unhex(inputs, "job"), inputs["choice"], tokens, inputs["pieces"])
    for head in heads:
        decode.read("signed head", head)
    return {"heads": [head.hex() for head in heads], "ids": [one.hex() for one in ids]}


def heads_cases():
    def of(*pieces, choice=0, **place):
        count = sum(piece[1] for piece in pieces)
        tokens = {"gen": "uniform", "seed": "9", "count": count, "lo": 0, "hi": 49151}
        pieces = [{"secret": secret, "count": count} for secret, count in pieces]
        return {**PLACE, "job": JOB_ID, "choice": choice, "tokens": tokens, "pieces": pieces, **place}

    return [
        ("one worker", of((ALICE, 3), (ALICE, 16), (ALICE, 1))),
        ("nothing yet", of((ALICE, 0), (ALICE, 2))),
        ("nothing at all", of((ALICE, 0))),
        ("another goes on", of((ALICE, 3), (BOB, 2), (BOB, 2), choice=127)),
        ("another adds nothing", of((ALICE, 4), (BOB, 0))),
        ("the first comes back", of((ALICE, 2), (BOB, 2), (ALICE, 2))),
        ("another network", of((ALICE, 2), network=NETWORK)),
    ]


# Receipts


def evaluate_statement(inputs):
    hashes = hashes_of(inputs)
    data, _ = statement(hashes, inputs)
    decode.read("receipt", data)
    return {"bytes": data.hex(), "id": hashes.hash(b"probity receipt v1", data).hex()}


def statement(hashes, inputs):
    job, choices = unhex(inputs, "job"), []
    for choice in inputs["choices"]:
        heads, _ = chain(hashes, job, choice["index"], choice["tokens"], choice["segments"])
        stop = dict(choice["stop"])
        if "secret" in stop:
            stop["signature"] = form.cancellation(hashes, unhex(stop, "secret"), job, choice["index"], stop["count"])
        choices.append((choice["index"], heads, form.stop_bytes(stop)))
    fields = {name: inputs[name] for name in ("kind", "arithmetic", "sampling", "consent", "prompt_tokens")}
    fields.update(job=job, model=unhex(inputs, "model"), anchor_by=int(inputs["anchor_by"]), choices=choices)
    fields.update(output_tokens=sum(len(choice["tokens"]) for choice in inputs["choices"]), worker=key_of(inputs["secret"]))
    return form.receipt(fields), fields


def plain_statement(*choices, **changed):
    base = {**PLACE, "kind": 1, "job": JOB_ID, "model": MODEL, "arithmetic": 1, "sampling": 1, "consent": 0, "anchor_by": "0",
            "prompt_tokens": 3, "choices": list(choices), "secret": ALICE}  # fmt: skip
    assert set(changed) <= set(base)
    return {**base, **changed}


def one_choice(index, tokens, stop, *segments):
    segments = segments or ((ALICE, len(tokens)),)
    return {"index": index, "tokens": tokens, "segments": [{"secret": s, "count": n} for s, n in segments], "stop": stop}


def statement_cases():
    token, length, unfinished = ({"number": number} for number in (1, 3, 5))
    cancelled = {"number": 4, "count": 2, "secret": CLIENT}
    return [
        ("a stop token", plain_statement(one_choice(0, [5, 2], token))),
        ("a stop string", plain_statement(one_choice(0, [5], {"number": 2, "index": 15}))),
        ("cancelled", plain_statement(one_choice(3, [5, 6, 7], cancelled), network=NETWORK)),
        ("a fault", plain_statement(one_choice(0, [5], {"number": 6, "position": 4, "op": MOST}))),
        ("no token", plain_statement(one_choice(0, [], unfinished))),
        ("two segments", plain_statement(one_choice(0, [5, 6, 7], length, (BOB, 2), (ALICE, 1)))),
        ("a segment without a token", plain_statement(one_choice(0, [5, 6], length, (BOB, 2), (ALICE, 0)))),
        ("every field", plain_statement(one_choice(0, [5], length), one_choice(1, [], unfinished), one_choice(127, [9, 9], token),
         kind=2, arithmetic=258, sampling=772, consent=2, anchor_by=str((1 << 64) - 1), prompt_tokens=65536)),
    ]  # fmt: skip


# Equivocations


def evaluate_equivocation(inputs):
    hashes = hashes_of(inputs)
    data = form.u16(1) + b"".join(equivocating_side(hashes, inputs[side]) for side in ("one", "other"))
    decode.read("equivocation", data)
    return {"bytes": data.hex(), "holds": decode.equivocation_holds(hashes, data)}


def equivocating_side(hashes, side):
    choice, tokens = side["choice"], side["tokens"]
    root = hashes.token_root(form.OUTPUT, choice, tokens)
    head = form.head(unhex(side, "job"), choice, side["start"], form.NO_ID, len(tokens), root)
    return form.signed_head(hashes, unhex(side, "secret"), head) + hashes.partial(form.OUTPUT, choice, tokens, side["position"])


def equivocation_cases():
    def side(tokens, position=1, start=0, secret=ALICE, job=JOB_ID, choice=0):
        return {"secret": secret, "job": job, "choice": choice, "start": start, "tokens": tokens, "position": position}

    def of(one, other, **place):
        return {**PLACE, "one": one, "other": other, **place}

    sound = side([1, 2, 3])
    return [
        ("two tokens at one place", of(sound, side([1, 9, 3, 4]))),
        ("on another network", of(sound, side([1, 9]), network=NETWORK)),
        ("at the start of a later segment", of(sound, side([1, 9, 3], start=1))),
        ("one head twice", of(sound, sound)),
        ("different counts, the same tokens", of(sound, side([1, 2, 3, 4]))),
        ("within a later segment", of(sound, side([1, 5, 9, 4], position=2, start=1))),
        ("before the start of a segment", of(sound, side([1, 9, 3], start=2))),
        ("before the start of the other segment", of(side([1, 9, 3], start=2), sound)),
        ("at different places", of(sound, side([1, 9, 3], position=2))),
        ("of different keys", of(sound, side([1, 9, 3], secret=BOB))),
        ("of different jobs", of(sound, side([1, 9, 3], job=MODEL))),
        ("of different choices", of(sound, side([1, 9, 3], choice=1))),
    ]


# The log


def evaluate_log(inputs):
    leaves = [log.leaf_hash(log.leaf(*leaf_fields(one))) for one in inputs["leaves"]]
    return {
        "hashes": [one.hex() for one in leaves],
        "roots": [log.root(leaves[:size]).hex() for size in inputs["sizes"]],
        "paths": [[one.hex() for one in log.path(leaves[:size], at)] for at, size in inputs["of"]],
        "consistency": [[one.hex() for one in log.consistency(leaves[:new], old)] for old, new in inputs["grown"]],
        "checkpoints": [log.checkpoint(unhex(inputs, "secret"), leaves[:size]) for size in inputs["sizes"]],
    }


def leaf_fields(one):
    return bytes.fromhex(one["receipt"]), bytes.fromhex(one["channel"]), int(one["from"]), int(one["to"])


def log_leaf(receipt, channel=OFFLINE, start=0, end=0):
    return {"receipt": receipt, "channel": channel, "from": str(start), "to": str(end)}


def log_cases():
    free = [log_leaf(form.u8(n).hex() * 32) for n in range(1, 8)]
    paid = log_leaf(JOB_ID, MODEL, 1 << 64, (1 << 128) - 1)
    base = {"secret": ALICE}
    return [
        ("empty", {**base, "leaves": [], "sizes": [0], "of": [], "grown": [[0, 0]]}),
        ("one", {**base, "leaves": free[:1], "sizes": [0, 1], "of": [[0, 1]], "grown": [[0, 1], [1, 1]]}),
        ("seven", {**base, "leaves": free, "sizes": [2, 3, 4, 5, 6, 7], "of": [[0, 7], [2, 3], [3, 4], [4, 7], [6, 7]],
                   "grown": [[1, 7], [2, 7], [3, 7], [4, 7], [5, 6], [6, 7], [7, 7], [3, 4]]}),
        ("a leaf that is paid", {**base, "secret": BOB, "leaves": [free[0], paid], "sizes": [2], "of": [[1, 2]], "grown": [[1, 2]]}),
    ]  # fmt: skip


def evaluate_missing(inputs):
    hashes, secret = hashes_of(inputs["statement"]), unhex(inputs["statement"], "secret")
    data, _ = statement(hashes, inputs["statement"])
    shown = log.leaf(hashes.hash(b"probity receipt v1", data), *leaf_fields({"receipt": "", **inputs["leaf"]})[1:])
    before, after = ([log.leaf_hash(log.leaf(bytes.fromhex(one))) for one in inputs[name]] for name in ("before", "after"))
    leaves = [*before, log.leaf_hash(shown), *after]
    answered = log.answer(shown, len(before), log.path(leaves, len(before)))
    free = shown[32:] == bytes(64)
    made = log.challenge(hashes, secret, data, log.checkpoint(secret, leaves))
    return {"challenge": made.hex(), "answer": answered.hex(), "holds": free or hashes.network != bytes(32)}


def missing_cases():
    ids = [form.u8(n).hex() * 32 for n in range(1, 5)]
    free, paid = {"channel": OFFLINE, "from": "0", "to": "0"}, {"channel": MODEL, "from": "5", "to": "9"}
    one = plain_statement(one_choice(0, [5, 2], {"number": 1}))
    placed = plain_statement(one_choice(0, [5, 2], {"number": 1}), network=NETWORK)
    base = {"before": ids[:2], "after": ids[2:]}
    return [
        ("offline", {**base, "statement": one, "leaf": free}), ("the only leaf", {"before": [], "after": [], "statement": one, "leaf": free}),
        ("on a network", {**base, "statement": placed, "leaf": free}), ("paid, on a network", {**base, "statement": placed, "leaf": paid}),
        ("paid, offline", {**base, "statement": one, "leaf": paid}),
    ]  # fmt: skip


# Messages and stop strings


def evaluate_messages(inputs):
    pieces = inputs.get("pieces", [[inputs.get("text", ""), 1]])
    text = "".join(piece * times for piece, times in pieces)
    words.read_messages(unhex(inputs, "bytes") if "bytes" in inputs else text.encode())
    return {"read": True}


def messages_cases():
    def said(**changed):
        return {"role": "user", "content": "hi", **changed}

    def of(messages=None, **members):
        return json.dumps({"messages": [said()] if messages is None else messages, **members}, ensure_ascii=False)

    def deep(count):
        return [["[", count], ["1", 1], ["]", count]]

    def around(before, pieces, after):
        return {"pieces": [[before, 1], *pieces, [after, 1]]}

    tools = lambda count: around('{"messages":[{"role":"user","content":""}],"tools":[', deep(count), "]}")  # noqa: E731
    calls = lambda count: around('{"messages":[{"role":"assistant","content":null,"tool_calls":[', deep(count), "]}]}")  # noqa: E731
    variable = lambda count: around('{"messages":[{"role":"user","content":""}],"variables":{"a":', deep(count), "}}")  # noqa: E731
    many = lambda count: around('{"messages":[{"role":"user","content":""}', [[',{"role":"tool","content":""}', count - 1]], "]}")  # noqa: E731
    time = lambda text: of(variables={"strftime_now": text})  # noqa: E731
    call = {"x": [1, True, None, {"y": "z"}]}
    full = said(role="assistant", content=None, name="a", reasoning_content="b", tool_call_id="c", tool_calls=[call])
    taken = [
        ("text", '{"text":"a"}'), ("text of nothing", '{"text":""}'), ("white space about it", ' \t\r\n{"text" : "a"}\n'),
        ("an escape in a name", '{"t\\u0065xt":"a"}'), ("a surrogate pair", '{"text":"\\ud83d\\ude00"}'), ("one message", of()),
        ("every role", of([said(role=role) for role in words.ROLES])), ("every member", of([full], tools=[{"a": {}}], variables={"b": [], "c": None})),
        ("empty lists", of([said(tool_calls=[])], tools=[], variables={})), ("a time", time("2026-11-20T22:04:05")), ("the last day of February", time("2024-02-29T00:00:00")),
        ("the first year", time("1000-01-01T00:00:00")), ("the last", time("9999-12-31T23:59:59")),
        ("nothing begun", of(variables={"add_generation_prompt": False})), ("a great number", '{"messages":[{"role":"user","content":""}],"tools":[1e308,123456789012345678901234567890,-0]}'),
    ]  # fmt: skip
    refused = [
        ("no bytes", ""), ("no JSON", "hi"), ("two texts", '{"text":"a"}{"text":"a"}'), ("a comma too many", '{"text":"a",}'), ("no object", '["a"]'),
        ("nothing in it", "{}"), ("text and messages", '{"text":"a","messages":[{"role":"user","content":""}]}'), ("text and tools", '{"text":"a","tools":[]}'),
        ("text that is none", '{"text":null}'), ("a member twice", '{"text":"a","text":"a"}'), ("twice in another spelling", '{"text":"a","te\\u0078t":"a"}'),
        ("twice deep within", '{"messages":[{"role":"user","content":""}],"tools":[{"a":[{"b":1,"b":1}]}]}'), ("half a surrogate pair", '{"text":"\\ud83d"}'),
        ("its other half", '{"text":"\\ude00"}'), ("a control character", '{"text":"\n"}'), ("NaN", '{"messages":[{"role":"user","content":""}],"tools":[NaN]}'),
        ("no finite number", '{"messages":[{"role":"user","content":""}],"tools":[1e400]}'), ("no messages", of([])), ("messages that are no list", '{"messages":{}}'),
        ("a message that is none", of(["hi"])), ("no role", of([{"content": "a"}])), ("no content", of([{"role": "user"}])), ("another role", of([said(role="developer")])),
        ("a role of capitals", of([said(role="User")])), ("content that is a list", of([said(content=[])])), ("another member", of([said(audio="")])),
        ("a name of null", of([said(name=None)])), ("calls that are no list", of([said(tool_calls={})])), ("tools that are none", of(tools=None)),
        ("variables that are a list", of(variables=[])), ("another member of the whole", of(documents=[])), ("a time without seconds", time("2026-11-20T22:04")),
        ("a time with a zone", time("2026-11-20T22:04:05Z")), ("a space in a time", time("2026-11-20 22:04:05")), ("a day there is not", time("2026-02-29T00:00:00")),
        ("the year 0999", time("0999-01-01T00:00:00")), ("a 61st second", time("2026-11-20T22:04:60")), ("a time that is a number", of(variables={"strftime_now": 5})),
        ("begun by a word", of(variables={"add_generation_prompt": "yes"})), *((f"a variable called {name}", of(variables={name: 1})) for name in words.RESERVED),
    ]  # fmt: skip
    bounds = [("depth 32 of tools", tools(31)), ("depth 33 of tools refused", tools(32)), ("depth 32 of calls", calls(31)), ("depth 33 of calls refused", calls(32)),
              ("depth 32 of a variable", variable(31)), ("depth 33 of a variable refused", variable(32)), ("4,096 messages", many(4096)), ("4,097 messages refused", many(4097)),
              ("no UTF-8 refused", {"bytes": b'{"text":"\xff"}'.hex()}), ("a byte order mark refused", {"bytes": b'\xef\xbb\xbf{"text":"a"}'.hex()})]  # fmt: skip
    return [(name, {"text": text}) for name, text in taken] + [(f"{name} refused", {"text": text}) for name, text in refused] + bounds


def evaluate_stop_string(inputs):
    after, index, text = words.stop_string([bytes.fromhex(piece) for piece in inputs["pieces"]], [bytes.fromhex(one) for one in inputs["strings"]])
    return {"tokens": after, "index": index, "text": text.hex()}


def stop_string_cases():
    def of(pieces, *strings):
        encoded = [piece if isinstance(piece, bytes) else piece.encode() for piece in pieces]
        return {"pieces": [piece.hex() for piece in encoded], "strings": [one.encode().hex() for one in strings]}

    return [
        ("none there", of(["a", "b"], "c")), ("no strings", of(["a", "b"])), ("one in one token", of(["abc"], "abc", "b")), ("in three", of(["a", "b", "c"], "abc", "b")),
        ("across two", of(["xa", "by"], "ab")), ("the longest that ends there", of(["xab"], "b", "ab")), ("of equal ones the first", of(["ab"], "x", "b", "b")),
        ("that which ends first, not that which begins first", of(["abcd"], "abcd", "bc")), ("one that begins again", of(["aab"], "ab")), ("a false beginning", of(["aa", "ba", "ab"], "abab", "baab")),
        ("two in one token", of(["xaybz"], "b", "a")), ("bytes that are no UTF-8 about it", of([b"\xff", "stop", b"\xfe"], "stop")),
        ("half a character each", of([b"\xc3", b"\xa9!"], "\u00e9")), ("special tokens between", of(["st", "", "", "op"], "stop")), ("only its beginning", of(["xxst", "o"], "stop")),
        ("at once", of(["stop", "more"], "stop")), ("the whole of one is in another", of(["x", "aba"], "aba", "a")), ("of one letter, many", of(["b", "a"], *"zyxwvutsrqponma")),
    ]  # fmt: skip


# Signatures


def evaluate_cancellation(inputs):
    at = unhex(inputs, "job"), inputs["choice"], inputs["count"]
    signature = form.cancellation(hashes_of(inputs), unhex(inputs, "secret"), *at)
    return {"key": key_of(inputs["secret"]).hex(), "signature": signature.hex()}


def cancellation_cases():
    base = {"network": OFFLINE, "secret": CLIENT, "job": JOB_ID, "choice": 0, "count": 7}
    return [("offline", base), ("on a network", {**base, "network": NETWORK, "choice": 127, "count": 0})]


def evaluate_sign(inputs):
    secret, message = unhex(inputs, "secret"), unhex(inputs, "message")
    return {"key": ed25519.public_key(secret).hex(), "signature": ed25519.sign(secret, message).hex()}


def sign_cases():
    messages = ("", "72", bytes(range(200)).hex())
    return [(f"of {len(m) // 2} bytes, secret {s[:2]}", {"secret": s, "message": m}) for m in messages for s in (ALICE, OFFLINE)]


def evaluate_signature(inputs):
    return {"holds": ed25519.holds(*(unhex(inputs, name) for name in ("key", "message", "signature")))}


def signature_cases():
    secret, message = bytes.fromhex(ALICE), b"a message"
    key, sound = ed25519.public_key(secret), ed25519.sign(secret, message)
    scalar, torsion = ed25519.expanded(secret)[0], ed25519.of_order_eight()
    s = int.from_bytes(sound[32:], "little")
    base = ed25519.BASE
    mixed_key = ed25519.encoded(ed25519.added(ed25519.times(scalar, base), torsion))
    mixed_point = ed25519.encoded(ed25519.added(ed25519.times(77, base), torsion))
    plain_point = ed25519.encoded(ed25519.times(77, base))
    neutral = ed25519.encoded(ed25519.NEUTRAL)
    no_point = next(form.u8(y) + bytes(31) for y in range(2, 99) if ed25519.decoded(form.u8(y) + bytes(31)) is None)

    def case(name, key, signature):
        return name, {"key": key.hex(), "message": message.hex(), "signature": signature.hex()}

    def with_s(number):
        return sound[:32] + number.to_bytes(32, "little")

    return [
        case("sound", key, sound),
        case("s and the order", key, with_s(s + ed25519.ORDER)),
        case("s of the order itself", key, with_s(ed25519.ORDER)),
        case("s of all ones", key, with_s((1 << 256) - 1)),
        case("a key with a part of small order", mixed_key, ed25519.sign_as(scalar, mixed_key, 77, plain_point, message)),
        case("a nonce's point with one", key, ed25519.sign_as(scalar, key, 77, mixed_point, message)),
        case("both with one", mixed_key, ed25519.sign_as(scalar, mixed_key, 77, mixed_point, message)),
        case("a key that is no point", no_point, sound),
        case("a nonce's point that is none", key, no_point + sound[32:]),
        case("a neutral key", neutral, ed25519.sign_as(0, neutral, 77, plain_point, message)),
        case("the key of zeros", form.NO_KEY, neutral + bytes(32)),
        case("the key of zeros, all zeros", form.NO_KEY, bytes(64)),
    ] + [
        case(f"a nonce's point of small order, {i}", key, ed25519.sign_as(scalar, key, 0, point, message))
        for i, point in enumerate(ed25519.small_order_encodings())
    ]


def evaluate_small_order(inputs):
    points, message = [bytes.fromhex(point) for point in inputs["points"]], unhex(inputs, "message")

    def row(key):
        return "".join("1" if ed25519.holds(key, message, point + bytes(32)) else "0" for point in points)

    return {"holds": [row(key) for key in points]}


def small_order_cases():
    points = [point.hex() for point in ed25519.small_order_encodings()]
    return [("each as the key and as the nonce's point", {"points": points, "message": b"Zcash".hex()})]


# Bytes that are read or refused


def evaluate_bytes(inputs):
    decode.read(inputs["format"], unhex(inputs, "bytes"))
    return {"read": True}


def with_bytes(data, at, piece):
    return data[:at] + piece + data[at + len(piece) :]


def bytes_cases():
    cases = []

    def add(kind, name, data):
        cases.append((f"{kind}: {name}", {"format": kind, "bytes": data.hex()}))

    samples = byte_samples()
    for kind, data in samples.items():
        at = 32 if kind == "signed head" else 0
        add(kind, "sound", data)
        add(kind, "no bytes refused", b"")
        add(kind, "a byte missing refused", data[:-1])
        add(kind, "a byte too many refused", data + b"\x00")
        add(kind, "version 0 refused", with_bytes(data, at, b"\x00"))
        add(kind, "version 2 refused", with_bytes(data, at, b"\x02"))
        add(kind, "version 257 refused", with_bytes(data, at + 1, b"\x01"))
    for kind, name, data in (*head_bytes(samples), *partial_bytes(), *leaf_bytes(samples), *opening_bytes(), *receipt_bytes()):
        add(kind, name, data)
    return cases


def byte_samples():
    hashes, job = job_of(plain_job(rendered_by=3, rendering={"shown": "{}"}))
    sides = equivocation_cases()[0][1]
    return {
        "equivocation": bytes.fromhex(evaluate_equivocation(sides)["bytes"]),
        "job leaf": form.shown_leaf(hashes, job, 2),
        "opening": form.opening(hashes.blind, job, [(0, [5, 6])]),
        "partial opening": hashes.partial(form.OUTPUT, 1, [5, 6, 7], 1),
        "receipt": statement(hashes, plain_statement(one_choice(0, [5, 6], {"number": 3})))[0],
        "signed head": chain(hashes, bytes.fromhex(JOB_ID), 0, [5, 6], [{"secret": ALICE, "count": 2}])[0][0],
    }


def head_bytes(samples):
    def of(choice=0, start=0, count=2, root=bytes([9] * 32)):
        head = form.head(bytes.fromhex(JOB_ID), choice, start, form.NO_ID, count, root)
        return samples["signed head"][:32] + head + samples["signed head"][-64:]

    rows = (
        ("the last choice", of(choice=127)), ("a choice no job has refused", of(choice=128)),
        ("a segment of no tokens", of(start=2)), ("an end before the beginning refused", of(start=3)),
        ("the most tokens", of(count=65536)), ("too many tokens refused", of(count=65537)),
        ("no tokens under a root refused", of(count=0)), ("tokens under zeros refused", of(root=bytes(32))),
        ("no tokens", of(count=0, root=bytes(32))),
    )  # fmt: skip
    return [("signed head", *row) for row in rows]


def partial_bytes():
    def of(vector=2, choice=0, position=1, count=2, path=1):
        numbers = b"".join(form.u32(n) for n in (choice, position, count, MOST))
        return form.u16(1) + form.u8(vector) + numbers + bytes(32) + form.listed(form.u8, [bytes([9] * 32)] * path)

    rows = (
        ("of the prompt", of(vector=1)), ("of vector 0 refused", of(vector=0)), ("of vector 3 refused", of(vector=3)),
        ("a choice of the prompt refused", of(vector=1, choice=1)), ("the last choice", of(choice=127)),
        ("a choice no job has refused", of(choice=128)), ("beyond the vector refused", of(position=2)),
        ("of no tokens refused", of(position=0, count=0)), ("the most tokens", of(count=65536)),
        ("too many tokens refused", of(count=65537)), ("the longest path", of(path=16)), ("too long a path refused", of(path=17)),
    )  # fmt: skip
    return [("partial opening", *row) for row in rows]


def leaf_bytes(samples):
    def of(leaf, length, most=1 << 40):
        return form.u16(1) + form.u8(leaf) + form.u32(length) + bytes([7] * min(length, most)) + bytes(128)

    rows = (
        ("the reserved leaf", of(7, 0)), ("the reserved leaf with a byte refused", of(7, 1)), ("leaf 8 refused", of(8, 0)),
        ("longer than any leaf refused", of(5, 17450, 8)), ("the greatest length refused", of(5, MOST, 8)),
    )  # fmt: skip
    return [("job leaf", *row) for row in rows]


def opening_bytes():
    def of(outputs=((0, [5]),), tokens=(2,), strings=(), parameters=None, terms=(), **changed):
        hashes, job = job_of(plain_job(rendered_by=3, rendering={"shown": "{}"}))
        job.update(changed)
        job["parameters"] = {**job["parameters"], **(parameters or {})}
        job["stop"] = {"tokens_max": job["stop"]["tokens_max"], "tokens": list(tokens), "strings": list(strings)}
        data = form.opening(hashes.blind, job, outputs)
        for at, byte in terms:  # offsets within leaf 0, which begins after the version and the blind
            data = with_bytes(data, 34 + at, form.u8(byte))
        return data

    keys = [bytes([n] * 32) for n in (1, 2)]
    rows = [
        ("job version 2 refused", of(terms=[(0, 2)])), ("kind 0 refused", of(kind=0)), ("kind 3 refused", of(kind=3)),
        ("a nonce of nobody's refused", of(nonce_by=0)), ("a nonce of a third refused", of(nonce_by=3)),
        ("consent 3 refused", of(consent=3)), ("named auditors", of(consent=1, auditors=keys)),
        ("auditors out of order refused", of(consent=1, auditors=keys[::-1])), ("an auditor twice refused", of(consent=1, auditors=[keys[0]] * 2)),
        ("consent to the named, none is refused", of(consent=1)), ("auditors, not named by consent refused", of(auditors=keys)),
        ("auditors, open to all refused", of(consent=2, auditors=keys)),
        ("an empty prompt refused", of(prompt=[])), ("a token no model has refused", of(prompt=[1 << 20])), ("the last token", of(prompt=[(1 << 20) - 1])),
        ("no choices refused", of(choices=0)), ("128 choices", of(choices=128)), ("129 choices refused", of(choices=129)),
        ("stop tokens out of order refused", of(tokens=(2, 1))), ("a stop token twice refused", of(tokens=(2, 2))),
        ("an empty stop string refused", of(strings=[b""])), ("a stop string that is not UTF-8 refused", of(strings=[b"\xff"])),
        ("a surrogate in a stop string refused", of(strings=[b"\xed\xa0\x80"])), ("an overlong stop string refused", of(strings=[b"\xc0\x80"])),
        ("16 stop strings", of(strings=[b"a"] * 16)), ("17 stop strings refused", of(strings=[b"a"] * 17)),
        ("messages of no bytes refused", of(messages=(None, b""))), ("messages of a byte", of(messages=(None, b" "))),
        ("no outputs", of(outputs=())), ("outputs out of order refused", of(outputs=((1, [5]), (0, [5])))),
        ("an output twice refused", of(outputs=((1, [5]), (1, [5])))), ("the last choice", of(outputs=((127, []),))),
        ("a choice no job has refused", of(outputs=((128, []),))),
        ("16 outputs", of(outputs=[(n, []) for n in range(16)])), ("17 outputs refused", of(outputs=[(n, []) for n in range(17)])),
    ]  # fmt: skip
    for name, most in (("top_p", 1000000), ("min_p", 1000000), ("temperature", 100000000), ("repetition", 100000000), ("top_k", 1 << 20)):
        rows += [(f"{name} at its most", of(parameters={name: most})), (f"{name} above refused", of(parameters={name: most + 1}))]
    for name, value in (("temperature", 9999), ("repetition", 0), ("presence", 2000001), ("frequency", -2000001)):
        rows.append((f"{name} {value} refused", of(parameters={name: value})))
    for name, bias in (("a bias of 0", [[1, 0]]), ("a bias too great", [[1, 100000001]]), ("biases out of order", [[2, 1], [1, 1]]),
                       ("a bias twice", [[1, 1], [1, 2]]), ("a bias of a token no model has", [[1 << 20, 1]])):  # fmt: skip
        rows.append((f"{name} refused", of(parameters={"bias": bias})))
    return [("opening", *row) for row in rows]


def receipt_bytes():
    hashes, job = Hashes(bytes(32), bytes(32)), bytes.fromhex(JOB_ID)
    alice, bob = bytes([1] * 32), bytes([2] * 32)

    def segment(worker, start, count, choice=0, of_job=job):
        root = bytes([9] * 32) if count else bytes(32)
        return worker + form.head(of_job, choice, start, form.NO_ID, count, root) + bytes(64)

    def of(*choices, output=2, **changed):
        fields = {**base_fields(job, alice), "output_tokens": output, "choices": choices or [whole(0)]}
        assert set(changed) <= set(fields)
        return form.receipt({**fields, **changed})

    def whole(index, count=2):
        return index, [segment(alice, 0, count, index)], b"\x03"

    def joined(*segments, stop=b"\x03"):
        return of((0, list(segments), stop))

    sound = of()
    rows = [
        ("kind 0 refused", of(kind=0)), ("kind 3 refused", of(kind=3)), ("consent 3 refused", of(consent=3)),
        ("an empty prompt refused", of(prompt_tokens=0)), ("the longest prompt", of(prompt_tokens=65536)),
        ("too long a prompt refused", of(prompt_tokens=65537)),
        ("usage above the counts refused", of(output=3)), ("usage below the counts refused", of(output=1)),
        ("no choice refused", form.receipt({**base_fields(job, alice), "choices": []})),
        ("two choices", of(whole(0), whole(1), output=4)), ("choices out of order refused", of(whole(1), whole(0), output=4)),
        ("a choice twice refused", of(whole(0), whole(0), output=4)), ("the last choice", of(whole(127))),
        ("a choice no job has refused", of(whole(128))), ("16 choices", of(*map(whole, range(16)), output=32)),
        ("17 choices refused", of(*map(whole, range(17)), output=34)),
        ("no segment refused", of((0, [], b"\x03"), output=0)), ("a head of another choice refused", of((1, [segment(alice, 0, 2)], b"\x03"))),
        ("a head of another job refused", joined(segment(alice, 0, 2, 0, bytes(32)))),
        ("another worker's last refused", joined(segment(bob, 0, 2))), ("two segments", joined(segment(bob, 0, 1), segment(alice, 1, 2))),
        ("a segment without a token", joined(segment(bob, 0, 2), segment(alice, 2, 2))),
        ("two in a row of one worker refused", joined(segment(alice, 0, 1), segment(alice, 1, 2))),
        ("a first segment that begins later refused", joined(segment(alice, 1, 2))),
        ("a gap refused", joined(segment(bob, 0, 0), segment(alice, 1, 2))), ("an overlap refused", joined(segment(bob, 0, 2), segment(alice, 1, 2))),
        ("stop 0 refused", joined(segment(alice, 0, 2), stop=b"\x00")), ("stop 7 refused", joined(segment(alice, 0, 2), stop=b"\x07")),
        ("the last stop string", joined(segment(alice, 0, 2), stop=b"\x02\x0f")),
        ("a stop string beyond all refused", joined(segment(alice, 0, 2), stop=b"\x02\x10")),
        ("evidence refused", sound[:-33] + b"\x01\x01\x00\x00" + sound[-32:]),
        ("too many bytes refused", sound + bytes(4097 - len(sound))),
    ]  # fmt: skip
    return [("receipt", *row) for row in rows]


def base_fields(job, worker):
    return {"kind": 1, "job": job, "model": bytes(32), "arithmetic": 1, "sampling": 1, "consent": 0, "anchor_by": 0,
            "prompt_tokens": 1, "output_tokens": 0, "worker": worker}  # fmt: skip


OPS = {
    "receipt_job": (evaluate_job, job_cases()),
    "receipt_opening": (evaluate_opening, opening_cases()),
    "receipt_tokens": (evaluate_tokens, tokens_cases()),
    "receipt_heads": (evaluate_heads, heads_cases()),
    "receipt_statement": (evaluate_statement, statement_cases()),
    "receipt_equivocation": (evaluate_equivocation, equivocation_cases()),
    "receipt_messages": (evaluate_messages, messages_cases()),
    "receipt_stop_string": (evaluate_stop_string, stop_string_cases()),
    "receipt_log": (evaluate_log, log_cases()),
    "receipt_missing": (evaluate_missing, missing_cases()),
    "receipt_cancellation": (evaluate_cancellation, cancellation_cases()),
    "receipt_sign": (evaluate_sign, sign_cases()),
    "receipt_signature": (evaluate_signature, signature_cases()),
    "receipt_small_order": (evaluate_small_order, small_order_cases()),
    "receipt_bytes": (evaluate_bytes, bytes_cases()),
}
