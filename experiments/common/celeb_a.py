"""The stacks on CelebA that several experiments share: one autoencoder, and on its codes a VAE, VAE+ and a WAE."""

import pathlib

from keras_vae.metrics import features
from keras_vae.metrics.features.inception_2015 import FILE


def vae(lab):
    """AE + VAE, "VAE" in Tables 3 and 4."""
    return _preset(lab, "celeb_a_ae_vae", {"ae": 100, "vae": 100})


def vae_128(lab):
    """The same at 128x128, half as wide, for the epochs of quick: an epoch of the autoencoder takes longer still."""
    narrow = ("data_options.image_size=[128,128]", "ae.network_options.width=0.25")
    return lab.preset("celeb_a_ae_vae", *narrow)


def vae_plus(lab):
    """VAE+. Its second stage is not trained longer: in 400 epochs it overfits 8,000 codes."""
    return _preset(lab, "celeb_a_vae_plus", {"ae": 100, "vae": 100})


def wae(lab):
    """WAE-MMD on the same autoencoder."""
    return _preset(lab, "celeb_a_wae", {"ae": 100, "wae": 100})


def _preset(lab, name, epochs):
    """The preset's quick numbers; `epochs` of its stages when there is time, alike for all, which share stages."""
    longer = [] if lab.quick else [f"{stage}.epochs={number}" for stage, number in epochs.items()]
    return lab.preset(name, *longer)


def methods(lab):
    """{method of Tables 3 and 4: (Trained, stage to sample from)}."""
    return {
        "WAE-MMD": (lab.train(wae(lab)), "wae"),
        "VAE": (lab.train(vae(lab)), "vae"),
        "VAE+": (lab.train(vae_plus(lab)), "second"),
    }


def extractor(lab):
    """The published features where their weights lie beside the data, else pixels."""
    path = pathlib.Path(lab.data_dir or ".") / FILE
    return features.load("inception_2015", path=path) if path.is_file() else features.load("pixels")
