#!/usr/bin/env python3
"""What the ledger's parameters are computed from: prints the tables of economics.md; --check compares them with the page.

Exact fractions, rounded when printed. Assumptions stand at the top; what is a parameter of the ledger is read from the
page's own table. Needs nothing but Python 3.10 or later.
"""

import pathlib
import re
import sys
from fractions import Fraction as F

PAGE = pathlib.Path(__file__).with_name("economics.md")
BEGIN, END = "<!-- printed by economics.py -->", "<!-- end -->"

# Nobody has measured these: they say for whom the numbers hold. Costs are parts of an answer's price.
ASSUMED = {
    "money an answer costs": F(1_000_000),
    "cost of an honest answer": F(70, 100),
    "cost of a cheap false one": F(10, 100),
    "replay / generation": F(35, 100),  # benchmarks.md prints 0.19 to 0.42
    "auditors' stake in one hand": F(1, 3),
    "answers of a worker an hour": F(60),
}

# Nobody can know it beforehand: how many workers plant.
PLANNED = {"plant_rate": F(2, 100)}  # of audits

# Parameters of audits, from the page's table: amounts in answers' prices.
AUDIT = {}

# Parameters of disputes, from the page's table: amounts in answers' prices.
DISPUTE = {}


def rows():
    found = re.findall(r"^\| \d+ \| `(\w+)` \| [^|]+ \| (\d+) \|", PAGE.read_text(), re.M)
    return {name: int(value) for name, value in found}


def decimal(value, digits=2):
    scaled = round(F(value) * 10**digits)
    text = f"{abs(scaled):0{digits + 1}d}"
    return ("-" if scaled < 0 else "") + text[:-digits] + "." + text[-digits:]


def table(head, lines):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for line in lines:
        yield "| " + " | ".join(str(cell) for cell in line) + " |"
    yield ""


def detection(share):
    """An answer's chance to be audited by at least one who is not of the worker's hand."""
    drawn = 1 / AUDIT["audit_unit"]
    return drawn * (1 - share ** AUDIT["auditors"])


def worker():
    gain = ASSUMED["cost of an honest answer"] - ASSUMED["cost of a cheap false one"]
    for share in (F(0), F(1, 10), F(1, 3), F(1, 2)):
        seen = detection(share)
        kept = 1 - DISPUTE["challenger_share"]
        least = gain / (seen * kept)
        expected = gain - seen * (DISPUTE["slash"] * kept + 1)
        yield decimal(share), decimal(seen, 3), decimal(least, 1), decimal(DISPUTE["slash"], 0 + 1), decimal(expected)


def bulk():
    """False answers that are given before the first is found: each is drawn with the same chance, and drawn is refuted."""
    seen, share = detection(F(0)), AUDIT["audit_share"]
    gain = ASSUMED["cost of an honest answer"] - ASSUMED["cost of a cheap false one"]
    stake = DISPUTE["slash"]  # the least that settles
    for lies in (1, 10, 50, 100, 200, 1000, 5000):
        alone = loses = F(0)
        whole, rest = seen.denominator, seen.denominator - seen.numerator
        weight = rest**lies
        for found in range(lies + 1):
            # A friend accuses: it has a share of what the stake gives, not of what pays a debt.
            cost = found * DISPUTE["slash"]
            of_stake = min(cost, stake)
            void, waits = found * (1 - share), (lies - found) * (1 - share)
            base = of_stake * (1 - DISPUTE["challenger_share"]) + void
            alone += weight * base
            loses += weight * (base + min(cost - of_stake, waits))
            weight = weight * (lies - found) * seen.numerator // ((found + 1) * rest)
        alone, loses = alone / whole**lies, loses / whole**lies
        assert loses > lies * gain, "who lies often at once wins"
        yield lies, decimal(lies * seen, 2), decimal(lies * gain, 1), decimal(alone, 1), decimal(loses, 1), decimal(lies * gain - alone, 1), decimal(lies * gain - loses, 1)


