"""Worlds of ledger.md section 7.9: proposals, votes, what is enacted, and every rejection of them."""

import ledger_proposals as rules
from ledger_dispute_cases import SOON
from ledger_node_cases import NO_CLAIM, made
from ledger_package_cases import PROGRAM, label, manifest, published
from ledger_stake_cases import UNBOND
from ledger_world import A_GROUP, RICH, World, public

BOND = 1000
LITTLE = [(1, 0), (2, 0), (3, 0), *SOON, (40, 60000), (46, 60000), (53, 60000), (11, UNBOND), (14, UNBOND)]
FREE = [*LITTLE, (70, BOND), (71, 10000), (72, 15000), (73, 60000), (74, 40), (75, 0)]
FEE, NO_FEE = (1, {"number": 1, "value": 5}), (1, {"number": 1, "value": 0})


def spend(to, amount):
    return (2, {"to": public(to), "amount": amount})


def of_rules(version, at):
    return (3, {"version": version, "at": at})


def of_group(at):
    return (5, {"key": A_GROUP, "proof": bytes(48), "at": at})


def against(proposal, proposer):
    return (4, {"proposal": proposal, "proposer": public(proposer)})


def proposed(w, name, content):
    proposal = rules.proposal_id(w.hashes, public(name), w.number(name))
    w.send(name, 80, {"content": content})
    return proposal


def ballot(proposal, node, yes=1):
    return {"proposal": proposal, "node": node, "yes": yes}


def enact(proposal, proposer, content):
    return {"proposal": proposal, "proposer": public(proposer), "content": content}


def staked(w, owner, stake):
    """A node with so much at stake."""
    node = made(w, owner, 20 + owner, transport=NO_CLAIM, validator=NO_CLAIM)
    if stake:
        w.send(owner, 6, {"node": node, "amount": stake})
    return node


def council(*stakes, **changed):
    w = World(**{"parameters": FREE, **changed}).block()
    return w, [staked(w, 1 + at, stake) for at, stake in enumerate(stakes)]


def wait(w, *passed):
    for one in passed:
        w.block(one)
    return w


