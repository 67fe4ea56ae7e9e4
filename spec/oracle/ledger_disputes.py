"""ledger.md section 7.7: disputes: opened, moved through the referee, late, taken up again, ended."""

import dispute as form
import receipt_decode as decode
import referee
import referee_forms
import referee_model
from exact import Refused
from ledger_forms import HASH, KEY, SIGNATURE, Form, U16, U32, U64, blob, option, record
from ledger_liable import accused, acquitted, alarmed, burn, jailed, joined, lost, operates, promised, put, share_of, silent, spoke, to_account
from ledger_missing import answers, date_holds, dated, dispute_id, height_of, inside, sealed, speaks
from ledger_nodes import there
from ledger_records import ALARMED, AUDIT, BOOK, CLAIM, DECIDED, DISPUTE, ENDED, PACKAGE, PROGRAM, audit_key, book_key, dispute_key, package_key, program_key
from ledger_turn import TIME_MOST, reject_unless
from receipt import u8, u32
from receipt_decode import Input, true

FILING_MOST, STATE_MOST, MOVE_MOST = 1 << 14, 40960, 65536
NODES_MOVE, CHALLENGERS_MOVE, SILENT_STAGE = 1, 2, 3
REFUTED, CHALLENGER_REFUTED, CLAIMANT_SILENT, CHALLENGER_SILENT, PLANTED = 1, 2, 3, 4, 5
NOBODY, CHILDREN, OPERANDS = bytes(32), 3, 8
ALARM = 3  # of an auditor's words


# Bodies.


def read_filing(i):
    pieces, claim = form.read_filing(i.data)
    i.take(len(i.data))
    return pieces, claim


def read_move(i):
    made = referee_forms.move(i.data)
    i.take(len(i.data))
    return made


MODEL = (("model", HASH), ("publisher", KEY), ("program", HASH), ("ops", U16))
FILING = inside(2, FILING_MOST, read_filing)
OPENED = record((("node", HASH), ("epoch", U64), *MODEL, ("filing", FILING)))


NAMED_ALARM = option(record((("epoch", U64), ("index", U32), ("node", HASH))))


def write_open(body):
    signature = b"" if body.get("signature") is None else SIGNATURE.write(body["signature"])
    return OPENED.write(body) + signature + NAMED_ALARM.write(body.get("alarm"))


def read_open(i):
    body = OPENED.read(i)
    body["signature"] = SIGNATURE.read(i) if body["filing"][1][1] == form.FAULT else None
    return {**body, "alarm": NAMED_ALARM.read(i)}


OPEN = Form(write_open, read_open)
MOVE = record((("dispute", HASH), ("node", HASH), *MODEL, ("state", blob(2, STATE_MOST)), ("move", inside(4, MOVE_MOST, read_move))))
ABOUT = record((("dispute", HASH), ("node", HASH)))
END = record((("dispute", HASH), ("node", HASH), ("owner", KEY), ("challenger", KEY), ("appellant", KEY), ("claim", HASH)))


def open_work(body):
    return (2000 if body["filing"][1][1] == form.FAULT else 1200) + body["ops"] // 4


def move_work(body):
    return (2200 if body["move"][1]["number"] == OPERANDS else 700) + body["ops"] // 4


# The model.


MODELS = {}  # of (program's hash): what a referee holds, which takes time to make


def named_model(turn, body):
    package = turn.draft.read(package_key(body["model"], body["publisher"]), PACKAGE)
    reject_unless(package is not None, 56)
    reject_unless(package["program"] == body["program"], 111)
    data = PROGRAM.whole(turn.draft.get(program_key(body["program"])))
    key = (body["program"], body["model"], package["units"], tuple(package["files"]))
    if key not in MODELS:
        MODELS[key] = referee_model.Model(referee_model.read_program(data), body["model"], package["files"], package["units"])
    reject_unless(MODELS[key].ops <= body["ops"], 111)
    return MODELS[key]


def state_hash(turn, data):
    return turn.hashes.hash(b"probity dispute state v1", data)


# 50


def claim_of(filing):
    """What the filing claims, as an id is made of it: position, kind, what; None: it shows no fault."""
    pieces, claim = filing
    shown = pieces[4]
    if claim == form.TOKEN:
        return shown[1]["position"], 1, shown[1]["token"]
    stop = fault_in(shown[0], pieces[0][0])
    return None if stop is None else (stop[0], 2, stop[1])


def fault_in(receipt, signed):
    """Position and op of the choice that ends with this head in a fault; what has none has no step."""
    i = Input(receipt)
    i.take(2 + 1 + 32 + 32 + 4 + 1 + 8 + 8)
    for _ in range(i.number(1)):
        i.take(4)
        segments = [decode.signed_head(i) for _ in range(i.number(1))]
        number = i.number(1)
        rest = Input(i.take({2: 1, 4: 68, 6: 8}.get(number, 0)))
        last = segments[-1]
        if number == 6 and last["worker"] + last["bytes"] + last["signature"] == signed:
            return rest.number(4), rest.number(4)
    return None