def auditor():
    cost = ASSUMED["replay / generation"] * ASSUMED["cost of an honest answer"]
    fee = AUDIT["audit_fee"]
    for rate in (F(0), F(1, 200), PLANNED["plant_rate"], F(1, 20)):
        honest, lazy = fee - cost, fee - rate * AUDIT["lazy_slash"]
        yield decimal(rate, 3), decimal(fee), decimal(cost), decimal(honest), decimal(lazy), "yes" if honest > lazy else "**no**"


def silence():
    slash, bond, hour = DISPUTE["slash"], DISPUTE["bond"], ASSUMED["answers of a worker an hour"]
    margin = hour * (1 - ASSUMED["cost of an honest answer"])
    yield "refuted", decimal(slash + 1, 1), "the stake, the answer's pay; jail"
    yield "silent, guilty, never comes back", decimal(slash + 1, 1), "the same, held first and burnt then; jail"
    yield "silent, guilty, takes the case up and loses", decimal(slash + bond + 1, 1), "the same and a bond"
    yield "silent a second time within the window", decimal(2 * slash + 1, 1), "twice what is held"
    yield "silent, innocent, takes the case up and wins", decimal(bond, 1), f"a bond; jailed, it has no seat and no audit and its pay waits, and where its clients leave it, {decimal(margin, 1)} of margin an hour"
    yield "answers in time, innocent", decimal(-bond / 2, 1), "half of the challenger's bond, less its fees"


# Of a dispute's greatest moves and states, from the tables of dispute.md 2 and 8 and the limits of its section 6.
DISPUTED = {
    "8B/8k": {"ops of the program": 645, "block": 20, "leaves": 126, "log": 5, "tiles": 4, "states": (1073, 973, 1178, 499)},
    "at the limits": {"ops of the program": 16_384, "block": 128, "leaves": 1024, "log": 5, "tiles": 6, "states": (1201, 1133, 1306, 499)},
}
# Work of a transaction's signature.
SIGNATURE = 60
# Bytes of a transaction without its body; of a dispute_move without state and move; of 16 hashes as a move.
TRANSACTION, MOVE, CHILDREN = 128, 168, 5 + 16 * 32
OPENED = 5 + 16_384


