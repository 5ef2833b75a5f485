"""Adopted models: diagnosis of two functions, what is refused of their answers, and second stages on their codes."""

import json

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae.adopted import SecondStage
from keras_vae.diagnostics import latent_table, reconstruction_gain, verdict, verdict_inputs
from keras_vae.maths.arrays import unit
from keras_vae.models import GaussianVAE, GivenCodes, Stack
from tests import tiny


@pytest.fixture(scope="module")
def stack():
    """An untrained stack; what it answers is as good as any."""
    return Stack([tiny.vae()])


def test_two_functions_are_judged_as_the_stack_they_come_from(stack):
    images = tiny.images(40)
    found = kv.diagnose(stack.encode, stack.decode, images, batch_size=7)
    expected = verdict_inputs(stack, images)
    expected.pop("gamma_excess", None)  # of a stack alone: two functions have no gamma
    assert found.numbers.keys() == expected.keys()
    for name, value in expected.items():
        assert found.numbers[name] == pytest.approx(value, rel=1e-4, abs=1e-6), name
    assert found.verdict == verdict(**found.numbers) and str(found) == str(found.verdict)
    np.testing.assert_allclose(found.latents.kl, latent_table(*stack.encode(images)).kl, rtol=1e-4)
    np.testing.assert_allclose(found.reconstruction_gain, reconstruction_gain(stack, images), rtol=1e-3, atol=1e-5)


def test_maps_are_codes_and_floats_are_images(stack):
    """(h, w, c) row by row; the functions see maps, and images in [0, 1] whatever the caller has."""
    images, seen = tiny.images(40), []

    def encode(x):
        seen.append((x.dtype, x.max() <= 1.0))
        return [each.reshape(-1, 1, 3, 1) for each in stack.encode(x)]

    def decode(z):
        assert z.shape[1:] == (1, 3, 1) and z.dtype == np.float32
        return stack.decode(z.reshape(-1, 3))

    flat = kv.diagnose(stack.encode, stack.decode, images)
    for each in (images, unit(images)):
        maps = kv.diagnose(encode, decode, each)
        assert maps.numbers == pytest.approx(flat.numbers, rel=1e-4, abs=1e-6)
        assert maps.results["protocol"]["codes"] == "1x3x1"
    assert set(seen) == {(np.dtype("float32"), True)}


def test_codes_alone_are_an_autoencoder(stack):
    found = kv.diagnose(lambda x: stack.encode(x)[0], stack.decode, tiny.images(20))
    assert not found.numbers["stochastic"] and not found.numbers["has_prior"] and "mmd" not in found.numbers
    found = kv.diagnose(lambda x: stack.encode(x)[0], stack.decode, tiny.images(20), has_prior=True)
    assert "mmd" in found.numbers and "law_mean" not in found.numbers


SHAPE = tiny.SHAPE
CODES, IMAGES = np.zeros((20, 3), np.float32), np.full((20, *SHAPE), 0.5, np.float32)
HELD_OUT = np.linspace(0, 1, IMAGES.size, dtype=np.float32).reshape(IMAGES.shape)
BAD_CODES = [
    (np.where(np.arange(60).reshape(20, 3) == 21, np.nan, CODES), "codes with 1 values that are NaN.* in number 7"),
    (CODES[:3], r"codes of shape \(3, 3\) for 20 images; expected \(20, k\)"),
    (CODES[:, 0], r"codes of shape \(20,\) for 20 images"),
    ((CODES, CODES - 2.0), r"stddev down to -2; .*Of a log variance: np.exp\(log_variance / 2\)"),
    ((CODES, CODES[:, :2]), r"stddev of shape \(20, 2\); expected that of mean, \(20, 3\)"),
    ((CODES, CODES, CODES), "3 arrays; expected .* mean, log variance and a draw"),
    ({"mean": CODES}, "a dict of mean; expected"),
    ("codes", "codes as str, which is no array of numbers"),
    (CODES + 1e30, "codes up to 1e.30; expected at most"),
]
BAD_IMAGES = [
    (IMAGES[:5], "5, 4, 6, 1.*expected 20 of them"),
    (np.moveaxis(IMAGES, -1, 1), r"Channels come last: np.moveaxis\(images, 1, -1\)"),
    (IMAGES.reshape(20, -1), r"reshape\(-1, 4, 6, 1\)"),
    (IMAGES[:, :3], r"\(20, 3, 6, 1\); expected \(20, 4, 6, 1\)$"),
    (IMAGES * 4 - 3, r"values in \[-1, -1\]; expected \[0, 1\], or uint8: \(images \+ 1\) / 2 of a tanh"),
    (IMAGES * 300, "values in .150, 150.; .*images / 255"),
    (IMAGES * 3, r"np.clip\(images, 0, 1\) where nothing bounds them"),
    (IMAGES * np.inf, "images with 480 values that are NaN or infinite"),
    (None, "no array of numbers|NaN"),
]


