"""From a run to what TensorFlow Serving loads."""

from keras_vae.exporting.export import export

__all__ = ["export"]
