"""Diagnosis of any VAE: the parts of an evaluation, and the page of a run, for two functions on arrays."""

import dataclasses
import functools
import html
import pathlib
import tempfile
import typing
from collections.abc import Callable

import numpy as np

from keras_vae import report
from keras_vae.adopted.functions import Functions, numbers_of, pixels, writable
from keras_vae.checks import checked_data, checked_examples, function, shown, whole
from keras_vae.checks import seed as checked_seed
from keras_vae.data.grids import write_png
from keras_vae.data.subset import subset
from keras_vae.diagnostics import Judgement, LatentTable, latent_table
from keras_vae.evaluation.evaluate import joined
from keras_vae.evaluation.evaluation import Evaluation
from keras_vae.evaluation.parts import frechet, latents, mismatch, outliers, pictures, reconstruction
from keras_vae.files import DamagedError, Path, as_path, check_writable, read_json, write_json
from keras_vae.maths.arrays import unit
from keras_vae.maths.gaussians import kl_divergence, log_likelihood, squared_error
from keras_vae.metrics import features

LEAST = 16  # images: fewer say nothing of a distribution
SMALLEST = 1e-12  # gamma of an error of zero, and a deviation where a model has none: their logarithms are finite
TOLD_APART = "Outliers"  # title of the table


@dataclasses.dataclass(frozen=True)
class _Given(Evaluation):
    """Evaluation of Functions on images that are given; its pictures stay in memory."""

    name: str = ""
    images: typing.Any = None
    sampler: Callable | None = None
    drawn: dict = dataclasses.field(default_factory=dict)  # {file: picture (H, W, 3) uint8}

    gain_dimensions = 64  # a model of another library may be slow, and maps have thousands
    train = None

    @property
    def dataset(self):
        return self.name

    @functools.cached_property
    def test(self):
        return subset(self.images, self.count, self.seed)

    @functools.cached_property
    def samples(self):
        """{"prior": images of N(0, I), "sampler": images of the function sample}, each where there is one."""
        found = {}
        if self.stack.has_prior:
            found["prior"] = self.generated(
                lambda rows: self.stack.sample(rows.stop - rows.start, self.seed, first=rows.start)
            )
        if self.sampler is not None:
            count = len(self.test)
            found["sampler"] = pixels(self.sampler(count, self.seed), count, self.stack.data_shape, "sample")
        return found

    def origin(self, name):
        return {"prior": "decoded from draws of N(0, I)", "sampler": "of the function sample"}[name]

    @functools.cached_property
    def extractor(self):
        return features.load("pixels")

    def picture(self, title, group, caption, name, picture):
        file = f"evaluation/{name}.png"
        self.drawn[file] = picture
        return {"title": title, "group": group, "caption": caption, "file": file}


def diagnose(
    encode: Callable,
    decode: Callable,
    images: np.ndarray,
    sample: Callable | None = None,
    score: Callable | None = None,
    outliers: np.ndarray | None = None,
    name: str = "model",
    has_prior: bool | None = None,
    count: int = 2000,
    batch_size: int = 256,
    seed: int = 0,
) -> "Diagnosis":
    """Return the Diagnosis of a VAE that is two functions: verdict, codes one by one, metrics and pictures.

        diagnosis = kv.diagnose(encode, decode, images)
        print(diagnosis)
        diagnosis.write("diagnosis")  # report.html, one page that needs nothing beside itself

    encode     images (n, H, W, C) float32 in [0, 1] -> (mean, stddev) of q(z|x), each (n, k) or maps (n, h, w, c). The
               second is the standard deviation; of a log variance: np.exp(log_variance / 2). One array alone is the
               code of an autoencoder, with no noise.
    decode     codes, float32 of the shape that encode gave -> images (n, H, W, C), float in [0, 1] or uint8.
    images     held-out, (n, H, W, C) uint8 or float in [0, 1], or points (n, d); `count` of them are used, at most.
    sample     (count, seed) -> images, if the model samples otherwise than by decode(N(0, I)); then the diagnosis has
               Frechet distances of pixels of both.
    score      images -> (n,), higher for what is stranger, or {name: such}; without it, error and KL divergence.
    outliers   images that should be found strange; then the diagnosis has AUROC, AUPR and false alarms.
    name       of the model, on the page.
    has_prior  whether training brought the codes near N(0, I), as of a WAE; by default where they are draws.
    batch_size  rows of a call, at most.

    Both are called on NumPy arrays, and every answer is checked: docs/diagnose.md has models of several libraries.
    """
    images = checked_examples(images, "images")
    if len(images) < LEAST:
        raise ValueError(f"images has {len(images)} of them; expected at least {LEAST}, held out from training")
    whole("batch_size", batch_size), whole("count", count, LEAST), checked_seed(seed)
    function(decode, "decode", "codes")
    if not isinstance(name, str):
        raise ValueError(f"name is {shown(name)}; expected a text")
    if has_prior not in (None, True, False):
        raise ValueError(f"has_prior is {shown(has_prior)}; expected True, False or None")
    for answer, argument, of in ((sample, "sample", "(count, seed)"), (score, "score", "images")):
        if answer is not None:
            function(answer, argument, of)
    if score is not None and outliers is None:
        raise ValueError("score is of no use without outliers, which it should find strange")
    model = Functions(encode, decode, images, has_prior, batch_size=batch_size)
    given = _Given(
        model, None, pathlib.Path(tempfile.gettempdir()), count, seed, name=name, images=images, sampler=sample
    )
    parts = [latents, reconstruction, mismatch, *([frechet] if sample else []), pictures]
    found = [part.results(given) for part in parts]
    if outliers is not None:
        found.append(_told_apart(given, checked_data(outliers, model.data_shape, "outliers"), score))
    head = {
        "run": {"dataset": name, "stages": [], "latent_dim": model.latent_dim},
        "protocol": {
            "images": len(given.test),
            "drawn from": len(images),
            "image": list(model.data_shape),
            "codes": "x".join(map(str, model.code_shape)),
            "samples": len(given.test),
            "seed": seed,
        },
    }
    return Diagnosis(joined(head, found), latent_table(*given.posterior), given.drawn)


