import re

import pytest

from keras_vae import config as configs
from keras_vae import plugins
from keras_vae.config import Config, StageConfig, from_json, override, to_json
from keras_vae.training.building import build_stage, find_model, find_network

PRESETS = plugins.names("keras_vae.presets")


def vae(**changes):
    fields = {"network": "affine", "latent_dim": 3, "epochs": 2, "batch_size": 8, "learning_rate": 1e-3, **changes}
    return StageConfig(name="vae", model="gaussian_vae", **fields)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("variant", ["paper", "quick"])
def test_presets_survive_json_and_name_things_that_exist(name, variant):
    preset = plugins.find("keras_vae.presets", name, kind="preset")
    config = getattr(preset, variant)()
    assert from_json(to_json(config)) == config
    for stage in config.stages:
        assert find_model(stage.model)
        assert stage.network is None or find_network(stage.network)


@pytest.mark.parametrize("name", plugins.names("keras_vae.data.sets"))
def test_every_data_set_has_a_preset(name):
    assert plugins.find("keras_vae.data.sets", name, kind="data set").PRESET in PRESETS


def test_override_reaches_every_depth():
    config = Config(dataset="subspace", stages=(vae(),))
    changed = override(config, ["vae.epochs=7", "vae.gamma.mode=fixed", "seed=3", "data_options.rank=2"])
    assert changed.settings("vae").epochs == 7
    assert changed.settings("vae").gamma == {"mode": "fixed"}
    assert changed.seed == 3
    assert changed.data_options == {"rank": 2}
    assert config.settings("vae").epochs == 2, "a configuration is frozen"


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("vae.epoch=3", "unknown name 'epoch'; known: name, model.*; did you mean 'epochs'"),
        ("vea.epochs=3", "unknown name 'vea'; known: vae, dataset.*; did you mean 'vae'"),
        ("vae.network_options=7", "vae.network_options holds options by name"),
        ("vae.gamma=fixed", "vae.gamma holds options by name, as in --set vae.gamma.NAME"),
        ("data_options=7", "data_options holds options by name"),
        ("vae.epochs", "expected name=value"),
        ("vae=3", "vae is a stage"),
        ("vae.epochs=0", "vae.epochs is 0; expected a whole number of at least 1"),
        ("vae.epochs=-2", "vae.epochs is -2"),
        ("vae.epochs=1.5", "vae.epochs is 1.5"),
        ("vae.epochs=many", "vae.epochs is 'many'"),
        ("vae.learning_rate=0", "vae.learning_rate is 0; expected a number above 0"),
        ("vae.epsilon=0", "vae.epsilon is 0; expected a number above 0"),
        ("stages=[]", "unknown name 'stages'"),
        ("vae.epochs.more=3", "vae.epochs has no parts; write --set vae.epochs=VALUE"),
        ("vae.gamma.initial.x=3", None),
        ("seed.x=1", "seed has no parts"),
        ("vae..epochs=3", "expected names between the dots"),
        (".=3", "expected names between the dots"),
        ("vae.learning_rate=NaN", "expected a finite number"),
        ("vae.gamma.initial=Infinity", "expected a finite number"),
        ("vae.gamma.initial=1e999", "expected a finite number"),
        ("vae.latent_dim=" + "9" * 5000, "latent_dim is '999"),
        ("vae.latent_dim=100000000", "vae.latent_dim is 100000000; expected 1048576 at most"),
        ("vae.epochs=true", "vae.epochs is True"),
        ("vae.schedule=7", "vae.schedule is 7; expected a name"),
        ("vae.network=7", "vae.network is 7; expected a name, or null"),
        ("vae.jit_compile=maybe", "jit_compile is 'maybe'; expected true, false or null"),
        ("vae.model=[1]", "vae.model is [1]; expected a name"),
        ("seed=-1", "seed is -1; expected a whole number from 0 to 4294"),
        ("seed=4294967296", "seed is 4294967296"),
        ("dataset=7", "dataset is 7; expected a name"),
        ("strategy=null", "strategy is None; expected a name"),
        ("vae.name=", "a stage is named ''"),
        ("vae.name=a/b", "a stage is named 'a/b'"),
        ("vae.name=..", "a stage is named '..'"),
        ("vae.name=Tensorboard", "'Tensorboard', which has another meaning"),
        ("vae.name=evaluation", "another meaning"),
        ("vae.name=all", "another meaning"),
        ("vae.name=seed", "another meaning"),
    ],
)
def test_override_says_what_would_be_right(assignment, message):
    if message is None:  # options are looked at where the stage is built
        return build_fails(assignment)
    with pytest.raises(ValueError, match=re.sub(r"([(\[\]])", r"\\\1", message)):
        override(Config(dataset="subspace", stages=(vae(),)), [assignment])


