"""The official OpenAI SDKs work through each bridge; the checks themselves are in client_openai.*."""

import json

from harness import HERE, expect, proxy
from upstream import ENDPOINTS, Answer, scripted


def decide(request):
    """Does what the last words of the user ask for; a client that asks wrongly is not obeyed."""
    order, _, argument = request.said.partition(" ")
    if order == "fail":
        return Answer(status=int(argument), error=f"scripted {argument}")
    if order == "schema" and list(request.schema["properties"]) == ["city", "degrees"]:
        value = {"city": "Oslo", "degrees": -3}
        return Answer(calls=[("call_1", request.forced, value)]) if request.forced else Answer(json.dumps(value))
    if order == "weather" and request.tools == ["weather"]:
        if request.results:
            return Answer("It says: " + "; ".join(request.results))
        return Answer(calls=[("call_1", "weather", {"city": "Oslo"}), ("call_2", "weather", {"city": 'R\u00f8ros "north"'})])
    if order == "recall":
        return Answer("Remembered: " + "; ".join(request.results))
    if order == "say":
        return Answer(argument)
    raise ValueError(f"not in the script: {request.said!r} with tools {request.tools}")


def python(verdicts, llmx, folder):
    interpreter = folder / "py" / "bin" / "python"
    for dialect in ENDPOINTS:
        through(verdicts, llmx, dialect, f"openai-python to {dialect}", [interpreter, HERE / "client_openai.py"])


def node(verdicts, llmx, folder):
    # Node finds packages from the script's place on, so the script is put beside them.
    script = folder / "node" / "client_openai.mjs"
    script.write_bytes((HERE / "client_openai.mjs").read_bytes())
    for dialect in ENDPOINTS:
        through(verdicts, llmx, dialect, f"openai-node to {dialect}", ["node", script])


def through(verdicts, llmx, dialect, name, command):
    with scripted(decide) as upstream, proxy(llmx, upstream.url + ENDPOINTS[dialect], "--bridge-to", dialect) as base:
        verdicts.clients(name, [*command, f"{base}/v1", name])
        with verdicts.check(f"{name}: every request is understood by the upstream"):
            expect(upstream.requests and not upstream.problems, str(upstream.problems or "no request"))
