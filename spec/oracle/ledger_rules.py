"""ledger.md sections 4, 5 and 8: a state and a block in, a state out, or the reason why not.

A kind of transaction is a row of `KINDS`: how its body is read, its work, its rule. A rule gets a `Turn` and the body.
"""

import bls
import ledger as form
import ledger_audits
import ledger_channels
import ledger_disputes
import ledger_doubles
import ledger_findings
import ledger_missing
import ledger_nodes
import ledger_packages
import ledger_parts
import ledger_pay
import ledger_planted
import ledger_plants
import ledger_proposals
import ledger_seats
import ledger_shown
import ledger_stake
import ledger_vouching
from exact import Refused
from ledger_forms import KEY, U16, U128, record
from ledger_records import (
    ACCOUNT, BOUND, CLOCK, CLOCK_KEY, ENDED, GROUP, GROUP_KEY, NO_GROUP, NODE, PARAMETERS, PARAMETERS_KEY, PURSE, PURSE_KEY, SEATS, SEATS_KEY, STAKES, STAKES_KEY,
    account_key, bound_key, node_key,
)  # fmt: skip
from ledger_records import read as read_record
from ledger_turn import MADE_MOST, MONEY_MOST, NONE_MADE, Draft, Rejected, State, Turn, good, grown, parameter, reject_unless
from receipt import Hashes
from receipt_decode import true

RULES, WORK_MOST, SIGNATURE = 1, 1 << 19, 60


# Section 7


TRANSFER = record((("to", KEY), ("amount", U128)))


def transfer(turn, body):
    reject_unless(body["amount"] > 0, 6)
    reject_unless(body["to"] != turn.payer, 7)
    turn.charge(body["amount"], 8)
    turn.pay(body["to"], body["amount"])


def one(_):
    return 1


GROUPS = (
    ledger_nodes, ledger_stake, ledger_seats, ledger_packages, ledger_channels, ledger_pay, ledger_audits, ledger_shown, ledger_findings, ledger_vouching,
    ledger_disputes, ledger_missing, ledger_doubles, ledger_parts, ledger_planted, ledger_plants, ledger_proposals,
)  # fmt: skip
KINDS = {1: (TRANSFER, one, transfer)}
for group in GROUPS:
    KINDS.update(group.KINDS)


# Section 5


class NoRoom(Exception):
    """The block has no room for so much work."""


class Execution:
    """A block as it is made: its clock set, then transaction by transaction."""

    def __init__(self, state, stamp, beacon):
        self.state, self.hashes, self.draft, self.work = state, state.hashes, Draft(state), 0
        clock = self.draft.read(CLOCK_KEY, CLOCK)
        true(stamp > clock["stamp"], "Stamp")
        step = min(stamp - clock["stamp"], parameter(self.draft, "time_step_ms"))
        time = clock["time"] + step
        clock = {**clock, "height": clock["height"] + 1, "stamp": stamp, "time": time, "beacon": beacon}
        if time >= clock["epoch_began"] + parameter(self.draft, "epoch_ms"):
            clock = {**clock, "epoch": clock["epoch"] + 1, "epoch_began": time}
            ledger_seats.end_epoch(self.draft, clock)
            ledger_audits.seat_panel(self.draft, time)
        self.clock = clock
        self.draft.write(CLOCK_KEY, CLOCK, clock)
        self.rules = ledger_proposals.followed(self.draft, time)
        ledger_proposals.turned(self.draft, clock)

    def take(self, made, length):
        """A transaction of so many bytes, or Rejected and nothing done."""
        draft = Draft(self.draft)
        reject_unless(made["kind"] in KINDS, 1)
        body_form, work, rule = KINDS[made["kind"]]
        try:
            body = body_form.whole(made["body"])
        except Refused:
            raise Rejected(2) from None
        units = work(body) + SIGNATURE
        if self.work + units > WORK_MOST:
            raise NoRoom
        key = account_key(made["payer"])
        account = draft.read(key, ACCOUNT, NONE_MADE)
        reject_unless(made["number"] == account["made"], 3)
        reject_unless(account["made"] < MADE_MOST, 9)
        draft.write(key, ACCOUNT, {**account, "made": account["made"] + 1})
        turn = Turn(self, made, draft)
        rule(turn, body)
        rates = [turn.parameter(name) for name in ("fee_byte", "fee_work", "fee_state")]
        fee = sum(rate * count for rate, count in zip(rates, (length, units, grown(draft))))
        reject_unless(fee <= made["fee_max"], 5)
        turn.charge(fee, 4)
        purse = draft.read(PURSE_KEY, PURSE)
        draft.write(PURSE_KEY, PURSE, {**purse, "fees": purse["fees"] + fee})
        self.draft.changes.update(draft.changes)
        self.work += units

    def finish(self):
        return self.draft.over(self.state)


