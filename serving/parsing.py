"""Command lines of client, bulk work and server: values of flags, the nearest name for a wrong one, exit codes."""

import argparse
import contextlib
import difflib
import os
import pathlib
import re
import sys

# Exit code 2; other errors end with 1.
WRONG_INPUT = (ValueError, FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError)


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that tells a mistake in one line, with the nearest flag or command, and ends with 2."""

    def __init__(self, **options):
        super().__init__(**{"allow_abbrev": False, "formatter_class": _WithDefaults, **options})

    def error(self, message):
        """Tell what was wrong, and exit."""
        wrong = re.search(r"unrecognized arguments: (\S+)|invalid choice: '?([^' ]+)", message)
        word = next(filter(None, wrong.groups())).partition("=")[0] if wrong else ""
        own = set().union(*(action.option_strings or map(str, action.choices or ()) for action in self._actions))
        groups = [each.choices for each in self._actions if isinstance(each, argparse._SubParsersAction)]
        flags = {name: set(each._option_string_actions) for group in groups for name, each in group.items()}
        if takers := [name for name in flags if word in flags[name]]:
            refuse(f"{message}; {word} is a flag of {', '.join(takers)}, and goes after the command", "", [])
        refuse(message, word, sorted(own.union(*flags.values())))


class _WithDefaults(argparse.ArgumentDefaultsHelpFormatter):
    def _get_help_string(self, action):
        return action.help if action.default in (None, False) else super()._get_help_string(action)


def refuse(message, word, known):
    """Tell a mistake in one line, with what of `known` is nearest to `word`, sample to smaple say, and exit with 2."""
    lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(word.lower(), lower, n=1)
    hint = f"; did you mean {lower[near[0]]}?" if near else ""
    print(f"error: {message}{hint}\npass --help for the flags", file=sys.stderr)
    sys.exit(2)


def expanded(text):
    """Return a path whose ~ is written out, which no shell does after an =; ValueError where there is no such user."""
    found = os.path.expanduser(text)
    if found.startswith("~"):
        raise ValueError(f"there is no user {found.partition('/')[0][1:]!r}; write ./{text} for a file of that name")
    return found


def as_path(text):
    """Return the Path of an argument."""
    try:
        return pathlib.Path(expanded(as_name(text, "path")))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def as_name(text, kind="name"):
    """Return the text of an argument that is not blank."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"expected a {kind}")
    return text


def number(least, most, kind=float):
    """Return the `type` of arguments that are numbers from `least` to `most`. kind: int for whole ones."""
    expected = f"a whole number from {least} to {most}" if kind is int else f"a number from {least:g} to {most:g}"

    def parsed(text):
        with contextlib.suppress(ValueError):
            value = kind(text)
            if least <= value <= most:  # false for NaN
                return value
        raise argparse.ArgumentTypeError(f"expected {expected}, not {text!r}")

    return parsed


def content(path, expected, mark=b""):
    """Return the bytes of a file. expected: what is in it, "PEM certificates" say; mark: a pattern to know it by."""
    try:
        found = pathlib.Path(path).read_bytes()
    except OSError as error:
        raise type(error)(f"{path}: {error.strerror}; expected {expected}") from None
    if not found:
        raise ValueError(f"{path}: it is empty; expected {expected}")
    if not re.search(mark, found):
        raise ValueError(f"{path}: expected {expected}")
    return found
