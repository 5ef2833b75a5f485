"""The page: results.json, config.json, environment.json and the histories of a run as one HTML file."""

import json
import pathlib
import re
from html import escape
from importlib import resources

from keras_vae.files import read_json, write_text
from keras_vae.report.digits import digits
from keras_vae.report.figures import training_curves
from keras_vae.report.latents import latents
from keras_vae.report.markup import bullets, details, facts, paragraph, section, slug, table
from keras_vae.report.pictures import pictures


def write(workdir):
    """Write `report.html` of a run directory from its JSON and pictures; returns its path.

    Sections whose key results.json does not have are left out. The page needs nothing beside itself.
    """
    workdir = pathlib.Path(workdir).expanduser()
    results = read_json(workdir / "results.json")
    verdict, headline, shown, *rest = _measured(workdir, results)
    parts = [
        verdict,
        headline,
        shown,
        section("Training", "".join(_training(workdir, stage) for stage in results["run"]["stages"])),
        *rest,
        section("Other protocols", "".join(_other(workdir, each) for each in results.get("others") or [])),
        section("Protocol and versions", _small_print(workdir, results)),
    ]
    path = workdir / "report.html"
    write_text(path, _document(results["run"], [part for part in parts if part]))
    return path


def _measured(workdir, results):
    """Sections of what was measured by one protocol; empty ones for what was not."""
    return (
        section("Verdict", _verdict(results.get("verdict"))),
        section("Headline", _headline(results.get("headline") or [])),
        pictures(workdir, results.get("pictures") or []),
        section("Latent dimensions", latents(results.get("latents") or {})),
        section("Metrics", _tables(results.get("tables") or [])),
    )


def _other(workdir, results):
    """Results of another protocol, folded: their numbers do not compare with those of the page."""
    protocol = results.get("protocol") or {}
    title = ", ".join(f"{name} {value}" for name, value in protocol.items())
    verdict, headline, shown, *rest = _measured(workdir, results)
    body = "".join([verdict, headline, shown, *rest])
    for anchor in re.findall(r'<section id="([^"]+)"', body):  # those of the page itself are the first of the name
        body = body.replace(f'<section id="{anchor}"', "<section", 1)
    return details(title, body)


def _document(run, parts):
    title = ": ".join(filter(None, [run["dataset"], " + ".join(run["stages"])]))
    about = {
        "latent dimensions": run.get("latent_dim"),
        "code evaluated": run.get("inference_stage"),
        "seed": None if run.get("seed") is None else str(run["seed"]),
    }
    about = " · ".join(f"{name} {digits(value)}" for name, value in about.items() if value is not None)
    style = resources.files("keras_vae.report").joinpath("style.css").read_text(encoding="utf-8")
    stages = "".join(f"<li>{escape(stage)}</li>" for stage in run["stages"])
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>\n"
        f'<header><h1>{escape(run["dataset"])}</h1><ol class="stack">{stages}</ol>{paragraph(about, "note")}</header>\n'
        f"<main>{chr(10).join(parts)}</main>\n</body></html>\n"
    )


def _verdict(verdict):
    if not verdict:
        return ""
    columns = [("Evidence", verdict.get("evidence")), ("What to try next", verdict.get("advice"))]
    columns = "".join(f"<div><h3>{name}</h3>{bullets(texts)}</div>" for name, texts in columns if texts)
    word = paragraph(verdict["word"], "word")
    return f'<div class="verdict {slug(verdict["word"])}">{word}<div class="columns">{columns}</div></div>'


def _headline(numbers):
    cards = ""
    for number in numbers:
        note = f'<dd class="note">{escape(str(number["note"]))}</dd>' if number.get("note") else ""
        cards += f"<div><dt>{escape(str(number['name']))}</dt><dd>{escape(digits(number['value']))}</dd>{note}</div>"
    return f'<dl class="headline">{cards}</dl>' if cards else ""


def _training(workdir, stage):
    path = workdir / stage / "history.json"
    if not path.exists():
        return f"<h3>{escape(stage)}</h3>" + paragraph(f"No curves: there is no {stage}/history.json.", "note")
    charts = training_curves(slug(stage), read_json(path))
    figures = "".join(
        f'<figure class="chart"><figcaption>{escape(title)}</figcaption>{svg}</figure>' for title, svg in charts
    )
    return f'<h3>{escape(stage)}</h3><div class="charts">{figures}</div>'


def _tables(tables):
    cards = "".join(
        f"<div><h3>{escape(str(entry['title']))}</h3>{table(entry['columns'], entry['rows'])}"
        f"{paragraph(entry.get('note'), 'note')}</div>"
        for entry in tables
    )
    return f'<div class="tables">{cards}</div>' if cards else ""


def _small_print(workdir, results):
    config, environment = (
        read_json(workdir / name) if (workdir / name).exists() else None for name in ("config.json", "environment.json")
    )
    parts = {
        "Protocol": results.get("protocol"),
        "Data": results["run"].get("data_options"),
        "Evaluated with": results["run"].get("versions"),
        "Trained with": environment,
    }
    body = "".join(details(name, facts(values)) for name, values in parts.items() if values)
    if config is None:  # of a model that was trained elsewhere
        return body
    text = escape(json.dumps(config, indent=2))
    return body + details("Configuration", f'<pre class="scroll" tabindex="0">{text}</pre>')
