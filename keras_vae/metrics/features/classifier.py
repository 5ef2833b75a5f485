"""Features of a small convolutional network trained to tell the classes of the data set apart: MNIST, Fashion-MNIST.

Inception has never seen digits; this network has. Values compare only with others of the same sha256.
"""

import pathlib
import tempfile

import keras
import numpy as np
import tensorflow_datasets as tfds

from keras_vae import data
from keras_vae.files import read_json, write_atomically, write_json
from keras_vae.maths.arrays import blocks, unit
from keras_vae.metrics.features._extractor import Extractor, weights_sha256
from keras_vae.status import Progress

LABELLED = ("mnist", "fashion_mnist")
CLASSES = 10
EPOCHS, BATCH = 3, 128
CACHE = "~/.cache/keras_vae"
FEATURES = "features"  # layer


def extractor(*, dataset, data_dir=None, cache_dir=CACHE):
    """64 features: the last hidden layer. Trained at the first call, about a minute on two cores, then read from
    `cache_dir`; facts["accuracy"] is that on the test split."""
    if dataset not in LABELLED:
        raise ValueError(f"dataset is {dataset!r}; a classifier can be trained on: {', '.join(LABELLED)}")
    folder = pathlib.Path(cache_dir).expanduser()
    weights, facts = folder / f"classifier-{dataset}.weights.h5", folder / f"classifier-{dataset}.json"
    network = _network()
    if facts.is_file() and weights.is_file():
        network.load_weights(weights)
    else:
        found = {"dataset": dataset, "accuracy": _train(network, dataset, data_dir), "epochs": EPOCHS}
        _save(network, weights)
        write_json(facts, found)  # last: it says that the weights are whole
    features = keras.Model(network.inputs, network.get_layer(FEATURES).output)
    sha256 = weights_sha256(network.get_weights())
    return Extractor("classifier", sha256, features.predict_on_batch, batch_size=500, facts=read_json(facts))


def _network():
    """Images (batch, 28, 28, 1) in [0, 1] -> logits (batch, 10)."""
    seeds = iter(range(4))

    def layer(kind, *sizes, **options):
        return kind(*sizes, kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)), **options)

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layer(keras.layers.Conv2D, 32, 5, strides=2, padding="same", activation="relu"),
            layer(keras.layers.Conv2D, 64, 5, strides=2, padding="same", activation="relu"),
            keras.layers.Flatten(),
            layer(keras.layers.Dense, 64, activation="relu", name=FEATURES),
            layer(keras.layers.Dense, CLASSES),
        ]
    )


def _train(network, dataset, data_dir):
    """Accuracy on the test split after training on the training split."""
    (images, labels), (test_images, test_labels) = (labelled(dataset, split, data_dir) for split in ("train", "test"))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    # Shuffled here: fit draws the order from the global generator, and the weights would not be the same again.
    random = np.random.default_rng(0)
    orders = [random.permutation(len(images)) for _ in range(EPOCHS)]
    batches = [order[block] for order in orders for block in blocks(len(images), BATCH)]
    for batch in Progress(batches, f"training a classifier of {dataset}", unit="steps"):
        network.train_on_batch(images[batch], labels[batch])
    return float(network.evaluate(test_images, test_labels, batch_size=500, verbose=0, return_dict=True)["accuracy"])


def labelled(dataset, split, data_dir):
    """Images float32 (n, 28, 28, 1) and their labels (n,), in file order."""
    images = data.load(dataset, split, data_dir=data_dir)  # first: it prepares the data, or says what is missing
    examples = tfds.load(
        dataset,
        split=split,
        data_dir=data_dir and pathlib.Path(data_dir).expanduser(),
        download=False,
        decoders={"image": tfds.decode.SkipDecoding()},
        # the order in which data.load reads
        read_config=tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1),
    )
    labels = np.concatenate(list(examples.map(lambda example: example["label"]).batch(1000).as_numpy_iterator()))
    return unit(images), labels


def _save(network, path):
    with tempfile.TemporaryDirectory() as folder:
        whole = pathlib.Path(folder) / path.name
        network.save_weights(whole)
        write_atomically(path, lambda file: file.write(whole.read_bytes()))
