"""The stacks on CelebA that several experiments share: VAE+ with its parts, and the baselines in both readings.

The paper's baselines have "the aggregate AE plus VAE structure": here the aggregate network, trained end to end. In the
other reading they are trained on the codes of the autoencoder of VAE+.
"""

import pathlib

from keras_vae.data.subset import subset
from keras_vae.metrics import features, fid
from keras_vae.metrics.features.inception_2015 import FILE

WEIGHTS = {True: (500,), False: (100, 500, 2500)}  # of the WAE's MMD; 500 is Tolstikhin et al.'s, in our units
LONGER = {"ae": 100, "vae": 100}  # epochs of Table 2 when there is time
END_TO_END = {True: 10, False: 40}  # epochs; 40 is what each stage of the others has
COUNT = 2000  # images that the weight of the WAE is chosen by


def vae(lab):
    """AE + VAE, trained longer when there is time."""
    longer = [] if lab.quick else [f"{stage}.epochs={epochs}" for stage, epochs in LONGER.items()]
    return lab.preset("celeb_a_ae_vae", *longer)


def vae_128(lab):
    """The same at 128x128, half as wide, its autoencoder for the epochs of quick: each takes longer still."""
    narrow = ("data_options.image_size=[128,128]", "ae.network_options.width=0.25")
    return lab.preset("celeb_a_ae_vae", *narrow, f"vae.epochs={LONGER['vae']}")


def end_to_end(lab, name, weight=None):
    """The baseline `name` ("vae", "wae") on the aggregate network; weight: of the WAE's MMD."""
    weighted = [] if weight is None else [f"{name}.model_options.weight={weight}"]
    return lab.preset(f"celeb_a_{name}", f"{name}.epochs={END_TO_END[lab.quick]}", *weighted)


def waes(lab):
    """{weight: Trained} of the WAE end to end."""
    return {weight: lab.train(end_to_end(lab, "wae", weight)) for weight in WEIGHTS[lab.quick]}


def best_wae(lab):
    """(weight, Trained) of the WAE whose samples are nearest to validation images."""
    found, features_of = waes(lab), extractor(lab)
    options = next(iter(found.values())).config.data_options
    reals = subset(lab.data("celeb_a", "validation", **options), COUNT, seed=0)
    distances = {
        weight: fid(features_of, reals, trained.stack.sample(len(reals), seed=1))["value"]
        for weight, trained in found.items()
    }
    weight = min(distances, key=distances.get)
    return weight, found[weight]


def methods(lab):
    """{method of Tables 3 and 4: (Trained, stage to sample from)}: the paper's three, a mixture in place of VAE+'s
    second stage, and the other reading of the baselines."""
    return {
        "WAE-MMD": (best_wae(lab)[1], "wae"),
        "VAE": (lab.train(end_to_end(lab, "vae")), "vae"),
        "VAE+": (lab.train(lab.preset("celeb_a_vae_plus")), "second"),
        "AE + VAE + mixture": (lab.train(lab.preset("celeb_a_mixture")), "second"),
        "AE + VAE": (lab.train(lab.preset("celeb_a_ae_vae")), "vae"),
        "AE + WAE-MMD": (lab.train(lab.preset("celeb_a_ae_wae")), "wae"),
    }


BASELINES = ("VAE", "WAE-MMD", "AE + VAE", "AE + WAE-MMD")


def extractor(lab):
    """The published features where their weights lie beside the data, else pixels."""
    path = pathlib.Path(lab.data_dir or ".") / FILE
    return features.load("inception_2015", path=path) if path.is_file() else features.load("pixels")
