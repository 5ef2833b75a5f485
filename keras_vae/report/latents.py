"""Latent dimensions of a report: bars and a table."""

from keras_vae.report.figures import variance_law
from keras_vae.report.markup import details, paragraph, table

INACTIVE = 5  # dimensions that do nothing, shown beside those that do
COLUMNS = {
    "variance_of_mean": "variance of mean",
    "mean_of_variance": "mean of variance",
    "variance_law": "their sum",
    "kl": "KL, nats",
    "reconstruction_gain": "reconstruction gain",
}


def latents(values):
    """Bars and table side by side. values: `latents` of results.json, lists over dimensions."""
    names = [name for name in COLUMNS if values.get(name)]
    if not names:
        return ""
    lengths = {name: len(values[name]) for name in [*names, "active"] if values.get(name)}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"latents of results.json: lists of different lengths, {lengths}")
    size = lengths[names[0]]
    active = values.get("active") or [True] * size
    key = values[names[0]]
    order = sorted(range(size), key=lambda k: (not active[k], -_number(key[k])))
    rows = [[k, "●" if active[k] else "", *(values[name][k] for name in names)] for k in order]
    kinds = ["active" if active[k] else "" for k in order]
    columns = ["dimension", "active", *(COLUMNS[name] for name in names)]
    shown = sum(active) + INACTIVE
    body = table(columns, rows[:shown], kinds[:shown])
    if rows[shown:]:
        body += details(f"{len(rows) - shown:,} more inactive dimensions", table(columns, rows[shown:], kinds[shown:]))
    counted = f"{sum(active):,} of {size:,} dimensions are active (●). " if values.get("active") else ""
    note = counted + "Where the KL term works, variance of the mean and mean of the variance add up to one."
    bars = variance_law(values, order)
    bars = f'<figure class="chart"><figcaption>Variance law</figcaption>{bars}</figure>' if bars else ""
    return paragraph(note, "note") + f'<div class="latents">{bars}<div>{body}</div></div>'


def _number(value):
    return value if value is not None and value == value else float("-inf")
