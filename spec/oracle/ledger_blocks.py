"""Cases of ledger.md sections 4 to 8: a genesis and blocks of transactions, what is taken, and blocks that may not follow."""

import golden_group
import ledger as form
import ledger_audit_cases
import ledger_channel_cases
import ledger_dispute_cases
import ledger_double_cases
import ledger_group_cases
import ledger_missing_cases
import ledger_node_cases
import ledger_package_cases
import ledger_part_cases
import ledger_plant_cases
import ledger_proposal_cases
import ledger_rules as rules
import ledger_seat_cases
import ledger_shown_cases
import ledger_stake_cases
from ledger_world import A_GROUP, BEACON, FEE_MOST, RICH, World, genesis, public, secret

TRANSFER = 1


def replayed(inputs):
    """The genesis's state and header, then per block: header, bytes, state, what is left out."""
    state, header = rules.begin(bytes.fromhex(inputs["genesis"]))
    steps = []
    for one in inputs["blocks"]:
        sent = [bytes.fromhex(data) for data in one["transactions"]]
        opening = (bytes.fromhex(one["proposer"]), int(one["stamp"]), bytes.fromhex(one["beacon"]))
        made, taken, after, left_out = rules.propose(state, header, *opening, sent)
        data = form.block(made, taken)
        judged, again = rules.follow(state, header, data)
        assert judged.root() == after.root() and again == made
        steps.append((made, data, after, left_out))
        state, header = after, made
    return state, header, steps


def evaluate(inputs):
    first, zero = rules.begin(bytes.fromhex(inputs["genesis"]))
    state, header, steps = replayed(inputs)
    if "block" in inputs:
        rules.follow(state, header, bytes.fromhex(inputs["block"]))
        return {"follows": True}
    check_root(state)
    # A header is of all those before it: those of empty blocks need not be said.
    shown = [bool(one["transactions"]) for one in inputs["blocks"][:-1]] + [True]
    return {
        "network": first.hashes.network.hex(),
        "block_0": form.HEADER.write(zero).hex(),
        "blocks": [
            {"header": form.HEADER.write(made).hex() if show else None, "left_out": [list(one) for one in left_out]}
            for show, (made, _, _, left_out) in zip(shown, steps)
        ],
    }


def check_root(state):
    """What was changed again and again has the root of its entries, each of which is a record; no money is made or lost."""
    again = rules.Draft(rules.State(state.hashes, {}, None))
    again.changes.update(state.records)
    assert again.over(again.below).root() == state.root()
    rules.check_supply(state)


def transfer(to, amount):
    return {"to": to if isinstance(to, bytes) else public(to), "amount": amount}


SHORT = [(number, 60000) for number in (40, 46, 53, 54, 55)]  # the windows of an audit


def base_cases():
    """Steps 1, 2 and 4 of section 4, kind 1, time and epochs."""
    w = World().block()
    w.send(1, TRANSFER, transfer(2, 1000)).send(1, TRANSFER, transfer(77, 1000)).send(2, TRANSFER, transfer(1, 5))
    w.block().send(1, TRANSFER, transfer(77, 1)).send(77, TRANSFER, transfer(78, 1), 4)
    yield "transfers", w

    w = World().block()
    w.send(1, 0, b"", 1).send(1, 65535, b"", 1).send(1, 65535, b"", 1, number=5)
    w.send(1, TRANSFER, bytes(47), 2).send(1, TRANSFER, bytes(49), 2).send(1, TRANSFER, bytes(47), 2, number=5)
    w.send(1, TRANSFER, transfer(2, 1), 3, number=1).send(77, TRANSFER, transfer(2, 0), 3, number=1)
    w.send(1, TRANSFER, transfer(2, 0), 6).send(1, TRANSFER, transfer(1, 0), 6).send(1, TRANSFER, transfer(1, 1), 7)
    w.send(1, TRANSFER, transfer(1, RICH + 1), 7).send(1, TRANSFER, transfer(2, RICH + 1), 8)
    w.send(1, TRANSFER, transfer(2, RICH), 4).send(1, TRANSFER, transfer(2, RICH - 7859), 4)
    w.send(1, TRANSFER, transfer(2, 1), 5, fee_max=7859).send(1, TRANSFER, transfer(2, RICH), 5, fee_max=7859)
    w.send(1, TRANSFER, transfer(2, (1 << 128) - 1), 8).send(77, TRANSFER, transfer(2, 1), 8)
    w.send(1, TRANSFER, transfer(2, RICH - 7860), fee_max=7860).send(1, TRANSFER, transfer(2, 1), 8)
    w.block().send(1, TRANSFER, transfer(2, 1), 3, number=0).send(2, TRANSFER, transfer(1, 5))
    yield "rejections of every step", w

    w = World(parameters=[(1, 0), (2, 0), (3, 0)]).block()
    w.send(1, TRANSFER, transfer(2, RICH), fee_max=0).send(77, TRANSFER, transfer(2, 1), 8, fee_max=0)
    w.send(2, TRANSFER, transfer(77, 3), fee_max=0).send(77, TRANSFER, transfer(2, 3), fee_max=0)
    w.block().send(77, TRANSFER, transfer(2, 1), 8).send(1, TRANSFER, transfer(2, 1), 8).send(2, TRANSFER, transfer(1, 1))
    yield "nothing is charged for", w

    w = World(parameters=[(1, 7), (2, 3), (3, 11), (48, 10338), (62, 10338)]).block()
    w.send(1, TRANSFER, transfer(77, 1), 5, fee_max=7 * 176 + 183 + 11 * 57 - 1).send(1, TRANSFER, transfer(77, 1), fee_max=7 * 176 + 183 + 11 * 57)
    w.send(1, TRANSFER, transfer(77, 1), fee_max=7 * 176 + 183).send(2, TRANSFER, transfer(1, 1), 5, fee_max=7 * 176 + 182)
    yield "other fees", w

    w = World()
    for passed in (1, 9999, 10000, 10001, 86400000, 400):
        w.block(passed)
    yield "block time", w

    w = World(parameters=[(4, 10000), (5, 1000), *SHORT])
    for passed in (1000,) * 9 + (999, 1, 5000, 1):
        w.block(passed, proposer=12, at_once=True)
    for _ in range(12):
        w.block(1000, proposer=14, beacon=bytes(32))
    yield "epochs", w

    yield "block 0 alone", World()
    yield "another network, nobody has anything", World(kind=(3, A_GROUP), accounts=[], treasury=0).block().send(1, TRANSFER, transfer(2, 1), 8)
    most = (1 << 128) - 1
    w = World(accounts=[(public(1), most)], treasury=0).block().send(1, TRANSFER, transfer(2, most - FEE_MOST)).send(2, TRANSFER, transfer(1, most - 2 * FEE_MOST))
    yield "as much money as there may be", w


