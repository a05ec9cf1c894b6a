"""A real llama.cpp server with a real, small model answers through the bridge."""

import json
import subprocess
import urllib.request

import step_codex
from harness import HERE, child, equal, expect, llmx_exec, proxy
from upstream import ENDPOINTS


def step(verdicts, llmx, folder):
    with llama(folder) as upstream:
        for dialect in ("chat", "messages"):  # llama.cpp serves both
            bridged(verdicts, llmx, upstream, dialect)
            with verdicts.check(f"llama.cpp answers llmx exec over wire_api = {dialect}"):
                ended, _ = llmx_exec(llmx, folder / "run" / "llama", f"{upstream}/v1", dialect, "-m", "smollm2", "Say hello.")
                equal(ended.returncode, 0, f"exit code ({ended.stderr[-800:]})")
                expect(ended.stdout.strip(), "no answer on standard output")
        with verdicts.check("llama.cpp answers codex through --bridge-to-chat"):
            answers_codex(llmx, folder, upstream)


def answers_codex(llmx, folder, upstream):
    """Codex's own instructions are too long for so small a model; these are ours."""
    instructions = folder / "run" / "instructions.md"
    instructions.write_text("Answer in one sentence.\n")
    settings = f'model_instructions_file = {json.dumps(str(instructions))}\nweb_search = "disabled"\n'
    settings += "[features]\nmulti_agent = false\ngoals = false\n"
    with proxy(llmx, upstream + ENDPOINTS["chat"], "--bridge-to-chat") as base:
        events = step_codex.codex(folder, base, folder / "run" / "llama-codex", "turn.completed", settings)
    items = [json.loads(line).get("item", {}) for line in events.splitlines()]
    said = [item["text"] for item in items if item.get("type") == "agent_message"]
    expect(said and all(text.strip() for text in said), f"no answer: {events[-800:]}")


def bridged(verdicts, llmx, upstream, dialect):
    with proxy(llmx, upstream + ENDPOINTS[dialect], "--bridge-to", dialect) as base:
        with verdicts.check(f"llama.cpp over {dialect} plain"):
            response = json.loads(ask(base, stream=False))
            equal(response["status"], "completed", "status")
            expect(text_of(response).strip(), f"no text: {response}")
            counts_add_up(response["usage"])
        with verdicts.check(f"llama.cpp over {dialect} stream"):
            data = [line[6:] for line in ask(base, stream=True).splitlines() if line.startswith("data: ")]
            events = [json.loads(line) for line in data]
            equal([event["sequence_number"] for event in events], list(range(len(events))), "sequence numbers")
            equal((events[0]["type"], events[-1]["type"]), ("response.created", "response.completed"), "first and last")
            deltas = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
            expect(len(deltas) > 1, f"the text came in {len(deltas)} pieces")
            equal("".join(deltas), text_of(events[-1]["response"]), "the deltas together")
            counts_add_up(events[-1]["response"]["usage"])
        with verdicts.check(f"llama.cpp over {dialect} cut at its limit is incomplete, not completed"):
            response = json.loads(ask(base, stream=False, max_output_tokens=2))
            equal(response["status"], "incomplete", "status")
            equal(response["incomplete_details"], {"reason": "max_output_tokens"}, "why")


class llama:
    """The server, from the moment that it listens until the block ends."""

    def __init__(self, folder):
        self.command = [folder / "llama" / "bin" / "python", HERE / "llama_server.py"]
        self.log = folder / "run" / "llama.log"

    def __enter__(self):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        stderr = self.log.open("wb")
        self.child = child(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True)
        process = self.child.__enter__()
        for line in process.stdout:
            if line.startswith("READY "):
                return line.split()[1]
        self.child.__exit__(None, None, None)
        expect(False, f"llama.cpp did not start: {self.log.read_text()[-800:]}")

    def __exit__(self, *error):
        self.child.__exit__(*error)


def ask(base, stream, **more):
    body = {"model": "smollm2", "input": "Tell me about Norway.", "stream": stream, **more}
    request = urllib.request.Request(f"{base}/v1/responses", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120) as response:
        return response.read().decode()


def text_of(response):
    return "".join(part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"])


def counts_add_up(usage):
    expect(usage["input_tokens"] > 0 and usage["output_tokens"] > 0, f"usage: {usage}")
    equal(usage["input_tokens"] + usage["output_tokens"], usage["total_tokens"], "usage")
