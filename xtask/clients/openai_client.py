"""openai-python, unmodified."""

import json

import openai
from openai import OpenAI

from cases import COLOURS, KEY, MODEL, PERSON, URL, WEATHER, check, is_person, run, wait_until_free

CLIENT = OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "The weather in a city.", "parameters": WEATHER}}]


def ask(**options):
    return CLIENT.chat.completions.create(model=MODEL, messages=COLOURS, **{"max_tokens": 24, "temperature": 0, **options})


def chat():
    answer = ask()
    check(answer.choices[0].message.content, "no text")
    check(answer.usage.completion_tokens == 24, answer.usage)
    check(answer.model_extra["probity"]["receipt_id"], "no receipt")
    return answer.choices[0].message.content


def stream():
    whole = ask().choices[0].message.content
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    check(text == whole, f"{text!r} is not {whole!r}")
    check(chunks[-1].usage.completion_tokens == 24, chunks[-1])
    return f"{len(chunks)} chunks"


def seed():
    texts = {ask(temperature=1, seed=7).choices[0].message.content for _ in range(3)}
    check(len(texts) == 1, texts)


def choices():
    answer = ask(n=3, temperature=1.2, seed=5)
    check([choice.index for choice in answer.choices] == [0, 1, 2], answer)
    check(len({choice.message.content for choice in answer.choices}) == 3, answer)


def stop():
    answer = ask(stop=[",", "\n"], max_tokens=64)
    check(answer.choices[0].finish_reason == "stop", answer)
    check("," not in answer.choices[0].message.content, answer)


def logprobs():
    answer = ask(logprobs=True, top_logprobs=3)
    content = answer.choices[0].logprobs.content
    check(len(content) == 24, len(content))
    check(all(len(token.top_logprobs) == 3 and token.logprob <= 0 for token in content), content[0])
    # At temperature 0 the token drawn is the likeliest.
    check(all(token.token == token.top_logprobs[0].token for token in content), "not the likeliest")