def geneses():
    """Geneses that begin no network, and such at a bound."""
    one = lambda name, **changed: (name, {"genesis": genesis(**changed).hex(), "blocks": []})  # noqa: E731
    most = (1 << 128) - 1
    return [
        one("genesis without seats refused", seats=[]),
        one("genesis with an account of nothing refused", accounts=[(public(1), 0)]),
        one("genesis with a parameter that nobody knows refused", parameters=[(9999, 1)]),
        one("genesis with a parameter 0 refused", parameters=[(0, 0)]),
        one("genesis with parameters at their bounds", parameters=[(1, 0), (4, 604800000), (5, 1000), (11, 31536000000), (14, 31536000000), (31, 1209720000), (32, 2), (49, 6)]),
        one("genesis with values that just go together", parameters=[(11, 243 * 3610000), (14, 9 * 3610000), (31, 2 * 3610000), (32, 239), (63, 242)]),
        one("genesis in which stake leaves too early refused", parameters=[(11, 243 * 3610000 - 1), (14, 9 * 3610000)]),
        one("genesis in which stake leaves before the least time refused", parameters=[(11, 1209599999)]),
        one("genesis in which stake leaves after the least time", parameters=[(11, 1209599999), (14, 1209599999)]),
        one("genesis in which the least time has no room for nine epochs refused", parameters=[(14, 9 * 3610000 - 1)]),
        one("genesis in which keys end too early refused", parameters=[(31, 2 * 3610000 - 1)]),
        one("genesis in which pay comes too early refused", parameters=[(32, 240)]),
        one("genesis in which plants end too early refused", parameters=[(63, 241)]),
        one("genesis in which answers are shown too late refused", parameters=[(53, 26 * 3600000 - 86400000 + 1)]),
        one("genesis in which audits take too long refused", parameters=[(54, 61200001)]),
        one("genesis in which audits take as long as they may", parameters=[(54, 61200000)]),
        one("genesis in which an epoch has too few blocks refused", parameters=[(4, 39999), *SHORT]),
        one("genesis in which an epoch has four blocks", parameters=[(4, 40000), *SHORT]),
        one("genesis in which nothing can be cancelled refused", parameters=[(72, 432000000)]),
        one("genesis in which there is a moment to cancel", parameters=[(72, 432000001)]),
        one("genesis in which audits cost too much refused", parameters=[(56, 600001)]),
        one("genesis in which accusing who sleeps costs just what it pays", parameters=[(48, 450680)]),
        one("genesis in which something is won by accusing who sleeps refused", parameters=[(48, 450681)]),
        one("genesis in which finding a plant costs just what it pays", parameters=[(62, 553690)]),
        one("genesis in which something is won by finding one's own plant refused", parameters=[(62, 553691)]),
        one("genesis in which fees are too small for what is paid refused", parameters=[(2, 0)]),
        one("genesis with a parameter above its bound refused", parameters=[(4, 604800001)]),
        one("genesis with a parameter below its bound refused", parameters=[(5, 999)]),
        one("genesis with a unit too much refused", accounts=[(public(1), 1)], treasury=most),
        one("genesis with the most money", accounts=[(public(1), 1)], treasury=most - 1),
    ]


