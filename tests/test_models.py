"""Losses against independent forms, gamma, and .keras round trips."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from tensorflow_probability import distributions as tfd

import keras_vae.models  # noqa: F401  registers the classes that .keras files name
from keras_vae.maths.kernels import imq, unbiased_mmd
from keras_vae.models import (
    Autoencoder,
    BernoulliVAE,
    DecoderVariance,
    GaussianVAE,
    Mixture,
    PenalizedAutoencoder,
    Stack,
    WassersteinAutoencoder,
)
from tests import tiny


def compiled(model, steps_per_execution=20):
    # Outside XLA, which takes seconds to compile; tests/test_engine.py shows that both paths agree.
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False, steps_per_execution=steps_per_execution)
    return model


def steps(model, x, count):
    """Train `count` steps on x as one batch."""
    return model.fit(tf.data.Dataset.from_tensors(x).repeat(count), epochs=1, verbose=0, shuffle=False).history


def test_gaussian_terms_equal_tfp():
    x = tiny.images(5) / np.float32(255)
    model = compiled(tiny.vae(gamma=DecoderVariance(initial=0.3), beta=0.7))
    mean, stddev = model.encode(x)
    eps = model.noise.normal(mean, compiled=False)
    model.noise.counter.assign(0)
    terms, z = model.terms(x, training=False)
    np.testing.assert_allclose(z, mean + stddev * eps, rtol=1e-6)
    decoder = tfd.MultivariateNormalDiag(tf.reshape(model.decode(z), (5, -1)), tf.fill([24], np.float32(np.sqrt(0.3))))
    prior = tfd.MultivariateNormalDiag(tf.zeros(3), tf.ones(3))
    log_prob = decoder.log_prob(x.reshape(5, -1))
    kl = tfd.kl_divergence(tfd.MultivariateNormalDiag(mean, stddev), prior)
    np.testing.assert_allclose(terms["reconstruction"], -log_prob, rtol=1e-5)
    np.testing.assert_allclose(terms["kl"], kl, rtol=1e-5)
    np.testing.assert_allclose(terms["loss"], -log_prob + 0.7 * kl, rtol=1e-5)


def test_a_bernoulli_decoder_is_cross_entropy():
    """In the loss and in the scores of a stack, for grey pixels too; black and white ones explode nothing."""
    x = tiny.images(5) / np.float32(255)
    model = compiled(BernoulliVAE(*tiny.networks(), name="vae", beta=0.7))
    terms, z = model.terms(x, training=False)
    mu = np.asarray(model.decode(z), np.float64)
    log_prob = np.sum(x * np.log(mu) + (1 - x) * np.log(1 - mu), axis=(1, 2, 3))
    np.testing.assert_allclose(terms["reconstruction"], -log_prob, rtol=1e-5)
    np.testing.assert_allclose(terms["loss"], terms["reconstruction"] + 0.7 * terms["kl"], rtol=1e-6)
    codec = Stack([model]).codec
    np.testing.assert_allclose(codec.log_likelihood(x)(z, None), log_prob, rtol=1e-5)
    assert np.all(np.isfinite(model.log_likelihood(x, np.round(x))))
    before = float(model.gamma.value)
    steps(model, x, 3)
    assert float(model.gamma.value) < before, "gamma follows the squared error, and is in no term of the loss"
    with pytest.raises(ValueError, match=r"models pixels in \[0, 1\], and 'second' would model data of shape \(3,\)"):
        BernoulliVAE(*tiny.networks(shape=(3,)), name="second")


def test_affine_skip_is_equation_5():
    model = tiny.vae(affine_skip=True)
    z = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)
    kernel, bias = model.affine_skip.get_layer("affine_skip").get_weights()
    bias = bias + 0.5
    model.affine_skip.get_layer("affine_skip").set_weights([kernel, bias])
    expected = model.decoder(z) + np.reshape(z @ kernel + bias, (2, *tiny.SHAPE))
    np.testing.assert_allclose(model.decode(z), expected, rtol=1e-5)


def test_optimal_gamma_is_equation_6():
    gamma = DecoderVariance("optimal", initial=5.0)
    errors = [0.5, 0.1, 0.3]
    for error in errors:
        gamma.observe(tf.constant(error))
    assert float(gamma.value) == pytest.approx(np.mean(errors), rel=1e-5), "the plain mean over the first batches"
    assert not gamma.trainable_variables


def test_fixed_gamma_stays_and_learned_gamma_finds_the_optimum():
    x = tiny.images(32)
    for mode in ("fixed", "learned"):
        model = compiled(tiny.vae(gamma=DecoderVariance(mode, initial=0.5, name="gamma")))
        steps(model, x, 400)
        if mode == "fixed":
            assert float(model.gamma.value) == 0.5
        else:
            error = model.evaluate(x, verbose=0, batch_size=32, return_dict=True)["squared_error"] / 24
            assert float(model.gamma.value) == pytest.approx(error, rel=0.1)


@pytest.mark.parametrize("rate", [1.0, 2.0])
def test_log_gamma_has_a_rate_of_its_own(rate):
    """Adam's first steps are as long as its rate, whatever the slope; value, bounds and files keep their meaning."""
    gamma = DecoderVariance(initial=0.5, floor=0.485, rate=rate)
    optimizer = keras.optimizers.Adam(0.01)
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = 30.0 * gamma.value
        optimizer.apply(tape.gradient(loss, gamma.trainable_variables), gamma.trainable_variables)
    assert float(gamma.value) == pytest.approx(max(0.5 * np.exp(-0.02 * rate), 0.485), rel=1e-4)
    assert float(gamma.bounds_hit()["gamma_at_floor"]) == float(rate == 2.0)
    assert DecoderVariance.from_config(gamma.get_config()).rate == rate
    following = DecoderVariance("optimal", rate=rate)
    following.observe(tf.constant(0.3))
    assert float(following.value) == pytest.approx(0.3, rel=1e-5)


