#!/usr/bin/env python3
"""A referee of recorded games (dispute.md): judges every move by the oracle's rules alone.

    python3 spec/oracle/games.py FILE

The file is JSON, `games`: of each the network's and the model's id, the program, hash and length of files and of units,
and `steps`: the bytes of a state, then moves, each the side it comes from (1 claimant, 2 challenger), its bytes, and the
bytes of the state after it at the state's own deadline, or null where it is refused. Prints counts and seconds, or the
first difference, and then exits 1. `cargo xtask oracle` makes such files.
"""

import json
import pathlib
import sys
from time import monotonic_ns

import receipt_decode
import referee
import referee_forms
import referee_model
from exact import Refused

NAMES = ("claimant refuted", "challenger refuted", "claimant timed out", "challenger timed out")


def model_of(game):
    files = [(bytes.fromhex(digest), length) for digest, length in game["files"]]
    digest, length = game["units"]
    program = referee_model.read_program(bytes.fromhex(game["program"]))
    model = referee_model.Model(program, bytes.fromhex(game["model"]), files, (bytes.fromhex(digest), length))
    receipt_decode.true(model.fits(), "Parts")
    return model


def after(model, network, state, party, move):
    """The state's bytes after a move, or None and why not."""
    try:
        now = int.from_bytes(state[10:18], "little")
        return referee.played(model, network, state, party, move, now), None
    except Refused as why:
        return None, why


def judged(games, counts):
    """None, or the first difference."""
    for number, game in enumerate(games):
        model, network = model_of(game), bytes.fromhex(game["network"])
        for step, (state, moves) in enumerate(game["steps"]):
            state = bytes.fromhex(state)
            read = referee_forms.read_state(model, network, state)
            if referee_forms.write_state(read) != state:
                return f"game {number}, step {step}: the state is written otherwise"
            for at, (party, move, told) in enumerate(moves):
                found, why = after(model, network, state, party, bytes.fromhex(move))
                if (found and found.hex()) != told:
                    here = f"game {number}, step {step}, move {at}, state {read['number']}"
                    return f"{here}: here {found and found.hex()} ({why}), there {told}\n  state {state.hex()}\n  move {move[:2000]}"
                name = "refused" if found is None else outcome(found, model, network)
                counts[name] = counts.get(name, 0) + 1
    return None


def outcome(data, model, network):
    state = referee_forms.read_state(model, network, data)
    return NAMES[state["verdict"] - 1] if state["number"] == referee_forms.OVER else "taken"


def main():
    if len(sys.argv) != 2:
        print("usage: games.py FILE")
        return 2
    began, counts = monotonic_ns(), {}
    games = json.loads(pathlib.Path(sys.argv[1]).read_bytes())["games"]
    differs = judged(games, counts)
    if differs:
        print(f"differs: {differs}")
        return 1
    tenths = (monotonic_ns() - began) // 100000000
    told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    print(f"{len(games)} games: {told}, {tenths // 10}.{tenths % 10} seconds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
