"""A provider whose model follows a script: Responses, Chat Completions, Messages and Gemini, streamed or not.

What the client wants is read from the translated request, so that an answer proves that the request
arrived. Every request is kept, as bytes too, for checks on what the bridge sends.
"""

import contextlib
import http.server
import json
import threading


class Request:
    """One request, with what a script decides by, whatever its dialect."""

    def __init__(self, path, authorization, raw):
        self.path = path
        self.authorization = authorization
        self.raw = raw
        self.body = json.loads(raw)
        self.stream = bool(self.body.get("stream")) or "streamGenerateContent" in path
        if path.endswith("/chat/completions"):
            self.dialect = CHAT
        elif path.endswith("/messages"):
            self.dialect = MESSAGES
        elif path.partition("?")[0].endswith("enerateContent"):
            self.dialect = GEMINI
        elif path.endswith("/responses"):
            self.dialect = RESPONSES
        else:
            raise ValueError(f"{path} is no endpoint of a known dialect")
        self.said, self.results, self.tools, self.schema = self.dialect.read(self.body)
        # Messages has no word for a schema that binds: a call that the model must make stands for it.
        choice = self.body.get("tool_choice")
        self.forced = choice["name"] if self.dialect is MESSAGES and choice and choice["type"] == "tool" else None


class Answer:
    """What the scripted model says: text, or calls of (id, name, arguments), or an error. With `cut`, the limit on
    its length takes that many characters off the end of each call, streamed over Chat. Arguments that are text are
    the input of a free-form tool, which only Responses has."""

    def __init__(self, text="", calls=(), status=200, error="", cut=0):
        self.text, self.calls, self.status, self.error, self.cut = text, list(calls), status, error, cut


