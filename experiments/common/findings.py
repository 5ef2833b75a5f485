"""Findings: the values, claims, charts and pictures that an experiment returns."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Claim:
    """One statement of a paper and whether the measured numbers agree with it."""

    statement: str
    holds: bool
    measured: object  # a number, a list of numbers or words
    paper: object = None


@dataclasses.dataclass(frozen=True)
class Findings:
    """Measured values, with the charts and pictures that go with it."""

    values: dict  # {row: {quantity: number}}, rows and quantities named as in PAPER
    charts: list = dataclasses.field(default_factory=list)  # of `chart`
    pictures: list = dataclasses.field(default_factory=list)  # of `picture`
    notes: list = dataclasses.field(default_factory=list)  # sentences that a reader of the numbers needs


def chart(name, caption, *panels):
    """A figure of `panel`s, kept as numbers."""
    return {"name": name, "caption": caption, "panels": list(panels)}


def panel(lines, x, y, title="", log="", marks=(), minima=False, animated=False):
    """One pair of axes.

    lines: {label: (xs, ys) or (xs, ys, radii)}; log: the logarithmic axes, of "xy"; marks: the x of dashed vertical
    lines; minima: such a line through the lowest point of each line; animated: drawn point by point as a GIF too.
    """
    lines = {label: [np.asarray(values, float).tolist() for values in line] for label, line in lines.items()}
    marks = [float(mark) for mark in marks]
    words = {"x": x, "y": y, "title": title, "log": log}
    return {"lines": lines, **words, "marks": marks, "minima": minima, "animated": animated}


def picture(name, caption, pixels, private=False):
    """An image (H, W, 3) uint8. private: made of data that must not be passed on; it stays in the workdir."""
    return {"name": name, "caption": caption, "pixels": pixels, "private": private}


def column(values, quantity):
    """{row: value} of the rows that have the quantity, in their order."""
    return {row: cells[quantity] for row, cells in values.items() if quantity in cells}
