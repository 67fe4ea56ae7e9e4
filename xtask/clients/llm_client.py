"""The `llm` command-line tool, unmodified, told of the server by its own configuration file."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

from cases import KEY, MODEL, PERSON, URL, check, is_person, run, wait_until_free

HOME = pathlib.Path(tempfile.mkdtemp())
(HOME / "extra-openai-models.yaml").write_text(
    json.dumps(
        [
            {
                "model_id": "probity",
                "model_name": MODEL,
                "api_base": f"{URL}/v1",
                "supports_schema": True,
                "supports_tools": True,
            }
        ]
    )
)


def start(*arguments):
    program = [sys.executable, "-m", "llm", *arguments]
    environment = {**os.environ, "LLM_USER_PATH": str(HOME), "OPENAI_API_KEY": KEY}
    return subprocess.Popen(program, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def llm(*arguments):
    process = start(*arguments)
    out, error = process.communicate(timeout=120)
    return process.returncode, out, error


def ask(*arguments):
    status, out, error = llm("prompt", "-m", "probity", *arguments)
    check(status == 0, error)
    return out.strip()


LIMIT = ("-o", "max_tokens", "24", "-o", "temperature", "0")


def chat():
    return ask("Name three colours.", "--no-stream", *LIMIT)


def stream():
    whole = ask("Name three colours.", "--no-stream", *LIMIT)
    check(ask("Name three colours.", *LIMIT) == whole, "another text")


def json_schema():
    return is_person(ask("Name a person.", "--schema", json.dumps(PERSON), "-o", "max_tokens", "300", "-o", "temperature", "0", "--no-stream"))


def tools():
    # The tool offers its own functions and lets the model choose: what counts is that they are taken.
    return ask("What version is this?", "-T", "llm_version", "--no-stream", *LIMIT)


def errors():
    status, _, error = llm("prompt", "-m", "probity", "colour " * 9000, "--no-stream")
    check(status != 0 and "context" in error, error)


def cancel():
    process = start("prompt", "-m", "probity", "Name three colours.", "-o", "max_tokens", "2000")
    check(process.stdout.read(1), "no text")
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    wait_until_free()


if __name__ == "__main__":
    run([chat, stream, json_schema, tools, errors, cancel])
