"""Anthropic's Python SDK, unmodified."""

import anthropic
from anthropic import Anthropic

from cases import COLOURS, KEY, MODEL, PERSON, URL, WEATHER, check, is_person, run, wait_until_free

CLIENT = Anthropic(base_url=URL, api_key=KEY, max_retries=0)
TOOLS = [{"name": "get_weather", "description": "The weather in a city.", "input_schema": WEATHER}]


# The SDK has no argument for it any more; the API has.
GREEDY = {"temperature": 0}


def ask(body=GREEDY, **options):
    return CLIENT.messages.create(model=MODEL, messages=COLOURS, **{"max_tokens": 24, "extra_body": body, **options})


def chat():
    answer = ask(system="You are brief.")
    check(answer.content[0].text, answer)
    check(answer.stop_reason == "max_tokens" and answer.usage.output_tokens == 24, answer)
    return answer.content[0].text


def stream():
    whole = ask().content[0].text
    with CLIENT.messages.stream(model=MODEL, messages=COLOURS, max_tokens=24, extra_body=GREEDY) as answer:
        text = "".join(answer.text_stream)
        last = answer.get_final_message()
    check(text == whole == last.content[0].text, f"{text!r} is not {whole!r}")
    check(last.usage.output_tokens == 24, last)


def json_schema():
    config = {"format": {"type": "json_schema", "schema": PERSON}}
    return is_person(ask({**GREEDY, "output_config": config}, max_tokens=300).content[0].text)


def stop():
    answer = ask(stop_sequences=[","], max_tokens=64)
    check((answer.stop_reason, answer.stop_sequence) == ("stop_sequence", ","), answer)


def tools():
    answer = ask(tools=TOOLS, tool_choice={"type": "any"}, max_tokens=100)
    call = next(block for block in answer.content if block.type == "tool_use")
    check(call.name == "get_weather" and set(call.input) == {"city"}, call)
    check(answer.stop_reason == "tool_use", answer)
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    messages = [*COLOURS, {"role": "assistant", "content": answer.content}, {"role": "user", "content": [result]}]
    CLIENT.messages.create(model=MODEL, messages=messages, tools=TOOLS, max_tokens=16)
    return call.input


def tools_stream():
    options = {"model": MODEL, "messages": COLOURS, "max_tokens": 100, "extra_body": GREEDY, "tools": TOOLS}
    with CLIENT.messages.stream(**options, tool_choice={"type": "tool", "name": "get_weather"}) as answer:
        last = answer.get_final_message()
    call = next(block for block in last.content if block.type == "tool_use")
    check(set(call.input) == {"city"}, call)


def count():
    return CLIENT.messages.count_tokens(model=MODEL, messages=COLOURS).input_tokens


def models():
    check(MODEL in [model.id for model in CLIENT.models.list()], "not listed")
    check(CLIENT.models.retrieve(MODEL).display_name == MODEL, "not found")


def errors():
    for kind, call, word in [
        (anthropic.NotFoundError, lambda: CLIENT.messages.create(model="nobody", messages=COLOURS, max_tokens=1), "nobody"),
        (anthropic.BadRequestError, lambda: ask({"temperature": -1}), "temperature"),
        (anthropic.BadRequestError, lambda: ask({"flavour": 1}), "flavour"),
    ]:
        try:
            call()
        except kind as error:
            check(word in str(error), error)
            continue
        raise AssertionError(f"{word}: not refused")


def cancel():
    with CLIENT.messages.stream(model=MODEL, messages=COLOURS, max_tokens=2000) as answer:
        next(iter(answer.text_stream))
    wait_until_free()


if __name__ == "__main__":
    run([chat, stream, json_schema, stop, tools, tools_stream, count, models, errors, cancel])
