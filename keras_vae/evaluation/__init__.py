"""Evaluation of a run: evaluate() measures it part by part. A part is a file of evaluation/parts, found by name.

A part is a module with `results(evaluation) -> dict`; the dicts of all parts together are results.json, where lists of
the same name follow one another.
"""

from keras_vae.evaluation.evaluate import evaluate

__all__ = ["evaluate"]
