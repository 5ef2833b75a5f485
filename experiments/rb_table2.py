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
    "to carry log gamma down from 0; at 128x128 the autoencoder has 40, and quick has none of it. MNIST is an "
    "addition, with three seeds in full."
)
WHY = (
    "At 128x128 it is the speed at which gamma falls: with log gamma at 0.3 of the learning rate the MMD is a third of "
    "that of a fixed gamma, as in the paper, at the same error. At the full rate gamma is within twice its last value "
    "after ten epochs of a hundred, the MMD has doubled meanwhile, and it falls slowly then, as that of a fixed gamma "
    "does, so that the two draw near each other. Steps are not what was missing: with 10,000 the ratio was 0.73, with "
    "25,000 it is 0.82. "
    "MNIST is no claim of the paper. There the MMD is about half, with three seeds; a gamma fixed from the start "
    "leaves more dimensions in use, hence the smaller error. Most of that is where gamma begins: learned from gamma* "
    "on, by hand and with one seed, 36 were informative at an error of 2.77."
)
MINUTES = {"quick": 23, "full": 150}
PAPER = {
    "CelebA 64, learned": {"squared error": 60.5, "MMD, paper's units": 20.24},
    "CelebA 64, fixed": {"squared error": 59.6, "MMD, paper's units": 69.59},
    "CelebA 128, learned": {"squared error": 352.8, "MMD, paper's units": 93.3},
    "CelebA 128, fixed": {"squared error": 349.9, "MMD, paper's units": 291.8},
}
# Learned / fixed: squared errors, MMDs. MNIST is held to the first of the paper's two.
RATIOS = {"MNIST": (1.015, 0.29), "CelebA 64": (1.015, 0.29), "CelebA 128": (1.008, 0.32)}
KAPPA = 200
SLOWLY = 0.3  # of the learning rate, for log gamma: at 128x128
SEEDS = (1, 2)  # more of these of MNIST, where a ratio is near what decides it
CLOSE = 0.1  # "nearly identical" squared errors


def configs(lab):
    """{data set: Config with gamma learned}."""
    found = {"MNIST": rb_table1.config(lab, KAPPA), "CelebA 64": vae(lab)}
    return found if lab.quick else found | {"CelebA 128": vae_128(lab)}


def pair(lab, config):
    """{"learned": Trained, "fixed": Trained}: of `config`, which learns gamma, and at the gamma that this found."""
    learned = lab.train(config)
    gamma = float(learned.stack.stage().gamma.value)
    fixed = override(config, [f'vae.gamma={{"mode": "fixed", "initial": {gamma:.6g}}}'])
    return {"learned": learned, "fixed": lab.train(fixed)}


def pairs(lab):
    """{data set: pair}; Fig. 1 of regularisation balance looks at the same."""
    return {name: pair(lab, config) for name, config in configs(lab).items()}


def measure(lab):
    found, values = pairs(lab), {}
    for seed in lab.pick((), SEEDS):
        found[f"MNIST, seed {seed}"] = pair(lab, rb_table1.config(lab, KAPPA, f"seed={seed}"))
    if "CelebA 128" in found:
        slowly = override(vae_128(lab), [f"vae.gamma.rate={SLOWLY}"])
        found["CelebA 128"] = found["CelebA 128"] | {"learned slowly": lab.train(slowly)}
    for name, both in found.items():
        for mode, trained in both.items():
            gamma = float(trained.stack.stage().gamma.value)
            values[f"{name}, {mode}"] = {**mismatch(trained, count=10_000), "gamma": gamma}
    normalisation = (
        "The paper does not state the normalisation of its MMD: only the ratio compares. Here it is 1,000 times the "
        "unbiased MMD^2 with inverse multiquadratics at seven scales, of test images."
    )
    spread = (
        "Where gamma is fixed the MMD at 64x64 is that of one training: before version 0.2.0, at 0.006192, it was "
        "86.8 and the ratio 0.45."
    )
    return Findings(values, notes=[normalisation] if lab.quick else [normalisation, spread])


def claims(values):
    found = []
    for name in measured(values):
        learned, fixed = ([values[row] for row in _rows(values, name, mode)] for mode in ("learned", "fixed"))
        errors = _ratios(learned, fixed, "squared error")
        mmd = _ratios(learned, fixed, "1000 MMD")
        statement = f"{name}: squared errors are about equal (within 10%), learned / fixed"
        near = all(abs(error - 1.0) < CLOSE for error in errors)
        found.append(Claim(statement, near, _one_or_all(errors), RATIOS[name][0]))
        statement = f"{name}: the MMD is much smaller when learned (at most half), learned / fixed"
        found.append(Claim(statement, all(0 <= each < 0.5 for each in mmd), _one_or_all(mmd), RATIOS[name][1]))
        if (slowly := f"{name}, learned slowly") in values:
            (mmd,) = _ratios([values[slowly]], fixed, "1000 MMD")
            statement = f"{name}: the same, log gamma at {SLOWLY} of the learning rate, learned / fixed"
            found.append(Claim(statement, 0 <= mmd < 0.5, mmd, RATIOS[name][1]))
        if name == "MNIST":
            used = [(one["informative"], other["informative"]) for one, other in zip(learned, fixed)]
            statement, holds = "leaves more dimensions in use", all(one < other for one, other in used)
        else:  # kappa is the dimension of the codes: q(z) can be confined with all of them in use
            used = [(one["directions"], other["directions"]) for one, other in zip(learned, fixed)]
            statement, holds = "confines q(z) to fewer directions", all(one > other for one, other in used)
        found.append(Claim(f"{name}: fixed gamma {statement}", holds, [count for both in used for count in both]))
    return found


def measured(values):
    """The data sets that were trained."""
    return [name for name in RATIOS if f"{name}, learned" in values]


def _rows(values, name, mode):
    """The rows of a data set, one a seed."""
    return [row for row in values if row.startswith(f"{name}, ") and row.endswith(f", {mode}")]


def _ratios(learned, fixed, quantity):
    return [one[quantity] / other[quantity] for one, other in zip(learned, fixed, strict=True)]


def _one_or_all(values):
    return values if len(values) > 1 else values[0]