@pytest.mark.parametrize(("answer", "message"), BAD_CODES)
def test_wrong_codes_are_refused_in_one_line(answer, message):
    with pytest.raises(ValueError, match=f"^encode returned .*{message}") as refused:
        kv.diagnose(lambda x: answer, lambda z: IMAGES[: len(z)], HELD_OUT)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("answer", "message"), BAD_IMAGES)
def test_wrong_images_are_refused_in_one_line(answer, message):
    for decode, sample, said in (
        (lambda z: answer, None, "decode"),
        (lambda z: IMAGES[: len(z)], lambda count, seed: answer, "sample"),
    ):
        with pytest.raises(ValueError, match=f"^{said} returned .*({message})") as refused:
            kv.diagnose(lambda x: (CODES[: len(x)], CODES[: len(x)] + 1), decode, HELD_OUT, sample)
        assert "\n" not in str(refused.value)


def test_training_that_ends_in_no_number_is_told():
    """A log variance that nothing bounds overflows; Keras' own fit went on to the end without a word."""
    encoder, decoder = tiny.halves()
    encoder.layers[-1].bias.assign([0.0, 0.0, 0.0, 1e3, 1e3, 1e3])
    vae = kv.GaussianVAE(encoder, decoder, spread="log_variance", name="vae")
    vae.compile("adam")
    with pytest.warns(UserWarning, match="^vae: .* stopped being finite at step 1: the weights are no numbers"):
        vae.fit(tiny.images(32), batch_size=16, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    assert vae.optimizer.iterations == 1


def test_wrong_arguments_are_refused(stack):
    both = (stack.encode, stack.decode)
    for images, message in ((tiny.images(20) * 1.0, "values in"), (tiny.images(3), "expected at least 16")):
        with pytest.raises(ValueError, match=f"^images has .*{message}"):
            kv.diagnose(*both, images)
    for encode, options, message in (
        (None, {}, "^encode is None; expected a function of images"),
        (stack.encode, {"decode": None}, "^decode is None; expected a function of codes"),
        (stack.encode, {"sample": 3}, "^sample is 3; expected a function"),
        (stack.encode, {"score": 3}, "^score is 3; expected a function"),
        (stack.encode, {"seed": -1}, "^seed is -1; expected a whole number"),
        (stack.encode, {"name": 3}, "^name is 3; expected a text"),
        (stack.encode, {"has_prior": "yes"}, "^has_prior is 'yes'; expected True, False or None"),
        (stack.encode, {"score": len}, "^score is of no use without outliers"),
        (lambda x: x[..., 0, 0] + 1j, {}, "^encode returned codes as ndarray, .*expected real ones"),
    ):
        with pytest.raises(ValueError, match=message):
            kv.diagnose(encode, **{"decode": stack.decode, "images": tiny.images(20), **options})
    for options, message in (
        ({"seed": 1.5}, "^seed is 1.5"),
        ({"workdir": 3}, "^workdir is 3; expected a path"),
        ({"model": "autoencoder"}, "^unknown model of a second stage 'autoencoder'; known: gaussian_vae, mixture"),
    ):
        with pytest.raises(ValueError, match=message):
            kv.second_stage(stack.encode, tiny.images(40), epochs=1, **options)
    with pytest.raises(ValueError, match=r"^outliers has shape \(9, 4, 4, 1\); expected \(n, 4, 6, 1\)"):
        kv.diagnose(*both, tiny.images(20), outliers=np.zeros((9, 4, 4, 1), np.uint8))
    for score, message in (
        (lambda x: {"elbo": np.zeros(len(x))}, "falls with strangeness"),
        (lambda x: {}, "an empty dictionary"),
        (lambda x: None, "score as NoneType, which is no array of numbers"),
        (lambda x: np.zeros((len(x), 2)), r"'score' of shape \(20, 2\); expected \(20,\)"),
    ):
        with pytest.raises(ValueError, match=f"^score returned {message}|^score returned 'elbo', which {message}"):
            kv.diagnose(*both, tiny.images(20), score=score, outliers=tiny.images(20))


def test_strange_images_are_told_apart(stack):
    images = np.full((30, *SHAPE), 200, np.uint8)
    images[::2] += 10
    strange = images // 10
    found = kv.diagnose(stack.encode, stack.decode, images, outliers=strange, score=lambda x: -x.mean(axis=(1, 2, 3)))
    assert found.auroc == {"score": 1.0} and "AUROC of score: 1.000" in str(found)
    own = kv.diagnose(stack.encode, stack.decode, images, outliers=strange).auroc
    assert own.keys() == {"squared error", "KL", "negative ELBO"}

    def error(x):
        return np.square(unit(x) - stack.reconstruct(x)).sum(axis=(1, 2, 3))

    for name, score in (("squared error", error), ("KL", lambda x: stack.score(x)["kl"])):
        assert own[name] == pytest.approx(kv.metrics.auroc(score(images), score(strange))), name


def test_the_page_is_that_of_a_run(stack, tmp_path):
    found = kv.diagnose(
        stack.encode, stack.decode, tiny.images(40), lambda count, seed: stack.sample(count, seed), name="<theirs>"
    )
    page = found.write(tmp_path / "page").read_text(encoding="utf-8")
    for words in (
        "&lt;theirs&gt;",
        found.verdict.word,
        "Variance law",
        "Mismatch to the prior",
        "of the function sample",
        "draws of N(0, I)",
    ):
        assert words in page, words
    assert "http" not in page and page.count("data:image/png;base64,") == 5 and "Configuration" not in page
    assert json.loads((tmp_path / "page" / "results.json").read_text()) == json.loads(json.dumps(found.results))
    assert found.write(tmp_path / "page").exists(), "its own page is written again"
    assert "srcdoc=" in found._repr_html_()
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="not empty and holds no diagnosis"):
        found.write(tmp_path)
    with pytest.raises(ValueError, match="is a file"):
        found.write(tmp_path / "mine.txt")


