"""ledger.md 7.10: what the worker of a drawn answer shows, and what it is given when it comes back from silence."""

import dispute
import receipt
import receipt_decode as decode
import receipt_opened
from exact import Refused
from ledger_channels import VOUCHER, channel_id
from ledger_disputes import MODEL, named_model
from ledger_forms import HASH, KEY, SIGNATURE, U32, U64, checked, list_of, option, record
from ledger_liable import burn, joined, operates, owes, put, silent, spoke, to_account
from ledger_missing import ANSWER, LEAF, RECEIPT, answers, dated, in_log, inside, receipt_id, sealed
from ledger_nodes import NO_KEY, there
from ledger_records import (
    ANCHOR, AUDIT, BOOK, COMMIT, NO_WORD, OPENING, OVER, REVEAL, SHOW, SILENT_OPENING, SILENT_REVEAL, SILENT_SHOW, anchor_key, audit_key, book_key, node_key, NODE,
)  # fmt: skip
from ledger_turn import TIME_MOST, reject_unless
from receipt_decode import Input

LONG_LEAF_MOST, LEAF_MOST, CHOICES_MOST = 1 << 15, 1 << 10, 16
OPENING_MOST, ASKED_TOKENS_MOST = (1 << 18) - (1 << 13), 1 << 15
COMMITTED = 1
OPEN_TO_ALL, GENERATE = 2, 1
STOP_TOKEN, STOP_STRING, LENGTH, CANCELLED, UNFINISHED, FAULT = range(1, 7)
AFTER_CANCEL_MOST = 16

LONG_LEAF, PARTIAL = inside(2, LONG_LEAF_MOST, decode.job_leaf), inside(2, LEAF_MOST, decode.partial)
WHOLE = record((("parameters", LONG_LEAF), ("stop", LONG_LEAF), ("last", list_of(1, CHOICES_MOST, PARTIAL)), ("model", option(record(MODEL)))))
COMMITMENT = checked(HASH, lambda data: data != bytes(32))
WHICH = (("epoch", U64), ("index", U32), ("node", HASH))
SHOWS = record((
    *WHICH, ("receipt", RECEIPT), ("signature", SIGNATURE), ("leaf", LEAF), ("dated", U64), ("open", option(WHOLE)), ("answer", ANSWER), ("voucher", VOUCHER),
    ("promised", SIGNATURE), ("payer", KEY), ("number", U64), ("commitment", COMMITMENT),
))  # fmt: skip


def read_opening(i):
    found = receipt_opened.read(i.data)
    i.take(len(i.data))
    return found


ASK = record(WHICH)
OPENED = record((*WHICH, ("owner", KEY), ("asker", KEY), ("receipt", RECEIPT), ("opening", inside(4, OPENING_MOST, read_opening))))


def audit_of(turn, body):
    """The audit as it is now, and its terms: a stage 2 whose deadline has passed is stage 3."""
    found = turn.draft.read(audit_key(body["epoch"], body["index"]), AUDIT)
    reject_unless(found is not None, 147)
    terms = turn.draft.read(book_key(body["epoch"]), BOOK)["terms"]
    if found["stage"] == COMMIT and found["deadline"] < turn.clock["time"]:
        found = {**found, "stage": REVEAL, "deadline": min(found["deadline"] + terms["reveal_ms"], TIME_MOST)}
    return {**found, "terms": terms}


def keep(turn, body, audit):
    turn.draft.write(audit_key(body["epoch"], body["index"]), AUDIT, audit)


def spoken_for(turn, name):
    """The node, whose owner or operator the payer is."""
    node = there(turn, name)
    reject_unless(turn.payer in (node["owner"], node["operator"]), 82)
    return node


def in_time(turn, audit):
    reject_unless(turn.clock["time"] <= audit["deadline"], 117)


def back(turn, audit):
    """The audit, of which the node comes back from silence."""
    name, held = audit["node"], audit["held"]
    node, burnt = there(turn, name), min(held, audit["terms"]["bond"])
    burn(turn, burnt)
    again = audit["cost"] - owes(audit)
    put(turn, name, joined(turn, {**node, "owed_draws": node["owed_draws"] + again}, held - burnt))
    return {**audit, "held": 0}


SILENCE = {SHOW: SILENT_SHOW, OPENING: SILENT_OPENING, REVEAL: SILENT_REVEAL}


def awaited(audit):
    """The stage at which the node's show, opening or word is awaited; None: nothing is."""
    if audit["stage"] == REVEAL:
        return REVEAL if audit["word"][0] == COMMITTED else None
    return next((stage for stage, silent in SILENCE.items() if audit["stage"] in (stage, silent)), None)


def last(turn, audit):
    """The last moment in which the node brings what is awaited."""
    more = 0 if audit["stage"] in SILENCE.values() else audit["terms"]["appeal_ms"]
    return min(audit["deadline"] + more, TIME_MOST)


def is_brought(turn, audit, stage):
    reject_unless(awaited(audit) == stage, 149)
    reject_unless(turn.clock["time"] <= last(turn, audit), 117)


