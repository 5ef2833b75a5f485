"""Diagnostics of latent dimensions: functions of arrays, of a stack, and a callback for any Keras model."""

from keras_vae.diagnostics.gain import NoiseProbe, decoder_gain, noise_probe, reconstruction_gain
from keras_vae.diagnostics.gradients import gradient_norm
from keras_vae.diagnostics.latent_report import LatentMoments, LatentReport
from keras_vae.diagnostics.loss_slices import loss_slices
from keras_vae.diagnostics.posteriors import LatentTable, active_units, effective_rank, latent_table, variance_law
from keras_vae.diagnostics.verdict import Judgement, verdict
from keras_vae.diagnostics.verdict_inputs import verdict_inputs

__all__ = [
    "Judgement",
    "LatentMoments",
    "LatentReport",
    "LatentTable",
    "NoiseProbe",
    "active_units",
    "decoder_gain",
    "effective_rank",
    "gradient_norm",
    "latent_table",
    "loss_slices",
    "noise_probe",
    "reconstruction_gain",
    "variance_law",
    "verdict",
    "verdict_inputs",
]