# Second stages.

CENTRES = np.array([[2.0, 0.0], [-2.0, 0.0]])


def two_humps(count, seed=0):
    """Images (n, 1, 2, 1), the codes of a model whose q(z) is far from N(0, I), and both ways between them."""
    random = np.random.default_rng(seed)
    codes = CENTRES[random.integers(0, 2, count)] + 0.3 * random.standard_normal((count, 2))
    return (codes / 20 + 0.5).clip(0, 1).reshape(-1, 1, 2, 1).astype(np.float32)


def encode(images):
    mean = (images.reshape(-1, 2) - 0.5) * 20
    return mean, np.full_like(mean, 0.1)


def test_a_second_stage_samples_what_the_prior_cannot():
    """The MMD of its codes to those of other images is small beside that of N(0, I)."""
    second = kv.second_stage(encode, two_humps(600), "mixture")
    codes, others = second.sample(500, seed=1), encode(two_humps(500, seed=1))[0]
    np.testing.assert_allclose(second.sample(3, seed=1), codes[:3], rtol=tiny.ROUNDING)
    prior = np.random.default_rng(0).standard_normal((500, 2))
    assert kv.metrics.mmd(codes, others) < 0.2 * kv.metrics.mmd(prior, others)


def test_a_second_vae_is_trained_on_draws_of_their_posteriors():
    """By the steps that trained any second stage: what changes is the top stage alone, and its best epoch is kept."""
    second = kv.second_stage(encode, two_humps(130), epochs=1, jit_compile=False, network_options={"width": 8})
    assert second.stack.stages == ["codes", "second"] and second.stack.codec.is_second("second")
    images = two_humps(30, seed=1)
    mean, stddev = second.stack.encode(np.stack(encode(images), axis=-1), stage="codes")
    scale = np.sqrt(encode(two_humps(130))[0].var(axis=0) + 0.01)
    np.testing.assert_allclose(stddev, 0.1 / np.repeat(scale[None], 30, axis=0), rtol=1e-4)
    assert second.sample(4, seed=1).shape == (4, 2) and np.isfinite(second.sample(4)).all()


def test_a_second_stage_is_a_run(tmp_path):
    """Kept and loaded; codes are maps where the model's are; the codes of an autoencoder have no noise."""

    def maps(images):
        return encode(images)[0].reshape(-1, 1, 1, 2)

    images, workdir = two_humps(200), tmp_path / "second"
    second = kv.second_stage(maps, images, "mixture", workdir)
    codes = second.sample(5)
    assert codes.shape == (5, 1, 1, 2) and not second.stack.stage("codes").stochastic
    np.testing.assert_array_equal(SecondStage(kv.load(workdir)).sample(5), codes)
    np.testing.assert_array_equal(kv.second_stage(maps, images, "mixture", workdir).sample(5), codes)  # done before
    with pytest.raises(ValueError, match="holds another configuration"):
        kv.second_stage(maps, images, "mixture", workdir, epochs=3)
    for settings, message in (
        ({"epoch": 3}, "takes no epoch; beside its own arguments: name, model"),
        ({"model": "gausian"}, "unknown model of a second stage 'gausian'"),
        ({"network_options": {"widht": 3}}, "takes no option 'widht'"),
    ):
        with pytest.raises(ValueError, match=message):
            kv.second_stage(maps, images, workdir=tmp_path / "none", **settings)
    assert not (tmp_path / "none").exists(), "refused before anything is written"


