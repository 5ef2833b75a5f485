"""Diagnostics of posteriors with known answers."""

import keras
import numpy as np
import pytest

from keras_vae.diagnostics import LatentMoments, LatentReport, active_units, effective_rank, latent_table, variance_law


def posteriors(count=1000, deviations=(1.0, 0.5, 0.02), seed=0):
    """means, stddevs (count, k): var(mu_k) is exactly deviations[k]^2, and the law holds exactly."""
    means = np.random.default_rng(seed).standard_normal((count, len(deviations)))
    means = (means - means.mean(axis=0)) / means.std(axis=0) * deviations
    return means, np.broadcast_to(np.sqrt(1.0 - np.square(deviations)) + 1e-12, means.shape)


def test_table_of_known_posteriors():
    deviations = (0.9, 0.5, 0.02)
    means, stddevs = posteriors(deviations=deviations)
    table = latent_table(means, stddevs)
    np.testing.assert_allclose(table.variance_of_mean, np.square(deviations))
    np.testing.assert_allclose(table.law, 1.0, rtol=1e-9)
    np.testing.assert_allclose(table.kl, -0.5 * np.log(1.0 - np.square(deviations)), rtol=1e-6)
    assert table.active.tolist() == active_units(means).tolist() == [True, True, False]
    np.testing.assert_allclose(variance_law(means, stddevs), table.law)


def test_table_prints_one_row_a_dimension_by_kl():
    means, stddevs = posteriors(deviations=(0.02, 0.9, 0.5))
    table = latent_table(means, stddevs, by_kl=True)
    assert table.dimension.tolist() == [1, 2, 0]
    lines = str(table).splitlines()
    assert len(lines) == 5 and lines[1].split()[0] == "1" and lines[1].endswith("*") and "2 of 3 active" in lines[-1]


def test_a_deterministic_code_is_infinitely_far_from_the_prior():
    means, stddevs = posteriors()
    table = latent_table(means, np.zeros_like(stddevs))
    assert np.isinf(table.kl).all() and "inf" in str(table)


def test_effective_rank_counts_independent_directions():
    random = np.random.default_rng(0)
    factors = random.standard_normal((2000, 3))
    repeated = np.concatenate([factors, -2.0 * factors], axis=1)
    assert effective_rank(repeated, np.zeros_like(repeated)) == pytest.approx(3.0, rel=0.01)
    independent = random.standard_normal((300, 40)) * np.linspace(0.5, 3.0, 40)
    assert effective_rank(independent, np.zeros_like(independent)) == pytest.approx(40, rel=0.05), "few examples"
    assert effective_rank(1e-3 * factors, np.ones_like(factors)) == 0.0, "dead dimensions are not counted"


@pytest.mark.parametrize(("centre", "deviation"), [(0.0, 1.0), (5.0, 1e-2)])
def test_streaming_equals_the_whole(centre, deviation):
    """Also a variance of 1e-4 about a mean of 5, to which float32 sums are blind."""
    random = np.random.default_rng(1)
    means = (centre + deviation * random.standard_normal((1000, 4))).astype(np.float32)
    stddevs = random.uniform(0.1, 1.0, means.shape).astype(np.float32)
    metric = LatentMoments(4, threshold=0.5 * deviation**2)
    for start in range(0, 1000, 70):
        metric.update_state(means[start : start + 70], stddevs[start : start + 70])
    table, result = latent_table(means, stddevs), {key: float(value) for key, value in metric.result().items()}
    np.testing.assert_allclose(metric.variance_of_mean, table.variance_of_mean, rtol=1e-9)
    assert result["active"] == 4
    assert result["law_mean"] == pytest.approx(table.law.mean())
    assert result["law_worst"] == pytest.approx(table.law[np.argmax(np.abs(table.law - 1.0))])
    assert result["kl"] == pytest.approx(table.kl.sum())
    metric.reset_state()
    assert float(metric.result()["kl"]) == 0.0


def test_the_law_is_streamed_over_active_dimensions():
    means, stddevs = posteriors(deviations=(0.9, 0.02))
    metric = LatentMoments(2)
    metric.update_state(means, stddevs * [0.5, 0.1])
    assert float(metric.result()["law_mean"]) == pytest.approx(0.81 + 0.19 / 4)


@pytest.mark.parametrize("log_variance", [False, True])
def test_report_of_a_plain_keras_model(log_variance):
    """An encoder that we did not build, trained by Keras alone."""
    keras.utils.set_random_seed(0)
    x = keras.Input((5,))
    mean, raw = keras.layers.Dense(3)(x), keras.layers.Dense(3)(x)
    encoder = keras.Model(x, [mean, raw if log_variance else keras.ops.exp(raw)])
    model = keras.Model(x, keras.layers.Dense(5)(mean))
    model.compile("sgd", "mse")
    data = np.random.default_rng(0).standard_normal((70, 5)).astype(np.float32)
    to_stddev = (lambda value: keras.ops.exp(0.5 * value)) if log_variance else None
    report = LatentReport(encoder, data, batch_size=32, to_stddev=to_stddev)
    history = model.fit(data, data, epochs=2, verbose=0, callbacks=[report]).history
    mean, second = (np.asarray(part) for part in encoder(data))
    table = latent_table(mean, np.exp(0.5 * second) if log_variance else second)
    assert len(history["latent_kl"]) == 2
    assert history["latent_kl"][-1] == pytest.approx(table.kl.sum(), rel=1e-5)
    assert history["latent_law_mean"][-1] == pytest.approx(table.law.mean(), rel=1e-5)
    assert history["latent_active"][-1] == table.active.sum()


def test_an_encoder_without_deviation_is_named():
    report = LatentReport(lambda x: x, np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="encoder returned one tensor"):
        report.on_epoch_end(0)


@pytest.mark.parametrize(
    ("means", "stddevs", "message"),
    [
        (np.zeros(3), np.zeros(3), "means has shape"),
        (np.zeros((2, 3)), np.zeros((2, 2)), "stddevs has shape"),
        (np.full((2, 3), np.nan), np.ones((2, 3)), "means has 6 values that are NaN"),
        (np.zeros((2, 3)), -np.ones((2, 3)), "not below zero"),
    ],
)
def test_wrong_posteriors_are_named(means, stddevs, message):
    with pytest.raises(ValueError, match=message):
        latent_table(means, stddevs)
