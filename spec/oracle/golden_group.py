"""A receipt in a network whose group's key changes, from ledger.md sections 5, 7.9, 8 and 10 to 12: spec/golden/group*.json.

A whole chain by the rules, not headers made up: the seats name the group's next key, a worker anchors its log, the key changes.
The bundle has two links, the block with which it changed and one that the next key certifies. In the forged one somebody brings
a key of its own for the next one, and certifies what follows with it. Genesis and starts stand beside them, in base64.
"""

import golden
import golden_network as network
import ledger
import ledger_group_cases as cases
import ledger_groups as groups
import ledger_records as records
import ledger_tree as tree
import receipt_ed25519 as ed25519
import receipt_log as log
from ledger_node_cases import NO_CLAIM, made
from ledger_world import World, public
from receipt import Hashes

FIRST, NEXT, THIEF = 1, 2, 3  # groups, by their names
WORKER = golden.WORKER[0]
CHANGE, LAST = 5, 7  # heights
ANCHOR = b"\x11" + ed25519.public_key(golden.WORKER)


class Chain:
    def __init__(self):
        w = World(kind=(2, groups.key(FIRST)), parameters=[])
        self.hashes, self.world, self.headers = Hashes(w.hashes.network, network.BLIND), w, {}
        self.members, self.leaves = network.receipted(self.hashes)
        self.step()
        made(w, 1, WORKER, transport=NO_CLAIM, validator=NO_CLAIM)
        w.send(1, 1, {"to": public(WORKER), "amount": 100000000})
        self.step()
        w.send(5, 42, cases.named(w, CHANGE))
        self.step()
        w.send(WORKER, 24, {"size": network.LOG_SIZE, "root": log.root(self.leaves), "proof": []})
        while w.header["height"] < LAST:
            self.step()

    def step(self):
        """Ends a block, and begins the next one unless it was the last."""
        self.world.end()
        height = self.world.header["height"]
        self.headers[height] = self.world.header
        if height == CHANGE:
            self.group = self.world.state.records[records.GROUP_KEY]
        if height < LAST:
            self.world.block()

    def link(self, header, by, group=None):
        data = ledger.HEADER.write(header)
        certificate = groups.certify(self.hashes, by, ledger.header_hash(self.hashes, header))
        return data + certificate + (b"\0" if group is None else b"\1" + group)

    def start(self, height):
        return b"probity start v2" + self.hashes.network + ledger.HEADER.write(self.headers[height]) + self.group

    def bundle(self, links):
        state = self.world.state
        anchor, proof = state.records[ANCHOR], tree.prove(state.tree, tree.place_of(self.hashes, ANCHOR))
        return network.written(network.placed(self.members, self.leaves, anchor, proof, links))

    def honest(self):
        return [self.link(self.headers[CHANGE], FIRST, self.group), self.link(self.headers[LAST], NEXT)]

    def forged(self):
        """Under headers that the first group certified, and then under its own."""
        own = records.GROUP.write({**records.GROUP.whole(self.group), "key": groups.key(THIEF)})
        last = {**self.headers[LAST], "seats": ledger.group_hash(self.hashes, own)}
        return [self.link(self.headers[CHANGE], FIRST, own), self.link(last, THIEF)]


CHAIN = Chain()


def worlds():
    """What a validator has to make of the same blocks."""
    yield "a group's key changes above a log's anchor", CHAIN.world


def files():
    origin = {"genesis": CHAIN.world.genesis, "start": CHAIN.start(CHANGE), "next_start": CHAIN.start(LAST)}
    return {
        "group.bundle.json": CHAIN.bundle(CHAIN.honest()), "group_forged.bundle.json": CHAIN.bundle(CHAIN.forged()),
        "group.origin.json": network.written({name: log.based(data) for name, data in origin.items()}),
    }  # fmt: skip
