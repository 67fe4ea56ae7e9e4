"""ledger.md sections 4, 5 and 8: a state and a block in, a state out, or the reason why not.

A kind of transaction is a row of `KINDS`: how its body is read, its work, its rule. A rule gets a `Turn` and the body.
"""

import ledger as form
import ledger_nodes
from exact import Refused
from ledger_forms import KEY, U128, record
from ledger_records import ACCOUNT, CLOCK, CLOCK_KEY, NODE, PARAMETERS, PARAMETERS_KEY, PURSE, PURSE_KEY, SEATS, SEATS_KEY, account_key, node_key
from ledger_records import read as read_record
from ledger_turn import MADE_MOST, MONEY_MOST, NONE_MADE, TABLE, Draft, Rejected, State, Turn, grown, parameter, reject_unless
from receipt import Hashes
from receipt_decode import true

RULES = 1


# Section 7


TRANSFER = record((("to", KEY), ("amount", U128)))


def transfer(turn, body):
    reject_unless(body["amount"] > 0, 6)
    reject_unless(body["to"] != turn.payer, 7)
    turn.charge(body["amount"], 8)
    turn.pay(body["to"], body["amount"])


def one(_):
    return 1


KINDS = {1: (TRANSFER, one, transfer), **ledger_nodes.KINDS}


# Section 5


class Execution:
    """A block as it is made: its clock set, then transaction by transaction."""

    def __init__(self, state, stamp, beacon):
        self.state, self.hashes, self.draft = state, state.hashes, Draft(state)
        clock = self.draft.read(CLOCK_KEY, CLOCK)
        true(stamp > clock["stamp"], "Stamp")
        step = min(stamp - clock["stamp"], parameter(self.draft, "time_step_ms"))
        time = clock["time"] + step
        clock = {**clock, "height": clock["height"] + 1, "stamp": stamp, "time": time, "beacon": beacon}
        if time >= clock["epoch_began"] + parameter(self.draft, "epoch_ms"):
            clock = {**clock, "epoch": clock["epoch"] + 1, "epoch_began": time}
            end_epoch(self.draft)
        self.clock = clock
        self.draft.write(CLOCK_KEY, CLOCK, clock)

    def take(self, made, length):
        """A transaction of so many bytes, or Rejected and nothing done."""
        draft = Draft(self.draft)
        reject_unless(made["kind"] in KINDS, 1)
        body_form, work, rule = KINDS[made["kind"]]
        try:
            body = body_form.whole(made["body"])
        except Refused:
            raise Rejected(2) from None
        key = account_key(made["payer"])
        account = draft.read(key, ACCOUNT, NONE_MADE)
        reject_unless(made["number"] == account["made"], 3)
        reject_unless(account["made"] < MADE_MOST, 9)
        draft.write(key, ACCOUNT, {**account, "made": account["made"] + 1})
        turn = Turn(self, made, draft)
        rule(turn, body)
        rates = [parameter(draft, name) for name in ("fee_byte", "fee_work", "fee_state")]
        fee = sum(rate * count for rate, count in zip(rates, (length, work(body), grown(draft))))
        reject_unless(fee <= made["fee_max"], 5)
        turn.charge(fee, 4)
        purse = draft.read(PURSE_KEY, PURSE)
        draft.write(PURSE_KEY, PURSE, {**purse, "fees": purse["fees"] + fee})
        self.draft.changes.update(draft.changes)

    def finish(self):
        return self.draft.over(self.state)


def end_epoch(draft):
    """Section 7.2, the pay; seats are not shared anew here yet: nobody stands."""
    purse, seats = draft.read(PURSE_KEY, PURSE), draft.read(SEATS_KEY, SEATS)
    wanted = parameter(draft, "issued_epoch")
    issued = wanted if purse["issued"] + wanted <= MONEY_MOST else 0
    each, treasury = divmod(purse["fees"] + issued, len(seats))
    for seat in seats:
        node = draft.read(node_key(seat["node"]), NODE)
        if node is None:
            treasury += each
        elif each:
            key = account_key(node["owner"])
            account = draft.read(key, ACCOUNT, NONE_MADE)
            draft.write(key, ACCOUNT, {**account, "balance": account["balance"] + each})
    draft.write(PURSE_KEY, PURSE, {**purse, "fees": 0, "treasury": purse["treasury"] + treasury, "issued": purse["issued"] + issued})


def begin(genesis):
    """The first state and block 0's header, of the genesis's bytes."""
    made = form.GENESIS.whole(genesis)
    hashes = Hashes(form.network_of(genesis))
    true(made["seats"] != [], "Seats")
    assert made["nodes"] == [], "nodes of a genesis are not here yet"
    true(all(number in TABLE and TABLE[number][2] <= value <= TABLE[number][3] for number, value in made["parameters"]), "Parameters")
    true(all(balance > 0 for _, balance in made["accounts"]), "Money")
    issued = made["treasury"] + sum(balance for _, balance in made["accounts"])
    true(issued <= MONEY_MOST, "Money")
    draft = Draft(State(hashes, {}, None))
    draft.write(PARAMETERS_KEY, PARAMETERS, made["parameters"])
    draft.write(SEATS_KEY, SEATS, made["seats"])
    for key, balance in made["accounts"]:
        draft.write(account_key(key), ACCOUNT, {"balance": balance, "made": 0})
    draft.write(PURSE_KEY, PURSE, {"fees": 0, "treasury": made["treasury"], "issued": issued, "burnt": 0})
    clock = {"height": 0, "stamp": made["stamp"], "time": 0, "epoch": 1, "epoch_began": 0, "beacon": hashes.network}
    draft.write(CLOCK_KEY, CLOCK, clock)
    state = draft.over(draft.below)
    return state, header_of(state, clock, form.NOWHERE, form.NOWHERE, [])


def header_of(state, clock, parent, proposer, all_bytes):
    fields = {name: clock[name] for name in ("height", "stamp", "time", "epoch", "beacon")}
    return {
        **fields, "rules": RULES, "parent": parent, "proposer": proposer, "transactions": len(all_bytes),
        "transactions_root": form.transactions_root(state.hashes, all_bytes), "state_root": state.root(),
        "seats": form.seats_hash(state.hashes, state.get(SEATS_KEY)),
    }  # fmt: skip


def has_seat(state, key):
    return any(seat["key"] == key for seat in SEATS.whole(state.get(SEATS_KEY)))


def propose(state, parent, proposer, stamp, beacon, all_bytes):
    """The next block of what is taken of these transactions: header, their bytes, state, and what is left out and why."""
    execution, taken, left_out = Execution(state, stamp, beacon), [], []
    for at, data in enumerate(all_bytes):
        made = form.TRANSACTION.whole(data)
        assert form.authentic(state.hashes, made)
        try:
            execution.take(made, len(data))
            taken.append(data)
        except Rejected as rejected:
            left_out.append((at, rejected.number))
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
    for made, one_of_them in zip(transactions, all_bytes):
        true(form.authentic(state.hashes, made), "Signature")
        try:
            execution.take(made, len(one_of_them))
        except Rejected:
            raise Refused("Rejected") from None
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
HELD = {5: lambda account: account["balance"]}
