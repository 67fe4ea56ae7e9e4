"""A network of a few accounts that cases are made with: transactions block after block, each with the rejection its case expects."""

import ledger as form
import ledger_groups
import ledger_rules as rules
import receipt_ed25519 as ed25519

RICH, FEE_MOST = 1000000000, 100000000
BEACON = b"\x09" * 32
A_GROUP = ledger_groups.LIBRARY_KEY


def secret(name):
    return bytes([name] * 32)


def public(name):
    return ed25519.public_key(secret(name))


def genesis(**changed):
    """Accounts 1 to 5, seats 11 to 14."""
    made = {
        "kind": (1,), "stamp": 1700000000000, "parameters": [], "treasury": RICH, "nodes": [],
        "seats": [{"node": bytes([name] * 32), "key": public(name)} for name in range(11, 15)],
        "accounts": sorted((public(name), RICH) for name in range(1, 6)),
    }  # fmt: skip
    made.update(changed)
    if {(1, 0), (2, 0), (3, 0)} <= set(made["parameters"]):
        # Where nothing costs a fee, accusing pays nothing.
        made["parameters"] = [*{48: 0, 62: 0, **dict(made["parameters"])}.items()]
    return form.GENESIS.write({**made, "parameters": sorted(made["parameters"])})


class World:
    def __init__(self, **changed):
        self.genesis = genesis(**changed)
        self.state, self.header = rules.begin(self.genesis)
        self.hashes, self.blocks, self.open = self.state.hashes, [], None
        self.step = dict(changed.get("parameters", ())).get(5)

    def block(self, passed=1000, proposer=11, beacon=BEACON, at_once=False):
        """Ends the block before, begins the next. Where a world says how far time goes in a block, others come before it."""
        while self.step and not at_once and passed > self.step:
            self.block(self.step, proposer, beacon)
            passed -= self.step
        self.end()
        stamp = self.header["stamp"] + passed
        self.open = {"stamp": stamp, "beacon": beacon, "proposer": public(proposer), "sent": []}
        self.execution = rules.Execution(self.state, stamp, beacon)
        return self

    def end(self):
        if self.open is not None:
            sent = self.open["sent"]
            block = [self.open[name] for name in ("proposer", "stamp", "beacon")]
            header, _, state, left_out = rules.propose(self.state, self.header, *block, [data for data, _ in sent])
            assert left_out == [(at, why) for at, (_, why) in enumerate(sent) if why is not None]
            self.blocks.append(self.open)
            self.state, self.header, self.open = state, header, None
        return self

    def number(self, name):
        return self.execution.draft.read(rules.account_key(public(name)), rules.ACCOUNT, rules.NONE_MADE)["made"]

    def send(self, name, kind, body, rejected=None, fee_max=FEE_MOST, number=None):
        """A transaction of an account: a dict of its body, or bytes; and its rejection, if it is not taken."""
        data = body if isinstance(body, bytes) else rules.KINDS[kind][0].write(body)
        number = self.number(name) if number is None else number
        made = {"kind": kind, "number": number, "fee_max": fee_max, "body": data}
        return self.send_bytes(form.signed(self.hashes, secret(name), made), rejected)

    def send_bytes(self, data, rejected=None):
        found = None
        try:
            self.execution.take(form.TRANSACTION.whole(data), len(data))
        except rules.Rejected as why:
            found = why.number
        assert found == rejected, f"rejected {found}, expected {rejected}: kind {data[2] + 256 * data[3]}, block {len(self.blocks) + 1}"
        self.open["sent"].append((data, found))
        return self

    def inputs(self):
        """For a case: nothing of what comes out."""
        self.end()
        blocks = [{
            "proposer": one["proposer"].hex(), "stamp": str(one["stamp"]), "beacon": one["beacon"].hex(),
            "transactions": [data.hex() for data, _ in one["sent"]],
        } for one in self.blocks]  # fmt: skip
        return {"genesis": self.genesis.hex(), "blocks": blocks}
