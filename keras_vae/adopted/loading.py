"""Models from files as encode and decode on arrays: .keras files and SavedModels, for the command line."""

import dataclasses
import pathlib
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from keras_vae import plugins
from keras_vae.files import UNREADABLE, Path
from keras_vae.models.posterior_encoder import SPREADS, in_order

SIDES = ("encode", "decode")
NAMES = {"encode": ("encode", "encoder"), "decode": ("decode", "decoder")}  # a method or signature, or a part
FILES = (".keras", ".h5")
DEFAULT = ("serve", "serving_default")  # signatures of a SavedModel that is one side


@dataclasses.dataclass(frozen=True)
class Loaded:
    """encode and decode, as kv.diagnose takes them, and the shape (H, W, C) of images where the model tells it."""

    encode: Callable
    decode: Callable
    data_shape: tuple | None


def load(
    model: Path | None = None, encoder: Path | None = None, decoder: Path | None = None, spread: str = "stddev"
) -> Loaded:
    """Return the functions of a model in one file, or of an encoder and a decoder in two.

    Each path is a .keras (or .h5) file, a SavedModel, or an export of this library, whose newest version is taken.
    model    a Keras model with methods encode and decode, or with parts encoder and decoder (attributes or layers); or
             a SavedModel with signatures of these names.
    spread   second output of the encoder, or second half of its only one: "stddev" or "log_variance". A third output
             is a draw, and is not used.
    """
    if spread not in SPREADS:
        raise ValueError(f"--spread={spread}: expected {' or '.join(SPREADS)}{plugins.nearest(spread, SPREADS)}")
    if bool(model) == bool(encoder or decoder) or bool(encoder) != bool(decoder):
        raise ValueError("expected --model, or both --encoder and --decoder")
    if model:
        found = _opened(model)
        encode, decode = (_side(found, side, model) for side in SIDES)
    else:
        encode, decode = (_whole(_opened(path), path) for path in (encoder, decoder))
    takes = decode.shape

    def decoded(z):
        if takes and None not in takes and z.shape[1:] != takes:
            raise ValueError(
                f"the encoder gives codes of shape {z.shape[1:]} by --spread={spread}; the decoder takes {takes}"
            )
        return _only(decode(z))

    return Loaded(lambda images: posterior(encode(images), spread), decoded, shape_of(encode))


def posterior(outputs, spread):
    """Return (mean, stddev), or codes, of what an encoder gives: one tensor, several, or a dictionary of them."""
    if isinstance(outputs, dict):
        outputs = in_order(outputs, spread)
    outputs = [np.asarray(output) for output in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]
    if len(outputs) == 1 and spread == "stddev":
        return outputs[0]
    mean, second = np.split(outputs[0], 2, axis=-1) if len(outputs) == 1 else outputs[:2]
    return mean, second if spread == "stddev" else np.exp(second / 2)


def _only(outputs):
    """The images of what a decoder gives."""
    if isinstance(outputs, dict):
        outputs = [outputs["images"]] if "images" in outputs else list(outputs.values())
    if isinstance(outputs, (list, tuple)):
        if len(outputs) != 1:
            raise ValueError(f"the decoder gives {len(outputs)} outputs; expected the images alone")
        outputs = outputs[0]
    return np.asarray(outputs)


def _opened(path):
    """The Keras model, or the loaded SavedModel, at `path`."""
    path = pathlib.Path(path).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file; expected a .keras file or the folder of a SavedModel")
    if path.is_dir():
        return tf.saved_model.load(str(_version(path)))
    if path.suffix not in FILES:
        raise ValueError(f"{path} is no model; expected a file {' or '.join(FILES)}, or the folder of a SavedModel")
    try:
        return keras.saving.load_model(path, compile=False)
    except (TypeError, *UNREADABLE) as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise ValueError(
            f"{path} cannot be loaded: {reason[:200]}. A class of your own must be registered with Keras and imported; "
            "or save encoder and decoder, and pass --encoder and --decoder"
        ) from error


def _version(path):
    """The SavedModel in a folder: itself, or the newest of its numbered versions."""
    if (path / "saved_model.pb").exists():
        return path
    versions = [each for each in path.iterdir() if each.name.isdigit() and (each / "saved_model.pb").exists()]
    if not versions:
        raise ValueError(f"{path} holds no saved_model.pb; expected the folder of a SavedModel, or of its versions")
    return max(versions, key=lambda each: int(each.name))


def _side(found, side, path):
    """The function of a whole model that encodes, or decodes."""
    signatures = getattr(found, "signatures", {})
    for name in NAMES[side]:
        if name in signatures:
            return _Signature(signatures[name], found)
        if callable(part := getattr(found, name, None)):
            return _Called(part)
        if name in [layer.name for layer in getattr(found, "layers", [])]:
            return _Called(found.get_layer(name))
    has = sorted(signatures) or [layer.name for layer in getattr(found, "layers", [])]
    raise ValueError(
        f"{path} has neither {' nor '.join(NAMES[side])}; it has: {', '.join(has) or 'nothing with a name'}. Save the "
        "two sides, and pass --encoder and --decoder"
    )


def _whole(found, path):
    """The function of a model that is one side."""
    if isinstance(found, keras.Model):
        return _Called(found)
    for name in DEFAULT:
        if name in found.signatures:
            return _Signature(found.signatures[name], found)
    raise ValueError(f"{path} has the signatures {', '.join(found.signatures)}; expected {' or '.join(DEFAULT)}")


@dataclasses.dataclass(frozen=True)
class _Called:
    """A Keras model, a layer or a method, on arrays."""

    function: Callable

    def __call__(self, array):
        options = {"training": False} if isinstance(self.function, keras.Layer) else {}
        try:
            return self.function(tf.constant(array, tf.float32), **options)
        except (TypeError, ValueError, tf.errors.OpError) as error:  # pages of signatures, of a SavedModel
            raise _not_taken(array, error) from error

    @property
    def shape(self):
        """Of one example that it takes; None where that is not told."""
        model = getattr(self.function, "__self__", None)  # of a method encode: its encoder tells
        part = getattr(model, f"{self.function.__name__}r", None) if model is not None else self.function
        inputs = getattr(part, "inputs", None)
        return tuple(inputs[0].shape[1:]) if inputs else None


@dataclasses.dataclass(frozen=True)
class _Signature:
    """A signature of a SavedModel, on arrays."""

    function: Callable
    owner: object  # whose variables the signature uses, and which nobody else keeps

    def __call__(self, array):
        spec = self._spec
        try:
            return self.function(**{spec.name: tf.cast(tf.constant(array), spec.dtype)})
        except (TypeError, ValueError, tf.errors.OpError) as error:
            raise _not_taken(array, error) from error

    @property
    def shape(self):
        """Of one example that it takes; None where that is not told."""
        shape = self._spec.shape
        return tuple(shape[1:]) if shape.rank else None

    @property
    def _spec(self):
        (_, inputs) = self.function.structured_input_signature
        if len(inputs) != 1:
            raise ValueError(f"a signature takes {', '.join(inputs)}; expected one input")
        return next(iter(inputs.values()))


def _not_taken(array, error):
    """Return the error of a model that does not take an array, in one line."""
    line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return ValueError(f"the model does not take an array of shape {array.shape}: {line[:200]}")


def shape_of(encode) -> tuple | None:
    """Return (H, W, C) of the images that `encode` takes, where it tells all of it."""
    shape = encode.shape
    return shape if shape and len(shape) == 3 and None not in shape else None
