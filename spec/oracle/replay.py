#!/usr/bin/env python3
"""A validator of a recorded chain (ledger.md section 14): replays it from its genesis, by the oracle's rules alone.

    python3 spec/oracle/replay.py FILE

Prints blocks, transactions, seconds and the last state root, or the first difference, and then exits 1. It asks nobody
for a certificate: what it shows is that these blocks follow from this genesis, and that every state root is theirs.
A file in JSON has cases like those of vectors/ledger_blocks.json: transactions that were offered to proposers, the
blocks that these made, and the rejections of what they left out.
"""

import json
import pathlib
import sys
from itertools import zip_longest
from time import monotonic_ns

import ledger as form
import ledger_rules as rules
from exact import Refused
from receipt_decode import Input, true

MAGIC = b"probity recording v1"
GENESIS_MOST = 1 << 27


def pieces(data):
    """The genesis and the blocks of a recording, in bytes."""
    i = Input(data)
    true(i.take(len(MAGIC)) == MAGIC, "Magic")
    yield i.take(i.count(4, GENESIS_MOST))
    while i.at < len(data):
        yield i.take(i.count(4, form.BLOCK_MOST))


def replay(data):
    """Blocks, transactions and the last state root; or Refused with the block's height."""
    height = transactions = 0
    try:
        recording = pieces(data)
        state, header = rules.begin(next(recording))
        for block in recording:
            height += 1
            state, header = rules.follow(state, header, block)
            transactions += header["transactions"]
        rules.check_supply(state)
    except Refused as why:
        raise Refused(f"block {height}: {why}") from None
    return height, transactions, state.root()


def offered(case):
    """The same of a case of offers."""
    inputs, expected = case["inputs"], case["expected"]
    state, header = rules.begin(bytes.fromhex(inputs["genesis"]))
    true(form.HEADER.write(header).hex() == expected["block_0"], "block 0")
    transactions = 0
    for height, (one, said) in enumerate(zip(inputs["blocks"], expected["blocks"], strict=True), 1):
        sent = [bytes.fromhex(data) for data in one["transactions"]]
        opening = (bytes.fromhex(one["proposer"]), int(one["stamp"]), bytes.fromhex(one["beacon"]))
        header, taken, state, left_out = rules.propose(state, header, *opening, sent)
        differs = [pair for pair in zip_longest(left_out, map(tuple, said["left_out"])) if pair[0] != pair[1]]
        if differs:
            found, told = differs[0]
            at = min(pair[0] for pair in differs[0] if pair)
            made = form.TRANSACTION.whole(sent[at])
            raise Refused(f"block {height}, transaction {at} of kind {made['kind']}: left out here {found}, there {told}: {made['body'].hex()}")
        true(form.HEADER.write(header).hex() == said["header"], f"block {height}: another header")
        transactions += len(taken)
    rules.check_supply(state)
    return len(inputs["blocks"]), transactions, state.root()


def judged(data):
    if data[:1] != b"{":
        return [replay(data)]
    return [offered(case) for case in json.loads(data)["cases"]]


def main():
    if len(sys.argv) != 2:
        print("usage: replay.py FILE")
        return 2
    began = monotonic_ns()
    try:
        found = judged(pathlib.Path(sys.argv[1]).read_bytes())
    except Refused as why:
        print(f"differs: {why}")
        return 1
    tenths = (monotonic_ns() - began) // 100000000
    for blocks, transactions, root in found:
        print(f"{blocks} blocks, {transactions} transactions, {tenths // 10}.{tenths % 10} seconds, state root {root.hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
