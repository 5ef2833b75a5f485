"""Bad input to public functions: a ValueError that names the argument, never a guess, silence or a library's words."""

import re

import numpy as np
import pytest

import keras_vae as kv
from keras_vae.models import GaussianVAE
from tests import tiny

metrics, diagnostics, affine_optimum = kv.metrics, kv.diagnostics, kv.theory.affine_optimum
IMAGES = np.random.default_rng(0).random((20, 16, 24, 3)).astype(np.float32)
CODES = np.random.default_rng(0).standard_normal((20, 6)).astype(np.float32)
NAN, INFINITE = float("nan"), float("inf")

BAD_IMAGES = {
    "0 to 255": (IMAGES * 255, "values in [0.00"),
    "below zero": (IMAGES - 1, "values in [-"),
    "NaN": (np.where(IMAGES > 0.99, NAN, IMAGES), "NaN or infinite"),
    "infinite": (np.where(IMAGES > 0.99, INFINITE, IMAGES), "NaN or infinite"),
    "one image": (IMAGES[0], "has shape (16, 24, 3)"),
    "rank 5": (IMAGES[None], "has shape (1, 20, 16, 24, 3)"),
    "none": (IMAGES[:0], "is empty"),
    "int32": ((IMAGES * 255).astype(np.int32), "has dtype int32"),
    "bool": (IMAGES > 0.5, "has dtype bool"),
    "objects": (IMAGES.astype(object), "has dtype object"),
    "complex": (IMAGES.astype(complex), "has dtype complex128"),
    "text": ("faces.png", "has shape ()"),
    "nothing": (None, "has shape ()"),
    "ragged": ([[1, 2], [3]], "is no array"),
}
OF_IMAGES = {
    "encode": lambda stack, bad: stack.encode(bad),
    "reconstruct": lambda stack, bad: stack.reconstruct(bad),
    "score": lambda stack, bad: stack.score(bad),
    "likelihood": lambda stack, bad: metrics.importance_weighted_nll(stack, bad, samples=1),
    "second stage": lambda stack, bad: metrics.second_stage_nll(stack, bad, samples=1),
    "outliers": lambda stack, bad: metrics.outlier_scores(stack, bad, samples=1),
    "gain": lambda stack, bad: diagnostics.reconstruction_gain(stack, bad),
    "gradients": lambda stack, bad: diagnostics.gradient_norm(stack, bad),
    "noise": lambda stack, bad: diagnostics.noise_probe(stack, bad, 0),
    "verdict": lambda stack, bad: diagnostics.verdict_inputs(stack, bad),
    "ndb": lambda stack, bad: metrics.ndb(bad, IMAGES, bins=2),
    "ndb of samples": lambda stack, bad: metrics.ndb(IMAGES, bad, bins=2),
    "error": lambda stack, bad: metrics.reconstruction_error(bad, IMAGES),
    "error of reconstructions": lambda stack, bad: metrics.reconstruction_error(IMAGES, bad),
    "swd": lambda stack, bad: metrics.swd(bad, IMAGES),
    "swd of samples": lambda stack, bad: metrics.swd(IMAGES, bad),
    "downsample": lambda stack, bad: metrics.downsample(bad),
    "fid": lambda stack, bad: metrics.fid(metrics.features.load("pixels"), bad, IMAGES),
}


@pytest.mark.parametrize("function", OF_IMAGES)
def test_images_that_are_none_are_refused_and_never_guessed(function, stack):
    for bad, message in BAD_IMAGES.values():
        with pytest.raises(ValueError, match=re.escape(message)):
            OF_IMAGES[function](stack, bad)


