"""Signatures of an exported model: named functions of tensors, each with a free batch dimension.

No row of an answer depends on the other rows of its batch, so a server may merge requests. All randomness comes in with
the request, as one seed a row.
"""

import dataclasses

import tensorflow as tf

from keras_vae.exporting.pictures import bounded, encode_png
from keras_vae.exporting.screen import screening
from keras_vae.maths.arrays import as_uint8, to_unit
from keras_vae.maths.gaussians import squared_error

# What the inputs and outputs are, by name; the manifest of an export says so too.
MEANINGS = {
    "images": "float32 in [0, 1] or, where the name ends in _uint8, uint8",
    "image_bytes": "PNG (input: or JPEG, of any size; cropped and resized as the training images were)",
    "codes": "codes of the inference stage",
    "mean": "posterior mean of the inference code",
    "stddev": "posterior standard deviation of the inference code; zero where the code is deterministic",
    "squared_error": "||x - x_hat||^2 of each image, in [0, 1] pixels",
    "elbo": "-(reconstruction + kl), nats",
    "reconstruction": "-E_q[log p(x|z)], nats; grows with strangeness",
    "kl": "KL(q(z|x) || p(z)), nats; grows with strangeness",
    "seed": "any int64; the same seed gives the same image",
    "temperature": "factor on the deviation of every draw; 1 is the model's own distribution, 0 its most likely code",
    "dimension": "number of a latent dimension",
    "active": "whether its posterior mean varies over held-out images by more than 0.01",
    "latent_mean": "mean of q(z) along it, over held-out images",
    "latent_stddev": "standard deviation of q(z) along it, over held-out images",
    "strangeness_elbo": "share of held-out images whose negative elbo is lower, in [0, 1]",
    "strangeness_reconstruction": "share of held-out images whose reconstruction term is lower, in [0, 1]",
    "strangeness": "share of held-out images that are less strange by reconstruction, or by an odd kl, in [0, 1]",
    "strangeness_png_bytes": "PNG of the image in grey with its squared error per pixel as a heat map, blue to yellow",
}


@dataclasses.dataclass(frozen=True)
class Signature:
    """One function of the exported model. function(**inputs) -> {name: tensor}, each (n, ...)."""

    function: callable
    inputs: tuple  # of TensorSpec, each (None, ...), named

    def traced(self):
        """The tf.function to save."""

        def checked(*args):
            # A server feeds what a client sends. oneDNN ends the process, instead of the request, at a wrong rank.
            shaped = {spec.name: tf.ensure_shape(arg, spec.shape) for spec, arg in zip(self.inputs, args)}
            return self.function(**shaped)

        # Without AutoGraph, which would rewrite the source of all that is called: half the time of tracing.
        return tf.function(checked, input_signature=self.inputs, autograph=False)


def signatures(codec, read=None, latents=None, screen=None):
    """{name: Signature} of a Codec.

    read     the bytes of one PNG or JPEG -> the uint8 image (H, W, C) that training made of it; None for points.
    latents  active, mean, stddev of the inference code's dimensions, three (latent_dim,); or None if not known.
    screen   Screen of held-out images, or None if there are none.
    """
    found, describers = {}, _describers(codec, screen)
    for suffix, (spec, reader) in _readers(codec, read).items():
        for name, describe in describers.items():
            found[name + suffix] = _describing(describe, spec, reader)
    found["serving_default"] = found["encode"]
    codes = tf.TensorSpec((None, codec.latent_dim), tf.float32, "codes")
    decode = _shared(codec.decode)
    found |= {"decode": Signature(lambda codes: {"images": decode(codes)}, (codes,))}
    found |= _samplers(codec)
    if read is not None:
        sample = found["sample"]
        found["sample_uint8"] = Signature(
            lambda seed: {"images": as_uint8(sample.function(seed)["images"])}, sample.inputs
        )
        for name, of in (("sample_png", "sample"), ("decode_png", "decode"), ("reconstruct_png", "reconstruct_bytes")):
            found[name] = Signature(_encoding_png(found[of].function), found[of].inputs)
    if latents is not None:
        found["latent_table"] = _latent_table(*latents)
    return found


def _shared(function):
    """The graph of a function of tensors that several signatures call: it is made, saved and loaded once for all."""
    return tf.function(function, autograph=False)


def _readers(codec, read):
    """{suffix of a signature: (what it takes, how float32 images in [0, 1] are made of that)}"""
    readers = {"": (tf.TensorSpec((None, *codec.data_shape), tf.float32, "images"), lambda images: images)}
    if read is not None:
        readers["_uint8"] = (tf.TensorSpec((None, *codec.data_shape), tf.uint8, "images"), to_unit)
        image, reading = tf.TensorSpec(codec.data_shape, tf.uint8), bounded(read)

        def images_of(files):
            return to_unit(tf.map_fn(reading, files, parallel_iterations=2, fn_output_signature=image))

        readers["_bytes"] = (tf.TensorSpec((None,), tf.string, "image_bytes"), images_of)
    return readers


def _describers(codec, screen):
    """{name: function of images -> {name: tensor}}"""
    posterior, reconstruction, score = map(_shared, (codec.encode, codec.reconstruct, codec.score))

    def encode(images):
        return dict(zip(("mean", "stddev"), posterior(images)))

    def reconstruct(images):
        found = reconstruction(images)
        return {"images": found, "squared_error": squared_error(images, found)}

    describers = {"encode": encode, "reconstruct": reconstruct, "score": score}
    if screen is not None:
        describers["screen"] = lambda images: screening(screen, images, score(images), reconstruction)
    return describers


def _describing(describe, spec, reader):
    return Signature(lambda **inputs: describe(reader(inputs[spec.name])), (spec,))


def _samplers(codec):
    """Samples of the top stage and, below a second stage, of the first.

    TensorFlow Serving cannot make an input optional over REST or in a merged batch, so the temperature, which few
    need, is asked for by a signature of its own.
    """
    seed = tf.TensorSpec((None,), tf.int64, "seed")
    temperature = tf.TensorSpec((None,), tf.float32, "temperature")
    drawn = _shared(codec.sample)

    def sample(seed, temperature=None):
        return {"images": drawn(seed, temperature=temperature)}

    found = {"sample": Signature(sample, (seed,)), "sample_at_temperature": Signature(sample, (seed, temperature))}
    first = codec.inference_stage
    if first != codec.stages[-1]:
        found["sample_first_stage"] = Signature(lambda seed: {"images": codec.sample(seed, first)}, (seed,))
    return found


def _encoding_png(function):
    def encoding(**inputs):
        outputs = function(**inputs)
        return {"image_bytes": encode_png(as_uint8(outputs.pop("images"))), **outputs}

    return encoding


def _latent_table(active, mean, stddev):
    """Signature that tells of each dimension of the code what sliders, for one, need."""
    columns = {
        "active": tf.constant(active, tf.bool),
        "latent_mean": tf.constant(mean, tf.float32),
        "latent_stddev": tf.constant(stddev, tf.float32),
    }
    return Signature(
        lambda dimension: {name: tf.gather(column, dimension) for name, column in columns.items()},
        (tf.TensorSpec((None,), tf.int64, "dimension"),),
    )
