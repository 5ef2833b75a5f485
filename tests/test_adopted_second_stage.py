"""Second stages on the codes of adopted models: of functions, of given codes, and as a run."""

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae.adopted import SecondStage
from keras_vae.models import GivenCodes
from tests import tiny

CENTRES = np.array([[2.0, 0.0], [-2.0, 0.0]])


def two_humps(count, seed=0):
    """Images (n, 1, 2, 1), the codes of a model whose q(z) is far from N(0, I), and both ways between them."""
    random = np.random.default_rng(seed)
    codes = CENTRES[random.integers(0, 2, count)] + 0.3 * random.standard_normal((count, 2))
    return (codes / 20 + 0.5).clip(0, 1).reshape(-1, 1, 2, 1).astype(np.float32)


def encode(images):
    mean = (images.reshape(-1, 2) - 0.5) * 20
    return mean, np.full_like(mean, 0.1)


def test_a_second_stage_samples_what_the_prior_cannot():
    """The MMD of its codes to those of other images is small beside that of N(0, I)."""
    second = kv.second_stage(encode, two_humps(600), "mixture")
    codes, others = second.sample(500, seed=1), encode(two_humps(500, seed=1))[0]
    np.testing.assert_allclose(second.sample(3, seed=1), codes[:3], rtol=tiny.ROUNDING)
    prior = np.random.default_rng(0).standard_normal((500, 2))
    assert kv.metrics.mmd(codes, others) < 0.2 * kv.metrics.mmd(prior, others)


def test_a_second_vae_is_trained_on_draws_of_their_posteriors():
    """By the steps that trained any second stage: what changes is the top stage alone, and its best epoch is kept."""
    second = kv.second_stage(encode, two_humps(130), epochs=1, jit_compile=False, network_options={"width": 8})
    assert second.stack.stages == ["codes", "second"] and second.stack.codec.is_second("second")
    images = two_humps(30, seed=1)
    mean, stddev = second.stack.encode(np.stack(encode(images), axis=-1), stage="codes")
    scale = np.sqrt(encode(two_humps(130))[0].var(axis=0) + 0.01)
    np.testing.assert_allclose(stddev, 0.1 / np.repeat(scale[None], 30, axis=0), rtol=1e-4)
    assert second.sample(4, seed=1).shape == (4, 2) and np.isfinite(second.sample(4)).all()


def test_a_second_stage_is_a_run(tmp_path):
    """Kept and loaded; codes are maps where the model's are; the codes of an autoencoder have no noise."""

    def maps(images):
        return encode(images)[0].reshape(-1, 1, 1, 2)

    images, workdir = two_humps(200), tmp_path / "second"
    second = kv.second_stage(maps, images, "mixture", workdir)
    codes = second.sample(5)
    assert codes.shape == (5, 1, 1, 2) and not second.stack.stage("codes").stochastic
    np.testing.assert_array_equal(SecondStage(kv.load(workdir)).sample(5), codes)
    np.testing.assert_array_equal(kv.second_stage(maps, images, "mixture", workdir).sample(5), codes)  # done before
    with pytest.raises(ValueError, match="holds another configuration"):
        kv.second_stage(maps, images, "mixture", workdir, epochs=3)
    for settings, message in (
        ({"epoch": 3}, "takes no epoch; beside its own arguments: name, model"),
        ({"model": "gausian"}, "unknown model of a second stage 'gausian'"),
        ({"network_options": {"widht": 3}}, "takes no option 'widht'"),
    ):
        with pytest.raises(ValueError, match=message):
            kv.second_stage(maps, images, workdir=tmp_path / "none", **settings)
    assert not (tmp_path / "none").exists(), "refused before anything is written"


def test_given_codes_are_whitened_and_come_back(tmp_path):
    random = np.random.default_rng(0)
    mean, stddev = 5.0 + 3.0 * random.standard_normal((400, 4)), random.random((400, 4))
    stage, x = GivenCodes((2, 2, 1)), np.stack([mean, stddev], axis=-1).astype(np.float32)
    stage.observe(mean, stddev)
    stage.save(tmp_path / "codes.keras")
    for each in (stage, keras.saving.load_model(tmp_path / "codes.keras")):
        z, spread = (part.numpy() for part in each.encode(x))
        np.testing.assert_allclose(kv.diagnostics.variance_law(z, spread), 1.0, rtol=1e-4)
        np.testing.assert_allclose(each.decode(z)[..., 0], mean, rtol=1e-4)
        assert each.code_shape == (2, 2, 1) and each.latent_dim == 4


# Stock Keras networks as a GaussianVAE.
