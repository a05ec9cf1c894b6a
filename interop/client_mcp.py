"""The official Python SDK of MCP as the client of `llmx mcp-server`, whose model is the scripted demo."""

import asyncio
import os
import sys

from mcp import Client, StdioServerParameters

LLMX, HOME, WORK, NAME = sys.argv[1:]


def check(name, holds, why):
    print(f"PASS {NAME}: {name}" if holds else f"FAIL {NAME}: {name}: {why}", flush=True)


def words(result):
    return result.content[0].text


async def main():
    server = StdioServerParameters(
        command=LLMX, args=["mcp-server", "-c", "model_provider=demo"], cwd=WORK,
        env={"LLMX_HOME": HOME, "HOME": HOME, "PATH": os.environ["PATH"]},
    )
    async with Client(server) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        check("the tools are listed", tools == ["llmx", "llmx-reply"], tools)
        begun = await client.call_tool("llmx", {"prompt": "go", "cwd": WORK, "sandbox": "danger-full-access"})
        check("a conversation is begun", not begun.is_error and "0 1 1 2 3 5" in words(begun), begun)
        conversation = begun.structured_content["conversationId"]
        again = await client.call_tool("llmx-reply", {"conversationId": conversation, "prompt": "again"})
        check("it goes on", not again.is_error and again.structured_content["conversationId"] == conversation, again)
        failed = await client.call_tool("llmx-reply", {"conversationId": "none", "prompt": "p"})
        check("an unknown conversation is an error", failed.is_error and "none" in words(failed), failed)


asyncio.run(main())
