"""MMD: distance of the aggregate posterior from the prior that samples are drawn from."""

from keras_vae.metrics import mmd_to_prior


def results(evaluation):
    """The MMD of every stage that has a prior; the floor is what two samples of the prior show."""
    stack, seed = evaluation.stack, evaluation.seed
    rows, zero = [], None
    for name in evaluation.priors:
        mean, stddev = stack.encode(evaluation.test, stage=name)
        zero = mmd_to_prior(0 * mean, 0 * stddev + 1, seed)
        rows.append([f"stage {name}", mmd_to_prior(mean, stddev, seed), zero])
    if not rows:
        return {}
    note = f"Unbiased MMD^2, inverse multiquadratics at 7 scales, {len(evaluation.test):,} codes against as many draws."
    columns = ["", "MMD(q(z), N(0, I))", "floor: prior against prior"]
    return {"tables": [{"title": "Mismatch to the prior", "columns": columns, "rows": rows, "note": note}]}
