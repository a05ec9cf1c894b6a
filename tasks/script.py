"""What the scripted model of a task answers, as `model.json` has it."""

import re

from harness import expect
from upstream import RESPONSES, Answer


class Script:
    """Answers the requests of one run, in order; what does not fit the script raises.

    `turns` are the model's answers. Each has what to `say` or the `calls` to make, and before it is given,
    every pattern of `expect`, and none of `reject`, must be found in the results of the calls before. Groups
    that the patterns name stand for `{name}` in later arguments. With `until`, the calls are made again
    until their results hold that pattern.
    """

    def __init__(self, task):
        self.prompt, self.wire_api, self.test, self.turns = (task[key] for key in ("prompt", "wire_api", "test", "turns"))
        self.at, self.called, self.tries = 0, 0, 0
        self.last, self.found = 0, {}

    def answer(self, request):
        expect(len(request.results) == self.called, f"{len(request.results)} results for {self.called} calls")
        results = "\n".join(request.results[self.called - self.last :])
        if self.at and self.again(self.turns[self.at - 1], results):
            return self.give(self.turns[self.at - 1], request)
        expect(self.at < len(self.turns), "the model is asked again although it was done")
        turn = self.turns[self.at]
        for pattern in turn.get("expect", []):
            match = re.search(pattern, results)
            expect(match, f"answer {self.at + 1}: `{pattern}` is not in: {results[-1500:]}")
            self.found.update(match.groupdict())
        for pattern in turn.get("reject", []):
            expect(not re.search(pattern, results), f"answer {self.at + 1}: `{pattern}` is in: {results[-1500:]}")
        self.at, self.tries = self.at + 1, 0
        return self.give(turn, request)

    def must_be_over(self):
        expect(self.at == len(self.turns), f"the model gave {self.at} of {len(self.turns)} answers")

    def again(self, turn, results):
        self.tries += 1
        if "until" not in turn or re.search(turn["until"], results):
            return False
        expect(self.tries <= MOST_TRIES, f"`{turn['until']}` did not come: {results[-500:]}")
        return True

    def give(self, turn, request):
        calls = [self.call(call, request) for call in turn.get("calls", [])]
        self.last = len(calls)
        return Answer(text=turn.get("say", ""), calls=calls)

    def call(self, call, request):
        expect(call["tool"] in request.tools, f"{call['tool']} is not among the tools {request.tools}")
        self.called += 1
        if "patch" in call:
            patch = "\n".join(call["patch"])
            # Free text is what Responses has a word for; elsewhere the tool is a function.
            arguments = patch if request.dialect is RESPONSES else {"input": patch}
        else:
            arguments = {name: self.fill(value) for name, value in call["arguments"].items()}
        return f"call_{self.called}", call["tool"], arguments

    def fill(self, value):
        name = value[1:-1] if isinstance(value, str) and value[:1] + value[-1:] == "{}" else None
        return int(self.found[name]) if name in self.found else value


MOST_TRIES = 40
