"""Adopted models: diagnosis of two functions, what is refused of their answers, and stock networks as a VAE of ours."""

import json

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae.diagnostics import latent_table, reconstruction_gain, verdict, verdict_inputs
from keras_vae.maths.arrays import unit
from keras_vae.models import GaussianVAE, Stack
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