def answered(shape, parameters):
    """Moves of a claimant that answers to the end, their bytes, and what they cost."""
    log, ops, tiles, last = shape["states"]
    children = shape["log"] + shape["tiles"] - 1
    moves = children + 4
    made = 35 + children * CHILDREN + 5 + shape["block"] * 32 + 9 + (16 + shape["leaves"]) * 32 + OPENED
    states = (1 + shape["log"]) * log + ops + (shape["tiles"] - 1) * tiles + 2 * last
    size = made + states + moves * (TRANSACTION + MOVE)
    work = moves * (SIGNATURE + 700 + shape["ops of the program"] // 4)
    return moves, size, F(size * parameters["fee_byte"] + work * parameters["fee_work"]) / ASSUMED["money an answer costs"]


def griefing(parameters):
    half = DISPUTE["bond"] / 2
    for name, shape in DISPUTED.items():
        moves, size, cost = answered(shape, parameters)
        yield name, moves, size, decimal(cost), decimal(half), decimal(half - cost)


# What accusing takes at least: bytes of the transaction without a filing or a receipt, work without a program's ops,
# bytes of the record and its key. From ledger.md 3 and 7.
ACCUSED = {
    "50 dispute_open": (TRANSACTION + 32 + 8 + 98 + 2 + 1, SIGNATURE + 1_200, 33 + 392),
    "37 vouch_dispute": (TRANSACTION + 44 + 98 + 2 + 2, SIGNATURE + 1_250, 33 + 392),
    "61 missing_open": (TRANSACTION + 32 + 2 + 64, SIGNATURE + 2_000, 33 + 225),
    "64 part_open": (TRANSACTION + 32 + 2 + 64 + 42, SIGNATURE + 2_000, 33 + 209),
}


def opening(kind, parameters):
    """What opening a case costs in fees, at least."""
    prices = [parameters[price] for price in ("fee_byte", "fee_work", "fee_state")]
    return F(sum(count * price for count, price in zip(ACCUSED[kind], prices))) / ASSUMED["money an answer costs"]


def accuser(parameters):
    fee = F(parameters["silence_fee"]) / ASSUMED["money an answer costs"]
    for name, counts in ACCUSED.items():
        cost = opening(name, parameters)
        assert fee < cost, "something is won by accusing who sleeps"
        yield name, *counts, decimal(cost, 3), decimal(fee, 3), decimal(fee - cost, 3)


class Accused:
    """A node's money as ledger.md 7.7 moves it."""

    def __init__(self, stake):
        self.stake, self.debt, self.held = stake, F(0), F(0)

    def take(self, amount):
        taken = min(amount, self.stake)
        self.stake -= taken
        return taken

    def silent(self):
        self.held = self.take(DISPUTE["slash"])

    def lose(self, held=F(0)):
        lacking = max(F(0), DISPUTE["slash"] - held)
        self.debt += lacking - self.take(lacking)

    def win_after_silence(self):
        back = max(F(0), self.held - DISPUTE["bond"])
        paid = min(back, self.debt)
        self.debt, self.stake, self.held = self.debt - paid, self.stake + back - paid, F(0)


def launderer():
    for stake, lies in ((1, 1), (1, 3), (2, 1), (3, 3), (5, 3)):
        plain, slept, silent = (Accused(stake * DISPUTE["slash"]) for _ in range(3))
        for _ in range(lies):
            plain.lose()
        slept.silent()
        for _ in range(lies):
            slept.lose()
        slept.win_after_silence()
        silent.silent()
        others = [silent.take(DISPUTE["slash"]) for _ in range(lies)]
        silent.win_after_silence()
        for held in others:
            silent.lose(held)
        for one in (slept, silent):
            assert one.stake <= plain.stake, "silence shelters a liar's stake"
        yield decimal(stake * DISPUTE["slash"], 0 + 1), lies, *(f"{decimal(one.stake, 1)}, owes {decimal(one.debt, 1)}" for one in (plain, slept, silent))


def beyond(at, usual):
    """What the bond of a case is more than the usual: the list's at-th."""
    return DISPUTE["bond"] * (2 ** max(0, at - usual) - 1)


def outage(parameters):
    usual, fee = parameters["disputes_max"], F(parameters["silence_fee"]) / ASSUMED["money an answer costs"]
    for cases in (1, 2, 8, 12, 16):
        cost = opening("61 missing_open", parameters) - fee
        lost = sum(beyond(at, usual) for at in range(1, cases + 1))
        yield cases, decimal(cases * DISPUTE["slash"], 1), decimal(cases * DISPUTE["bond"], 1), decimal((cases + 1) * DISPUTE["slash"], 1), decimal(cases * cost + lost, 2)


def filler(parameters):
    usual, least = parameters["disputes_max"], opening("50 dispute_open", parameters)
    for more in (0, 1, 2, 4, 8, 16):
        cases = usual + more
        fees = cases * least
        lost = sum(beyond(at, usual) for at in range(1, cases + 1))
        false = fees + lost + cases * DISPUTE["bond"] / 2
        # One claim, true, by as many keys: the first gets all its bond and a share of what its friend's node loses.
        true = fees + lost + DISPUTE["slash"] * (1 - DISPUTE["challenger_share"])
        yield more, decimal(DISPUTE["bond"] + beyond(cases + 1, usual), 0 + 1), decimal(false, 1), decimal(true, 1), decimal(fees, 1)


def returned():
    """A worker that pays itself, and has some of it made void by a friend who shows its lie."""
    paid = F(100)
    for name, void, lies in (("collects all", F(0), 0), ("has one answer found false", F(1), 1), ("has all found false at once", paid, 1)):
        kept = void * AUDIT["audit_share"] + (paid - void) * AUDIT["audit_share"]
        yield name, decimal(paid, 1), decimal(void, 1), decimal(kept, 1), decimal(lies * DISPUTE["slash"] * (1 - DISPUTE["challenger_share"]), 1)


def diluter():
    for times in (0, 1, 9):
        honest = F(100)
        total = honest * (1 + times)
        draws = total / AUDIT["audit_unit"]
        on_honest = draws * honest / total
        yield times, decimal(draws, 1), decimal(on_honest, 1), decimal(honest * times * AUDIT["audit_share"], 1)


# What an audit's transactions take, beside an account: of 32 with a receipt of one choice and one segment that a stop token
# ended after 129 to 256 tokens, a terms leaf that names nobody, two stop tokens and a log of 2^20 leaves; of 31 with two
# auditors. From ledger.md 3 and 7.
AUDITED = {
    "31 draw": (TRANSACTION + 76, SIGNATURE + 60, 13 + 311 + 2 * 66),
    "32 audit_show": (TRANSACTION + 44 + 2 + 370 + 64 + 2 + 223 + 9 + 1 + 2 + 208 + 2 + 152 + 1 + 2 + 308 + 1 + 2 + 747 + 138 + 64 + 40 + 32, SIGNATURE + 2_300, 0),
    "33 audit_commit, 34 audit_reveal": (2 * TRANSACTION + 76 + 109, 2 * SIGNATURE + 3, 0),
}


def audited(parameters):
    gets = {"31 draw": AUDIT["draw_fee"], "33 audit_commit, 34 audit_reveal": AUDIT["audit_fee"]}
    for name, counts in AUDITED.items():
        prices = [parameters[price] for price in ("fee_byte", "fee_work", "fee_state")]
        cost = F(sum(count * price for count, price in zip(counts, prices))) / ASSUMED["money an answer costs"]
        got = gets.get(name, F(0))
        assert got == 0 or got > cost, f"nobody pays for {name}"
        yield name, *counts, decimal(cost, 3), decimal(got, 3), decimal(got - cost, 3)
    kept = AUDIT["audit_share"] * AUDIT["audit_unit"]
    paid = AUDIT["draw_fee"] + AUDIT["auditors"] * AUDIT["audit_fee"]
    assert paid <= kept, "audits cost more than is kept for them"
    yield "kept of a unit, less all fees", "", "", "", decimal(paid, 3), decimal(kept, 3), decimal(kept - paid, 3)


# What a plant's transactions take: of 70 the record and its key, of 71 a terms leaf that names nobody. From ledger.md 3 and 7.
PLANTED = {
    "70 plant": (TRANSACTION + 41, SIGNATURE + 1, 42 + 57),
    "71 plant_meet": (TRANSACTION + 64 + 41 + 32 + 13 + 32 + 32 + 2 + 223, SIGNATURE + 50, 0),
    "72 plant_end": (TRANSACTION + 41 + 1 + 104, SIGNATURE + 1, 0),
}


def charged(counts, parameters):
    prices = [parameters[price] for price in ("fee_byte", "fee_work", "fee_state")]
    return F(sum(count * price for count, price in zip(counts, prices))) / ASSUMED["money an answer costs"]


def planter(parameters):
    """What one plant that is drawn wins, where each auditor looks at nothing with this chance and the others do."""
    kept = AUDIT["audit_share"] * AUDIT["audit_unit"]
    pay, reward = (F(parameters[name]) / ASSUMED["money an answer costs"] for name in ("plant_pay", "plant_reward"))
    assert pay < opening("50 dispute_open", parameters), "a planter's friend who comes first saves it something"
    own = sum(charged(counts, parameters) for counts in (*PLANTED.values(), AUDITED["32 audit_show"]))
    vouch = opening("50 dispute_open", parameters) + answered(DISPUTED["8B/8k"], parameters)[2]
    share = AUDIT["lazy_slash"] * DISPUTE["challenger_share"]
    for lazy in (F(0), F(1, 20), F(1, 10), F(1, 5), F(1, 2)):
        alarm = 1 - lazy ** AUDIT["auditors"]
        won = AUDIT["auditors"] * lazy * (share - vouch)
        lost = kept + own + alarm * (pay - reward)
        yield decimal(lazy), decimal(kept, 3), decimal(own, 3), decimal(alarm * (pay - reward), 3), decimal(won, 2), decimal(won - lost, 2)
    # Who is worker, client, whoever draws and all auditors, and finds its own plant: fees of the treasury for nothing.
    fees = AUDIT["draw_fee"] + AUDIT["auditors"] * AUDIT["audit_fee"] + reward
    assert fees <= kept, "the treasury pays planters to find themselves"
    spent = own + opening("50 dispute_open", parameters) + sum(charged(AUDITED[name], parameters) for name in AUDITED if "show" not in name)
    yield "all its own", decimal(kept, 3), decimal(spent, 3), decimal(-fees, 3), "0.00", decimal(fees - kept - spent, 2)


def farmer():
    """Who settles a little with itself, draws and audits it: what it is paid, by how likely that is, and what is kept of it."""
    paid = AUDIT["draw_fee"] + AUDIT["auditors"] * AUDIT["audit_fee"]
    for parts in (F(1, 1000), F(1, 10), F(1), F(3)):
        settled = parts * AUDIT["audit_unit"]
        draws = -(-settled // AUDIT["audit_unit"])
        likely = settled / (draws * AUDIT["audit_unit"])
        won, kept = draws * likely * paid, settled * AUDIT["audit_share"]
        assert won <= kept
        yield decimal(settled), draws, decimal(likely, 3), decimal(won, 3), decimal(kept, 3), decimal(draws * paid, 3)


# A whale's part of all stake; as how many nodes it stands, and how many others with equal stakes there are.
WHALES = (F(1, 10), F(1, 5), F(3, 10), F(2, 5), F(1, 2), F(3, 5), F(7, 10))
STANDING = ((1, 9), (1, 100), (4, 9), (4, 30), (4, 100))


def carried(stake, half, parameters):
    """Of the others' stake: how much of it votes no, at least and less than, where the whale's yes carries."""
    quorum, rest = F(parameters["quorum_percent"], 100), 1 - stake
    least = max(F(0), (quorum - stake) / rest)
    below = stake * (1 - half) / half / rest
    return (least, min(below, F(1))) if least < below else None


def turnout(stake, half, parameters):
    among = carried(stake, half, parameters)
    if among is None:
        return "never"
    least, below = among
    return "always" if (least, below) == (0, 1) else f"{decimal(least)} to {decimal(below)}"


def shared(stakes, most):
    """Seats by the greatest stake / (seats + 1), then once more with a cap (spec/ledger.md 7.2)."""
    first, cap = [0] * len(stakes), [most] * len(stakes)
    second = [0] * len(stakes)
    for seats in (first, second):
        for _ in range(most):
            free = [at for at in range(len(stakes)) if seats[at] < cap[at]]
            if free:
                seats[max(free, key=lambda at: (stakes[at] / (seats[at] + 1), -at))] += 1
        cap = [min((most - 1) // 3, 2 * had) for had in first]
    return first, second


def whale(parameters):
    for stake in WHALES:
        half, thirds = (turnout(stake, share, parameters) for share in (F(1, 2), F(2, 3)))
        yield decimal(stake), half, thirds


def seated(parameters):
    most = parameters["seats_max"]
    for stake in WHALES:
        said = []
        for nodes, others in STANDING:
            first, seats = shared([stake / nodes] * nodes + [(1 - stake) / others] * others, most)
            its, every = sum(seats[:nodes]), sum(seats)
            quorum = 2 * every // 3 + 1
            assert its < quorum or 3 * sum(first[:nodes]) >= most, "less than a third of the first seats certifies alone"
            does = "certifies alone" if its >= quorum else "stops blocks" if every - its < quorum else "neither"
            said.append(f"{its} of {every}: {does}")
        yield decimal(stake), *said


def printed():
    parameters = rows()
    for name in ("slash", "bond"):
        DISPUTE[name] = F(parameters[name]) / ASSUMED["money an answer costs"]
    DISPUTE["challenger_share"] = F(parameters["challenger_share"], 10**6)
    for name in ("audit_unit", "audit_fee", "draw_fee", "lazy_slash"):
        AUDIT[name] = F(parameters[name]) / ASSUMED["money an answer costs"]
    AUDIT.update(audit_share=F(parameters["audit_share"], 10**6), auditors=parameters["auditors"])
    yield "What is assumed, what nobody can know beforehand, and parameters (amounts in prices of an answer):"
    yield ""
    yield from table(("what", "value"), [(name, decimal(value)) for name, value in {**ASSUMED, **PLANNED, **AUDIT, **DISPUTE}.items()])
    yield "**A rational worker.** What it gains by a cheap false answer, less what it loses when one is refuted: the stake that is slashed, of which a friend who accuses it wins back the challenger's share, and the answer's pay. `least stake` is what makes the gain nothing. A **colluding pair** is the lines where a share of the auditors' stake is in its hand: it is not found where all who are drawn are its own, and each of those answers for every token that it vouched for, by its own stake and to anybody, until the dispute's epochs are over (kind 37), which is not counted here."
    yield ""
    yield from table(("auditors' stake in its hand", "seen", "least stake", "slashed", "gain of a false answer"), worker())
    yield "**Lying in bulk.** A worker with as much at stake as settling takes (`slash`) settles so many false answers before the first draw of them is looked at. How many are drawn, what it gains, what it would lose if its stake alone answered (of that its friend has a share back; and the void pay of those that were drawn), and what it loses where the pay that waits answers too: then it loses, however many they are."
    yield ""
    yield from table(("false answers", "drawn", "gains", "lost where the stake alone answers", "lost where pay does too", "left then", "left"), bulk())
    yield "**A lazy auditor**, who reveals a root that it was told, saves the replay and loses where the audit was a plant."
    yield ""
    yield from table(("plants among audits", "fee", "cost of a replay", "honest", "lazy", "honest is better"), auditor())
    yield "**An audit.** What its transactions take in fees, what is paid for them, and what is left of the share that is kept of as much as one is drawn in."
    yield ""
    yield from table(("kind", "bytes", "work", "bytes of state", "cost", "gets", "left"), audited(parameters))
    yield "**Fees for nothing.** Who settles with itself, draws and audits it wins no more than is kept of it: a draw that is not full draws nothing as often as it is empty. Without that rule it would win what the last column says."
    yield ""
    yield from table(("settles", "draws", "each draws something", "wins", "is kept", "otherwise"), farmer())
    yield "**A planter.** What one drawn plant wins, by how often an auditor looks at nothing: the audits' share of the unit that is drawn, fees, what is paid to who finds it less the reward, and the challenger's share of each lazy auditor's stake less a dispute to the end. The last line has a planter that is everybody: worker, client, drawer, auditors and accuser. Whether the planted token is false makes no difference but that an honest auditor's word about a true one can't be refuted."
    yield ""
    yield from table(("lazy", "share kept", "fees", "to the finder", "from the lazy", "wins"), planter(parameters))
    yield "**Silence.** What an accused worker loses, in prices of an answer."
    yield ""
    yield from table(("what it does", "loses", "that is"), silence())
    yield "**A challenge without ground.** What an innocent claimant pays to answer to the end, with the greatest moves there are, and what half of the challenger's bond leaves it. Nobody has to serve a program at the limits."
    yield ""
    yield from table(("program", "moves", "bytes", "cost", "half of the bond", "left"), griefing(parameters))
    yield "**Accusing who sleeps.** The least that opening a case costs in fees, what the challenger of a silent node gets beside its bond, and what that leaves it, before the fees of all that follows. Values under which something were left are none (`spec/ledger.md` section 9), and so it is with what a plant pays against the first line: whoever plants, and finds it with a friend's key before anybody else does, would keep the pay, and nobody would look."
    yield ""
    yield from table(("kind", "bytes", "work", "bytes of state", "cost", "gets", "left"), accuser(parameters))
    yield "**The launderer** lets the case of one true answer pass in silence, so that its stake is held while its lies are refuted, or lets all their cases pass in silence, and wins the first case then. What it has at the end, and owes out of all that joins its stake later: never more than who answers, and a bond less."
    yield ""
    yield from table(("stake", "lies", "all refuted", "one true case silent meanwhile", "silent in all"), launderer())
    yield "**One outage against many cases**, side by side or one after the other. What a node loses that is away, by how many cases somebody opens against it while it is, and what that costs the accuser, whose bonds lie there meanwhile. Bonds beyond the usual are not given back."
    yield ""
    yield from table(("cases", "away for good", "back in time for appeals", "away again within the window", "costs the accuser"), outage(parameters))
    yield "**Filling a list.** What the friends of a liar lose who fill its list with cases above the usual count, so that an honest challenger has to put in more, which it gets back where it is the first to refute the claim. A drawn auditor puts in the usual bond."
    yield ""
    yield from table(("above the usual", "the next one puts in", "false cases lose", "one true claim, many keys", "of that fees"), filler(parameters))
    yield "**What goes back.** A worker pays itself 100, and its friends make some of that void: the audits' share is kept of all of it, and who lies to get money back is slashed besides."
    yield ""
    yield from table(("what it does", "paid", "void", "kept", "slashed, less its friend's share"), returned())
    yield "**Dilution.** A worker that earned 100 and pays itself `times` as much: draws grow with what is settled, so those that fall on its true answers stay as many; the audit's share of its own payments is lost."
    yield ""
    yield from table(("times", "draws in all", "on true answers", "lost"), diluter())
    yield "**A whale**, by its part of all stake. How much of the others' stake votes against what it wants, from and to, where that carries all the same: a parameter, and the treasury's money, new rules, a group's key or a name; a no counts for the quorum too. All of it waits `timelock_ms` behind the vote, and no stake that voted leaves before the vote ends."
    yield ""
    yield from table(("stake", "carries a parameter", "carries the rest"), whale(parameters))
    yield "**A whale's seats**, as one node and as several, which its owner can always make of it, beside so many others with equal stakes. Where the others' stakes are great enough for a seat each it has what its own is worth and a little more, and as one node no quorum. Stake that is spread over more nodes than there are seats has few or none, whoever else stands: no rule that seats whom it can't ask can mend that, for a whale can always stand as many nodes, each a little greater than the others. Owners of small stakes have to stand together, or vote for more seats; nothing here makes them (`spec/ledger.md` section 15)."
    yield ""
    yield from table(("stake", *(f"as {nodes}, beside {others}" for nodes, others in STANDING)), seated(parameters))


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        print("usage: economics.py [--check]", file=sys.stderr)
        return 2
    text = "\n".join(printed()).rstrip() + "\n"
    if not sys.argv[1:]:
        print(text, end="")
        return 0
    page = PAGE.read_text()
    found = page[page.index(BEGIN) + len(BEGIN) : page.index(END)].strip("\n") + "\n"
    if found != text:
        print("docs/economics.md is not what docs/economics.py prints")
        return 1
    print("docs/economics.md: as the script prints it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
