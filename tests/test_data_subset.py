"""Subsets are random, a function of the seed, and never the beginning of a sorted data set."""

import numpy as np
import PIL.Image

from keras_vae import data
from keras_vae.data.subset import rows, subset

CLASSES = 4


def test_a_folder_sorted_by_class_gives_all_its_classes(tmp_path):
    """Files as a file system lists them: all of one class, then all of the next. A class is a grey level."""
    for number in range(120):
        label = number // 30
        path = tmp_path / ("train" if number % 30 < 2 else "test") / f"{label}-{number:03}.png"
        path.parent.mkdir(exist_ok=True)
        PIL.Image.fromarray(np.full((2, 2), 50 * label, np.uint8)).save(path)
    images = data.load("folder", "test", data_dir=str(tmp_path))
    assert len(np.unique(images[:20])) == 1, "the folder is not sorted: this test shows nothing"
    for seed in range(20):
        drawn = subset(images, 20, seed)
        assert drawn.shape == (20, 2, 2, 1) and len(np.unique(drawn)) == CLASSES
        assert len(np.unique(subset(drawn, 10, seed))) >= 2, "nor is what is drawn sorted again"


def test_a_subset_is_a_function_of_the_seed():
    examples = np.arange(1000)
    drawn = subset(examples, 100, seed=3)
    assert len(set(drawn)) == 100 and set(drawn) <= set(examples)
    np.testing.assert_array_equal(drawn, subset(examples, 100, seed=3))
    np.testing.assert_array_equal(drawn, examples[rows(1000, 100, seed=3)])
    np.testing.assert_array_equal(drawn[:10], subset(examples, 10, seed=3))
    assert set(drawn) != set(subset(examples, 100, seed=4))


def test_few_examples_stay_as_they_are():
    examples = np.arange(10)
    assert subset(examples, 10, seed=0) is examples and subset(examples, 11, seed=0) is examples
    assert sorted(rows(10, 32, seed=0)) == list(range(10))
