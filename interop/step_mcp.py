"""The official Python SDK of MCP on both sides: its servers' tools are called, one of them after a
login, and it calls llmx."""

import contextlib
import socket
import subprocess
import time
import urllib.request

from harness import HERE, KEY, child, equal, expect, fresh, run
from upstream import Answer, scripted

SERVER = HERE / "server_mcp.py"
GUARDED = HERE / "server_mcp_login.py"
CALLS = [
    ("mcp__interop__multiply", {"a": 6, "b": 7}, "42"),
    ("mcp__interop__fail", {}, "The tool failed:"),
    ("read_mcp_resource", {"server": "interop", "uri": "note://one"}, "what the note says"),
]


def step(verdicts, llmx, folder):
    python = folder / "mcp" / "bin" / "python"
    table = f"[mcp_servers.interop]\ncommand = '{python}'\nargs = ['{SERVER}']\n"
    calls(verdicts, llmx, folder, "mcp over stdio", table)
    with at_a_port(python, SERVER) as port:
        table = f"[mcp_servers.interop]\nurl = 'http://127.0.0.1:{port}/mcp'\n"
        calls(verdicts, llmx, folder, "mcp over HTTP", table)
    with at_a_port(python, GUARDED) as port:
        login(verdicts, llmx, folder, f"http://127.0.0.1:{port}/mcp")
    name = "mcp client to llmx mcp-server"
    home, work = fresh(folder / "home"), fresh(folder / "work")
    verdicts.clients(name, [python, HERE / "client_mcp.py", llmx, home, work, name])


PROVIDER = "model = 'm'\nmodel_provider = 'p'\n[model_providers.p]\nbase_url = '{}'\nenv_key = 'P_KEY'\nwire_api = 'chat'\n"


def login(verdicts, llmx, folder, url):
    home, work = fresh(folder / "home"), fresh(folder / "work")
    env = {"LLMX_HOME": home, "HOME": home, "P_KEY": KEY}

    def listed():
        return run([llmx, "mcp", "list"], env=env).stdout

    with verdicts.check("mcp login: a server that logs people in"), scripted(guarded) as upstream:
        config = PROVIDER.format(upstream.url + "/v1") + f"[mcp_servers.guarded]\nurl = '{url}'\n"
        (home / "config.toml").write_text(config)
        expect("not logged in" in listed(), listed())
        # What a browser does: it opens the address and follows where that leads.
        with child([llmx, "mcp", "login", "guarded", "--no-browser"], env=env, stderr=subprocess.PIPE, text=True) as ended:
            address = next(line.strip() for line in ended.stderr if line.startswith("  http"))
            urllib.request.urlopen(address).read()
            rest = ended.stderr.read()
            equal(ended.wait(30), 0, rest)
        expect("(logged in)" in listed(), listed())
        first = (home / "auth-mcp.json").read_text()
        # The token lives for as long as it takes to notice that it will end soon.
        time.sleep(1.5)
        ended = run([llmx, "exec", "-C", work, "-s", "danger-full-access", "go"], env=env)
        equal(ended.returncode, 0, ended.stderr[-600:])
        equal(upstream.requests[-1].results, ["42"], "what the tool is answered")
        expect((home / "auth-mcp.json").read_text() != first, "the token was not renewed")


def guarded(request):
    if request.results:
        return Answer("done")
    return Answer(calls=[("call_0", "mcp__guarded__multiply", {"a": 6, "b": 7})])


def calls(verdicts, llmx, folder, name, table):
    home, work = fresh(folder / "home"), fresh(folder / "work")
    with verdicts.check(f"{name}: tools and resources reach the model"), scripted(decide) as upstream:
        (home / "config.toml").write_text(PROVIDER.format(upstream.url + "/v1") + table)
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
def at_a_port(python, server):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with child([python, server, port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        begun = time.monotonic()
        while socket.socket().connect_ex(("127.0.0.1", port)):
            expect(running.poll() is None, "the server ended")
            expect(time.monotonic() - begun < 30, "the server did not start within 30 s")
            time.sleep(0.1)
        yield port
