"""The theorems of the papers as programs, one file per statement; `python -m keras_vae.theory` checks them.

The contract of a statement NAME.py:

check() -> list[Claim]    what the paper says beside what is computed; seconds.
figure(axes) -> None      optional: draws it.
"""

import typing

from keras_vae import _lazy

if typing.TYPE_CHECKING:
    from keras_vae.theory.affine import affine_optimum

__all__ = ["affine_optimum"]
__getattr__, __dir__ = _lazy.attributes(__name__, {"affine_optimum": "keras_vae.theory.affine"})
