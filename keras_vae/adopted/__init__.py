"""Adopted models: VAEs that were trained elsewhere, as functions on arrays. Diagnosis, and a second stage on top.

functions.py     encode and decode with their answers checked, in the face of a Stack of one stage
diagnose.py      kv.diagnose: verdict, tables and the page of a run, for any two functions
second_stage.py  kv.second_stage: a second stage, or a mixture, on their posteriors
loading.py       a .keras file or a SavedModel as such functions, for the command line
"""

from keras_vae.adopted.diagnose import Diagnosis, diagnose
from keras_vae.adopted.second_stage import SecondStage, second_stage

__all__ = ["Diagnosis", "SecondStage", "diagnose", "second_stage"]
