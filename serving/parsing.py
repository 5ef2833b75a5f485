"""Command lines of client, bulk work and server: values of flags, the nearest name for a wrong one, exit codes."""

import argparse
import contextlib
import difflib
import functools
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
        flags = {name: set(parser._option_string_actions) for name, parser in self._commands()}
        if takers := [name for name in flags if word in flags[name]]:
            refuse(f"{message}; {word} is a flag of {', '.join(takers)}, and goes after the command", "", [])
        refuse(message, word, sorted(own.union(*flags.values())))

    def _commands(self):
        """[(name, its parser)]."""
        choices = [each.choices for each in self._actions if isinstance(each.choices, dict)]
        return [(name, each) for group in choices for name, each in group.items() if isinstance(each, Parser)]


class _WithDefaults(argparse.ArgumentDefaultsHelpFormatter):
    def _get_help_string(self, action):
        return action.help if action.default in (None, False) else super()._get_help_string(action)


def refuse(message, word, known):
    """Tell a mistake in one line, with what of `known` is nearest to `word`, and exit with 2."""
    print(f"error: {message}{nearest(word, known)}\npass --help for the flags", file=sys.stderr)
    sys.exit(2)


def nearest(word, known):
    """Return "; did you mean sample?" for smaple or SAMPLE, and nothing where no known word is near."""
    lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(word.lower(), lower, n=1)
    return f"; did you mean {lower[near[0]]}?" if near else ""


def expanded(text):
    """Return a path whose ~ is written out, which no shell does after an =; ValueError where there is no such user."""
    found = os.path.expanduser(text)
    if found.startswith("~"):
        raise ValueError(f"there is no user {found.partition('/')[0][1:]!r}; write ./{text} for a file of that name")
    return found


def as_path(text):
    """Return the Path of an argument."""
    try:
        if text.strip():
            return pathlib.Path(expanded(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    raise argparse.ArgumentTypeError("expected a path")


def as_name(text):
    """Return the name that an argument gives."""
    if text.strip():
        return text
    raise argparse.ArgumentTypeError("expected a name")


def whole(least, most):
    """Return the `type` of arguments that are whole numbers from `least` to `most`."""
    return functools.partial(_within, int, f"a whole number from {least} to {most}", least, most)


def number(least, most):
    """Return the `type` of arguments that are numbers from `least` to `most`."""
    return functools.partial(_within, float, f"a number from {least:g} to {most:g}", least, most)


def _within(kind, expected, least, most, text):
    with contextlib.suppress(ValueError):
        value = kind(text)
        if least <= value <= most:  # false for NaN
            return value
    raise argparse.ArgumentTypeError(f"expected {expected}, not {text!r}")


# What keeps a file from being read, without the words of the system.
REASONS = {
    FileNotFoundError: "there is no such file",
    IsADirectoryError: "it is a folder",
    NotADirectoryError: "it lies below a file",
    PermissionError: "it may not be read",
}


def content(path, expected):
    """Return the bytes of a file, which is not empty. expected: what should be in it, "PEM certificates" say."""
    try:
        found = pathlib.Path(path).read_bytes()
    except OSError as error:
        reason = REASONS.get(type(error), error.strerror)
        raise type(error)(f"{path}: {reason}; expected {expected}") from None
    if not found:
        raise ValueError(f"{path}: it is empty; expected {expected}")
    return found
