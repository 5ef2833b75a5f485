"""Stack: the array face of a Codec, and the training of its active stage."""

import functools

import keras
import numpy as np
import tensorflow as tf

from keras_vae.checks import checked_codes, checked_count, checked_data
from keras_vae.checks import seed as checked_seed
from keras_vae.maths.arrays import blocks, to_unit
from keras_vae.models.codec import Codec
from keras_vae.models.noise import Noise
from keras_vae.models.stage import Stage
from keras_vae.models.trainable import Trainable
from keras_vae.status import Progress

BATCH = 256  # rows of a call of a graph


@keras.saving.register_keras_serializable("keras_vae")
class Stack(Trainable):
    """Stages bottom first. `fit` trains the active stage; those below it are frozen.

    The batches that `fit` takes are those of Codec.training_inputs: images for the bottom stage, and for a stage above
    it the posterior of the stage below, (mean, stddev), computed once: each step draws a fresh z ~ q(z|x) from it. A
    stage whose error space is the pixels takes (mean, stddev, images).

    The methods take and return NumPy arrays; `codec` has their twins on tensors, for graphs.
    """

    def __init__(self, stages, seed=0, name="stack", **kwargs):
        super().__init__(name=name, **kwargs)
        if not isinstance(stages, (list, tuple)) or not all(isinstance(stage, Stage) for stage in stages):
            raise ValueError(f"stages is {stages!r}; expected a list of stages, a GaussianVAE say, bottom first")
        checked_seed(seed)
        self._stages = list(stages)
        self.codec = Codec(self._stages)
        self.seed = seed
        self.draws = Noise(seed, name="draws")  # draws the codes that stages above the bottom are trained on
        self.built = True
        self.activate(self.stages[-1])

    # The stages.

    @property
    def stages(self) -> list[str]:
        """Names of the stages, bottom first."""
        return self.codec.stages

    def stage(self, name=None):
        """The Stage of that name; without one, the inference stage, whose code describes an image."""
        return self.codec.stage(name)

    @property
    def inference_stage(self) -> str:
        """Name of the stage whose code describes an image: the highest that is not a second stage."""
        return self.codec.inference_stage

    @property
    def latent_dim(self) -> int:
        """Dimension of the inference code."""
        return self.codec.latent_dim

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Shape of one image (or point), without the batch."""
        return self.codec.data_shape

    @property
    def active_dims(self) -> np.ndarray:
        """Active dimensions of the inference code, measured when its stage was done: bool (latent_dim,)."""
        active = getattr(self.stage(), "active_dims", None)
        if active is None:
            raise ValueError("active_dims is not known before training is done; use kv.diagnostics.active_units(means)")
        return active

    @property
    def gamma(self) -> float:
        """Decoder variance of p(x|code) in pixels, of the inference code."""
        return float(self.codec.gamma())

    # Arrays in, arrays out.

    def encode(self, images, stage: str | None = None, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of q(code|x), of the inference code or the named stage's: two (n, latent_dim).

        A second stage describes draws z ~ q(z|x), as it was trained on: that of image i depends on i alone. `first` is
        the number of the first of these images, where they are part of more.
        """
        name = self.stage(stage).name
        images = checked_data(images, self.data_shape)
        checked_seed(first, "first")
        seeds = -1 - np.arange(first, first + len(images), dtype=np.int64)  # none that sample() uses
        return self._in_batches("encode", lambda x, seeds: self.codec.encode(x, name, seeds), name, images, seeds)

    def decode(self, codes, stage: str | None = None) -> np.ndarray:
        """Images (n, H, W, C) in [0, 1] from codes (n, latent_dim) of the inference stage or the named one."""
        name = self.stage(stage).name
        codes = checked_codes(codes, self.stage(name).latent_dim)
        images = self._in_batches("decode", lambda code: self.codec.decode(code, name), name, codes)
        if not np.isfinite(images).all():
            raise ValueError(
                f"codes with values up to {np.abs(codes).max():.4g} have no finite image; the prior's are about 1"
            )
        return images

    def reconstruct(self, images) -> np.ndarray:
        """Images decoded from the posterior means of the inference code."""
        return self._in_batches("reconstruct", self.codec.reconstruct, None, checked_data(images, self.data_shape))

    def sample(self, count: int, seed: int = 0, stage: str | None = None, first: int = 0) -> np.ndarray:
        """`count` images from the prior of the top stage (or of the named one), from number `first` on. Image i depends
        on seed and i alone."""
        name = self.stages[-1] if stage is None else self.stage(stage).name
        checked_seed(seed, least=-(2**31)), checked_seed(first, "first")
        seeds = (np.int64(seed) << np.int64(32)) + np.arange(first, first + checked_count(count), dtype=np.int64)
        return self._in_batches("sample", lambda seeds: self.codec.sample(seeds, name), name, seeds)

    def score(self, images) -> dict[str, np.ndarray]:
        """Per image, in nats: {"elbo", "reconstruction", "kl"} with elbo = -(reconstruction + kl), each (n,).

        reconstruction is -E_q[log p(x|z)] in pixels; both it and kl grow with strangeness. The expectation is over
        fixed antithetic draws, so a score is reproducible and does not depend on the other images of its batch.
        """
        return self._in_batches("score", self.codec.score, None, checked_data(images, self.data_shape))

    # Training the active stage.

    def activate(self, name):
        """Make `name` the stage that fit trains and freeze the others; compile afterwards."""
        self._active = self.stage(name).name
        for stage in self._stages:
            stage.trainable = stage.name == self._active

    @property
    def active_stage(self):
        """The stage that fit trains."""
        return self.stage(self._active)

    @property
    def TERMS(self):
        return self.active_stage.TERMS

    @property
    def EXTRAS(self):
        return self.active_stage.EXTRAS

    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)
        for stage in self._stages:  # the noise of a stage asks it which generator its caller can run
            stage.jit_compile, stage.run_eagerly = self.jit_compile, self.run_eagerly

    def terms(self, batch, training):
        below = self.codec.below(self._active)
        if below is None:
            return self.active_stage.terms(batch, training)
        mean, stddev, *images = batch
        code = mean + stddev * self.draws.normal(mean, self.in_xla)
        if not images:
            return self.active_stage.objective(code, code, lambda x: x, training)
        return self.active_stage.objective(code, to_unit(images[0]), lambda z: self.codec.descend(z, below), training)

    def call(self, x):
        return self.codec.reconstruct(x)

    # Details.

    def _in_batches(self, name, function, stage, *arrays):
        """function(*tensors) on arrays of any length, in NumPy: one graph, kept, for batches of any size."""
        key = (name, stage, tuple((str(array.dtype), array.shape[1:]) for array in arrays))
        if key not in self._graphs:
            specs = [tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in arrays]
            # A partial, because TensorFlow warns of retracing where it meets one piece of code in several graphs.
            self._graphs[key] = tf.function(functools.partial(function), input_signature=specs, autograph=False)
        graph = self._graphs[key]
        # It may be a part of other work, which has a bar of its own: this one goes when it is done.
        bar = Progress(blocks(len(arrays[0]), BATCH), name, unit="batches", leave=False)
        parts = [graph(*(array[rows] for array in arrays)) for rows in bar]
        return tf.nest.map_structure(lambda *rows: np.concatenate(rows), *parts)

    @functools.cached_property
    def _graphs(self):
        return {}

    def get_config(self):
        stages = [keras.saving.serialize_keras_object(stage) for stage in self._stages]
        return {"name": self.name, "seed": self.seed, "stages": stages, "active": self.active_stage.name}

    @classmethod
    def from_config(cls, config):
        config = dict(config)
        active = config.pop("active")
        stages = [keras.saving.deserialize_keras_object(stage) for stage in config.pop("stages")]
        stack = cls(stages, **config)
        stack.activate(active)
        return stack