def enacted_worlds():
    w, nodes = council(400, 300, 300)
    fee, money, last, stop = (proposed(w, 1, content) for content in (FEE, spend(77, 500), of_rules(2, 1 << 63), NO_FEE))
    end = proposed(w, 2, against(stop, 1))
    for proposal in (fee, money, last, stop, end):
        for at, node in enumerate(nodes):
            w.send(1 + at, 81, ballot(proposal, node, int(at != 2)))
    w.block().send(3, 81, ballot(fee, nodes[2])).send(2, 81, ballot(fee, nodes[1], 0)).send(1, 7, {"node": nodes[0], "amount": 300})
    w.send(1, 81, ballot(last, nodes[0])).send(1, 6, {"node": nodes[0], "amount": 300}).send(1, 81, ballot(last, nodes[0]))
    wait(w, 8999).send(3, 83, enact(end, 2, against(stop, 1)), 168)
    wait(w, 1).send(4, 83, enact(fee, 1, FEE), 169).send(4, 83, enact(stop, 1, NO_FEE), 169).send(3, 83, enact(end, 2, against(stop, 1)))
    wait(w, 15000).send(4, 83, enact(fee, 1, FEE)).send(4, 83, enact(money, 1, spend(77, 500))).send(2, 83, enact(last, 1, of_rules(2, 1 << 63)))
    w.send(3, 83, enact(stop, 1, NO_FEE), 163).send(3, 83, enact(fee, 1, FEE), 163)
    w.send(1, 80, {"content": of_rules(2, 5)}, 161).send(1, 1, {"to": public(2), "amount": 1}, fee_max=0)
    w.block().send(1, 1, {"to": public(2), "amount": 1}, 5, fee_max=5 * 176 - 1).send(1, 1, {"to": public(2), "amount": 1}, fee_max=5 * 176)
    w.block().send(1, 8, {"node": nodes[0]}, 29)
    wait(w, UNBOND).send(1, 8, {"node": nodes[0]})
    yield "proposals of every content are enacted", w

    w, nodes = council(400, 300, 300)
    even, two_thirds, few, late = (proposed(w, 1, content) for content in (FEE, spend(1, 1), FEE, NO_FEE))
    third, back = proposed(w, 2, FEE), proposed(w, 2, FEE)
    w.send(1, 81, ballot(few, nodes[0], 0)).send(1, 81, ballot(few, nodes[0])).send(1, 7, {"node": nodes[0], "amount": 100})
    for at, proposal in ((1, even), (0, two_thirds), (0, even), (1, two_thirds)):
        w.send(2, 81, ballot(proposal, nodes[1], at)).send(3, 81, ballot(proposal, nodes[2], 1 - at if proposal == even else 1))
    w.send(1, 81, ballot(two_thirds, nodes[0], 0)).send(3, 81, ballot(late, nodes[2])).send(2, 81, ballot(late, nodes[1]))
    w.send(1, 81, ballot(third, nodes[0], 0)).send(2, 81, ballot(third, nodes[1])).send(3, 81, ballot(third, nodes[2]))
    w.send(2, 81, ballot(back, nodes[1])).send(1, 81, ballot(back, nodes[0], 0)).send(2, 82, {"proposal": back}).send(2, 82, {"proposal": back}, 163)
    w.block(10000).send(4, 83, enact(even, 1, FEE)).send(4, 83, enact(two_thirds, 1, spend(1, 1))).send(4, 83, enact(few, 1, FEE), 169)
    wait(w, 15000).send(4, 83, enact(few, 1, FEE)).send(4, 83, enact(third, 2, FEE))
    wait(w, *[10000] * 5, 9999).block(1).send(4, 83, enact(late, 1, NO_FEE))
    yield "proposals that are not carried, taken back, or too late", w

    w, nodes = council(100, 1, parameters=[*FREE[:-1], (75, 101)])
    few, enough = proposed(w, 1, FEE), proposed(w, 1, NO_FEE)
    w.send(1, 81, ballot(few, nodes[0])).send(1, 81, ballot(enough, nodes[0])).send(2, 81, ballot(enough, nodes[1]))
    wait(w, 10000, 15000).send(3, 83, enact(few, 1, FEE)).send(3, 83, enact(enough, 1, NO_FEE))
    yield "so many have to vote at least", w

    w, _ = council(0)
    nothing = proposed(w, 1, FEE)
    w.send(1, 7, {"node": bytes(32), "amount": 1}, 22)
    wait(w, 10000).send(2, 83, enact(nothing, 1, FEE))
    yield "a proposal where nobody has a stake", w

    w, nodes = council(100, parameters=[*{**dict(FREE), 11: 6000000, 14: 6000000, 31: 2000000}.items()])
    contents = [(1, {"number": number, "value": value}) for number, value in ((49, 7), (4, 606666), (32, 6), (4, 540001))]
    judged, step, later, none = (proposed(w, 1, content) for content in contents[:2] * 2)
    for proposal in (judged, step, later, none):
        w.send(1, 81, ballot(proposal, nodes[0]))
    wait(w, 10000, 15000).send(2, 83, enact(judged, 1, contents[0])).send(2, 83, enact(step, 1, contents[1]), 160)
    w.block().send(2, 80, {"content": contents[3]}, 160).send(2, 80, {"content": contents[2]}).send(3, 83, enact(later, 1, contents[0]))
    yield "values that go with the others one by one", w


def rejected_worlds():
    w, (one, two) = council(400, 0, treasury=100)
    for content, why in (
        ((1, {"number": 9999, "value": 1}), 160), ((1, {"number": 11, "value": UNBOND - 1}), 160), ((1, {"number": 49, "value": 7}), 160),
        ((1, {"number": 14, "value": UNBOND}), 160), ((1, {"number": 14, "value": UNBOND - 1}), 160),
        ((1, {"number": 32, "value": 6}), 160), ((1, {"number": 31, "value": 1199999}), 160), ((1, {"number": 63, "value": 7}), 160),
        ((1, {"number": 54, "value": 60001}), 160), ((1, {"number": 4, "value": 539999}), 160), ((1, {"number": 71, "value": 15000}), 160), ((1, {"number": 32, "value": 1}), 160), ((1, {"number": 5, "value": 999}), 160), ((1, {"number": 5, "value": 60001}), 160),
        (spend(1, 0), 6), (of_rules(0, 1), 161), (of_rules(1, 1), 161), (against(bytes(32), 1), 162), (of_group(9), 172),
    ):  # fmt: skip
        w.send(1, 80, {"content": content}, why)
    poor = World(parameters=[*LITTLE, (70, RICH + 1)]).block().send(1, 80, {"content": FEE}, 8).send(1, 80, {"content": spend(1, 0)}, 6)
    w.send(1, 80, b"\0", 2).send(1, 80, b"\5" + bytes(32), 2).send(1, 80, b"\1" + bytes(17), 2).send(1, 80, b"\1" + bytes(19), 2)
    fee = proposed(w, 1, FEE)
    w.send(2, 80, {"content": against(fee, 2)}, 164)
    nobody = bytes(32)
    w.send(1, 81, ballot(nobody, one), 162).send(1, 81, ballot(fee, nobody), 22).send(2, 81, ballot(fee, one), 23).send(2, 81, ballot(fee, two), 166)
    w.send(1, 81, fee + one + b"\2", 2).send(2, 82, {"proposal": fee}, 167).send(1, 82, {"proposal": nobody}, 162).send(1, 83, enact(nobody, 1, FEE), 162)
    w.send(1, 83, enact(fee, 2, FEE), 164).send(1, 83, enact(fee, 1, NO_FEE), 164).send(1, 83, enact(fee, 1, FEE), 168)
    money, first, second = proposed(w, 2, spend(1, 101)), proposed(w, 2, of_rules(2, 1 << 63)), proposed(w, 2, of_rules(2, 1 << 62))
    once, twice = proposed(w, 3, against(fee, 1)), proposed(w, 3, against(fee, 1))
    for proposal in (money, first, second, once, twice):
        w.send(1, 81, ballot(proposal, one))
    wait(w, 9999).send(1, 81, ballot(fee, one))
    w.block(1).send(1, 81, ballot(fee, one), 165).send(2, 81, ballot(fee, one), 165).send(1, 82, {"proposal": fee}, 165).send(2, 82, {"proposal": fee}, 167)
    w.send(1, 83, enact(fee, 1, FEE), 169)
    wait(w, 15000).send(1, 83, enact(money, 2, spend(1, 101)), 170).send(2, 83, enact(first, 2, of_rules(2, 1 << 63)))
    w.send(2, 83, enact(second, 2, of_rules(2, 1 << 62)), 161).send(2, 83, enact(once, 3, against(fee, 1))).send(2, 83, enact(twice, 3, against(fee, 1)), 163)
    w.send(1, 81, ballot(fee, one), 163).send(1, 82, {"proposal": fee}, 163).send(1, 80, {"content": against(fee, 1)}, 163)
    yield "rejections of proposals", w
    yield "a bond that nobody has", poor