BAD_CODES = {
    "1e300": (np.full((2, 6), 1e300), "values up to 1e+300; expected none beyond"),
    "1e30": (np.full((2, 6), 1e30), "values up to 1e+30"),
    "whole and huge": (np.full((2, 6), 10**18), "values up to 1e+18"),
    "NaN": (CODES * NAN, "NaN or infinite"),
    "infinite": (CODES * INFINITE, "NaN or infinite"),
    "one code": (CODES[0], "has shape (6,)"),
    "none": (CODES[:0], "has shape (0, 6)|is empty"),
    "text": (np.full((2, 6), "a"), "has dtype <U1|shape (2, 6) and dtype <U1"),
    "complex": (CODES.astype(complex), "has dtype complex128|dtype complex128"),
    "nothing": (None, "has shape ()|has dtype object"),
    "ragged": ([[1] * 6, [2] * 5], "is no array"),
}
OF_CODES = {
    "decode": lambda stack, bad: stack.decode(bad),
    "mmd": lambda stack, bad: metrics.mmd(bad, CODES),
    "mmd, the other": lambda stack, bad: metrics.mmd(CODES, bad),
    "mmd to the prior": lambda stack, bad: metrics.mmd_to_prior(bad, np.ones(np.shape(bad))),
    "frechet": lambda stack, bad: metrics.frechet_distance(bad, CODES),
    "statistics": lambda stack, bad: metrics.GaussianStatistics().add(bad),
    "wasserstein": lambda stack, bad: metrics.sliced_wasserstein(bad, bad),
    "active units": lambda stack, bad: diagnostics.active_units(bad),
    "variance law": lambda stack, bad: diagnostics.variance_law(bad, np.ones(np.shape(bad))),
    "table": lambda stack, bad: diagnostics.latent_table(bad, np.ones(np.shape(bad))),
    "rank": lambda stack, bad: diagnostics.effective_rank(bad, np.ones(np.shape(bad))),
    "decoder gain": lambda stack, bad: diagnostics.decoder_gain(lambda z: z, bad, CODES),
}


@pytest.mark.parametrize("function", OF_CODES)
def test_codes_that_are_none_are_refused(function, stack):
    for name, (bad, message) in BAD_CODES.items():
        wanted = "|".join(re.escape(each) for each in message.split("|"))
        if function in ("variance law", "table", "rank", "mmd to the prior") and name == "ragged":
            continue  # the test itself has no shape to give
        with pytest.raises(ValueError, match=wanted):
            OF_CODES[function](stack, bad)


SEEDED = {
    "sample": lambda stack, run, seed: stack.sample(2, seed),
    "likelihood": lambda stack, run, seed: metrics.importance_weighted_nll(stack, IMAGES, 1, seed),
    "second stage": lambda stack, run, seed: metrics.second_stage_nll(stack, IMAGES, 1, seed),
    "ndb": lambda stack, run, seed: metrics.ndb(IMAGES, IMAGES, 2, seed),
    "swd": lambda stack, run, seed: metrics.swd(IMAGES, IMAGES, seed),
    "wasserstein": lambda stack, run, seed: metrics.sliced_wasserstein(CODES, CODES, seed),
    "mmd to the prior": lambda stack, run, seed: metrics.mmd_to_prior(CODES, CODES**2, seed),
    "fid": lambda stack, run, seed: metrics.fid(metrics.features.load("pixels"), IMAGES, IMAGES, seed=seed),
    "verdict": lambda stack, run, seed: diagnostics.verdict_inputs(stack, IMAGES, seed=seed),
    "error": lambda stack, run, seed: metrics.model_reconstruction_error(stack.encode, stack.decode, IMAGES, seed),
    "stack": lambda stack, run, seed: kv.Stack([tiny.vae()], seed=seed),
    "stage": lambda stack, run, seed: tiny.vae(seed=seed),
    "config": lambda stack, run, seed: kv.Config("faces", tiny.CONFIG.stages, seed=seed),
    "evaluate": lambda stack, run, seed: kv.evaluate(run, seed=seed),
}


@pytest.mark.parametrize("function", SEEDED)
@pytest.mark.parametrize("seed", [2**63, -(2**40), 1.5, NAN, "7", None, True])
def test_seeds_that_are_none_are_refused(function, seed, stack, run):
    with pytest.raises(ValueError, match="seed is .*expected a whole number from"):
        SEEDED[function](stack, run, seed)


GOOD = {"explained": 0.9, "active": 3, "latent_dim": 5}


