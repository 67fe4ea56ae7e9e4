"""receipt.md section 2, messages, and section 4, stop strings: written from the text."""

import json
from fractions import Fraction

from exact import Refused

ROLES = ("system", "user", "assistant", "tool")
RESERVED = ("messages", "tools", "documents", "bos_token", "eos_token", "unk_token", "pad_token")
MESSAGES, DEPTH, BYTES = 4096, 32, 4 << 20
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def true(condition):
    if not condition:
        raise Refused("Value")


def whole(pairs):
    """No member twice."""
    true(len({name for name, _ in pairs}) == len(pairs))
    return dict(pairs)


def number(text):
    # What is nearer to 2^1024 than to the greatest binary64 rounds to no finite one.
    true(abs(Fraction(text)) < (1 << 1024) - (1 << 970))
    return Fraction(text)


def not_a_number(_):
    raise Refused("Value")


def read_messages(data):
    true(0 < len(data) <= BYTES)
    try:
        text = data.decode("utf-8")
        read = json.loads(text, object_pairs_hook=whole, parse_float=number, parse_int=number, parse_constant=not_a_number)
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise Refused("Value") from None
    true(isinstance(read, dict))
    paired(read)
    true(("text" in read) != ("messages" in read))
    if "text" in read:
        true(set(read) == {"text"} and isinstance(read["text"], str))
        return
    true(set(read) <= {"messages", "tools", "variables"} and isinstance(read["messages"], list))
    true(1 <= len(read["messages"]) <= MESSAGES)
    for message in read["messages"]:
        read_message(message)
    listed(read.get("tools", []))
    read_variables(read.get("variables", {}))


def paired(value):
    """No half of a surrogate pair in any text."""
    if isinstance(value, str):
        true(not any(0xD800 <= ord(c) < 0xE000 for c in value))
    for part in [*value.keys(), *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []:
        paired(part)


def read_message(message):
    true(isinstance(message, dict) and {"role", "content"} <= set(message))
    true(set(message) <= {"role", "content", "name", "reasoning_content", "tool_call_id", "tool_calls"})
    true(message["role"] in ROLES and (message["content"] is None or isinstance(message["content"], str)))
    for name in ("name", "reasoning_content", "tool_call_id"):
        true(isinstance(message.get(name, ""), str))
    listed(message.get("tool_calls", []))


def listed(values):
    true(isinstance(values, list))
    for value in values:
        nested(value, 1)


def nested(value, depth):
    true(depth <= DEPTH)
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        nested(part, depth + 1)


def read_variables(variables):
    true(isinstance(variables, dict) and not any(name in RESERVED for name in variables))
    true(isinstance(variables.get("add_generation_prompt", True), bool))
    if "strftime_now" in variables:
        true(isinstance(variables["strftime_now"], str))
        read_time(variables["strftime_now"])
    for name, value in variables.items():
        if name not in ("strftime_now", "add_generation_prompt"):
            nested(value, 1)


def read_time(text):
    shape = "dddd-dd-ddTdd:dd:dd"
    true(len(text) == len(shape))
    true(all(c in "0123456789" if s == "d" else c == s for c, s in zip(text, shape)))
    year, month, day, hour, minute, second = (int(text[a:b]) for a, b in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19)))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    true(1000 <= year and 1 <= month <= 12 and hour < 24 and minute < 60 and second < 60)
    true(1 <= day <= DAYS[month - 1] + (leap and month == 2))


def stop_string(pieces, strings):
    """(tokens until it is there, index, the text before it), or None and all of the text."""
    text = b""
    for count, piece in enumerate(pieces, 1):
        text += piece
        found = [(text.find(one) + len(one), -len(one), index) for index, one in enumerate(strings) if one in text]
        if found:
            end, length, index = min(found)
            return count, index, text[: end + length]
    return None, None, text
