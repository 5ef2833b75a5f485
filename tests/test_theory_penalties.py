"""Theorems 3 and 4: penalties with a bounded gradient."""

import numpy as np
import pytest
import tensorflow as tf

from keras_vae.maths import penalties
from keras_vae.theory import _counterexample as counterexample
from keras_vae.theory import bounded_gradients

OTHERS = {
    "1 - exp(-u)": lambda u: 1 - tf.exp(-u),
    "log(1 + 10 u)": lambda u: tf.math.log(1 + 10 * u),
    "u / (u + 0.01)": lambda u: u / (u + 0.01),
}
CONCAVE = {**OTHERS, "l1": penalties.l1, "arctan": penalties.arctan, "capped": penalties.capped}


def test_both_solutions_are_perfect_and_lie_where_the_proof_puts_them():
    for solution in (counterexample.one_dimension, counterexample.two_dimensions):
        x, z, theta = solution(0.01)
        np.testing.assert_array_equal(x, counterexample.decode(z, theta, 0.01))
        assert np.all((x > 0) & (x < 0.01))
    _, large, _ = counterexample.one_dimension(0.01)
    assert np.all(large[:, 0] >= counterexample.C) and not np.any(large[:, 1])


def test_the_curve_is_one_to_one_on_the_codes():
    x = counterexample.curve(np.linspace(counterexample.C, 1, 200), 1.0).numpy()
    distances = np.linalg.norm(x[:, None] - x[None], axis=2) + np.eye(200)
    assert distances.min() > 1e-3


@pytest.mark.parametrize("h", CONCAVE.values(), ids=CONCAVE)
def test_h_prime_of_zero_bounds_the_flip_of_concave_penalties(h):
    """Below the predicted epsilon two dimensions win, everywhere; the flip itself is not below it."""
    predicted = counterexample.predicted_flip(h)
    assert all(counterexample.advantage(fraction * predicted, h) > 0 for fraction in (0.01, 0.1, 0.5, 0.999))
    assert counterexample.flip(h, largest=10.0) >= predicted * (1 - 1e-9)


@pytest.mark.parametrize("h", OTHERS.values(), ids=OTHERS)  # those of BOUNDED are claims of the theorem
def test_the_global_minimum_is_not_balanced_once_epsilon_is_small(h):
    assert not bounded_gradients.is_balanced(counterexample.predicted_flip(h) / 3, h)


def test_the_search_does_find_balanced_minima():
    """The control: with a log that is sharp enough for this epsilon one dimension is best, and it is found."""
    assert bounded_gradients.is_balanced(0.1, bounded_gradients.shifted_log(1e-12))
    assert not bounded_gradients.is_balanced(0.1, bounded_gradients.shifted_log(1e-2))


def test_an_unbounded_gradient_is_not_sufficient():
    assert counterexample.slope_at_zero(tf.sqrt) == np.inf
    assert counterexample.advantage(1e-3, tf.sqrt) > 0
    assert counterexample.advantage(1e-12, lambda u: u**0.1) > 0


@pytest.mark.parametrize("epsilon", [0.5, 1e-2, 1e-5])
def test_the_indicator_and_the_limit_of_log_never_flip(epsilon):
    assert counterexample.advantage(epsilon, bounded_gradients.indicator) == -0.5
    # At each epsilon there is a delta below which log(u + delta) prefers one dimension.
    assert counterexample.advantage(epsilon, bounded_gradients.shifted_log(epsilon**4 / 100)) < 0


def test_a_constant_penalty_prefers_nothing():
    """So Theorem 4's "any functions" has to except it."""
    assert counterexample.advantage(0.1, tf.zeros_like) == 0


@pytest.mark.parametrize("d, latent_dim, rank", [(2, 2, 1), (7, 5, 3), (5, 5, 4), (6, 3, 1)])
def test_the_example_exists_in_any_dimensions(d, latent_dim, rank):
    h, costs = penalties.arctan, []
    for solution, active in ((counterexample.one_dimension, rank), (counterexample.two_dimensions, rank + 1)):
        x, z, _ = solution(0.3)
        wide_x, wide_z = bounded_gradients.in_dimensions(x, z, d, latent_dim, rank)
        assert wide_x.shape[1] == d and wide_z.shape[1] == latent_dim
        assert np.sum(np.any(wide_z != 0, axis=0)) == active
        costs.append(bounded_gradients.cost_in_dimensions(solution, 0.3, h, d, latent_dim, rank))
    assert costs[0] - costs[1] == pytest.approx(2 / d * counterexample.advantage(0.3, h))
