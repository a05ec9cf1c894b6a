import pathlib
import shutil
import subprocess
import sys
import tempfile

with tempfile.TemporaryDirectory() as folder:
    worker = shutil.copy("worker.py", folder)
    inbox = pathlib.Path(folder, "inbox")
    inbox.mkdir()
    (inbox / "a.job").write_text("20 20 2\n")
    process = subprocess.Popen([sys.executable, "-B", worker], cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        lines = [process.stdout.readline() for _ in range(2)]
        (inbox / "stop").touch()
        assert lines == ["ready\n", "a.job: 42\n"], lines
        assert process.wait(10) == 0
    finally:
        process.kill()
