"""What the latent dimensions do."""

from keras_vae.diagnostics.active_units import active_units
from keras_vae.diagnostics.variance_law import variance_law

__all__ = ["active_units", "variance_law"]
