"""Checks the receipt of an answer, offline: signatures, commitments, heads, inclusion.

No model is run, so "replay" is never better than "not_checked". A "verified" report says that the required evidence
holds, and no more: see its "not_established".
"""

import json
import time

from ._native import next_start as _next_start
from ._native import verify as _verify
from ._native import verify_bundle as _verify_bundle

__all__ = ["next_start", "verify", "verify_bundle"]

_DAY_MS = 86_400_000


def verify(receipt, opening=None, *, network=None, required=("signature",)):
    """Checks a receipt file or a bundle and gives the report.

    `receipt` is the file's content, `opening` the bytes of an opening that came apart from it. `network` is the
    network's id, 64 hexadecimal digits; without one, receipts made offline. `required` names the evidence without
    which the verdict is not "verified". Raises ValueError where a word is not known.
    """
    if isinstance(required, str):
        raise TypeError("required: a list of words, not one word")
    return json.loads(_verify(receipt, opening, network, list(required)))


def verify_bundle(
    genesis, bundle, *, start=None, now=None, bound=_DAY_MS, start_bound=10 * _DAY_MS, required=("signature",)
):
    """Checks a bundle of a network from its genesis, or a later start, and gives the report.

    `start` is a later header to begin at than the genesis, as bytes: from somebody trusted, or kept from the last time.
    `now` is in milliseconds since 1970; without one, this machine's clock says it. `bound` and `start_bound` say how old
    the last header and the start may be, in milliseconds: more of the latter than stake answers for counts as that. What is
    not so now is "verified" as of then: `anchor.fresh` and `anchor.start_fresh` say it. Raises ValueError where the genesis
    is none, the start is none of its network, or a word is not known.
    """
    if isinstance(required, str):
        raise TypeError("required: a list of words, not one word")
    times = (_now(now), bound, start_bound)
    return json.loads(_verify_bundle(genesis, start, bundle, times, list(required)))


def next_start(genesis, bundle, *, start=None, now=None, bound=_DAY_MS, start_bound=10 * _DAY_MS):
    """The start that a bundle leads to, to be kept and brought the next time, as bytes.

    None where the bundle is not taken, or what it leads to is not established to be of now.
    """
    found = _next_start(genesis, start, bundle, (_now(now), bound, start_bound))
    return None if found is None else bytes(found)


def _now(now):
    return time.time_ns() // 1_000_000 if now is None else now
