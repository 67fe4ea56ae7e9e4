"""Checks the receipt of an answer, offline: signatures, commitments, heads, inclusion.

No model is run, so "replay" is never better than "not_checked". A "verified" report says that the required evidence
holds, and no more: see its "not_established".
"""

import json

from ._native import verify as _verify

__all__ = ["verify"]


def verify(receipt, opening=None, *, network=None, required=("signature",)):
    """Checks a receipt file or a bundle and gives the report.

    `receipt` is the file's content, `opening` the bytes of an opening that came apart from it. `network` is the
    network's id, 64 hexadecimal digits; without one, receipts made offline. `required` names the evidence without
    which the verdict is not "verified". Raises ValueError where a word is not known.
    """
    if isinstance(required, str):
        raise TypeError("required: a list of words, not one word")
    return json.loads(_verify(receipt, opening, network, list(required)))
