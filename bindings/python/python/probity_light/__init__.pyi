from collections.abc import Iterable
from typing import Literal, TypedDict

Kind = Literal["signature", "replay"]

class _Evidence(TypedDict):
    kind: Kind
    outcome: Literal["holds", "fails", "not_checked"]
    required: bool
    claim: str
    trusts: str

class Evidence(_Evidence, total=False):
    unchecked: str

class NotEstablished(TypedDict):
    what: str
    text: str

class Usage(TypedDict):
    prompt_tokens: int
    output_tokens: int

class Stop(TypedDict, total=False):
    reason: Literal["stop_token", "stop_string", "length", "cancelled", "unfinished", "fault"]
    stop_string: int
    at_tokens: int
    position: int
    op: int

class Segment(TypedDict):
    worker: str
    start: int
    end: int

class Choice(TypedDict):
    choice: int
    tokens: int
    output: str
    stop: Stop
    segments: list[Segment]

class Parameters(TypedDict, total=False):
    temperature: str
    top_k: int
    top_p: str
    min_p: str
    repetition_penalty: str
    presence_penalty: str
    frequency_penalty: str
    biases: int
    grammar: str

class StopRule(TypedDict):
    tokens_max: int
    tokens: list[int]
    strings: list[str]

class Opened(TypedDict, total=False):
    nonce: str
    nonce_by: Literal["client", "gateway"]
    beacon_height: int
    requester: str
    prompt_tokens: int
    rendered_by: Literal["nobody", "client", "gateway", "worker"]
    messages: Literal["none", "hidden", "shown"]
    choices: int
    seed: str
    parameters: Parameters
    stop: StopRule

class Log(TypedDict):
    index: int
    size: int
    root: str

class Anchor(TypedDict):
    index: int
    size: int
    root: str
    epoch: int
    height: int
    stamp_ms: int
    fresh: Literal["fresh", "old", "ahead"]
    start_height: int
    start_stamp_ms: int
    start_fresh: Literal["fresh", "old", "ahead"]

class _Findings(TypedDict):
    probity: Literal["report v1"]
    verdict: Literal["verified", "refuted", "cannot_judge"]
    required: list[Kind]
    checked: list[Kind]
    evidence: list[Evidence]
    not_established: list[NotEstablished]

class Report(_Findings, total=False):
    """What the receipt says is there only where its signatures and commitments hold."""

    reason: str
    why: Literal["opening", "model", "unsupported", "malformed", "start"]
    receipt: str
    network: str
    worker: str
    kind: Literal["generate", "embed"]
    model: str
    job: str
    arithmetic_version: int
    sampling_version: int
    audit_consent: Literal["self", "named", "open"]
    auditable: bool
    anchor_by: int
    usage: Usage
    choices: list[Choice]
    opened: Opened
    log: Log
    anchor: Anchor

def verify(
    receipt: bytes,
    opening: bytes | None = None,
    *,
    network: str | None = None,
    required: Iterable[Kind] = ...,
) -> Report: ...
def verify_bundle(
    genesis: bytes,
    bundle: bytes,
    *,
    start: bytes | None = None,
    now: int | None = None,
    bound: int = ...,
    start_bound: int = ...,
    required: Iterable[Kind] = ...,
) -> Report: ...
def next_start(
    genesis: bytes,
    bundle: bytes,
    *,
    start: bytes | None = None,
    now: int | None = None,
    bound: int = ...,
    start_bound: int = ...,
) -> bytes | None: ...