@pytest.mark.parametrize(("options", "bound"), [({"floor": 0.4}, "floor"), ({"ceiling": 0.01}, "ceiling")])
@pytest.mark.parametrize("mode", ["learned", "optimal"])
def test_bounds_hold_and_report(options, bound, mode):
    """The data's variance, about 0.08, is outside of both bounds."""
    initial = 0.005 if bound == "ceiling" else 0.5
    model = compiled(tiny.vae(gamma=DecoderVariance(mode, initial=initial, **options)))
    share = steps(model, tiny.images(64), 200)[f"gamma_at_{bound}"][0]
    assert float(model.gamma.value) == pytest.approx(options[bound], rel=1e-5)
    assert share == 1.0 if mode == "optimal" else 0.2 < share < 1.0, "a learned gamma takes steps to get there"


def test_a_bound_is_not_a_trap():
    """log gamma must leave its floor again when the error grows: a clip in the formula would give no gradient."""
    model = compiled(tiny.vae(gamma=DecoderVariance(initial=1e-3, floor=1e-3)))
    steps(model, tiny.images(64), 30)
    assert float(model.gamma.value) > 1.1e-3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"initial": 0.0}, "0 < floor <= initial"),
        ({"initial": 1.0, "ceiling": 0.5}, "initial <= ceiling"),
        ({"initial": 0.1, "floor": 0.5}, "floor <= initial"),
        ({"floor": -1.0}, "floor"),
        ({"rate": 0.0}, "rate of gamma must be a finite number above 0"),
    ],
)
def test_senseless_bounds_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        DecoderVariance(**options)


def test_unbiased_mmd_is_the_double_loop():
    random = np.random.default_rng(0)
    a, b = random.standard_normal((7, 3)), random.standard_normal((5, 3)) + 0.3

    def kernel(x, y):
        distance = np.sum((x - y) ** 2)
        return sum(6 * s / (6 * s + distance) for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0))

    within_a = np.mean([kernel(a[i], a[j]) for i in range(7) for j in range(7) if i != j])
    within_b = np.mean([kernel(b[i], b[j]) for i in range(5) for j in range(5) if i != j])
    between = np.mean([kernel(x, y) for x in a for y in b])
    expected = within_a + within_b - 2 * between
    assert float(unbiased_mmd(tf.constant(a), tf.constant(b), imq)) == pytest.approx(expected, rel=1e-10)


def test_wasserstein_loss_pulls_codes_to_the_prior():
    x = np.random.default_rng(0).uniform(size=(256, *tiny.SHAPE)).astype(np.float32)
    model = compiled(WassersteinAutoencoder(*tiny.networks(stochastic=False), weight=10.0))
    first = model.evaluate(x, batch_size=256, verbose=0, return_dict=True)
    assert first["loss"] == pytest.approx(first["squared_error"] + 10.0 * first["mmd"], rel=1e-4)
    steps(model, x, 200)
    assert model.evaluate(x, batch_size=256, verbose=0, return_dict=True)["mmd"] < 0.2 * first["mmd"]


def test_penalized_loss_is_equation_7():
    x = tiny.images(6) / np.float32(255)
    model = PenalizedAutoencoder(*tiny.networks(stochastic=False), g="sqrt", h="arctan")
    terms, z = model.terms(x, training=False)
    error = np.mean(np.sum((x - model.decode(z)) ** 2, axis=(1, 2, 3))) / 24
    expected = np.sqrt(error + 1e-8) + np.sum(np.arctan(np.mean(np.square(z), axis=0))) / 24
    assert float(terms["loss"]) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match="unknown penalty 'l0'; known: arctan, capped, huber, l1, l2, log, sqrt"):
        PenalizedAutoencoder(*tiny.networks(stochastic=False), h="l0")


