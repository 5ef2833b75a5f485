"""Slices through the loss of a Gaussian VAE."""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from keras_vae.checks import checked_data
from keras_vae.maths.arrays import to_unit
from keras_vae.maths.gaussians import kl_divergence, squared_error
from keras_vae.maths.seeded_normal import seeded_normal
from keras_vae.models.gaussian_vae import GaussianVAE
from keras_vae.status import Progress


def loss_slices(
    model: GaussianVAE,
    images: np.ndarray,
    direction: Sequence,
    positions: Sequence[float],
    gammas: Sequence[float],
    draws: int = 8,
    seed: int = 0,
) -> np.ndarray:
    """The loss at weights + position * direction, (len(gammas), len(positions)): Fig. 3 of infinite gradients.

    In nats, the mean over images of eq. (2), as the model trains it (eq. (3) of that paper is twice it, less its
    constants). Example i always has the same `draws` of noise, in antithetic pairs, so the curves have no noise.
    model: a GaussianVAE; in a stack, stack.stage(name). Its weights are as before when this returns.
    images: (n, *data_shape), the data of the stage; a few hundred, for they are decoded all at once.
    direction: a list of (variable, array of its shape); or a list of variables, which then move along a random
    direction, in each as long as the variable itself (so that layers of different scale move alike).
    gammas: decoder variances; the model's own is not used.
    """
    if not isinstance(model, GaussianVAE) or not model.is_gaussian:
        raise ValueError(f"model is a {type(model).__name__}; expected a GaussianVAE")
    if draws < 2 or draws % 2:
        raise ValueError(f"draws is {draws}; expected an even number: they come in antithetic pairs")
    variances, places = np.asarray(gammas, np.float64), np.asarray(positions, np.float64)
    if variances.ndim != 1 or places.ndim != 1 or not (variances > 0).all():
        raise ValueError("gammas and positions must be lists of numbers, gammas above zero")
    images, steps = checked_data(images, model.data_shape), _direction(direction, seed)
    target, d = to_unit(tf.constant(images)), float(np.prod(model.data_shape))
    half = seeded_normal(tf.range(draws // 2, dtype=tf.int64) + draws * seed, len(images) * model.latent_dim)
    half = tf.reshape(half, (draws // 2, len(images), model.latent_dim))
    noise = tf.concat([half, -half], axis=0)

    @tf.function
    def moments():
        """Mean over examples and draws of the squared error, and of the KL: gamma enters only outside."""
        mean, stddev = model.encode(target)
        errors = tf.map_fn(lambda eps: squared_error(target, model.decode(mean + stddev * eps)), noise)
        return tf.reduce_mean(errors), tf.reduce_mean(kl_divergence(mean, stddev))

    moments = moments.get_concrete_function()
    before, errors, kls = [variable.numpy() for variable, _ in steps], [], []
    try:
        for position in Progress(places, "loss slices", unit="positions"):
            for (variable, step), start in zip(steps, before):
                variable.assign(start + position * step)
            error, kl = moments()
            errors.append(float(error))
            kls.append(float(kl))
    finally:
        for (variable, _), start in zip(steps, before):
            variable.assign(start)
    column = variances[:, None]
    constants = 0.5 * d * np.log(2.0 * math.pi * column)
    return np.asarray(errors) / (2.0 * column) + constants + model.beta * np.asarray(kls)


def _direction(direction, seed):
    """[(variable, array)] from either form."""
    random, steps = np.random.default_rng(seed), []
    for item in direction:
        if isinstance(item, (tuple, list)):
            variable, step = item[0], np.asarray(item[1], np.float32)
        else:
            variable, step = item, random.standard_normal(item.shape)
            step = (step * np.linalg.norm(item.numpy()) / np.linalg.norm(step)).astype(np.float32)
        if step.shape != tuple(variable.shape):
            raise ValueError(f"direction has shape {step.shape} for {variable.path}; expected {tuple(variable.shape)}")
        steps.append((variable, step))
    if not steps:
        raise ValueError("direction is empty; expected variables, or (variable, array) pairs")
    return steps