def open_(turn, body):
    node, (data, filing) = there(turn, body["node"]), body["filing"]
    head = filing[0][0][1]
    bound = operates(turn, head["worker"], body["node"])
    dates = date_holds if body["alarm"] is None else dated
    answers(bound, dates(turn, height_of(filing[0][1][0]), body["epoch"]))
    claimed = claim_of(filing)
    step = (turn.hashes, head["worker"], head["job"], head["choice"], *(claimed or ()))
    if claimed is not None:
        claim, dispute = dispute_id(*step), dispute_id(*step, turn.payer)
        reject_unless(turn.draft.get(dispute_key(claim)) is None and turn.draft.get(dispute_key(dispute)) is None, 113)
    alarm = body["alarm"]
    if alarm is not None:
        raised(turn, alarm, dispute if claimed else None)
    node, bond, cost = accused(turn, node) if alarm is None else alarmed(turn, node)
    model = named_model(turn, body)
    first = begins(turn, model, data, filing, body["signature"])
    turn.charge(sum(bond), 8)
    put(turn, body["node"], node)
    turn.draft.write(dispute_key(dispute), DISPUTE, {
        "node": body["node"], "challenger": turn.payer, "opened": turn.clock["time"], **first,
        "deadline": turn.later(turn.parameter("move_ms")), "claim": claim, "model": body["model"], "publisher": body["publisher"],
        "program": body["program"], "matter": CLAIM if alarm is None else ALARMED, "begun": 0, "bond": bond, "cost": cost, **promised(turn), "held": 0, "appellant": NOBODY, "appeal_bond": 0,
        "rewarded": int(speaks(turn, bound)),
    })  # fmt: skip


def raised(turn, alarm, dispute):
    """The named node is an auditor of the audit, and its word is an alarm of this dispute's id, which may still be disputed."""
    audit = turn.draft.read(audit_key(alarm["epoch"], alarm["index"]), AUDIT)
    reject_unless(audit is not None, 147)
    reject_unless(any(one["node"] == alarm["node"] and one["word"] == (ALARM, dispute) for one in audit["auditors"]), 111)
    window = turn.draft.read(book_key(alarm["epoch"]), BOOK)["terms"]["move_ms"]
    reject_unless(turn.clock["time"] <= min(audit["deadline"] + window, TIME_MOST), 117)


def begins(turn, model, data, filing, signature):
    """Stage, outcome and the state's hash as a dispute begins: a step that the program has not is refuted at once."""
    (*_, claimed), claim = filing
    try:
        return {"stage": NODES_MOVE, "state": state_hash(turn, first_state(turn.hashes, model, data, filing, signature))}
    except Refused as why:
        reject_unless(str(why) == "NoSuch", 114)
    reject_unless(claim == form.TOKEN or signature is None or sealed(turn.hashes, claimed[0], signature), 114)
    return {"stage": DECIDED, "outcome": REFUTED, "state": bytes(32)}


def first_state(hashes, model, data, filing, signature):
    """The referee's first state; Refused where the filing opens no dispute about this model. A signature that is not shown is not asked for."""
    held = {
        "model": model.model, "arithmetic": model.arithmetic, "sampling": model.sampling, "context": model.context,
        "ops": model.ops, "epilogue": model.epilogue(),
    }  # fmt: skip
    (signed, *leaves, claimed), claim = filing
    positions, what = form.check_filing(hashes, held, data)
    true(claim == form.TOKEN or signature is None or sealed(hashes, claimed[0], signature), "Signature")
    head = signed[1]
    prompt, parameters = (form.shown_leaf(hashes, head["job"], n, shown[0]) for n, shown in zip((2, 3), leaves[1:]))
    salt = leaves[1][0][-128:-96]
    pieces = head["job"] + head["worker"] + salt + prompt + u32(head["count"]) + head["root"] + parameters[:-8] + u32(head["choice"])
    pieces += u32(positions) + u8(claim) + u32(what["token"] if claim == form.TOKEN else what["fault"])
    return referee.opened(model, hashes.network, pieces, 0, 0)


# 51 to 54


def open_dispute(turn, body):
    found = turn.draft.read(dispute_key(body["dispute"]), DISPUTE)
    reject_unless(found is not None and found["stage"] != ENDED, 115)
    reject_unless(found["node"] == body["node"], 111)
    return found


def moves_for(turn, node):
    return turn.payer in (node["owner"], node["operator"])


def move(turn, body):
    found = open_dispute(turn, body)
    reject_unless((body["model"], body["publisher"], body["program"]) == (found["model"], found["publisher"], found["program"]), 111)
    made, node = body["move"][1], there(turn, body["node"])
    if found["stage"] == NODES_MOVE:
        reject_unless(made["number"] == CHILDREN or moves_for(turn, node), 116)
    else:
        reject_unless(found["stage"] == CHALLENGERS_MOVE and turn.payer == found["challenger"], 116)
    reject_unless(turn.clock["time"] <= found["deadline"], 117)
    reject_unless(state_hash(turn, body["state"]) == found["state"], 118)
    model = named_model(turn, body)
    try:
        state = referee_forms.read_state(model, turn.hashes.network, body["state"])
    except Refused:
        reject_unless(False, 118)
    party = referee.CLAIMANT if found["stage"] == NODES_MOVE else referee.CHALLENGER
    try:
        after = referee.take(state, party, made, 0)
    except Refused:
        reject_unless(False, 119)
    put(turn, body["node"], spoke(turn, node))
    turn.draft.write(dispute_key(body["dispute"]), DISPUTE, {
        **found, **stage_of(after), "begun": 1, "deadline": turn.later(turn.parameter("move_ms")), "state": state_hash(turn, referee_forms.write_state(after)),
    })  # fmt: skip


