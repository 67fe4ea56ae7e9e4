"""ledger.md section 7.9: what all stake decides."""

import bls
from ledger import possession
from ledger_forms import HASH, KEY, SIGNATURE, U16, U64, list_of, one_of, pair, raw, record
from ledger_nodes import own
from ledger_records import (
    BALLOT, CANCEL, CANCELLED, CONTENT, ENACTED, FIRST_RULES, GROUP, GROUP_KEY, LAPSED, NEXT_GROUP, NEXT_OWNER, NOBODY, NO_GROUP, OPEN, OWNED, PARAMETER, PARAMETERS, PARAMETERS_KEY, PROPOSAL, PURSE,
    PURSE_KEY, REFUSED, RULES, RULES_KEY, SEATS, SEATS_KEY, SPEND, STAKES, STAKES_KEY, ballot_key, name_key, proposal_key,
)  # fmt: skip
from ledger_stake import stakes
from ledger_turn import MONEY_MOST, NUMBERS, TIME_MOST, good, parameter, parameters_of, reject_unless

PROPOSE = record((("content", CONTENT),))
VOTE = record((("proposal", HASH), ("node", HASH), ("yes", one_of(0, 1))))
TAKE_BACK = record((("proposal", HASH),))
ENACT = record((("proposal", HASH), ("proposer", KEY), ("content", CONTENT)))
SEATS_MOST = 128
WORD = list_of(2, SEATS_MOST, pair(U16, SIGNATURE), lambda one: one[0])
NEXT = record((("key", raw(96)), ("proof", raw(48)), ("at", U64), ("word", WORD)))


def proposal_id(hashes, proposer, number):
    return hashes.hash(b"probity proposal v1", proposer + U64.write(number))


def rules(draft):
    return draft.read(RULES_KEY, RULES, FIRST_RULES)


def open_one(turn, proposal):
    found = turn.draft.read(proposal_key(proposal), PROPOSAL)
    reject_unless(found is not None, 162)
    reject_unless(found["decision"] == OPEN, 163)
    return found


def newer(turn, version):
    found = rules(turn.draft)
    reject_unless(version > max(found["version"], found["next"]), 161)


def check_content(turn, content):
    what, said = content
    if what == PARAMETER:
        may = said["number"] != NUMBERS["unbond_least"] and good([*parameters_of(turn.before), (said["number"], said["value"])])
        reject_unless(may, 160)
    elif what == SPEND:
        reject_unless(said["amount"] > 0, 6)
    elif what == CANCEL:
        reject_unless(open_one(turn, said["proposal"])["proposer"] == said["proposer"], 164)
    elif what == NEXT_GROUP:
        follows_group(turn, said)
        has_key(turn, said)
    elif what != NEXT_OWNER:
        newer(turn, said["version"])


def propose(turn, body):
    check_content(turn, body["content"])
    bond = turn.parameter("proposal_bond")
    turn.charge(bond, 8)
    ends = turn.later(turn.parameter("vote_ms"))
    opens = ends if body["content"][0] == CANCEL else min(ends + turn.parameter("timelock_ms"), TIME_MOST)
    lapses = min(opens + turn.parameter("enact_ms"), TIME_MOST)
    staked = stakes(turn)
    turn.draft.write(proposal_key(proposal_id(turn.hashes, turn.payer, turn.number)), PROPOSAL, {
        "proposer": turn.payer, "bond": bond, "content": body["content"], "ends": ends, "opens": opens, "lapses": lapses,
        "staked": staked["total"], "yes": 0, "no": 0, "decision": OPEN,
    })  # fmt: skip
    turn.draft.write(STAKES_KEY, STAKES, {**staked, "votes_until": max(staked["votes_until"], ends)})


def vote(turn, body):
    found = open_one(turn, body["proposal"])
    reject_unless(turn.clock["time"] < found["ends"], 165)
    weight = own(turn, body["node"])["stake"]
    reject_unless(weight > 0, 166)
    key = ballot_key(body["proposal"], body["node"])
    before = turn.draft.read(key, BALLOT)
    if before is not None:
        side = "yes" if before["yes"] else "no"
        found = {**found, side: max(found[side] - before["weight"], 0)}
    side = "yes" if body["yes"] else "no"
    found = {**found, side: min(found[side] + weight, MONEY_MOST)}
    turn.draft.write(proposal_key(body["proposal"]), PROPOSAL, found)
    turn.draft.write(key, BALLOT, {"yes": body["yes"], "weight": weight})


def total(found):
    return min(found["yes"] + found["no"], MONEY_MOST)


def decided(turn, proposal, found, decision):
    """Not open any more, and its bond gone where it belongs."""
    if decision in (REFUSED, CANCELLED) and 3 * found["no"] > total(found):
        turn.to_treasury(found["bond"])
    else:
        turn.pay(found["proposer"], found["bond"])
    turn.draft.write(proposal_key(proposal), PROPOSAL, {**found, "bond": 0, "decision": decision})


