"""Codec: the stages of a stack as functions of tensors. What is exported, measured and diagnosed."""

import tensorflow as tf

from keras_vae import checks, plugins
from keras_vae.maths.arrays import to_unit
from keras_vae.maths.gaussians import kl_divergence
from keras_vae.maths.seeded_normal import seeded_normal
from keras_vae.models.code_posterior import CodePosterior

SCORE_DRAWS = 8  # draws of the code that the expectation in score() is taken over, in antithetic pairs
CODE_NOISE = 1  # stream of the noise on the codes between an image and its code; stream 0 is that of the code


class Codec:
    """Stages bottom first: how codes climb and descend, which of them are drawn, where a stage's error is measured.

    Every method takes and returns tensors and works in a graph. `stage` is a name; without one it is the *inference
    stage*, whose code describes an image. No row of a result depends on the other rows of its batch.
    """

    def __init__(self, stages):
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

    # The stages.

    @property
    def stages(self):
        """Names of the stages, bottom first."""
        return [stage.name for stage in self._stages]

    def stage(self, name=None):
        """The Stage of that name; without one, the inference stage."""
        return self._stages[self._index(name)]

    def below(self, name=None):
        """Name of the stage whose codes this one models, None for the bottom one."""
        index = self._index(name)
        return self.stages[index - 1] if index else None

    @property
    def inference_stage(self):
        """Name of the stage whose code describes an image: the highest that is not a second stage.

        A stage trained on draws from q(z|x) is there to sample; what it would add to a description is noise.
        """
        return [name for name in self.stages if not self.is_second(name)][-1]

    def is_second(self, name=None):
        """Return True for a second stage: one that models the draws z ~ q(z|x) of the stage below it, or is ex post."""
        index = self._index(name)
        return index > 0 and (self._stages[index - 1].stochastic or self._stages[index].ex_post)

    @property
    def latent_dim(self):
        """Dimension of the inference code."""
        return self.stage().latent_dim

    @property
    def data_shape(self):
        """Shape of one image (or point), without the batch."""
        return self._stages[0].data_shape

    @property
    def variables(self):
        """All variables, bottom stage first."""
        return [variable for stage in self._stages for variable in stage.variables]

    # Where a stage's error is measured.

    def error_space(self, name=None):
        """Return "pixels" or "own": the space that the stage's reconstruction error and its gamma belong to.

        In the images ("pixels") for the bottom stage and for one of prescription 3 (regularisation balance, section 4),
        through the frozen stages below it; else in the codes that the stage models ("own").
        """
        index = self._index(name)
        return "pixels" if index == 0 else self._stages[index].error_space

    def error_shape(self, name=None):
        """Shape of one element of that space."""
        return self.data_shape if self.error_space(name) == "pixels" else self.stage(name).data_shape

    def gamma(self, name=None):
        """Decoder variance in the pixels, a scalar tensor: of the highest stage up to this one whose error is there."""
        return self.pixel_stage(name).gamma.value

    def pixel_stage(self, name=None):
        """The highest Stage up to this one whose error is in the pixels: p(x|code) is its likelihood."""
        return self._stages[self._pixel_stage(self._index(name))]

    # Codes up and down.

    def encode(self, x, stage=None, seeds=None):
        """x (n, *data_shape) -> mean and standard deviation of the stage's code, each (n, latent_dim).

        seeds (n,) int64: climb by draws from what is stochastic below, as a second stage was trained; else by means.
        """
        code = to_unit(x)
        for level, each in enumerate(self._stages[: self._index(stage) + 1]):
            mean, stddev = each.encode(code)
            code = mean
            if seeds is not None and each.stochastic:
                code += stddev * seeded_normal(seeds, each.latent_dim, stream=level)
        return mean, stddev

    def decode(self, code, stage=None):
        """Code of the stage (n, latent_dim) -> images (n, *data_shape), in [0, 1]."""
        return self._image(self.descend(code, stage))

    def descend(self, code, stage=None):
        """The same without the clipping to [0, 1], which has no gradient: what training goes through."""
        for each in reversed(self._stages[: self._index(stage) + 1]):
            code = each.decode(code)
        return code

    def reconstruct(self, x, stage=None):
        """Images from the posterior means of images."""
        return self.decode(self.encode(x, stage)[0], stage)

    def sample(self, seeds, stage=None, temperature=None):
        """seeds (n,) int64 -> images from the prior of the top stage, or of the named one.

        A code that was learned as a draw is drawn: z ~ N(mu_z(u), gamma_z I), as Dai and Wipf do; the image itself is
        the decoder's mean. temperature (n,) multiplies the deviation of every draw.
        """
        top = len(self._stages) - 1 if stage is None else self._index(stage)
        levels = range(top, -1, -1)
        drawn = [level for level in levels if self._draws_data(level)]
        widths = [self._stages[top].latent_dim, *(self._stages[level].data_shape[0] for level in drawn)]
        noise = seeded_normal(seeds, sum(widths))  # at once: on a small decoder, every operation counts
        if temperature is not None:
            noise *= temperature[:, None]
        code, *noise = tf.split(noise, widths, axis=1)
        for level in levels:
            code = self._stages[level].decode(code)
            if level in drawn:
                code += tf.sqrt(self._stages[level].gamma.value) * noise[drawn.index(level)]
        return self._image(code)

    def _draws_data(self, level):
        return self.is_second(self.stages[level]) and self._stages[level].error_space == "own"

    # Likelihood.

    def log_likelihood(self, x, stage=None):
        """Return the function (code, noise) -> log p(x|code) of images x (n, *data_shape), each (n,), nats.

        Where the stage's error space is the pixels, p(x|code) is the stage's own, for a Gaussian one N(decode(code),
        gamma I), and noise is not used. A code that a stage models in its own space passes down with noise of its own,
        p(c|code) = N(mu_c(code), gamma_c I), and p(x|code) is an integral over c: the function returns one draw's
        estimate of it, whose exponential is unbiased; for an affine decoder it is exact. noise: (n,
        code_noise_dim(stage)) standard normal.
        """
        x, index = to_unit(x), self._index(stage)
        bottom = self._pixel_stage(index)
        name, pixels = self.stages[bottom], self._stages[bottom]
        if bottom == index:
            return lambda code, noise: pixels.log_likelihood(x, self.decode(code, name))
        lowest, between = self._stages[bottom + 1], self._stages[bottom + 2 : index + 1]
        posterior = CodePosterior(
            lambda code: self.descend(code, name),
            self.encode(x, name)[0],
            x,
            pixels.gamma.value,
            lowest.gamma.value,
        )
        widths = [each.data_shape[0] for each in (lowest, *between)]

        def estimate(code, noise):
            last, *others = tf.split(noise, widths, axis=1)
            for each, eps in zip(reversed(between), reversed(others)):
                code = each.decode(code) + tf.sqrt(each.gamma.value) * eps
            drawn, log_ratio = posterior.draw(lowest.decode(code), last)
            return pixels.log_likelihood(x, self.decode(drawn, name)) + log_ratio

        return estimate

    def code_noise_dim(self, stage=None):
        """Width of the noise that log_likelihood takes: 0 where the stage's error space is the pixels."""
        index = self._index(stage)
        return sum(each.data_shape[0] for each in self._stages[self._pixel_stage(index) + 1 : index + 1])

    def score(self, x):
        """x -> {"elbo", "reconstruction", "kl"}, each (n,), nats, of the inference code.

        reconstruction is -E_q[log p(x|z)], and elbo = -(reconstruction + kl) is a lower bound on log p(x). The
        expectation is over fixed antithetic draws, so a score is reproducible.
        """
        stage, (mean, stddev) = self.stage(), self.encode(x)
        half = tf.range(SCORE_DRAWS // 2, dtype=tf.int64)
        noise, between = _antithetic(half, mean.shape[-1]), _antithetic(half, self.code_noise_dim(), CODE_NOISE)
        if not stage.stochastic:
            noise = tf.zeros_like(noise) if self.code_noise_dim() else tf.zeros_like(noise[:1])
        estimate, rows = self.log_likelihood(x), tf.shape(mean)[0]

        def one(draws):
            return estimate(mean + stddev * draws[0], tf.repeat(draws[1][None], rows, axis=0))

        estimates = tf.map_fn(one, (noise, between[: noise.shape[0]]), fn_output_signature=tf.float32)
        kl = kl_divergence(mean, stddev) if stage.stochastic else tf.zeros_like(mean[:, 0])
        reconstruction = -tf.reduce_mean(estimates, axis=0)
        return {"elbo": -(reconstruction + kl), "reconstruction": reconstruction, "kl": kl}

    # Training.

    def training_inputs(self, stage, images):
        """A batch of what `fit` takes for a stage: (images,) for the bottom one; (mean, stddev) of the stage below;
        (mean, stddev, images) where the error space is the pixels."""
        below = self.below(stage)
        if below is None:
            return (images,)
        return (*self.encode(images, below), *self.training_images(stage, images))

    def training_images(self, stage, images):
        """The images that belong to a batch beside the codes, (images,) or ()."""
        return (images,) if self.error_space(stage) == "pixels" else ()

    # Details.

    def _index(self, name):
        name = self.inference_stage if name is None else name
        if not isinstance(name, str) or name not in self.stages:
            nearest = plugins.nearest(name, self.stages)
            raise ValueError(f"unknown stage {checks.shown(name)}; this stack has: {', '.join(self.stages)}{nearest}")
        return self.stages.index(name)

    def _pixel_stage(self, index):
        """Number of the highest stage up to `index` whose error space is the pixels."""
        return max(level for level in range(index + 1) if self.error_space(self.stages[level]) == "pixels")

    def _image(self, x):
        return tf.clip_by_value(x, 0.0, 1.0) if len(self.data_shape) == 3 else x


def codec_of(model):
    """The Codec of a Stack, or what stands for one in an adopted model; a Codec is its own. ValueError without one."""
    codec = model if isinstance(model, Codec) else getattr(model, "codec", None)
    if codec is None:
        raise ValueError(f"stack is {checks.shown(model)}; expected a Stack")
    return codec


def _antithetic(seeds, dimension, stream=0):
    """Draws (2 n, dimension) in antithetic pairs of mean square 1 in each dimension: exact for parabolas along them."""
    half = seeded_normal(seeds, dimension, stream)
    half /= tf.sqrt(tf.reduce_mean(tf.square(half), axis=0))
    return tf.concat([half, -half], axis=0)