@pytest.mark.parametrize(
    "numbers",
    [
        *({name: NAN} for name in ("explained", "active", "law_mean", "law_worst", "effective_rank", "mmd")),
        *({name: NAN} for name in ("gamma_excess", "attainable", "mmd_noise", "informative")),
        {"explained": 95},
        {"explained": "0.9"},
        {"explained": None},
        {"active": 6},
        {"active": -1},
        {"law_mean": -1.0},
        {"active": 2.5},
        {"effective_rank": 9.0},
        {"effective_rank": 4.0},
        {"informative": 9},
        {"informative": 4},
        {"informative": 2.5},
        {"mmd": INFINITE},
        {"mmd_noise": -1.0},
        {"mmd_noise": None},
        {"gamma_excess": INFINITE},
        {"held_out_losses": (1, NAN, 2.0)},
        {"held_out_losses": (1, None, 2.0)},
        {"held_out_losses": (1.5, 2.0, 2.0)},
        {"held_out_losses": (1, 2.0)},
        {"held_out_losses": 3},
    ],
    ids=str,
)
def test_a_verdict_refuses_what_is_no_number_in_range(numbers):
    assert diagnostics.verdict(**GOOD).word == "balanced"
    with pytest.raises(ValueError, match=f"{next(iter(numbers))} is .*expected"):
        diagnostics.verdict(**GOOD | numbers)


