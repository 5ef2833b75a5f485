"""What NDB found."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class NDBResult:
    """NDB / K, NDB and the divergence, with what they were computed from."""

    ratio: float  # NDB / K, the score of Table 4 of regularisation balance
    different: int  # NDB: how many bins differ significantly
    js: float  # Jensen-Shannon divergence between the two histograms, in nats
    bins: int  # K
    n_train: int
    n_sample: int
    train_proportions: np.ndarray = dataclasses.field(repr=False)  # (K,), largest first
    sample_proportions: np.ndarray = dataclasses.field(repr=False)  # (K,)
    different_bins: np.ndarray = dataclasses.field(repr=False)  # bool (K,)
