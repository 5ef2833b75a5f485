"""The verdict on cases of each kind."""

import numpy as np
import pytest

import keras_vae as kv
from keras_vae.diagnostics import effective_rank, verdict, verdict_inputs
from keras_vae.diagnostics.verdict_inputs import _mmd
from keras_vae.models import DecoderVariance, GaussianVAE, Stack
from keras_vae.networks import affine
from tests import tiny

GOOD = {"explained": 0.95, "active": 12, "latent_dim": 64, "law_mean": 1.01, "law_worst": 1.06}
GOOD |= {"effective_rank": 11.5, "informative": 12, "mmd": 2e-4, "mmd_noise": 3e-4}


def judged(**changes):
    return verdict(**{**GOOD, **changes})


def test_balanced_and_nothing_to_mend():
    result = judged()
    assert result.word == "balanced" and result.advice == ("Nothing to mend.",)
    assert "95.0%" in result.evidence[0] and "12 of 64" in result.evidence[1]
    assert str(result).splitlines()[0] == "balanced" and "  > Nothing to mend." in str(result)


def test_the_generation_gap_wants_a_second_stage():
    result = judged(mmd=5e-3)
    assert result.word == "balanced" and "sample through a second stage" in result.advice[0]
    assert "longer or wider" in judged(mmd=5e-3, second_stage=True).advice[0]


def test_a_rising_held_out_loss_is_named():
    found = judged(second_stage=True, held_out_losses=(87, 92.8, 101.3))
    assert any("from 92.8 nats after epoch 87, which is kept, to 101.3" in line for line in found.evidence)
    assert "overfits" in found.advice[0]
    quiet = judged(second_stage=True, held_out_losses=(87, 92.8, 92.9))
    assert quiet == judged(second_stage=True)


def test_no_sparsity_wants_more_dimensions():
    assert "try more" in judged(active=64, effective_rank=60.0, informative=60).advice[0]


def test_posterior_collapse_is_over_regularised():
    result = judged(explained=0.0, active=0, effective_rank=0.0, law_mean=1.0, law_worst=1.0, informative=0)
    assert result.word == "over-regularised" and "ceiling on gamma" in result.advice[0]


def test_a_collapse_with_all_dimensions_active_wants_no_more_of_them():
    """Means that move, all noise: a collapse; with signal, it is the decoder that makes nothing of the codes."""
    wide = {"explained": 0.01, "active": 64, "effective_rank": 60.0}
    collapsed, unread = judged(**wide, informative=0), judged(**wide, informative=60)
    assert collapsed.word == unread.word == "over-regularised"
    assert "No dimension is unused" not in str(collapsed) + str(unread)
    assert "collapsed" in collapsed.advice[0] and "collapsed" not in str(unread)
    assert "decoder does not use" in unread.advice[0]


def test_poor_reconstruction_with_dead_dimensions_is_over_regularised():
    result = judged(explained=0.4, active=3, effective_rank=2.9, informative=3)
    assert result.word == "over-regularised"
    for remedy, advice in zip(("Skip", "More dimensions", "ceiling", "autoencoder below", "beta"), result.advice):
        assert remedy in advice


def test_poor_and_redundant_wants_training_not_dimensions():
    result = judged(explained=0.5, active=16, latent_dim=16, effective_rank=6.8, law_mean=1.37)
    assert result.word == "over-regularised" and "train longer" in result.advice[0]


def test_too_few_dimensions_is_over_regularised():
    result = judged(explained=0.4, active=4, latent_dim=4, effective_rank=3.9, informative=4)
    assert result.word == "over-regularised" and "more dimensions" in result.advice[0]


@pytest.mark.parametrize(
    "changes",
    [{"active": 64, "effective_rank": 10.8}, {"law_mean": 0.63}, {"law_mean": 1.46}, {"mmd": 0.3}],
    ids=["redundant", "law below", "law above", "far from the prior"],
)
def test_under_regularised(changes):
    assert judged(**changes).word == "under-regularised"


def test_the_law_says_nothing_of_deterministic_codes():
    result = judged(law_mean=3.0, law_worst=9.0, stochastic=False, has_prior=False, mmd=2.0)
    assert result.word == "balanced" and "law" not in str(result) and "VAE on them" in str(result)
    redundant = judged(active=64, effective_rank=8.0, stochastic=False, has_prior=False)
    assert redundant.word == "under-regularised" and "as it should be" in redundant.advice[0]


