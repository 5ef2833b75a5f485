"""Functions: encode and decode of any model, with every answer checked, in the face of a Stack of one stage.

The contract, on NumPy arrays (whatever np.asarray takes), batch by batch:

encode(images)        images (n, H, W, C) float32 in [0, 1] -> (mean, stddev) of q(z|x), each (n, k) or maps
                      (n, h, w, c), stddev not negative; or the codes alone, of an autoencoder, whose stddev is zero. A
                      log variance is none of these: lambda x: (mean, np.exp(log_variance / 2)).
decode(codes)         codes as encode gave them, float32 -> images (n, H, W, C), float in [0, 1] or uint8.
sample(count, seed)   images (count, H, W, C), as of decode.
score(images)         (n,) numbers, higher for what is stranger, or {name: such numbers}.

Layout and scale of the model are the business of these functions: a lambda moves the axes, and maps [-1, 1] to [0, 1].
"""

import types
from collections.abc import Callable

import numpy as np

from keras_vae.checks import checked_data, function
from keras_vae.maths.arrays import blocks, unit
from keras_vae.status import Progress

LARGEST = 1e6  # of codes: beyond, their kernels are no numbers in float32, and codes of a model are of order one
OVERSHOOT = 1e-3  # of pixels: rounding, which is clipped


