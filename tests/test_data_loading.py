"""Data sets are found by name, and what they do not know is refused before anything is read."""

import pytest

from keras_vae import data

PRESETS = {
    "celeb_a": "celeb_a_vae_plus",
    "cifar10": "two_stage_vae",
    "curve": "affine",
    "faces": "faces_vae_plus",
    "fashion_mnist": "mnist_vae",
    "folder": "celeb_a_vae_plus",
    "mnist": "mnist_vae",
    "subspace": "affine",
}


def test_every_data_set_is_found_by_its_name():
    assert data.names() == sorted(PRESETS)
    assert {name: data.find(name).PRESET for name in data.names()} == PRESETS
    assert all(data.find(name).SPLITS == ("train", "validation", "test") for name in data.names())


def test_unknown_data_set_lists_the_known():
    with pytest.raises(ValueError, match="unknown data set 'svhn'.*celeb_a.*subspace"):
        data.load("svhn", "train")


def test_unknown_split_lists_the_known():
    with pytest.raises(ValueError, match="faces has no split 'dev'; it has: train, validation, test"):
        data.load("faces", "dev")


def test_unknown_option_lists_the_known():
    with pytest.raises(ValueError, match="mnist takes no option image_size; it takes: data_dir, limit, cache_dir"):
        data.load("mnist", "train", image_size=(32, 32))


def test_missing_option_is_named():
    with pytest.raises(ValueError, match="folder needs the option data_dir"):
        data.load("folder", "train", data_dir=None)


def test_options_that_are_none_count_as_not_given():
    assert data.load("subspace", "test", count=5, data_dir=None, image_size=None).shape == (5, 20)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("faces", {"count": 0}, "count is 0; expected a whole number of at least 1"),
        ("faces", {"image_size": (64, -1)}, r"image_size must be a pair .* not \(64, -1\)"),
        ("faces", {"image_size": 64}, "image_size must be a pair"),
        ("mnist", {"limit": -3}, "limit is -3; expected a whole number"),
        ("celeb_a", {"image_size": (100, 100)}, "no image_size 100x100.*128x128, 64x64 or 32x32"),
        ("subspace", {"noise": float("nan")}, "noise must be a number of at least 0, not nan"),
        ("subspace", {"rank": 21}, "rank must be at most the dimension 20, not 21"),
        ("curve", {"rank": 2, "dimension": 3}, "rank 2 needs a dimension of at least 4, not 3"),
    ],
)
def test_impossible_values_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        data.load(name, "train", **options)
