"""Runs named cases and prints one line for each: its name, `ok` or `failed`, and what came.

The server is given by PROBITY_URL (without /v1), its model by PROBITY_MODEL. Never retries: what a person sees
at the first try is what counts.
"""

import json
import os
import time
import urllib.request

URL = os.environ["PROBITY_URL"]
MODEL = os.environ["PROBITY_MODEL"]
KEY = os.environ.get("PROBITY_KEY", "none")
# How long a cancelled answer may take to free its place.
FREED_S = 20

COLOURS = [{"role": "user", "content": "Name three colours."}]
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "minimum": 0, "maximum": 150}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 20}},
    "required": ["city"],
    "additionalProperties": False,
}


def run(cases):
    """Runs them in order; the exit status says whether all held."""
    failed = 0
    for case in cases:
        try:
            detail, state = case() or "", "ok"
        except Exception as error:  # noqa: BLE001: a case fails by any of them
            detail, state = f"{type(error).__name__}: {error}", "failed"
            failed += 1
        print("\t".join([case.__name__, state, " ".join(str(detail).split())[:300]]), flush=True)
    raise SystemExit(1 if failed else 0)


def check(holds, otherwise):
    """Fails the case."""
    if not holds:
        raise AssertionError(otherwise)


def metric(name):
    """A number of the server's."""
    with urllib.request.urlopen(f"{URL}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(name + " ") or line.startswith(name + "{"):
                return float(line.rsplit(" ", 1)[1])
    raise AssertionError(f"the server has no metric {name}")


def wait_until_free():
    """Waits for a server that computes nothing."""
    end = time.monotonic() + FREED_S
    while metric("probity_answers_running") > 0:
        check(time.monotonic() < end, "the place was not freed")
        time.sleep(0.05)


def is_person(text):
    """Whether a text is what PERSON asks for."""
    person = json.loads(text)
    check(set(person) == {"name", "age"}, f"other members: {text}")
    check(isinstance(person["name"], str) and isinstance(person["age"], int), f"other types: {text}")
    return text
