"""Charts as inline SVG; their colours are the page's, so that they suit light and dark."""

import contextlib
import io
import re
from html import escape

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from keras_vae.files import read_json
from keras_vae.report.digits import digits
from keras_vae.report.glossary import linked

# Drawn in colours that nothing else has, then named: style.css says what they are in light and in dark.
INK, RULE = "#0000e0", "#0000e1"
SERIES = ["#0000f1", "#0000f2", "#0000f3", "#0000f4", "#0000f5", "#0000f6"]
SMALL = (2.75, 1.8)  # inches: four or five of them side by side
NAMED = {INK: "currentColor", RULE: "var(--rule)"} | {c: f"var(--series-{i + 1})" for i, c in enumerate(SERIES)}
STYLE = {
    "svg.fonttype": "none",
    "font.size": 8,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.7,
    "legend.frameon": False,
}
# A stage may measure its training loss among the codes below it; what is held out is always measured in pixels.
SQUARED_ERROR = {"squared_error": "training, as in the loss", "val_squared_error": "held out, in pixels"}
# Title, the series of a history with their labels, and whether the axis is logarithmic.
PANELS = (
    ("Loss", {"loss": "loss", "reconstruction": "reconstruction", "val_loss": "held out"}, False),
    ("KL divergence, nats", {"kl": "training", "val_kl": "held out"}, False),
    ("Squared error per image", SQUARED_ERROR, True),
    ("Decoder variance", {"gamma": "gamma", "rmse²": "rmse²"}, True),
    ("MMD", {"mmd": ""}, True),
    ("Gradient norm", {"gradient_norm": ""}, True),
    ("Active dimensions", {"active": ""}, False),
)


def read_history(path):
    """Return a history.json, a dictionary of numbers for each epoch; ValueError where it is damaged."""

    def take(found):
        if not isinstance(found, list) or not all(isinstance(epoch, dict) and epoch for epoch in found) or not found:
            raise ValueError("it has no numbers of epochs")
        return found

    return read_json(path, take, "delete it: the page goes without these curves, and nothing else needs it")


def training_curves(name, history):
    """(title, SVG) of each panel. name: the stage's; history: a dictionary of numbers for each epoch."""
    values = _columns(history)
    if "rmse" in values:
        values["rmse²"] = values.pop("rmse") ** 2
    if "loss" in values and np.array_equal(values["loss"], values.get("squared_error"), equal_nan=True):
        del values["loss"]  # an autoencoder's: one curve, not two charts of it
    known = {key for _, labels, _ in PANELS for key in labels}
    others = [(key.replace("_", " ").capitalize(), {key: ""}, False) for key in values if key not in known]
    charts = []
    for title, labels, logarithmic in [*PANELS, *others]:
        series = {label: values[key] for key, label in labels.items() if key in values}
        # A term that a stage does not have is logged as zero.
        series = {label: line for label, line in series.items() if np.any(line[np.isfinite(line)])}
        if series:
            charts.append((title, _curves(f"{name}-{len(charts)}", title, series, logarithmic)))
    return charts


def compared_curves(name, histories):
    """(title, SVG) of the panels of several histories {label: history}, one series each: held out, if it is."""
    values = {label: _columns(history) for label, history in histories.items()}
    drawn = []
    for title, labels, logarithmic in PANELS:
        known = [key for key in labels if all(key in columns for columns in values.values())]
        key = next((key for key in known if key.startswith("val_")), known[0] if known else None)
        if key is None:
            continue
        series = {label: columns[key] for label, columns in values.items()}
        if any(np.any(line[np.isfinite(line)]) for line in series.values()):
            heading = f"{title}, {labels[key]}" if labels[key] else title
            drawn.append((heading, _curves(f"{name}-{len(drawn)}", heading, series, logarithmic)))
    return drawn


def charts(drawn, seen):
    """HTML of small charts side by side; a click makes one large, another small again. drawn: (title, SVG) of each."""
    figures = "".join(
        f'<figure class="chart"><figcaption>{linked(title, seen)}</figcaption><label><input type="checkbox" '
        f'aria-label="Large: {escape(title)}">{svg}</label></figure>'
        for title, svg in drawn
    )
    return f'<div class="charts">{figures}</div>' if figures else ""


def scales(name, entry):
    """SVG of a table whose columns, those that its key "scales" names, are one measure at several scales."""
    places = [entry["columns"].index(column) for column in entry["scales"]]
    with _drawing(name, f"{entry['title']} by scale", (3.9, 2.4)) as (axes, result):
        for color, row in zip(SERIES, entry["rows"]):
            values = [np.nan if row[place] is None else row[place] for place in places]
            axes.plot(range(len(places)), values, color=color, label=row[0], marker="o", markersize=3.5)
        axes.set_xticks(range(len(places)), entry["scales"])
        axes.set_xlim(-0.2, len(places) - 0.8)
        axes.set_ylim(bottom=0)
        axes.grid(axis="x", visible=False)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: digits(float(value))))
        _legend(axes, 2)
    return result[0]


