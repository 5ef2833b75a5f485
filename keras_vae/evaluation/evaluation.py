"""Evaluation: a trained stack with the images that every part measures it on."""

import dataclasses
import functools
import inspect
import pathlib
import typing

import numpy as np

from keras_vae import data
from keras_vae.config import Config
from keras_vae.data import labelled, preprocessing
from keras_vae.data.grids import write_png
from keras_vae.data.store import temporary
from keras_vae.data.subset import rows, subset
from keras_vae.metrics import features

HELD_OUT = 1000


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """A trained stack, the images that it is measured on, and what is made of them once for all parts."""

    stack: typing.Any  # a Stack, or what has the methods that the parts use
    config: Config | None  # None: of a model that was not trained here
    workdir: pathlib.Path
    count: int = 2000  # test images and samples, at most
    seed: int = 0  # of samples, draws and clusters, and of which test images
    features: str = "pixels"  # file of metrics/features
    feature_path: str | None = None  # of its weights
    outliers: str | None = None  # a data set whose test images are strange
    outlier_dir: str | None = None  # where they lie, if not where the run's data do
    screen: str | None = None  # a folder of pictures, normal/ and abnormal/
    false_alarms: float = 0.05  # the share of ordinary images that may be taken for strange, for a threshold
    skip_bad_files: bool = False  # of the folder `screen`

    gain_dimensions: typing.ClassVar[int | None] = (
        None  # how many dimensions have their reconstruction gain measured, at most; None for all
    )

    @property
    def dataset(self):
        """Name of what was measured, for tables."""
        return self.config.dataset

    @functools.cached_property
    def all_test(self):
        """The whole test split."""
        return data.load(self.config.dataset, "test", **self.config.data_options)

    @functools.cached_property
    def test(self):
        """`count` test images (n, H, W, C) uint8, or points."""
        return subset(self.all_test, self.count, self.seed)

    @functools.cached_property
    def outlier_images(self):
        """`count` test images, at most, of the data set that counts as strange."""
        options = {**self.config.data_options, "data_dir": self.outlier_dir or self.config.data_options.get("data_dir")}
        options = {key: value for key, value in options.items() if key in data.options(self.outliers)}
        images = subset(data.load(self.outliers, "test", **options), self.count, self.seed)
        if images.shape[1:] != self.test.shape[1:]:
            raise ValueError(
                f"--outliers={self.outliers} has images of shape {images.shape[1:]}; the stack describes "
                f"{self.test.shape[1:]}"
            )
        return images

    @functools.cached_property
    def labelled(self):
        """{"normal", "abnormal"}: Labelled, `count` of each at most, read as an export of the run reads them."""
        if not self.are_images:
            raise ValueError(f"--screen takes pictures; the run describes points of {self.config.dataset}")
        read = getattr(data.find(self.config.dataset), "read", preprocessing.read)
        return labelled.load(self.screen, self.stack.data_shape, self.count, self.seed, read, self.skip_bad_files)

    @functools.cached_property
    def held_out(self):
        """`HELD_OUT` validation images, at most: what the strangeness of test images is measured against."""
        return subset(data.load(self.config.dataset, "validation", **self.config.data_options), HELD_OUT, self.seed)

    @functools.cached_property
    def train(self):
        """All training images."""
        return data.load(self.config.dataset, "train", **self.config.data_options)

    @functools.cached_property
    def posterior(self):
        """Mean and deviation of the inference code of the test images."""
        return self.stack.encode(self.test)

    @property
    def priors(self):
        """Names of the stages that have a prior."""
        return [name for name in self.stack.stages if self.stack.stage(name).has_prior]

    @functools.cached_property
    def samples(self):
        """{stage: `count` samples from its prior}, of the stages that have one."""
        return {name: self.generated(lambda rows, name=name: self._sampled(rows, name)) for name in self.priors}

    def origin(self, name):
        """Return words for where the samples of that name come from."""
        return f"stage {name}"

    @functools.cached_property
    def reconstructions(self):
        """The test images, reconstructed from their posterior means."""
        return self.generated(lambda rows: self.stack.decode(self.posterior[0][rows]))

    def _sampled(self, rows, stage):
        return self.stack.sample(rows.stop - rows.start, self.seed, stage, first=rows.start)

    @functools.cached_property
    def extractor(self):
        """Extractor of the features of Frechet distances."""
        options = {
            "dataset": self.config.dataset,
            "data_dir": self.config.data_options.get("data_dir"),
            "path": self.feature_path,
        }
        takes = inspect.signature(features.find(self.features).extractor).parameters
        if self.feature_path is not None and "path" not in takes:
            raise ValueError(f"--feature_path={self.feature_path}: the features {self.features} have no such file")
        if self.feature_path is None and "path" in takes and takes["path"].default is inspect.Parameter.empty:
            raise ValueError(f"--features={self.features} needs --feature_path=..., the file of their weights")
        return features.load(self.features, **{name: value for name, value in options.items() if name in takes})

    def generated(self, make):
        """As many images as there are test images, made slice by slice."""
        return temporary(len(self.test), self.stack.data_shape, "float32", make, self.workdir)

    def shown(self, count):
        """Rows of `count` test images, at most, for pictures."""
        return rows(len(self.test), count, self.seed)

    @property
    def are_images(self):
        """True for images, False for points."""
        return len(self.stack.data_shape) == 3

    def picture(self, title, group, caption, name, picture):
        """Write a picture into evaluation/, apart from those of other protocols; return its entry in results.json."""
        file = f"evaluation/{len(self.test)}-images-seed-{self.seed}/{name}.png"
        write_png(self.workdir / file, picture)
        return {"title": title, "group": group, "caption": caption, "file": file}


def not_measured(title, reason):
    """Return the table that stands in the place of one that these images cannot give."""
    return {"title": title, "columns": [], "rows": [], "note": f"Not measured: {reason}."}


def as_numbers(array):
    """Return a list of floats that JSON can hold; what is infinite or NaN becomes None."""
    return [float(value) if np.isfinite(value) else None for value in np.asarray(array)]
