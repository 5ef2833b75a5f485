"""Ask a server for samples, codes, reconstructions, scores: from files to files."""

import typing


def run(words: list[str]) -> int:
    """Do what `python -m serving.client` does; returns its exit code."""
    from serving import command_line

    return command_line.main(_connect, words, "keras-vae client")


def _connect(*args: typing.Any, **options: typing.Any) -> typing.Any:
    from serving.client import Client  # which --help does not wait for

    return Client(*args, **options)
