#!/usr/bin/env python3
"""Writes spec/vectors/*.json and spec/golden/*.json from the oracle, or with --check compares the committed files.

--check also holds the specification's own claims (claims.py), the ban on floats (no_floats.py), the rope
frequencies and the digests of frozen files. It exits 1 naming the first difference. Needs nothing but Python 3.10 or later.
"""

import hashlib
import json
import pathlib
import sys

import cases_attention
import cases_formats
import cases_functions
import cases_llama3
import cases_joined
import cases_ops
import cases_rows
import cases_sample
import cases_spans
import cases_traces
import cases_yarn
import claims
import dispute_cases
import embedding_cases
import frequencies
import golden
import golden_group
import golden_network
import grammar_cases
import ledger_cases
import ledger_groups
import no_floats
import opened_cases
import operand_cases
import package_cases
import program_cases
import receipt_cases
import text_cases
from exact import Fault, Refused

ORACLE = pathlib.Path(__file__).resolve().parent
VECTORS, GOLDEN = ORACLE.parent.joinpath("vectors"), ORACLE.parent.joinpath("golden")
VERSION = 1
SPECS = (
    ("arithmetic", (cases_formats, cases_rows, cases_functions, cases_ops, cases_attention, cases_joined, cases_spans, cases_yarn, cases_llama3)),
    ("sampling", (cases_sample,)),
    ("program", (cases_traces, program_cases)),
    ("receipt", (receipt_cases, embedding_cases, opened_cases)),
    ("package", (package_cases,)),
    ("dispute", (dispute_cases, operand_cases)),
    ("ledger", (ledger_cases, ledger_groups)),
    ("text", (text_cases, grammar_cases)),
)
FOREIGN = {"rope_freqs.json"}  # first written with another library; its numbers are recomputed here
SIZE_MAX = 8000000


def outcome(evaluate, inputs):
    try:
        return {"expected": evaluate(inputs)}
    except Refused as refused:
        return {"refused": str(refused)}
    except Fault:
        return {"fault": True}


def line(name, inputs, result):
    promised = next((word for word in ("refused", "fault") if word in result), "expected")
    told = "refused" if name.endswith(" refused") else "fault" if name.endswith(" faults") else promised
    assert told == promised, f"{name}: {result}"
    return json.dumps({"name": name, "inputs": inputs, **result}, separators=(",", ":"))


def rendered(spec, op, evaluate, cases):
    assert len({name for name, _ in cases}) == len(cases), f"{op}: two cases of one name"
    lines = ",\n".join(line(name, inputs, outcome(evaluate, inputs)) for name, inputs in cases)
    head = f'{{"spec":"{spec}","version":{VERSION},"op":"{op}","cases":[\n'
    return head + lines + "\n]}\n"


def files():
    found = {}
    for spec, modules in SPECS:
        for module in modules:
            for op, (evaluate, cases) in module.OPS.items():
                assert f"{op}.json" not in found
                found[f"{op}.json"] = rendered(spec, op, evaluate, cases)
    assert sum(len(text) for text in found.values()) < SIZE_MAX, "the vectors have grown too large"
    return found


def goldens():
    return {**golden.files(), **golden_network.files(), **golden_group.files()}


def first_difference(path, committed, fresh):
    old, new = committed.splitlines(), fresh.splitlines()
    for at in range(max(len(old), len(new))):
        a = old[at] if at < len(old) else "(no line)"
        b = new[at] if at < len(new) else "(no line)"
        if a != b:
            return f"{said(path)}, line {at + 1}:\n  committed {a[:400]}\n  oracle    {b[:400]}"
    return f"{said(path)}: line ends differ"


def said(path):
    return f"spec/{path.parent.name}/{path.name}"


def folder_differs(folder, fresh, foreign):
    """None, or the first file of a folder that is not as the oracle has it."""
    for name, text in fresh.items():
        path = folder.joinpath(name)
        if not path.exists():
            return f"{said(path)} is missing: run spec/oracle/run.py"
        committed = path.read_text()
        if committed != text:
            return first_difference(path, committed, text)
    for path in sorted(folder.glob("*.json")):
        if path.name not in fresh and path.name not in foreign:
            return f"{said(path)}: no oracle makes this file"
    return None


def altered():
    """None, or the first frozen file that is not what it was."""
    for at, row in enumerate(VECTORS.joinpath("frozen.txt").read_text().splitlines()):
        digest, path = row.split("  ")
        file = ORACLE.parent.joinpath(path)
        found = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "no file"
        if found != digest:
            return f"spec/{path} is frozen (spec/vectors/frozen.txt, line {at + 1}) and was altered: {found}"
    return None


def check():
    """None, or the first thing that is wrong."""
    floats = no_floats.check(ORACLE, FOREIGN)
    if floats:
        return f"spec/oracle/{floats[0]}: the oracle has no floats"
    for claim in claims.ALL:
        claim()
    changed = altered()
    if changed:
        return changed
    differs = folder_differs(VECTORS, files(), FOREIGN) or folder_differs(GOLDEN, goldens(), set())
    if differs:
        return differs
    rope = VECTORS.joinpath("rope_freqs.json")
    difference = frequencies.check(rope) if rope.exists() else None
    return f"spec/vectors/rope_freqs.json: {difference}" if difference else None


def main():
    if sys.argv[1:] == ["--check"]:
        wrong = check()
        print(wrong or "spec/vectors, spec/golden: as the oracle has them")
        return 1 if wrong else 0
    if sys.argv[1:]:
        print("usage: run.py [--check]")
        return 2
    for folder, made in ((VECTORS, files()), (GOLDEN, goldens())):
        folder.mkdir(exist_ok=True)
        for name, text in made.items():
            folder.joinpath(name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
