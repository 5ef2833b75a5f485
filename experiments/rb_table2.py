"""Table 2 of regularisation balance, Fig. 4a of infinite gradients: gamma learned, or fixed from the start."""

from experiments import rb_table1
from experiments.common.celeb_a import vae, vae_128
from experiments.common.findings import Claim, Findings
from experiments.common.measures import mismatch
from keras_vae.config import override

TITLE = "gamma learned, or fixed at gamma* from the start"
SOURCE = "Regularisation balance, section 6, Table 2; infinite gradients, section 4, Fig. 4a"
CLAIM = (
    "Fixing gamma at gamma*, the value that was learned, and training from scratch gives about the same "
    "reconstruction error, but a much larger MMD between q(z) and the prior: 0.29 and 0.32 of it when learned."
)
SCALED = (
    "CelebA: 8,000 images, narrow networks, 40 (quick) or 100 epochs, in batches of 32 so that Adam has steps enough "
    "to carry log gamma down from 0; at 128x128 the autoencoder has 40, and quick has none of it. MNIST is an addition."
)
WHY = (
    "MNIST is no claim of the paper. There 51 dimensions carry signal where gamma is fixed from the start and 27 where "
    "it is learned, hence the smaller error. Most of that is where gamma begins: repeated by hand (one seed), learned "
    "from 1 had 28 and an error of 3.52, fixed 42 and 2.58, learned from gamma* on 36 and 2.77. At 128x128 both had "
    "10,000 steps, at 64x64 25,000; whether more would lower the MMD was not tried."
)
MINUTES = {"quick": 23, "full": 125}
PAPER = {
    "CelebA 64, learned": {"squared error": 60.5, "MMD, paper's units": 20.24},
    "CelebA 64, fixed": {"squared error": 59.6, "MMD, paper's units": 69.59},
    "CelebA 128, learned": {"squared error": 352.8, "MMD, paper's units": 93.3},
    "CelebA 128, fixed": {"squared error": 349.9, "MMD, paper's units": 291.8},
}
# Learned / fixed: squared errors, MMDs. MNIST is held to the first of the paper's two.
RATIOS = {"MNIST": (1.015, 0.29), "CelebA 64": (1.015, 0.29), "CelebA 128": (1.008, 0.32)}
KAPPA = 200
CLOSE = 0.1  # "nearly identical" squared errors


def configs(lab):
    """{data set: Config with gamma learned}."""
    found = {"MNIST": rb_table1.config(lab, KAPPA), "CelebA 64": vae(lab)}
    return found if lab.quick else found | {"CelebA 128": vae_128(lab)}


def pairs(lab):
    """{data set: {"learned": Trained, "fixed": Trained}}; Fig. 1 of regularisation balance looks at the same two."""
    found = {}
    for name, config in configs(lab).items():
        learned = lab.train(config)
        gamma = float(learned.stack.stage().gamma.value)
        fixed = override(config, [f'vae.gamma={{"mode": "fixed", "initial": {gamma:.6g}}}'])
        found[name] = {"learned": learned, "fixed": lab.train(fixed)}
    return found


def measure(lab):
    values = {}
    for name, pair in pairs(lab).items():
        for mode, trained in pair.items():
            gamma = float(trained.stack.stage().gamma.value)
            values[f"{name}, {mode}"] = {**mismatch(trained, count=10_000), "gamma": gamma}
    note = (
        "The paper does not state the normalisation of its MMD: only the ratio compares. Here it is 1,000 times the "
        "unbiased MMD^2 with inverse multiquadratics at seven scales, of test images."
    )
    return Findings(values, notes=[note])


def claims(values):
    found = []
    for name in measured(values):
        learned, fixed = values[f"{name}, learned"], values[f"{name}, fixed"]
        errors = learned["squared error"] / fixed["squared error"]
        mmd = learned["1000 MMD"] / fixed["1000 MMD"]
        statement = f"{name}: squared errors are about equal (within 10%), learned / fixed"
        found.append(Claim(statement, abs(errors - 1.0) < CLOSE, errors, RATIOS[name][0]))
        statement = f"{name}: the MMD is much smaller when learned (at most half), learned / fixed"
        found.append(Claim(statement, 0 <= mmd < 0.5, mmd, RATIOS[name][1]))
        if name == "MNIST":
            used = [learned["informative"], fixed["informative"]]
            found.append(Claim(f"{name}: fixed gamma leaves more dimensions in use", used[1] > used[0], used))
        else:  # kappa is the dimension of the codes: q(z) can be confined with all of them in use
            filled = [learned["directions"], fixed["directions"]]
            found.append(Claim(f"{name}: fixed gamma confines q(z) to fewer directions", filled[1] < filled[0], filled))
    return found


def measured(values):
    """The data sets that were trained."""
    return [name for name in RATIOS if f"{name}, learned" in values]
