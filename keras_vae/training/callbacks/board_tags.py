"""TensorBoard's tags: the group of every logged number, what it means, and the charts that they are shown in."""

from tensorboard.plugins.custom_scalar import layout_pb2

# Name in the history -> tag and description. Names that are not here are terms of a loss.
SCALARS = {
    "explained": (
        "balance/explained",
        "Share of the variance of held-out data that reconstructions explain. Balanced: at least 0.8 of what the stage "
        "below reaches. Less is over-regularised.",
    ),
    "active": (
        "balance/active",
        "Active dimensions: their posterior mean varies over the data by more than 0.01. Some of latent_dim should be "
        "left over.",
    ),
    "effective_rank": (
        "balance/effective_rank",
        "Directions that q(z) fills. Below half of the active dimensions, these repeat each other: under-regularised.",
    ),
    "law_mean": (
        "balance/law_mean",
        "Variance law, var(mean) + mean(variance), over the active dimensions, in the mean. It is 1 where the KL term "
        "works; off by more than 0.15 is under-regularised.",
    ),
    "law_worst": ("balance/law_worst", "Variance law of the active dimension that is furthest from 1."),
    "mmd": (
        "balance/mmd",
        "MMD of q(z) to the prior. Near 0 samples of the prior are like codes of data; above 0.05: under-regularised.",
    ),
    "gamma": (
        "balance/gamma",
        "Decoder variance; learned, it follows the squared error per dimension down.",
    ),
    "gamma_excess": (
        "balance/gamma_excess",
        "gamma over the squared error per dimension in training; 1 once learned (infinite gradients, eq. 6). Above 1, "
        "gamma is still on its way down.",
    ),
    "loss": ("loss/loss", "Training loss, nats per example: negative where densities are above 1."),
    "val_loss": ("loss/held_out", "Held-out loss of a second stage; the weights of its least value are kept."),
    "reconstruction": ("loss/reconstruction", "-E_q[log p(x|z)] in training, nats per example."),
    "kl": ("loss/kl", "KL(q(z|x) || p(z)) in training, nats per example."),
    "squared_error": ("loss/squared_error", "Squared error in training, per example, in the space of the loss."),
    "rmse": ("loss/rmse", "Root of the squared error per dimension in training."),
    "gradient_norm": ("loss/gradient_norm", "Norm of the gradient of the active stage."),
    "val_squared_error": (
        "quality/squared_error",
        "Squared error of held-out reconstructions, per example, in pixels.",
    ),
    "val_kl": ("quality/kl", "KL of the codes of held-out data, nats per example."),
    "examples_per_second": ("speed/examples_per_second", "Training examples a second; the first epoch compiles."),
    "epoch_seconds": ("speed/epoch_seconds", "Seconds of an epoch, its probe of held-out data included."),
}
PICTURES = {
    "samples": "Decoded draws of this stage's prior, the same draws each time.",
    "reconstructions": "Held-out images above their reconstructions by this stage.",
}
HISTOGRAMS = {
    "mean": "Posterior means of held-out data, all dimensions together; N(0, 1) with the deviations, where balanced.",
    "deviation": "Posterior deviations: near 1 in dimensions that are switched off, small in those that carry much.",
    "variance_of_each_mean": "Variance of the mean, one value a dimension: those near 0 are inactive.",
}
CHARTS = {
    "Is it balanced?": {
        "1. Reconstruction: variance explained, near 1": ("explained",),
        "2. Dimensions: active, and directions they fill": ("active", "effective_rank"),
        "3. KL term at work: variance law, 1": ("law_mean", "law_worst"),
        "4. Samples: MMD of codes to the prior, near 0": ("mmd",),
        "5. gamma over the error that it follows, near 1": ("gamma_excess",),
        "6. Held out: squared error per image": ("val_squared_error",),
    },
    "Loss": {
        "Loss, nats": ("loss", "val_loss"),
        "Reconstruction, nats": ("reconstruction",),
        "KL, nats: training and held out": ("kl", "val_kl"),
        "Squared error in training": ("squared_error",),
        "Gradient norm": ("gradient_norm",),
    },
    "Speed": {"Examples a second": ("examples_per_second",), "Seconds of an epoch": ("epoch_seconds",)},
}


def tag(name):
    """Return the tag of a number of the history, and its description."""
    return SCALARS.get(name, (f"loss/{name}", ""))


def layout():
    """Return the charts as TensorBoard's Layout: its first category answers whether a stage is balanced."""
    return layout_pb2.Layout(
        category=[
            layout_pb2.Category(
                title=title,
                closed=title == "Speed",
                chart=[
                    # Of a chart the tags are regular expressions.
                    layout_pb2.Chart(
                        title=chart,
                        multiline=layout_pb2.MultilineChartContent(tag=[f"^{tag(name)[0]}$" for name in names]),
                    )
                    for chart, names in charts.items()
                ],
            )
            for title, charts in CHARTS.items()
        ]
    )
