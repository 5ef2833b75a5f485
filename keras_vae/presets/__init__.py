"""Presets, one file each: the numbers of one stack on one data set, with the paper and the section they come from.

The contract of a preset NAME.py:

paper() -> Config    as published.
quick() -> Config    the variant for two CPU cores, `--quick` on the command line.

Both are attributes here: `kv.presets.mnist_vae.quick()`.
"""

from keras_vae import _lazy, plugins

__getattr__, __dir__ = _lazy.attributes(__name__, dict.fromkeys(plugins.names(__name__)))
