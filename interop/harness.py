"""What every step needs: verdicts that are printed and counted, and child processes that surely end."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

KEY = "sk-interop"
HERE = pathlib.Path(__file__).resolve().parent


class Verdicts:
    """Prints one line per check and remembers how many there were of each kind."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    @contextlib.contextmanager
    def check(self, name):
        """Passes if the block ends normally; anything it raises is the reason of the failure."""
        try:
            yield
        except Exception as error:  # noqa: BLE001: one broken step must not hide the others
            self.line(f"FAIL {name}: {one_line(error)}")
        else:
            self.line(f"PASS {name}")

    @contextlib.contextmanager
    def only_failure(self, name):
        """Like `check`, for what is a matter of course: only its failure is worth a line."""
        try:
            yield
        except Exception as error:  # noqa: BLE001: as above
            self.line(f"FAIL {name}: {one_line(error)}")

    def line(self, line):
        """Counts a line that a client in another process printed, or one of our own."""
        print(line, flush=True)
        if line.startswith("PASS "):
            self.passed += 1
        elif line.startswith("FAIL "):
            self.failed += 1

    def clients(self, name, command, timeout=120):
        """Runs a program that prints verdicts itself; at least one is expected, and exit code 0."""
        with self.only_failure(f"{name} ends normally"):
            ended = run(command, timeout=timeout)
            lines = ended.stdout.splitlines()
            for line in lines:
                self.line(line)
            verdicts = [line for line in lines if line.startswith(("PASS ", "FAIL "))]
            expect(ended.returncode == 0 and verdicts, f"exit code {ended.returncode}: {ended.stderr[-1500:]}")


def one_line(error):
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if not isinstance(error, Failed) else said


class Failed(Exception):
    """What was observed is not what was expected."""


def expect(holds, why):
    if not holds:
        raise Failed(why)


def equal(observed, expected, what):
    expect(observed == expected, f"{what}: {observed!r} is not {expected!r}")


def run(command, timeout=120, cwd=None, env=None):
    """Runs `command` to its end with a closed standard input, and ends all of it at `timeout`."""
    with child(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
               text=True) as process:
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"{pathlib.Path(str(command[0])).name} did not end within {timeout} s") from None
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


@contextlib.contextmanager
def child(command, env=None, **options):
    """Runs `command` in a process group of its own, which is gone when the block ends."""
    process = subprocess.Popen([str(part) for part in command], env=bare_environment(env or {}),
                               start_new_session=True, **options)
    try:
        yield process
    finally:
        stop(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()


def stop(process):
    """Ends the group: politely, then surely."""
    for signal, patience in ((15, 10), (9, 10)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return


def bare_environment(more):
    """No keys, proxies or settings of the person who runs this reach the programs under test."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    return {"NO_PROXY": "127.0.0.1", "HOME": "/nonexistent", **kept, **{name: str(value) for name, value in more.items()}}


@contextlib.contextmanager
def proxy(llmx, upstream_url, *flags):
    """Runs `llmx responses-api-proxy` and yields its base URL."""
    with tempfile.TemporaryDirectory(prefix="llmx-interop-") as folder:
        info = pathlib.Path(folder, "info.json")
        command = [llmx, "responses-api-proxy", "--server-info", info, "--upstream-url", upstream_url, *flags]
        log = pathlib.Path(folder, "log")
        with log.open("wb") as stderr, child(command, stdin=subprocess.PIPE, stdout=stderr, stderr=stderr) as process:
            process.stdin.write(KEY.encode())
            process.stdin.close()
            started = time.monotonic()
            while not (info.exists() and info.read_text().endswith("\n")):
                expect(process.poll() is None, f"the proxy ended: {log.read_text()}")
                expect(time.monotonic() - started < 20, "the proxy did not start within 20 s")
                time.sleep(0.02)
            yield f"http://127.0.0.1:{json.loads(info.read_text())['port']}"


def llmx_exec(llmx, folder, base_url, wire_api, *more, timeout=120):
    """Runs `llmx exec` in fresh folders; returns how it ended and the folder it worked in.

    Without `wire_api` it is not configured, but told where its default provider is.
    """
    home, work = fresh(folder / "home"), fresh(folder / "work")
    settings, env = [], {"LLMX_BASE_URL": base_url, "LLMX_API_KEY": KEY}
    if wire_api:
        provider = f"model_providers.p={{ base_url = '{base_url}', env_key = 'P_KEY', wire_api = '{wire_api}' }}"
        settings, env = ["-c", provider, "-c", "model_provider=p"], {"P_KEY": KEY}
    command = [llmx, "exec", *settings, "-C", work, *more]
    ended = run(command, env={"LLMX_HOME": home, "HOME": home, **env}, timeout=timeout)
    return ended, work


def fresh(folder):
    """Returns `folder`, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
