"""Runs in the environment that has the `openai` package: what an application does with the SDK."""

import collections
import json
import sys

import openai
import pydantic

TEXT = "gr\u00fc\u00df Gott, 1 \u20ac \U0001f600"
CITIES = ["Oslo", 'R\u00f8ros "north"']
TOOL = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather.",
    "strict": True,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False},
}


class Weather(pydantic.BaseModel):
    city: str
    degrees: int


def plain(client):
    response = client.responses.create(model="scripted", instructions="Be brief.", input=f"say {TEXT}")
    assert response.output_text == TEXT, response
    assert response.status == "completed", response
    assert (response.usage.input_tokens, response.usage.output_tokens) == (11, 7), response.usage


def stream(client):
    deltas, last = [], None
    for last in client.responses.create(model="scripted", input=f"say {TEXT}", stream=True):
        if last.type == "response.output_text.delta":
            deltas.append(last.delta)
    assert "".join(deltas) == TEXT, deltas
    assert len(deltas) > 1, "the text came in one piece"
    assert last.type == "response.completed", last
    assert last.response.output_text == TEXT, last
    assert last.response.usage.total_tokens == 18, last.response.usage


def stream_helper(client):
    with client.responses.stream(model="scripted", input=f"say {TEXT}") as events:
        kinds = [event.type for event in events]
        assert events.get_final_response().output_text == TEXT
    assert kinds[0] == "response.created", kinds


def tools(client):
    conversation = [{"role": "user", "content": "weather"}]
    response = client.responses.create(model="scripted", input=conversation, tools=[TOOL])
    finish(client, conversation, response)


def tools_streamed(client):
    conversation = [{"role": "user", "content": "weather"}]
    with client.responses.stream(model="scripted", input=conversation, tools=[TOOL]) as events:
        pieces = collections.defaultdict(str)
        for event in events:
            if event.type == "response.function_call_arguments.delta":
                pieces[event.output_index] += event.delta
        response = events.get_final_response()
    assert [json.loads(arguments)["city"] for arguments in pieces.values()] == CITIES, pieces
    finish(client, conversation, response)


def finish(client, conversation, response):
    """Answers both calls, as an agent loop does, with the response's own items in the history."""
    calls = [item for item in response.output if item.type == "function_call"]
    cities = [json.loads(call.arguments)["city"] for call in calls]
    assert cities == CITIES, response.output
    assert {call.name for call in calls} == {"weather"} and len({call.call_id for call in calls}) == 2, calls
    conversation = conversation + [item.to_dict() for item in response.output]
    for call, said in zip(calls, ("snow", "sun")):
        conversation.append({"type": "function_call_output", "call_id": call.call_id, "output": said})
    end = client.responses.create(model="scripted", input=conversation, tools=[TOOL])
    text = end.output_text
    assert text.startswith("It says: ") and text.index("snow") < text.index("sun"), end


def state(client):
    """The conversation goes on by id: the proxy keeps it, since the upstream does not."""
    first = client.responses.create(model="scripted", input="weather", tools=[TOOL])
    calls = [item for item in first.output if item.type == "function_call"]
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": said} for call, said in zip(calls, ("snow", "sun"))]
    second = client.responses.create(model="scripted", previous_response_id=first.id, input=results, tools=[TOOL])
    assert "snow" in second.output_text and "sun" in second.output_text, second
    with client.responses.stream(model="scripted", previous_response_id=second.id, input="recall") as events:
        third = events.get_final_response()
    assert "snow" in third.output_text and "sun" in third.output_text, third
    assert third.previous_response_id == second.id, third
    try:
        client.responses.create(model="scripted", previous_response_id="resp_unknown", input="recall")
    except openai.BadRequestError as error:
        assert (error.code, error.param) == ("previous_response_not_found", "previous_response_id"), repr(error)
    else:
        raise AssertionError("an unknown id was no error")


def parse(client):
    response = client.responses.parse(model="scripted", input="schema", text_format=Weather)
    assert response.output_parsed == Weather(city="Oslo", degrees=-3), response


def parse_streamed(client):
    with client.responses.stream(model="scripted", input="schema", text_format=Weather) as events:
        assert events.get_final_response().output_parsed == Weather(city="Oslo", degrees=-3)


def errors(client):
    kinds = {400: openai.BadRequestError, 401: openai.AuthenticationError, 404: openai.NotFoundError,
             429: openai.RateLimitError, 500: openai.InternalServerError}
    for status, kind in kinds.items():
        for streamed in (False, True):
            try:
                client.responses.create(model="scripted", input=f"fail {status}", stream=streamed)
            except openai.APIStatusError as error:
                assert type(error) is kind, repr(error)
                assert f"scripted {status}" in str(error), repr(error)
            else:
                raise AssertionError(f"{status} was no error")


def main():
    base_url, name = sys.argv[1:]
    client = openai.OpenAI(base_url=base_url, api_key="unused", max_retries=0, timeout=30)
    checks = [plain, stream, stream_helper, tools, tools_streamed, state, parse, parse_streamed, errors]
    for check in checks:
        try:
            check(client)
        except Exception as error:  # noqa: BLE001: one broken check must not hide the others
            print(f"FAIL {name} {check.__name__}: {type(error).__name__}: {' '.join(str(error).split())[:900]}", flush=True)
        else:
            print(f"PASS {name} {check.__name__}", flush=True)


main()
