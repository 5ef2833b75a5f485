"""Claims: what a check of a theorem says, one a row."""

import typing

import numpy as np


class Claim(typing.NamedTuple):
    """One statement of a paper, what it predicts, what was computed, and whether they agree."""

    statement: str
    expected: str
    found: str
    holds: bool


def equal(statement, expected, found, tolerance=1e-9):
    """found = expected, within `tolerance` times max(1, |expected|), in every element of two arrays."""
    expected, found = np.asarray(expected, np.float64), np.asarray(found, np.float64)
    holds = np.all(np.abs(found - expected) <= tolerance * np.maximum(1.0, np.abs(expected)))
    return Claim(statement, _text(expected), _text(found), bool(holds))


def below(statement, bound, found):
    """found < bound, in every element."""
    return Claim(statement, f"below {_text(bound)}", _text(found), bool(np.all(np.asarray(found) < bound)))


def above(statement, bound, found):
    """found > bound, in every element."""
    return Claim(statement, f"above {_text(bound)}", _text(found), bool(np.all(np.asarray(found) > bound)))


def _text(values):
    return " ".join(f"{value:.6g}" for value in np.ravel(values))