def _told_apart(given, strange, score):
    """Part of the results: how well scores tell strange images from the others."""
    score = _errors(given) if score is None else score
    strange = subset(strange, given.count, given.seed)
    inliers, found = (_joined_scores(score, images, given.stack.batch_size) for images in (given.test, strange))
    named = f"{len(given.test):,} of the images, {len(strange):,}"
    return {"tables": [outliers.told_apart(inliers, found, TOLD_APART, named)]}


def _joined_scores(score, images, batch_size):
    parts = [
        numbers_of(score(writable(images[first : first + batch_size])), len(images[first : first + batch_size]))
        for first in range(0, len(images), batch_size)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _errors(given):
    """Return the function images -> {name: score (n,)} of a model without scores of its own: error, KL, their sum.

    Their sum, the negative ELBO in nats, is at gamma = the mean squared error per dimension, eq. (6) of infinite
    gradients, and takes the error at the mean of the code.
    """
    model = given.stack
    error = float(np.mean(squared_error(unit(given.test), given.reconstructions)))
    gamma = np.float32(max(error / np.prod(model.data_shape), SMALLEST))

    def scores(images):
        mean, stddev = model.encode(images)
        decoded = model.decode(mean)
        found = {"squared error": squared_error(images, decoded)}
        if model.stochastic:
            kl = kl_divergence(mean, np.maximum(stddev, np.float32(SMALLEST)))
            found |= {"KL": kl, "negative ELBO": kl - log_likelihood(images, decoded, gamma)}
        return found

    return scores


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """Findings about a model. print() it, show it in a notebook, or write() the page.

    results    as results.json of a run: verdict, headline, latents, tables, pictures.
    latents    LatentTable, a row for each dimension (maps are flat, row by row).
    pictures   {file: picture (H, W, 3) uint8}.
    """

    results: dict[str, typing.Any]
    latents: LatentTable
    pictures: dict[str, np.ndarray]

    @property
    def verdict(self) -> Judgement:
        """Judgement: word, evidence, advice."""
        said = self.results["verdict"]
        return Judgement(said["word"], tuple(said["evidence"]), tuple(said["advice"]))

    @property
    def numbers(self) -> dict[str, typing.Any]:
        """The numbers that the verdict rests on: explained, active, effective_rank, law_mean, mmd, ..."""
        return self.results["verdict"]["numbers"]

    @property
    def reconstruction_gain(self) -> np.ndarray:
        """Squared error that zeroing each dimension adds, (latent_dim,); NaN where it was not measured."""
        return np.array(self.results["latents"]["reconstruction_gain"], float)

    @property
    def auroc(self) -> dict[str, float]:
        """{score: AUROC} against the outliers; empty without them."""
        tables = [table for table in self.results["tables"] if table["title"] == TOLD_APART]
        return {name: value for table in tables for name, value, *_ in table["rows"]}

    def __str__(self) -> str:
        lines = [f"AUROC of {name}: {value:.3f}" for name, value in self.auroc.items()]
        return "\n".join([str(self.verdict), *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The page, in a frame of a notebook."""
        with tempfile.TemporaryDirectory() as folder:
            page = self.write(folder).read_text(encoding="utf-8")
        return f'<iframe srcdoc="{html.escape(page)}" style="width: 100%; height: 40em; border: 0"></iframe>'

    def write(self, directory: Path) -> pathlib.Path:
        """Write results.json, pictures and report.html to a directory, new or of an earlier diagnosis; returns the
        page's path."""
        directory = check_free(directory)
        for file, picture in self.pictures.items():
            write_png(directory / file, picture)
        write_json(directory / "results.json", self.results)
        return report.write(directory)


def check_free(directory: Path) -> pathlib.Path:
    """Return the directory; one that holds anything but an earlier diagnosis is refused, so that nothing is lost."""
    directory = as_path(directory, "the directory of the diagnosis")
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"{directory} is a file; expected a directory, new or of an earlier diagnosis")
    check_writable(directory, "directory")
    entries = [entry.name for entry in directory.iterdir()] if directory.exists() else []
    if not entries:
        return directory
    try:
        stages = read_json(directory / "results.json", lambda results: results["run"]["stages"])
    except (FileNotFoundError, DamagedError):
        stages = None
    if stages != []:  # a run has stages
        raise ValueError(f"{directory} is not empty and holds no diagnosis; choose another directory")
    return directory
