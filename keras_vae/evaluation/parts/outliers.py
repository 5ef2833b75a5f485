"""Outliers: strange images told from ordinary ones by the scores, thresholds, and the images at both ends."""

import dataclasses
import pathlib

import numpy as np

from keras_vae.data.grids import grid
from keras_vae.evaluation.evaluation import as_numbers
from keras_vae.maths.arrays import unit
from keras_vae.metrics import (
    aupr,
    auroc,
    best_f1_threshold,
    bootstrap_intervals,
    false_alarm_threshold,
    fpr_at_95_tpr,
    outlier_scores,
    rates_at,
)
from keras_vae.metrics.heat_map import heat_map, unit_of_heat
from keras_vae.metrics.strangeness import HeldOut, strangeness

SHOWN = 7  # images of either kind at either end: a row of the page

NAMES = {
    "reconstruction": "reconstruction, -E_q[log p(x|z)]",
    "negative_elbo": "negative ELBO",
    "negative_iwae": "importance-weighted likelihood, 50 draws",
}
SHARES = ("strangeness", "strangeness_elbo", "strangeness_reconstruction")
THRESHOLDS = ("strangeness", "reconstruction", "negative_elbo")  # scores that an export gives, one of each kind
RATES = ("precision", "recall", "false_alarms")
NEEDS = ("screen", "outliers")
OPTIONS = {
    "screen": (),
    "outliers": (),
    "outlier_dir": ("outliers",),
    "false_alarms": NEEDS,
    "skip_bad_files": ("screen",),
}


@dataclasses.dataclass(frozen=True)
class Kind:
    """Images of one kind, (n, H, W, C) or points (n, d). names: what each is called; kind, named: what all are."""

    images: np.ndarray
    names: list[str]
    kind: str
    named: str


def prepare(evaluation):
    """Load the strange images."""
    return _tests(evaluation)


def results(evaluation):
    """AUROC, AUPR, thresholds and the images at both ends: the test images against those of another data set, and the
    folders of `screen` against each other; None without either."""
    tests = _tests(evaluation)
    if not tests:
        return None
    score = evaluation.stack.score(evaluation.held_out)
    held_out = HeldOut.of(score)
    validation = _scores(held_out, score)
    found = {"tables": [], "screened": []}
    for title, *kinds in tests:
        given = [evaluation.stack.score(each.images) for each in kinds]
        exact = [
            outlier_scores(evaluation.stack, each.images, seed=evaluation.seed, score=score)
            for each, score in zip(kinds, given)
        ]
        scores = [_scores(held_out, score) for score in given]
        ranked = [
            {NAMES[name]: values for name, values in nats.items()} | {name: shares[name] for name in SHARES}
            for nats, shares in zip(exact, scores)
        ]
        named = f"{kinds[0].named}, {kinds[1].named}"
        found["tables"] += [
            told_apart(*ranked, title, named, evaluation.seed),
            _thresholds(evaluation, title, kinds, validation, scores),
        ]
        if evaluation.are_images:
            found["screened"] += _both_ends(evaluation, title, kinds, scores)
    return found


def told_apart(inliers, outliers, title, named, seed=0):
    """Table of how well scores tell outliers from inliers. inliers, outliers: {name: (n,)}; named: what they are of."""
    rows = []
    for name in inliers:
        pair = inliers[name], outliers[name]
        low_high = {metric: as_numbers(each) for metric, each in bootstrap_intervals(*pair, seed).items()}
        rows.append([name, auroc(*pair), *low_high["auroc"], aupr(*pair), *low_high["aupr"], fpr_at_95_tpr(*pair)])
    note = (
        f"{named} as outliers. Every score is higher for what is stranger. 2.5% and 97.5% bound the number before "
        "them, by 1,000 bootstrap draws of either kind."
    )
    columns = ["score", "AUROC", "2.5%", "97.5%", "AUPR", "2.5%", "97.5%", "false alarms at 95% found"]
    return {"title": title, "columns": columns, "rows": rows, "note": note}


def _tests(evaluation):
    """(title, ordinary Kind, strange Kind) of each test that is asked for."""
    tests, dataset, other = [], evaluation.dataset, evaluation.outliers
    if other:
        tests.append(
            (
                f"Outliers: {other}",
                _numbered(evaluation.test, dataset, f"test images of {dataset}"),
                _numbered(evaluation.outlier_images, other, f"of {other}"),
            )
        )
    if evaluation.screen:
        kinds = evaluation.labelled.items()
        title = f"Screening: {pathlib.Path(evaluation.screen).name}"
        tests.append((title, *(Kind(found.images, found.names, kind, _counted(found, kind)) for kind, found in kinds)))
    return tests


