"""The agent does what Codex does, commands side by side and a patch, through a real LiteLLM proxy, over every
protocol that LiteLLM serves, and in its sandbox."""

import contextlib
import json
import re
import socket
import time
import urllib.error
import urllib.request

import step_codex
from harness import KEY, child, equal, expect, fresh, llmx_exec, proxy
from upstream import ENDPOINTS, Answer, scripted

# (wire_api, what the base URL ends in, the endpoint that is then called)
DIRECT = (
    ("auto", "/v1", "/v1/responses"),
    ("chat", "/v1", "/v1/chat/completions"),
    ("responses", "/v1", "/v1/responses"),
    ("messages", "/v1", "/v1/messages"),
    ("gemini", "/v1beta", "/v1beta/models/scripted"),
)


def step(verdicts, llmx, folder):
    with scripted(step_codex.decide) as upstream, litellm(folder, upstream.url) as served:
        through_the_proxy(verdicts, llmx, folder, upstream, served)
        for wire_api, version, endpoint in DIRECT:
            with verdicts.check(f"litellm: a tool turn of llmx exec over wire_api = {wire_api}"):
                tool_turn(llmx, folder, upstream, served.base + version, wire_api)
                equal(served.last_endpoints(3), [endpoint] * 3, "endpoints that LiteLLM served")
        with verdicts.check("litellm: a tool turn of llmx exec with nothing but LLMX_BASE_URL and LLMX_API_KEY"):
            tool_turn(llmx, folder, upstream, f"{served.base}/v1", None)
        with verdicts.check("litellm: codex changes a file through --bridge-to-chat"):
            work = folder / "run" / "litellm-codex"
            with proxy(llmx, served.base + ENDPOINTS["chat"], "--bridge-to-chat") as bridged:
                step_codex.codex(folder, bridged, work, "All patched.")
            equal((work / "a.txt").read_text(encoding="utf-8"), step_codex.PATCHED, "a.txt")
        with verdicts.check("litellm: every request is understood by the upstream"):
            expect(upstream.requests and not upstream.problems, str(upstream.problems or "no request"))


def through_the_proxy(verdicts, llmx, folder, upstream, served):
    """llmx holds LiteLLM's key and translates; clients that speak Responses need not know either."""
    for dialect, endpoint in ENDPOINTS.items():
        with verdicts.check(f"litellm: a tool turn of llmx exec through --bridge-to {dialect}"):
            with proxy(llmx, served.base + endpoint, "--bridge-to", dialect) as bridged:
                tool_turn(llmx, folder, upstream, f"{bridged}/v1", "responses")
            expect(all(path.startswith(endpoint) for path in served.last_endpoints(3)), f"served: {served.last_endpoints(3)}")


def tool_turn(llmx, folder, upstream, base_url, wire_api):
    before = len(upstream.requests)
    ended, work = llmx_exec(llmx, folder / "run" / f"litellm-{wire_api}", base_url, wire_api,
                            "-m", "scripted", "-s", "workspace-write", "write a file")
    equal(ended.returncode, 0, f"exit code ({ended.stderr[-1200:]}; upstream: {upstream.problems})")
    equal(ended.stdout.strip(), "All patched.", "the answer")
    equal((work / "a.txt").read_text(encoding="utf-8"), step_codex.PATCHED, "a.txt")
    equal(len(upstream.requests) - before, 3, "requests that reached the model")


class Served:
    """A running LiteLLM and what it says that it served."""

    def __init__(self, base, log):
        self.base, self.log = base, log

    def last_endpoints(self, count):
        """Returns the endpoints of the last requests, without the method that follows a Gemini model's name."""
        return re.findall(r'"POST (/[^ ?%:]*)', self.log.read_text())[-count:]


@contextlib.contextmanager
def litellm(folder, upstream):
    """Runs LiteLLM with one model, which the scripted upstream answers; yields where it is."""
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
    env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONUNBUFFERED": "1", "HOME": place}
    log = place / "log"
    with log.open("wb") as output, child(command, env=env, cwd=place, stdout=output, stderr=output) as process:
        base = f"http://127.0.0.1:{port}"
        begun = time.monotonic()
        while not ready(base):
            expect(process.poll() is None, f"litellm ended: {log.read_text()[-800:]}")
            expect(time.monotonic() - begun < 120, f"litellm did not start within 120 s: {log.read_text()[-800:]}")
            time.sleep(0.2)
        yield Served(base, log)


def ready(base):
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(f"{base}/health/liveliness", timeout=5).status == 200
    except (urllib.error.URLError, OSError):
        return False
