"""Figures and one self-contained HTML page from the JSON of a run; never touches a model."""

from keras_vae.report.page import write

__all__ = ["write"]
