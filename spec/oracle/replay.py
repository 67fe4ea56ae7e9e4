#!/usr/bin/env python3
"""A validator of a recorded chain (ledger.md section 13): replays it from its genesis, by the oracle's rules alone.

    python3 spec/oracle/replay.py FILE

Prints blocks, transactions, seconds and the last state root, or the first difference, and then exits 1. It asks nobody
for a certificate: what it shows is that these blocks follow from this genesis, and that every state root is theirs.
"""

import pathlib
import sys
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


def main():
    if len(sys.argv) != 2:
        print("usage: replay.py FILE")
        return 2
    began = monotonic_ns()
    try:
        blocks, transactions, root = replay(pathlib.Path(sys.argv[1]).read_bytes())
    except Refused as why:
        print(f"differs: {why}")
        return 1
    tenths = (monotonic_ns() - began) // 100000000
    print(f"{blocks} blocks, {transactions} transactions, {tenths // 10}.{tenths % 10} seconds, state root {root.hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
