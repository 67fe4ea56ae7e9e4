"""The agreed cases in Python: python test.py TESTDATA. Prints the median time of a check."""

import hashlib
import json
import sys
import time
from pathlib import Path

from probity_light import next_start, verify, verify_bundle

testdata = Path(sys.argv[1])
agreed = json.loads((testdata / "reports.json").read_text())


def data(name):
    return (testdata / name).read_bytes()


def raised(kind, call):
    try:
        call()
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind.__name__}")


def report(case):
    file = bytearray(case["text"].encode() if "text" in case else data(case["file"]))
    for at, text in case.get("edits", []):
        file[at : at + len(text)] = text.encode()
    opening = data("opening.bin")[: case.get("opening_length")] if case.get("opening") else None
    required = case.get("required", ["signature"])
    file = bytes(file[: case.get("length")])
    return verify(file, opening, network=case.get("network"), required=required)


for case in agreed["cases"]:
    assert report(case) == case["report"], case["name"]

sweep = agreed["sweep"]
honest = data(sweep["file"])
digest = hashlib.sha256()
for at in range(0, len(honest), sweep["step"]):
    altered = bytearray(honest)
    altered[at] ^= 1
    found = verify(bytes(altered))
    assert found["verdict"] != "verified", f"byte {at}"
    digest.update(f"{at} {found['verdict']} {found['reason']}\n".encode())
assert digest.hexdigest() == sweep["sha256"], "an altered byte"



def agree(genesis, bundle, reports):
    """What every language says of a network's bundle."""
    for case in json.loads((testdata / reports).read_text())["cases"]:
        whole = bundle.decode().replace(*case["replace"], 1) if "replace" in case else bundle.decode()
        names = {"now": "now", "bound": "bound", "startBound": "start_bound"}
        options = {names[name]: case[name] for name in names if name in case}
        options["start"] = bytes.fromhex(case["start"]) if "start" in case else None
        assert verify_bundle(genesis, whole.encode(), **options) == case["report"], case["name"]
        found = next_start(genesis, whole.encode(), **options)
        assert found == (bytes.fromhex(case["next"]) if "next" in case else None), case["name"]


genesis, bundle = data("genesis.bin"), data("network_bundle.json")
agree(genesis, bundle, "network_reports.json")
agree(data("group_genesis.bin"), data("group_bundle.json"), "group_reports.json")

# Mistakes of the caller are raised.
assert "no start" in raised(ValueError, lambda: verify_bundle(genesis, bundle, start=genesis))
assert '"audit" is no kind' in raised(ValueError, lambda: verify(honest, required=["audit"]))
assert "a network is 64" in raised(ValueError, lambda: verify(honest, network="ab"))
raised(TypeError, lambda: verify(honest, required="signature"))
raised(TypeError, lambda: verify(honest.decode()))
raised(TypeError, verify)

times = []
for _ in range(200):
    start = time.perf_counter_ns()
    verify(honest)
    times.append((time.perf_counter_ns() - start) // 1000)
print(sorted(times)[100])
