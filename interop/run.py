"""`cargo xtask interop`: runs real clients and real servers against llmx and prints a verdict per check.

Everything listens on loopback; only the installers reach out. The files here are plain scripts for
the interpreters that the software under test needs anyway, so that its own SDKs can be called.
"""

import argparse
import pathlib
import sys
import time

import step_codex
import step_litellm
import step_llama
import step_mcp
import step_openai
from harness import Verdicts
from install import install, versions

STEPS = {
    "codex": (["codex"], step_codex.step),
    "openai-python": (["py"], step_openai.python),
    "openai-node": (["node"], step_openai.node),
    "llama.cpp": (["llama", "codex"], step_llama.step),
    "litellm": (["litellm", "codex"], step_litellm.step),
    "mcp": (["mcp"], step_mcp.step),
}


def main():
    parser = argparse.ArgumentParser(prog="cargo xtask interop", description="Real software against llmx.")
    parser.add_argument("--llmx", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"only these of: {', '.join(STEPS)}")
    args = parser.parse_args()
    unknown = set(args.steps) - set(STEPS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")

    verdicts = Verdicts()
    folder = args.folder.resolve()
    for name in args.steps or STEPS:
        packages, step = STEPS[name]
        begun = time.monotonic()
        # What a step raises outside its own checks fails the step as a whole.
        with verdicts.only_failure(f"{name} runs to its end"):
            for package in packages:
                install(folder, package)
                print(f"== {name}: {versions(folder, package)}", flush=True)
            step(verdicts, args.llmx.resolve(), folder)
        print(f"== {name}: {time.monotonic() - begun:.0f} s", flush=True)
    print(f"{verdicts.passed} passed, {verdicts.failed} failed")
    return 1 if verdicts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
