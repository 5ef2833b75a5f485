"""docs/results.md, a page of docs/results for each experiment, and their figures, from the results of a workdir."""

import pathlib
import shutil

from experiments.common import drawing, runner, wording
from keras_vae.files import read_json, write_json, write_text

LARGEST_ANIMATION = 300_000  # bytes; a larger one stays in the workdir
NOT_HELD = "**What does not hold.**"
RECORD = ("name", "title", "source", "mode", "measured", "claims")  # of each page, beside it, for the summary
HEAD = """# Measured beside the papers

Written by `python reproduce.py --write_docs` from the JSON of the runs. Each page gives the claim of the paper,
whether it holds here, what was measured beside the paper's value with the gap (measured less paper), when, and what was
trained for how long: `minutes` is the time on the clock, on a machine that may have had other things to do, `processor
minutes` the time of its cores. A claim that does not hold is reported as such.
"""


def write(workdir, docs):
    """Write docs/results and docs/figures for the results in `workdir`, and docs/results.md, whose path is returned.

    Pages of experiments that `workdir` has no results of stay, but for the reasons; the summary is of all pages.
    """
    found = [result for result in (runner.read(workdir, name) for name in runner.names()) if result]
    if not found:
        raise ValueError(f"{workdir} has no results yet; run python reproduce.py all --quick first")
    for each in found:
        why = [f"{NOT_HELD} {text}" for text in reasons(each)]
        parts = ["[All results](../results.md)", wording.markdown(each), *why, *figures(each, docs / "figures")]
        write_text(docs / "results" / f"{each['name']}.md", "\n\n".join(parts) + "\n")
        write_json(docs / "results" / f"{each['name']}.json", {key: each.get(key) for key in RECORD})
    paths, advice = sorted((docs / "results").glob("*.json")), "restore it, or delete it and its page"
    records = [read_json(path, lambda found: {key: found[key] for key in RECORD}, advice) for path in paths]
    for each in records:
        page = docs / "results" / f"{each['name']}.md"
        for text in reasons(each):
            lines = page.read_text(encoding="utf-8").split("\n")
            told = [f"{NOT_HELD} {text}" if line.startswith(NOT_HELD) else line for line in lines]
            write_text(page, "\n".join(told))
    write_text(docs / "results.md", summary(records))
    return docs / "results.md"


def summary(found):
    """Return docs/results.md: the experiments with their verdicts, and the checks that do not hold."""
    rows = [
        [f"[{each['title']}](results/{each['name']}.md)", *(each[key] for key in RECORD[2:5]), holding(each)]
        for each in found
    ]
    checks = [claim["holds"] for each in found for claim in each["claims"]]
    counted = f"{len(found)} experiments; **{sum(checks)} of {len(checks)} checks hold.**"
    parts = [HEAD.rstrip(), counted, wording.grid(["", "source", "mode", "measured", "checks that hold"], rows)]
    failed, why = [], []
    for each in found:
        link = f"[{each['title']}](results/{each['name']}.md)"
        why += [f"**{link}.** {text}" for text in reasons(each)]
        for verdict, *claim in wording.claims(each)[1]:
            if verdict == wording.VERDICTS[False]:
                failed.append([link, *claim])
                link = ""
    if failed:
        parts += ["## Checks that do not hold", wording.grid(["", "claim", "measured", "paper", "gap"], failed), *why]
    return "\n\n".join(parts) + "\n"


def reasons(found):
    """[WHY of the experiment] where a check of its result does not hold, else []."""
    why = getattr(runner.find(found["name"]), "WHY", "")
    return [why] if why and not all(claim["holds"] for claim in found["claims"]) else []


def figures(found, folder):
    """Draw the charts of a result into `folder`, copy its pictures; returns Markdown for each."""
    lines = []
    for chart in found["charts"]:
        path = folder / f"{found['name']}-{chart['name']}.png"
        animations = chart_files(chart, path)
        for large in [each for each in animations if each.stat().st_size > LARGEST_ANIMATION]:
            large.unlink()
        for shown in (path, *filter(pathlib.Path.exists, animations)):
            lines.append(f"![{chart['caption']}](../figures/{shown.name})\n\n*{chart['caption']}*")
    for picture in found["pictures"]:
        if picture["private"]:
            lines.append(f"*{picture['caption']}: `{picture['file']}` in the workdir, not shown for the data's terms.*")
        else:
            shutil.copyfile(found["folder"] / picture["file"], folder / picture["file"])
            lines.append(f"![{picture['caption']}](../figures/{picture['file']})\n\n*{picture['caption']}*")
    return lines


def chart_files(chart, path):
    """Draw a chart at `path` (.png); returns the paths of animations beside it."""
    drawing.draw(chart, path)
    animated = [panel for panel in chart["panels"] if panel["animated"]]
    for panel in animated:
        drawing.animate(panel, path.with_suffix(".gif"))
    return [path.with_suffix(".gif")] * bool(animated)


def holding(found):
    """Return how many of the claims hold, "k of n"."""
    return f"{sum(claim['holds'] for claim in found['claims'])} of {len(found['claims'])}"
