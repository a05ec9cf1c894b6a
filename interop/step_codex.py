"""The real Codex CLI works through the bridge: parallel calls, a freeform patch, a stable prompt."""

import json
import sys

from harness import HERE, KEY, equal, expect, fresh, proxy, run
from upstream import ENDPOINTS, Answer, scripted

PATCH = '*** Begin Patch\n*** Update File: a.txt\n@@\n-hello\n+h\u00e4llo "quoted" \\ back\n*** End Patch\n'
ADD = "*** Begin Patch\n*** Add File: b.txt\n+cut\n*** End Patch"
PATCHED = 'h\u00e4llo "quoted" \\ back\n'


def decide(request):
    """Two commands side by side, then a patch of what the first wrote, then the last word."""
    if not request.results:
        return Answer(calls=[
            ("call_a", "exec_command", {"cmd": "echo hello > a.txt; cat a.txt"}),
            ("call_b", "exec_command", {"cmd": "echo beside"}),
        ])
    if len(request.results) == 2:
        return Answer(calls=[("call_c", "apply_patch", {"input": PATCH})])
    return Answer("All patched.")


def step(verdicts, llmx, folder):
    own_tools(verdicts, llmx, folder)
    tools_of_a_server(verdicts, llmx, folder)
    cut_off(verdicts, llmx, folder)
    for dialect in ("messages", "gemini"):
        other_dialect(verdicts, llmx, folder, dialect)


def own_tools(verdicts, llmx, folder):
    work = folder / "run" / "codex-work"
    with scripted(decide) as upstream, proxy(llmx, f"{upstream.url}/v1/chat/completions", "--bridge-to-chat") as base:
        with verdicts.check("codex ends with exit code 0"):
            codex(folder, base, work, "All patched.")
    requests = upstream.requests
    with verdicts.check("codex takes three turns and no repetition"):
        equal(upstream.problems, [], "problems of the upstream")
        equal([len(request.results) for request in requests], [0, 2, 3], "tool results per request")
    with verdicts.check("codex changes the file by apply_patch"):
        equal((work / "a.txt").read_text(encoding="utf-8"), PATCHED, "a.txt")
    with verdicts.check("codex sends each result after its call"):
        last = requests[-1].body["messages"]
        calls = [call["id"] for message in last for call in message.get("tool_calls") or []]
        results = {message["tool_call_id"]: message["content"] for message in last if message["role"] == "tool"}
        equal(calls, ["call_a", "call_b", "call_c"], "calls")
        equal(list(results), calls, "results")
        for call, part in (("call_a", "hello"), ("call_b", "beside"), ("call_c", "M a.txt")):
            expect(part in results[call], f"{call} answered {results[call]!r}")
        patch = [call for message in last for call in message.get("tool_calls") or [] if call["id"] == "call_c"][0]
        equal(json.loads(patch["function"]["arguments"]), {"input": PATCH}, "the patch in the history")
    with verdicts.check("codex prompts keep their bytes from turn to turn"):
        equal(len(requests), 3, "requests")
        for before, after in zip(requests, requests[1:]):
            equal(slice_of(after.raw, "tools"), slice_of(before.raw, "tools"), "tools")
            begin = slice_of(before.raw, "messages")[:-1]
            expect(slice_of(after.raw, "messages").startswith(begin), "messages of a turn do not begin as those before")
    with verdicts.check("codex's requests carry the proxy's key and ask for usage"):
        equal(len(requests), 3, "requests")
        for request in requests:
            equal(request.authorization, f"Bearer {KEY}", "authorization")
            equal(request.body["stream_options"], {"include_usage": True}, "stream_options")


