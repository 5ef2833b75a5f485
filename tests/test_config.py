import pytest

from keras_vae import config as configs
from keras_vae import plugins
from keras_vae.config import Config, StageConfig, from_json, override, to_json
from keras_vae.training.building import build_stage, find_model, find_network

PRESETS = plugins.names("keras_vae.presets")


def vae(**changes):
    fields = {"latent_dim": 3, "epochs": 2, "batch_size": 8, "learning_rate": 1e-3, **changes}
    return StageConfig(name="vae", model="gaussian_vae", network="affine", **fields)


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
    ],
)
def test_override_says_what_would_be_right(assignment, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        override(Config(dataset="subspace", stages=(vae(),)), [assignment])


def test_differences_name_the_leaf():
    old = Config(dataset="subspace", stages=(vae(gamma={"mode": "fixed"}),))
    new = configs.replace(old, seed=1, stages=(vae(gamma={"mode": "learned"}),))
    assert configs.differences(old, new) == ["seed: 0 != 1", "stages.vae.gamma.mode: 'fixed' != 'learned'"]
    assert configs.differences(old, from_json(to_json(old))) == []


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
