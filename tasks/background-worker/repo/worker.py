"""Serves jobs: adds up the numbers in each file of inbox/ and writes the sum into outbox/."""

import pathlib
import time

inbox, outbox = pathlib.Path("inbox"), pathlib.Path("outbox")
inbox.mkdir(exist_ok=True)
outbox.mkdir(exist_ok=True)
print("ready", flush=True)
while not pathlib.Path("inbox/stop").exists():
    for job in sorted(inbox.glob("*.job")):
        numbers = [int(word) for word in job.read_text().split()]
        total = sum(numbers[1:])
        (outbox / job.name).write_text(f"{total}\n")
        job.unlink()
        print(f"{job.name}: {total}", flush=True)
    time.sleep(0.05)
print("stopped", flush=True)