def build_fails(assignment):
    with pytest.raises(ValueError, match="initial of gamma must be a finite number"):
        build_stage(override(Config(dataset="subspace", stages=(vae(),)), [assignment]), 0, (5,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "text is None; expected the JSON of a Config"),
        ("{", "expected the JSON of a Config, with its stages: Expecting property name"),
        ("3", "expected the JSON of a Config"),
        ('{"dataset": "faces", "stages": [3]}', "expected the JSON of a Config"),
        ('{"dataset": "faces", "stages": [{"nmae": "vae"}]}', "got an unexpected keyword argument 'nmae'"),
        ('{"stages": []}', "missing 1 required positional argument: 'dataset'"),
    ],
)
def test_json_of_something_else_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        from_json(text)


def test_differences_name_the_leaf():
    old = Config(dataset="subspace", stages=(vae(gamma={"mode": "fixed"}),))
    new = configs.replace(old, seed=1, stages=(vae(gamma={"mode": "learned"}),))
    assert configs.differences(old, new) == ["seed: 0 != 1", "stages.vae.gamma.mode: 'fixed' != 'learned'"]
    assert configs.differences(old, from_json(to_json(old))) == []


@pytest.mark.parametrize("wrong", [None, 3, "faces", {"stages": []}, vae()])
@pytest.mark.parametrize(
    "call",
    [
        configs.to_json,
        configs.portable,
        lambda config: configs.moved(config, data_dir="x"),
        lambda config: configs.with_stage(config, 0, vae()),
        lambda config: configs.override(config, []),
        lambda config: configs.differences(Config("subspace", (vae(),)), config),
    ],
)
def test_what_is_no_config_is_refused(call, wrong):
    with pytest.raises(ValueError, match="^config is .*; expected a Config, kv.presets"):
        call(wrong)


def test_what_is_no_config_is_not_changed():
    with pytest.raises(ValueError, match="^config is None; expected a Config"):
        configs.replace(None, seed=1)
    assert configs.replace(vae(), epochs=7).epochs == 7


def test_assignments_may_come_one_by_one():
    config = Config("subspace", (vae(),))
    assert configs.override(config, iter(["seed=7"])).seed == 7
    with pytest.raises(ValueError, match="assignments is 3; expected a list of texts"):
        configs.override(config, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network_options": {"wdith": 3}}, "network affine takes no option 'wdith'; it takes: none"),
        (
            {"model_options": {"betta": 3}},
            "model gaussian_vae takes no option 'betta'; it takes: affine_skip, beta, error_space",
        ),
        (
            {"gamma": {"flor": 3}},
            "gamma takes no option 'flor'; it takes: ceiling, floor, initial, mode, momentum, rate",
        ),
        ({"gamma": {"mode": "learnt"}}, "unknown gamma mode 'learnt'; known: learned, fixed, optimal"),
        ({"model_options": {"error_space": "codes"}}, "unknown error_space 'codes'; known: own, pixels"),
        ({"model_options": {"beta": "x"}}, "beta of model gaussian_vae must be a finite number, not 'x'"),
        ({"model_options": {"beta": 0}}, "beta must be a finite number above 0, not 0"),
        ({"model_options": {"affine_skip": "yes"}}, "affine_skip of model gaussian_vae must be true or false"),
        ({"model_options": {"error_space": 3}}, "error_space of model gaussian_vae must be a word"),
        ({"gamma": {"floor": "abc"}}, "floor of gamma must be a finite number, not 'abc'"),
        ({"gamma": {"initial": "x"}}, "initial of gamma must be a finite number, not 'x'"),
        ({"gamma": {"initial": float("inf")}}, "initial of gamma must be a finite number, not inf"),
        ({"gamma": {"initial": {"x": 3}}}, "initial of gamma must be a finite number"),
        ({"gamma": {"initial": 1e300}}, "as float32 holds them"),
        ({"gamma": {"ceiling": 0}}, "initial <= ceiling"),
        ({"gamma": {"momentum": 1.5}}, "momentum of gamma must be in"),
        ({"gamma": {"rate": True}}, "rate of gamma must be a finite number"),
        (
            {"network": "concat_mlp", "network_options": {"width": "abc"}},
            "width of network concat_mlp is .*whole",
        ),
        (
            {"network": "concat_mlp", "network_options": {"depth": 2.5}},
            "depth of network concat_mlp is .*whole",
        ),
        (
            {"network": "asperti_dense", "network_options": {"hidden": 7}},
            "hidden of network .* must be a list of whole",
        ),
        ({"network": "asperti_dense", "network_options": {"hidden": [7, -1]}}, "each of hidden .* whole number of at"),
        ({"network": "strided_conv", "network_options": {"width": -1}}, "width of network strided_conv must be"),
    ],
)
def test_unknown_options_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        build_stage(Config(dataset="subspace", stages=(vae(**changes),)), 0, (5,))


def test_unknown_names_list_the_known_ones():
    with pytest.raises(
        ValueError, match="unknown model 'vae'; known: autoencoder, bernoulli_vae, gaussian_vae, mixture, pen"
    ):
        find_model("vae")
    with pytest.raises(ValueError, match="unknown network 'dense'; known: affine, aggregate, asperti_conv"):
        find_network("dense")
    with pytest.raises(ValueError, match="unknown precision 'half'"):
        build_stage(Config(dataset="subspace", stages=(vae(),), precision="half"), 0, (5,))