def genesis_node(owner, place):
    """A node's id."""
    return Hashes(bytes(32)).hash(b"probity genesis node v1", owner + U16.write(place))


def place_nodes(draft, nodes):
    """With their keys, as candidates where they may stand; the seats that follow, or None where too few stand."""
    standing, stakes, keys = [], sum(node["stake"] for node in nodes), []
    for place, spec in enumerate(nodes):
        name = genesis_node(spec["owner"], place)
        node = {**ledger_nodes.FRESH, **spec, "created": 0}
        true(node["operator"] != ledger_nodes.NO_KEY, "Nodes")
        draft.write(node_key(name), NODE, node)
        for role, use in ledger_nodes.NAMES.items():
            if node[use] != ledger_nodes.NO_KEY:
                keys.append(node[use])
                draft.write(bound_key(node[use]), BOUND, {"node": name, "role": role, "from": 0, "until": 0})
        if ledger_seats.lacking(node, 0, parameter(draft, "stake_validator")) is None:
            standing.append((name, node))
    true(len(set(keys)) == len(keys), "Nodes")
    if stakes:
        draft.write(STAKES_KEY, STAKES, {"total": stakes, "votes_until": 0})
    if standing:
        ledger_seats.put_candidates(draft, [name for name, _ in standing])
    if len(standing) < parameter(draft, "candidates_min"):
        return None
    return ledger_seats.shared(standing, parameter(draft, "seats_max"))


def begin(genesis):
    """The first state and block 0's header, of the genesis's bytes."""
    made = form.GENESIS.whole(genesis)
    hashes = Hashes(form.network_of(genesis))
    true(all(bls.read(bls.G2, key)[0] is not None for key in made["kind"][1:]), "Group")
    true(made["seats"] != [], "Seats")
    true(good(made["parameters"]), "Parameters")
    true(all(balance > 0 for _, balance in made["accounts"]), "Money")
    issued = made["treasury"] + sum(balance for _, balance in made["accounts"]) + sum(node["stake"] for node in made["nodes"])
    true(issued <= MONEY_MOST, "Money")
    draft = Draft(State(hashes, {}, None))
    draft.write(PARAMETERS_KEY, PARAMETERS, made["parameters"])
    draft.write(SEATS_KEY, SEATS, made["seats"])
    if made["kind"][0] != form.SIMULATION:
        draft.write(GROUP_KEY, GROUP, {"key": made["kind"][1], "from": 0, "since": 0, "held": 0, "next": NO_GROUP, "at": 0})
    seats = place_nodes(draft, made["nodes"])
    true(seats is None or seats == made["seats"], "Seats")
    for key, balance in made["accounts"]:
        draft.write(account_key(key), ACCOUNT, {"balance": balance, "made": 0})
    draft.write(PURSE_KEY, PURSE, {"fees": 0, "treasury": made["treasury"], "issued": issued, "burnt": 0})
    clock = {"height": 0, "stamp": made["stamp"], "time": 0, "epoch": 1, "epoch_began": 0, "beacon": hashes.network}
    draft.write(CLOCK_KEY, CLOCK, clock)
    ledger_seats.start_epoch(draft, clock)
    state = draft.over(draft.below)
    return state, header_of(state, clock, form.NOWHERE, form.NOWHERE, [])


