"""Charts of results, as PNG and where asked as GIF."""

import io

import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from keras_vae.files import write_atomically

SIZE = (4.4, 3.2)  # inches of a panel
DPI = 80
MOST_COLUMNS = 3
FRAMES = 24  # of an animation


def draw(chart, path):
    """A chart (findings.chart) as a PNG."""
    count = len(chart["panels"])
    rows = -(-count // MOST_COLUMNS)
    columns = -(-count // rows)
    figure = Figure(figsize=(SIZE[0] * columns, SIZE[1] * rows), layout="constrained")
    for number, panel in enumerate(chart["panels"], start=1):
        fill(figure.add_subplot(rows, columns, number), panel)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    write_atomically(path, lambda file: file.write(buffer.getvalue()))


def fill(axes, panel, until=None):
    """Draw a panel (findings.panel) on axes; `until`: the first points of each line alone."""
    for label, (x, y, *radii) in panel["lines"].items():
        few = "o" if len(x) < 12 and not radii else None
        (line,) = axes.plot(x[:until], y[:until], label=label, marker=few, markersize=4, linewidth=1.3)
        if radii:
            _bubbles(axes, x[:until], y[:until], radii[0][:until], line)
        if panel["minima"]:
            axes.axvline(x[np.argmin(y)], color=line.get_color(), linestyle="--", linewidth=0.8)
    for mark in panel["marks"]:
        axes.axvline(mark, color="grey", linestyle="--", linewidth=0.8)
    axes.set(xlabel=panel["x"], ylabel=panel["y"], title=panel["title"])
    if "x" in panel["log"]:
        axes.set_xscale("log")
        if len(x) < 12:  # the values themselves: powers of ten would be too few, and the ticks between them too many
            axes.set_xticks(x, [f"{value:g}" for value in x])
            axes.minorticks_off()
    if "y" in panel["log"]:
        axes.set_yscale("log")
    axes.spines[["top", "right"]].set_visible(False)
    if any(label and not label.startswith("_") for label in panel["lines"]) and len(panel["lines"]) <= 10:
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def animate(panel, path):
    """A panel that grows, as a GIF."""
    x, y = (np.concatenate([line[axis] for line in panel["lines"].values()]) for axis in (0, 1))
    length = max(len(line[0]) for line in panel["lines"].values())
    figure = Figure(figsize=(4.4, 3.6), layout="constrained")
    axes = figure.add_subplot()

    def frame(until):
        axes.clear()
        fill(axes, panel, until=int(until))
        axes.set(xlim=(x.min() - 0.5, x.max() + 0.5), ylim=(y.min() - 0.5, y.max() + 0.5))

    path.parent.mkdir(parents=True, exist_ok=True)
    frames = np.unique(np.linspace(1, length, FRAMES, dtype=int))
    FuncAnimation(figure, frame, frames).save(path, writer=PillowWriter(fps=6), dpi=55)


def _bubbles(axes, x, y, radii, line):
    """Circles that fade away with time, as in Fig. 1 of variable collapse."""
    line.set_alpha(0.3)
    for age, (left, top, radius) in enumerate(zip(x, y, radii), start=1):
        axes.add_patch(
            Circle((left, top), radius, color=line.get_color(), alpha=0.6 * (age / len(x)) ** 2, linewidth=0)
        )
    axes.set_aspect("equal")
