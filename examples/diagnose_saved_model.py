"""Diagnose a SavedModel: python examples/diagnose_saved_model.py

Two signatures are all that is known of the model, as behind TensorFlow Serving. The command does the same:
python -m keras_vae.diagnose --model=diagnosis-saved/model --dataset=faces --image_size=32
"""

import argparse
import pathlib

import keras
import tensorflow as tf

import keras_vae as kv


def export(path, images, latent_dim=12, epochs=5):
    """Train a plain autoencoder of dense layers and export it, with the signatures encode and decode."""
    keras.utils.set_random_seed(0)
    shape, pixels = images.shape[1:], images[0].size
    encoder = keras.Sequential(
        [keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(64, "relu"), keras.layers.Dense(latent_dim)]
    )
    decoder = keras.Sequential(
        [
            keras.Input((latent_dim,)),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(pixels, "sigmoid"),
            keras.layers.Reshape(shape),
        ]
    )
    autoencoder = keras.Model(encoder.inputs[0], decoder(encoder.outputs[0]))
    autoencoder.compile("adam", "mse")
    images = images.astype("float32") / 255
    autoencoder.fit(images, images, epochs=epochs, batch_size=64, verbose=0)
    archive = keras.export.ExportArchive()
    archive.track(autoencoder)
    for name, side, inputs in (("encode", encoder, shape), ("decode", decoder, (latent_dim,))):
        archive.add_endpoint(name, side.call, [tf.TensorSpec((None, *inputs), tf.float32)])
    archive.write_out(str(path), verbose=False)


def main(out="diagnosis-saved", size=32, count=4000, epochs=5):
    """Export a model, forget it, and diagnose the export; returns the Diagnosis."""
    out = pathlib.Path(out)
    export(out / "model", kv.data.load("faces", "train", image_size=(size, size), count=count), epochs=epochs)

    saved = tf.saved_model.load(str(out / "model"))
    test = kv.data.load("faces", "test", image_size=(size, size), count=min(count, 500))
    found = kv.diagnose(saved.encode, saved.decode, test, name="SavedModel")  # codes alone: an autoencoder
    found.write(out / "page")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", nargs="?", default="diagnosis-saved", help="of the page, new or of an earlier one")
    directory = parser.parse_args().directory
    print(f"{main(directory)}\nlook at {pathlib.Path(directory, 'page', 'report.html')}")
