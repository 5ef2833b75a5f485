"""VAE+ on a folder of your own images, judged and exported: python examples/own_images.py my_images

What train.py, evaluate.py and export.py do, as functions. It goes on where it was stopped.
"""

import argparse

import keras_vae as kv
from keras_vae import report
from keras_vae.config import override, replace


def main(folder, workdir="runs/own", image_size=(64, 64), settings=()):
    """Train, evaluate and export; returns the Stack, results.json as a dictionary, and the path of the export.

    settings: of the recipe, as --set has them, "ae.epochs=10" say.
    """
    images = {"data_dir": str(folder), "image_size": list(image_size)}
    config = replace(kv.presets.celeb_a_vae_plus.quick(), dataset="folder", data_options=images)
    stack = kv.train(override(config, settings), workdir)
    results = kv.evaluate(workdir, ["reconstruction", "latents", "mismatch", "pictures"], count=1000)
    report.write(workdir)
    return stack, results, kv.export(workdir, f"{workdir}-export")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="of PNG and JPEG files")
    trained, _, version = main(parser.parse_args().folder)
    print(f"{trained.active_dims.sum()} of {trained.latent_dim} dimensions are active")
    print(f"look at runs/own/report.html; exported: {version}")
