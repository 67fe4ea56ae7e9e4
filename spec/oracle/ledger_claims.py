"""Every rejection that the ledger's oracle knows is on the page, and has a transaction in ledger_blocks.json."""

import ast
import json
import pathlib
import re

ORACLE = pathlib.Path(__file__).resolve().parent
# 2^64 transactions; what a dispute takes or jails, of which the oracle has none; 2^16 draws of a settlement; 256 auditors.
UNREACHED = {9, 27, 101, 105, 144}


def on_the_page():
    text = ORACLE.parent.joinpath("ledger.md").read_text()
    section = text[text.index("## 6. Rejections") : text.index("## 7. Kinds")]
    return {int(number) for number in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)}


def in_the_rules():
    found = set()
    for path in ORACLE.glob("ledger_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("reject_unless", "charge", "Rejected"):
                last = node.args[-1]
                found.update([last.value] if isinstance(last, ast.Constant) else [])
    return found


def rejections():
    cases = json.loads(ORACLE.parent.joinpath("vectors", "ledger_blocks.json").read_text())["cases"]
    blocks = [block for case in cases for block in case.get("expected", {}).get("blocks", [])]
    reached = {why for block in blocks for _, why in block["left_out"]}
    rules = in_the_rules()
    assert rules | reached <= on_the_page(), (rules | reached) - on_the_page()
    assert rules - reached == UNREACHED, rules - reached
