"""Build the stage that a configuration describes."""

import contextlib
import inspect

import keras
import tensorflow as tf

from keras_vae import plugins
from keras_vae.checks import like
from keras_vae.models import DecoderVariance
from keras_vae.models.decoder_variance import MODES
from keras_vae.models.stage import Stage

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")  # Keras has more, float64 say, which not all layers take


def build_stage(config, index, data_shape):
    """Return the stage `index` of a Config, for data of `data_shape`. Call it inside the strategy's scope."""
    try:
        return _built(config, index, data_shape)
    except (TypeError, ArithmeticError, LookupError, MemoryError, tf.errors.OpError) as error:  # of Keras, no sentence
        message = f"stage {config.stages[index].name} cannot be built of these numbers: {error}"
        raise ValueError(message.splitlines()[0]) from error


def _built(config, index, data_shape):
    stage = config.stages[index]
    model = find_model(stage.model)
    if model.ex_post:
        return _ex_post(model, stage, index, data_shape)
    if stage.network is None:
        raise ValueError(f"stage {stage.name} has no network, which model {stage.model} needs")
    architecture = find_network(stage.network)
    sides = (architecture.encoder, architecture.decoder)
    takes = {name: each for side in sides for name, each in inspect.signature(side).parameters.items()}
    _check_options(stage.network_options, takes, f"network {stage.network}")
    seed, _ = seeds(config, index)
    keras.utils.set_random_seed(seed)
    with policy(config.precision):
        encoder = architecture.encoder(
            data_shape, stage.latent_dim, stochastic=model.stochastic, **_taken(architecture.encoder, stage)
        )
        decoder = architecture.decoder(stage.latent_dim, data_shape, **_taken(architecture.decoder, stage))
        _check_options(stage.gamma, _options_of(DecoderVariance), "gamma")
        _check_options(stage.model_options, _options_of(model), f"model {stage.model}")
        gamma = {"gamma": DecoderVariance(**stage.gamma, name="gamma")} if stage.gamma else {}
        return model(encoder, decoder, seed=seed, name=stage.name, **gamma, **stage.model_options)


def check_gamma(stage):
    """Refuse options of gamma that its mode does not use. Of new runs: those of earlier versions may have some."""
    takes, mode = inspect.signature(DecoderVariance).parameters, stage.gamma.get("mode", "learned")
    used = {name: takes[name] for name in ("mode", *MODES[mode])}
    _check_options(stage.gamma, used, f"{stage.name}.gamma of mode {mode}")


def _ex_post(model, stage, index, data_shape):
    """Return the stage as it is before it is fitted; what a configuration may not ask of it is refused."""
    _check_options(stage.model_options, inspect.signature(model).parameters, f"model {stage.model}")
    for field in ("network", "gamma", "network_options"):
        if value := getattr(stage, field):
            raise ValueError(f"{stage.name}.{field} is {value!r}; model {stage.model} has none, set it to null or {{}}")
    if not index:
        raise ValueError(
            f"stage {stage.name}: model {stage.model} is fitted to the codes of a stage below; it has none"
        )
    built = model(*data_shape, name=stage.name, **stage.model_options)
    if stage.latent_dim != built.latent_dim:
        raise ValueError(
            f"{stage.name}.latent_dim is {stage.latent_dim}; expected {built.latent_dim}: a mixture takes one number "
            "more than its codes have, which picks the component"
        )
    return built


def seeds(config, index):
    """Return the seeds of stage `index`: of its initial weights and its noise, and of the order of its batches.

    Everything random about a stage comes from them, so it does not matter what was trained before it.
    """
    order = config.seed * 100 + index
    return order + 1, order


def runs_in_xla(config, index):
    """Return True when the steps of stage `index` should run inside XLA: when every network in the step says so."""
    stage = config.stages[index]
    if stage.jit_compile is not None:
        return stage.jit_compile
    passed = config.stages[: index + 1] if stage.error_space == "pixels" else (stage,)
    return all(find_network(each.network).JIT_COMPILE for each in passed if each.network)


def find_model(name):
    """Return the class in the file keras_vae/models/<name>.py."""
    return plugins.find("keras_vae.models", name, kind="model", contract="MODEL").MODEL


def find_network(name):
    """Return the module keras_vae/networks/<name>.py."""
    return plugins.find("keras_vae.networks", name, kind="network")


@contextlib.contextmanager
def policy(name):
    """Set Keras' dtype policy, for as long as models are made."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(plugins.one_of(name, PRECISIONS, "precision"))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _taken(function, stage):
    parameters = inspect.signature(function).parameters
    return {name: value for name, value in stage.network_options.items() if name in parameters}


FIXED = {
    "self",
    "kwargs",
    "dimension",
    "encoder",
    "decoder",
    "shape",
    "latent_dim",
    "stochastic",
    "seed",
    "name",
    "gamma",
    "spread",
}


def _options_of(model):
    classes = [cls for cls in model.__mro__ if issubclass(cls, Stage)] if issubclass(model, Stage) else [model]
    found = {}
    for cls in classes:
        found = {**inspect.signature(cls.__init__).parameters, **found}
    return found


def _check_options(options, takes, owner):
    known = sorted(set(takes) - FIXED)
    for name, value in options.items():
        if name not in known:
            nearest = plugins.nearest(name, known)
            raise ValueError(f"{owner} takes no option {name!r}; it takes: {', '.join(known) or 'none'}{nearest}")
        like(f"{name} of {owner}", value, takes[name].default)