def fallen(turn, audit):
    """The audit, whose node was silent: its time to come back runs from the deadline that it missed."""
    name = audit["node"]
    case = silent(turn, name, there(turn, name), {**audit, "opened": audit["drawn"]}, "owed_draws")
    return {**audit, **case, "stage": SILENCE[audit["stage"]], "deadline": last(turn, audit)}


def brings(turn, audit):
    """The audit of which the node brings what is awaited, and whether it was silent."""
    if audit["stage"] not in SILENCE.values():
        if turn.clock["time"] <= audit["deadline"]:
            return audit, False
        audit = fallen(turn, audit)
    return back(turn, audit), True


def answers_for(turn, name):
    """The node answered, where who speaks for it made this transaction."""
    put(turn, name, spoke(turn, there(turn, name)))


# 32


def read_terms(turn, body):
    """Of leaf 0, which is canonical and the receipt's job's: its beacon height, consent and kind."""
    shown = body["receipt"][1]
    content = leaf_of_job(turn, shown["job"], 0, body["leaf"][0], decode.read_terms)
    found = receipt_opened.terms(Input(content))
    reject_unless(all(found[name] == shown[name] for name in ("kind", "model", "arithmetic", "sampling", "consent")), 150)
    return found


def leaf_of_job(turn, job, number, data, read):
    """The bytes of that leaf of the job, which are canonical (150)."""
    try:
        content = dispute.shown_leaf(turn.hashes, job, number, data)
        i = Input(content)
        read(i)
        i.end()
    except Refused:
        reject_unless(False, 150)
    return content


def read_parameters(i):
    """Leaf 3 of a job."""
    at = i.at
    decode.read_parameters(i)
    decode.true(i.data[at + 28 : at + 32] == bytes(4))  # no biases
    i.take(32)
    decode.true(1 <= i.number(4) <= decode.CHOICES_MAX and 1 <= i.number(4) <= decode.TOKENS_MAX)


# What a whole answer is.


def is_whole(turn, terms, body):
    shown, given = body["receipt"][1], body["open"]
    numbers = leaf_of_job(turn, shown["job"], 3, given["parameters"][0], read_parameters)
    stop = receipt_opened.stop(Input(leaf_of_job(turn, shown["job"], 5, given["stop"][0], decode.read_stop_leaf)))
    choices, prompt = (int.from_bytes(numbers[at : at + 4], "little") for at in (len(numbers) - 8, len(numbers) - 4))
    reject_unless(prompt == shown["usage"][0], 150)
    ends = [(index, segments[-1], how) for (index, segments), how in zip(shown["choices"], shown["stops"])]
    by_model = [(head, how) for _, head, how in ends if how["number"] == FAULT or (how["number"] == LENGTH and head["count"] < stop["tokens_max"])]
    named = given["model"]
    reject_unless((named is not None) == (by_model != []) and (named is None or named["model"] == shown["model"]), 150)
    reject_unless([index for index, _, _ in ends] == list(range(choices)), 153)
    reject_unless(all(head["count"] <= stop["tokens_max"] for _, head, _ in ends), 153)
    last_tokens(turn, given["last"], [(index, head) for index, head, how in ends if how["number"] == STOP_TOKEN], stop)
    for index, head, how in ends:
        if how["number"] == STOP_STRING:
            reject_unless(head["count"] > 0 and how["index"] < len(stop["strings"]), 153)
        if how["number"] == CANCELLED:
            is_cancelled(turn, terms, shown["job"], index, head, how)
    if named is not None:
        model = named_model(turn, named)
        reject_unless(all(can_end(model, prompt, head, how) for head, how in by_model), 153)


def last_tokens(turn, shown, ends, stop):
    """The last token of each of these is shown, in order, and is one of the job's stop tokens."""
    reject_unless(len(shown) == len(ends), 153)
    for (_, one), (index, head) in zip(shown, ends):
        here = (one["vector"], one["choice"], one["count"], one["position"]) == (receipt.OUTPUT, index, head["count"], head["count"] - 1)
        leaf = turn.hashes.token_leaf(one["salt"], one["token"])
        root = turn.hashes.root_of(b"probity token node v1", one["count"], one["position"], leaf, one["path"])
        reject_unless(here and root == head["root"] and one["token"] in stop["tokens"], 153)


def is_cancelled(turn, terms, job, index, head, how):
    signed = job + U32.write(index) + U32.write(how["count"])
    holds = turn.hashes.holds(b"probity cancel v1", terms["requester"], signed, how["signature"])
    reject_unless(holds and how["count"] <= head["count"] <= how["count"] + AFTER_CANCEL_MOST, 153)


def can_end(model, prompt, head, how):
    """Whether an answer of this model may end so: in a full context, or in this fault."""
    tokens = prompt + head["count"]
    if how["number"] == LENGTH:
        return tokens == model.context
    position, op = how["position"], how["op"]
    return op < model.ops and position < min(model.context, tokens) and (op < model.epilogue() or position >= prompt - 1)


