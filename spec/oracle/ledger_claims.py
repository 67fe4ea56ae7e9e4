"""Every rejection that the ledger's oracle knows is on the page, and has a transaction in a file of blocks."""

import ast
import json
import pathlib
import re

ORACLE = pathlib.Path(__file__).resolve().parent
# 2^64 transactions; 2^16 draws and disputes of a settlement; 256 auditors.
UNREACHED = {9, 105, 144}


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
    names = ("blocks", "proposals", "disputes", "missing", "answers", "audits")
    files = [ORACLE.parent.joinpath("vectors", f"ledger_{name}.json").read_text() for name in names]
    cases = [case for text in files for case in json.loads(text)["cases"]]
    blocks = [block for case in cases for block in case.get("expected", {}).get("blocks", [])]
    reached = {why for block in blocks for _, why in block["left_out"]}
    rules = in_the_rules()
    assert rules | reached <= on_the_page(), (rules | reached) - on_the_page()
    assert rules - reached == UNREACHED, rules - reached
