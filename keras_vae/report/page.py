"""The page: results.json, config.json, environment.json and the histories of a run as one HTML file."""

import json
import pathlib
import re
from html import escape

from keras_vae.files import names_and_values, read_json, write_text
from keras_vae.report.digits import digits
from keras_vae.report.figures import charts, read_history, scales, training_curves
from keras_vae.report.glossary import WORDS, glossary, linked
from keras_vae.report.latents import latents
from keras_vae.report.markup import details, document, facts, paragraph, section, slug, table
from keras_vae.report.pictures import gallery, pictures
from keras_vae.report.verdicts import verdicts

# Of a results.json that is damaged.
AGAIN = "delete it, and evaluation.json beside it, and measure the run again: evaluate --workdir=..."
WIDE = 6  # columns that do not fit beside another table


def write(workdir):
    """Write `report.html` of a run directory from its JSON and pictures; returns its path.

    Sections whose key results.json does not have are left out. The page needs nothing beside itself.
    """
    workdir = pathlib.Path(workdir).expanduser()
    text = read_json(workdir / "results.json", lambda results: _drawn(workdir, results), AGAIN)
    path = workdir / "report.html"
    write_text(path, text)
    return path


def _drawn(workdir, results):
    seen = set()
    verdict, headline, shown, *rest = _measured(workdir, results, seen)
    parts = [
        verdict,
        headline,
        shown,
        section("Training", "".join(_training(workdir, stage, seen) for stage in results["run"]["stages"])),
        *rest,
        section("Other protocols", "".join(_other(workdir, each) for each in results.get("others") or [])),
        section("Words", glossary(seen)),
        section("Protocol and versions", _small_print(workdir, results)),
    ]
    return _page(results["run"], parts)


def _measured(workdir, results, seen):
    """Sections of what was measured by one protocol; empty ones for what was not. seen: words that are linked."""
    return (
        section("Verdict", verdicts(results, seen)),
        section("Headline", _headline(results.get("headline") or [], seen)),
        pictures(workdir, results.get("pictures") or []),
        section("Latent dimensions", latents(results.get("latents") or {})),
        section("Metrics", _tables(results.get("tables") or [], seen)),
        section("Strangest and least strange", gallery(workdir, results.get("screened") or [])),
    )


def _other(workdir, results):
    """Results of another protocol, folded: their numbers do not compare with those of the page."""
    protocol = results.get("protocol") or {}
    title = ", ".join(f"{name} {value}" for name, value in protocol.items())
    verdict, headline, shown, *rest = _measured(workdir, results, set(WORDS))
    body = "".join([verdict, headline, shown, *rest])
    for anchor in re.findall(r'<section id="([^"]+)"', body):  # those of the page itself are the first of the name
        body = body.replace(f'<section id="{anchor}"', "<section", 1)
    return details(title, body)


def _page(run, parts):
    title = ": ".join(filter(None, [run["dataset"], " + ".join(run["stages"])]))
    about = {
        "latent dimensions": run.get("latent_dim"),
        "code evaluated": run.get("inference_stage"),
        "seed": None if run.get("seed") is None else str(run["seed"]),
    }
    about = " · ".join(f"{name} {digits(value)}" for name, value in about.items() if value is not None)
    stages = "".join(f"<li>{escape(stage)}</li>" for stage in run["stages"])
    head = f'<h1>{escape(run["dataset"])}</h1><ol class="stack">{stages}</ol>{paragraph(about, "note")}'
    return document(title, head, parts)


def _headline(numbers, seen):
    cards = ""
    for number in numbers:
        note = f'<dd class="note">{escape(str(number["note"]))}</dd>' if number.get("note") else ""
        cards += f"<div><dt>{linked(number['name'], seen)}</dt><dd>{escape(digits(number['value']))}</dd>{note}</div>"
    return f'<dl class="headline">{cards}</dl>' if cards else ""


def _training(workdir, stage, seen):
    path = workdir / stage / "history.json"
    if not path.exists():
        return f"<h3>{escape(stage)}</h3>" + paragraph(f"No curves: there is no {stage}/history.json.", "note")
    return f"<h3>{escape(stage)}</h3>{charts(training_curves(slug(stage), read_history(path)), seen)}"


def _tables(tables, seen):
    cards = ""
    for entry in tables:
        drawn = [("By scale", scales(slug(str(entry["title"])), entry))] if entry.get("scales") else []
        wide = ' class="wide"' if len(entry["columns"]) >= WIDE else ""
        cards += (
            f"<div{wide}><h3>{linked(entry['title'], seen)}</h3>{table(entry['columns'], entry['rows'])}"
            f"{paragraph(entry.get('note'), 'note')}{charts(drawn, seen)}</div>"
        )
    return f'<div class="tables">{cards}</div>' if cards else ""


def _small_print(workdir, results):
    config, environment = (
        read_json(path, names_and_values, "restore or delete it") if (path := workdir / name).exists() else None
        for name in ("config.json", "environment.json")
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
