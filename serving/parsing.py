"""Command lines of the client and of bulk work: argparse with ~ in paths, and the nearest name for a wrong one."""

import argparse
import difflib
import os
import pathlib
import re
import sys


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that tells a mistake in one line, with the nearest flag or command, and ends with 2."""

    def __init__(self, **options):
        super().__init__(**{"allow_abbrev": False, "formatter_class": _WithDefaults, **options})

    def error(self, message):
        """Tell what was wrong, and exit."""
        wrong = re.search(r"unrecognized arguments: (\S+)|invalid choice: '?([^' ]+)", message)
        word = next(filter(None, wrong.groups())).partition("=")[0] if wrong else ""
        near = difflib.get_close_matches(word, sorted(self._names()), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        print(f"error: {message}{hint}\npass --help for the flags", file=sys.stderr)
        sys.exit(2)

    def _names(self):
        """Flags and commands, with the flags of all commands."""
        found = set()
        for action in self._actions:
            found.update(action.option_strings or [str(each) for each in action.choices or ()])
            if isinstance(action.choices, dict):
                for parser in action.choices.values():
                    found |= parser._names() if isinstance(parser, Parser) else set()
        return found


class _WithDefaults(argparse.ArgumentDefaultsHelpFormatter):
    def _get_help_string(self, action):
        return action.help if action.default in (None, False) else super()._get_help_string(action)


def as_path(text):
    """A path; a ~ at its beginning is the home directory, which no shell puts after an =."""
    if not text.strip():
        raise argparse.ArgumentTypeError("expected a path")
    found = os.path.expanduser(text)
    if found.startswith("~"):
        raise argparse.ArgumentTypeError(f"there is no user {found.partition('/')[0][1:]!r}; write ./{text}")
    return pathlib.Path(found)
