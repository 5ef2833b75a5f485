"""What the latent dimensions do."""

from keras_vae.diagnostics.active_units import active_units
from keras_vae.diagnostics.decoder_gain import decoder_gain
from keras_vae.diagnostics.effective_rank import effective_rank
from keras_vae.diagnostics.gradient_norm import gradient_norm
from keras_vae.diagnostics.judgement import Judgement
from keras_vae.diagnostics.latent_moments import LatentMoments
from keras_vae.diagnostics.latent_report import LatentReport
from keras_vae.diagnostics.latent_table import LatentTable, latent_table
from keras_vae.diagnostics.loss_slices import loss_slices
from keras_vae.diagnostics.noise_probe import NoiseProbe, noise_probe
from keras_vae.diagnostics.reconstruction_gain import reconstruction_gain
from keras_vae.diagnostics.variance_law import variance_law
from keras_vae.diagnostics.verdict import verdict
from keras_vae.diagnostics.verdict_callback import Verdict
from keras_vae.diagnostics.verdict_inputs import verdict_inputs

__all__ = [
    "Judgement",
    "LatentMoments",
    "LatentReport",
    "LatentTable",
    "NoiseProbe",
    "Verdict",
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
