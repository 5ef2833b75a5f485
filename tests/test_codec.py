"""The Codec: how codes climb and descend, and likelihoods through codes that carry noise of their own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from keras_vae import metrics
from keras_vae.models import Autoencoder, DecoderVariance, GaussianVAE, Stack
from keras_vae.models.codec import Codec, codec_of
from keras_vae.networks import affine, strided_conv
from tests import tiny

D, K, KAPPA, GAMMA, CODE_GAMMA = 6, 4, 2, 0.01, 0.3


def linear_gaussian_on_codes(code_gamma=CODE_GAMMA, between=False):
    """An autoencoder x = B c + N(0, gamma I), a VAE on its codes c = W z + N(0, code_gamma I) whose q(z|x) is the exact
    posterior, and the marginal of x. between: a further autoencoder, the identity, in between, with noise of 0.2."""
    random = np.random.default_rng(4)
    B, offset = np.linalg.qr(random.standard_normal((D, K)))[0] * 1.5, random.standard_normal(D)
    W, middle = np.linalg.qr(random.standard_normal((K, KAPPA)))[0] * [2.0, 0.7], random.standard_normal(K)
    ae = Autoencoder(
        affine.encoder((D,), K, stochastic=False), affine.decoder(K, (D,)), DecoderVariance("fixed", GAMMA), name="ae"
    )
    ae.encoder.get_layer("mean").set_weights([B / 1.5**2, -offset @ B / 1.5**2])  # what x says of c, as B'B = 1.5^2 I
    ae.decoder.get_layer("first").set_weights([B.T, offset])
    noise, stages = code_gamma + 0.2 * between, [ae]
    if between:
        same = Autoencoder(
            affine.encoder((K,), K, stochastic=False), affine.decoder(K, (K,)), DecoderVariance("fixed", 0.2), name="id"
        )
        same.encoder.get_layer("mean").set_weights([np.eye(K), np.zeros(K)])
        same.decoder.get_layer("first").set_weights([np.eye(K), np.zeros(K)])
        stages.append(same)
    precision = np.eye(KAPPA) + W.T @ W / (noise + GAMMA / 1.5**2)
    posterior = np.linalg.solve(precision, W.T) / (noise + GAMMA / 1.5**2)
    vae = GaussianVAE(
        affine.encoder((K,), KAPPA), affine.decoder(KAPPA, (K,)), gamma=DecoderVariance("fixed", code_gamma), name="vae"
    )
    vae.encoder.get_layer("mean").set_weights([posterior.T, -posterior @ middle])
    vae.encoder.get_layer("log_variance").set_weights([-np.log(np.diag(precision))[None]])
    vae.decoder.get_layer("first").set_weights([W.T, middle])
    covariance = B @ (W @ W.T + noise * np.eye(K)) @ B.T + GAMMA * np.eye(D)
    return Stack([*stages, vae]), stats.multivariate_normal(offset + B @ middle, covariance)


@pytest.mark.parametrize("code_gamma", [0.3, 1e-4])
def test_score_and_likelihood_are_the_closed_form_of_a_linear_gaussian_stack(code_gamma):
    """With the exact posterior the bound is tight: the ELBO, and the NLL by any number of draws, are log p(x)."""
    stack, marginal = linear_gaussian_on_codes(code_gamma)
    x = marginal.rvs(300, random_state=0).astype(np.float32)
    exact = marginal.logpdf(x)
    np.testing.assert_allclose(metrics.importance_weighted_nll(stack, x, samples=3), -exact, atol=0.02)
    score = stack.score(x)
    np.testing.assert_allclose(score["elbo"], exact, atol=0.02)
    np.testing.assert_allclose(score["elbo"], -(score["reconstruction"] + score["kl"]), rtol=1e-5)


def test_noise_passes_down_through_several_codes():
    """The middle codes are drawn from the model itself, so the bound is above the exact value, and falls to it."""
    stack, marginal = linear_gaussian_on_codes(between=True)
    x = marginal.rvs(100, random_state=0).astype(np.float32)
    exact = -marginal.logpdf(x).mean()
    assert stack.codec.code_noise_dim() == 2 * K
    few, many = (metrics.importance_weighted_nll(stack, x, samples).mean() for samples in (2, 5000))
    assert exact - 0.02 < many < exact + 0.1 < few
    assert -stack.score(x)["elbo"].mean() > exact


def test_a_curved_decoder_is_integrated_by_its_linearisation_as_a_proposal():
    """Images of the model itself, against brute force over the prior of both codes."""
    keras.utils.set_random_seed(0)
    ae = Autoencoder(*tiny.networks(4, stochastic=False), gamma=DecoderVariance("fixed", 0.02), name="ae")
    networks = affine.encoder((4,), 2), affine.decoder(2, (4,))
    above = GaussianVAE(*networks, gamma=DecoderVariance("fixed", 0.5), name="vae")
    for weights in above.encoder.weights:
        weights.assign(tf.zeros_like(weights))  # q(z|x) is the prior: only the codes between are proposed
    stack, random = Stack([ae, above]), np.random.default_rng(0)
    z = random.standard_normal((100_000, 2)).astype(np.float32)
    codes = above.decode(z).numpy() + np.sqrt(0.5) * random.standard_normal((100_000, 4))
    decoded = stack.decode(codes, stage="ae")
    x = np.clip(decoded[:5] + np.sqrt(0.02) * random.standard_normal((5, *tiny.SHAPE)), 0, 1).astype(np.float32)
    error = np.sum(np.square(decoded[:, None] - x), axis=(2, 3, 4))
    log_likelihood = -0.5 * error / 0.02 - 12 * np.log(2 * np.pi * 0.02)
    exact = np.log(100_000) - special.logsumexp(log_likelihood, axis=0)
    few, many = (metrics.importance_weighted_nll(stack, x, samples).mean() for samples in (2, 2000))
    assert exact.mean() - 0.05 < many < exact.mean() + 0.5 < few  # from above: the linearisation is only a proposal
    assert -stack.score(x)["elbo"].mean() > exact.mean()


def stages(*error_spaces):
    """An autoencoder of images, and VAEs above it."""
    below = [Autoencoder(*tiny.networks(4, stochastic=False), name="ae")]
    for name, space in zip(("vae", "second"), error_spaces):
        networks = affine.encoder((4,), 4), affine.decoder(4, (4,))
        below.append(GaussianVAE(*networks, error_space=space, name=name))
    return below


def test_inputs_of_training():
    codec, x = Codec(stages("pixels", "own")), tf.constant(tiny.images(3))
    assert [codec.error_space(name) for name in codec.stages] == ["pixels", "pixels", "own"]
    assert [codec.error_shape(name) for name in codec.stages] == [tiny.SHAPE, tiny.SHAPE, (4,)]
    assert [each.shape[1:] for each in codec.training_inputs("ae", x)] == [tiny.SHAPE]
    assert [each.shape[1:] for each in codec.training_inputs("vae", x)] == [(4,), (4,), tiny.SHAPE]
    assert [each.shape[1:] for each in codec.training_inputs("second", x)] == [(4,), (4,)]
    for one, other in zip(codec.training_inputs("second", x), codec.encode(x, "vae")):
        np.testing.assert_array_equal(one, other)


def test_names_of_stages():
    codec = Codec(stages("pixels", "own"))
    assert codec.inference_stage == "vae" and codec.is_second("second") and not codec.is_second("vae")
    assert [codec.below(name) for name in codec.stages] == [None, "ae", "vae"]
    assert codec_of(codec) is codec
    with pytest.raises(ValueError, match="unknown stage 'top'; this stack has: ae, vae, second"):
        codec.encode(tiny.images(2), "top")


def test_the_names_of_earlier_versions_still_mean_the_same():
    stage = GaussianVAE(affine.encoder((4,), 4), affine.decoder(4, (4,)), measure="pixels")
    assert stage.error_space == "pixels" and "measure" not in stage.get_config()


def test_no_images_have_no_codes_and_no_codes_no_images():
    """oneDNN's convolutions of an empty batch end in an error: a server answers no rows with none."""
    encoder = strided_conv.encoder((16, 16, 3), 64, width=0.05)
    stage = GaussianVAE(encoder, strided_conv.decoder(64, (16, 16, 3), width=0.05), name="vae")
    codec = Stack([stage]).codec
    for graph in (lambda function, *_: function, lambda function, spec: tf.function(function, input_signature=[spec])):
        encode = graph(codec.encode, tf.TensorSpec((None, 16, 16, 3)))
        decode = graph(codec.decode, tf.TensorSpec((None, 64)))
        assert [part.shape for part in encode(tf.zeros((0, 16, 16, 3)))] == [(0, 64), (0, 64)]
        assert decode(tf.zeros((0, 64))).shape == (0, 16, 16, 3)


def test_graphs_of_several_stacks_draw_no_warning_from_tensorflow(monkeypatch):
    """It warns of retracing where one piece of code is traced again and again, which is what stages in turn do."""
    warnings = []
    monkeypatch.setattr(tf.get_logger(), "warning", lambda *args, **options: warnings.append(args))
    for _ in range(7):
        Stack([tiny.vae()]).encode(tiny.images(2))
    assert not warnings
