"""The agent does a tool turn through a real LiteLLM proxy, over every protocol that LiteLLM serves."""

import contextlib
import json
import socket
import time
import urllib.error
import urllib.request

import step_codex
from harness import KEY, child, equal, expect, fresh, llmx_exec, proxy
from upstream import ENDPOINTS, Answer, scripted

SCRIPT = "echo from litellm > made.txt; cat made.txt"


def decide(request):
    """One command, then what it printed; Codex has tools and a script of its own."""
    if "exec_command" in request.tools:
        return step_codex.decide(request)
    if not request.results:
        return Answer(calls=[("call_1", "shell", {"command": ["sh", "-c", SCRIPT]})])
    expect("from litellm" in request.results[-1], f"the tool answered {request.results[-1]!r}")
    return Answer("The file says: from litellm")


def step(verdicts, llmx, folder):
    with scripted(decide) as upstream, litellm(folder, upstream.url) as base:
        through_the_proxy(verdicts, llmx, folder, upstream, base)
        for wire_api, version in (("auto", "/v1"), ("chat", "/v1"), ("responses", "/v1"), ("messages", "/v1"), ("gemini", "/v1beta")):
            with verdicts.check(f"litellm: a tool turn of llmx exec over wire_api = {wire_api}"):
                tool_turn(llmx, folder, upstream, base + version, wire_api)
        with verdicts.check("litellm: a tool turn of llmx exec with nothing but LLMX_BASE_URL and LLMX_API_KEY"):
            tool_turn(llmx, folder, upstream, f"{base}/v1", None)
        with verdicts.check("litellm: codex changes a file through --bridge-to-chat"):
            work = folder / "run" / "litellm-codex"
            with proxy(llmx, base + ENDPOINTS["chat"], "--bridge-to-chat") as bridged:
                step_codex.codex(folder, bridged, work, "All patched.")
            equal((work / "a.txt").read_text(encoding="utf-8"), step_codex.PATCHED, "a.txt")
        with verdicts.check("litellm: every request is understood by the upstream"):
            equal(upstream.problems, [], "problems of the upstream")


def tool_turn(llmx, folder, upstream, base_url, wire_api):
    before = len(upstream.requests)
    ended, work = llmx_exec(llmx, folder / "run" / f"litellm-{wire_api}", base_url, wire_api,
                            "-m", "scripted", "-s", "danger-full-access", "write a file")
    equal(ended.returncode, 0, f"exit code ({ended.stderr[-1200:]}; upstream: {upstream.problems})")
    equal(ended.stdout.strip(), "The file says: from litellm", "the answer")
    equal((work / "made.txt").read_text(), "from litellm\n", "made.txt")
    equal(len(upstream.requests) - before, 2, "requests that reached the model")


def through_the_proxy(verdicts, llmx, folder, upstream, base):
    """llmx holds LiteLLM's key and translates; clients that speak Responses need not know either."""
    for dialect, endpoint in ENDPOINTS.items():
        with verdicts.check(f"litellm: a tool turn of llmx exec through --bridge-to {dialect}"):
            with proxy(llmx, base + endpoint, "--bridge-to", dialect) as bridged:
                tool_turn(llmx, folder, upstream, f"{bridged}/v1", "responses")


@contextlib.contextmanager
def litellm(folder, upstream):
    """Runs LiteLLM with one model, which the scripted upstream answers; yields its base URL."""
    place = fresh(folder / "run" / "litellm")
    # lm_studio: a provider of Chat Completions only, so that LiteLLM itself translates /v1/responses.
    model = {"model": "lm_studio/scripted", "api_base": f"{upstream}/v1", "api_key": "unused"}
    models = [{"model_name": name, "litellm_params": model} for name in ("scripted", "gpt-5.5")]
    # JSON is YAML.
    (place / "config.yaml").write_text(json.dumps({"model_list": models, "general_settings": {"master_key": KEY}}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [folder / "litellm" / "bin" / "litellm", "--config", place / "config.yaml", "--host", "127.0.0.1", "--port", port]
    # The cost map would otherwise be fetched from the network.
    env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "HOME": place}
    log = place / "log"
    with log.open("wb") as output, child(command, env=env, cwd=place, stdout=output, stderr=output) as process:
        base = f"http://127.0.0.1:{port}"
        begun = time.monotonic()
        while not ready(base):
            expect(process.poll() is None, f"litellm ended: {log.read_text()[-800:]}")
            expect(time.monotonic() - begun < 120, f"litellm did not start within 120 s: {log.read_text()[-800:]}")
            time.sleep(0.2)
        yield base


def ready(base):
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(f"{base}/health/liveliness", timeout=5).status == 200
    except (urllib.error.URLError, OSError):
        return False
