"""Theorem 1, in closed form and trained."""

import numpy as np
import pytest
from scipy import optimize
from sklearn.decomposition import PCA

import keras_vae as kv
from keras_vae.config import override
from keras_vae.presets import affine
from keras_vae.theory import affine as theory
from keras_vae.theory.optimal_gamma import alternate


def energy(W_x, b_x, W_z, b_z, s2, gamma, x):
    """Eq. (3) of regularisation balance, in nats with its constants, without a closed form for anything."""
    d = x.shape[1]
    mu_z = x @ W_z.T + b_z
    error = np.sum((x - mu_z @ W_x.T - b_x) ** 2, axis=1).mean() + np.sum(s2 * np.sum(W_x**2, axis=0))
    kl = 0.5 * np.sum(s2 - np.log(s2) - 1) + 0.5 * np.sum(mu_z**2, axis=1).mean()
    return 0.5 * error / gamma + 0.5 * d * np.log(2 * np.pi * gamma) + kl


def slope(W_x, b_x, W_z, b_z, s2, gamma, x):
    """The gradient of `energy` with respect to W_x, b_x, W_z, b_z and log s2, derived by hand."""
    mu_z = x @ W_z.T + b_z
    d_mu_x = (mu_z @ W_x.T + b_x - x) / gamma / len(x)
    d_mu_z = d_mu_x @ W_x + mu_z / len(x)
    d_log_s2 = 0.5 * (s2 * (np.sum(W_x**2, axis=0) / gamma + 1) - 1)
    return d_mu_x.T @ mu_z + W_x * s2 / gamma, d_mu_x.sum(axis=0), d_mu_z.T @ x, d_mu_z.sum(axis=0), d_log_s2


def test_energies_are_eq_3_of_the_points_themselves():
    """The module sees a mean and a covariance; here the sum runs over the points."""
    x, gamma = np.random.default_rng(1).standard_normal((50, 4)) + 1, 0.3
    vae = theory.random_vae(4, 3)
    twice_nats = 2 * energy(*vae, gamma, x) + 3 - 4 * np.log(2 * np.pi)
    assert float(theory.energy(vae, gamma, x.mean(axis=0), np.cov(x.T, bias=True))) == pytest.approx(twice_nats)


@pytest.mark.parametrize("latent_dim", [1, 2, 3])
def test_the_optimum_is_scikit_learns_ppca(latent_dim):
    """With gamma by eq. (6): the same noise variance, covariance and likelihood."""
    x = kv.data.load("subspace", "test", dimension=5, rank=3, noise=0.3, count=400).astype(np.float64)
    pca, covariance = PCA(latent_dim).fit(x), np.cov(x.T)
    gamma = alternate(x.mean(axis=0), covariance, latent_dim)
    assert gamma == pytest.approx(pca.noise_variance_)
    optimum = kv.theory.affine_optimum(covariance, gamma, latent_dim)
    np.testing.assert_allclose(optimum.W @ optimum.W.T + gamma * np.eye(5), pca.get_covariance(), atol=1e-8)
    biased = theory.reduced_energy(optimum.W, gamma, np.cov(x.T, bias=True))
    assert float(theory.nats(biased, 5)) == pytest.approx(-pca.score(x))


@pytest.mark.parametrize("latent_dim", [1, 2, 3, 6])
def test_where_eigenvalues_coincide_the_loss_does_not_depend_on_the_axes(latent_dim):
    random = np.random.default_rng(0)
    turned, _ = np.linalg.qr(random.standard_normal((4, 4)))
    spectrum = np.diag([2.0, 1.0, 1.0, 0.1])
    losses = [kv.theory.affine_optimum(a @ spectrum @ a.T, 0.2, latent_dim).loss for a in (np.eye(4), turned)]
    assert losses[0] == pytest.approx(losses[1])


def test_nothing_is_kept_below_gamma():
    optimum = kv.theory.affine_optimum(np.diag([0.5, 0.2]), 0.6, 2)
    assert not optimum.W.any() and (optimum.s2 == 1).all()


def test_affine_optimum_is_what_minimisation_finds():
    random = np.random.default_rng(0)
    x = random.standard_normal((200, 2)) @ random.standard_normal((2, 4)) + 0.1 * random.standard_normal((200, 4))
    gamma, kappa, d = 0.05, 3, 4
    sizes = np.cumsum([d * kappa, d, kappa * d, kappa, kappa])

    def loss_and_slope(flat):
        W_x, b_x, W_z, b_z, log_s2 = np.split(flat, sizes[:-1])
        point = W_x.reshape(d, kappa), b_x, W_z.reshape(kappa, d), b_z, np.exp(log_s2), gamma, x
        return energy(*point), np.concatenate([np.ravel(part) for part in slope(*point)])

    optimum = kv.theory.affine_optimum(np.cov(x.T, bias=True), gamma, kappa)
    for _ in range(2):
        start = random.standard_normal(sizes[-1])
        found = optimize.minimize(loss_and_slope, start, jac=True, method="BFGS", options={"gtol": 1e-8})
        # The loss curves up by at least 0.0067 in every direction there: a slope s leaves it s^2 / 0.0134 above.
        assert np.linalg.norm(found.jac) < 1e-5
        assert optimum.loss == pytest.approx(found.fun, abs=1e-8)
    norms = np.sum(optimum.W**2, axis=0)
    assert np.sum(norms > 0) == 2
    np.testing.assert_allclose(optimum.s2, 1 / (norms / gamma + 1))


def test_a_trained_affine_vae_reaches_the_optimum(tmp_path):
    """Within 1e-3 nats, with exactly r = 3 of kappa = 8 dimensions active.

    At gamma = 0.1, ten times the recipe's: the theorem holds at any, and training gets several times as close.
    """
    config = override(
        affine.quick(), ["vae.gamma.initial=0.1", "vae.epochs=10", "vae.batch_size=100", "data_options.count=100000"]
    )
    stack = kv.train(config, tmp_path / "run")
    stage, x = stack.stage("vae"), kv.data.load("subspace", "train", count=100_000).astype(np.float64)
    first, mean = stage.decoder.get_layer("first"), stage.encoder.get_layer("mean")
    (W_x, b_x), (W_z, b_z) = ([w.astype(np.float64) for w in layer.get_weights()] for layer in (first, mean))
    s2 = np.square(stage.encode(x[:1].astype(np.float32))[1].numpy()[0].astype(np.float64))
    gamma = float(stage.gamma.value)
    optimum = kv.theory.affine_optimum(np.cov(x.T, bias=True), gamma, 8)
    assert 0 <= energy(W_x.T, b_x, W_z.T, b_z, s2, gamma, x) - optimum.loss < 1e-3
    assert stack.active_dims.sum() == 3
    np.testing.assert_allclose(
        np.sort(np.sum(W_x**2, axis=1)), np.sort(np.sum(optimum.W**2, axis=0)), rtol=0.02, atol=1e-3
    )