class Chat:
    @staticmethod
    def read(body):
        messages = body["messages"]
        said = [plain(m["content"]) for m in messages if m["role"] == "user"]
        results = [plain(m["content"]) for m in messages if m["role"] == "tool"]
        tools = [tool["function"]["name"] for tool in body.get("tools", [])]
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        return said[-1] if said else "", results, tools, schema

    @staticmethod
    def whole(answer):
        calls = [{"id": i, "type": "function", "function": {"name": n, "arguments": json.dumps(a)}} for i, n, a in answer.calls]
        message = {"role": "assistant", "content": answer.text or None, **({"tool_calls": calls} if calls else {})}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
        return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice], "usage": Chat.USAGE}

    @staticmethod
    def events(answer):
        def chunk(delta, finish=None):
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            return None, {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "scripted", "choices": [choice]}

        yield chunk({"role": "assistant"})
        for piece in pieces(answer.text):
            yield chunk({"content": piece})
        for index, (call_id, name, arguments) in enumerate(answer.calls):
            yield chunk({"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}]})
            written = json.dumps(arguments)
            for piece in pieces(written[: len(written) - answer.cut]):
                yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
        yield chunk({}, "length" if answer.cut else "tool_calls" if answer.calls else "stop")
        yield None, {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "scripted", "choices": [], "usage": Chat.USAGE}
        yield None, "[DONE]"

    @staticmethod
    def error(answer):
        return {"error": {"message": answer.error, "type": "scripted_error", "code": "scripted", "param": None}}

    USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


class Messages:
    @staticmethod
    def read(body):
        blocks = [block for message in body["messages"] for block in as_blocks(message["content"]) if message["role"] == "user"]
        said = [block["text"] for block in blocks if block["type"] == "text"]
        results = [plain(block["content"]) for block in blocks if block["type"] == "tool_result"]
        forced = [tool for tool in body.get("tools", []) if body.get("tool_choice", {}).get("name") == tool["name"]]
        schema = forced[0]["input_schema"] if forced else None
        return said[-1] if said else "", results, [tool["name"] for tool in body.get("tools", [])], schema

    @staticmethod
    def whole(answer):
        content = [{"type": "text", "text": answer.text}] if answer.text else []
        content += [{"type": "tool_use", "id": i, "name": n, "input": a} for i, n, a in answer.calls]
        return {**Messages.head(), "content": content, "stop_reason": Messages.stop(answer)}

    @staticmethod
    def events(answer):
        def event(kind, **fields):
            return kind, {"type": kind, **fields}

        yield event("message_start", message={**Messages.head(), "content": [], "stop_reason": None})
        blocks = [({"type": "text", "text": ""}, "text_delta", "text", answer.text)] if answer.text else []
        blocks += [({"type": "tool_use", "id": i, "name": n, "input": {}}, "input_json_delta", "partial_json", json.dumps(a)) for i, n, a in answer.calls]
        for index, (block, kind, field, text) in enumerate(blocks):
            yield event("content_block_start", index=index, content_block=block)
            for piece in pieces(text):
                yield event("content_block_delta", index=index, delta={"type": kind, field: piece})
            yield event("content_block_stop", index=index)
        yield event("message_delta", delta={"stop_reason": Messages.stop(answer), "stop_sequence": None}, usage={"output_tokens": 7})
        yield event("message_stop")

    @staticmethod
    def head():
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": "scripted", "stop_sequence": None, "usage": {"input_tokens": 11, "output_tokens": 7}}

    @staticmethod
    def stop(answer):
        return "tool_use" if answer.calls else "end_turn"

    @staticmethod
    def error(answer):
        return {"type": "error", "error": {"type": "scripted_error", "message": answer.error}}


class Gemini:
    @staticmethod
    def read(body):
        parts = [part for content in body["contents"] if content.get("role") == "user" for part in content["parts"]]
        said = [part["text"] for part in parts if "text" in part]
        results = [json.dumps(part["functionResponse"]["response"]) for part in parts if "functionResponse" in part]
        tools = [f["name"] for tool in body.get("tools", []) for f in tool.get("functionDeclarations", [])]
        return said[-1] if said else "", results, tools, body.get("generationConfig", {}).get("responseSchema")

    @staticmethod
    def whole(answer):
        parts = [{"text": answer.text}] if answer.text else []
        parts += [{"functionCall": {"id": i, "name": n, "args": a}} for i, n, a in answer.calls]
        return Gemini.candidate(parts, finishReason="STOP")

    @staticmethod
    def events(answer):
        for piece in pieces(answer.text):
            yield None, Gemini.candidate([{"text": piece}])
        for i, n, a in answer.calls:
            yield None, Gemini.candidate([{"functionCall": {"id": i, "name": n, "args": a}}])
        yield None, Gemini.candidate([{"text": ""}], finishReason="STOP")

    @staticmethod
    def candidate(parts, **more):
        usage = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}
        return {"candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, **more}], "usageMetadata": usage, "modelVersion": "scripted", "responseId": "r1"}

    @staticmethod
    def error(answer):
        return {"error": {"code": answer.status, "message": answer.error, "status": "SCRIPTED"}}


class Responses:
    @staticmethod
    def read(body):
        items = body["input"]
        said = [plain(item["content"]) for item in items if item.get("type", "message") == "message" and item["role"] == "user"]
        results = [plain(item["output"]) for item in items if item["type"].endswith("_call_output")]
        schema = body.get("text", {}).get("format", {}).get("schema")
        return said[-1] if said else "", results, [tool.get("name", tool["type"]) for tool in body.get("tools", [])], schema

    @staticmethod
    def whole(answer):
        text = {"type": "output_text", "text": answer.text, "annotations": []}
        items = [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]}] if answer.text else []
        items += [Responses.call(*call) for call in answer.calls]
        return {**Responses.head(), "status": "completed", "output": items, "usage": Responses.USAGE}

    @staticmethod
    def events(answer):
        numbers = iter(range(1 << 30))

        def event(kind, **fields):
            return kind, {"type": kind, "sequence_number": next(numbers), **fields}

        whole = Responses.whole(answer)
        yield event("response.created", response={**Responses.head(), "status": "in_progress", "output": []})
        for index, item in enumerate(whole["output"]):
            at = {"output_index": index, "item_id": item["id"]}
            kind, field = Responses.GROWING[item["type"]]
            yield event("response.output_item.added", output_index=index, item={**item, "status": "in_progress", field: [] if field == "content" else ""})
            for piece in pieces(answer.text if field == "content" else item[field]):
                yield event(f"response.{kind}.delta", **at, **({"content_index": 0} if field == "content" else {}), delta=piece)
            yield event("response.output_item.done", output_index=index, item=item)
        yield event("response.completed", response=whole)

    @staticmethod
    def call(call_id, name, arguments):
        head = {"id": f"item_{call_id}", "call_id": call_id, "name": name, "status": "completed"}
        if isinstance(arguments, str):
            return {"type": "custom_tool_call", **head, "input": arguments}
        return {"type": "function_call", **head, "arguments": json.dumps(arguments)}

    @staticmethod
    def head():
        return {"id": "resp_1", "object": "response", "created_at": 1, "model": "scripted"}

    @staticmethod
    def error(answer):
        return {"error": {"message": answer.error, "type": "scripted_error", "code": "scripted", "param": None}}

    USAGE = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
    # Where a kind of item grows, and in which of its fields.
    GROWING = {
        "message": ("output_text", "content"),
        "function_call": ("function_call_arguments", "arguments"),
        "custom_tool_call": ("custom_tool_call_input", "input"),
    }


CHAT, MESSAGES, GEMINI, RESPONSES = Chat, Messages, Gemini, Responses
# What `--upstream-url` ends in for each dialect.
ENDPOINTS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "gemini": "/v1beta"}


def plain(content):
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or [])


def as_blocks(content):
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def pieces(text, size=7):
    """Cuts `text` into fragments, so that escapes and words are split as real streams split them."""
    return [text[at : at + size] for at in range(0, len(text), size)]


@contextlib.contextmanager
def scripted(decide):
    """Serves on a free port of loopback; `decide` turns a request into an answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            raw = self.rfile.read(int(self.headers["content-length"]))
            try:
                request = Request(self.path, self.headers["authorization"], raw)
                self.server.requests.append(request)
                answer = decide(request)
            except Exception as error:  # noqa: BLE001: the client shall see why its request was not understood
                self.server.problems.append(f"{self.path}: {type(error).__name__}: {error}")
                return self.send(500, {"error": {"message": self.server.problems[-1], "type": "script"}})
            if answer.status != 200:
                return self.send(answer.status, request.dialect.error(answer))
            if not request.stream:
                return self.send(200, request.dialect.whole(answer))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            for name, data in request.dialect.events(answer):
                head = f"event: {name}\n" if name else ""
                text = data if isinstance(data, str) else json.dumps(data)
                self.wfile.write(f"{head}data: {text}\n\n".encode())
                self.wfile.flush()

        def send(self, status, body):
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            """Requests are kept, not logged."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests, server.problems = [], []
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
