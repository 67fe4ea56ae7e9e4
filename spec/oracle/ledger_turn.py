"""What the ledger's rules work on: states, drafts of changes over them, parameters, and what a rule sees of one transaction."""

import pathlib
import re

import ledger_tree as tree
from ledger_records import ACCOUNT, PARAMETERS, PARAMETERS_KEY, PURSE, PURSE_KEY, account_key

NONE_MADE = {"balance": 0, "made": 0}
MADE_MOST = TIME_MOST = (1 << 64) - 1
MONEY_MOST = (1 << 128) - 1
ECONOMICS = pathlib.Path(__file__).resolve().parents[2].joinpath("docs", "economics.md")
ROW = re.compile(r"\| (\d+) \| `(\w+)` \| [^|]* \| (\d+) \| (\d+) to (\d+) \|")


def parameter_table():
    """By number: name, default, least, most. The page is the table."""
    rows = [ROW.match(line) for line in ECONOMICS.read_text().splitlines()]
    return {int(row[1]): (row[2], int(row[3]), int(row[4]), int(row[5])) for row in rows if row}


TABLE = parameter_table()
NUMBERS = {name: number for number, (name, _, _, _) in TABLE.items()}


class Rejected(Exception):
    """A transaction is not taken: the number of section 6."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def reject_unless(condition, number):
    if not condition:
        raise Rejected(number)


class State:
    """Never altered: the records by key, and their tree."""

    def __init__(self, hashes, records, grown):
        self.hashes, self.records, self.tree = hashes, records, grown

    def root(self):
        return tree.root_of(self.tree)

    def get(self, key):
        return self.records.get(key)


PLACES = {}  # of (network, key): every record of an account is one place
PLACES_MOST = 1 << 16


def place_of(hashes, key):
    if (hashes.network, key) not in PLACES:
        if len(PLACES) == PLACES_MOST:
            PLACES.clear()
        PLACES[hashes.network, key] = tree.place_of(hashes, key)
    return PLACES[hashes.network, key]


class Draft:
    """Changes over what stands below: a state or another draft."""

    def __init__(self, below):
        self.below, self.changes = below, {}

    def get(self, key):
        return self.changes[key] if key in self.changes else self.below.get(key)

    def put(self, key, data):
        self.changes[key] = data

    def remove(self, key):
        self.changes[key] = None

    def read(self, key, kind, absent=None):
        data = self.get(key)
        return absent if data is None else kind.whole(data)

    def write(self, key, kind, value):
        self.put(key, kind.write(value))

    def over(self, state):
        """The state with these changes."""
        new = {key: data for key, data in self.changes.items() if data != state.records.get(key)}
        records = {**state.records, **new}
        for key in [key for key, data in new.items() if data is None]:
            del records[key]
        hashes = state.hashes
        values = {place_of(hashes, key): data if data is None else tree.value_of(hashes, data) for key, data in new.items()}
        return State(hashes, records, tree.changed(hashes, state.tree, values))


class Turn:
    """What a rule sees of one transaction: its draft, the block's clock, the parameters, who pays."""

    def __init__(self, execution, made, draft):
        self.hashes, self.clock, self.draft, self.before = execution.hashes, execution.clock, draft, execution.state
        self.payer, self.number = made["payer"], made["number"]

    def parameter(self, name):
        """As it was before the block."""
        return parameter(self.before, name)

    def balance(self, key):
        return self.draft.read(account_key(key), ACCOUNT, NONE_MADE)["balance"]

    def pay(self, key, amount):
        """Money into an account: never more than there is."""
        account = self.draft.read(account_key(key), ACCOUNT, NONE_MADE)
        balance = account["balance"] + amount
        assert balance <= MONEY_MOST
        if balance or account["made"]:
            self.draft.write(account_key(key), ACCOUNT, {**account, "balance": balance})

    def later(self, *spans):
        """The sum of times from now on: at most what a u64 says."""
        return min(self.clock["time"] + sum(spans), TIME_MOST)

    def to_treasury(self, amount):
        purse = self.draft.read(PURSE_KEY, PURSE)
        self.draft.write(PURSE_KEY, PURSE, {**purse, "treasury": purse["treasury"] + amount})

    def burn(self, amount):
        purse = self.draft.read(PURSE_KEY, PURSE)
        self.draft.write(PURSE_KEY, PURSE, {**purse, "burnt": purse["burnt"] + amount})

    def charge(self, amount, number):
        """Money out of the payer's account, or the rejection."""
        reject_unless(self.balance(self.payer) >= amount, number)
        self.pay(self.payer, -amount)


# What 50, 61 and 64 take at least: bytes, work, bytes of state.
OPENINGS = ((269, 1260, 425), (226, 2060, 258), (268, 2060, 242))


def good(values):
    """Whether these numbers and values, the last of each number, and the defaults of the others may hold: section 9."""
    if not all(number in TABLE and TABLE[number][2] <= value <= TABLE[number][3] for number, value in values):
        return False
    held = {**{number: default for number, (_, default, _, _) in TABLE.items()}, **dict(values)}
    of = lambda name: held[NUMBERS[name]]  # noqa: E731
    epoch, step, judged = of("epoch_ms"), of("time_step_ms"), of("dispute_epochs")
    show, appeal = of("show_ms"), of("appeal_ms")
    windows = 2 * show + 3 * appeal + 2 * of("commit_ms") + of("reveal_ms") + of("move_ms")
    fees = of("draw_fee") + of("auditors") * of("audit_fee") + of("plant_reward")
    prices = [of(name) for name in ("fee_byte", "fee_work", "fee_state")]
    dispute, missing, part = (sum(count * price for count, price in zip(counts, prices)) for counts in OPENINGS)
    return all((
        of("unbond_ms") >= max(of("unbond_least"), (judged + 3) * (epoch + step)),
        of("unbond_least") >= 9 * (epoch + step),
        of("anchor_late_ms") >= 2 * (epoch + step),
        epoch >= 4 * step,
        of("collect_epochs") < judged,
        of("plant_epochs") >= judged + 2,
        of("vote_ms") < of("timelock_ms"),
        show + appeal <= 26 * epoch,
        windows <= (judged // 2 - 2) * epoch,
        fees <= of("audit_unit") * of("audit_share") // 1000000,
        of("silence_fee") <= min(dispute, missing, part),
        of("plant_pay") <= dispute,
    ))  # fmt: skip


def parameters_of(state):
    return PARAMETERS.whole(state.get(PARAMETERS_KEY))


def parameter(state, name):
    number = NUMBERS[name]
    return dict(PARAMETERS.whole(state.get(PARAMETERS_KEY))).get(number, TABLE[number][1])


def grown(draft):
    """By how many bytes the state below grows: of each key for itself."""
    found = 0
    for key, data in draft.changes.items():
        if data is not None:
            old = draft.below.get(key)
            before = 0 if old is None else len(key) + len(old)
            found += max(0, len(key) + len(data) - before)
    return found
