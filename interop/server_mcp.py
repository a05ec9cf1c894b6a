"""A server made with the official Python SDK of MCP; over standard input and output, or at a port."""

import base64
import sys

from mcp.server.mcpserver import Image, MCPServer

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
server = MCPServer("interop")


@server.tool()
def multiply(a: int, b: int) -> int:
    """Multiplies two whole numbers."""
    return a * b


@server.tool()
def picture() -> Image:
    """Returns a picture of one pixel."""
    return Image(data=base64.b64decode(PIXEL), format="png")


@server.tool()
def fail() -> str:
    """Fails."""
    raise ValueError("failed on purpose")


@server.resource("note://one")
def note() -> str:
    return "what the note says"


if len(sys.argv) > 1:
    server.run("streamable-http", port=int(sys.argv[1]))
else:
    server.run("stdio")