def test_a_stage_is_judged_by_what_the_stage_below_leaves():
    assert judged(explained=0.6).word == "over-regularised"
    result = judged(explained=0.6, attainable=0.62)
    assert result.word == "balanced" and "stage below is the bottleneck" in result.advice[0]


def test_a_gamma_that_has_not_come_down_is_named_first():
    result = judged(gamma_excess=9.0)
    assert "9.0 times the squared error" in result.evidence[-1] and "more steps" in result.advice[0]
    assert judged(gamma_excess=1.1) == judged()


@pytest.mark.parametrize(
    ("gamma", "excess"),
    [
        ({"initial": 50.0}, pytest.approx(50.0, rel=0.5)),  # data of about unit error: nothing is trained here
        ({"initial": 50.0, "mode": "fixed"}, None),
        ({"initial": 50.0, "floor": 50.0}, None),
    ],
    ids=["learned", "fixed", "at its floor"],
)
def test_only_a_gamma_that_could_fall_is_compared_with_the_error(gamma, excess):
    x = np.random.default_rng(0).standard_normal((400, 6)).astype(np.float32)
    encoder, decoder = affine.encoder((6,), 2), affine.decoder(2, (6,))
    decoder.get_layer("first").set_weights([np.zeros((2, 6)), np.zeros(6)])
    stack = Stack([GaussianVAE(encoder, decoder, gamma=DecoderVariance(**gamma), name="vae")])
    assert verdict_inputs(stack, x).get("gamma_excess") == excess


def test_what_is_unknown_is_not_judged():
    assert verdict(0.9, 5, 10).word == "balanced"


def test_an_impossible_count_is_named():
    with pytest.raises(ValueError, match="active is 11"):
        verdict(0.9, 11, 10)


def test_confined_codes_are_under_regularised_by_measurement():
    """q(z) on a line and on a circle in the plane: the first shows in the rank, the second in the MMD alone."""
    random = np.random.default_rng(0)
    angle = random.uniform(0.0, 2.0 * np.pi, (800, 1))
    circle = np.sqrt(2.0) * np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    line = random.standard_normal((800, 1)) * [1.0, 1.0]
    stddevs = np.full((800, 2), 0.01)
    for means, by_rank in ((line, True), (circle, False)):
        rank, mmd = effective_rank(means, stddevs), _mmd(means, random.standard_normal(means.shape))
        assert (rank < 1.1) == by_rank
        assert verdict(0.95, 2, 2, 1.0, 1.0, rank, 2, mmd, 1e-3).word == "under-regularised"


@pytest.mark.parametrize(("latent_dim", "word"), [(8, "balanced"), (1, "over-regularised")])
def test_the_optimum_of_theorem_1_is_balanced(latent_dim, word):
    """On a subspace of 3 dimensions; with fewer than 3 it cannot but be over-regularised (section 2)."""
    dimension, gamma, x = 20, 1e-3, kv.data.load("subspace", "test")
    optimum = kv.theory.affine_optimum(np.cov(x.T, bias=True), gamma, latent_dim)
    encoder, decoder = affine.encoder((dimension,), latent_dim), affine.decoder(latent_dim, (dimension,))
    inverse = optimum.W @ np.linalg.inv(optimum.W.T @ optimum.W + gamma * np.eye(latent_dim))
    encoder.get_layer("mean").set_weights([inverse, -x.mean(axis=0) @ inverse])
    variances = [each for each in encoder.trainable_variables if tuple(each.shape) == (1, latent_dim)]
    variances[0].assign(np.log(optimum.s2)[None])
    decoder.get_layer("first").set_weights([optimum.W.T, x.mean(axis=0)])
    numbers = verdict_inputs(Stack([GaussianVAE(encoder, decoder, name="vae")]), x)
    assert numbers["active"] == numbers["informative"] == min(3, latent_dim)
    assert numbers["law_worst"] == pytest.approx(1.0, abs=1e-3)
    assert verdict(**numbers).word == word


def test_inputs_of_a_stack_with_a_second_stage():
    second = tiny.networks(latent_dim=2, shape=(3,))
    stack = Stack([tiny.vae(), GaussianVAE(*second, name="second")])
    numbers = verdict_inputs(stack, tiny.images(30), "second")
    assert numbers["second_stage"] and numbers["latent_dim"] == 2
    assert numbers["attainable"] == pytest.approx(verdict_inputs(stack, tiny.images(30))["explained"])
    assert not verdict_inputs(stack, tiny.images(30))["second_stage"]
