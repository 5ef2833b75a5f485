"""The theorems of the papers as programs."""

from keras_vae.theory.affine import affine_optimum

__all__ = ["affine_optimum"]