class Functions:
    """encode and decode with the methods of a Stack, for diagnostics and parts of an evaluation; codes are flat here.

    images      (n, *data_shape), a few: the shape of the codes is learned from them.
    has_prior   whether training brought the codes near N(0, I); None: where they are draws, stddev > 0.
    """

    def __init__(
        self,
        encode: Callable,
        decode: Callable | None,
        images: np.ndarray,
        has_prior: bool | None = None,
        name: str = "model",
        batch_size: int = 256,
    ) -> None:
        self._encode = function(encode, "encode", "images")
        self._decode = _no_decode if decode is None else function(decode, "decode", "codes")
        self.name, self.batch_size = name, batch_size
        self.data_shape = images.shape[1:]
        self.code_shape: tuple[int, ...] = ()
        _, stddev = self.encode(images[:batch_size])
        self.latent_dim, self.stochastic = stddev.shape[1], bool(stddev.any())
        self.has_prior = self.stochastic if has_prior is None else has_prior
        self.gamma = None  # not known of a model that is two functions
        self.stages = [name]
        # The questions that are asked of a Codec: there is one stage, and its error is in the pixels.
        self.codec = types.SimpleNamespace(
            below=lambda name: None, is_second=lambda name: False, error_space=lambda name: "pixels"
        )

    def stage(self, name: str | None = None) -> "Functions":
        """The one stage there is."""
        return self

    def encode(self, images: np.ndarray, stage: str | None = None, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the codes, two (n, latent_dim) float32."""
        images = checked_data(images, self.data_shape)
        parts = [
            self._posterior(self._encode(writable(images[rows])), rows)
            for rows in self._batches(len(images), "encoding")
        ]
        mean, stddev = (np.concatenate(each).reshape(len(images), -1) for each in zip(*parts))
        return mean, stddev

    def decode(self, codes: np.ndarray, stage: str | None = None) -> np.ndarray:
        """Images (n, *data_shape) float32, pictures in [0, 1], of codes (n, latent_dim)."""
        codes = np.asarray(codes, np.float32).reshape(-1, *self.code_shape)
        parts = [
            pixels(self._decode(codes[rows]), rows.stop - rows.start, self.data_shape, "decode")
            for rows in self._batches(len(codes), "decoding")
        ]
        return np.concatenate(parts)

    def sample(self, count: int, seed: int = 0, stage: str | None = None, first: int = 0) -> np.ndarray:
        """`count` images decoded from draws of N(0, I)."""
        return self.decode(np.random.default_rng([seed, first]).standard_normal((count, self.latent_dim)))

    def _batches(self, count, what):
        return Progress(blocks(count, self.batch_size), what, unit="batches", leave=False)

    def _posterior(self, answer, rows):
        """mean, stddev of one batch, checked."""
        if isinstance(answer, dict):
            raise ValueError(f"encode returned a dict of {', '.join(map(str, answer))}; expected (mean, stddev)")
        parts = answer if isinstance(answer, (tuple, list)) else (answer,)
        if len(parts) not in (1, 2):
            raise ValueError(
                f"encode returned {len(parts)} arrays; expected (mean, stddev), or the codes alone. Of an encoder that "
                "gives mean, log variance and a draw: (mean, np.exp(log_variance / 2))"
            )
        mean = _numbers(parts[0], "encode", "mean" if len(parts) == 2 else "codes", rows)
        count = rows.stop - rows.start
        if mean.ndim < 2 or not mean[0].size or len(mean) != count:
            raise ValueError(
                f"encode returned codes of shape {mean.shape} for {count} images; expected ({count}, k), or maps "
                f"({count}, h, w, c)"
            )
        if mean.shape[1:] != (self.code_shape or mean.shape[1:]):
            raise ValueError(
                f"encode returned codes of shape {mean.shape[1:]} after some of {self.code_shape}; expected one shape"
            )
        self.code_shape = mean.shape[1:]
        if np.abs(mean).max() > LARGEST:
            raise ValueError(f"encode returned codes up to {np.abs(mean).max():.3g}; expected at most {LARGEST:g}")
        if len(parts) == 1:
            return mean, np.zeros_like(mean)
        stddev = _numbers(parts[1], "encode", "stddev", rows)
        if stddev.shape != mean.shape:
            raise ValueError(f"encode returned stddev of shape {stddev.shape}; expected that of mean, {mean.shape}")
        if stddev.min() < 0.0:
            raise ValueError(
                f"encode returned stddev down to {stddev.min():.4g}; expected standard deviations, not negative. Of a "
                "log variance: np.exp(log_variance / 2)"
            )
        return mean, stddev


def writable(images: np.ndarray) -> np.ndarray:
    """Return images as float32 in [0, 1] in memory of their own: PyTorch warns of arrays that cannot be written to."""
    return np.array(unit(images))


def _no_decode(codes: np.ndarray) -> np.ndarray:
    raise ValueError("decode was not given; expected a function of codes")


def pixels(answer, count: int, shape: tuple[int, ...], function: str) -> np.ndarray:
    """Return images, what `function` returned, as float32 (count, *shape), pictures in [0, 1]; or ValueError."""
    images = _numbers(answer, function, "images", slice(0, count), keep=np.uint8)
    if len(images) != count if images.ndim else True:
        raise ValueError(f"{function} returned images of shape {images.shape}; expected {count} of them, {shape} each")
    if images.shape[1:] != tuple(shape):
        hint = ""
        if len(shape) == 3 and images.shape[1:] == (shape[2], *shape[:2]):
            hint = ". Channels come last: np.moveaxis(images, 1, -1)"
        elif images[0].size == np.prod(shape):
            hint = f". They have as many numbers: reshape(-1, {', '.join(map(str, shape))})"
        raise ValueError(f"{function} returned images of shape {images.shape}; expected {(count, *shape)}{hint}")
    if images.dtype == np.uint8 or len(shape) != 3:
        return unit(images)
    low, high = float(images.min()), float(images.max())
    if low < -OVERSHOOT or high > 1.0 + OVERSHOOT:
        hint = "images / 255" if high > 2.0 and low >= 0.0 else "np.clip(images, 0, 1) where nothing bounds them"
        hint = f"(images + 1) / 2 of a tanh, {hint}" if low < -OVERSHOOT and high < 2.0 else hint
        raise ValueError(
            f"{function} returned images with values in [{low:.4g}, {high:.4g}]; expected [0, 1], or uint8: {hint}"
        )
    return np.clip(images, 0.0, 1.0)


def numbers_of(answer, count: int) -> dict[str, np.ndarray]:
    """Return scores, what `score` returned, as {name: (count,)}; or ValueError."""
    scores = answer if isinstance(answer, dict) else {"score": answer}
    if "elbo" in scores:
        raise ValueError("score returned 'elbo', which falls with strangeness; expected {'negative elbo': -elbo}")
    if not scores:
        raise ValueError("score returned an empty dictionary; expected {name: numbers}, or the numbers")
    found = {str(name): _numbers(values, "score", name, slice(0, count)) for name, values in scores.items()}
    for name, values in found.items():
        if values.shape != (count,):
            raise ValueError(f"score returned {name!r} of shape {values.shape}; expected ({count},), one an image")
    return found


def _numbers(values, function, what, rows, keep=np.float32):
    """`values` as a finite float32 array; of dtype `keep` as they are."""
    try:
        array = np.asarray(values)
        if values is None or array.dtype.kind == "c":
            raise TypeError("expected real ones")
        array = array if array.dtype == keep else array.astype(np.float32)
    except Exception as error:  # whatever a tensor of another library raises
        kind, reason = type(values).__name__, str(error).splitlines()[0]
        raise ValueError(
            f"{function} returned {what} as {kind}, which is no array of numbers ({reason}); expected what np.asarray "
            "takes, of PyTorch for example tensor.detach().cpu().numpy()"
        ) from error
    bad = ~np.isfinite(array)
    if bad.any():
        first = rows.start + int(np.argwhere(bad)[0][0]) if array.ndim else 0
        raise ValueError(
            f"{function} returned {what} with {bad.sum()} values that are NaN or infinite, first in number {first}; "
            "expected finite numbers"
        )
    return array
