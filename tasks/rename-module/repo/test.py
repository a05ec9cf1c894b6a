import pathlib

from app import human
from app.durations import human as same

assert human is same, "there is one function"
assert human(3725) == "1 h 2 min 5 s"
assert human(65) == "1 min 5 s"
assert not pathlib.Path("app/utils.py").exists(), "the old name is gone"
