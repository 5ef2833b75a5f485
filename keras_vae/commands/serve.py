"""Serve exported models over gRPC and REST, as TensorFlow Serving does."""

import runpy
import sys


def run(words: list[str]) -> None:
    """Become `python -m serving.local`, which takes the same flags."""
    from serving import local_flags

    local_flags.parse(["keras-vae serve", *words])
    sys.argv[1:] = words
    runpy.run_module("serving.local", run_name="__main__", alter_sys=True)