def _numbered(images, dataset, named):
    names = [f"{dataset}, image {number}" for number in range(len(images))]
    return Kind(images, names, dataset, f"{len(images):,} {named}")


def _counted(found, kind):
    left_out = f" (left out: {'; '.join(found.left_out)})" if found.left_out else ""
    return f"{len(found.images):,} {kind} pictures{left_out}"


def _scores(held_out, score):
    """The scores that an export gives, {name: (n,)} of SHARES and in nats, of what Stack.score gives."""
    shares = {name: values.numpy() for name, values in strangeness(held_out, score).items()}
    return {**shares, "reconstruction": score["reconstruction"], "negative_elbo": -score["elbo"]}


def _thresholds(evaluation, title, kinds, validation, scores):
    """Table of thresholds, each judged on images that it was not chosen by.

    validation: {name: (n,)} of the run's validation images; scores: such of the ordinary and of the strange ones.
    """
    rate, random, rows, problems = evaluation.false_alarms, np.random.default_rng(evaluation.seed), [], {}
    halves = [np.array_split(random.permutation(len(each.images)), 2) for each in kinds]
    for name in THRESHOLDS:
        both = [each[name] for each in scores]
        choosing, judging = ([each[rows] for each, rows in zip(both, half)] for half in zip(*halves))
        for rule, choose, given, judged in (
            (f"{rate:.3g}, of validation images", false_alarm_threshold, (validation[name], rate), both),
            (f"{rate:.3g}, of {kinds[0].kind}", false_alarm_threshold, (choosing[0], rate), judging),
            ("best F1", best_f1_threshold, choosing, judging),
        ):
            row = [NAMES.get(name, name), rule]
            try:
                if not min(map(len, judged)):
                    raise ValueError("it needs two images of either kind, one to choose by and one to judge on")
                threshold = choose(*given)
                rates = rates_at(*judged, threshold)
                # JSON has no infinity.
                shown = threshold if np.isfinite(threshold) else "below all"
                rows.append([*row, shown, *as_numbers([rates[key] for key in RATES])])
            except ValueError as error:
                problems[rule] = str(error)
                rows.append([*row, *[None] * (1 + len(RATES))])
    chosen, judged = (" and ".join(f"{len(each[half]):,}" for each in halves) for half in (0, 1))
    note = (
        f"An alarm is a score above the threshold. False alarms of {rate:.3g} are meant, those in the table measured. "
        f"Thresholds of {len(evaluation.held_out):,} validation images are judged on all of these images, the others "
        f"chosen by {chosen} of {kinds[0].kind} and {kinds[1].kind}, and judged on the other {judged}."
    )
    note += "".join(f" Not measured: {rule}: {problem}." for rule, problem in problems.items())
    columns = ["score", "chosen by", "threshold", *(name.replace("_", " ") for name in RATES)]
    return {"title": f"Thresholds, {title[0].lower()}{title[1:]}", "columns": columns, "rows": rows, "note": note}


def _both_ends(evaluation, title, kinds, scores):
    """Entries of pictures of the strangest and the least strange images of either kind, each beside its heat map.

    Of equal strangeness, as of what is stranger than all held-out images, the larger reconstruction term is stranger.
    """
    held_out, entries = evaluation.held_out, []
    unit_error = unit_of_heat(held_out, evaluation.stack.reconstruct(held_out))
    for side, each, score in zip(("strange", "ordinary"), kinds[::-1], scores[::-1]):
        order = np.lexsort([score["reconstruction"], score["strangeness"]])
        ends = {"strangest": order[::-1][:SHOWN], "least strange": order[: max(0, min(SHOWN, len(order) - SHOWN))]}
        for end, rows in ((end, rows) for end, rows in ends.items() if len(rows)):
            images, group = unit(each.images[rows]), f"{title}: {each.kind}, {end} first"
            hot = unit(heat_map(images, evaluation.stack.reconstruct(images), unit_error).numpy())
            for place, row in enumerate(rows):
                beside = grid(np.stack([np.broadcast_to(images[place], hot[place].shape), hot[place]]), columns=2)
                file = f"screened/{title.partition(':')[0].lower()}-{side}-{end.replace(' ', '-')}-{place + 1}"
                caption = f"strangeness {score['strangeness'][row]:.3f}"
                entries.append(evaluation.picture(each.names[row], group, caption, file, beside))
    return entries