def test_penalized_weights_stay_in_theta():
    """Without the bound on the decoder, codes shrink to nothing while its weights grow."""
    model = compiled(PenalizedAutoencoder(*tiny.networks(stochastic=False), max_norm=0.5))
    steps(model, tiny.images(64), 20)
    norms = [np.linalg.norm(w, axis=0).max() for w in model.decoder.get_weights() if w.ndim == 2]
    assert max(norms) <= 0.5 + 1e-5


def mixture():
    """Three Gaussians in the plane, of shares 0.5, 0.2 and 0.3."""
    found = Mixture(2, components=3, name="second")
    covariances = [[[1.0, 0.5], [0.5, 2.0]], [[0.1, 0.0], [0.0, 0.1]], [[0.5, -0.4], [-0.4, 0.5]]]
    found.assign([0.5, 0.2, 0.3], [[0.0, 0.0], [5.0, 5.0], [-4.0, 3.0]], covariances)
    return found


def test_a_mixture_has_its_density_and_its_samples():
    """log p(z) as SciPy has it; u ~ N(0, I) decoded has the shares, means and covariances; encoding leads back."""
    found, random = mixture(), np.random.default_rng(0)
    means, roots = found.means.numpy(), found.roots.numpy()
    covariances, shares = roots @ roots.transpose(0, 2, 1), [0.5, 0.2, 0.3]
    z = found.decode(random.standard_normal((20_000, 3)).astype(np.float32)).numpy()
    parts = [stats.multivariate_normal(m, c) for m, c in zip(means, covariances)]
    density = sum(share * part.pdf(z) for share, part in zip(shares, parts))
    np.testing.assert_allclose(found.log_density(z), np.log(density), rtol=1e-4, atol=1e-4)
    nearest = np.argmax(found.log_joint(z), axis=1)
    for k, share in enumerate(shares):  # the components hardly overlap
        assert np.mean(nearest == k) == pytest.approx(share, abs=0.02)
        np.testing.assert_allclose(z[nearest == k].mean(axis=0), means[k], atol=0.1)
        np.testing.assert_allclose(np.cov(z[nearest == k].T), covariances[k], atol=0.1)
    mean, stddev = found.encode(z)
    np.testing.assert_allclose(found.decode(mean), z, atol=1e-4)
    u = mean + stddev * random.standard_normal(mean.shape)
    np.testing.assert_allclose(np.mean(u, axis=0), 0.0, atol=0.03)
    np.testing.assert_allclose(np.cov(np.transpose(u)), np.eye(3), atol=0.05)


def stages():
    return {
        "gaussian": tiny.vae(beta=0.5, affine_skip=True, gamma=DecoderVariance("optimal", floor=1e-3)),
        "bernoulli": BernoulliVAE(*tiny.networks(), name="vae"),
        "mixture": mixture(),
        "autoencoder": Autoencoder(*tiny.networks(stochastic=False), name="ae"),
        "wasserstein": WassersteinAutoencoder(*tiny.networks(stochastic=False), weight=7.0, name="wae"),
        "penalized": PenalizedAutoencoder(*tiny.networks(stochastic=False), g="sqrt", h="huber", name="pae"),
        "stack": Stack([tiny.vae(), GaussianVAE(*tiny.networks(latent_dim=3, shape=(3,)), name="second")], seed=4),
    }


@pytest.mark.parametrize(
    "name", ["gaussian", "bernoulli", "mixture", "autoencoder", "wasserstein", "penalized", "stack"]
)
def test_keras_file_loads_without_custom_objects(name, tmp_path):
    model = stages()[name]
    if name not in ("stack", "mixture"):
        compiled(model, steps_per_execution=3).fit(tiny.images(), batch_size=16, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    x = np.ones((3, 2), np.float32) if name == "mixture" else tiny.images(3, seed=5)
    np.testing.assert_array_equal(model(x), loaded(x))
    np.testing.assert_array_equal(tiny.weights(model), tiny.weights(loaded))
    mine, theirs = (
        {k: v for k, v in m.get_config().items() if not isinstance(v, (dict, list))} for m in (model, loaded)
    )
    assert mine == theirs


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_likelihoods_stay_float32_under_mixed_precision(precision):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        model = compiled(tiny.vae(gamma=DecoderVariance(initial=1e-6)))  # exp(-2 log gamma) overflows float16
        terms, z = model.terms(tiny.images(4), training=True)
        assert {value.dtype for value in terms.values()} == {tf.float32}
        assert model.gamma.log_gamma.dtype == "float32"
        history = model.fit(tiny.images(), batch_size=16, epochs=3, verbose=0).history
        assert np.all(np.isfinite(history["loss"]))
        assert np.all(np.isfinite(history["gradient_norm"]))
        assert not model.failures()
    finally:
        keras.config.set_dtype_policy(before)
