"""The official Python SDK of MCP on both sides: its servers' tools are called, and it calls llmx."""

import contextlib
import socket
import subprocess
import time

from harness import HERE, KEY, child, equal, expect, fresh, run
from upstream import Answer, scripted

SERVER = HERE / "server_mcp.py"
CALLS = [
    ("mcp__interop__multiply", {"a": 6, "b": 7}, "42"),
    ("mcp__interop__fail", {}, "The tool failed:"),
    ("read_mcp_resource", {"server": "interop", "uri": "note://one"}, "what the note says"),
]


def step(verdicts, llmx, folder):
    python = folder / "mcp" / "bin" / "python"
    table = f"[mcp_servers.interop]\ncommand = '{python}'\nargs = ['{SERVER}']\n"
    calls(verdicts, llmx, folder, "mcp over stdio", table)
    with at_a_port(python) as port:
        table = f"[mcp_servers.interop]\nurl = 'http://127.0.0.1:{port}/mcp'\n"
        calls(verdicts, llmx, folder, "mcp over HTTP", table)
    name = "mcp client to llmx mcp-server"
    home, work = fresh(folder / "home"), fresh(folder / "work")
    verdicts.clients(name, [python, HERE / "client_mcp.py", llmx, home, work, name])


def calls(verdicts, llmx, folder, name, table):
    home, work = fresh(folder / "home"), fresh(folder / "work")
    provider = "model = 'm'\nmodel_provider = 'p'\n[model_providers.p]\nbase_url = '{}'\nenv_key = 'P_KEY'\nwire_api = 'chat'\n"
    with verdicts.check(f"{name}: tools and resources reach the model"), scripted(decide) as upstream:
        (home / "config.toml").write_text(provider.format(upstream.url + "/v1") + table)
        env = {"LLMX_HOME": home, "HOME": home, "P_KEY": KEY}
        ended = run([llmx, "exec", "-C", work, "-s", "danger-full-access", "go"], env=env)
        equal(ended.returncode, 0, ended.stderr[-600:])
        expect(not upstream.problems, str(upstream.problems))
        results = upstream.requests[-1].results
        for (tool, _, expected), result in zip(CALLS, results, strict=True):
            expect(expected in result, f"{tool} is answered {result!r}")


def decide(request):
    """Makes every call in its turn; a tool that is not offered is not called."""
    done = len(request.results)
    if done == len(CALLS):
        return Answer("done")
    name, arguments, _ = CALLS[done]
    expect(name in request.tools, f"{name} is not among {request.tools}")
    return Answer(calls=[(f"call_{done}", name, arguments)])


@contextlib.contextmanager
def at_a_port(python):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with child([python, SERVER, port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        begun = time.monotonic()
        while socket.socket().connect_ex(("127.0.0.1", port)):
            expect(server.poll() is None, "the server ended")
            expect(time.monotonic() - begun < 30, "the server did not start within 30 s")
            time.sleep(0.1)
        yield port
