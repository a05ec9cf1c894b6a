"""`cargo xtask tasks`: small repositories that `llmx exec` repairs with its real tools in its real sandbox.

Each folder here is a task: `repo/` with a test that fails, and `model.json` with what the scripted model
says. See CONTRIBUTING.md for its form.
"""

import argparse
import hashlib
import json
import pathlib
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

from harness import KEY, Verdicts, equal, expect, run  # noqa: E402: the path comes first
from script import Script  # noqa: E402: as above
from upstream import scripted  # noqa: E402: as above


def main():
    names = sorted(path.parent.name for path in HERE.glob("*/model.json"))
    parser = argparse.ArgumentParser(prog="cargo xtask tasks", description="Repositories that llmx exec repairs.")
    parser.add_argument("--llmx", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"only these of: {', '.join(names)}")
    args = parser.parse_args()
    unknown = set(args.tasks) - set(names)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")

    verdicts = Verdicts()
    folder = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in args.tasks or names:
        script = Script(json.loads((HERE / name / "model.json").read_text()))
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(dir=folder, prefix=f"{name}-") as place:
            with verdicts.check(f"{name} ({script.wire_api}, {len(script.turns)} answers)"):
                solve(args.llmx.resolve(), HERE / name, script, pathlib.Path(place))
        print(f"     {time.monotonic() - begun:.1f} s", flush=True)
    print(f"{verdicts.passed} passed, {verdicts.failed} failed")
    return 1 if verdicts.failed else 0


def solve(llmx, task, script, place):
    """Copies the task's repository into `place`, and has it repaired."""
    work, home, outside, scratch = (place / name for name in ("work", "home", "outside", "scratch"))
    for folder in (home, outside, scratch):
        folder.mkdir()
    shutil.copytree(task / "repo", work)
    (outside / "canary").write_text("unharmed\n")
    expect(run(["git", "init", "--quiet", work]).returncode == 0, "git init failed")
    test = [word.replace("{scratch}", str(scratch)) for word in script.test]
    expect(run(test, cwd=work).returncode != 0, "the test passes before anything was done")
    before = snapshot(place, besides=("work", "home", "scratch"))

    with scripted(script.answer) as upstream:
        ended = run(command(llmx, script, upstream.url, work), cwd=work, env={"LLMX_HOME": home, "HOME": home, "P_KEY": KEY})
    said = "; ".join([*upstream.problems, ended.stderr[-1500:]])
    expect(not upstream.problems, said)
    equal(ended.returncode, 0, f"exit code of llmx ({said})")
    script.must_be_over()

    tested = run(test, cwd=work)
    expect(tested.returncode == 0, f"the test fails afterwards: {tested.stdout[-500:]}{tested.stderr[-500:]}")
    equal(snapshot(place, besides=("work", "home", "scratch")), before, "what lies beside the repository")
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    equal(events[-1]["type"], "turn.completed", "the last event")
    (session,) = home.glob("sessions/*/*/*/rollout-*.jsonl")
    all_recorded(script, events, [json.loads(line) for line in session.read_text().splitlines()])


def command(llmx, script, url, work):
    provider = f"model_providers.p={{ base_url = '{url}', env_key = 'P_KEY', wire_api = '{script.wire_api}' }}"
    # The runs may lie below /tmp, which must be as closed to commands as every other place.
    closed = [f"sandbox_workspace_write.{name}=true" for name in ("exclude_slash_tmp", "exclude_tmpdir_env_var")]
    settings = [word for setting in (provider, "model_provider=p", *closed) for word in ("-c", setting)]
    return [llmx, "exec", *settings, "--json", "-m", "scripted", "-s", "workspace-write", "-C", work, script.prompt]


def snapshot(place, besides):
    """Returns what lies in `place`, except in its folders `besides`: names, contents and modes."""
    found = {}
    for path in sorted(place.rglob("*")):
        relative = path.relative_to(place)
        if relative.parts[0] not in besides:
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
            found[str(relative)] = (content, path.lstat().st_mode)
    return found


def all_recorded(script, events, lines):
    """Checks that every item that was shown, and every call of the model, is in the session file."""
    items = [line["payload"] for line in lines if line["type"] == "response_item"]
    calls = {item["call_id"]: item for item in items if item["type"] in ("function_call", "custom_tool_call")}
    answered = [item["call_id"] for item in items if item["type"].endswith("_call_output")]
    equal(len(calls), script.called, "calls in the session file")
    equal(sorted(answered), sorted(calls), "answered calls in the session file")
    messages = json.dumps([item for item in items if item["type"] == "message"])
    shown = [event["item"] for event in events if event["type"] == "item.completed"]
    for item in shown:
        if item["type"] == "agent_message":
            expect(json.dumps(item["text"])[1:-1] in messages, f"not recorded: {item['text']}")
    acts = [item for item in shown if item["type"] not in ("agent_message", "reasoning", "error")]
    equal(len({item["id"] for item in acts}), script.called, "calls that were shown")
    for item in acts:
        if item["type"] == "command_execution":
            written = [call.get("arguments", "") for call in calls.values()]
            expect(any(json.loads(text or "{}").get("cmd") == item["command"] for text in written), f"not recorded: {item['command']}")


if __name__ == "__main__":
    sys.exit(main())
