"""LangChain's ChatOpenAI, unmodified."""

import openai
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from cases import KEY, MODEL, URL, check, run, wait_until_free


def model(**options):
    return ChatOpenAI(model=MODEL, base_url=f"{URL}/v1", api_key=KEY, max_retries=0, **{"temperature": 0, "max_tokens": 24, **options})


def chat():
    answer = model().invoke("Name three colours.")
    check(answer.content and answer.usage_metadata["output_tokens"] == 24, answer)
    return answer.content


def stream():
    whole = model().invoke("Name three colours.").content
    text = "".join(chunk.content for chunk in model().stream("Name three colours."))
    check(text == whole, f"{text!r} is not {whole!r}")


def batch():
    answers = model().batch([f"Name {count} colours." for count in ("two", "three", "four", "five")])
    check(len(answers) == 4 and all(answer.content for answer in answers), answers)


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return "sunny"


def tools():
    bound = model(max_tokens=100).bind_tools([get_weather], tool_choice="get_weather", strict=True)
    answer = bound.invoke("How is the weather in Paris?")
    call = answer.tool_calls[0]
    check(call["name"] == "get_weather" and set(call["args"]) == {"city"}, call)
    messages = [HumanMessage("How is the weather in Paris?"), answer, ToolMessage(content="sunny", tool_call_id=call["id"])]
    check(model().bind_tools([get_weather]).invoke(messages), "no answer")
    return call["args"]


def json_schema():
    class Person(BaseModel):
        name: str
        age: int

    answer = model(max_tokens=200).with_structured_output(Person, method="json_schema").invoke("Name a person.")
    check(isinstance(answer, Person), answer)
    return answer


def logprobs():
    answer = model().bind(logprobs=True).invoke("Name three colours.")
    check(len(answer.response_metadata["logprobs"]["content"]) == 24, answer.response_metadata)


def embeddings():
    # Without the last option it sends tokens of OpenAI's vocabulary.
    options = {"model": MODEL, "base_url": f"{URL}/v1", "api_key": KEY, "max_retries": 0, "check_embedding_ctx_length": False}
    asked = OpenAIEmbeddings(**options)
    many = asked.embed_documents(["a river", "a stream", "a river"])
    check(len(many) == 3 and many[0] == many[2] == asked.embed_query("a river") != many[1], "not one vector for one text")
    return f"{len(many[0])} numbers"


def errors():
    try:
        model(temperature=-1).invoke("Name three colours.")
    except openai.BadRequestError as error:
        check("temperature" in str(error), error)
        return
    raise AssertionError("not refused")


def cancel():
    answer = model(max_tokens=2000).stream("Name three colours.")
    next(answer)
    answer.close()
    wait_until_free()


if __name__ == "__main__":
    run([chat, stream, batch, tools, json_schema, logprobs, embeddings, errors, cancel])
