"""Table 1 of regularisation balance: MNIST as kappa grows."""

from experiments.common.findings import Claim, Findings, chart, panel
from experiments.common.measures import balance

TITLE = "MNIST as kappa grows"
SOURCE = "Regularisation balance, section 6, Table 1"
CLAIM = (
    "As kappa grows, the reconstruction error falls and then flattens, the likelihood improves up to kappa = 784, and "
    "the number of active dimensions saturates around 20."
)
SCALED = (
    "the paper's network; at most 1/50 of its 9.84 million steps, at batch 128 instead of 20 with a cosine schedule. "
    "It does not name the activation of the output: none here, which gives its errors, and in rows of their own a "
    "sigmoid."
)
WHY = (
    "With a linear output, the active dimensions beyond the paper's carry more noise than signal: of three seeds at "
    "kappa = 200 one ends with 65 active, and all three with 18 that carry more signal than noise. The paper's own way "
    "of training ends most of the weak ones: in batches of 20, under its schedule, 19 are active at kappa = 200 after "
    "all of its steps, where it has 20, and after a 40th of them 26 at 400 and 29 at 784, though 63 at 100, of which "
    "23 carry more signal than noise (rb_table1_schedule). Gamma counts as well: begun at the value that the paper's "
    "error implies, 37 are active at 784, all informative, at a better NLL (rb_table1_gamma). With a sigmoid neither "
    "was tried. Errors are smaller than the paper's at every kappa, and after its own 9.84 million steps too; they go "
    "on falling from 200 to 784, with 18, 24 and 27 informative dimensions, where the paper's do not. The NLL gains "
    "less than the paper's because it begins better: -649 at kappa = 50, where the paper has -315."
)
MINUTES = {"quick": 20, "full": 115}
SEEDS = (1, 2)  # more of these, of the kappas that the paper's count of active dimensions decides by little
NEAR = 0.3
SEEDED = (50, 100, 200)
ROWS = {
    50: (4.98, -315, 10),
    100: (3.42, -580, 15),
    200: (2.74, -718, 20),
    400: (2.57, -743, 22),
    784: (2.78, -806, 22),
}
STEPS = 9_840_000
OUTPUTS = {"linear": "", "sigmoid": "sigmoid, "}  # and how their rows are called
PAPER = {
    f"{prefix}kappa = {kappa}": {"norm": norm, "NLL": nll, "active": active, "steps": STEPS}
    for prefix in OUTPUTS.values()
    for kappa, (norm, nll, active) in ROWS.items()
}


def config(lab, kappa, *more):
    """The VAE of a row with a sigmoid; other experiments use some of these too."""
    return lab.preset("mnist_vae", f"vae.latent_dim={kappa}", f"vae.epochs={lab.pick(30, 80)}", *more)


def linear(lab, kappa, *more):
    """The VAE of a row without: it takes twice as many steps to settle."""
    return config(lab, kappa, "vae.network_options.activation=linear", f"vae.epochs={lab.pick(60, 160)}", *more)


