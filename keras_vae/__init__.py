"""Gaussian autoencoder-based generative models: VAE, two-stage VAE and VAE+ with a learned decoder variance.

    import keras_vae as kv
    stack = kv.load(workdir)
    mean, stddev = stack.encode(images)

Importing the package registers its classes with Keras, so that .keras files load without custom objects. TensorFlow is
imported when something that needs it is first used.
"""

import typing

from keras_vae import _lazy
from keras_vae import config as config
from keras_vae.config import Config, StageConfig
from keras_vae.version import VERSION

if typing.TYPE_CHECKING:  # for type checkers and editors: what __getattr__ below imports at the first use
    from keras_vae import data, diagnostics, metrics, models, networks, presets, theory
    from keras_vae.adopted.diagnose import diagnose
    from keras_vae.adopted.second_stage import second_stage
    from keras_vae.evaluation.evaluate import evaluate
    from keras_vae.exporting.export import export
    from keras_vae.models.gaussian_vae import GaussianVAE
    from keras_vae.models.stack import Stack
    from keras_vae.runs import load
    from keras_vae.training.find_balance import find_balance
    from keras_vae.training.train import train

__version__ = VERSION
__all__ = [
    "Config",
    "GaussianVAE",
    "Stack",
    "StageConfig",
    "config",
    "data",
    "diagnose",
    "diagnostics",
    "evaluate",
    "export",
    "find_balance",
    "load",
    "metrics",
    "models",
    "networks",
    "presets",
    "second_stage",
    "theory",
    "train",
]

__getattr__, __dir__ = _lazy.attributes(
    __name__,
    {
        **dict.fromkeys(("data", "diagnostics", "metrics", "models", "networks", "presets", "theory")),
        "GaussianVAE": "keras_vae.models.gaussian_vae",
        "Stack": "keras_vae.models.stack",
        "diagnose": "keras_vae.adopted.diagnose",
        "evaluate": "keras_vae.evaluation.evaluate",
        "export": "keras_vae.exporting.export",
        "find_balance": "keras_vae.training.find_balance",
        "load": "keras_vae.runs",
        "second_stage": "keras_vae.adopted.second_stage",
        "train": "keras_vae.training.train",
    },
)

# The classes of .keras files. Modules here may import only maths and checks beside themselves: while any module of ours
# imports Keras, these are imported from within its import.
_lazy.import_with_keras(["keras_vae.models", "keras_vae.networks._norm"])
