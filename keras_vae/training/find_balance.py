"""Find how many dimensions, and how much weight of the KL term: the methodology of variable collapse, section 7."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Sequence

import numpy as np

from keras_vae import config as configs
from keras_vae import data
from keras_vae.checks import function, number, whole
from keras_vae.config import Config
from keras_vae.data.store import AT_ONCE
from keras_vae.data.subset import subset
from keras_vae.diagnostics import active_units, variance_law
from keras_vae.files import Path, as_folder, check_own, check_writable
from keras_vae.maths.arrays import blocks, unit
from keras_vae.maths.gaussians import squared_error
from keras_vae.models import Stack
from keras_vae.status import print_status
from keras_vae.training.building import build_stage
from keras_vae.training.train import train as train_config

TOLERANCE = 0.1  # of the variance law: "approximately 1" for each variable (section 7); Table 1 is within 0.04
MEASURED = 10_000  # training examples: the law is that of the data that the KL term was applied to


@dataclasses.dataclass(frozen=True)
class Trial:
    """One trained stack. law: of the dimension that is furthest from 1; error: squared, of training examples."""

    latent_dim: int
    beta: float
    active: int
    law: float
    error: float

    @property
    def is_sparse(self):
        """True when some dimension is superfluous."""
        return self.active < self.latent_dim

    @property
    def law_holds(self):
        """True when the KL term works, by the variance law."""
        return abs(self.law - 1.0) <= TOLERANCE


@dataclasses.dataclass(frozen=True)
class Balance:
    """Result of find_balance. latent_dim or beta is None where no trial had what was looked for.

    config      the Config to use.
    latent_dim  the first number of dimensions at which sparsity appears.
    beta        the smallest weight of the KL term (lambda) at which the variance law holds, and it does for all above.
    trials      every Trial, in the order of training.
    """

    latent_dim: int | None
    beta: float | None
    trials: tuple[Trial, ...]
    config: Config

    def __str__(self):
        lines = [f"{'kappa':>6} {'lambda':>8} {'active':>6} {'law':>7} {'error':>9}"]
        for trial in self.trials:
            words = " ".join(["sparse"] * trial.is_sparse + ["law fails"] * (not trial.law_holds))
            numbers = f"{trial.latent_dim:6d} {trial.beta:8.4g} {trial.active:6d} {trial.law:7.3f} {trial.error:9.4g}"
            lines.append(f"{numbers}  {words}".rstrip())
        return "\n".join([*lines, f"kappa = {self.latent_dim}, lambda = {self.beta}"])


def find_balance(
    config: Config,
    workdir: Path,
    latent_dims: Sequence[int] = (2, 4, 8, 16, 32, 64, 128),
    betas: Sequence[float] = (1.0, 0.5, 0.25, 0.125, 0.0625),
    train: Callable[[Config, pathlib.Path], Stack] = train_config,
) -> Balance:
    """Balance of a Config of any data set: grow kappa until sparsity appears, then lower lambda while the law holds.

    The first GaussianVAE of the stack is what is tuned; stages above it are not trained. Each trial is a run directory
    in `workdir`, so the same call goes on where a killed one stopped.
    latent_dims  rising; tried at the first of betas until some dimension is inactive.
    betas        falling; tried at that number of dimensions until the variance law fails for some dimension.
    train        function of a Config and a directory that returns the trained Stack.
    """
    if not isinstance(config, Config):
        raise ValueError(f"config is {config!r}; expected a Config, kv.presets.mnist_vae.quick() say")
    latent_dims = _numbers("latent_dims", latent_dims, "rising whole numbers of at least 1", whole, falling=False)
    betas = _numbers("betas", betas, "falling numbers above zero", functools.partial(number, above=0), falling=True)
    function(train, "train", "a Config and a directory")
    workdir = as_folder(workdir, "workdir")
    check_own(workdir, "workdir", "trials", own=("kappa-*/config.json", "balance.txt"))
    check_writable(workdir, "workdir")
    config, examples = _up_to_the_vae(config), data.load(config.dataset, "train", **config.data_options)
    shape = (config.stages[-2].latent_dim,) if config.stages[1:] else examples.shape[1:]
    for latent_dim in latent_dims:  # a wrong one is told before hours go into those in front of it
        build_stage(_with(config, latent_dim, betas[0]), len(config.stages) - 1, shape)
    examples = subset(examples, MEASURED, config.seed)
    trials: list[Trial] = []

    def trial(latent_dim, beta):
        chosen = _with(config, latent_dim, beta)
        stack = train(chosen, workdir / f"kappa-{latent_dim}-lambda-{beta:g}")
        trials.append(_measured(stack, examples, latent_dim, beta))
        print_status(f"kappa {latent_dim}, lambda {beta:g}: {trials[-1].active} active, law {trials[-1].law:.3f}")
        return trials[-1]

    wide = next((each for each in latent_dims if trial(each, betas[0]).is_sparse), None)
    latent_dim, least = wide or latent_dims[-1], None
    for beta in betas:
        last = trials[-1] if beta == betas[0] else trial(latent_dim, beta)
        if not last.law_holds:
            break
        least = beta
    return Balance(wide, least, tuple(trials), _with(config, latent_dim, least or betas[0]))


def _numbers(name, values, wanted, check, falling):
    """Return `values` as a list that rises or falls; ValueError says what is wanted."""
    try:
        found = [check(name, value) for value in values]
    except (TypeError, ValueError):
        found = []
    if not found or found != sorted(set(found), reverse=falling):
        raise ValueError(f"{name} is {values!r}; expected {wanted}")
    return found


def _up_to_the_vae(config):
    """Return the Config whose last stage is the first GaussianVAE."""
    names = [stage.model for stage in config.stages]
    if "gaussian_vae" not in names:
        raise ValueError(f"the stack has no gaussian_vae stage to tune; its models are: {', '.join(names)}")
    return configs.replace(config, stages=config.stages[: names.index("gaussian_vae") + 1])


def _with(config, latent_dim, beta):
    name = config.stages[-1].name
    return configs.override(config, [f"{name}.latent_dim={latent_dim}", f"{name}.model_options.beta={beta}"])


def _measured(stack, examples, latent_dim, beta):
    mean, stddev = stack.encode(examples)
    law = variance_law(mean, stddev)
    errors = [squared_error(unit(examples[rows]), stack.decode(mean[rows])) for rows in blocks(len(mean), AT_ONCE)]
    error = np.mean(np.concatenate(errors))
    worst = float(law[np.argmax(np.abs(law - 1.0))])
    return Trial(latent_dim, beta, int(active_units(mean).sum()), worst, float(error))