def named_worlds():
    squatted, bad, unclaimed, wanted = b"smol-llm", b"smol-1lm", b"smol", b"smol-2"
    w, nodes = council(400, 300, parameters=[*FREE, (21, 60000), (22, 1000)])
    w.send(1, 10, {"program": PROGRAM}).send(1, 11, published(w, manifest(), 1)).send(3, 13, {"name": squatted}).send(3, 13, {"name": bad})
    w.block().send(3, 15, label(squatted, 1, b"1.0", 1)).send(3, 15, label(bad, 1, b"latest", 1)).send(3, 14, {"name": bad, "to": bytes(32)}, 2)
    for data in (b"\6\2ab" + public(5), b"\6\3abc" + public(5)[:31], b"\6\3abc" + public(5) + b"\0", b"\6\3a-b\0"):
        w.send(3, 80, data, 2)
    contents = [(6, {"name": name, "owner": owner}) for name, owner in (
        (squatted, public(5)), (bad, bytes(32)), (unclaimed, bytes(32)), (wanted, public(5)), (squatted, public(4)), (squatted, bytes(32)),
    )]  # fmt: skip
    voted = [(proposed(w, 4, content), content) for content in contents]
    for proposal, content in voted:
        w.send(1, 81, ballot(proposal, nodes[0])).send(2, 81, ballot(proposal, nodes[1], int(content != contents[4])))
    w.send(4, 82, {"proposal": voted[5][0]})
    wait(w, *[10000] * 3)
    for proposal, content in voted[:5]:
        w.send(6, 83, enact(proposal, 4, content))
    w.send(6, 83, enact(voted[5][0], 4, contents[5]), 163)
    w.block().send(3, 13, {"name": squatted}, 58).send(3, 15, label(squatted, 1, b"latest", 1), 61).send(5, 15, label(squatted, 1, b"latest", 1), 63)
    w.send(5, 15, label(squatted, 2, b"1.0", 1)).send(5, 13, {"name": squatted}).send(5, 14, {"name": wanted, "to": public(6)})
    for who, name in ((3, bad), (6, bad), (6, unclaimed)):
        w.send(who, 13, {"name": name}, 177)
    w.send(3, 15, label(bad, 1, b"latest", 1), 61).send(3, 14, {"name": bad, "to": public(6)}, 61)
    given = (6, {"name": bad, "owner": public(6)})
    again = proposed(w, 5, given)
    w.send(1, 81, ballot(again, nodes[0]))
    wait(w, *[10000] * 7).send(5, 13, {"name": unclaimed}, 177).send(3, 13, {"name": wanted}).send(4, 83, enact(again, 5, given))
    w.block().send(6, 15, label(bad, 3, b"latest", 1)).send(3, 13, {"name": bad}, 58).send(3, 15, label(wanted, 2, b"2", 1))
    yield "names that are given away and reserved", w


def worlds():
    yield from named_worlds()
    yield from enacted_worlds()
    yield from rejected_worlds()