def stage_of(state):
    if state["number"] == referee_forms.OVER:
        return {"stage": DECIDED, "outcome": state["verdict"]}
    return {"stage": NODES_MOVE if referee.turn(state) == referee.CLAIMANT else CHALLENGERS_MOVE}


def late(turn, body):
    found = open_dispute(turn, body)
    reject_unless(found["stage"] in (NODES_MOVE, CHALLENGERS_MOVE), 116)
    reject_unless(found["deadline"] < turn.clock["time"], 120)
    if found["stage"] == CHALLENGERS_MOVE:
        after = {**found, "stage": DECIDED, "outcome": CHALLENGER_SILENT}
    elif found["appellant"] != NOBODY:
        after = {**found, "stage": DECIDED, "outcome": CLAIMANT_SILENT}
    else:
        after = {**found, **silent(turn, body["node"], there(turn, body["node"]), found), "stage": SILENT_STAGE}
    turn.draft.write(dispute_key(body["dispute"]), DISPUTE, after)


def appeal(turn, body):
    found = open_dispute(turn, body)
    reject_unless(moves_for(turn, there(turn, body["node"])), 116)
    reject_unless(found["stage"] == SILENT_STAGE and found["deadline"] >= turn.clock["time"], 122)
    bond = found["bond"][0]
    turn.charge(bond, 8)
    put(turn, body["node"], spoke(turn, there(turn, body["node"])))
    deadline = turn.later(turn.parameter("move_ms"))
    turn.draft.write(dispute_key(body["dispute"]), DISPUTE, {**found, "stage": NODES_MOVE, "deadline": deadline, "appellant": turn.payer, "appeal_bond": bond})


def end(turn, body):
    found = open_dispute(turn, body)
    node = there(turn, body["node"])
    said = (body["owner"], body["challenger"], body["appellant"], body["claim"])
    reject_unless(said == (node["owner"], found["challenger"], found["appellant"], found["claim"]), 111)
    waited = found["stage"] == SILENT_STAGE and found["deadline"] < turn.clock["time"]
    reject_unless(found["stage"] == DECIDED or waited, 121)
    outcome = CLAIMANT_SILENT if waited else found["outcome"]
    ended = {name: found[name] for name in ("node", "challenger", "opened")} | {"stage": ENDED, "outcome": outcome}
    node, (usual, beyond) = acquitted(node, found), found["bond"]
    if outcome == REFUTED:
        node = refuted(turn, found, node, ended)
    elif outcome == CLAIMANT_SILENT:
        node, taken = lost(node, found["cost"], found["held"])
        fee = min(taken, found["silence_fee"])
        to_account(turn, found["challenger"], usual + fee)
        burn(turn, taken - fee + beyond + found["appeal_bond"])
    else:
        paid = found["challenger"] if outcome == PLANTED else node["owner"]
        part = usual if outcome == PLANTED else usual // 2
        rest = beyond if outcome == PLANTED else 0
        to_account(turn, paid, part + rest)
        burn(turn, usual - part + beyond - rest)
        node = given_back(turn, found, node)
        key = dispute_key(found["claim"])
        if outcome == PLANTED and turn.draft.get(key) is None:
            turn.draft.write(key, DISPUTE, ended)
    put(turn, body["node"], node)
    turn.draft.write(dispute_key(body["dispute"]), DISPUTE, ended)


def refuted(turn, found, node, ended):
    usual, beyond = found["bond"]
    key = dispute_key(found["claim"])
    left = turn.draft.read(key, DISPUTE)
    if left is not None and left["outcome"] == REFUTED:
        to_account(turn, found["challenger"], usual)
        burn(turn, found["held"] + beyond + found["appeal_bond"])
        return node
    node, taken = lost(node, found["cost"], found["held"])
    share = share_of(taken, found["share"]) if found["rewarded"] else 0
    to_account(turn, found["challenger"], usual + beyond + share)
    burn(turn, taken - share + found["appeal_bond"])
    turn.draft.write(key, DISPUTE, ended)
    return jailed(turn, node)


def given_back(turn, found, node):
    """What is held joins the stake, less as much as the appeal's bond, which goes back."""
    less = min(found["held"], found["appeal_bond"])
    burn(turn, less)
    to_account(turn, found["appellant"], found["appeal_bond"])
    return joined(turn, node, found["held"] - less)


KINDS = {
    50: (OPEN, open_work, open_),
    51: (MOVE, move_work, move),
    52: (ABOUT, lambda _: 1, late),
    53: (END, lambda _: 1, end),
    54: (ABOUT, lambda _: 1, appeal),
}