def other_dialect(verdicts, llmx, folder, dialect):
    """The same work with an upstream of another dialect, without what only Chat requests have."""
    work = folder / "run" / f"codex-{dialect}-work"
    with scripted(decide) as upstream, proxy(llmx, upstream.url + ENDPOINTS[dialect], "--bridge-to", dialect) as base:
        with verdicts.check(f"codex changes a file through --bridge-to {dialect}"):
            codex(folder, base, work, "All patched.")
            equal(upstream.problems, [], "problems of the upstream")
            equal((work / "a.txt").read_text(encoding="utf-8"), PATCHED, "a.txt")
            results = [request.results for request in upstream.requests]
            equal([len(turn) for turn in results], [0, 2, 3], "tool results per request")
            for result, part in zip(results[-1], ("hello", "beside", "M a.txt")):
                expect(part in result, f"a tool answered {result!r}, not {part!r}")


def cut_off(verdicts, llmx, folder):
    """A call that the limit cuts off must not run, even if what is left of it would be a whole patch or command."""
    for name, arguments in (("apply_patch", {"input": ADD}), ("exec_command", {"cmd": "touch b.txt"})):
        work = folder / "run" / "codex-cut-work"
        decide = lambda request: Answer(calls=[("call_x", name, arguments)], cut=len('"}'))
        with scripted(decide) as upstream, proxy(llmx, f"{upstream.url}/v1/chat/completions", "--bridge-to-chat") as base:
            with verdicts.check(f"codex does not run an {name} that was cut off"):
                codex(folder, base, work, "max_output_tokens", exit_code=1)
                expect(upstream.requests, "nothing was asked")
                equal([path.name for path in work.iterdir()], [], "files")


def tools_of_a_server(verdicts, llmx, folder):
    """MCP tools are deferred by Codex: the model searches them first, and calls what it found."""
    with scripted(search_then_multiply) as upstream, proxy(llmx, f"{upstream.url}/v1/chat/completions", "--bridge-to-chat") as base:
        with verdicts.check("codex finds and calls a tool of an MCP server"):
            server = f"[mcp_servers.calc]\ncommand = {json.dumps(sys.executable)}\nargs = [{json.dumps(str(HERE / 'mcp_server.py'))}]\n"
            codex(folder, base, folder / "run" / "codex-mcp-work", "It is 42.", server)
            equal(upstream.problems, [], "problems of the upstream")
            equal(len(upstream.requests), 3, "requests")
            expect("product 42" in upstream.requests[-1].results[-1], f"the tool answered {upstream.requests[-1].results[-1]!r}")


def search_then_multiply(request):
    if not request.results:
        expect("tool_search" in request.tools, f"no tool_search among {request.tools}")
        return Answer(calls=[("call_s", "tool_search", {"query": "multiply two numbers"})])
    if len(request.results) == 1:
        found = [name for name in request.tools if name.endswith("multiply")]
        equal(len(found), 1, f"tools to multiply by among {request.tools}")
        return Answer(calls=[("call_m", found[0], {"a": 6, "b": 7})])
    return Answer("It is 42.")


def codex(folder, base, work, last_word, more_config="", exit_code=0):
    """Runs one prompt to its end in fresh folders; returns its events, one line of JSON each."""
    home, work = fresh(folder / "run" / "codex-home"), fresh(work)
    (home / "config.toml").write_text(
        f'model = "gpt-5.5"\nmodel_provider = "p"\n{more_config}\n[model_providers.p]\nname = "P"\n'
        f'base_url = "{base}/v1"\nwire_api = "responses"\n'
    )
    command = [folder / "codex" / "node_modules" / ".bin" / "codex", "exec", "--json", "--skip-git-repo-check",
               "-s", "danger-full-access", "-C", work, "do it"]
    ended = run(command, timeout=120, env={"CODEX_HOME": home, "HOME": home})
    equal(ended.returncode, exit_code, f"exit code ({ended.stdout[-800:]} {ended.stderr[-800:]})")
    expect(last_word in ended.stdout, f"the last word is missing: {ended.stdout[-800:]}")
    return ended.stdout


def slice_of(raw, field):
    """Returns the bytes of a field's value as they were sent, not as a parser would write them again."""
    text = raw.decode()
    decoder, at = json.JSONDecoder(), 1
    while text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        _, end = decoder.raw_decode(text, at + 1)
        if key == field:
            return text[at + 1 : end].encode()
        at = end + 1 if text[end] == "," else end
    raise KeyError(field)