STACKED = ("likelihood", "second stage", "outliers", "gain", "noise", "verdict")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda stack: stack.sample(0), "count is 0"),
        (lambda stack: stack.sample(None), "count is None"),
        (lambda stack: stack.sample(INFINITE), "count is inf"),
        (lambda stack: stack.sample("3"), "count is '3'"),
        (lambda stack: stack.sample(2, first=-1), "first is -1"),
        (lambda stack: stack.sample(2, stage="vea"), "unknown stage 'vea'"),
        (lambda stack: stack.encode(IMAGES, stage=3), "unknown stage 3"),
        (lambda stack: kv.Stack(None), "stages is None; expected a list of stages"),
        (lambda stack: kv.Stack([tiny.networks()[0]]), "expected a list of stages"),
        (lambda stack: GaussianVAE("encoder", "decoder"), "encoder is a str without inputs and outputs"),
        (lambda stack: tiny.vae(gamma=3), "gamma is 3; expected a DecoderVariance"),
        (lambda stack: tiny.vae(beta=NAN), "beta must be a finite number above 0, not nan"),
        (lambda stack: metrics.mmd(CODES, CODES, kernel=["imq"]), "unknown kernel"),
        (lambda stack: metrics.auroc([NAN], [1.0]), "inlier_scores has NaN"),
        *(
            (lambda stack, rate=rate: metrics.false_alarm_threshold([1.0, 2.0], rate), "^rate (is|must be) .*number")
            for rate in ("x", None, [0.1], NAN, True, 0, 1, 5e-324, 1e-300)
        ),
        (lambda stack: metrics.rates_at([1.0], [2.0], "x"), "threshold is 'x'; expected a number"),
        (lambda stack: metrics.rates_at([1.0], [2.0], NAN), "threshold is nan; expected a number"),
        (lambda stack: kv.load("~nobody_here/y"), "there is no user 'nobody_here'; write ./~nobody_here/y"),
        (lambda stack: kv.diagnose(stack.encode, stack.decode, IMAGES[..., :0]), r"images has shape \(20, 16, 24, 0\)"),
        (lambda stack: diagnostics.verdict_inputs(stack, 0 * IMAGES), "the images are all the same"),
        (lambda stack: metrics.auroc({"a": 1}, [1.0]), "inlier_scores has dtype object"),
        (lambda stack: metrics.auroc(["a"], [1.0]), "inlier_scores has dtype <U1"),
        (lambda stack: metrics.bits_per_dim([NAN], (2, 2)), "nll has values that are NaN"),
        (lambda stack: metrics.bits_per_dim([1.0], (0, 2)), "each of shape is .*expected a whole number"),
        (lambda stack: metrics.bits_per_dim([1.0], ()), "shape is empty"),
        (lambda stack: metrics.bits_per_dim([1.0], "28"), "each of shape is .*expected a whole number"),
        (lambda stack: metrics.bits_per_dim([1.0], (2, 2), NAN), "levels must be a finite number"),
        (lambda stack: metrics.compare_histograms([-1, 3], [1, 2]), "whole numbers, not below zero"),
        (lambda stack: metrics.compare_histograms([0.5, 0.5], [1, 2]), "whole numbers"),
        (lambda stack: metrics.compare_histograms(["a", "b"], [1, 2]), "train_counts has dtype"),
        (lambda stack: metrics.fid(None, IMAGES, IMAGES), "extractor is None"),
        (lambda stack: metrics.fid_table(None, IMAGES, [IMAGES]), "fakes is a list; expected sets of images by name"),
        (lambda stack: metrics.importance_sampling(None, None, 1.0, IMAGES), "encode is None; expected a function"),
        (lambda stack: metrics.importance_sampling(len, len, NAN, IMAGES), "gamma must be a finite number above 0"),
        (lambda stack: metrics.model_reconstruction_error(3, len, IMAGES), "encode is 3; expected a function"),
        (lambda stack: metrics.nll_from_log_weights([]), r"log_weights has shape \(0,\)"),
        (lambda stack: diagnostics.active_units(CODES, NAN), "threshold must be a number of at least 0"),
        (lambda stack: diagnostics.gradient_norm(None, IMAGES), "model is a NoneType"),
        (lambda stack: diagnostics.gradient_norm(stack, IMAGES, 0), "batch_size is 0"),
        (lambda stack: diagnostics.noise_probe(stack, IMAGES, 1.5), "dimension is 1.5; expected a whole number"),
        (lambda stack: diagnostics.noise_probe(stack, IMAGES, 0, [NAN]), "each of deviations must be"),
        (lambda stack: affine_optimum(np.ones((2, 3)), 1.0, 1), r"covariance has shape \(2, 3\)"),
        (lambda stack: affine_optimum([[1.0, 5.0], [0.0, 1.0]], 1.0, 1), "not symmetric"),
        (lambda stack: affine_optimum(-np.eye(2), 1.0, 1), "some variance is below zero"),
        (lambda stack: affine_optimum(np.eye(2), -1.0, 1), "gamma must be a finite number above 0"),
        (lambda stack: affine_optimum(np.eye(2), 1.0, 1.5), "latent_dim is 1.5; expected a whole number"),
        *((lambda _, name=name: OF_IMAGES[name](3, IMAGES), "stack is 3; expected a Stack") for name in STACKED),
        (lambda stack: diagnostics.decoder_gain(len, CODES, 3.0), r"targets has shape \(\)"),
        (lambda stack: diagnostics.decoder_gain(lambda z: z[:, :3], CODES, CODES), r"decode gives \(20, 3\)"),
        (lambda stack: diagnostics.decoder_gain(lambda z: z, CODES, CODES, [6]), r"dimensions is \[6\]; expected some"),
        (lambda stack: diagnostics.decoder_gain(lambda z: z, CODES, CODES, 2), "dimensions is 2; expected some"),
        (lambda stack: diagnostics.noise_probe(stack, IMAGES, 0, None), "deviations has dtype object"),
        (lambda stack: diagnostics.verdict_inputs(stack, IMAGES, posterior=3), "posterior is 3; expected"),
        (lambda stack: diagnostics.verdict_inputs(stack, IMAGES, attainable=NAN), "attainable must be a finite"),
        (lambda stack: diagnostics.verdict_inputs(stack, IMAGES, reconstructions=CODES), "reconstructions has shape"),
        (lambda stack: metrics.frechet_from_statistics(None, None), "a is None; expected GaussianStatistics"),
        (lambda stack: metrics.nll_from_log_weights({"a": 1}), "log_weights has dtype object"),
        (lambda stack: metrics.outlier_scores(stack, IMAGES, score=[1.0]), "expected what stack.score gives"),
        (lambda stack: affine_optimum(np.eye(2), 2**2000, 1), r"gamma must be a finite number above 0, not \d+\.\.\.$"),
        (lambda stack: stack.sample(np.eye(200)), r"count is an array of shape \(200, 200\); expected"),
        (lambda stack: kv.load(None), "workdir is None; expected a path"),
        (lambda stack: kv.load(""), "workdir is ''; expected a path"),
        (lambda stack: kv.load("a\0b"), "expected a path"),
        (lambda stack: kv.load("/nowhere"), "/nowhere holds no run"),
        (lambda stack: kv.train(tiny.CONFIG, 3), "workdir is 3; expected a path"),
        (lambda stack: kv.train("mnist", "/nowhere"), "config is 'mnist'; expected a Config"),
        (lambda stack: kv.find_balance(None, "/nowhere"), "config is None; expected a Config"),
        (lambda stack: kv.find_balance(tiny.CONFIG, "/nowhere", (0, 2)), r"latent_dims is \(0, 2\)"),
        (lambda stack: kv.find_balance(tiny.CONFIG, "/nowhere", "24"), "latent_dims is '24'"),
        (lambda stack: kv.find_balance(tiny.CONFIG, "/nowhere", betas=(NAN,)), "betas is"),
        (lambda stack: kv.export("/nowhere", None), "export_dir is None; expected a path"),
        (lambda stack: kv.export("/nowhere", "/etc/passwd"), "is a file; --export_dir must name"),
        (lambda stack: kv.export("/nowhere", "/tmp", 1.5), "version is 1.5; expected a whole number"),
        (lambda stack: kv.data.load("folder", "train", data_dir=3), "data_dir is 3; expected a path"),
        (lambda stack: kv.data.load("folder", "train", data_dir=".", skip_bad_files="x"), "must be true or false"),
        (lambda stack: kv.data.load("faces", "train", cont=3), "did you mean 'count'"),
        (lambda stack: kv.data.load(3, "train"), "unknown data set 3"),
        (lambda stack: kv.config.from_json("[]"), "expected the JSON of a Config"),
        (lambda stack: kv.config.override(tiny.CONFIG, "vae.epochs=3"), "expected a list of texts"),
        (lambda stack: kv.Config("faces", None), "stages is None; expected a tuple"),
    ],
)
def test_other_arguments_are_named(call, message, stack):
    with pytest.raises(ValueError, match=message):
        call(stack)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parts": "latents"}, "parts is 'latents'; expected a list of names"),
        ({"parts": ["latnets"]}, "did you mean 'latents'"),
        ({"count": 0}, "count is 0"),
        ({"count": "all"}, "count is 'all'"),
        ({"features": "pixel"}, "did you mean 'pixels'"),
        ({"outliers": "mnis"}, "did you mean 'mnist'"),
        ({"conut": 3}, "unknown option 'conut' of an evaluation; .*did you mean 'count'"),
        ({"parts": []}, r"parts is \[\]; expected a list of names"),
        ({"screen": "photos"}, "--screen is for the part outliers, which --metrics=mismatch leaves out"),
        ({"features": "classifier"}, "--features is for the part frechet, which --metrics=mismatch leaves out"),
        ({"parts": ["outliers"]}, "the part outliers needs --screen=... or --outliers=..."),
        ({"parts": None, "outlier_dir": "photos"}, "--outlier_dir is of no use without --outliers=..."),
        ({"parts": None, "false_alarms": 0.1}, "--false_alarms is of no use without --screen=... or --outliers=..."),
        (
            {"parts": None, "outliers": "faces", "skip_bad_files": True},
            "--skip_bad_files is of no use without --screen",
        ),
        ({"parts": ["frechet"], "feature_path": "x.pb"}, "--feature_path is of no use without --features=..."),
        ({"parts": ["frechet"], "features": "pixels", "feature_path": "x.pb"}, "the features pixels have no such file"),
        ({"parts": ["frechet"], "features": "inception_2015"}, "--features=inception_2015 needs --feature_path=..."),
    ],
)
def test_what_an_evaluation_is_asked_for_is_checked_before_it_measures(options, message, run):
    with pytest.raises(ValueError, match=message):
        kv.evaluate(run, **{"parts": ["mismatch"], **options})
    assert not (run / "evaluation.json").exists()