def refused_blocks():
    """A block with one thing changed; as it is it follows."""
    w = World().block(500).send(1, TRANSFER, transfer(2, 5))
    before = w.inputs()
    state, header, _ = replayed(before)
    hashes = state.hashes
    sign = lambda name, number, body, here=hashes: form.signed(here, secret(name), {  # noqa: E731
        "kind": TRANSFER, "number": number, "fee_max": FEE_MOST, "body": rules.TRANSFER.write(body)})  # fmt: skip
    sent = [sign(1, 1, transfer(2, 5)), sign(2, 0, transfer(3, 5))]
    opening = (public(11), header["stamp"] + 250, BEACON)
    made, taken, _, left_out = rules.propose(state, header, *opening, sent)
    assert left_out == []
    case = lambda name, data: (name, {**before, "block": data.hex()})  # noqa: E731

    def other(name, all_bytes=taken, **changed):
        return case(f"a block with another {name} refused", form.block({**made, **changed}, all_bytes))

    def holding(name, *all_bytes, **changed):
        fields = {"transactions": len(all_bytes), "transactions_root": form.transactions_root(hashes, all_bytes), **changed}
        return case(f"a block {name} refused", form.block({**made, **fields}, all_bytes))

    one = bytearray(sent[1])
    one[-1] ^= 1
    elsewhere = form.Hashes(bytes(32))
    return [
        case("a block that follows", form.block(made, taken)),
        other("version of rules", rules=2), other("version of rules, zero", rules=0),
        other("height", height=made["height"] + 1), other("height, the parent's", height=header["height"]),
        other("parent", parent=bytes(32)), other("parent, the one before", parent=header["parent"]),
        other("stamp", stamp=made["stamp"] + 1), other("stamp, the parent's", stamp=header["stamp"], time=header["time"]),
        other("stamp, before the parent's", stamp=header["stamp"] - 1), other("time", time=made["time"] + 1),
        other("epoch", epoch=2), other("proposer, who has no seat", proposer=public(1)), other("proposer, zeros", proposer=bytes(32)),
        other("beacon", beacon=bytes(32)), other("root of transactions", transactions_root=bytes(32)),
        other("state root", state_root=header["state_root"]), other("seats", seats=bytes(32)),
        other("count, one less", transactions=1), other("count, one more", transactions=3),
        other("transactions, swapped", taken[::-1]), other("transactions, one left out", taken[:1], transactions=1),
        holding("whose order is not the numbers'", sent[0], sign(1, 3, transfer(2, 5))),
        holding("with a transaction twice", *sent, sent[0]),
        holding("with a rejected transaction", *sent, sign(3, 0, transfer(2, 0))),
        holding("with a signature that does not hold", sent[0], bytes(one)),
        holding("with a transaction of another network", sent[0], sign(2, 0, transfer(3, 5), elsewhere)),
        holding("with a transaction cut", sent[0], sent[1][:-1]),
        holding("without what changed the state"),
        ("block 0 after itself refused", {"genesis": before["genesis"], "blocks": [], "block": form.HEADER.write(rules.begin(genesis())[1]).hex()}),
    ]  # fmt: skip


WORLDS = []  # what was made: a name and a world each


def cases():
    groups = (ledger_node_cases, ledger_stake_cases, ledger_seat_cases, ledger_package_cases, ledger_channel_cases, ledger_audit_cases, ledger_plant_cases)
    makers = (base_cases, *(group.worlds for group in groups))
    WORLDS.extend(world for maker in makers for world in maker())
    return [(name, world.inputs()) for name, world in WORLDS] + geneses() + ledger_seat_cases.refused_geneses() + refused_blocks()


def of_proposals():
    """A file of their own: what all stake decides, and the seats for a group."""
    return of(ledger_proposal_cases, ledger_group_cases, golden_group) + ledger_group_cases.refused_geneses()


def of_disputes():
    """A file of their own: steps that are disputed."""
    return of(ledger_dispute_cases)


def of_missing():
    """A file of their own: what else answers for jobs."""
    return of(ledger_missing_cases, ledger_double_cases, ledger_part_cases)


def of_answers():
    """A file of their own: answers that are drawn, and shown."""
    return kept(list(ledger_shown_cases.answers()))


def of_audits():
    """A file of their own: what else becomes of what is drawn."""
    return of(ledger_shown_cases)


def of(*groups):
    return kept([world for group in groups for world in group.worlds()])


def kept(made):
    WORLDS.extend(made)
    return [(name, world.inputs()) for name, world in made]
