"""Comparison: one page for two runs side by side, from their JSON and pictures."""

import json
import pathlib
from html import escape

from keras_vae.files import read_json, write_text
from keras_vae.report.digits import digits
from keras_vae.report.figures import charts, compared_curves
from keras_vae.report.glossary import glossary, linked
from keras_vae.report.markup import document, paragraph, section, slug, table
from keras_vae.report.pictures import figure
from keras_vae.report.verdicts import sampled_from

NAMES = "A", "B"


def write(first, second):
    """Write the page of two run directories into the second, compare-<name of the first>.html; returns its path."""
    runs = [pathlib.Path(path).expanduser() for path in (first, second)]
    results = [_results(path) for path in runs]
    seen = set()
    parts = [
        _warning(results),
        section("Verdict", _columns(results, lambda each: sampled_from(each, seen))),
        section("Differences in configuration", _differences(runs)),
        section("Numbers", _numbers(_headline(results))),
        _pictures(runs, results),
        section("Training", _training(runs, results, seen)),
        section("Metrics", _tables(results, seen)),
        section("Words", glossary(seen)),
    ]
    legend = "".join(f"<li>{name}: {escape(str(path))}</li>" for name, path in zip(NAMES, runs))
    path = runs[1] / f"compare-{runs[0].resolve().name}.html"
    head = f'<h1>Two runs compared</h1><ol class="runs">{legend}</ol>'
    write_text(path, document("Two runs compared", head, parts))
    return path


def _results(run):
    if not (run / "results.json").exists():
        raise FileNotFoundError(f"{run} has no results.json; measure it first, with evaluate --workdir={run}")
    found = read_json(run / "results.json")
    about = found.get("run") if isinstance(found, dict) else None
    lists = ("headline", "tables", "pictures")
    if not (
        isinstance(about, dict)
        and isinstance(about.get("dataset"), str)
        and isinstance(about.get("stages"), list)
        and all(isinstance(each, dict) for name in lists for each in found.get(name) or [])
    ):
        raise ValueError(f"{run / 'results.json'} holds no evaluation; measure it again, with evaluate --workdir={run}")
    return found


def _warning(results):
    """Words on what the two were not measured alike in; nothing where they were."""
    entries = [{"data set": each["run"]["dataset"], **(each.get("protocol") or {})} for each in results]
    different = [
        f"{name}: {' and '.join(digits(each.get(name)) for each in entries)}"
        for name in dict.fromkeys([*entries[0], *entries[1]])
        if entries[0].get(name) != entries[1].get(name)
    ]
    return (
        paragraph(f"Measured differently, numbers do not compare ({'; '.join(different)})", "warning")
        if different
        else ""
    )


def _columns(items, draw):
    """HTML of two things side by side, A on the left."""
    columns = "".join(f'<div><h3 class="run">{name}</h3>{draw(item)}</div>' for name, item in zip(NAMES, items))
    return f'<div class="sides">{columns}</div>'


def _differences(runs):
    leaves = [_leaves(read_json(run / "config.json")) if (run / "config.json").exists() else {} for run in runs]
    paths = [path for path in dict.fromkeys([*leaves[0], *leaves[1]]) if leaves[0].get(path) != leaves[1].get(path)]
    if not paths:
        return paragraph("None: both train the same.", "note")
    return _compared(["", *NAMES], [[path, *(_shown(each, path) for each in leaves)] for path in paths])


def _leaves(value, path=""):
    """{path: value} of nested JSON; stages go by their names."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = {item["name"]: item for item in value}
    if not isinstance(value, dict):
        return {path: value}
    return {k: v for key, item in value.items() for k, v in _leaves(item, f"{path}.{key}" if path else key).items()}


def _shown(leaves, path):
    return json.dumps(leaves[path]) if path in leaves else None


def _headline(results):
    """{name: its value in either run}."""
    values = [{entry["name"]: entry["value"] for entry in each.get("headline") or []} for each in results]
    return {name: [each.get(name) for each in values] for name in dict.fromkeys([*values[0], *values[1]])}


def _numbers(named):
    """Table of numbers by name, with how much more they are in B."""
    rows = [[name, *values, _change(*values)] for name, values in named.items()]
    return _compared(["", *NAMES, "B beside A"], rows) if rows else ""


def _compared(columns, rows):
    return f'<div class="compared">{table(columns, rows)}</div>'


def _change(a, b):
    if any(isinstance(x, bool) or not isinstance(x, int | float) for x in (a, b)) or not a or a * b < 0:
        return None
    change = (b - a) / abs(a)
    return "the same" if a == b else f"{change:+.0%}".replace("-", "−") if abs(change) < 10 else f"× {digits(b / a)}"


def _pictures(runs, results):
    """Sections of the pictures that both have, by their file's name."""
    found = [
        {pathlib.Path(entry["file"]).stem: (run, entry) for entry in each.get("pictures") or []}
        for run, each in zip(runs, results)
    ]
    sections = ""
    for name in dict.fromkeys([*found[0], *found[1]]):
        entries = [each.get(name) for each in found]
        entry = next(filter(None, entries))[1]
        title = ", ".join(filter(None, [entry["title"], entry.get("caption")]))
        numbered = [(number, each) for number, each in enumerate(entries)]
        sections += section(title, _columns(numbered, lambda each, name=name: _picture(name, *each)))
    return sections


def _picture(name, number, entry):
    if entry is None:
        return paragraph("None.", "note")
    run, picture = entry
    return (
        f'<div class="pictures">{figure(run, {**picture, "caption": ""}, picture["title"], f"{name}-{number}")}</div>'
    )


def _training(runs, results, seen):
    """Curves of both runs on the same axes, of each stage that both have."""
    body = ""
    for stage in results[0]["run"]["stages"]:
        paths = [run / stage / "history.json" for run in runs]
        if stage in results[1]["run"]["stages"] and all(path.exists() for path in paths):
            drawn = compared_curves(slug(stage), dict(zip(NAMES, map(read_json, paths))))
            body += f"<h3>{escape(stage)}</h3>{charts(drawn, seen)}"
    return body


def _tables(results, seen):
    """Tables of both with the same title as one, a row for each of their numbers."""
    tables = [{entry["title"]: entry for entry in each.get("tables") or []} for each in results]
    cards = ""
    for title in tables[0]:
        if title in tables[1] and (numbers := _cells(tables[0][title], tables[1][title])):
            note = paragraph(tables[1][title].get("note"), "note")
            cards += f"<div><h3>{linked(title, seen)}</h3>{_numbers(numbers)}{note}</div>"
    return f'<div class="tables">{cards}</div>' if cards else ""


def _cells(*tables):
    """{row and column: its value in either table}, of the rows and columns that are numbers."""
    found = []
    for entry in tables:
        cells = {}
        for row in entry["rows"]:
            named = zip(entry["columns"][1:], row[1:])
            cells |= {
                f"{row[0]}, {column}" if len(row) > 2 else str(row[0]): value
                for column, value in named
                if value is None or (isinstance(value, int | float) and not isinstance(value, bool))
            }
        found.append(cells)
    return {name: [each.get(name) for each in found] for name in dict.fromkeys([*found[0], *found[1]])}
