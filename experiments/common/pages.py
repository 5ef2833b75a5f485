"""docs/results.md and its figures, from the results of all experiments."""

import pathlib
import shutil

from experiments.common import drawing, runner, wording
from keras_vae.files import write_text

LARGEST_ANIMATION = 300_000  # bytes; a larger one stays in the workdir
HEAD = """# Measured beside the papers

Written by `python reproduce.py --write_docs` from the JSON of the runs. Each section gives the claim of the paper,
whether it holds here, what was measured beside the paper's value with the gap (measured less paper), and what was
trained for how long: `minutes` is the time on the clock, on a machine that may have had other things to do, `processor
minutes` the time of its cores. A claim that does not hold is reported as such.
"""


def write(workdir, docs):
    """Write docs/results.md and docs/figures for the results in `workdir`; returns the path."""
    found = [result for result in (runner.read(workdir, name) for name in runner.names()) if result]
    if not found:
        raise ValueError(f"{workdir} has no results yet; run python reproduce.py all --quick first")
    rows = [
        [f"[{each['title']}](#{anchor(each['title'])})", each["source"], each["mode"], holding(each)] for each in found
    ]
    parts = [HEAD.rstrip(), wording.grid(["", "source", "mode", "checks that hold"], rows)]
    for each in found:
        parts += [wording.markdown(each), *figures(each, docs / "figures")]
    write_text(docs / "results.md", "\n\n".join(parts) + "\n")
    return docs / "results.md"


def figures(found, folder):
    """Draw the charts of a result into `folder`, copy its pictures; returns Markdown for each."""
    lines = []
    for chart in found["charts"]:
        path = folder / f"{found['name']}-{chart['name']}.png"
        animations = chart_files(chart, path)
        for large in [each for each in animations if each.stat().st_size > LARGEST_ANIMATION]:
            large.unlink()
        for shown in (path, *filter(pathlib.Path.exists, animations)):
            lines.append(f"![{chart['caption']}](figures/{shown.name})\n\n*{chart['caption']}*")
    for picture in found["pictures"]:
        if picture["private"]:
            lines.append(f"*{picture['caption']}: `{picture['file']}` in the workdir, not shown for the data's terms.*")
        else:
            shutil.copyfile(found["folder"] / picture["file"], folder / picture["file"])
            lines.append(f"![{picture['caption']}](figures/{picture['file']})\n\n*{picture['caption']}*")
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


def anchor(title):
    """Return the anchor that a heading of Markdown is linked by."""
    return "".join(letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter == "-")
