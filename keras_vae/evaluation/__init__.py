"""What a run is worth, measured and written down: one file per part, found by its name.

A part is a module with `results(subject) -> dict`; the dicts of all parts together are results.json, where lists of
the same name follow one another.
"""

from keras_vae.evaluation.evaluate import evaluate

__all__ = ["evaluate"]
