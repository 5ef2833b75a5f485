"""Fig. 7 of variable collapse: noise makes an active variable collapse, and silence revives it."""

import keras
import numpy as np
import tensorflow as tf

from experiments import vc_table1
from experiments.common.findings import Claim, Findings, chart, panel
from keras_vae.data.pipeline import Epochs
from keras_vae.data.subset import subset
from keras_vae.diagnostics import active_units, noise_probe, reconstruction_gain
from keras_vae.models import GaussianVAE, Stack

TITLE = "A variable under growing noise"
SOURCE = "Variable collapse, section 5, Fig. 7"
CLAIM = (
    "Gaussian noise on one active variable, a little more each epoch, lowers its reconstruction gain below its KL; "
    "then it collapses suddenly, its sigma^2 going to 1; when the noise stops it revives."
)
SCALED = (
    "the VAE of Table 1 here; the paper prints neither the noise nor the variable: noise grows by a factor each epoch."
)
MINUTES = {"quick": 2, "full": 4}
PAPER = {}
FACTOR, FIRST = 1.4, 0.2  # of the noise's deviation
GROWING, HELD = 20, 5  # epochs at most with growing noise; with what made the gain fall below the KL
MEASURED = 1000  # test images
DEAD, ALIVE = 0.9, 0.5  # sigma^2 above the one is collapsed, below the other alive


NOTE = (
    "The gain is that of noisy codes, in nats: gamma = 1/2. The variable is the active one of the smallest gain. "
    "Where the noise was held for 12 epochs instead of 5, it had not revived 52 epochs later."
)


class Disturbed(GaussianVAE):
    """A GaussianVAE whose decoder is trained with noise on dimensions of z and never sees those not `kept`."""

    def __init__(self, *args, kept, **kwargs):
        super().__init__(*args, **kwargs)
        self.kept = tf.constant(kept, tf.float32)
        self.deviations = tf.Variable(tf.zeros_like(self.kept), trainable=False)

    def decode(self, z, training=False):
        if training:
            z += self.deviations * self.noise.normal(z, self.in_xla)
        return super().decode(z * self.kept, training)


def measure(lab):
    trained = lab.train(vc_table1.config(lab))
    settings = {"epochs": GROWING + HELD + lab.pick(25, 75), "factor": FACTOR, "seed": 0, "images": MEASURED}
    seen = lab.compute(
        "noise", {**settings, "of": trained.workdir.name}, lambda: _disturb(lab, trained, settings["epochs"])
    )
    epochs = range(len(seen["noise"]))
    lines = {"reconstruction gain": (epochs, seen["gain"]), "KL": (epochs, seen["kl"])}
    below = {"mean sigma^2": (epochs, seen["sigma2"]), "deviation of the noise": (epochs, seen["noise"])}
    marks = [seen["crossed"], seen["silence"]] if seen["crossed"] is not None else []
    drawn = chart(
        "variable",
        "Fig. 7: one variable; noise grows until its gain is below its KL, is held, and stops.",
        *(panel(each, "epoch", label, marks=marks) for each, label in ((lines, "nats"), (below, ""))),
    )
    values = {"start": _at(seen, 0)}
    if seen["crossed"] is not None:
        values |= {"gain below KL": _at(seen, seen["crossed"]), "before silence": _at(seen, seen["silence"])}
    values["end"] = _at(seen, -1)
    collapse = [epoch for epoch in epochs if seen["sigma2"][epoch] > DEAD]
    values["epochs"] = {"gain below KL": seen["crossed"], "collapsed": collapse[0] if collapse else None}
    return Findings(values, charts=[drawn], notes=[NOTE])


def _disturb(lab, trained, epochs):
    """Per epoch: deviation of the noise, gain, KL and mean sigma^2 of the weakest active variable."""
    images, test = lab.data("mnist", "train"), subset(lab.data("mnist", "test"), MEASURED, seed=0)
    old = trained.stack.stage()
    on = active_units(trained.stack.encode(test)[0])
    gains = np.where(on, reconstruction_gain(trained.stack, test), np.inf)
    dimension = int(np.argmin(gains))
    vae = Disturbed(old.encoder, old.decoder, gamma=old.gamma, kept=on, seed=1, name="vae")
    vae.compile(keras.optimizers.Adam(trained.config.stages[0].learning_rate), jit_compile=True, steps_per_execution=39)
    stack, batches = Stack([vae], seed=1), Epochs([images], 128, seed=1)
    vae.trainable = True
    seen = {"noise": [], "gain": [], "kl": [], "sigma2": [], "crossed": None, "silence": None, "dimension": dimension}
    deviation = 0.0
    for epoch in range(epochs):
        probe = noise_probe(stack, test, dimension, deviations=(deviation,))
        mean, stddev = (part[:, dimension] for part in stack.encode(test))
        seen["noise"].append(deviation)
        seen["gain"].append(float(probe.gain_in_nats[0]))
        seen["kl"].append(float(np.mean(0.5 * (mean**2 + stddev**2 - 2 * np.log(stddev) - 1))))
        seen["sigma2"].append(float(np.mean(np.square(stddev))))
        if seen["crossed"] is None and seen["gain"][-1] < seen["kl"][-1]:
            seen["crossed"], seen["silence"] = epoch, epoch + HELD
        elif seen["crossed"] is None:
            deviation = max(FIRST, FACTOR * deviation)
        deviation = 0.0 if epoch == seen["silence"] else deviation
        vae.deviations.assign(deviation * tf.one_hot(dimension, vae.latent_dim))
        batches.begin(epoch)
        vae.fit(batches.dataset(), epochs=1, verbose=0, shuffle=False)
    return seen


def _at(seen, epoch):
    names = {"noise": "noise", "gain": "gain", "KL": "kl", "sigma^2": "sigma2"}
    return {name: seen[key][epoch] for name, key in names.items()}


def claims(values):
    start, end, crossed = values["start"], values["end"], values.get("gain below KL")
    collapsed, silent = values["epochs"]["collapsed"], values.get("before silence", start)
    after = collapsed - values["epochs"]["gain below KL"] if collapsed is not None and crossed else None
    return [
        Claim("at the start the gain exceeds the KL", start["gain"] > start["KL"], [start["gain"], start["KL"]]),
        Claim(
            "under noise the gain falls below the KL", crossed is not None, crossed and [crossed["gain"], crossed["KL"]]
        ),
        Claim("then the variable collapses: sigma^2 above 0.9", silent["sigma^2"] > DEAD, silent["sigma^2"], 1.0),
        Claim("suddenly: within 3 epochs of that", after is not None and after <= 3, after),
        Claim(
            "and its KL and gain vanish (below a tenth)",
            silent["KL"] < 0.1 * start["KL"],
            [silent["gain"], silent["KL"]],
        ),
        Claim("without noise it revives: sigma^2 below 0.5", end["sigma^2"] < ALIVE, end["sigma^2"]),
    ]