def test_given_codes_are_whitened_and_come_back(tmp_path):
    random = np.random.default_rng(0)
    mean, stddev = 5.0 + 3.0 * random.standard_normal((400, 4)), random.random((400, 4))
    stage, x = GivenCodes((2, 2, 1)), np.stack([mean, stddev], axis=-1).astype(np.float32)
    stage.observe(mean, stddev)
    stage.save(tmp_path / "codes.keras")
    for each in (stage, keras.saving.load_model(tmp_path / "codes.keras")):
        z, spread = (part.numpy() for part in each.encode(x))
        np.testing.assert_allclose(kv.diagnostics.variance_law(z, spread), 1.0, rtol=1e-4)
        np.testing.assert_allclose(each.decode(z)[..., 0], mean, rtol=1e-4)
        assert each.code_shape == (2, 2, 1) and each.latent_dim == 4


# Stock Keras networks as a GaussianVAE.


def test_stock_networks_are_a_vae_of_ours(tmp_path):
    encoder, decoder = tiny.halves()
    x = unit(tiny.images(40))
    out = np.asarray(encoder(x))
    vae = kv.GaussianVAE(encoder, decoder, spread="log_variance", name="vae")
    mean, stddev = vae.encode(x)
    np.testing.assert_allclose(mean, out[:, :3], rtol=1e-6)
    np.testing.assert_allclose(stddev, np.exp(out[:, 3:] / 2), rtol=1e-5)
    vae.compile("adam")
    vae.fit(x, batch_size=20, epochs=2, verbose=0)
    assert not np.allclose(encoder(x), out), "their layers are trained, not a copy"
    vae.save(tmp_path / "vae.keras")
    again = Stack([keras.saving.load_model(tmp_path / "vae.keras")])
    np.testing.assert_allclose(again.encode(x), Stack([vae]).encode(x), rtol=1e-5)
    hidden = keras.layers.Flatten()(encoder.inputs[0])
    two = keras.Model(encoder.inputs[0], [keras.layers.Dense(3)(hidden), keras.layers.Dense(3, "softplus")(hidden)])
    assert kv.GaussianVAE(two, decoder).encoder is two


@pytest.mark.parametrize("names", [("mean", "log_variance"), ("z_mean", "z_log_var"), ("mu", "logvar")])
def test_outputs_in_a_dictionary_are_taken_by_their_names(names):
    """Keras sorts them by the alphabet, which has the log variance first."""
    x = keras.Input((3,))
    mean, log_variance = keras.layers.Dense(2, bias_initializer="ones")(x), keras.layers.Dense(2)(x)
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    encoder = keras.Model(x, dict(zip(names, (mean, log_variance))))
    vae = kv.GaussianVAE(encoder, decoder, spread="log_variance")
    found, expected = vae.encode(np.zeros((1, 3), np.float32)), (1.0, 1.0)
    np.testing.assert_allclose([np.mean(each) for each in found], expected)
    with pytest.raises(ValueError, match="outputs called .* expected one of mean.* for spread=stddev, one of stddev"):
        kv.GaussianVAE(encoder, decoder)
    with pytest.raises(ValueError, match="outputs called first, second"):
        kv.GaussianVAE(keras.Model(x, {"first": mean, "second": log_variance}), decoder, spread="log_variance")


def test_stock_networks_that_are_no_vae_are_refused():
    encoder, decoder = tiny.halves()
    hidden = encoder.layers[0](encoder.inputs[0])
    linear = keras.Model(encoder.inputs[0], [keras.layers.Dense(3)(hidden), keras.layers.Dense(3)(hidden)])

    class Subclassed(keras.Model):
        pass

    for sides, options, message in (
        ((encoder, decoder), {}, "one output of 2 x 3 units; say what the second half is"),
        ((linear, decoder), {}, "without activation: it may be negative"),
        ((encoder, decoder), {"spread": "stddev"}, "without activation: it may be negative"),
        ((encoder, decoder), {"spread": "variance"}, "spread is 'variance'; expected one of stddev, log_variance"),
        ((tiny.halves(5)[0], decoder), {}, r"gives \(None, 5\); expected two outputs \(None, 3\)"),
        ((decoder, decoder), {}, r"takes \(3,\) and the decoder gives \(4, 6, 1\)"),
        ((Subclassed(), decoder), {}, "the encoder is a Subclassed without inputs and outputs"),
        ((encoder, encoder), {}, r"the decoder takes \(None, 4, 6, 1\); expected one input"),
    ):
        with pytest.raises(ValueError, match=message):
            GaussianVAE(*sides, **options)
