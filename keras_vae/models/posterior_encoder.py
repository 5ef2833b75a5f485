"""Posterior encoder: any functional Keras encoder as one that gives [mean, stddev] of q(z|x)."""

import re

import keras

from keras_vae import plugins

MEANS = ("mean", "z_mean", "mu", "z_mu", "loc")
SPREADS = {
    "stddev": ("stddev", "z_stddev", "std", "z_std", "sigma", "z_sigma", "scale"),
    "log_variance": ("log_variance", "z_log_variance", "log_var", "z_log_var", "logvar", "z_logvar"),
}


def posterior_encoder(encoder, latent_dim, spread=None):
    """Return an encoder x -> [mean, stddev], (batch, latent_dim) float32 each, that shares the layers of `encoder`.

    encoder   two outputs, each (batch, latent_dim), or one (batch, 2 latent_dim), the means first; of a dictionary,
              those that are named so: see MEANS and SPREADS.
    spread    the second of these: "stddev" or "log_variance"; None: the encoder gives [mean, stddev] and is left as it
              is. A layer without activation gives no deviations, and is refused as such.
    """
    if spread not in (None, *SPREADS):
        nearest = plugins.nearest(spread, SPREADS)
        raise ValueError(f"spread is {spread!r}; expected one of {', '.join(SPREADS)}{nearest}")
    given = encoder.outputs
    if named := isinstance(getattr(encoder, "output", None), dict):
        given = in_order(encoder.output, spread or "stddev")
    shapes, wanted = [tuple(output.shape) for output in given], (None, latent_dim)
    if shapes not in ([wanted, wanted], [(None, 2 * latent_dim)]):
        raise ValueError(
            f"the encoder gives {' and '.join(map(str, shapes))}; expected two outputs {wanted}, as many numbers as "
            f"the decoder takes, or one {(None, 2 * latent_dim)}. Of maps: keras.layers.Flatten behind the encoder, "
            "and Reshape before the decoder"
        )
    if spread is None and len(shapes) == 1:
        raise ValueError(
            f"the encoder gives one output of 2 x {latent_dim} units; say what the second half is: "
            'spread="log_variance", or "stddev"'
        )
    if spread != "log_variance" and _unbounded(given[-1]):
        raise ValueError(
            f"the second output of the encoder is {_layer(given[-1]).name!r}, without activation: it may be "
            'negative, so it is no standard deviation. Of a log variance: spread="log_variance"'
        )
    if spread is None and not named:
        return encoder
    outputs = [keras.ops.cast(output, "float32") for output in given]
    mean, second = outputs if len(outputs) == 2 else (outputs[0][:, :latent_dim], outputs[0][:, latent_dim:])
    stddev = keras.ops.exp(second / 2) if spread == "log_variance" else second
    return keras.Model(encoder.inputs[0], [mean, stddev], name=f"{encoder.name}_posterior")


def in_order(outputs, spread):
    """Return [mean, what `spread` says] of a dictionary of outputs, or its only one; of numbered ones all, in order.

    By name, or not at all: their order in a dictionary is that of the alphabet, where a log variance precedes a mean.
    """
    if len(outputs) == 1:
        return list(outputs.values())
    if all(re.fullmatch(r"output_\d+", name) for name in outputs):
        return [outputs[name] for name in sorted(outputs, key=lambda name: int(name.rpartition("_")[2]))]
    pair = [[outputs[name] for name in names if name in outputs] for names in (MEANS, SPREADS[spread])]
    if [len(each) for each in pair] != [1, 1]:
        raise ValueError(
            f"the encoder gives outputs called {', '.join(outputs)}; expected one of {', '.join(MEANS)} and, for "
            f"spread={spread}, one of {', '.join(SPREADS[spread])}; or a list, the mean first"
        )
    return [each for (each,) in pair]


def checked_networks(encoder, decoder):
    """Refuse networks whose shapes are not known, or do not fit: x -> codes of one axis -> x."""
    for side, network in (("encoder", encoder), ("decoder", decoder)):
        if not getattr(network, "outputs", None) or not getattr(network, "inputs", None):
            raise ValueError(
                f"the {side} is a {type(network).__name__} without inputs and outputs; expected a functional or a "
                "built Sequential Keras model, which begins with keras.Input(shape)"
            )
    if len(decoder.inputs) != 1 or len(decoder.outputs) != 1 or len(decoder.inputs[0].shape) != 2:
        shapes = [tuple(tensor.shape) for tensor in decoder.inputs]
        raise ValueError(f"the decoder takes {' and '.join(map(str, shapes))}; expected one input (None, latent_dim)")
    takes, gives = tuple(encoder.inputs[0].shape[1:]), tuple(decoder.outputs[0].shape[1:])
    if None in takes or takes != gives:
        raise ValueError(f"the encoder takes {takes} and the decoder gives {gives}; expected one shape, and all of it")


SHAPE_ONLY = (keras.layers.Flatten, keras.layers.Reshape, keras.layers.Dropout)


def _layer(tensor):
    """The layer or operation that a symbolic tensor comes from, behind those that change its shape alone."""
    operation = tensor._keras_history.operation
    if isinstance(operation, SHAPE_ONLY):
        return _layer(operation.input)
    return operation


def _unbounded(tensor):
    """True of the output of a Dense layer, a convolution, ... that nothing bounds."""
    return getattr(_layer(tensor), "activation", None) is keras.activations.linear
