"""The autoencoders of the papers, each usable on its own, and the stack made of them."""

from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.bernoulli_vae import BernoulliVAE
from keras_vae.models.decoder_variance import DecoderVariance
from keras_vae.models.gaussian_vae import GaussianVAE
from keras_vae.models.given_codes import GivenCodes
from keras_vae.models.mixture import Mixture
from keras_vae.models.penalized import PenalizedAutoencoder
from keras_vae.models.stack import Stack
from keras_vae.models.wasserstein import WassersteinAutoencoder

__all__ = [
    "Autoencoder",
    "BernoulliVAE",
    "DecoderVariance",
    "GaussianVAE",
    "GivenCodes",
    "Mixture",
    "PenalizedAutoencoder",
    "Stack",
    "WassersteinAutoencoder",
]