def variance_law(latents, order):
    """SVG: stacked bars of each dimension in this order, the active ones first, and the line at one."""
    below, above = latents.get("variance_of_mean"), latents.get("mean_of_variance")
    if not (below and above):
        return ""
    below, above = (np.nan_to_num(np.array([values[k] for k in order], float)) for values in (below, above))
    edges = np.arange(len(order) + 1)
    count = sum(latents["active"]) if latents.get("active") else len(order)
    with _drawing("variance-law", "Variance law of each latent dimension", (4, 2.7)) as (axes, result):
        # One path each, instead of a rectangle for each of hundreds of dimensions.
        axes.stairs(below, edges, fill=True, color=SERIES[0], label="variance of mean")
        axes.stairs(
            below + above, edges, baseline=below, fill=True, color=SERIES[1], alpha=0.6, label="mean of variance"
        )
        axes.axhline(1, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_xlim(0, len(order))
        axes.set_ylim(0, max(1.25, 1.15 * float(np.max(below + above))))
        axes.grid(axis="x", visible=False)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel("dimensions, sorted")
        if 0 < count < len(order):
            axes.axvline(count, color=INK, linewidth=1)
            labels = (f"{count:,} active", -4, "right"), (f"{len(order) - count:,} inactive", 4, "left")
            for room, (text, offset, side) in zip((count, len(order) - count), labels):
                if room > 0.25 * len(order):
                    place = {"xy": (count, 1), "xycoords": axes.get_xaxis_transform(), "textcoords": "offset points"}
                    axes.annotate(text, xytext=(offset, -2), ha=side, va="top", **place)
        _legend(axes)
    return result[0]


def _columns(history):
    """The numbers of a history by name, NaN where an epoch has none."""
    names = dict.fromkeys(name for epoch in history for name in epoch)
    numbers = {}
    for name in names:
        column = [epoch.get(name) for epoch in history]
        if all(value is None or isinstance(value, int | float) for value in column):
            numbers[name] = np.array(column, float)
    return numbers


def _curves(name, title, series, logarithmic):
    with _drawing(name, title, SMALL) as (axes, result):
        for color, (label, values) in zip(SERIES, series.items()):
            epochs = np.arange(1, len(values) + 1)
            marker = "o" if len(values) < 3 else None
            axes.plot(epochs, values, color=color, label=label, marker=marker, markersize=4)
        shown = np.concatenate(list(series.values()))
        shown = shown[np.isfinite(shown)]
        if logarithmic and shown.min() > 0:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(_ticks(shown.max() / shown.min()))
            axes.yaxis.set_minor_locator(NullLocator())
        else:
            axes.yaxis.set_major_locator(MaxNLocator(5))
            if "active" in title.lower():
                axes.set_ylim(0, 1.1 * shown.max())  # a count: how few of all matters
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: digits(float(value))))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel("epoch")
        if any(series):
            _legend(axes)
    return result[0]


def _ticks(ratio):
    """Round numbers on a logarithmic axis: powers of ten alone are too few where it is short."""
    if ratio < 2.5:
        return MaxNLocator(5)
    return LogLocator(subs=(1, 1.5, 2, 3, 5, 7) if ratio < 8 else (1, 2, 5) if ratio < 100 else (1,), numticks=6)


def _legend(axes, columns=3):
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.1, handlelength=1.2, columnspacing=1.2
    )


@contextlib.contextmanager
def _drawing(name, title, size):
    """Axes to draw on, and a list that holds the SVG afterwards; `name` keeps its ids apart from other charts'."""
    result = []
    with matplotlib.rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        yield figure.add_subplot(), result
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    result.append(_inline(text.getvalue(), name, title))


def _inline(svg, name, title):
    """An SVG document as a piece of HTML: no namespaces, no metadata, no global style, ids of its own."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    box = re.search(r'viewBox="[^"]*"', svg).group()
    svg = re.sub(r"<svg[^>]*>", f'<svg {box} role="img" aria-label="{escape(title)}">', svg, count=1)
    svg = re.sub(r' id="', f' id="{name}-', svg.replace("xlink:href", "href"))
    svg = svg.replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    for drawn, named in NAMED.items():
        svg = svg.replace(drawn, named)
    return re.sub(r"\n\s*", "\n", svg)