def measure(lab):
    values, curves = {}, {output: {} for output in OUTPUTS}
    for output, make in {"linear": linear, "sigmoid": config}.items():
        for kappa in ROWS:
            trained = lab.train(make(lab, kappa))
            steps = lab.used[trained.workdir.name]["steps"]
            values[f"{OUTPUTS[output]}kappa = {kappa}"] = {**balance(trained), "steps": steps}
            active = trained.history("vae", "active")
            curves[output][f"kappa = {kappa}"] = (range(1, len(active) + 1), active)
    for kappa in lab.pick((), SEEDED):
        for seed in SEEDS:
            values[f"kappa = {kappa}, seed {seed}"] = balance(lab.train(linear(lab, kappa, f"seed={seed}")))
    rows = []
    for quantity, beside in {"norm": "norm", "NLL": "NLL", "active": "active", "informative": "active"}.items():
        lines = {output: (list(ROWS), _column(values, output, quantity)) for output in OUTPUTS}
        lines["paper"] = (list(ROWS), _column(PAPER, "linear", beside))
        rows.append(panel(lines, "kappa", quantity, log="x"))
    during = [panel(lines, "epoch", "active", title=f"{output} output") for output, lines in curves.items()]
    return Findings(
        values,
        charts=[
            chart("rows", "Table 1 as curves.", *rows),
            chart("active", "Active dimensions of 256 test images during training.", *during),
        ],
        notes=[
            "Rec. Err. of Table 1 is taken for the norm; the paper does not say. Neither reading fits the NLL beside "
            "it: with the norm, four of its five NLLs are below d/2 (log(2 pi e error / d)), the least that the error "
            "allows; with the squared error all five are 290 to 560 nats above it. Of how many draws its NLL is it "
            "does not say either; here of 50.",
            "'active' is the definition of Burda et al., var(mu) > 0.01; 'informative' counts var(mu) > mean(sigma^2).",
            "Weak dimensions come and go in groups during training, around the threshold of 0.01: see the curves.",
            "With a sigmoid both errors are smaller still, and gamma about half as large; then dimensions that carry "
            "little are worth their KL. In a run of kappa = 200, replacing those that are active but not informative "
            "by draws from the prior cost 6 nats of the bound.",
        ],
    )


def _column(values, output, quantity):
    """The quantity of the rows of an output, in the order of kappa."""
    return [values[f"{OUTPUTS[output]}kappa = {kappa}"][quantity] for kappa in ROWS]


def claims(values):
    norm, nll, active = (_column(values, "linear", name) for name in ("norm", "NLL", "active"))
    norms, nlls, counts = map(list, zip(*ROWS.values()))
    falls, flat = norm[0] > norm[1] > norm[2], abs(norm[4] - norm[2]) < 0.25 * (norm[0] - norm[2])
    gained = nll[0] - nll[4], nlls[0] - nlls[4]
    gains = gained[0] >= 0.5 * gained[1]
    found = [
        Claim("the norm falls from kappa = 50 to 200", falls, norm[:3], norms[:3]),
        Claim("and flattens: from 200 to 784 it changes by less than a quarter of that", flat, norm[2:], norms[2:]),
        Claim("the NLL improves with every kappa", nll == sorted(nll, reverse=True), nll, nlls),
        Claim("from kappa = 50 to 784 the NLL gains at least half of what the paper's gains", gains, *gained),
        Claim("linear output: active dimensions saturate near 20", saturated(active), active, counts),
    ]
    for output in OUTPUTS:
        pairs = zip(_column(values, output, "norm"), norms, _column(values, output, "NLL"), nlls)
        better = [n <= paper_n and m <= paper_m for n, paper_n, m, paper_m in pairs]
        statement = f"{output} output: norm and NLL match or beat the paper's at every kappa; at how many"
        found.append(Claim(statement, all(better), sum(better), len(ROWS)))
        informative = _column(values, output, "informative")
        statement = f"{output} output: dimensions with more signal than noise saturate near 20"
        found.append(Claim(statement, saturated(informative), informative, counts))
    active = _column(values, "sigmoid", "active")
    found.append(Claim("sigmoid output: active dimensions saturate near 20", saturated(active), active, counts))
    for kappa in SEEDED:
        rows = [cells for name, cells in values.items() if name.startswith(f"kappa = {kappa}, seed")]
        if rows:
            counts, paper = [cells["active"] for cells in (values[f"kappa = {kappa}"], *rows)], ROWS[kappa][2]
            near = all(abs(count - paper) <= NEAR * paper for count in counts)
            statement = f"kappa = {kappa}: with three seeds the active dimensions are the paper's (within 30%)"
            found.append(Claim(statement, near, counts, paper))
    return found


def saturated(counts):
    """Near 20 at the two largest kappas, and no longer growing there."""
    return all(15 <= count <= 30 for count in counts[-2:]) and counts[-1] <= 1.25 * counts[-2]
