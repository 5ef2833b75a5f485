"""Theorem 2, for every pair of networks, and what it does not hold for."""

import numpy as np
import pytest

from keras_vae import plugins
from keras_vae.theory import stationary_points as theorem

NAMES = plugins.names("keras_vae.networks")
PLAIN = [name for name in NAMES if name != "concat_mlp"]
VECTORS = ["affine", "asperti_dense", "latent_residual", "residual_mlp"]
CASES = [(name, (8, 8, 1), 32) for name in PLAIN] + [(name, (9,), 5) for name in VECTORS]


@pytest.mark.parametrize("network, shape, latent_dim", CASES)
@pytest.mark.parametrize("j", [0, 4])
def test_the_three_gradients_vanish(network, shape, latent_dim, j):
    stage = theorem.build(network, shape, latent_dim)
    x, noise = theorem.inputs(shape, latent_dim, count=4)
    assert theorem.largest(theorem.gradients(stage, x, noise, j)) > 1e-4
    theorem.zero(stage, j)
    gradients = theorem.gradients(stage, x, noise, j)
    assert set(gradients) == {"w_mu_x", "w_mu_z", "w_sigma_z"}
    assert theorem.largest(gradients) < 1e-7


def test_other_dimensions_keep_their_gradients():
    stage = theorem.build("residual_mlp")
    theorem.zero(stage, 5)
    assert theorem.largest(theorem.gradients(stage, *theorem.inputs(), 6)) > 1e-3


def test_z_that_is_joined_to_the_last_layer_is_not_in_the_theorem():
    stage = theorem.build("concat_mlp")
    assert theorem.entrances(stage.decoder) == 2
    theorem.zero(stage, 5)
    assert theorem.largest(theorem.gradients(stage, *theorem.inputs(), 5)) > 1e-3


@pytest.mark.parametrize("left", ["w_mu_x", "w_mu_z", "w_sigma_z"])
def test_each_of_the_three_conditions_is_needed(left):
    """One vector is left as it was: some gradient is not zero."""
    stage = theorem.build("asperti_dense", (9,), 5)
    variable, where = theorem.three_weights(stage, 2)[left]
    before = variable.numpy()
    theorem.zero(stage, 2)
    variable.assign(before)
    assert theorem.largest(theorem.gradients(stage, *theorem.inputs((9,), 5), 2)) > 1e-4


@pytest.mark.parametrize("head, name", [("mean", "w_mu_z"), ("log_variance", "w_sigma_z")])
def test_a_bias_must_be_zero_too(head, name):
    stage = theorem.build("residual_mlp")
    theorem.zero(stage, 5)
    bias = stage.encoder.get_layer(head).trainable_variables[1]
    bias.assign(np.eye(32, dtype=np.float32)[5])
    assert np.abs(theorem.gradients(stage, *theorem.inputs(), 5)[name]).max() > 1e-3


def test_only_the_sign_of_z_j_is_paired():
    """With all signs changed, as antithetic draws usually are, the mean is not exact."""
    stage = theorem.build("residual_mlp")
    _, noise = theorem.inputs()
    twin = theorem.flipped(noise, stage, 5)
    assert (np.flatnonzero((twin != noise).any(axis=0)) == [5]).all()
    conv = theorem.build("strided_conv")  # a 4x4 map of two channels: the weights of 5 are those of all odd dimensions
    twin = theorem.flipped(noise, conv, 5)
    assert (np.flatnonzero((twin != noise).any(axis=0)) == np.arange(1, 32, 2)).all()


def test_with_the_affine_skip_the_encoder_has_a_gradient():
    stage = theorem.build("residual_mlp", affine_skip=True)
    theorem.zero(stage, 5)
    gradients = theorem.gradients(stage, *theorem.inputs(), 5)
    assert np.abs(gradients["w_mu_z"]).max() > 1e-3
    theorem.assign_zero(stage.affine_skip.trainable_variables[0], 5)
    assert theorem.largest(theorem.gradients(stage, *theorem.inputs(), 5)) < 1e-6