def header_of(state, clock, parent, proposer, all_bytes):
    fields = {name: clock[name] for name in ("height", "stamp", "time", "epoch", "beacon")}
    return {
        **fields, "rules": RULES, "parent": parent, "proposer": proposer, "transactions": len(all_bytes),
        "transactions_root": form.transactions_root(state.hashes, all_bytes), "state_root": state.root(),
        "seats": certifiers_hash(state),
    }  # fmt: skip


def certifiers_hash(state):
    """Of the group, where one stands, else of the seats."""
    group = state.get(GROUP_KEY)
    return form.seats_hash(state.hashes, state.get(SEATS_KEY)) if group is None else form.group_hash(state.hashes, group)


def has_seat(state, key):
    return any(seat["key"] == key for seat in SEATS.whole(state.get(SEATS_KEY)))


def propose(state, parent, proposer, stamp, beacon, all_bytes):
    """The next block of what is taken of these transactions: header, their bytes, state, and what is left out and why."""
    assert has_seat(state, proposer), "who proposes has a seat"
    execution, taken, left_out = Execution(state, stamp, beacon), [], []
    assert execution.rules == RULES, "the oracle knows no other rules"
    for at, data in enumerate(all_bytes):
        made = form.TRANSACTION.whole(data)
        assert form.authentic(state.hashes, made)
        try:
            execution.take(made, len(data))
            taken.append(data)
        except Rejected as rejected:
            left_out.append((at, rejected.number))
        except NoRoom:
            break
    after = execution.finish()
    header = header_of(after, execution.clock, form.header_hash(state.hashes, parent), proposer, taken)
    return header, taken, after, left_out


def follow(state, parent, data):
    """The block of these bytes after a state and its header: the state after it and its header, or Refused."""
    header, all_bytes, transactions = form.read_block(data)
    true(header["rules"] == RULES, "Protocol")
    true(header["height"] == parent["height"] + 1, "Height")
    true(header["parent"] == form.header_hash(state.hashes, parent), "Parent")
    true(has_seat(state, header["proposer"]), "Proposer")
    execution = Execution(state, header["stamp"], header["beacon"])
    true(execution.rules == header["rules"], "Protocol")
    for made, one_of_them in zip(transactions, all_bytes):
        true(form.authentic(state.hashes, made), "Signature")
        try:
            execution.take(made, len(one_of_them))
        except Rejected:
            raise Refused("Rejected") from None
        except NoRoom:
            raise Refused("Work") from None
    after = execution.finish()
    expected = header_of(after, execution.clock, header["parent"], header["proposer"], all_bytes)
    for name, found in expected.items():
        true(header[name] == found, FIELDS.get(name, "Value"))
    return after, header


FIELDS = {"time": "Time", "epoch": "Epoch", "transactions_root": "Transactions", "state_root": "State", "seats": "Seats"}


def check_supply(state):
    """All money that was issued and not burnt is somewhere, and every record can be read."""
    purse = PURSE.whole(state.get(PURSE_KEY))
    there = purse["fees"] + purse["treasury"]
    for key, data in state.records.items():
        found = read_record(key, data)
        there += HELD.get(key[0], lambda _: 0)(found)
    assert there == purse["issued"] - purse["burnt"], (there, purse)


# Which money is in a record of this first byte, but for the purse.
HELD = {
    5: lambda account: account["balance"],
    6: lambda node: node["stake"] + sum(one["amount"] for one in node["unbonding"]),
    14: lambda channel: channel["deposit"] - channel["settled"],
    16: ledger_channels.owed,
    18: lambda dispute: 0 if dispute["stage"] == ENDED else sum(dispute["bond"]) + dispute["held"] + dispute["appeal_bond"],
    19: lambda missing: sum(missing["bond"]) + missing["held"],
    29: lambda part: sum(part["bond"]) + part["held"],
    23: lambda audit: audit["bond"] + audit["held"],
    24: lambda proposal: proposal["bond"],
    28: lambda plant: plant["bond"],
}
