"""A model is a stack of autoencoders, each trained on the codes of the one below it."""

import functools

import keras
import numpy as np
import tensorflow as tf

from keras_vae.checks import checked_codes, checked_count, checked_data
from keras_vae.maths.arrays import to_unit
from keras_vae.maths.gaussians import kl_divergence, log_likelihood
from keras_vae.maths.seeded_normal import seeded_normal
from keras_vae.models.noise import Noise
from keras_vae.models.trainable import Trainable

SCORE_DRAWS = 8  # draws of z that the expectation in score() is taken over, in antithetic pairs


@keras.saving.register_keras_serializable("keras_vae")
class Stack(Trainable):
    """Stages bottom first. `fit` trains the active stage; those below it are frozen.

    The batches that `fit` takes are images for the bottom stage, and for a stage above it the posterior of the stage
    below, (mean, stddev), computed once: each step draws a fresh z ~ q(z|x) from it. A stage that measures its
    reconstruction in pixels takes (mean, stddev, images).

    Public methods take and return NumPy arrays; those with an underscore are their twins on tensors, for graphs.
    """

    def __init__(self, stages, seed=0, name="stack", **kwargs):
        super().__init__(name=name, **kwargs)
        self._stages = list(stages)
        names = self.stages
        if not names or len(set(names)) != len(names):
            raise ValueError(f"a stack needs stages with different names, got {names}")
        for below, above in zip(self._stages, self._stages[1:]):
            if above.data_shape != (below.latent_dim,):
                raise ValueError(
                    f"stage {above.name!r} models data of shape {above.data_shape}, but the codes of "
                    f"{below.name!r} below it have shape ({below.latent_dim},)"
                )
        self.seed = seed
        self.draws = Noise(seed, name="draws")  # draws the codes that stages above the bottom are trained on
        self.built = True
        self.activate(names[-1])

    # What the stack is.

    @property
    def stages(self):
        """Names of the stages, bottom first."""
        return [stage.name for stage in self._stages]

    def stage(self, name=None):
        """The stage of that name; without one, the stage whose code is the inference code."""
        return self._stages[self._index(name)]

    @property
    def inference_stage(self):
        """Name of the stage whose code describes an image: the highest that is not a second stage.

        A stage trained on draws from q(z|x) is there to sample; what it would add to a description is noise.
        """
        second = [False] + [below.stochastic for below in self._stages[:-1]]
        return [stage.name for stage, is_second in zip(self._stages, second) if not is_second][-1]

    @property
    def latent_dim(self):
        """Dimension of the inference code."""
        return self.stage().latent_dim

    @property
    def data_shape(self):
        """Shape of one image (or point), without the batch."""
        return self._stages[0].data_shape

    @property
    def active_dims(self):
        """Which dimensions of the inference code are active, measured when its stage was done: bool (latent_dim,)."""
        active = getattr(self.stage(), "active_dims", None)
        if active is None:
            raise ValueError("active_dims is not known before training is done; use kv.diagnostics.active_units(means)")
        return active

    @property
    def gamma(self):
        """Decoder variance of p(x|code) in pixels, of the inference code."""
        return float(self._pixel_gamma(self._index(None)))

    # What the stack does, on arrays.

    def encode(self, images, stage=None):
        """Mean and deviation of q(code|x), the inference code or the named stage's: two (n, latent_dim).

        A second stage describes draws z ~ q(z|x), as it was trained on: that of image i depends on i alone.
        """
        index = self._index(stage)
        images = checked_data(images, self.data_shape)
        seeds = -1 - np.arange(len(images), dtype=np.int64)  # none that sample() uses
        return self._in_batches("encode_drawn", [images, seeds], index)

    def decode(self, codes, stage=None):
        """Images (n, H, W, C) in [0, 1] from codes (n, latent_dim) of the inference stage or the named one."""
        index = self._index(stage)
        codes = checked_codes(codes, self._stages[index].latent_dim)
        return self._in_batches("decode", [codes], index)

    def reconstruct(self, images):
        """Images decoded from the posterior means of the inference code."""
        images = checked_data(images, self.data_shape)
        return self._in_batches("reconstruct", [images])

    def sample(self, count, seed=0, stage=None):
        """`count` images from the prior of the top stage (or of the named one). Image i depends on seed and i alone."""
        index = len(self._stages) - 1 if stage is None else self._index(stage)
        seeds = (np.int64(seed) << np.int64(32)) + np.arange(checked_count(count), dtype=np.int64)
        return self._in_batches("sample", [seeds], index)

    def score(self, images):
        """Per image, in nats: {"elbo", "reconstruction", "kl"} with elbo = -(reconstruction + kl), each (n,).

        reconstruction is -E_q[log p(x|z)] in pixels; both it and kl grow with strangeness. The expectation is over
        fixed antithetic draws, so a score is reproducible and does not depend on the other images of its batch.
        """
        images = checked_data(images, self.data_shape)
        reconstruction, kl = self._in_batches("score", [images])
        return {"elbo": -(reconstruction + kl), "reconstruction": reconstruction, "kl": kl}

    # The same on tensors.

    def _encode(self, x, index):
        """x (n, *data_shape) -> mean, stddev of the code of stage `index`, climbing by the means."""
        mean, stddev = to_unit(x), None
        for stage in self._stages[: index + 1]:
            mean, stddev = stage.encode(mean)
        return mean, stddev

    def _encode_drawn(self, x, seeds, index):
        """The same, climbing by draws from what is stochastic below."""
        code = to_unit(x)
        for level, stage in enumerate(self._stages[: index + 1]):
            mean, stddev = stage.encode(code)
            code = mean
            if stage.stochastic:
                code += stddev * seeded_normal(seeds, stage.latent_dim, stream=level)
        return mean, stddev

    def _decode(self, code, index):
        """Code of stage `index` -> images in [0, 1]."""
        for stage in reversed(self._stages[: index + 1]):
            code = stage.decode(code)
        return self._image(code)

    def _image(self, x):
        return tf.clip_by_value(x, 0.0, 1.0) if len(self.data_shape) == 3 else x

    def _reconstruct(self, x):
        index = self._index(None)
        return self._decode(self._encode(x, index)[0], index)

    def _sample(self, seeds, index, temperature=None):
        """seeds (n,) int64 -> images. A code that was learned as a draw is drawn: z ~ N(mu_z(u), gamma_z I), as Dai and
        Wipf do; the image itself is the decoder's mean. temperature (n,) multiplies the deviation of every draw."""
        levels = range(index, -1, -1)
        drawn = [level for level in levels if level and self._draws_data(level)]
        widths = [self._stages[index].latent_dim, *(self._stages[level].data_shape[0] for level in drawn)]
        noise = seeded_normal(seeds, sum(widths))  # at once: on a small decoder, every operation counts
        if temperature is not None:
            noise *= temperature[:, None]
        code, *noise = tf.split(noise, widths, axis=1)
        for level in levels:
            stage = self._stages[level]
            code = stage.decode(code)
            if level in drawn:
                code += tf.sqrt(stage.gamma.value) * noise[drawn.index(level)]
        return self._image(code)

    def _draws_data(self, level):
        """Whether the data of this stage are draws, of the codes below."""
        return self._stages[level - 1].stochastic and self._stages[level].measure == "own"

    def _score(self, x):
        index = self._index(None)
        target = to_unit(x)
        mean, stddev = self._encode(target, index)
        gamma = self._pixel_gamma(index)
        half = seeded_normal(tf.range(SCORE_DRAWS // 2, dtype=tf.int64), mean.shape[-1])
        noise = tf.concat([half, -half], axis=0) if self._stages[index].stochastic else tf.zeros_like(half[:1])
        log_likelihoods = tf.map_fn(
            lambda eps: log_likelihood(target, self._decode(mean + stddev * eps, index), gamma), noise
        )
        kl = kl_divergence(mean, stddev) if self._stages[index].stochastic else tf.zeros_like(log_likelihoods[0])
        return -tf.reduce_mean(log_likelihoods, axis=0), kl

    def _pixel_gamma(self, index):
        """gamma of p(x|code): that of the highest stage up to `index` which measures in pixels."""
        in_pixels = [stage for stage in self._stages[1 : index + 1] if stage.measure == "pixels"]
        return (in_pixels or self._stages)[-1 if in_pixels else 0].gamma.value

    # Training the active stage.

    def activate(self, name):
        """Make `name` the stage that fit trains and freeze the others; compile afterwards."""
        self._active = self._index(name)
        for index, stage in enumerate(self._stages):
            stage.trainable = index == self._active

    @property
    def active_stage(self):
        """The stage that fit trains."""
        return self._stages[self._active]

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
        if self._active == 0:
            return self.active_stage.terms(batch, training)
        mean, stddev, *images = batch
        code = mean + stddev * self.draws.normal(mean, self.in_xla)
        if self.active_stage.measure == "own":
            return self.active_stage.objective(code, code, lambda x: x, training)
        return self.active_stage.objective(code, to_unit(images[0]), self._decode_below, training)

    def _decode_below(self, code):
        for stage in reversed(self._stages[: self._active]):
            code = stage.decode(code)
        return code

    def call(self, x):
        return self._reconstruct(x)

    # Details.

    def _index(self, name):
        name = self.inference_stage if name is None else name
        if name not in self.stages:
            raise ValueError(f"unknown stage {name!r}; this stack has: {', '.join(self.stages)}")
        return self.stages.index(name)

    def _in_batches(self, name, arrays, *args, batch_size=256):
        """The method _<name> on arrays of any length, in NumPy."""
        function = self._graph(name, tuple((str(array.dtype), array.shape[1:]) for array in arrays), *args)
        starts = range(0, len(arrays[0]), batch_size)
        batches = ([array[start : start + batch_size] for array in arrays] for start in starts)
        parts = [tf.nest.map_structure(np.asarray, function(*batch)) for batch in batches]
        if isinstance(parts[0], np.ndarray):
            return np.concatenate(parts)
        return tuple(np.concatenate(column) for column in zip(*parts))

    def _graph(self, name, kinds, *args):
        """The method _<name> as one graph for batches of any size. kinds: dtype and shape of a row of each array."""
        key = (name, kinds, *args)
        if key not in self._graphs:
            method, specs = getattr(self, f"_{name}"), [tf.TensorSpec((None, *shape), dtype) for dtype, shape in kinds]
            self._graphs[key] = tf.function(lambda *batch: method(*batch, *args), input_signature=specs)
        return self._graphs[key]

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
