"""Strangeness: shares of held-out scores that are lower."""

import numpy as np

from keras_vae.metrics.strangeness import HeldOut, strangeness


def scores(reconstruction, kl):
    reconstruction, kl = (np.asarray(values, np.float32) for values in (reconstruction, kl))
    return {"elbo": -(reconstruction + kl), "reconstruction": reconstruction, "kl": kl}


def test_shares_by_hand():
    held_out = HeldOut.of(scores([1, 2, 3, 4], [40, 30, 20, 10]))
    found = {
        name: values.numpy().tolist()
        for name, values in strangeness(held_out, scores([0, 2.5, 9], [5, 25, 99])).items()
    }
    assert found["strangeness_reconstruction"] == [0, 0.5, 1]
    assert found["strangeness_elbo"] == [0, 0.5, 1]  # 5, 27.5 and 108 beside 14, 23, 32 and 41
    # KLs of the held-out ones are 3/4, 1/4, 1/4 and 3/4 from the middle: the larger numbers are 3/4, 1/4, 2/4, 3/4;
    # those asked about have 1, as their KL is too small, 2/4 and 1.
    assert found["strangeness"] == [1, 0.25, 1]


def test_what_is_no_number_is_strangest():
    held_out = HeldOut.of(scores([1, 2, 3, 4], [40, 30, 20, 10]))
    found = strangeness(held_out, scores([np.nan, np.inf], [np.nan, np.inf]))
    assert all(values.numpy().tolist() == [1, 1] for values in found.values())


def test_a_uniform_share_of_ordinary_images_is_stranger_than_any_threshold():
    random = np.random.default_rng(0)
    held_out = HeldOut.of(scores(random.normal(size=5000), random.normal(size=5000)))
    found = strangeness(held_out, scores(random.normal(size=5000), random.normal(size=5000)))
    for values in found.values():
        for threshold in (0.5, 0.9, 0.99):
            alarms = np.mean(values.numpy() > threshold)  # deviation of both samples together: below 0.01
            assert abs(alarms - (1 - threshold)) < 0.05


def test_a_code_without_noise_is_judged_by_its_reconstruction():
    """The KL of an autoencoder is zero for all: no image is stranger by it."""
    held_out = HeldOut.of(scores([1, 2, 3], [0, 0, 0]))
    found = strangeness(held_out, scores([0, 2.5, 9], [0, 0, 0]))
    np.testing.assert_allclose(found["strangeness"], found["strangeness_reconstruction"])