def take_back(turn, body):
    found = open_one(turn, body["proposal"])
    reject_unless(found["proposer"] == turn.payer, 167)
    reject_unless(turn.clock["time"] < found["ends"], 165)
    decided(turn, body["proposal"], found, CANCELLED)


def carried(turn, found):
    votes, yes = total(found), found["yes"]
    least = -(-found["staked"] * turn.parameter("quorum_percent") // 100)
    most = 2 * yes > votes if found["content"][0] in (PARAMETER, CANCEL) else 3 * yes > 2 * votes
    return votes >= max(least, turn.parameter("quorum_least")) and most


def enact(turn, body):
    found, now = open_one(turn, body["proposal"]), turn.clock["time"]
    reject_unless((found["proposer"], found["content"]) == (body["proposer"], body["content"]), 164)
    reject_unless(now >= found["ends"], 168)
    if not carried(turn, found):
        decided(turn, body["proposal"], found, REFUSED)
    elif now >= found["lapses"]:
        decided(turn, body["proposal"], found, LAPSED)
    else:
        reject_unless(now >= found["opens"], 169)
        done(turn, *body["content"])
        decided(turn, body["proposal"], found, ENACTED)


def done(turn, what, said):
    if what == PARAMETER:
        values = {**dict(turn.draft.read(PARAMETERS_KEY, PARAMETERS)), said["number"]: said["value"]}
        reject_unless(good(values.items()), 160)
        turn.draft.write(PARAMETERS_KEY, PARAMETERS, sorted(values.items()))
    elif what == SPEND:
        purse = turn.draft.read(PURSE_KEY, PURSE)
        reject_unless(purse["treasury"] >= said["amount"], 170)
        turn.draft.write(PURSE_KEY, PURSE, {**purse, "treasury": purse["treasury"] - said["amount"]})
        turn.pay(said["to"], said["amount"])
    elif what == CANCEL:
        decided(turn, said["proposal"], open_one(turn, said["proposal"]), CANCELLED)
    elif what == NEXT_GROUP:
        turn.draft.write(GROUP_KEY, GROUP, {**follows_group(turn, said), "next": said["key"], "at": said["at"]})
    elif what == NEXT_OWNER:
        before = turn.draft.read(name_key(said["name"]), OWNED)
        until = 0 if said["owner"] == NOBODY else turn.later(turn.parameter("name_ms"))
        turn.draft.write(name_key(said["name"]), OWNED, {"owner": said["owner"], "tenure": before["tenure"] + 1 if before else 1, "until": until})
    else:
        newer(turn, said["version"])
        turn.draft.write(RULES_KEY, RULES, {**rules(turn.draft), "next": said["version"], "at": said["at"]})


def follows_group(turn, said):
    """The group that a key may follow."""
    group = turn.draft.read(GROUP_KEY, GROUP)
    reject_unless(group is not None, 172)
    reject_unless(said["at"] > turn.clock["height"] and said["key"] != group["key"], 173)
    return group


def next_message(group, said):
    """What a seat signs."""
    return GROUP.write(group) + said["key"] + U64.write(said["at"])


def has_key(turn, said):
    """Somebody does: the key signed itself."""
    reject_unless(bls.holds(said["key"], possession(turn.hashes, said["key"]), said["proof"], bls.PROOFS), 174)


def name_next(turn, body):
    group, seats = follows_group(turn, body), turn.draft.read(SEATS_KEY, SEATS)
    reject_unless(len(body["word"]) >= 2 * len(seats) // 3 + 1, 175)
    message = next_message(group, body)
    for place, signature in body["word"]:
        signed = place < len(seats) and turn.hashes.holds(b"probity group next v1", seats[place]["key"], message, signature)
        reject_unless(signed, 176)
    has_key(turn, body)
    turn.draft.write(GROUP_KEY, GROUP, {**group, "next": body["key"], "at": body["at"]})


def turned(draft, clock):
    """A next key becomes the key with its block."""
    group = draft.read(GROUP_KEY, GROUP)
    if group is None or group["next"] == NO_GROUP or clock["height"] < group["at"]:
        return
    takes, now = parameter(draft, "unbond_least"), clock["time"]
    held = min(now + takes, TIME_MOST) if group["since"] + takes // 8 < now else group["held"]
    draft.write(GROUP_KEY, GROUP, {
        "key": group["next"], "from": clock["height"], "since": now, "held": held, "next": NO_GROUP, "at": 0,
    })  # fmt: skip


def followed(draft, time):
    """The version that a block of this time follows."""
    found = rules(draft)
    if found["next"] and time >= found["at"]:
        found = {"version": found["next"], "next": 0, "at": 0}
        draft.write(RULES_KEY, RULES, found)
    return found["version"]


KINDS = {
    42: (NEXT, lambda body: 3001 + 60 * len(body["word"]), name_next),
    80: (PROPOSE, lambda body: 3001 if body["content"][0] == NEXT_GROUP else 1, propose), 81: (VOTE, lambda _: 1, vote), 82: (TAKE_BACK, lambda _: 1, take_back),
    83: (ENACT, lambda _: 1, enact),
}  # fmt: skip
