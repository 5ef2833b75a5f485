"""Pieces of HTML; everything that comes from outside is escaped here."""

import re
from html import escape
from importlib import resources

from keras_vae.report.digits import digits


def document(title, head, parts):
    """The text of a page that needs nothing beside itself. head: HTML of its header; parts: of its sections."""
    style = resources.files("keras_vae.report").joinpath("style.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>\n"
        f"<header>{head}</header>\n<main>{chr(10).join(filter(None, parts))}</main>\n</body></html>\n"
    )


def section(title, body):
    """A part of the page under its heading; nothing at all where there is no body."""
    if not body:
        return ""
    return f'<section id="{slug(title)}"><h2>{escape(title)}</h2>{body}</section>'


def slug(text):
    """A name for an anchor or a class."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"


def paragraph(text, kind):
    """A paragraph of a CSS class; nothing for no text."""
    return f'<p class="{kind}">{escape(str(text))}</p>' if text else ""


def details(summary, body):
    """A part of the page that only some readers open."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def table(columns, rows, classes=None):
    """A table that scrolls in its own box. rows: lists of JSON values; classes: a CSS class for each row."""
    numbers = [any(_is_number(row[place]) for row in rows if place < len(row)) for place in range(len(columns))]
    head = "".join(
        f'<th scope="col"{numeric * NUMERIC}>{escape(str(column))}</th>' for column, numeric in zip(columns, numbers)
    )
    body = ""
    for row, kind in zip(rows, classes or [""] * len(rows)):
        cells = f'<th scope="row">{escape(digits(row[0]))}</th>' + "".join(map(_cell, row[1:]))
        body += f'<tr class="{kind}">{cells}</tr>' if kind else f"<tr>{cells}</tr>"
    head = f"<thead><tr>{head}</tr></thead>" if head else ""
    # A box that scrolls must be reachable by keyboard.
    return f'<div class="scroll" tabindex="0"><table>{head}<tbody>{body}</tbody></table></div>'


def facts(values):
    """A dictionary as a table of two columns."""
    # A seed is a name, not a quantity.
    rows = [[name.replace("_", " "), str(value) if "seed" in name else value] for name, value in values.items()]
    return f'<div class="facts">{table([], rows)}</div>'


NUMERIC = ' class="number"'


def _cell(value):
    return f"<td{(value is None or _is_number(value)) * NUMERIC}>{escape(digits(value))}</td>"


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)