def is_dated(turn, body, bound, height):
    """The key answers for the job's date, or for when it was settled where it has none."""
    if height == 0:
        return answers(bound, {"time": turn.draft.read(book_key(body["epoch"]), BOOK)["began"]})
    start = dated(turn, height, body["dated"])
    reject_unless(body["epoch"] <= body["dated"] + (start["judged"] - body["dated"]) // 2, 129)
    answers(bound, start)


def is_paid(turn, body, audit, name):
    """The unit that is drawn was paid for this job."""
    channel, voucher, (_, answer) = audit["channel"], body["voucher"], body["answer"]
    reject_unless(channel == channel_id(turn.hashes, body["payer"], body["number"]), 92)
    reject_unless((answer["receipt"], voucher["channel"], voucher["job"]) == (name, channel, body["receipt"][1]["job"]), 150)
    same = (answer["channel"], answer["from"], answer["to"]) == (channel, voucher["from"], voucher["cumulative"])
    reject_unless(same and voucher["from"] <= audit["unit"] < voucher["cumulative"], 150)
    reject_unless(turn.hashes.holds(b"probity voucher v1", body["payer"], VOUCHER.write(voucher), body["promised"]), 84)


def was_anchored(turn, body, worker):
    """The answer's leaf was in a log that was anchored before the draw (148)."""
    anchor = turn.draft.read(anchor_key(worker), ANCHOR)
    sizes = [size for epoch, size in [*anchor["earlier"], (anchor["epoch"], anchor["size"])] if epoch <= body["epoch"] + 1]
    reject_unless(body["answer"][1]["index"] < max(sizes, default=0), 148)


def show(turn, body):
    audit = audit_of(turn, body)
    reject_unless(body["node"] == audit["node"], 111)
    spoken_for(turn, audit["node"])
    is_brought(turn, audit, SHOW)
    data, shown = body["receipt"]
    bound, name = operates(turn, shown["worker"], body["node"]), receipt_id(turn.hashes, data)
    reject_unless(sealed(turn.hashes, data, body["signature"]), 124)
    terms = read_terms(turn, body)
    alone = all(len(segments) == 1 for _, segments in shown["choices"])
    reject_unless(alone and all(how["number"] != UNFINISHED for how in shown["stops"]), 153)
    is_dated(turn, body, bound, terms["beacon"])
    is_open = terms["consent"] == OPEN_TO_ALL and terms["kind"] == GENERATE and terms["beacon"] != 0
    reject_unless(is_open == (body["open"] is not None), 150)
    if is_open:
        is_whole(turn, terms, body)
    is_paid(turn, body, audit, name)
    in_log(turn, shown["worker"], name, body["answer"][1])
    was_anchored(turn, body, shown["worker"])
    audit = {**audit, "worker": shown["worker"], "job": shown["job"], "receipt": name, "tokens": sum(shown["usage"])}
    audit, _ = brings(turn, audit)
    if is_open and audit["auditors"] != []:
        deadline = turn.later(audit["terms"]["commit_ms"])
        audit = {**audit, "stage": COMMIT, "deadline": deadline, "word": (COMMITTED, body["commitment"])}
    else:
        audit = {**audit, "stage": OVER, "auditors": []}
    answers_for(turn, body["node"])
    keep(turn, body, audit)


def show_work(body):
    named = body["open"] and body["open"]["model"]
    return 2300 if named is None else 2500 + named["ops"] // 4


# 38 and 39


def ask(turn, body):
    audit = audit_of(turn, body)
    spoken_for(turn, body["node"])
    reject_unless(audit["stage"] == COMMIT, 149)
    in_time(turn, audit)
    wordless = [one["node"] for one in audit["auditors"] if one["word"] == NO_WORD]
    reject_unless(body["node"] in wordless and audit["asker"] == NO_KEY and audit["tokens"] <= ASKED_TOKENS_MOST, 149)
    costs = audit["tokens"] * (4 * turn.parameter("fee_byte") + turn.parameter("fee_work"))
    bond = min(costs, audit["terms"]["bond"])
    turn.charge(bond, 8)
    keep(turn, body, {**audit, "stage": OPENING, "deadline": turn.later(audit["terms"]["show_ms"]), "asker": turn.payer, "bond": bond})


def open_(turn, body):
    audit = audit_of(turn, body)
    owner = turn.draft.read(node_key(audit["node"]), NODE)["owner"]
    reject_unless((body["node"], body["owner"], body["asker"]) == (audit["node"], owner, audit["asker"]), 111)
    is_brought(turn, audit, OPENING)
    data, shown = body["receipt"]
    reject_unless(receipt_id(turn.hashes, data) == audit["receipt"], 150)
    reject_unless(receipt_opened.opens(turn.hashes.network, shown, body["opening"][1]), 150)
    audit, was_silent = brings(turn, audit)
    part = 0 if was_silent else audit["bond"] // 2
    to_account(turn, owner, part)
    to_account(turn, audit["asker"], audit["bond"] - part)
    answers_for(turn, body["node"])
    keep(turn, body, {**audit, "stage": COMMIT, "deadline": turn.later(audit["terms"]["commit_ms"]), "bond": 0})


KINDS = {
    32: (SHOWS, show_work, show),
    38: (ASK, lambda _: 1, ask),
    39: (OPENED, lambda body: 100 + len(body["opening"][0]) // 4, open_),
}
