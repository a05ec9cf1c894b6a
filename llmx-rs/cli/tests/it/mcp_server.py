"""A tool server over standard input and output (MCP), as good or as bad as its test wants it."""

import json
import os
import sys
import time

MODE, LOG = sys.argv[1], sys.argv[2]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
LONG = "a_tool_with_a_name_that_no_provider_would_ever_take_since_it_has_eighty_letters_"
NAMES = ["multiply", LONG, "dotted.name", "picture", "environment", "params", "refuse", "slow", "die", "grow", "stall", "leave", "hidden"]
if os.path.exists(os.path.join(os.path.dirname(LOG), "grown")):
    NAMES.append("grown")
STALLED = []


def log(text):
    with open(LOG, "a") as file:
        file.write(text + "\n")


def send(message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def text(words, **more):
    return {"content": [{"type": "text", "text": words}], **more}


def call(params):
    name, arguments = params["name"], params.get("arguments", {})
    if name == "multiply":
        return text(f"product {arguments['a'] * arguments['b']}")
    if name == "picture":
        return {"content": [{"type": "text", "text": "one pixel"}, {"type": "image", "data": PIXEL, "mimeType": "image/png"}]}
    if name == "environment":
        return {"content": [], "structuredContent": dict(os.environ)}
    if name == "params":
        return text(json.dumps(params))
    if name == "refuse":
        return text("not on a Friday", isError=True)
    if name == "die":
        log("die")
        print("\x1b[31mout of memory\x1b[0m", file=sys.stderr, flush=True)
        os._exit(3)
    if name == "grow":
        NAMES.append("grown")
        send({"method": "notifications/tools/list_changed"})
        return text("grown")
    if name == "stall":
        STALLED.append(True)
        send({"method": "notifications/tools/list_changed"})
    return text(f"called {name}")


def answer(method, params):
    if method == "initialize":
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {"listChanged": True}, "resources": {}},
            "serverInfo": {"name": "test", "version": "1"},
        }
    if method == "tools/list":
        # One page for each tool, as a server with very many would do it.
        number = int(params.get("cursor", 0))
        page = {"tools": [{"name": NAMES[number], "description": "d", "inputSchema": {"type": "object"}}]}
        if number + 1 < len(NAMES):
            page["nextCursor"] = str(number + 1)
        return page
    if method == "tools/call":
        return call(params)
    if method == "resources/list":
        return {"resources": [{"uri": "note://1", "name": "first"}]}
    if method == "resources/read":
        return {"contents": [{"uri": params["uri"], "text": "what the note says"}]}
    return {}


log(f"started {os.getpid()}")
if MODE == "broken":
    print("no database here", file=sys.stderr, flush=True)
    sys.exit(3)
if MODE == "late":
    time.sleep(2)
for line in sys.stdin:
    message = json.loads(line)
    method = message.get("method")
    if MODE == "silent":
        continue
    if method == "notifications/cancelled":
        log("cancelled")
    if "id" in message and "method" in message:
        if method == "tools/list" and STALLED:
            continue
        if method == "tools/call" and message["params"]["name"] == "slow":
            log("slow")
            continue
        send({"id": message["id"], "result": answer(method, message.get("params", {}))})
        if method == "tools/call" and message["params"]["name"] == "leave":
            os._exit(0)
log("ended")