def json_schema():
    form = {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": PERSON}}
    # Some models put as much white space between members as the form allows.
    return is_person(ask(response_format=form, max_tokens=300).choices[0].message.content)


def json_object():
    text = ask(response_format={"type": "json_object"}, max_tokens=200, temperature=1, seed=3).choices[0].message.content
    return text[:80]


def parsed():
    from pydantic import BaseModel

    class Person(BaseModel):
        name: str
        age: int

    answer = CLIENT.chat.completions.parse(model=MODEL, messages=COLOURS, max_tokens=200, temperature=0, response_format=Person)
    check(isinstance(answer.choices[0].message.parsed, Person), answer)


def tools():
    for choice in ("required", {"type": "function", "function": {"name": "get_weather"}}):
        answer = ask(tools=TOOLS, tool_choice=choice, max_tokens=100)
        call = answer.choices[0].message.tool_calls[0]
        check(call.function.name == "get_weather" and call.id, call)
        check(set(json.loads(call.function.arguments)) == {"city"}, call)
        check(answer.choices[0].finish_reason == "tool_calls", answer.choices[0])
    messages = [*COLOURS, answer.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    again = CLIENT.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS, max_tokens=16)
    check(again.choices[0].finish_reason, again)
    return call.function.arguments


def tools_stream():
    deltas = [c.choices[0].delta for c in ask(tools=TOOLS, tool_choice="required", max_tokens=100, stream=True) if c.choices]
    calls = [call for delta in deltas for call in delta.tool_calls or []]
    check(calls[0].function.name == "get_weather", calls[0])
    # There may be several; each is whole where the answer was not cut off.
    first = [call.function.arguments or "" for call in calls if call.index == 0]
    check(len(first) > 2 and set(json.loads("".join(first))) == {"city"}, calls)


def completions():
    answer = CLIENT.completions.create(model=MODEL, prompt="Once upon a time", max_tokens=8, temperature=0)
    check(answer.usage.completion_tokens == 8, answer)
    return answer.choices[0].text


def respond(**options):
    return CLIENT.responses.create(model=MODEL, **{"input": "Name three colours.", "max_output_tokens": 16, "temperature": 0, **options})


def responses():
    answer = respond()
    check(answer.output_text and answer.store is False, answer)
    check(answer.status == "incomplete" and answer.usage.output_tokens == 16, answer)
    check(answer.model_extra["probity"]["receipt_id"], "no receipt")
    chat = ask(max_tokens=16).choices[0].message.content
    check(answer.output_text == chat, f"{answer.output_text!r} is not {chat!r}")
    shares = respond(include=["message.output_text.logprobs"], top_logprobs=2).output[0].content[0].logprobs
    check(len(shares) == 16 and all(len(share.top_logprobs) == 2 for share in shares), shares)
    return answer.output_text


def responses_stream():
    answer = respond()
    events = list(respond(stream=True))
    check("".join(e.delta for e in events if e.type == "response.output_text.delta") == answer.output_text, events)
    check([e.sequence_number for e in events] == list(range(len(events))), "numbers")
    with CLIENT.responses.stream(model=MODEL, input="Name three colours.", max_output_tokens=16, temperature=0) as stream:
        for _ in stream:
            pass
    check(events[-1].type == "response.incomplete" and events[-1].response.output_text == answer.output_text, events[-1])


def responses_parse():
    from pydantic import BaseModel, ConfigDict

    class Person(BaseModel):
        model_config = ConfigDict(extra="forbid")
        name: str
        age: int

    options = {"model": MODEL, "input": "Name a person.", "max_output_tokens": 300, "temperature": 0, "text_format": Person}
    check(isinstance(CLIENT.responses.parse(**options).output_parsed, Person), "not parsed")
    with CLIENT.responses.stream(**options) as stream:
        person = stream.get_final_response().output_parsed
    check(isinstance(person, Person), person)
    return person


def responses_tools():
    tools = [{"type": "function", "name": "get_weather", "description": "The weather in a city.", "parameters": WEATHER, "strict": True}]
    named = {"type": "function", "name": "get_weather"}
    answer = respond(tools=tools, tool_choice=named, max_output_tokens=100)
    call = next(item for item in answer.output if item.type == "function_call")
    check(call.name == "get_weather" and set(json.loads(call.arguments)) == {"city"}, call)
    events = list(respond(tools=tools, tool_choice=named, max_output_tokens=100, stream=True))
    pieces = "".join(e.delta for e in events if e.type == "response.function_call_arguments.delta")
    check(pieces == call.arguments and events[-1].type == "response.completed", events[-1])
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    again = respond(input=[*COLOURS, *answer.output, result], tools=tools)
    check(again.output, again)
    return call.arguments


def embeddings():
    def vectors(given, **options):
        answer = CLIENT.embeddings.create(model=MODEL, input=given, **options)
        check([item.index for item in answer.data] == list(range(len(answer.data))), answer.data)
        check(len(answer.model_extra["probity"]["receipts"]) == len(answer.data), "not a receipt for each")
        check(answer.usage.total_tokens == answer.usage.prompt_tokens > 0, answer.usage)
        return [item.embedding for item in answer.data]

    # Unless it is told otherwise the client asks for base64.
    alone = vectors("a river")[0]
    check(vectors("a river", encoding_format="float")[0] == alone, "two forms, two vectors")
    check(vectors(["a stream", "a river"])[1] == alone, "another vector in company")
    check(len(vectors("a river", dimensions=64)[0]) == 64, "not as many numbers as were asked for")
    for vector in (alone, vectors([1, 2, 3])[0], *vectors([[1], [2, 3]])):
        check(abs(sum(number * number for number in vector) - 1) < 1e-4, "not of length 1")
    refused(openai.BadRequestError, lambda: vectors("a river", dimensions=1 << 16), "dimensions")
    refused(openai.BadRequestError, lambda: vectors(["a", ""]), "input[1]")
    return f"{len(alone)} numbers"


def models():
    check(MODEL in [model.id for model in CLIENT.models.list()], "not listed")
    check(CLIENT.models.retrieve(MODEL).id == MODEL, "not found")


def refused(kind, call, *words):
    try:
        call()
    except kind as error:
        missing = [word for word in words if word not in str(error)]
        check(not missing, f"{missing} not in {error}")
        return
    raise AssertionError(f"{words}: not refused")


def errors():
    refused(openai.NotFoundError, lambda: CLIENT.chat.completions.create(model="nobody", messages=COLOURS), "nobody")
    refused(openai.BadRequestError, lambda: ask(temperature=-1), "temperature")
    refused(openai.BadRequestError, lambda: ask(extra_body={"flavour": 1}), "flavour")
    refused(openai.BadRequestError, lambda: ask(max_tokens=-1), "max_tokens")
    refused(openai.BadRequestError, lambda: respond(store=True), "store")
    refused(openai.BadRequestError, lambda: respond(previous_response_id="resp_1"), "previous_response_id")
    long = [{"role": "user", "content": "colour " * 9000}]
    refused(openai.BadRequestError, lambda: CLIENT.chat.completions.create(model=MODEL, messages=long), "context")
    audio = {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}
    refused(openai.BadRequestError, lambda: CLIENT.chat.completions.create(model=MODEL, messages=[audio]), "input_audio")


def cancel():
    answer = ask(stream=True, max_tokens=2000)
    for _, _chunk in zip(range(3), answer, strict=False):
        pass
    answer.close()
    wait_until_free()


if __name__ == "__main__":
    run([chat, stream, seed, choices, stop, logprobs, json_schema, json_object, parsed, tools, tools_stream, completions, responses, responses_stream, responses_parse, responses_tools, embeddings, models, errors, cancel])
